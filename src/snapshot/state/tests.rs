//! What both kinds of state must keep to: one suite, run against a folder and against a bucket in memory. (The same over the real
//! protocol, with two processes, stands in `tests/it`.)

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use arrow::array::{ArrayRef, Int64Array};
use arrow::record_batch::RecordBatch;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;
use crate::error::Kind;
use crate::store::Writable;

/// A record without files.
pub(in crate::snapshot) fn record(id: &str) -> Record {
    Record {
        id: id.to_owned(),
        fingerprint: "f".to_owned(),
        layout: super::Rows::Written,
        local: false,
        sources: vec![Source { url: "u".to_owned(), identity: id.to_owned(), size: 1, sha256: String::new(), raw: None }],
        parts: Vec::new(),
        rows: 0,
        rows_read: 0,
        rejected_rows: None,
        rejects: 0,
        files_read: None,
        files_kept: None,
        created: chrono::Utc::now().to_rfc3339(),
        warnings: Vec::new(),
        drift: Vec::new(),
        read: Vec::new(),
        required: Vec::new(),
    }
}

/// After it nothing is in use any more in a bucket, and what nobody names is old.
const GRACE: Duration = Duration::from_millis(300);

/// One kind of state.
enum Kinds {
    Folder(tempfile::TempDir),
    Bucket(Arc<InMemory>, tempfile::TempDir),
}

impl Kinds {
    fn all() -> [Self; 2] {
        let temporary = || tempfile::tempdir().expect("a temporary folder");
        [Self::Folder(temporary()), Self::Bucket(Arc::default(), temporary())]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::Bucket(..) => "bucket",
        }
    }

    /// The state as one more process opens it.
    fn open(&self) -> Arc<dyn State> {
        match self {
            Self::Folder(dir) => Arc::new(Local::open(dir.path(), GRACE).expect("opens")),
            Self::Bucket(memory, cache) => Arc::new(
                Bucket::open("s3://b/p", at(Arc::clone(memory) as Arc<dyn ObjectStore>), cache.path(), GRACE).expect("opens"),
            ),
        }
    }

    /// All files below `snapshots` by their names, without locks and marks.
    fn files(&self) -> BTreeSet<String> {
        let all: Vec<String> = match self {
            Self::Folder(dir) => {
                let root = dir.path().join("snapshots");
                let files =
                    walkdir::WalkDir::new(&root).into_iter().map(|e| e.expect("is listed")).filter(|e| e.file_type().is_file());
                files.map(|e| e.path().strip_prefix(&root).expect("below").to_string_lossy().into_owned()).collect()
            }
            Self::Bucket(memory, _) => {
                use futures::TryStreamExt;
                let listed = memory.list(None).try_collect::<Vec<_>>();
                let listed = futures::executor::block_on(listed).expect("is listed");
                listed.into_iter().map(|m| m.location.as_ref().trim_start_matches("p/snapshots/").to_owned()).collect()
            }
        };
        all.into_iter().filter(|name| !name.split('/').any(|part| part.starts_with('.'))).collect()
    }

    /// A file below `snapshots`.
    fn bytes(&self, name: &str) -> Vec<u8> {
        match self {
            Self::Folder(dir) => std::fs::read(dir.path().join("snapshots").join(name)).expect("is read"),
            Self::Bucket(memory, _) => {
                let path = object_store::path::Path::from(format!("p/snapshots/{name}"));
                let got = futures::executor::block_on(async { memory.get(&path).await?.bytes().await });
                got.expect("is read").to_vec()
            }
        }
    }

    /// Writes over a file below `snapshots`.
    fn overwrite(&self, name: &str, bytes: &[u8]) {
        match self {
            Self::Folder(dir) => std::fs::write(dir.path().join("snapshots").join(name), bytes).expect("is written"),
            Self::Bucket(memory, _) => {
                let path = object_store::path::Path::from(format!("p/snapshots/{name}"));
                futures::executor::block_on(memory.put(&path, bytes.to_vec().into())).map(drop).expect("is written");
            }
        }
    }
}

/// The prefix `p` of a bucket.
pub(in crate::snapshot) fn at(store: Arc<dyn ObjectStore>) -> Writable {
    Writable { store, store_url: "s3://b/".to_owned(), prefix: object_store::path::Path::from("p") }
}

