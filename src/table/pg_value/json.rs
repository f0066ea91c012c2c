//! Nested values (structs, maps, unions) as JSON text, as PostgreSQL's `to_json` has it: numbers keep their digits, times are ISO 8601,
//! NULL is written, what JSON has no form for (`NaN`, intervals, bytes) is the type's own text in quotes. A map is an object whose names
//! are its keys' texts.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, UnionArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{ArrowNativeType, DataType, Field};

use crate::error::Result;
use crate::table::pg_type::{self, PgType};

use super::column::{self, recast};
use super::style::DateStyle;
use super::{Format, Style, Values};

/// Adds every value as a JSON text, also those of no nested type. Dates and times are in the form of ISO 8601 in all of the session's styles.
pub fn encode(array: &dyn Array, field: &Field, style: &Style, out: &mut Values) -> Result<()> {
    let tree = Tree::of(array, field, &Style { dates: DateStyle::Iso, ..style.clone() })?;
    // A union has no nulls but those of its branches.
    let nulls = array.logical_nulls();
    for i in 0..array.len() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(i)) {
            out.null();
        } else {
            out.value(|bytes| {
                tree.write(i, bytes);
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// A column whose leaves are encoded already, to be woven together row by row.
enum Tree {
    Leaf(Values, Leaf),
    Struct {
        there: ArrayRef,
        /// Each with its name as `"name":`.
        fields: Vec<(Vec<u8>, Tree)>,
    },
    List {
        there: ArrayRef,
        /// Into `items`, from the first one on.
        offsets: OffsetBuffer<i64>,
        items: Box<Tree>,
    },
    Map {
        there: ArrayRef,
        /// Into `keys` and `values`, from the first one on.
        offsets: OffsetBuffer<i32>,
        keys: Values,
        values: Box<Tree>,
    },
    Union {
        union: UnionArray,
        branches: Vec<(i8, Tree)>,
    },
}

/// How a leaf's text becomes JSON.
#[derive(Clone, Copy)]
enum Leaf {
    /// It is JSON.
    Bare,
    /// It is JSON unless it is no number, as `NaN`.
    Number,
    Bool,
    Timestamp,
    Text,
}

impl Tree {
    fn of(array: &dyn Array, field: &Field, style: &Style) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Struct(children) => {
                let columns = array.as_struct().columns();
                let child = |(f, c): (&Arc<Field>, &ArrayRef)| {
                    let mut name = Vec::new();
                    quoted(f.name().as_bytes(), &mut name);
                    name.push(b':');
                    Ok((name, Self::of(c, f, style)?))
                };
                let fields = children.iter().zip(columns).map(child).collect::<Result<_>>()?;
                Self::Struct { there: array.slice(0, array.len()), fields }
            }
            DataType::LargeList(item) => {
                let list = array.as_list::<i64>();
                let items = Box::new(Self::of(&list.values().slice(start(list.offsets()), length(list.offsets())), item, style)?);
                Self::List { there: array.slice(0, array.len()), offsets: list.offsets().clone(), items }
            }
            DataType::List(item)
            | DataType::FixedSizeList(item, _)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => Self::of(&recast(array, &DataType::LargeList(Arc::clone(item)))?, field, style)?,
            DataType::Map(..) => {
                let map = array.as_map();
                let (key, value) = map.entries_fields();
                let (start, length) = (start(map.offsets()), length(map.offsets()));
                let mut keys = Values::default();
                let texts = map.keys().slice(start, length);
                column::encode(&texts, key, PgType::of_field(key), Format::Text, style, &mut keys)?;
                let values = Box::new(Self::of(&map.values().slice(start, length), value, style)?);
                Self::Map { there: array.slice(0, array.len()), offsets: map.offsets().clone(), keys, values }
            }
            DataType::Union(fields, _) => {
                let union = array.as_union();
                let branch = |(id, f): (i8, &Arc<Field>)| Ok((id, Self::of(union.child(id), f, style)?));
                let branches = fields.iter().map(branch).collect::<Result<_>>()?;
                Self::Union { union: union.clone(), branches }
            }
            DataType::Dictionary(_, values) => Self::of(&recast(array, values)?, field, style)?,
            DataType::RunEndEncoded(_, values) => Self::of(&recast(array, values.data_type())?, field, style)?,
            _ => {
                let pg = PgType::of_field(field);
                let mut values = Values::default();
                column::encode(array, field, pg, Format::Text, style, &mut values)?;
                Self::Leaf(values, Leaf::of(pg))
            }
        })
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Leaf(values, leaf) => match values.get(row) {
                Some(text) => leaf.write(text, out),
                None => out.extend_from_slice(b"null"),
            },
            Self::Struct { there, .. } | Self::List { there, .. } | Self::Map { there, .. } if there.is_null(row) => {
                out.extend_from_slice(b"null");
            }
            Self::Struct { fields, .. } => {
                out.push(b'{');
                for (n, (name, tree)) in fields.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(name);
                    tree.write(row, out);
                }
                out.push(b'}');
            }
            Self::List { offsets, items, .. } => {
                out.push(b'[');
                for (n, item) in (offsets[row]..offsets[row + 1]).enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    items.write((item - offsets[0]).as_usize(), out);
                }
                out.push(b']');
            }
            Self::Map { offsets, keys, values, .. } => {
                out.push(b'{');
                for (n, entry) in (offsets[row]..offsets[row + 1]).enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    let entry = (entry - offsets[0]).as_usize();
                    quoted(keys.get(entry).unwrap_or_default(), out);
                    out.push(b':');
                    values.write(entry, out);
                }
                out.push(b'}');
            }
            Self::Union { union, branches } => {
                let id = union.type_id(row);
                match branches.iter().find(|(of, _)| *of == id) {
                    Some((_, tree)) => tree.write(union.value_offset(row), out),
                    None => out.extend_from_slice(b"null"),
                }
            }
        }
    }
}

