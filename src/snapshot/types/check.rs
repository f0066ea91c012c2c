//! Constraints: what a descriptor demands of a column's values beyond their type (Table Schema, "Constraints" and "Categories"). A value that
//! breaks one stays, and is counted. Whether a column's values are unique is not counted here: no bounded memory tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Scalar};
use arrow::compute::kernels::{cmp, regexp};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use serde_json::Value;

use super::ColumnPlan;
use super::declared::categories;
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
    /// In characters.
    MinLength(usize),
    MaxLength(usize),
    /// A bound of the column's type: its name, as published, as a value.
    Bound(&'static str, String, ArrayRef),
    /// A regular expression, anchored at both ends.
    Pattern(String),
    /// `enum` or `categories`: the values that there may be.
    OneOf(&'static str, ArrayRef),
}

impl Checks {
    /// What `column` demands of the values that `plan` makes. [`Kind::Descriptor`] for a bound or pattern that is none.
    pub(super) fn of(column: &Column, plan: &ColumnPlan) -> Result<Self> {
        let constraints = &column.constraints;
        let length = |key: &str| constraints.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let mut rules = Vec::new();
        if constraints.get("required").and_then(Value::as_bool) == Some(true) {
            rules.push(Rule::Required);
        }
        if matches!(plan.field.data_type(), DataType::Utf8View) {
            rules.extend(length("minLength").map(Rule::MinLength));
            rules.extend(length("maxLength").map(Rule::MaxLength));
            if let Some(pattern) = constraints.get("pattern").and_then(Value::as_str) {
                rules.push(Rule::Pattern(format!("^(?:{pattern})$")));
            }
        }
        for what in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
            if let Some(raw) = constraints.get(what).map(text) {
                let bound = values(plan, std::slice::from_ref(&raw)).ok_or_else(|| wrong(column, what, &raw))?;
                rules.push(Rule::Bound(what, raw, bound));
            }
        }
        let listed = constraints.get("enum").and_then(Value::as_array).map(|all| all.iter().map(text).collect::<Vec<_>>());
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
            Self::MinLength(n) => format!("minLength {n}"),
            Self::MaxLength(n) => format!("maxLength {n}"),
            Self::Bound(what, raw, _) => format!("{what} {raw}"),
            Self::Pattern(pattern) => format!("pattern {pattern}"),
            Self::OneOf(what, _) => (*what).to_owned(),
        }
    }

    /// How many of the values break it; what is missing only breaks `required`.
    fn broken(&self, values: &ArrayRef) -> Result<usize, ArrowError> {
        let long = |is_broken: &dyn Fn(usize) -> bool| {
            let texts = values.as_string_view();
            texts.iter().flatten().filter(|text| is_broken(text.chars().count())).count()
        };
        let wrong = |right: &BooleanArray| right.len() - right.null_count() - right.true_count();
        Ok(match self {
            Self::Required => values.null_count(),
            Self::MinLength(n) => long(&|length| length < *n),
            Self::MaxLength(n) => long(&|length| length > *n),
            Self::Bound(what, _, bound) => {
                let bound = Scalar::new(Arc::clone(bound));
                wrong(&match *what {
                    "minimum" => cmp::gt_eq(values, &bound)?,
                    "maximum" => cmp::lt_eq(values, &bound)?,
                    "exclusiveMinimum" => cmp::gt(values, &bound)?,
                    _ => cmp::lt(values, &bound)?,
                })
            }
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

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn wrong(column: &Column, what: &str, raw: &str) -> Error {
    let message = format!("column {}: the constraint {what} is {raw}, which is not of the column's type", quoted(&column.name));
    Error::new(Kind::Descriptor, message).with_hint("Correct it in the descriptor, as the values are written in the file.")
}
