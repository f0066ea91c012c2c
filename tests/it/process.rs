//! The real program, in processes of its own: `stoa serve` to be asked, and to be killed.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::{program, psql};

/// A `stoa serve` process that is to be.
pub struct Launch {
    /// What runs the program, such as `unshare` with its words.
    before: Vec<OsString>,
    words: Vec<OsString>,
    environment: Vec<(String, String)>,
}

/// A `stoa serve` process. It is killed when dropped.
pub struct Process {
    child: Child,
    port: String,
}

impl Launch {
    /// Of the catalog `city` in this folder, with its state in a folder or under a URL.
    pub fn new(catalog: &Path, state: impl Into<OsString>) -> Self {
        let mut city = OsString::from("city=");
        city.push(catalog);
        let words = ["serve", "--listen", "127.0.0.1:0", "--memory", "256MB", "--statement-timeout", "2min", "--catalog"];
        let mut words: Vec<OsString> = words.map(OsString::from).to_vec();
        words.extend([city, "--state".into(), state.into()]);
        Self { before: Vec::new(), words, environment: Vec::new() }
    }

    /// With one more option and its value.
    pub fn with(mut self, option: &str, value: impl Into<OsString>) -> Self {
        self.words.extend([option.into(), value.into()]);
        self
    }

    /// With a variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Run by another program, which gets these words before the program's own.
    pub fn under(mut self, before: &[&str]) -> Self {
        self.before = before.iter().map(OsString::from).collect();
        self
    }

    /// Starts it and waits until it listens; what it said on standard error when it did not come up.
    pub fn try_start(self) -> Result<Process, String> {
        let mut words = self.before;
        words.push(env!("CARGO_BIN_EXE_stoa").into());
        words.extend(self.words);
        let mut child = program(&words[0])
            .args(&words[1..])
            .envs(self.environment)
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
        Ok(Process { child, port })
    }

    pub fn start(self) -> Process {
        self.try_start().unwrap_or_else(|e| panic!("stoa serve did not start: {e}"))
    }
}

impl Process {
    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The port that it listens on.
    pub fn port(&self) -> &str {
        &self.port
    }

    /// A psql that asks.
    pub fn psql(&self, sql: &str) -> Command {
        let mut psql = psql(&self.port, "city");
        psql.args(["-At", "-v", "VERBOSITY=verbose", "-c", sql]);
        psql
    }

    /// What psql prints: rows, then messages.
    pub fn asked(&self, sql: &str) -> String {
        let out = self.psql(sql).output().expect("psql is installed by tests/run");
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    }

    /// The rows that psql prints; what it says instead when it fails.
    pub fn rows(&self, sql: &str) -> Result<String, String> {
        let out = self.psql(sql).output().expect("psql is installed by tests/run");
        if out.status.success() {
            return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
        }
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

impl Drop for Process {
    /// SIGKILL: no time to put anything right.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
