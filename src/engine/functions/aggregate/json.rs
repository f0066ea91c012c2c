//! `json_agg` and `json_object_agg` with their kin: the values of a group as one JSON value.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewBuilder};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;

use super::gathered::{Kind, Values};
use crate::engine::functions::function::{is_list, logical, outward, undefined};
use crate::engine::functions::json::{as_json, put, quote, text};
use crate::engine::functions::text::shown;
use crate::error::{Error, Kind as Fault};
use crate::table::pg_type;

pub(super) const KINDS: [Kind; 4] = [
    Kind {
        name: "json_agg",
        gives: |fields| one(fields, "json_agg", &pg_type::JSON),
        finish: |values| elements(values, false),
        known: false,
        within_group: false,
    },
    Kind {
        name: "jsonb_agg",
        gives: |fields| one(fields, "jsonb_agg", &pg_type::JSONB),
        finish: |values| elements(values, true),
        known: false,
        within_group: false,
    },
    Kind {
        name: "json_object_agg",
        gives: |fields| two(fields, "json_object_agg", &pg_type::JSON),
        finish: |values| members(values, false),
        known: false,
        within_group: false,
    },
    Kind {
        name: "jsonb_object_agg",
        gives: |fields| two(fields, "jsonb_object_agg", &pg_type::JSONB),
        finish: |values| members(values, true),
        known: false,
        within_group: false,
    },
];

fn one(fields: &[FieldRef], name: &str, pg: &pg_type::PgType) -> Result<FieldRef> {
    if fields.len() == 1 { Ok(logical(name, pg)) } else { Err(outward(undefined(name, fields))) }
}

fn two(fields: &[FieldRef], name: &str, pg: &pg_type::PgType) -> Result<FieldRef> {
    if fields.len() == 2 { Ok(logical(name, pg)) } else { Err(outward(undefined(name, fields))) }
}

/// A text for each group that has rows.
fn each(values: &Values, mut write: impl FnMut(std::ops::Range<usize>, &mut String) -> Result<()>) -> Result<ArrayRef> {
    let (mut out, mut json) = (StringViewBuilder::new(), String::new());
    for group in 0..values.grouped.groups() {
        let range = values.grouped.range(group);
        json.clear();
        if range.is_empty() {
            out.append_null();
            continue;
        }
        write(range, &mut json)?;
        out.append_value(&json);
    }
    Ok(Arc::new(out.finish()))
}

fn elements(values: &Values, binary: bool) -> Result<ArrayRef> {
    let field = &values.fields[0];
    let all = as_json(&values.grouped.columns[0], field, &values.style)?;
    // Rows and arrays begin on a line of their own.
    let between = if matches!(field.data_type(), DataType::Struct(_)) || is_list(field.data_type()) { ", \n " } else { ", " };
    each(values, |range, out| {
        out.push('[');
        for i in range.clone() {
            let json = text(&all, i);
            if i > range.start {
                out.push_str(if binary || json.is_none() { ", " } else { between });
            }
            put(json.unwrap_or("null"), binary, out)?;
        }
        out.push(']');
        Ok(())
    })
}

fn members(values: &Values, binary: bool) -> Result<ArrayRef> {
    let keys = shown(&values.grouped.columns[0], &values.fields[0], &values.style)?;
    let all = as_json(&values.grouped.columns[1], &values.fields[1], &values.style)?;
    let mut written = String::new();
    each(values, |range, out| {
        written.clear();
        written.push_str("{ ");
        for i in range.clone() {
            if keys.is_null(i) {
                return Err(outward(Error::new(Fault::InvalidParameter, "field name must not be null")));
            }
            written.push_str(if i > range.start { ", " } else { "" });
            quote(keys.value(i), &mut written);
            written.push_str(" : ");
            written.push_str(text(&all, i).unwrap_or("null"));
        }
        written.push_str(" }");
        put(&written, binary, out)
    })
}
