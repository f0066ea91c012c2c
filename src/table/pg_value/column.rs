//! Which encoder an Arrow type has. One look at the type for each column of a batch, then a plain loop over its values.

use arrow::array::{Array, ArrayAccessor, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, Field, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};

use crate::error::{Error, Kind, Result};
use crate::table::pg_catalog::types;
use crate::table::pg_type::{self, PgType};

use super::interval::{self, Written};
use super::numeric::Decimal;
use super::scale::ShownScale;
use super::{Format, Style, Values, bytea, datetime, digits, float, json, list, numeric, uuid};
use crate::table::pg_time::Interval;

/// Adds every value of `array` to `out`: `field` is the array's, `pg` what its values are shown as ([`PgType::of_field`]).
/// [`Kind::OutOfRange`] for a value that the PostgreSQL type can't hold, [`Kind::Unsupported`] and [`Kind::TooComplex`] for one that
/// has no form on the wire; `out` is of no use then.
pub fn encode(
    array: &dyn Array,
    field: &Field,
    pg: &'static PgType,
    format: Format,
    style: &Style,
    out: &mut Values,
) -> Result<()> {
    let text = format == Format::Text;
    // Each a loop over a primitive array, so that its type is looked at once for all values.
    macro_rules! integers {
        ($arrow:ty) => {
            integers(array.as_primitive::<$arrow>(), |v| i64::from(v), pg, format, out)
        };
    }
    macro_rules! decimals {
        ($arrow:ty, $digits:expr, $wide:expr, $scale:expr) => {{
            let scale = i32::from(*$scale);
            if let Some(shown) = ShownScale::of(field) {
                let shown = |v| numeric::shown(v, scale, shown);
                if text {
                    each(array.as_primitive::<$arrow>(), out, |v, out| {
                        let (digits, scale) = shown($wide(v));
                        numeric::text(&digits, scale, out)
                    })
                } else {
                    each(array.as_primitive::<$arrow>(), out, |v, out| {
                        let (digits, scale) = shown($wide(v));
                        numeric::binary(&digits, scale, out)
                    })
                }
            } else if text {
                each(array.as_primitive::<$arrow>(), out, |v, out| numeric::text(&$digits(v), scale, out))
            } else {
                each(array.as_primitive::<$arrow>(), out, |v, out| numeric::binary(&$digits(v), scale, out))
            }
        }};
    }
    macro_rules! timestamps {
        ($arrow:ty, $unit:expr, $zoned:expr) => {{
            let values = array.as_primitive::<$arrow>();
            match (format, $zoned) {
                (Format::Binary, _) => each(values, out, |v, out| datetime::timestamp_binary(datetime::micros(v, $unit)?, out)),
                (Format::Text, false) => each(values, out, |v, out| datetime::timestamp(datetime::micros(v, $unit)?, style, out)),
                (Format::Text, true) => {
                    each(values, out, |v, out| datetime::timestamptz(datetime::micros(v, $unit)?, style, out))
                }
            }
        }};
    }
    macro_rules! times {
        ($arrow:ty, $unit:expr) => {
            if text {
                each(array.as_primitive::<$arrow>(), out, |v, out| datetime::time(datetime::of_day(i64::from(v), $unit)?, out))
            } else {
                each(array.as_primitive::<$arrow>(), out, |v, out| {
                    bytes(&datetime::of_day(i64::from(v), $unit)?.to_be_bytes(), out)
                })
            }
        };
    }
    macro_rules! intervals {
        ($arrow:ty, $make:expr) => {
            if text {
                each(array.as_primitive::<$arrow>(), out, |v, out| $make(v).and_then(|i: Interval| i.text(style.interval, out)))
            } else {
                each(array.as_primitive::<$arrow>(), out, |v, out| $make(v).and_then(|i: Interval| i.binary(out)))
            }
        };
    }

    match array.data_type() {
        DataType::Null => {
            (0..array.len()).for_each(|_| out.null());
            Ok(())
        }
        DataType::Boolean if text => each(array.as_boolean(), out, |v, out| bytes(if v { b"t" } else { b"f" }, out)),
        DataType::Boolean => each(array.as_boolean(), out, |v, out| bytes(&[u8::from(v)], out)),
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 if text && *pg == pg_type::REGPROC => {
            each(array.as_primitive::<UInt32Type>(), out, |v, out| bytes(types::shown_function(v).as_bytes(), out))
        }
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => decimals!(UInt64Type, Decimal::from_unsigned, |v| i256::from_i128(i128::from(v)), &0i8),
        DataType::Float16 => {
            let digits = style.extra_float_digits;
            let values = array.as_primitive::<Float16Type>();
            if text {
                each(values, out, |v, out| float::single(v.to_f32(), digits, out))
            } else {
                each(values, out, |v, out| bytes(&v.to_f32().to_be_bytes(), out))
            }
        }
        DataType::Float32 if text => {
            let digits = style.extra_float_digits;
            each(array.as_primitive::<Float32Type>(), out, |v, out| float::single(v, digits, out))
        }
        DataType::Float32 => each(array.as_primitive::<Float32Type>(), out, |v, out| bytes(&v.to_be_bytes(), out)),
        DataType::Float64 if text => {
            let digits = style.extra_float_digits;
            each(array.as_primitive::<Float64Type>(), out, |v, out| float::double(v, digits, out))
        }
        DataType::Float64 => each(array.as_primitive::<Float64Type>(), out, |v, out| bytes(&v.to_be_bytes(), out)),
        DataType::Decimal32(_, s) => decimals!(Decimal32Type, Decimal::from_signed, |v| i256::from_i128(i128::from(v)), s),
        DataType::Decimal64(_, s) => decimals!(Decimal64Type, Decimal::from_signed, |v| i256::from_i128(i128::from(v)), s),
        DataType::Decimal128(_, s) => decimals!(Decimal128Type, Decimal::from_signed, i256::from_i128, s),
        DataType::Decimal256(_, s) => decimals!(Decimal256Type, Decimal::from_wide, |v: i256| v, s),
        DataType::Utf8 => texts(array.as_string::<i32>(), pg, format, out),
        DataType::LargeUtf8 => texts(array.as_string::<i64>(), pg, format, out),
        DataType::Utf8View => texts(array.as_string_view(), pg, format, out),
        DataType::Binary => byteas(array.as_binary::<i32>(), format, style, out),
        DataType::LargeBinary => byteas(array.as_binary::<i64>(), format, style, out),
        DataType::BinaryView => byteas(array.as_binary_view(), format, style, out),
        DataType::FixedSizeBinary(_) => byteas(array.as_fixed_size_binary(), format, style, out),
        DataType::Date32 if text => each(array.as_primitive::<Date32Type>(), out, |v, out| datetime::date(v, style, out)),
        DataType::Date32 => each(array.as_primitive::<Date32Type>(), out, datetime::date_binary),
        DataType::Date64 if text => {
            each(array.as_primitive::<Date64Type>(), out, |v, out| datetime::date(datetime::days_of_millis(v)?, style, out))
        }
        DataType::Date64 => {
            each(array.as_primitive::<Date64Type>(), out, |v, out| datetime::date_binary(datetime::days_of_millis(v)?, out))
        }
        DataType::Time32(TimeUnit::Second) => times!(Time32SecondType, TimeUnit::Second),
        DataType::Time32(_) => times!(Time32MillisecondType, TimeUnit::Millisecond),
        DataType::Time64(TimeUnit::Nanosecond) => times!(Time64NanosecondType, TimeUnit::Nanosecond),
        DataType::Time64(_) => times!(Time64MicrosecondType, TimeUnit::Microsecond),
        DataType::Timestamp(TimeUnit::Second, zone) => timestamps!(TimestampSecondType, TimeUnit::Second, zone.is_some()),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            timestamps!(TimestampMillisecondType, TimeUnit::Millisecond, zone.is_some())
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            timestamps!(TimestampMicrosecondType, TimeUnit::Microsecond, zone.is_some())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            timestamps!(TimestampNanosecondType, TimeUnit::Nanosecond, zone.is_some())
        }
        DataType::Interval(IntervalUnit::YearMonth) => intervals!(IntervalYearMonthType, interval::from_months),
        DataType::Interval(IntervalUnit::DayTime) => intervals!(IntervalDayTimeType, interval::from_day_time),
        DataType::Interval(IntervalUnit::MonthDayNano) => intervals!(IntervalMonthDayNanoType, interval::from_month_day_nano),
        DataType::Duration(TimeUnit::Second) => intervals!(DurationSecondType, |v| interval::from_duration(v, TimeUnit::Second)),
        DataType::Duration(TimeUnit::Millisecond) => {
            intervals!(DurationMillisecondType, |v| interval::from_duration(v, TimeUnit::Millisecond))
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            intervals!(DurationMicrosecondType, |v| interval::from_duration(v, TimeUnit::Microsecond))
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            intervals!(DurationNanosecondType, |v| interval::from_duration(v, TimeUnit::Nanosecond))
        }
        DataType::List(item) => list::encode(array.as_list::<i32>(), item, pg, format, style, out),
        DataType::LargeList(item) => list::encode(array.as_list::<i64>(), item, pg, format, style, out),
        DataType::FixedSizeList(item, _) | DataType::ListView(item) | DataType::LargeListView(item) => {
            let lists = recast(array, &DataType::LargeList(item.clone()))?;
            list::encode(lists.as_list::<i64>(), item, pg, format, style, out)
        }
        DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => json::encode(array, field, style, out),
        DataType::Dictionary(_, value) => encode(&recast(array, value)?, field, pg, format, style, out),
        DataType::RunEndEncoded(_, values) => encode(&recast(array, values.data_type())?, field, pg, format, style, out),
    }
}

