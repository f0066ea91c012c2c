//! The whole way from published files to snapshots: small files here, real ones in `published`.

mod archives;
mod columnar;
mod lifecycle;
mod nontext;
mod ordered;
mod profiles;
mod published;
mod refresh;
mod texts;
mod touches;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use async_trait::async_trait;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::make::{Maker, Sources};
use super::touch::Touches;
use super::*;
use crate::descriptor::{Column, ColumnKind, Dataset, Distribution, FieldsMatch, Format, Schema};
use crate::error::{Error, Kind};
use crate::store::source_error;

/// Files of this machine by path, and objects in memory by `mem://` URL; a path may end in `*.csv`.
struct Shelf {
    memory: Arc<InMemory>,
    asked: AtomicUsize,
    reachable: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Sources for Shelf {
    async fn resolve_all(&self, urls: &[String]) -> Result<Vec<Object>> {
        let mut all = Vec::new();
        for url in urls {
            all.extend(self.resolve(url).await?);
        }
        Ok(all)
    }
}

impl Shelf {
    async fn resolve(&self, url: &str) -> Result<Vec<Object>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if !self.reachable.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::SourceUnreachable, format!("{url} can't be reached")));
        }
        if let Some(key) = url.strip_prefix("mem://") {
            let path = object_store::path::Path::from(key);
            let meta = self.memory.head(&path).await.map_err(|e| source_error(url, e))?;
            let store = Arc::clone(&self.memory) as Arc<dyn ObjectStore>;
            return Ok(vec![Object { url: url.to_owned(), store_url: "mem:///".to_owned(), store, meta }]);
        }
        let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new());
        let mut paths = vec![PathBuf::from(url)];
        if let Some(folder) = url.strip_suffix("*.csv") {
            paths = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<std::io::Result<_>>()?;
            paths.sort();
        }
        let mut objects = Vec::new();
        for path in paths {
            let location = object_store::path::Path::from_absolute_path(&path)
                .map_err(|e| Error::new(Kind::SourceMissing, e.to_string()))?;
            let meta = store.head(&location).await.map_err(|e| source_error(&path.to_string_lossy(), e))?;
            let url = path.to_string_lossy().into_owned();
            objects.push(Object { url, store_url: "file:///".to_owned(), store: Arc::clone(&store), meta });
        }
        Ok(objects)
    }
}

struct Bench {
    state: tempfile::TempDir,
    shelf: Arc<Shelf>,
    snapshots: Snapshots,
    events: Arc<Mutex<Vec<ProgressEvent>>>,
}

fn options(state: &Path) -> Options {
    Options {
        revalidate: Duration::ZERO,
        max_file_bytes: 1 << 30,
        profile: false,
        grace: Duration::from_secs(600),
        ..Options::new(state.to_owned())
    }
}

fn open(state: &Path, shelf: &Arc<Shelf>) -> Snapshots {
    over(shelf, options(state))
}

/// Snapshots with these options in the state folder that they name.
fn over<S: Sources + 'static>(sources: &Arc<S>, options: Options) -> Snapshots {
    let state = state::Local::open(&options.cache, options.grace).expect("the state folder is ours");
    Snapshots { touches: Touches::new(Maker::new(Arc::clone(sources) as Arc<dyn Sources>, Arc::new(state), options)) }
}

impl Bench {
    fn new() -> Self {
        let state = tempfile::tempdir().expect("a temporary folder");
        let shelf = Arc::new(Shelf {
            memory: Arc::default(),
            asked: AtomicUsize::new(0),
            reachable: std::sync::atomic::AtomicBool::new(true),
        });
        Self { snapshots: open(state.path(), &shelf), state, shelf, events: Arc::default() }
    }

    /// The same, opened anew with other options.
    fn reopened(self, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = options(self.state.path());
        change(&mut options);
        Self { snapshots: over(&self.shelf, options), ..self }
    }

    async fn put(&self, name: &str, bytes: &[u8]) {
        let payload = PutPayload::from(bytes.to_vec());
        self.shelf.memory.put(&object_store::path::Path::from(name), payload).await.expect("memory takes it");
    }

    async fn touch(&self, distribution: &Distribution) -> Result<Arc<Snapshot>> {
        let events = Arc::clone(&self.events);
        let progress: Progress = Arc::new(move |e| events.lock().expect("no panic").push(e));
        self.snapshots.current(&entry(distribution.clone()), Some(progress)).await
    }

