//! SQL behaviour lives in `tests/sql`: each `.slt` file runs through the wire in the simple protocol, and in the extended one with
//! results as text and in binary; and, but for those in `tests/sql/catalog`, which need the fixture catalog, against PostgreSQL 15.
//!
//! Errors are compared as `SQLSTATE: message`, so `statement error 22012: division by zero` says both, and `(22012)` the SQLSTATE alone. Where an
//! answer cannot be PostgreSQL's, a pair of records says each: `onlyif stoa`, `onlyif postgresql`; `onlyif simple`, `skipif extended` or
//! `skipif binary` stand before what one protocol or format alone can do. `SLT=NAME` in the environment runs the files of that name only.

mod decode;
mod peer;
mod session;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sqllogictest::{Condition, DefaultColumnType, Record, RecordOutput, Runner};

use self::peer::Peer;
use self::session::{Mode, Session};
use crate::harness::{Server, root};

/// What fails, and in which modes.
type Failures = Vec<(String, Vec<&'static str>)>;

/// How many records ran, and how many of those are of one engine alone.
#[derive(Default)]
struct Count {
    ran: usize,
    own: usize,
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
    let stoa = Server::shared().address;
    for mode in [Mode::Simple, Mode::Text, Mode::Binary] {
        let mut count = Count::default();
        for file in shared.iter().chain(&ours) {
            run(file, "stoa", mode, stoa, &mut count, &mut failures);
        }
        println!("stoa, {}: {} records ran", mode.name(), count.ran);
    }
    let peer = Peer::start();
    for mode in [Mode::Simple, Mode::Text, Mode::Binary] {
        let mut count = Count::default();
        for file in &shared {
            run(file, "postgresql", mode, peer.address, &mut count, &mut failures);
        }
        println!(
            "postgresql, {}: {} records ran, {} of them with an answer that is not Stoa's",
            mode.name(),
            count.ran,
            count.own
        );
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
fn run(file: &Path, engine: &'static str, mode: Mode, address: SocketAddr, count: &mut Count, failures: &mut Failures) {
    let records = sqllogictest::parse_file::<DefaultColumnType>(file).unwrap_or_else(|e| panic!("{e}"));
    let mut runner = Runner::new(move || async move { Ok(Session::open(address, engine, mode)) });
    runner.add_label(mode.name());
    if mode != Mode::Simple {
        runner.add_label("extended");
    }
    for record in records {
        let own = is_own(&record, engine);
        match runner.run(record) {
            Ok(RecordOutput::Nothing) => {}
            // The crate's enum may grow.
            Ok(_) => {
                count.ran += 1;
                count.own += usize::from(own);
            }
            Err(e) => {
                let what = format!("{engine}: {}", e.display(false));
                match failures.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, modes)) => modes.push(mode.name()),
                    None => failures.push((what, vec![mode.name()])),
                }
            }
        }
    }
}

/// Whether a record is of this engine alone.
fn is_own(record: &Record<DefaultColumnType>, engine: &str) -> bool {
    let (Record::Statement { conditions, .. } | Record::Query { conditions, .. }) = record else { return false };
    conditions.iter().any(|c| matches!(c, Condition::OnlyIf { label } if label == engine))
}
