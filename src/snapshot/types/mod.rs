//! Types: which one a column gets, from its descriptor or from every cell of its files, and how its text is read. Files and
//! formats are unknown here.

mod convert;
mod infer;
mod number;
mod temporal;

use arrow::datatypes::{DataType, Field, TimeUnit};

use self::number::Marks;
use self::temporal::{Order, Pattern};
use super::field_key;
use crate::descriptor::{Column, ColumnKind, MissingValue};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

pub(super) use self::convert::CellReject;
pub(super) use self::infer::Seen;

/// Codes that are taken as missing where nothing is declared and every other value of the column proves a type that is not text.
const TOKENS: &[&str] =
    &["NA", "N/A", "n/a", "na", "null", "NULL", "Null", "None", "-", "--", ".", "..", "*", "\\N", "NaN", "nan", "#N/A"];

/// How the text of one column is read.
#[derive(Clone, Debug)]
pub(super) struct ColumnPlan {
    pub(super) field: Field,
    parse: Parse,
    missing: Missing,
    /// What a reject says was expected.
    expected: String,
}

/// From text to a value.
#[derive(Clone, Debug)]
enum Parse {
    Text,
    /// JSON text: strings get their quotes back.
    Json,
    Bool {
        truths: Vec<String>,
        falsehoods: Vec<String>,
    },
    Integer(Marks),
    Double(Marks),
    Decimal {
        scale: usize,
    },
    Date(DateFormat),
    Timestamp {
        format: DateFormat,
        zoned: bool,
        /// No value has a time of day: each is midnight.
        bare: bool,
    },
    Time(Option<Pattern>),
}

#[derive(Clone, Debug)]
enum DateFormat {
    Order(Order),
    Pattern(Pattern),
}

/// What counts as "no value".
#[derive(Clone, Debug, Default)]
pub(super) struct Missing {
    /// As declared; the empty text when nothing is.
    declared: Option<Vec<String>>,
    /// The code that the column proved to be one.
    token: Option<&'static str>,
}

impl Missing {
    /// What the descriptor says: the column's own values above the schema's, and the dialect's sequence beside either.
    pub(super) fn declared(column: Option<&Column>, schema: Option<&[MissingValue]>, sequence: Option<&str>) -> Self {
        let values = column.and_then(|c| c.missing_values.as_deref()).or(schema);
        let mut declared: Option<Vec<String>> = values.map(|v| v.iter().map(|m| m.value.clone()).collect());
        if let Some(sequence) = sequence {
            declared.get_or_insert_with(|| vec![String::new()]).push(sequence.to_owned());
        }
        Self { declared, token: None }
    }

    fn has(&self, text: &str) -> bool {
        match &self.declared {
            Some(values) => values.iter().any(|v| v == text),
            None => text.is_empty() || self.token == Some(text),
        }
    }
}

/// The token that `text` is, when it is one.
fn token(text: &str) -> Option<&'static str> {
    if text.len() > 4 {
        return None;
    }
    TOKENS.iter().find(|t| **t == text).copied()
}

impl ColumnPlan {
    /// Decides how a column is read, after all of its cells were seen. What the user should know goes to `warnings`.
    pub(super) fn decide(
        name: &str,
        original: Option<&str>,
        declared: Option<&Column>,
        seen: &Seen,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let mut missing = seen.missing.clone();
        let kind = declared.map_or(ColumnKind::Any, |c| c.kind);
        let parse = match declared {
            Some(column) if kind != ColumnKind::Any => declared_parse(column, seen)?,
            Some(_) | None => {
                let inferred = seen.infer();
                if let Some(warning) = inferred.warning {
                    warnings.push(format!("column {}: {warning}", quoted(name)));
                }
                missing.token = inferred.token;
                inferred.parse
            }
        };
        let mut metadata = std::collections::HashMap::new();
        if let Some(original) = original {
            metadata.insert(field_key::ORIGINAL_NAME.to_owned(), original.to_owned());
        }
        if let Some(column) = declared {
            if let Some(comment) = comment(column) {
                metadata.insert(field_key::COMMENT.to_owned(), comment);
            }
            if let Some(unit) = &column.unit {
                metadata.insert(field_key::UNIT.to_owned(), unit.clone());
            }
        }
        if matches!(parse, Parse::Json) {
            metadata.insert(field_key::LOGICAL.to_owned(), "json".to_owned());
        }
        let expected = parse.expected();
        Ok(Self { field: Field::new(name, parse.arrow(), true).with_metadata(metadata), parse, missing, expected })
    }

    /// The same column, said to hold `logical` text (see [`field_key::LOGICAL`]).
    pub(super) fn with_logical(mut self, logical: &str) -> Self {
        let mut metadata = self.field.metadata().clone();
        metadata.insert(field_key::LOGICAL.to_owned(), logical.to_owned());
        self.field = self.field.with_metadata(metadata);
        self
    }
}

