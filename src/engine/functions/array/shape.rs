//! What an array's shape is, and parts of it by place.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, MutableArrayData, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Column, Function, Gives, Type::*, element, list_of, outward, undefined};
use crate::engine::marks;
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    let ints = Gives::Of(|_| Ok(Arc::new(Field::new("", list_of(DataType::Int32), true))));
    vec![
        Function::new("array_length", &[&[List, Int]], Gives::Int4, |call| bound(call, Some)),
        Function::new("array_upper", &[&[List, Int]], Gives::Int4, |call| bound(call, Some)),
        Function::new("array_lower", &[&[List, Int]], Gives::Int4, |call| bound(call, |_| Some(1))),
        Function::new("array_ndims", &[&[List]], Gives::Int4, |call| {
            let lists = call.lists(0)?;
            call.collect::<i32, Int32Array>(|row| Ok(Some(shape(&lists, row)).filter(|s| !s.is_empty()).map(|s| s.len() as i32)))
        }),
        Function::new("array_dims", &[&[List]], Gives::Text, |call| {
            let lists = call.lists(0)?;
            call.write_texts(|row, out| {
                let shape = shape(&lists, row);
                for length in &shape {
                    // Writing to a String does not fail.
                    let _ = write!(out, "[1:{length}]");
                }
                Ok(!shape.is_empty())
            })
        }),
        Function::new("cardinality", &[&[List]], Gives::Int4, |call| {
            let lists = call.lists(0)?;
            call.collect::<i32, Int32Array>(|row| {
                let shape = shape(&lists, row);
                Ok(i32::try_from(if shape.is_empty() { 0 } else { shape.iter().product() }).ok())
            })
        }),
        // The places of a dimension, as an array that the dialect unfolds.
        Function::new("generate_subscripts", &[&[List, Int], &[List, Int, Bool]], ints, subscripts),
        // `a[n][m]` and `a[n:m]`.
        Function::new("array_at", &[&[List, Int]], Gives::Of(of_element), at).variadic(),
        Function::new("array_part", &[&[List, Any, Any]], Gives::Of(of_list), part),
        Function::new("trim_array", &[&[List, Int]], Gives::Of(of_list), trim),
    ]
}

/// The type of the first argument, which is an array.
pub(super) fn of_list(fields: &[FieldRef]) -> Result<FieldRef> {
    let data_type = match fields.first().map(|f| f.data_type()) {
        Some(t) => element(t).map_or_else(|| list_of(DataType::Utf8View), |e| DataType::List(Arc::clone(e))),
        None => list_of(DataType::Utf8View),
    };
    let metadata = fields.first().map(|f| f.metadata().clone()).unwrap_or_default();
    Ok(Arc::new(Field::new("", data_type, true).with_metadata(metadata)))
}

/// The type of the first argument's elements in all dimensions.
fn of_element(fields: &[FieldRef]) -> Result<FieldRef> {
    let undefined = || outward(undefined("array_at", fields));
    let list = fields.first().ok_or_else(undefined)?;
    let mut item = element(list.data_type()).ok_or_else(undefined)?;
    while let Some(inner) = element(item.data_type()) {
        item = inner;
    }
    Ok(Arc::new(marks::taken(item.as_ref().clone().with_name("").with_nullable(true), list)))
}

/// The lengths of an array's dimensions; none when it is empty.
pub(super) fn shape(lists: &ListArray, row: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut values = lists.value(row);
    while !values.is_empty() {
        lengths.push(values.len());
        let Some(inner) = values.as_list_opt::<i32>() else { return lengths };
        values = inner.value(0);
    }
    // A dimension without elements makes the whole array empty.
    Vec::new()
}

fn bound(call: &Call, of: fn(i32) -> Option<i32>) -> Result<ArrayRef> {
    let (lists, dimensions) = (call.lists(0)?, call.ints(1)?);
    call.collect::<i32, Int32Array>(|row| {
        let length = from_zero(dimensions.value(row)).and_then(|d| shape(&lists, row).get(d).copied());
        Ok(length.and_then(|l| i32::try_from(l).ok()).and_then(of))
    })
}

