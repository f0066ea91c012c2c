//! The real process, ended by `kill -9` while it writes a snapshot: nothing half-made is ever served.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::City;

/// A `stoa serve` process of its own.
pub struct Process {
    child: Child,
    port: String,
}

impl Process {
    /// Runs `before` and `stoa serve` over the catalog; returns what it said on standard error when it did not come up.
    pub fn try_start(before: &[&str], catalog: &Path, state: &Path) -> Result<Self, String> {
        let mut words: Vec<String> = before.iter().map(|w| (*w).to_owned()).collect();
        words.push(env!("CARGO_BIN_EXE_stoa").to_owned());
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .args(["serve", "--listen", "127.0.0.1:0", "--memory", "256MB", "--statement-timeout", "2min"])
            .arg("--catalog")
            .arg(format!("city={}", catalog.display()))
            .arg("--state")
            .arg(state)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the process starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let words = lines.find_map(|line| line.ok().filter(|l| l.starts_with("psql ")));
        let Some(words) = words else {
            let output = child.wait_with_output().expect("it ended");
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        };
        let port = words.split(' ').skip_while(|w| *w != "-p").nth(1).expect("psql's line names the port").to_owned();
        // Nobody reads on; a pipe that is full or closed would stop it.
        let mut log = child.stderr.take().expect("it is piped");
        std::thread::spawn(move || lines.count());
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(Self { child, port })
    }

    pub fn start(catalog: &Path, state: &Path) -> Self {
        Self::try_start(&[], catalog, state).unwrap_or_else(|e| panic!("stoa serve did not start: {e}"))
    }

    /// A psql that asks.
    pub fn psql(&self, sql: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-h", "127.0.0.1", "-U", "tester", "-d", "city", "-At", "-v", "VERBOSITY=verbose"]);
        psql.args(["-p", &self.port, "-c", sql]);
        psql
    }

    /// What psql prints: rows, then messages.
    pub fn asked(&self, sql: &str) -> String {
        let out = self.psql(sql).output().expect("psql is installed by tests/run");
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    }
}

impl Drop for Process {
    /// SIGKILL: no time to put anything right.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ROWS: u64 = 300_000;

#[test]
fn a_killed_write_leaves_nothing_that_is_served() {
    let city = City::new();
    let mut csv = String::from("id,station,amount,day\n");
    for i in 0..ROWS {
        csv += &format!("{i},station {},{}.{:02},2024-{:02}-{:02}\n", i % 977, i % 1000, i % 100, i % 12 + 1, i % 28 + 1);
    }
    city.file("trips.csv", csv);
    city.describe("trips", "trips.csv", "");
    let sums = "select count(*), sum(id), count(distinct station) from t.trips";
    let expected = format!("{ROWS}|{}|977\n", ROWS * (ROWS - 1) / 2);

    // How long a whole write takes here, to spread the moments over it.
    let whole = {
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let process = Process::start(&city.path(""), elsewhere.path());
        let started = Instant::now();
        let shown = process.asked(sums);
        assert!(shown.starts_with(&expected), "{shown}");
        started.elapsed()
    };
    let mut killed_midway = 0;
    for moment in [0.1, 0.35, 0.6, 0.8, 0.9, 0.97] {
        let process = Process::start(&city.path(""), city.state());
        let mut asking = process.psql(sums).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("psql starts");
        std::thread::sleep(whole.mul_f64(moment).max(Duration::from_millis(5)));
        killed_midway += usize::from(asking.try_wait().expect("a child").is_none());
        drop(process);
        asking.wait().expect("it ends with its server");
        for manifest in walkdir::WalkDir::new(city.state()).into_iter().flatten().filter(|e| e.file_name() == "manifest.json") {
            let text = std::fs::read_to_string(manifest.path()).expect("reads");
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "half a manifest: {text}");
        }
    }
    assert!(killed_midway >= 2, "only {killed_midway} kills came before the answer");

    let process = Process::start(&city.path(""), city.state());
    let staging = city.state().join("snapshots/.staging");
    assert_eq!(std::fs::read_dir(&staging).expect("lists").count(), 0, "what was left is removed at the start");
    assert!(process.asked(sums).starts_with(&expected));
    assert_eq!(process.asked("select rows, rows_read, rejects from catalog.snapshots"), format!("{ROWS}|{ROWS}|0\n"));
}