    fn warnings(&self) -> Vec<String> {
        let events = self.events.lock().expect("no panic");
        events
            .iter()
            .filter_map(|e| match e {
                ProgressEvent::Warning { message, .. } => Some(message.clone()),
                ProgressEvent::Started { .. } | ProgressEvent::Read { .. } | ProgressEvent::Finished { .. } => None,
            })
            .collect()
    }

    /// Snapshots begun so far.
    fn reads(&self) -> usize {
        let events = self.events.lock().expect("no panic");
        events.iter().filter(|e| matches!(e, ProgressEvent::Started { .. })).count()
    }
}

fn entry(distribution: Distribution) -> TableEntry {
    let dataset = Dataset { distributions: vec![distribution], ..Dataset::default() };
    TableEntry {
        oid: 16384,
        catalog: "c".into(),
        schema: "s".into(),
        name: "t".into(),
        descriptor: String::new(),
        dataset: Arc::new(dataset),
        distribution: 0,
        columns: None,
        rows: None,
    }
}

/// A file of the shared data; `None` where that is not at hand.
fn shared(path: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").canonicalize().ok()?;
    Some(root.join(path).to_string_lossy().into_owned())
}

fn csv(path: impl Into<String>) -> Distribution {
    Distribution { paths: vec![path.into()], format: Some(Format::Csv), ..Distribution::default() }
}

fn rows(snapshot: &Snapshot) -> Vec<RecordBatch> {
    let Layout::Written(parts) = &snapshot.layout else { return Vec::new() };
    let mut out = Vec::new();
    for part in parts {
        let file = std::fs::File::open(&part.path).expect("the part stands");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build()).expect("the part is Parquet");
        out.extend(reader.map(|b| b.expect("the part is sound")));
    }
    out
}

/// The columns as `name type`, and each row's values, one string a row.
fn show(snapshot: &Snapshot) -> Vec<String> {
    let shown = |f: &&arrow::datatypes::FieldRef| !f.metadata().contains_key(field_key::HIDDEN);
    let fields: Vec<_> = snapshot.schema.fields().iter().filter(shown).collect();
    let header: Vec<String> = fields.iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    let mut out = vec![header.join(", ")];
    for batch in rows(snapshot) {
        for row in 0..batch.num_rows() {
            let value = |c: &arrow::array::ArrayRef| {
                if c.is_null(row) { "NULL".to_owned() } else { array_value_to_string(c, row).expect("shows") }
            };
            out.push(batch.columns()[..fields.len()].iter().map(value).collect::<Vec<_>>().join("|"));
        }
    }
    out
}

/// The number of NULLs in a column, and its type.
fn column(snapshot: &Snapshot, name: &str) -> (String, usize) {
    let nulls = rows(snapshot).iter().map(|b| b.column_by_name(name).expect(name).null_count()).sum();
    (snapshot.schema.field_with_name(name).expect(name).data_type().to_string(), nulls)
}

#[tokio::test]
async fn small_files() {
    let typed = |columns: &[(&str, ColumnKind)], fields_match| Distribution {
        schema: Schema {
            columns: columns.iter().map(|(n, k)| Column { name: (*n).into(), kind: *k, ..Column::default() }).collect(),
            fields_match,
            ..Schema::default()
        },
        ..csv("mem://t.csv")
    };
    let int = ("a", ColumnKind::Integer);
    let date = ("z", ColumnKind::Date);
    for (distribution, text, want) in [
        (csv("mem://t.csv"), "a,b\n1,x\n,y\n", &["a Int64, b Utf8View", "1|x", "NULL|y"][..]),
        (csv("mem://t.csv"), "a,b\n", &["a Utf8View, b Utf8View"]),
        (csv("mem://t.csv"), "a;b\n1;\n", &["a Int64, b Utf8View", "1|NULL"]),
        (typed(&[int], FieldsMatch::Exact), "a,b\nx,1\n", &["a Int64, b Int64", "NULL|1"]),
        (typed(&[int, date], FieldsMatch::Partial), "a\n1\n", &["a Int64, z Date32", "1|NULL"]),
        (typed(&[int, date], FieldsMatch::Exact), "a,y\n1,2\n", &["the declared column z is not in mem://t.csv"]),
        (csv("mem://t.csv"), "", &["mem://t.csv is empty"]),
        (
            Distribution { encoding: Some("klingon".into()), ..csv("mem://t.csv") },
            "a\n",
            &["mem://t.csv: \"klingon\" is not a known encoding"],
        ),
        (csv("mem://absent.csv"), "a\n", &["mem://absent.csv does not exist"]),
    ] {
        let bench = Bench::new();
        bench.put("t.csv", text.as_bytes()).await;
        let got = match bench.touch(&distribution).await {
            Ok(snapshot) => show(&snapshot),
            Err(e) => vec![e.to_string().split(": Object").next().unwrap_or_default().to_owned()],
        };
        assert_eq!(got, want, "{text:?}");
        let left = std::fs::read_dir(bench.state.path().join("snapshots/.staging")).expect("lists").count();
        assert_eq!(left, 0, "nothing is left of {text:?}");
    }
}

