//! Server memory while one client reads 50 million rows as fast as it can; `cargo bench --bench stream`.

mod process;

use std::path::Path;
use std::time::Instant;

use futures::{StreamExt, pin_mut};
use process::{DATABASE, Process};

const ROWS: u64 = 50_000_000;
const BOUND: u64 = 100 << 20;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let state = tempfile::tempdir().expect("a temporary folder");
    let server = Process::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join(DATABASE), state.path());
    runtime.block_on(async {
        let client = server.client().await;
        client.query_one("select 1::bigint", &[]).await.expect("an answer");
        let idle = memory(&server, "VmRSS");

        let started = Instant::now();
        let sql = format!("select value, value * 2 as twice, 'row ' || value as label from generate_series(1, {ROWS}) t(value)");
        let rows = client.query_raw(&sql, std::iter::empty::<i32>()).await.expect("rows");
        pin_mut!(rows);
        let mut count = 0;
        while let Some(row) = rows.next().await {
            row.expect("a row");
            count += 1;
        }
        assert_eq!(count, ROWS, "every row arrives");
        let took = started.elapsed();
        let peak = memory(&server, "VmHWM");
        let above = peak.saturating_sub(idle);
        let verdict = if above <= BOUND { "within" } else { "ABOVE" };
        println!(
            "stream: {ROWS} rows of 3 columns in {took:.1?} ({:.2} million rows/s); idle {} MB, peak {} MB: {} MB above idle, {verdict} {} MB",
            ROWS as f64 / took.as_secs_f64() / 1e6,
            idle >> 20,
            peak >> 20,
            above >> 20,
            BOUND >> 20,
        );
    });
}

/// A figure of `/proc/PID/status`, in bytes: `VmRSS` now, `VmHWM` at its highest.
fn memory(server: &Process, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the server runs");
    let kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix(figure)?.trim_start_matches(':').trim().strip_suffix(" kB")?.trim().parse().ok())
        .expect("a figure in kB");
    kib * 1024
}
