//! Constraints: what a descriptor demands of a column's values beyond their type (Table Schema, "Constraints" and "Categories"). A value that
//! breaks one stays, and is counted. Whether a column's values are unique is not counted here: no bounded memory tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Scalar};
use arrow::compute::kernels::{cmp, regexp};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use serde_json::Value;

use super::declared::{categories, text};
use super::{ColumnPlan, Parse};
use crate::descriptor::Column;
use crate::error::{Error, Kind, Result};
use crate::name::quoted;
use crate::snapshot::cells::{CellKind, Cells, Span};

/// What is demanded of one column, and how many values broke each demand.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<(Rule, AtomicU64)>);

#[derive(Debug)]
enum Rule {
    Required,
    MinLength(usize, Length),
    MaxLength(usize, Length),
    /// A bound of the column's type: its name, as published, as a value, and how a value must compare with it.
    Bound(&'static str, String, ArrayRef, Comparison),
    /// A regular expression, anchored at both ends.
    Pattern(String),
    /// `enum` or `categories`: the values that there may be.
    OneOf(&'static str, ArrayRef),
}

/// Compares values with a bound.
type Comparison = fn(&dyn Datum, &dyn Datum) -> Result<BooleanArray, ArrowError>;

/// The bounds that there are.
const BOUNDS: [(&str, Comparison); 4] =
    [("minimum", cmp::gt_eq), ("maximum", cmp::lt_eq), ("exclusiveMinimum", cmp::gt), ("exclusiveMaximum", cmp::lt)];

/// How long a value is.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// A text, in characters.
    Characters,
    /// JSON, in items or members.
    Members,
    /// A list, in items.
    Items,
}

impl Length {
    /// How long the values of a column are; `None` when they have no length.
    fn of(plan: &ColumnPlan) -> Option<Self> {
        match plan.parse {
            Parse::Text | Parse::YearMonth => Some(Self::Characters),
            Parse::Json(_) => Some(Self::Members),
            Parse::List { .. } => Some(Self::Items),
            Parse::Bool(_)
            | Parse::Integer(_)
            | Parse::Double(_)
            | Parse::Decimal { .. }
            | Parse::Date(_)
            | Parse::Timestamp { .. }
            | Parse::Time(_)
            | Parse::Duration { .. }
            | Parse::Point(_) => None,
        }
    }