pub(in crate::snapshot) fn table() -> TablePath {
    TablePath::new("c", "s", "t")
}

/// Stages a snapshot of one part with these rows and a file beside it.
pub(in crate::snapshot) fn staged(state: &dyn State, id: &str, rows: i64) -> (Staging, Record) {
    let staging = state.stage().expect("stages");
    let bytes = write_part(&staging.snapshot().join("part-0.parquet"), rows);
    std::fs::write(staging.snapshot().join("rejects.ndjson"), id).expect("writes");
    let part = Part { file: "part-0.parquet".to_owned(), bytes, rows: rows.unsigned_abs(), of: None, e_tag: None };
    (staging, Record { parts: vec![part], rows: rows.unsigned_abs(), ..record(id) })
}

/// A Parquet file of one column; its size.
fn write_part(path: &Path, rows: i64) -> u64 {
    let column = Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("a", column)]).expect("one column");
    let file = std::fs::File::create(path).expect("a file");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("opens");
    writer.write(&batch).expect("writes");
    writer.close().expect("closes");
    path.metadata().expect("is there").len()
}

/// The table's turn, once nobody else has it.
fn turn(state: &dyn State) -> Turn {
    loop {
        match state.try_turn(&table()).expect("asks") {
            Some(turn) => return turn,
            None => std::thread::yield_now(),
        }
    }
}

fn publish(state: &dyn State, id: &str) -> Record {
    let (staging, record) = staged(state, id, 3);
    state.publish(&turn(state), staging, record).expect("is published")
}

fn ids(state: &dyn State) -> Vec<String> {
    let manifest = state.manifest(&table()).expect("reads").unwrap_or_default();
    manifest.snapshots.into_iter().map(|r| r.id).collect()
}

fn find(state: &dyn State, id: &str) -> Record {
    let manifest = state.manifest(&table()).expect("reads").expect("is there");
    manifest.snapshots.into_iter().find(|r| r.id == id).unwrap_or_else(|| panic!("{id} is not named"))
}

/// Takes out what is called so; what was removed.
fn remove(state: &dyn State, goes: &[&str]) -> Vec<String> {
    let turn = turn(state);
    let choose = |records: &[Record]| records.iter().map(|r| r.id.clone()).filter(|id| goes.contains(&id.as_str())).collect();
    let removed = state.remove(&turn, &choose).expect("removes");
    removed.into_iter().filter_map(|r| r.record.as_ref().map(|r| r.id.clone())).collect()
}

fn rows(opened: &Opened) -> u64 {
    match &opened.layout {
        Layout::Written(files) => files.iter().map(|f| f.rows).sum(),
        Layout::Stored(objects) => objects.len() as u64 * 3,
        Layout::Parquet(_) | Layout::Arrow(_) => panic!("it is written by us"),
    }
}

#[test]
fn what_is_staged_is_seen_when_published_and_gone_when_not() {
    for kind in Kinds::all() {
        let (state, other) = (kind.open(), kind.open());
        let (staging, record) = staged(&*state, "one", 3);
        let scratch = staging.scratch().to_owned();
        assert_eq!((other.manifest(&table()).expect("reads"), kind.files().len()), (None, 0), "{}", kind.name());
        state.publish(&turn(&*state), staging, record).expect("is published");
        assert!(!scratch.exists());
        let (given_up, _) = staged(&*state, "two", 3);
        drop(given_up);
        assert_eq!(ids(&*other), ["one"]);
        let files = kind.files().into_iter().collect::<Vec<_>>();
        assert_eq!(files, ["c/s/t/manifest.json", "c/s/t/one/part-0.parquet", "c/s/t/one/rejects.ndjson"], "{}", kind.name());
    }
}

#[test]
fn a_snapshot_is_opened_with_what_stands_beside_it() {
    for kind in Kinds::all() {
        let (state, other) = (kind.open(), kind.open());
        publish(&*state, "one");
        let opened = other.open(&table(), &find(&*other, "one")).expect("opens").expect("stands");
        assert_eq!((rows(&opened), opened.schema.fields().len()), (3, 1));
        let mut text = String::new();
        let mut rejects = opened.files.read("rejects.ndjson").expect("reads").expect("is there");
        rejects.read_to_string(&mut text).expect("reads");
        assert_eq!(text, "one");
        assert!(opened.files.read("profile.json").expect("reads").is_none(), "{}", kind.name());
    }
}

