//! Declared types: Table Schema's field types and formats (Data Package v2, "Field Types") as ours.

use serde_json::Value;

use super::marks::Declared;
use super::pattern::Pattern;
use super::{ColumnPlan, DateFormat, JsonShape, Missing, Parse, PointFormat, Seen, Words, Writing};
use crate::descriptor::{Column, ColumnKind};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

/// Categories that a comment names, at most.
const NAMED_CATEGORIES: usize = 20;

/// How a declared column is read. Of numbers, dates and durations the cells of all files (`seen`) and of each (`files`) still say which of
/// the kind's types holds them all, and how they are written. [`Kind::Descriptor`] for a format that is none.
pub(super) fn parse(column: &Column, seen: &Seen, files: &[Option<&Seen>], warn: &mut impl FnMut(String)) -> Result<Parse> {
    let marks = Declared { group: column.group_char.clone(), decimal: column.decimal_char.clone(), dressed: column.bare_number };
    let writing = if marks.is_plain() { Writing::Plain } else { Writing::Declared(marks) };
    Ok(match column.kind {
        ColumnKind::Any | ColumnKind::String => Parse::Text,
        ColumnKind::YearMonth => Parse::YearMonth,
        ColumnKind::Object | ColumnKind::GeoJson => Parse::Json(JsonShape::Object),
        ColumnKind::Array => Parse::Json(JsonShape::Array),
        ColumnKind::Integer => Parse::Integer(writing),
        ColumnKind::Year => Parse::Integer(Writing::Plain),
        ColumnKind::Number => match writing {
            Writing::Plain => {
                let parse = seen.declared_number();
                seen.rounded(&parse).into_iter().for_each(warn);
                parse
            }
            Writing::Marked(_) | Writing::Declared(_) => Parse::Double(writing),
        },
        ColumnKind::Boolean => {
            let or = |given: &[String], usual: &[&str]| {
                if given.is_empty() { usual.iter().map(|s| (*s).to_owned()).collect() } else { given.to_vec() }
            };
            Parse::Bool(Words::Declared {
                truths: or(&column.true_values, &["true", "True", "TRUE", "1"]),
                falsehoods: or(&column.false_values, &["false", "False", "FALSE", "0"]),
            })
        }
        ColumnKind::Date => Parse::Date(pattern(column, warn)?.map_or_else(|| seen.likely_format(files), DateFormat::Pattern)),
        ColumnKind::Datetime => match pattern(column, warn)? {
            Some(p) => Parse::Timestamp { zoned: p.is_zoned(), format: DateFormat::Pattern(p), bare: false },
            None => seen.declared_timestamp(files),
        },
        ColumnKind::Time => Parse::Time(pattern(column, warn)?),
        ColumnKind::Duration => seen.duration().unwrap_or_else(|| {
            warn("stays text, since its durations have months as well as days or hours, which no one type keeps".to_owned());
            Parse::Text
        }),
        ColumnKind::List => list(column, seen)?,
        ColumnKind::GeoPoint => Parse::Point(match column.format.as_deref() {
            Some("array") => PointFormat::Array,
            Some("object") => PointFormat::Object,
            Some(_) | None => PointFormat::Text,
        }),
    })
}

/// Whether the column's format says how its dates and times are written: a pattern, or ISO 8601.
pub(super) fn has_format(column: &Column) -> bool {
    column.format.as_deref().is_some_and(|format| format.contains('%') || format == "default")
}

/// The pattern that the format is; `None` where nothing or a word of Table Schema is declared. Anything else is no pattern and is told.
fn pattern(column: &Column, warn: &mut impl FnMut(String)) -> Result<Option<Pattern>> {
    let Some(format) = column.format.as_deref().filter(|format| !matches!(*format, "" | "default" | "any")) else {
        return Ok(None);
    };
    if !format.contains('%') {
        warn(format!(
            "its format \"{format}\" is no pattern and not used, so that its values are read as most of them are written; patterns are \
             those of strptime, such as %Y-%m-%d"
        ));
        return Ok(None);
    }
    let parsed = Pattern::parse(format).ok_or_else(|| {
        Error::new(Kind::Descriptor, format!("column {}: \"{format}\" is not a date format", quoted(&column.name)))
            .with_hint("Formats are strptime patterns such as %d/%m/%Y, or \"any\".")
    })?;
    Ok(Some(parsed))
}

/// A list's `delimiter` (a comma when none is declared) and `itemType` (text).
fn list(column: &Column, seen: &Seen) -> Result<Parse> {
    let kind = match word(column, "itemType") {
        None | Some("string") => ColumnKind::String,
        Some("integer") => ColumnKind::Integer,
        Some("boolean") => ColumnKind::Boolean,
        Some("number") => ColumnKind::Number,
        Some("datetime") => ColumnKind::Datetime,
        Some("date") => ColumnKind::Date,
        Some("time") => ColumnKind::Time,
        Some(other) => {
            let message = format!("column {}: a list can't have items of type \"{other}\"", quoted(&column.name));
            return Err(Error::new(Kind::Descriptor, message)
                .with_hint("Item types are string, integer, boolean, number, datetime, date and time."));
        }
    };
    let item = Column { kind, ..Column::default() };
    let none = Missing { declared: Some(Vec::new()), ..Missing::default() };
    let plan = ColumnPlan::decide("item", None, Some(&item), none, seen, &[], &mut Vec::new())?;
    Ok(Parse::List { item: Box::new(plan), delimiter: delimiter(column).to_owned() })
}

/// What stands between the items of a list.
fn delimiter(column: &Column) -> &str {
    word(column, "delimiter").unwrap_or(",")
}

/// What stands between the items of a list of dates or timestamps, whose writing is seen item by item; `None` for any other column.
pub(super) fn between_dates(column: &Column) -> Option<&str> {
    let has_dates = column.kind == ColumnKind::List && matches!(word(column, "itemType"), Some("date" | "datetime"));
    has_dates.then(|| delimiter(column))
}

fn word<'a>(column: &'a Column, key: &str) -> Option<&'a str> {
    column.extra.get(key).and_then(Value::as_str).filter(|word| !word.is_empty())
}

/// The values of `categories` (Data Package v2) with their labels; none when the column has no categories.
pub(super) fn categories(column: &Column) -> Vec<(String, Option<String>)> {
    let Some(Value::Array(items)) = column.extra.get("categories") else { return Vec::new() };
    let item = |item: &Value| match item {
        Value::Object(map) => Some((text(map.get("value")?), map.get("label").and_then(Value::as_str).map(str::to_owned))),
        Value::String(_) | Value::Number(_) => Some((text(item), None)),
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    };
    items.iter().filter_map(item).collect()
}

/// A value of a descriptor as it would stand in a file.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the codes of a column mean, `(1 = apple, 2 = pear)`; `None` when no category has a label.
pub(super) fn categories_comment(column: &Column) -> Option<String> {
    let labelled: Vec<String> =
        categories(column).into_iter().filter_map(|(value, label)| Some(format!("{value} = {}", label?))).collect();
    let more = if labelled.len() > NAMED_CATEGORIES { ", …" } else { "" };
    (!labelled.is_empty()).then(|| format!("({}{more})", labelled[..labelled.len().min(NAMED_CATEGORIES)].join(", ")))
}
