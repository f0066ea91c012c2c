//! Functions that give rows: their values as an array, which the dialect unfolds. Members are pairs of a key and a value.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, ListBuilder, StringViewBuilder, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::error::Result;

use super::invalid;
use super::walk::{self, Kinds};
use crate::engine::functions::function::{Call, Function, Gives, Type::*, logical, outward};
use crate::table::pg_type::{self, PgType};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("json_array_elements", &[&[Json]], Gives::Of(|_| Ok(list(Some(&pg_type::JSON)))), |call| {
            elements(call, false)
        }),
        Function::new("jsonb_array_elements", &[&[Json]], Gives::Of(|_| Ok(list(Some(&pg_type::JSONB)))), |call| {
            elements(call, false)
        }),
        Function::new("json_array_elements_text", &[&[Json]], Gives::Of(|_| Ok(list(None))), |call| elements(call, true))
            .also(&["jsonb_array_elements_text"]),
        Function::new("json_object_keys", &[&[Json]], Gives::Of(|_| Ok(list(None))), |call| keys(call, "json"))
            .also(&["jsonb_object_keys"]),
        Function::new("json_each", &[&[Json]], Gives::Of(|_| Ok(pairs(Some(&pg_type::JSON)))), |call| members(call, false)),
        Function::new("jsonb_each", &[&[Json]], Gives::Of(|_| Ok(pairs(Some(&pg_type::JSONB)))), |call| members(call, false)),
        Function::new("json_each_text", &[&[Json]], Gives::Of(|_| Ok(pairs(None))), |call| members(call, true))
            .also(&["jsonb_each_text"]),
    ]
}

fn value(pg: Option<&'static PgType>, name: &str) -> FieldRef {
    pg.map_or_else(|| Arc::new(Field::new(name, DataType::Utf8View, true)), |pg| logical(name, pg))
}

fn list(of: Option<&'static PgType>) -> FieldRef {
    let list = Field::new("", DataType::List(value(of, "item")), true);
    Arc::new(match of {
        Some(pg) => pg_type::marked(list, pg.array_type()),
        None => list,
    })
}

fn pairs(of: Option<&'static PgType>) -> FieldRef {
    let members: Fields = vec![value(None, "key"), value(of, "value")].into();
    Arc::new(Field::new("", DataType::List(Arc::new(Field::new("item", DataType::Struct(members), true))), true))
}

/// The call's field of elements.
fn item(call: &Call) -> FieldRef {
    match call.gives.data_type() {
        DataType::List(item) => Arc::clone(item),
        _ => value(None, "item"),
    }
}

fn elements(call: &Call, as_text: bool) -> Result<ArrayRef> {
    let (texts, known) = (call.texts(0)?, call.known());
    let mut out = ListBuilder::new(StringViewBuilder::new()).with_field(item(call));
    for row in 0..call.rows {
        let valid = known.as_ref().is_none_or(|k| k.is_valid(row));
        if valid {
            match walk::open(texts.value(row)).map_err(outward)? {
                Kinds::Array(all) if as_text => {
                    for raw in all {
                        out.values().append_option(walk::as_text(raw).map_err(outward)?);
                    }
                }
                Kinds::Array(all) => all.into_iter().for_each(|raw| out.values().append_value(raw)),
                Kinds::Object(_) if call.is_jsonb(0) => return Err(invalid("cannot extract elements from an object")),
                Kinds::Object(_) => return Err(invalid("cannot call json_array_elements on a non-array")),
                Kinds::Scalar(_) if call.is_jsonb(0) => return Err(invalid("cannot extract elements from a scalar")),
                Kinds::Scalar(_) => return Err(invalid("cannot call json_array_elements on a scalar")),
            }
        }
        out.append(valid);
    }
    Ok(Arc::new(out.finish()))
}

fn keys(call: &Call, name: &str) -> Result<ArrayRef> {
    let (texts, known) = (call.texts(0)?, call.known());
    let name = if call.is_jsonb(0) { "jsonb" } else { name };
    let mut out = ListBuilder::new(StringViewBuilder::new()).with_field(item(call));
    for row in 0..call.rows {
        let valid = known.as_ref().is_none_or(|k| k.is_valid(row));
        if valid {
            match walk::open(texts.value(row)).map_err(outward)? {
                Kinds::Object(members) => members.into_iter().for_each(|(key, _)| out.values().append_value(key)),
                Kinds::Array(_) => return Err(invalid(format!("cannot call {name}_object_keys on an array"))),
                Kinds::Scalar(_) => return Err(invalid(format!("cannot call {name}_object_keys on a scalar"))),
            }
        }
        out.append(valid);
    }
    Ok(Arc::new(out.finish()))
}

fn members(call: &Call, as_text: bool) -> Result<ArrayRef> {
    let (texts, known) = (call.texts(0)?, call.known());
    let (mut keys, mut values) = (StringViewBuilder::new(), StringViewBuilder::new());
    let (mut lengths, mut valid) = (Vec::with_capacity(call.rows), Vec::with_capacity(call.rows));
    for row in 0..call.rows {
        valid.push(known.as_ref().is_none_or(|k| k.is_valid(row)));
        if valid.last() != Some(&true) {
            lengths.push(0);
            continue;
        }
        let Kinds::Object(members) = walk::open(texts.value(row)).map_err(outward)? else {
            let of = if call.is_jsonb(0) { "jsonb_each" } else { "json_each" };
            return Err(invalid(match texts.value(row).trim_start().starts_with('[') {
                true if of == "json_each" => "cannot deconstruct an array as an object".to_owned(),
                _ if of == "json_each" => "cannot deconstruct a scalar".to_owned(),
                _ => format!("cannot call {of} on a non-object"),
            }));
        };
        lengths.push(members.len());
        for (key, raw) in members {
            keys.append_value(key);
            if as_text {
                values.append_option(walk::as_text(raw).map_err(outward)?);
            } else {
                values.append_value(raw);
            }
        }
    }
    let item = item(call);
    let DataType::Struct(fields) = item.data_type().clone() else { return Err(invalid("members are pairs")) };
    let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), Arc::new(values.finish())];
    let pairs = StructArray::try_new(fields, columns, None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(pairs), Some(NullBuffer::from(valid)))?))
}
