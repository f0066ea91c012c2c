//! The columns of a CKAN resource: the Table Schema of its validation extension, or the fields of its data store as dumps have them.

use serde_json::Value;

use super::super::json;
use crate::descriptor::datapackage;
use crate::descriptor::property::Properties;
use crate::descriptor::{Column, Distribution, Extra, FieldsMatch, Schema};

/// Fills in the columns. A schema that stands elsewhere is where they are explained.
pub(super) fn columns(of: &mut Properties<'_>, distribution: &mut Distribution) {
    if let Some(schema) = of.take("schema") {
        declared(of, schema, distribution);
    }
    if distribution.schema.columns.is_empty() && of.has("datastore_fields") {
        distribution.schema.columns = of.objects("datastore_fields").into_iter().filter_map(stored).collect();
    }
    // The data store and the schema tell of the columns; the file decides.
    if !distribution.schema.columns.is_empty() && distribution.schema.fields_match == FieldsMatch::Exact {
        distribution.schema.fields_match = FieldsMatch::Partial;
    }
}

/// A schema as an object, as the text of one, or by its address.
fn declared(of: &mut Properties<'_>, schema: Value, distribution: &mut Distribution) {
    let object = match schema {
        Value::Object(map) => Value::Object(map),
        Value::String(text) if text.trim_start().starts_with('{') => match serde_json::from_str(&text) {
            Ok(object) => object,
            Err(e) => return of.problem("schema", format!("the schema is not JSON: {e}; ignored")),
        },
        Value::String(text) if json::is_url(&text) && distribution.described_by.is_none() => {
            distribution.described_by = Some(text);
            return;
        }
        Value::String(text) if text.trim().is_empty() => return,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return of.wrong::<()>("schema", "a Table Schema", &other).unwrap_or_default();
        }
    };
    of.keep("schema", object);
    let mut left = Extra::new();
    distribution.schema = datapackage::schema(of, &mut left);
    if distribution.schema.columns.is_empty() {
        distribution.schema = Schema::default();
    }
    distribution.extra.extend(left);
}

/// A field of the data store; its row numbers are its own.
fn stored(mut field: Properties<'_>) -> Option<Column> {
    let name = field.words("id").filter(|name| name != "_id")?;
    let kind = field.words("type");
    let mut info = field.object("info").unwrap_or_else(|| field.empty("info"));
    let (title, description) = (info.words("label"), info.words("notes"));
    let mut extra = field.rest();
    extra.extend(info.rest());
    Some(Column { title, description, ..json::column(name, kind, extra) })
}
