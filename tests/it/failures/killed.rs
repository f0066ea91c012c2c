//! The real process, ended by `kill -9` at random moments of a write: nothing half-made is ever served, and what it left goes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::City;
use crate::process::{Launch, Process};
use crate::s3;

const ROWS: u64 = 120_000;

const SUMS: &str = "select count(*), sum(id), count(distinct station) from t.trips";

/// What [`SUMS`] gives.
fn expected() -> String {
    format!("{ROWS}|{}|977\n", ROWS * (ROWS - 1) / 2)
}

/// With the table `t.trips`, which takes a while to be read.
fn city() -> City {
    let city = City::new();
    let mut csv = String::from("id,station,amount,day\n");
    for i in 0..ROWS {
        csv += &format!("{i},station {},{}.{:02},2024-{:02}-{:02}\n", i % 977, i % 1000, i % 100, i % 12 + 1, i % 28 + 1);
    }
    city.file("trips.csv", csv);
    city.describe("trips", "trips.csv", "");
    city
}

/// So many moments between 0 and 1, a little beyond the end included. `STOA_TEST_SEED` chooses others.
fn moments(count: usize) -> Vec<f64> {
    let seed = std::env::var("STOA_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_122_u64);
    println!("the moments are of STOA_TEST_SEED={seed}");
    let mut state = seed;
    let mut next = || {
        // Knuth's multiplier; the upper bits are the random ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| next() * 1.05).collect()
}

/// How long a whole first touch takes here, to spread the moments over it.
fn whole(launch: Launch) -> Duration {
    let process = launch.start();
    let started = Instant::now();
    let shown = process.asked(SUMS);
    assert!(shown.starts_with(&expected()), "{shown}");
    started.elapsed()
}

/// Kills a first touch at each of the moments, each time on what the ones before left; `check` looks at that. How many were midway.
fn kill_at(moments: &[f64], whole: Duration, start: impl Fn() -> Process, check: impl Fn()) -> usize {
    let mut midway = 0;
    for moment in moments {
        let process = start();
        let mut asking = process.psql(SUMS).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("psql starts");
        std::thread::sleep(whole.mul_f64(*moment).max(Duration::from_millis(2)));
        midway += usize::from(asking.try_wait().expect("a child").is_none());
        drop(process);
        let answer = asking.wait_with_output().expect("it ends with its server");
        let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert!(answer.is_empty() || answer == expected(), "killed at {moment}: {answer}");
        check();
    }
    midway
}

#[test]
fn a_write_killed_at_twenty_moments_leaves_nothing_that_is_served() {
    let city = city();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let whole = whole(Launch::new(&city.path(""), elsewhere.path()));
    let mut midway = 0;
    for moment in moments(20) {
        let start = || Launch::new(&city.path(""), city.state()).start();
        midway += kill_at(&[moment], whole, start, || {
            for manifest in walkdir::WalkDir::new(city.state()).into_iter().flatten().filter(|e| e.file_name() == "manifest.json")
            {
                let text = std::fs::read_to_string(manifest.path()).expect("reads");
                assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "half a manifest: {text}");
            }
        });
        // When one came through, the next begins from nothing again.
        let table = city.state().join("snapshots/city/t/trips");
        if table.join("manifest.json").exists() {
            let process = Launch::new(&city.path(""), city.state()).start();
            let shown = process.asked(SUMS);
            assert!(shown.starts_with(&expected()), "after {moment}: {shown}");
            drop(process);
            std::fs::remove_dir_all(&table).expect("is removed");
        }
    }
    assert!(midway >= 5, "only {midway} kills came before the answer");

    let process = Launch::new(&city.path(""), city.state()).start();
    let staging = city.state().join("snapshots/.staging");
    assert_eq!(std::fs::read_dir(&staging).expect("lists").count(), 0, "what was left is removed at the start");
    let readers = city.state().join("snapshots/.readers");
    assert!(process.asked(SUMS).starts_with(&expected()));
    assert_eq!(process.asked("select rows, rows_read, rejects from catalog.snapshots"), format!("{ROWS}|{ROWS}|0\n"));
    let living = std::fs::read_dir(&readers).expect("lists").filter(|e| e.as_ref().is_ok_and(|e| e.path().is_dir())).count();
    assert_eq!(living, 1, "the marks of the killed ones are removed by the first write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_killed_at_random_moments_leaves_nothing_that_is_served() {
    let s3 = s3::Server::start().await;
    s3.fill("state", []).await;
    let city = city();
    let launch = |prefix: &str| s3.launch(&city.path(""), &format!("s3://state/{prefix}"), city.state());
    let whole = whole(launch("whole"));
    let mut midway = 0;
    for (n, moment) in moments(8).into_iter().enumerate() {
        let prefix = format!("killed-{n}");
        midway += kill_at(&[moment], whole, || launch(&prefix).start(), || {});
        let process = launch(&prefix).start();
        let shown = process.asked(SUMS);
        assert!(shown.starts_with(&expected()), "after {moment}: {shown}");
        let counts = process.asked("select rows, rows_read, rejects from catalog.snapshots");
        assert_eq!(counts, format!("{ROWS}|{ROWS}|0\n"), "after {moment}");
    }
    assert!(midway >= 2, "only {midway} kills came before the answer");
}
