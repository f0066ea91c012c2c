//! Published objects as scans name them: their stores under URLs of their own, with reads pinned to the listed versions, as long as a
//! snapshot is read through them. How they are scanned is not known here.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use chrono::DateTime;
use datafusion::catalog::Session;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use object_store::ObjectMeta;

use crate::error::{Error, Kind};
use crate::snapshot::Snapshot;
use crate::store::{Object, pinned};

/// What is registered, by whom it is read. DataFusion keeps a store until it is told to let go of it.
static REGISTERED: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

/// A store under a URL of its own, read for one snapshot; another of the same objects may be read through it too.
struct Registered {
    snapshot: Weak<Snapshot>,
    runtime: Weak<RuntimeEnv>,
    url: ObjectStoreUrl,
}

/// Makes the store behind a snapshot's published objects known under a URL of its own, until nobody holds the snapshot: who runs a plan
/// over it does. Stores of snapshots that are gone are let go of.
pub(super) fn register(state: &dyn Session, snapshot: &Arc<Snapshot>, objects: &[Object]) -> Result<ObjectStoreUrl> {
    let url = ObjectStoreUrl::parse(format!("stoa-pinned-{:016x}://objects", fingerprint(objects)))?;
    let runtime = state.runtime_env();
    let of_this = |r: &Registered| r.url == url && std::ptr::eq(r.runtime.as_ptr(), Arc::as_ptr(runtime));
    let mut all = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if all.iter().any(|r| std::ptr::eq(r.snapshot.as_ptr(), Arc::as_ptr(snapshot)) && of_this(r)) {
        return Ok(url);
    }
    if !all.iter().any(of_this) {
        let store = pinned(objects).ok_or_else(|| {
            let urls: Vec<&str> = objects.iter().map(|o| o.url.as_str()).collect();
            let e = Error::new(Kind::Unsupported, format!("one table's files stand in several stores: {}", urls.join(", ")));
            DataFusionError::External(Box::new(e.with_hint("Publish them as distributions of their own.")))
        })?;
        runtime.register_object_store(url.as_ref(), store);
    }
    all.push(Registered { snapshot: Arc::downgrade(snapshot), runtime: Arc::downgrade(runtime), url: url.clone() });
    let gone: Vec<Registered> = all.extract_if(.., |r| r.snapshot.strong_count() == 0).collect();
    for one in gone {
        let is_read = all.iter().any(|r| r.url == one.url && r.runtime.ptr_eq(&one.runtime));
        if let Some(runtime) = one.runtime.upgrade().filter(|_| !is_read) {
            // One that is not there any more is what is wanted.
            let _ = runtime.deregister_object_store(one.url.as_ref());
        }
    }
    Ok(url)
}

/// The object's meta with a time of its version: DataFusion keeps footers by location, size and time, and neither an ETag nor the
/// store is among them.
pub(super) fn versioned_meta(object: &Object) -> ObjectMeta {
    let seconds = i64::try_from(fingerprint(std::slice::from_ref(object)) >> 32).expect("32 bits fit");
    ObjectMeta { last_modified: DateTime::from_timestamp(seconds, 0).unwrap_or_default(), ..object.meta.clone() }
}

/// Different for other stores and other versions.
fn fingerprint(objects: &[Object]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for object in objects {
        (&object.store_url, object.meta.location.as_ref(), object.identity()).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow::array::{ArrayRef, Int64Array};
    use arrow::record_batch::RecordBatch;
    use datafusion::prelude::SessionContext;
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::catalog::TableEntry;
    use crate::descriptor::{Dataset, Distribution, Format};
    use crate::snapshot::{Layout, Options, Snapshots};
    use crate::store::{self, Stores};

    fn publish(path: &Path, rows: i64) {
        let ids = Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("id", ids)]).expect("a column");
        let file = std::fs::File::create(path).expect("is made");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("opens");
        writer.write(&batch).and_then(|()| writer.close()).expect("writes");
    }

    #[tokio::test]
    async fn a_store_stays_as_long_as_a_snapshot_is_held() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("t.parquet");
        let stores = Arc::new(Stores::new(store::Options::default()).expect("no settings are needed"));
        let snapshots = Snapshots::open(stores, Options::new(folder.path().join("state"))).expect("opens");
        let paths = vec![path.to_string_lossy().into_owned()];
        let distributions = vec![Distribution { paths, format: Some(Format::Parquet), ..Distribution::default() }];
        let table = TableEntry {
            oid: 16384,
            catalog: "c".to_owned(),
            schema: "s".to_owned(),
            name: "t".to_owned(),
            descriptor: String::new(),
            dataset: Arc::new(Dataset { distributions, ..Dataset::default() }),
            distribution: 0,
            columns: None,
            rows: None,
        };
        let state = SessionContext::new().state();
        let is_there = |url: &ObjectStoreUrl| state.runtime_env().object_store(url).is_ok();
        let mut of_versions = Vec::new();
        for rows in 1..=4 {
            publish(&path, rows);
            let snapshot = snapshots.current(&table, None).await.expect("is read");
            let Layout::Parquet(objects) = &snapshot.layout else { panic!("it is scanned in place") };
            let url = register(&state, &snapshot, objects).expect("is registered");
            assert_eq!(register(&state, &snapshot, objects).expect("is registered").as_str(), url.as_str());
            // The second one is read for longer.
            of_versions.push((url, (rows == 2).then_some(snapshot)));
        }
        let there: Vec<bool> = of_versions.iter().map(|(url, _)| is_there(url)).collect();
        assert_eq!(there, [false, true, false, true]);
    }
}
