//! Socrata: answers of its catalog's interface (`/api/catalog/v1`). A dataset's file is the portal's export of it.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::stream;
use super::{Page, Record, Sink, json, kept, link, paged, settle};
use crate::descriptor::property::Properties;
use crate::descriptor::{Agent, Column, Dataset, Distribution, Extra, FieldsMatch, License, Place, Schema};

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let place = Place::of_file(file);
    let rest = stream::elements(input, file, &[&["results"]], sink, |of, text, sink| match dataset(of, &place) {
        Some(dataset) => sink.dataset(dataset, Record { text: text.into(), media_type: "application/json" }),
        None => Ok(()),
    })?;
    let total = rest.map.get("resultSetSize").and_then(Value::as_u64);
    Ok(Page { next: paged::further(file, "offset", rest.count, total), also: Vec::new(), total })
}

/// What the catalog lists: some of it is data, and some shows data of another entry or leads elsewhere.
fn dataset(mut of: Properties<'_>, place: &Place) -> Option<Dataset> {
    if !of.has("resource") {
        return of.left_out("resource", "the entry has no \"resource\"");
    }
    let mut resource = of.object("resource")?;
    let Some(id) = resource.label("id") else { return resource.left_out("id", "the resource has no \"id\"") };
    let title = resource.words("name");
    let domain = of.object("metadata").map(Properties::rest).unwrap_or_default();
    let permalink = of.words("permalink");
    let page = permalink.clone().or_else(|| of.words("link"));
    let distributions = distribution(&mut resource, &id, permalink.as_deref(), page.as_deref(), place).into_iter().collect();
    let mut classification = of.object("classification").unwrap_or_else(|| of.empty("classification"));
    let more = additional(&mut classification);
    let told = |ending: &str| more.iter().find(|(name, _)| name.to_ascii_lowercase().replace([' ', '-'], "_").ends_with(ending));
    let said = |ending: &str| told(ending).and_then(|(_, value)| json::label(value));
    let attribution = resource.words("attribution");
    let dataset = Dataset {
        name: title.as_deref().map_or_else(|| id.clone(), json::short_name),
        description: resource.words("description"),
        themes: themes(&mut classification),
        keywords: keywords(&mut classification),
        publisher: publisher(&mut of, attribution, resource.words("attribution_link")),
        licenses: licence(&domain),
        contact: resource.words("contact_email").map(|email| Agent { name: email.clone(), homepage: None, email: Some(email) }),
        homepage: page,
        part_of: parent(&mut resource),
        accrual_periodicity: said("update_frequency").or_else(|| said("frequency")),
        issued: resource.words("publication_date").or_else(|| resource.words("createdAt")),
        modified: resource.words("data_updated_at").or_else(|| resource.words("updatedAt")),
        identifier: id,
        title,
        distributions,
        ..Dataset::default()
    };
    let mut extra = of.rest();
    let parts = [
        ("resource", resource.rest()),
        ("classification", classification.rest()),
        ("metadata", domain),
        ("domain_metadata", more),
    ];
    for (name, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        extra.insert(name.to_owned(), Value::Object(part.into_iter().collect()));
    }
    Some(Dataset { extra: kept::of_dataset(extra), ..dataset })
}

/// The portal's categories, the domain's own first.
fn themes(classification: &mut Properties<'_>) -> Vec<String> {
    let mut themes: Vec<String> = classification.words("domain_category").into_iter().collect();
    themes.extend(
        json::texts(classification, "categories").into_iter().filter(|theme| !themes.contains(theme)).collect::<Vec<_>>(),
    );
    themes
}

fn keywords(classification: &mut Properties<'_>) -> Vec<String> {
    let mut keywords = json::texts(classification, "domain_tags");
    for tag in json::texts(classification, "tags") {
        if !keywords.contains(&tag) {
            keywords.push(tag);
        }
    }
    keywords
}

