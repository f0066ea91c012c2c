//! A collection's or an item's dataset.

use serde_json::Value;

use super::{Link, asset, of_list};
use crate::descriptor::property::Properties;
use crate::descriptor::published::{json, kept, resolved};
use crate::descriptor::{Agent, Dataset, Distribution, License, Link as Named, Period, Place};

/// Relations that tell how a catalog is built, and those that are read into the model.
const STRUCTURE: &[&str] = &[
    "root",
    "self",
    "parent",
    "child",
    "item",
    "items",
    "collection",
    "license",
    "next",
    "prev",
    "data",
    "about",
    "documentation",
    "describedby",
    "via",
    "derived_from",
    "source",
];

/// Reads a collection; `None`, with the reason reported, when it has no `id`.
pub(super) fn of_collection(mut record: Properties<'_>, place: &Place) -> Option<Dataset> {
    let Some(id) = record.label("id") else { return record.left_out("id", "the collection has no \"id\"") };
    let mut dataset = Dataset { identifier: id.clone(), name: id, ..Dataset::default() };
    extent(&mut dataset, &mut record);
    described(&mut dataset, &mut record);
    let links = linked(&mut dataset, &mut record, place);
    dataset.distributions = asset::assets(&mut record, place);
    // What an interface holds is asked for page by page, so that it is no file.
    let items = links.iter().find(|(rel, _)| rel == "items").and_then(|(_, href)| resolved(place, href));
    dataset.distributions.extend(items.map(|url| Distribution {
        name: "items".to_owned(),
        access_url: Some(url),
        declared_format: Some("OGC API Features".to_owned()),
        ..Distribution::default()
    }));
    dataset.extra = kept::of_dataset(record.rest());
    Some(dataset)
}

/// Reads an item; `None` when its collection stands for it, or, with the reason reported, when it has no `id`.
pub(super) fn of_item(mut record: Properties<'_>, place: &Place) -> Option<Dataset> {
    let Some(id) = record.label("id") else { return record.left_out("id", "the item has no \"id\"") };
    let part_of = record.label("collection");
    let distributions = asset::assets(&mut record, place);
    if part_of.is_some() && !distributions.iter().any(|asset| asset.format.is_some() && asset.is_table()) {
        return None;
    }
    let identifier = part_of.as_ref().map_or_else(|| id.clone(), |collection| format!("{collection}/{id}"));
    let mut dataset = Dataset { identifier, name: id, part_of, distributions, ..Dataset::default() };
    if let Some(bounds) = record.take("bbox") {
        dataset.spatial = vec![bounds.to_string()];
    }
    if let Some(mut properties) = record.object("properties") {
        described(&mut dataset, &mut properties);
        let start = properties.words("start_datetime");
        let (at, end) = (properties.words("datetime"), properties.words("end_datetime"));
        let period = Period { start: start.or_else(|| at.clone()), end: end.or(at) };
        dataset.temporal.extend(Some(period).filter(|period| period.start.is_some() || period.end.is_some()));
        let rest = properties.rest();
        if !rest.is_empty() {
            record.keep("properties", Value::Object(rest.into_iter().collect()));
        }
    }
    linked(&mut dataset, &mut record, place);
    dataset.conforms_to.extend(json::texts(&mut record, "stac_extensions"));
    dataset.extra = kept::of_dataset(record.rest());
    Some(dataset)
}

/// What a collection and an item's properties both tell.
fn described(dataset: &mut Dataset, of: &mut Properties<'_>) {
    dataset.title = json::text(of, "title");
    dataset.description = json::text(of, "description");
    dataset.keywords = json::texts(of, "keywords");
    dataset.version = json::text(of, "version");
    dataset.issued = json::text_of(of, &["published", "created"]);
    dataset.modified = json::text(of, "updated");
    dataset.licenses = json::licences(of, "license");
    dataset.languages = json::text_of(of, &["language"]).into_iter().collect();
    dataset.conforms_to = json::texts(of, "stac_extensions");
    dataset.publisher = of.take("providers").and_then(|providers| {
        let agent = publisher(&providers);
        of.keep("providers", providers);
        agent
    });
}

