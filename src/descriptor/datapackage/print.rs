//! A dataset as a Data Package, such that reading it again gives the same dataset.

use serde_json::{Map, Value, json};

use super::{BASE, REFRESH, STRICT};
use crate::descriptor::{
    AccessRights, Agent, Column, Compression, Dataset, Dialect, Distribution, Extra, FieldsMatch, ForeignKey, Format, ItemType,
    License, Link, MissingValue, Period, Schema, SheetChoice,
};

/// Prints a dataset as a Data Package v2 descriptor. Local paths stand relative to their common folder, which `stoa:base` names.
/// Reading it with [`super::parse`] gives an equal dataset, wherever the descriptor stands.
pub fn to_datapackage(dataset: &Dataset) -> Value {
    let base = common_folder(dataset);
    let mut out = Map::new();
    put(&mut out, "id", Some(&dataset.identifier));
    put(&mut out, "name", Some(&dataset.name));
    put(&mut out, "title", dataset.title.as_ref());
    put(&mut out, "description", dataset.description.as_ref());
    put_list(&mut out, "theme", &dataset.themes);
    put_list(&mut out, "keywords", &dataset.keywords);
    put(&mut out, "publisher", dataset.publisher.as_ref().map(agent));
    put(&mut out, "homepage", dataset.homepage.as_ref());
    put(&mut out, "contactPoint", dataset.contact.as_ref().map(agent));
    put_list(&mut out, "documentation", &dataset.documentation.iter().map(link).collect::<Vec<_>>());
    put_list(&mut out, "language", &dataset.languages);
    put_list(&mut out, "spatial", &dataset.spatial);
    put_list(&mut out, "temporalCoverage", &dataset.temporal.iter().map(period).collect::<Vec<_>>());
    put_list(&mut out, "conformsTo", &dataset.conforms_to);
    put(&mut out, "version", dataset.version.as_ref());
    put(&mut out, "isPartOf", dataset.part_of.as_ref());
    put(&mut out, "accrualPeriodicity", dataset.accrual_periodicity.as_ref());
    put(&mut out, REFRESH, dataset.refresh.map(|refresh| refresh.to_string()));
    put(&mut out, STRICT, dataset.strict);
    put(&mut out, "issued", dataset.issued.as_ref());
    put(&mut out, "modified", dataset.modified.as_ref());
    let rights = match dataset.access_rights {
        AccessRights::Public => None,
        rights @ (AccessRights::Restricted | AccessRights::NonPublic) => Some(rights.name()),
    };
    put(&mut out, "accessRights", dataset.published_rights.as_deref().or(rights));
    put_list(&mut out, "licenses", &dataset.licenses.iter().map(license).collect::<Vec<_>>());
    put_list(&mut out, "sources", &dataset.sources.iter().map(link).collect::<Vec<_>>());
    put(&mut out, BASE, base.as_deref());
    let resources = dataset.distributions.iter().map(|d| resource(d, base.as_deref()));
    put(&mut out, "resources", Some(resources.collect::<Vec<Value>>()));
    out.extend(dataset.extra.clone());
    Value::Object(out)
}

/// Prints one distribution as a resource, its paths as they are: not to be read again on its own.
pub fn to_resource(distribution: &Distribution) -> Value {
    resource(distribution, None)
}

/// Prints a dialect: what is not declared is left out.
pub fn to_dialect(of: &Dialect) -> Value {
    Value::Object(dialect(of))
}

/// The deepest folder that every local path stands in; `None` when all paths are URLs.
fn common_folder(dataset: &Dataset) -> Option<String> {
    let paths = dataset.distributions.iter().flat_map(|d| &d.paths).filter(|path| path.starts_with('/'));
    let folders = paths.map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder).split('/').collect::<Vec<_>>());
    let common = folders.reduce(|mut common, folder| {
        let shared = common.iter().zip(&folder).take_while(|(a, b)| a == b).count();
        common.truncate(shared);
        common
    })?;
    // The root is named by its slash, as an empty base would name nothing.
    Some(Some(common.join("/")).filter(|folder| !folder.is_empty()).unwrap_or_else(|| "/".to_owned()))
}

