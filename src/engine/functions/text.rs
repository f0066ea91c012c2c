//! Text functions of PostgreSQL that DataFusion lacks: quoting, and `array_upper`-like questions on arrays.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use super::native::{Arguments, Native};
use crate::name::quoted;

pub(super) fn functions() -> Vec<Native> {
    vec![
        Native::pure("quote_ident", &[1], DataType::Utf8, |a| a.map_texts(0, |t| Some(quoted(t)))),
        Native::pure("quote_literal", &[1], DataType::Utf8, |a| a.map_texts(0, |t| Some(literal(t)))),
        Native::pure("quote_nullable", &[1], DataType::Utf8, |a| {
            let texts = a.texts(0)?;
            Ok(Arc::new(
                texts.iter().map(|t| Some(t.map_or_else(|| "NULL".to_owned(), literal))).collect::<arrow::array::StringArray>(),
            ))
        }),
        Native::pure("array_upper", &[2], DataType::Int32, |a| upper(a, |len| i32::try_from(len).ok())),
        Native::pure("array_lower", &[2], DataType::Int32, |a| upper(a, |_| Some(1))),
    ]
}

/// A text as a SQL literal.
fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') { format!(" E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

/// A bound of one-dimensional arrays; null for empty ones, as for every dimension but the first.
fn upper(a: &Arguments, bound: fn(usize) -> Option<i32>) -> Result<ArrayRef> {
    let element = match a.array(0).data_type() {
        DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) => f.data_type().clone(),
        _ => return Ok(Arc::new(Int32Array::from(vec![None; a.rows]))),
    };
    let lists = cast(a.array(0), &DataType::List(Arc::new(Field::new_list_field(element, true))))?;
    let bounds = lists.as_list::<i32>().iter().zip(a.numbers(1)?).map(|(list, dimension)| {
        let len = list.filter(|l| !l.is_empty() && dimension == Some(1))?.len();
        bound(len)
    });
    Ok(Arc::new(bounds.collect::<Int32Array>()))
}
