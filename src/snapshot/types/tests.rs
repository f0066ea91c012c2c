//! Whole columns: from their cells to a type, an array and rejects.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::util::display::array_value_to_string;

use super::*;
use crate::descriptor::MissingValue;
use crate::snapshot::cells::{CellKind, Cells, Span};

mod told;

fn cells(values: &[(CellKind, &str)]) -> Cells {
    let mut out = Cells { width: 1, names: Arc::new(vec!["c".to_owned()]), ..Cells::default() };
    for (i, (kind, text)) in values.iter().enumerate() {
        out.spans.push(Span::new(out.text.len(), text.len(), false, *kind));
        out.text.push_str(text);
        out.lines.push(i as u64 + 1);
    }
    out
}

/// The type, the values and the number of rejects, as one line.
fn read(declared: Option<&Column>, values: &[(CellKind, &str)]) -> String {
    let cells = cells(values);
    let mut seen = Seen::new(declared, Missing::declared(declared, None, None));
    let typed = values.iter().any(|(k, _)| *k != CellKind::Plain);
    seen.absorb(cells.column(0), typed);
    let mut warnings = Vec::new();
    let missing = Missing::declared(declared, None, None);
    let plan = match ColumnPlan::decide("c", None, declared, missing, &seen, &[Some(&seen)], &mut warnings) {
        Ok(plan) => plan,
        Err(e) => return e.to_string(),
    };
    let mut rejects = Vec::new();
    let array = plan.convert(&cells, Some(0), &mut rejects);
    let shown: Vec<String> = (0..array.len())
        .map(|i| {
            if array.is_null(i) { "NULL".to_owned() } else { array_value_to_string(&array, i).expect("every type can be shown") }
        })
        .collect();
    let mut out = format!("{}: {}", plan.field.data_type(), shown.join(" "));
    if !rejects.is_empty() {
        out.push_str(&format!(" ({} rejects)", rejects.len()));
    }
    if !warnings.is_empty() {
        out.push_str(" !");
    }
    out
}

fn plain(declared: Option<&Column>, values: &[&str]) -> String {
    read(declared, &values.iter().map(|v| (CellKind::Plain, *v)).collect::<Vec<_>>())
}

