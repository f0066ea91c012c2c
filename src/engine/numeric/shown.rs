//! A number whose field says how many decimals it shows, in expressions that lose that: choices between numbers of several scales.

use arrow::datatypes::{DataType, Field, FieldRef, i256};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::types;
use crate::engine::same;
use crate::table::pg_value::{Constants, ShownScale};

/// The scale that one of several expressions shows, as far as they differ.
pub fn of_choices(choices: &[Expr], schema: &DFSchema) -> Option<ShownScale> {
    if let Some(listed) = listed(choices) {
        return Some(listed);
    }
    let fields: Vec<FieldRef> = choices.iter().filter_map(|e| e.to_field(schema).ok().map(|(_, field)| field)).collect();
    let is_zero = |e: &&Expr| {
        matches!(e, Expr::Literal(ScalarValue::Int16(Some(0)) | ScalarValue::Int32(Some(0)) | ScalarValue::Int64(Some(0)), _))
    };
    // A choice that is zero shows no decimals, and all others are as if it were not there.
    let others: Vec<Expr> = choices.iter().filter(|e| !is_zero(e)).cloned().collect();
    if others.len() < choices.len() && !others.iter().all(|e| matches!(e, Expr::Literal(..))) {
        let fields: Vec<FieldRef> = others.iter().filter_map(|e| e.to_field(schema).ok().map(|(_, field)| field)).collect();
        let scale = || fields.iter().filter_map(|f| types::decimal(f.data_type())).map(|(_, scale)| i32::from(scale)).max();
        return match of_fields(&fields) {
            Some(ShownScale::Quotient { least, extra: 0 } | ShownScale::Mean { least }) => {
                Some(ShownScale::Deviation { least, root: false })
            }
            Some(found) => Some(found),
            None => scale().map(|scale| ShownScale::OrZero { scale }),
        };
    }
    of_fields(&fields)
}

/// That of constants with decimals of their own; `None` where there is anything else, or all have as many.
fn listed(choices: &[Expr]) -> Option<ShownScale> {
    let mut written: Vec<(i256, i32)> = Vec::with_capacity(choices.len());
    for choice in choices {
        let Expr::Literal(value, _) = choice else { return None };
        written.extend(match value {
            null if null.is_null() => None,
            ScalarValue::Int16(Some(v)) => Some((i256::from_i128(i128::from(*v)), 0)),
            ScalarValue::Int32(Some(v)) => Some((i256::from_i128(i128::from(*v)), 0)),
            ScalarValue::Int64(Some(v)) => Some((i256::from_i128(i128::from(*v)), 0)),
            ScalarValue::Decimal128(Some(v), _, scale) => Some((i256::from_i128(*v), i32::from(*scale))),
            ScalarValue::Decimal256(Some(v), _, scale) => Some((*v, i32::from(*scale))),
            _ => return None,
        });
    }
    let scales = || written.iter().map(|(_, scale)| *scale);
    let (least, most) = (scales().min()?, scales().max()?);
    let constants = (least < most).then(|| Constants::of(&written))??;
    Some(ShownScale::Listed { least, constants })
}

/// The scale that a value of one of several fields shows, as far as they differ.
pub fn of_fields(fields: &[FieldRef]) -> Option<ShownScale> {
    let mut found: Option<ShownScale> = None;
    let mut scales = Vec::new();
    for field in fields.iter().filter(|f| types::plain(f.data_type()).is_some()) {
        let (shown, scale) = types::shown(field);
        match shown {
            Some(ShownScale::Trimmed { least }) => scales.push(least),
            Some(quotient) => found = Some(quotient),
            None => scales.push(scale),
        }
    }
    if found.is_some() {
        return found;
    }
    let (least, most) = (scales.iter().min()?, scales.iter().max()?);
    let trimmed = fields.iter().any(|f| ShownScale::of(f).is_some());
    (trimmed || least < most).then_some(ShownScale::Trimmed { least: *least })
}

/// The expression with that scale shown, when it is a decimal.
pub fn as_found(expr: Expr, scale: Option<ShownScale>, data_type: &DataType) -> Expr {
    match scale.filter(|_| types::decimal(data_type).is_some()) {
        Some(scale) => {
            let told = scale.mark(Field::new("", DataType::Null, true));
            same::with_metadata(expr, "shown", told.metadata())
        }
        None => expr,
    }
}
