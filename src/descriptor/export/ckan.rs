//! CKAN (<https://docs.ckan.org/en/latest/api/>): the answer of `package_search` with every package, as dumps of portals have it.

use serde_json::{Map, Value, json};

use super::about::About;
use super::words::{self, slug, uri};
use super::{ALSO, Layout, Standard};
use crate::descriptor::{AccessRights, Dataset, Distribution, datapackage, terms};

pub(super) struct Answer;

impl Layout for Answer {
    fn standard(&self) -> Standard {
        Standard::Ckan
    }

    fn head(&self, about: &About) -> String {
        let mut head = Map::new();
        head.insert("help".into(), about.description.as_str().into());
        head.insert("success".into(), true.into());
        super::opened(&Value::Object(head), "\"result\":{\"results\":[\n")
    }

    fn record(&self, dataset: &Dataset, also: Option<&Value>, about: &About) -> String {
        Value::Object(package(dataset, also, about)).to_string()
    }

    fn between(&self) -> &'static str {
        ",\n"
    }

    fn tail(&self, _: &About, count: u64) -> String {
        format!("\n],\"count\":{count},\"sort\":\"id asc\"}}}}\n")
    }

    fn lacking(&self, _: &Dataset) -> Vec<&'static str> {
        Vec::new()
    }
}

fn package(dataset: &Dataset, also: Option<&Value>, about: &About) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    put("id", Some(dataset.identifier.as_str().into()));
    put("name", Some(slug(&dataset.name).into()));
    put("type", Some("dataset".into()));
    put("state", Some("active".into()));
    put("private", Some(matches!(dataset.access_rights, AccessRights::NonPublic).into()));
    put("title", Some(words::title(dataset).into()));
    put("notes", text(&dataset.description));
    put("url", text(&dataset.homepage));
    put("version", text(&dataset.version));
    put("organization", Some(organization(dataset, about)));
    put("maintainer", dataset.contact.as_ref().map(|contact| contact.name.as_str().into()));
    put("maintainer_email", dataset.contact.as_ref().and_then(|contact| text(&contact.email)));
    if let Some(licence) = dataset.licenses.first() {
        let id = licence.name.clone().or_else(|| terms::licence(licence).map(str::to_owned));
        put("license_id", id.map(Value::from));
        put("license_title", text(&licence.title));
        put("license_url", text(&licence.path));
    }
    let tags = dataset.keywords.iter().map(|word| json!({ "name": word, "display_name": word }));
    put("tags", Some(tags.collect()));
    put("num_tags", Some(dataset.keywords.len().into()));
    let groups = dataset.themes.iter().map(|theme| json!({ "name": slug(theme), "title": theme, "display_name": theme }));
    put("groups", Some(groups.collect()));
    let resources: Vec<Value> = dataset.distributions.iter().enumerate().map(|(i, part)| resource(i, part)).collect();
    put("num_resources", Some(resources.len().into()));
    put("resources", Some(resources.into()));
    put("extras", Some(extras(dataset, also, about)));
    out
}

fn organization(dataset: &Dataset, about: &About) -> Value {
    let publisher = words::publisher(dataset, about);
    json!({
        "name": slug(&publisher.name), "title": publisher.name, "type": "organization", "is_organization": true, "state": "active",
    })
}

/// Texts by their keys, lists as JSON: as the DCAT extension has what CKAN has no field for.
fn extras(dataset: &Dataset, also: Option<&Value>, about: &About) -> Value {
    let list = |items: &[String]| Some(items).filter(|items| !items.is_empty()).map(|items| json!(items).to_string());
    let pages: Vec<String> = dataset.documentation.iter().filter_map(|page| page.path.clone()).collect();
    let period = dataset.temporal.first();
    let publisher = words::publisher(dataset, about);
    let told = [
        ("issued", dataset.issued.clone()),
        ("modified", dataset.modified.clone()),
        ("frequency", dataset.accrual_periodicity.clone()),
        ("language", list(&dataset.languages)),
        ("conforms_to", list(&dataset.conforms_to)),
        ("documentation", list(&pages)),
        ("is_part_of", dataset.part_of.clone()),
        ("access_rights", Some(dataset.access_rights.name().to_owned())),
        ("publisher_name", Some(publisher.name.clone())),
        ("publisher_url", publisher.homepage.clone()),
        ("publisher_email", publisher.email.clone()),
        ("spatial_text", dataset.spatial.first().cloned()),
        ("temporal_start", period.and_then(|period| period.start.clone())),
        ("temporal_end", period.and_then(|period| period.end.clone())),
        ("sql_endpoint", about.endpoint.as_ref().map(|endpoint| endpoint.url.clone())),
        (ALSO, also.map(Value::to_string)),
    ];
    told.into_iter().filter_map(|(key, value)| Some(json!({ "key": key, "value": value? }))).collect()
}

fn resource(position: usize, of: &Distribution) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    put("position", Some(position.into()));
    put("state", Some("active".into()));
    put("name", words::name_of(of).map(Value::from));
    put("description", text(&of.description));
    put("url", of.paths.first().and_then(|path| uri(path)).or_else(|| words::access(of)).map(Value::from));
    put("access_url", of.access_url.as_deref().filter(|_| !of.paths.is_empty()).map(Value::from));
    put("format", words::format(of).map(Value::from));
    put("mimetype", words::media_type(of).map(Value::from));
    put("size", of.bytes.map(Value::from));
    let (algorithm, hash) = match of.hash.as_deref().map(|hash| hash.split_once(':').ok_or(hash)) {
        Some(Ok((algorithm, hash))) => (Some(algorithm), Some(hash)),
        Some(Err(hash)) => (None, Some(hash)),
        None => (None, None),
    };
    put("hash", hash.map(Value::from));
    put("hash_algorithm", algorithm.map(Value::from));
    put("created", text(&of.issued));
    put("last_modified", text(&of.modified));
    put("described_by", text(&of.described_by));
    put("conforms_to", Some(&of.conforms_to).filter(|standards| !standards.is_empty()).map(|standards| json!(standards)));
    put("license", of.licenses.first().and_then(words::licence).map(Value::from));
    let resource = datapackage::to_resource(of);
    put("schema", resource.get("schema").cloned());
    Value::Object(out)
}
