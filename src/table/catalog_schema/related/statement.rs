//! The statement that joins two tables: it runs as it stands, with names in quotes where they need them, and casts where types or ways to
//! write differ.

use crate::catalog::{Sketch, SketchedTable, TableEntry};
use crate::descriptor::ColumnKind;
use crate::name::quoted;

/// A side of the join: the table, its sketches and the columns.
type Side<'a> = (&'a TableEntry, Option<&'a SketchedTable>, &'a [String]);

/// Types by what has to be done to compare them with others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Date,
    Timestamp,
    /// With a time zone.
    Instant,
    Other,
}

/// A column of a side.
struct Operand<'a> {
    /// As the statement names it.
    sql: String,
    family: Option<Family>,
    sketch: Option<&'a Sketch>,
}

/// `SELECT * FROM s.t AS a JOIN s.u AS b ON a.x = b.y`.
pub(super) fn join(ours: Side<'_>, theirs: Side<'_>) -> String {
    let conditions: Vec<String> =
        ours.2.iter().zip(theirs.2).map(|(a, b)| condition(&operand(ours, "a", a), &operand(theirs, "b", b))).collect();
    let name = |table: &TableEntry| format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    format!("SELECT * FROM {} AS a JOIN {} AS b ON {}", name(ours.0), name(theirs.0), conditions.join(" AND "))
}

fn operand<'a>((table, sketches, _): Side<'a>, alias: &str, column: &str) -> Operand<'a> {
    let known = table.columns.as_ref().and_then(|known| known.iter().find(|c| c.name == column));
    let declared = || table.distribution().schema.columns.iter().find(|c| c.name == column);
    let family = known.map(|c| of_type(&c.pg_type)).or_else(|| declared().and_then(|c| of_kind(c.kind)));
    let sketch = sketches.and_then(|s| s.columns.iter().find(|c| c.name == column)).map(|c| &c.sketch);
    Operand { sql: format!("{alias}.{}", quoted(column)), family, sketch }
}

fn of_type(pg_type: &str) -> Family {
    match pg_type {
        "text" | "varchar" | "bpchar" | "name" => Family::Text,
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid" => Family::Number,
        "date" => Family::Date,
        "timestamp" => Family::Timestamp,
        "timestamptz" => Family::Instant,
        _ => Family::Other,
    }
}

fn of_kind(kind: ColumnKind) -> Option<Family> {
    match kind {
        ColumnKind::Any => None,
        ColumnKind::String => Some(Family::Text),
        ColumnKind::Integer | ColumnKind::Number | ColumnKind::Year => Some(Family::Number),
        ColumnKind::Date => Some(Family::Date),
        ColumnKind::Datetime => Some(Family::Timestamp),
        ColumnKind::Boolean
        | ColumnKind::Time
        | ColumnKind::YearMonth
        | ColumnKind::Duration
        | ColumnKind::Object
        | ColumnKind::Array
        | ColumnKind::List
        | ColumnKind::GeoPoint
        | ColumnKind::GeoJson => Some(Family::Other),
    }
}

fn condition(a: &Operand<'_>, b: &Operand<'_>) -> String {
    let (a_sql, b_sql) = match (a.family, b.family) {
        (Some(Family::Text), Some(Family::Text)) => texts(a, b),
        (Some(x), Some(y)) if x == y => (a.sql.clone(), b.sql.clone()),
        (Some(Family::Text), Some(of)) => (text(a, false, false), shown(b, of)),
        (Some(of), Some(Family::Text)) => (shown(a, of), text(b, false, false)),
        (Some(Family::Instant), Some(Family::Date | Family::Timestamp)) => (in_utc(a), b.sql.clone()),
        (Some(Family::Date | Family::Timestamp), Some(Family::Instant)) => (a.sql.clone(), in_utc(b)),
        (Some(Family::Date), Some(Family::Timestamp)) | (Some(Family::Timestamp), Some(Family::Date)) => {
            (a.sql.clone(), b.sql.clone())
        }
        // As texts anything can be compared.
        (Some(x), Some(y)) => (shown(a, x), shown(b, y)),
        (None, _) | (_, None) => (a.sql.clone(), b.sql.clone()),
    };
    format!("{a_sql} = {b_sql}")
}