/// The fields that a portal adds to its entries: a list of keys and values.
fn additional(classification: &mut Properties<'_>) -> Extra {
    let fields = classification.objects("domain_metadata").into_iter();
    fields.filter_map(|mut field| Some((field.words("key")?, field.take("value")?))).collect()
}

/// Whom the data is attributed to, else who owns the entry.
fn publisher(of: &mut Properties<'_>, attribution: Option<String>, link: Option<String>) -> Option<Agent> {
    if let Some(name) = attribution {
        return Some(Agent { name, homepage: link, email: None });
    }
    let owner = of.take("owner")?;
    let name = owner.get("display_name").and_then(json::label);
    of.keep("owner", owner);
    Some(Agent { name: name?, homepage: link, email: None })
}

fn licence(domain: &Extra) -> Vec<License> {
    domain.get("license").and_then(json::label).map(|text| json::licence_of(&text)).into_iter().collect()
}

/// The entry that a view is made of.
fn parent(resource: &mut Properties<'_>) -> Option<String> {
    let mut parents = json::texts(resource, "parent_fxf");
    if parents.len() > 1 {
        let others = parents.split_off(1);
        resource.keep("parent_fxf", others.into());
    }
    parents.pop()
}

/// The export of an entry that has rows of its own; else where the entry leads.
fn distribution(
    resource: &mut Properties<'_>,
    id: &str,
    permalink: Option<&str>,
    page: Option<&str>,
    place: &Place,
) -> Option<Distribution> {
    let kind = resource.words("type").unwrap_or_default();
    let media_type = resource.words("blob_mime_type");
    let root = permalink.and_then(|link| link.split_once("/d/")).map(|(root, _)| root);
    let mut distribution = Distribution { access_url: page.map(str::to_owned), media_type, ..Distribution::default() };
    let essence =
        distribution.media_type.as_deref().and_then(|kind| kind.split(';').next()).map(|kind| kind.trim().replace('/', "%2F"));
    match (kind.as_str(), root) {
        ("dataset" | "filter", Some(root)) => {
            link(&mut distribution, place, &format!("{root}/api/views/{id}/rows.csv?accessType=DOWNLOAD"));
            distribution.declared_format = Some("csv".to_owned());
            distribution.schema = schema(resource);
        }
        // Shapes have no rows to be exported as text.
        ("map", Some(root)) => {
            link(&mut distribution, place, &format!("{root}/api/geospatial/{id}?method=export&format=GeoJSON"));
            distribution.declared_format = Some("geojson".to_owned());
            distribution.schema = schema(resource);
        }
        ("file", Some(root)) => {
            if let Some(essence) = essence {
                link(&mut distribution, place, &format!("{root}/download/{id}/{essence}"));
            }
        }
        _ => {}
    }
    resource.keep("type", Value::String(kind));
    if distribution.paths.is_empty() && distribution.access_url.is_none() {
        return None;
    }
    distribution.name = id.to_owned();
    // The entry's page is a page, whatever is said of the file.
    let page = distribution.access_url.take();
    settle(&mut distribution);
    distribution.access_url = page;
    Some(distribution)
}

/// The columns, by the names that the export's header has. Their places in the lists belong together.
fn schema(resource: &mut Properties<'_>) -> Schema {
    let mut list = |key: &str| match resource.take(key) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let [names, fields, types, descriptions, formats] =
        ["columns_name", "columns_field_name", "columns_datatype", "columns_description", "columns_format"].map(&mut list);
    let at =
        |list: &[Value], i: usize| list.get(i).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let column = |(i, name): (usize, &Value)| {
        let name = name.as_str().filter(|name| !name.trim().is_empty())?;
        let mut extra = Extra::new();
        extra.extend(at(&fields, i).map(|field| ("fieldName".to_owned(), Value::String(field))));
        let format =
            formats.get(i).filter(|format| format.as_object().is_some_and(|format: &Map<String, Value>| !format.is_empty()));
        extra.extend(format.map(|format| ("displayFormat".to_owned(), format.clone())));
        Some(Column { description: at(&descriptions, i), ..json::column(name.to_owned(), at(&types, i), extra) })
    };
    let columns: Vec<Column> = names.iter().enumerate().filter_map(column).collect();
    let fields_match = if columns.is_empty() { FieldsMatch::Exact } else { FieldsMatch::Partial };
    Schema { columns, fields_match, ..Schema::default() }
}

