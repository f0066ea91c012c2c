//! JSON texts of each shape, read to their cells.

use super::*;
use crate::snapshot::cells::CellKind;
use crate::snapshot::columns::ADDED;

/// The columns, then rows as `line: a|b`, then faults as `line! reason`.
fn check(property: Option<&str>, lines: bool, json: &str) -> String {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.json");
    std::fs::write(&path, json).expect("writes");
    let text = Text { path, skip: 0, bytes: json.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let read = || {
        let shape = if lines { Shape::lines() } else { Shape::of(&text, "t.json", property)? };
        let mut reader = Reader::open(&shape, &text, "t.json", 0, 1 << 20, 100)?;
        let (mut rows, mut names) = (Vec::new(), Arc::default());
        while let Some(cells) = reader.next()? {
            names = Arc::clone(&cells.names);
            for (row, line) in cells.lines.iter().enumerate() {
                let values: Vec<String> = (0..cells.width)
                    .map(|c| cells.column(c).nth(row).map_or_else(String::new, |c| format!("{}{}", mark(c.kind), c.text)))
                    .collect();
                rows.push(format!("{line}: {}", values.join("|")));
            }
            rows.extend(cells.faults.iter().map(|f| format!("{}! {}", f.line, f.reason)));
        }
        Ok::<_, Error>(format!("{}; {}", names.join("|").replace(ADDED, "+"), rows.join("; ")))
    };
    read().unwrap_or_else(|e| e.to_string())
}

fn mark(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Absent => "~",
        CellKind::String => "'",
        CellKind::Plain | CellKind::Scalar | CellKind::Nested | CellKind::Undecodable => "",
    }
}

#[test]
fn shapes_of_json() {
    for (property, lines, json, want) in [
        (None, false, r#"[{"a":1,"b":"x"},{"b":"y\n","c":[1,{"d":2}]}]"#, "a|b|c; 1: 1|'x|~; 1: ~|'y\n|[1,{\"d\":2}]"),
        (None, false, "[]", "; "),
        (None, false, "[\n{\"a\":null},\n{\"a\":1.50}\n]", "a; 2: ~; 3: 1.50"),
        (None, false, r#"{"meta":{"n":1},"rows":[{"a":true}]}"#, "a; 1: true"),
        (None, false, r#"{"a":1,"b":[1,2]}"#, "a|b; 1: 1|[1,2]"),
        (None, false, "{\"a\":1}\n{\"a\":2}\n", "a; 1: 1; 2: 2"),
        (None, false, "[[1,2],[3]]", "column_1|column_2; 1: 1|2; 1: 3|~"),
        (None, false, "[1,\"x\"]", "value; 1: 1; 1: 'x"),
        (Some("data.rows"), false, r#"{"x":[{"a":0}],"data":{"rows":[{"a":1}],"more":2}}"#, "a; 1: 1"),
        (Some("/data"), false, r#"{"data":[{"a":1}]}"#, "a; 1: 1"),
        (Some("nope"), false, r#"{"data":[{"a":1}]}"#, "t.json has no member \"nope\""),
        (
            None,
            true,
            "{\"a\":1}\n\n{\"a\":\n{\"a\":3}",
            "a; 1: 1; 4: 3; 3! the line is not JSON: EOF while parsing a value at line 1 column 5",
        ),
        (None, false, "[{\"a\":1}\n{\"a\":2}]", "t.json, line 2: a comma or the array's end is expected"),
        (None, false, "[{\"a\":1},\n{\"a\":tru}]", "t.json, line 2: it is not JSON: expected ident at line 1 column 9"),
        (None, false, "[{\"a\":1}", "t.json, line 1: a comma or the array's end is expected"),
        (None, false, "[{\"a\":1", "t.json, line 1: the text ends inside a value"),
        (None, false, "oops", "t.json, line 1: neither an array nor an object, so it holds no records"),
        (
            None,
            false,
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":7,"properties":{"id":"a"},"geometry":{"type":"Point","coordinates":[1,2]}},{"type":"Feature","properties":null,"geometry":{"type":"Blob"}}]}"#,
            "id|+id|+geometry; 1: 'a|7|POINT (1 2); 1: ~|~|~; 1! \"Blob\" is not a kind of geometry",
        ),
    ] {
        assert_eq!(check(property, lines, json), want, "{json}");
    }
}

#[test]
fn records_cross_buffers() {
    let record = format!("{{\"a\":\"{}\",\"b\":[1,{{\"c\":\"]}}\"}}]}}", "x\\\"y".repeat(500));
    let json = format!("[{}]", vec![record; 2000].join(",\n"));
    assert!(json.len() > 2 * BATCH_BYTES);
    let got = check(None, false, &json);
    assert_eq!(got.matches("[1,{\"c\":\"]}\"}]").count(), 2000);
}

#[test]
fn a_broken_record_leaves_no_column() {
    let got = check(None, true, "{\"a\":1}\n{\"b\":1,\"c\":\"x\\ny\",\"d\":\n{\"e\":2}");
    assert_eq!(got, "a|e; 1: 1|~; 3: ~|2; 2! the line is not JSON: EOF while parsing a value at line 1 column 22");
}

#[test]
fn keys_without_end_are_an_error_and_not_a_table() {
    let lines = |keys: usize| (0..keys).map(|i| format!("{{\"k{i}\":1}}\n")).collect::<String>();
    assert!(check(None, true, &lines(100)).starts_with("k0|k1|"));
    assert_eq!(check(None, true, &lines(101)), "t.json has too many columns: more than 100 are not read");
    let broken = format!("{{{}\n{{\"a\":1}}", (0..200).map(|i| format!("\"k{i}\":1,")).collect::<String>());
    assert!(check(None, true, &broken).starts_with("a; 2: 1; 1! the line is not JSON"));
}

#[test]
fn a_wide_batch_has_few_rows() {
    let (keys, rows) = (5_000, 10_000);
    let lines: String = (0..rows).map(|i| format!("{{\"k{}\":{i}}}\n", i % keys)).collect();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.json");
    std::fs::write(&path, &lines).expect("writes");
    let text = Text { path, skip: 0, bytes: lines.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let mut reader = Reader::open(&Shape::lines(), &text, "t.json", 0, 1 << 20, keys).expect("opens");
    let mut seen = 0;
    while let Some(cells) = reader.next().expect("reads") {
        assert!(cells.spans.len() <= MAX_CELLS, "{} cells", cells.spans.len());
        for (row, line) in cells.lines.iter().enumerate() {
            let cell = cells.column(seen % keys).nth(row).expect("the row has all columns so far");
            assert_eq!((cell.text.to_owned(), *line), (seen.to_string(), seen as u64 + 1));
            seen += 1;
        }
    }
    assert_eq!(seen, rows);
}
