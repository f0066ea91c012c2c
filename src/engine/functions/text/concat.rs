//! Any value as text, as PostgreSQL's output and casts write it, and texts put together from values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringViewArray, StringViewBuilder};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Column, Function, Gives, Type::*, outward};
use crate::table::pg_type::{self, PgType};
use crate::table::pg_value::{self, Format, Style, Values};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("concat", &[&[Any, Any]], Gives::Text, |call| joined(call, 0, None)).variadic(),
        Function::new("concat_ws", &[&[Text, Any, Any]], Gives::Text, |call| joined(call, 1, Some(call.texts(0)?))).variadic(),
        Function::new("concat_of", &[&[List]], Gives::Text, |call| joined_list(call, 0, None)),
        Function::new("concat_ws_of", &[&[Text, List]], Gives::Text, |call| joined_list(call, 1, Some(call.texts(0)?))),
        // What a cast to text of anything else is.
        Function::new("value_to_text", &[&[Any]], Gives::Text, |call| Ok(Arc::new(cast(call, 0)?))),
        Function::new("pg_typeof", &[&[Any]], Gives::Text, |call| {
            let name = match call.fields[0].data_type() {
                DataType::Null => "unknown",
                _ => PgType::of_field(&call.fields[0]).sql_name,
            };
            Ok(Arc::new(std::iter::repeat_n(Some(name), call.rows).collect::<StringViewArray>()))
        }),
        Function::new("num_nulls", &[&[Any, Any]], Gives::Int4, |call| nulls(call, true)).variadic(),
        Function::new("num_nonnulls", &[&[Any, Any]], Gives::Int4, |call| nulls(call, false)).variadic(),
        Function::new("num_nulls_of", &[&[List]], Gives::Int4, |call| nulls_of(call, true)),
        Function::new("num_nonnulls_of", &[&[List]], Gives::Int4, |call| nulls_of(call, false)),
    ]
}

/// A column's values as their type's output function writes them.
pub(in crate::engine::functions) fn shown(array: &ArrayRef, field: &FieldRef, style: &Style) -> Result<StringViewArray> {
    match array.data_type() {
        DataType::Utf8View => return Ok(array.as_string_view().clone()),
        DataType::Null => return Ok(StringViewArray::new_null(array.len())),
        t if t.is_string() => return Ok(arrow::compute::cast(array, &DataType::Utf8View)?.as_string_view().clone()),
        _ => {}
    }
    let mut values = Values::default();
    pg_value::encode(array, field, PgType::of_field(field), Format::Text, style, &mut values).map_err(outward)?;
    let mut out = StringViewBuilder::with_capacity(array.len());
    for row in 0..array.len() {
        out.append_option(values.get(row).map(String::from_utf8_lossy));
    }
    Ok(out.finish())
}

/// An argument as a cast to text has it: booleans in full, `char(n)` without its blanks.
pub(super) fn cast(call: &Call, i: usize) -> Result<StringViewArray> {
    let (array, field) = (&call.array(i)?, &call.fields[i]);
    let pg = PgType::of_field(field);
    if *array.data_type() == DataType::Boolean {
        let word = |b: Option<bool>| b.map(|b| if b { "true" } else { "false" });
        return Ok(array.as_boolean().iter().map(word).collect());
    }
    let texts = shown(array, field, &call.style())?;
    if *pg == pg_type::BPCHAR {
        return Ok(texts.iter().map(|t| t.map(|t| t.trim_end_matches(' '))).collect());
    }
    Ok(texts)
}

/// The values from an argument on, one behind the other; NULLs are left out. A NULL between them gives NULL.
fn joined(call: &Call, first: usize, between: Option<Column<StringViewArray>>) -> Result<ArrayRef> {
    let style = call.style();
    let columns = (first..call.len()).map(|i| shown(&call.array(i)?, &call.fields[i], &style)).collect::<Result<Vec<_>>>()?;
    let mut out = StringViewBuilder::with_capacity(call.rows);
    let mut text = String::new();
    for row in 0..call.rows {
        let between = between.as_ref().map(|b| b.is_valid(row).then(|| b.value(row)));
        if between == Some(None) {
            out.append_null();
            continue;
        }
        text.clear();
        put_between(&mut text, between.flatten(), columns.iter().filter(|c| c.is_valid(row)).map(|c| c.value(row)));
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

fn joined_list(call: &Call, i: usize, between: Option<Column<StringViewArray>>) -> Result<ArrayRef> {
    let (lists, style) = (call.lists(i)?, call.style());
    let DataType::List(item) = lists.data_type() else { return Ok(arrow::array::new_null_array(&DataType::Utf8View, call.rows)) };
    let texts = shown(lists.values(), item, &style)?;
    call.write_texts(|row, out| {
        let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
        let values = range.filter(|i| texts.is_valid(*i)).map(|i| texts.value(i));
        put_between(out, between.as_ref().map(|b| b.value(row)), values);
        Ok(true)
    })
}

fn put_between<'a>(out: &mut String, between: Option<&str>, values: impl Iterator<Item = &'a str>) {
    for (n, value) in values.enumerate() {
        if n > 0 {
            out.push_str(between.unwrap_or_default());
        }
        out.push_str(value);
    }
}

fn nulls(call: &Call, counted: bool) -> Result<ArrayRef> {
    let nulls: Vec<_> = call.arrays()?.iter().map(|a| a.logical_nulls()).collect();
    let count = |row: usize| nulls.iter().filter(|n| n.as_ref().is_some_and(|n| n.is_null(row)) == counted).count();
    Ok(Arc::new((0..call.rows).map(|row| i32::try_from(count(row)).ok()).collect::<Int32Array>()))
}

fn nulls_of(call: &Call, counted: bool) -> Result<ArrayRef> {
    let lists = call.lists(0)?;
    call.collect::<i32, Int32Array>(|row| {
        let list = lists.value(row);
        let nulls = list.logical_null_count();
        Ok(i32::try_from(if counted { nulls } else { list.len() - nulls }).ok())
    })
}
