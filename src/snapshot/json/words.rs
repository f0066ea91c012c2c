//! Words: what publishers call records, what stands around and beside them, and what names their columns.

/// Names of arrays that say what columns are called.
pub(super) const NAMES: &[&str] = &[
    "fields",
    "columns",
    "cols",
    "vars",
    "variables",
    "header",
    "headers",
    "names",
    "labels",
    "keys",
    "fieldnames",
    "field_names",
    "columnnames",
    "column_names",
    "columnheaders",
    "column_headers",
    "schema",
];

/// Names of what tells of records and holds none, beside the [`NAMES`]; as parts of geometries.
pub(super) const ABOUT: &[&str] = &[
    "meta",
    "metadata",
    "head",
    "links",
    "_links",
    "@context",
    "facets",
    "search_facets",
    "facet_groups",
    "facet_counts",
    "aggregations",
    "aggs",
    "_shards",
    "included",
    "errors",
    "warnings",
    "messages",
    "bbox",
    "extent",
    "transform",
    "coordinates",
    "geometry",
    "geometries",
    "arcs",
    "rings",
    "paths",
    "spatialreference",
    "crs",
];

/// Names of arrays of records.
pub(super) const RECORDS: &[&str] = &[
    "records",
    "record",
    "rows",
    "row",
    "data",
    "aadata",
    "items",
    "item",
    "results",
    "result",
    "bindings",
    "docs",
    "documents",
    "features",
    "entries",
    "entry",
    "elements",
    "values",
    "value",
    "hits",
    "observations",
    "objects",
    "list",
    "table",
];

/// Those of them that answers of APIs have, and hardly anything else.
pub(super) const ANSWERS: &[&str] =
    &["records", "rows", "data", "items", "results", "bindings", "docs", "features", "hits", "value", "observations"];

/// Names of objects that stand around what was asked for.
pub(super) const AROUND: &[&str] = &[
    "result",
    "results",
    "response",
    "data",
    "d",
    "payload",
    "body",
    "content",
    "hits",
    "_embedded",
    "feed",
    "return",
    "resultset",
    "dataset",
    "output",
    "answer",
];

/// Names of what tells one record from others: an object that has one is a record, and short lists are parts of it.
pub(super) const IDS: &[&str] = &["id", "_id", "identifier", "uuid", "guid"];

/// Keys under which the description of a column has its name, the best first.
const NAME_KEYS: &[&str] =
    &["name", "id", "field", "fieldName", "field_name", "column_name", "columnName", "title", "label", "text", "key", "alias"];

/// Whether a name is one of these, in whichever case.
pub(super) fn is_of(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(name))
}
/// The names in an array of texts, of descriptions of columns, or of lists that name a column together; `None` when it names none.
pub(super) fn names(json: &[u8]) -> Option<Vec<String>> {
    let items: Vec<serde_json::Value> = serde_json::from_slice(json).ok()?;
    let plain = |v: &serde_json::Value| match v {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    };
    let text = |v: &serde_json::Value, key: &str| v.get(key)?.as_str().filter(|t| !t.trim().is_empty()).map(str::to_owned);
    let key = NAME_KEYS.iter().find(|key| items.iter().all(|item| text(item, key).is_some()));
    let name = |item: &serde_json::Value| match (item.as_array(), key) {
        (_, Some(key)) => text(item, key),
        (Some(parts), None) => parts.iter().map(plain).collect::<Option<Vec<String>>>().map(|parts| parts.join(" ")),
        (None, None) => plain(item),
    };
    items.iter().map(name).collect::<Option<Vec<String>>>().filter(|names| !names.is_empty())
}
