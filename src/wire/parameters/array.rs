//! Array parameters: PostgreSQL's `{a,"b c",NULL}` (8.15.2) and `array_recv`'s binary form, of one dimension.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat;
use arrow::datatypes::Field;

use crate::error::{Error, Kind, Result};
use crate::table::pg_type::{PgType, arrow_type};
use crate::table::pg_value::Style;

use super::binary::incorrect;
use super::{Format, decode, numeric};

/// Reads an array's text.
pub(super) fn text(element: &'static PgType, literal: &str, style: &Style) -> Result<ArrayRef> {
    let target = arrow_type(element);
    let values = elements(literal)?
        .iter()
        .map(|value| decode(element, Format::Text, value.as_deref().map(str::as_bytes), &target, style))
        .collect::<Result<Vec<_>>>()?;
    list(element, &values)
}

/// Reads an array's binary form: dimensions, a flag for nulls, the element's oid, length and lower bound, then the elements.
pub(super) fn binary(element: &'static PgType, bytes: &[u8], style: &Style) -> Result<ArrayRef> {
    let mut rest = bytes;
    let dimensions = int(&mut rest)?;
    let (_has_nulls, oid) = (int(&mut rest)?, int(&mut rest)?);
    if oid as u32 != element.oid {
        return Err(Error::new(
            Kind::DatatypeMismatch,
            format!("binary data has array element type {oid} instead of {}", element.oid),
        ));
    }
    let count = match dimensions {
        0 => 0,
        1 => {
            let (count, _lower_bound) = (int(&mut rest)?, int(&mut rest)?);
            count
        }
        _ => return Err(more_dimensions()),
    };
    let target = arrow_type(element);
    let mut values = Vec::new();
    for _ in 0..count {
        let value = match int(&mut rest)? {
            -1 => None,
            length => {
                let length = usize::try_from(length).map_err(|_| incorrect())?;
                let (value, tail) = rest.split_at_checked(length).ok_or_else(incorrect)?;
                rest = tail;
                Some(value)
            }
        };
        values.push(decode(element, Format::Binary, value, &target, style)?);
    }
    if !rest.is_empty() {
        return Err(incorrect());
    }
    list(element, &values)
}

/// One list of these one-value arrays.
fn list(element: &'static PgType, values: &[ArrayRef]) -> Result<ArrayRef> {
    let item = arrow_type(element);
    let parts: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
    let joined = match numeric::alike(&parts) {
        Some(numbers) => numbers,
        None if parts.is_empty() => Ok(new_empty_array(&item)),
        None => concat(&parts),
    };
    let joined = joined.map_err(|e| Error::new(Kind::Internal, "array elements of several types").caused_by(e))?;
    let offsets = OffsetBuffer::from_lengths([joined.len()]);
    let item = Arc::new(Field::new("item", joined.data_type().clone(), true));
    Ok(Arc::new(ListArray::new(item, offsets, joined, None)))
}

/// The elements of an array literal; `None` for an unquoted NULL.
fn elements(literal: &str) -> Result<Vec<Option<String>>> {
    let malformed = || Error::new(Kind::InvalidText, format!("malformed array literal: \"{literal}\""));
    let inside = literal.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or_else(malformed)?;
    let mut elements = Vec::new();
    if inside.trim().is_empty() {
        return Ok(elements);
    }
    let mut characters = inside.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_ascii_whitespace()).is_some() {}
        let (mut value, mut quoted) = (String::new(), false);
        if characters.next_if_eq(&'"').is_some() {
            quoted = true;
            loop {
                match characters.next().ok_or_else(malformed)? {
                    '"' => break,
                    '\\' => value.push(characters.next().ok_or_else(malformed)?),
                    c => value.push(c),
                }
            }
            while characters.next_if(|c| c.is_ascii_whitespace()).is_some() {}
        } else {
            while let Some(c) = characters.next_if(|c| *c != ',') {
                match c {
                    '{' => return Err(more_dimensions()),
                    '}' | '"' => return Err(malformed()),
                    '\\' => value.push(characters.next().ok_or_else(malformed)?),
                    c => value.push(c),
                }
            }
            value.truncate(value.trim_end().len());
            if value.is_empty() {
                return Err(malformed());
            }
        }
        let is_null = !quoted && value.eq_ignore_ascii_case("null");
        elements.push((!is_null).then_some(value));
        match characters.next() {
            None => return Ok(elements),
            Some(',') => {}
            Some(_) => return Err(malformed()),
        }
    }
}

fn int(bytes: &mut &[u8]) -> Result<i32> {
    let (head, rest) = bytes.split_first_chunk().ok_or_else(incorrect)?;
    *bytes = rest;
    Ok(i32::from_be_bytes(*head))
}

fn more_dimensions() -> Error {
    Error::new(Kind::Unsupported, "array parameters of more than one dimension are not supported")
}
