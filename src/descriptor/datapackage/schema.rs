//! Table Schema: columns, their types, missing values and keys.

use serde_json::Value;

use crate::descriptor::property::Properties;
use crate::descriptor::{Column, ColumnKind, Extra, FieldsMatch, ForeignKey, MissingValue, Schema};

/// Reads a resource's `schema`; properties without a word in the model go to `left` under the same name.
pub(in crate::descriptor) fn schema(resource: &mut Properties<'_>, left: &mut Extra) -> Schema {
    match resource.take("schema") {
        None => return Schema::default(),
        Some(Value::String(place)) => {
            resource.problem("schema", format!("the schema stands in a file of its own, \"{place}\"; copy it here; ignored"));
            return Schema::default();
        }
        Some(value) => resource.keep("schema", value),
    }
    let Some(mut schema) = resource.object("schema") else { return Schema::default() };
    let columns: Vec<Column> = schema.objects("fields").into_iter().zip(1..).filter_map(column).collect();
    let read = Schema {
        fields_match: fields_match(&mut schema),
        missing_values: missing_values(&mut schema),
        primary_key: primary_key(&mut schema, &columns),
        foreign_keys: schema.objects("foreignKeys").into_iter().filter_map(|key| foreign_key(key, &columns)).collect(),
        columns,
    };
    let rest = schema.rest();
    if !rest.is_empty() {
        left.insert("schema".to_owned(), Value::Object(rest.into_iter().collect()));
    }
    read
}

/// The column at a 1-based place.
fn column((mut field, place): (Properties<'_>, usize)) -> Option<Column> {
    let Some(name) = field.text("name") else { return field.left_out("name", "the field has no \"name\"") };
    // What a file's column is called there whose header is blank.
    let is_blank = name.chars().all(|c| c == ' ' || c.is_control());
    let name = if is_blank { format!("column_{place}") } else { name };
    let format = field.words("format").filter(|format| !matches!(format.as_str(), "default" | "any"));
    Some(Column {
        name,
        title: field.words("title"),
        description: field.words("description"),
        unit: field.words("unit"),
        kind: kind(&mut field),
        format,
        missing_values: missing_values(&mut field),
        group_char: field.text("groupChar").filter(|mark| !mark.is_empty()),
        decimal_char: field.text("decimalChar").filter(|mark| !mark.is_empty()),
        bare_number: field.flag("bareNumber") == Some(false),
        true_values: field.texts("trueValues").unwrap_or_default(),
        false_values: field.texts("falseValues").unwrap_or_default(),
        constraints: constraints(&mut field),
        extra: field.rest(),
    })
}

fn constraints(field: &mut Properties<'_>) -> Extra {
    field.object("constraints").map(Properties::rest).unwrap_or_default()
}

fn kind(field: &mut Properties<'_>) -> ColumnKind {
    let Some(name) = field.words("type") else { return ColumnKind::Any };
    match name.as_str() {
        "any" => ColumnKind::Any,
        "string" => ColumnKind::String,
        "integer" => ColumnKind::Integer,
        "number" => ColumnKind::Number,
        "boolean" => ColumnKind::Boolean,
        "date" => ColumnKind::Date,
        "time" => ColumnKind::Time,
        "datetime" => ColumnKind::Datetime,
        "year" => ColumnKind::Year,
        "yearmonth" => ColumnKind::YearMonth,
        "duration" => ColumnKind::Duration,
        "object" => ColumnKind::Object,
        "array" => ColumnKind::Array,
        "list" => ColumnKind::List,
        "geopoint" => ColumnKind::GeoPoint,
        "geojson" => ColumnKind::GeoJson,
        _ => {
            field.problem("type", format!("\"{name}\" is not a Table Schema type; the file's values decide"));
            ColumnKind::Any
        }
    }
}

fn fields_match(schema: &mut Properties<'_>) -> FieldsMatch {
    // Version 2.0 printed it as a list of one, later as a text.
    let Some(words) = schema.texts("fieldsMatch") else { return FieldsMatch::Exact };
    match words.first().map(String::as_str) {
        Some("exact") => FieldsMatch::Exact,
        Some("equal") => FieldsMatch::Equal,
        Some("subset") => FieldsMatch::Subset,
        Some("superset") => FieldsMatch::Superset,
        Some("partial") => FieldsMatch::Partial,
        Some(_) | None => {
            schema.problem("fieldsMatch", "expected one of exact, equal, subset, superset and partial; taken as exact");
            FieldsMatch::Exact
        }
    }
}

/// Texts, or objects of a value and a label (version 2); a single text (version 1) and numbers are taken as their texts.
fn missing_values(of: &mut Properties<'_>) -> Option<Vec<MissingValue>> {
    let key = "missingValues";
    let items = match of.take(key)? {
        Value::Array(items) => items,
        single @ (Value::String(_) | Value::Number(_)) => vec![single],
        other => return of.wrong(key, "a list of texts", &other),
    };
    let missing = items.into_iter().enumerate().filter_map(|(i, item)| match item {
        Value::String(value) => Some(MissingValue { value, label: None }),
        Value::Number(value) => Some(MissingValue { value: value.to_string(), label: None }),
        Value::Object(map) => match (map.get("value"), map.get("label")) {
            (Some(Value::String(value)), None) => Some(MissingValue { value: value.clone(), label: None }),
            (Some(Value::String(value)), Some(Value::String(label))) => {
                Some(MissingValue { value: value.clone(), label: Some(label.clone()) })
            }
            (_, _) => of.wrong(&format!("{key}/{i}"), "a \"value\" and a \"label\" of text", &Value::Object(map)),
        },
        other @ (Value::Null | Value::Bool(_) | Value::Array(_)) => of.wrong(&format!("{key}/{i}"), "a text", &other),
    });
    Some(missing.collect())
}

fn primary_key(schema: &mut Properties<'_>, columns: &[Column]) -> Vec<String> {
    let key = schema.texts("primaryKey").unwrap_or_default();
    match unknown(&key, columns) {
        None => key,
        Some(name) => {
            schema.problem("primaryKey", format!("the schema has no field \"{name}\"; ignored"));
            Vec::new()
        }
    }
}

fn foreign_key(mut key: Properties<'_>, columns: &[Column]) -> Option<ForeignKey> {
    let fields = key.texts("fields").unwrap_or_default();
    if !key.has("reference") {
        return key.left_out("reference", "the foreign key has no \"reference\"");
    }
    let mut reference = key.object("reference")?;
    // Version 1 names the own resource by an empty text, version 2 leaves it out.
    let resource = reference.text("resource").unwrap_or_default();
    let package = reference.words("package");
    let reference_fields = reference.texts("fields").unwrap_or_default();
    if fields.is_empty() || fields.len() != reference_fields.len() {
        return key.left_out("fields", "a foreign key has as many fields as it refers to, and at least one");
    }
    if let Some(name) = unknown(&fields, columns) {
        return key.left_out("fields", &format!("the schema has no field \"{name}\""));
    }
    Some(ForeignKey { fields, package, resource, reference_fields })
}

/// The first name that no column has.
fn unknown<'a>(names: &'a [String], columns: &[Column]) -> Option<&'a String> {
    names.iter().find(|name| columns.iter().all(|column| column.name != **name))
}