#[tokio::test]
async fn rejects_are_counted_and_kept() {
    let bench = Bench::new();
    bench.put("t.csv", b"a,b\n1,x\nz,\xa9\n2\n1,2,3\n\"4\n5\",y\n").await;
    let mut distribution = csv("mem://t.csv");
    distribution.encoding = Some("utf-8".into());
    distribution.schema.columns = vec![
        Column { name: "a".into(), kind: ColumnKind::Integer, ..Column::default() },
        Column { name: "b".into(), title: Some("Bee".into()), unit: Some("µg".into()), ..Column::default() },
    ];
    let snapshot = bench.touch(&distribution).await.expect("is read");
    assert_eq!((snapshot.rows, snapshot.rows_read, snapshot.rejects), (4, 5, 5));
    assert_eq!(show(&snapshot), ["a Int64, b Utf8View", "1|x", "NULL|NULL", "2|NULL", "NULL|y"]);
    let rejects = bench.snapshots.rejects(&snapshot).expect("are kept").map(|r| r.expect("can be read"));
    let shown: Vec<String> =
        rejects.map(|r| format!("{} {} {}", r.line, r.column.as_deref().unwrap_or("row"), r.reason)).collect();
    assert_eq!(
        shown,
        [
            "3 a is not an integer",
            "3 b byte 10 of the file (\\xA9) is not UTF-8",
            "4 b the row has 1 fields",
            "5 row the row has 3 fields",
            "6 a is not an integer",
        ]
    );
    let metadata = snapshot.schema.field(1).metadata();
    assert_eq!(metadata.get(field_key::COMMENT).map(String::as_str), Some("Bee [µg]"));
}

#[tokio::test]
async fn a_snapshot_serves_until_its_source_changes() {
    let bench = Bench::new();
    let distribution = csv("mem://t.csv");
    bench.put("t.csv", b"a\n1\n").await;
    let first = bench.touch(&distribution).await.expect("is read");
    let again = bench.touch(&distribution).await.expect("is known");
    assert_eq!((first.id == again.id, bench.reads()), (true, 1));

    let restarted = open(bench.state.path(), &bench.shelf);
    let table = entry(distribution.clone());
    assert_eq!(restarted.last(&table).expect("reads").map(|s| s.id.clone()), Some(first.id.clone()));
    assert_eq!(restarted.current(&table, None).await.expect("is known").id, first.id);

    bench.put("t.csv", b"a\n1\n2\n").await;
    let second = bench.touch(&distribution).await.expect("is read anew");
    assert_eq!((second.id == first.id, second.rows, bench.reads()), (false, 2, 2));

    let mut declared = distribution.clone();
    declared.schema.missing_values = Some(vec![crate::descriptor::MissingValue { value: "1".into(), label: None }]);
    let third = bench.touch(&declared).await.expect("is read by another descriptor");
    assert_eq!(show(&third), ["a Int64", "NULL", "2"]);

    bench.put("t.csv", b"").await;
    let stale = bench.touch(&declared).await.expect("the last good one is served");
    assert_eq!(stale.id, third.id);
    let message = bench.snapshots.stale(&entry(declared.clone())).expect("is stale").message;
    assert_eq!(message, "mem://t.csv is empty");
    bench.shelf.reachable.store(false, Ordering::Relaxed);
    let stale = bench.touch(&declared).await.expect("the last good one is served");
    assert_eq!(stale.id, third.id);
    let table = entry(declared);
    let message = bench.snapshots.stale(&table).expect("is stale").message;
    assert!(message.starts_with("mem://t.csv can't be reached"), "{message}");
    let e = restarted.current(&entry(csv("mem://other.csv")), None).await.map(|s| s.rows).unwrap_err();
    assert_eq!(e.kind(), Kind::SourceUnreachable);
}

