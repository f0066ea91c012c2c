//! Bytes: from a path or URL to an `object_store` that holds it. Allow-list, mirror, credentials, retries and timeouts stand
//! here; what the bytes mean does not.

use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use crate::error::{Error, Kind, Result};

/// How published bytes are fetched.
#[derive(Clone, Debug)]
pub struct Options {
    /// Reads of URLs (or paths) that start with the first text go to the second in its place; the longest prefix wins.
    pub mirrors: Vec<(String, String)>,
    /// How often a request that failed in passing is tried again.
    pub retries: usize,
    /// From asking to the answer's head.
    pub connect_timeout: Duration,
    /// Without a byte arriving.
    pub read_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { mirrors: Vec::new(), retries: 3, connect_timeout: Duration::from_secs(10), read_timeout: Duration::from_secs(30) }
    }
}

/// Opens published objects by path or URL.
pub struct Stores {}

/// One object, as a listing or a HEAD found it: reads of it are reads of this version.
#[derive(Clone, Debug)]
pub struct Object {
    /// As published, before any mirror.
    pub url: String,
    /// Where it stands; unique for each store behind it, such as `file:///` or `stoa-3f2a://host/`. DataFusion registers the
    /// store under this URL.
    pub store_url: String,
    pub store: Arc<dyn ObjectStore>,
    /// Location within the store, size, last modified and ETag.
    pub meta: ObjectMeta,
}

impl Object {
    /// Equal as long as the object's bytes are: ETag, else size and mtime.
    pub fn identity(&self) -> String {
        match &self.meta.e_tag {
            Some(tag) => tag.clone(),
            None => format!("{}-{}", self.meta.size, self.meta.last_modified.timestamp_micros()),
        }
    }
}

impl Stores {
    /// Takes the credentials for S3, Azure and GCS from the usual environment variables at first use.
    pub fn new(_options: Options) -> Result<Self> {
        Ok(Self {})
    }

    /// The objects that a path or URL names, in the order of their names: one, or those a glob or a folder matches. An absent
    /// object is [`Kind::SourceMissing`], a failed request [`Kind::SourceUnreachable`] with URL, status and attempt.
    pub async fn resolve(&self, url: &str) -> Result<Vec<Object>> {
        let _ = Path::from(url);
        Err(Error::new(Kind::Internal, "not yet"))
    }
}
