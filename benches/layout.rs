//! What the layout of a snapshot costs and gains: tables as Stoa lays them out, written again with other codecs, row groups, pages, bloom
//! filters and orders, and hot queries over each. Prints one table; `cargo bench --bench layout [-- NAME...]` takes the tables whose
//! names begin so, and `-- FILE.csv TIME KEY GROUP LOW NUMBER NUMBER` a table of one's own with the columns to ask for.
//!
//! Others may use the machine, so what is compared is CPU seconds of all threads, bytes read and rows decoded; the time that passed
//! stands beside them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use stoa::catalog::Source;
use stoa::engine::{ClientInfo, Engine, Options, Outcome, Session};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Metro trips, in units of ten million.
const SCALE: f64 = 0.2;

/// Rows and columns of the wide table: more rows than the smallest row group has.
const WIDE: (usize, usize) = (150_000, 100);

/// How often a file is written and a query asked; the least of the figures is shown.
const WRITES: usize = 2;
const ASKS: usize = 7;

/// A table to be laid out, and what its hot queries ask for.
struct Case {
    name: &'static str,
    csv: PathBuf,
    columns: Columns,
}

/// Columns by the part that they play in the queries.
#[derive(Clone)]
struct Columns {
    time: String,
    key: String,
    group: String,
    low: String,
    numbers: [String; 2],
}

/// One way to write a table.
#[derive(Clone, Copy)]
struct Variant {
    name: &'static str,
    /// Of columns with a dictionary, of those that are delta-packed, and of those whose values stand as they are.
    codecs: [Compression; 3],
    group_rows: usize,
    page_rows: usize,
    /// The share of false answers of a bloom filter; 0 for none.
    bloom: f64,
    /// Rows of each group are sorted by time.
    sorted: bool,
}

fn variants() -> Vec<Variant> {
    let zstd = |level| Compression::ZSTD(ZstdLevel::try_new(level).expect("a level of zstd"));
    let (one, lz4, none) = (zstd(1), Compression::LZ4_RAW, Compression::UNCOMPRESSED);
    let name = "zstd 1, 1 Mi, 20 k";
    let base = Variant { name, codecs: [one; 3], group_rows: 1 << 20, page_rows: 20_000, bloom: 0.01, sorted: false };
    let mixed = Variant { codecs: [one, none, one], ..base };
    vec![
        base,
        Variant { name: "zstd 3", codecs: [zstd(3); 3], ..base },
        Variant { name: "lz4_raw", codecs: [lz4; 3], ..base },
        Variant { name: "snappy", codecs: [Compression::SNAPPY; 3], ..base },
        Variant { name: "none", codecs: [none; 3], ..base },
        Variant { name: "dictionaries lz4", codecs: [lz4, one, one], ..base },
        Variant { name: "deltas lz4", codecs: [one, lz4, one], ..base },
        Variant { name: "deltas none", ..mixed },
        Variant { name: "plain lz4", codecs: [one, one, lz4], ..base },
        Variant { name: "groups 128 Ki", group_rows: 1 << 17, ..base },
        Variant { name: "groups 512 Ki", group_rows: 1 << 19, ..base },
        Variant { name: "pages 5 k", page_rows: 5_000, ..base },
        Variant { name: "pages 10 k", page_rows: 10_000, ..base },
        Variant { name: "pages 100 k", page_rows: 100_000, ..base },
        Variant { name: "bloom 5 %", bloom: 0.05, ..base },
        Variant { name: "no bloom", bloom: 0.0, ..base },
        Variant { name: "sorted", sorted: true, ..base },
        Variant { name: "deltas none, 5 k", page_rows: 5_000, ..mixed },
        Variant { name: "deltas none, 10 k", page_rows: 10_000, ..mixed },
        Variant { name: "same, sorted", page_rows: 10_000, sorted: true, ..mixed },
    ]
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let cases = match given.as_slice() {
        [file, time, key, group, low, a, b] if file.ends_with(".csv") => {
            let columns = Columns::new(time, key, group, low, [a, b]);
            vec![Case { name: "given", csv: std::path::absolute(file).expect("a path"), columns }]
        }
        names => cases(&runtime, folder.path(), names),
    };
    println!(
        "{:<17}{:<20}{:>8}{:>9}  CPU ms (passed ms), KB read, rows decoded by the filter, of: two sums | group | range of time | key | low",
        "table", "layout", "MB", "write s"
    );
    for case in &cases {
        measure(&runtime, folder.path(), case);
    }
}

