//! Turtle (<https://www.w3.org/TR/turtle/>).

use std::fmt::Write as _;

use super::catalog::{CATALOG, SERVICE};
use super::rdf::{Node, Term, namespaces};
use crate::descriptor::published::write_text;

/// The prefixes, and the nodes that stand before the datasets.
pub(super) fn head(nodes: &[Node]) -> String {
    let mut out = String::new();
    for (prefix, namespace) in namespaces() {
        // Writing to a text does not fail.
        let _ = writeln!(out, "@prefix {prefix}: <{namespace}> .");
    }
    for node in nodes {
        out.push('\n');
        subject(&mut out, node);
    }
    out.push('\n');
    out
}

/// A dataset, of the catalog and where there is one of the service.
pub(super) fn record(dataset: &Node, is_served: bool) -> String {
    let mut out = String::new();
    let iri = dataset.iri.as_deref().unwrap_or_default();
    let _ = writeln!(out, "<{CATALOG}> dcat:dataset <{iri}> .");
    if is_served {
        let _ = writeln!(out, "<{SERVICE}> dcat:servesDataset <{iri}> .");
    }
    subject(&mut out, dataset);
    out
}

fn subject(out: &mut String, node: &Node) {
    let _ = write!(out, "<{}>", node.iri.as_deref().unwrap_or_default());
    properties(out, node, 1);
    out.push_str(" .\n");
}

fn properties(out: &mut String, node: &Node, depth: usize) {
    for (i, (name, object)) in node.properties.iter().enumerate() {
        out.push_str(if i == 0 { " " } else { " ;\n" });
        if i > 0 {
            out.push_str(&"    ".repeat(depth));
        }
        out.push_str(if name == "rdf:type" { "a" } else { name });
        out.push(' ');
        match object {
            Term::Iri(class) if name == "rdf:type" => out.push_str(class),
            Term::Iri(iri) => {
                let _ = write!(out, "<{iri}>");
            }
            Term::Text(text) => write_text(out, text),
            Term::Tagged(text, language) => {
                write_text(out, text);
                let _ = write!(out, "@{language}");
            }
            Term::Typed(text, datatype) => {
                write_text(out, text);
                let _ = write!(out, "^^{datatype}");
            }
            Term::Node(inner) => {
                out.push('[');
                properties(out, inner, depth + 1);
                out.push_str(" ]");
            }
        }
    }
}