#[test]
fn undeclared_columns_are_what_every_cell_is() {
    for (values, want) in [
        (&["1", " 2", ""][..], "Int64: 1 2 NULL"),
        (&["1", "2.5"], "Float64: 1.0 2.5"),
        (&["1", "x"], "Utf8View: 1 x"),
        (&["01", "002"], "Utf8View: 01 002"),
        (&["0", "-1"], "Int64: 0 -1"),
        (&["+5", "1"], "Utf8View: +5 1"),
        (&["9223372036854775808"], "Utf8View: 9223372036854775808"),
        (&["0.1234567890123456789", "1"], "Decimal128(38, 19): 0.1234567890123456789 1.0000000000000000000"),
        // More digits than can be summed.
        (&["0.12345678901234567890123456", "1"], "Float64: 0.12345678901234568 1.0 !"),
        (&["0.10000000000000001", "-0.1000000000000000055511151231257827"], "Float64: 0.1 -0.1"),
        (&["-74.933601379394531250", "40.07"], "Float64: -74.93360137939453 40.07"),
        (&["1.2345678901234567890e-5", "1"], "Float64: 0.000012345678901234568 1.0 !"),
        (&["1.2345678901234567890e-400", "1"], "Utf8View: 1.2345678901234567890e-400 1"),
        (&["12345678901234567.25", "1"], "Decimal128(38, 2): 12345678901234567.25 1.00"),
        (&["1234567890.123456789", "1"], "Decimal128(38, 9): 1234567890.123456789 1.000000000"),
        (&["1234567890123456789.0123456789", "1"], "Decimal128(38, 10): 1234567890123456789.0123456789 1.0000000000"),
        (&["1e3", "20", "2.5"], "Float64: 1000.0 20.0 2.5"),
        (&["2.5", "1E5", "-"], "Float64: 2.5 100000.0 NULL !"),
        (&["1e3", "20"], "Utf8View: 1e3 20"),
        (&["1e3", "12E4"], "Utf8View: 1e3 12E4"),
        (&["1e3", "2.500"], "Utf8View: 1e3 2.500"),
        (&["1", "2", "3", "4", "5", "6", "7", "8", "9", "1e3"], "Utf8View: 1 2 3 4 5 6 7 8 9 1e3 !"),
        (&[" 26 ", " 5 "], "Int64: 26 5"),
        (&[" 26 ", " -   "], "Int64: 26 NULL !"),
        (&[" 26 ", " 1,137 "], "Utf8View:  26   1,137  !"),
        (&["23.824", "17.518"], "Utf8View: 23.824 17.518 !"),
        (&["23.824", "17.51"], "Float64: 23.824 17.51"),
        (&["1,7", "200"], "Utf8View: 1,7 200 !"),
        (&["2", "0", "3", "2,2", "2,4"], "Utf8View: 2 0 3 2,2 2,4"),
        (&["1,7", "0,25", "13,05", "3"], "Float64: 1.7 0.25 13.05 3.0 !"),
        (&["200.000.000"], "Utf8View: 200.000.000 !"),
        (&["200.000.000", "1.000.000", "5"], "Int64: 200000000 1000000 5 !"),
        (&["1.500", "200.000.000"], "Int64: 1500 200000000 !"),
        (&["229,932.50"], "Float64: 229932.5"),
        (&["1 234 567", "1\u{a0}234,5", "7"], "Float64: 1234567.0 1234.5 7.0 !"),
        (&["1 234", "56"], "Utf8View: 1 234 56 !"),
        (&["1 234", "12 567", "56"], "Int64: 1234 12567 56"),
        (&["1'234.50", "1’234"], "Float64: 1234.5 1234.0"),
        (&["12,34,567.5", "1,234.5"], "Float64: 1234567.5 1234.5"),
        (&["£68,486.66", "£4.00"], "Decimal128(38, 2): 68486.66 4.00"),
        (&["(1,234.50)", "5.00"], "Float64: -1234.5 5.0"),
        (&["($5.00)", "$1,234"], "Decimal128(38, 2): -5.00 1234.00"),
        (&["12,50 €", "3,00 €"], "Decimal128(38, 2): 12.50 3.00 !"),
        (&["EUR 1.234,50", "EUR 3"], "Decimal128(38, 2): 1234.50 3.00 !"),
        (&["95%", "7.5 %"], "Float64: 95.0 7.5"),
        (&["95%", "7.5"], "Utf8View: 95% 7.5 !"),
        (&["£5", "$5"], "Utf8View: £5 $5 !"),
        (&["−5", "7.", "1.234", "1e-3"], "Float64: -5.0 7.0 1.234 0.001"),
        (&["−5", "7"], "Int64: -5 7"),
        (&["+0.5", "-0.25", "1"], "Float64: 0.5 -0.25 1.0"),
        (&["+441234567", "+441234568"], "Utf8View: +441234567 +441234568"),
        (&["(1)", "(2)"], "Utf8View: (1) (2)"),
        (&["Infinity", "-Infinity", "1.5"], "Float64: inf -inf 1.5"),
        (&["(blank)", "k.A.", "3"], "Int64: NULL NULL 3 !"),
        (&["INF", "-inf", "1.5", "NaN"], "Float64: inf -inf 1.5 NaN"),
        (&["Nan", "INF", "1.5"], "Float64: NaN inf 1.5"),
        (&["Nan", "1.5"], "Utf8View: Nan 1.5"),
        (&["INF", "95%", "NaN", "-"], "Float64: inf 95.0 NaN NULL !"),
        (&["INF", "−5", "+0.5"], "Float64: inf -5.0 0.5"),
        (&["Yes", "no"], "Boolean: true false"),
        (&["Y", "n", "N/A"], "Boolean: true false NULL !"),
        (&["Y", "Y"], "Utf8View: Y Y"),
        (&["T", "F"], "Boolean: true false"),
        (&["1", "0"], "Int64: 1 0"),
        (&["09-Mar-11", "1-Apr-99"], "Date32: 2011-03-09 1999-04-01"),
        (&["Wed, 09 Mar 2011 10:30:00 GMT"], "Timestamp(µs, \"UTC\"): 2011-03-09T10:30:00Z"),
        (&["1er mars 2011", "mercredi 9 mars 2011"], "Date32: 2011-03-01 2011-03-09"),
        (&["9 March 2011", "31 December 1999"], "Date32: 2011-03-09 1999-12-31"),
        (&["Mar 9, 2011", "December 31, 1999"], "Date32: 2011-03-09 1999-12-31"),
        (&["01-02-99", "13-02-98"], "Date32: 1999-02-01 1998-02-13"),
        (&["1-02-13", "13-02-13"], "Date32: 2013-02-01 2013-02-13"),
        (&["01-02-13", "13-02-13"], "Utf8View: 01-02-13 13-02-13 !"),
        (&["23/01/05", "23/12/31"], "Utf8View: 23/01/05 23/12/31 !"),
        (&["23.01.05", "23.12.31"], "Utf8View: 23.01.05 23.12.31 !"),
        (&["99/01/05", "23/12/31"], "Date32: 1999-01-05 2023-12-31"),
        (&["99.01.05 10:30"], "Timestamp(µs): 1999-01-05T10:30:00"),
        (&["10/23/05", "01/02/05"], "Date32: 2005-10-23 2005-01-02"),
        (&["20200131T101500Z"], "Timestamp(µs, \"UTC\"): 2020-01-31T10:15:00Z"),
        (&["2020-01-31 24:00"], "Timestamp(µs): 2020-02-01T00:00:00"),
        (&["1/31/2020 5:30 PM"], "Timestamp(µs): 2020-01-31T17:30:00"),
        (&["PT1H30M", "P1D"], "Duration(µs): PT5400S PT86400S"),
        (&["P1D", "P2D"], "Utf8View: P1D P2D"),
        (&["True", "FALSE"], "Boolean: true false"),
        (&["009:38", "010:20"], "Utf8View: 009:38 010:20"),
        (&["09:38", "10:20:30"], "Time64(µs): 09:38:00 10:20:30"),
        (&["25:10:00", "10:20:30"], "Utf8View: 25:10:00 10:20:30"),
        (&["20200131", "20200201"], "Int64: 20200131 20200201"),
        (&["2020-01-31", "2014-7-1"], "Date32: 2020-01-31 2014-07-01"),
        (&["1/22/2020", "2/1/2020"], "Date32: 2020-01-22 2020-02-01"),
        (&["22/1/2020", "2/1/2020"], "Date32: 2020-01-22 2020-01-02"),
        (&["1/2/2020", "3/4/2020"], "Utf8View: 1/2/2020 3/4/2020 !"),
        (&["13/1/2020", "1/13/2020"], "Utf8View: 13/1/2020 1/13/2020"),
        (&["2020年1月11日", "2020年"], "Utf8View: 2020年1月11日 2020年"),
        (&["2020-01-01", "2020-01-01 10:00"], "Utf8View: 2020-01-01 2020-01-01 10:00 !"),
        (&["2020-01-01T10:00:00", "2020-01-01 10:00"], "Timestamp(µs): 2020-01-01T10:00:00 2020-01-01T10:00:00"),
        (
            &["2020-01-01T10:00:00Z", "2020-01-01T10:00:00+03:00"],
            "Timestamp(µs, \"UTC\"): 2020-01-01T10:00:00Z 2020-01-01T07:00:00Z",
        ),
        (&["2020-01-01T10:00:00Z", "2020-01-01T10:00:00"], "Utf8View: 2020-01-01T10:00:00Z 2020-01-01T10:00:00 !"),
        (&["NA", "3"], "Int64: NULL 3 !"),
        (&["NA", "-", "3"], "Int64: NULL NULL 3 !"),
        (&["NA", "-", "..", "*", "3"], "Utf8View: NA - .. * 3"),
        (&["NA", "US"], "Utf8View: NA US"),
        (&["NA", ""], "Utf8View: NA NULL"),
        (&["\\N", "x"], "Utf8View: NULL x"),
        (&[" ", "3"], "Int64: NULL 3"),
        (&[" ", "x"], "Utf8View:   x"),
        (&["23.824", "in restauro"], "Utf8View: 23.824 in restauro"),
        (&["NaN", "INF", "95%", "3E+3"], "Utf8View: NaN INF 95% 3E+3 !"),
    ] {
        assert_eq!(plain(None, values), want, "{values:?}");
    }
}

