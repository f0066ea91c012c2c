//! JSON made of other values: `to_json`, `row_to_json`, `json_build_object`, `json_object`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};

use super::parse::parse;
use super::value::quote;
use super::walk::{self, Kinds};
use super::{JSON, JSONB, invalid};
use crate::engine::functions::function::{Call, Function, Ranges, Type::*, outward};
use crate::error::{Error, Kind};
use crate::table::pg_value::{self, Style, Values};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("to_json", &[&[Any]], JSON, |call| to_json(call, false)),
        Function::new("to_jsonb", &[&[Any]], JSONB, |call| to_json(call, true)),
        Function::new("row_to_json", &[&[Any], &[Any, Bool]], JSON, |call| {
            let pretty = call.len() > 1 && call.bools(1)?.iter().any(|p| p == Some(true));
            if pretty { lines(call) } else { to_json(call, false) }
        }),
        Function::new("array_to_json", &[&[List], &[List, Bool]], JSON, |call| {
            let pretty = call.len() > 1 && call.bools(1)?.iter().any(|p| p == Some(true));
            if pretty { lines(call) } else { to_json(call, false) }
        }),
        Function::new("json_build_array", &[&[Any]], JSON, |call| array(call, false)).variadic(),
        Function::new("jsonb_build_array", &[&[Any]], JSONB, |call| array(call, true)).variadic(),
        Function::new("json_build_object", &[&[Any]], JSON, |call| object(call, false)).variadic(),
        Function::new("jsonb_build_object", &[&[Any]], JSONB, |call| object(call, true)).variadic(),
        // The same of an array's elements.
        Function::new("json_build_array_of", &[&[List]], JSON, |call| elements(call, false)),
        Function::new("jsonb_build_array_of", &[&[List]], JSONB, |call| elements(call, true)),
        Function::new("json_build_object_of", &[&[List]], JSON, |call| pairs(call, false)),
        Function::new("jsonb_build_object_of", &[&[List]], JSONB, |call| pairs(call, true)),
        Function::new("json_object", &[&[List], &[List, List]], JSON, |call| of_texts(call, false)),
        Function::new("jsonb_object", &[&[List], &[List, List]], JSONB, |call| of_texts(call, true)),
    ]
}

/// A column's values as JSON texts; NULL stays NULL.
pub(in crate::engine::functions) fn as_json(array: &ArrayRef, field: &FieldRef, style: &Style) -> Result<Values> {
    let mut values = Values::default();
    pg_value::encode_json(array, field, style, &mut values).map_err(outward)?;
    Ok(values)
}

/// A value of a column of JSON texts.
pub(in crate::engine::functions) fn text(values: &Values, row: usize) -> Option<&str> {
    // What is encoded as text is text.
    values.get(row).and_then(|bytes| std::str::from_utf8(bytes).ok())
}

/// Puts a JSON text behind another in its form.
pub(in crate::engine::functions) fn put(json: &str, binary: bool, out: &mut String) -> Result<()> {
    if binary {
        parse(json).map_err(outward)?.write(out);
    } else {
        out.push_str(json);
    }
    Ok(())
}

fn to_json(call: &Call, binary: bool) -> Result<ArrayRef> {
    let values = as_json(&call.array(0)?, &call.fields[0], &call.style())?;
    call.write_texts(|row, out| match text(&values, row) {
        Some(json) => put(json, binary, out).map(|()| true),
        None => Ok(false),
    })
}

/// The outermost level over several lines, as `row_to_json(.., true)` has it.
fn lines(call: &Call) -> Result<ArrayRef> {
    let values = as_json(&call.array(0)?, &call.fields[0], &call.style())?;
    call.write_texts(|row, out| {
        let Some(json) = text(&values, row) else { return Ok(false) };
        match walk::open(json).map_err(outward)? {
            Kinds::Object(members) => {
                out.push('{');
                for (n, (key, value)) in members.iter().enumerate() {
                    out.push_str(if n > 0 { ",\n " } else { "" });
                    quote(key, out);
                    out.push(':');
                    out.push_str(value);
                }
                out.push('}');
            }
            Kinds::Array(all) => {
                out.push('[');
                out.push_str(&all.join(",\n "));
                out.push(']');
            }
            Kinds::Scalar(scalar) => out.push_str(scalar),
        }
        Ok(true)
    })
}

