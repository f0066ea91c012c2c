//! `percentile_disc` and `percentile_cont` over the values that were gathered in order, none of them NULL.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, UInt64Array, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, IntervalMonthDayNanoType};
use datafusion::error::Result;

use crate::engine::functions::native::outward;
use crate::engine::functions::typed::{Call, Function, Gives, Type::*, element, is_list};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("percentile_disc_of", &[&[List, Any]], Gives::Of(|f| gives(f, false)), discrete),
        Function::new("percentile_cont_of", &[&[List, Any]], Gives::Of(|f| gives(f, true)), continuous),
    ]
}

/// The elements' type, for `percentile_cont` doubles or intervals; an array of them for an array of fractions.
fn gives(fields: &[FieldRef], continuous: bool) -> Result<FieldRef> {
    let item = fields.first().and_then(|f| element(f.data_type())).map_or(DataType::Utf8View, |e| e.data_type().clone());
    let one = if continuous && !matches!(item, DataType::Interval(_)) { DataType::Float64 } else { item };
    let several = fields.get(1).is_some_and(|f| is_list(f.data_type()));
    let gives = if several { DataType::List(Arc::new(Field::new_list_field(one, true))) } else { one };
    Ok(Arc::new(Field::new("", gives, true)))
}

/// The fractions of each row.
fn fractions(call: &Call) -> Result<Vec<Option<Vec<Option<f64>>>>> {
    let of = |values: &ArrayRef| -> Result<Vec<Option<f64>>> {
        let values = arrow::compute::cast(values, &DataType::Float64)?;
        let values = values.as_primitive::<Float64Type>();
        for fraction in values.iter().flatten() {
            if !(0.0..=1.0).contains(&fraction) {
                let error = Error::new(Kind::OutOfRange, format!("percentile value {fraction} is not between 0 and 1"));
                return Err(outward(error));
            }
        }
        Ok(values.iter().collect())
    };
    if is_list(call.arrays[1].data_type()) {
        let lists = call.lists(1)?;
        let row = |row| if lists.is_null(row) { Ok(None) } else { of(&lists.value(row)).map(Some) };
        return (0..call.rows).map(row).collect();
    }
    Ok(of(&call.arrays[1])?.into_iter().map(|f| Some(vec![f])).collect())
}

/// Where a row's values begin, and how many they are.
fn bounds(lists: &ListArray, row: usize) -> (usize, usize) {
    if lists.is_null(row) {
        return (0, 0);
    }
    let start = lists.value_offsets()[row] as usize;
    (start, lists.value_offsets()[row + 1] as usize - start)
}

/// Puts the values of all fractions into one array for each row where there are several.
fn arranged(call: &Call, values: ArrayRef, lengths: Vec<Option<usize>>) -> Result<ArrayRef> {
    let DataType::List(item) = call.gives.data_type() else { return Ok(values) };
    if !is_list(call.arrays[1].data_type()) {
        return Ok(values);
    }
    let valid: Vec<bool> = lengths.iter().map(Option::is_some).collect();
    let offsets = OffsetBuffer::from_lengths(lengths.into_iter().map(Option::unwrap_or_default));
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, Some(NullBuffer::from(valid)))?))
}

fn discrete(call: &Call) -> Result<ArrayRef> {
    let lists = call.lists(0)?;
    let (mut places, mut lengths) = (Vec::new(), Vec::new());
    for (row, fractions) in fractions(call)?.into_iter().enumerate() {
        let (start, count) = bounds(&lists, row);
        let several = is_list(call.arrays[1].data_type());
        let fractions = fractions.filter(|_| count > 0 || !several);
        lengths.push(fractions.as_ref().map(Vec::len));
        for fraction in fractions.into_iter().flatten() {
            let place = fraction.filter(|_| count > 0).map(|f| (f * count as f64).ceil().max(1.0) as usize - 1);
            places.push(place.map(|p| (start + p.min(count.saturating_sub(1))) as u64));
        }
    }
    let values = arrow::compute::take(lists.values(), &UInt64Array::from(places), None)?;
    arranged(call, values, lengths)
}

fn continuous(call: &Call) -> Result<ArrayRef> {
    let lists = call.lists(0)?;
    if matches!(lists.values().data_type(), DataType::Interval(_)) {
        return intervals(call, &lists);
    }
    if !lists.values().data_type().is_numeric() && *lists.values().data_type() != DataType::Null {
        let item = element(lists.data_type()).cloned().unwrap_or_else(|| Arc::new(Field::new("", DataType::Null, true)));
        let shown = crate::engine::functions::typed::shown_type(&item);
        let message = format!("function percentile_cont(numeric, {shown}) does not exist");
        let hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
        return Err(outward(Error::new(Kind::UndefinedFunction, message).with_hint(hint)));
    }
    let values = if *lists.values().data_type() == DataType::Null {
        new_null_array(&DataType::Float64, lists.values().len())
    } else {
        arrow::compute::cast(lists.values(), &DataType::Float64)?
    };
    let values = values.as_primitive::<Float64Type>();
    let (mut found, mut lengths) = (Vec::new(), Vec::new());
    for (row, fractions) in fractions(call)?.into_iter().enumerate() {
        let (start, count) = bounds(&lists, row);
        let several = is_list(call.arrays[1].data_type());
        let fractions = fractions.filter(|_| count > 0 || !several);
        lengths.push(fractions.as_ref().map(Vec::len));
        for fraction in fractions.into_iter().flatten() {
            found.push(fraction.filter(|_| count > 0).map(|fraction| {
                let (low, high, share) = between(fraction, count);
                let (low, high) = (values.value(start + low), values.value(start + high));
                low + share * (high - low)
            }));
        }
    }
    arranged(call, Arc::new(Float64Array::from(found)), lengths)
}

/// The two places that a fraction lies between, and how far it is from the first.
fn between(fraction: f64, count: usize) -> (usize, usize, f64) {
    let place = fraction * (count - 1) as f64;
    let (low, high) = (place.floor(), place.ceil());
    (low as usize, (high as usize).min(count - 1), place - low)
}

/// Between intervals, by microseconds of what months and days come to where they differ.
fn intervals(call: &Call, lists: &ListArray) -> Result<ArrayRef> {
    use arrow::datatypes::IntervalMonthDayNano;
    let target = DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano);
    let values = arrow::compute::cast(lists.values(), &target)?;
    let values = values.as_primitive::<IntervalMonthDayNanoType>();
    let (mut found, mut lengths) = (Vec::new(), Vec::new());
    const DAY: f64 = 86_400_000_000_000.0;
    for (row, fractions) in fractions(call)?.into_iter().enumerate() {
        let (start, count) = bounds(lists, row);
        lengths.push(fractions.as_ref().map(Vec::len));
        for fraction in fractions.into_iter().flatten() {
            found.push(fraction.filter(|_| count > 0).map(|fraction| {
                let (low, high, share) = between(fraction, count);
                let (low, high) = (values.value(start + low), values.value(start + high));
                let months = f64::from(high.months - low.months) * share;
                // What is left of a month is days of thirty, what is left of a day is hours.
                let days = f64::from(high.days - low.days) * share + months.fract() * 30.0;
                let nanos = (high.nanoseconds - low.nanoseconds) as f64 * share + days.fract() * DAY;
                IntervalMonthDayNano::new(
                    low.months + months.trunc() as i32,
                    low.days + days.trunc() as i32,
                    low.nanoseconds + nanos.round() as i64,
                )
            }));
        }
    }
    let values: arrow::array::IntervalMonthDayNanoArray = found.into_iter().collect();
    arranged(call, Arc::new(values), lengths)
}
