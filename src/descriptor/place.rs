//! Where a descriptor's relative paths start, and which paths it may name. Text only: whether anything stands there is not
//! asked.

use std::fmt;

use url::Url;

/// The schemes of published places that a path may name outright.
const SCHEMES: &[&str] = &["http", "https", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss"];

/// A folder on disk or the URL of a descriptor's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An absolute path with `/` between its parts and none at its end.
    Folder(String),
    /// A URL that relative references are joined to.
    Url(Url),
}

impl Place {
    /// The place of the file at `location`: the folder it stands in, or its own URL, since that is what references join to.
    pub fn of_file(location: &str) -> Self {
        match published_url(location) {
            Some(Ok(url)) => Self::Url(url),
            Some(Err(_)) | None => {
                let folder = location.rsplit_once('/').map_or("", |(folder, _)| folder);
                Self::Folder(folder.to_owned())
            }
        }
    }

    /// What `path` names from here: an absolute path or a URL. Data Package forbids absolute paths and `..`, so that a
    /// descriptor can't reach outside of its own folder; the error says so and what to do instead.
    pub fn resolve(&self, path: &str) -> Result<String, String> {
        match published_url(path) {
            // Kept to the letter: what was published is what messages name and what a mirror's prefix is compared with.
            Some(Ok(_)) => Ok(path.to_owned()),
            Some(Err(why)) => Err(why),
            None => self.resolve_relative(path),
        }
    }

    fn resolve_relative(&self, path: &str) -> Result<String, String> {
        if path.starts_with('/') {
            return Err(format!(
                "the path \"{path}\" is absolute; give it relative to the descriptor's folder, or to one named by \"stoa:base\""
            ));
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.is_empty() {
            return Err("the path is empty".to_owned());
        }
        if parts.contains(&"..") {
            return Err(format!(
                "the path \"{path}\" leaves the descriptor's folder; give it relative to a folder named by \"stoa:base\""
            ));
        }
        let path = parts.join("/");
        match self {
            Self::Folder(folder) => Ok(format!("{folder}/{path}")),
            // `./` keeps a colon in the first part from being read as a scheme.
            Self::Url(url) => match url.join(&format!("./{path}")) {
                Ok(joined) => Ok(joined.into()),
                Err(e) => Err(format!("the path \"{path}\" does not join to {url}: {e}")),
            },
        }
    }

    /// The place that `stoa:base` names from here: a folder (relative ones start here and may climb) or a URL. A descriptor that
    /// came from a URL stays on the network: it can't name a folder of this machine.
    pub fn moved(&self, base: &str) -> Result<Self, String> {
        if let Some(url) = published_url(base) {
            // A folder's URL ends with `/`, or joining would drop its last part.
            return url.map(|mut url| {
                if !url.path().ends_with('/') {
                    url.set_path(&format!("{}/", url.path()));
                }
                Self::Url(url)
            });
        }
        match self {
            Self::Folder(_) if base.starts_with('/') => Ok(Self::Folder(folded(base))),
            Self::Folder(folder) => Ok(Self::Folder(folded(&format!("{folder}/{base}")))),
            Self::Url(url) => {
                Err(format!("the base \"{base}\" of a descriptor from {url} is not a URL; name one of http(s), s3, gs or az"))
            }
        }
    }

    /// The location of the descriptor that `reference` names from here, as a catalog writes it: relative references may climb,
    /// since nothing is read through them. `None` when it is no location at all.
    pub fn beside(&self, reference: &str) -> Option<String> {
        match (published_url(reference), self) {
            (Some(url), _) => url.ok().map(String::from),
            (None, Self::Url(url)) => url.join(reference).ok().map(String::from),
            (None, Self::Folder(_)) if reference.starts_with('/') => Some(folded(reference)),
            (None, Self::Folder(folder)) => Some(folded(&format!("{folder}/{reference}"))),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => f.write_str(folder),
            Self::Url(url) => url.fmt(f),
        }
    }
}

/// `text` as a URL of a published place; `None` when it is a path, an error when it is a URL that is not served.
fn published_url(text: &str) -> Option<Result<Url, String>> {
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !is_scheme {
        return None;
    }
    if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Some(Err(format!("the scheme of \"{text}\" is not served; use one of {}", SCHEMES.join(", "))));
    }
    Some(Url::parse(text).map_err(|e| format!("\"{text}\" is not a URL: {e}")))
}

