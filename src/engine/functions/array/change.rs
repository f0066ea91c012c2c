//! Arrays made from others: elements left out or replaced, and arrays filled with one value.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::kernels::zip::zip;
use arrow::compute::{CastOptions, cast_with_options, filter, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;

use super::shape::of_list;
use crate::engine::functions::function::{Call, Function, Given, Gives, Type::*, element, list_of, outward, undefined};
use crate::engine::wrapped;
use crate::error::{Error, Kind};

/// The most elements that `array_fill` makes for one batch of rows.
const MAX_ELEMENTS: usize = 8 << 20;

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("array_remove", &[&[List, Any]], Gives::Of(widened), remove),
        Function::new("array_replace", &[&[List, Any, Any]], Gives::Of(widened), replace),
        Function::new("array_fill", &[&[Any, List], &[Any, List, List]], Gives::Of(filled), fill),
        // A second argument only tells two of them apart.
        Function::new("array_flat", &[&[List], &[List, Text]], Gives::Of(flattened), |call| flat(call.lists(0)?)),
    ]
}

/// The array's type, of elements that the values beside it can be too.
fn widened(fields: &[FieldRef]) -> Result<FieldRef> {
    let list = of_list(fields)?;
    let Some(item) = element(list.data_type()) else { return Ok(list) };
    let mut others = fields.iter().skip(1).filter(|f| Given::of_field(f) != Given::Unknown).map(|f| f.data_type());
    let innermost = innermost(item.data_type());
    let common = others.try_fold(innermost.clone(), |met, other| match met == *other {
        true => Some(met),
        false => comparison_coercion(&met, other),
    });
    let common = common.ok_or_else(|| outward(undefined("array_replace", fields)))?;
    if common == *innermost {
        return Ok(list);
    }
    Ok(Arc::new(list.as_ref().clone().with_data_type(of_elements(list.data_type(), &common))))
}

/// The type of the elements in all dimensions.
fn innermost(data_type: &DataType) -> &DataType {
    element(data_type).map_or(data_type, |item| innermost(item.data_type()))
}

/// The same array type of other elements.
fn of_elements(list: &DataType, elements: &DataType) -> DataType {
    match element(list) {
        Some(item) => DataType::List(Arc::new(item.as_ref().clone().with_data_type(of_elements(item.data_type(), elements)))),
        None => elements.clone(),
    }
}

/// Arrays with what is looked for in them and where it is.
struct Searched {
    lists: ListArray,
    /// The elements of all dimensions.
    values: ArrayRef,
    /// The row of each.
    rows: UInt32Array,
    /// Which of them are the value that is looked for, NULL like any other.
    found: BooleanArray,
}

impl Searched {
    fn of(call: &Call) -> Result<Self> {
        let lists = strictly(&call.array(0)?, call.gives.data_type())?.as_list::<i32>().clone();
        let inner = flat(lists.clone())?;
        let inner = inner.as_list::<i32>();
        let values = Arc::clone(inner.values());
        let mut rows = vec![0u32; values.len()];
        for (row, bounds) in (0u32..).zip(inner.value_offsets().windows(2)) {
            rows[bounds[0] as usize..bounds[1] as usize].fill(row);
        }
        let rows = UInt32Array::from(rows);
        let wanted = take(&strictly(&call.array(1)?, values.data_type())?, &rows, None)?;
        let found = not_distinct(&values, &wanted)?;
        Ok(Self { lists, values, rows, found })
    }
}

/// A value that does not fit is an error, never a NULL.
pub(super) fn strictly(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() })?)
}