#[test]
fn json_strings_are_not_numbers() {
    use CellKind::{Absent, Nested, Scalar, String};
    for (values, want) in [
        (&[(Scalar, "1"), (Absent, "")][..], "Int64: 1 NULL"),
        (&[(String, "1"), (String, "")], "Utf8View: 1 "),
        (&[(String, "1"), (Scalar, "2")], "Utf8View: 1 2"),
        (&[(String, "2020-01-01")], "Date32: 2020-01-01"),
        (&[(Scalar, "true"), (Scalar, "false")], "Boolean: true false"),
        (&[(Scalar, "1e5"), (String, "NA")], "Float64: 100000.0 NULL !"),
        (&[(Nested, "[1]"), (String, "a\"b"), (Scalar, "3")], "Utf8View: [1] \"a\\\"b\" 3"),
    ] {
        assert_eq!(read(None, values), want, "{values:?}");
    }
}

#[test]
fn declared_columns_reject_what_does_not_fit() {
    let column = |kind, format: Option<&str>| Column { kind, format: format.map(str::to_owned), ..Column::default() };
    for (declared, values, want) in [
        (column(ColumnKind::Integer, None), &["007", "x", "9223372036854775808"][..], "Int64: 7 NULL NULL (2 rejects)"),
        (column(ColumnKind::Number, None), &["1", "NaN", "-INF", "x"], "Float64: 1.0 NaN -inf NULL (1 rejects)"),
        (column(ColumnKind::Number, None), &["1e999", "1e5", "5"], "Float64: NULL 100000.0 5.0 (1 rejects)"),
        (column(ColumnKind::Number, None), &["12345678901234567.25", "1e5"], "Float64: 1.2345678901234568e16 100000.0 !"),
        (column(ColumnKind::String, None), &["1", ""], "Utf8View: 1 NULL"),
        (column(ColumnKind::Boolean, None), &["1", "0", "maybe"], "Boolean: true false NULL (1 rejects)"),
        (column(ColumnKind::Date, None), &["2020年1月11日", "2020年"], "Date32: 2020-01-11 NULL (1 rejects)"),
        (column(ColumnKind::Date, Some("%d/%m/%Y")), &["31/12/2020", "12/31/2020"], "Date32: 2020-12-31 NULL (1 rejects)"),
        (column(ColumnKind::Date, Some("%Y年%m月%d日")), &["2020年1月11日", "2020年"], "Date32: 2020-01-11 NULL (1 rejects)"),
        (column(ColumnKind::Datetime, None), &["2020-01-01"], "Timestamp(µs): 2020-01-01T00:00:00"),
        (column(ColumnKind::Year, None), &["2020", "x"], "Int64: 2020 NULL (1 rejects)"),
        (column(ColumnKind::Year, None), &["2020"], "Int64: 2020"),
        (column(ColumnKind::YearMonth, None), &["2020-01", "2020-13", "2020"], "Utf8View: 2020-01 NULL NULL (2 rejects)"),
        (column(ColumnKind::Duration, None), &["P1D", "PT2H", "x"], "Duration(µs): PT86400S PT7200S NULL (1 rejects)"),
        (column(ColumnKind::Duration, None), &["P1Y", "P2M"], "Interval(YearMonth): 1 years 0 mons 0 years 2 mons"),
        (column(ColumnKind::Duration, None), &["P1Y", "P2D"], "Utf8View: P1Y P2D !"),
        (column(ColumnKind::Object, None), &[r#"{"a": 1}"#, "[1]", "{"], r#"Utf8View: {"a": 1} NULL NULL (2 rejects)"#),
        (column(ColumnKind::Array, None), &["[1]", "1"], "Utf8View: [1] NULL (1 rejects)"),
        (column(ColumnKind::GeoPoint, None), &["90.5, 45.5", "181,0", "x"], "List(Float64): [90.5, 45.5] NULL NULL (2 rejects)"),
        (column(ColumnKind::GeoPoint, Some("array")), &["[90.5, 45]"], "List(Float64): [90.5, 45.0]"),
        (column(ColumnKind::GeoPoint, Some("object")), &[r#"{"lon": 90.5, "lat": 45}"#], "List(Float64): [90.5, 45.0]"),
        (column(ColumnKind::List, None), &["a,b", "c", ""], "List(Utf8View): [a, b] [c] NULL"),
        (column(ColumnKind::Date, Some("%Q")), &[""], "column \"\": \"%Q\" is not a date format"),
        // No pattern: it is told, and the values say how they are written.
        (column(ColumnKind::Date, Some("DD/MM/YYYY")), &["31/01/2020"], "Date32: 2020-01-31 !"),
        (column(ColumnKind::Date, Some("default")), &["31/01/2020"], "Date32: NULL (1 rejects)"),
        (column(ColumnKind::Date, Some("any")), &["31/01/2020"], "Date32: 2020-01-31"),
    ] {
        assert_eq!(plain(Some(&declared), values), want, "{declared:?}");
    }
    let list = |delimiter: &str, item: &str| Column {
        extra: [("delimiter", delimiter), ("itemType", item)].map(|(k, v)| (k.to_owned(), v.into())).into(),
        ..column(ColumnKind::List, None)
    };
    assert_eq!(plain(Some(&list(";", "integer")), &["1;2", "3", "x;4", ""]), "List(Int64): [1, 2] [3] NULL NULL (1 rejects)");
    assert_eq!(plain(Some(&list(",", "date")), &["2020-01-31"]), "List(Date32): [2020-01-31]");
    // What is in the lists says how their dates are written.
    assert_eq!(plain(Some(&list(";", "date")), &["31/01/2020; 1/2/2020", ""]), "List(Date32): [2020-01-31, 2020-02-01] NULL");
    assert_eq!(
        plain(Some(&list(",", "datetime")), &["2020-01-31T10:00:00Z,2020-01-31T10:00:00+02:00"]),
        "List(Timestamp(µs, \"UTC\")): [2020-01-31T10:00:00Z, 2020-01-31T08:00:00Z]"
    );
    let error = plain(Some(&list(",", "tree")), &[]);
    assert_eq!(error, "column \"\": a list can't have items of type \"tree\"");
    let grouped = Column { kind: ColumnKind::Integer, group_char: Some(",".into()), ..Column::default() };
    assert_eq!(plain(Some(&grouped), &[" 26 ", " 1,137 "]), "Int64: 26 1137");
    let missing = |v: &str| MissingValue { value: v.into(), label: None };
    let declared = Column { missing_values: Some(vec![missing("-99")]), kind: ColumnKind::Integer, ..Column::default() };
    assert_eq!(plain(Some(&declared), &["1", "-99", ""]), "Int64: 1 NULL NULL");
}

#[test]
fn constraints_are_counted_and_values_stay() {
    let column = |kind, constraints: serde_json::Value| Column {
        kind,
        constraints: serde_json::from_value(constraints).expect("an object"),
        ..Column::default()
    };
    for (declared, values, want) in [
        (
            column(ColumnKind::Integer, serde_json::json!({"minimum": 2, "maximum": "9"})),
            &["1", "9", "10", ""][..],
            "1 minimum 2; 1 maximum 9",
        ),
        (
            column(ColumnKind::Integer, serde_json::json!({"required": true, "enum": [1, 2]})),
            &["1", "3", ""],
            "1 required; 1 enum",
        ),
        (
            column(ColumnKind::Date, serde_json::json!({"exclusiveMinimum": "2020-01-01"})),
            &["2020-01-01", "2020-01-02"],
            "1 exclusiveMinimum 2020-01-01",
        ),
        (
            column(ColumnKind::String, serde_json::json!({"pattern": "[a-z]+", "maxLength": 2})),
            &["ab", "ü1x", "abc"],
            "2 maxLength 2; 1 pattern ^(?:[a-z]+)$",
        ),
        (column(ColumnKind::Number, serde_json::json!({"maximum": 1.5})), &["1.5", "x"], ""),
        (column(ColumnKind::Number, serde_json::json!({"exclusiveMaximum": 1.5})), &["1.5", "1"], "1 exclusiveMaximum 1.5"),
        (column(ColumnKind::Array, serde_json::json!({"minLength": 2})), &["[1000]", "[1,2]", "x", ""], "1 minLength 2"),
        (
            column(ColumnKind::Object, serde_json::json!({"maxLength": 1})),
            &["{\"a\": 1}", "{\"a\": 1, \"b\": 2}"],
            "1 maxLength 1",
        ),
        (column(ColumnKind::List, serde_json::json!({"maxLength": 1})), &["a,b", "abcd", ""], "1 maxLength 1"),
    ] {
        let cells = cells(&values.iter().map(|v| (CellKind::Plain, *v)).collect::<Vec<_>>());
        let mut seen = Seen::new(Some(&declared), Missing::default());
        seen.absorb(cells.column(0), false);
        let plan =
            ColumnPlan::decide("c", None, Some(&declared), Missing::default(), &seen, &[], &mut Vec::new()).expect("is sound");
        plan.convert(&cells, Some(0), &mut Vec::new());
        let broken: Vec<String> = plan
            .broken()
            .map(|b| {
                b.replace("column c: ", "")
                    .replace(" value breaks the constraint", "")
                    .replace(" values break the constraint", "")
            })
            .collect();
        assert_eq!(broken.join("; "), want, "{declared:?}");
    }
    let required = column(ColumnKind::Integer, serde_json::json!({"required": true}));
    let seen = Seen::new(Some(&required), Missing::default());
    let plan = ColumnPlan::decide("c", None, Some(&required), Missing::default(), &seen, &[], &mut Vec::new()).expect("is sound");
    plan.convert(&cells(&[(CellKind::Plain, ""); 2]), None, &mut Vec::new());
    assert_eq!(plan.broken().collect::<Vec<_>>(), ["column c: 2 values break the constraint required"]);
    let wrong = column(ColumnKind::Integer, serde_json::json!({"minimum": "low"}));
    assert!(plain(Some(&wrong), &["1"]).contains("the constraint minimum is low"));
    for (constraints, said) in [
        (serde_json::json!({"required": "true"}), "column \"\": the constraint required is \"true\", which is not true or false"),
        (serde_json::json!({"minLength": "3"}), "column \"\": the constraint minLength is \"3\", which is not a whole number"),
        (serde_json::json!({"maxLength": -1}), "column \"\": the constraint maxLength is -1, which is not a whole number"),
        (serde_json::json!({"pattern": 5}), "column \"\": the constraint pattern is 5, which is not a text"),
        (serde_json::json!({"enum": "a"}), "column \"\": the constraint enum is \"a\", which is not an array"),
        (serde_json::json!({"enum": null, "required": null}), "Utf8View: a"),
    ] {
        assert_eq!(plain(Some(&column(ColumnKind::String, constraints)), &["a"]), said);
    }
    let wrong = column(ColumnKind::String, serde_json::json!({"pattern": "("}));
    assert!(plain(Some(&wrong), &["1"]).contains("the constraint pattern"));
}

#[test]
fn categories_are_told_and_checked() {
    let categories = serde_json::json!([{"value": 1, "label": "apple"}, {"value": 2, "label": "pear"}]);
    let declared =
        Column { kind: ColumnKind::Integer, extra: [("categories".to_owned(), categories)].into(), ..Column::default() };
    let cells = cells(&[(CellKind::Plain, "1"), (CellKind::Plain, "3")]);
    let seen = Seen::new(Some(&declared), Missing::default());
    let plan = ColumnPlan::decide("c", None, Some(&declared), Missing::default(), &seen, &[], &mut Vec::new()).expect("is sound");
    plan.convert(&cells, Some(0), &mut Vec::new());
    assert_eq!(plan.broken().collect::<Vec<_>>(), ["column c: 1 value breaks the constraint categories"]);
    assert_eq!(plan.field.metadata().get(field_key::COMMENT).map(String::as_str), Some("(1 = apple, 2 = pear)"));
}

#[test]
fn nulls_have_reasons() {
    let code = |value: &str, label: Option<&str>| MissingValue { value: value.into(), label: label.map(str::to_owned) };
    let declared = Column {
        kind: ColumnKind::Integer,
        missing_values: Some(vec![code("-99", Some("instrument down")), code("x", None), code("", Some("not asked"))]),
        ..Column::default()
    };
    let values = ["1", "-99", " x", "", "z"];
    let bare = Column { kind: ColumnKind::Integer, ..Column::default() };
    let cells = cells(&values.map(|v| (CellKind::Plain, v)));
    let missing = Missing::declared(Some(&declared), None, None);
    let seen = Seen::new(Some(&declared), missing.clone());
    let plan = ColumnPlan::decide("c", None, Some(&declared), missing, &seen, &[], &mut Vec::new()).expect("is sound");
    let array = plan.convert(&cells, Some(0), &mut Vec::new());
    assert!(plan.has_reasons());
    assert_eq!(
        plan.field.metadata().get(field_key::MISSING).map(String::as_str),
        Some(r#"[{"value":"-99","label":"instrument down"},"x",{"value":"","label":"not asked"}]"#)
    );
    let shown = |reasons: arrow::array::ArrayRef| -> Vec<String> {
        (0..reasons.len()).map(|i| array_value_to_string(&reasons, i).expect("text")).collect()
    };
    let reasons = shown(plan.reasons(&cells, Some(0), array.as_ref()));
    assert_eq!(reasons, ["", "instrument down", "x", "not asked", "rejected: \"z\" is not an integer"]);
    let absent = plan.convert(&cells, None, &mut Vec::new());
    assert_eq!(shown(plan.reasons(&cells, None, absent.as_ref())), ["not in the file"; 5]);
    // What databases write for NULL is as an empty cell.
    let seen = Seen::new(Some(&bare), Missing::default());
    let plan = ColumnPlan::decide("c", None, Some(&bare), Missing::default(), &seen, &[], &mut Vec::new()).expect("is sound");
    let cells = self::cells(&["\\N", "z"].map(|v| (CellKind::Plain, v)));
    let array = plan.convert(&cells, Some(0), &mut Vec::new());
    assert_eq!(shown(plan.reasons(&cells, Some(0), array.as_ref())), ["", "rejected: \"z\" is not an integer"]);
}
