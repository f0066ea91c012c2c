//! JSON-LD 1.1 (<https://www.w3.org/TR/json-ld11/>), whose context stands in the document.

use serde_json::{Map, Value, json};

use super::super::opened;
use super::catalog::SERVICE;
use super::rdf::{Node, Term, namespaces};

/// The context, the nodes that stand before the datasets, and the last of them open for these.
pub(super) fn head(nodes: &[Node]) -> String {
    let mut context: Map<String, Value> = namespaces().map(|(prefix, namespace)| (prefix.to_owned(), namespace.into())).collect();
    context.insert("servedBy".to_owned(), json!({ "@reverse": "dcat:servesDataset", "@type": "@id" }));
    let Some((catalog, others)) = nodes.split_last() else { return String::new() };
    let mut head = object(catalog);
    head.shift_insert(0, "@context".to_owned(), Value::Object(context));
    if !others.is_empty() {
        head.insert("dcat:service".to_owned(), others.iter().map(|node| Value::Object(object(node))).collect());
    }
    opened(&Value::Object(head), "\"dcat:dataset\":[\n")
}

/// A dataset.
pub(super) fn record(dataset: &Node, is_served: bool) -> String {
    let mut out = object(dataset);
    if is_served {
        out.insert("servedBy".to_owned(), SERVICE.into());
    }
    Value::Object(out).to_string()
}

fn object(node: &Node) -> Map<String, Value> {
    let mut out = Map::new();
    if let Some(iri) = &node.iri {
        out.insert("@id".to_owned(), iri.as_str().into());
    }
    for (name, term) in &node.properties {
        let (name, value) = match (name.as_str(), term) {
            ("rdf:type", Term::Iri(class)) => ("@type", class.as_str().into()),
            // It is nested where it stands for itself.
            (name, Term::Iri(iri)) => (name, json!({ "@id": iri })),
            (name, Term::Text(text)) => (name, text.as_str().into()),
            (name, Term::Tagged(text, language)) => (name, json!({ "@value": text, "@language": language })),
            (name, Term::Typed(text, datatype)) => (name, json!({ "@value": text, "@type": datatype })),
            (name, Term::Node(inner)) => (name, Value::Object(object(inner))),
        };
        match out.get_mut(name) {
            None => {
                out.insert(name.to_owned(), value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(single) => *single = Value::Array(vec![single.take(), value]),
        }
    }
    out
}