/// Lays one table out in all ways and asks each.
fn measure(runtime: &Runtime, folder: &Path, case: &Case) {
    let place = folder.join(case.name);
    std::fs::create_dir_all(place.join("csv")).expect("a folder");
    std::fs::copy(&case.csv, place.join("csv/t.csv")).expect("a file");
    let (mut batches, mut written) = (Vec::new(), None);
    let (ticks, started) = (process_seconds(), Instant::now());
    let asked = Asked::open(&place.join("csv"), &place.join("state"));
    runtime.block_on(asked.rows("select count(*) from t"));
    let (ingest, passed) = (process_seconds() - ticks, started.elapsed());
    let statements = runtime.block_on(statements_of(&asked, &case.columns));
    let mut bytes = 0;
    for part in parquet_files(&place.join("state")) {
        let file = File::open(part).expect("a part");
        bytes += file.metadata().expect("a file").len();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        written.get_or_insert_with(|| Arc::clone(builder.metadata()));
        batches.extend(builder.build().expect("a reader").map(|batch| batch.expect("a batch")));
    }
    let batches = as_published(&batches);
    let written = written.expect("a table has a part");
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let passed = passed.as_secs_f64();
    println!(
        "{:<17}{rows} rows; ingest {ingest:.2} CPU s ({passed:.2} s passed); the snapshot itself, then variants:",
        case.name
    );
    print!("{:<17}{:<20}{:>8.2}{ingest:>9.2}", case.name, "snapshot", bytes as f64 / 1e6);
    let answers = ask(runtime, &asked, &statements);
    drop(asked);
    for variant in variants() {
        let out = place.join("out");
        std::fs::create_dir_all(&out).expect("a folder");
        let write = least(WRITES, || rewrite(&out.join("t.parquet"), &batches, &written, variant, &case.columns));
        let bytes = std::fs::metadata(out.join("t.parquet")).expect("a file").len();
        print!("{:<17}{:<20}{:>8.2}{:>9}", case.name, variant.name, bytes as f64 / 1e6, write.cpu_seconds());
        let asked = Asked::open(&out, &place.join("unused"));
        let said = ask(runtime, &asked, &statements);
        assert_eq!(answers, said, "{}: the layout {} answers otherwise", case.name, variant.name);
        drop(asked);
        std::fs::remove_dir_all(&out).expect("a folder of ours");
    }
}

/// The rows in the order of the one file that they were read from: those that came in no order were sorted.
fn as_published(batches: &[RecordBatch]) -> Vec<RecordBatch> {
    let all = concat_batches(&batches.first().expect("rows").schema(), batches).expect("batches of one schema");
    let lines = all.column_by_name("_source_row").expect("a table made from text");
    let order = sort_to_indices(lines, None, None).expect("numbers");
    let all = take_record_batch(&all, &order).expect("rows");
    (0..all.num_rows()).step_by(1 << 13).map(|from| all.slice(from, (1 << 13).min(all.num_rows() - from))).collect()
}

/// Asks each statement, prints what it takes and ends the line; the answers.
fn ask(runtime: &Runtime, asked: &Asked, statements: &[String]) -> Vec<String> {
    let mut said = Vec::new();
    for sql in statements {
        said.push(runtime.block_on(asked.text(sql)));
        let took = least(ASKS, || drop(runtime.block_on(asked.rows(sql))));
        let plan = runtime.block_on(asked.text(&format!("explain (analyze, verbose) {sql}")));
        let decoded = figure(&plan, "pushdown_rows_matched=") + figure(&plan, "pushdown_rows_pruned=");
        print!(" | {} {:>6.0}K {:>4.0}k", took.milliseconds(), figure(&plan, "bytes_scanned=") / 1e3, decoded / 1e3);
    }
    println!();
    std::io::stdout().flush().expect("standard output is open");
    said
}

