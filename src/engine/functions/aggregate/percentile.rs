//! `percentile_disc` and `percentile_cont` of values in order, none of them NULL; for one fraction or an array of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, IntervalMonthDayNanoArray, ListArray, UInt64Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::error::Result;

use super::gathered::{Kind, Values};
use crate::engine::functions::function::{Given, Type, is_list, outward, shown_type, undefined};
use crate::error::{Error, Kind as Fault};

pub(super) const KINDS: [Kind; 2] = [
    Kind {
        name: "percentile_disc",
        gives: |fields| gives(fields, false),
        finish: |values| arranged(values, discrete),
        known: true,
        within_group: true,
    },
    Kind {
        name: "percentile_cont",
        gives: |fields| gives(fields, true),
        finish: |values| arranged(values, continuous),
        known: true,
        within_group: true,
    },
];

/// The values' type, for `percentile_cont` doubles or intervals; an array of them for an array of fractions.
fn gives(fields: &[FieldRef], continuous: bool) -> Result<FieldRef> {
    let name = if continuous { "percentile_cont" } else { "percentile_disc" };
    let [of, fraction] = fields else { return Err(outward(undefined(name, fields))) };
    let one = match Given::of_field(of) {
        _ if !continuous => of.data_type().clone(),
        Given::Temporal(Type::Interval) => DataType::Interval(IntervalUnit::MonthDayNano),
        Given::Int | Given::Decimal | Given::Float | Given::Unknown => DataType::Float64,
        _ => {
            let message = format!("function percentile_cont({}, {}) does not exist", shown_type(fraction), shown_type(of));
            let hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
            return Err(outward(Error::new(Fault::UndefinedFunction, message).with_hint(hint)));
        }
    };
    let several = is_list(fraction.data_type());
    let field = if several {
        Field::new("", DataType::List(Arc::new(Field::new_list_field(one, true))), true)
    } else if continuous {
        Field::new("", one, true)
    } else {
        of.as_ref().clone().with_nullable(true)
    };
    Ok(Arc::new(field))
}

/// What is asked for of a group: the place of its first value, how many there are, and the fractions; `None` gives NULL.
struct Asked {
    start: usize,
    count: usize,
    fractions: Option<Vec<Option<f64>>>,
}

fn checked(values: &ArrayRef) -> Result<Vec<Option<f64>>> {
    let values = cast(values, &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    match values.iter().flatten().find(|fraction| !(0.0..=1.0).contains(fraction)) {
        Some(wrong) => Err(outward(Error::new(Fault::OutOfRange, format!("percentile value {wrong} is not between 0 and 1")))),
        None => Ok(values.iter().collect()),
    }
}

fn asked(values: &Values) -> Result<Vec<Asked>> {
    let several = is_list(values.fields[1].data_type());
    let of = |column: &ArrayRef, row: usize| -> Result<Option<Vec<Option<f64>>>> {
        if !several {
            return checked(&column.slice(row, 1)).map(Some);
        }
        let lists = cast(&column.slice(row, 1), &DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))))?;
        let lists = lists.as_list::<i32>();
        if lists.is_null(0) { Ok(None) } else { checked(&lists.value(0)).map(Some) }
    };
    let constant = match &values.constants[1] {
        Some(constant) => Some(of(&constant.to_array()?, 0)?),
        None => None,
    };
    let one = |group: usize| {
        let range = values.grouped.range(group);
        let fractions = match &constant {
            _ if range.is_empty() => None,
            Some(constant) => constant.clone(),
            None => of(&values.grouped.columns[1], range.start)?,
        };
        Ok(Asked { start: range.start, count: range.len(), fractions })
    };
    (0..values.grouped.groups()).map(one).collect()
}

/// The values of all fractions, in one array for each group where there are several.
fn arranged(values: &Values, find: fn(&Values, &[Asked]) -> Result<ArrayRef>) -> Result<ArrayRef> {
    let mut asked = asked(values)?;
    let DataType::List(item) = values.gives.data_type() else {
        asked.iter_mut().filter(|a| a.fractions.is_none()).for_each(|a| a.fractions = Some(vec![None]));
        return find(values, &asked);
    };
    if !is_list(values.fields[1].data_type()) {
        asked.iter_mut().filter(|a| a.fractions.is_none()).for_each(|a| a.fractions = Some(vec![None]));
        return find(values, &asked);
    }
    let lengths = OffsetBuffer::from_lengths(asked.iter().map(|a| a.fractions.as_ref().map_or(0, Vec::len)));
    let valid: Vec<bool> = asked.iter().map(|a| a.fractions.is_some()).collect();
    let found = cast(&find(values, &asked)?, item.data_type())?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), lengths, found, Some(NullBuffer::from(valid)))?))
}

fn discrete(values: &Values, asked: &[Asked]) -> Result<ArrayRef> {
    let place = |a: &Asked, f: f64| (a.start + ((f * a.count as f64).ceil().max(1.0) as usize - 1).min(a.count - 1)) as u64;
    let places = asked.iter().flat_map(|a| a.fractions.iter().flatten().map(move |f| f.map(|f| place(a, f))));
    Ok(take(&values.grouped.columns[0], &places.collect::<UInt64Array>(), None)?)
}

/// The two places that a fraction lies between, and how far it is from the first.
fn between(a: &Asked, fraction: f64) -> (usize, usize, f64) {
    let place = fraction * (a.count - 1) as f64;
    (a.start + place.floor() as usize, a.start + (place.ceil() as usize).min(a.count - 1), place - place.floor())
}

fn continuous(values: &Values, asked: &[Asked]) -> Result<ArrayRef> {
    let column = &values.grouped.columns[0];
    if matches!(column.data_type(), DataType::Interval(_)) {
        return intervals(column, asked);
    }
    let column = cast(column, &DataType::Float64)?;
    let column = column.as_primitive::<Float64Type>();
    let value = |a: &Asked, fraction: f64| {
        let (low, high, share) = between(a, fraction);
        let (low, high) = (column.value(low), column.value(high));
        low + share * (high - low)
    };
    let found = asked.iter().flat_map(|a| a.fractions.iter().flatten().map(move |f| f.map(|f| value(a, f))));
    Ok(Arc::new(found.collect::<Float64Array>()))
}

/// Between intervals, by microseconds of what months and days come to where they differ.
fn intervals(column: &ArrayRef, asked: &[Asked]) -> Result<ArrayRef> {
    const DAY: f64 = 86_400_000_000_000.0;
    let column = cast(column, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let column = column.as_primitive::<IntervalMonthDayNanoType>();
    let value = |a: &Asked, fraction: f64| {
        let (low, high, share) = between(a, fraction);
        let (low, high) = (column.value(low), column.value(high));
        let months = (f64::from(high.months) - f64::from(low.months)) * share;
        // What is left of a month is days of thirty, what is left of a day is hours.
        let days = (f64::from(high.days) - f64::from(low.days)) * share + months.fract() * 30.0;
        let nanos = (high.nanoseconds as f64 - low.nanoseconds as f64) * share + days.fract() * DAY;
        IntervalMonthDayNano::new(
            low.months.saturating_add(months.trunc() as i32),
            low.days.saturating_add(days.trunc() as i32),
            low.nanoseconds.saturating_add(nanos.round() as i64),
        )
    };
    let found = asked.iter().flat_map(|a| a.fractions.iter().flatten().map(move |f| f.map(|f| value(a, f))));
    Ok(Arc::new(found.collect::<IntervalMonthDayNanoArray>()))
}
