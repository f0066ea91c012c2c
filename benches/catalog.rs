//! What a harvested catalog of a thousand, a hundred thousand and a million datasets costs: how fast it is imported, how soon a server over it is
//! ready, what names, descriptions and searches take through the wire, and the memory at rest. `cargo bench --bench catalog` prints each
//! beside its bound, and how much more the largest takes than the smallest; `-- 1000 100000` asks for those sizes alone.
//!
//! Datasets have three distributions of twenty columns. The theme `transport` and the datasets that are searched for are as many in each.

mod process;
mod synthetic;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use process::Process;
use tokio_postgres::{Client, NoTls};

/// The name of the harvested catalog.
const CATALOG: &str = "portal";

/// How often a question is asked; the median counts.
const RUNS: usize = 21;

/// Datasets a second that an import is to have.
const IMPORT: f64 = 20_000.0;

const MB: f64 = 1e6;

/// One figure: what it is of, in its unit, and its bound.
struct Figure {
    what: &'static str,
    value: f64,
    unit: &'static str,
    bound: f64,
    /// Whether it is one of those that are not to grow with the catalog.
    is_compared: bool,
}

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 100_000, 1_000_000] } else { sizes };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut first: Option<Vec<Figure>> = None;
    for datasets in sizes {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let imported = import(folder.path(), datasets);
        report(datasets, &imported, None);
        let figures = serve(&runtime, folder.path());
        for (at, figure) in figures.iter().enumerate() {
            report(datasets, figure, first.as_ref().map(|first| &first[at]));
        }
        first.get_or_insert(figures);
    }
}

fn report(datasets: usize, figure: &Figure, first: Option<&Figure>) {
    let Figure { what, value, unit, bound, is_compared } = figure;
    let is_within = if *unit == "/s" { value >= bound } else { value <= bound };
    let verdict = if is_within { "within" } else { "BEYOND" };
    let growth = first.filter(|_| *is_compared).map(|first| value / first.value);
    let growth = growth.map_or(String::new(), |growth| {
        format!("; {growth:.2} times the smallest, {}", if growth < 2.0 { "within 2" } else { "BEYOND 2" })
    });
    println!("catalog: {datasets} datasets: {what}: {value:.1} {unit}, {verdict} {bound}{growth}");
}

/// Writes a portal's catalog into the folder and harvests it.
fn import(folder: &Path, datasets: usize) -> Figure {
    let document = folder.join("data.json");
    let mut out = BufWriter::new(File::create(&document).expect("a file"));
    // The standard itself has no columns; with those that a profile of it tells, documents are five times as long.
    synthetic::write(&mut out, datasets, std::env::var_os("WITH_COLUMNS").is_some()).expect("the document");
    out.flush().expect("the document");
    fs::write(folder.join(synthetic::FILE), synthetic::file()).expect("a file");
    let started = Instant::now();
    let add = Command::new(env!("CARGO_BIN_EXE_stoa"))
        .args(["catalog", "add", CATALOG])
        .arg(&document)
        .arg("--state")
        .arg(folder.join("state"))
        .stderr(Stdio::null())
        .output()
        .expect("the program starts");
    let took = started.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&add.stdout).into_owned();
    assert!(told.contains(&format!("{datasets} datasets, {} tables", datasets * 3)), "{told}");
    Figure { what: "import", value: datasets as f64 / took, unit: "/s", bound: IMPORT, is_compared: false }
}

