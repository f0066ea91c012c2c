//! `object_store`'s trait for stores that are only read: what they must answer, and one refusal of all that would write.
//! Published data is never written, so no store of ours has another face.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, ListResult, MultipartUpload, OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, coalesce_ranges,
};

use super::failure::Failure;
use crate::error::Kind;

/// The reading half of [`ObjectStore`], with the same meaning.
#[async_trait]
pub(super) trait Reads: fmt::Debug + fmt::Display + Send + Sync + 'static {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult>;
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>>;
    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult>;

    /// Ranges that stand close are read as one. Beyond an object's end is an error: what is cut out of too few bytes would panic.
    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        // The offsets may be those of a file of foreign hands.
        if let Some(range) = ranges.iter().find(|range| range.start > range.end) {
            let message = format!("{location} claims bytes {} to {} of itself", range.start, range.end);
            return Err(Failure::new(Kind::SourceInvalid, message).into_store(location.as_ref()));
        }
        let read = |range: Range<u64>| async {
            let asked = range.end - range.start;
            let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
            let bytes = self.get_opts(location, options).await?.bytes().await?;
            if bytes.len() as u64 == asked {
                return Ok(bytes);
            }
            let message = format!("{location} is shorter than it was when it was looked up");
            Err(Failure::new(Kind::SourceChanged, message).into_store(location.as_ref()))
        };
        coalesce_ranges(ranges, read, OBJECT_STORE_COALESCE_DEFAULT).await
    }
}

/// An [`ObjectStore`] that reads by `T` and refuses every write as `NotSupported`.
#[derive(Debug)]
pub(super) struct ReadOnly<T>(pub T);

impl<T: fmt::Display> fmt::Display for ReadOnly<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl<T: Reads> ObjectStore for ReadOnly<T> {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(refused("put"))
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(refused("put"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        locations.map(|_| Err(refused("delete"))).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(refused("copy"))
    }
}

/// The error of an operation that published data does not have.
pub(super) fn refused(operation: &str) -> Error {
    Error::NotSupported { source: format!("{operation}: published data is only read, object by object").into() }
}

/// A listing that only says that there is none.
pub(super) fn refused_list() -> BoxStream<'static, Result<ObjectMeta>> {
    stream::once(async { Err(refused("list")) }).boxed()
}