#[test]
fn damaged_parts_are_not_opened() {
    for kind in Kinds::all() {
        let state = kind.open();
        publish(&*state, "one");
        let whole = find(&*state, "one").parts[0].bytes;
        for damaged in [vec![0; usize::try_from(whole).expect("small") - 1], vec![0; usize::try_from(whole).expect("small")]] {
            kind.overwrite("c/s/t/one/part-0.parquet", &damaged);
            let opened = state.open(&table(), &find(&*state, "one")).expect("is no error");
            assert!(opened.is_none(), "{} with {} of {whole} bytes", kind.name(), damaged.len());
        }
        // Another of the same files takes its place.
        let (staging, record) = staged(&*state, "two", 3);
        let record = Record { sources: find(&*state, "one").sources, ..record };
        state.publish(&turn(&*state), staging, record).expect("is published");
        assert!(state.open(&table(), &find(&*state, "two")).expect("opens").is_some(), "{}", kind.name());
    }
}

#[test]
fn of_two_snapshots_of_the_same_files_the_first_stands() {
    for kind in Kinds::all() {
        let (state, other) = (kind.open(), kind.open());
        let (staging, record) = staged(&*other, "mine", 3);
        let theirs = publish(&*state, "theirs");
        let record = Record { sources: theirs.sources.clone(), ..record };
        let stands = other.publish(&turn(&*other), staging, record).expect("is published");
        assert_eq!((stands.id.as_str(), ids(&*state)), ("theirs", vec!["theirs".to_owned()]), "{}", kind.name());
        assert!(!kind.files().iter().any(|f| f.contains("mine")), "{:?}", kind.files());
        publish(&*other, "newer");
        // What was there before another came is not what is there now.
        let (staging, record) = staged(&*other, "again", 3);
        let record = Record { sources: theirs.sources, ..record };
        let stands = other.publish(&turn(&*other), staging, record).expect("is published");
        assert_eq!((stands.id.as_str(), ids(&*state).len()), ("again", 3), "{}", kind.name());
    }
}

#[test]
fn no_snapshot_is_lost_among_many_writers() {
    for kind in Kinds::all() {
        let processes: Vec<Arc<dyn State>> = (0..4).map(|_| kind.open()).collect();
        std::thread::scope(|scope| {
            for (p, state) in processes.iter().enumerate() {
                scope.spawn(move || {
                    for n in 0..6 {
                        publish(&**state, &format!("{p}-{n}"));
                    }
                });
            }
        });
        let (named, state) = (ids(&*processes[0]), &processes[0]);
        assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), 24, "{}: {named:?}", kind.name());
        for id in &named {
            assert!(state.open(&table(), &find(&**state, id)).expect("opens").is_some(), "{id}");
        }
        assert_eq!(kind.files().len(), 1 + 2 * 24);
    }
}

#[test]
fn what_is_removed_goes_with_its_files_but_never_the_newest() {
    for kind in Kinds::all() {
        let (state, other) = (kind.open(), kind.open());
        for id in ["a", "b", "c"] {
            publish(&*state, id);
        }
        assert_eq!(remove(&*other, &["a", "c"]), ["a"], "{}", kind.name());
        assert_eq!(ids(&*state), ["b", "c"]);
        std::thread::sleep(GRACE * 2);
        assert_eq!(remove(&*other, &[]), [""; 0]);
        let files = kind.files();
        assert!(!files.iter().any(|f| f.contains("/a/")) && files.iter().any(|f| f.contains("/b/")), "{files:?}");
        assert_eq!(remove(&*other, &["b", "c"]), ["b"]);
        assert_eq!(ids(&*state), ["c"]);
    }
}

/// In a folder as long as it is held, in a bucket for a grace.
#[test]
fn what_another_process_reads_stays() {
    for kind in Kinds::all() {
        let (reader, state) = (kind.open(), kind.open());
        publish(&*state, "a");
        let opened = reader.open(&table(), &find(&*reader, "a")).expect("opens").expect("stands");
        publish(&*state, "b");
        let stands = || kind.files().contains("c/s/t/a/part-0.parquet");
        let begun = Instant::now();
        remove(&*state, &["a"]);
        if begun.elapsed() < GRACE || kind.name() == "folder" {
            assert!(stands(), "{}", kind.name());
        }
        std::thread::sleep(GRACE * 2);
        remove(&*state, &["a"]);
        assert_eq!(stands(), kind.name() == "folder");
        drop(opened);
        remove(&*state, &["a"]);
        assert!(!stands(), "{}", kind.name());
    }
}

