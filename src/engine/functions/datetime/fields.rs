//! `extract` and `date_part`: the fields of dates, times and intervals. `extract` gives numeric, with as many digits as PostgreSQL does;
//! `date_part` gives double precision.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array, Float64Array, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, Date32Type, Field as ArrowField, FieldRef, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};

use super::arithmetic::start_of;
use crate::engine::functions::function::{Call, Function, Gives, Type as T, outward};
use crate::error::{Error, Kind};
use crate::table::pg_time::calendar::{JULIAN_EPOCH, civil, day_of_year, is_finite, is_finite_date, iso_week, weekday};
use crate::table::pg_time::{DAY, HOUR, Interval, MINUTE, SECOND, Unit, Zone, unit};
use crate::table::pg_type::PgType;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Of(Unit),
    Epoch,
    Julian,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
}

impl Field {
    /// The field of a name in any case.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some(unit) = unit(&name) {
            return Some(Self::Of(unit));
        }
        Some(match name.as_str() {
            "epoch" => Self::Epoch,
            "julian" | "jd" | "j" => Self::Julian,
            "dow" => Self::DayOfWeek,
            "isodow" => Self::IsoDayOfWeek,
            "doy" => Self::DayOfYear,
            "isoyear" => Self::IsoYear,
            _ => return None,
        })
    }

    /// Whether it only grows with time, so that infinity's is infinite; others have none.
    fn grows(self) -> bool {
        use Unit::{Century, Decade, Millennium, Year};
        matches!(self, Self::Epoch | Self::Julian | Self::IsoYear | Self::Of(Year | Decade | Century | Millennium))
    }

    /// The digits behind the point that numeric has.
    fn scale(self, source: T) -> i8 {
        match self {
            Self::Epoch if source != T::Date => 6,
            Self::Of(Unit::Second) => 6,
            Self::Of(Unit::Millisecond) => 3,
            Self::Julian if source != T::Date => 20,
            _ => 0,
        }
    }
}

/// A field's value: whole, or so many of 10^-scale.
enum Value {
    Scaled(i128),
    Infinite(bool),
    None,
}

/// PostgreSQL's error of a field that a type has not, or that there is none of.
pub fn unsupported(name: &str, type_name: &str) -> Error {
    let known = Field::named(name).is_some();
    let (kind, what) = if known { (Kind::Unsupported, "supported") } else { (Kind::InvalidParameter, "recognized") };
    Error::new(kind, format!("unit \"{}\" not {what} for type {type_name}", name.to_ascii_lowercase()))
}

