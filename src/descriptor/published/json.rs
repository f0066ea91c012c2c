//! What a published JSON value means where standards and portals leave its form open: a text, a number, an object that is labelled or
//! only refers, or a list of those.

use serde_json::{Map, Value};

use crate::descriptor::property::Properties;
use crate::descriptor::{Agent, Column, ColumnKind, Extra, License, Link, Period};
use crate::name::{Identifier, clip};

use super::kept;

/// How many objects within one another a label is looked for in.
const DEEPEST: usize = 4;

/// Members that label an object, the best one first.
const LABELS: &[&str] = &["title", "name", "prefLabel", "label", "fn", "notation", "@value", "en", "@id", "id", "url"];

/// The text that a value stands for: itself, a number's digits, an object's label, or the first of a list.
pub(super) fn label(value: &Value) -> Option<String> {
    label_at(value, DEEPEST)
}

fn label_at(value: &Value, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => items.iter().find_map(|item| label_at(item, depth)),
        Value::Object(map) => LABELS.iter().find_map(|key| label_at(map.get(*key)?, depth)),
        Value::Null | Value::Bool(_) => None,
    }
}

/// One text of a property in any form. What more an object or a list tells stays among the properties.
pub(super) fn text(of: &mut Properties<'_>, key: &str) -> Option<String> {
    match of.take(key)? {
        Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        value @ (Value::Object(_) | Value::Array(_)) => {
            let label = label(&value);
            if label.is_none() && !is_bare(&value) {
                of.wrong::<()>(key, "a text", &value);
            }
            if !is_bare(&value) {
                of.keep(key, value);
            }
            label
        }
        other @ (Value::Null | Value::Bool(_)) => of.wrong(key, "a text", &other),
    }
}

/// The first of several names of a property that has a text.
pub(super) fn text_of(of: &mut Properties<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| text(of, key))
}

/// The texts of a property in any form, blank ones left out. What more objects tell stays among the properties.
pub(super) fn texts(of: &mut Properties<'_>, key: &str) -> Vec<String> {
    let Some(value) = of.take(key) else { return Vec::new() };
    let items = listed(value);
    let tell_more = items.iter().any(|item| !is_bare(item)).then(|| Value::Array(items.clone()));
    let texts = items.into_iter().enumerate().filter_map(|(i, item)| match item {
        Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        Value::Null => None,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Array(_)) => {
            label(&other).or_else(|| of.wrong(&format!("{key}/{i}"), "a text", &other))
        }
    });
    let texts = texts.collect();
    if let Some(value) = tell_more {
        of.keep(key, value);
    }
    texts
}

