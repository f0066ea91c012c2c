//! What an HTTP answer says of its object: size, validators and the range it holds, and which status is which error. Pure.

use std::ops::Range;

use chrono::{DateTime, Utc};
use object_store::path::Path;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};

use crate::error::Kind;
use crate::store::failure::Failure;
use crate::store::object::same_tag;

/// What the server gives to tell one version from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    pub e_tag: Option<String>,
    pub last_modified: Option<DateTime<Utc>>,
}

impl Validators {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let last_modified = text(headers, &LAST_MODIFIED).and_then(|t| DateTime::parse_from_rfc2822(t).ok());
        Self { e_tag: text(headers, &ETAG).map(str::to_owned), last_modified: last_modified.map(|t| t.to_utc()) }
    }

    /// Whether there is nothing to tell versions apart by.
    pub(super) fn is_empty(&self) -> bool {
        self.e_tag.is_none() && self.last_modified.is_none()
    }

    /// The ETag when it may stand in If-Match, which compares strongly (RFC 9110, 13.1.1).
    pub(super) fn strong(&self) -> Option<&str> {
        self.e_tag.as_deref().filter(|tag| !tag.starts_with("W/"))
    }

    /// Whether `other` is of the same version: by ETag where both have one, else by time; `None` when there is nothing to compare.
    pub(super) fn same(&self, other: &Self) -> Option<bool> {
        let tags = self.e_tag.as_ref().zip(other.e_tag.as_ref()).map(|(a, b)| same_tag(a, b));
        tags.or_else(|| self.last_modified.zip(other.last_modified).map(|(a, b)| a == b))
    }
}

/// A range of an object as `Content-Range` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    /// `None` for an unsatisfied range.
    pub range: Option<Range<u64>>,
    /// `None` when the server does not know.
    pub total: Option<u64>,
}

/// `bytes 0-99/1234`, `bytes 0-99/*` or `bytes */1234` (RFC 9110, 14.4).
pub(super) fn content_range(headers: &HeaderMap) -> Option<ContentRange> {
    let rest = text(headers, &CONTENT_RANGE)?.trim().strip_prefix("bytes")?.trim_start();
    let (range, total) = rest.split_once('/')?;
    let total = match total.trim() {
        "*" => None,
        digits => Some(digits.parse().ok()?),
    };
    let range = match range.trim() {
        "*" => None,
        range => {
            let (first, last) = range.split_once('-')?;
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            Some(first..last.checked_add(1).filter(|end| *end > first)?)
        }
    };
    Some(ContentRange { range, total })
}

/// The header and not the body's size hint, which is 0 for a HEAD.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, &CONTENT_LENGTH)?.trim().parse().ok()
}

/// The failure that a status means, `Ok` for 2xx.
pub(super) fn check(what: &str, status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let kind = match status.as_u16() {
        200..=299 => return Ok(()),
        404 | 410 => Kind::SourceMissing,
        412 => return Err(Failure::new(Kind::SourceChanged, format!("{what}: it changed since it was looked up ({status})"))),
        // The range began inside the object as it was looked up.
        416 => {
            let now = content_range(headers).and_then(|r| r.total).map_or(String::new(), |n| format!(", now of {n} bytes"));
            return Err(Failure::new(Kind::SourceChanged, format!("{what}: the range is beyond the object{now} ({status})")));
        }
        _ => Kind::SourceUnreachable,
    };
    Err(Failure::new(kind, format!("{what}: {status}")))
}

/// The URL text after the origin's `/` as a store path and back: a path has no empty, `.` or `..` segments, a query may.
pub(super) fn to_path(rest: &str) -> Result<Path, object_store::path::Error> {
    let segments: Vec<String> = rest
        .split('/')
        .map(|s| if matches!(s, "" | "." | "..") || s.starts_with(MARK) { format!("{MARK}{s}") } else { s.to_owned() })
        .collect();
    Path::parse(segments.join("/"))
}

/// The inverse of [`to_path`].
pub(super) fn from_path(path: &Path) -> String {
    let segments: Vec<&str> = path.as_ref().split('/').map(|s| s.strip_prefix(MARK).unwrap_or(s)).collect();
    segments.join("/")
}

/// Stands before a segment that a path can't hold, or that begins with it.
const MARK: &str = "%%";

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn urls_survive_as_paths() {
        for rest in ["", "a.csv", "a%20b/%E4%BA%A4?x=1", "rows.csv?u=http://x//y/../z/", "a//b", "/", "%%/a", "%%%%", "100%/%"] {
            let path = to_path(rest).map_err(|e| e.to_string());
            assert_eq!(path.map(|p| from_path(&p)), Ok(rest.to_owned()), "{rest}");
        }
    }

    #[test]
    fn content_ranges_are_read() {
        let some = |range: Option<Range<u64>>, total| Some(ContentRange { range, total });
        let cases = [
            ("bytes 0-99/1234", some(Some(0..100), Some(1234))),
            ("bytes 5-5/*", some(Some(5..6), None)),
            ("bytes */0", some(None, Some(0))),
            ("bytes 5-4/10", None),
            ("lines 0-1/2", None),
            ("bytes 0-18446744073709551615/2", None),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_RANGE, HeaderValue::from_str(text).expect("a header"));
            assert_eq!(content_range(&headers), expected, "{text}");
        }
    }

    #[test]
    fn validators_are_compared_as_far_as_they_tell() {
        let at = |e_tag: &str, seconds: i64| Validators {
            e_tag: (!e_tag.is_empty()).then(|| e_tag.to_owned()),
            last_modified: DateTime::from_timestamp(seconds, 0).filter(|_| seconds > 0),
        };
        let cases = [
            (at("\"a\"", 1), at("\"a\"", 2), Some(true)),
            (at("W/\"a\"", 0), at("\"a\"", 0), Some(true)),
            (at("\"a\"", 1), at("\"b\"", 1), Some(false)),
            (at("\"a\"", 1), at("", 1), Some(true)),
            (at("\"a\"", 1), at("", 2), Some(false)),
            (at("\"a\"", 0), at("", 2), None),
            (at("", 0), at("", 0), None),
        ];
        for (a, b, expected) in cases {
            assert_eq!(a.same(&b), expected, "{a:?} {b:?}");
        }
    }
}
