//! Data Package, version 2 (<https://datapackage.org>) with the ways of version 1 that are still published, and DCAT's terms
//! where the standard has none. Bytes in, datasets and problems out; fetching the bytes is the caller's.

mod dialect;
mod print;
mod resource;
mod schema;

use std::collections::HashSet;

use serde_json::Value;

use super::property::{Properties, Report};
use super::{AccessRights, Agent, Dataset, License, Link, Period, Place, Problem, Refresh, format};

pub use print::{to_datapackage, to_dialect, to_resource};
pub(super) use schema::schema;

/// Stoa's own property of a package: the folder or URL that its relative paths start from, in place of the descriptor's own.
/// It lets a catalog's descriptors stand apart from the files they describe.
pub const BASE: &str = "stoa:base";

/// Stoa's own property of a package or resource: when its source is asked whether it changed.
pub const REFRESH: &str = "stoa:refresh";

/// Stoa's own property of a package or resource: whether a reject fails its reading.
pub const STRICT: &str = "stoa:strict";

/// Under which names the model's properties are published, DCAT's with and without its prefixes.
const ISSUED: &[&str] = &["issued", "dct:issued", "dcterms:issued"];
const MODIFIED: &[&str] = &["modified", "dct:modified", "dcterms:modified"];
const LANGUAGES: &[&str] = &["language", "dct:language"];
const SPATIAL: &[&str] = &["spatial", "dct:spatial"];
const CONFORMS_TO: &[&str] = &["conformsTo", "dct:conformsTo"];

/// Reads a descriptor. `file` is its absolute path or its URL: relative paths start there, and problems name it. What can't be used
/// is reported with its place and left out; the rest is served.
///
/// ```
/// # use stoa::descriptor::datapackage::parse;
/// let json = br#"{"name": "trips", "resources": [{"name": "all", "path": "trips.csv"}]}"#;
/// let (datasets, problems) = parse(json, "/srv/open/datapackage.json");
/// assert_eq!(datasets[0].distributions[0].paths, ["/srv/open/trips.csv"]);
/// assert!(problems.is_empty());
/// ```
pub fn parse(bytes: &[u8], file: &str) -> (Vec<Dataset>, Vec<Problem>) {
    let report = Report::new(file);
    // RFC 8259 lets a reader pass over a byte order mark.
    let dataset = match serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(Value::Object(map)) => package(Properties::new(&report, String::new(), map), file, &report),
        Ok(_) => {
            report.add("", "the descriptor is no JSON object; a Data Package is one, with \"resources\"");
            None
        }
        Err(e) => {
            report.add("", format!("the descriptor is not JSON: {e}"));
            None
        }
    };
    (dataset.into_iter().collect(), report.into_problems())
}

