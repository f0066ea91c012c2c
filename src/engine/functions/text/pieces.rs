//! Parts of texts and `bytea` where DataFusion's functions take no bytes, no pattern, or answer otherwise: `substring`, `position`,
//! `overlay`, `trim`, `chr`, `length`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;

use super::bytes::{column, is_bytes, position, range};
use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid, outward};
use crate::engine::functions::regexp;
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    let same = Gives::Of(same_kind);
    vec![
        Function::new(
            "substring",
            &[&[Text, Int], &[Text, Int, Int], &[Bytes, Int], &[Bytes, Int, Int], &[Text, Text], &[Text, Text, Text]],
            same,
            substring,
        )
        .also(&["substr"]),
        Function::new("position_in", &[&[Text, Text], &[Bytes, Bytes]], Gives::Int4, place).also(&["strpos", "position"]),
        Function::new(
            "overlay",
            &[&[Text, Text, Int], &[Text, Text, Int, Int], &[Bytes, Bytes, Int], &[Bytes, Bytes, Int, Int]],
            same,
            overlay,
        ),
        Function::new("btrim", &[&[Text], &[Text, Text], &[Bytes, Bytes]], same, |call| trim(call, true, true)).also(&["trim"]),
        Function::new("ltrim", &[&[Text], &[Text, Text], &[Bytes, Bytes]], same, |call| trim(call, true, false)),
        Function::new("rtrim", &[&[Text], &[Text, Text], &[Bytes, Bytes]], same, |call| trim(call, false, true)),
        Function::new("length", &[&[Text], &[Bytes], &[Bytes, Text]], Gives::Int4, length),
        Function::new("character_length", &[&[Text]], Gives::Int4, length).also(&["char_length"]),
        Function::new("chr", &[&[Int]], Gives::Text, |call| {
            let codes = call.ints(0)?;
            call.write_texts(|row, out| {
                out.push(chr(codes.value(row))?);
                Ok(true)
            })
        }),
        Function::new("to_hex", &[&[Int]], Gives::Text, |call| {
            let numbers = call.ints(0)?;
            let wide = !matches!(call.data_type(0), DataType::Int8 | DataType::Int16 | DataType::Int32);
            call.write_texts(|row, out| {
                let number = numbers.value(row);
                out.push_str(&if wide { format!("{number:x}") } else { format!("{:x}", number as i32) });
                Ok(true)
            })
        }),
        Function::new("starts_with", &[&[Text, Text]], Gives::Bool, |call| {
            let (texts, starts) = (call.texts(0)?, call.texts(1)?);
            call.collect::<bool, BooleanArray>(|row| Ok(Some(texts.value(row).starts_with(starts.value(row)))))
        }),
    ]
}

/// Bytes of bytes, text of all else.
fn same_kind(fields: &[FieldRef]) -> Result<FieldRef> {
    let bytes = fields.first().is_some_and(|f| f.data_type().is_binary());
    Ok(Arc::new(Field::new("", if bytes { DataType::Binary } else { DataType::Utf8View }, true)))
}

/// The bytes of a text's characters `from..to`.
fn characters(text: &str, part: std::ops::Range<usize>) -> &str {
    if text.is_ascii() {
        return text.get(part).unwrap_or_default();
    }
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    let (from, to) = (at(part.start), at(part.end));
    &text[from..to]
}

fn substring(call: &Call) -> Result<ArrayRef> {
    if call.data_type(1).is_string() {
        return regexp::substring(call);
    }
    let starts = call.ints(1)?;
    let counts = if call.len() > 2 { Some(call.ints(2)?) } else { None };
    let count = |row| counts.as_ref().map(|c| c.value(row));
    if is_bytes(call, 0) {
        let bytes = column(call, 0)?;
        return call.write_bytes(|row, out| {
            let bytes = bytes.value(row);
            out.extend_from_slice(&bytes[range(starts.value(row), count(row), bytes.len())?]);
            Ok(true)
        });
    }
    let texts = call.texts(0)?;
    call.write_texts(|row, out| {
        let text = texts.value(row);
        // Characters are no more than bytes.
        out.push_str(characters(text, range(starts.value(row), count(row), text.len())?));
        Ok(true)
    })
}

fn place(call: &Call) -> Result<ArrayRef> {
    let (wholes, parts) = if is_bytes(call, 0) || is_bytes(call, 1) {
        (call.bytes(0)?, call.bytes(1)?)
    } else {
        let (texts, parts) = (call.texts(0)?, call.texts(1)?);
        return call.collect::<i32, Int32Array>(|row| {
            let text = texts.value(row);
            let at = position(text.as_bytes(), parts.value(row).as_bytes());
            let characters = if at == 0 { 0 } else { text[..at - 1].chars().count() + 1 };
            Ok(i32::try_from(characters).ok())
        });
    };
    call.collect::<i32, Int32Array>(|row| Ok(i32::try_from(position(wholes.value(row), parts.value(row))).ok()))
}

