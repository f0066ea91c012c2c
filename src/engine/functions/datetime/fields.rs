//! `extract` and `date_part`: the fields of dates, times and intervals. `extract` gives numeric, with as many digits as PostgreSQL does;
//! `date_part` gives double precision.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Field as ArrowField, FieldRef, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::Times;
use super::function::{T, no_function};
use crate::engine::functions::native::outward;
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

/// `extract(field from source)` or `date_part(field, source)`.
#[derive(Clone)]
struct Extract {
    times: Arc<Times>,
    signature: Signature,
    numeric: bool,
}

impl Extract {
    fn source(&self, types: &[DataType]) -> Result<T> {
        let undefined = || outward(no_function(self.name(), types));
        let [field, source] = types else { return Err(undefined()) };
        if !field.is_string() && !field.is_null() {
            return Err(undefined());
        }
        match T::of(source) {
            // As date_part has it; the hour of a date is zero there.
            Some(T::Date) if !self.numeric => Ok(T::Timestamp),
            Some(t) if t.is_temporal() => Ok(t),
            Some(T::Text) if !self.numeric => Ok(T::Timestamptz),
            _ if source.is_null() => Ok(T::Timestamptz),
            Some(_) | None => Err(undefined()),
        }
    }

    fn type_of(&self, field: Option<&str>, source: T) -> DataType {
        if !self.numeric {
            return DataType::Float64;
        }
        let scale = field.and_then(Field::named).map_or(6, |field| field.scale(source));
        DataType::Decimal128(if scale == 20 { 38 } else { 20 + scale as u8 }, scale)
    }

    /// A field of a row's value, as so many of 10^-scale.
    fn value(&self, name: &str, source: T, array: &ArrayRef, row: usize, zone: Zone) -> Result<Value, Error> {
        let type_name = PgType::of(&source.arrow()).sql_name;
        let Some(field) = Field::named(name) else { return Err(unsupported(name, type_name)) };
        let infinite = |positive: bool, none: bool| match () {
            () if none => Err(unsupported(name, type_name)),
            () if field.grows() => Ok(Value::Infinite(positive)),
            () => Ok(Value::None),
        };
        let value = match source {
            T::Date => {
                let days = array.as_primitive::<Date32Type>().value(row);
                if !is_finite_date(days) {
                    return infinite(days > 0, of_day(field, 0).is_none());
                }
                of_day(field, i64::from(days))
            }
            T::Time => of_time(field, array.as_primitive::<Time64MicrosecondType>().value(row)),
            T::Interval => of_interval(field, array.as_primitive::<IntervalMonthDayNanoType>().value(row).into()),
            _ => {
                let at = array.as_primitive::<TimestampMicrosecondType>().value(row);
                let zoned = source == T::Timestamptz;
                if !is_finite(at) {
                    return infinite(at > 0, of_moment(field, 0, zoned.then_some(0)).is_none());
                }
                let offset = if zoned { zone.offset(at) } else { 0 };
                of_moment(field, at.saturating_add(i64::from(offset) * SECOND), zoned.then_some(offset))
            }
        };
        value.map(Value::Scaled).ok_or_else(|| unsupported(name, type_name))
    }
}

impl std::fmt::Debug for Extract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Extract {
    fn eq(&self, other: &Self) -> bool {
        self.numeric == other.numeric
    }
}

impl Eq for Extract {}

impl Hash for Extract {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.numeric.hash(state);
    }
}

impl ScalarUDFImpl for Extract {
    fn name(&self) -> &str {
        if self.numeric { "extract" } else { "date_part" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![DataType::Utf8, self.source(types)?.arrow()])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(self.type_of(None, self.source(types)?))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        let field = args.scalar_arguments.first().copied().flatten().and_then(|s| s.try_as_str().flatten());
        Ok(Arc::new(ArrowField::new(self.name(), self.type_of(field, self.source(&types)?), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let source = self.source(&types)?;
        let [names, values] = args.args.as_slice() else { return Err(DataFusionError::Internal("extract of two".to_owned())) };
        let constant = matches!((names, values), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let fixed =
            if let ColumnarValue::Scalar(name) = names { Some(name.try_as_str().flatten().map(str::to_owned)) } else { None };
        let names = cast(&names.to_array(rows)?, &DataType::Utf8)?;
        let values = values.to_array(rows)?;
        let wanted = args.return_field.data_type();
        let names = names.as_string::<i32>();
        let zone = self.times.zone();
        let name = |row: usize| match &fixed {
            Some(name) => name.as_deref(),
            None => names.is_valid(row).then(|| names.value(row)),
        };
        // Whatever the rows hold, a field that the type has not is an error.
        let each = |row: usize| match name(row).filter(|_| values.is_valid(row)) {
            Some(name) => self
                .value(name, source, &values, row, zone)
                .map(|value| (value, Field::named(name).map_or(0, |field| field.scale(source)))),
            None => Ok((Value::None, 0)),
        };
        let answer: ArrayRef = match wanted {
            DataType::Decimal128(precision, scale) => {
                let digits = |row: usize| match each(row)? {
                    (Value::Scaled(value), own) => {
                        let shift = i32::from(*scale) - i32::from(own);
                        Ok(Some(if shift >= 0 { value * 10i128.pow(shift as u32) } else { value / 10i128.pow(-shift as u32) }))
                    }
                    (Value::None, _) => Ok(None),
                    (Value::Infinite(_), _) => Err(Error::new(Kind::OutOfRange, "numeric field overflow")
                        .with_detail("numeric infinities are not supported; use date_part().")),
                };
                let array = (0..rows).map(digits).collect::<Result<Decimal128Array, Error>>().map_err(outward)?;
                Arc::new(array.with_precision_and_scale(*precision, *scale)?)
            }
            _ => {
                let number = |row: usize| match each(row)? {
                    (Value::Scaled(value), own) => Ok(Some(value as f64 / 10f64.powi(i32::from(own)))),
                    (Value::None, _) => Ok(None),
                    (Value::Infinite(positive), _) => Ok(Some(if positive { f64::INFINITY } else { f64::NEG_INFINITY })),
                };
                Arc::new((0..rows).map(number).collect::<Result<Float64Array, Error>>().map_err(outward)?)
            }
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?));
        }
        Ok(ColumnarValue::Array(answer))
    }

    fn preimage(
        &self,
        args: &[datafusion::logical_expr::Expr],
        literal: &datafusion::logical_expr::Expr,
        info: &datafusion::logical_expr::simplify::SimplifyContext,
    ) -> Result<datafusion::logical_expr::preimage::PreimageResult> {
        super::preimage::of(self.name(), args, literal, info, &self.times)
    }
}

pub fn functions(times: &Arc<Times>) -> Vec<Arc<ScalarUDF>> {
    let of = |numeric| Extract { times: Arc::clone(times), signature: Signature::user_defined(Volatility::Immutable), numeric };
    vec![Arc::new(ScalarUDF::from(of(true))), Arc::new(ScalarUDF::from(of(false)))]
}
