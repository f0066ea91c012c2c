//! An adapter that counts what is read of the store inside it. Counting stands outside of retries: a request that was tried
//! three times counts once.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, GetResultPayload, ListResult, ObjectMeta, ObjectStore, Result};

use super::read_only::Reads;

/// What was read so far, over all stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Reads, HEADs and listings asked of stores.
    pub requests: u64,
    /// Bytes that reads delivered. A local file handed over as an open file counts with the range that was asked for.
    pub bytes: u64,
}

/// The running totals behind [`Meter`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> Meter {
        Meter { requests: self.requests.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }

    fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn bytes(&self, n: u64) {
        self.bytes.fetch_add(n, Ordering::Relaxed);
    }
}

/// Counts the requests to `inner` and the bytes that come of them.
#[derive(Debug)]
pub(super) struct Metered {
    inner: Arc<dyn ObjectStore>,
    counters: Arc<Counters>,
}

impl Metered {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, counters: Arc<Counters>) -> Self {
        Self { inner, counters }
    }
}

impl fmt::Display for Metered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metered({})", self.inner)
    }
}

#[async_trait]
impl Reads for Metered {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.counters.request();
        let head = options.head;
        let mut result = self.inner.get_opts(location, options).await?;
        result.payload = match result.payload {
            GetResultPayload::Stream(stream) => {
                let counters = Arc::clone(&self.counters);
                let counted = stream.inspect(move |chunk| {
                    if let Ok(bytes) = chunk {
                        counters.bytes(bytes.len() as u64);
                    }
                });
                GetResultPayload::Stream(counted.boxed())
            }
            file @ GetResultPayload::File(..) => {
                if !head {
                    self.counters.bytes(result.range.end - result.range.start);
                }
                file
            }
        };
        Ok(result)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.counters.request();
        let parts = self.inner.get_ranges(location, ranges).await?;
        self.counters.bytes(parts.iter().map(|b| b.len() as u64).sum());
        Ok(parts)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.counters.request();
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.counters.request();
        self.inner.list_with_delimiter(prefix).await
    }
}
