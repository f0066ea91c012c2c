//! Lists as PostgreSQL arrays: `{1,2,NULL}` with its quoting rules (PostgreSQL 15, 8.15.6), and `array_send`'s binary form. A
//! list of lists is an array of more dimensions.

use std::ops::Range;

use arrow::array::{Array, AsArray, GenericListArray, OffsetSizeTrait};
use arrow::datatypes::{DataType, Field};

use crate::error::{Error, Kind, Result};
use crate::snapshot::field_key;
use crate::table::pg_type::PgType;

use super::{Format, Style, Values, column};

/// Adds every list as an array.
pub(super) fn encode<O: OffsetSizeTrait>(
    array: &GenericListArray<O>,
    item: &Field,
    pg: &'static PgType,
    format: Format,
    style: &Style,
    out: &mut Values,
) -> Result<()> {
    match format {
        Format::Text => text(array, item, pg, style, out),
        Format::Binary => binary(array, item, pg, style, out),
    }
}

/// The field of a list's elements, with what the list's own says of how they are shown.
pub(super) fn element(item: &Field, list: &Field) -> Field {
    let mut metadata = list.metadata().clone();
    metadata.remove(field_key::LOGICAL);
    metadata.extend(item.metadata().iter().map(|(key, value)| (key.clone(), value.clone())));
    item.clone().with_metadata(metadata)
}

/// The elements are encoded as one column, then gathered list by list.
fn text<O: OffsetSizeTrait>(
    array: &GenericListArray<O>,
    item: &Field,
    pg: &'static PgType,
    style: &Style,
    out: &mut Values,
) -> Result<()> {
    let nested = is_list(item.data_type());
    let element = if nested { pg } else { element_of(pg) };
    let vector = pg.is_vector();
    let (first, last) = bounds(array);
    let mut elements = Values::default();
    column::encode(&array.values().slice(first, last - first), item, element, Format::Text, style, &mut elements)?;
    for i in 0..array.len() {
        if array.is_null(i) {
            out.null();
            continue;
        }
        let (start, end) = (array.value_offsets()[i].as_usize() - first, array.value_offsets()[i + 1].as_usize() - first);
        out.value(|bytes| {
            if vector {
                for (n, element) in (start..end).filter_map(|e| elements.get(e)).enumerate() {
                    if n > 0 {
                        bytes.push(b' ');
                    }
                    bytes.extend_from_slice(element);
                }
                return Ok(());
            }
            bytes.push(b'{');
            for (n, element) in (start..end).map(|e| elements.get(e)).enumerate() {
                if n > 0 {
                    bytes.push(b',');
                }
                match element {
                    None => bytes.extend_from_slice(b"NULL"),
                    Some(element) if nested || is_plain(element) => bytes.extend_from_slice(element),
                    Some(element) => quoted(element, bytes),
                }
            }
            bytes.push(b'}');
            Ok(())
        })?;
    }
    Ok(())
}

