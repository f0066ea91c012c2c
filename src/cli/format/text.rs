//! Values as PostgreSQL prints them (`DateStyle` ISO, `IntervalStyle` postgres, `bytea_output` hex; times in UTC). A batch is first
//! brought to few types, then each column is written through one function.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::{Display, Write};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, FieldRef, Float32Type, Float64Type, IntervalMonthDayNanoType, IntervalUnit, Schema, Time64MicrosecondType,
    TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::json::EncoderOptions;
use arrow::json::writer::make_encoder;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, NaiveTime};

/// Puts the value of a row that is not NULL behind a text.
type Writer<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// One column's values.
pub(super) struct Cells<'a> {
    array: &'a dyn Array,
    write: Writer<'a>,
}

impl Cells<'_> {
    /// Puts the row's value behind `out`; false, and nothing, when it is NULL.
    pub(super) fn write(&self, row: usize, out: &mut String) -> bool {
        if self.array.is_null(row) {
            return false;
        }
        (self.write)(row, out);
        true
    }
}

/// The batch with every column in a type that [`cells`] knows: times in microseconds, intervals in months, days and nanoseconds,
/// dictionaries unpacked.
pub(super) fn simplified(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let fields: Vec<FieldRef> = batch.schema_ref().fields().iter().map(simpler_field).collect();
    let columns = batch.columns().iter().zip(&fields);
    let columns = columns.map(|(array, field)| cast(array, field.data_type())).collect::<Result<Vec<_>, _>>()?;
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

/// The columns of a batch that [`simplified`] made.
pub(super) fn cells(batch: &RecordBatch) -> Result<Vec<Cells<'_>>, ArrowError> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    columns.map(|(field, array)| Ok(Cells { array, write: writer(field, array)? })).collect()
}

/// Whether psql would align the column to the right.
pub(super) fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_number(value),
        other => other.is_numeric(),
    }
}

fn simpler_field(field: &FieldRef) -> FieldRef {
    let simpler = simpler(field.data_type());
    // Nullable, since a cast may find what a field promised not to have.
    Arc::new(Field::new(field.name(), simpler, true))
}

fn simpler(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value) => simpler(value),
        DataType::RunEndEncoded(_, values) => simpler(values.data_type()),
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Date64 => DataType::Date32,
        DataType::Float16 => DataType::Float32,
        DataType::Interval(_) | DataType::Duration(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::List(item) | DataType::ListView(item) => DataType::List(simpler_field(item)),
        DataType::LargeList(item) | DataType::LargeListView(item) => DataType::LargeList(simpler_field(item)),
        DataType::FixedSizeList(item, n) => DataType::FixedSizeList(simpler_field(item), *n),
        other => other.clone(),
    }
}

fn writer<'a>(field: &'a FieldRef, array: &'a dyn Array) -> Result<Writer<'a>, ArrowError> {
    Ok(match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean();
            Box::new(|row, out| out.push(if values.value(row) { 't' } else { 'f' }))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            // float4out goes over to an exponent at FLT_DIG digits, float8out at DBL_DIG.
            Box::new(|row, out| float(values.value(row), &format!("{:e}", values.value(row)), 6, out))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Box::new(|row, out| float(values.value(row), &format!("{:e}", values.value(row)), 15, out))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            let suffix = if zone.is_some() { "+00" } else { "" };
            Box::new(move |row, out| timestamp(values.value(row), suffix, out))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let values = array.as_primitive::<Time64MicrosecondType>();
            Box::new(|row, out| time(values.value(row), out))
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let values = array.as_primitive::<IntervalMonthDayNanoType>();
            Box::new(|row, out| {
                let v = values.value(row);
                interval(v.months, v.days, v.nanoseconds / 1000, out);
            })
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let hex = plain(array)?;
            Box::new(move |row, out| {
                out.push_str("\\x");
                hex(row, out);
            })
        }
        DataType::List(item) => {
            let offsets = array.as_list::<i32>().value_offsets();
            list(item, array.as_list::<i32>().values(), move |row| offsets[row] as usize..offsets[row + 1] as usize)?
        }
        DataType::LargeList(item) => {
            let offsets = array.as_list::<i64>().value_offsets();
            list(item, array.as_list::<i64>().values(), move |row| offsets[row] as usize..offsets[row + 1] as usize)?
        }
        DataType::FixedSizeList(item, _) => {
            let lists = array.as_fixed_size_list();
            let start = |row| lists.value_offset(row) as usize;
            list(item, lists.values(), move |row| start(row)..start(row) + lists.value_length() as usize)?
        }
        DataType::Struct(_) | DataType::Map(..) => {
            let encoder = RefCell::new(make_encoder(field, array, &JSON)?);
            Box::new(move |row, out| {
                let mut bytes = Vec::new();
                encoder.borrow_mut().encode(row, &mut bytes);
                out.push_str(&String::from_utf8_lossy(&bytes));
            })
        }
        _ => plain(array)?,
    })
}

