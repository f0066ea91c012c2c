//! The whole way from published files to snapshots, over real ones.

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
use crate::descriptor::{Column, ColumnKind, Dataset, Dialect, Distribution, FieldsMatch, Format, Schema};
use crate::error::{Error, Kind};

/// Files of this machine by path, and objects in memory by `mem://` URL; a path may end in `*.csv`.
struct Shelf {
    memory: Arc<InMemory>,
    asked: AtomicUsize,
    reachable: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Sources for Shelf {
    async fn resolve(&self, url: &str) -> Result<Vec<Object>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if !self.reachable.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::SourceUnreachable, format!("{url} can't be reached")));
        }
        if let Some(key) = url.strip_prefix("mem://") {
            let path = object_store::path::Path::from(key);
            let meta = self.memory.head(&path).await.map_err(|e| fetch::store_error(url, e))?;
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
            let meta = store.head(&location).await.map_err(|e| fetch::store_error(&path.to_string_lossy(), e))?;
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
        state: state.to_owned(),
        revalidate: Duration::ZERO,
        max_file_bytes: 1 << 30,
        max_columns: 10_000,
        max_field_bytes: 16 << 20,
    }
}

fn open(state: &Path, shelf: &Arc<Shelf>) -> Snapshots {
    let maker = Maker::open(Arc::clone(shelf) as Arc<dyn Sources>, options(state)).expect("the state folder is ours");
    Snapshots { touches: Touches::new(maker) }
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
    let header: Vec<String> = snapshot.schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    let mut out = vec![header.join(", ")];
    for batch in rows(snapshot) {
        for row in 0..batch.num_rows() {
            let value = |c: &arrow::array::ArrayRef| {
                if c.is_null(row) { "NULL".to_owned() } else { array_value_to_string(c, row).expect("shows") }
            };
            out.push(batch.columns().iter().map(value).collect::<Vec<_>>().join("|"));
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
async fn real_files_have_the_rows_that_they_were_counted_to_have() {
    for (path, dialect, want, rejects) in [
        ("transport/ourairports/airports.csv.gz", None, 74_592, 0),
        ("transport/ourairports/countries.csv", None, 249, 0),
        ("transport/nyc/MTA_Daily_Ridership.csv", None, 1706, 0),
        ("transport/ports/UpdatedPub150.csv", None, 3768, 0),
        ("health/china-839studio/data.csv", None, 27_424, 0),
        ("environment/china-pm25/BeijingPM20100101_20151231.csv", None, 52_584, 0),
        ("environment/airnow/reportingarea.dat", None, 6348, 0),
        ("transport/openflights/airports.dat", None, 7698, 0),
        ("transport/openflights/routes.dat", None, 67_663, 0),
        ("transport/yaizu/交通事故_2019/222127_traffic_accident_2019.csv", None, 907, 0),
        ("reference/country-codes.csv", None, 249, 0),
        ("nasty/frictionless/wide.csv", None, 3, 0),
    ] as [(&str, Option<Dialect>, u64, u64); 12]
    {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let distribution = Distribution { dialect: dialect.unwrap_or_default(), ..csv(&path) };
        let snapshot = bench.touch(&distribution).await.unwrap_or_else(|e| panic!("{path}: {e} {:?}", e.detail()));
        assert_eq!((snapshot.rows, snapshot.rows_read, snapshot.rejects), (want, want, rejects), "{path}");
    }
}

#[tokio::test]
async fn the_known_traps_of_real_files() {
    for (path, name, want) in [
        ("transport/ourairports/airports.csv.gz", "continent", ("Utf8View", 0)),
        ("transport/ourairports/airports.csv.gz", "scheduled_service", ("Utf8View", 0)),
        ("reference/country-codes.csv", "ISO3166-1-Alpha-2", ("Utf8View", 0)),
        ("transport/nyc/MTA_Daily_Ridership.csv", "Subways: % of Comparable Pre-Pandemic Day", ("Int64", 0)),
        ("environment/china-pm25/BeijingPM20100101_20151231.csv", "PM_US Post", ("Int64", 2197)),
        ("health/china-839studio/data.csv", "报道时间", ("Utf8View", 0)),
        ("nasty/frictionless/leading-zeros.csv", "value", ("Utf8View", 0)),
    ] {
        let Some(path) = shared(path) else { return };
        let snapshot = Bench::new().touch(&csv(&path)).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        let (data_type, nulls) = column(&snapshot, name);
        assert_eq!((data_type.as_str(), nulls), want, "{path} {name}");
    }
}
