//! SQL behaviour lives in `tests/sql`: each `.slt` file runs through the wire in the simple protocol, and in the extended one with
//! results as text and in binary; and, but for those in `tests/sql/catalog`, which need the fixture catalog, against PostgreSQL 15.
//!
//! Errors are compared as `SQLSTATE: message`, so `statement error 22012: division by zero` says both, and `(22012)` the SQLSTATE alone. Where an
//! answer cannot be PostgreSQL's, a pair of records says each: `onlyif stoa`, `onlyif postgresql`; `onlyif simple`, `skipif extended` or
//! `skipif binary` stand before what one protocol or format alone can do. `SLT=NAME` in the environment runs the files of that name only,
//! and `SLT_BESIDE=1` lists what the engines answer otherwise and no record tells (`beside`).

mod beside;
mod decode;
mod peer;
mod session;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sqllogictest::{Condition, DefaultColumnType, Record, RecordOutput, Runner};

use self::beside::{Answer, Place};
use self::peer::Peer;
use self::session::{Mode, Session};
use crate::harness::{Server, root};

/// What fails, and in which modes.
type Failures = Vec<(String, Vec<&'static str>)>;

/// What is asked: an engine in one mode, and what became of it.
struct Run {
    engine: &'static str,
    mode: Mode,
    address: SocketAddr,
    /// Records that ran, those of them that are of this engine alone, and those that are not for this engine or mode.
    ran: usize,
    own: usize,
    skipped: usize,
}

impl Run {
    fn new(engine: &'static str, mode: Mode, address: SocketAddr) -> Self {
        Self { engine, mode, address, ran: 0, own: 0, skipped: 0 }
    }
}

#[test]
fn every_file_holds() {
    let only = std::env::var("SLT").ok();
    let chosen = |file: &PathBuf| {
        only.as_deref().is_none_or(|only| file.file_stem().is_some_and(|stem| stem.to_string_lossy().contains(only)))
    };
    let shared: Vec<PathBuf> = files(&root().join("tests/sql")).into_iter().filter(chosen).collect();
    let ours: Vec<PathBuf> = files(&root().join("tests/sql/catalog")).into_iter().filter(chosen).collect();
    assert!(!shared.is_empty() || !ours.is_empty(), "no .slt file found");
    let mut failures = Failures::new();
    let peer = Peer::start();
    let mut answers = [HashMap::new(), HashMap::new()];
    let engines = [("stoa", Server::shared().address, [&shared[..], &ours]), ("postgresql", peer.address, [&shared, &[]])];
    for ((engine, address, files), answers) in engines.into_iter().zip(&mut answers) {
        for mode in [Mode::Simple, Mode::Text, Mode::Binary] {
            let mut asked = Run::new(engine, mode, address);
            for file in files.into_iter().flatten() {
                run(file, &mut asked, answers, &mut failures);
            }
            let Run { ran, own, skipped, .. } = asked;
            println!(
                "{engine}, {}: {ran} records ran, {own} of them of this engine alone; {skipped} were not for it",
                mode.name()
            );
        }
    }
    let beside = beside::differences(&answers[0], &answers[1]);
    println!("{} differences that no record tells; SLT_BESIDE=1 lists them", beside.len());
    if std::env::var_os("SLT_BESIDE").is_some() {
        println!("{}", beside.join("\n"));
    }
    let failures: Vec<String> = failures.iter().map(|(what, modes)| format!("({}) {what}", modes.join(", "))).collect();
    assert!(failures.is_empty(), "{} records fail:\n\n{}", failures.len(), failures.join("\n"));
}

/// The `.slt` files of a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> =
        entries.map(|f| f.expect("a file").path()).filter(|p| p.extension().is_some_and(|e| e == "slt")).collect();
    files.sort();
    files
}

/// Runs a file in a session of its own to its end, also past records that fail.
fn run(file: &Path, asked: &mut Run, answers: &mut HashMap<Place, Answer>, failures: &mut Failures) {
    let records = sqllogictest::parse_file::<DefaultColumnType>(file).unwrap_or_else(|e| panic!("{e}"));
    let (engine, mode, address, before) = (asked.engine, asked.mode, asked.address, asked.ran);
    let last = Arc::new(Mutex::new(None));
    let mut runner = Runner::new({
        let last = Arc::clone(&last);
        move || {
            let last = Arc::clone(&last);
            async move { Ok(Session::open(address, engine, mode, last)) }
        }
    });
    // A letter for each column; what type it is has no part in it, for that is compared by oid.
    runner.with_column_validator(|actual, expected| actual.len() == expected.len());
    runner.add_label(mode.name());
    if mode != Mode::Simple {
        runner.add_label("extended");
    }
    for record in records {
        let Some((place, own)) = asked_of(&record, engine) else {
            runner.run(record).unwrap_or_else(|e| panic!("{}", e.display(false)));
            continue;
        };
        let done = runner.run(record);
        let answer = last.lock().expect("nobody panics while it is held").take();
        match done {
            Ok(RecordOutput::Nothing) => {
                asked.skipped += 1;
                continue;
            }
            // The crate's enum may grow.
            Ok(_) => {
                asked.ran += 1;
                asked.own += usize::from(own);
            }
            Err(e) => {
                let what = format!("{engine}: {}", e.display(false));
                match failures.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, modes)) => modes.push(mode.name()),
                    None => failures.push((what, vec![mode.name()])),
                }
            }
        }
        answers.extend(answer.filter(|_| !own).map(|answer| ((place, mode.name()), answer)));
    }
    assert!(asked.ran > before || !failures.is_empty(), "{}: no record ran on {engine}, {}", file.display(), mode.name());
}

/// Where a record stands that asks an engine, and whether it asks this one alone.
fn asked_of(record: &Record<DefaultColumnType>, engine: &str) -> Option<(String, bool)> {
    let (Record::Statement { conditions, loc, .. } | Record::Query { conditions, loc, .. }) = record else { return None };
    let own = conditions.iter().any(|c| matches!(c, Condition::OnlyIf { label } if label == engine));
    Some((loc.to_string(), own))
}