/// An absolute path with its `.` and `..` taken out, as far as text can tell.
fn folded(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.iter().fold(String::new(), |path, part| path + "/" + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_resolve_within_their_place() {
        let folder = "/srv/open/a b";
        let url = "https://example.org/d/datapackage.json";
        for (file, path, want) in [
            (folder, "data/x.csv", Ok("/srv/open/data/x.csv")),
            (folder, "./data//交通 (2019), v1 & 100%.csv", Ok("/srv/open/data/交通 (2019), v1 & 100%.csv")),
            (folder, "2020-*/[ab]?.csv", Ok("/srv/open/2020-*/[ab]?.csv")),
            (folder, "a..b.csv", Ok("/srv/open/a..b.csv")),
            (folder, "https://example.org/a b.csv?x=1#y", Ok("https://example.org/a b.csv?x=1#y")),
            (folder, "s3://bucket/key.parquet", Ok("s3://bucket/key.parquet")),
            (folder, "/etc/passwd", Err("absolute")),
            (folder, "../x.csv", Err("leaves")),
            (folder, "a/../../x.csv", Err("leaves")),
            (folder, "", Err("empty")),
            (folder, "file:///etc/passwd", Err("not served")),
            (url, "x.csv", Ok("https://example.org/d/x.csv")),
            (url, "a:b 気.csv", Ok("https://example.org/d/a:b%20%E6%B0%97.csv")),
            (url, "/x.csv", Err("absolute")),
            (url, "../x.csv", Err("leaves")),
            (url, "file:///etc/passwd", Err("not served")),
        ] {
            match (Place::of_file(file).resolve(path), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{path}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{path}: {got}"),
                (got, want) => panic!("{path}: {got:?}, not {want:?}"),
            }
        }
    }

    #[test]
    fn a_descriptor_beside_another_is_located() {
        for (file, reference, want) in [
            ("/srv/open/trips/datapackage.json", "../stops/datapackage.json", "/srv/open/stops/datapackage.json"),
            ("/srv/open/trips/datapackage.json", "./a.json", "/srv/open/trips/a.json"),
            ("/srv/open/trips/datapackage.json", "/mnt/a.json", "/mnt/a.json"),
            ("/srv/open/datapackage.json", "https://example.org/a.json", "https://example.org/a.json"),
            ("https://example.org/d/datapackage.json", "../e/datapackage.json", "https://example.org/e/datapackage.json"),
        ] {
            assert_eq!(Place::of_file(file).beside(reference).as_deref(), Some(want), "{file} {reference}");
        }
        assert_eq!(Place::of_file("/srv/d.json").beside("file:///etc/d.json"), None);
    }

    #[test]
    fn a_base_moves_the_place() {
        for (file, base, want) in [
            ("/srv/open/datapackage.json", "../raw/./2020", Some("/srv/raw/2020")),
            ("/srv/open/datapackage.json", "/mnt/data/", Some("/mnt/data")),
            ("/srv/open/datapackage.json", "s3://bucket/raw", Some("s3://bucket/raw/")),
            ("https://example.org/d.json", "https://example.net/raw", Some("https://example.net/raw/")),
            ("https://example.org/d.json", "/etc", None),
            ("https://example.org/d.json", "raw", None),
        ] {
            assert_eq!(Place::of_file(file).moved(base).ok().map(|p| p.to_string()).as_deref(), want, "{base}");
        }
    }
}
