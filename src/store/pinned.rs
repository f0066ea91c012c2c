//! An adapter that reads one version of a few objects and nothing else: every read carries the identity that `resolve` found, so
//! that an object replaced between two range reads is an error and never a mixture.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ListResult, ObjectMeta, ObjectStore, Result};

use super::Object;
use super::failure::Failure;
use super::read_only::{ReadOnly, Reads, refused, refused_list};
use crate::error::Kind;

/// How far apart two ranges may stand to be read as one, in bytes: about what a request costs in time.
const GAP: u64 = 256 * 1024;
/// Ranges of one object that are read at the same time.
const PARALLEL: usize = 8;

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
        let pin = object.get_options();
        let options = GetOptions { if_match: pin.if_match, if_unmodified_since: pin.if_unmodified_since, ..options };
        let result = self.inner.get_opts(location, options).await?;
        // A store without an identity of its own still tells the size.
        if result.meta.size != object.meta.size {
            let message = format!("{} changed from {} to {} bytes", object.url, object.meta.size, result.meta.size);
            return Err(Failure::new(Kind::SourceChanged, message).into_store(location.as_ref()));
        }
        Ok(result)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let merged = merge(ranges, GAP);
        let parts: Vec<Bytes> = stream::iter(merged.iter().cloned())
            .map(|range| async move {
                let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
                self.get_opts(location, options).await?.bytes().await
            })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        cut(location, ranges, &merged, &parts)
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        refused_list()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(refused("list"))
    }
}

/// The ranges in order, those that overlap or stand at most `gap` apart made one.
pub(super) fn merge(ranges: &[Range<u64>], gap: u64) -> Vec<Range<u64>> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable_by_key(|r| (r.start, r.end));
    let mut merged: Vec<Range<u64>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(gap) => last.end = last.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}

/// The `ranges`, cut out of `parts`, which hold those that [`merge`] made of them.
pub(super) fn cut(location: &Path, ranges: &[Range<u64>], merged: &[Range<u64>], parts: &[Bytes]) -> Result<Vec<Bytes>> {
    let one = |range: &Range<u64>| {
        let at = merged.partition_point(|m| m.start <= range.start) - 1;
        let (start, end) = ((range.start - merged[at].start) as usize, (range.end - merged[at].start) as usize);
        if end > parts[at].len() {
            let message = format!("{location}: bytes {} to {} are beyond the end", range.start, range.end);
            return Err(Failure::new(Kind::SourceChanged, message).into_store(location.as_ref()));
        }
        Ok(parts[at].slice(start..end))
    };
    ranges.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init)]
    fn ranges_that_stand_close_are_read_as_one() {
        let cases: &[(&[Range<u64>], &[Range<u64>])] = &[
            (&[], &[]),
            (&[5..9], &[5..9]),
            (&[20..30, 0..5], &[0..5, 20..30]),
            (&[0..5, 8..12, 40..50], &[0..12, 40..50]),
            (&[0..50, 10..20, 60..61], &[0..61]),
        ];
        for (ranges, expected) in cases {
            assert_eq!(merge(ranges, 10), *expected, "{ranges:?}");
        }
    }
}
