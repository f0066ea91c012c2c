//! The one place that Stoa writes to, its own state: a folder, or a prefix of a bucket that is opened for writing here. Published data
//! goes through stores that refuse writes.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;

use super::location::{Location, scheme_of};
use super::{Options, bucket};
use crate::error::{Error, Kind, Result};

/// Where a state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A prefix of a bucket, as a URL of `s3`, `gs`, `az` or `abfs(s)`.
    Bucket(String),
}

impl Place {
    /// Reads a path or URL. [`Kind::Config`] for a URL of another kind or without a bucket.
    pub fn parse(text: &str) -> Result<Self> {
        if scheme_of(text).is_none() {
            return Ok(Self::Folder(PathBuf::from(text)));
        }
        let refused = |why: &str| {
            Error::new(Kind::Config, format!("{text} is no place for a state: {why}"))
                .with_hint("Give a folder, or a bucket with a prefix, such as s3://bucket/stoa.")
        };
        match Location::parse(text) {
            Ok(Location::Local(local)) => Ok(Self::Folder(local.paths[0].clone())),
            Ok(Location::Bucket(_)) => Ok(Self::Bucket(text.trim_end_matches('/').to_owned())),
            Ok(Location::Http(_)) => Err(refused("nothing can be written there")),
            Err(e) => Err(refused(e.message())),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket(url) => url.fmt(f),
        }
    }
}

/// A prefix of a bucket, opened for reading and writing.
#[derive(Clone, Debug)]
pub struct Writable {
    pub store: Arc<dyn ObjectStore>,
    /// Unique for the bucket; keys are appended to it in messages.
    pub store_url: String,
    /// What stands before every key; may be empty.
    pub prefix: Path,
}

impl Writable {
    /// Opens the prefix of a bucket that `url` names, with the credentials and settings that reads have. Nothing is asked of the bucket yet.
    pub(super) fn open(url: &str, options: &Options) -> Result<Self> {
        let Location::Bucket(at) = Location::parse(url)? else {
            return Err(Error::new(Kind::Config, format!("{url} does not name a bucket")));
        };
        let prefix = Path::parse(at.key.trim_matches('/'))
            .map_err(|e| Error::new(Kind::Config, format!("{url} does not name a prefix: {e}")))?;
        Ok(Self { store: bucket::open(&at, options)?, store_url: at.store_url, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_a_folder_or_a_prefix_of_a_bucket() {
        for (text, place) in [
            (".stoa", Ok(Place::Folder(".stoa".into()))),
            ("file:///srv/a%20b", Ok(Place::Folder("/srv/a b".into()))),
            ("s3://city/stoa/", Ok(Place::Bucket("s3://city/stoa".to_owned()))),
            ("gs://city", Ok(Place::Bucket("gs://city".to_owned()))),
            ("https://x.org/stoa", Err("https://x.org/stoa is no place for a state: nothing can be written there")),
            (
                "s3:///stoa",
                Err(
                    "s3:///stoa is no place for a state: s3:///stoa can't be read as a path or URL: the bucket's name is missing or not one",
                ),
            ),
        ] {
            assert_eq!(Place::parse(text).map_err(|e| e.message().to_owned()), place.map_err(str::to_owned), "{text}");
        }
        let options = Options { settings: vec![("AWS_REGION".to_owned(), "eu-west-1".to_owned())], ..Options::default() };
        let opened = Writable::open("s3://city/a/b/", &options).expect("opens");
        assert_eq!((opened.store_url.as_str(), opened.prefix.as_ref()), ("s3://city/", "a/b"));
    }
}
