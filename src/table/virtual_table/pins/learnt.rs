//! What a join's filter says of single columns. DataFusion makes it of the rows of the other side, when those are few: a list of the keys, and
//! their bounds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, Literal};
use datafusion::physical_expr::utils::split_conjunction;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use super::text;

/// Columns with the texts of their values.
pub(super) fn pins(filter: &Arc<dyn PhysicalExpr>) -> Vec<(String, BTreeSet<String>)> {
    let (mut found, mut bounds) = (Vec::new(), HashMap::<String, [Option<ScalarValue>; 2]>::new());
    for part in split_conjunction(filter) {
        if let Some(list) = part.downcast_ref::<InListExpr>() {
            found.extend(listed(list));
        } else if let Some((column, op, value)) = compared(part) {
            match op {
                Operator::Eq => found.extend(text(value).map(|value| (column, BTreeSet::from([value])))),
                Operator::GtEq => bounds.entry(column).or_default()[0] = Some(value),
                Operator::LtEq => bounds.entry(column).or_default()[1] = Some(value),
                _ => {}
            }
        }
    }
    for (column, [low, high]) in bounds {
        if low == high {
            found.extend(low.and_then(text).map(|value| (column, BTreeSet::from([value]))));
        }
    }
    found
}

/// `column IN (..)`, or the same of several columns at once.
fn listed(list: &InListExpr) -> Vec<(String, BTreeSet<String>)> {
    if list.negated() {
        return Vec::new();
    }
    let constants = list.list().iter().map(|e| e.downcast_ref::<Literal>().map(|l| l.value().clone()));
    let Some(constants) = constants.collect::<Option<Vec<ScalarValue>>>() else { return Vec::new() };
    if let Some(column) = list.expr().downcast_ref::<Column>() {
        let values = constants.into_iter().filter(|v| !v.is_null()).map(text).collect::<Option<BTreeSet<_>>>();
        return values.map(|values| (column.name().to_owned(), values)).into_iter().collect();
    }
    let Some(call) = list.expr().downcast_ref::<ScalarFunctionExpr>().filter(|call| call.name() == "struct") else {
        return Vec::new();
    };
    let columns = call.args().iter().enumerate().filter_map(|(i, e)| Some((i, e.downcast_ref::<Column>()?)));
    columns.filter_map(|(i, column)| Some((column.name().to_owned(), fields(&constants, i)?))).collect()
}

/// The texts of one field of rows.
fn fields(rows: &[ScalarValue], field: usize) -> Option<BTreeSet<String>> {
    let values = rows.iter().map(|row| match row {
        ScalarValue::Struct(row) => ScalarValue::try_from_array(row.columns().get(field)?, 0).ok(),
        _ => None,
    });
    let values = values.collect::<Option<Vec<_>>>()?;
    values.into_iter().filter(|v| !v.is_null()).map(text).collect()
}

fn compared(part: &Arc<dyn PhysicalExpr>) -> Option<(String, Operator, ScalarValue)> {
    let binary = part.downcast_ref::<BinaryExpr>()?;
    let column = binary.left().downcast_ref::<Column>()?;
    let value = binary.right().downcast_ref::<Literal>()?;
    Some((column.name().to_owned(), *binary.op(), value.value().clone()))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::physical_expr::expressions::{binary, col, in_list, lit};

    use super::*;

    #[test]
    fn filters_of_joins_pin_columns() {
        let schema = Schema::new(vec![Field::new("oid", DataType::UInt32, false), Field::new("n", DataType::Int16, false)]);
        let (oid, n) = (col("oid", &schema).expect("is there"), col("n", &schema).expect("is there"));
        let and = |l, r| binary(l, Operator::And, r, &schema).expect("is a condition");
        let op = |l, op, r| binary(l, op, r, &schema).expect("is a condition");
        let list = in_list(Arc::clone(&oid), vec![lit(7_u32), lit(9_u32)], &false, &schema).expect("is a list");
        let bounds = and(op(Arc::clone(&n), Operator::GtEq, lit(3_i16)), op(Arc::clone(&n), Operator::LtEq, lit(3_i16)));
        let wide = and(op(Arc::clone(&n), Operator::GtEq, lit(3_i16)), op(Arc::clone(&n), Operator::LtEq, lit(4_i16)));
        for (filter, want) in [
            (Arc::clone(&list), "oid: 7 9"),
            (and(bounds, list), "oid: 7 9, n: 3"),
            (wide, ""),
            (lit(true), ""),
            (op(n, Operator::Eq, lit(5_i16)), "n: 5"),
        ] {
            let mut found = pins(&filter);
            found.sort_by(|a, b| b.0.cmp(&a.0));
            let shown = found.iter().map(|(c, v)| format!("{c}: {}", v.iter().cloned().collect::<Vec<_>>().join(" ")));
            assert_eq!(shown.collect::<Vec<_>>().join(", "), want);
        }
    }
}
