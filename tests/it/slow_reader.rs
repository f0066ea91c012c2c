//! A client that asks for much and reads nothing: the server, a process of its own, must wait for it and gather nothing.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::fixtures;
use crate::raw::{Raw, text, value};

/// What the server may take beyond what the query needs for its first row, in bytes. The result has over two gigabytes.
const MOST: u64 = 64 << 20;

/// How long the server may go on working for a client that does not read. It has little to do until it must wait; a server that
/// gathers the result passes [`MOST`] long before.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `stoa serve` of this build and what it prints, which must be open for as long as it runs; killed when dropped.
struct Process(Child, BufReader<ChildStdout>);

impl Process {
    /// Memory in use now, in bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the server runs");
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }

    /// Processor time used so far, in the system's ticks.
    fn worked(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("the server runs");
        // The second field is a name in parentheses; the 14th and 15th are the time in user and in system mode (proc(5)).
        let (_, behind) = stat.rsplit_once(')').expect("Linux tells it");
        behind.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has seen.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_client_that_does_not_read_costs_no_memory() {
    let state = tempfile::tempdir().expect("a temporary folder");
    // Without the environment, whose settings may be others.
    let mut child = Command::new(env!("CARGO_BIN_EXE_stoa"))
        .env_clear()
        .args(["serve", "--listen", "127.0.0.1:0", "--catalog"])
        .arg(fixtures())
        .arg("--state")
        .arg(state.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let printed = BufReader::new(child.stdout.take().expect("piped"));
    let mut process = Process(child, printed);
    let mut line = String::new();
    process.1.read_line(&mut line).expect("the server prints the line to paste into a shell");
    let port = line.split_once(" -p ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u16>().ok());
    let port = port.unwrap_or_else(|| panic!("no port in {line}"));
    let (mut raw, _) = Raw::session(([127, 0, 0, 1], port).into(), "catalog");
    let warm = raw.query("select count(*) from transport.ourairports_airports");
    assert_eq!(value(&warm).as_deref(), Some(b"74592".as_slice()));
    raw.send(b'Q', &text("select a.* from transport.ourairports_airports a, generate_series(1, 200) s"));
    // With the first row the join holds its smaller side: what comes from here on is made for the client.
    while raw.receive().expect("rows come while they are read").0 != 'D' {}
    let (before, started) = (process.memory(), Instant::now());
    let mut still = 0;
    let mut worked = process.worked();
    while still < 4 {
        std::thread::sleep(Duration::from_millis(250));
        let gathered = process.memory().saturating_sub(before);
        assert!(gathered < MOST, "{gathered} bytes are held for a client that does not read");
        assert!(started.elapsed() < PATIENCE, "the server works on for a client that does not read");
        let now = process.worked();
        // Timers tick in a server that waits, too.
        still = if now - worked <= 1 { still + 1 } else { 0 };
        worked = now;
    }
    assert_eq!(raw.receive().expect("the rows are there once it reads").0, 'D');
}