#[cfg(test)]
mod tests {
    use super::super::{Gathered, Standard, read};
    use super::*;
    use crate::descriptor::{ColumnKind, Format};

    const CATALOG: &str = include_str!("../../../tests/fixtures/catalogs/socrata/catalog.json");

    fn of_text(text: &str) -> (Gathered, Page) {
        let mut sink = Gathered::default();
        let at = "https://data.example.org/api/catalog/v1?domains=data.example.org&limit=4&offset=8";
        let page = read(Standard::Socrata, &mut text.as_bytes(), at, &mut sink).expect("a text can be read");
        (sink, page)
    }

    #[test]
    fn entries_are_read_and_lead_to_the_next() {
        let (found, page) = of_text(CATALOG);
        assert_eq!(
            page.next.as_deref(),
            Some("https://data.example.org/api/catalog/v1?domains=data.example.org&limit=4&offset=12")
        );
        assert_eq!((page.total, found.datasets.len()), (Some(20), 3));
        let [problem] = found.problems.as_slice() else { panic!("{:?}", found.problems) };
        assert_eq!(problem.pointer, "/results/3/resource");
        let [trips, map, story] = found.datasets.as_slice() else { panic!("{} datasets", found.datasets.len()) };
        assert_eq!((trips.identifier.as_str(), trips.name.as_str()), ("ab12-cd34", "taxi_trips"));
        assert_eq!(trips.themes, ["Transportation", "transportation"]);
        assert_eq!(
            (trips.accrual_periodicity.as_deref(), trips.licenses[0].title.as_deref()),
            (Some("Monthly"), Some("Public Domain U.S. Government"))
        );
        assert_eq!(trips.homepage.as_deref(), Some("https://data.example.org/d/ab12-cd34"));
        let [export] = trips.distributions.as_slice() else { panic!("{} distributions", trips.distributions.len()) };
        assert_eq!(export.paths, ["https://data.example.org/api/views/ab12-cd34/rows.csv?accessType=DOWNLOAD"]);
        let columns: Vec<_> = export.schema.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        assert_eq!(columns, [("Trip ID", ColumnKind::String), ("Trip Start", ColumnKind::Any), ("Fare", ColumnKind::Any)]);
        assert_eq!(export.schema.columns[1].extra["fieldName"], "trip_start");
        assert_eq!((export.format, map.distributions[0].format), (Some(Format::Csv), Some(Format::GeoJson)));
        assert_eq!((map.part_of.as_deref(), map.distributions[0].is_table()), (Some("ab12-cd34"), true));
        assert_eq!((story.distributions[0].paths.len(), story.distributions[0].is_table()), (0, false));
    }

    #[test]
    fn a_file_is_fetched_by_its_media_type() {
        let text = r#"{"results": [{"resource": {"id": "a", "type": "file", "blob_mime_type": "application/zip"}, "permalink": "https://x.org/d/a"},
            {"resource": {"id": "b", "type": "file"}, "permalink": "https://x.org/d/b"}, {"resource": {"id": "c"}}]}"#;
        let (found, _) = of_text(text);
        let [zip, unknown, bare] = found.datasets.as_slice() else { panic!("{:?}", found.problems) };
        assert_eq!(zip.distributions[0].paths, ["https://x.org/download/a/application%2Fzip"]);
        assert!(zip.distributions[0].is_table() && unknown.distributions[0].paths.is_empty() && bare.distributions.is_empty());
    }

    #[test]
    fn the_last_page_has_none_after_it() {
        assert_eq!(of_text(&CATALOG.replace("\"resultSetSize\": 20", "\"resultSetSize\": 12")).1.next, None);
        assert_eq!(of_text(r#"{"results": [], "resultSetSize": 20}"#).1.next, None);
    }
}
