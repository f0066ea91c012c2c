//! What a published text names: local files, an HTTP object, or a key in a bucket. Parsing only, no I/O.

use std::path::{Component, Path, PathBuf};

use url::Url;

use crate::error::{Error, Kind, Result};

/// Where bytes are to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// A file, a folder or a glob. Absolute, without `.` and `..`.
    Local(Local),
    /// `http` or `https`, normalised, without user and fragment.
    Http(Url),
    /// An object, a prefix or a glob in a bucket.
    Bucket(BucketKey),
}

/// Local files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// The first of these that exists is meant.
    pub paths: Vec<PathBuf>,
    /// Whether a folder or a glob may be meant; else exactly one file is.
    pub many: bool,
}

/// Whose protocol a bucket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    S3,
    Azure,
    Gcs,
}

/// A key in a bucket (Azure: a container). The key is taken to the letter: nothing in it is percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BucketKey {
    pub vendor: Vendor,
    /// Unique for the bucket, with nothing but scheme and host, so that DataFusion can register it.
    pub store_url: String,
    pub bucket: String,
    /// Azure's storage account host, when the URL names one.
    pub account_host: Option<String>,
    /// Empty, or ending in `/`, for a prefix.
    pub key: String,
}

impl Location {
    /// Reads a path or URL as it is published. A relative path is one of the working folder.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = scheme_of(text) else {
            return Ok(Self::Local(Local { paths: vec![absolute(Path::new(text))?], many: true }));
        };
        match scheme.as_str() {
            "file" => {
                let url = Url::parse(text).map_err(|e| unreadable(text, &e.to_string()))?;
                let path = url.to_file_path().map_err(|()| unreadable(text, "it names no local path"))?;
                Ok(Self::Local(Local { paths: vec![absolute(&path)?], many: true }))
            }
            "http" | "https" => parse_http(text).map(Self::Http),
            "s3" | "s3a" => bucket(text, rest, Vendor::S3, "s3"),
            "gs" | "gcs" => bucket(text, rest, Vendor::Gcs, "gs"),
            "az" | "azure" | "adl" | "abfs" | "abfss" => bucket(text, rest, Vendor::Azure, "az"),
            _ => Err(Error::new(Kind::Unsupported, format!("{text}: no store reads {scheme}:// URLs"))
                .with_hint("A source is a path, or a URL of file, http, https, s3, gs, az or abfs(s).")),
        }
    }
}

/// The scheme in lower case and what follows `://`, when `text` is a URL and not a path.
pub(super) fn scheme_of(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let mut chars = scheme.chars();
    let is_scheme = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then(|| (scheme.to_ascii_lowercase(), rest))
}

/// An absolute path with `.` and `..` folded as in a URL, so that what is checked is what is opened.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(|e| unreadable(&path.display().to_string(), &e.to_string()))?;
    let mut folded = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                folded.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => folded.push(component),
        }
    }
    Ok(folded)
}

fn parse_http(text: &str) -> Result<Url> {
    let mut url = Url::parse(text).map_err(|e| unreadable(text, &e.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        // The text holds a password: it is not repeated.
        let host = url.host_str().unwrap_or_default().to_owned();
        return Err(Error::new(Kind::Descriptor, format!("a URL at {host} holds a user name or password"))
            .with_hint("Published URLs are open; put credentials into a proxy or a mirror."));
    }
    url.set_fragment(None);
    Ok(url)
}

fn bucket(text: &str, rest: &str, vendor: Vendor, scheme: &str) -> Result<Location> {
    let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
    // Hadoop's form for Azure: container@account.dfs.core.windows.net.
    let (bucket, account_host) = match (vendor, authority.split_once('@')) {
        (Vendor::Azure, Some((container, host))) => (container, Some(host.to_ascii_lowercase())),
        (Vendor::Azure | Vendor::S3 | Vendor::Gcs, _) => (authority, None),
    };
    let plain = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if !plain(bucket) || account_host.as_deref().is_some_and(|h| !plain(h)) {
        return Err(unreadable(text, "the bucket's name is missing or not one"));
    }
    // DataFusion tells stores apart by scheme and host alone, so a container beside an account goes into the scheme.
    let store_url = match &account_host {
        Some(host) => format!("{scheme}+{}://{host}/", bucket.to_ascii_lowercase().replace('_', ".")),
        None => format!("{scheme}://{bucket}/"),
    };
    Ok(Location::Bucket(BucketKey { vendor, store_url, bucket: bucket.to_owned(), account_host, key: key.to_owned() }))
}

fn unreadable(text: &str, why: &str) -> Error {
    Error::new(Kind::Descriptor, format!("{text} can't be read as a path or URL: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match Location::parse(text) {
            Ok(Location::Local(local)) => format!("local {}", local.paths[0].display()),
            Ok(Location::Http(url)) => format!("http {url}"),
            Ok(Location::Bucket(b)) => {
                format!(
                    "{:?} {} {} {:?}{}",
                    b.vendor,
                    b.store_url,
                    b.bucket,
                    b.key,
                    b.account_host.map_or(String::new(), |h| format!(" at {h}"))
                )
            }
            Err(e) => format!("{:?} {e}", e.kind()),
        }
    }

    #[test]
    fn published_texts_name_places() {
        let cases = [
            ("/data/a b%20#1?.csv", "local /data/a b%20#1?.csv"),
            ("/data/./x/../交通事故_2019/a.csv", "local /data/交通事故_2019/a.csv"),
            ("/../../etc", "local /etc"),
            ("file:///data/a%20b%23.csv", "local /data/a b#.csv"),
            ("https://X.org/a b/é?accessType=DOWNLOAD#top", "http https://x.org/a%20b/%C3%A9?accessType=DOWNLOAD"),
            ("http://x:80/a/../b", "http http://x/b"),
            ("https://me:secret@x.org/a", "Descriptor a URL at x.org holds a user name or password"),
            ("s3://city/2024/a b#?.csv", "S3 s3://city/ city \"2024/a b#?.csv\""),
            ("s3a://city", "S3 s3://city/ city \"\""),
            ("s3:///a", "Descriptor s3:///a can't be read as a path or URL: the bucket's name is missing or not one"),
            ("gs://b/k/", "Gcs gs://b/ b \"k/\""),
            ("az://c/k", "Azure az://c/ c \"k\""),
            (
                "abfss://c@acc.dfs.core.windows.net/k",
                "Azure az+c://acc.dfs.core.windows.net/ c \"k\" at acc.dfs.core.windows.net",
            ),
            ("ftp://x/a", "Unsupported ftp://x/a: no store reads ftp:// URLs"),
        ];
        for (text, expected) in cases {
            assert_eq!(show(text), expected, "{text}");
        }
    }
}