fn columns(call: &Call) -> Result<Vec<Values>> {
    let style = call.style();
    (0..call.len()).map(|i| as_json(&call.array(i)?, &call.fields[i], &style)).collect()
}

/// Each row's text, whatever is NULL.
fn each(rows: usize, mut write: impl FnMut(usize, &mut String) -> Result<()>) -> Result<ArrayRef> {
    let mut out = arrow::array::StringViewBuilder::with_capacity(rows);
    let mut text = String::new();
    for row in 0..rows {
        text.clear();
        write(row, &mut text)?;
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

fn array(call: &Call, binary: bool) -> Result<ArrayRef> {
    let columns = columns(call)?;
    each(call.rows, |row, out| {
        out.push('[');
        for (n, column) in columns.iter().enumerate() {
            out.push_str(if n > 0 { ", " } else { "" });
            put(text(column, row).unwrap_or("null"), binary, out)?;
        }
        out.push(']');
        Ok(())
    })
}

fn object(call: &Call, binary: bool) -> Result<ArrayRef> {
    if !call.len().is_multiple_of(2) {
        return Err(odd(binary));
    }
    let (columns, style) = (columns(call)?, call.style());
    let key = |i: usize| crate::engine::functions::text::shown(&call.array(i)?, &call.fields[i], &style);
    let keys = (0..call.len()).step_by(2).map(key).collect::<Result<Vec<StringViewArray>>>()?;
    each(call.rows, |row, out| {
        let mut written = String::from("{");
        for (n, key) in keys.iter().enumerate() {
            if key.is_null(row) {
                return Err(null_key(2 * n + 1, binary));
            }
            written.push_str(if n > 0 { ", " } else { "" });
            let boolean = *call.data_type(2 * n) == DataType::Boolean;
            quote(if boolean { word(key.value(row)) } else { key.value(row) }, &mut written);
            written.push_str(" : ");
            written.push_str(text(&columns[2 * n + 1], row).unwrap_or("null"));
        }
        written.push('}');
        put(&written, binary, out)
    })
}

fn odd(binary: bool) -> DataFusionError {
    let error = Error::new(Kind::InvalidParameter, "argument list must have even number of elements");
    let name = if binary { "jsonb_build_object" } else { "json_build_object" };
    outward(error.with_hint(format!("The arguments of {name}() must consist of alternating keys and values.")))
}

fn null_key(argument: usize, binary: bool) -> DataFusionError {
    let error = Error::new(Kind::InvalidParameter, format!("argument {argument} cannot be null"));
    outward(if binary { error } else { error.with_hint("Object keys should be text.") })
}

/// The lists of the first argument, and their elements with what they are.
fn listed(call: &Call) -> Result<(Ranges, ArrayRef, FieldRef)> {
    let lists = call.ranges(0)?.mapped(|lists| Ok(crate::engine::functions::array::flat(lists)?.as_list::<i32>().clone()))?;
    let values = Arc::clone(lists.values());
    let field = Field::new("", values.data_type().clone(), true);
    let field = Arc::new(crate::engine::marks::taken(field, &call.fields[0]));
    Ok((lists, values, field))
}

fn elements(call: &Call, binary: bool) -> Result<ArrayRef> {
    let (lists, values, field) = listed(call)?;
    let values = as_json(&values, &field, &call.style())?;
    call.write_texts(|row, out| {
        out.push('[');
        for (n, i) in lists.range(row).enumerate() {
            out.push_str(if n > 0 { ", " } else { "" });
            put(text(&values, i).unwrap_or("null"), binary, out)?;
        }
        out.push(']');
        Ok(true)
    })
}

fn pairs(call: &Call, binary: bool) -> Result<ArrayRef> {
    let ((lists, values, field), style) = (listed(call)?, call.style());
    let keys = crate::engine::functions::text::shown(&values, &field, &style)?;
    let boolean = *field.data_type() == DataType::Boolean;
    let values = as_json(&values, &field, &style)?;
    call.write_texts(|row, out| {
        let range = lists.range(row);
        if range.len() % 2 != 0 {
            return Err(odd(binary));
        }
        let mut written = String::from("{");
        for (n, i) in range.step_by(2).enumerate() {
            if keys.is_null(i) {
                return Err(null_key(2 * n + 1, binary));
            }
            written.push_str(if n > 0 { ", " } else { "" });
            quote(if boolean { word(keys.value(i)) } else { keys.value(i) }, &mut written);
            written.push_str(" : ");
            written.push_str(text(&values, i + 1).unwrap_or("null"));
        }
        written.push('}');
        put(&written, binary, out).map(|()| true)
    })
}

/// A boolean as a key.
fn word(shown: &str) -> &str {
    if shown == "t" { "true" } else { "false" }
}

fn of_texts(call: &Call, binary: bool) -> Result<ArrayRef> {
    let first = crate::engine::functions::array::flat(call.lists(0)?)?;
    let first = first.as_list::<i32>();
    let second = if call.len() > 1 { Some(call.lists(1)?) } else { None };
    let texts = |lists: &arrow::array::ListArray| {
        arrow::compute::cast(lists.values(), &DataType::Utf8View).map(|values| values.as_string_view().clone())
    };
    let keys = texts(first)?;
    let values = second.as_ref().map(texts).transpose()?;
    call.write_texts(|row, out| {
        let at = |lists: &arrow::array::ListArray| lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
        let range = at(first);
        let pairs: Vec<(usize, &StringViewArray, usize)> = match (&second, &values) {
            (Some(lists), Some(values)) => {
                let of = at(lists);
                if of.len() != range.len() {
                    return Err(outward(Error::new(Kind::InvalidSubscript, "mismatched array dimensions")));
                }
                range.zip(of).map(|(k, v)| (k, values, v)).collect()
            }
            _ if range.len() % 2 != 0 => {
                return Err(outward(Error::new(Kind::InvalidSubscript, "array must have even number of elements")));
            }
            _ => range.step_by(2).map(|k| (k, &keys, k + 1)).collect(),
        };
        let mut written = String::from("{");
        for (n, (key, values, value)) in pairs.into_iter().enumerate() {
            if keys.is_null(key) {
                return Err(outward(Error::new(Kind::NullNotAllowed, "null value not allowed for object key")));
            }
            written.push_str(if n > 0 { ", " } else { "" });
            quote(keys.value(key), &mut written);
            written.push_str(" : ");
            if values.is_valid(value) { quote(values.value(value), &mut written) } else { written.push_str("null") }
        }
        written.push('}');
        put(&written, binary, out)?;
        Ok(true)
    })
}

/// A `json` text without the members that are null, and without its blanks.
pub(super) fn compact_without_nulls(json: &str, out: &mut String) -> Result<()> {
    match walk::open(json).map_err(outward)? {
        Kinds::Object(members) => {
            out.push('{');
            let mut first = true;
            for (key, value) in members.into_iter().filter(|(_, v)| *v != "null") {
                out.push_str(if first { "" } else { "," });
                first = false;
                quote(&key, out);
                out.push(':');
                compact_without_nulls(value, out)?;
            }
            out.push('}');
        }
        Kinds::Array(all) => {
            out.push('[');
            for (n, value) in all.into_iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                compact_without_nulls(value, out)?;
            }
            out.push(']');
        }
        Kinds::Scalar("") => return Err(invalid("invalid input syntax for type json")),
        Kinds::Scalar(scalar) => out.push_str(scalar),
    }
    Ok(())
}
