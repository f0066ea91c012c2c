//! Ends of aggregates over gathered values, and the pairs that some gather; `width_bucket`, `gen_random_uuid` and the like.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringViewBuilder, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type};
use datafusion::error::Result;

use crate::engine::dialect::shown_name;
use crate::engine::functions::native::outward;
use crate::engine::functions::text::shown;
use crate::engine::functions::typed::{Call, Function, Gives, Type::*, element, invalid, logical};
use crate::error::{Error, Kind};
use crate::table::pg_type;

pub(super) fn functions() -> Vec<Function> {
    vec![
        // Values as one, with all that is known of their types; `array_agg` would forget it.
        Function::new("together", &[&[Any]], Gives::Of(|f| row_of(f, false)), row).variadic(),
        // A table's row, with its columns' names.
        Function::new("row_of_columns", &[&[Any]], Gives::Of(|f| row_of(f, true)), row).variadic(),
        Function::new("string_agg_of", &[&[List]], Gives::Text, string_agg),
        Function::new("mode_of", &[&[List]], Gives::Of(of_element), mode),
        Function::new("width_bucket", &[&[Number, Number, Number, Int], &[Number, List]], Gives::Int4, width_bucket),
        Function::new("text_to_uuid", &[&[Text]], Gives::Logical(&pg_type::UUID), |call| {
            let texts = call.texts(0)?;
            call.write_texts(|row, out| uuid(texts.value(row), out).map(|()| true))
        }),
        Function::new("gen_random_uuid", &[&[]], Gives::Logical(&pg_type::UUID), |call| {
            call.write_texts(|_, out| {
                let mut bytes = [0u8; 16];
                getrandom::fill(&mut bytes)
                    .map_err(|e| outward(Error::new(Kind::Internal, format!("no random numbers: {e}"))))?;
                // Version 4, variant 1 (RFC 4122).
                bytes[6] = bytes[6] & 0x0f | 0x40;
                bytes[8] = bytes[8] & 0x3f | 0x80;
                put_uuid(&bytes, out);
                Ok(true)
            })
        })
        .volatile(),
        Function::new("text_to_varchar", &[&[Text, Int]], Gives::Logical(&pg_type::VARCHAR), |call| cut(call, false)),
        Function::new("text_to_bpchar", &[&[Text, Int]], Gives::Logical(&pg_type::BPCHAR), |call| cut(call, true)),
    ]
}

fn row_of(fields: &[FieldRef], named: bool) -> Result<FieldRef> {
    let member = |(n, f): (usize, &FieldRef)| {
        let name = if named { shown_name(f.name()).to_owned() } else { format!("f{}", n + 1) };
        Arc::new(f.as_ref().clone().with_name(name).with_nullable(true))
    };
    let fields: Fields = fields.iter().enumerate().map(member).collect();
    Ok(Arc::new(Field::new("", DataType::Struct(fields), true)))
}

fn row(call: &Call) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.gives.data_type() else { return Err(invalid("values are gathered as rows")) };
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), call.arrays.clone(), None, call.rows)?))
}

fn of_element(fields: &[FieldRef]) -> Result<FieldRef> {
    let Some(item) = fields.first().and_then(|f| element(f.data_type())) else { return Ok(logical("", &pg_type::TEXT)) };
    Ok(Arc::new(item.as_ref().clone().with_name("").with_nullable(true)))
}

/// Of rows of a text and what stands before it.
fn string_agg(call: &Call) -> Result<ArrayRef> {
    let (lists, style) = (call.lists(0)?, call.style());
    let Some(rows) = lists.values().as_struct_opt() else { return Err(invalid("texts are gathered as rows")) };
    let texts = shown(rows.column(0), &rows.fields()[0], &style)?;
    let between = shown(rows.column(1), &rows.fields()[1], &style)?;
    let mut out = StringViewBuilder::with_capacity(call.rows);
    let mut text = String::new();
    for row in 0..call.rows {
        text.clear();
        let mut any = false;
        for i in (lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize).filter(|i| texts.is_valid(*i)) {
            if any && between.is_valid(i) {
                text.push_str(between.value(i));
            }
            any = true;
            text.push_str(texts.value(i));
        }
        out.append_option(any.then_some(&text));
    }
    Ok(Arc::new(out.finish()))
}