    /// How many of the values are as long as `is_broken` says; those that are missing, and JSON that is neither array nor object, are not.
    fn count(self, values: &ArrayRef, is_broken: impl Fn(usize) -> bool) -> usize {
        match self {
            Self::Characters => values.as_string_view().iter().flatten().filter(|text| is_broken(text.chars().count())).count(),
            Self::Members => values.as_string_view().iter().flatten().filter_map(members).filter(|n| is_broken(*n)).count(),
            Self::Items => values.as_list::<i32>().iter().flatten().filter(|items| is_broken(items.len())).count(),
        }
    }
}

/// How many items or members a JSON text has; `None` when it is neither array nor object.
fn members(text: &str) -> Option<usize> {
    match serde_json::from_str(text).ok()? {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

impl Checks {
    /// What `column` demands of the values that `plan` makes. [`Kind::Descriptor`] for a bound or pattern that is none.
    pub(super) fn of(column: &Column, plan: &ColumnPlan) -> Result<Self> {
        let constraints = &column.constraints;
        let demanded = |key: &str| constraints.get(key).filter(|value| !value.is_null());
        let length = |key: &str| {
            let whole = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
            demanded(key).map(|value| whole(value).ok_or_else(|| no(column, key, value, "a whole number"))).transpose()
        };
        let required =
            demanded("required").map(|value| value.as_bool().ok_or_else(|| no(column, "required", value, "true or false")));
        let pattern = demanded("pattern").map(|value| value.as_str().ok_or_else(|| no(column, "pattern", value, "a text")));
        let listed = demanded("enum").map(|value| value.as_array().ok_or_else(|| no(column, "enum", value, "an array")));
        let (least, most) = (length("minLength")?, length("maxLength")?);
        let mut rules = Vec::new();
        if required.transpose()? == Some(true) {
            rules.push(Rule::Required);
        }
        if let Some(measure) = Length::of(plan) {
            rules.extend(least.map(|n| Rule::MinLength(n, measure)));
            rules.extend(most.map(|n| Rule::MaxLength(n, measure)));
        }
        if matches!(plan.field.data_type(), DataType::Utf8View)
            && let Some(pattern) = pattern.transpose()?
        {
            rules.push(Rule::Pattern(format!("^(?:{pattern})$")));
        }
        for (what, comparison) in BOUNDS {
            if let Some(raw) = constraints.get(what).map(text) {
                let bound = values(plan, std::slice::from_ref(&raw)).ok_or_else(|| wrong(column, what, &raw))?;
                rules.push(Rule::Bound(what, raw, bound, comparison));
            }
        }
        let listed = listed.transpose()?.map(|all| all.iter().map(text).collect::<Vec<_>>());
        let known: Vec<String> = categories(column).into_iter().map(|(value, _)| value).collect();
        for (what, texts) in [("enum", listed.unwrap_or_default()), ("categories", known)] {
            if !texts.is_empty() {
                rules.push(Rule::OneOf(what, values(plan, &texts).ok_or_else(|| wrong(column, what, &texts.join(", ")))?));
            }
        }
        let checks = Self(rules.into_iter().map(|rule| (rule, AtomicU64::new(0))).collect());
        // A pattern or comparison that can't be is found out now, not amid the rows.
        let none = arrow::array::new_empty_array(plan.field.data_type());
        for (rule, _) in &checks.0 {
            rule.broken(&none).map_err(|e| {
                Error::new(Kind::Descriptor, format!("column {}: the constraint {}: {e}", quoted(&column.name), rule.name()))
                    .with_hint("Correct or remove it in the descriptor.")
            })?;
        }
        Ok(checks)
    }

    /// Whether nothing is demanded.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts what a batch's values break.
    pub(super) fn count(&self, values: &ArrayRef) {
        for (rule, count) in &self.0 {
            let broken = rule.broken(values).expect("the rule was tried on values of this type");
            count.fetch_add(broken as u64, Ordering::Relaxed);
        }
    }

    /// Whether every value is required and there.
    pub(super) fn is_complete(&self) -> bool {
        self.0.iter().any(|(rule, count)| matches!(rule, Rule::Required) && count.load(Ordering::Relaxed) == 0)
    }

    /// What was broken, in words.
    pub(super) fn broken(&self) -> impl Iterator<Item = String> {
        let counted = self.0.iter().map(|(rule, count)| (rule, count.load(Ordering::Relaxed)));
        counted.filter(|(_, count)| *count > 0).map(|(rule, count)| {
            let values = if count == 1 { "value breaks" } else { "values break" };
            format!("{count} {values} the constraint {}", rule.name())
        })
    }
}

impl Rule {
    fn name(&self) -> String {
        match self {
            Self::Required => "required".to_owned(),
            Self::MinLength(n, _) => format!("minLength {n}"),
            Self::MaxLength(n, _) => format!("maxLength {n}"),
            Self::Bound(what, raw, ..) => format!("{what} {raw}"),
            Self::Pattern(pattern) => format!("pattern {pattern}"),
            Self::OneOf(what, _) => (*what).to_owned(),
        }
    }

    /// How many of the values break it; what is missing only breaks `required`.
    fn broken(&self, values: &ArrayRef) -> Result<usize, ArrowError> {
        let wrong = |right: &BooleanArray| right.len() - right.null_count() - right.true_count();
        Ok(match self {
            Self::Required => values.null_count(),
            Self::MinLength(n, measure) => measure.count(values, |length| length < *n),
            Self::MaxLength(n, measure) => measure.count(values, |length| length > *n),
            Self::Bound(_, _, bound, comparison) => wrong(&comparison(values, &Scalar::new(Arc::clone(bound)))?),
            Self::Pattern(pattern) => wrong(&regexp::regexp_is_match_scalar(values.as_string_view(), pattern, None)?),
            Self::OneOf(_, allowed) => {
                let mut right = BooleanArray::from(vec![false; values.len()]);
                for i in 0..allowed.len() {
                    let same = cmp::eq(values, &Scalar::new(allowed.slice(i, 1)))?;
                    right = arrow::compute::or(&right, &same)?;
                }
                wrong(&right)
            }
        })
    }
}

/// Texts as the column's values; `None` when one is not of its type.
fn values(plan: &ColumnPlan, texts: &[String]) -> Option<ArrayRef> {
    let mut cells = Cells { width: 1, ..Cells::default() };
    for text in texts {
        cells.spans.push(Span::new(cells.text.len(), text.len(), false, CellKind::Plain));
        cells.text.push_str(text);
        cells.lines.push(0);
    }
    let mut rejects = Vec::new();
    let values = plan.convert(&cells, Some(0), &mut rejects);
    (rejects.is_empty() && values.null_count() == 0).then_some(values)
}

/// The error for a constraint whose value is not `what` it has to be.
fn no(column: &Column, key: &str, value: &Value, what: &str) -> Error {
    let message = format!("column {}: the constraint {key} is {value}, which is not {what}", quoted(&column.name));
    Error::new(Kind::Descriptor, message).with_hint("Correct it in the descriptor: numbers, true and false stand without quotes.")
}

fn wrong(column: &Column, what: &str, raw: &str) -> Error {
    let message = format!("column {}: the constraint {what} is {raw}, which is not of the column's type", quoted(&column.name));
    Error::new(Kind::Descriptor, message).with_hint("Correct it in the descriptor, as the values are written in the file.")
}
