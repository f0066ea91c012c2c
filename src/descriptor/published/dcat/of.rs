//! What is said of one node, taken bit by bit; what is left over is kept.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::graph::{Graph, Object, best};
use crate::descriptor::published::json;
use crate::descriptor::{Agent, Extra, License, Period};

/// How deep what is left over is followed from node to node.
const DEEPEST: usize = 4;

/// How many values of one dataset are kept beside what the model has words for.
const MOST: usize = 2000;

pub(super) struct Of<'g> {
    pub(super) graph: &'g Graph,
    pub(super) node: usize,
    taken: Vec<bool>,
}

impl<'g> Of<'g> {
    pub(super) fn new(graph: &'g Graph, node: usize) -> Self {
        Self { graph, node, taken: vec![false; graph.nodes[node].properties.len()] }
    }

    /// The places of what stands under a prefixed name and is not taken yet.
    fn places(&self, name: &str) -> Vec<usize> {
        let ranges = self.graph.predicates_of(name).iter().map(|predicate| self.graph.range(self.node, *predicate));
        ranges.flatten().filter(|place| !self.taken[*place]).collect()
    }

    fn object(&self, place: usize) -> &'g Object {
        &self.graph.nodes[self.node].properties[place].1
    }

    /// Takes all that stands under some names.
    pub(super) fn objects(&mut self, names: &[&str]) -> Vec<&'g Object> {
        let mut objects = Vec::new();
        for name in names {
            for place in self.places(name) {
                self.taken[place] = true;
                objects.push(self.object(place));
            }
        }
        objects
    }

    /// What stands under some names, which stays.
    pub(super) fn peek(&self, names: &[&str]) -> Vec<&'g Object> {
        names.iter().flat_map(|name| self.places(name)).map(|place| self.object(place)).collect()
    }

    /// Takes one text under the first name that has one; those in other languages stay.
    pub(super) fn text(&mut self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| {
            let places = self.places(name);
            let objects: Vec<_> = places.iter().map(|place| self.object(*place)).collect();
            let place = places[best(&objects)?];
            self.taken[place] = true;
            self.label(self.object(place))
        })
    }

    /// All texts under some names, each once.
    pub(super) fn texts(&mut self, names: &[&str]) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for text in self.objects(names).into_iter().filter_map(|object| self.label(object)) {
            add_new(&mut texts, text);
        }
        texts
    }

    /// All IRIs and texts under some names, each once: a node's IRI even where it has a label.
    pub(super) fn references(&mut self, names: &[&str]) -> Vec<String> {
        let mut references: Vec<String> = Vec::new();
        for object in self.objects(names) {
            if let Some(told) = self.graph.plain(object).or_else(|| self.label(object)) {
                add_new(&mut references, told);
            }
        }
        references
    }

    pub(super) fn reference(&mut self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| {
            let place = *self.places(name).first()?;
            self.taken[place] = true;
            let object = self.object(place);
            self.graph.plain(object).or_else(|| self.label(object))
        })
    }

    /// A text, a node's label, or else its IRI.
    pub(super) fn label(&self, object: &Object) -> Option<String> {
        match object {
            Object::Text { .. } => self.graph.plain(object),
            Object::Node(node) => self.label_of(*node).or_else(|| self.graph.plain(object)),
        }
    }

    pub(super) fn label_of(&self, node: usize) -> Option<String> {
        const LABELS: &[&str] = &[
            "skos:prefLabel",
            "rdfs:label",
            "dct:title",
            "foaf:name",
            "schema:name",
            "locn:geographicName",
            "rdf:value",
            "skos:notation",
        ];
        self.graph.text(node, LABELS).or_else(|| self.graph.text(node, &["dct:description", "rdfs:comment"]))
    }

    /// The first agent under some names. It stays among what is left over when more is said of it than an agent holds.
    pub(super) fn agent(&mut self, names: &[&str]) -> Option<Agent> {
        const NAMES: &[&str] = &[
            "foaf:name",
            "vcard:fn",
            "vcard:organization-name",
            "vcard:organisation-name",
            "schema:name",
            "skos:prefLabel",
            "rdfs:label",
            "dct:title",
            "org:name",
            "published:name",
        ];
        const MAILS: &[&str] = &["vcard:hasEmail", "vcard:email", "foaf:mbox", "schema:email"];
        const PAGES: &[&str] =
            &["foaf:homepage", "vcard:hasURL", "vcard:url", "foaf:workplaceHomepage", "schema:url", "foaf:page"];
        for name in names {
            for place in self.places(name) {
                let node = match self.object(place) {
                    Object::Text { text, .. } if text.trim().is_empty() => continue,
                    Object::Text { text, .. } => {
                        self.taken[place] = true;
                        return Some(Agent { name: text.as_ref().to_owned(), ..Agent::default() });
                    }
                    Object::Node(node) => *node,
                };
                let graph = self.graph;
                // vCard's second version has its values in nodes of their own.
                let told = |names: &[&str]| {
                    let value = |object: &Object| match object {
                        Object::Node(inner) => graph.text(*inner, &["vcard:hasValue", "vcard:value", "rdf:value"]),
                        Object::Text { .. } => None,
                    };
                    names.iter().find_map(|name| graph.objects(node, name).find_map(value)).or_else(|| graph.text(node, names))
                };
                let email =
                    told(MAILS).map(|mail| mail.trim().trim_start_matches("mailto:").to_owned()).filter(|mail| !mail.is_empty());
                let homepage = told(PAGES);
                let Some(name) = told(NAMES).or_else(|| email.clone()).or_else(|| graph.plain(self.object(place))) else {
                    continue;
                };
                let is_known = |predicate: usize| {
                    let name = graph.predicate_name(predicate);
                    name == "rdf:type" || [NAMES, MAILS, PAGES].iter().any(|names| names.contains(&name))
                };
                let properties = &graph.nodes[node].properties;
                let says_once = |predicate: usize| graph.range(node, predicate).len() == 1;
                self.taken[place] = properties.iter().all(|(predicate, _)| {
                    is_known(*predicate) && (says_once(*predicate) || graph.predicate_name(*predicate) == "rdf:type")
                });
                return Some(Agent { name, homepage, email });
            }
        }
        None
    }

    pub(super) fn licences(&mut self, names: &[&str]) -> Vec<License> {
        let mut licences: Vec<License> = Vec::new();
        for (place, object) in self.objects_of(names) {
            if let Some(licence) = self.licence(object) {
                self.taken[place] = true;
                add_new(&mut licences, licence);
            }
        }
        licences
    }

    fn licence(&self, object: &Object) -> Option<License> {
        match object {
            Object::Text { text, .. } => Some(text.trim()).filter(|text| !text.is_empty()).map(json::licence_of),
            Object::Node(node) => {
                let path =
                    self.graph.plain(object).or_else(|| self.graph.text(*node, &["foaf:homepage", "schema:url", "dct:source"]));
                Some(License { name: None, title: self.label_of(*node), path })
                    .filter(|licence| licence.title.is_some() || licence.path.is_some())
            }
        }
    }

    fn objects_of(&self, names: &[&str]) -> Vec<(usize, &'g Object)> {
        names.iter().flat_map(|name| self.places(name)).map(|place| (place, self.object(place))).collect()
    }

    /// The times that are covered.
    pub(super) fn periods(&mut self, names: &[&str]) -> Vec<Period> {
        let mut periods = Vec::new();
        for (place, object) in self.objects_of(names) {
            let period = match object {
                Object::Text { text, .. } => Period::of_text(text),
                Object::Node(node) => {
                    let end = |texts: &[&str], instants: &[&str]| {
                        self.graph.text(*node, texts).or_else(|| {
                            let instant = instants.iter().find_map(|name| self.graph.objects(*node, name).next());
                            match instant? {
                                Object::Node(instant) => self.graph.text(
                                    *instant,
                                    &[
                                        "time:inXSDDate",
                                        "time:inXSDDateTimeStamp",
                                        "time:inXSDDateTime",
                                        "time:inXSDgYear",
                                        "time:inXSDgYearMonth",
                                    ],
                                ),
                                text @ Object::Text { .. } => self.graph.plain(text),
                            }
                        })
                    };
                    let start = end(&["dcat:startDate", "schema:startDate"], &["time:hasBeginning"]);
                    let last = end(&["dcat:endDate", "schema:endDate"], &["time:hasEnd"]);
                    let period =
                        Some(Period { start, end: last }).filter(|period| period.start.is_some() || period.end.is_some());
                    period.or_else(|| Period::of_text(&self.label(object)?))
                }
            };
            if let Some(period) = period {
                self.taken[place] = true;
                add_new(&mut periods, period);
            }
        }
        periods
    }

    /// The places that are covered: a label or an IRI, and one geometry of each.
    pub(super) fn places_covered(&mut self, names: &[&str]) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for (place, object) in self.objects_of(names) {
            let found = match object {
                Object::Text { text, .. } => vec![text.trim().to_owned()],
                Object::Node(node) => {
                    let named = self.label_of(*node).or_else(|| self.graph.plain(object));
                    named.into_iter().chain(self.geometry(*node)).collect()
                }
            };
            for text in found.into_iter().filter(|text| !text.is_empty()) {
                self.taken[place] = true;
                add_new(&mut told, text);
            }
        }
        told
    }

    /// A place's geometry in one of the encodings that it is published in: WKT if it is.
    fn geometry(&self, node: usize) -> Option<String> {
        ["dcat:bbox", "locn:geometry", "gsp:asWKT", "ogc:asWKT", "dcat:centroid", "schema:box"].iter().find_map(|name| {
            let texts: Vec<&str> = self
                .graph
                .objects(node, name)
                .filter_map(|object| match object {
                    Object::Text { text, .. } => Some(text.trim()),
                    Object::Node(_) => None,
                })
                .collect();
            let is_wkt = |text: &&&str| !text.starts_with('{') && !text.trim_start().starts_with("<gml");
            texts.iter().find(is_wkt).or_else(|| texts.first()).map(|text| (*text).to_owned())
        })
    }

    /// What was not taken, by prefixed name.
    pub(super) fn rest(self) -> Extra {
        let mut values: Map<String, Value> = Map::new();
        let mut budget = MOST;
        let mut within = HashSet::from([self.node]);
        for (i, (predicate, object)) in self.graph.nodes[self.node].properties.iter().enumerate() {
            if self.taken[i] {
                continue;
            }
            let Some(value) = value(self.graph, object, DEEPEST, &mut within, &mut budget) else { continue };
            add(&mut values, self.graph.predicate_name(*predicate), value);
        }
        values
            .into_iter()
            .map(|(name, value)| (name.strip_prefix("published:").map_or(name.clone(), str::to_owned), value))
            .collect()
    }
}

