//! JSON texts of each shape, read to their cells.

use super::*;
use crate::descriptor::{Column, Dialect, Distribution, ItemType, Schema};
use crate::snapshot::cells::{Cell, CellKind};
use crate::snapshot::columns::ADDED;
use crate::snapshot::stop::Stop;

/// The columns, then rows as `line: a|b`, then faults as `line! reason`.
fn check(property: Option<&str>, lines: bool, json: &str) -> String {
    let dialect = Dialect { property: property.map(str::to_owned), ..Dialect::default() };
    read(&Distribution { dialect, ..Distribution::default() }, lines, json)
}

/// The same of a distribution.
fn read(distribution: &Distribution, lines: bool, json: &str) -> String {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.json");
    std::fs::write(&path, json).expect("writes");
    let text = Text { path, skip: 0, bytes: json.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let mut warnings = Vec::new();
    let mut read = || {
        let shape = if lines {
            Shape::lines(distribution)
        } else {
            Shape::of(&text, "t.json", distribution, 1 << 20, &Stop::default(), &mut warnings)?
        };
        let mut reader = Reader::open(&shape, &text, "t.json", 0, 1 << 20, 100)?;
        let (mut rows, mut names) = (Vec::new(), Arc::clone(reader.names()));
        while let Some(cells) = reader.next()? {
            names = Arc::clone(&cells.names);
            for (row, line) in cells.lines.iter().enumerate() {
                let values: Vec<String> = (0..cells.width)
                    .map(|c| cells.column(c).nth(row).map_or_else(String::new, |c| format!("{}{}", mark(c.kind), shown(&c))))
                    .collect();
                rows.push(format!("{line}: {}", values.join("|")));
            }
            rows.extend(cells.faults.iter().map(|f| format!("{}! {}", f.line, f.reason)));
        }
        Ok::<_, Error>(format!("{}; {}", names.join("|").replace(ADDED, "+"), rows.join("; ")))
    };
    let mut said = read().unwrap_or_else(|e| e.to_string());
    warnings.iter().for_each(|warning| said += &format!("; ? {}", warning.trim_start_matches("t.json: ")));
    said
}

/// A cell's text, and where a fault stands in place of it, `!`.
fn shown<'a>(cell: &Cell<'a>) -> &'a str {
    match cell.kind {
        CellKind::Absent if !cell.text.is_empty() => "!",
        CellKind::Absent | CellKind::String | CellKind::Plain | CellKind::Scalar | CellKind::Nested | CellKind::Undecodable => {
            cell.text
        }
    }
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
        (None, false, "[{\"a\":1}\n{\"a\":2}]", "t.json, line 2: a comma or the array's end is expected, and '{' stands there"),
        (None, false, "[{\"a\":1},\n{\"a\":tru}]", "t.json, line 2: it is not JSON: expected ident at line 1 column 9"),
        (None, false, "[1,2]\n[3,4]\n", "t.json, line 2: the records have ended, and more stands behind them"),
        (Some("d"), false, r#"{"d":[{"a":1}],"x":{"d":0}}"#, "a; 1: 1"),
        (
            Some("d.e"),
            false,
            r#"{"d":{"e":[{"a":1}]}} {"d":{}}"#,
            "t.json, line 1: the records have ended, and more stands behind them",
        ),
        (Some("d"), false, r#"{"d":[{"a":1}],"d":[{"a":2}]}"#, "t.json, line 1: the member \"d\" stands there a second time"),
        (Some("d"), false, r#"{"d":{"k":{"a":1}}"#, "t.json, line 1: the text ends where a name in quotes is expected"),
        (
            None,
            false,
            r#"[{"a":"x\ud800","b":1},{"a":"\u0000"},{"a":"\ud83d\ude00"}]"#,
            "a|b; 1: ~!|1; 1: ~!|~; 1: '😀|~; 1! it holds half a character (a lone surrogate); 1! it holds a NUL, which text can't hold",
        ),
        (None, false, r#"[{"":1,"column_1":2,"column_2":3}]"#, "column_1_2|column_1|column_2; 1: 1|2|3"),
        (None, false, "[{\"a\":1}", "t.json, line 1: the text ends where a comma or the array's end is expected"),
        (None, false, "[{\"a\":1", "t.json, line 1: the text ends inside a value"),
        (None, false, "oops", "t.json, line 1: neither an array nor an object, so it holds no records"),
        (
            None,
            false,
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":7,"properties":{"id":"a"},"geometry":{"type":"Point","coordinates":[1,2]}},{"type":"Feature","properties":null,"geometry":{"type":"Blob"}}]}"#,
            "id|+id|+geometry; 1: 'a|7|POINT (1 2); 1: ~|~|~!; 1! \"Blob\" is not a kind of geometry",
        ),
    ] {
        assert_eq!(check(property, lines, json), want, "{json}");
    }
}

#[test]
fn the_records_are_where_a_person_sees_them() {
    let rest = |records: &str, items: u64, left: &str, first: &str| {
        format!(
            "; ? the records are those of {records} ({items}); left out are {left}; the dialect's property chooses: \"property\": \"{first}\""
        )
    };
    for (json, want, left) in [
        (
            r#"{"fields":[{"id":"_id"},{"id":"name"}],"records":[[0,"n0"],[1,"n1"],[2,"n2"]]}"#,
            "_id|name; 1: 0|'n0; 1: 1|'n1; 1: 2|'n2",
            String::new(),
        ),
        (
            r#"{"links":[{"href":"x"}],"data":[[1,"a"],[2,"b"]]}"#,
            "column_1|column_2; 1: 1|'a; 1: 2|'b",
            rest("data", 2, "links (1)", "links"),
        ),
        (r#"{"bbox":[[0,0],[1,1]],"n":2,"items":{"a":1}}"#, r#"bbox|n|items; 1: [[0,0],[1,1]]|2|{"a":1}"#, String::new()),
        (
            r#"{"meta":{"view":{"name":"v","columns":[{"id":-1,"name":"sid"},{"id":2,"name":"N"},{"id":3,"name":"V"}]}},"data":[["row-1","A","3"],["row-2","B","4"]]}"#,
            "sid|N|V; 1: 'row-1|'A|'3; 1: 'row-2|'B|'4",
            String::new(),
        ),
        (
            r#"{"meta":{"view":{"columns":[{"name":"a"},{"name":"b"}]}},"data":[[null,"x"],["y",null]]}"#,
            "a|b; 1: ~|'x; 1: 'y|~",
            String::new(),
        ),
        (r#"{"columns":["a","b"],"index":[0,1],"data":[[1,2],[3,4]]}"#, "a|b; 1: 1|2; 1: 3|4", String::new()),
        (
            r#"{"columns":["a","b"],"index":["x","y"],"data":[[1,2],[3,4]]}"#,
            "a|b; 1: 1|2; 1: 3|4",
            "; ? the rows have labels in \"index\", which are left out; publish them as a column".to_owned(),
        ),
        (r#"{"columns":[["a","x"],["a",2]],"data":[[1,2]]}"#, "a x|a 2; 1: 1|2", String::new()),
        (r#"{"columns":["a","b"],"data":[["a","b"],["c","d"]]}"#, "a|b; 1: 'c|'d", String::new()),
        (r#"{"columns":["a","a"],"data":[["x","y"]]}"#, "a|a_2; 1: 'x|'y", String::new()),
        (r#"{"columns":["a"],"data":[[1,2]]}"#, "column_1|column_2; 1: 1|2", String::new()),
        (r#"{"columns":[{"x":1}],"items":[{"a":1}]}"#, "a; 1: 1", String::new()),
        (r#"{"fields":[{"id":"a"},{"id":"b"}],"records":[{"a":1}]}"#, "a; 1: 1", String::new()),
        (r#"{"fields":[{"id":"a"},{"id":"b"}],"records":[]}"#, "a|b; ", String::new()),
        (r#"{"fields":[{"name":"a"},{"name":"b"}]}"#, "name; 1: 'a; 1: 'b", String::new()),
        (
            r#"{"help":"h","success":true,"result":{"fields":[{"id":"a"},{"id":"b"}],"records":[{"a":1,"b":2}],"_links":{"next":"x"}}}"#,
            "a|b; 1: 1|2",
            String::new(),
        ),
        (r#"{"d":{"results":[{"a":1}],"__next":"x"}}"#, "a; 1: 1", String::new()),
        (r#"{"response":{"header":{"code":0},"body":{"items":{"item":[{"a":1}]},"n":1}}}"#, "a; 1: 1", String::new()),
        (r#"{"stations":{"station":[{"a":1},{"a":2}]},"ok":true}"#, "a; 1: 1; 1: 2", String::new()),
        (r#"{"id":5,"owner":{"phones":[{"a":1},{"a":2}]}}"#, r#"id|owner; 1: 5|{"phones":[{"a":1},{"a":2}]}"#, String::new()),
        (
            r#"{"id":"x","links":[{"a":1}],"providers":[{"b":1},{"b":2}]}"#,
            r#"id|links|providers; 1: 'x|[{"a":1}]|[{"b":1},{"b":2}]"#,
            String::new(),
        ),
        (r#"{"id":"x","rows":[{"b":1},{"b":2}]}"#, "b; 1: 1; 1: 2", String::new()),
        (
            r#"{"k1":{"n":1,"rows":[{"a":1}]},"k2":{"n":2,"rows":[{"a":2}]}}"#,
            r#"+key|n|rows; 1: 'k1|1|[{"a":1}]; 1: 'k2|2|[{"a":2}]"#,
            String::new(),
        ),
        (r#"{"a":[{"x":1}],"b.c":[{"y":1},{"y":2}],"d":[[1],[2],[3]]}"#, "y; 1: 1; 1: 2", rest("/b.c", 2, "a (1), d (3)", "a")),
        (
            r#"{"displayFieldName":"","fieldAliases":{"A":"a"},"fields":[{"name":"A"},{"name":"B"},{"name":"C"}],"features":[{"attributes":{"A":1,"B":"x"},"geometry":{"x":1,"y":2}},{"attributes":{"A":2}}]}"#,
            r#"A|B|+geometry; 1: 1|'x|{"x":1,"y":2}; 1: 2|~|~"#,
            String::new(),
        ),
        (
            r#"{"head":{"vars":["s","n","l"]},"results":{"bindings":[{"s":{"type":"uri","value":"http://x"},"n":{"type":"literal","value":"5","datatype":"http://www.w3.org/2001/XMLSchema#integer"}}]}}"#,
            "s|n|l; 1: 'http://x|5|~",
            "; ? of each value the text is read; what type and language it has is left out".to_owned(),
        ),
        (
            r#"{"type":"Topology","objects":{"a":{}},"arcs":[[[0,0],[1,1]]]}"#,
            "t.json is TopoJSON, which is not read",
            String::new(),
        ),
        (r#"[{"type":"Feature","properties":{"a":1},"geometry":null}]"#, "a|+geometry; 1: 1|~", String::new()),
    ] {
        assert_eq!(check(None, false, json), format!("{want}{left}"), "{json}");
    }
    let split = r#"{"meta":[{"a":0}],"columns":["a","b"],"rows":[["x","y"]]}"#;
    assert_eq!(check(Some("rows"), false, split), "a|b; 1: 'x|'y");
    assert_eq!(check(Some("meta"), false, split), "a; 1: 0");
}

#[test]
fn records_under_keys_are_rows_in_any_answer() {
    let both = "+key|x; 1: 'a|1; 1: 'b|2";
    let codes = "+key|n|v; 1: 'S1|'x|1; 1: 'S2|'y|2";
    for (json, want) in [
        (r#"{"data":{"a":{"x":1},"b":{"x":2}}}"#, both),
        (r#"{"ok":true,"response":{"data":{"a":{"x":1},"b":{"x":2}}}}"#, both),
        (r#"{"meta":{"n":2},"areas":{"a":{"x":1},"b":{"x":2}},"links":{"self":"u"}}"#, both),
        (r#"{"area":{"list":{"by":{"a":{"x":1},"b":{"x":2}}}}}"#, both),
        (r#"{"meta":{"n":2},"stations":{"S1":{"n":"x","v":1},"S2":{"n":"y","v":2}}}"#, codes),
        (r#"{"count":2,"by":{"station":{"S1":{"n":"x","v":1},"S2":{"n":"y","v":2}}}}"#, codes),
        (
            r#"{"status":1,"data":{"a":{"x":1,"rows":[{"y":1}]},"b":{"x":2,"rows":[{"y":2}]}}}"#,
            r#"+key|x|rows; 1: 'a|1|[{"y":1}]; 1: 'b|2|[{"y":2}]"#,
        ),
        (r#"{"ok":1,"data":{"a":{"x":1},"b":{"x":2,"rows":[{"y":1},{"y":2}]}}}"#, "y; 1: 1; 1: 2"),
        // Parts of a record.
        (
            r#"{"name":"x","homes":{"old":{"street":"a"},"new":{"street":"b"}}}"#,
            r#"name|homes; 1: 'x|{"old":{"street":"a"},"new":{"street":"b"}}"#,
        ),
        (r#"{"id":1,"data":{"h1":{"s":"a"},"h2":{"s":"b"}}}"#, r#"id|data; 1: 1|{"h1":{"s":"a"},"h2":{"s":"b"}}"#),
        (r#"{"data":{"a":{"x":1},"b":{"y":2}}}"#, r#"data; 1: {"a":{"x":1},"b":{"y":2}}"#),
        (r#"{"data":{"a":{"x":1},"b":2}}"#, r#"data; 1: {"a":{"x":1},"b":2}"#),
        (
            r#"{"stations":{"S1":{"n":1},"S2":{"n":2},"S3":{"n":3}},"units":[{"u":"m"},{"u":"k"}]}"#,
            "u; 1: 'm; 1: 'k; ? the records are those of units (2); left out are stations (3); the dialect's property chooses: \"property\": \"stations\"",
        ),
    ] {
        assert_eq!(check(None, false, json), want, "{json}");
    }
    let many: Vec<String> = (b'a'..=b'y').map(|c| format!("\"{}\":{{\"x\":1}}", char::from(c))).collect();
    assert!(check(None, false, &format!("{{\"n\":1,\"of\":{{{}}}}}", many.join(","))).starts_with("+key|x; 1: 'a|1; "));
}

#[test]
fn answers_of_known_kinds() {
    for (json, want) in [
        (r#"[{"page":1,"total":2},[{"d":"2020","v":1},{"d":"2019","v":2}]]"#, "d|v; 1: '2020|1; 1: '2019|2"),
        (r#"[{"a":1},[{"b":1}],3]"#, r#"a|column_1|value; 1: 1|~|~; 1: ~|{"b":1}|~; 1: ~|~|3"#),
        (
            r#"{"data":[{"type":"t","id":"1","attributes":{"type":"x","n":1},"links":{}}],"included":[{"a":1},{"a":2}]}"#,
            "type|n|+type|+id|+links; 1: 'x|1|'t|'1|{}",
        ),
        (r#"{"hits":{"total":1,"hits":[{"_index":"i","_id":"1","_source":{"a":1}}]}}"#, "a|+_index|+_id; 1: 1|'i|'1"),
        (
            r#"{"nhits":1,"records":[{"recordid":"r","fields":{"a":1}}],"facet_groups":[{"name":"x"},{"name":"y"}]}"#,
            "a|+recordid; 1: 1|'r",
        ),
        (r#"[{"_id":1,"_source":{"a":1},"_source":{"a":2}}]"#, r#"a|+_id|+_source; 1: 2|1|{"a":1}"#),
        (r#"{"data":{"stations":[{"a":1}]},"ttl":1}"#, "a; 1: 1"),
        (r#"{"ttl":1,"data":{"en":{"feeds":[{"a":1}]}}}"#, "a; 1: 1"),
        (r#"{"_embedded":{"orders":[{"a":1}]},"page":{"size":20}}"#, "a; 1: 1"),
        (r#"{"a":{"b":{"c":{"d":{"e":{"f":[{"x":1},{"x":2}]}}}}}}"#, "x; 1: 1; 1: 2"),
        (r#"{"count":0,"next":null,"results":[]}"#, "; "),
        (r#"{"id":1,"items":[]}"#, "id|items; 1: 1|[]"),
        (r#"{"rows":[{"a":1}],"parts":[{"b":1},{"b":2}]}"#, "a; 1: 1"),
        (
            r#"{"class":"dataset","id":["g"],"size":[2],"dimension":{"g":{}},"value":{"0":1}}"#,
            "t.json is JSON-stat, a cube of values, which is not read",
        ),
        (
            r#"{"dataSets":[{"series":{}}],"structure":{"dimensions":{}}}"#,
            "t.json is SDMX-JSON, a cube of values, which is not read",
        ),
    ] {
        let got = check(None, false, json);
        assert_eq!(got.split("; ? ").next(), Some(want), "{json}");
    }
    let pages = r#"{"page":[{"a":1},[{"b":1},{"b":2}]],"n":1}"#;
    assert_eq!(check(Some("page.1"), false, pages), "b; 1: 1; 1: 2");
    assert!(check(Some("page.2"), false, pages).contains("has no member"));
    let wrapped = r#"[{"recordid":"r","fields":{"a":1}}]"#;
    for (name, want) in [("fields", r#"recordid|fields; 1: 'r|{"a":1}"#), ("fields.a", "recordid|fields.a; 1: 'r|1")] {
        let columns = vec![Column { name: name.to_owned(), ..Column::default() }];
        let declared = Distribution { schema: Schema { columns, ..Schema::default() }, ..Distribution::default() };
        assert_eq!(read(&declared, false, wrapped), want);
    }
}

#[test]
fn what_is_not_json_is_told_where_it_stands() {
    for (json, want) in [
        ("// x\n[{}]", "t.json, line 1: a comment stands there, which JSON does not have"),
        ("[\n# x\n{}]", "t.json, line 2: a comment stands there, which JSON does not have"),
        ("[{\"a\":1}\n/* x */]", "t.json, line 2: a comment stands there, which JSON does not have"),
        ("{\"data\":[{\"a\":1}], // x\n\"b\":1}", "t.json, line 1: a comment stands there, which JSON does not have"),
        ("{\"data\":[{\"a\":1}],b:1}", "t.json, line 1: a name in quotes is expected, and 'b' stands there"),
        ("[{\"a\":1,}]", "t.json, line 1: it is not JSON: trailing comma at line 1 column 8"),
        ("[{\"a\":1},,{}]", "t.json, line 1: a value is expected, and ',' stands there"),
        ("{\"data\":[{\"a\":1}]", "t.json, line 1: the text ends where a name in quotes is expected"),
        ("[{\"a\":1},\n", "t.json, line 2: the text ends where a value is expected"),
        ("call([{\"a\":1}])", "t.json, line 1: neither an array nor an object, so it holds no records"),
        ("{\"data\":[{\"a\":1}],\"data\":[{\"a\":2}]}", "t.json, line 1: the member \"data\" stands there a second time"),
    ] {
        assert_eq!(check(None, false, json), want, "{json}");
    }
}

#[test]
fn what_json_does_not_have_costs_no_file() {
    for (lines, json, want) in [
        (false, r#"[{"a":1.5},{"a":NaN},{"a":-Infinity}]"#, "a; 1: 1.5; 1: NaN; 1: -INF"),
        (true, "{\"a\":\"NaN\",\"b\":Infinity}\n", "a|b; 1: 'NaN|INF"),
        (false, r#"[{"a":[1,NaN],"b":2}]"#, "a|b; 1: ~!|2; 1! it holds NaN or Infinity, which JSON does not have"),
        (
            false,
            r#"{"type":"Feature","properties":{"a":NaN},"geometry":{"type":"Point","coordinates":[NaN,1]}}"#,
            "a|+geometry; 1: NaN|~!; 1! it holds NaN or Infinity, which JSON does not have",
        ),
        (true, "{\"a\":1},\n{\"a\":2}, \r\n{\"a\":3}\n", "a; 1: 1; 2: 2; 3: 3"),
        (true, "{\"a\":1}{\"a\":\"}{\"} {\"a\":3}\n{\"a\":4}", "a; 1: 1; 1: '}{; 1: 3; 2: 4"),
        (true, "{\"a\":{}{}\n", "; 1! the line is not JSON: expected `,` or `}` at line 1 column 8"),
        (false, "{\"a\":1},\n{\"a\":2}\n", "a; 1: 1; 2: 2"),
        (false, "{\n\"a\":1},\n{\"a\":2},\n", "a; 1: 1; 3: 2"),
        (false, "\u{1e}{\"a\":1}\n\u{1e}{\"a\":2}\n", "a; 1: 1; 2: 2"),
    ] {
        assert_eq!(check(None, lines, json), want, "{json}");
    }
}

#[test]
fn declared_shapes_of_json() {
    let usual = Dialect::default;
    let columns = |names: &[&str]| Schema {
        columns: names.iter().map(|name| Column { name: (*name).to_owned(), ..Column::default() }).collect(),
        ..Schema::default()
    };
    let list = Dialect { item_type: Some(ItemType::Array), ..usual() };
    let keys = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
    let flat = Dialect { flatten: true, ..usual() };
    let nested = r#"[{"a":{"b":1,"c":{"d":2}},"e":[1]},{"a":5},{"a":null},{"a":{"b":3}}]"#;
    for (dialect, schema, json, want) in [
        (usual(), columns(&[]), nested, r#"a|e; 1: {"b":1,"c":{"d":2}}|[1]; 1: 5|~; 1: ~|~; 1: {"b":3}|~"#),
        (usual(), columns(&["a.b"]), nested, r#"a.b|a.c|e|a; 1: 1|{"d":2}|[1]|~; 1: ~|~|~|5; 1: ~|~|~|~; 1: 3|~|~|~"#),
        (flat, columns(&[]), nested, "a.b|a.c.d|e|a; 1: 1|2|[1]|~; 1: ~|~|~|5; 1: ~|~|~|~; 1: 3|~|~|~"),
        (usual(), columns(&[]), r#"[["a","b"],[1,2],[3]]"#, "a|b; 1: 1|2; 1: 3|~"),
        (usual(), columns(&[]), r#"[["a","a"],["x","y"]]"#, "a|a_2; 1: 'x|'y"),
        (usual(), columns(&[]), r#"[["a",1],["x",2]]"#, "column_1|column_2; 1: 'a|1; 1: 'x|2"),
        (Dialect { header: Some(false), ..usual() }, columns(&[]), r#"[["a"],["b"]]"#, "column_1; 1: 'a; 1: 'b"),
        (list.clone(), columns(&[]), "[[2019,2020],[1,2]]", "2019|2020; 1: 1|2"),
        (
            Dialect { item_keys: keys(&["x", "y"]), header: Some(false), ..list },
            columns(&[]),
            "[[1,2],[3,4]]",
            "x|y; 1: 1|2; 1: 3|4",
        ),
        (Dialect { item_keys: keys(&["b", "z"]), ..usual() }, columns(&[]), r#"[{"a":1,"b":2}]"#, "b|z; 1: 2|~"),
        (usual(), columns(&[]), r#"{"meta":{"x":1},"data":[["a","b"],[1,2]]}"#, "a|b; 1: 1|2"),
        (usual(), columns(&[]), "{\"k1\":{\"a\":1},\n\"k2\":{\"a\":2,\"b\":3}}", "+key|a|b; 1: 'k1|1|~; 2: 'k2|2|3"),
        (usual(), columns(&[]), r#"{"a":{"x":1},"b":{"y":1}}"#, r#"a|b; 1: {"x":1}|{"y":1}"#),
        (Dialect { property: Some("d".into()), ..usual() }, columns(&[]), r#"{"d":{"k":{"a":1}}}"#, "+key|a; 1: 'k|1"),
        (usual(), columns(&[]), "{\n\"a\":1\n}\n{\n\"a\":2}", "a; 1: 1; 4: 2"),
        (usual(), columns(&[]), r#"[{"n":12345678901234567890123},{"n":0.10}]"#, "n; 1: 12345678901234567890123; 1: 0.10"),
        (
            usual(),
            columns(&[]),
            r#"[{"a":1,"b":2,"a":3},{"a":4}]"#,
            "a|b; 1: 3|2; 1: 4|~; 1! the record has this key more than once, and the last value counts",
        ),
        (
            usual(),
            columns(&[]),
            r#"[{"a":1,"a":null}]"#,
            "a; 1: ~; 1! the record has this key more than once, and the last value counts",
        ),
        (
            usual(),
            columns(&[]),
            r#"[{"a":0},{"a":1,"a":2,"b":3,"a":4}]"#,
            "a|b; 1: 0|~; 1: 4|3; 1! the record has this key more than once, and the last value counts",
        ),
    ] {
        assert_eq!(read(&Distribution { dialect, schema, ..Distribution::default() }, false, json), want, "{json}");
    }
    assert_eq!(
        check(None, true, "[\"a\"]\n\n[1]\n{\"a\":2}\n[oops\n"),
        "a; 3: 1; 4: 2; 5! the line is not JSON: expected value at line 1 column 2"
    );
}

#[test]
fn geojson_of_every_kind() {
    for (json, want) in [
        (
            r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3857"}},"bbox":[0,0,1,1],
"features":[
{"type":"Feature","bbox":[0,0,1,1],"properties":{"a":1},"geometry":{"type":"Point","coordinates":[1.50,2]}},
{"type":"Feature","properties":{"b":2},"geometry":{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}},
{"type":"Feature","properties":[],"geometry":null},
null,
{"type":"Feature","properties":"x"}]}"#,
            "a|+geometry|b|properties; 3: 1|POINT (1.50 2)|~|~; 4: ~|GEOMETRYCOLLECTION (POINT (1 2))|2|~; 5: ~|~|~|~; 7: ~|~|~|'x; \
             6! the item is not an object",
        ),
        (r#"{"type":"Feature","id":7,"properties":{"a":1},"geometry":null}"#, "a|+id|+geometry; 1: 1|7|~"),
        (r#"{"type":"Point","coordinates":[1,2]}"#, "+geometry; 1: POINT (1 2)"),
        (
            r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}"#,
            "+geometry; 1: GEOMETRYCOLLECTION (POINT (1 2))",
        ),
    ] {
        assert_eq!(check(None, false, json), want, "{json}");
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
fn the_empty_key_takes_no_name_of_another() {
    // The other's name comes in the next batch.
    let long = format!("{{\"\":\"{}\"}}\n", "x".repeat(BATCH_BYTES * 2 / 3));
    let got = check(None, true, &format!("{long}{long}{{\"column_1\":2}}\n"));
    assert!(got.starts_with("column_1|column_1_2; 1: 'xxx") && got.ends_with("; 3: ~|2"), "{}", &got[..40]);
}

#[test]
fn names_without_end_are_an_error() {
    let json = format!("{{\"{}\":[{{}}]}}", "x".repeat(2 << 20));
    assert_eq!(check(None, false, &json), "t.json, line 1: a value is longer than 1048576 bytes");
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
    let mut reader = Reader::open(&Shape::lines(&Distribution::default()), &text, "t.json", 0, 1 << 20, keys).expect("opens");
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

#[test]
fn looking_ends_when_it_is_told_to() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (path, json) = (dir.path().join("t.json"), "{\"a\": [{\"b\": 1}]}");
    std::fs::write(&path, json).expect("writes");
    let text = Text { path, skip: 0, bytes: json.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let stop = Stop::default();
    let look = || Shape::of(&text, "t.json", &Distribution::default(), 1 << 20, &stop, &mut Vec::new()).map(|shape| shape.path);
    assert_eq!(look().expect("is read"), ["a"]);
    stop.stop();
    assert_eq!(look().expect_err("is stopped").kind(), Kind::Shutdown);
}