/// The most frequent of values in order, the first of them where there are several.
fn mode(call: &Call) -> Result<ArrayRef> {
    let lists = call.lists(0)?;
    let same = |a: usize, b: usize| lists.values().slice(a, 1).as_ref() == lists.values().slice(b, 1).as_ref();
    let best = (0..call.rows).map(|row| {
        let (start, end) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
        let (mut best, mut most, mut from) = (None, 0, start);
        for i in start..end {
            if i + 1 == end || !same(i, i + 1) {
                if i + 1 - from > most {
                    (best, most) = (Some(i as u64), i + 1 - from);
                }
                from = i + 1;
            }
        }
        best
    });
    let best: arrow::array::UInt64Array = best.collect();
    Ok(arrow::compute::take(lists.values(), &best, None)?)
}

fn width_bucket(call: &Call) -> Result<ArrayRef> {
    let wrong = |message: &str| outward(Error::new(Kind::InvalidBuckets, message));
    let values = call.floats(0)?;
    if call.len() == 2 {
        let lists = call.lists(1)?;
        let bounds = arrow::compute::cast(lists.values(), &DataType::Float64)?;
        let bounds = bounds.as_primitive::<Float64Type>();
        return call.collect::<i32, Int32Array>(|row| {
            let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
            let bounds = bounds.values().get(range).unwrap_or_default();
            Ok(i32::try_from(bounds.partition_point(|b| *b <= values.value(row))).ok())
        });
    }
    let (lows, highs, counts) = (call.floats(1)?, call.floats(2)?, call.ints(3)?);
    call.collect::<i32, Int32Array>(|row| {
        let (value, low, high, count) = (values.value(row), lows.value(row), highs.value(row), counts.value(row));
        if count <= 0 || i32::try_from(count).is_err() {
            return Err(wrong("count must be greater than zero"));
        }
        if value.is_nan() || low.is_nan() || high.is_nan() {
            return Err(wrong("operand, lower bound, and upper bound cannot be NaN"));
        }
        if !low.is_finite() || !high.is_finite() {
            return Err(wrong("lower and upper bounds must be finite"));
        }
        if low == high {
            return Err(wrong("lower bound cannot equal upper bound"));
        }
        let (below, above) = if low < high { (value < low, value >= high) } else { (value > low, value <= high) };
        if above && count == i64::from(i32::MAX) {
            return Err(outward(Error::new(Kind::OutOfRange, "integer out of range")));
        }
        let share = (value - low) / (high - low);
        let bucket = if below {
            0
        } else if above {
            count + 1
        } else {
            ((share * count as f64) as i64 + 1).min(count)
        };
        Ok(i32::try_from(bucket).ok())
    })
}

fn uuid(text: &str, out: &mut String) -> Result<()> {
    let invalid = || outward(Error::new(Kind::InvalidText, format!("invalid input syntax for type uuid: \"{text}\"")));
    let inner = match (text.strip_prefix('{'), text.ends_with('}')) {
        (Some(inner), true) => &inner[..inner.len() - 1],
        (None, false) => text,
        (Some(_), false) | (None, true) => return Err(invalid()),
    };
    let (mut bytes, mut digits) = ([0u8; 16], 0);
    let mut after_hyphen = true;
    for c in inner.chars() {
        if c == '-' {
            // Hyphens part groups of four digits.
            if after_hyphen || digits % 4 != 0 {
                return Err(invalid());
            }
            after_hyphen = true;
            continue;
        }
        after_hyphen = false;
        let digit = c.to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(invalid)?;
        let byte = bytes.get_mut(digits / 2).ok_or_else(invalid)?;
        *byte = *byte << 4 | digit;
        digits += 1;
    }
    if digits != 32 || after_hyphen {
        return Err(invalid());
    }
    put_uuid(&bytes, out);
    Ok(())
}

fn put_uuid(bytes: &[u8; 16], out: &mut String) {
    use std::fmt::Write;
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        // Writing to a String does not fail.
        let _ = write!(out, "{byte:02x}");
    }
}

/// The longest `char(n)` there is.
const MAX_LENGTH: i64 = 10_485_760;

/// The first characters of a text, filled with blanks for `char(n)`.
fn cut(call: &Call, padded: bool) -> Result<ArrayRef> {
    let (texts, lengths) = (call.texts(0)?, call.ints(1)?);
    call.write_texts(|row, out| {
        let length = lengths.value(row);
        let length = usize::try_from(length.min(MAX_LENGTH)).unwrap_or(0);
        out.extend(texts.value(row).chars().take(length));
        if padded {
            let have = out.chars().count();
            if call.rows.saturating_mul(length) > 64 << 20 {
                return Err(invalid("the values of character(n) would have more than 67108864 bytes"));
            }
            out.extend(std::iter::repeat_n(' ', length.saturating_sub(have)));
        }
        Ok(true)
    })
}
