//! DCAT 2 and 3 and its profiles (DCAT-AP and those of countries and fields), in any of RDF's syntaxes.

mod context;
mod dataset;
mod distribution;
mod graph;
mod of;
mod parse;
mod vocabulary;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead};

use url::Url;

pub(in crate::descriptor) use graph::write_text;
pub(in crate::descriptor) use vocabulary::{node_of, prefixes};

use self::graph::{Graph, Object};
use self::of::Of;
use super::{Page, Record, Sink};
use crate::descriptor::Place;
use crate::descriptor::property::Report;
use crate::name::clip;

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let Some(bytes) = super::whole(input, file, sink)? else { return Ok(Page::default()) };
    let report = Report::new(file);
    let graph = parse::graph(&bytes, file, &report);
    drop(bytes);
    let document = Document::new(&graph, file);
    for node in document.datasets.iter().copied() {
        let Some(identifier) = document.identifiers.get(&node) else {
            report.add("", format!("{} is a dataset of which nothing tells which; left out", shown(&graph.nodes[node].name)));
            continue;
        };
        if graph.nodes[node].is_blank() && !dataset::says_identifier(&graph, node) {
            let message =
                "is neither named by an IRI nor by dct:identifier: its page or title stands for it, until one is published";
            report.add("", format!("the dataset {} {message}", shown(identifier)));
        }
        let dataset = dataset::dataset(node, identifier.clone(), &document, &report);
        let text = Cow::Owned(of::record(&graph, node, document.services_of(node)));
        sink.dataset(dataset, Record { text, media_type: "application/n-triples" })?;
    }
    for service in document.idle_services() {
        let name = shown(&graph.nodes[service].name);
        report.add("", format!("{name} is a service that serves no dataset of this document, and none itself; left out"));
    }
    let page = document.page();
    let problems = report.into_problems();
    if document.datasets.is_empty() && page == Page::default() && problems.is_empty() {
        let message = "no dcat:Dataset is described here".to_owned();
        sink.problem(super::Problem { file: file.to_owned(), pointer: String::new(), message });
    }
    problems.into_iter().for_each(|problem| sink.problem(problem));
    Ok(page)
}

/// A graph as a catalog.
struct Document<'g> {
    graph: &'g Graph,
    place: Place,
    /// The folder's URL of a document on disk.
    folder: Option<String>,
    /// Datasets and series in the order in which they are met.
    datasets: Vec<usize>,
    identifiers: HashMap<usize, String>,
    /// Those that a series or another dataset names as its parts.
    wholes: HashMap<usize, usize>,
    /// The services that serve a dataset.
    services: HashMap<usize, Vec<usize>>,
}

impl<'g> Document<'g> {
    fn new(graph: &'g Graph, file: &str) -> Self {
        let mut listed: HashSet<usize> = HashSet::new();
        for node in 0..graph.nodes.len() {
            listed.extend(graph.objects(node, "dcat:dataset").filter_map(|object| referred(graph, object)));
        }
        let is_dataset = |node: &usize| {
            let kinds = ["dcat:Dataset", "dcat:DatasetSeries"];
            kinds.iter().any(|kind| graph.is(*node, kind))
                || listed.contains(node) && !graph.nodes[*node].properties.is_empty() && !graph.is(*node, "dcat:Catalog")
        };
        let datasets: Vec<usize> = (0..graph.nodes.len()).filter(is_dataset).collect();
        let (mut identifiers, mut known) = (HashMap::new(), HashSet::new());
        for node in &datasets {
            if let Some(identifier) = dataset::identifiers(graph, *node).find(|identifier| !known.contains(identifier)) {
                known.insert(identifier.clone());
                identifiers.insert(*node, identifier);
            }
        }
        let (mut wholes, mut services) = (HashMap::new(), HashMap::<usize, Vec<usize>>::new());
        for node in &datasets {
            for name in ["dcat:seriesMember", "dct:hasPart"] {
                wholes.extend(graph.objects(*node, name).filter_map(|part| Some((referred(graph, part)?, *node))));
            }
        }
        for node in 0..graph.nodes.len() {
            for dataset in graph.objects(node, "dcat:servesDataset").filter_map(|object| referred(graph, object)) {
                services.entry(dataset).or_default().push(node);
            }
        }
        let folder = Url::from_file_path(file).ok().and_then(|url| url.join("./").ok()).map(String::from);
        Self { graph, place: Place::of_file(file), folder, datasets, identifiers, wholes, services }
    }