/// Where the values begin that a (sliced) array's offsets speak of. Those before and behind are not encoded.
fn start<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> usize {
    offsets[0].as_usize()
}

/// How many values these are.
fn length<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> usize {
    offsets[offsets.len() - 1].as_usize() - start(offsets)
}

impl Leaf {
    fn of(pg: &PgType) -> Self {
        match pg.oid {
            oid if oid == pg_type::BOOL.oid => Self::Bool,
            oid if oid == pg_type::JSON.oid || oid == pg_type::JSONB.oid => Self::Bare,
            oid if oid == pg_type::TIMESTAMP.oid || oid == pg_type::TIMESTAMPTZ.oid => Self::Timestamp,
            _ if pg.category == 'N' => Self::Number,
            _ => Self::Text,
        }
    }

    fn write(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Bare => out.extend_from_slice(text),
            Self::Number if text.iter().any(u8::is_ascii_digit) => out.extend_from_slice(text),
            Self::Bool => out.extend_from_slice(if text == b"t" { b"true" } else { b"false" }),
            Self::Timestamp => {
                // The first blank stands between date and time; an offset of whole hours lacks its minutes.
                let (text, era) = match text.strip_suffix(b" BC") {
                    Some(text) => (text, &b" BC"[..]),
                    None => (text, &b""[..]),
                };
                out.push(b'"');
                let start = out.len();
                out.extend_from_slice(text);
                if let Some(blank) = out[start..].iter().position(|b| *b == b' ') {
                    out[start + blank] = b'T';
                }
                if let [.., b'+' | b'-', h, m] = text
                    && h.is_ascii_digit()
                    && m.is_ascii_digit()
                    && text.contains(&b':')
                {
                    out.extend_from_slice(b":00");
                }
                out.extend_from_slice(era);
                out.push(b'"');
            }
            Self::Number | Self::Text => quoted(text, out),
        }
    }
}

/// A JSON string (RFC 8259, section 7).
fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..0x20 => {
                // Writing to a Vec does not fail.
                let _ = write!(out, "\\u{byte:04x}");
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
