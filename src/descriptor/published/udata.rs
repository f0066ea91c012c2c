//! udata: answers of `/api/1/datasets` and `/api/2/datasets`, a single dataset, and the portal's export of datasets with what belongs to them.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::stream;
use super::{Page, Problem, Record, Sink, json, kept, link, settle};
use crate::descriptor::format::stem;
use crate::descriptor::property::{Properties, Report};
use crate::descriptor::{AccessRights, Agent, Dataset, Distribution, License, Link, Place};

const LISTS: &[&[&str]] = &[&["data"], &["datasets"]];

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let place = Place::of_file(file);
    let mut also = Vec::new();
    let mut deliver = |of: Properties<'_>, text: &str, sink: &mut dyn Sink| match dataset(of, &place) {
        Some(Read::Dataset(dataset)) => sink.dataset(*dataset, Record { text: text.into(), media_type: "application/json" }),
        Some(Read::Elsewhere(url)) => {
            also.push(url);
            Ok(())
        }
        None => Ok(()),
    };
    let rest = stream::elements(input, file, LISTS, sink, &mut deliver)?;
    if !rest.listed && !rest.map.is_empty() {
        let report = Report::new(file);
        deliver(Properties::new(&report, String::new(), rest.map), &rest.text, sink)?;
        report.into_problems().into_iter().for_each(|problem| sink.problem(problem));
        return Ok(Page { also, ..Page::default() });
    }
    let next = rest.map.get("next_page").and_then(Value::as_str).and_then(|next| place.beside(next));
    if next.as_deref() == Some(file) {
        let message = "the next page is this one; the list ends here".to_owned();
        sink.problem(Problem { file: file.to_owned(), pointer: "/next_page".to_owned(), message });
        return Ok(Page { also, ..Page::default() });
    }
    Ok(Page { next, also, total: rest.map.get("total").and_then(Value::as_u64) })
}

/// What a record is.
enum Read {
    Dataset(Box<Dataset>),
    /// One whose resources are not in the list, to be read at this address.
    Elsewhere(String),
}

fn dataset(mut of: Properties<'_>, place: &Place) -> Option<Read> {
    of = exported(of);
    if of.has("deleted") {
        return of.left_out("deleted", "the dataset is deleted");
    }
    let title = of.words("title");
    let slug = of.label("slug");
    let Some(identifier) = of.label("id").or_else(|| slug.clone()).or_else(|| title.clone()) else {
        return of.left_out("id", "the dataset has neither an \"id\" nor a \"slug\" nor a \"title\"");
    };
    if let Some(url) = elsewhere(&mut of, &identifier, place) {
        return Some(Read::Elsewhere(url));
    }
    let distributions = of.objects("resources").into_iter().filter_map(|resource| distribution(resource, place)).collect();
    let access_rights = access_rights(&mut of);
    let contact = json::agent(&mut of, "contact_points").or_else(|| json::agent(&mut of, "contact_point"));
    Some(Read::Dataset(Box::new(Dataset {
        name: slug.or_else(|| title.as_deref().map(json::short_name)).unwrap_or_else(|| identifier.clone()),
        identifier,
        title,
        description: of.words("description"),
        keywords: json::texts(&mut of, "tags"),
        publisher: organization(&mut of).or_else(|| owner(&mut of)),
        licenses: licence(&mut of),
        homepage: of.words("page"),
        contact,
        documentation: schema(&mut of).into_iter().map(|path| Link { title: None, path: Some(path) }).collect(),
        spatial: spatial(&mut of),
        temporal: json::periods(&mut of, "temporal_coverage"),
        accrual_periodicity: of.words("frequency").filter(|frequency| frequency != "unknown"),
        issued: of.words("created_at").or_else(|| of.words("created_at_internal")),
        modified: of.words("last_modified").or_else(|| of.words("last_modified_internal")),
        access_rights,
        distributions,
        extra: kept::of_dataset(of.rest()),
        ..Dataset::default()
    })))
}

