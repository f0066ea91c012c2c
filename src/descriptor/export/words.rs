//! What the standards say alike: which texts are dates, URLs and IRIs, and what stands where a text is demanded and none was published.

use oxrdf::NamedNode;
use url::Url;

use super::About;
use crate::descriptor::terms;
use crate::descriptor::{Agent, Compression, Dataset, Distribution, License, Period};
use crate::name::Identifier;

/// The title, or what stands for it.
pub(super) fn title(dataset: &Dataset) -> &str {
    let told = [dataset.title.as_deref(), Some(dataset.name.as_str())];
    told.into_iter().flatten().find(|text| !text.trim().is_empty()).unwrap_or(&dataset.identifier)
}

/// The description; the title where none was published.
pub(super) fn description(dataset: &Dataset) -> &str {
    dataset.description.as_deref().filter(|text| !text.trim().is_empty()).unwrap_or_else(|| title(dataset))
}

/// The publisher; the catalog's where none is told.
pub(super) fn publisher<'a>(dataset: &'a Dataset, about: &'a About) -> &'a Agent {
    dataset.publisher.as_ref().unwrap_or(&about.publisher)
}

/// Whom to ask: the dataset's contact, the catalog's, or the publisher.
pub(super) fn contact<'a>(dataset: &'a Dataset, about: &'a About) -> &'a Agent {
    dataset.contact.as_ref().or(about.contact.as_ref()).unwrap_or_else(|| publisher(dataset, about))
}

/// A name as portals have it in their addresses: lower-case ASCII, digits, `-` and `_`, of 2 to 100 bytes.
pub(super) fn slug(name: &str) -> String {
    let name: String = Identifier::from_title(name).as_str().chars().map(|c| if c.is_ascii() { c } else { '-' }).collect();
    let name = name.trim_matches(['-', '_']);
    if name.len() < 2 { format!("dataset-{name}").trim_end_matches('-').to_owned() } else { name.to_owned() }
}

/// The text as an IRI, where it is one.
pub(super) fn iri(text: &str) -> Option<&str> {
    let text = text.trim();
    Some(text).filter(|text| text.contains(':') && NamedNode::new(*text).is_ok())
}

