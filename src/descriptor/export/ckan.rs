//! CKAN (<https://docs.ckan.org/en/latest/api/>): the answer of `package_search` with every package, as dumps of portals have it.

use serde_json::{Map, Value, json};

use super::about::About;
use super::words::{self, slug, uri};
use super::{ALSO, Layout, Members, Standard};
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

    fn tail(&self, count: u64) -> String {
        format!("\n],\"count\":{count},\"sort\":\"id asc\"}}}}\n")
    }
}

fn package(dataset: &Dataset, also: Option<&Value>, about: &About) -> Map<String, Value> {
    let mut out = Members::default();
    out.put("id", Some(dataset.identifier.as_str()));
    out.put("name", Some(slug(&dataset.name)));
    out.put("type", Some("dataset"));
    out.put("state", Some("active"));
    out.put("private", Some(matches!(dataset.access_rights, AccessRights::NonPublic)));
    out.put("title", Some(words::title(dataset)));
    out.put("notes", dataset.description.clone());
    out.put("url", dataset.homepage.clone());
    out.put("version", dataset.version.clone());
    out.put("organization", Some(organization(dataset, about)));
    out.put("maintainer", dataset.contact.as_ref().map(|contact| contact.name.as_str()));
    out.put("maintainer_email", dataset.contact.as_ref().and_then(|contact| contact.email.clone()));
    if let Some(licence) = dataset.licenses.first() {
        let id = licence.name.clone().or_else(|| terms::licence(licence).map(str::to_owned));
        out.put("license_id", id);
        out.put("license_title", licence.title.clone());
        out.put("license_url", licence.path.clone());
    }
    let tags = dataset.keywords.iter().map(|word| json!({ "name": word, "display_name": word }));
    out.put("tags", Some(tags.collect::<Value>()));
    out.put("num_tags", Some(dataset.keywords.len()));
    let groups = dataset.themes.iter().map(|theme| json!({ "name": slug(theme), "title": theme, "display_name": theme }));
    out.put("groups", Some(groups.collect::<Value>()));
    let resources: Vec<Value> = dataset.distributions.iter().enumerate().map(|(i, part)| resource(i, part)).collect();
    out.put("num_resources", Some(resources.len()));
    out.put("resources", Some(resources));
    out.put("extras", Some(extras(dataset, also, about)));
    out.0
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
    let mut out = Members::default();
    out.put("position", Some(position));
    out.put("state", Some("active"));
    out.put("name", words::name_of(of));
    out.put("description", of.description.clone());
    out.put("url", of.paths.first().and_then(|path| uri(path)).or_else(|| words::access(of)));
    out.put("access_url", of.access_url.as_deref().filter(|_| !of.paths.is_empty()));
    out.put("format", words::format(of));
    out.put("mimetype", words::media_type(of));
    out.put("size", of.bytes);
    let (algorithm, hash) = match of.hash.as_deref().map(|hash| hash.split_once(':').ok_or(hash)) {
        Some(Ok((algorithm, hash))) => (Some(algorithm), Some(hash)),
        Some(Err(hash)) => (None, Some(hash)),
        None => (None, None),
    };
    out.put("hash", hash);
    out.put("hash_algorithm", algorithm);
    out.put("created", of.issued.clone());
    out.put("last_modified", of.modified.clone());
    out.put("described_by", of.described_by.clone());
    out.put("conforms_to", Some(&of.conforms_to).filter(|standards| !standards.is_empty()).map(|standards| json!(standards)));
    out.put("license", of.licenses.first().and_then(words::licence));
    let resource = datapackage::to_resource(of);
    out.put("schema", resource.get("schema").cloned());
    Value::Object(out.0)
}