/// How records within a cell are written: as JSON with its nulls, which is what their PostgreSQL type is.
static JSON: LazyLock<EncoderOptions> = LazyLock::new(|| EncoderOptions::default().with_explicit_nulls(true));

/// Integers, decimals, dates and text are the same in Arrow's words and PostgreSQL's.
fn plain<'a>(array: &'a dyn Array) -> Result<Writer<'a>, ArrowError> {
    let formatter = ArrayFormatter::try_new(array, &FormatOptions::new())?;
    Ok(Box::new(move |row, out| push(out, formatter.value(row))))
}

/// `{1,NULL,"a b"}`, with the quotes of array_out (section 8.15.6 of PostgreSQL's manual).
fn list<'a>(
    item: &'a FieldRef,
    values: &'a dyn Array,
    range: impl Fn(usize) -> Range<usize> + 'a,
) -> Result<Writer<'a>, ArrowError> {
    let items = Cells { array: values, write: writer(item, values)? };
    let nested = item.data_type().is_nested() && !matches!(item.data_type(), DataType::Struct(_) | DataType::Map(..));
    Ok(Box::new(move |row, out| {
        let mut text = String::new();
        out.push('{');
        for (n, i) in range(row).enumerate() {
            if n > 0 {
                out.push(',');
            }
            text.clear();
            match items.write(i, &mut text) {
                true if nested => out.push_str(&text),
                true => out.push_str(&array_item(&text)),
                false => out.push_str("NULL"),
            }
        }
        out.push('}');
    }))
}

