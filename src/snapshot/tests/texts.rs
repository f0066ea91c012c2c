//! Texts that show only behind their head, or only in some cells, what they are: from the published file to the table and its warnings.

use arrow::array::AsArray;

use super::*;

#[tokio::test]
async fn a_file_that_becomes_wider_is_laid_out_again() {
    let narrow = |rows: std::ops::Range<usize>| rows.map(|n| format!("place {n},{n}\n")).collect::<String>();
    let wide = |rows: std::ops::Range<usize>| rows.map(|n| format!("place {n},{n},2020-01-0{}\n", n % 9 + 1)).collect::<String>();
    for (text, (columns, rows, rejects), warnings) in [
        (
            format!("a,b\n{}{}", narrow(0..2000), wide(2000..2030)),
            ("a Utf8View, b Int64, column_3 Date32", 2030, 0),
            &[
                "mem://t.csv: 30 rows have 3 fields, the first in line 2002, and the head has 2 columns; those behind are column_3, and names may \
               not be those of the values below",
            ][..],
        ),
        (
            format!("a,b\n{}x,1,2\n{}1,2,3,4\n{}", narrow(0..1500), narrow(1500..3000), narrow(3000..3010)),
            ("a Utf8View, b Int64", 3010, 2),
            &[
                "mem://t.csv: 2 rows have more fields than the 2 columns, the first in line 1502, and can't be told to stand in the right ones: \
               see catalog.rejects",
            ],
        ),
        // Told by the tail, and one row of a third width.
        (
            format!("a,b\n{}{}x,1,2,3\n{}", narrow(0..2000), wide(2000..4000), wide(4000..6000)),
            ("a Utf8View, b Int64, column_3 Date32", 6000, 1),
            &[
                "mem://t.csv: rows have 3 fields at the end, the first in line 2002, and the head has 2 columns; those behind are column_3, and \
               names may not be those of the values below",
                "mem://t.csv: 1 row has more fields than the 3 columns, the first in line 4002, and can't be told to stand in the right ones: \
               see catalog.rejects",
            ],
        ),
    ] {
        let bench = Bench::new();
        bench.put("t.csv", text.as_bytes()).await;
        let snapshot = bench.touch(&csv("mem://t.csv")).await.expect("is read");
        assert_eq!((show(&snapshot)[0].as_str(), snapshot.rows, snapshot.rejects), (columns, rows, rejects));
        assert_eq!(snapshot.rows_read, rows + rejects);
        assert_eq!(bench.warnings(), warnings);
    }
}

#[tokio::test]
async fn a_value_that_could_not_be_read_is_no_empty_one() {
    let bench = Bench::new();
    let text = r#"[{"a": 1, "b": "\ud800"}, {"a": 2, "b": null}, {"a": 3, "b": "x"}, {"a": 4, "b": "\u0000"}]"#;
    bench.put("t.json", text.as_bytes()).await;
    let distribution = Distribution { format: Some(Format::Json), ..csv("mem://t.json") };
    let snapshot = bench.touch(&distribution).await.expect("is read");
    assert_eq!((snapshot.rows, snapshot.rejects), (4, 2));
    let batches = rows(&snapshot);
    let reasons = batches[0].column_by_name("_missing_reason(b)").expect("b is explained").as_string_view();
    let reasons: Vec<Option<&str>> = reasons.iter().collect();
    let half = "rejected: it holds half a character (a lone surrogate)";
    assert_eq!(reasons, [Some(half), None, None, Some("rejected: it holds a NUL, which text can't hold")]);
    assert!(batches[0].column_by_name("_missing_reason(a)").is_none());
}

#[tokio::test]
async fn a_file_is_what_its_bytes_say_and_not_what_it_is_called() {
    let is_json = "mem://t: it is said to be csv and is json, and is read as that; declare \"format\": \"json\"";
    let is_csv = "mem://t: it is said to be json and is csv, and is read as that; declare \"format\": \"csv\"";
    let is_no_lines = "mem://t: it is said to be ndjson and is json, and is read as that; declare \"format\": \"json\"";
    for (format, text, want, warnings) in [
        (
            Format::Csv,
            r#"[{"id":1,"name":"a"},{"id":2,"name":"b"}]"#,
            &["id Int64, name Utf8View", "1|a", "2|b"][..],
            &[is_json][..],
        ),
        (Format::Csv, "{\"id\":1}\n{\"id\":2}\n", &["id Int64", "1", "2"], &[is_json]),
        (Format::Csv, r#"{"n":2,"rows":[{"id":1},{"id":2}]}"#, &["id Int64", "1", "2"], &[is_json]),
        (Format::Csv, "[id],[name]\n1,a\n", &["[id] Int64, [name] Utf8View", "1|a"], &[]),
        (Format::Csv, "---\nname: t\n---\nid,name\n1,a\n2,b\n", &["id Int64, name Utf8View", "1|a", "2|b"], &[]),
        (Format::Json, "id,name\n1,a\n2,b\n", &["id Int64, name Utf8View", "1|a", "2|b"], &[is_csv]),
        (Format::Json, r#"[{"a":1.5},{"a":NaN},{"a":Infinity}]"#, &["a Float64", "1.5", "NaN", "inf"], &[]),
        (Format::Json, r#"[{"a":1.5},{"a":NaN}]"#, &["a Float64", "1.5", "NULL"], &[]),
        (Format::NdJson, "[\n{\"id\":1},\n{\"id\":2}\n]", &["id Int64", "1", "2"], &[is_no_lines]),
        (Format::NdJson, "{\"id\":1},\n{\"id\":2}{\"id\":3}\n", &["id Int64", "1", "2", "3"], &[]),
        (
            Format::GeoJson,
            "{\"type\":\"Feature\",\"properties\":{\"id\":1}}\n{\"type\":\"Feature\",\"properties\":{\"id\":2}}\n",
            &["id Int64", "1", "2"],
            &[],
        ),
    ] {
        let bench = Bench::new();
        bench.put("t", text.as_bytes()).await;
        let snapshot = bench.touch(&Distribution { format: Some(format), ..csv("mem://t") }).await;
        let snapshot = snapshot.unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(show(&snapshot), want, "{text}");
        let said: Vec<String> = bench.warnings().into_iter().filter(|w| w.contains("is said to be")).collect();
        assert_eq!(said, warnings, "{text}");
    }
    for (format, text, want) in [
        (Format::Csv, r#"{"error":"no such file"}"#, "mem://t is a JSON object, not a table"),
        (Format::Json, "<!doctype html><title>Gone</title>", "mem://t is an HTML page titled \"Gone\", not a table"),
        (Format::Json, r#"{"type":"Topology","objects":{},"arcs":[[[0,0]]]}"#, "mem://t is TopoJSON, which is not read"),
    ] {
        let bench = Bench::new();
        bench.put("t", text.as_bytes()).await;
        let refused = bench.touch(&Distribution { format: Some(format), ..csv("mem://t") }).await;
        assert_eq!(refused.map(|s| s.rows).map_err(|e| e.message().to_owned()), Err(want.to_owned()));
    }
}
