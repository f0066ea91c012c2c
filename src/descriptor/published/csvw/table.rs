//! A table: its file, columns and keys.

use serde_json::Value;

use super::common::{self, Words};
use super::{datatype, dialect};
use crate::descriptor::property::Properties;
use crate::descriptor::published::{kept, link, resolved, settle};
use crate::descriptor::{Column, ColumnKind, Distribution, Extra, FieldsMatch, ForeignKey, MissingValue, format};

/// What a group says for its tables, and a table for its columns.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    null: Option<Vec<String>>,
    datatype: Option<Value>,
    separator: Option<String>,
    required: Option<bool>,
}

impl Inherited {
    /// What is said here goes before what is said around it.
    pub(super) fn within(&self, of: &mut Properties<'_>) -> Self {
        Self {
            null: of.texts("null").or_else(|| self.null.clone()),
            datatype: of.take("datatype").or_else(|| self.datatype.clone()),
            separator: of.text("separator").or_else(|| self.separator.clone()),
            required: of.flag("required").or(self.required),
        }
    }
}

/// A table whose foreign keys are not yet linked.
pub(super) struct Table<'r> {
    pub(super) distribution: Distribution,
    /// Its URL and its schema's, as others refer to them.
    url: String,
    schema: Option<String>,
    /// Its columns' names in the metadata, in the order of the columns.
    names: Vec<String>,
    keys: Vec<Properties<'r>>,
    /// What the model has no word for of the schema.
    of_schema: Extra,
    of_dialect: Extra,
}

impl<'r> Table<'r> {
    /// Reads what is said of a table but for its common properties; `None`, with the reason reported, when it has no file.
    pub(super) fn read(table: &mut Properties<'r>, words: &Words, inherited: &Inherited) -> Option<Self> {
        let Some(url) = table.words("url") else { return table.left_out("url", "the table has no \"url\"") };
        let name = Some(format::stem(&url)).filter(|name| !name.trim().is_empty()).unwrap_or("table").to_owned();
        let mut distribution = Distribution { name, ..Distribution::default() };
        link(&mut distribution, &words.place, &url);
        let of_dialect = dialect::dialect(&mut distribution, table);
        // The text is delimited whatever its ending, unless that says how it is.
        let is_told = distribution.paths.first().is_some_and(|path| format::Shape::of_path(path) != format::Shape::default());
        distribution.declared_format = (!is_told).then(|| "csv".to_owned());
        settle(&mut distribution);
        let mut read = Self {
            url: resolved(&words.place, &url).unwrap_or(url),
            distribution,
            schema: None,
            names: Vec::new(),
            keys: Vec::new(),
            of_schema: Extra::new(),
            of_dialect,
        };
        match table.take("tableSchema") {
            Some(Value::String(place)) if place.trim().is_empty() => {}
            Some(Value::String(place)) => {
                let place = resolved(&words.place, &place).unwrap_or(place);
                table.problem(
                    "tableSchema",
                    format!("the schema stands in a document of its own, \"{place}\"; copy it here; ignored"),
                );
                read.distribution.described_by = Some(place.clone());
                read.schema = Some(place);
            }
            Some(schema) => {
                table.keep("tableSchema", schema);
                if let Some(schema) = table.object("tableSchema") {
                    read.columns(schema, words, inherited);
                }
            }
            None => {}
        }
        Some(read)
    }

