//! Arrays made from others: elements left out or replaced, and arrays filled with one value.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MutableArrayData, Scalar};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::error::Result;

use super::shape::of_list;
use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid, list_of, outward};
use crate::error::{Error, Kind};

/// The most elements that `array_fill` makes for one batch of rows.
const MAX_ELEMENTS: usize = 8 << 20;

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("array_remove", &[&[List, Any]], Gives::Of(of_list), remove),
        Function::new("array_fill", &[&[Any, List], &[Any, List, List]], Gives::Of(filled), fill),
        Function::new("array_flat", &[&[List]], Gives::Of(flattened), |call| flat(call.lists(0)?)),
    ]
}

fn remove(call: &Call) -> Result<ArrayRef> {
    let lists = call.lists(0)?;
    let DataType::List(item) = lists.data_type().clone() else { return Ok(Arc::new(lists)) };
    let wanted = arrow::compute::cast(&call.array(1)?, item.data_type())?;
    let data = lists.values().to_data();
    let mut taken = MutableArrayData::new(vec![&data], true, data.len());
    let mut lengths = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        let before = taken.len();
        if lists.is_valid(row) {
            let start = lists.value_offsets()[row] as usize;
            let same = not_distinct(&lists.value(row), &Scalar::new(wanted.slice(row, 1)))?;
            for (n, same) in same.iter().enumerate() {
                if same != Some(true) {
                    taken.try_extend(0, start + n, start + n + 1)?;
                }
            }
        }
        lengths.push(taken.len() - before);
    }
    let values = arrow::array::make_array(taken.freeze());
    let item = Arc::new(item.as_ref().clone().with_nullable(true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, lists.nulls().cloned())?))
}

/// An array of the value's type, with as many dimensions as a literal says; one when it is none.
fn filled(fields: &[FieldRef]) -> Result<FieldRef> {
    let value = fields.first().map_or(DataType::Utf8View, |f| viewed(f.data_type()));
    Ok(Arc::new(Field::new("", list_of(value), true)))
}

/// The type whose values are kept once however often they are repeated.
fn viewed(data_type: &DataType) -> DataType {
    match data_type {
        t if t.is_string() => DataType::Utf8View,
        t if t.is_binary() => DataType::BinaryView,
        other => other.clone(),
    }
}

fn fill(call: &Call) -> Result<ArrayRef> {
    let shapes = call.lists(1)?;
    let mut out = Vec::with_capacity(call.rows);
    let mut valid = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        if shapes.is_null(row) {
            return Err(null("dimension array or low bound array cannot be null"));
        }
        let shape = arrow::compute::cast(&shapes.value(row), &DataType::Int64)?;
        let shape = shape.as_primitive::<Int64Type>();
        if shape.null_count() > 0 {
            return Err(null("dimension values cannot be null"));
        }
        if shape.len() > 1 {
            return Err(outward(
                Error::new(Kind::Unsupported, "array_fill() of several dimensions is not supported")
                    .with_hint("Write the array as a literal."),
            ));
        }
        let length = shape.values().first().copied().unwrap_or(0);
        out.push(
            usize::try_from(length).map_err(|_| invalid(format!("array size exceeds the maximum allowed ({MAX_ELEMENTS})")))?,
        );
        valid.push(true);
    }
    let total = out.iter().try_fold(0usize, |sum, n| sum.checked_add(*n)).filter(|sum| *sum <= MAX_ELEMENTS);
    if total.is_none() {
        let error = Error::new(Kind::LimitExceeded, format!("array size exceeds the maximum allowed ({MAX_ELEMENTS})"));
        return Err(outward(error));
    }
    if call.len() > 2 {
        let lower = call.lists(2)?;
        let lower = arrow::compute::cast(lower.values(), &DataType::Int64)?;
        if lower.as_primitive::<Int64Type>().iter().any(|l| l != Some(1)) {
            return Err(outward(Error::new(
                Kind::Unsupported,
                "arrays whose bounds begin elsewhere than at 1 are not supported",
            )));
        }
    }
    let value = arrow::compute::cast(&call.array(0)?, &viewed(call.data_type(0)))?;
    let data = value.to_data();
    let mut values = MutableArrayData::new(vec![&data], true, total.unwrap_or(0));
    for (row, length) in out.iter().enumerate() {
        for _ in 0..*length {
            values.try_extend(0, row, row + 1)?;
        }
    }
    let item = Arc::new(Field::new_list_field(data.data_type().clone(), true));
    let values = arrow::array::make_array(values.freeze());
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(out), values, Some(NullBuffer::from(valid)))?))
}

fn null(message: &str) -> datafusion::error::DataFusionError {
    outward(Error::new(Kind::NullNotAllowed, message))
}

/// An array of one dimension with the innermost elements.
fn flattened(fields: &[FieldRef]) -> Result<FieldRef> {
    let mut field = of_list(fields)?;
    while let DataType::List(item) = field.data_type()
        && matches!(item.data_type(), DataType::List(_))
    {
        field = Arc::new(item.as_ref().clone().with_name("").with_nullable(true));
    }
    Ok(field)
}

/// What `unnest` unfolds: the elements of all dimensions.
pub fn flat(lists: ListArray) -> Result<ArrayRef> {
    let mut lists = lists;
    while let Some(inner) = lists.values().as_list_opt::<i32>().cloned() {
        let DataType::List(item) = inner.data_type().clone() else { break };
        let outer = lists.value_offsets();
        let offsets: Vec<i32> = outer.iter().map(|o| inner.value_offsets()[*o as usize]).collect();
        let (nulls, values) = (lists.nulls().cloned(), Arc::clone(inner.values()));
        lists = ListArray::try_new(item, OffsetBuffer::new(offsets.into()), values, nulls)?;
    }
    Ok(Arc::new(lists))
}
