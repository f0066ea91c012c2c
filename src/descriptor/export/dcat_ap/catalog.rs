//! The catalog itself, and the service that its tables are asked at.

use super::super::about::{About, Endpoint};
use super::super::words::place;
use super::dataset::{agent, contact};
use super::rdf::{Node, Term, text};

/// The catalog's and the service's own names: a document is of one catalog, wherever it stands.
pub(super) const CATALOG: &str = "urn:stoa:catalog";
pub(super) const SERVICE: &str = "urn:stoa:service";

/// What stands before the datasets: the service where there is one, and the catalog.
pub(super) fn nodes(about: &About) -> Vec<Node> {
    let mut catalog = Node::of("dcat:Catalog")
        .named(CATALOG.to_owned())
        .with("dct:title", text(&about.title))
        .with("dct:description", text(&about.description))
        .with("dct:publisher", Some(Term::Node(agent(&about.publisher))));
    catalog.say("foaf:homepage", about.homepage.as_deref().and_then(place).map(Term::Iri));
    let service = about.endpoint.as_ref().map(|endpoint| {
        catalog.say("dcat:service", Some(Term::Iri(SERVICE.to_owned())));
        service(endpoint, about)
    });
    service.into_iter().chain([catalog]).collect()
}

fn service(endpoint: &Endpoint, about: &About) -> Node {
    let node = Node::of("dcat:DataService")
        .named(SERVICE.to_owned())
        .with("dct:title", text(&endpoint.title(about)))
        .with("dct:description", text(endpoint.description()))
        .with("dcat:endpointURL", place(&endpoint.url).map(Term::Iri))
        .with("dct:publisher", Some(Term::Node(agent(&about.publisher))));
    let about = about.contact.as_ref().map(|agent| Term::Node(contact(agent)));
    node.with("dcat:contactPoint", about)
}
