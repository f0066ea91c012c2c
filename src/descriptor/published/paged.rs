//! The addresses of lists that come in pages.

use url::Url;

/// The same list from `count` records further on, by the number that stands under `key` in its address. `None` at the end: where there was
/// no record, or as many as there are in `total` have come; and for what was not fetched.
pub(super) fn further(location: &str, key: &str, count: usize, total: Option<u64>) -> Option<String> {
    let mut url = web(location)?;
    let count = u64::try_from(count).ok().filter(|count| *count > 0)?;
    let start = url.query_pairs().find_map(|(name, value)| if name == key { value.parse::<u64>().ok() } else { None });
    let start = start.unwrap_or_default().checked_add(count)?;
    if total.is_some_and(|total| start >= total) {
        return None;
    }
    let others: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(name, _)| name != key).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(key, &start.to_string());
    Some(url.into())
}

/// The address of another part of the interface, `ending` in place of the path from `part` on. `None` when there is no such part.
pub(super) fn beside(location: &str, part: &str, ending: &str) -> Option<String> {
    let url = web(location)?;
    let (root, _) = url.as_str().split_once(part)?;
    Some(format!("{root}{ending}"))
}

fn web(location: &str) -> Option<Url> {
    Url::parse(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_until_its_end() {
        let at = |location, total| further(location, "start", 10, total);
        assert_eq!(at("https://x.org/api?rows=10", Some(25)).as_deref(), Some("https://x.org/api?rows=10&start=10"));
        assert_eq!(at("https://x.org/api?start=10&q=a%26b", Some(25)).as_deref(), Some("https://x.org/api?q=a%26b&start=20"));
        assert_eq!(at("https://x.org/api?start=20", Some(25)), None);
        assert_eq!(at("https://x.org/api?start=18446744073709551615", None), None);
        assert_eq!(at("/srv/list.json", Some(25)), None);
        assert_eq!(further("https://x.org/api", "start", 0, None), None);
    }
}
