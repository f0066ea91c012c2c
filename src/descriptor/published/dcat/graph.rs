//! The triples of a document, by subject and in the order of the document.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

use oxrdf::{NamedOrBlankNode, Term};

use super::vocabulary;

/// What stands as a triple's object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Object {
    /// A node, by its place in the graph.
    Node(usize),
    Text {
        text: Box<str>,
        language: Option<Box<str>>,
        datatype: Option<Box<str>>,
    },
}

/// How many texts of one property the best is chosen of.
const MOST_ASKED: usize = 200;

/// An IRI or a blank node (`_:name`), and what is said of it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    /// Each by its predicate's place in the graph.
    pub(super) properties: Vec<(usize, Object)>,
}

impl Node {
    pub(super) fn is_blank(&self) -> bool {
        self.name.starts_with("_:")
    }
}

#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    places: HashMap<String, usize>,
    /// Full IRIs of the predicates, and the same with a prefix.
    predicates: Vec<(String, String)>,
    predicate_places: HashMap<String, usize>,
    /// The predicates of a prefixed name, which may have been published with several namespaces.
    by_short: HashMap<String, Vec<usize>>,
    /// The nodes that are types, with their prefixed names.
    types: HashMap<usize, String>,
    /// Hashes of the triples, as many documents say the same thing twice.
    known: HashSet<u64>,
    hasher: RandomState,
    /// How many bytes of text it holds.
    pub(super) bytes: usize,
}

impl Graph {
    pub(super) fn insert(&mut self, subject: NamedOrBlankNode, predicate: String, object: Term) {
        let subject = match subject {
            NamedOrBlankNode::NamedNode(node) => self.node(node.into_string()),
            NamedOrBlankNode::BlankNode(node) => self.node(format!("_:{}", node.as_str())),
        };
        let predicate = self.predicate(predicate);
        let object = match object {
            Term::NamedNode(node) => Object::Node(self.node(node.into_string())),
            Term::BlankNode(node) => Object::Node(self.node(format!("_:{}", node.as_str()))),
            Term::Literal(literal) => {
                let language = literal.language().map(Into::into);
                let datatype = Some(literal.datatype().as_str())
                    .filter(|datatype| language.is_none() && *datatype != "http://www.w3.org/2001/XMLSchema#string");
                self.bytes += literal.value().len();
                Object::Text { text: literal.value().into(), language, datatype: datatype.map(Into::into) }
            }
        };
        if let (Object::Node(kind), "rdf:type") = (&object, self.predicates[predicate].1.as_str()) {
            self.types.entry(*kind).or_insert_with(|| vocabulary::short(&self.nodes[*kind].name));
        }
        if self.known.insert(self.hasher.hash_one((subject, predicate, &object))) {
            self.nodes[subject].properties.push((predicate, object));
        }
    }

    /// The node of an IRI.
    pub(super) fn place(&self, iri: &str) -> Option<usize> {
        self.places.get(iri).copied()
    }

    fn node(&mut self, name: String) -> usize {
        if let Some(place) = self.places.get(&name) {
            return *place;
        }
        self.bytes += 2 * name.len();
        // Parsers name blank nodes as they like; here, the same document always has the same names.
        let shown = if name.starts_with("_:") { format!("_:b{}", self.nodes.len()) } else { name.clone() };
        self.places.insert(name, self.nodes.len());
        self.nodes.push(Node { name: shown, properties: Vec::new() });
        self.nodes.len() - 1
    }

    fn predicate(&mut self, iri: String) -> usize {
        if let Some(place) = self.predicate_places.get(&iri) {
            return *place;
        }
        let (place, short) = (self.predicates.len(), vocabulary::short(&iri));
        self.bytes += 4 * iri.len();
        self.by_short.entry(short.clone()).or_default().push(place);
        self.predicate_places.insert(iri.clone(), place);
        self.predicates.push((iri, short));
        place
    }

    /// A predicate with its prefix.
    pub(super) fn predicate_name(&self, predicate: usize) -> &str {
        &self.predicates[predicate].1
    }

    /// The predicates that a prefixed name stands for.
    pub(super) fn predicates_of(&self, short: &str) -> &[usize] {
        self.by_short.get(short).map_or(&[], Vec::as_slice)
    }