/// Whether a value tells nothing but a text or a reference.
fn is_bare(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.keys().all(|key| matches!(key.as_str(), "@type" | "type" | "@id" | "@value")) && map.len() < 3,
        Value::Array(items) => items.is_empty() || matches!(items.as_slice(), [item] if is_bare(item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// An agent in any form. An object that tells more than an agent holds stays among the properties, as do those that follow the first.
pub(super) fn agent(of: &mut Properties<'_>, key: &str) -> Option<Agent> {
    let value = of.take(key)?;
    let told = match &value {
        Value::Array(items) => items.first()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => &value,
    };
    let (agent, is_all) = match told {
        Value::Object(map) => agent_of(map),
        Value::String(name) if !name.trim().is_empty() => (Some(Agent { name: name.clone(), ..Agent::default() }), true),
        Value::String(_) => return None,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
            return of.wrong(key, "a text or an object with a \"name\"", other);
        }
    };
    let is_one = !matches!(&value, Value::Array(items) if items.len() > 1);
    if agent.is_none() && matches!(told, Value::Object(map) if !map.is_empty()) {
        of.problem(key, "nobody is named: there is neither a name nor an address; kept as published");
    }
    if !is_all || !is_one || agent.is_none() {
        of.keep(key, value);
    }
    agent
}

/// An agent, and whether it holds all that the object tells.
fn agent_of(map: &Map<String, Value>) -> (Option<Agent>, bool) {
    const NAMES: &[&str] = &["name", "fn", "title", "prefLabel", "legalName", "organization-name"];
    const MAILS: &[&str] = &["hasEmail", "email", "mbox"];
    const PAGES: &[&str] = &["homepage", "url", "hasURL"];
    let first = |keys: &[&str]| keys.iter().find_map(|key| label(map.get(*key)?));
    let email = first(MAILS).map(|mail| mail.trim().trim_start_matches("mailto:").to_owned()).filter(|mail| !mail.is_empty());
    let is_known = |key: &str| key == "@type" || [NAMES, MAILS, PAGES].iter().any(|keys| keys.contains(&key));
    let is_all = map.iter().all(|(key, value)| is_known(key) && matches!(value, Value::String(_) | Value::Null));
    let id = map.get("@id").and_then(label);
    let Some(name) = first(NAMES).or_else(|| email.clone()).or(id) else { return (None, is_all) };
    (Some(Agent { name, homepage: first(PAGES), email }), is_all)
}

/// Takes a property that is one value or a list of them. What can't be made of them, and what objects tell beside the members that are
/// known, stays among the properties.
fn each<T>(of: &mut Properties<'_>, key: &str, known: &[&str], make: impl Fn(&Value) -> Vec<T>) -> Vec<T> {
    let Some(value) = of.take(key) else { return Vec::new() };
    let items = match &value {
        Value::Array(items) => items.as_slice(),
        single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            std::slice::from_ref(single)
        }
    };
    let tells_more = |item: &Value| match item {
        Value::Object(map) => map.keys().any(|key| key != "@type" && !known.contains(&key.as_str())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
    };
    let is_blank = |item: &Value| item.is_null() || item.as_str().is_some_and(|text| text.trim().is_empty());
    let (mut made, mut is_all) = (Vec::with_capacity(items.len()), true);
    for item in items {
        let some = make(item);
        is_all &= !tells_more(item) && (!some.is_empty() || is_blank(item));
        made.extend(some);
    }
    if !is_all {
        of.keep(key, value);
    }
    made
}

/// The first of an object's members that is a text or stands for one.
fn member(map: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| label(map.get(*key)?))
}

/// A licence in any form: a URL, a name or a text.
pub(super) fn licences(of: &mut Properties<'_>, key: &str) -> Vec<License> {
    let (paths, titles) = (["url", "@id", "path", "license_document"], ["name", "title", "label", "prefLabel"]);
    each(of, key, &[paths, titles].concat(), |item| match item {
        Value::Object(map) => {
            let licence = License { name: None, title: member(map, &titles), path: member(map, &paths) };
            Some(licence).filter(|licence| licence.title.is_some() || licence.path.is_some()).into_iter().collect()
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            label(other).map(|text| licence_of(text.trim())).into_iter().collect()
        }
    })
}

/// A licence by a text: its page when it is a URL, its name when it is as short as one, else its title.
pub(super) fn licence_of(text: &str) -> License {
    let text = text.to_owned();
    if is_url(&text) {
        License { path: Some(text), ..License::default() }
    } else if text.len() <= 40 && !text.contains(char::is_whitespace) {
        License { name: Some(text), ..License::default() }
    } else {
        License { title: Some(text), ..License::default() }
    }
}

/// Whether a text is a URL of the web.
pub(super) fn is_url(text: &str) -> bool {
    let start = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (start("http://") || start("https://")) && !text.contains(char::is_whitespace)
}

/// Pages, by their URLs or as objects.
pub(super) fn pages(of: &mut Properties<'_>, key: &str) -> Vec<Link> {
    const TITLES: &[&str] = &["title", "name", "label"];
    const PATHS: &[&str] = &["url", "@id", "path", "contentUrl", "downloadURL", "accessURL"];
    each(of, key, &[TITLES, PATHS].concat(), |item| match item {
        Value::Object(map) => {
            let link = Link { title: member(map, TITLES), path: member(map, PATHS) };
            Some(link).filter(|link| link.title.is_some() || link.path.is_some()).into_iter().collect()
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            label(other).map(|path| Link { title: None, path: Some(path) }).into_iter().collect()
        }
    })
}

/// The times that are covered: texts of two ends with a slash between them, or objects with a start and an end.
pub(super) fn periods(of: &mut Properties<'_>, key: &str) -> Vec<Period> {
    let (starts, ends) = (["startDate", "start", "gte"], ["endDate", "end", "lte"]);
    each(of, key, &[starts, ends].concat(), |item| match item {
        Value::Object(map) => {
            let period = Period { start: member(map, &starts), end: member(map, &ends) };
            Some(period).filter(|period| period.start.is_some() || period.end.is_some()).into_iter().collect()
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            label(other).and_then(|text| Period::of_text(&text)).into_iter().collect()
        }
    })
}

/// Places that are covered: names, references, bounds, or geometries as text.
pub(super) fn places(of: &mut Properties<'_>, key: &str) -> Vec<String> {
    // Numbers in a list are the bounds of one place.
    if let Some(value) = of.take(key) {
        let is_bounds = matches!(&value, Value::Array(items) if !items.is_empty() && items.iter().all(|item| item.is_number() || item.is_array()));
        of.keep(key, if is_bounds { Value::String(value.to_string()) } else { value });
    }
    let known = ["prefLabel", "name", "title", "label", "geographicIdentifier", "bbox", "geometry", "geo", "@id"];
    each(of, key, &[known.as_slice(), &["type", "coordinates"]].concat(), |item| {
        let map = match item {
            Value::Object(map) => map,
            Value::String(text) => return Some(text.clone()).filter(|text| !text.trim().is_empty()).into_iter().collect(),
            Value::Null => return Vec::new(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_)) => return vec![other.to_string()],
        };
        let told = known.iter().filter_map(|key| map.get(*key)).map(|value| match value {
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Array(_) => value.to_string(),
        });
        let told: Vec<String> = told.filter(|text| !text.trim().is_empty()).collect();
        // A geometry of GeoJSON, or what else stands there.
        if told.is_empty() { vec![item.to_string()] } else { told }
    })
}