    /// A link as it stands in the document, where it was joined to a document on disk: it names a file beside that.
    fn local(&self, link: &str) -> String {
        let beside = || {
            let folder = self.folder.as_ref().filter(|folder| link.starts_with(folder.as_str()))?;
            let (folder, path) = (Url::parse(folder).ok()?.to_file_path().ok()?, Url::parse(link).ok()?.to_file_path().ok()?);
            Some(path.strip_prefix(folder).ok()?.to_str()?.to_owned())
        };
        beside().unwrap_or_else(|| link.to_owned())
    }

    /// The identifier of what a dataset is a part of: not of the catalog.
    fn part_of(&self, node: usize, of: &mut Of<'_>) -> Option<String> {
        let told =
            of.objects(&["dcat:inSeries", "dct:isPartOf"]).into_iter().find_map(|object| match referred(self.graph, object) {
                Some(whole) if self.graph.is(whole, "dcat:Catalog") => None,
                Some(whole) => self.identifiers.get(&whole).cloned().or_else(|| self.graph.plain(object)),
                None => self.graph.plain(object),
            });
        told.or_else(|| self.identifiers.get(self.wholes.get(&node)?).cloned())
    }

    fn services_of(&self, dataset: usize) -> impl Iterator<Item = usize> {
        self.services.get(&dataset).into_iter().flatten().copied()
    }

    /// Services that lead to no dataset, neither by themselves nor as a way to one's distribution.
    fn idle_services(&self) -> Vec<usize> {
        let graph = self.graph;
        let mut busy: HashSet<usize> = self
            .services
            .iter()
            .filter(|(dataset, _)| self.identifiers.contains_key(dataset))
            .flat_map(|(_, services)| services)
            .copied()
            .collect();
        for node in 0..graph.nodes.len() {
            busy.extend(graph.objects(node, "dcat:accessService").filter_map(|object| referred(graph, object)));
        }
        (0..graph.nodes.len()).filter(|node| graph.is(*node, "dcat:DataService") && !busy.contains(node)).collect()
    }

    /// What Hydra tells of further pages, and what a catalog only refers to.
    fn page(&self) -> Page {
        let graph = self.graph;
        let mut page = Page::default();
        let resolved = |object: &Object| {
            let link = self.local(&graph.plain(object)?);
            super::resolved(&self.place, link.trim())
        };
        for node in 0..graph.nodes.len() {
            for name in ["hydra:next", "hydra:nextPage"] {
                page.next = page.next.or_else(|| graph.objects(node, name).find_map(resolved));
            }
            let total = graph.objects(node, "hydra:totalItems").find_map(|object| graph.plain(object));
            page.total = page.total.or_else(|| total?.trim().parse().ok());
        }
        let undescribed = |object: &Object| {
            let is_it = referred(graph, object).is_none_or(|node| graph.nodes[node].properties.is_empty());
            if is_it { resolved(object) } else { None }
        };
        // Pages of a catalog often list all of its datasets and describe some of them.
        let names: &[&str] =
            if self.datasets.is_empty() && page.next.is_none() { &["dcat:catalog", "dcat:dataset"] } else { &["dcat:catalog"] };
        let mut known = HashSet::new();
        for node in 0..graph.nodes.len() {
            let links = names.iter().flat_map(|name| graph.objects(node, name)).filter_map(undescribed);
            page.also.extend(links.filter(|link| known.insert(link.clone())));
        }
        page
    }
}

/// A name as far as a problem tells it.
fn shown(name: &str) -> &str {
    clip(name, 300)
}

/// The node that an object is, or that its text names.
fn referred(graph: &Graph, object: &Object) -> Option<usize> {
    match object {
        Object::Node(node) => Some(*node),
        Object::Text { text, .. } => graph.place(text.trim()),
    }
}

#[cfg(test)]
mod tests;