/// Adds each value of an array as `write` appends it.
#[inline]
pub(super) fn each<A: ArrayAccessor>(
    array: A,
    out: &mut Values,
    write: impl Fn(A::Item, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => (0..array.len()).try_for_each(|i| out.value(|bytes| write(array.value(i), bytes))),
        Some(nulls) => {
            for i in 0..array.len() {
                if nulls.is_valid(i) {
                    out.value(|bytes| write(array.value(i), bytes))?;
                } else {
                    out.null();
                }
            }
            Ok(())
        }
    }
}

/// Integers, as wide in binary as the PostgreSQL type is.
fn integers<A: ArrayAccessor>(
    array: A,
    widen: impl Fn(A::Item) -> i64,
    pg: &PgType,
    format: Format,
    out: &mut Values,
) -> Result<()> {
    match (format, pg.len) {
        (Format::Text, _) => each(array, out, |v, out| {
            digits::signed(widen(v), out);
            Ok(())
        }),
        (Format::Binary, 2) => each(array, out, |v, out| narrow::<i16, 2>(widen(v), pg, i16::to_be_bytes, out)),
        // Object ids are unsigned; all other types of four bytes are signed.
        (Format::Binary, 4) if pg.oid != pg_type::INT4.oid => {
            each(array, out, |v, out| narrow::<u32, 4>(widen(v), pg, u32::to_be_bytes, out))
        }
        (Format::Binary, 4) => each(array, out, |v, out| narrow::<i32, 4>(widen(v), pg, i32::to_be_bytes, out)),
        (Format::Binary, _) => each(array, out, |v, out| bytes(&widen(v).to_be_bytes(), out)),
    }
}

