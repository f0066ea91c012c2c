//! What PostgreSQL's catalog queries do with arrays of column numbers and oids, and with names: their subscripts, their text, their names.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray, ListBuilder, StringViewArray, StringViewBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use datafusion::error::Result;

use super::definitions::format_type;
use super::function::{Call, Function, Gives, Type::*, list_of};
use crate::table::pg_catalog::types;
use crate::table::pg_type;

pub(super) fn functions() -> Vec<Function> {
    let names = |name, of_oid: fn(u32) -> String| Function::new(name, &[&[List]], Gives::Texts, move |a| names_of(a, of_oid));
    let ints = Gives::Of(|_| Ok(Arc::new(Field::new("", list_of(DataType::Int32), true))));
    let pairs = Gives::Of(|_| Ok(Arc::new(Field::new("", list_of(DataType::Struct(pair())), true))));
    vec![
        Function::new("array_subscripts", &[&[List, Int]], ints, subscripts),
        Function::new("expanded_array", &[&[List]], pairs, expanded),
        Function::new("vector_text", &[&[List]], Gives::Text, vector_text),
        Function::new("name_at", &[&[Text, Int]], Gives::Logical(&pg_type::CHAR), name_at),
        names("regtype_names", |oid| format_type(oid, None)),
        names("regproc_names", types::shown_function),
    ]
}

/// The columns of `information_schema._pg_expandarray`: an element and its number, from 1.
fn pair() -> Fields {
    Fields::from(vec![Field::new("x", DataType::Int64, true), Field::new("n", DataType::Int32, true)])
}

/// An argument as lists of whole numbers; `None` where every one is null.
fn numbers(a: &Call) -> Result<ListArray> {
    Ok(cast(&a.array(0)?, &list_of(DataType::Int64))?.as_list::<i32>().clone())
}

/// The numbers of each list's elements, the first being the second argument.
fn subscripts(a: &Call) -> Result<ArrayRef> {
    let lists = cast(&a.array(0)?, &list_of(DataType::Utf8))?;
    let lists = lists.as_list::<i32>();
    let first = a.ints(1)?;
    let (mut values, mut lengths) = (Vec::new(), Vec::with_capacity(lists.len()));
    for (i, first) in first.iter().enumerate().take(lists.len()) {
        let length = if lists.is_null(i) { 0 } else { lists.value_length(i) };
        let first = first.and_then(|n| i32::try_from(n).ok()).unwrap_or(1);
        values.extend(first..first.saturating_add(length));
        lengths.push(usize::try_from(length).unwrap_or_default());
    }
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(Int32Array::from(values)), lists.nulls().cloned())?))
}

fn expanded(a: &Call) -> Result<ArrayRef> {
    let lists = numbers(a)?;
    let (mut elements, mut places, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(lists.len()));
    for list in lists.iter() {
        let before = elements.len();
        if let Some(list) = list {
            elements.extend(list.as_primitive::<Int64Type>().iter());
        }
        lengths.push(elements.len() - before);
        places.extend((1i32..).take(elements.len() - before));
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(elements)), Arc::new(Int32Array::from(places))];
    let pairs = StructArray::try_new(pair(), columns, None)?;
    let item = Arc::new(Field::new_list_field(DataType::Struct(pair()), true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), Arc::new(pairs), lists.nulls().cloned())?))
}

/// Elements with blanks between, as vectors are written.
fn vector_text(a: &Call) -> Result<ArrayRef> {
    let texts = numbers(a)?
        .iter()
        .map(|list| {
            list.map(|list| {
                list.as_primitive::<Int64Type>().iter().flatten().map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
            })
        })
        .collect::<StringViewArray>();
    Ok(Arc::new(texts))
}

/// The byte at a place of a name, from 0, as a `"char"`: one of more than seven bits in octal digits, and that of a place behind the name's end
/// is the empty one.
fn name_at(a: &Call) -> Result<ArrayRef> {
    let (names, places) = (a.texts(0)?, a.ints(1)?);
    a.write_texts(|row, out| {
        let at = usize::try_from(places.value(row)).ok().filter(|at| *at < usize::from(pg_type::NAME.len.unsigned_abs()));
        match at.map(|at| names.value(row).as_bytes().get(at)) {
            None => return Ok(false),
            Some(None) => {}
            Some(Some(byte)) if byte.is_ascii() => out.push(char::from(*byte)),
            Some(Some(byte)) => out.push_str(&format!("\\{byte:03o}")),
        }
        Ok(true)
    })
}

fn names_of(a: &Call, of_oid: impl Fn(u32) -> String) -> Result<ArrayRef> {
    let mut names = ListBuilder::new(StringViewBuilder::new());
    for list in numbers(a)?.iter() {
        match list {
            None => names.append_null(),
            Some(list) => {
                let oids = list.as_primitive::<Int64Type>().iter();
                names.append_value(oids.map(|oid| oid.and_then(|oid| u32::try_from(oid).ok()).map(&of_oid)));
            }
        }
    }
    Ok(Arc::new(names.finish()))
}

#[cfg(test)]
mod tests {
    use arrow::array::Int16Array;

    use super::*;

    #[test]
    fn vectors_are_told_as_postgresql_tells_them() {
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<arrow::datatypes::Int16Type, _, _>([
            Some(vec![Some(3), Some(1)]),
            None,
            Some(vec![]),
        ]));
        let zero: ArrayRef = Arc::new(Int16Array::from(vec![0, 0, 0]));
        let a = Call::of_arrays(vec![lists, zero]);
        let text = vector_text(&a).expect("numbers");
        assert_eq!(text.as_string_view().iter().collect::<Vec<_>>(), [Some("3 1"), None, Some("")]);
        let subscripts = subscripts(&a).expect("a list");
        assert_eq!(subscripts.as_list::<i32>().values().as_ref(), &Int32Array::from(vec![0, 1]));
        let pairs = expanded(&a).expect("a list");
        assert_eq!(pairs.as_list::<i32>().value_length(0), 2);
    }
}