/// Whether an element needs no quotes.
fn is_plain(element: &[u8]) -> bool {
    let special = |b: &u8| matches!(b, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    !element.is_empty() && !element.eq_ignore_ascii_case(b"null") && !element.iter().any(special)
}

fn quoted(element: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in element {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// As [`text`], but for lists of lists, which are flattened one by one.
fn binary<O: OffsetSizeTrait>(
    array: &GenericListArray<O>,
    item: &Field,
    pg: &'static PgType,
    style: &Style,
    out: &mut Values,
) -> Result<()> {
    let of = element_of(pg);
    let nested = is_list(item.data_type());
    let (first, last) = bounds(array);
    let (mut elements, mut lengths) = (Values::default(), Vec::new());
    if !nested {
        column::encode(&array.values().slice(first, last - first), item, of, Format::Binary, style, &mut elements)?;
    }
    for i in 0..array.len() {
        if array.is_null(i) {
            out.null();
            continue;
        }
        lengths.clear();
        let range = if nested {
            elements.clear();
            flatten(&array.value(i), item, 0, &mut lengths, of, style, &mut elements)?;
            0..elements.count()
        } else {
            let range = array.value_offsets()[i].as_usize() - first..array.value_offsets()[i + 1].as_usize() - first;
            lengths.push(i32::try_from(range.len()).map_err(|_| super::too_big())?);
            range
        };
        out.value(|bytes| {
            send(&elements, range, &lengths, i32::from(!pg.is_vector()), of, bytes);
            Ok(())
        })?;
    }
    Ok(())
}

/// Appends `array_send`'s bytes: dimensions, whether there are nulls, the element's oid, then for each dimension its length and lower
/// bound, then the elements.
fn send(elements: &Values, range: Range<usize>, lengths: &[i32], lower: i32, element: &PgType, out: &mut Vec<u8>) {
    // A vector keeps its one dimension when it is empty.
    let lengths = if range.is_empty() && lower != 0 { &[] } else { lengths };
    // There are as many dimensions as the column's type has levels.
    out.extend_from_slice(&(lengths.len() as i32).to_be_bytes());
    let has_nulls = range.clone().any(|e| elements.get(e).is_none());
    out.extend_from_slice(&i32::from(has_nulls).to_be_bytes());
    out.extend_from_slice(&element.oid.to_be_bytes());
    for length in lengths {
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&lower.to_be_bytes());
    }
    out.extend_from_slice(elements.prefixed_all(range));
}

/// Adds the innermost elements of one list; `lengths` learns the length of each dimension, which must be the same everywhere. `field` is that of
/// the list's elements, with what is known of how they are shown.
fn flatten(
    list: &dyn Array,
    field: &Field,
    depth: usize,
    lengths: &mut Vec<i32>,
    pg: &'static PgType,
    style: &Style,
    out: &mut Values,
) -> Result<()> {
    let plain = match list.data_type() {
        DataType::Dictionary(_, value) => Some(value.as_ref()),
        DataType::RunEndEncoded(_, value) => Some(value.data_type()),
        _ => None,
    };
    if let Some(plain) = plain {
        let field = field.clone().with_data_type(plain.clone());
        return flatten(&column::recast(list, plain)?, &field, depth, lengths, pg, style, out);
    }
    let length = i32::try_from(list.len()).map_err(|_| super::too_big())?;
    match lengths.get(depth) {
        None => lengths.push(length),
        Some(&known) if known == length => {}
        Some(_) => return Err(ragged()),
    }
    let (DataType::List(item)
    | DataType::LargeList(item)
    | DataType::ListView(item)
    | DataType::LargeListView(item)
    | DataType::FixedSizeList(item, _)) = list.data_type()
    else {
        return column::encode(list, field, pg, Format::Binary, style, out);
    };
    if list.null_count() > 0 {
        return Err(ragged());
    }
    let inner = element(item, field);
    (0..list.len()).try_for_each(|i| {
        let values = match list.data_type() {
            DataType::List(_) => list.as_list::<i32>().value(i),
            DataType::LargeList(_) => list.as_list::<i64>().value(i),
            DataType::ListView(_) => list.as_list_view::<i32>().value(i),
            DataType::LargeListView(_) => list.as_list_view::<i64>().value(i),
            _ => list.as_fixed_size_list().value(i),
        };
        flatten(&values, &inner, depth + 1, lengths, pg, style, out)
    })
}

/// The part of the values that a (sliced) list array speaks of.
fn bounds<O: OffsetSizeTrait>(array: &GenericListArray<O>) -> (usize, usize) {
    let offsets = array.value_offsets();
    (offsets[0].as_usize(), offsets[array.len()].as_usize())
}

/// Whether values of this type are lists, packed or not: the same as [`PgType::of`] takes for an array.
fn is_list(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => true,
        DataType::Dictionary(_, values) => is_list(values),
        DataType::RunEndEncoded(_, values) => is_list(values.data_type()),
        _ => false,
    }
}

fn element_of(pg: &'static PgType) -> &'static PgType {
    pg.element_type().expect("a list is shown as an array type")
}

fn ragged() -> Error {
    Error::new(Kind::Unsupported, "multidimensional arrays must have sub-arrays with matching dimensions")
        .with_hint("Ask for the column in text format, or unnest it.")
}