impl ColumnPlan {
    /// The same column, whose geometries are in a coordinate reference system; its name is part of the comment.
    pub(super) fn with_crs(mut self, crs: Option<&str>) -> Self {
        let Some(crs) = crs else { return self };
        let mut metadata = self.field.metadata().clone();
        metadata.insert(field_key::CRS.to_owned(), crs.to_owned());
        let name = crs.split('"').nth(1).unwrap_or(crs);
        let comment = metadata.entry(field_key::COMMENT.to_owned()).or_default();
        comment.push_str(&if comment.is_empty() {
            format!("coordinates in {name}")
        } else {
            format!(" (coordinates in {name})")
        });
        self.field = self.field.with_metadata(metadata);
        self
    }
}

/// Title, description and unit in one line.
fn comment(column: &Column) -> Option<String> {
    let mut out = match (&column.title, &column.description) {
        (Some(title), Some(description)) if title != description => format!("{title}: {description}"),
        (Some(one), _) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    if let Some(unit) = &column.unit {
        out.push_str(&if out.is_empty() { format!("[{unit}]") } else { format!(" [{unit}]") });
    }
    (!out.is_empty()).then_some(out)
}

/// Data Package's field types as ours (Table Schema, "Field Types"). Kinds without a type of their own keep their text.
fn declared_parse(column: &Column, seen: &Seen) -> Result<Parse> {
    let marks = Marks { group: column.group_char.clone(), decimal: column.decimal_char.clone(), dressed: column.bare_number };
    let pattern = match &column.format {
        Some(format) if format.contains('%') => Some(Pattern::parse(format).ok_or_else(|| {
            Error::new(Kind::Descriptor, format!("column {}: \"{format}\" is not a date format", quoted(&column.name)))
                .with_hint("Formats are strptime patterns such as %d/%m/%Y, or \"any\".")
        })?),
        Some(_) | None => None,
    };
    Ok(match column.kind {
        ColumnKind::Any
        | ColumnKind::String
        | ColumnKind::YearMonth
        | ColumnKind::Duration
        | ColumnKind::List
        | ColumnKind::GeoPoint => Parse::Text,
        ColumnKind::Object | ColumnKind::Array | ColumnKind::GeoJson => Parse::Json,
        ColumnKind::Integer => Parse::Integer(marks),
        ColumnKind::Year => Parse::Integer(Marks::default()),
        ColumnKind::Number if marks.is_plain() => seen.declared_number(),
        ColumnKind::Number => Parse::Double(marks),
        ColumnKind::Boolean => {
            let or = |given: &[String], usual: &[&str]| {
                if given.is_empty() { usual.iter().map(|s| (*s).to_owned()).collect() } else { given.to_vec() }
            };
            Parse::Bool {
                truths: or(&column.true_values, &["true", "True", "TRUE", "1"]),
                falsehoods: or(&column.false_values, &["false", "False", "FALSE", "0"]),
            }
        }
        ColumnKind::Date => Parse::Date(pattern.map_or(DateFormat::Order(seen.likely_order()), DateFormat::Pattern)),
        ColumnKind::Datetime => match pattern {
            Some(p) => Parse::Timestamp { zoned: p.is_zoned(), format: DateFormat::Pattern(p), bare: false },
            None => seen.declared_timestamp(),
        },
        ColumnKind::Time => Parse::Time(pattern),
    })
}

impl Parse {
    fn arrow(&self) -> DataType {
        match self {
            Self::Text | Self::Json => DataType::Utf8View,
            Self::Bool { .. } => DataType::Boolean,
            Self::Integer(_) => DataType::Int64,
            Self::Double(_) => DataType::Float64,
            Self::Decimal { scale } => DataType::Decimal128(38, *scale as i8),
            Self::Date(_) => DataType::Date32,
            Self::Timestamp { zoned: true, .. } => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Timestamp { zoned: false, .. } => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Time(_) => DataType::Time64(TimeUnit::Microsecond),
        }
    }

    fn expected(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "JSON".to_owned(),
            Self::Bool { .. } => "boolean".to_owned(),
            Self::Integer(_) => "integer".to_owned(),
            Self::Double(_) => "number".to_owned(),
            Self::Decimal { scale } => format!("number with at most {scale} decimals"),
            Self::Date(format) => format!("date as {}", format.name()),
            Self::Timestamp { format, zoned: true, .. } => format!("date and time with offset as {}", format.name()),
            Self::Timestamp { format, zoned: false, .. } => format!("date and time as {}", format.name()),
            Self::Time(Some(pattern)) => format!("time as {}", pattern.text()),
            Self::Time(None) => "time as HH:MM:SS".to_owned(),
        }
    }
}

impl DateFormat {
    fn name(&self) -> &str {
        match self {
            Self::Order(order) => order.name(),
            Self::Pattern(pattern) => pattern.text(),
        }
    }
}

#[cfg(test)]
mod tests;
