//! Names of columns as words, to tell whether two columns are called alike.

use std::collections::BTreeSet;

/// Words that name no thing: what is called by them alone is named after its table.
const GENERIC: &[&str] = &[
    "id", "code", "key", "no", "nr", "num", "number", "name", "title", "value", "type", "index", "row", "fid", "gid", "objectid",
    "rowid",
];

/// Words of the parts of a date that are counted.
const CALENDAR: &[&str] = &["year", "quarter", "month", "week", "day", "hour", "minute", "年", "月", "日", "时", "時"];

/// Words of columns that hold codes.
const CODES: &[&str] = &["id", "code", "key", "no", "nr", "fips", "zip", "postcode", "icao", "iata", "uid", "ident"];

/// The words of a name in lower case: cut at what is no letter or digit, and where lower case turns into upper; plural `s` left out.
fn words(name: &str) -> BTreeSet<String> {
    let (mut words, mut word, mut was_lower) = (BTreeSet::new(), String::new(), false);
    let mut put = |word: &mut String| {
        let mut whole = std::mem::take(word);
        let is_plural = whole.len() > 3 && whole.ends_with('s') && !whole.ends_with("ss") && !whole.ends_with("us");
        if is_plural {
            whole.pop();
        }
        if !whole.is_empty() {
            words.insert(whole);
        }
    };
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_lower && c.is_uppercase()) {
            put(&mut word);
        }
        was_lower = c.is_lowercase();
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    put(&mut word);
    words
}

/// A name as columns are looked up by that are called the same: its letters and digits in lower case. `None` for one that only says what
/// every table has.
pub fn key(name: &str) -> Option<String> {
    let telling = words(name).iter().any(|word| !GENERIC.contains(&word.as_str()));
    telling.then(|| same(name))
}

fn same(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether two names are the same but for case and marks.
pub(super) fn are_same(a: &str, b: &str) -> bool {
    same(a) == same(b)
}

/// Whether two columns are called alike: a telling word is in both names, that of its table standing in for a name that tells nothing.
pub(super) fn are_alike((table, name): (&str, &str), (other_table, other): (&str, &str)) -> bool {
    let telling = |table: &str, name: &str| {
        let of = |text: &str| words(text).into_iter().filter(|w| !GENERIC.contains(&w.as_str())).collect::<BTreeSet<_>>();
        Some(of(name)).filter(|found| !found.is_empty()).unwrap_or_else(|| of(table))
    };
    let (ours, theirs) = (telling(table, name), telling(other_table, other));
    ours.intersection(&theirs).next().is_some() || (same(name) == same(other) && key(name).is_some())
}

/// Whether a name says that its values are codes.
pub fn is_code(name: &str) -> bool {
    words(name).iter().any(|word| CODES.contains(&word.as_str())) || CODES.iter().any(|code| same(name).ends_with(code))
}

/// Whether a name is a part of a date.
pub(super) fn is_calendar(name: &str) -> bool {
    CALENDAR.contains(&same(name).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_by_the_words_that_tell() {
        for (a, b, want) in [
            (("routes", "airline_id"), ("airlines", "id"), true),
            (("t", "LocationID"), ("u", "locationid"), true),
            (("t", "iso_country"), ("u", "Country"), true),
            (("t", "airport_ident"), ("airports", "ident"), true),
            (("trips", "id"), ("stops", "id"), false),
            (("t", "省份"), ("u", "省份"), true),
            (("t", "deaths"), ("u", "id"), false),
        ] {
            assert_eq!(are_alike(a, b), want, "{a:?} {b:?}");
        }
        assert_eq!((key("Stop_ID").as_deref(), key("ID"), key("Nr.")), (Some("stopid"), None, None));
        assert_eq!((is_code("provinceCode"), is_code("deaths"), is_calendar("Month")), (true, false, true));
    }
}
