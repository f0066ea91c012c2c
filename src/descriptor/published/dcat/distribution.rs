//! A `dcat:Distribution`, and a `dcat:DataService` as one.

use serde_json::Value;

use super::graph::{Graph, Object};
use super::of::Of;
use crate::descriptor::published::{self, json, kept};
use crate::descriptor::{Distribution, format};

use super::Document;

const TITLE: &[&str] = &["dct:title", "rdfs:label", "foaf:name", "schema:name", "skos:prefLabel"];
const DESCRIPTION: &[&str] = &["dct:description", "dct:abstract", "rdfs:comment"];

/// What stands under `dcat:distribution`; `None` when nothing leads to data.
pub(super) fn distribution(graph: &Graph, object: &Object, document: &Document<'_>) -> Option<Distribution> {
    let node = match object {
        Object::Node(node) => *node,
        Object::Text { text, .. } => match graph.place(text) {
            Some(node) => node,
            None => return bare(text, document),
        },
    };
    let name = &graph.nodes[node].name;
    if graph.nodes[node].properties.is_empty() {
        return if graph.nodes[node].is_blank() { None } else { bare(name, document) };
    }
    let mut of = Of::new(graph, node);
    of.objects(&["rdf:type"]);
    let mut made = Distribution::default();
    for url in of.references(&["dcat:downloadURL"]) {
        published::link(&mut made, &document.place, &document.local(&url));
    }
    if let Some(url) = of.reference(&["dcat:accessURL"]) {
        let link = document.local(&url);
        if made.access_url.is_none() && !link.trim().is_empty() {
            made.access_url = Some(link.trim().to_owned());
        }
    }
    if made.access_url.is_none() && made.paths.is_empty() {
        let service = graph.objects(node, "dcat:accessService").find_map(|object| match object {
            Object::Node(service) => graph.text(*service, &["dcat:endpointURL", "dcat:landingPage"]),
            text @ Object::Text { .. } => graph.plain(text),
        });
        made.access_url = service.or_else(|| of.reference(&["dcat:landingPage", "foaf:page", "schema:contentUrl"]));
    }
    if made.access_url.is_none() && made.paths.is_empty() {
        if graph.nodes[node].is_blank() {
            return None;
        }
        made.access_url = Some(name.clone());
    }
    let identifier = of.text(&["dct:identifier"]);
    made.title = of.text(TITLE);
    made.description = of.text(DESCRIPTION);
    formats(&mut of, &mut made);
    made.licenses = of.licences(&["dct:license"]);
    made.issued = of.text(&["dct:issued", "dct:created"]);
    made.modified = of.text(&["dct:modified", "dct:updated"]);
    made.conforms_to = of.references(&["dct:conformsTo"]);
    made.described_by = of.reference(&["wdrs:describedBy", "wdrs:describedby", "published:describedBy"]);
    made.encoding = of.text(&["cnt:characterEncoding"]);
    made.bytes = bytes(&mut of);
    made.hash = hash(&mut of);
    let packed = of.references(&["dcat:compressFormat", "dcat:packageFormat"]);
    published::settle(&mut made);
    for packing in &packed {
        made.compression = made.compression.or_else(|| format::packing(packing));
    }
    let is_sql = |object: &&Object| matches!(object, Object::Node(service) if self::is_sql(graph, *service));
    if of.peek(&["dcat:accessService"]).iter().all(is_sql) {
        of.objects(&["dcat:accessService"]);
    }
    let mut extra = of.rest();
    for (name, packing) in ["dcat:compressFormat", "dcat:packageFormat"].into_iter().zip(packed) {
        if format::packing(&packing).is_none() {
            extra.insert(name.to_owned(), Value::String(packing));
        }
    }
    if !graph.nodes[node].is_blank() && made.access_url.as_ref() != Some(name) {
        extra.insert("@id".to_owned(), Value::String(name.clone()));
    }
    Some(named(made, identifier, extra))
}

