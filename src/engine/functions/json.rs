//! JSON functions of PostgreSQL that the JSON library lacks: building objects, and taking arrays apart.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListBuilder, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;
use serde_json::Value;
use serde_json::value::RawValue;

use super::native::{Arguments, Native, outward};
use crate::error::{Error, Kind};

/// How many arguments `json_build_object` takes: pairs, as many as drivers send and some more.
const PAIRS: &[usize] = &[0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32];

pub(super) fn functions() -> Vec<Native> {
    let list = || DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let build = |name| Native::pure(name, PAIRS, DataType::Utf8, build_object);
    vec![
        build("json_build_object"),
        build("jsonb_build_object"),
        // What the dialect makes of json_array_elements and json_array_elements_text, which give rows.
        Native::pure("json_elements", &[1], list(), |a| elements(a, |raw| Ok(Some(raw.get().to_owned())))),
        Native::pure("json_elements_text", &[1], list(), |a| elements(a, element_text)),
    ]
}

/// `{"key" : value, ...}` as PostgreSQL spaces it. Numbers and booleans stand as such, all else as text.
fn build_object(a: &Arguments) -> Result<ArrayRef> {
    let texts = (0..a.len()).map(|i| a.texts(i)).collect::<Result<Vec<_>>>()?;
    let bare: Vec<bool> = (0..a.len())
        .map(|i| a.array(i).data_type())
        .map(|t| t.is_numeric() || *t == DataType::Boolean || *t == DataType::Null)
        .collect();
    let one = |i: usize, row: usize| texts[i].is_valid(row).then(|| texts[i].value(row));
    let rows = (0..a.rows).map(|row| {
        let mut pairs = Vec::with_capacity(a.len() / 2);
        for i in (0..a.len()).step_by(2) {
            let key = one(i, row).ok_or_else(|| invalid(format!("argument {} cannot be null", i + 1)))?;
            let value = match one(i + 1, row) {
                None => "null".to_owned(),
                Some(text) if bare[i + 1] => text.to_owned(),
                Some(text) => Value::from(text).to_string(),
            };
            pairs.push(format!("{} : {value}", Value::from(key)));
        }
        Ok(format!("{{{}}}", pairs.join(", ")))
    });
    Ok(Arc::new(rows.map(|r| r.map(Some)).collect::<Result<StringArray>>()?))
}

/// The elements of each array as a list; null for null.
fn elements(a: &Arguments, shown: fn(&RawValue) -> Result<Option<String>>) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for text in a.texts(0)?.iter() {
        if let Some(text) = text {
            let all: Vec<&RawValue> = serde_json::from_str(text)
                .map_err(|_| invalid("cannot extract elements from anything but a JSON array".into()))?;
            for element in all {
                lists.values().append_option(shown(element)?);
            }
        }
        lists.append(text.is_some());
    }
    Ok(Arc::new(lists.finish()))
}

/// A string without its quotes, anything else as it stands, null for `null`.
fn element_text(raw: &RawValue) -> Result<Option<String>> {
    match serde_json::from_str(raw.get()) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::String(text)) => Ok(Some(text)),
        Ok(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Ok(Some(raw.get().to_owned())),
        Err(e) => Err(invalid(e.to_string())),
    }
}

fn invalid(message: String) -> datafusion::error::DataFusionError {
    outward(Error::new(Kind::InvalidParameter, message))
}