fn in_utc(operand: &Operand<'_>) -> String {
    format!("{} AT TIME ZONE 'UTC'", operand.sql)
}

/// A value as the text that others write for it.
fn shown(operand: &Operand<'_>, family: Family) -> String {
    match family {
        Family::Instant if operand.sketch.is_some_and(|s| s.dates) => format!("CAST(CAST({} AS date) AS text)", in_utc(operand)),
        Family::Timestamp if operand.sketch.is_some_and(|s| s.dates) => format!("CAST(CAST({} AS date) AS text)", operand.sql),
        Family::Text | Family::Number | Family::Date | Family::Timestamp | Family::Instant | Family::Other => {
            format!("CAST({} AS text)", operand.sql)
        }
    }
}

/// A text without what another column does not have around its values: blanks, zeros before digits, and where letters are of another case.
fn text(operand: &Operand<'_>, is_folded: bool, keeps_zeros: bool) -> String {
    let mut sql = operand.sql.clone();
    let Some(sketch) = operand.sketch else { return sql };
    if sketch.blanks {
        sql = format!("btrim({sql})");
    }
    if sketch.padded && !keeps_zeros {
        sql = format!("ltrim({sql}, '0')");
    }
    if is_folded { format!("lower({sql})") } else { sql }
}

fn texts(a: &Operand<'_>, b: &Operand<'_>) -> (String, String) {
    let Some((x, y)) = a.sketch.zip(b.sketch) else { return (a.sql.clone(), b.sql.clone()) };
    let case = |s: &Sketch| (s.upper, s.lower);
    let is_folded = case(x) != case(y) && (x.upper || x.lower) && (y.upper || y.lower);
    let keeps_zeros = x.padded == y.padded;
    (text(a, is_folded, keeps_zeros), text(b, is_folded, keeps_zeros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Gatherer, ValueKind};

    fn texts_of(values: &[&str]) -> Sketch {
        let mut gatherer = Gatherer::new(ValueKind::Text);
        values.iter().for_each(|v| gatherer.text(v));
        gatherer.finish().expect("values")
    }

    #[test]
    fn sides_are_made_alike_where_they_are_not() {
        let (plain, padded, upper) = (texts_of(&["a", "7"]), texts_of(&["07"]), texts_of(&["CHINA"]));
        let (mixed, blanks) = (texts_of(&["China"]), texts_of(&[" a"]));
        let check = |(a, x): (Family, &Sketch), (b, y): (Family, &Sketch), want: &str| {
            let operand = |sql: &str, family, sketch| Operand { sql: sql.to_owned(), family: Some(family), sketch: Some(sketch) };
            assert_eq!(condition(&operand("a.x", a, x), &operand("b.y", b, y)), want);
        };
        let days = {
            let mut gatherer = Gatherer::new(ValueKind::Timestamp);
            gatherer.instant(0);
            gatherer.finish().expect("values")
        };
        check((Family::Text, &plain), (Family::Text, &plain), "a.x = b.y");
        check((Family::Text, &padded), (Family::Number, &plain), "ltrim(a.x, '0') = CAST(b.y AS text)");
        check((Family::Number, &plain), (Family::Number, &plain), "a.x = b.y");
        check((Family::Text, &upper), (Family::Text, &mixed), "lower(a.x) = lower(b.y)");
        check((Family::Text, &mixed), (Family::Text, &mixed), "a.x = b.y");
        check((Family::Text, &padded), (Family::Text, &texts_of(&["7"])), "ltrim(a.x, '0') = b.y");
        check((Family::Text, &blanks), (Family::Text, &plain), "btrim(a.x) = b.y");
        check((Family::Text, &texts_of(&["1970-01-01"])), (Family::Timestamp, &days), "a.x = CAST(CAST(b.y AS date) AS text)");
        check((Family::Date, &days), (Family::Timestamp, &days), "a.x = b.y");
        check((Family::Instant, &days), (Family::Timestamp, &days), "a.x AT TIME ZONE 'UTC' = b.y");
    }
}