/// Writes the batches as `variant` says; encodings and dictionaries of columns are those that Stoa chose. Only the key has a bloom
/// filter.
fn rewrite(path: &Path, batches: &[RecordBatch], written: &ParquetMetaData, variant: Variant, columns: &Columns) {
    let mut properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(variant.group_rows))
        .set_data_page_row_count_limit(variant.page_rows);
    for column in written.row_group(0).columns() {
        let path = column.column_path().clone();
        let [mut codec, delta, plain] = variant.codecs;
        if column.dictionary_page_offset().is_none() {
            properties = properties.set_column_dictionary_enabled(path.clone(), false);
            codec = plain;
        }
        if column.encodings().any(|e| e == Encoding::DELTA_BINARY_PACKED) {
            properties = properties.set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED);
            codec = delta;
        }
        properties = properties.set_column_compression(path.clone(), codec);
        let is_key = path.string() == columns.key.trim_matches('"');
        if is_key && variant.bloom > 0.0 {
            properties =
                properties.set_column_bloom_filter_enabled(path.clone(), true).set_column_bloom_filter_fpp(path, variant.bloom);
        }
    }
    let schema = batches.first().expect("rows").schema();
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties.build())).expect("a writer");
    if !variant.sorted {
        batches.iter().for_each(|batch| writer.write(batch).expect("is written"));
        writer.close().expect("is written");
        return;
    }
    let index = schema.index_of(columns.time.trim_matches('"')).expect("the column of time");
    let (mut held, mut rows) = (Vec::new(), 0);
    let mut flush = |held: &mut Vec<RecordBatch>| {
        let group = concat_batches(&schema, held.iter()).expect("batches of one schema");
        held.clear();
        let order = sort_to_indices(group.column(index), None, None).expect("values with an order");
        writer.write(&take_record_batch(&group, &order).expect("rows")).expect("is written");
    };
    for batch in batches {
        let mut from = 0;
        while from < batch.num_rows() {
            let some = (variant.group_rows - rows).min(batch.num_rows() - from);
            held.push(batch.slice(from, some));
            (from, rows) = (from + some, rows + some);
            if rows == variant.group_rows {
                flush(&mut held);
                rows = 0;
            }
        }
    }
    if rows > 0 {
        flush(&mut held);
    }
    writer.close().expect("is written");
}

/// The hot queries, with values from the middle of the table.
async fn statements_of(asked: &Asked, columns: &Columns) -> Vec<String> {
    let Columns { time, key, group, low, numbers: [a, b] } = columns;
    let rows: usize = asked.text(&format!("select count({time}) from t")).await.trim().parse().expect("a count");
    let nth = |column: &str, n: usize| {
        format!("select {column} from t where {column} is not null order by {column} limit 1 offset {n}")
    };
    let from = asked.text(&nth(time, rows / 2)).await;
    let to = asked.text(&nth(time, rows / 2 + rows / 200)).await;
    let one = asked.text(&nth(key, rows / 3)).await;
    let rare = format!("select {low} from t where {low} is not null group by 1 order by count(*), 1 limit 1");
    let rare = asked.text(&rare).await.replace('\'', "''");
    vec![
        format!("select sum({a}), count({b}), max({b}) from t"),
        format!("select {group}, count(*), sum({a}) from t group by 1 order by 1"),
        format!("select count(*), sum({a}), max({b}) from t where {time} >= '{from}' and {time} <= '{to}'"),
        format!("select count(*), sum({a}), max({b}) from t where {key} = '{}'", one.replace('\'', "''")),
        format!("select count(*), sum({a}), max({b}) from t where {low} = '{rare}'"),
    ]
}

impl Columns {
    fn new(time: &str, key: &str, group: &str, low: &str, numbers: [&str; 2]) -> Self {
        Self {
            time: time.to_owned(),
            key: key.to_owned(),
            group: group.to_owned(),
            low: low.to_owned(),
            numbers: numbers.map(str::to_owned),
        }
    }
}

