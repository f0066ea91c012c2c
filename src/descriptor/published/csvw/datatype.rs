//! A column's datatype: a name of XML Schema's, or one with a format and bounds.

use serde_json::{Map, Value};

use crate::descriptor::{Column, ColumnKind};

/// Fills in what a `datatype` says of a column. The datatype stays with the column as published where its kind alone does not tell it.
pub(super) fn datatype(column: &mut Column, datatype: &Value) {
    let (base, rest) = match datatype {
        Value::String(base) => (base.as_str(), None),
        Value::Object(map) => (map.get("base").and_then(Value::as_str).unwrap_or("string"), Some(map)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return,
    };
    let base = base.rsplit([':', '#', '/']).next().unwrap_or(base);
    column.kind = kind(base);
    if let Some(rest) = rest {
        constrain(column, rest);
        match rest.get("format") {
            Some(Value::String(format)) => formatted(column, format),
            Some(Value::Object(format)) => numbers(column, format),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => {}
        }
    }
    if *datatype != column.kind.name() {
        column.extra.insert("datatype".to_owned(), datatype.clone());
    }
}

fn kind(base: &str) -> ColumnKind {
    match base {
        "integer" | "long" | "int" | "short" | "byte" | "nonNegativeInteger" | "positiveInteger" | "nonPositiveInteger"
        | "negativeInteger" | "unsignedLong" | "unsignedInt" | "unsignedShort" | "unsignedByte" => ColumnKind::Integer,
        "number" | "decimal" | "double" | "float" => ColumnKind::Number,
        "boolean" => ColumnKind::Boolean,
        "date" => ColumnKind::Date,
        "time" => ColumnKind::Time,
        "datetime" | "dateTime" | "dateTimeStamp" => ColumnKind::Datetime,
        "gYear" => ColumnKind::Year,
        "gYearMonth" => ColumnKind::YearMonth,
        "duration" | "dayTimeDuration" | "yearMonthDuration" => ColumnKind::Duration,
        "any" | "anyAtomicType" => ColumnKind::Any,
        // Texts of any kind, URIs and binaries among them, and what there is no kind for, such as a day of each month.
        _ => ColumnKind::String,
    }
}

/// What of the datatype is a constraint in Table Schema's words.
fn constrain(column: &mut Column, of: &Map<String, Value>) {
    let names = [
        ("minimum", "minimum"),
        ("minInclusive", "minimum"),
        ("maximum", "maximum"),
        ("maxInclusive", "maximum"),
        ("minExclusive", "exclusiveMinimum"),
        ("maxExclusive", "exclusiveMaximum"),
        ("minLength", "minLength"),
        ("maxLength", "maxLength"),
    ];
    let given = names.into_iter().filter_map(|(key, name)| of.get(key).map(|value| (name.to_owned(), value.clone())));
    column.constraints.extend(given);
    if let Some(length) = of.get("length") {
        column.constraints.extend(["minLength", "maxLength"].map(|name| (name.to_owned(), length.clone())));
    }
}

/// A format that is a text: how dates are written, what booleans are called, or what texts match.
fn formatted(column: &mut Column, format: &str) {
    match column.kind {
        ColumnKind::Date | ColumnKind::Time | ColumnKind::Datetime => column.format = strptime(format),
        ColumnKind::Boolean => {
            if let Some((yes, no)) = format.split_once('|') {
                (column.true_values, column.false_values) = (vec![yes.to_owned()], vec![no.to_owned()]);
            }
        }
        ColumnKind::String => {
            column.constraints.insert("pattern".to_owned(), Value::String(format.to_owned()));
        }
        ColumnKind::Integer | ColumnKind::Number => column.bare_number |= format.contains(['%', '‰']),
        ColumnKind::Any
        | ColumnKind::Year
        | ColumnKind::YearMonth
        | ColumnKind::Duration
        | ColumnKind::Object
        | ColumnKind::Array
        | ColumnKind::List
        | ColumnKind::GeoPoint
        | ColumnKind::GeoJson => {}
    }
}

/// A number's format: its marks, and a pattern that may have a percent sign.
fn numbers(column: &mut Column, format: &Map<String, Value>) {
    let text = |key: &str| format.get(key).and_then(Value::as_str).filter(|mark| !mark.is_empty()).map(str::to_owned);
    column.decimal_char = text("decimalChar").filter(|mark| mark != ".");
    column.group_char = text("groupChar");
    column.bare_number |= text("pattern").is_some_and(|pattern| pattern.contains(['%', '‰']));
}

/// A pattern of Unicode's date fields (`dd/MM/yyyy`) in the model's (`%d/%m/%Y`); `None` for one with a field that it has no word for.
pub(super) fn strptime(format: &str) -> Option<String> {
    let mut out = String::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let length = rest.len() - rest.trim_start_matches(first).len();
        let (field, next) = rest.split_at(length);
        rest = next;
        let word = match field {
            "yyyy" | "y" => "%Y",
            "yy" => "%y",
            "M" | "MM" => "%m",
            "MMM" => "%b",
            "MMMM" => "%B",
            "d" | "dd" => "%d",
            "EEE" | "E" => "%a",
            "EEEE" => "%A",
            "H" | "HH" => "%H",
            "h" | "hh" => "%I",
            "a" => "%p",
            "m" | "mm" => "%M",
            "s" | "ss" => "%S",
            "X" | "XX" | "XXX" | "x" | "xx" | "xxx" => "%#z",
            // A fraction follows its point, which is a part of the model's word.
            "." if next.starts_with('S') => {
                rest = next.trim_start_matches('S');
                "%.f"
            }
            "T" => "T",
            "%" => "%%",
            _ if first.is_ascii_alphabetic() => return None,
            plain => plain,
        };
        out.push_str(word);
    }
    Some(out).filter(|out| !out.is_empty())
}