/// Adds what is not there yet; a list of very many, which nobody reads, may say things twice.
pub(super) fn add_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.len() > 500 || !list.contains(&item) {
        list.push(item);
    }
}

fn add(values: &mut Map<String, Value>, name: &str, value: Value) {
    match values.get_mut(name) {
        None => {
            values.insert(name.to_owned(), value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(single) => *single = Value::Array(vec![single.take(), value]),
    }
}

/// A value as JSON-LD would have it, nodes within nodes; other datasets and what was met on the way by name only.
fn value(graph: &Graph, object: &Object, depth: usize, within: &mut HashSet<usize>, budget: &mut usize) -> Option<Value> {
    *budget = budget.checked_sub(1)?;
    let node = match object {
        Object::Text { text, language: Some(language), .. } => {
            return Some(serde_json::json!({ "@value": text, "@language": language }));
        }
        Object::Text { text, .. } => return Some(Value::String(text.as_ref().to_owned())),
        Object::Node(node) => *node,
    };
    let name = Some(&graph.nodes[node]).filter(|node| !node.is_blank()).map(|node| Value::String(node.name.clone()));
    let is_far = depth == 0 || is_entry(graph, node) || within.contains(&node);
    if is_far || graph.nodes[node].properties.is_empty() {
        return name;
    }
    within.insert(node);
    let mut values = Map::new();
    if let Some(name) = name {
        values.insert("@id".to_owned(), name);
    }
    for (predicate, object) in &graph.nodes[node].properties {
        if *budget == 0 {
            break;
        }
        let Some(value) = value(graph, object, depth - 1, within, budget) else { continue };
        let name = graph.predicate_name(*predicate);
        match (name, value) {
            ("rdf:type", Value::String(kind)) => add(&mut values, "@type", Value::String(super::vocabulary::short(&kind))),
            (name, value) => add(&mut values, name, value),
        }
    }
    within.remove(&node);
    Some(Value::Object(values))
}

/// Whether a node is an entry of a catalog, or one itself.
pub(super) fn is_entry(graph: &Graph, node: usize) -> bool {
    ["dcat:Dataset", "dcat:DatasetSeries", "dcat:Catalog"].iter().any(|kind| graph.is(node, kind))
}

/// The triples that tell of a dataset, of its services, and of what they lead to, as N-Triples.
pub(super) fn record(graph: &Graph, dataset: usize, services: impl Iterator<Item = usize>) -> String {
    let mut out = String::new();
    let mut queue: Vec<(usize, usize)> = std::iter::once(dataset).chain(services).map(|node| (node, 0)).collect();
    let mut seen: HashSet<usize> = queue.iter().map(|(node, _)| *node).collect();
    let mut lines = 0;
    let mut at = 0;
    while let Some((node, depth)) = queue.get(at).copied() {
        at += 1;
        for property in &graph.nodes[node].properties {
            if lines > MOST && node != dataset {
                return out;
            }
            graph.line(&mut out, node, property);
            lines += 1;
            if let Object::Node(next) = property.1 {
                let leads = depth < DEEPEST && !graph.nodes[next].properties.is_empty() && !is_entry(graph, next);
                if leads && seen.insert(next) {
                    queue.push((next, depth + 1));
                }
            }
        }
    }
    out
}
