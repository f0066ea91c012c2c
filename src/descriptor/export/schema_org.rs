//! schema.org's `DataCatalog` (<https://schema.org/DataCatalog>) as JSON-LD, with its datasets in it.

use serde_json::{Map, Value, json};

use super::about::About;
use super::words::{self, uri};
use super::{Layout, Members, Standard};
use crate::descriptor::also::ALSO_BARE;
use crate::descriptor::{AccessRights, Agent, Column, Dataset, Distribution};

/// Terms of the standard that the model has no words for: they go back where they came from.
const OF_DATASET: &[&str] = &["alternateName", "citation", "funder", "measurementTechnique", "sameAs"];

pub(super) struct Catalog;

impl Layout for Catalog {
    fn standard(&self) -> Standard {
        Standard::SchemaOrg
    }

    fn head(&self, about: &About) -> String {
        let mut head = Map::new();
        head.insert("@context".into(), json!(["https://schema.org/", { ALSO_BARE: "urn:stoa:also" }]));
        head.insert("@type".into(), "DataCatalog".into());
        head.insert("name".into(), about.title.as_str().into());
        head.insert("description".into(), about.description.as_str().into());
        head.insert("publisher".into(), agent(&about.publisher));
        if let Some(page) = about.homepage.as_deref().and_then(uri) {
            head.insert("url".into(), page.into());
        }
        if let Some(endpoint) = &about.endpoint {
            let service = json!({
                "@type": "WebAPI", "name": endpoint.title(about), "description": endpoint.description(), "url": endpoint.url,
            });
            head.insert("offers".into(), json!({ "@type": "Offer", "itemOffered": service }));
        }
        super::opened(&Value::Object(head), "\"dataset\":[\n")
    }

    fn record(&self, dataset: &Dataset, also: Option<&Value>, about: &About) -> String {
        let mut record = dataset_of(dataset, about);
        if let Some(also) = also {
            // As a text: in an object, names would be taken for schema.org's.
            record.insert(ALSO_BARE.to_owned(), also.to_string().into());
        }
        Value::Object(record).to_string()
    }
}

fn dataset_of(dataset: &Dataset, about: &About) -> Map<String, Value> {
    let mut out = Members::default();
    let date = |text: &Option<String>| text.clone().filter(|text| words::date(text).is_some());
    out.put("@type", Some("Dataset"));
    out.put("identifier", Some(dataset.identifier.as_str()));
    out.put("name", Some(words::title(dataset)));
    out.put("description", Some(words::description(dataset)));
    out.put("url", dataset.homepage.as_deref().and_then(uri));
    out.put_list("keywords", dataset.keywords.iter().map(String::as_str));
    out.put_list("about", dataset.themes.iter().map(|theme| json!({ "@type": "Thing", "name": theme })));
    out.put("publisher", Some(agent(words::publisher(dataset, about))));
    out.put("maintainer", dataset.contact.as_ref().map(agent));
    out.put("license", dataset.licenses.first().and_then(words::licence));
    let sources = dataset.sources.iter().filter_map(|source| source.path.as_deref().and_then(uri));
    out.put_list("isBasedOn", sources);
    out.put_list("inLanguage", dataset.languages.iter().map(String::as_str));
    let places = dataset.spatial.iter().map(|place| json!({ "@type": "Place", "name": place }));
    out.put_list("spatialCoverage", places);
    out.put_list("temporalCoverage", dataset.temporal.iter().map(words::interval));
    out.put("version", dataset.version.as_deref());
    out.put("datePublished", date(&dataset.issued));
    out.put("dateModified", date(&dataset.modified));
    out.put("isAccessibleForFree", matches!(dataset.access_rights, AccessRights::Public).then_some(true));
    let parts: Vec<Value> = dataset.distributions.iter().filter_map(distribution).collect();
    out.put("distribution", Some(parts).filter(|parts| !parts.is_empty()));
    let columns = dataset.distributions.iter().flat_map(|part| &part.schema.columns).take(MOST_VARIABLES).map(variable);
    out.put_list("variableMeasured", columns);
    super::put_back(&mut out.0, &dataset.extra, OF_DATASET);
    out.0
}

/// Variables are listed for people, who read some.
const MOST_VARIABLES: usize = 200;

fn variable(column: &Column) -> Value {
    let mut out = Map::from_iter([("@type".to_owned(), json!("PropertyValue")), ("name".to_owned(), json!(column.name))]);
    for (key, text) in [("description", &column.description), ("unitText", &column.unit)] {
        if let Some(text) = text {
            out.insert(key.to_owned(), text.as_str().into());
        }
    }
    Value::Object(out)
}

/// What has neither a file nor a page that leads to it is told beside.
fn distribution(of: &Distribution) -> Option<Value> {
    let mut out = Members::default();
    out.put("@type", Some("DataDownload".to_owned()));
    out.put("name", words::name_of(of).map(str::to_owned));
    out.put("description", of.description.clone());
    let file = of.paths.first().and_then(|path| uri(path));
    let page = of.access_url.as_deref().and_then(uri);
    if file.is_none() && page.is_none() {
        return None;
    }
    out.put("contentUrl", file);
    out.put("url", page);
    out.put("encodingFormat", words::media_type(of).map(str::to_owned).or_else(|| words::format(of)));
    out.put("contentSize", of.bytes.map(|bytes| format!("{bytes} B")));
    out.put("sha256", of.hash.as_deref().and_then(|hash| hash.strip_prefix("sha256:")).map(str::to_owned));
    out.put("license", of.licenses.first().and_then(words::licence));
    let date = |text: &Option<String>| text.clone().filter(|text| words::date(text).is_some());
    out.put("datePublished", date(&of.issued));
    out.put("dateModified", date(&of.modified));
    Some(Value::Object(out.0))
}

fn agent(agent: &Agent) -> Value {
    let mut out = Map::from_iter([("@type".to_owned(), json!("Organization")), ("name".to_owned(), json!(agent.name))]);
    if let Some(page) = agent.homepage.as_deref().and_then(uri) {
        out.insert("url".to_owned(), page.into());
    }
    if let Some(email) = &agent.email {
        out.insert("email".to_owned(), email.as_str().into());
    }
    Value::Object(out)
}
