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
mod missing;
mod months;
mod number;
mod pattern;
mod plain;
mod reason;
mod seen;
mod token;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::Field;

use self::calendar::Order;
use self::check::Checks;
use self::infer::{Inferred, dates_by_file};
use self::pattern::Pattern;
use self::words::article;
use super::field_key;
use crate::descriptor::{Column, ColumnKind};
use crate::error::Result;
use crate::name::quoted;

pub(super) use self::convert::CellReject;
pub(super) use self::missing::Missing;
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

    /// Whether the descriptor requires every value, and none is missing once all are converted.
    pub(super) fn is_complete(&self) -> bool {
        self.checks.is_complete()
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

#[cfg(test)]
mod tests;
