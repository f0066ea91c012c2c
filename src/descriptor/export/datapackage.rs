//! Data Package (<https://datapackage.org>): a descriptor of one dataset, in words that both of the standard's versions take.

use serde_json::{Map, Value, json};

use super::about::About;
use super::words::{self, slug, uri};
use super::{ALSO, Layout, Standard};
use crate::descriptor::datapackage::{to_datapackage, to_resource};
use crate::descriptor::{Agent, Dataset, Distribution, License, Link};

pub(super) struct Package;

/// Where version 2 says what a descriptor follows.
const PROFILE: &str = "https://datapackage.org/profiles/2.0/datapackage.json";

impl Layout for Package {
    fn standard(&self) -> Standard {
        Standard::DataPackage
    }

    fn head(&self, _: &About) -> String {
        String::new()
    }

    fn record(&self, dataset: &Dataset, also: Option<&Value>, _: &About) -> String {
        let mut record = package(dataset);
        if let Some(also) = also {
            record.insert(ALSO.to_owned(), also.clone());
        }
        // People read descriptors.
        format!("{:#}\n", Value::Object(record))
    }

    fn between(&self) -> &'static str {
        ""
    }

    fn tail(&self, _: u64) -> String {
        String::new()
    }

    fn lacking(&self, dataset: &Dataset) -> Option<&'static str> {
        let has_files = dataset.distributions.iter().any(|part| part_of(part, &mut Vec::new()).is_some());
        (!has_files).then_some("resources")
    }
}

/// The properties as the model's own descriptors have them, each in the form that the standard's profile demands.
fn package(dataset: &Dataset) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("$schema".to_owned(), PROFILE.into());
    let Value::Object(own) = to_datapackage(dataset) else { return out };
    for (key, value) in own {
        if dataset.extra.contains_key(&key) {
            continue;
        }
        let value = match key.as_str() {
            "name" => slug(&dataset.name).into(),
            "title" => words::title(dataset).into(),
            "homepage" => match dataset.homepage.as_deref().and_then(uri) {
                Some(page) => page.into(),
                None => continue,
            },
            "licenses" => match licences(&dataset.licenses) {
                Some(licences) => licences,
                None => continue,
            },
            "sources" => match sources(&dataset.sources) {
                Some(sources) => sources,
                None => continue,
            },
            // Paths are told in whole.
            "resources" | "stoa:base" => continue,
            _ => value,
        };
        out.insert(key, value);
    }
    if let Some(publisher) = &dataset.publisher {
        out.insert("contributors".to_owned(), json!([contributor(publisher)]));
    }
    let mut names = Vec::new();
    let resources = dataset.distributions.iter().filter_map(|part| part_of(part, &mut names)).map(Value::Object);
    out.insert("resources".to_owned(), resources.collect());
    out
}

fn contributor(agent: &Agent) -> Value {
    let mut out = Map::from_iter([("title".to_owned(), json!(agent.name)), ("role".to_owned(), json!("publisher"))]);
    if let Some(page) = agent.homepage.as_deref().and_then(uri) {
        out.insert("path".to_owned(), page.into());
    }
    Value::Object(out)
}

/// A name of the Open Definition's or SPDX's form, or a path, or both.
fn licences(licences: &[License]) -> Option<Value> {
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    let licence = |licence: &License| {
        let mut out = Map::new();
        let name = licence.name.as_deref().filter(is_name).or_else(|| crate::descriptor::terms::licence(licence));
        for (key, text) in
            [("name", name.map(str::to_owned)), ("path", licence.path.as_deref().and_then(uri)), ("title", licence.title.clone())]
        {
            if let Some(text) = text {
                out.insert(key.to_owned(), text.into());
            }
        }
        Some(out).filter(|out| out.contains_key("name") || out.contains_key("path")).map(Value::Object)
    };
    let told: Vec<Value> = licences.iter().filter_map(licence).collect();
    Some(told).filter(|told| !told.is_empty()).map(Value::Array)
}

fn sources(sources: &[Link]) -> Option<Value> {
    let source = |source: &Link| {
        let path = source.path.as_deref().and_then(uri);
        let title = source.title.clone().or_else(|| path.clone())?;
        Some(match path {
            Some(path) => json!({ "title": title, "path": path }),
            None => json!({ "title": title }),
        })
    };
    let told: Vec<Value> = sources.iter().filter_map(source).collect();
    Some(told).filter(|told| !told.is_empty()).map(Value::Array)
}

/// A resource under a name that none before it has; `None` for what has neither a file nor a URL that leads to it, which is told beside.
fn part_of(of: &Distribution, names: &mut Vec<String>) -> Option<Map<String, Value>> {
    let paths: Option<Vec<String>> = of.paths.iter().map(|path| uri(path)).collect();
    let mut paths = paths.filter(|paths| paths.iter().all(|path| path.starts_with("http"))).unwrap_or_default();
    if paths.is_empty() {
        paths.extend(of.access_url.as_deref().and_then(uri).filter(|url| url.starts_with("http")));
    }
    if paths.is_empty() {
        return None;
    }
    let first = slug(&of.name);
    let free = |name: &String| !names.contains(name);
    let name = Some(first.clone()).filter(&free).or_else(|| (2..).map(|n| format!("{first}-{n}")).find(free))?;
    names.push(name.clone());
    let Value::Object(own) = to_resource(of) else { return None };
    let mut out = Map::new();
    for (key, value) in own {
        if of.extra.contains_key(&key) && key != "schema" && key != "dialect" {
            continue;
        }
        let value = match key.as_str() {
            "name" => name.as_str().into(),
            "path" | "accessURL" => continue,
            "licenses" => match licences(&of.licenses) {
                Some(licences) => licences,
                None => continue,
            },
            "mediatype" => match words::media_type(of) {
                Some(media_type) => media_type.into(),
                None => continue,
            },
            "hash" if !is_hash(of.hash.as_deref().unwrap_or_default()) => continue,
            _ => value,
        };
        out.insert(key, value);
    }
    let path = if let [path] = paths.as_slice() { json!(path) } else { json!(paths) };
    out.insert("path".to_owned(), path);
    Some(out)
}

/// An algorithm and digits, or the digits of an MD5.
fn is_hash(hash: &str) -> bool {
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    match hash.split_once(':') {
        Some((algorithm, digits)) => !algorithm.is_empty() && is_hex(digits),
        None => is_hex(hash) && hash.len() == 32,
    }
}