/// A place as a URI (RFC 3986): a URL, or a local path as a `file:` one. `None` for a text that names no place.
pub(super) fn uri(text: &str) -> Option<String> {
    let text = text.trim();
    if text.starts_with('/') {
        return Url::from_file_path(text).ok().map(String::from);
    }
    let is_legal =
        |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`' | '[' | ']');
    let url = Url::parse(text).ok().filter(|_| text.contains(':'))?;
    let percents = text.as_bytes().windows(3).filter(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit());
    let is_escaped = percents.count() == text.matches('%').count();
    let is_uri = text.chars().all(is_legal) && is_escaped && text.matches('#').count() < 2;
    let text = if is_uri { text.to_owned() } else { String::from(url) };
    Some(text).filter(|text| text.chars().all(is_legal) && text.matches('#').count() < 2)
}

/// The same as an IRI of RDF.
pub(super) fn place(text: &str) -> Option<String> {
    uri(text).filter(|uri| iri(uri).is_some())
}

/// What a text is of XML Schema's dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Date {
    Year,
    Month,
    Day,
    Moment,
}

/// Which date a text is, to the letter: `2026`, `2026-01`, `2026-01-31`, or with a time behind it.
pub(super) fn date(text: &str) -> Option<Date> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let number = |text: &str, length: usize| -> Option<u32> {
        Some(text).filter(|text| text.len() == length && text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    };
    let mut parts = day.split('-');
    let year = number(parts.next()?, 4).filter(|year| *year > 0)?;
    let kind = match (parts.next(), parts.next(), parts.next()) {
        (None, _, _) => Date::Year,
        (Some(month), None, _) => number(month, 2).filter(|month| (1..=12).contains(month)).map(|_| Date::Month)?,
        (Some(month), Some(day), None) => {
            let month = number(month, 2)?;
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
                4 | 6 | 9 | 11 => 30,
                2 if is_leap => 29,
                2 => 28,
                _ => return None,
            };
            number(day, 2).filter(|day| (1..=last).contains(day)).map(|_| Date::Day)?
        }
        (Some(_), Some(_), Some(_)) => return None,
    };
    let Some(time) = time else { return Some(kind) };
    let clock = time.strip_suffix('Z').map(|clock| (clock, None));
    let (clock, zone) = clock.unwrap_or_else(|| match time.rfind(['+', '-']) {
        Some(at) => (&time[..at], Some(&time[at + 1..])),
        None => (time, None),
    });
    let within = |text: &str, most: u32| number(text, 2).filter(|n| *n <= most).is_some();
    let is_zone = zone.is_none_or(|zone| zone.split_once(':').is_some_and(|(h, m)| within(h, 13) && within(m, 59)));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    let hands: Vec<&str> = clock.split(':').collect();
    let is_clock = matches!(hands.as_slice(), [h, m, s] if within(h, 23) && within(m, 59) && within(s, 59));
    Some(Date::Moment).filter(|_| kind == Date::Day && is_zone && is_fraction && is_clock)
}

/// Both ends with a slash between them (ISO 8601), `..` for one that is open.
pub(super) fn interval(period: &Period) -> String {
    let end = |text: &Option<String>| text.clone().unwrap_or_else(|| "..".to_owned());
    format!("{}/{}", end(&period.start), end(&period.end))
}

/// A licence's page: its own, or SPDX's of the licence that it is.
pub(super) fn licence(licence: &License) -> Option<String> {
    let own = licence.path.as_deref().and_then(uri).or_else(|| licence.name.as_deref().and_then(uri));
    own.or_else(|| terms::licence(licence).map(|id| format!("https://spdx.org/licenses/{id}")))
}

/// The media type of a distribution: as published where it is one, else of its format.
pub(super) fn media_type(distribution: &Distribution) -> Option<&str> {
    let is_type = |text: &&str| {
        let is_name = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'))
        };
        text.split_once('/').is_some_and(|(kind, rest)| is_name(kind) && is_name(rest) && !kind.contains(['.', '+']))
    };
    let published = distribution.media_type.as_deref().map(str::trim).filter(is_type);
    let told = || {
        let words = [distribution.media_type.as_deref(), distribution.declared_format.as_deref()];
        words.into_iter().flatten().find_map(terms::media_type)
    };
    let packed = || {
        distribution.compression.and_then(|compression| match compression {
            Compression::Zip => Some("application/zip"),
            Compression::Gzip => Some("application/gzip"),
            Compression::Zstd => Some("application/zstd"),
            Compression::Bzip2 | Compression::Xz | Compression::Tar => None,
        })
    };
    published.or_else(told).or_else(packed).or_else(|| distribution.format.and_then(|format| terms::media_type(format.name())))
}

/// What a distribution's format is called.
pub(super) fn format(distribution: &Distribution) -> Option<String> {
    let declared = distribution.declared_format.clone().filter(|word| !word.trim().is_empty());
    declared.or_else(|| distribution.format.map(|format| format.name().to_ascii_uppercase()))
}

/// What a distribution is called.
pub(super) fn name_of(distribution: &Distribution) -> Option<&str> {
    let told = [distribution.title.as_deref(), Some(distribution.name.as_str())];
    told.into_iter().flatten().find(|text| !text.trim().is_empty())
}

/// Where a distribution is had: the page or service that leads to it, else its file.
pub(super) fn access(distribution: &Distribution) -> Option<String> {
    distribution.access_url.as_deref().and_then(uri).or_else(|| distribution.paths.first().and_then(|path| uri(path)))
}

/// A mail's address as a URI.
pub(super) fn mailto(email: &str) -> Option<String> {
    let email = email.trim();
    let (user, host) = email.split_once('@')?;
    let is_host = host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let is_user = !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || "_~!$&'*+=.-".contains(c));
    (is_host && is_user && !host.ends_with('.')).then(|| format!("mailto:{email}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_words() {
        for (text, want) in [
            ("2026", Some(Date::Year)),
            ("2026-02", Some(Date::Month)),
            ("2024-02-29", Some(Date::Day)),
            ("2026-02-29", None),
            ("2026-02-28T23:59:59Z", Some(Date::Moment)),
            ("2026-02-28T23:59:59.123+08:00", Some(Date::Moment)),
            ("2026-02-28T23:59", None),
            ("2026-02T23:59:59", None),
            ("2026-13-01", None),
            ("28.02.2026", None),
            ("2026年", None),
            ("", None),
        ] {
            assert_eq!(date(text), want, "{text}");
        }
    }

    #[test]
    fn places_are_uris_or_none() {
        for (text, want) in [
            ("https://x.org/a b", Some("https://x.org/a%20b")),
            ("https://x.org/a%zz", Some("https://x.org/a%zz")),
            ("https://x.org/数", Some("https://x.org/%E6%95%B0")),
            ("https://x.org", Some("https://x.org")),
            ("/srv/a b.csv", Some("file:///srv/a%20b.csv")),
            ("www.x.org", None),
            ("", None),
        ] {
            assert_eq!(uri(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn slugs_are_plain() {
        for (text, want) in [("Air Quality", "air_quality"), ("空气", "dataset"), ("a", "dataset-a"), ("Nr. 空 7", "nr_-_7")] {
            assert_eq!(slug(text), want);
        }
    }
}