/// A list, or the list of a single value.
fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![single],
    }
}

/// The whole number that a value stands for, such as a file's length; units that are plainly bytes may follow it.
pub(super) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(&number.to_string())),
        Value::String(text) => {
            let text = text.trim();
            whole(text.strip_suffix("bytes").or_else(|| text.strip_suffix('B')).unwrap_or(text).trim())
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Digits, after which noughts may follow a point.
fn whole(text: &str) -> Option<u64> {
    let (digits, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.bytes().all(|digit| digit == b'0') { digits.parse().ok() } else { None }
}

/// A checksum as the model has it: the algorithm's name and a colon before it, or a bare MD5.
pub(super) fn hash(algorithm: &str, value: &str) -> String {
    let name = algorithm.rsplit(['/', '#', '_']).next().unwrap_or_default().to_ascii_lowercase().replace('-', "");
    match name.as_str() {
        "" | "md5" => value.trim().to_owned(),
        _ => format!("{name}:{}", value.trim()),
    }
}

/// A short name of a title.
pub(super) fn short_name(title: &str) -> String {
    Identifier::from_title(clip(title, 400)).as_str().to_owned()
}

/// A column that a catalog tells of. Its type is kept as published, and only a text's is believed: what a catalog says of types is
/// often loose, and the file decides.
pub(super) fn column(name: String, published_type: Option<String>, mut extra: Extra) -> Column {
    let is_text = published_type.as_deref().is_some_and(|kind| {
        let kind = kind.rsplit([':', '/', '#']).next().unwrap_or_default();
        ["string", "text"].iter().any(|text| kind.eq_ignore_ascii_case(text))
    });
    if let Some(kind) = published_type.filter(|_| !is_text) {
        extra.insert("type".to_owned(), Value::String(kind));
    }
    let kind = if is_text { ColumnKind::String } else { ColumnKind::Any };
    Column { name, kind, extra: kept::of_column(extra), ..Column::default() }
}
