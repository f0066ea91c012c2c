//! schema.org's `DataCatalog` (<https://schema.org/DataCatalog>) as JSON-LD, with its datasets in it.

use serde_json::{Map, Value, json};

use super::about::About;
use super::words::{self, uri};
use super::{Layout, Standard};
use crate::descriptor::also::ALSO_BARE;
use crate::descriptor::{AccessRights, Agent, Column, Dataset, Distribution, Period};

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

    fn between(&self) -> &'static str {
        ",\n"
    }

    fn tail(&self, _: &About, _: u64) -> String {
        "\n]}\n".to_owned()
    }

    fn lacking(&self, _: &Dataset) -> Vec<&'static str> {
        Vec::new()
    }
}

fn dataset_of(dataset: &Dataset, about: &About) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    let list = |items: Vec<Value>| Some(items).filter(|items| !items.is_empty()).map(Value::Array);
    let texts = |items: &[String]| list(items.iter().map(|item| item.as_str().into()).collect());
    let date = |text: &Option<String>| text.clone().filter(|text| words::date(text).is_some()).map(Value::from);
    put("@type", Some("Dataset".into()));
    put("identifier", Some(dataset.identifier.as_str().into()));
    put("name", Some(words::title(dataset).into()));
    put("description", Some(words::description(dataset).into()));
    put("url", dataset.homepage.as_deref().and_then(uri).map(Value::from));
    put("keywords", texts(&dataset.keywords));
    put("about", list(dataset.themes.iter().map(|theme| json!({ "@type": "Thing", "name": theme })).collect()));
    put("publisher", Some(agent(words::publisher(dataset, about))));
    put("maintainer", dataset.contact.as_ref().map(agent));
    put("license", dataset.licenses.first().and_then(words::licence).map(Value::from));
    let sources = dataset.sources.iter().filter_map(|source| source.path.as_deref().and_then(uri)).map(Value::from);
    put("isBasedOn", list(sources.collect()));
    put("inLanguage", texts(&dataset.languages));
    let places = dataset.spatial.iter().map(|place| json!({ "@type": "Place", "name": place }));
    put("spatialCoverage", list(places.collect()));
    put("temporalCoverage", list(dataset.temporal.iter().map(interval).map(Value::from).collect()));
    put("version", dataset.version.as_deref().map(Value::from));
    put("datePublished", date(&dataset.issued));
    put("dateModified", date(&dataset.modified));
    put("isAccessibleForFree", matches!(dataset.access_rights, AccessRights::Public).then_some(true.into()));
    put("distribution", list(dataset.distributions.iter().filter_map(distribution).collect()));
    let columns = dataset.distributions.iter().flat_map(|part| &part.schema.columns).map(variable);
    let mut variables: Vec<Value> = Vec::new();
    for column in columns {
        if variables.len() < MOST_VARIABLES && !variables.contains(&column) {
            variables.push(column);
        }
    }
    put("variableMeasured", list(variables));
    super::put_back(&mut out, &dataset.extra, OF_DATASET);
    out
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
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value.into());
        }
    };
    put("@type", Some("DataDownload".to_owned()));
    put("name", words::name_of(of).map(str::to_owned));
    put("description", of.description.clone());
    let file = of.paths.first().and_then(|path| uri(path));
    let page = of.access_url.as_deref().and_then(uri);
    if file.is_none() && page.is_none() {
        return None;
    }
    put("contentUrl", file);
    put("url", page);
    put("encodingFormat", words::media_type(of).map(str::to_owned).or_else(|| words::format(of)));
    put("contentSize", of.bytes.map(|bytes| format!("{bytes} B")));
    put("sha256", of.hash.as_deref().and_then(|hash| hash.strip_prefix("sha256:")).map(str::to_owned));
    put("license", of.licenses.first().and_then(words::licence));
    let date = |text: &Option<String>| text.clone().filter(|text| words::date(text).is_some());
    put("datePublished", date(&of.issued));
    put("dateModified", date(&of.modified));
    Some(Value::Object(out))
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

fn interval(period: &Period) -> String {
    let end = |text: &Option<String>| text.clone().unwrap_or_else(|| "..".to_owned());
    format!("{}/{}", end(&period.start), end(&period.end))
}
