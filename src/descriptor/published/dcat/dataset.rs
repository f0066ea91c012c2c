//! A `dcat:Dataset` or `dcat:DatasetSeries`.

use serde_json::Value;

use super::graph::{Graph, Object};
use super::of::{Of, add_new};
use super::{Document, distribution, shown, vocabulary};
use crate::descriptor::property::Report;
use crate::descriptor::published::{json, kept};
use crate::descriptor::{AccessRights, Dataset, Link};

const TITLE: &[&str] = &["dct:title", "dc:title", "schema:name", "rdfs:label", "skos:prefLabel", "foaf:name"];
const PAGE: &[&str] = &["dcat:landingPage", "foaf:homepage", "schema:url"];

const IDENTIFIER: &[&str] = &["dct:identifier", "dcat:identifier", "dc:identifier", "schema:identifier"];

/// Whether a node says itself what it is known by.
pub(super) fn says_identifier(graph: &Graph, node: usize) -> bool {
    graph.text(node, IDENTIFIER).is_some()
}

/// What a node is known by where it is the first to be known by it: what it says itself, else its IRI, else its page or title.
pub(super) fn identifiers(graph: &Graph, node: usize) -> impl Iterator<Item = String> {
    let said = graph.text(node, IDENTIFIER);
    let iri = Some(&graph.nodes[node]).filter(|node| !node.is_blank()).map(|node| node.name.clone());
    let page = graph.text(node, PAGE).filter(|page| !page.starts_with("_:"));
    [said, iri, page, graph.text(node, TITLE)].into_iter().flatten()
}

pub(super) fn dataset(node: usize, identifier: String, document: &Document<'_>, report: &Report) -> Dataset {
    let graph = document.graph;
    let mut of = Of::new(graph, node);
    let is_series = graph.is(node, "dcat:DatasetSeries");
    of.objects(&["rdf:type"]);
    let title = of.text(TITLE);
    let described = title.as_deref().unwrap_or(&identifier).to_owned();
    if title.is_none() {
        report.add("", format!("the dataset {} has no dct:title; its identifier stands for it in names", shown(&identifier)));
    }
    let said = of.objects(IDENTIFIER);
    let others: Vec<Value> =
        said.into_iter().filter_map(|object| graph.plain(object)).filter(|said| *said != identifier).map(Value::String).collect();
    let (access_rights, published_rights) = access_rights(&mut of, &identifier, report);
    let mut made = Dataset {
        title,
        description: of.text(&["dct:description", "dct:abstract", "dc:description", "schema:description", "rdfs:comment"]),
        themes: themes(&mut of),
        keywords: of.texts(&["dcat:keyword", "schema:keywords"]),
        publisher: of.agent(&["dct:publisher", "dc:publisher", "schema:publisher", "dct:creator"]),
        licenses: of.licences(&["dct:license"]),
        sources: links(&mut of, &["dct:source"]),
        homepage: of.reference(PAGE).filter(|page| !page.starts_with("_:")),
        contact: of.agent(&["dcat:contactPoint", "adms:contactPoint"]),
        documentation: links(&mut of, &["foaf:page", "wdrs:describedBy", "wdrs:describedby", "published:describedBy"]),
        languages: of.references(&["dct:language", "dc:language"]),
        spatial: of.places_covered(&["dct:spatial"]),
        temporal: of.periods(&["dct:temporal"]),
        conforms_to: of.references(&["dct:conformsTo"]),
        version: of.text(&["dcat:version", "owl:versionInfo", "pav:version", "schema:version"]),
        part_of: document.part_of(node, &mut of),
        accrual_periodicity: frequency(&mut of),
        issued: of.text(&["dct:issued", "dct:created", "schema:datePublished"]),
        modified: of.text(&["dct:modified", "dct:updated", "schema:dateModified"]),
        access_rights,
        published_rights,
        ..Dataset::default()
    };
    made.name = json::short_name(&described);
    let mut leads_nowhere = 0;
    for object in of.objects(&["dcat:distribution"]) {
        match distribution::distribution(graph, object, document) {
            Some(distribution) => made.distributions.push(distribution),
            None => leads_nowhere += 1,
        }
    }
    if leads_nowhere > 0 {
        let message = format!(
            "{leads_nowhere} distributions of the dataset {} have no URL; they stand in its record only",
            shown(&identifier)
        );
        report.add("", message);
    }
    let services = document.services_of(node).filter(|service| !distribution::is_sql(graph, *service));
    made.distributions.extend(services.filter_map(|service| distribution::service(graph, service)));
    let mut extra = of.rest();
    if !others.is_empty() {
        extra.insert("dct:identifier".to_owned(), Value::Array(others));
    }
    let iri = &graph.nodes[node];
    if !iri.is_blank() && iri.name != identifier && iri.name != vocabulary::node_of(&identifier) {
        extra.insert("@id".to_owned(), Value::String(iri.name.clone()));
    }
    if is_series {
        extra.insert("@type".to_owned(), Value::String("dcat:DatasetSeries".to_owned()));
    }
    Dataset { identifier, extra: kept::of_dataset(extra), ..made }
}

