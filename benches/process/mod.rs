//! A `stoa serve` process of this build, for benches that measure the whole server: its start and its memory.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio_postgres::{Client, NoTls};

/// A running server process.
pub struct Process {
    child: Child,
    pub port: u16,
}

impl Process {
    /// Starts a server over `catalog` with its state in `state`, on a free port.
    pub fn start(catalog: &Path, state: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stoa"))
            .args(["serve", "--listen", "127.0.0.1:0", "--catalog"])
            .arg(catalog)
            .arg("--state")
            .arg(state)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once(" -p ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok()))
            .expect("the server prints the line to paste into a shell");
        Self { child, port }
    }

    /// A client of it.
    #[allow(dead_code, reason = "each bench is a crate of its own, and one asks another database")]
    pub async fn client(&self) -> Client {
        let config = format!("host=127.0.0.1 port={} user=bench dbname={DATABASE}", self.port);
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.expect("connects");
        tokio::spawn(async move {
            // The connection ends with its client.
            let _ = connection.await;
        });
        client
    }

    /// Its process id.
    #[allow(dead_code, reason = "each bench is a crate of its own, and not all measure memory")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

/// The database that a catalog folder of this name gets.
pub const DATABASE: &str = "datasets";

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; a bench measures it before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
