//! The nasty files of the real data, one case a file: each is declared in a package of its own, asked through the wire, and must
//! answer as its EXPECT.md says. Where a case departs from that, its `why` says the reason.

mod archives;
mod columnar;
mod parquet;
mod sheets;
mod text;
mod types;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use tokio_postgres::Client;

use crate::harness::{Server, Setup, root, rows, shared_data};

/// One file, and how it must answer.
struct Case {
    /// Its path below `nasty/`.
    file: &'static str,
    /// Properties of its resource beside name and path, as JSON object members without the braces; empty when nothing is declared.
    declared: &'static str,
    /// What a client asks and must see. `{t}` stands for the table's name.
    checks: &'static [Check],
    /// Why the case departs from EXPECT.md; empty when it does not.
    why: &'static str,
}

/// A question, and the right answer.
enum Check {
    /// The rows of a query: fields parted by `|`, rows by line ends, NULL as nothing.
    Rows(&'static str, &'static str),
    /// A query fails, and message, detail and hint hold each of these texts.
    Fails(&'static str, &'static [&'static str]),
    /// The table's columns as `name type` in order, parted by `, `.
    Columns(&'static str),
    /// Its rejects in order as `line column reason`, parted by line ends; the column is `-` when the whole row is rejected.
    Rejects(&'static str),
}

fn cases() -> Vec<&'static Case> {
    [archives::CASES, columnar::CASES, parquet::CASES, sheets::CASES, text::CASES, types::CASES].into_iter().flatten().collect()
}

/// A file's table: its path in lower case, with `_` for all but letters and digits, no longer than a name may be.
fn table(file: &str) -> String {
    let name: String = file.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let name = name.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    name.chars().take(60).collect::<String>().trim_end_matches('_').to_owned()
}

/// A catalog with a package for each case.
fn catalog(cases: &[&Case]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let base = shared_data().join("nasty");
    for case in cases {
        let name = table(case.file);
        let path = serde_json::to_string(case.file).expect("a text is JSON");
        let comma = if case.declared.is_empty() { "" } else { ", " };
        let package = format!(
            r#"{{"name": "{name}", "theme": "nasty", "stoa:base": {base:?},
                "resources": [{{"name": "{name}", "path": {path}{comma}{}}}]}}"#,
            case.declared
        );
        std::fs::write(folder.path().join(format!("{name}.datapackage.json")), package).expect("writes");
    }
    folder
}

/// What is wrong with a case's answers; nothing when it holds.
async fn wrong(client: &Client, case: &Case) -> String {
    let name = table(case.file);
    let mut wrong = String::new();
    for check in case.checks {
        let (sql, want) = match check {
            Check::Rows(sql, want) => (sql.replace("{t}", &format!("nasty.{name}")), *want),
            Check::Columns(want) => {
                // Reading the table makes its columns known.
                let touched = rows(client, &format!("SELECT * FROM nasty.{name} LIMIT 0")).await;
                if let Err(e) = touched {
                    writeln!(wrong, "  columns of {name}: {e:?}").expect("writes to a text");
                    continue;
                }
                let of_type = "string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position)";
                let from = "information_schema.columns WHERE table_schema = 'nasty'";
                (format!("SELECT {of_type} FROM {from} AND table_name = '{name}'"), *want)
            }
            Check::Rejects(want) => {
                let shown = "line || ' ' || coalesce(column_name, '-') || ' ' || reason";
                (format!("SELECT {shown} FROM catalog.rejects WHERE schema_name = 'nasty' AND table_name = '{name}'"), *want)
            }
            Check::Fails(sql, texts) => {
                let sql = sql.replace("{t}", &format!("nasty.{name}"));
                match rows(client, &sql).await {
                    Ok(found) => writeln!(wrong, "  {sql}: answers {found:?}").expect("writes to a text"),
                    Err(e) => {
                        let said = e.as_db_error().map_or_else(
                            || e.to_string(),
                            |e| [Some(e.message()), e.detail(), e.hint()].into_iter().flatten().collect::<Vec<_>>().join("\n"),
                        );
                        let missing: Vec<_> = texts.iter().filter(|text| !said.contains(**text)).collect();
                        if !missing.is_empty() {
                            writeln!(wrong, "  {sql}: says {said:?}, without {missing:?}").expect("writes to a text");
                        }
                    }
                }
                continue;
            }
        };
        match rows(client, &sql).await {
            Ok(found) => {
                let found = found.iter().map(|row| row.join("|")).collect::<Vec<_>>().join("\n");
                if found != want {
                    writeln!(wrong, "  {sql}:\n    found {found:?}\n    want  {want:?}").expect("writes to a text");
                }
            }
            Err(e) => writeln!(wrong, "  {sql}: {e:?}").expect("writes to a text"),
        }
    }
    wrong
}

#[tokio::test]
async fn every_nasty_file_answers_as_expected() {
    let only = std::env::var("NASTY").unwrap_or_default();
    let cases: Vec<&Case> = cases().into_iter().filter(|case| case.file.contains(&only)).collect();
    assert!(!cases.is_empty(), "no file is called like NASTY={only}");
    let folder = catalog(&cases);
    let server = Server::start(Setup { catalogs: vec![("nasty", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("nasty").await;
    let mut failed = String::new();
    let mut holding = 0;
    for case in &cases {
        assert!(!case.checks.is_empty(), "{} is not checked", case.file);
        match wrong(&client, case).await {
            wrong if wrong.is_empty() => holding += 1,
            wrong => write!(failed, "{}\n{wrong}", case.file).expect("writes to a text"),
        }
    }
    let departing = cases.iter().filter(|case| !case.why.is_empty()).count();
    println!("nasty files: {holding} of {} hold, {departing} of them otherwise than EXPECT.md says", cases.len());
    assert!(failed.is_empty(), "{} of {} files answer otherwise:\n{failed}", cases.len() - holding, cases.len());
}

#[test]
fn every_nasty_file_has_one_case() {
    let root = shared_data().join("nasty");
    let mut there = BTreeSet::new();
    for folder in std::fs::read_dir(&root).expect("lists").map(|e| e.expect("an entry").path()).filter(|p| p.is_dir()) {
        for file in std::fs::read_dir(folder).expect("lists").map(|e| e.expect("an entry").path()) {
            let below = file.strip_prefix(&root).map(Path::to_str).expect("below the root").expect("UTF-8");
            there.insert(below.to_owned());
        }
    }
    let mut cased = BTreeSet::new();
    for case in cases() {
        assert!(cased.insert(case.file.to_owned()), "{} has two cases", case.file);
    }
    assert_eq!(cased, there);
}

#[test]
fn the_readme_counts_them() {
    let (all, departing) = (cases().len(), cases().iter().filter(|case| !case.why.is_empty()).count());
    assert_eq!(departing, 2, "README.md says it in a word");
    let said =
        format!("Of {all} nasty files of real portals, all {all} answer as is expected of a good engine, two of them otherwise");
    let readme = std::fs::read_to_string(root().join("README.md")).expect("reads");
    assert!(readme.contains(&said), "README.md does not say: {said}");
}
