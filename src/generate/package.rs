//! The descriptors of the synthetic datasets, as Data Package v2 with DCAT terms. Every one says that it is synthetic.

use serde_json::{Map, Value, json};

/// The city's name, as its descriptors give it.
pub(super) const CITY: &str = "Xinghe 星河 (invented city)";

/// The descriptor of the districts, from any dataset's folder.
pub(super) const DISTRICTS_PACKAGE: Option<&str> = Some("../../reference/districts/datapackage.json");

const NOTE: &str =
    "SYNTHETIC: made by `stoa generate` for tests, benches and examples. It describes no real place, person or event.";

/// A column: name, Table Schema type, description, unit (empty when it has none).
pub(super) type Field = (&'static str, &'static str, &'static str, &'static str);

/// A dataset's descriptor before its resources.
pub(super) struct Package {
    pub(super) theme: &'static str,
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) keywords: &'static [&'static str],
    /// How often a city would publish it: an ISO 8601 repeating interval, as DCAT-US writes it.
    pub(super) every: &'static str,
}

impl Package {
    /// The folder of the dataset, relative to the output folder.
    pub(super) fn folder(&self) -> String {
        format!("{}/{}", self.theme, self.name)
    }

    /// The descriptor with its resources.
    pub(super) fn describe(&self, resources: impl IntoIterator<Item = Resource>) -> Value {
        json!({
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": self.name,
            "title": format!("{} (synthetic)", self.title),
            "description": format!("{} {NOTE}", self.about),
            "synthetic": true,
            "keywords": self.keywords.iter().chain(&["synthetic"]).collect::<Vec<_>>(),
            "theme": self.theme,
            "publisher": { "name": CITY },
            "accrualPeriodicity": self.every,
            "modified": "2025-01-06",
            "accessRights": "PUBLIC",
            "licenses": [{
                "name": "CC0-1.0",
                "title": "CC0 1.0 Universal",
                "path": "https://creativecommons.org/publicdomain/zero/1.0/"
            }],
            "resources": resources.into_iter().map(|r| r.0).collect::<Vec<_>>(),
        })
    }
}

/// A resource of a descriptor.
pub(super) struct Resource(Value);

impl Resource {
    /// A resource of one file or of several of the same shape.
    pub(super) fn new(name: &str, title: &str, paths: &[&str], format: &str, fields: &[Field]) -> Self {
        let fields: Vec<Value> = fields.iter().map(field).collect();
        let path = match paths {
            [one] => json!(one),
            many => json!(many),
        };
        let mut resource = json!({ "name": name, "title": title, "path": path, "format": format });
        if !fields.is_empty() {
            resource["schema"] = json!({ "fields": fields });
        }
        Self(resource)
    }

    /// Sets a property of the resource, such as `dialect` or `encoding`.
    pub(super) fn with(mut self, property: &str, value: Value) -> Self {
        self.0[property] = value;
        self
    }

    /// Sets a property of one column, such as `format` or its own `missingValues`.
    pub(super) fn column(mut self, name: &str, property: &str, value: Value) -> Self {
        let fields = self.0["schema"]["fields"].as_array_mut().expect("columns are refined only where some are declared");
        let field = fields.iter_mut().find(|f| f["name"] == name).expect("only declared columns are refined");
        field[property] = value;
        self
    }

    /// The texts that mean "missing" in every column, each with its reason.
    pub(super) fn missing(mut self, values: &[(&str, &str)]) -> Self {
        self.0["schema"]["missingValues"] = labelled(values);
        self
    }

    /// How the declared columns meet those of the file, when not one by one.
    pub(super) fn fields_match(mut self, how: &str) -> Self {
        self.0["schema"]["fieldsMatch"] = json!(how);
        self
    }

    /// The columns that tell rows apart.
    pub(super) fn key(mut self, columns: &[&str]) -> Self {
        self.0["schema"]["primaryKey"] = json!(columns);
        self
    }

    /// A column that refers to one of another resource: of this package, or of the package beside it whose folder is given
    /// (the key `package` is that of Data Package's recipe for external foreign keys).
    pub(super) fn refers(mut self, column: &str, package: Option<&str>, resource: &str, to: &str) -> Self {
        let mut reference = Map::new();
        if let Some(package) = package {
            reference.insert("package".into(), json!(package));
        }
        reference.insert("resource".into(), json!(resource));
        reference.insert("fields".into(), json!([to]));
        let keys = &mut self.0["schema"]["foreignKeys"];
        if keys.is_null() {
            *keys = json!([]);
        }
        keys.as_array_mut().expect("made an array above").push(json!({ "fields": [column], "reference": reference }));
        self
    }
}

/// Missing values with their reasons, as Data Package v2 writes them.
pub(super) fn labelled(values: &[(&str, &str)]) -> Value {
    values.iter().map(|(value, label)| json!({ "value": value, "label": label })).collect()
}

fn field(&(name, kind, description, unit): &Field) -> Value {
    let mut field = json!({ "name": name, "type": kind, "description": description });
    if !unit.is_empty() {
        field["unit"] = json!(unit);
    }
    field
}
