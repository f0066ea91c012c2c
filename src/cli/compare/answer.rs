//! The rows that a query gave, and whether two engines gave the same: by type, floats with tolerance, in order where order was asked for.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// By how much two floats may differ, as a share of the larger: engines add in different orders.
const TOLERANCE: f64 = 1e-9;
/// The decimals from which on two numerics may differ in the last they both show: engines divide to different scales.
const DECIMALS: usize = 4;

/// What a column holds, as far as engines agree on types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Class {
    /// Whole numbers and numerics.
    Exact,
    Float,
    Boolean,
    /// Dates and timestamps.
    Time,
    /// Everything else, letter by letter.
    Text,
}

impl Class {
    /// By PostgreSQL's name of a type, or DuckDB's.
    pub fn of(type_name: &str) -> Self {
        let name = type_name.to_ascii_lowercase();
        let name = name.split('(').next().unwrap_or_default();
        match name {
            "int2" | "int4" | "int8" | "numeric" | "decimal" | "tinyint" | "smallint" | "integer" | "bigint" | "hugeint"
            | "utinyint" | "usmallint" | "uinteger" | "ubigint" | "uhugeint" | "oid" => Self::Exact,
            "float4" | "float8" | "float" | "double" | "real" => Self::Float,
            "bool" | "boolean" => Self::Boolean,
            "date"
            | "timestamp"
            | "timestamptz"
            | "timestamp with time zone"
            | "timestamp_ns"
            | "timestamp_s"
            | "timestamp_ms" => Self::Time,
            _ => Self::Text,
        }
    }
}

/// A query's rows as text, in PostgreSQL's form of each type; NULL is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub columns: Vec<(String, Class)>,
    pub rows: Vec<Vec<Option<String>>>,
}

impl Answer {
    /// What makes the two different, in words; `None` when they are the same. `ordered` when the query asks for an order.
    pub fn differs(&self, other: &Self, ordered: bool) -> Option<String> {
        if self.columns.len() != other.columns.len() {
            return Some(format!("{} columns, not {}", other.columns.len(), self.columns.len()));
        }
        for (at, ((_, a), (_, b))) in self.columns.iter().zip(&other.columns).enumerate() {
            if kind(*a) != kind(*b) {
                return Some(format!("column {} is of type {b:?}, not {a:?}", at + 1));
            }
        }
        if self.rows.len() != other.rows.len() {
            return Some(format!("{} rows, not {}", other.rows.len(), self.rows.len()));
        }
        let classes: Vec<Class> =
            self.columns.iter().zip(&other.columns).map(|((_, a), (_, b))| if *b == Class::Float { *b } else { *a }).collect();
        let in_order = first_difference(&classes, &self.rows.iter().collect::<Vec<_>>(), &other.rows.iter().collect::<Vec<_>>());
        let told = in_order?;
        let (left, right) = (sorted(&classes, &self.rows), sorted(&classes, &other.rows));
        match first_difference(&classes, &left, &right) {
            Some(_) if ordered => Some(told),
            Some(told) => Some(told),
            None if ordered => Some(format!("the same rows in another order; {told}")),
            None => None,
        }
    }
}

/// Numbers are numbers, whatever their precision.
fn kind(class: Class) -> Class {
    if class == Class::Float { Class::Exact } else { class }
}

fn first_difference(classes: &[Class], left: &[&Vec<Option<String>>], right: &[&Vec<Option<String>>]) -> Option<String> {
    for (row, (a, b)) in left.iter().zip(right).enumerate() {
        for (column, ((a, b), class)) in a.iter().zip(b.iter()).zip(classes).enumerate() {
            let same = match (a, b) {
                (None, None) => true,
                (Some(a), Some(b)) => same(*class, a, b),
                (None, Some(_)) | (Some(_), None) => false,
            };
            if !same {
                let show = |cell: &Option<String>| cell.as_ref().map_or("NULL".to_owned(), |text| cut(text));
                return Some(format!("row {}, column {}: {}, not {}", row + 1, column + 1, show(b), show(a)));
            }
        }
    }
    None
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short:?}...") } else { format!("{short:?}") }
}

fn same(class: Class, a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    match class {
        Class::Exact => exact(a, b),
        Class::Float => match (float(a), float(b)) {
            (Some(a), Some(b)) => near(a, b),
            _ => false,
        },
        Class::Boolean => boolean(a).is_some() && boolean(a) == boolean(b),
        Class::Time => time(a) == time(b),
        Class::Text => false,
    }
}

