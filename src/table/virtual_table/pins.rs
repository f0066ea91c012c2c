//! What a scan's filters say of single columns: `oid = 16386`, `relname = 'trips'`, `nspname IN (..)`, `relname LIKE 'tr%'` and psql's
//! `relname ~ '^(trips)$'`. Used to read less; every filter is still applied above the scan.

mod learnt;
mod patterns;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::physical_expr::PhysicalExpr;

use crate::catalog::Wanted;

/// The function that `~` is planned as where DataFusion has no operator for a pattern.
const MATCHES: &str = "regexp_like";

/// The values that columns are pinned to, in their text form. A column that is not here can have any value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    values: HashMap<String, Wanted>,
    /// The columns that the statement itself pins; others were pinned by what a join found out.
    asked: BTreeSet<String>,
}

impl Pins {
    /// Reads the filters, which are all to hold.
    pub fn of(filters: &[Expr]) -> Self {
        let mut pins = Self::default();
        for (column, values) in filters.iter().flat_map(split_conjunction).filter_map(pinned) {
            pins.asked.insert(column.clone());
            pins.pin(column, values);
        }
        pins
    }

    /// Pins further columns by a filter that holds too, as a join makes it of the rows of its other side.
    pub fn learn(&mut self, filter: &Arc<dyn PhysicalExpr>) {
        for (column, values) in learnt::pins(filter) {
            self.pin(column, Wanted::texts(values));
        }
    }

    fn pin(&mut self, column: String, values: Wanted) {
        let pinned = self.values.entry(column);
        pinned.and_modify(|known| *known = known.and(&values)).or_insert(values);
    }

    /// The columns that are pinned.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether the statement itself pins the column.
    pub fn are_asked(&self, column: &str) -> bool {
        self.asked.contains(column)
    }

    /// The texts that the column can have, in full or by their beginnings; `None` for any.
    pub fn wanted(&self, column: &str) -> Option<&Wanted> {
        self.values.get(column)
    }

    /// The texts that the column can have; `None` for any, or for those of a beginning.
    pub fn texts(&self, column: &str) -> Option<impl Iterator<Item = &str>> {
        self.wanted(column).filter(|wanted| wanted.starts.is_empty()).map(|wanted| wanted.texts.iter().map(String::as_str))
    }

    /// The oids that the column can have; `None` for any.
    pub fn oids(&self, column: &str) -> Option<Vec<u32>> {
        self.texts(column).map(|texts| texts.filter_map(|v| v.parse().ok()).collect())
    }

    /// Whether the column can have this text.
    pub fn allow(&self, column: &str, text: &str) -> bool {
        self.wanted(column).is_none_or(|wanted| wanted.has(text))
    }

    /// Whether the column can have this number.
    pub fn allow_number(&self, column: &str, number: impl Into<i64>) -> bool {
        self.wanted(column).is_none_or(|wanted| wanted.has(&number.into().to_string()))
    }

    /// Whether the column can have this oid.
    pub fn allow_oid(&self, column: &str, oid: u32) -> bool {
        self.allow_number(column, oid)
    }
}

fn pinned(filter: &Expr) -> Option<(String, Wanted)> {
    match filter {
        Expr::BinaryExpr(e) => match e.op {
            Operator::Eq => {
                let (column, value) =
                    column(&e.left).zip(literal(&e.right)).or_else(|| column(&e.right).zip(literal(&e.left)))?;
                Some((column, Wanted::texts([value])))
            }
            Operator::RegexMatch => matched(&e.left, &e.right),
            Operator::Or => {
                let (left, right) = (pinned(&e.left)?, pinned(&e.right)?);
                (left.0 == right.0).then(|| (left.0, left.1.or(right.1)))
            }
            _ => None,
        },
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == MATCHES => match args.as_slice() {
            [text, pattern] => matched(text, pattern),
            _ => None,
        },
        Expr::Like(e) if !e.negated && !e.case_insensitive => {
            Some((column(&e.expr)?, patterns::like(&literal(&e.pattern)?, e.escape_char.unwrap_or('\\'))?))
        }
        Expr::InList(e) if !e.negated => {
            Some((column(&e.expr)?, Wanted::texts(e.list.iter().map(literal).collect::<Option<Vec<_>>>()?)))
        }
        _ => None,
    }
}