    fn columns(&mut self, mut schema: Properties<'r>, words: &Words, inherited: &Inherited) {
        let inherited = inherited.within(&mut schema);
        self.schema = schema.words("@id").map(|id| resolved(&words.place, &id).unwrap_or(id));
        schema.take("@type");
        let has_header = self.distribution.dialect.header != Some(false);
        let mut virtual_columns = Vec::new();
        if let Some(Value::Array(items)) = schema.take("columns") {
            let (of_file, not): (Vec<_>, Vec<_>) =
                items.into_iter().partition(|item| item.get("virtual") != Some(&Value::Bool(true)));
            virtual_columns = not;
            schema.keep("columns", Value::Array(of_file));
        }
        for (place, column) in (1..).zip(schema.objects("columns")) {
            let (name, column) = self::column(column, place, has_header, words, &inherited);
            self.names.push(name);
            self.distribution.schema.columns.push(column);
        }
        // Headers may be any of several titles; without any, the columns are told by their places.
        let fields_match = if has_header { FieldsMatch::Partial } else { FieldsMatch::Exact };
        self.distribution.schema.fields_match = if self.names.is_empty() { FieldsMatch::Exact } else { fields_match };
        let key = schema.texts("primaryKey").unwrap_or_default();
        match key.iter().map(|name| self.column_of(name)).collect::<Option<Vec<_>>>() {
            Some(columns) => self.distribution.schema.primary_key = columns,
            None => schema.problem("primaryKey", "the schema has no such column; ignored"),
        }
        self.keys = schema.objects("foreignKeys");
        if !virtual_columns.is_empty() {
            schema.keep("virtualColumns", Value::Array(virtual_columns));
        }
        let names = ["fields", "fieldsMatch", "missingValues"];
        self.of_schema = schema.rest().into_iter().filter(|(key, _)| !names.contains(&key.as_str())).collect();
    }

    /// The column of the file that has this name in the metadata.
    fn column_of(&self, name: &str) -> Option<String> {
        let place = self.names.iter().position(|own| own == name)?;
        self.distribution.schema.columns.get(place).map(|column| column.name.clone())
    }

    fn with_keys(self, linked: Vec<ForeignKey>, others: Vec<Value>) -> Distribution {
        let Self { mut distribution, mut of_schema, of_dialect, .. } = self;
        distribution.schema.foreign_keys = linked;
        if !others.is_empty() {
            of_schema.insert("csvw:foreignKeys".to_owned(), Value::Array(others));
        }
        for (key, rest) in [("schema", of_schema), ("dialect", of_dialect)] {
            if !rest.is_empty() {
                distribution.extra.insert(key.to_owned(), Value::Object(rest.into_iter().collect()));
            }
        }
        distribution
    }

    /// Adds the common properties of a table that is one of several.
    pub(super) fn of_a_group(mut self, mut table: Properties<'_>, words: &Words) -> Self {
        common::describe_table(&mut self.distribution, &mut table, words);
        table.take("@type");
        self.distribution.conforms_to = words.text(&mut table, &["dc:conformsTo"]).into_iter().collect();
        if let Some(page) = words.text(&mut table, &["dcat:landingPage", "schema:url"]) {
            self.distribution.described_by.get_or_insert_with(|| resolved(&words.place, &page).unwrap_or(page));
        }
        self.distribution.extra = kept::of_distribution(table.rest());
        self
    }
}

