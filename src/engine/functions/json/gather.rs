//! The ends of `json_agg` and `json_object_agg`: what was gathered in an array becomes one JSON value.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion::error::Result;

use super::build::{as_json, put, text};
use super::value::quote;
use super::{JSON, JSONB};
use crate::engine::functions::native::outward;
use crate::engine::functions::text::shown;
use crate::engine::functions::typed::{Call, Function, Type::*, is_list};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("json_agg_of", &[&[List]], JSON, |call| elements(call, false)),
        Function::new("jsonb_agg_of", &[&[List]], JSONB, |call| elements(call, true)),
        Function::new("json_object_agg_of", &[&[List]], JSON, |call| members(call, false)),
        Function::new("jsonb_object_agg_of", &[&[List]], JSONB, |call| members(call, true)),
    ]
}

fn elements(call: &Call, binary: bool) -> Result<ArrayRef> {
    let lists = call.lists(0)?;
    let Some(rows) = lists.values().as_struct_opt() else {
        return Ok(arrow::array::new_null_array(&DataType::Utf8View, call.rows));
    };
    let item = &rows.fields()[0];
    let values = as_json(rows.column(0), item, &call.style())?;
    // Rows and arrays begin on a line of their own.
    let between = if matches!(item.data_type(), DataType::Struct(_)) || is_list(item.data_type()) { ", \n " } else { ", " };
    call.write_texts(|row, out| {
        out.push('[');
        for (n, i) in (lists.value_offsets()[row]..lists.value_offsets()[row + 1]).enumerate() {
            let json = text(&values, i as usize);
            if n > 0 {
                out.push_str(if binary || json.is_none() { ", " } else { between });
            }
            put(json.unwrap_or("null"), binary, out)?;
        }
        out.push(']');
        Ok(true)
    })
}

/// Of pairs of a key and a value.
fn members(call: &Call, binary: bool) -> Result<ArrayRef> {
    let (lists, style) = (call.lists(0)?, call.style());
    let Some(pairs) = lists.values().as_struct_opt() else {
        return Ok(arrow::array::new_null_array(&DataType::Utf8View, call.rows));
    };
    let keys = shown(pairs.column(0), &pairs.fields()[0], &style)?;
    let values = as_json(pairs.column(1), &pairs.fields()[1], &style)?;
    call.write_texts(|row, out| {
        let mut written = String::from("{ ");
        for (n, i) in (lists.value_offsets()[row]..lists.value_offsets()[row + 1]).enumerate() {
            let i = i as usize;
            if keys.is_null(i) {
                return Err(outward(Error::new(Kind::InvalidParameter, "field name must not be null")));
            }
            written.push_str(if n > 0 { ", " } else { "" });
            quote(keys.value(i), &mut written);
            written.push_str(" : ");
            written.push_str(text(&values, i).unwrap_or("null"));
        }
        written.push_str(" }");
        put(&written, binary, out)?;
        Ok(true)
    })
}