/// Serves what was harvested and asks it.
fn serve(runtime: &tokio::runtime::Runtime, folder: &Path) -> Vec<Figure> {
    let (catalog, state) = (folder.join(process::DATABASE), folder.join("state"));
    fs::create_dir_all(&catalog).expect("a folder");
    let mut starts: Vec<f64> = (0..5)
        .map(|_| {
            let started = Instant::now();
            drop(Process::start(&catalog, &state));
            millis(started.elapsed())
        })
        .collect();
    starts.sort_by(f64::total_cmp);
    let server = Process::start(&catalog, &state);
    let figure = |what, value, bound| Figure { what, value, unit: "ms", bound, is_compared: true };
    let mut figures = vec![figure("start to ready", starts[starts.len() / 2], 100.0)];
    figures.push(memory("memory when ready", &server));
    runtime.block_on(async {
        let client = connect(server.port).await;
        let table = |dataset| format!("transport.{}", synthetic::table(dataset));
        let (one, two) = (table(7), table(8));
        let join = format!("select a.column_1, b.column_2 from {one} a join {two} b using (column_0)");
        // Both are read for the first time.
        client.simple_query(&join).await.expect("an answer");
        let asked = [
            ("one name looked up and planned", format!("explain select column_1 from {one}"), 5.0),
            ("names and plan of a join", format!("explain {join}"), 5.0),
            ("an oid looked up", format!("select '{one}'::regclass::oid"), 5.0),
            ("search, 50 found", format!("select identifier, title from catalog.search('{}')", synthetic::QUESTION), 50.0),
            (
                "a dataset's description",
                "select title from catalog.datasets where identifier = 'synthetic-0000500'".to_owned(),
                5.0,
            ),
        ];
        for (what, sql, bound) in asked {
            figures.push(figure(what, median(&client, &sql).await, bound));
        }
        // What one in ten datasets tells of is ranked whole, and grows with the catalog.
        let common = format!("select identifier from catalog.search('{}')", synthetic::COMMON);
        let value = median(&client, &common).await;
        figures.push(Figure { what: "search, one of ten found", value, unit: "ms", bound: 50.0, is_compared: false });
        figures.push(figure("psql: \\dt transport.*", psql(server.port, "\\dt transport.*"), 30.0));
        figures.push(figure("psql: \\d of a table", psql(server.port, &format!("\\d {one}")), 30.0));
    });
    figures.push(memory("memory at rest", &server));
    figures
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

async fn connect(port: u16) -> Client {
    let config = format!("host=127.0.0.1 port={port} user=bench dbname={CATALOG}");
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.expect("connects");
    tokio::spawn(async move {
        // The connection ends with its client.
        let _ = connection.await;
    });
    client
}

/// The median time of a statement, in milliseconds. No two are the same text, so that none is answered from what was planned before.
async fn median(client: &Client, sql: &str) -> f64 {
    let mut all = Vec::with_capacity(RUNS);
    for run in 0..RUNS {
        let sql = format!("{sql} /* {run} */");
        let started = Instant::now();
        let rows = client.simple_query(&sql).await.expect("an answer");
        all.push(millis(started.elapsed()));
        assert!(rows.len() > 1, "{sql}: no rows");
    }
    all.sort_by(f64::total_cmp);
    all[RUNS / 2]
}

/// What one of psql's commands takes, in milliseconds: of twenty in one session, without the start of psql.
fn psql(port: u16, command: &str) -> f64 {
    let took = |times: usize| {
        let started = Instant::now();
        let mut psql = Command::new("psql")
            .args(["-X", "-q", "-h", "127.0.0.1", "-U", "bench", "-d", CATALOG, "-p", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql is installed");
        let commands = format!("{command}\n").repeat(times);
        psql.stdin.take().expect("piped").write_all(commands.as_bytes()).expect("psql reads");
        let told = psql.wait_with_output().expect("psql ends").stdout;
        assert!(told.len() > 200, "{command}: {}", String::from_utf8_lossy(&told));
        millis(started.elapsed())
    };
    let once = (0..5).map(|_| took(1)).fold(f64::INFINITY, f64::min);
    (0..3).map(|_| (took(21) - once) / 20.0).fold(f64::INFINITY, f64::min)
}

/// What a process holds in memory now (`VmRSS`).
fn memory(what: &'static str, server: &Process) -> Figure {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("a process of this machine");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it says so");
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    Figure { what, value: kilobytes * 1_024.0 / MB, unit: "MB", bound: 150.0, is_compared: true }
}
