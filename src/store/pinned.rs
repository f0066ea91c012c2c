//! An adapter that reads one version of a few objects and nothing else: every read carries the identity that `resolve` found, so
//! that an object replaced between two range reads is an error and never a mixture.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetResult, GetResultPayload, ListResult, ObjectMeta, ObjectStore, Result};

use super::Object;
use super::failure::Failure;
use super::read_only::{ReadOnly, Reads, refused, refused_list};
use crate::error::Kind;

/// A store that holds these versions of `objects` only; a read of one that has been replaced fails as `Precondition`, which
/// [`super::source_error`] turns into [`Kind::SourceChanged`]. All of them must be of one store; `None` when there are none or
/// they are not.
pub fn pinned(objects: &[Object]) -> Option<Arc<dyn ObjectStore>> {
    let first = objects.first()?;
    if objects.iter().any(|o| o.store_url != first.store_url) {
        return None;
    }
    let versions = objects.iter().map(|o| (o.meta.location.clone(), o.clone())).collect();
    Some(Arc::new(ReadOnly(Pinned { inner: Arc::clone(&first.store), versions })))
}

#[derive(Debug)]
struct Pinned {
    inner: Arc<dyn ObjectStore>,
    versions: HashMap<Path, Object>,
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pinned({})", self.inner)
    }
}

#[async_trait]
impl Reads for Pinned {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let Some(object) = self.versions.get(location) else {
            return Err(Failure::new(Kind::SourceMissing, format!("{location} is not an object of this scan"))
                .into_store(location.as_ref()));
        };
        let (pin, head) = (object.get_options(), options.head);
        let options = GetOptions { if_match: pin.if_match, if_unmodified_since: pin.if_unmodified_since, ..options };
        let mut result = self.inner.get_opts(location, options).await?;
        if !object.is_version_of(&result.meta) {
            let message = format!("{} changed since it was looked up", object.url);
            return Err(Failure::new(Kind::SourceChanged, message).into_store(location.as_ref()));
        }
        // A store without an identity of its own still tells the size.
        if result.meta.size != object.meta.size {
            let message = format!("{} changed from {} to {} bytes", object.url, object.meta.size, result.meta.size);
            return Err(Failure::new(Kind::SourceChanged, message).into_store(location.as_ref()));
        }
        if !head {
            result.payload = counted(result.payload, object.url.clone(), result.range.clone(), location.clone());
        }
        Ok(result)
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        refused_list()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(refused("list"))
    }
}

/// A body that is an error unless it has as many bytes as its range: `object_store` goes on after one that broke off without looking
/// which range it is given then.
fn counted(payload: GetResultPayload, url: String, range: Range<u64>, location: Path) -> GetResultPayload {
    let chunks = match payload {
        GetResultPayload::Stream(chunks) => chunks,
        // An open file is read by range, and is short only as an error.
        file @ GetResultPayload::File(..) => return file,
    };
    let wanted = range.end - range.start;
    let elsewhere = move |came: u64| {
        let message = format!("{url} changed while it was read: {came} of {wanted} bytes came");
        Failure::new(Kind::SourceChanged, message).into_store(location.as_ref())
    };
    let whole = stream::try_unfold((chunks, 0_u64), move |(mut chunks, came)| {
        let elsewhere = elsewhere.clone();
        async move {
            match chunks.try_next().await? {
                Some(chunk) => {
                    let came = came + chunk.len() as u64;
                    if came > wanted { Err(elsewhere(came)) } else { Ok(Some((chunk, (chunks, came)))) }
                }
                None if came < wanted => Err(elsewhere(came)),
                None => Ok(None),
            }
        }
    });
    GetResultPayload::Stream(whole.boxed())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[tokio::test]
    async fn a_body_of_another_length_is_an_error() {
        for (chunks, whole) in [(vec!["ab", "c"], true), (vec!["ab"], false), (vec!["ab", "cd"], false), (vec![], false)] {
            let body = stream::iter(chunks.clone()).map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).boxed();
            let payload = counted(GetResultPayload::Stream(body), "u".to_owned(), 5..8, Path::from("u"));
            let GetResultPayload::Stream(body) = payload else { panic!("it was no file") };
            assert_eq!(body.try_collect::<Vec<_>>().await.is_ok(), whole, "{chunks:?}");
        }
    }
}