#[inline]
fn narrow<T: TryFrom<i64>, const N: usize>(value: i64, pg: &PgType, be: fn(T) -> [u8; N], out: &mut Vec<u8>) -> Result<()> {
    let value = T::try_from(value).map_err(|_| Error::new(Kind::OutOfRange, format!("{} out of range", pg.sql_name)))?;
    bytes(&be(value), out)
}

/// Text, which is the same in both formats but for `jsonb`'s version byte and `uuid`'s bytes.
fn texts<'a, A: ArrayAccessor<Item = &'a str>>(array: A, pg: &PgType, format: Format, out: &mut Values) -> Result<()> {
    if pg.oid == pg_type::JSONB.oid && format == Format::Binary {
        return each(array, out, |v, out| {
            out.push(1);
            bytes(v.as_bytes(), out)
        });
    }
    if pg.oid == pg_type::UUID.oid && format == Format::Binary {
        return each(array, out, uuid::binary);
    }
    each(array, out, |v, out| bytes(v.as_bytes(), out))
}

fn byteas<'a, A: ArrayAccessor<Item = &'a [u8]>>(array: A, format: Format, style: &Style, out: &mut Values) -> Result<()> {
    match format {
        Format::Binary => each(array, out, bytes),
        Format::Text => each(array, out, |v, out| {
            bytea::text(v, style.bytea, out);
            Ok(())
        }),
    }
}

#[inline]
fn bytes(value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(value);
    Ok(())
}

/// The array in its plain form, once for a batch.
pub(super) fn recast(array: &dyn Array, to: &DataType) -> Result<arrow::array::ArrayRef> {
    cast(array, to).map_err(|e| {
        Error::new(Kind::Unsupported, format!("a column of type {} cannot be sent as {to}", array.data_type())).caused_by(e)
    })
}