    /// Brings each node's properties into the order of their predicates, those of one predicate in the document's. To be called when all
    /// triples are in, and before any is looked for.
    pub(super) fn sort(&mut self) {
        for node in &mut self.nodes {
            node.properties.sort_by_key(|(predicate, _)| *predicate);
        }
    }

    /// Where a node's properties of a predicate are.
    pub(super) fn range(&self, node: usize, predicate: usize) -> std::ops::Range<usize> {
        let properties = &self.nodes[node].properties;
        let start = properties.partition_point(|(other, _)| *other < predicate);
        start..start + properties[start..].partition_point(|(other, _)| *other == predicate)
    }

    /// What a node has under a prefixed name.
    pub(super) fn objects<'g>(&'g self, node: usize, short: &str) -> impl Iterator<Item = &'g Object> + use<'g> {
        let predicates = self.predicates_of(short).iter();
        predicates.flat_map(move |predicate| &self.nodes[node].properties[self.range(node, *predicate)]).map(|(_, object)| object)
    }

    /// The first text or IRI that a node has under one of several prefixed names.
    pub(super) fn text(&self, node: usize, shorts: &[&str]) -> Option<String> {
        shorts.iter().find_map(|short| {
            let objects: Vec<_> = self.objects(node, short).take(MOST_ASKED).collect();
            best(&objects).and_then(|i| self.plain(objects[i]))
        })
    }

    /// A text, or a node's IRI; `None` for blank ones of both.
    pub(super) fn plain(&self, object: &Object) -> Option<String> {
        match object {
            Object::Text { text, .. } => Some(text.as_ref().to_owned()).filter(|text| !text.trim().is_empty()),
            Object::Node(node) => Some(&self.nodes[*node]).filter(|node| !node.is_blank()).map(|node| node.name.clone()),
        }
    }

    /// Whether a node has a type, by its prefixed name.
    pub(super) fn is(&self, node: usize, short: &str) -> bool {
        self.objects(node, "rdf:type").any(|object| match object {
            Object::Node(kind) => self.types.get(kind).is_some_and(|kind| kind == short),
            Object::Text { text, .. } => vocabulary::short(text) == short,
        })
    }

    /// One triple of a node as a line of N-Triples.
    pub(super) fn line(&self, out: &mut String, subject: usize, (predicate, object): &(usize, Object)) {
        self.write_node(out, subject);
        out.push(' ');
        write_iri(out, &self.predicates[*predicate].0);
        out.push(' ');
        match object {
            Object::Node(node) => self.write_node(out, *node),
            Object::Text { text, language, datatype } => {
                write_text(out, text);
                if let Some(language) = language {
                    out.push('@');
                    out.push_str(language);
                } else if let Some(datatype) = datatype {
                    out.push_str("^^");
                    write_iri(out, datatype);
                }
            }
        }
        out.push_str(" .\n");
    }

    fn write_node(&self, out: &mut String, node: usize) {
        let node = &self.nodes[node];
        if node.is_blank() { out.push_str(&node.name) } else { write_iri(out, &node.name) }
    }
}

/// The text to show of several: one of no language, else English, else the first.
pub(super) fn best(objects: &[&Object]) -> Option<usize> {
    let rank = |object: &Object| match object {
        Object::Text { language: Some(language), .. } if language.to_ascii_lowercase().starts_with("en") => 1,
        Object::Text { language: Some(_), .. } => 2,
        Object::Text { language: None, .. } | Object::Node(_) => 0,
    };
    let is_blank = |object: &Object| matches!(object, Object::Text { text, .. } if text.trim().is_empty());
    (0..objects.len()).filter(|i| !is_blank(objects[*i])).min_by_key(|i| rank(objects[*i]))
}

fn write_iri(out: &mut String, iri: &str) {
    out.push('<');
    for c in iri.chars() {
        match c {
            '<' | '>' | '"' | '{' | '}' | '|' | '^' | '`' | '\\' | '\0'..=' ' => {
                // Writing to a text does not fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('>');
}

/// A text in quotes, as N-Triples and Turtle have it.
pub(in crate::descriptor) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('"');
}
