//! Which published texts may be read, and where they are read instead: the allow-list and the mirrors. Pure, no I/O.
//!
//! Prefixes match at the border of a path segment: `https://x.org/a` covers `https://x.org/a/b.csv` and `https://x.org/a?b`, not
//! `https://x.org/ab`. The allow-list judges what is published; what a mirror says instead is the operator's own word.

use std::path::{Path, PathBuf};

use object_store::path::Path as StorePath;
use url::Url;

use super::Options;
use super::location::{Local, Location, absolute, scheme_of};
use crate::error::{Error, Kind, Result};

/// The rules of one [`Options`], in order of use.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    /// The longest prefix first.
    mirrors: Vec<(String, String)>,
    allow: Option<Vec<String>>,
}

impl Routes {
    /// Checks the rules. [`Kind::Config`] for an empty prefix or target.
    pub(super) fn new(options: &Options) -> Result<Self> {
        if let Some((prefix, target)) = options.mirrors.iter().find(|(p, t)| p.is_empty() || t.is_empty()) {
            return Err(Error::new(Kind::Config, format!("the mirror {prefix:?}={target:?} lacks a side"))
                .with_hint("Write PREFIX=URL, as in https://data.example.org/=/srv/mirror."));
        }
        let mut mirrors = options.mirrors.clone();
        mirrors.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(Self { mirrors, allow: options.allow.clone() })
    }

    /// Where `published` is to be read: under the longest mirror prefix that covers it, else where it says.
    /// [`Kind::Forbidden`] when the allow-list does not name it.
    pub(super) fn route(&self, published: &str) -> Result<Location> {
        let location = Location::parse(published)?;
        if !self.admits(&location) {
            return Err(Error::new(Kind::Forbidden, format!("{published} is not on the list of sources that may be read"))
                .with_hint("The operator can allow its prefix."));
        }
        for (prefix, target) in &self.mirrors {
            if let Some(rest) = covered(published, prefix) {
                return mirrored(published, rest, target);
            }
        }
        Ok(location)
    }

    /// Whether a redirect may be followed to `url`: one that the allow-list or a mirror names. (Here and in [`Self::admits`] is the
    /// place to keep remote descriptors off loopback and metadata addresses.)
    pub(super) fn admits_redirect(&self, url: &Url) -> bool {
        self.admits(&Location::Http(url.clone()))
            || self.mirrors.iter().any(|(_, target)| covered(url.as_str(), target).is_some())
    }

    fn admits(&self, location: &Location) -> bool {
        let Some(allow) = &self.allow else { return true };
        allow.iter().any(|prefix| match location {
            Location::Http(url) => normal(prefix).is_some_and(|p| covered(url.as_str(), &p).is_some()),
            Location::Bucket(at) => match Location::parse(prefix) {
                Ok(Location::Bucket(p)) => p.store_url == at.store_url && covered(&at.key, &p.key).is_some(),
                Ok(Location::Local(_) | Location::Http(_)) | Err(_) => false,
            },
            Location::Local(local) => match Location::parse(prefix) {
                Ok(Location::Local(p)) => local.paths.iter().all(|path| path.starts_with(&p.paths[0])),
                Ok(Location::Http(_) | Location::Bucket(_)) | Err(_) => false,
            },
        })
    }
}

/// An HTTP prefix as URLs are compared: `HTTPS://X.org` is `https://x.org/`.
fn normal(prefix: &str) -> Option<String> {
    match Location::parse(prefix) {
        Ok(Location::Http(url)) => Some(url.into()),
        Ok(Location::Local(_) | Location::Bucket(_)) | Err(_) => None,
    }
}

/// What follows `prefix` in `text`, when it ends at the border of a segment. The empty prefix covers all.
fn covered<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(prefix)?;
    let border = prefix.is_empty() || prefix.ends_with(['/', '?']) || rest.is_empty() || rest.starts_with(['/', '?', '#']);
    border.then_some(rest)
}

/// `rest` of `published`, under `target`. To a folder, a URL's rest is percent-decoded, and a query is kept as part of the file's
/// name when there is such a file (as downloads are often saved) and dropped when not. To a URL, a path's rest is percent-encoded
/// and a URL's rest with its query is kept to the letter.
fn mirrored(published: &str, rest: &str, target: &str) -> Result<Location> {
    let from_url = matches!(scheme_of(published), Some((scheme, _)) if matches!(scheme.as_str(), "http" | "https" | "file"));
    match Location::parse(target)? {
        Location::Local(folder) => {
            let root = &folder.paths[0];
            let rest = if from_url { rest.split('#').next().unwrap_or_default() } else { rest };
            let paths = if from_url {
                let bare = rest.split('?').next().unwrap_or_default();
                let mut paths = vec![under(published, root, rest)?];
                if bare != rest {
                    paths.push(under(published, root, bare)?);
                }
                paths
            } else {
                let path = absolute(&root.join(rest.trim_start_matches('/')))?;
                if !path.starts_with(root) {
                    return Err(escapes(published, root));
                }
                vec![path]
            };
            Ok(Location::Local(Local { paths, many: !from_url || published.starts_with("file:") }))
        }
        Location::Http(mut url) if !from_url => {
            let segments = rest.split('/').filter(|s| !s.is_empty());
            url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(segments);
            Ok(Location::Http(url))
        }
        base @ (Location::Http(_) | Location::Bucket(_)) => {
            let slash = if target.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?']) { "" } else { "/" };
            let rest = if target.ends_with('/') { rest.trim_start_matches('/') } else { rest };
            let there = Location::parse(&format!("{target}{slash}{rest}"))?;
            // A URL's `..` is folded when it is parsed; a bucket's keys have none.
            if let (Location::Http(base), Location::Http(url)) = (&base, &there)
                && base.query().is_none()
                && covered(url.path(), base.path()).is_none()
            {
                return Err(Error::new(Kind::Forbidden, format!("{published} does not name anything under its mirror {target}")));
            }
            Ok(there)
        }
    }
}

