//! Numbers of objects (oids), which are unsigned: they are compared with each other, and with constants, as they are, so that an index of the
//! catalog sees what is asked for. Anything else makes of them the `bigint` that holds them.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable};

/// Whether some of the expressions are numbers of objects, and all others are too or are constants that can be one.
pub(super) fn are_objects<'a>(all: impl IntoIterator<Item = &'a Expr>, schema: &DFSchema) -> bool {
    let mut found = false;
    for expr in all {
        if matches!(expr, Expr::Literal(..)) {
            if constant(expr).is_none() {
                return false;
            }
        } else if expr.get_type(schema).is_ok_and(|t| t == DataType::UInt32) {
            found = true;
        } else {
            return false;
        }
    }
    found
}

/// An expression that [`are_objects`] took, as one.
pub(super) fn to_object(expr: Expr) -> Expr {
    match constant(&expr) {
        Some(value) => Expr::Literal(value, None),
        None => expr,
    }
}

fn constant(expr: &Expr) -> Option<ScalarValue> {
    let Expr::Literal(value, _) = expr else { return None };
    let number: Option<u32> = match value {
        null if null.is_null() => None,
        ScalarValue::UInt32(Some(v)) => Some(*v),
        ScalarValue::Int16(Some(v)) => Some((*v).try_into().ok()?),
        ScalarValue::Int32(Some(v)) => Some((*v).try_into().ok()?),
        ScalarValue::Int64(Some(v)) => Some((*v).try_into().ok()?),
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => Some(text.trim_ascii().parse().ok()?),
        _ => return None,
    };
    Some(ScalarValue::UInt32(number))
}
