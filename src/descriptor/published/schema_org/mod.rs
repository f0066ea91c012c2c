//! schema.org's `Dataset` and `DataCatalog` as JSON-LD, alone or within a web page, and Croissant's datasets, which are such.
//!
//! Names are taken by their last part, whatever prefix a context gives them: the words of schema.org and Croissant do not meet.

mod croissant;
mod dataset;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::{Page, Record, Sink, json, stream};
use crate::descriptor::property::{Properties, Report};
use crate::descriptor::{Place, Problem};
use crate::name::clip;

const MEDIA_TYPE: &str = "application/ld+json";

/// How many references are followed one after the other.
const DEEPEST: usize = 3;

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let mut reading = Reading { file, place: Place::of_file(file), seen: HashSet::new(), page: Page::default(), found: false };
    if input.fill_buf()?.trim_ascii_start().starts_with(b"<") {
        let Some(bytes) = super::whole(input, file, sink)? else { return Ok(Page::default()) };
        for script in scripts(&String::from_utf8_lossy(&bytes)) {
            reading.document(&mut script.as_bytes(), sink)?;
        }
    } else {
        reading.document(input, sink)?;
    }
    if !reading.found {
        let message = "no Dataset of schema.org is described here".to_owned();
        sink.problem(Problem { file: file.to_owned(), pointer: String::new(), message });
    }
    Ok(reading.page)
}

/// The JSON-LD of a web page.
fn scripts(html: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let lower = html.to_ascii_lowercase();
    let mut at = 0;
    while let Some(start) = lower[at..].find("<script").map(|found| at + found) {
        let Some(open) = lower[start..].find('>').map(|found| start + found + 1) else { break };
        let Some(end) = lower[open..].find("</script").map(|found| open + found) else { break };
        if lower[start..open].contains("application/ld+json") {
            scripts.push(html[open..end].trim().to_owned());
        }
        at = end;
    }
    scripts
}

struct Reading<'f> {
    file: &'f str,
    place: Place,
    /// The identifiers that were handed over.
    seen: HashSet<String>,
    page: Page,
    /// Whether there was a dataset, something that leads to one, or a problem that says why not.
    found: bool,
}

/// An object as published, and where it stands.
struct Node {
    pointer: String,
    map: Map<String, Value>,
    text: String,
}

impl Reading<'_> {
    fn document(&mut self, input: &mut dyn BufRead, sink: &mut dyn Sink) -> io::Result<()> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut watch = Watch { sink, told: false };
        let paths: &[&[&str]] = &[&["dataset"], &["@graph"], &["schema:dataset"], &["sc:dataset"]];
        let rest = stream::elements(input, self.file, paths, &mut watch, |record, text, sink| {
            let pointer = record.pointer().to_owned();
            let map = plain_map(record.rest());
            let node = Node { pointer, map, text: text.to_owned() };
            if node.pointer.contains("ataset/") {
                if node.map.len() == 1 && node.map.contains_key("@id") {
                    self.also(node.map.get("@id"), &HashMap::new());
                    return Ok(());
                }
                return self.dataset(node, &HashMap::new(), sink);
            }
            nodes.push(node);
            Ok(())
        })?;
        self.found |= watch.told;
        let sink = watch.sink;
        let top = plain_map(rest.map);
        if !top.is_empty() && top.contains_key("@type") {
            nodes.push(Node { pointer: String::new(), map: top, text: rest.text });
        }
        let by_id: HashMap<String, Map<String, Value>> = nodes
            .iter()
            .filter(|node| node.map.len() > 1)
            .filter_map(|node| Some((node.map.get("@id")?.as_str()?.to_owned(), node.map.clone())))
            .collect();
        for node in nodes {
            self.node(node, &by_id, sink)?;
        }
        Ok(())
    }

    /// An object of any type: datasets are read, and catalogs and pages looked into for some.
    fn node(&mut self, node: Node, by_id: &HashMap<String, Map<String, Value>>, sink: &mut dyn Sink) -> io::Result<()> {
        if is(&node.map, &["Dataset", "DataFeed"]) {
            return self.dataset(node, by_id, sink);
        }
        let holds = ["dataset", "mainEntity", "about", "itemListElement", "hasPart"];
        for key in holds {
            let items = match node.map.get(key) {
                Some(Value::Array(items)) => items.as_slice(),
                Some(single) => std::slice::from_ref(single),
                None => continue,
            };
            for (i, item) in items.iter().enumerate() {
                let item = item.get("item").unwrap_or(item);
                match item {
                    Value::Object(map) if is(map, &["Dataset", "DataFeed"]) => {
                        let node =
                            Node { pointer: format!("{}/{key}/{i}", node.pointer), map: map.clone(), text: item.to_string() };
                        self.dataset(node, by_id, sink)?;
                    }
                    // Those of a graph are met by themselves; others stand on pages of their own.
                    Value::Object(map) if key == "dataset" && map.len() == 1 => self.also(map.get("@id"), by_id),
                    Value::String(_) if key == "dataset" => self.also(Some(item), by_id),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
                }
            }
        }
        Ok(())
    }

    fn also(&mut self, id: Option<&Value>, by_id: &HashMap<String, Map<String, Value>>) {
        let Some(id) = id.and_then(Value::as_str).filter(|id| !by_id.contains_key(*id)) else { return };
        if let Some(link) = super::resolved(&self.place, id).filter(|link| !self.page.also.contains(link)) {
            self.page.also.push(link);
            self.found = true;
        }
    }

    fn dataset(&mut self, node: Node, by_id: &HashMap<String, Map<String, Value>>, sink: &mut dyn Sink) -> io::Result<()> {
        self.found = true;
        let report = Report::new(self.file);
        let map: Map<String, Value> = node.map.into_iter().map(|(key, value)| (key, followed(value, by_id, DEEPEST))).collect();
        if let Some(dataset) = dataset::dataset(Properties::new(&report, node.pointer.clone(), map), &self.place) {
            if self.seen.insert(dataset.identifier.clone()) {
                sink.dataset(dataset, Record { text: Cow::Owned(node.text), media_type: MEDIA_TYPE })?;
            } else {
                report.add(
                    &node.pointer,
                    format!("an earlier dataset is \"{}\" too; this one is left out", clip(&dataset.identifier, 300)),
                );
            }
        }
        report.into_problems().into_iter().for_each(|problem| sink.problem(problem));
        Ok(())
    }
}