#[test]
fn what_nobody_names_goes_after_a_grace() {
    for kind in Kinds::all() {
        let state = kind.open();
        publish(&*state, "a");
        if let Kinds::Folder(dir) = &kind {
            std::fs::create_dir(dir.path().join("snapshots/c/s/t/killed")).expect("a folder");
        }
        kind.overwrite("c/s/t/killed/part-0.parquet", b"half");
        remove(&*state, &[]);
        assert!(kind.files().contains("c/s/t/killed/part-0.parquet"), "{}", kind.name());
        std::thread::sleep(GRACE * 2);
        remove(&*state, &[]);
        assert!(!kind.files().contains("c/s/t/killed/part-0.parquet"), "{}", kind.name());
        assert!(state.open(&table(), &find(&*state, "a")).expect("opens").is_some());
    }
}

#[test]
fn shared_parts_stay_as_long_as_one_snapshot_needs_them() {
    for kind in Kinds::all() {
        let state = kind.open();
        let a = publish(&*state, "a");
        let sharing = |id: &str| {
            let (staging, mut record) = staged(&*state, id, 3);
            record.parts.push(Part { of: Some("a".to_owned()), ..a.parts[0].clone() });
            (staging, record)
        };
        let (staging, record) = sharing("b");
        state.publish(&turn(&*state), staging, record).expect("is published");
        assert_eq!(remove(&*state, &["a"]), ["a"]);
        std::thread::sleep(GRACE * 2);
        remove(&*state, &[]);
        let opened = state.open(&table(), &find(&*state, "b")).expect("opens").expect("its parts stand");
        assert_eq!(rows(&opened), 6, "{}", kind.name());
        drop(opened);
        // What other hands took away, here cut, is not shared although it is named.
        let whole = kind.bytes("c/s/t/a/part-0.parquet");
        kind.overwrite("c/s/t/a/part-0.parquet", &whole[1..]);
        let (staging, record) = sharing("cut");
        let mine = turn(&*state);
        let refused = state.publish(&mine, staging, record).expect_err("its part is not whole");
        assert_eq!((refused.kind(), ids(&*state)), (Kind::SourceChanged, vec!["b".to_owned()]), "{}", kind.name());
        drop(mine);
        kind.overwrite("c/s/t/a/part-0.parquet", &whole);
        publish(&*state, "c");
        let begun = Instant::now();
        assert_eq!(remove(&*state, &["b"]), ["b"]);
        if kind.name() == "bucket" && begun.elapsed() < GRACE {
            // Who opened b before still reads the parts of a.
            assert!(kind.files().contains("c/s/t/a/part-0.parquet"), "{:?}", kind.files());
        }
        std::thread::sleep(GRACE * 2);
        remove(&*state, &[]);
        assert!(kind.files().iter().all(|f| f.contains("/c/") || f.ends_with("manifest.json")), "{:?}", kind.files());
        let (staging, record) = sharing("d");
        let refused = state.publish(&turn(&*state), staging, record).expect_err("a is gone");
        assert_eq!(refused.kind(), Kind::SourceChanged);
        assert_eq!(ids(&*state), ["c"]);
    }
}

#[test]
fn a_manifest_of_a_newer_version_is_refused_and_a_damaged_one_begun_anew() {
    for kind in Kinds::all() {
        let state = kind.open();
        publish(&*state, "a");
        kind.overwrite("c/s/t/manifest.json", br#"{"version": 2, "snapshots": []}"#);
        let (staging, record) = staged(&*state, "b", 3);
        let turn = turn(&*state);
        for refused in [state.manifest(&table()).map(drop), state.publish(&turn, staging, record).map(drop)] {
            assert_eq!(refused.map_err(|e| e.kind()), Err(Kind::Config), "{}", kind.name());
        }
        drop(turn);
        kind.overwrite("c/s/t/manifest.json", b"{");
        publish(&*state, "b");
        assert_eq!(ids(&*state), ["b"], "{}", kind.name());
    }
}
