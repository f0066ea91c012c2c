//! `stoa compare` as CI uses it: the plans and answers of the whole suite against the baseline that is kept here, and what it says when they
//! are not what they were. Times are not looked at.

use std::fs;
use std::path::Path;

use crate::harness::{program, root};

/// What one run left: its exit code, standard output and standard error.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Compares over the shipped city, without timing anything; `state` is kept by the caller, so that tables are read once.
fn compare(state: &Path, words: &[&str]) -> Ran {
    let out = program(env!("CARGO_BIN_EXE_stoa"))
        .args(["compare", "--rounds", "0", "--threads", "2", "--memory", "512MB", "--catalog", "city=datasets/city", "--state"])
        .arg(state)
        .args(words)
        .current_dir(root())
        .output()
        .expect("stoa starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: out.status.code(), out: text(&out.stdout), err: text(&out.stderr) }
}

/// To make the baseline anew: `stoa compare --suite opendata --rounds 0 --threads 2 --catalog city=datasets/city --save-baseline
/// tests/baselines/opendata.json`, with a fresh `--state`. What changes in it, a reader of the change looks at.
#[test]
fn plans_and_answers_of_the_suite_are_those_of_the_baseline() {
    let state = tempfile::tempdir().expect("a temporary folder");
    let ran = compare(
        state.path(),
        &["--suite", "opendata", "--baseline", "tests/baselines/opendata.json", "--fail-on", "wrong,lost-pushdown,plan"],
    );
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(!ran.err.contains("in the baseline"), "queries and baseline are not of each other: {}", ran.err);
}

#[test]
fn a_lost_pushdown_and_a_wrong_answer_fail() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (state, sql, baseline, json, html) =
        (folder.path().join("state"), file("long.sql"), file("b.json"), file("c.json"), file("c.html"));
    let ask = |condition: &str| {
        let text = format!("select count(*) as n from transport.metro_trips where {condition}");
        fs::write(&sql, text).expect("the folder is writable");
    };
    ask("minutes > 45");
    let ran = compare(&state, &[&sql, "--save-baseline", &baseline]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let all = "wrong,lost-pushdown";
    let ran = compare(
        &state,
        &[
            &sql,
            "--baseline",
            &baseline,
            "--fail-on",
            all,
            "--variant",
            "a=stoa",
            "--variant",
            "b=stoa",
            "--json",
            &json,
            "--html",
            &html,
        ],
    );
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&json).expect("it is written")).expect("it is JSON");
    assert_eq!(told["queries"][0]["same_answers"], true);
    assert_eq!(told["queries"][0]["runs"][1]["difference"]["same"], true);
    assert!(fs::read_to_string(&html).expect("it is written").starts_with("<!DOCTYPE html>"));

    // No scan can apply what is random to each row.
    ask("minutes + (random() * 0)::int > 45");
    let ran = compare(&state, &[&sql, "--baseline", &baseline, "--fail-on", all]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    let lost = "FAILED long on stoa: lost-pushdown: DataSourceExec transport.metro_trips: the filter minutes > 45 does not reach the scan";
    assert!(ran.out.contains(lost), "{}", ran.out);
    ask("minutes > 50");
    let ran = compare(&state, &[&sql, "--baseline", &baseline]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("FAILED long on stoa: wrong: not the baseline's answer: row 1, column 1"), "{}", ran.out);
}

#[test]
fn what_can_t_be_compared_ends_with_2() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("state");
    for (words, said) in [
        (vec!["--suite", "poems"], "error: there is no suite \"poems\""),
        (vec!["no/such.sql"], "error: can't read queries from no/such.sql"),
        (vec!["--suite", "opendata", "--baseline", "no/such.json"], "error: can't use the baseline no/such.json"),
        (
            vec!["--suite", "opendata", "--variant", "pg=postgres://127.0.0.1:1/x"],
            "error: variant pg: can't connect to postgres://127.0.0.1:1/x",
        ),
        (
            vec!["--suite", "opendata", "--variant", "df=datafusion:tests/sql"],
            "error: variant df: tests/sql holds no table of Parquet files",
        ),
    ] {
        let ran = compare(&state, &words);
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{words:?}: {}", ran.err);
    }
}

#[test]
fn plain_datafusion_answers_the_same_over_the_same_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("state");
    let sql = folder.path().join("fares.sql").to_string_lossy().into_owned();
    fs::write(&sql, "select ticket, count(*) as trips, sum(fare) as fares from transport.metro_trips group by ticket")
        .expect("it is writable");
    let ran = compare(&state, &[&sql]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let plain = format!("plain=datafusion:{}", state.display());
    let ran = compare(&state, &[&sql, "--variant", "stoa=stoa", "--variant", &plain]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("same"), "{}", ran.out);
}
