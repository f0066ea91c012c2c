//! How long a server takes from its start to its first answer: over the bundled `datasets/`, and warm over 200 datasets.
//! Prints medians beside their bounds; `cargo bench --bench startup`.

mod process;

use std::path::Path;
use std::time::{Duration, Instant};

use process::{DATABASE, Process};

const RUNS: usize = 15;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));

    let bundled = measure(&runtime, &here.join(DATABASE));
    report("bundled datasets/, start to first `select 1`", bundled, Duration::from_millis(150));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let many = folder.path().join(DATABASE);
    for n in 0..200 {
        let dataset = many.join(format!("theme_{}", n % 12)).join(format!("dataset_{n}"));
        std::fs::create_dir_all(&dataset).expect("a folder");
        std::fs::write(dataset.join("data.csv"), "id,day,value\n1,2020-01-01,1.5\n").expect("a file");
        let descriptor = serde_json::json!({
            "name": format!("dataset-{n}"), "title": format!("Dataset {n}"), "theme": format!("theme {}", n % 12),
            "resources": [{"name": "data", "path": "data.csv", "schema": {"fields": [
                {"name": "id", "type": "integer"}, {"name": "day", "type": "date"}, {"name": "value", "type": "number"}]}}],
        });
        std::fs::write(dataset.join("datapackage.json"), descriptor.to_string()).expect("a file");
    }
    report("200 datasets, warm start to first `select 1`", measure(&runtime, &many), Duration::from_millis(200));
}

/// The median over starts with the state of the first one kept.
fn measure(runtime: &tokio::runtime::Runtime, catalog: &Path) -> Duration {
    let state = tempfile::tempdir().expect("a temporary folder");
    let once = || {
        let started = Instant::now();
        let server = Process::start(catalog, state.path());
        runtime.block_on(async {
            let one: i64 = server.client().await.query_one("select 1::bigint", &[]).await.expect("an answer").get(0);
            assert_eq!(one, 1);
        });
        started.elapsed()
    };
    once();
    let mut all: Vec<Duration> = (0..RUNS).map(|_| once()).collect();
    all.sort();
    all[RUNS / 2]
}

fn report(what: &str, took: Duration, bound: Duration) {
    let verdict = if took <= bound { "within" } else { "ABOVE" };
    println!("startup: {what}: {took:.1?} (median of {RUNS}), {verdict} {bound:?}");
}
