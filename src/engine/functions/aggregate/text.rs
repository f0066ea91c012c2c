//! `string_agg`: texts or bytes one behind the other, with what stands before each.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;

use super::gathered::{Kind, Values};
use crate::engine::functions::function::{Given, outward, undefined};

pub(super) const STRING_AGG: Kind = Kind { name: "string_agg", gives, finish, known: true, within_group: false };

fn gives(fields: &[FieldRef]) -> Result<FieldRef> {
    let given: Vec<Given> = fields.iter().map(|f| Given::of_field(f)).collect();
    let data_type = match given.as_slice() {
        [Given::Text | Given::Unknown, Given::Text | Given::Unknown] => DataType::Utf8View,
        [Given::Bytes, Given::Bytes | Given::Unknown] | [Given::Unknown, Given::Bytes] => DataType::Binary,
        _ => return Err(outward(undefined("string_agg", fields))),
    };
    Ok(Arc::new(Field::new("", data_type, true)))
}

fn finish(values: &Values) -> Result<ArrayRef> {
    let columns = |to: &DataType| values.grouped.columns.iter().take(2).map(|c| cast(c, to)).collect::<Result<Vec<_>, _>>();
    let groups = (0..values.grouped.groups()).map(|group| values.grouped.range(group));
    if *values.gives.data_type() == DataType::Binary {
        let columns = columns(&DataType::Binary)?;
        let (all, between) = (columns[0].as_binary::<i32>(), columns[1].as_binary::<i32>());
        let (mut out, mut bytes) = (BinaryBuilder::new(), Vec::new());
        for range in groups {
            bytes.clear();
            for i in range.clone() {
                if i > range.start && between.is_valid(i) {
                    bytes.extend_from_slice(between.value(i));
                }
                bytes.extend_from_slice(all.value(i));
            }
            out.append_option((!range.is_empty()).then_some(&bytes));
        }
        return Ok(Arc::new(out.finish()));
    }
    let columns = columns(&DataType::Utf8View)?;
    let (all, between) = (columns[0].as_string_view(), columns[1].as_string_view());
    let (mut out, mut text) = (StringViewBuilder::new(), String::new());
    for range in groups {
        text.clear();
        for i in range.clone() {
            if i > range.start && between.is_valid(i) {
                text.push_str(between.value(i));
            }
            text.push_str(all.value(i));
        }
        out.append_option((!range.is_empty()).then_some(&text));
    }
    Ok(Arc::new(out.finish()))
}