/// Of those that provide the data: who made it, else who licenses or holds it.
fn publisher(providers: &Value) -> Option<Agent> {
    let list = providers.as_array()?;
    let has = |provider: &Value, role: &str| {
        let roles = provider.get("roles").and_then(Value::as_array).into_iter().flatten();
        roles.filter_map(Value::as_str).any(|own| own == role)
    };
    let of_role = |role: &str| list.iter().find(|provider| has(provider, role));
    let provider = ["producer", "licensor", "host"].into_iter().find_map(of_role).or_else(|| list.first())?;
    let text = |key: &str| provider.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    Some(Agent { name: text("name")?, homepage: text("url"), email: text("email") })
}

/// The bounds and times that a collection covers.
fn extent(dataset: &mut Dataset, record: &mut Properties<'_>) {
    let Some(mut extent) = record.object("extent") else { return };
    if let Some(mut spatial) = extent.object("spatial") {
        match spatial.take("bbox") {
            Some(Value::Array(bounds)) if bounds.iter().all(Value::is_array) => {
                dataset.spatial = bounds.iter().map(Value::to_string).collect();
            }
            Some(other) => spatial.wrong("bbox", "a list of bounds", &other).unwrap_or_default(),
            None => {}
        }
    }
    if let Some(mut temporal) = extent.object("temporal") {
        let intervals = match temporal.take("interval") {
            Some(Value::Array(intervals)) => intervals,
            Some(other) => temporal.wrong("interval", "a list of a start and an end each", &other).unwrap_or_default(),
            None => Vec::new(),
        };
        let period = |interval: &Value| {
            let end = |i: usize| interval.get(i).and_then(Value::as_str).filter(|end| !end.trim().is_empty()).map(str::to_owned);
            Some(Period { start: end(0), end: end(1) }).filter(|period| period.start.is_some() || period.end.is_some())
        };
        dataset.temporal = intervals.iter().filter_map(period).collect();
    }
    let rest = extent.rest();
    if !rest.is_empty() {
        record.keep("extent", Value::Object(rest.into_iter().collect()));
    }
}

/// What is linked to: the licence, pages, sources. All links are returned; those that are read nowhere stay among the properties.
fn linked(dataset: &mut Dataset, record: &mut Properties<'_>, place: &Place) -> Vec<(String, String)> {
    let links = match record.take("links") {
        Some(Value::Array(links)) => links,
        Some(other) => record.wrong("links", "a list of links", &other).unwrap_or_default(),
        None => Vec::new(),
    };
    let named = |link: &Link<'_>| {
        let path = resolved(place, link.href).unwrap_or_else(|| link.href.to_owned());
        Named { title: link.title.map(str::to_owned), path: Some(path) }
    };
    for link in of_list(&links) {
        match link.rel {
            "license" => {
                let Named { title, path } = named(&link);
                match dataset.licenses.iter_mut().find(|licence| licence.path.is_none()) {
                    Some(licence) => {
                        *licence = License { path, title, name: licence.name.take().or_else(|| licence.title.take()) }
                    }
                    None => dataset.licenses.push(License { name: None, title, path }),
                }
            }
            "about" if link.media_type == Some("text/html") && dataset.homepage.is_none() => dataset.homepage = named(&link).path,
            "about" | "documentation" | "describedby" => dataset.documentation.push(named(&link)),
            "via" | "derived_from" | "source" => dataset.sources.push(named(&link)),
            _ => {}
        }
    }
    let all = of_list(&links).map(|link| (link.rel.to_owned(), link.href.to_owned())).collect();
    let is_known = |link: &Value| link.get("rel").and_then(Value::as_str).is_some_and(|rel| STRUCTURE.contains(&rel));
    let others: Vec<Value> = links.into_iter().filter(|link| !is_known(link)).collect();
    if !others.is_empty() {
        record.keep("links", Value::Array(others));
    }
    all
}
