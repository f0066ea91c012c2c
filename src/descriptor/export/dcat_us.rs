//! DCAT-US 1.1 (<https://resources.data.gov/resources/dcat-us/>): `data.json`.

use serde_json::{Map, Value, json};

use super::about::About;
use super::words::{self, uri};
use super::{ALSO, Layout, Members, Standard};
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
}

fn dataset_of(dataset: &Dataset, about: &About) -> Map<String, Value> {
    let mut out = Members::default();
    let date = |text: &Option<String>| text.clone().filter(|text| words::date(text).is_some());
    out.put("@type", Some("dcat:Dataset"));
    out.put("identifier", Some(dataset.identifier.as_str()));
    out.put("title", Some(words::title(dataset)));
    out.put("description", Some(words::description(dataset)));
    out.put_list("keyword", said(&dataset.keywords));
    out.put_list("theme", said(&dataset.themes));
    out.put("modified", date(&dataset.modified));
    out.put("issued", date(&dataset.issued));
    let publisher = words::publisher(dataset, about);
    out.put("publisher", Some(json!({ "@type": "org:Organization", "name": publisher.name })));
    let contact = words::contact(dataset, about);
    let mut card = Map::from_iter([("@type".to_owned(), json!("vcard:Contact")), ("fn".to_owned(), json!(contact.name))]);
    if let Some(mail) = contact.email.as_deref().and_then(words::mailto) {
        card.insert("hasEmail".to_owned(), mail.into());
    }
    out.put("contactPoint", Some(card));
    let level = match dataset.access_rights {
        AccessRights::Public => "public",
        AccessRights::Restricted => "restricted public",
        AccessRights::NonPublic => "non-public",
    };
    out.put("accessLevel", Some(level));
    out.put("license", dataset.licenses.first().and_then(words::licence));
    out.put("landingPage", dataset.homepage.as_deref().and_then(uri));
    let pages = dataset.documentation.iter().filter_map(|page| page.path.as_deref().and_then(uri));
    out.put_list("references", pages);
    out.put_list("language", dataset.languages.iter().filter_map(|language| terms::language(language)));
    out.put("spatial", dataset.spatial.first().map(String::as_str).filter(|place| !place.is_empty()));
    out.put("temporal", dataset.temporal.first().and_then(interval));
    out.put("conformsTo", dataset.conforms_to.first().and_then(|text| uri(text)));
    out.put("isPartOf", dataset.part_of.as_deref().filter(|text| !text.is_empty()));
    out.put("accrualPeriodicity", dataset.accrual_periodicity.as_deref().and_then(frequency));
    let parts: Vec<Value> = dataset.distributions.iter().map(distribution).collect();
    out.put("distribution", Some(parts).filter(|parts| !parts.is_empty()));
    super::put_back(&mut out.0, &dataset.extra, OF_DATASET);
    out.0
}

/// Texts that say something.
fn said(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str).filter(|text| !text.is_empty())
}

fn distribution(of: &Distribution) -> Value {
    let mut out = Members::default();
    out.put("@type", Some("dcat:Distribution".to_owned()));
    out.put("title", words::name_of(of).map(str::to_owned));
    out.put("description", of.description.as_deref().filter(|text| !text.is_empty()));
    // A file is told of with its media type or not as one.
    let media_type = words::media_type(of);
    match of.paths.first().and_then(|path| uri(path)) {
        Some(file) if media_type.is_some() => {
            out.put("downloadURL", Some(file));
            out.put("accessURL", of.access_url.as_deref().and_then(uri));
        }
        Some(_) | None => out.put("accessURL", words::access(of)),
    }
    out.put("mediaType", media_type.map(str::to_owned));
    out.put("format", words::format(of));
    out.put("license", of.licenses.first().and_then(words::licence));
    out.put("conformsTo", of.conforms_to.first().and_then(|text| uri(text)));
    out.put("describedBy", of.described_by.as_deref().and_then(uri));
    let date = |text: &Option<String>| text.clone().filter(|text| words::date(text).is_some());
    out.put("issued", date(&of.issued));
    out.put("modified", date(&of.modified));
    super::put_back(&mut out.0, &of.extra, &["describedByType"]);
    Value::Object(out.0)
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