/// The file under `root` that the percent-encoded `rest` names; never one outside.
fn under(published: &str, root: &Path, rest: &str) -> Result<PathBuf> {
    // Refuses `..`, also when it is encoded.
    let decoded = StorePath::from_url_path(rest).map_err(|e| escapes(published, root).with_detail(e.to_string()))?;
    Ok(decoded.as_ref().split('/').filter(|s| !s.is_empty()).fold(root.to_owned(), |path, part| path.join(part)))
}

fn escapes(published: &str, root: &Path) -> Error {
    Error::new(Kind::Forbidden, format!("{published} does not name a file under its mirror {}", root.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(mirrors: &[(&str, &str)], allow: Option<&[&str]>) -> Routes {
        let options = Options {
            mirrors: mirrors.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            allow: allow.map(|list| list.iter().map(|s| (*s).to_owned()).collect()),
            ..Options::default()
        };
        Routes::new(&options).expect("the rules have both sides")
    }

    fn show(result: Result<Location>) -> String {
        match result {
            Ok(Location::Local(l)) => l.paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" or "),
            Ok(Location::Http(url)) => url.into(),
            Ok(Location::Bucket(b)) => format!("{}{}", b.store_url, b.key),
            Err(e) => format!("{:?}", e.kind()),
        }
    }

    #[test]
    fn mirrors_replace_the_longest_prefix() {
        let routes = routes(
            &[
                ("https://x.org", "/mirror"),
                ("https://x.org/deep/", "/deeper"),
                ("https://y.org/", "http://m.local/y"),
                ("/pub", "https://z.org/pub/"),
                ("s3://b/", "/buckets/b"),
                ("https://s.org/", "s3://mirror/s.org/"),
            ],
            None,
        );
        let cases = [
            ("https://x.org/a%20b/%E4%BA%A4.csv", "/mirror/a b/交.csv"),
            ("https://x.org/deep/a", "/deeper/a"),
            ("https://x.org.evil/a", "https://x.org.evil/a"),
            ("https://x.org/rows.csv?accessType=DOWNLOAD", "/mirror/rows.csv?accessType=DOWNLOAD or /mirror/rows.csv"),
            ("https://x.org/%2e%2e/etc/passwd", "Forbidden"),
            ("https://x.org/a/../../etc/passwd", "Forbidden"),
            ("https://x.org/a%2F..%2F..%2Fetc", "Forbidden"),
            ("https://y.org/q?b=1&c=/2", "http://m.local/y/q?b=1&c=/2"),
            ("https://y.org/a/../q", "http://m.local/y/q"),
            ("https://y.org/../secret", "Forbidden"),
            ("https://y.org/%2e%2E/yz", "Forbidden"),
            ("/pub/a b/c#%.csv", "https://z.org/pub/a%20b/c%23%25.csv"),
            ("/public/a", "/public/a"),
            ("s3://b/k%20/x.csv", "/buckets/b/k%20/x.csv"),
            ("s3://b/../../x.csv", "Forbidden"),
            ("https://s.org/a.csv", "s3://mirror/s.org/a.csv"),
        ];
        for (published, expected) in cases {
            assert_eq!(show(routes.route(published)), expected, "{published}");
        }
    }

    #[test]
    fn only_what_is_allowed_is_read() {
        let routes = routes(&[("https://a.org/m/", "https://b.org/")], Some(&["https://A.org", "/srv/data", "s3://b/open/"]));
        let cases = [
            ("https://a.org/x.csv", true),
            ("https://a.org.evil/x.csv", false),
            ("https://a.org/m/x.csv", true),
            ("https://b.org/x.csv", false),
            ("http://a.org/x.csv", false),
            ("/srv/data/x.csv", true),
            ("/srv/data/../x.csv", false),
            ("/srv/database/x.csv", false),
            ("s3://b/open/x", true),
            ("s3://b/closed/x", false),
            ("s3://c/open/x", false),
        ];
        for (published, allowed) in cases {
            assert_eq!(routes.route(published).is_ok(), allowed, "{published}");
        }
        assert!(routes.admits_redirect(&Url::parse("https://b.org/y").expect("a URL")));
        assert!(!routes.admits_redirect(&Url::parse("https://c.org/y").expect("a URL")));
    }

    #[test]
    fn a_mirror_needs_both_sides() {
        let options = Options { mirrors: vec![("https://x/".to_owned(), String::new())], ..Options::default() };
        assert_eq!(Routes::new(&options).map(|_| ()).map_err(|e| e.kind()), Err(Kind::Config));
    }
}