fn overlay(call: &Call) -> Result<ArrayRef> {
    let starts = call.ints(2)?;
    let counts = if call.len() > 3 { Some(call.ints(3)?) } else { None };
    // What is replaced begins at the first part; it has as many as the new one unless told.
    let places = |row: usize, new: usize| {
        let start = starts.value(row);
        if start <= 0 {
            return Err(outward(Error::new(Kind::InvalidSubstring, "negative substring length not allowed")));
        }
        let count = counts.as_ref().map_or(i64::try_from(new).unwrap_or(i64::MAX), |c| c.value(row));
        let end = start.checked_add(count).ok_or_else(|| outward(Error::new(Kind::OutOfRange, "integer out of range")))?;
        Ok((start, end))
    };
    if is_bytes(call, 0) {
        let (bytes, new) = (call.bytes(0)?, call.bytes(1)?);
        return call.write_bytes(|row, out| {
            let (bytes, new) = (bytes.value(row), new.value(row));
            let (start, end) = places(row, new.len())?;
            out.extend_from_slice(&bytes[range(1, Some(start - 1), bytes.len())?]);
            out.extend_from_slice(new);
            out.extend_from_slice(&bytes[range(end, None, bytes.len())?]);
            Ok(true)
        });
    }
    let (texts, new) = (call.texts(0)?, call.texts(1)?);
    call.write_texts(|row, out| {
        let (text, new) = (texts.value(row), new.value(row));
        let (start, end) = places(row, new.chars().count())?;
        out.push_str(characters(text, range(1, Some(start - 1), text.len())?));
        out.push_str(new);
        out.push_str(characters(text, range(end, None, text.len())?));
        Ok(true)
    })
}

fn trim(call: &Call, left: bool, right: bool) -> Result<ArrayRef> {
    if is_bytes(call, 0) {
        let (bytes, set) = (call.bytes(0)?, call.bytes(1)?);
        return call.write_bytes(|row, out| {
            let (mut bytes, set) = (bytes.value(row), set.value(row));
            while left && bytes.first().is_some_and(|b| set.contains(b)) {
                bytes = &bytes[1..];
            }
            while right && bytes.last().is_some_and(|b| set.contains(b)) {
                bytes = &bytes[..bytes.len() - 1];
            }
            out.extend_from_slice(bytes);
            Ok(true)
        });
    }
    let texts = call.texts(0)?;
    let sets = if call.len() > 1 { Some(call.texts(1)?) } else { None };
    call.write_texts(|row, out| {
        let (mut text, set) = (texts.value(row), sets.as_ref().map_or(" ", |s| s.value(row)));
        let is_in = |c: char| set.contains(c);
        if left {
            text = text.trim_start_matches(is_in);
        }
        if right {
            text = text.trim_end_matches(is_in);
        }
        out.push_str(text);
        Ok(true)
    })
}

/// Characters of texts, those of `char(n)` without the blanks it is filled with; bytes of bytes.
fn length(call: &Call) -> Result<ArrayRef> {
    if call.len() > 1 {
        let decoded = super::charset::decoded(call, 0, 1)?;
        return call.collect::<i32, Int32Array>(|row| Ok(i32::try_from(decoded[row].chars().count()).ok()));
    }
    if is_bytes(call, 0) {
        let bytes = call.bytes(0)?;
        return call.collect::<i32, Int32Array>(|row| Ok(i32::try_from(bytes.value(row).len()).ok()));
    }
    let texts = call.texts(0)?;
    let padded = *crate::table::pg_type::PgType::of_field(&call.fields[0]) == crate::table::pg_type::BPCHAR;
    call.collect::<i32, Int32Array>(|row| {
        let text = texts.value(row);
        let text = if padded { text.trim_end_matches(' ') } else { text };
        Ok(i32::try_from(if text.is_ascii() { text.len() } else { text.chars().count() }).ok())
    })
}

/// The character of a code.
fn chr(code: i64) -> Result<char> {
    let limit = |message: String| outward(Error::new(Kind::LimitExceeded, message));
    match code {
        0 => Err(limit("null character not permitted".into())),
        ..0 => Err(invalid("character number must be positive")),
        0x11_0000.. => Err(limit(format!("requested character too large for encoding: {code}"))),
        _ => u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| limit(format!("requested character not valid for encoding: {code}"))),
    }
}