fn resource(distribution: &Distribution, base: Option<&str>) -> Value {
    let mut out = Map::new();
    put(&mut out, "name", Some(&distribution.name));
    put(&mut out, "title", distribution.title.as_ref());
    put(&mut out, "description", distribution.description.as_ref());
    let relative = |path: &String| {
        let inside = base.and_then(|base| path.strip_prefix(base.trim_end_matches('/')));
        inside.map_or(path.as_str(), |path| path.trim_start_matches('/')).to_owned()
    };
    let paths: Vec<String> = distribution.paths.iter().map(relative).collect();
    match paths.as_slice() {
        [] => {}
        [path] => put(&mut out, "path", Some(path)),
        paths => put(&mut out, "path", Some(paths)),
    }
    put(&mut out, "accessURL", distribution.access_url.as_ref());
    put(&mut out, "format", distribution.declared_format.as_deref().or(distribution.format.map(Format::name)));
    put(&mut out, "mediatype", distribution.media_type.as_ref());
    put(&mut out, "compression", distribution.compression.map(Compression::name));
    put(&mut out, "innerpath", distribution.member.as_ref());
    put(&mut out, "encoding", distribution.encoding.as_ref());
    put_list(&mut out, "licenses", &distribution.licenses.iter().map(license).collect::<Vec<_>>());
    put(&mut out, "issued", distribution.issued.as_ref());
    put(&mut out, "modified", distribution.modified.as_ref());
    put_list(&mut out, "conformsTo", &distribution.conforms_to);
    put(&mut out, "describedBy", distribution.described_by.as_ref());
    put(&mut out, "bytes", distribution.bytes);
    put(&mut out, "hash", distribution.hash.as_ref());
    put(&mut out, REFRESH, distribution.refresh.map(|refresh| refresh.to_string()));
    put(&mut out, STRICT, distribution.strict);
    let mut extra = distribution.extra.clone();
    // What the model has no word for within these two was kept under their names.
    let dialect = within(&mut extra, "dialect", dialect(&distribution.dialect));
    put_object(&mut out, "dialect", dialect);
    let schema = within(&mut extra, "schema", schema(&distribution.schema));
    put_object(&mut out, "schema", schema);
    out.extend(extra);
    Value::Object(out)
}

fn within(extra: &mut Extra, key: &str, mut known: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(rest)) = extra.remove(key) {
        known.extend(rest);
    }
    known
}

fn dialect(dialect: &Dialect) -> Map<String, Value> {
    let mut out = Map::new();
    put(&mut out, "delimiter", dialect.delimiter);
    put(&mut out, "quoteChar", dialect.quote);
    put(&mut out, "doubleQuote", dialect.double_quote);
    put(&mut out, "escapeChar", dialect.escape);
    put(&mut out, "header", dialect.header);
    put_list(&mut out, "headerRows", &dialect.header_rows);
    put(&mut out, "headerJoin", dialect.header_join.as_ref());
    put_list(&mut out, "commentRows", &dialect.comment_rows);
    put(&mut out, "commentChar", dialect.comment_char.as_ref());
    put(&mut out, "skipInitialSpace", dialect.skip_initial_space);
    put(&mut out, "lineTerminator", dialect.line_terminator.as_ref());
    put(&mut out, "nullSequence", dialect.null_sequence.as_ref());
    put(&mut out, "property", dialect.property.as_ref());
    let item_type = dialect.item_type.map(|kind| match kind {
        ItemType::Array => "array",
        ItemType::Object => "object",
    });
    put(&mut out, "itemType", item_type);
    put_list(&mut out, "itemKeys", &dialect.item_keys);
    put(&mut out, "stoa:flatten", dialect.flatten.then_some(true));
    match &dialect.sheet {
        Some(SheetChoice::Name(name)) => put(&mut out, "sheetName", Some(name)),
        Some(SheetChoice::Number(number)) => put(&mut out, "sheetNumber", Some(number)),
        None => {}
    }
    out
}

