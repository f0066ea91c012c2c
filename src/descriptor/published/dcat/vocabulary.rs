//! Namespaces and their prefixes, and the names of nodes that have none.

use std::fmt::Write as _;

/// Prefixes by their namespaces; those that are often published wrong stand behind the right ones. A name that is shown with its
/// prefix is found under it, however its namespace was written.
pub(super) const NAMESPACES: &[(&str, &str)] = &[
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("dct", "http://purl.org/dc/terms/#"),
    ("dct", "http://purl.org/dc/terms/"),
    ("dct", "https://purl.org/dc/terms/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("dctype", "http://purl.org/dc/dcmitype/"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dcat", "https://www.w3.org/ns/dcat#"),
    ("dcat", "http://vocab.deri.ie/dcat#"),
    ("dcatap", "http://data.europa.eu/r5r/"),
    ("geodcatap", "http://data.europa.eu/930/"),
    ("dcatde", "http://dcat-ap.de/def/dcatde/"),
    ("healthdcatap", "http://healthdataportal.eu/ns/health#"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("foaf", "https://xmlns.com/foaf/0.1/"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
    ("vcard", "https://www.w3.org/2006/vcard/ns#"),
    ("org", "http://www.w3.org/ns/org#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("schema", "http://schema.org/"),
    ("schema", "https://schema.org/"),
    ("adms", "http://www.w3.org/ns/adms#"),
    ("adms", "https://www.w3.org/ns/adms#"),
    ("spdx", "http://spdx.org/rdf/terms#"),
    ("locn", "http://www.w3.org/ns/locn#"),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("time", "http://www.w3.org/2006/time#"),
    ("dqv", "http://www.w3.org/ns/dqv#"),
    ("oa", "http://www.w3.org/ns/oa#"),
    ("odrl", "http://www.w3.org/ns/odrl/2/"),
    ("csvw", "http://www.w3.org/ns/csvw#"),
    ("gsp", "http://www.opengis.net/ont/geosparql#"),
    ("ogc", "http://www.opengis.net/rdf#"),
    ("cnt", "http://www.w3.org/2011/content#"),
    ("eli", "http://data.europa.eu/eli/ontology#"),
    ("pav", "http://purl.org/pav/"),
    ("void", "http://rdfs.org/ns/void#"),
    ("hydra", "http://www.w3.org/ns/hydra/core#"),
    ("dpv", "https://w3id.org/dpv#"),
    ("wdrs", "http://www.w3.org/2007/05/powder-s#"),
    ("stoa", "urn:stoa:"),
    // Names that a JSON document uses without saying what they stand for.
    ("published", UNKNOWN),
];

/// Where names stand that a JSON-LD document uses and its context does not explain.
pub(super) const UNKNOWN: &str = "urn:published:";

/// An IRI with its prefix, or as it is when its namespace is not known.
pub(super) fn short(iri: &str) -> String {
    let found = NAMESPACES.iter().find_map(|(prefix, namespace)| Some((prefix, iri.strip_prefix(namespace)?)));
    match found {
        Some((prefix, name)) if !name.is_empty() && !name.contains('/') => format!("{prefix}:{name}"),
        Some(_) | None => iri.to_owned(),
    }
}

/// The prefixes that a document may use without declaring them, each with its namespace.
pub(in crate::descriptor) fn prefixes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_first = |i: usize, prefix: &str| NAMESPACES[..i].iter().all(|(earlier, _)| *earlier != prefix);
    let right = NAMESPACES.iter().enumerate().filter(|(_, (_, namespace))| !namespace.ends_with("/#"));
    let first = right.filter(move |(i, (prefix, _))| *prefix == "dct" || is_first(*i, prefix)).map(|(_, pair)| *pair);
    first.chain([("dcterms", "http://purl.org/dc/terms/")])
}

/// The node that stands for a dataset that is known by an identifier which is no IRI.
pub(in crate::descriptor) fn node_of(identifier: &str) -> String {
    let mut iri = "urn:stoa:dataset:".to_owned();
    for byte in identifier.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            iri.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(iri, "%{byte:02X}");
        }
    }
    iri
}