/// `column ~ pattern`.
fn matched(text: &Expr, pattern: &Expr) -> Option<(String, Wanted)> {
    Some((column(text)?, patterns::regex(&literal(pattern)?)?))
}

fn column(e: &Expr) -> Option<String> {
    match e {
        Expr::Column(c) => Some(c.name.clone()),
        Expr::Cast(c) if keeps_text(c.field.data_type()) => column(&c.expr),
        Expr::TryCast(c) if keeps_text(c.field.data_type()) => column(&c.expr),
        Expr::Alias(a) => column(&a.expr),
        _ => None,
    }
}

/// Whether a cast of an oid or a name to this type leaves its text as it is. A number with a fraction or a flag is shown otherwise.
fn keeps_text(to: &DataType) -> bool {
    to.is_string() || to.is_integer()
}

fn literal(e: &Expr) -> Option<String> {
    text(scalar(e)?)
}

/// The text form of a constant that a name or a number can be equal to.
fn text(value: ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => text,
        whole if whole.data_type().is_integer() && !whole.is_null() => Some(whole.to_string()),
        _ => None,
    }
}

fn scalar(e: &Expr) -> Option<ScalarValue> {
    match e {
        Expr::Literal(value, _) => Some(value.clone()),
        Expr::Cast(c) => scalar(&c.expr)?.cast_to(c.field.data_type()).ok(),
        Expr::Alias(a) => scalar(&a.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{binary_expr, cast, col, lit};

    use super::*;

    #[test]
    fn filters_pin_columns() {
        let matches = |pattern: &str| binary_expr(col("relname"), Operator::RegexMatch, lit(pattern));
        let cases = [
            (vec![col("oid").eq(lit(16386_u32))], "oid", Some("16386")),
            (vec![lit("16386").eq(col("oid"))], "oid", Some("16386")),
            (vec![col("oid").eq(lit(1)).or(col("oid").eq(lit(2)))], "oid", Some("1 2")),
            (vec![col("oid").eq(lit(1)).or(col("x").eq(lit(2)))], "oid", None),
            (vec![col("oid").in_list(vec![lit(3), lit(4)], false)], "oid", Some("3 4")),
            (vec![col("oid").in_list(vec![lit(3)], true)], "oid", None),
            (vec![col("oid").in_list(vec![lit(3), lit(4)], false).and(col("oid").eq(lit(4)))], "oid", Some("4")),
            (vec![col("relname").like(lit("metro\\_trips"))], "relname", Some("metro_trips")),
            (vec![col("relname").like(lit("metro%"))], "relname", Some("metro..")),
            (vec![col("relname").like(lit("metro%")).and(col("relname").like(lit("metro\\_%")))], "relname", Some("metro_..")),
            (vec![col("relname").like(lit("m%")).or(col("relname").eq(lit("x")))], "relname", Some("x m..")),
            (vec![col("relname").not_like(lit("metro"))], "relname", None),
            (vec![matches("^(trips)$")], "relname", Some("trips")),
            (vec![matches("^(tr.*)$").and(col("relname").eq(lit("trips")))], "relname", Some("trips")),
            (vec![matches("trips")], "relname", None),
            (vec![cast(col("oid"), DataType::Int64).eq(lit(3_i64))], "oid", Some("3")),
            (vec![cast(col("oid"), DataType::Utf8).eq(cast(lit(3), DataType::Utf8))], "oid", Some("3")),
            (vec![col("oid").eq(cast(lit("03"), DataType::Int64))], "oid", Some("3")),
            (vec![cast(col("oid"), DataType::Boolean).eq(lit(true))], "oid", None),
            (vec![cast(col("oid"), DataType::Decimal128(38, 2)).eq(lit(ScalarValue::Decimal128(Some(300), 38, 2)))], "oid", None),
            (vec![col("oid").in_list(vec![lit(3), lit(ScalarValue::UInt32(None))], false)], "oid", None),
            (vec![col("oid").gt(lit(3))], "oid", None),
        ];
        for (filters, column, want) in cases {
            let pins = Pins::of(&filters);
            let got = pins.wanted(column).map(|wanted| {
                let starts = wanted.starts.iter().map(|s| format!("{s}.."));
                wanted.texts.iter().cloned().chain(starts).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(got.as_deref(), want, "{filters:?}");
        }
    }
}