/// The tables whose names begin as one of `names`, or all: made ones, and real ones where they are at hand.
fn cases(runtime: &Runtime, folder: &Path, names: &[String]) -> Vec<Case> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| name.starts_with(n.as_str()));
    let trips = Columns::new("entered_at", "trip_id", "from_station", "ticket", ["minutes", "fare"]);
    let mut cases = Vec::new();
    let mut add = |name: &'static str, from: Option<(&Asked, &str)>, columns: Columns| {
        let csv = folder.join(format!("{name}.csv"));
        if let Some((asked, sql)) = from {
            runtime.block_on(asked.save(sql, &csv));
        }
        cases.push(Case { name, csv, columns });
    };
    if wanted("trips") || wanted("trips by station") || wanted("trips shuffled") {
        let city = folder.join("city");
        stoa::generate::generate(&city, SCALE, &|_| ()).expect("a city");
        let asked = Asked::open(&city, &folder.join("city-state"));
        let all = "select * from transport.metro_trips order by";
        for (name, order) in [
            ("trips", "trip_id"),
            ("trips by station", "from_station, entered_at"),
            ("trips shuffled", "(trip_id * 7919) % 1999993"),
        ] {
            if wanted(name) {
                let low = if name == "trips by station" { "from_station" } else { "ticket" };
                add(name, Some((&asked, &format!("{all} {order}"))), Columns { low: low.to_owned(), ..trips.clone() });
            }
        }
        drop(asked);
        std::fs::remove_dir_all(folder.join("city-state")).expect("a folder of ours");
    }
    if wanted("wide") {
        write_wide(&folder.join("wide.csv"));
        add("wide", None, Columns::new("c2", "c3", "c4", "c4", ["c1", "c5"]));
    }
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let few: [(&'static str, &str, Columns); 3] = [
        ("china-pm25", "environment.china_pm25", Columns::new("year", "\"No\"", "cbwd", "cbwd", ["\"PM_US Post\"", "\"TEMP\""])),
        (
            "jhu daily",
            "health.daily_reports",
            Columns::new(
                "\"Last Update\"",
                "\"Combined_Key\"",
                "\"Country/Region\"",
                "\"Country/Region\"",
                ["\"Confirmed\"", "\"Deaths\""],
            ),
        ),
        ("flights", "transport.flights", Columns::new("time_hour", "tailnum", "dest", "carrier", ["dep_delay", "distance"])),
    ];
    if real.is_dir() {
        let asked = Asked::open(&real, &folder.join("real-state"));
        for (name, table, columns) in few.into_iter().filter(|(name, ..)| wanted(name)) {
            add(name, Some((&asked, &format!("select * from {table}"))), columns);
        }
    }
    cases
}

/// An id, and numbers, amounts, dates, codes and words beside each other, as statistics offices publish.
fn write_wide(path: &Path) {
    let mut out = std::io::BufWriter::new(File::create(path).expect("a file"));
    let names: Vec<String> = (0..WIDE.1).map(|c| format!("c{c}")).collect();
    let mut write = |line: &str| out.write_all(line.as_bytes()).expect("is written");
    write(&format!("{}\n", names.join(",")));
    for row in 0..WIDE.0 {
        let cell = |column: usize| {
            let drawn = ((row * 7919 + column * 104_729) * 2_654_435_761 % 4_294_967_291) >> 7;
            match column % 6 {
                _ if column == 0 => row.to_string(),
                0 => format!("{}.{:02}", drawn % 1000, drawn / 1000 % 100),
                1 => (drawn % 100_000).to_string(),
                2 => format!("20{:02}-{:02}-{:02}", drawn % 16 + 10, drawn / 16 % 12 + 1, drawn / 192 % 28 + 1),
                3 => format!("K{:07}", drawn % 9_999_991),
                4 => format!("{}{}", ["north", "south", "east", "west"][drawn % 4], drawn / 4 % 50),
                _ => {
                    if drawn.is_multiple_of(3) {
                        (drawn % 10).to_string()
                    } else {
                        String::new()
                    }
                }
            }
        };
        let cells: Vec<String> = (0..WIDE.1).map(cell).collect();
        write(&format!("{}\n", cells.join(",")));
    }
}

/// An engine over one folder, asked from one session.
struct Asked {
    session: Session,
    _engine: Arc<Engine>,
}

impl Asked {
    fn open(catalog: &Path, state: &Path) -> Self {
        let location = catalog.to_str().expect("UTF-8").to_owned();
        let engine = Engine::open(Options::new(vec![Source { name: Some("bench".to_owned()), location }], state));
        let engine = engine.expect("the engine opens");
        let session = engine.session(ClientInfo { user: "bench".to_owned(), ..ClientInfo::default() }).expect("a session");
        Self { session, _engine: engine }
    }

