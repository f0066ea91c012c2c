//! `bytea`: its input, its bytes and bits, and parts of it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::compute::kernels::length::{bit_length, length};
use arrow::datatypes::{DataType, Int32Type};
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Column, Function, Gives, Type::*, invalid, outward};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("octet_length", &[&[Text], &[Bytes]], Gives::Int4, |call| lengths(call, 1)),
        Function::new("bit_length", &[&[Text], &[Bytes]], Gives::Int4, |call| lengths(call, 8)),
        Function::new("bit_count", &[&[Bytes]], Gives::Int8, |call| {
            let bytes = call.bytes(0)?;
            call.collect::<i64, Int64Array>(|row| Ok(Some(bytes.value(row).iter().map(|b| i64::from(b.count_ones())).sum())))
        }),
        Function::new("get_byte", &[&[Bytes, Int]], Gives::Int4, |call| {
            let (bytes, at) = (call.bytes(0)?, call.ints(1)?);
            call.collect::<i32, Int32Array>(|row| {
                let bytes = bytes.value(row);
                Ok(Some(i32::from(bytes[index(at.value(row), bytes.len())?])))
            })
        }),
        Function::new("get_bit", &[&[Bytes, Int]], Gives::Int4, |call| {
            let (bytes, at) = (call.bytes(0)?, call.ints(1)?);
            call.collect::<i32, Int32Array>(|row| {
                let bytes = bytes.value(row);
                let bit = index(at.value(row), bytes.len() * 8)?;
                Ok(Some(i32::from(bytes[bit / 8] >> (bit % 8) & 1)))
            })
        }),
        Function::new("set_byte", &[&[Bytes, Int, Int]], Gives::Bytes, |call| {
            let (bytes, at, new) = (call.bytes(0)?, call.ints(1)?, call.ints(2)?);
            call.write_bytes(|row, out| {
                out.extend_from_slice(bytes.value(row));
                let at = index(at.value(row), out.len())?;
                out[at] = new.value(row).to_le_bytes()[0];
                Ok(true)
            })
        }),
        Function::new("set_bit", &[&[Bytes, Int, Int]], Gives::Bytes, |call| {
            let (bytes, at, new) = (call.bytes(0)?, call.ints(1)?, call.ints(2)?);
            call.write_bytes(|row, out| {
                out.extend_from_slice(bytes.value(row));
                let bit = index(at.value(row), out.len() * 8)?;
                let mask = 1 << (bit % 8);
                match new.value(row) {
                    0 => out[bit / 8] &= !mask,
                    1 => out[bit / 8] |= mask,
                    _ => return Err(invalid("new bit must be 0 or 1")),
                }
                Ok(true)
            })
        }),
        // What a cast to bytea of a text is, and one to text of a bytea.
        Function::new("text_to_bytea", &[&[Bytes], &[Text]], Gives::Bytes, |call| call.bytes(0)?.into_array()),
        Function::new("bytea_concat", &[&[Bytes, Bytes]], Gives::Bytes, |call| {
            let (left, right) = (call.bytes(0)?, call.bytes(1)?);
            call.write_bytes(|row, out| {
                out.extend_from_slice(left.value(row));
                out.extend_from_slice(right.value(row));
                Ok(true)
            })
        }),
    ]
}

/// The lengths of texts' or bytes' bytes, times a number.
fn lengths(call: &Call, times: i32) -> Result<ArrayRef> {
    let array = &call.array(0)?;
    let array = match array.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::Utf8 | DataType::LargeUtf8 => Arc::clone(array),
        t if t.is_binary() => cast(array, &DataType::Binary)?,
        _ => Arc::new(call.texts(0)?.iter().collect::<StringArray>()),
    };
    let lengths = match (times, array.data_type()) {
        (8, _) => bit_length(&array)?,
        // `length` counts bytes.
        _ => length(&array)?,
    };
    Ok(Arc::new(cast(&lengths, &DataType::Int32)?.as_primitive::<Int32Type>().clone()))
}