/// Notes whether a problem was told.
struct Watch<'s> {
    sink: &'s mut dyn Sink,
    told: bool,
}

impl Sink for Watch<'_> {
    fn dataset(&mut self, dataset: crate::descriptor::Dataset, record: Record<'_>) -> io::Result<()> {
        self.sink.dataset(dataset, record)
    }

    fn problem(&mut self, problem: Problem) {
        self.told = true;
        self.sink.problem(problem);
    }
}

/// Whether an object is of one of some types.
fn is(map: &Map<String, Value>, kinds: &[&str]) -> bool {
    let is_it = |kind: &Value| kind.as_str().is_some_and(|kind| kinds.contains(&last(kind)));
    match map.get("@type") {
        Some(Value::Array(types)) => types.iter().any(is_it),
        Some(single) => is_it(single),
        None => false,
    }
}

/// The last part of a name with a prefix or of an IRI.
fn last(name: &str) -> &str {
    name.rsplit([':', '/', '#']).next().unwrap_or(name)
}

/// An object with its names' last parts in place of the names, and texts in place of what says no more than a text.
fn plain_map(map: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let plain = |(key, value): (String, Value)| {
        let name = if key.starts_with('@') { key.as_str() } else { last(&key) };
        let name = if name.is_empty() { key.as_str() } else { name };
        (name.to_owned(), plain(value))
    };
    map.into_iter().filter(|(key, value)| key != "@context" && !value.is_null()).map(plain).collect()
}

fn plain(value: Value) -> Value {
    match value {
        Value::Object(mut map) => match (map.remove("@value"), map.remove("@list")) {
            (Some(value), _) | (None, Some(value)) => plain(value),
            (None, None) => Value::Object(plain_map(map)),
        },
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(plain).collect();
            if items.len() == 1 { items.pop().unwrap_or_default() } else { Value::Array(items) }
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// A value in which references stand no more for what they refer to in the same document.
fn followed(value: Value, by_id: &HashMap<String, Map<String, Value>>, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return value };
    match value {
        Value::Object(map) if map.len() == 1 => {
            let target = map.get("@id").and_then(Value::as_str).and_then(|id| by_id.get(id));
            // Not other datasets: they are entries of their own.
            match target.filter(|target| !is(target, &["Dataset", "DataFeed", "DataCatalog"])) {
                Some(target) => Value::Object(
                    target.iter().map(|(key, value)| (key.clone(), followed(value.clone(), by_id, depth))).collect(),
                ),
                None => Value::Object(map),
            }
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| followed(item, by_id, depth + 1)).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => other,
    }
}

/// The identifier of an object or a reference to one.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.get("@id").and_then(json::label),
        Value::String(id) => Some(id.clone()),
        Value::Array(items) => items.first().and_then(id),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests;