fn array_item(text: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_ascii_whitespace() || c == '\x0b';
    if !text.is_empty() && !text.contains(special) && !text.eq_ignore_ascii_case("null") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The shortest digits that read back the same, as `float8out` with `extra_float_digits` 1. `scientific` is Rust's `{:e}` of the same
/// number: `1.5e7`.
fn float<F: Display + Into<f64> + Copy>(value: F, scientific: &str, digits: i32, out: &mut String) {
    let wide: f64 = value.into();
    if wide.is_nan() {
        out.push_str("NaN");
    } else if wide.is_infinite() {
        out.push_str(if wide > 0.0 { "Infinity" } else { "-Infinity" });
    } else if let Some((mantissa, Ok(exponent))) = scientific.split_once('e').map(|(m, e)| (m, e.parse::<i32>()))
        && !(-4..digits).contains(&exponent)
    {
        let sign = if exponent < 0 { '-' } else { '+' };
        push(out, format_args!("{mantissa}e{sign}{:02}", exponent.abs()));
    } else {
        push(out, value);
    }
}

fn timestamp(micros: i64, suffix: &str, out: &mut String) {
    match DateTime::from_timestamp_micros(micros) {
        Some(t) => {
            push(out, t.format("%Y-%m-%d %H:%M:%S"));
            fraction(t.timestamp_subsec_micros(), out);
            out.push_str(suffix);
        }
        None => out.push_str("out of range"),
    }
}

fn time(micros: i64, out: &mut String) {
    let seconds = u32::try_from(micros / 1_000_000).ok();
    match seconds.and_then(|s| NaiveTime::from_num_seconds_from_midnight_opt(s, 0)) {
        Some(t) => {
            push(out, t.format("%H:%M:%S"));
            fraction((micros % 1_000_000) as u32, out);
        }
        // PostgreSQL's time goes up to and including this one.
        None => out.push_str("24:00:00"),
    }
}

/// `.12` of 120,000 microseconds; nothing of zero.
fn fraction(micros: u32, out: &mut String) {
    if micros > 0 {
        out.push_str(format!(".{micros:06}").trim_end_matches('0'));
    }
}

/// `1 year 2 mons -3 days +04:05:06.5`: a part after a negative one shows its sign.
fn interval(months: i32, days: i32, micros: i64, out: &mut String) {
    let start = out.len();
    let mut negative_before = false;
    for (n, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if n != 0 {
            let blank = if out.len() > start { " " } else { "" };
            let plus = if negative_before && n > 0 { "+" } else { "" };
            push(out, format_args!("{blank}{plus}{n} {unit}{}", if n == 1 { "" } else { "s" }));
            negative_before = n < 0;
        }
    }
    if micros != 0 || out.len() == start {
        let blank = if out.len() > start { " " } else { "" };
        let sign = match (micros < 0, negative_before) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let seconds = micros.unsigned_abs() / 1_000_000;
        push(out, format_args!("{blank}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
        fraction((micros.unsigned_abs() % 1_000_000) as u32, out);
    }
}

fn push(out: &mut String, value: impl Display) {
    write!(out, "{value}").expect("a String takes any text");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, DurationSecondArray, Float32Array,
        Float64Array, Int32Array, ListArray, StringArray, StructArray, Time32SecondArray, TimestampMillisecondArray,
        TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::{Int32Type, IntervalMonthDayNano};

    use super::*;

    fn check(array: impl Array + 'static, want: &[&str]) {
        let array: ArrayRef = Arc::new(array);
        let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).expect("one column");
        let batch = simplified(&batch).expect("every type is simplified");
        let cells = cells(&batch).expect("every type is written");
        let got: Vec<String> = (0..batch.num_rows())
            .map(|row| {
                let mut out = String::new();
                if cells[0].write(row, &mut out) { out } else { "NULL".into() }
            })
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn values_are_postgresqls() {
        check(BooleanArray::from(vec![Some(true), Some(false), None]), &["t", "f", "NULL"]);
        check(UInt64Array::from(vec![u64::MAX]), &["18446744073709551615"]);
        check(
            Float64Array::from(vec![
                1.0,
                0.1,
                -0.0,
                1e15,
                123_456_789_012_345.0,
                1e-4,
                1e-5,
                1.5e300,
                f64::NAN,
                f64::NEG_INFINITY,
            ]),
            &["1", "0.1", "-0", "1e+15", "123456789012345", "0.0001", "1e-05", "1.5e+300", "NaN", "-Infinity"],
        );
        check(Float32Array::from(vec![0.1, 100_000.0, 1e6, 16_777_216.0]), &["0.1", "100000", "1e+06", "1.6777216e+07"]);
        check(
            Decimal128Array::from(vec![Some(-105), None]).with_precision_and_scale(10, 2).expect("it fits"),
            &["-1.05", "NULL"],
        );
        check(Date32Array::from(vec![19_000]), &["2022-01-08"]);
        check(Time32SecondArray::from(vec![0, 86_399]), &["00:00:00", "23:59:59"]);
        check(
            TimestampMillisecondArray::from(vec![0, 1_120, -1]),
            &["1970-01-01 00:00:00", "1970-01-01 00:00:01.12", "1969-12-31 23:59:59.999"],
        );
        check(TimestampNanosecondArray::from(vec![1_500_000_999]).with_timezone("+08:00"), &["1970-01-01 00:00:01.5+00"]);
        check(BinaryArray::from(vec![b"\x00\xff".as_slice()]), &["\\x00ff"]);
        check(DictionaryArray::<Int32Type>::from_iter([Some("a"), None]), &["a", "NULL"]);
    }

    #[test]
    fn intervals_are_postgresqls() {
        let of = |months, days, nanos| IntervalMonthDayNano::new(months, days, nanos);
        check(
            arrow::array::IntervalMonthDayNanoArray::from(vec![
                of(14, 3, 4_500_000_000),
                of(0, 0, 0),
                of(0, -1, 7_200_000_000_000),
                of(-1, 2, -1_000_000),
                of(1, 1, 0),
            ]),
            &["1 year 2 mons 3 days 00:00:04.5", "00:00:00", "-1 days +02:00:00", "-1 mons +2 days -00:00:00.001", "1 mon 1 day"],
        );
        check(DurationSecondArray::from(vec![90_061]), &["25:01:01"]);
    }

    #[test]
    fn lists_and_records_nest() {
        let numbers = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
        check(numbers, &["{1,NULL}", "NULL", "{}"]);
        let mut words = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
        words.append_value(["a", "", "b c", "null", "q\"\\"].map(Some));
        check(words.finish(), &[r#"{a,"","b c","null","q\"\\"}"#]);
        let record = StructArray::from(vec![
            (Arc::new(Field::new("n", DataType::Int32, true)), Arc::new(Int32Array::from(vec![Some(1), None])) as ArrayRef),
            (Arc::new(Field::new("t", DataType::Utf8, true)), Arc::new(StringArray::from(vec!["a\"b", "c"])) as ArrayRef),
        ]);
        check(record, &[r#"{"n":1,"t":"a\"b"}"#, r#"{"n":null,"t":"c"}"#]);
    }
}
