//! DCAT-US 1.1 (<https://resources.data.gov/resources/dcat-us/>): `data.json`.

use serde_json::{Map, Value, json};

use super::about::About;
use super::words::{self, uri};
use super::{ALSO, Layout, Standard};
use crate::descriptor::terms::{self, Frequency};
use crate::descriptor::{AccessRights, Dataset, Distribution, Period};

/// Terms of the standard that the model has no words for: they go back where they came from.
const OF_DATASET: &[&str] = &["bureauCode", "dataQuality", "primaryITInvestmentUII", "programCode", "rights", "systemOfRecords"];

pub(super) struct DataJson;

impl Layout for DataJson {
    fn standard(&self) -> Standard {
        Standard::DcatUs
    }

    fn head(&self, about: &About) -> String {
        let mut head = Map::new();
        head.insert("@context".into(), "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld".into());
        head.insert("@type".into(), "dcat:Catalog".into());
        head.insert("conformsTo".into(), "https://project-open-data.cio.gov/v1.1/schema".into());
        head.insert("describedBy".into(), "https://project-open-data.cio.gov/v1.1/schema/catalog.json".into());
        head.insert("title".into(), about.title.as_str().into());
        head.insert("description".into(), about.description.as_str().into());
        if let Some(endpoint) = &about.endpoint {
            // A word of DCAT-US 3, which 1.1 leaves room for.
            let service = json!({
                "@type": "dcat:DataService", "title": endpoint.title(about), "description": endpoint.description(),
                "endpointURL": endpoint.url,
            });
            head.insert("service".into(), json!([service]));
        }
        super::opened(&Value::Object(head), "\"dataset\":[\n")
    }

    fn record(&self, dataset: &Dataset, also: Option<&Value>, about: &About) -> String {
        let mut record = dataset_of(dataset, about);
        if let Some(also) = also {
            record.insert(ALSO.to_owned(), also.clone());
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
    let texts = |items: &[String]| list(distinct(items.iter().filter(|item| !item.is_empty()).cloned()));
    put("@type", Some("dcat:Dataset".into()));
    put("identifier", Some(dataset.identifier.as_str().into()));
    put("title", Some(words::title(dataset).into()));
    put("description", Some(words::description(dataset).into()));
    put("keyword", texts(&dataset.keywords));
    put("theme", texts(&dataset.themes));
    put("modified", dataset.modified.as_deref().filter(|text| words::date(text).is_some()).map(Value::from));
    put("issued", dataset.issued.as_deref().filter(|text| words::date(text).is_some()).map(Value::from));
    let publisher = words::publisher(dataset, about);
    put("publisher", Some(json!({ "@type": "org:Organization", "name": publisher.name })));
    let contact = words::contact(dataset, about);
    let mut card = Map::from_iter([("@type".to_owned(), json!("vcard:Contact")), ("fn".to_owned(), json!(contact.name))]);
    if let Some(mail) = contact.email.as_deref().and_then(words::mailto) {
        card.insert("hasEmail".to_owned(), mail.into());
    }
    put("contactPoint", Some(card.into()));
    let level = match dataset.access_rights {
        AccessRights::Public => "public",
        AccessRights::Restricted => "restricted public",
        AccessRights::NonPublic => "non-public",
    };
    put("accessLevel", Some(level.into()));
    put("license", dataset.licenses.first().and_then(words::licence).map(Value::from));
    put("landingPage", dataset.homepage.as_deref().and_then(uri).map(Value::from));
    let pages = dataset.documentation.iter().filter_map(|page| page.path.as_deref().and_then(uri));
    put("references", list(distinct(pages)));
    put("language", list(distinct(dataset.languages.iter().filter_map(|language| terms::language(language)))));
    put("spatial", dataset.spatial.first().map(|place| place.as_str().into()));
    put("temporal", dataset.temporal.first().and_then(interval).map(Value::from));
    put("conformsTo", dataset.conforms_to.first().and_then(|text| uri(text)).map(Value::from));
    put("isPartOf", dataset.part_of.as_deref().filter(|text| !text.is_empty()).map(Value::from));
    put("accrualPeriodicity", dataset.accrual_periodicity.as_deref().and_then(frequency).map(Value::from));
    put("distribution", list(dataset.distributions.iter().map(distribution).collect()));
    super::put_back(&mut out, &dataset.extra, OF_DATASET);
    out
}

fn distribution(of: &Distribution) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.insert(key.to_owned(), value.into());
        }
    };
    put("@type", Some("dcat:Distribution".to_owned()));
    put("title", words::name_of(of).map(str::to_owned));
    put("description", of.description.clone());
    // A file is told of with its media type or not as one.
    let media_type = words::media_type(of);
    match of.paths.first().and_then(|path| uri(path)) {
        Some(file) if media_type.is_some() => {
            put("downloadURL", Some(file));
            put("accessURL", of.access_url.as_deref().and_then(uri));
        }
        Some(_) | None => put("accessURL", words::access(of)),
    }
    put("mediaType", media_type.map(str::to_owned));
    put("format", words::format(of));
    put("license", of.licenses.first().and_then(words::licence));
    put("conformsTo", of.conforms_to.first().and_then(|text| uri(text)));
    put("describedBy", of.described_by.as_deref().and_then(uri));
    put("issued", of.issued.clone().filter(|text| words::date(text).is_some()));
    put("modified", of.modified.clone().filter(|text| words::date(text).is_some()));
    super::put_back(&mut out, &of.extra, &["describedByType"]);
    Value::Object(out)
}

/// Both ends, of which the standard leaves none open.
fn interval(period: &Period) -> Option<String> {
    let end = |text: &Option<String>| text.clone().filter(|text| words::date(text).is_some());
    Some(format!("{}/{}", end(&period.start)?, end(&period.end)?))
}

/// A repeated interval without a beginning or an end, or `irregular`.
fn frequency(text: &str) -> Option<String> {
    let frequency = Frequency::of_words(text)?;
    match frequency.iso {
        Some(iso) if iso.starts_with("R/P") && !iso[2..].contains('/') => Some(iso.into_owned()),
        Some(_) => None,
        None => Some("irregular".to_owned()).filter(|_| frequency.code == "IRREG"),
    }
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for text in texts.map(Value::String) {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}
