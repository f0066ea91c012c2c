//! A PostgreSQL 15 of the tests' own.

use std::net::SocketAddr;
use std::process::Stdio;

use crate::harness::{program, root};

/// A running PostgreSQL, with the databases `postgres` and `open` and the role `tester`.
pub struct Peer {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Peer {
    /// Starts one in a temporary folder; it stops when dropped, and when this process ends without.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut start = program(root().join("tests/postgres"));
        start.arg("start").arg(folder.path()).args(["0", &std::process::id().to_string()]);
        let out = start.stderr(Stdio::inherit()).output().expect("tests/postgres runs");
        assert!(out.status.success(), "tests/postgres does not start PostgreSQL; tests/run installs it");
        let port = String::from_utf8_lossy(&out.stdout).trim().parse().expect("it prints its port");
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), folder }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // What is not stopped here stops when this process ends.
        let _ = program(root().join("tests/postgres")).arg("stop").arg(self.folder.path()).status();
    }
}
