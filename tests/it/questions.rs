//! The nine questions of `../shared/data/answers`: their SQL, what is to come out, and when two answers are the same. Who runs
//! them, and over which driver, is unknown here.

use std::path::{Path, PathBuf};

/// How many questions there are, from 1.
pub const COUNT: usize = 9;

/// A question's SQL for the catalog under `tests/fixtures/catalog`.
pub fn sql(number: usize) -> String {
    read(&root().join(format!("tests/questions/q{number}.sql")))
}

/// The header and the rows that a question is answered by. An empty cell is NULL.
pub fn answer(number: usize) -> Vec<Vec<String>> {
    let folder = root().join("../shared/data/answers");
    let start = format!("q{number}_");
    let file = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("the folder can be listed").path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&start) && name.ends_with(".csv")
        })
        .unwrap_or_else(|| panic!("no answer {start}*.csv in {}", folder.display()));
    table(&read(&file))
}

/// The header and the rows of CSV as `psql --csv` writes it.
pub fn table(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

/// Panics with the first cell that differs. Numbers are compared as numbers (`71387` is `71387.0`), exactly; all else as text.
pub fn assert_same(number: usize, got: &[Vec<String>]) {
    let want = answer(number);
    assert_eq!(got.first(), want.first(), "question {number}: other columns");
    assert_eq!(got.len(), want.len(), "question {number}: other rows: {got:?}");
    for (i, (got, want)) in got.iter().zip(&want).enumerate().skip(1) {
        assert_eq!(got.len(), want.len(), "question {number}, row {i}: other cells");
        for ((got, want), column) in got.iter().zip(want).zip(1..) {
            assert!(is_same(got, want), "question {number}, row {i}, column {column}: {got:?} in place of {want:?}");
        }
    }
}

fn is_same(got: &str, want: &str) -> bool {
    match (got.parse::<f64>(), want.parse::<f64>()) {
        (Ok(got), Ok(want)) => got == want,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) | (Err(_), Err(_)) => got == want,
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &PathBuf) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

mod tests {
    use super::*;

    #[test]
    fn every_question_has_its_sql_and_its_answer() {
        for number in 1..=COUNT {
            assert!(sql(number).starts_with("-- "), "question {number} says what it asks");
            assert!(answer(number).len() > 1, "question {number} has an answer");
            assert_same(number, &answer(number));
        }
    }

    #[test]
    fn cells_are_compared_as_what_they_are() {
        for (got, want, same) in
            [("1", "1.0", true), ("1e6", "1000000", true), ("1.1", "1.10001", false), ("", "0", false), ("晴", "晴", true)]
        {
            assert_eq!(is_same(got, want), same, "{got} {want}");
        }
        assert_eq!(table("a,\"b\"\"\n\"\r\n1,\n"), [["a", "b\"\n"], ["1", ""]]);
    }
}