/// Codes of the EU's list by IRI, others by their labels where these are published.
fn themes(of: &mut Of<'_>) -> Vec<String> {
    let graph = of.graph;
    let mut themes: Vec<String> = Vec::new();
    for object in of.objects(&["dcat:theme"]) {
        let code = graph.plain(object).filter(|iri| iri.contains("/data-theme/"));
        let theme = code.or_else(|| of.label(object)).filter(|theme| !theme.trim().is_empty());
        if let Some(theme) = theme {
            add_new(&mut themes, theme);
        }
    }
    themes
}

/// An IRI or a word; a duration that is described is written as ISO 8601 has it.
fn frequency(of: &mut Of<'_>) -> Option<String> {
    let graph = of.graph;
    let objects = of.objects(&["dct:accrualPeriodicity"]);
    let object = *objects.first()?;
    if let Object::Node(node) = object {
        let described = graph.objects(*node, "rdf:value").chain(graph.objects(*node, "time:hasDurationDescription"));
        let length =
            described.filter_map(|object| if let Object::Node(node) = object { Some(*node) } else { None }).find_map(|length| {
                let units = [
                    ("time:years", "P", "Y"),
                    ("time:months", "P", "M"),
                    ("time:weeks", "P", "W"),
                    ("time:days", "P", "D"),
                    ("time:hours", "PT", "H"),
                ];
                units.iter().find_map(|(name, start, unit)| {
                    let count = json::count(&Value::String(graph.text(length, &[name])?))?;
                    Some(format!("R/{start}{count}{unit}"))
                })
            });
        if length.is_some() {
            return length;
        }
    }
    graph.plain(object).or_else(|| of.label(object))
}

fn links(of: &mut Of<'_>, names: &[&str]) -> Vec<Link> {
    let graph = of.graph;
    let objects = of.objects(names);
    let link = |object: &Object| {
        let path = graph.plain(object);
        let (title, page) = match object {
            Object::Node(node) => (of.label_of(*node), graph.text(*node, &["foaf:homepage", "schema:url"])),
            Object::Text { .. } => (None, None),
        };
        Some(Link { title, path: path.or(page) }).filter(|link| link.title.is_some() || link.path.is_some())
    };
    let mut links: Vec<Link> = Vec::new();
    for link in objects.into_iter().filter_map(link) {
        add_new(&mut links, link);
    }
    links
}

/// What `dct:accessRights` means: a code is understood or the data is not public. A statement in words is kept as one, and with it
/// the access stays open, as the standard has it where no code is given.
fn access_rights(of: &mut Of<'_>, identifier: &str, report: &Report) -> (AccessRights, Option<String>) {
    let objects = of.peek(&["dct:accessRights"]);
    let told = objects.iter().find_map(|object| of.graph.plain(object).or_else(|| of.label(object)));
    let Some(words) = told else { return (AccessRights::Public, None) };
    if let Some(rights) = AccessRights::of_words(&words) {
        of.objects(&["dct:accessRights"]);
        let is_code = words == rights.name();
        return (rights, Some(words).filter(|_| !is_code));
    }
    let is_statement = words.trim().contains(char::is_whitespace);
    if is_statement {
        return (AccessRights::Public, None);
    }
    of.objects(&["dct:accessRights"]);
    report.add(
        "",
        format!(
            "the access right \"{}\" of the dataset {} is not understood; taken as NON_PUBLIC",
            shown(&words),
            shown(identifier)
        ),
    );
    (AccessRights::NonPublic, Some(words))
}
