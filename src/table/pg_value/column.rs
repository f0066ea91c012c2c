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
use super::style::DateStyle;
use super::{Format, Style, Values, bytea, datetime, digits, float, geometry, json, list, numeric, record, uuid};
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
    // The same for decimals that a slot has room for.
    macro_rules! short_decimals {
        ($arrow:ty, $scale:expr) => {{
            let (values, scale) = (array.as_primitive::<$arrow>(), i32::from(*$scale));
            if ShownScale::of(field).is_some() || !(0..=numeric::SLOT_SCALE).contains(&scale) {
                decimals!($arrow, Decimal::from_signed, |v| i256::from_i128(i128::from(v)), $scale)
            } else if text {
                out.short(values, |v, slot| numeric::put_text(i128::from(v), scale, slot))
            } else {
                out.short(values, |v, slot| numeric::put_binary(i128::from(v), scale, slot))
            }
        }};
    }
    let is_iso = style.dates == DateStyle::Iso;
    macro_rules! timestamps {
        ($arrow:ty, $unit:expr, $zoned:expr) => {{
            let values = array.as_primitive::<$arrow>();
            match (format, $zoned) {
                (Format::Binary, _) => fixed(values, out, |v| datetime::timestamp_binary(datetime::micros(v, $unit)?)),
                (Format::Text, false) if is_iso => {
                    out.short(values, |v, slot| datetime::put_timestamp(datetime::micros(v, $unit)?, style, slot))
                }
                (Format::Text, true) if is_iso => {
                    out.short(values, |v, slot| datetime::put_timestamptz(datetime::micros(v, $unit)?, style, slot))
                }
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
                out.short(array.as_primitive::<$arrow>(), |v, slot| {
                    Ok(datetime::put_time(datetime::of_day(i64::from(v), $unit)?, 0, slot))
                })
            } else {
                fixed(array.as_primitive::<$arrow>(), out, |v| Ok(datetime::of_day(i64::from(v), $unit)?.to_be_bytes()))
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
        DataType::Boolean if text => fixed(array.as_boolean(), out, |v| Ok(if v { *b"t" } else { *b"f" })),
        DataType::Boolean => fixed(array.as_boolean(), out, |v| Ok([u8::from(v)])),
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 if text && *pg == pg_type::REGPROC => {
            each(array.as_primitive::<UInt32Type>(), out, |v, out| bytes(types::shown_function(v).as_bytes(), out))
        }
        DataType::UInt32 if text && *pg == pg_type::REGTYPE => {
            each(array.as_primitive::<UInt32Type>(), out, |v, out| bytes(types::shown_type(v).as_bytes(), out))
        }
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => decimals!(UInt64Type, Decimal::from_unsigned, |v| i256::from_i128(i128::from(v)), &0i8),
        DataType::Float16 => {
            let digits = style.extra_float_digits;
            let values = array.as_primitive::<Float16Type>();
            if text {
                out.short(values, |v, slot| float::put_single(v.to_f32(), digits, slot))
            } else {
                fixed(values, out, |v| Ok(v.to_f32().to_be_bytes()))
            }
        }
        DataType::Float32 if text => {
            let digits = style.extra_float_digits;
            out.short(array.as_primitive::<Float32Type>(), |v, slot| float::put_single(v, digits, slot))
        }
        DataType::Float32 => fixed(array.as_primitive::<Float32Type>(), out, |v| Ok(v.to_be_bytes())),
        DataType::Float64 if text => {
            let digits = style.extra_float_digits;
            out.short(array.as_primitive::<Float64Type>(), |v, slot| float::put_double(v, digits, slot))
        }
        DataType::Float64 => fixed(array.as_primitive::<Float64Type>(), out, |v| Ok(v.to_be_bytes())),
        DataType::Decimal32(_, s) => short_decimals!(Decimal32Type, s),
        DataType::Decimal64(_, s) => short_decimals!(Decimal64Type, s),
        DataType::Decimal128(_, s) => short_decimals!(Decimal128Type, s),
        DataType::Decimal256(_, s) => decimals!(Decimal256Type, Decimal::from_wide, |v: i256| v, s),
        DataType::Utf8 if *pg == pg_type::GEOMETRY => geometry::encode(array.as_string::<i32>(), field, format, out),
        DataType::LargeUtf8 if *pg == pg_type::GEOMETRY => geometry::encode(array.as_string::<i64>(), field, format, out),
        DataType::Utf8View if *pg == pg_type::GEOMETRY => geometry::encode(array.as_string_view(), field, format, out),
        DataType::Utf8 => texts(array.as_string::<i32>(), pg, format, out),
        DataType::LargeUtf8 => texts(array.as_string::<i64>(), pg, format, out),
        DataType::Utf8View => texts(array.as_string_view(), pg, format, out),
        DataType::Binary => byteas(array.as_binary::<i32>(), format, style, out),
        DataType::LargeBinary => byteas(array.as_binary::<i64>(), format, style, out),
        DataType::BinaryView => byteas(array.as_binary_view(), format, style, out),
        DataType::FixedSizeBinary(_) => byteas(array.as_fixed_size_binary(), format, style, out),
        DataType::Date32 if text && is_iso => {
            out.short(array.as_primitive::<Date32Type>(), |v, slot| datetime::put_date(v, style, slot))
        }
        DataType::Date32 if text => each(array.as_primitive::<Date32Type>(), out, |v, out| datetime::date(v, style, out)),
        DataType::Date32 => fixed(array.as_primitive::<Date32Type>(), out, datetime::date_binary),
        DataType::Date64 if text => {
            each(array.as_primitive::<Date64Type>(), out, |v, out| datetime::date(datetime::days_of_millis(v)?, style, out))
        }
        DataType::Date64 => {
            fixed(array.as_primitive::<Date64Type>(), out, |v| datetime::date_binary(datetime::days_of_millis(v)?))
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
        DataType::List(item) => list::encode(array.as_list::<i32>(), &list::element(item, field), pg, format, style, out),
        DataType::LargeList(item) => list::encode(array.as_list::<i64>(), &list::element(item, field), pg, format, style, out),
        DataType::FixedSizeList(item, _) | DataType::ListView(item) | DataType::LargeListView(item) => {
            let lists = recast(array, &DataType::LargeList(item.clone()))?;
            list::encode(lists.as_list::<i64>(), &list::element(item, field), pg, format, style, out)
        }
        DataType::Struct(parts) if pg.is_number_of_object() => {
            let (part, of) = if text { (1, &pg_type::TEXT) } else { (0, pg) };
            encode(array.as_struct().column(part), &parts[part], of, format, style, out)
        }
        DataType::Struct(_) if *pg == pg_type::RECORD => record::encode(array.as_struct(), format, style, out),
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

/// Adds each value of an array as the bytes that `bytes_of` gives.
#[inline]
fn fixed<A: ArrayAccessor, const N: usize>(
    array: A,
    out: &mut Values,
    bytes_of: impl Fn(A::Item) -> Result<[u8; N]>,
) -> Result<()> {
    out.short(array, |value, slot| {
        slot[..N].copy_from_slice(&bytes_of(value)?);
        Ok(N)
    })
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
        (Format::Text, _) => out.short(array, |v, slot| Ok(digits::put_signed(widen(v), slot))),
        (Format::Binary, 2) => fixed(array, out, |v| narrow::<i16, 2>(widen(v), pg, i16::to_be_bytes)),
        // Object ids are unsigned; all other types of four bytes are signed.
        (Format::Binary, 4) if pg.oid != pg_type::INT4.oid => {
            fixed(array, out, |v| narrow::<u32, 4>(widen(v), pg, u32::to_be_bytes))
        }
        (Format::Binary, 4) => fixed(array, out, |v| narrow::<i32, 4>(widen(v), pg, i32::to_be_bytes)),
        (Format::Binary, _) => fixed(array, out, |v| Ok(widen(v).to_be_bytes())),
    }
}

#[inline]
fn narrow<T: TryFrom<i64>, const N: usize>(value: i64, pg: &PgType, be: fn(T) -> [u8; N]) -> Result<[u8; N]> {
    T::try_from(value).map(be).map_err(|_| Error::new(Kind::OutOfRange, format!("{} out of range", pg.sql_name)))
}

/// Whether a column of texts is sent as it lies; what is not has an encoder below.
pub(super) fn is_verbatim(pg: &PgType, format: Format) -> bool {
    *pg != pg_type::GEOMETRY
        && (format == Format::Text || ![pg_type::JSONB.oid, pg_type::UUID.oid, pg_type::CHAR.oid].contains(&pg.oid))
}

/// Text, which is the same in both formats but for `jsonb`'s version byte, `uuid`'s bytes and the zero byte of an empty `"char"`.
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
    if pg.oid == pg_type::CHAR.oid && format == Format::Binary {
        return each(array, out, |v, out| bytes(if v.is_empty() { b"\0" } else { v.as_bytes() }, out));
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
