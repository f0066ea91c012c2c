//! A client that asks for much and reads nothing: the server, a process of its own, must wait for it and gather nothing.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::harness::fixtures;
use crate::raw::{Raw, text, value};

/// What the server may gather for a client that does not read, in bytes. The result has over a gigabyte.
const MOST: u64 = 64 << 20;

/// A `stoa serve` of this build and what it prints, which must be open for as long as it runs; killed when dropped.
struct Process(Child, BufReader<ChildStdout>);

impl Process {
    /// Memory in use now, in bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the server runs");
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
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
    let mut child = Command::new(env!("CARGO_BIN_EXE_stoa"))
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
    raw.query("select * from transport.ourairports_airports");
    let before = process.memory();
    raw.send(b'Q', &text("select a.* from transport.ourairports_airports a, generate_series(1, 200) s"));
    for _ in 0..8 {
        std::thread::sleep(Duration::from_millis(250));
        let gathered = process.memory().saturating_sub(before);
        assert!(gathered < MOST, "{gathered} bytes are held for a client that does not read");
    }
    let (kind, _) = raw.receive().expect("the rows are there once it reads");
    assert_eq!(kind, 'T');
}