fn package(mut package: Properties<'_>, file: &str, report: &Report) -> Option<Dataset> {
    let place = Place::of_file(file);
    let place = match package.words(BASE).map(|base| place.moved(&base)) {
        None => place,
        Some(Ok(moved)) => moved,
        Some(Err(why)) => {
            package.problem(BASE, format!("{why}; ignored"));
            place
        }
    };

    let Some(resources) = package.take("resources") else {
        report.add("/resources", "the package has no \"resources\"; list at least one with a \"path\"");
        return None;
    };
    package.keep("resources", resources);
    let name = package.label("name");
    let identifier = package.label("id").or_else(|| name.clone()).unwrap_or_else(|| file.to_owned());
    let mut distributions = Vec::new();
    let mut names = HashSet::new();
    for resource in package.objects("resources") {
        let pointer = resource.pointer().to_owned();
        let Some(distribution) = resource::resource(resource, &place) else { continue };
        let name = &distribution.name;
        if !names.insert(name.clone()) {
            report.add(&format!("{pointer}/name"), format!("an earlier resource is named \"{name}\" too; its table is numbered"));
        }
        distributions.push(distribution);
    }
    let contributed = publishing_contributor(&mut package);
    let (access_rights, published_rights) = access_rights(&mut package);
    Some(Dataset {
        identifier,
        name: name.unwrap_or_else(|| name_of_file(file).to_owned()),
        title: package.words_of(&["title", "dct:title"]),
        description: package.words_of(&["description", "dct:description"]),
        themes: themes(&mut package),
        keywords: package.texts("keywords").unwrap_or_default(),
        publisher: agent_of(&mut package, &["publisher", "dct:publisher", "dcterms:publisher"], "publisher").or(contributed),
        licenses: licenses(&mut package),
        sources: links(&mut package, "sources"),
        homepage: package.words_of(&["homepage", "landingPage", "dcat:landingPage"]),
        contact: agent_of(&mut package, &["contactPoint", "dcat:contactPoint"], "contact"),
        documentation: links(&mut package, "documentation"),
        languages: texts_of(&mut package, LANGUAGES),
        spatial: texts_of(&mut package, SPATIAL),
        temporal: temporal(&mut package),
        conforms_to: texts_of(&mut package, CONFORMS_TO),
        version: package.label("version"),
        part_of: package.words_of(&["isPartOf", "dct:isPartOf"]),
        accrual_periodicity: package.words_of(&["accrualPeriodicity", "dct:accrualPeriodicity", "dcterms:accrualPeriodicity"]),
        refresh: refresh(&mut package),
        strict: package.flag(STRICT),
        issued: package.words_of(ISSUED).or_else(|| package.words("created")),
        modified: package.words_of(MODIFIED),
        access_rights,
        published_rights,
        distributions,
        extra: package.rest(),
    })
}

/// What a package without a name is called: its file, or its folder where every package's file has the same name.
fn name_of_file(file: &str) -> &str {
    let name = format::stem(file);
    match name.strip_suffix(".datapackage") {
        Some(name) => name,
        None if name == "datapackage" => {
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(name)
        }
        None => name,
    }
}

/// `stoa:refresh` of a package or resource.
fn refresh(properties: &mut Properties<'_>) -> Option<Refresh> {
    let text = properties.words(REFRESH)?;
    let refresh = Refresh::of_word(&text);
    if refresh.is_none() {
        properties.problem(REFRESH, format!("expected {}, found {text:?}; ignored", Refresh::TAKEN));
    }
    refresh
}

/// DCAT allows several themes: the first one is the dataset's schema.
fn themes(package: &mut Properties<'_>) -> Vec<String> {
    for key in ["theme", "dcat:theme", "dct:theme"] {
        let themes = package.texts(key).unwrap_or_default();
        let themes: Vec<String> = themes.into_iter().filter(|theme| !theme.trim().is_empty()).collect();
        if !themes.is_empty() {
            return themes;
        }
    }
    Vec::new()
}

/// A list of texts under the first of several names that has some; blank ones are left out.
fn texts_of(properties: &mut Properties<'_>, keys: &[&str]) -> Vec<String> {
    let found = keys.iter().find_map(|key| properties.texts(key)).unwrap_or_default();
    found.into_iter().filter(|text| !text.trim().is_empty()).collect()
}

/// The times that are covered: DCAT's periods, or texts of two ends with a slash between them (ISO 8601, as DCAT-US has it).
fn temporal(package: &mut Properties<'_>) -> Vec<Period> {
    let period = |start: Option<String>, end: Option<String>| {
        Some(Period { start, end }).filter(|period| period.start.is_some() || period.end.is_some())
    };
    if let Some(Value::String(text)) = package.take("temporal") {
        return Period::of_text(&text).into_iter().collect();
    }
    let periods = package.objects("temporalCoverage");
    periods.into_iter().filter_map(|mut of| period(of.words("startDate"), of.words("endDate"))).collect()
}

/// An agent by name or as an object, under the first of several names that has one.
fn agent_of(package: &mut Properties<'_>, keys: &[&str], what: &str) -> Option<Agent> {
    for key in keys {
        match package.take(key) {
            None => {}
            Some(Value::String(name)) if name.trim().is_empty() => {}
            Some(Value::String(name)) => return Some(Agent { name, ..Agent::default() }),
            Some(object @ Value::Object(_)) => {
                package.keep(key, object);
                let Some(mut agent) = package.object(key) else { continue };
                let Some(name) = agent.words_of(&["name", "title", "foaf:name"]) else {
                    package.problem(key, format!("the {what} has no \"name\"; ignored"));
                    continue;
                };
                return Some(Agent {
                    name,
                    homepage: agent.words_of(&["homepage", "foaf:homepage", "path", "url"]),
                    email: agent.words_of(&["email", "mbox", "foaf:mbox"]),
                });
            }
            Some(other) => package.wrong(key, "a text or an object", &other).unwrap_or_default(),
        }
    }
    None
}

