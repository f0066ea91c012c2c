//! Parts of a JSON value by key, place and path, and what it is.

use arrow::array::{Array, ArrayRef, Int32Array, StringViewArray};
use datafusion::error::Result;

use super::walk::{self, Kinds};
use super::{invalid, of_first};
use crate::engine::functions::function::{Call, Function, Gives, Type::*, outward};

pub(super) fn functions() -> Vec<Function> {
    let same = Gives::Of(of_first);
    vec![
        // `->` and `->>`, `#>` and `#>>`.
        Function::new("json_member", &[&[Json, Int], &[Json, Text]], same, |call| member(call, false)).also(&[
            "json_array_element",
            "json_object_field",
            "jsonb_array_element",
            "jsonb_object_field",
        ]),
        Function::new("json_member_text", &[&[Json, Int], &[Json, Text]], Gives::Text, |call| member(call, true)).also(&[
            "json_array_element_text",
            "json_object_field_text",
            "jsonb_array_element_text",
            "jsonb_object_field_text",
        ]),
        Function::new("json_at_path", &[&[Json, List]], same, |call| at_path(call, false))
            .also(&["json_extract_path_of", "jsonb_extract_path_of"]),
        Function::new("json_at_path_text", &[&[Json, List]], Gives::Text, |call| at_path(call, true))
            .also(&["json_extract_path_text_of", "jsonb_extract_path_text_of"]),
        Function::new("json_extract_path", &[&[Json, Text]], super::JSON, |call| extract(call, false)).variadic(),
        Function::new("jsonb_extract_path", &[&[Json, Text]], super::JSONB, |call| extract(call, false)).variadic(),
        Function::new("json_extract_path_text", &[&[Json, Text]], Gives::Text, |call| extract(call, true))
            .variadic()
            .also(&["jsonb_extract_path_text"]),
        Function::new("json_typeof", &[&[Json]], Gives::Text, type_of).also(&["jsonb_typeof"]),
        Function::new("json_array_length", &[&[Json]], Gives::Int4, length).also(&["jsonb_array_length"]),
    ]
}

/// Writes what was found, as JSON or as text.
fn put(found: Option<&str>, as_text: bool, out: &mut String) -> Result<bool> {
    let Some(raw) = found else { return Ok(false) };
    if !as_text {
        out.push_str(raw);
        return Ok(true);
    }
    let Some(text) = walk::as_text(raw).map_err(outward)? else { return Ok(false) };
    out.push_str(&text);
    Ok(true)
}

fn member(call: &Call, as_text: bool) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    if call.data_type(1).is_integer() {
        let (places, is_jsonb) = (call.ints(1)?, call.is_jsonb(0));
        return call.write_texts(|row, out| {
            let (text, place) = (texts.value(row), places.value(row));
            // To `jsonb` a single value is an array of one.
            let is_itself = is_jsonb && matches!(place, 0 | -1) && !text.starts_with(['{', '[']);
            let found = if is_itself { Some(text) } else { walk::element(text, place).map_err(outward)? };
            put(found, as_text, out)
        });
    }
    let keys = call.texts(1)?;
    call.write_texts(|row, out| put(walk::member(texts.value(row), keys.value(row)).map_err(outward)?, as_text, out))
}

fn at_path(call: &Call, as_text: bool) -> Result<ArrayRef> {
    let (texts, paths) = (call.texts(0)?, call.ranges(1)?);
    let steps = arrow::compute::cast(paths.values(), &arrow::datatypes::DataType::Utf8View)?;
    let steps: &StringViewArray = arrow::array::AsArray::as_string_view(&steps);
    call.write_texts(|row, out| {
        let path = paths.range(row).map(|i| steps.is_valid(i).then(|| steps.value(i)));
        put(walk::at_path(texts.value(row), path).map_err(outward)?, as_text, out)
    })
}

fn extract(call: &Call, as_text: bool) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    let steps = (1..call.len()).map(|i| call.texts(i)).collect::<Result<Vec<_>>>()?;
    call.write_texts(|row, out| {
        let path = steps.iter().map(|s| Some(s.value(row)));
        put(walk::at_path(texts.value(row), path).map_err(outward)?, as_text, out)
    })
}

fn type_of(call: &Call) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    call.write_texts(|row, out| {
        out.push_str(match texts.value(row).trim_start().bytes().next() {
            Some(b'{') => "object",
            Some(b'[') => "array",
            Some(b'"') => "string",
            Some(b't' | b'f') => "boolean",
            Some(b'n') => "null",
            _ => "number",
        });
        Ok(true)
    })
}

fn length(call: &Call) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    call.collect::<i32, Int32Array>(|row| match walk::open(texts.value(row)).map_err(outward)? {
        Kinds::Array(all) => Ok(i32::try_from(all.len()).ok()),
        Kinds::Object(_) => Err(invalid("cannot get array length of a non-array")),
        Kinds::Scalar(_) => Err(invalid("cannot get array length of a scalar")),
    })
}
