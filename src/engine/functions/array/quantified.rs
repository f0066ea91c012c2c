//! `x = ANY (array)`, `x < ALL (array)`: a value beside every element, in all dimensions. NULLs leave open what the others do not decide.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::compute::kernels::cmp;
use arrow::compute::take;
use arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::functions_nested::array_has::array_has_udf;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::change::{flat, strictly};
use crate::engine::functions::function::{Call, Function, Gives, Ranges, Type::*, list_of};
use crate::engine::wrapped;

/// The functions that the dialect writes for operators: the operator, the value, the array. `= ANY` goes on to DataFusion's own.
pub const ANY: &str = "compare_any";
pub const ALL: &str = "compare_all";

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new(ANY, &[&[Text, Any, List]], Gives::Bool, |call| compare(call, true)),
        Function::new(ALL, &[&[Text, Any, List]], Gives::Bool, |call| compare(call, false)),
    ]
}

/// DataFusion's function that `= ANY (array)` becomes, with an answer that NULLs leave open. What it makes of constants stays.
pub fn equals_any() -> Arc<ScalarUDF> {
    static EQUALS_ANY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| wrapped::scalar(array_has_udf(), EqualsAny));
    Arc::clone(&EQUALS_ANY)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct EqualsAny;

impl wrapped::Scalar for EqualsAny {
    fn invoke(&self, of: &ScalarUDF, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let [lists, value] = arguments.args.as_slice() else { return of.invoke_with_args(arguments) };
        if value.data_type().is_nested() {
            return of.invoke_with_args(arguments);
        }
        let is_constant = matches!(lists, ColumnarValue::Scalar(_));
        let lists = lists.to_array(if is_constant { 1 } else { rows })?;
        let found = quantified("=", true, &value.to_array(rows)?, &Ranges::of(&lists, is_constant)?, rows)?;
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

fn compare(call: &Call, any: bool) -> Result<ArrayRef> {
    let ops = call.texts(0)?;
    let op = ops.constant().ok_or_else(|| DataFusionError::Internal("an operator is a constant".to_owned()))?;
    let (values, lists) = (call.array(1)?, call.ranges(2)?);
    let lists = match call.data_type(2).is_string() {
        // The elements of a quoted constant are of the value's type.
        true => lists.mapped(|lists| {
            strictly(&(Arc::new(lists) as ArrayRef), &list_of(values.data_type().clone())).map(|l| l.as_list::<i32>().clone())
        })?,
        false => lists,
    };
    Ok(Arc::new(quantified(op, any, &values, &lists, call.rows)?))
}

/// Whether the operator holds between each row's value and any of its list's elements, or all of them.
fn quantified(op: &str, any: bool, values: &ArrayRef, lists: &Ranges, rows: usize) -> Result<BooleanArray> {
    let lists = lists.mapped(|lists| Ok(flat(lists)?.as_list::<i32>().clone()))?;
    let (left, right) = (values.data_type(), lists.values().data_type());
    let common = match (left, right) {
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        _ if left == right => left.clone(),
        // A quoted constant is of the elements' type.
        (DataType::Utf8, other) => other.clone(),
        _ => comparison_coercion(left, right)
            .ok_or_else(|| DataFusionError::Plan(format!("values of {left} and {right} can't be compared")))?,
    };
    let (mut of_row, mut elements, mut ends) = (Vec::new(), Vec::new(), Vec::with_capacity(rows));
    for row in 0..rows {
        // Rows and elements of a batch are fewer than 32 bits count.
        let range = if lists.is_null(row) { 0..0 } else { lists.range(row) };
        of_row.extend(std::iter::repeat_n(row as u32, range.len()));
        elements.extend(range.map(|i| i as u32));
        ends.push(elements.len());
    }
    let found = if common.is_null() {
        BooleanArray::new_null(elements.len())
    } else {
        let values = take(&strictly(values, &common)?, &UInt32Array::from(of_row), None)?;
        let elements = take(&strictly(lists.values(), &common)?, &UInt32Array::from(elements), None)?;
        match op {
            "=" => cmp::eq(&values, &elements),
            "<>" => cmp::neq(&values, &elements),
            "<" => cmp::lt(&values, &elements),
            "<=" => cmp::lt_eq(&values, &elements),
            ">" => cmp::gt(&values, &elements),
            ">=" => cmp::gt_eq(&values, &elements),
            other => return Err(DataFusionError::Internal(format!("no comparison {other}"))),
        }?
    };
    let mut start = 0;
    let answer = ends.into_iter().enumerate().map(|(row, end)| {
        let own = std::mem::replace(&mut start, end)..end;
        if lists.is_null(row) {
            return None;
        }
        let mut open = false;
        for i in own {
            if found.is_null(i) {
                open = true;
            } else if found.value(i) == any {
                return Some(any);
            }
        }
        if open { None } else { Some(!any) }
    });
    Ok(answer.collect())
}