/// A distribution of which nothing is said but where it is.
fn bare(url: &str, document: &Document<'_>) -> Option<Distribution> {
    let url = document.local(url);
    if url.trim().is_empty() {
        return None;
    }
    let mut made = Distribution { access_url: Some(url.trim().to_owned()), ..Distribution::default() };
    published::settle(&mut made);
    Some(named(made, None, crate::descriptor::Extra::new()))
}

/// Whether a service is a SQL endpoint.
pub(super) fn is_sql(graph: &Graph, service: usize) -> bool {
    graph.text(service, &["dcat:endpointURL"]).is_some_and(|url| published::is_sql(&url))
}

/// A service that says of itself which datasets it serves.
pub(super) fn service(graph: &Graph, node: usize) -> Option<Distribution> {
    let mut of = Of::new(graph, node);
    of.objects(&["dcat:servesDataset"]);
    let access_url = of.reference(&["dcat:endpointURL", "dcat:landingPage", "dcat:endpointDescription"])?;
    let identifier = of.text(&["dct:identifier"]);
    let made = Distribution {
        title: of.text(TITLE),
        description: of.text(DESCRIPTION),
        access_url: Some(access_url),
        licenses: of.licences(&["dct:license"]),
        conforms_to: of.references(&["dct:conformsTo"]),
        described_by: of.reference(&["dcat:endpointDescription"]),
        ..Distribution::default()
    };
    Some(named(made, identifier, of.rest()))
}

fn named(mut made: Distribution, identifier: Option<String>, mut extra: crate::descriptor::Extra) -> Distribution {
    let link = made.paths.first().or(made.access_url.as_ref());
    let title = made.title.as_deref().filter(|title| title.len() <= 100);
    let short = identifier.as_deref().filter(|id| !id.contains("://")).filter(|_| title.is_none()).or(title);
    made.name = short.or_else(|| link.map(|link| format::stem(link))).unwrap_or_default().to_owned();
    if let Some(id) = identifier.filter(|id| *id != made.name) {
        extra.insert("dct:identifier".to_owned(), Value::String(id));
    }
    made.extra = kept::of_distribution(extra);
    made
}

/// `dct:format` and `dcat:mediaType`, by text, by IRI, or by a node that has both.
fn formats(of: &mut Of<'_>, made: &mut Distribution) {
    let graph = of.graph;
    made.media_type = of.reference(&["dcat:mediaType"]);
    for object in of.objects(&["dct:format"]) {
        let told = match object {
            Object::Text { .. } => graph.plain(object),
            Object::Node(node) => {
                let label = graph.text(*node, &["rdfs:label", "skos:prefLabel", "dct:title", "skos:notation"]);
                let value = graph.text(*node, &["rdf:value"]);
                let iri = graph.plain(object).filter(|iri| format::essence(iri) != iri || (label.is_none() && value.is_none()));
                if let Some(value) = value.as_ref().filter(|value| value.contains('/')) {
                    made.media_type.get_or_insert_with(|| value.clone());
                }
                iri.or(label).or(value.filter(|value| made.media_type.as_ref() != Some(value)))
            }
        };
        // A media type is often published as a format.
        match told {
            Some(text) if made.media_type.is_none() && text.contains('/') && !text.contains("://") => {
                made.media_type = Some(text)
            }
            Some(text) => {
                made.declared_format.get_or_insert(text);
            }
            None => {}
        }
    }
}

fn bytes(of: &mut Of<'_>) -> Option<u64> {
    let text = of.text(&["dcat:byteSize"])?;
    json::count(&Value::String(text))
}

fn hash(of: &mut Of<'_>) -> Option<String> {
    let graph = of.graph;
    of.objects(&["spdx:checksum"]).into_iter().find_map(|object| match object {
        Object::Text { .. } => graph.plain(object),
        Object::Node(node) => {
            let value = graph.text(*node, &["spdx:checksumValue"])?;
            Some(json::hash(&graph.text(*node, &["spdx:algorithm"]).unwrap_or_default(), &value))
        }
    })
}
