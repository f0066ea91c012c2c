//! The nasty files as they stand, without descriptors: every table answers or fails cleanly, in bounded time. What each file's answer
//! should be is not held here.

use std::time::{Duration, Instant};

use super::asked;
use crate::harness::{Server, Setup, shared_data};

/// For the first touch of the largest of them, on a busy machine.
const EACH: Duration = Duration::from_secs(60);

#[test]
fn every_nasty_file_answers_or_fails_cleanly() {
    let server = Server::start(Setup { catalogs: vec![("city", shared_data().join("nasty"))], ..Setup::default() });
    let tables = asked(&server, "select schema_name, table_name from catalog.distributions order by 1, 2");
    let mut answered = 0;
    let mut failed = Vec::new();
    for line in tables.lines() {
        let (schema, table) = line.split_once('|').expect("two columns");
        let started = Instant::now();
        let sql = format!(r#"set statement_timeout = 50000; select count(*) from "{schema}"."{table}""#);
        let shown = asked(&server, &sql);
        assert!(started.elapsed() < EACH, "{line} took {:?}", started.elapsed());
        let internal = ["XX000", "57014", "server closed", "panicked"].iter().any(|bad| shown.contains(bad));
        assert!(!internal, "{line}: {shown}");
        match shown.lines().find(|l| l.starts_with("ERROR:")) {
            None => answered += 1,
            Some(error) => failed.push(format!("{line}: {error}")),
        }
    }
    println!("{answered} tables answered, {} did not:\n{}", failed.len(), failed.join("\n"));
    assert!(answered > 90, "only {answered} answered; the others:\n{}", failed.join("\n"));
    assert_eq!(asked(&server, "select 1"), "1\n");
}