/// The contributor whose role is to publish (`roles` in version 2, `role` in version 1). The contributors are kept as published.
fn publishing_contributor(package: &mut Properties<'_>) -> Option<Agent> {
    let contributors = package.take("contributors")?;
    let publishes = |contributor: &Value| {
        let roles = contributor.get("roles").and_then(Value::as_array).into_iter().flatten();
        roles.chain(contributor.get("role")).filter_map(Value::as_str).any(|role| role.eq_ignore_ascii_case("publisher"))
    };
    let text = |contributor: &Value, key: &str| contributor.get(key).and_then(Value::as_str).map(str::to_owned);
    let Some(list) = contributors.as_array() else { return package.wrong("contributors", "a list of objects", &contributors) };
    let agent = list.iter().find(|c| publishes(c)).and_then(|c| {
        let name = text(c, "title").or_else(|| text(c, "organization"))?;
        Some(Agent { name, homepage: text(c, "path"), email: text(c, "email") })
    });
    package.keep("contributors", contributors);
    agent
}

/// `licenses`, or version 1's single `license` as a text or an object.
fn licenses(package: &mut Properties<'_>) -> Vec<License> {
    let single = match package.take("license") {
        Some(Value::String(name)) => Some(License { name: Some(name), ..License::default() }),
        Some(object @ Value::Object(_)) => {
            package.keep("license", object);
            package.object("license").and_then(license)
        }
        Some(other) => package.wrong("license", "a text or an object", &other),
        None => None,
    };
    package.objects("licenses").into_iter().filter_map(license).chain(single).collect()
}

fn license(mut license: Properties<'_>) -> Option<License> {
    let (name, title) = (license.words_of(&["name", "type"]), license.words("title"));
    let path = license.words_of(&["path", "url"]);
    if name.is_none() && title.is_none() && path.is_none() {
        license.problem("name", "a licence has a \"name\", a \"title\" or a \"path\"; ignored");
        return None;
    }
    Some(License { name, title, path })
}

fn links(package: &mut Properties<'_>, key: &str) -> Vec<Link> {
    let link = |mut source: Properties<'_>| {
        let link = Link { title: source.words_of(&["title", "name"]), path: source.words_of(&["path", "url", "web"]) };
        if link.title.is_none() && link.path.is_none() {
            source.problem("title", "a link has a \"title\" or a \"path\"; ignored");
            return None;
        }
        Some(link)
    };
    package.objects(key).into_iter().filter_map(link).collect()
}

/// What is published of access rights, and what it means. What is not understood is not public.
fn access_rights(package: &mut Properties<'_>) -> (AccessRights, Option<String>) {
    let keys = ["accessRights", "dct:accessRights", "dcterms:accessRights", "accessLevel"];
    let taken = keys.iter().find_map(|key| match package.take(key)? {
        Value::String(words) if words.trim().is_empty() => None,
        value => Some((*key, value)),
    });
    let Some((key, value)) = taken else { return (AccessRights::Public, None) };
    let Value::String(words) = value else {
        package.problem(key, "expected one of PUBLIC, RESTRICTED and NON_PUBLIC as a text; taken as NON_PUBLIC");
        return (AccessRights::NonPublic, None);
    };
    let rights = AccessRights::of_words(&words).unwrap_or_else(|| {
        package.problem(key, format!("\"{words}\" is none of PUBLIC, RESTRICTED and NON_PUBLIC; taken as NON_PUBLIC"));
        AccessRights::NonPublic
    });
    let is_code = words == rights.name();
    (rights, Some(words).filter(|_| !is_code))
}

#[cfg(test)]
mod tests;
