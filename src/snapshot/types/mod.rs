//! Types: which one a column gets, from its descriptor or from every cell of its files, and how its text is read. Files and
//! formats are unknown here.

mod calendar;
mod check;
mod clock;
mod convert;
mod declared;
mod duration;
mod infer;
mod marks;
mod months;
mod number;
mod pattern;
mod plain;
mod reason;
mod seen;
mod token;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use self::calendar::Order;
use self::check::Checks;
use self::infer::{Inferred, dates_by_file};
use self::pattern::Pattern;
use self::token::Tokens;
use super::field_key;
use crate::descriptor::{Column, ColumnKind, MissingValue};
use crate::error::Result;
use crate::name::quoted;

pub(super) use self::convert::CellReject;
pub(super) use self::seen::Seen;

/// How the text of one column is read.
#[derive(Clone, Debug)]
pub(super) struct ColumnPlan {
    pub(super) field: Field,
    parse: Parse,
    missing: Missing,
    /// What a reject says was expected.
    expected: String,
    /// The descriptor gives the type, so that cells may not fit it.
    declared: bool,
    checks: Arc<Checks>,
}

/// From text to a value.
#[derive(Clone, Debug, PartialEq)]
enum Parse {
    Text,
    /// JSON text: strings of JSON files get their quotes back.
    Json(JsonShape),
    /// `2020-01`, kept as text: no type of SQL is a month.
    YearMonth,
    Bool(Words),
    Integer(Writing),
    Double(Writing),
    Decimal {
        scale: usize,
        writing: Writing,
    },
    Date(DateFormat),
    Timestamp {
        format: DateFormat,
        zoned: bool,
        /// No value has a time of day: each is midnight.
        bare: bool,
    },
    Time(Option<Pattern>),
    /// Whole months, or days and what is shorter.
    Duration {
        months: bool,
    },
    /// Values of one type with a delimiter between them.
    List {
        item: Box<ColumnPlan>,
        delimiter: String,
    },
    /// Longitude and latitude in degrees.
    Point(PointFormat),
}

/// Which JSON a text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JsonShape {
    Any,
    Object,
    Array,
}

/// The words of a boolean.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    /// The first means true, the second false, in any case.
    Pair([&'static str; 2]),
    /// As declared, to the letter.
    Declared { truths: Vec<String>, falsehoods: Vec<String> },
}

/// How numbers are written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Writing {
    Plain,
    /// In the style that the column proves, with a sign, a unit or parentheses around.
    Marked(marks::Style),
    Declared(marks::Declared),
}

#[derive(Clone, Debug, PartialEq)]
enum DateFormat {
    Order(Order),
    /// One for each file of the table.
    PerFile(Arc<[Order]>),
    Pattern(Pattern),
}

/// Table Schema's formats of a geopoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PointFormat {
    /// `90.50, 45.50`
    Text,
    /// `[90.50, 45.50]`
    Array,
    /// `{"lon": 90.50, "lat": 45.50}`
    Object,
}

/// What databases write for NULL in text (PostgreSQL's COPY, MySQL's OUTFILE): missing in every column of which nothing is declared.
const SQL_NULL: &str = "\\N";

/// What counts as "no value".
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Missing {
    /// As declared; the empty text when nothing is.
    declared: Option<Vec<MissingValue>>,
    /// The words that the column proved to be codes.
    tokens: Tokens,
}

impl Missing {
    /// What the descriptor says: the column's own values above the schema's, and the dialect's sequence beside either.
    pub(super) fn declared(column: Option<&Column>, schema: Option<&[MissingValue]>, sequence: Option<&str>) -> Self {
        let values = column.and_then(|c| c.missing_values.as_deref()).or(schema);
        let mut declared = values.map(<[MissingValue]>::to_vec);
        if let Some(sequence) = sequence {
            let codes = declared.get_or_insert_with(|| vec![MissingValue::default()]);
            codes.push(MissingValue { value: sequence.to_owned(), label: None });
        }
        Self { declared, tokens: Tokens::default() }
    }

    /// The declared codes with their labels, as Data Package v2 prints them; `None` when none is declared.
    fn json(&self) -> Option<String> {
        let code = |code: &MissingValue| match &code.label {
            Some(label) => serde_json::json!({"value": code.value, "label": label}),
            None => serde_json::json!(code.value),
        };
        self.declared.as_ref().map(|codes| serde_json::Value::from_iter(codes.iter().map(code)).to_string())
    }

    fn is_declared(&self) -> bool {
        self.declared.is_some()
    }

    fn has(&self, text: &str) -> bool {
        match &self.declared {
            Some(codes) => codes.iter().any(|code| code.value == text),
            None => text.is_empty() || text == SQL_NULL || self.tokens.has(text),
        }
    }
}

