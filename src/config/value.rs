//! One text, one value: sizes and durations as PostgreSQL writes them, addresses, mirrors, counts. Which option they belong to
//! is known to the caller.

use std::net::SocketAddr;
use std::time::Duration;

use crate::error::{Error, Kind, Result};

/// What [`size`] takes.
pub(super) const SIZES: &str = "a size such as 512MB or 2GiB (B, kB, MB, GB, TB; 1 kB is 1024 bytes)";
/// What [`size_or_none`] takes.
pub(super) const SIZES_OR_NONE: &str = "0, or a size such as 64MiB or 1GiB (B, kB, MB, GB, TB; 1 kB is 1024 bytes)";
/// What [`duration`] takes.
pub(super) const DURATIONS: &str =
    "0, or a duration such as 500ms, 30s, 5min, 1h or 1d, up to 24d; a bare number is milliseconds";
/// What [`age`] takes.
pub(super) const AGES: &str = "0, or a duration such as 30min, 12h, 90d or 12w; a bare number is milliseconds";
/// What [`mirror`] takes.
pub(super) const MIRRORS: &str = "PREFIX=URL, where URL starts with a scheme, / or ., such as https://data.example.org/=./copy/";

/// The value of `text`, or an error that names the option, the text and what is taken.
pub(super) fn parse<T>(option: &str, text: &str, read: impl FnOnce(&str) -> Option<T>, taken: &str) -> Result<T> {
    read(text).ok_or_else(|| refused(option, text, taken))
}

/// The error for a text that an option does not take.
pub(super) fn refused(option: &str, text: &str, taken: &str) -> Error {
    Error::new(Kind::Config, format!("{option} does not take {text:?}")).with_hint(format!("It takes {taken}."))
}

/// Bytes: a number and a unit of PostgreSQL's (section 20.1.1 of its manual: the multiplier is 1024), with the IEC spelling
/// (`MiB`) and a missing `B` (`512M`) taken too.
pub(super) fn size(text: &str) -> Option<usize> {
    let (number, unit) = split_number(text)?;
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    let bytes = number * (1_u64 << shift) as f64;
    // 2^53: up to here a f64 holds every whole number.
    (1.0..=9_007_199_254_740_992.0).contains(&bytes).then_some(bytes as usize)
}

/// The same, or 0 for none.
pub(super) fn size_or_none(text: &str) -> Option<usize> {
    if text == "0" { Some(0) } else { size(text) }
}

/// A number and a unit of PostgreSQL's; a bare number is milliseconds, and no more than an `int4` of them, as for `statement_timeout`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    age(text).filter(|d| d.as_millis() <= i32::MAX as u128)
}

/// The same of any length, and with weeks.
pub(super) fn age(text: &str) -> Option<Duration> {
    let (number, unit) = split_number(text)?;
    let seconds = match unit {
        "us" => 1e-6,
        "" | "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 7.0 * 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

/// `PREFIX=URL`. Prefixes hold `=` themselves (`https://x.org/file?id=1`), so the text is split at the first `=` with a scheme, a `/` or
/// a `.` behind it.
pub(super) fn mirror(text: &str) -> Option<(String, String)> {
    let (prefix, url) = text
        .match_indices('=')
        .map(|(at, _)| (&text[..at], &text[at + 1..]))
        .find(|(_, url)| url.starts_with(['/', '.']) || has_scheme(url))?;
    (!prefix.is_empty()).then(|| (prefix.to_owned(), url.to_owned()))
}

/// `[NAME=]LOCATION`: what stands before the first `=` is a name unless it holds what only a path or URL does.
pub(super) fn named(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, location)) if !name.is_empty() && !name.contains(['/', '\\', ':', '?', '.']) => (Some(name), location),
        _ => (None, text),
    }
}

/// `ADDR:PORT` of IPv4 or IPv6, or `localhost:PORT`. Names are not looked up: which of its addresses is meant would be a guess.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse().ok(),
        None => text.parse().ok(),
    }
}

/// Threads.
pub(super) fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| (1..=1024).contains(n))
}

/// Snapshots that stay.
pub(super) fn kept(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| *n > 0)
}

/// A limit on how many of something there may be.
pub(super) fn limit(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| (1..=1_000_000_000).contains(n))
}

/// Retries.
pub(super) fn retries(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| *n <= 100)
}

/// Connections.
pub(super) fn connections(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| (1..=100_000).contains(n))
}

/// The synthetic city's size.
pub(super) fn scale(text: &str, most: f64) -> Option<f64> {
    text.parse().ok().filter(|n| *n > 0.0 && *n <= most)
}

/// `12.5 GB` as its number and its unit.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

/// Whether `url` starts with a scheme (RFC 3986, section 3.1) and `:/`.
fn has_scheme(url: &str) -> bool {
    url.split_once(":/").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("512MB", Some(512 << 20)),
            ("2GiB", Some(2 << 30)),
            ("1.5 gb", Some(3 << 29)),
            ("64k", Some(64 << 10)),
            ("1000", Some(1000)),
            ("0", None),
            ("12 apples", None),
            ("-1MB", None),
            ("", None),
            ("99999TB", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, millis) in [
            ("0", Some(0)),
            ("5000", Some(5000)),
            ("30s", Some(30_000)),
            ("5min", Some(300_000)),
            ("1.5 h", Some(5_400_000)),
            ("500us", Some(0)),
            ("1d", Some(86_400_000)),
            ("5 minutes", None),
            ("s", None),
            ("-1", None),
            ("100d", None),
            ("2w", Some(1_209_600_000)),
        ] {
            assert_eq!(duration(text).map(|d| d.as_millis()), millis, "{text}");
        }
    }

    #[test]
    fn mirrors_split_before_the_url() {
        for (text, want) in [
            ("https://x.org/=file:///copy/", Some(("https://x.org/", "file:///copy/"))),
            ("https://x.org/f?id=1=./f", Some(("https://x.org/f?id=1", "./f"))),
            ("https://x.org/=http://y.org/?a=/b", Some(("https://x.org/", "http://y.org/?a=/b"))),
            ("s3://bucket/=/srv/copy", Some(("s3://bucket/", "/srv/copy"))),
            ("https://x.org/=copy", None),
            ("=./f", None),
            ("https://x.org/", None),
        ] {
            assert_eq!(mirror(text), want.map(|(a, b)| (a.to_owned(), b.to_owned())), "{text}");
        }
    }

    #[test]
    fn names_stand_before_locations() {
        for (text, want) in [
            ("city=data", (Some("city"), "data")),
            ("data/city", (None, "data/city")),
            ("./a=b", (None, "./a=b")),
            ("https://x.org/?a=b", (None, "https://x.org/?a=b")),
            ("city=https://x.org/?a=b", (Some("city"), "https://x.org/?a=b")),
        ] {
            assert_eq!(named(text), want, "{text}");
        }
    }

    #[test]
    fn addresses_have_a_port() {
        for (text, ok) in
            [("127.0.0.1:5432", true), ("[::]:5432", true), ("localhost:0", true), ("5432", false), ("db:5432", false)]
        {
            assert_eq!(address(text).is_some(), ok, "{text}");
        }
    }
}