fn remove(call: &Call) -> Result<ArrayRef> {
    let Searched { lists, values, found, .. } = Searched::of(call)?;
    let DataType::List(item) = lists.data_type() else { return Ok(Arc::new(lists)) };
    if element(item.data_type()).is_some() {
        let message = "removing elements from multidimensional arrays is not supported";
        return Err(outward(Error::new(Kind::Unsupported, message)));
    }
    let (mut stays, mut lengths) = (vec![false; values.len()], Vec::with_capacity(lists.len()));
    for (row, bounds) in lists.value_offsets().windows(2).enumerate() {
        let mut length = 0;
        for i in (bounds[0] as usize..bounds[1] as usize).filter(|i| lists.is_valid(row) && !found.value(*i)) {
            stays[i] = true;
            length += 1;
        }
        lengths.push(length);
    }
    let values = filter(&values, &BooleanArray::from(stays))?;
    let item = Arc::new(item.as_ref().clone().with_nullable(true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, lists.nulls().cloned())?))
}

fn replace(call: &Call) -> Result<ArrayRef> {
    let Searched { lists, values, rows, found } = Searched::of(call)?;
    let new = take(&strictly(&call.array(2)?, values.data_type())?, &rows, None)?;
    Ok(Arc::new(with_values(&lists, &zip(&found, &new, &values)?)?))
}

/// The same arrays with other elements.
fn with_values(lists: &ListArray, values: &ArrayRef) -> Result<ListArray> {
    let DataType::List(item) = lists.data_type() else { return Ok(lists.clone()) };
    let values = match lists.values().as_list_opt::<i32>() {
        Some(inner) => Arc::new(with_values(inner, values)?),
        None => Arc::clone(values),
    };
    let item = Arc::new(item.as_ref().clone().with_nullable(true));
    Ok(ListArray::try_new(item, lists.offsets().clone(), values, lists.nulls().cloned())?)
}

/// An array of the value's type. Of several dimensions the dialect makes one of arrays.
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
    let too_large =
        || outward(Error::new(Kind::LimitExceeded, format!("array size exceeds the maximum allowed ({MAX_ELEMENTS})")));
    let (mut lengths, mut total) = (Vec::with_capacity(call.rows), 0usize);
    for row in 0..call.rows {
        if shapes.is_null(row) {
            return Err(null("dimension array or low bound array cannot be null"));
        }
        let shape = strictly(&shapes.value(row), &DataType::Int64)?;
        let shape = shape.as_primitive::<Int64Type>();
        if shape.null_count() > 0 {
            return Err(null("dimension values cannot be null"));
        }
        if shape.len() > 1 {
            return Err(outward(
                Error::new(Kind::Unsupported, "array_fill() of several dimensions wants them as ARRAY[..]")
                    .with_hint("Write the dimensions out."),
            ));
        }
        let length = usize::try_from(shape.values().first().copied().unwrap_or(0)).map_err(|_| too_large())?;
        total = total.checked_add(length).filter(|total| *total <= MAX_ELEMENTS).ok_or_else(too_large)?;
        lengths.push(length);
    }
    if call.len() > 2 {
        let lower = call.lists(2)?;
        let lower = strictly(lower.values(), &DataType::Int64)?;
        if lower.as_primitive::<Int64Type>().iter().any(|l| l != Some(1)) {
            return Err(outward(Error::new(
                Kind::Unsupported,
                "arrays whose bounds begin elsewhere than at 1 are not supported",
            )));
        }
    }
    let value = strictly(&call.array(0)?, &viewed(call.data_type(0)))?;
    let places = lengths.iter().zip(0u32..).flat_map(|(length, row)| std::iter::repeat_n(row, *length));
    let values = take(&value, &UInt32Array::from_iter_values(places), None)?;
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, None)?))
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

/// DataFusion's `array_cat`, to which a NULL is an array too.
pub fn joining(of: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    wrapped::scalar(of, Joining)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Joining;

impl wrapped::Scalar for Joining {
    fn coerce_types(&self, of: &ScalarUDF, types: &[DataType]) -> Result<Vec<DataType>> {
        let array = types.iter().find(|t| element(t).is_some()).cloned();
        let listed = |t: &DataType| array.clone().filter(|_| t.is_null()).unwrap_or_else(|| t.clone());
        of.coerce_types(&types.iter().map(listed).collect::<Vec<_>>())
    }
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
