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
use crate::descriptor::{Column, ColumnKind, Dataset, Distribution, FieldsMatch, Format, Schema};
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
    for (path, format, want) in [
        ("transport/ourairports/airports.csv.gz", Format::Csv, 74_592),
        ("transport/ourairports/countries.csv", Format::Csv, 249),
        ("transport/nyc/MTA_Daily_Ridership.csv", Format::Csv, 1706),
        ("transport/ports/UpdatedPub150.csv", Format::Csv, 3768),
        ("health/china-839studio/data.csv", Format::Csv, 27_424),
        ("environment/china-pm25/BeijingPM20100101_20151231.csv", Format::Csv, 52_584),
        ("environment/airnow/reportingarea.dat", Format::Csv, 6348),
        ("transport/openflights/airports.dat", Format::Csv, 7698),
        ("transport/openflights/routes.dat", Format::Csv, 67_663),
        ("transport/yaizu/交通事故_2019/222127_traffic_accident_2019.csv", Format::Csv, 907),
        ("reference/country-codes.csv", Format::Csv, 249),
        ("health/owid/COVID-2019 - Hospital & ICU/COVID-2019 - Hospital & ICU.csv", Format::Csv, 11_226),
        ("nasty/frictionless/wide.csv", Format::Csv, 3),
        ("transport/flights/flights-10k.json", Format::Json, 10_000),
        ("health/china-canghailan/Data/2020-02-01.csv", Format::Csv, 453),
        ("health/china-canghailan/Data/2020-02-01.json", Format::Json, 453),
        ("catalog/data.json/cms.json", Format::Json, 139),
        ("transport/nyc/taxi_zones.geojson", Format::GeoJson, 263),
        ("environment/earthquakes/earthquakes.json", Format::Json, 1707),
        ("reference/china/geojson-province/11.json", Format::Json, 18),
        ("nasty/frictionless/table.jsonl", Format::NdJson, 2),
    ] {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let snapshot = bench
            .touch(&Distribution { format: Some(format), ..csv(&path) })
            .await
            .unwrap_or_else(|e| panic!("{path}: {e} {:?}", e.detail()));
        assert_eq!((snapshot.rows, snapshot.rows_read, snapshot.rejects), (want, want, 0), "{path}");
    }
}

#[tokio::test]
async fn the_known_traps_of_real_files() {
    for (path, name, want, nulls) in [
        ("transport/ourairports/airports.csv.gz", "continent", "Utf8View", 0),
        ("reference/country-codes.csv", "ISO3166-1-Alpha-2", "Utf8View", 0),
        ("transport/nyc/MTA_Daily_Ridership.csv", "Date", "Date32", 0),
        ("transport/nyc/MTA_Daily_Ridership.csv", "Subways: % of Comparable Pre-Pandemic Day", "Int64", 0),
        ("environment/china-pm25/BeijingPM20100101_20151231.csv", "PM_US Post", "Int64", 2197),
        ("transport/ports/UpdatedPub150.csv", "Standard Nautical Chart", "Utf8View", 0),
        ("transport/ports/UpdatedPub150.csv", "Latitude", "Float64", 0),
        ("health/china-839studio/data.csv", "报道时间", "Utf8View", 0),
        ("environment/earthquakes/earthquakes.json", "geometry", "Utf8View", 0),
        ("catalog/data.json/cms.json", "bureauCode", "Utf8View", 0),
        ("transport/flights/flights-10k.json", "date", "Timestamp(µs)", 0),
        ("environment/nycflights13/weather.csv", "time_hour", "Timestamp(µs, \"UTC\")", 0),
    ] {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let distribution = Distribution { format: None, ..csv(&path) };
        let snapshot = bench.touch(&distribution).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        let (data_type, found) = column(&snapshot, name);
        assert_eq!((data_type.as_str(), found), (want, nulls), "{path} {name}");
    }
}