fn schema(schema: &Schema) -> Map<String, Value> {
    let mut out = Map::new();
    put_list(&mut out, "fields", &schema.columns.iter().map(column).collect::<Vec<_>>());
    let fields_match = match schema.fields_match {
        FieldsMatch::Exact => None,
        FieldsMatch::Equal => Some("equal"),
        FieldsMatch::Subset => Some("subset"),
        FieldsMatch::Superset => Some("superset"),
        FieldsMatch::Partial => Some("partial"),
    };
    put(&mut out, "fieldsMatch", fields_match);
    put(&mut out, "missingValues", schema.missing_values.as_deref().map(missing_values));
    put_list(&mut out, "primaryKey", &schema.primary_key);
    put_list(&mut out, "foreignKeys", &schema.foreign_keys.iter().map(foreign_key).collect::<Vec<_>>());
    out
}

fn column(column: &Column) -> Value {
    let mut out = Map::new();
    put(&mut out, "name", Some(&column.name));
    put(&mut out, "title", column.title.as_ref());
    put(&mut out, "description", column.description.as_ref());
    put(&mut out, "unit", column.unit.as_ref());
    put(&mut out, "type", Some(column.kind.name()));
    put(&mut out, "format", column.format.as_ref());
    put(&mut out, "missingValues", column.missing_values.as_deref().map(missing_values));
    put(&mut out, "groupChar", column.group_char.as_ref());
    put(&mut out, "decimalChar", column.decimal_char.as_ref());
    put(&mut out, "bareNumber", column.bare_number.then_some(false));
    put_list(&mut out, "trueValues", &column.true_values);
    put_list(&mut out, "falseValues", &column.false_values);
    put_object(&mut out, "constraints", column.constraints.clone().into_iter().collect());
    out.extend(column.extra.clone());
    Value::Object(out)
}

fn missing_values(values: &[MissingValue]) -> Value {
    let value = |missing: &MissingValue| match &missing.label {
        None => json!(missing.value),
        Some(label) => json!({ "value": missing.value, "label": label }),
    };
    values.iter().map(value).collect()
}

fn foreign_key(key: &ForeignKey) -> Value {
    let mut reference = Map::new();
    put(&mut reference, "package", key.package.as_ref());
    put(&mut reference, "resource", Some(&key.resource).filter(|resource| !resource.is_empty()));
    put(&mut reference, "fields", Some(&key.reference_fields));
    json!({ "fields": key.fields, "reference": reference })
}

fn agent(agent: &Agent) -> Value {
    let mut out = Map::new();
    put(&mut out, "name", Some(&agent.name));
    put(&mut out, "homepage", agent.homepage.as_ref());
    put(&mut out, "email", agent.email.as_ref());
    Value::Object(out)
}

fn license(license: &License) -> Value {
    let mut out = Map::new();
    put(&mut out, "name", license.name.as_ref());
    put(&mut out, "title", license.title.as_ref());
    put(&mut out, "path", license.path.as_ref());
    Value::Object(out)
}

fn link(link: &Link) -> Value {
    let mut out = Map::new();
    put(&mut out, "title", link.title.as_ref());
    put(&mut out, "path", link.path.as_ref());
    Value::Object(out)
}

fn period(period: &Period) -> Value {
    let mut out = Map::new();
    put(&mut out, "startDate", period.start.as_ref());
    put(&mut out, "endDate", period.end.as_ref());
    Value::Object(out)
}

fn put(out: &mut Map<String, Value>, key: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        out.insert(key.to_owned(), json!(value));
    }
}

fn put_list(out: &mut Map<String, Value>, key: &str, items: &[impl serde::Serialize]) {
    put(out, key, Some(items).filter(|items| !items.is_empty()));
}

fn put_object(out: &mut Map<String, Value>, key: &str, object: Map<String, Value>) {
    put(out, key, Some(object).filter(|object| !object.is_empty()));
}