/// A column of the file at a 1-based place, and its name in the metadata.
fn column(mut of: Properties<'_>, place: usize, has_header: bool, words: &Words, inherited: &Inherited) -> (String, Column) {
    let inherited = inherited.within(&mut of);
    let name = of.words("name");
    let published = of.take("titles");
    let titles = published.as_ref().map(|titles| words.texts(titles)).unwrap_or_default();
    let title = titles.first().filter(|title| !title.trim().is_empty());
    let place_name = || format!("column_{place}");
    let in_file = if has_header { title.or(name.as_ref()) } else { name.as_ref().or(title) };
    let mut column = Column { name: in_file.cloned().unwrap_or_else(place_name), ..Column::default() };
    column.title =
        title.filter(|title| **title != column.name).cloned().or_else(|| words.text(&mut of, &["dc:title", "rdfs:label"]));
    column.description = words.text(&mut of, &["dc:description", "schema:description", "rdfs:comment"]);
    column.unit = words.text(&mut of, &["schema:unitText", "schema:unitCode"]);
    if let Some(published) = published.filter(|published| titles.len() > 1 || published.is_object()) {
        of.keep("titles", published);
    }
    if let Some(value) = &inherited.datatype {
        datatype::datatype(&mut column, value);
    }
    if let Some(separator) = inherited.separator.filter(|separator| !separator.is_empty()) {
        let item = match column.kind {
            ColumnKind::Integer
            | ColumnKind::Number
            | ColumnKind::Boolean
            | ColumnKind::Date
            | ColumnKind::Time
            | ColumnKind::Datetime => column.kind.name(),
            ColumnKind::Any
            | ColumnKind::String
            | ColumnKind::Year
            | ColumnKind::YearMonth
            | ColumnKind::Duration
            | ColumnKind::Object
            | ColumnKind::Array
            | ColumnKind::List
            | ColumnKind::GeoPoint
            | ColumnKind::GeoJson => "string",
        };
        column.extra.insert("itemType".to_owned(), Value::String(item.to_owned()));
        column.extra.insert("delimiter".to_owned(), Value::String(separator));
        column.kind = ColumnKind::List;
    }
    let missing = |value: String| MissingValue { value, label: None };
    column.missing_values = inherited.null.map(|values| values.into_iter().map(missing).collect());
    if inherited.required == Some(true) {
        column.constraints.insert("required".to_owned(), Value::Bool(true));
    }
    let name_there = name.unwrap_or_else(|| column.name.clone());
    let mut rest = of.rest();
    if name_there != column.name {
        rest.insert("name".to_owned(), Value::String(name_there.clone()));
    }
    rest.extend(std::mem::take(&mut column.extra));
    column.extra = kept::of_column(rest);
    (name_there, column)
}

/// The tables with their foreign keys. One that leads out of the group is kept as published.
pub(super) fn linked(mut tables: Vec<Table<'_>>) -> Vec<Distribution> {
    let taken = |mut key: Properties<'_>| (key.take("columnReference").or_else(|| key.take("columns")), key.take("reference"));
    let keys: Vec<Vec<_>> = tables.iter_mut().map(|table| table.keys.drain(..).map(taken).collect()).collect();
    let mut links = Vec::with_capacity(tables.len());
    for (i, keys) in keys.into_iter().enumerate() {
        let (mut linked, mut others) = (Vec::new(), Vec::new());
        for (columns, reference) in keys {
            match foreign_key(&tables, i, columns.as_ref(), reference.as_ref()) {
                Some(key) => linked.push(key),
                None => others.push(serde_json::json!({ "columnReference": columns, "reference": reference })),
            }
        }
        links.push((linked, others));
    }
    tables.into_iter().zip(links).map(|(table, (linked, others))| table.with_keys(linked, others)).collect()
}

/// A foreign key of the `i`th table; `None` when what it refers to is not among them.
fn foreign_key(tables: &[Table<'_>], i: usize, columns: Option<&Value>, reference: Option<&Value>) -> Option<ForeignKey> {
    let names = |value: &Value| match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            other.as_str().map(|name| vec![name.to_owned()])
        }
    };
    let reference = reference?;
    let of = |key: &str| reference.get(key).and_then(Value::as_str);
    let ends_so = |there: &str, named: &str| there == named || there.ends_with(&format!("/{}", named.trim_start_matches("./")));
    let target = match (of("resource"), of("schemaReference")) {
        (Some(url), _) => tables.iter().position(|table| ends_so(&table.url, url)),
        (None, Some(schema)) => tables.iter().position(|table| table.schema.as_deref().is_some_and(|own| ends_so(own, schema))),
        (None, None) => None,
    }?;
    let fields = names(columns?)?.iter().map(|name| tables[i].column_of(name)).collect::<Option<Vec<_>>>()?;
    let of_target = names(reference.get("columnReference")?)?;
    let reference_fields = of_target.iter().map(|name| tables[target].column_of(name)).collect::<Option<Vec<_>>>()?;
    let resource = if target == i { String::new() } else { tables[target].distribution.name.clone() };
    Some(ForeignKey { fields, package: None, resource, reference_fields })
        .filter(|key| !key.fields.is_empty() && key.fields.len() == key.reference_fields.len())
}