#[tokio::test]
async fn nasty_files() {
    let kind = |e: Error| format!("{:?}", e.kind());
    for (path, want) in [
        ("csvkit/Datagov_FY10_EDU_recp_by_State.csv", "55 rows, 2 rejects, \"State Name\" Utf8View"),
        ("csvkit/bad.csv", "2 rows, 2 rejects, \"column_a\" Int64"),
        ("csvkit/mac_newlines.csv", "2 rows, 0 rejects, \"a\" Utf8View"),
        ("csvkit/ne_1033_data.xlsx", "SourceInvalid"),
        ("csvkit/test_utf16_big.csv", "2 rows, 0 rejects, \"a\" Int64"),
        ("frictionless/blank-headers.csv", "2 rows, 0 rejects, \"id\" Int64"),
        ("frictionless/bom.csv", "2 rows, 0 rejects, \"id\" Int64"),
        ("frictionless/countries.csv", "4 rows, 2 rejects, \"id\" Int64"),
        ("frictionless/empty.csv", "SourceInvalid"),
        ("frictionless/implicit-gz.csv", "2 rows, 0 rejects, \"id\" Int64"),
        ("frictionless/implicit-zip.csv", "2 rows, 0 rejects, \"id\" Int64"),
        ("frictionless/issue-647.csv.txt", "882 rows, 0 rejects, \"n_amenageur\" Utf8View"),
        ("frictionless/issue-811.csv", "7904 rows, 0 rejects, \"Codice Regione\" Utf8View"),
        ("frictionless/issue-1009-semicolon.csv", "1 rows, 0 rejects, \"fieldNameA\" Utf8View"),
        ("frictionless/leading-zeros.csv", "3 rows, 0 rejects, \"value\" Utf8View"),
        ("frictionless/skip-rows.csv", "2 rows, 0 rejects, \"id\" Int64"),
        ("frictionless/table.csv.bz2", "SourceInvalid"),
        ("frictionless/table-multiple-files.zip", "SourceInvalid"),
        ("frictionless/timezone.csv", "4 rows, 0 rejects, \"datetime\" Utf8View"),
        ("frictionless/without-headers-extra.csv", "2 rows, 1 rejects, \"column_1\" Int64"),
        ("frictionless/without-rows.csv", "0 rows, 0 rejects, \"id\" Utf8View"),
        ("messytables/characters.csv", "382 rows, 0 rejects, \"id\" Utf8View"),
        ("messytables/complex.csv", "3 rows, 0 rejects, \"date\" Date32"),
        ("messytables/mixedGLB.csv", "133 rows, 3 rejects, \"Year\" Int64"),
        ("messytables/null.csv", "10 rows, 0 rejects, \"column_1\" Int64"),
        ("messytables/utf-16le_encoded.csv", "327 rows, 0 rejects, \"Organisation_code\" Utf8View"),
        ("pollock/air_quality_station3_2006.csv", "35040 rows, 0 rejects, \"date\" Timestamp(µs)"),
        ("pollock/Camp Palacios - Humidity.csv", "33231 rows, 0 rejects, \"column_1\" Date32"),
        ("pollock/PLA_6%Talc-1hz.csv", "365 rows, 0 rejects, \"##Temp./¡ãC\" Float64"),
        ("pollock/june_2015(1).csv", "6677 rows, 2 rejects, \"Directorate\" Utf8View"),
    ] {
        let Some(path) = shared(&format!("nasty/{path}")) else { return };
        let bench = Bench::new();
        let got = match bench.touch(&Distribution { format: None, ..csv(&path) }).await {
            Ok(s) => {
                let first = s.schema.field(0);
                format!("{} rows, {} rejects, {:?} {}", s.rows, s.rejects, first.name(), first.data_type())
            }
            Err(e) => kind(e),
        };
        assert_eq!(got, want, "{path}");
    }
}