/// Numerics of equal value; those of many decimals may differ in the last that both show.
fn exact(a: &str, b: &str) -> bool {
    let plain = |text: &str| {
        let text = text.trim_start_matches('+');
        match text.split_once('.') {
            Some((whole, part)) => format!("{whole}.{}", part.trim_end_matches('0')).trim_end_matches('.').to_owned(),
            None => text.to_owned(),
        }
    };
    if plain(a) == plain(b) {
        return true;
    }
    let scale = |text: &str| text.split_once('.').map_or(0, |(_, part)| part.len());
    let least = scale(a).min(scale(b));
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) if least >= DECIMALS && scale(a) != scale(b) => {
            (x - y).abs() <= 10_f64.powi(-i32::try_from(least).unwrap_or(i32::MAX)) || near(x, y)
        }
        _ => false,
    }
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

fn float(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "t" | "true" | "True" => Some(true),
        "f" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// A time without what engines write or leave out: midnight of a date, zeros behind the seconds, the offset of UTC.
fn time(text: &str) -> String {
    let text = text.replace('T', " ");
    let text = text.strip_suffix("+00:00").or_else(|| text.strip_suffix("+00")).unwrap_or(&text);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    text.strip_suffix(" 00:00:00").unwrap_or(text).to_owned()
}

/// The rows in an order that engines agree on: by what is compared letter by letter first, floats last.
fn sorted<'a>(classes: &[Class], rows: &'a [Vec<Option<String>>]) -> Vec<&'a Vec<Option<String>>> {
    let mut rows: Vec<&Vec<Option<String>>> = rows.iter().collect();
    let compare = |class: Class, a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) if matches!(class, Class::Exact | Class::Float) => match (float(a), float(b)) {
            // What is one float may be two integers.
            (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.parse::<i128>().ok().cmp(&b.parse::<i128>().ok())),
            _ => a.cmp(b),
        },
        (Some(a), Some(b)) if class == Class::Time => time(a).cmp(&time(b)),
        (a, b) => a.cmp(b),
    };
    let by = |floats: bool, a: &[Option<String>], b: &[Option<String>]| {
        let cells = a.iter().zip(b).zip(classes).filter(|(_, class)| (**class == Class::Float) == floats);
        cells.map(|((a, b), class)| compare(*class, a, b)).find(|o| *o != Ordering::Equal).unwrap_or(Ordering::Equal)
    };
    rows.sort_by(|a, b| by(false, a, b).then_with(|| by(true, a, b)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(classes: &[Class], rows: &[&[&str]]) -> Answer {
        let cell = |text: &&str| (*text != "NULL").then(|| (*text).to_owned());
        Answer {
            columns: classes.iter().map(|class| ("c".to_owned(), *class)).collect(),
            rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        }
    }

    fn check(class: Class, a: &str, b: &str, same: bool) {
        let (a, b) = (answer(&[class], &[&[a]]), answer(&[class], &[&[b]]));
        assert_eq!(a.differs(&b, true).is_none(), same, "{a:?} {b:?}");
    }

    #[test]
    fn cells_are_compared_by_type() {
        check(Class::Exact, "1.50", "1.5", true);
        check(Class::Exact, "1.5", "1.4", false);
        check(Class::Exact, "3.3333333333333333", "3.333333", true);
        check(Class::Exact, "3.33", "3.3", false);
        check(Class::Exact, "12345678901234567890", "12345678901234567891", false);
        check(Class::Float, "0.30000000000000004", "0.3", true);
        check(Class::Float, "NaN", "NaN", true);
        check(Class::Float, "0.31", "0.3", false);
        check(Class::Boolean, "t", "True", true);
        check(Class::Time, "2024-01-01 00:00:00", "2024-01-01", true);
        check(Class::Time, "2024-01-01T08:00:00.5+00:00", "2024-01-01 08:00:00.500000", true);
        check(Class::Time, "2024-01-01", "2024-01-02", false);
        check(Class::Text, "007", "7", false);
        check(Class::Text, "NULL", "", false);
    }

    #[test]
    fn order_counts_where_it_is_asked_for() {
        let classes = [Class::Text, Class::Float];
        let a = answer(&classes, &[&["x", "0.3"], &["y", "2"], &["x", "0.1"]]);
        let b = answer(&classes, &[&["y", "2.0"], &["x", "0.1"], &["x", "0.30000000000000004"]]);
        assert_eq!(a.differs(&b, false), None);
        assert_eq!(a.differs(&b, true).as_deref(), Some("the same rows in another order; row 1, column 1: \"y\", not \"x\""));
    }

    #[test]
    fn what_differs_is_named() {
        let one = answer(&[Class::Exact], &[&["1"]]);
        assert_eq!(one.differs(&answer(&[Class::Exact], &[]), false).as_deref(), Some("0 rows, not 1"));
        assert_eq!(
            one.differs(&answer(&[Class::Text], &[&["1"]]), false).as_deref(),
            Some("column 1 is of type Text, not Exact")
        );
        assert_eq!(one.differs(&answer(&[Class::Float], &[&["1.0"]]), false), None);
        assert_eq!(one.differs(&answer(&[Class::Exact], &[&["2"]]), false).as_deref(), Some("row 1, column 1: \"2\", not \"1\""));
    }
}
