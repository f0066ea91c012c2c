//! What a standard has no word for, or other words than were published: a record carries it as `stoa:also`, so that who reads the record
//! by Stoa's readers gets the dataset that it was written of.
//!
//! It is a part of the dataset's Data Package: the properties that differ from what the record tells by itself, `null` for those that are
//! not there. Its `resources`, where it has them, are the same of each distribution in turn, as many as there are.

use serde_json::{Map, Value};

use super::{Dataset, Extra, Problem, datapackage};

/// Stoa's own property of a record in any standard: an object, or the text of one.
pub const ALSO: &str = "stoa:also";

/// The same where names have no colons, as in schema.org's.
pub(super) const ALSO_BARE: &str = "stoaAlso";

/// The names that readers leave it under.
const LEFT: [&str; 3] = ["published:stoa:also", ALSO, ALSO_BARE];

const RESOURCES: &str = "resources";

/// What is to be said beside a record, of which `read` is read, to get `dataset`; `None` where the record tells it all.
pub(super) fn beside(dataset: &Dataset, read: &Dataset) -> Option<Value> {
    let (mut want, mut have) = (package(dataset), package(read));
    let (parts, others) = (resources(&mut want), resources(&mut have));
    let mut also = difference(want, &have);
    if parts != others {
        let nothing = Map::new();
        let parts = parts.into_iter().enumerate().map(|(i, part)| difference(part, others.get(i).unwrap_or(&nothing)));
        also.insert(RESOURCES.to_owned(), parts.map(Value::Object).collect());
    }
    Some(also).filter(|also| !also.is_empty()).map(Value::Object)
}

/// Whether a record carries the property.
pub(super) fn is_beside(dataset: &Dataset) -> bool {
    LEFT.iter().any(|name| dataset.extra.contains_key(*name))
}

/// The dataset that a record with the property was written of. `file` is the record's, which says where it may lead, as of any descriptor.
/// What can't be followed is told, and the dataset stays as the record tells of it.
pub(super) fn restored(mut dataset: Dataset, file: &str, told: &mut dyn FnMut(Problem)) -> Dataset {
    let mut problem = |message: String| told(Problem { file: file.to_owned(), pointer: String::new(), message });
    let also = match take(&mut dataset.extra) {
        Some(Value::Object(also)) => also,
        Some(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Object(also)) => also,
            Ok(_) | Err(_) => {
                problem(format!("\"{ALSO}\" of the dataset \"{}\" is no object of JSON; left out", dataset.identifier));
                return dataset;
            }
        },
        Some(_) | None => return dataset,
    };
    let whole = patched(package(&dataset), also);
    let most = whole.get(RESOURCES).and_then(Value::as_array).map_or(0, Vec::len);
    let (mut found, problems) = datapackage::parse(Value::Object(whole).to_string().as_bytes(), file);
    match found.pop() {
        Some(restored) if restored.distributions.len() == most => {
            // Other problems were told of the record, or are of what it tells.
            problems.into_iter().filter(|problem| problem.pointer.ends_with(datapackage::BASE)).for_each(told);
            restored
        }
        Some(_) | None => {
            let why = problems.first().map(|problem| format!(": {}", problem.message)).unwrap_or_default();
            problem(format!("\"{ALSO}\" of the dataset \"{}\" can't be followed{why}; left out", dataset.identifier));
            dataset
        }
    }
}

fn take(extra: &mut Extra) -> Option<Value> {
    LEFT.iter().find_map(|name| extra.remove(*name))
}

fn package(dataset: &Dataset) -> Map<String, Value> {
    match datapackage::to_datapackage(dataset) {
        Value::Object(package) => package,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Takes the resources out of a package.
fn resources(package: &mut Map<String, Value>) -> Vec<Map<String, Value>> {
    let Some(Value::Array(items)) = package.remove(RESOURCES) else { return Vec::new() };
    let object = |item: Value| match item {
        Value::Object(resource) => resource,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    items.into_iter().map(object).collect()
}

fn difference(want: Map<String, Value>, have: &Map<String, Value>) -> Map<String, Value> {
    let absent: Vec<String> = have.keys().filter(|key| !want.contains_key(*key)).cloned().collect();
    let mut out: Map<String, Value> = want.into_iter().filter(|(key, value)| have.get(key) != Some(value)).collect();
    out.extend(absent.into_iter().map(|key| (key, Value::Null)));
    out
}

fn patched(mut package: Map<String, Value>, mut also: Map<String, Value>) -> Map<String, Value> {
    let parts = resources(&mut also);
    let mut told = resources(&mut package).into_iter();
    if parts.is_empty() {
        package.insert(RESOURCES.to_owned(), told.map(Value::Object).collect());
    } else {
        let parts = parts.into_iter().map(|part| Value::Object(over(told.next().unwrap_or_default(), part)));
        package.insert(RESOURCES.to_owned(), parts.collect());
    }
    over(package, also)
}

fn over(mut object: Map<String, Value>, also: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in also {
        if value.is_null() {
            object.remove(&key);
        } else {
            object.insert(key, value);
        }
    }
    object
}
