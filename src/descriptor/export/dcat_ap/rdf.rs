//! A tree of triples: nodes with what is said of them.

use crate::descriptor::published::prefixes;

/// An IRI or a blank node, and what is said of it, by prefixed names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Node {
    /// A blank node without one.
    pub(super) iri: Option<String>,
    pub(super) properties: Vec<(String, Term)>,
}

/// What stands as a triple's object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Iri(String),
    Text(String),
    /// With a BCP 47 tag.
    Tagged(String, String),
    /// With the prefixed name of a datatype.
    Typed(String, &'static str),
    Node(Node),
}

impl Node {
    /// A node of a class, by its prefixed name.
    pub(super) fn of(class: &str) -> Self {
        Self { iri: None, properties: vec![("rdf:type".to_owned(), Term::Iri(class.to_owned()))] }
    }

    pub(super) fn named(self, iri: String) -> Self {
        Self { iri: Some(iri), ..self }
    }

    pub(super) fn say(&mut self, name: &str, term: Option<Term>) {
        if let Some(term) = term {
            let said = (name.to_owned(), term);
            if !self.properties.contains(&said) {
                self.properties.push(said);
            }
        }
    }

    pub(super) fn with(mut self, name: &str, term: Option<Term>) -> Self {
        self.say(name, term);
        self
    }
}

/// A text that says something.
pub(super) fn text(text: &str) -> Option<Term> {
    Some(text).filter(|text| !text.trim().is_empty()).map(|text| Term::Text(text.to_owned()))
}

/// The prefixes that both syntaxes declare.
pub(super) const PREFIXES: &[&str] = &[
    "adms", "cnt", "dcat", "dcatap", "dct", "foaf", "gsp", "locn", "odrl", "owl", "prov", "rdf", "rdfs", "skos", "spdx", "stoa",
    "vcard", "xsd",
];

/// The prefixes, each with its namespace: the right one, where it is often published wrong.
pub(super) fn namespaces() -> impl Iterator<Item = (&'static str, &'static str)> {
    PREFIXES.iter().filter_map(|wanted| prefixes().find(|(prefix, _)| prefix == wanted))
}