/// A field of a local time; `None` where dates have no such field.
fn of_moment(field: Field, local: i64, offset: Option<i32>) -> Option<i128> {
    let (days, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    let offset = offset.map(i64::from);
    let value = match field {
        Field::Of(Unit::Microsecond | Unit::Millisecond | Unit::Second) => time % MINUTE,
        Field::Of(Unit::Minute) => time % HOUR / MINUTE,
        Field::Of(Unit::Hour) => time / HOUR,
        Field::Epoch => local - offset.unwrap_or(0) * SECOND,
        Field::Julian => {
            let whole = i128::from(days + JULIAN_EPOCH) * 10i128.pow(20);
            return Some(whole + i128::from(time) * 10i128.pow(20) / i128::from(DAY));
        }
        Field::Of(Unit::Timezone) => offset?,
        Field::Of(Unit::TimezoneHour) => offset? / 3600,
        Field::Of(Unit::TimezoneMinute) => offset? % 3600 / 60,
        field => return of_day(field, days),
    };
    Some(i128::from(value))
}

fn of_day(field: Field, days: i64) -> Option<i128> {
    let (year, month, day) = civil(days);
    // Where years are counted from 1, before and after.
    let group = |size: i64| if year > 0 { (year + size - 1) / size } else { -((size - 1 - (year - 1)) / size) };
    let value = match field {
        Field::Of(Unit::Day) => i64::from(day),
        Field::Of(Unit::Month) => i64::from(month),
        Field::Of(Unit::Quarter) => (i64::from(month) - 1) / 3 + 1,
        Field::Of(Unit::Week) => iso_week(days).1,
        Field::Of(Unit::Year) => {
            if year > 0 {
                year
            } else {
                year - 1
            }
        }
        Field::Of(Unit::Decade) => {
            if year >= 0 {
                year / 10
            } else {
                -((8 - (year - 1)) / 10)
            }
        }
        Field::Of(Unit::Century) => group(100),
        Field::Of(Unit::Millennium) => group(1000),
        Field::IsoYear => {
            let year = iso_week(days).0;
            if year > 0 { year } else { year - 1 }
        }
        Field::DayOfWeek => weekday(days),
        Field::IsoDayOfWeek => (weekday(days) + 6) % 7 + 1,
        Field::DayOfYear => day_of_year(days),
        Field::Julian => days + JULIAN_EPOCH,
        Field::Epoch => days * 86_400,
        Field::Of(_) => return None,
    };
    Some(i128::from(value))
}

fn of_time(field: Field, time: i64) -> Option<i128> {
    let value = match field {
        Field::Of(Unit::Microsecond | Unit::Millisecond | Unit::Second) => time % MINUTE,
        Field::Of(Unit::Minute) => time % HOUR / MINUTE,
        Field::Of(Unit::Hour) => time / HOUR,
        Field::Epoch => time,
        _ => return None,
    };
    Some(i128::from(value))
}

fn of_interval(field: Field, span: Interval) -> Option<i128> {
    let (years, months) = (i128::from(span.months / 12), i128::from(span.months % 12));
    Some(match field {
        Field::Of(Unit::Day) => i128::from(span.days),
        Field::Of(Unit::Month) => months,
        Field::Of(Unit::Quarter) => months / 3 + 1,
        Field::Of(Unit::Year) => years,
        Field::Of(Unit::Decade) => years / 10,
        Field::Of(Unit::Century) => years / 100,
        Field::Of(Unit::Millennium) => years / 1000,
        Field::Of(Unit::Microsecond | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour) => {
            return of_time(field, span.micros);
        }
        Field::Epoch => span.epoch_micros(),
        Field::Of(Unit::Week | Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute)
        | Field::Julian
        | Field::DayOfWeek
        | Field::IsoDayOfWeek
        | Field::DayOfYear
        | Field::IsoYear => return None,
    })
}

/// The type that a field of a source has; of a field that is no constant, one that has room for most.
fn numeric(fields: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Result<FieldRef> {
    let field = constants.first().copied().flatten().and_then(|s| s.try_as_str().flatten()).and_then(Field::named);
    let source = fields.get(1).and_then(|f| T::temporal(f.data_type())).unwrap_or(T::Timestamptz);
    let scale = field.map_or(6, |field| field.scale(source));
    let data_type = DataType::Decimal128(if scale == 20 { 38 } else { 20 + scale.unsigned_abs() }, scale);
    Ok(Arc::new(ArrowField::new("extract", data_type, true)))
}

/// A column that fields are taken of.
struct Source {
    of: T,
    values: ArrayRef,
    zone: Zone,
    type_name: &'static str,
}

impl Source {
    fn of(call: &Call, is_numeric: bool) -> Result<Self> {
        let mut values = call.array(1)?;
        let of = T::temporal(values.data_type());
        let mut of = of.ok_or_else(|| DataFusionError::Internal(format!("a field of {}", values.data_type())))?;
        if of == T::Date && !is_numeric {
            // As date_part has it; the hour of a date is zero there.
            let starts = values.as_primitive::<Date32Type>().iter().map(|d| d.map(start_of).transpose());
            values = Arc::new(starts.collect::<Result<TimestampMicrosecondArray, Error>>().map_err(outward)?);
            of = T::Timestamp;
        }
        let type_name = PgType::of(values.data_type()).sql_name;
        Ok(Self { of, values, zone: call.zone(), type_name })
    }

    fn field(&self, name: &str) -> Result<Field, Error> {
        Field::named(name).ok_or_else(|| unsupported(name, self.type_name))
    }

    /// A field of a row's value, as so many of 10^-scale.
    fn value(&self, field: Field, name: &str, row: usize) -> Result<Value, Error> {
        let infinite = |positive: bool, none: bool| match () {
            () if none => Err(unsupported(name, self.type_name)),
            () if field.grows() => Ok(Value::Infinite(positive)),
            () => Ok(Value::None),
        };
        let value = match self.of {
            T::Date => {
                let days = self.values.as_primitive::<Date32Type>().value(row);
                if !is_finite_date(days) {
                    return infinite(days > 0, of_day(field, 0).is_none());
                }
                of_day(field, i64::from(days))
            }
            T::Time => of_time(field, self.values.as_primitive::<Time64MicrosecondType>().value(row)),
            T::Interval => of_interval(field, self.values.as_primitive::<IntervalMonthDayNanoType>().value(row).into()),
            of => {
                let at = self.values.as_primitive::<TimestampMicrosecondType>().value(row);
                let zoned = of == T::Timestamptz;
                if !is_finite(at) {
                    return infinite(at > 0, of_moment(field, 0, zoned.then_some(0)).is_none());
                }
                let offset = if zoned { self.zone.offset(at) } else { 0 };
                of_moment(field, at.saturating_add(i64::from(offset) * SECOND), zoned.then_some(offset))
            }
        };
        value.map(Value::Scaled).ok_or_else(|| unsupported(name, self.type_name))
    }
}

/// `extract(field from source)` or `date_part(field, source)`.
fn extract(call: &Call) -> Result<ArrayRef> {
    let wanted = call.gives.data_type();
    let (names, source) = (call.texts(0)?, Source::of(call, wanted.is_decimal())?);
    let fixed = names.constant().map(|name| source.field(name)).transpose().map_err(outward)?;
    // Whatever the rows hold, a field that the type has not is an error.
    let each = |row: usize| match names.get(row).filter(|_| source.values.is_valid(row)) {
        Some(name) => {
            let field = fixed.map_or_else(|| source.field(name), Ok)?;
            Ok::<_, Error>((source.value(field, name, row)?, field.scale(source.of)))
        }
        None => Ok((Value::None, 0)),
    };
    let DataType::Decimal128(precision, scale) = wanted else {
        let number = |row: usize| match each(row)? {
            (Value::Scaled(value), own) => Ok(Some(value as f64 / 10f64.powi(i32::from(own)))),
            (Value::None, _) => Ok(None),
            (Value::Infinite(positive), _) => Ok(Some(if positive { f64::INFINITY } else { f64::NEG_INFINITY })),
        };
        return Ok(Arc::new((0..call.rows).map(number).collect::<Result<Float64Array, Error>>().map_err(outward)?));
    };
    let digits = |row: usize| match each(row)? {
        (Value::Scaled(value), own) => {
            let shift = i32::from(*scale) - i32::from(own);
            Ok(Some(if shift >= 0 { value * 10i128.pow(shift as u32) } else { value / 10i128.pow(-shift as u32) }))
        }
        (Value::None, _) => Ok(None),
        (Value::Infinite(_), _) => Err(Error::new(Kind::OutOfRange, "numeric field overflow")
            .with_detail("numeric infinities are not supported; use date_part().")),
    };
    let array = (0..call.rows).map(digits).collect::<Result<Decimal128Array, Error>>().map_err(outward)?;
    Ok(Arc::new(array.with_precision_and_scale(*precision, *scale)?))
}

pub fn functions() -> Vec<Function> {
    const FORMS: &[&[T]] = &[
        &[T::Text, T::Timestamptz],
        &[T::Text, T::Timestamp],
        &[T::Text, T::Date],
        &[T::Text, T::Time],
        &[T::Text, T::Interval],
    ];
    vec![
        Function::new("extract", FORMS, Gives::OfConstants(numeric), extract).with_preimage(super::preimage::of),
        Function::new("date_part", FORMS, Gives::Float, extract).with_preimage(super::preimage::of),
    ]
}