fn subscripts(call: &Call) -> Result<ArrayRef> {
    let (lists, dimensions, known) = (call.lists(0)?, call.ints(1)?, call.known());
    let backwards = if call.len() > 2 { Some(call.bools(2)?) } else { None };
    let mut out = arrow::array::ListBuilder::new(arrow::array::Int32Builder::new());
    for row in 0..call.rows {
        if known.as_ref().is_none_or(|k| k.is_valid(row)) {
            let length = from_zero(dimensions.value(row)).and_then(|d| shape(&lists, row).get(d).copied()).unwrap_or(0);
            let length = i32::try_from(length).unwrap_or(i32::MAX);
            if backwards.as_ref().is_some_and(|b| b.value(row)) {
                out.values().extend((1..=length).rev().map(Some));
            } else {
                out.values().extend((1..=length).map(Some));
            }
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

/// Lists made of ranges of other lists' values; `None` is NULL.
pub(super) fn ranges(lists: &ListArray, of: impl Fn(usize) -> Option<std::ops::Range<usize>>) -> Result<ArrayRef> {
    let values = lists.values().to_data();
    let mut taken = MutableArrayData::new(vec![&values], true, values.len());
    let mut lengths = Vec::with_capacity(lists.len());
    let mut valid = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        let range = of(row);
        if let Some(range) = &range {
            taken.try_extend(0, range.start, range.end)?;
        }
        lengths.push(range.as_ref().map_or(0, std::ops::Range::len));
        valid.push(range.is_some());
    }
    let DataType::List(item) = lists.data_type() else { return Ok(new_null_array(lists.data_type(), lists.len())) };
    let item = Arc::new(item.as_ref().clone().with_nullable(true));
    let (offsets, values) = (OffsetBuffer::from_lengths(lengths), arrow::array::make_array(taken.freeze()));
    Ok(Arc::new(ListArray::try_new(item, offsets, values, Some(NullBuffer::from(valid)))?))
}

/// A place counted from 1, as one from 0.
fn from_zero(place: i64) -> Option<usize> {
    place.checked_sub(1).and_then(|place| usize::try_from(place).ok())
}

fn at(call: &Call) -> Result<ArrayRef> {
    let (mut lists, known) = (call.lists(0)?, call.known());
    let mut places: Vec<Option<usize>> =
        (0..call.rows).map(|row| known.as_ref().is_none_or(|k| k.is_valid(row)).then_some(row)).collect();
    for i in 1..call.len() {
        let subscripts = call.ints(i)?;
        for (row, place) in places.iter_mut().enumerate() {
            *place = place.and_then(|list| {
                let (start, end) = (lists.value_offsets()[list] as usize, lists.value_offsets()[list + 1] as usize);
                from_zero(subscripts.value(row)).and_then(|p| start.checked_add(p)).filter(|at| *at < end && lists.is_valid(list))
            });
        }
        let inner = lists.values().as_list_opt::<i32>().cloned();
        match (inner, i + 1 == call.len()) {
            (None, true) => {
                let places: arrow::array::UInt64Array = places.into_iter().map(|p| p.map(|p| p as u64)).collect();
                return Ok(arrow::compute::take(lists.values(), &places, None)?);
            }
            (Some(inner), false) => lists = inner,
            // An array that has fewer dimensions than there are subscripts, or more, has no such element.
            (Some(_), true) | (None, false) => break,
        }
    }
    Ok(new_null_array(call.gives.data_type(), call.rows))
}

fn part(call: &Call) -> Result<ArrayRef> {
    let lists = call.lists(0)?;
    // A bound that is left out is the array's.
    let open = |i: usize| call.data_type(i).is_string();
    let bound = |i: usize| if open(i) { Ok(None) } else { call.ints(i).map(Some) };
    let (lower, upper) = (bound(1)?, bound(2)?);
    let is_null = |b: &Option<Column<arrow::array::Int64Array>>, row| b.as_ref().is_some_and(|b| b.is_null(row));
    ranges(&lists, |row| {
        if lists.is_null(row) || is_null(&lower, row) || is_null(&upper, row) {
            return None;
        }
        let (start, end) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
        let place = |at: i64| usize::try_from(at).unwrap_or(0).min(end - start);
        let from = start + lower.as_ref().map_or(0, |b| place(b.value(row).saturating_sub(1)));
        let to = start + upper.as_ref().map_or(end - start, |b| place(b.value(row)));
        Some(from..to.max(from))
    })
}

fn trim(call: &Call) -> Result<ArrayRef> {
    let (lists, counts, known) = (call.lists(0)?, call.ints(1)?, call.known());
    let valid = |row: usize| known.as_ref().is_none_or(|k| k.is_valid(row));
    let bounds = |row: usize| (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
    for row in (0..call.rows).filter(|row| valid(*row)) {
        let (start, end) = bounds(row);
        if !(0..=i64::try_from(end - start).unwrap_or(i64::MAX)).contains(&counts.value(row)) {
            let message = format!("number of elements to trim must be between 0 and {}", end - start);
            return Err(outward(Error::new(Kind::InvalidSubscript, message)));
        }
    }
    ranges(&lists, |row| {
        let (start, end) = bounds(row);
        valid(row).then(|| start..end - usize::try_from(counts.value(row)).unwrap_or(0))
    })
}
