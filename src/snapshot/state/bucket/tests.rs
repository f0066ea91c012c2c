//! Buckets that are not as they should be: without conditions, with answers that are lost, with writes that fail.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as StoreResult,
};

use super::*;
use crate::error::Kind;
use crate::snapshot::state::tests::{at, staged, table};

/// What a bucket does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Conditions are not looked at.
    TakesAll,
    /// `If-Match` is not looked at.
    TakesUpdates,
    /// Conditional writes are not known.
    KnowsNone,
    /// Of the puts of a manifest, the first is done, and its answer is lost.
    LosesAnswer,
    /// No manifest can be put.
    Fails,
}

#[derive(Debug)]
struct Faulty {
    memory: Arc<InMemory>,
    fault: Fault,
    manifests: AtomicUsize,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> StoreResult<PutResult> {
        let lost = || StoreError::Generic { store: "faulty", source: "the connection was reset".into() };
        let plain = options.mode == PutMode::Overwrite;
        let updates = matches!(options.mode, PutMode::Update(_));
        let is_manifest = location.as_ref().ends_with("manifest.json");
        match self.fault {
            Fault::KnowsNone if !plain => {
                return Err(StoreError::NotImplemented { operation: "conditional put".into(), implementer: "faulty".into() });
            }
            Fault::TakesAll => options.mode = PutMode::Overwrite,
            Fault::TakesUpdates if updates => options.mode = PutMode::Overwrite,
            Fault::Fails if is_manifest => return Err(lost()),
            Fault::LosesAnswer if is_manifest && self.manifests.fetch_add(1, Ordering::Relaxed) == 0 => {
                self.memory.put_opts(location, payload, options).await?;
                return Err(lost());
            }
            Fault::KnowsNone | Fault::TakesUpdates | Fault::Fails | Fault::LosesAnswer => {}
        }
        self.memory.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> StoreResult<Box<dyn MultipartUpload>> {
        self.memory.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> StoreResult<GetResult> {
        self.memory.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, StoreResult<Path>>) -> BoxStream<'static, StoreResult<Path>> {
        self.memory.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.memory.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        self.memory.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> StoreResult<()> {
        self.memory.copy_opts(from, to, options).await
    }
}

fn open(fault: Fault) -> (Result<Bucket>, Arc<InMemory>, tempfile::TempDir) {
    let (memory, cache) = (Arc::<InMemory>::default(), tempfile::tempdir().expect("a temporary folder"));
    let store = Arc::new(Faulty { memory: Arc::clone(&memory), fault, manifests: AtomicUsize::new(0) });
    (Bucket::open("s3://b/p", at(store), cache.path(), Duration::from_secs(3600)), memory, cache)
}

fn keys(memory: &InMemory) -> Vec<String> {
    use futures::TryStreamExt;
    let listed = futures::executor::block_on(memory.list(None).try_collect::<Vec<_>>()).expect("is listed");
    listed.into_iter().map(|m| m.location.to_string()).collect()
}

#[test]
fn a_bucket_without_conditions_is_refused() {
    for (fault, condition) in
        [(Fault::TakesAll, "If-None-Match"), (Fault::TakesUpdates, "If-Match"), (Fault::KnowsNone, "If-None-Match")]
    {
        let (opened, memory, _cache) = open(fault);
        let error = opened.expect_err("it is of no use");
        let said = format!("the bucket of s3://b/p does not keep to {condition} on writes");
        assert_eq!((error.kind(), error.message()), (Kind::Config, said.as_str()), "{fault:?}");
        assert_eq!(keys(&memory), [""; 0], "nothing is left");
    }
}

#[test]
fn a_manifest_whose_answer_was_lost_is_written_once() {
    let (opened, memory, _cache) = open(Fault::LosesAnswer);
    let bucket = opened.expect("opens");
    for id in ["one", "two"] {
        let (staging, record) = staged(&bucket, id, 3);
        let stands =
            bucket.publish(&bucket.try_turn(&table()).expect("asks").expect("a turn"), staging, record).expect("is published");
        assert_eq!(stands.id, id);
    }
    let manifest = bucket.manifest(&table()).expect("reads").expect("is there");
    assert_eq!(manifest.snapshots.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(keys(&memory).len(), 5);
}

#[test]
fn what_can_not_be_named_is_an_error() {
    let (opened, _memory, _cache) = open(Fault::Fails);
    let bucket = opened.expect("opens");
    let (staging, record) = staged(&bucket, "one", 3);
    let error =
        bucket.publish(&bucket.try_turn(&table()).expect("asks").expect("a turn"), staging, record).expect_err("it is not named");
    assert_eq!(error.kind(), Kind::Io);
    assert!(error.message().starts_with("the state s3://b/p can't be used: "), "{error}");
    assert_eq!(bucket.manifest(&table()).expect("reads"), None);
}

#[test]
fn large_files_go_in_chunks() {
    let (opened, memory, cache) = open(Fault::LosesAnswer);
    let bucket = opened.expect("opens");
    let large: Vec<u8> = (0..20_000_000_u32).map(|i| (i % 251) as u8).collect();
    std::fs::create_dir(cache.path().join("up"))
        .and_then(|()| std::fs::write(cache.path().join("up/large"), &large))
        .expect("a file");
    let from = cache.path().join("up");
    let uploaded = bucket.wait(|shared| async move { shared.upload(&Path::from("q"), &from).await }).expect("is uploaded");
    assert_eq!(uploaded.keys().collect::<Vec<_>>(), ["large"]);
    let got = futures::executor::block_on(async {
        memory.get_opts(&Path::from("q/large"), GetOptions::default()).await?.bytes().await
    });
    assert!(got.expect("is there") == large);
}