impl ColumnPlan {
    /// Decides how a column is read, after all of its cells were seen: `seen` is of all files, `files` of each, in their order. What the
    /// user should know goes to `warnings`.
    pub(super) fn decide(
        name: &str,
        original: Option<&str>,
        declared: Option<&Column>,
        mut missing: Missing,
        seen: &Seen,
        files: &[Option<&Seen>],
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let typed = declared.is_some_and(|c| c.kind != ColumnKind::Any);
        let mut unit = declared.and_then(|c| c.unit.clone());
        let mut warn = |warning: String| warnings.push(format!("column {}: {warning}", quoted(name)));
        let parse = match declared.filter(|_| typed) {
            Some(column) => declared::parse(column, seen, files, &mut warn)?,
            None => {
                let inferred = of_all(seen, files);
                inferred.warning.into_iter().for_each(&mut warn);
                missing.tokens = inferred.tokens;
                unit = unit.or_else(|| inferred.unit.map(str::to_owned));
                inferred.parse
            }
        };
        let mut metadata = HashMap::new();
        let mut put = |key: &str, value: Option<String>| value.map(|value| metadata.insert(key.to_owned(), value));
        put(field_key::ORIGINAL_NAME, original.map(str::to_owned));
        put(field_key::COMMENT, comment(declared, unit.as_deref()));
        put(field_key::UNIT, unit);
        put(field_key::MISSING, missing.json());
        put(field_key::LOGICAL, matches!(parse, Parse::Json(_)).then(|| "json".to_owned()));
        put(field_key::WORDS, parse.words());
        let expected = parse.expected();
        let field = Field::new(name, parse.arrow(), true).with_metadata(metadata);
        let mut plan = Self { field, parse, missing, expected, declared: typed, checks: Arc::default() };
        if let Some(column) = declared {
            plan.checks = Arc::new(Checks::of(column, &plan)?);
        }
        Ok(plan)
    }

    /// What its values broke of the descriptor's demands, once all are converted.
    pub(super) fn broken(&self) -> impl Iterator<Item = String> {
        self.checks.broken().map(|broken| format!("column {}: {broken}", quoted(self.field.name())))
    }

    /// Whether the column would be read in the same way, once `seen` is all there is of it. Only a hint: what several files prove together,
    /// and what a descriptor leaves open, is not looked at.
    pub(super) fn still_reads(&self, seen: &Seen) -> bool {
        if self.declared
            || matches!(self.parse, Parse::Date(DateFormat::PerFile(_)) | Parse::Timestamp { format: DateFormat::PerFile(_), .. })
        {
            return true;
        }
        let again = seen.infer();
        again.parse == self.parse && again.tokens == self.missing.tokens
    }

    /// Whether the values are held to anything beyond their type.
    pub(super) fn is_checked(&self) -> bool {
        !self.checks.is_empty()
    }

    /// The same column, said to hold `logical` text (see [`field_key::LOGICAL`]).
    pub(super) fn with_logical(mut self, logical: &str) -> Self {
        let mut metadata = self.field.metadata().clone();
        metadata.insert(field_key::LOGICAL.to_owned(), logical.to_owned());
        self.field = self.field.with_metadata(metadata);
        self
    }

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

/// Whether both read a column in the same way; what was counted of its values does not matter.
impl PartialEq for ColumnPlan {
    fn eq(&self, other: &Self) -> bool {
        self.field == other.field
            && self.parse == other.parse
            && self.missing == other.missing
            && self.expected == other.expected
            && self.declared == other.declared
    }
}

/// The type of a column of several files: the one that all prove together, else dates that are written otherwise in each.
fn of_all(seen: &Seen, files: &[Option<&Seen>]) -> Inferred {
    let together = seen.infer();
    if !matches!(together.parse, Parse::Text) || files.len() < 2 {
        return together;
    }
    match dates_by_file(seen, files) {
        Some(Ok(inferred)) => inferred,
        Some(Err(warning)) => Inferred { warning: together.warning.or(Some(warning)), ..together },
        None => Inferred { warning: infer::numbers_by_file(files).or(together.warning), ..together },
    }
}

/// Title, description and unit in one line, and what the codes of a column with categories mean.
pub(super) fn comment(column: Option<&Column>, unit: Option<&str>) -> Option<String> {
    let (title, description) = column.map_or((None, None), |c| (c.title.as_ref(), c.description.as_ref()));
    let words = match (title, description) {
        (Some(title), Some(description)) if title != description => Some(format!("{title}: {description}")),
        (Some(one), _) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    let unit = unit.map(|unit| format!("[{unit}]"));
    let categories = column.and_then(declared::categories_comment);
    let parts: Vec<String> = [words, unit, categories].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

impl Parse {
    /// See [`field_key::WORDS`].
    fn words(&self) -> Option<String> {
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

    fn arrow(&self) -> DataType {
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

    fn expected(&self) -> String {
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
    fn in_words(&self) -> (&'static str, String) {
        let written = |writing: &Writing| match writing {
            Writing::Plain | Writing::Declared(_) => marks::Style::Plain.name().to_owned(),
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

    fn expected_with_article(&self) -> String {
        let expected = self.expected();
        format!("{} {expected}", article(&expected))
    }
}

fn article(expected: &str) -> &'static str {
    if expected.starts_with(['a', 'e', 'i', 'o', 'u', 'I']) { "an" } else { "a" }
}

impl DateFormat {
    fn name(&self) -> String {
        self.names().join(" or ")
    }

    /// Each format that some file has.
    fn names(&self) -> Vec<&str> {
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

#[cfg(test)]
mod tests;
