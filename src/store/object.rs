//! One object as it was looked up, and reading it whole as that version. Ranges of it are read through [`super::pinned`].

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use chrono::DateTime;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::{GetOptions, GetResultPayload, ObjectMeta, ObjectStore};
use sha2::{Digest, Sha256};

use super::failure::source_error;
use crate::error::{Error, Kind, Result};

/// Bytes of a local file that are read at once; `object_store` itself reads 8 KiB.
const CHUNK: usize = 1 << 20;
/// Stands before the SHA-256 in the version of an object whose server tells neither ETag nor time.
const BY_HASH: &str = "sha256-";

/// One object, as a listing or a HEAD found it: reads of it are reads of this version.
#[derive(Clone, Debug)]
pub struct Object {
    /// As published, before any mirror.
    pub url: String,
    /// Where it stands; unique for each store behind it, such as `file:///` or `https://host/`. DataFusion registers the store
    /// under this URL.
    pub store_url: String,
    pub store: Arc<dyn ObjectStore>,
    /// Location within the store, size, last modified and ETag.
    pub meta: ObjectMeta,
}

impl Object {
    /// Equal as long as the object's bytes are: ETag, else the SHA-256 where a server tells neither ETag nor time, else size and
    /// mtime.
    pub fn identity(&self) -> String {
        match (&self.meta.e_tag, &self.meta.version) {
            (Some(tag), _) => tag.clone(),
            (None, Some(version)) => version.clone(),
            (None, None) => format!("{}-{}", self.meta.size, self.meta.last_modified.timestamp_micros()),
        }
    }

    /// The conditions under which a read is of this version: by ETag, else by the time of the last change.
    pub fn get_options(&self) -> GetOptions {
        let by_time = self.meta.e_tag.is_none() && self.meta.version.is_none();
        GetOptions {
            if_match: self.meta.e_tag.clone(),
            if_unmodified_since: by_time.then_some(self.meta.last_modified),
            ..GetOptions::default()
        }
    }

    /// Whether an answer is of this version, as far as its ETag tells, or else its time: some servers take no notice of conditions, and
    /// If-Unmodified-Since also holds for a version that is older than the one that was listed.
    pub(super) fn is_version_of(&self, answer: &ObjectMeta) -> bool {
        match (&self.meta.e_tag, &answer.e_tag) {
            (Some(listed), Some(got)) => same_tag(listed, got),
            (None, None) if self.meta.version.is_none() => {
                let told = answer.last_modified != DateTime::UNIX_EPOCH;
                !told || answer.last_modified == self.meta.last_modified
            }
            (None, None) | (Some(_), None) | (None, Some(_)) => true,
        }
    }

    /// The object's bytes from the first to the last. [`Kind::SourceChanged`] when it is not this version any more or ends
    /// elsewhere than its size says; [`Kind::SourceUnreachable`] when the connection fails and can't be resumed.
    pub async fn read(&self) -> Result<BoxStream<'static, Result<Bytes>>> {
        let url = self.url.clone();
        let result = self.store.get_opts(&self.meta.location, self.get_options()).await.map_err(|e| source_error(&url, e))?;
        if !self.is_version_of(&result.meta) {
            return Err(Error::new(Kind::SourceChanged, format!("{url} changed since it was looked up")));
        }
        let chunks = match result.payload {
            GetResultPayload::File(file, _) => file_chunks(url, file),
            GetResultPayload::Stream(chunks) => chunks.map_err(move |e| source_error(&url, e)).boxed(),
        };
        let by_hash = self.meta.e_tag.is_none() && self.meta.version.as_ref().is_some_and(|v| v.starts_with(BY_HASH));
        let check = Check { object: self.clone(), at: 0, hash: by_hash.then(Sha256::new) };
        let checked = stream::try_unfold((chunks, check), |(mut chunks, mut check)| async move {
            match chunks.try_next().await? {
                Some(chunk) => {
                    check.take(&chunk)?;
                    Ok(Some((chunk, (chunks, check))))
                }
                None => check.end().map(|()| None),
            }
        });
        Ok(checked.boxed())
    }
}

