//! Whole texts of each dialect, read to their cells.

use super::*;

/// The columns, then rows as `line: a|b`, then faults as `line! reason (kept or not)`.
fn check(dialect: &Dialect, text: &str) -> String {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.csv");
    std::fs::write(&path, text).expect("writes");
    let text = Text { path, skip: 0, bytes: text.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let mut reader = match Reader::open(&text, "t.csv", 0, dialect, &["x".to_owned()], 1 << 20) {
        Ok(reader) => reader,
        Err(e) => return e.to_string(),
    };
    let mut out = vec![reader.names().join("|")];
    while let Some(cells) = reader.next().expect("reads") {
        let columns: Vec<Vec<String>> = (0..cells.width).map(|c| cells.column(c).map(|c| c.text.to_owned()).collect()).collect();
        for (row, line) in cells.lines.iter().enumerate() {
            out.push(format!("{line}: {}", columns.iter().map(|c| c[row].as_str()).collect::<Vec<_>>().join("|")));
        }
        for f in &cells.faults {
            let kept = if f.column.is_some() { "kept" } else { "out" };
            out.push(format!("{}! {} ({kept})", f.line, f.reason));
        }
    }
    out.join("; ")
}

#[test]
fn whole_files() {
    let usual = Dialect::default();
    let no_header = Dialect { header: Some(false), ..Dialect::default() };
    let two_headers = Dialect { header_rows: vec![2, 3], ..Dialect::default() };
    let commented = Dialect { comment_char: Some("//".into()), comment_rows: vec![3], ..Dialect::default() };
    for (dialect, text, want) in [
        (&usual, "a,b\n1,2\n3,4\n", "a|b; 2: 1|2; 3: 3|4"),
        (&usual, "a,b\n\"1\n\",2\n3,4", "a|b; 2: 1\n|2; 4: 3|4"),
        (&usual, "a,b\n", "a|b"),
        (&usual, "", "t.csv is empty: it has no header"),
        (&usual, "\n\n", "t.csv is empty: it has no header"),
        (&usual, "a,b\n1\n1,2,3\n1,2,\n", "a|b; 2: 1|; 4: 1|2; 2! the row has 1 fields (kept); 3! the row has 3 fields (out)"),
        (&usual, "id,,id\n1,2,3\n", "id|column_2|id_2; 2: 1|2|3"),
        (&usual, "a,b\n\n1,2\n \n,\n", "a|b; 3: 1|2; 5: |"),
        (&usual, "# note\na,b\n1,2\n# end\n", "a|b; 3: 1|2"),
        (&usual, "a,b\n1,2\n\"3,4\n5,6\n", "a|b; 2: 1|2; 4: 5|6; 3! a quote is opened and never closed (out)"),
        (&usual, "a\rb\rc\r", "a; 2: b; 3: c"),
        (&usual, "T,,\na,b,c\n1,2,3\n", "a|b|c; 3: 1|2|3; 1! the row stands before the header (out)"),
        (&no_header, "1,2\n3,4\n", "x|column_2; 1: 1|2; 2: 3|4"),
        (&two_headers, "title\nq1,q2\nmin,max\n1,2\n", "q1 min|q2 max; 4: 1|2"),
        (&commented, "a,b\n//x\n1,2\n3,4\n", "a|b; 4: 3|4"),
    ] {
        assert_eq!(check(dialect, text), want, "{text:?}");
    }
}

#[test]
fn records_cross_chunks() {
    let row = format!("{},\"{}\"\n", "x".repeat(300), "y\"\"".repeat(100));
    let text = format!("a,b\n{}", row.repeat(5000));
    assert!(text.len() > 2 * CHUNK);
    let got = check(&Dialect::default(), &text);
    assert_eq!(got.matches("; ").count(), 5000);
    assert!(got.ends_with(&format!("5001: {}|{}", "x".repeat(300), "y\"".repeat(100))));
}

/// Every cell in quotes, as RFC 4180 has it.
fn written(rows: &[Vec<String>], line_end: &str) -> String {
    let cell = |c: &String| format!("\"{}\"", c.replace('"', "\"\""));
    rows.iter().map(|r| r.iter().map(cell).collect::<Vec<_>>().join(",") + line_end).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec("[a-z\",\r\n 省é;|]{0,12}", 3), 1..20),
        crlf in proptest::prelude::any::<bool>(),
    ) {
        let dialect = Dialect { header: Some(false), delimiter: Some(','), ..Dialect::default() };
        let text = written(&rows, if crlf { "\r\n" } else { "\n" });
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("t.csv");
        std::fs::write(&path, &text).expect("writes");
        let text = Text { path, skip: 0, bytes: text.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
        let mut reader = Reader::open(&text, "t.csv", 0, &dialect, &[], 1 << 20).expect("has a first record");
        let mut read = Vec::new();
        while let Some(cells) = reader.next().expect("reads") {
            let columns: Vec<Vec<String>> = (0..3).map(|c| cells.column(c).map(|c| c.text.to_owned()).collect()).collect();
            read.extend((0..cells.rows()).map(|r| columns.iter().map(|c| c[r].clone()).collect::<Vec<_>>()));
        }
        proptest::prop_assert_eq!(read, rows);
    }
}

#[test]
fn short_rows_of_a_wide_table_come_in_small_batches() {
    let (columns, rows) = (2_000, 5_000);
    let header: Vec<String> = (0..columns).map(|i| format!("c{i}")).collect();
    let table = format!("{}\n{}", header.join(","), "1\n".repeat(rows));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.csv");
    std::fs::write(&path, &table).expect("writes");
    let text = Text { path, skip: 0, bytes: table.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let mut reader = Reader::open(&text, "t.csv", 0, &Dialect::default(), &[], 1 << 20).expect("opens");
    let mut lines = Vec::new();
    while let Some(cells) = reader.next().expect("reads") {
        assert!(cells.spans.len() <= MAX_CELLS, "{} cells", cells.spans.len());
        lines.extend(cells.lines);
    }
    assert!(lines.into_iter().eq(2..rows as u64 + 2));
}