    async fn rows(&self, sql: &str) -> Vec<RecordBatch> {
        let mut batches = Vec::new();
        self.each(sql, |batch| batches.push(batch)).await;
        batches
    }

    async fn each(&self, sql: &str, mut take: impl FnMut(RecordBatch)) {
        let cancel = CancellationToken::new();
        let statement = self.session.parse(sql).expect(sql).remove(0);
        let prepared = self.session.prepare(&statement, &[], &cancel).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        let outcome = self.session.run(&prepared, &[], &cancel).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        let Outcome::Rows { mut stream, .. } = outcome else { panic!("{sql} gives no rows") };
        while let Some(batch) = stream.next().await {
            take(batch.unwrap_or_else(|e| panic!("{sql}: {e}")));
        }
    }

    /// The answer as text, its values apart by blanks and its rows by line ends.
    async fn text(&self, sql: &str) -> String {
        let mut lines = Vec::new();
        for batch in self.rows(sql).await {
            for row in 0..batch.num_rows() {
                let values = batch.columns().iter().map(|c| array_value_to_string(c, row).expect("a value"));
                lines.push(values.collect::<Vec<_>>().join(" "));
            }
        }
        lines.join("\n")
    }

    /// Saves the answer as CSV, times without the `T` that few files have.
    async fn save(&self, sql: &str, path: &Path) {
        let file = File::create(path).expect("a file");
        let mut out = arrow::csv::WriterBuilder::new().with_timestamp_format("%Y-%m-%d %H:%M:%S".to_owned()).build(file);
        self.each(sql, |batch| out.write(&batch).expect("is written")).await;
    }
}

/// The snapshot's parts, in order.
fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(|e| e.expect("an entry").into_path());
    entries.filter(|p| p.extension().is_some_and(|e| e == "parquet")).collect()
}

/// A figure of a plan, such as `bytes_scanned=81.74 K`; 0 where there is none.
fn figure(plan: &str, name: &str) -> f64 {
    let Some((_, rest)) = plan.split_once(name) else { return 0.0 };
    let said = rest.split([',', ']']).next().unwrap_or_default();
    let (number, unit) = said.split_once(' ').unwrap_or((said, ""));
    let factor = match unit.trim().chars().next() {
        Some('K') => 1e3,
        Some('M') => 1e6,
        Some('G' | 'B') => 1e9,
        Some(_) | None => 1.0,
    };
    number.trim().parse::<f64>().unwrap_or_else(|_| panic!("{name}{said} is no number")) * factor
}

/// CPU time of all threads, and the time that passed.
#[derive(Clone, Copy)]
struct Took {
    cpu: Duration,
    passed: Duration,
}

impl Took {
    fn milliseconds(self) -> String {
        format!("{:>6.1} ({:>6.1})", self.cpu.as_secs_f64() * 1e3, self.passed.as_secs_f64() * 1e3)
    }

    fn cpu_seconds(self) -> String {
        format!("{:.2}", self.cpu.as_secs_f64())
    }
}

/// What the work takes, the least of some times for each of the two figures.
fn least(times: usize, mut work: impl FnMut()) -> Took {
    let mut least = Took { cpu: Duration::MAX, passed: Duration::MAX };
    for _ in 0..times {
        let (before, started) = (threads(), Instant::now());
        work();
        let passed = started.elapsed();
        let of = |(id, after): (u64, u64)| after - before.get(&id).copied().unwrap_or(0);
        let cpu = Duration::from_nanos(threads().into_iter().map(of).sum());
        least = Took { cpu: least.cpu.min(cpu), passed: least.passed.min(passed) };
    }
    least
}

/// CPU seconds of this process, those of threads that are no more among them, in steps of 10 ms (`proc_pid_stat`, 14 and 15).
fn process_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this bench needs Linux");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}

/// Nanoseconds on a CPU of each thread that lives (`proc_pid_schedstat`); what is measured keeps its threads.
fn threads() -> HashMap<u64, u64> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this bench needs Linux").filter_map(Result::ok);
    let spent = |task: std::fs::DirEntry| {
        let id = task.file_name().to_str()?.parse().ok()?;
        let told = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        Some((id, told.split(' ').next()?.parse().ok()?))
    };
    tasks.filter_map(spent).collect()
}