/// Weak comparison of ETags (RFC 9110, 8.8.3.2), in quotes or not: Azure's listings leave them out.
pub(crate) fn same_tag(a: &str, b: &str) -> bool {
    bare(a) == bare(b)
}

fn bare(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

/// The version of an object with this SHA-256.
pub(super) fn version_by_hash(hash: Sha256) -> String {
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{BY_HASH}{digits}")
}

/// Holds what is read to what was looked up.
struct Check {
    object: Object,
    /// Bytes so far.
    at: u64,
    /// Where only the SHA-256 tells versions apart.
    hash: Option<Sha256>,
}

impl Check {
    fn take(&mut self, chunk: &Bytes) -> Result<()> {
        self.at += chunk.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(chunk);
        }
        if self.at > self.object.meta.size { Err(self.ends_elsewhere()) } else { Ok(()) }
    }

    fn end(&mut self) -> Result<()> {
        if self.at < self.object.meta.size {
            return Err(self.ends_elsewhere());
        }
        match self.hash.take().map(version_by_hash) {
            Some(version) if self.object.meta.version.as_ref() != Some(&version) => {
                Err(self.changed("its SHA-256 is another one"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn ends_elsewhere(&self) -> Error {
        self.changed(&format!("it had {} bytes and now ends elsewhere", self.object.meta.size))
    }

    fn changed(&self, how: &str) -> Error {
        Error::new(Kind::SourceChanged, format!("{} changed while it was read: {how}", self.object.url))
    }
}

/// A file from its start, off the async threads.
fn file_chunks(url: String, file: File) -> BoxStream<'static, Result<Bytes>> {
    let next = move |mut file: File| {
        let url = url.clone();
        async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut chunk = vec![0; CHUNK];
                let n = file.read(&mut chunk)?;
                chunk.truncate(n);
                Ok::<_, std::io::Error>((Bytes::from(chunk), file))
            });
            let read = read.await.map_err(|e| Error::new(Kind::Internal, format!("{url}: the read stopped")).caused_by(e))?;
            let (chunk, file) =
                read.map_err(|e| Error::new(Kind::SourceUnreachable, format!("{url} can't be read: {e}")).caused_by(e))?;
            Ok(if chunk.is_empty() { None } else { Some((chunk, file)) })
        }
    };
    stream::try_unfold(file, next).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(e_tag: Option<&str>, seconds: i64) -> Object {
        let meta = ObjectMeta {
            location: object_store::path::Path::from("a"),
            last_modified: DateTime::from_timestamp(seconds, 0).expect("a time"),
            size: 1,
            e_tag: e_tag.map(str::to_owned),
            version: None,
        };
        let store = Arc::new(object_store::memory::InMemory::new());
        Object { url: "a".to_owned(), store_url: "memory:///".to_owned(), store, meta }
    }

    #[test]
    fn answers_are_of_the_version_that_was_listed() {
        for (listed, answer, same) in [
            ((Some("\"a\""), 1), (Some("\"a\""), 2), true),
            ((Some("0x8D"), 1), (Some("\"0x8D\""), 1), true),
            ((Some("W/\"a\""), 1), (Some("\"a\""), 1), true),
            ((Some("\"a\""), 1), (Some("\"b\""), 1), false),
            ((Some("\"a\""), 1), (None, 2), true),
            ((None, 2), (None, 2), true),
            ((None, 2), (None, 3), false),
            // A publisher went back to what he had before.
            ((None, 2), (None, 1), false),
            // The answer tells no time.
            ((None, 2), (None, 0), true),
        ] {
            let (of, answer) = (object(listed.0, listed.1), object(answer.0, answer.1).meta);
            assert_eq!(of.is_version_of(&answer), same, "{:?} {answer:?}", of.meta);
        }
    }
}