/// An index within a value's bytes or bits; error 2202E outside of them.
fn index(at: i64, len: usize) -> Result<usize> {
    usize::try_from(at).ok().filter(|at| *at < len).ok_or_else(|| {
        let message = format!("index {at} out of valid range, 0..{}", i128::try_from(len).unwrap_or_default() - 1);
        outward(Error::new(Kind::InvalidSubscript, message))
    })
}

/// The bytes of a `bytea`'s text: the hex format (`\x` and pairs of digits, blanks between them) or the escape format (`\\`, `\nnn`).
/// [`Kind::InvalidText`] or, of hex digits, [`Kind::InvalidParameter`] when it is none.
pub fn parse(text: &str) -> crate::error::Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => hex(digits),
        None => escaped(text),
    }
}

/// The bytes of pairs of hex digits.
pub(super) fn hex(digits: &str) -> crate::error::Result<Vec<u8>> {
    let mut nibbles = Vec::with_capacity(digits.len());
    for c in digits.chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')) {
        let digit = c.to_digit(16).and_then(|d| u8::try_from(d).ok());
        nibbles.push(digit.ok_or_else(|| Error::new(Kind::InvalidParameter, format!("invalid hexadecimal digit: \"{c}\"")))?);
    }
    if nibbles.len() % 2 != 0 {
        return Err(Error::new(Kind::InvalidParameter, "invalid hexadecimal data: odd number of digits"));
    }
    Ok(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The bytes of the escape format.
pub(super) fn escaped(text: &str) -> crate::error::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                out.push(b'\\');
                after
            }
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            (b'\\', _) => return Err(Error::new(Kind::InvalidText, "invalid input syntax for type bytea")),
            (byte, after) => {
                out.push(*byte);
                after
            }
        };
    }
    Ok(out)
}

/// Where PostgreSQL's `substring(value from start for count)` begins and ends, of a value of `len` parts: error 22011 when `count` is
/// negative.
pub(super) fn range(start: i64, count: Option<i64>, len: usize) -> Result<std::ops::Range<usize>> {
    if count.is_some_and(|count| count < 0) {
        return Err(outward(Error::new(Kind::InvalidSubstring, "negative substring length not allowed")));
    }
    let end = count.map_or(i64::MAX, |count| start.saturating_add(count));
    let place = |at: i64| usize::try_from(at.saturating_sub(1)).unwrap_or(0).min(len);
    Ok(place(start)..place(end).max(place(start)))
}

/// Bytes as an array's type has them.
pub(super) fn is_bytes(call: &Call, i: usize) -> bool {
    call.data_type(i).is_binary()
}

/// The first place of a part, from 1; 0 when there is none.
pub(super) fn position(bytes: &[u8], part: &[u8]) -> usize {
    if part.is_empty() { 1 } else { memchr::memmem::find(bytes, part).map_or(0, |at| at + 1) }
}

/// A column of bytes, for kernels of several.
pub(super) fn column(call: &Call, i: usize) -> Result<Column<BinaryArray>> {
    call.bytes(i)
}

#[cfg(test)]
mod tests {
    use super::{parse, range};

    #[test]
    fn both_formats_are_read() {
        for (text, want) in [
            ("\\x00fF", Ok(vec![0, 255])),
            ("\\x 00 ff", Ok(vec![0, 255])),
            ("a\\\\\\001", Ok(vec![b'a', b'\\', 1])),
            ("\\x0", Err("invalid hexadecimal data: odd number of digits".to_owned())),
            ("\\x0g", Err("invalid hexadecimal digit: \"g\"".to_owned())),
            ("\\8", Err("invalid input syntax for type bytea".to_owned())),
        ] {
            assert_eq!(parse(text).map_err(|e| e.to_string()), want, "{text}");
        }
    }

    #[test]
    fn parts_begin_before_the_first_and_end_behind_the_last() {
        for (start, count, want) in [
            (2, Some(3), 1..4),
            (-1, Some(3), 0..1),
            (0, None, 0..6),
            (10, None, 6..6),
            (1, Some(i64::MAX), 0..6),
            (-5, Some(3), 0..0),
        ] {
            assert_eq!(range(start, count, 6).ok(), Some(want), "{start} {count:?}");
        }
        assert!(range(2, Some(-1), 6).is_err());
    }
}