#[tokio::test]
async fn a_guessed_encoding_is_announced() {
    let text = encoding_rs::GB18030.encode("省份,城市\n湖北省,武汉市\n报道时间,新增确诊\n").0.into_owned();
    for (label, text, want) in [
        (
            None,
            text.as_slice(),
            "mem://t.csv declares no encoding and is not UTF-8: it is read as gb18030, a guess; declare \"encoding\": \"gb18030\" to \
             keep it, or the right one",
        ),
        (Some("gb18030"), &text, ""),
        (None, "é\n1\n".as_bytes(), ""),
    ] {
        let bench = Bench::new();
        bench.put("t.csv", text).await;
        bench.touch(&Distribution { encoding: label.map(str::to_owned), ..csv("mem://t.csv") }).await.expect("is read");
        assert_eq!(bench.warnings().join("; "), want, "{label:?}");
    }
}

#[tokio::test]
async fn old_snapshots_are_removed_and_those_in_use_stay() {
    let bench = Bench::new().reopened(|o| o.retention.keep = 2);
    let mut held = Vec::new();
    let mut folders = Vec::new();
    for n in 0..5 {
        bench.put("t.csv", format!("a\n{}", "1\n".repeat(n + 1)).as_bytes()).await;
        let snapshot = bench.touch(&csv("mem://t.csv")).await.expect("is read");
        let Layout::Written(parts) = &snapshot.layout else { panic!("text is written") };
        folders.push(parts[0].path.parent().expect("a folder").to_owned());
        held.extend((n == 1).then_some(snapshot));
    }
    let stand: Vec<bool> = folders.iter().map(|f| f.exists()).collect();
    assert_eq!(stand, [false, true, false, true, true]);
    assert_eq!(show(&held[0]), ["a Int64", "1", "1"]);
    held.clear();
    bench.put("t.csv", b"a\n7\n").await;
    bench.touch(&csv("mem://t.csv")).await.expect("is read");
    assert!(!folders[1].exists());
}

#[tokio::test]
async fn an_object_replaced_after_its_look_up_is_not_read() {
    let bench = Bench::new();
    let name = object_store::path::Path::from("t.parquet");
    let file = |rows: i64| {
        let column = Arc::new(arrow::array::Int64Array::from_iter_values(0..rows)) as arrow::array::ArrayRef;
        let batch = RecordBatch::try_from_iter([("a", column)]).expect("one column");
        let mut out = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None).expect("opens");
        writer.write(&batch).and_then(|()| writer.close()).expect("writes to memory");
        out
    };
    bench.put("t.parquet", &file(1)).await;
    let found = bench.shelf.resolve("mem://t.parquet").await.expect("is there");
    assert_eq!(inplace::parquet(&found).await.expect("is Parquet").1, 1);
    bench.shelf.memory.put(&name, PutPayload::from(file(2))).await.expect("memory takes it");
    let spool = bench.state.path().join("spool");
    for e in [
        inplace::parquet(&found).await.expect_err("another version"),
        fetch::fetch(&found[0], &spool, |_| {}).await.expect_err("another version"),
    ] {
        assert_eq!((e.kind(), e.message()), (Kind::SourceChanged, "mem://t.parquet changed while it was read"));
    }
}

#[tokio::test]
async fn a_parquet_footer_is_not_believed() {
    let bench = Bench::new();
    for claimed in [0x7fff_ffff_u32, 0xffff_ffff, 100] {
        bench.put("t.parquet", &[b"PAR1".as_slice(), &[0; 16], &claimed.to_le_bytes(), b"PAR1"].concat()).await;
        let e =
            bench.touch(&Distribution { format: Some(Format::Parquet), ..csv("mem://t.parquet") }).await.expect_err("nonsense");
        assert_eq!(e.kind(), Kind::SourceInvalid);
    }
}
