//! A variant that is DuckDB, by its Python package in a process of its own: a request and an answer a line, as `duckdb.py` says.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::answer::{Answer, Class};
use super::tables;
use crate::error::{Error, Kind, Result};

const SCRIPT: &str = include_str!("duckdb.py");

/// A running process; it ends with this value.
pub(super) struct DuckDb {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl DuckDb {
    /// Starts it over a database file, or over the Parquet files of a folder. [`Kind::Config`] when Python or its package is not there.
    pub fn start(place: &Path, threads: usize) -> Result<Self> {
        let missing = |what: String| {
            Error::new(Kind::Config, format!("DuckDB can't be asked: {what}")).with_hint(
                "Install its Python package: python3 -m pip install duckdb; PYTHON names another interpreter than python3.",
            )
        };
        let python = std::env::var("PYTHON").ok().filter(|p| !p.is_empty()).unwrap_or_else(|| "python3".to_owned());
        let mut command = Command::new(&python);
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| missing(format!("{python} does not start: {e}")))?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let (Some(requests), Some(answers)) = (requests, answers) else { return Err(missing("it has no pipes".to_owned())) };
        let mut started = Self { child, requests, answers: BufReader::new(answers), version: String::new() };
        let (database, tables) =
            if place.is_dir() { (None, tables::parquet(place)?) } else { (Some(place.display().to_string()), Vec::new()) };
        let tables: Vec<Json> = tables.into_iter().map(|t| json!([t.schema, t.name, t.files])).collect();
        let told = started
            .ask(&json!({"database": database, "tables": tables, "threads": threads}))
            .map_err(|_| missing(format!("{python} has no package duckdb, or did not open {}", place.display())))?;
        started.version = told.get("version").and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(started)
    }

    /// The package's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn ask(&mut self, request: &Json) -> Result<Json> {
        let ended = |e: std::io::Error| Error::new(Kind::SourceUnreachable, format!("DuckDB's process ended: {e}"));
        writeln!(self.requests, "{request}").map_err(ended)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(ended)?;
        let told: Json = serde_json::from_str(&line)
            .map_err(|e| Error::new(Kind::SourceUnreachable, format!("DuckDB's process said no JSON: {e}")))?;
        match told.get("error").and_then(Json::as_str) {
            Some(error) => Err(Error::new(Kind::SourceUnreachable, error.lines().next().unwrap_or_default())),
            None => Ok(told),
        }
    }

    /// The answer of a query and how long it took, to its last row.
    pub fn answer(&mut self, sql: &str) -> Result<(Answer, Duration)> {
        let mut told = self.ask(&json!({"sql": sql}))?;
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let all = |key: &str, told: &Json| told.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        let columns = all("columns", &told).iter().map(|c| (text(&c[0]), Class::of(&text(&c[1])))).collect();
        let rows = told.get_mut("rows").and_then(Json::as_array_mut).map(std::mem::take).unwrap_or_default();
        let row = |row: Json| match row {
            Json::Array(cells) => cells.into_iter().map(|cell| cell.as_str().map(str::to_owned)).collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => Vec::new(),
        };
        let seconds = told.get("seconds").and_then(Json::as_f64).unwrap_or_default();
        Ok((Answer { columns, rows: rows.into_iter().map(row).collect() }, Duration::from_secs_f64(seconds.max(0.0))))
    }

    /// DuckDB's own JSON of a plan.
    pub fn explain(&mut self, analyze: bool, sql: &str) -> Result<Json> {
        let mut told = self.ask(&json!({"explain": sql, "analyze": analyze}))?;
        Ok(told.get_mut("plan").map(Json::take).unwrap_or_default())
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        // It only reads: nothing is lost with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