/// In an export, the dataset's own properties stand beside its organization and its resources: they are put together.
fn exported(mut of: Properties<'_>) -> Properties<'_> {
    match of.take("dataset") {
        Some(Value::Object(own)) => own.into_iter().for_each(|(key, value)| of.keep(&key, value)),
        Some(other) => of.keep("dataset", other),
        None => {}
    }
    of
}

/// Version 2 of the interface lists a link in place of the resources; version 1 has the same dataset with them.
fn elsewhere(of: &mut Properties<'_>, identifier: &str, place: &Place) -> Option<String> {
    let resources = of.take("resources")?;
    let link = resources.get("href").and_then(Value::as_str);
    let has_some = resources.get("total").and_then(Value::as_u64) != Some(0);
    if let (Some(link), Value::Object(_)) = (link, &resources) {
        let url = link.split_once("/api/2/datasets/").map(|(root, _)| format!("{root}/api/1/datasets/{identifier}/"));
        of.keep("resources_link", resources);
        return url.filter(|_| has_some).and_then(|url| place.beside(&url));
    }
    of.keep("resources", resources);
    None
}

/// The organization, which stays with all that is told of it.
fn organization(of: &mut Properties<'_>) -> Option<Agent> {
    let organization = of.take("organization")?;
    let text = |key: &str| organization.get(key).and_then(json::label);
    let agent = text("name").map(|name| Agent { name, homepage: text("url").or_else(|| text("page")), email: None });
    of.keep("organization", organization);
    agent
}

/// The person who published it, where no organization did.
fn owner(of: &mut Properties<'_>) -> Option<Agent> {
    let owner = of.take("owner")?;
    let text = |key: &str| owner.get(key).and_then(json::label);
    let names: Vec<String> = ["first_name", "last_name"].into_iter().filter_map(text).collect();
    let agent =
        Some(names.join(" ")).filter(|name| !name.is_empty()).map(|name| Agent { name, homepage: text("page"), email: None });
    of.keep("owner", owner);
    agent
}

fn licence(of: &mut Properties<'_>) -> Vec<License> {
    let name = of.words("license").filter(|name| name != "notspecified");
    let title = of.words("license_title");
    Some(License { name, title, path: None })
        .filter(|licence| licence.name.is_some() || licence.title.is_some())
        .into_iter()
        .collect()
}

/// The zones by their identifiers or names, then the geometry.
fn spatial(of: &mut Properties<'_>) -> Vec<String> {
    let Some(mut spatial) = of.object("spatial") else { return Vec::new() };
    let mut places = json::texts(&mut spatial, "zones");
    places.extend(spatial.take("geom").map(|geometry| geometry.to_string()));
    let rest = spatial.rest();
    if !rest.is_empty() {
        of.keep("spatial_more", Value::Object(rest.into_iter().collect()));
    }
    places
}

/// The schema that its files follow, by its page or its name.
fn schema(of: &mut Properties<'_>) -> Option<String> {
    let schema = of.take("schema")?;
    let text = |key: &str| schema.get(key).and_then(json::label);
    let told = text("url").or_else(|| text("name"));
    if schema.as_object().is_none_or(|schema: &Map<String, Value>| schema.values().any(|value| !value.is_null())) {
        of.keep("schema", schema);
    }
    told
}

/// What is told of access stays in the portal's words too, which others would not understand.
fn access_rights(of: &mut Properties<'_>) -> AccessRights {
    if of.flag("private").unwrap_or_default() {
        return AccessRights::NonPublic;
    }
    let Some(words) = of.words("access_type") else { return AccessRights::Public };
    let rights = match words.as_str() {
        "open" => AccessRights::Public,
        "open_with_account" | "restricted" => AccessRights::Restricted,
        other => AccessRights::of_words(other).unwrap_or(AccessRights::NonPublic),
    };
    of.keep("access_type", Value::String(words));
    rights
}

fn distribution(mut of: Properties<'_>, place: &Place) -> Option<Distribution> {
    let title = of.words("title");
    let mut distribution = Distribution::default();
    if let Some(url) = of.words("url").or_else(|| of.words("latest")) {
        link(&mut distribution, place, &url);
    }
    if distribution.paths.is_empty() && distribution.access_url.is_none() {
        return of.left_out("url", "the resource has no \"url\"");
    }
    distribution.description = of.words("description");
    distribution.declared_format = of.words("format");
    distribution.media_type = of.words("mime");
    distribution.bytes = of.take("filesize").and_then(|size| json::count(&size));
    distribution.hash = checksum(&mut of);
    distribution.issued = of.words("created_at").or_else(|| of.words("published"));
    distribution.modified = of.words("last_modified");
    distribution.conforms_to = schema(&mut of).into_iter().collect();
    settle(&mut distribution);
    // Many titles are file names.
    let name = title.as_deref().filter(|title| !title.contains('/')).map(stem).or(title.as_deref());
    let of_path = || distribution.paths.first().map(|path| stem(path).to_owned()).filter(|stem| !stem.trim().is_empty());
    let name = name.map(str::to_owned).filter(|name| !name.trim().is_empty());
    distribution.name = name.or_else(of_path).or_else(|| of.label("id")).unwrap_or_else(|| "resource".to_owned());
    distribution.title = title;
    distribution.extra = kept::of_distribution(of.rest());
    Some(distribution)
}

fn checksum(of: &mut Properties<'_>) -> Option<String> {
    let mut checksum = of.object("checksum")?;
    let value = checksum.words("value")?;
    Some(json::hash(&checksum.words("type").unwrap_or_default(), &value))
}

#[cfg(test)]
mod tests {
    use super::super::{Gathered, Standard, read, shared};
    use super::*;
    use crate::descriptor::Period;

    fn of_text(text: &str, file: &str) -> (Gathered, Page) {
        let mut sink = Gathered::default();
        let page = read(Standard::Udata, &mut text.as_bytes(), file, &mut sink).expect("a text can be read");
        (sink, page)
    }

    #[test]
    fn the_export_of_the_shared_data_is_read() {
        let (found, page) = shared(Standard::Udata, "udata/results.json");
        // 15 datasets (README), of which one community's resources are kept beside; 99 resources.
        let distributions: usize = found.datasets.iter().map(|dataset| dataset.distributions.len()).sum();
        assert_eq!((found.datasets.len(), distributions, found.problems.len()), (15, 99, 0), "{:?}", found.problems);
        assert_eq!(page, Page::default());
        let sirene = &found.datasets[1];
        assert_eq!(sirene.accrual_periodicity.as_deref(), Some("monthly"));
        assert_eq!(sirene.temporal, [Period { start: Some("1973-01-01".to_owned()), end: Some("2023-12-31".to_owned()) }]);
        assert_eq!(sirene.extra["community_resources"].as_array().map(Vec::len), Some(9));
        let tables = found.datasets.iter().flat_map(|dataset| &dataset.distributions).filter(|one| one.is_table()).count();
        // CSV 55, JSON 8, zip 6, text 6, a workbook, a shapefile; the rest is PDF, pages and XML.
        assert_eq!(tables, 77);
    }

    #[test]
    fn a_page_of_the_interface_is_read_and_leads_to_the_next() {
        let text = include_str!("../../../tests/fixtures/catalogs/udata/datasets.json");
        let (found, page) = of_text(text, "https://data.example.org/api/1/datasets/?page=1&page_size=2");
        assert_eq!(page.next.as_deref(), Some("https://data.example.org/api/1/datasets/?page=2&page_size=2"));
        assert_eq!((page.total, page.also.len(), found.datasets.len()), (Some(3), 0, 1));
        let [problem] = found.problems.as_slice() else { panic!("{:?}", found.problems) };
        assert_eq!(problem.pointer, "/data/1/deleted");
        let [buses] = found.datasets.as_slice() else { panic!("{} datasets", found.datasets.len()) };
        assert_eq!((buses.identifier.as_str(), buses.name.as_str()), ("64aa", "lignes-de-bus"));
        assert_eq!(
            (buses.access_rights, buses.extra["access_type"].as_str()),
            (AccessRights::Restricted, Some("open_with_account"))
        );
        assert_eq!(buses.spatial, ["fr:departement:33"]);
        assert_eq!(buses.publisher.as_ref().map(|one| one.name.as_str()), Some("Ana Martin"));
        assert_eq!(buses.contact.as_ref().and_then(|one| one.email.as_deref()), Some("bus@example.org"));
        let [file, page] = buses.distributions.as_slice() else { panic!("{} distributions", buses.distributions.len()) };
        assert_eq!((file.name.as_str(), file.hash.as_deref()), ("lignes", Some("sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709")));
        assert_eq!(file.conforms_to, ["etalab/schema-lignes"]);
        assert!(file.is_table() && !page.is_table());
    }

    #[test]
    fn the_second_interface_leads_to_the_first() {
        let text = r#"{"data": [{"id": "1", "slug": "a", "resources": {"rel": "subsection", "href": "https://x.org/api/2/datasets/1/resources/", "total": 2}},
            {"id": "2", "slug": "b", "resources": {"rel": "subsection", "href": "https://x.org/api/2/datasets/2/resources/", "total": 0}}],
            "next_page": null, "total": 2}"#;
        let (found, page) = of_text(text, "https://x.org/api/2/datasets/");
        assert_eq!((found.datasets.len(), found.problems.len()), (1, 0), "{:?}", found.problems);
        assert_eq!((page.also, page.next), (vec!["https://x.org/api/1/datasets/1/".to_owned()], None));
        let (found, _) = of_text(r#"{"id": "1", "slug": "a", "resources": []}"#, "https://x.org/api/1/datasets/1/");
        assert_eq!(found.datasets.len(), 1);
    }
}
