//! What a type is called: by Arrow, in the expectations of rejects, and in warnings.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use super::marks::Style;
use super::{DateFormat, JsonShape, Parse, Words, Writing};

impl Parse {
    /// See [`crate::snapshot::field_key::WORDS`].
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::Bool(Words::Pair([truth, falsehood])) if *truth != "true" => Some(format!("{truth} {falsehood}")),
            Self::Bool(Words::Pair(_) | Words::Declared { .. })
            | Self::Text
            | Self::Json(_)
            | Self::YearMonth
            | Self::Integer(_)
            | Self::Double(_)
            | Self::Decimal { .. }
            | Self::Date(_)
            | Self::Timestamp { .. }
            | Self::Time(_)
            | Self::Duration { .. }
            | Self::List { .. }
            | Self::Point(_) => None,
        }
    }

    pub(super) fn arrow(&self) -> DataType {
        match self {
            Self::Text | Self::Json(_) | Self::YearMonth => DataType::Utf8View,
            Self::Bool(_) => DataType::Boolean,
            Self::Integer(_) => DataType::Int64,
            Self::Double(_) => DataType::Float64,
            Self::Decimal { scale, .. } => DataType::Decimal128(38, *scale as i8),
            Self::Date(_) => DataType::Date32,
            Self::Timestamp { zoned: true, .. } => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Timestamp { zoned: false, .. } => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Time(_) => DataType::Time64(TimeUnit::Microsecond),
            Self::Duration { months: true } => DataType::Interval(IntervalUnit::YearMonth),
            Self::Duration { months: false } => DataType::Duration(TimeUnit::Microsecond),
            Self::List { item, .. } => DataType::List(Arc::new(Field::new_list_field(item.parse.arrow(), true))),
            Self::Point(_) => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
        }
    }

    pub(super) fn expected(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json(JsonShape::Any) => "JSON".to_owned(),
            Self::Json(JsonShape::Object) => "JSON object".to_owned(),
            Self::Json(JsonShape::Array) => "JSON array".to_owned(),
            Self::YearMonth => "year and month as YYYY-MM".to_owned(),
            Self::Bool(_) => "boolean".to_owned(),
            Self::Integer(_) => "integer".to_owned(),
            Self::Double(_) => "number".to_owned(),
            Self::Decimal { scale, .. } => format!("number with at most {scale} decimals"),
            Self::Date(format) => format!("date as {}", format.name()),
            Self::Timestamp { format, zoned: true, .. } => format!("date and time with offset as {}", format.name()),
            Self::Timestamp { format, zoned: false, .. } => format!("date and time as {}", format.name()),
            Self::Time(Some(pattern)) => format!("time as {}", pattern.text()),
            Self::Time(None) => "time as HH:MM:SS".to_owned(),
            Self::Duration { .. } => "ISO 8601 duration".to_owned(),
            Self::List { item, delimiter } => {
                format!("list with {delimiter:?} between its items, each {} {}", article(&item.expected), item.expected)
            }
            Self::Point(_) => "longitude and latitude in degrees".to_owned(),
        }
    }

    /// The type, and how its text is written where that can differ.
    pub(super) fn in_words(&self) -> (&'static str, String) {
        let written = |writing: &Writing| match writing {
            Writing::Plain | Writing::Declared(_) => Style::Plain.name().to_owned(),
            Writing::Marked(style) => style.name().to_owned(),
        };
        match self {
            Self::Text => ("text", String::new()),
            Self::Json(_) => ("JSON", String::new()),
            Self::YearMonth => ("year and month", String::new()),
            Self::Bool(Words::Pair(pair)) => ("boolean", pair.join(" and ")),
            Self::Bool(Words::Declared { .. }) => ("boolean", String::new()),
            Self::Integer(writing) => ("integer", written(writing)),
            Self::Double(writing) => ("number", written(writing)),
            Self::Decimal { writing, .. } => ("exact number", written(writing)),
            Self::Date(format) => ("date", format.name()),
            Self::Timestamp { format, zoned: true, .. } => ("date and time with offset", format.name()),
            Self::Timestamp { format, zoned: false, .. } => ("date and time", format.name()),
            Self::Time(_) => ("time", String::new()),
            Self::Duration { .. } => ("duration", String::new()),
            Self::List { .. } => ("list", String::new()),
            Self::Point(_) => ("point", String::new()),
        }
    }

    pub(super) fn expected_with_article(&self) -> String {
        let expected = self.expected();
        format!("{} {expected}", article(&expected))
    }
}

pub(super) fn article(expected: &str) -> &'static str {
    if expected.starts_with(['a', 'e', 'i', 'o', 'u', 'I']) { "an" } else { "a" }
}

impl DateFormat {
    pub(super) fn name(&self) -> String {
        self.names().join(" or ")
    }

    /// Each format that some file has.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Order(order) => vec![order.name()],
            Self::PerFile(orders) => {
                let mut names: Vec<&str> = Vec::new();
                for order in orders.iter() {
                    if !names.contains(&order.name()) {
                        names.push(order.name());
                    }
                }
                names
            }
            Self::Pattern(pattern) => vec![pattern.text()],
        }
    }
}