#[tokio::test]
async fn files_of_one_table_are_united_by_name() {
    let Some(folder) = shared("health/jhu/daily_reports/*.csv") else { return };
    let bench = Bench::new();
    let snapshot = bench.touch(&csv(folder)).await.expect("74 daily reports");
    assert_eq!((snapshot.rows, snapshot.rejects), (54_843, 0));
    let names: Vec<&str> = snapshot.schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names[..3], ["Province/State", "Country/Region", "Last Update"]);
    assert_eq!(names.last(), Some(&"_source_file"));
    for (name, data_type) in [("Country_Region", "Utf8View"), ("Confirmed", "Int64"), ("Incidence_Rate", "Float64")] {
        assert_eq!(column(&snapshot, name).0, data_type, "{name}");
    }
    assert_eq!(column(&snapshot, "_source_file"), ("Utf8View".to_owned(), 0));
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
        (csv("mem://absent.csv"), "a\n", &["mem://absent.csv is not there"]),
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
    let rejects = bench.snapshots.rejects(&snapshot).expect("are kept");
    let shown: Vec<String> =
        rejects.iter().map(|r| format!("{} {} {}", r.line, r.column.as_deref().unwrap_or("row"), r.reason)).collect();
    assert_eq!(
        shown,
        [
            "3 a is not an integer",
            "3 b holds bytes that the encoding does not have",
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
    bench.shelf.reachable.store(false, Ordering::Relaxed);
    let stale = bench.touch(&declared).await.expect("the last good one is served");
    assert_eq!(stale.id, third.id);
    let warnings = bench.warnings();
    assert!(warnings[0].ends_with("since mem://t.csv is empty"), "{warnings:?}");
    assert!(warnings[1].ends_with("since mem://t.csv can't be reached"), "{warnings:?}");
    let e = restarted.current(&entry(csv("mem://other.csv")), None).await.map(|s| s.rows).unwrap_err();
    assert_eq!(e.kind(), Kind::SourceUnreachable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn touches_at_the_same_time_share_one_read() {
    let bench = Bench::new();
    bench.put("t.csv", format!("a\n{}", "1\n".repeat(100_000)).as_bytes()).await;
    let distribution = csv("mem://t.csv");
    let all = futures::future::join_all((0..8).map(|_| bench.touch(&distribution))).await;
    let ids: std::collections::HashSet<String> = all.into_iter().map(|s| s.expect("is read").id.clone()).collect();
    assert_eq!((ids.len(), bench.shelf.asked.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_does_not_stop_the_read() {
    let bench = Bench::new();
    bench.put("t.csv", format!("a\n{}", "1\n".repeat(100_000)).as_bytes()).await;
    let distribution = csv("mem://t.csv");
    let gone = tokio::time::timeout(Duration::from_millis(1), bench.touch(&distribution)).await;
    drop(gone);
    assert_eq!(bench.touch(&distribution).await.expect("is read").rows, 100_000);
    assert_eq!(bench.shelf.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_remote_source_is_asked_again_only_after_a_while() {
    let bench = Bench::new();
    bench.put("t.csv", b"a\n1\n").await;
    let options = Options { revalidate: Duration::from_secs(3600), ..options(bench.state.path()) };
    let maker = Maker::open(Arc::clone(&bench.shelf) as Arc<dyn Sources>, options).expect("opens");
    let snapshots = Snapshots { touches: Touches::new(maker) };
    let table = entry(csv("mem://t.csv"));
    for _ in 0..3 {
        snapshots.current(&table, None).await.expect("is read");
    }
    assert_eq!(bench.shelf.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn parquet_and_arrow_stay_where_they_are() {
    for (path, format, want) in [
        ("transport/nycflights13/flights.parquet", Format::Parquet, "100000 rows, 20 columns"),
        ("transport/flights/flights-200k.arrow", Format::Arrow, "200000 rows, 3 columns"),
        ("nasty/parquet/PARQUET-1481.parquet", Format::Parquet, "SourceInvalid"),
        ("nasty/parquet/encrypt_columns_and_footer.parquet.encrypted", Format::Parquet, "SourceInvalid"),
        ("nasty/arrow/generated_nested.stream", Format::Arrow, "SourceInvalid"),
        ("transport/nyc/MTA_Daily_Ridership.csv", Format::Parquet, "SourceInvalid"),
    ] {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let got = match bench.touch(&Distribution { format: Some(format), ..csv(&path) }).await {
            Ok(s) => format!("{} rows, {} columns", s.rows, s.schema.fields().len()),
            Err(e) => format!("{:?}", e.kind()),
        };
        assert_eq!(got, want, "{path}");
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
