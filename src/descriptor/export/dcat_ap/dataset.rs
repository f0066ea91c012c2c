//! A dataset and its distributions as nodes.

use serde_json::Value;

use super::super::about::About;
use super::super::words::{self, Date, iri, place};

use super::catalog::SERVICE;
use super::rdf::{Node, PREFIXES, Term, text};
use crate::descriptor::export::ALSO;
use crate::descriptor::published::node_of;
use crate::descriptor::terms::{self, Frequency, Theme};
use crate::descriptor::{Agent, Dataset, Distribution, Extra, Format, License, Link, Period};

const EU: &str = "http://publications.europa.eu/resource/authority";

/// What no put-back property may say again.
const TAKEN: &[&str] =
    &["dcat:accessURL", "dcat:dataset", "dcat:distribution", "dct:description", "dct:identifier", "dct:title", "rdf:type"];

/// The node of a dataset, which carries `also` beside.
pub(super) fn dataset(of: &Dataset, also: Option<&Value>, about: &About) -> Node {
    let is_series = of.extra.get("@type").is_some_and(|kind| kind == "dcat:DatasetSeries");
    let mut node = Node::of(if is_series { "dcat:DatasetSeries" } else { "dcat:Dataset" }).named(name(of));
    node.say("dct:identifier", text(&of.identifier));
    node.say("dct:title", text(words::title(of)));
    node.say("dct:description", text(words::description(of)));
    for theme in &of.themes {
        let known = Theme::of_words(theme).map(|theme| Term::Iri(theme.uri()));
        node.say("dcat:theme", known.or_else(|| labelled("skos:Concept", "skos:prefLabel", theme)));
    }
    of.keywords.iter().for_each(|word| node.say("dcat:keyword", text(word)));
    node.say("dct:publisher", Some(Term::Node(agent(words::publisher(of, about)))));
    node.say("dcat:contactPoint", of.contact.as_ref().or(about.contact.as_ref()).map(|agent| Term::Node(contact(agent))));
    of.licenses.iter().for_each(|own| node.say("dct:license", licence(own)));
    of.sources.iter().for_each(|source| node.say("dct:source", link(source)));
    node.say("dcat:landingPage", of.homepage.as_deref().and_then(place).map(Term::Iri));
    of.documentation.iter().for_each(|page| node.say("foaf:page", link(page)));
    for language in &of.languages {
        let known = terms::language_code(language).map(|code| Term::Iri(format!("{EU}/language/{code}")));
        node.say("dct:language", known.or_else(|| labelled("dct:LinguisticSystem", "rdfs:label", language)));
    }
    of.spatial.iter().for_each(|place| node.say("dct:spatial", location(place)));
    of.temporal.iter().for_each(|time| node.say("dct:temporal", period(time)));
    of.conforms_to.iter().for_each(|standard| node.say("dct:conformsTo", self::standard(standard)));
    node.say("dcat:version", of.version.as_deref().and_then(text));
    let whole = of.part_of.as_ref().map(|whole| iri(whole).map_or_else(|| node_of(whole), str::to_owned));
    node.say("dct:isPartOf", whole.map(Term::Iri));
    if let Some(words) = &of.accrual_periodicity {
        let known = Frequency::of_words(words).map(|frequency| Term::Iri(frequency.uri()));
        node.say("dct:accrualPeriodicity", known.or_else(|| labelled("dct:Frequency", "rdfs:label", words)));
    }
    node.say("dct:issued", of.issued.as_deref().and_then(date));
    node.say("dct:modified", of.modified.as_deref().and_then(date));
    node.say("dct:accessRights", Some(Term::Iri(format!("{EU}/access-right/{}", of.access_rights.name()))));
    for part in &of.distributions {
        node.say("dcat:distribution", distribution(part, of, about).map(Term::Node));
    }
    put_back(&mut node, &of.extra);
    node.say(ALSO, also.map(|also| Term::Typed(also.to_string(), "rdf:JSON")));
    node
}

/// The IRI that a dataset is published under, else one that is made of its identifier.
fn name(of: &Dataset) -> String {
    let published = of.extra.get("@id").and_then(Value::as_str).and_then(iri);
    let own = iri(&of.identifier).filter(|iri| iri.contains("://"));
    published.or(own).map_or_else(|| node_of(&of.identifier), str::to_owned)
}

fn distribution(of: &Distribution, dataset: &Dataset, about: &About) -> Option<Node> {
    let mut node = Node::of("dcat:Distribution");
    node.say("dcat:accessURL", Some(Term::Iri(words::access(of)?)));
    of.paths.iter().for_each(|path| node.say("dcat:downloadURL", place(path).map(Term::Iri)));
    node.say("dct:title", words::name_of(of).and_then(text));
    node.say("dct:description", of.description.as_deref().and_then(text));
    node.say("dct:format", format(of));
    let media_type = words::media_type(of).map(|kind| format!("https://www.iana.org/assignments/media-types/{kind}"));
    node.say("dcat:mediaType", media_type.map(Term::Iri));
    // Portals look for it here, where the standard has it.
    let licences = if of.licenses.is_empty() { &dataset.licenses } else { &of.licenses };
    node.say("dct:license", licences.iter().find_map(licence));
    node.say("dct:issued", of.issued.as_deref().and_then(date));
    node.say("dct:modified", of.modified.as_deref().and_then(date));
    of.conforms_to.iter().for_each(|standard| node.say("dct:conformsTo", self::standard(standard)));
    node.say("cnt:characterEncoding", of.encoding.as_deref().and_then(text));
    node.say("dcat:byteSize", of.bytes.map(|bytes| Term::Typed(bytes.to_string(), "xsd:nonNegativeInteger")));
    node.say("spdx:checksum", of.hash.as_deref().and_then(checksum));
    if of.is_table() && about.endpoint.is_some() {
        node.say("dcat:accessService", Some(Term::Iri(SERVICE.to_owned())));
    }
    put_back(&mut node, &of.extra);
    Some(node)
}

pub(super) fn agent(of: &Agent) -> Node {
    let mut node = Node::of("foaf:Agent").with("foaf:name", text(&of.name));
    node.say("foaf:homepage", of.homepage.as_deref().and_then(place).map(Term::Iri));
    node.say("foaf:mbox", of.email.as_deref().and_then(words::mailto).map(Term::Iri));
    node
}

pub(super) fn contact(of: &Agent) -> Node {
    let mut node = Node::of("vcard:Organization").with("vcard:fn", text(&of.name));
    node.say("vcard:hasURL", of.homepage.as_deref().and_then(place).map(Term::Iri));
    node.say("vcard:hasEmail", of.email.as_deref().and_then(words::mailto).map(Term::Iri));
    node
}

/// A blank node of a class with a label.
fn labelled(class: &str, name: &str, label: &str) -> Option<Term> {
    Some(Term::Node(Node::of(class).with(name, Some(text(label)?))))
}

fn licence(of: &License) -> Option<Term> {
    let page = words::licence(of).filter(|page| iri(page).is_some()).map(Term::Iri);
    page.or_else(|| labelled("dct:LicenseDocument", "rdfs:label", of.title.as_deref().or(of.name.as_deref())?))
}

fn link(of: &Link) -> Option<Term> {
    let page = of.path.as_deref().and_then(place).map(Term::Iri);
    page.or_else(|| Some(Term::Node(Node::default().with("rdfs:label", Some(text(of.title.as_deref()?)?)))))
}

fn standard(of: &str) -> Option<Term> {
    let page = place(of).map(Term::Iri);
    page.or_else(|| labelled("dct:Standard", "dct:title", of))
}

/// A place by IRI, by geometry, or by name.
fn location(of: &str) -> Option<Term> {
    if let Some(place) = iri(of).filter(|iri| iri.contains("://")) {
        return Some(Term::Iri(place.to_owned()));
    }
    let start = of.trim_start().to_ascii_uppercase();
    let is_wkt =
        ["POLYGON", "POINT", "MULTIPOLYGON", "LINESTRING"].iter().any(|word| start.starts_with(word)) && start.contains('(');
    let node = Node::of("dct:Location");
    Some(Term::Node(if is_wkt {
        node.with("locn:geometry", Some(Term::Typed(of.to_owned(), "gsp:wktLiteral")))
    } else {
        node.with("skos:prefLabel", Some(text(of)?))
    }))
}

fn period(of: &Period) -> Option<Term> {
    let mut node = Node::of("dct:PeriodOfTime");
    let (start, end) = (of.start.as_deref().and_then(date), of.end.as_deref().and_then(date));
    if start.is_none() && end.is_none() {
        return None;
    }
    node.say("dcat:startDate", start);
    node.say("dcat:endDate", end);
    Some(Term::Node(node))
}

/// A date with its type; `None` for other words, which the standard does not take.
fn date(of: &str) -> Option<Term> {
    let datatype = match words::date(of)? {
        Date::Year => "xsd:gYear",
        Date::Month => "xsd:gYearMonth",
        Date::Day => "xsd:date",
        Date::Moment => "xsd:dateTime",
    };
    Some(Term::Typed(of.to_owned(), datatype))
}

/// The EU's file types, as far as they are certain; else the format's name.
fn format(of: &Distribution) -> Option<Term> {
    let code = of.format.and_then(|format| match format {
        Format::Csv => Some("CSV"),
        Format::Json => Some("JSON"),
        Format::GeoJson => Some("GEOJSON"),
        Format::Workbook => Some("XLSX"),
        Format::Shapefile => Some("SHP"),
        Format::Kml => Some("KML"),
        Format::NdJson | Format::Parquet | Format::Arrow | Format::Avro | Format::Orc => None,
    });
    let declared = of.declared_format.as_deref().filter(|word| iri(word).is_some_and(|iri| iri.contains("://")));
    let listed = declared.map(str::to_owned).or_else(|| code.map(|code| format!("{EU}/file-type/{code}")));
    listed.map(Term::Iri).or_else(|| labelled("dct:MediaTypeOrExtent", "rdfs:label", &words::format(of)?))
}

fn checksum(hash: &str) -> Option<Term> {
    let (algorithm, digits) = hash.split_once(':').unwrap_or(("md5", hash));
    let is_hex = !digits.is_empty() && digits.len() % 2 == 0 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hex || !matches!(algorithm, "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512") {
        return None;
    }
    let node = Node::of("spdx:Checksum")
        .with("spdx:algorithm", Some(Term::Iri(format!("http://spdx.org/rdf/terms#checksumAlgorithm_{algorithm}"))))
        .with("spdx:checksumValue", Some(Term::Typed(digits.to_owned(), "xsd:hexBinary")));
    Some(Term::Node(node))
}

/// Properties that the model has no words for go back where they came from: those with a name of RDF's, and texts or IRIs as values.
fn put_back(node: &mut Node, extra: &Extra) {
    for (name, value) in extra {
        let is_known = name.split_once(':').is_some_and(|(prefix, local)| {
            PREFIXES.contains(&prefix)
                && prefix != "stoa"
                && local.chars().all(|c| c.is_ascii_alphanumeric())
                && !local.is_empty()
        });
        let is_said = TAKEN.contains(&name.as_str()) || node.properties.iter().any(|(said, _)| said == name);
        if !is_known || is_said {
            continue;
        }
        let items = match value {
            Value::Array(items) => items.as_slice(),
            single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                std::slice::from_ref(single)
            }
        };
        if let Some(terms) = items.iter().map(term).collect::<Option<Vec<Term>>>() {
            terms.into_iter().for_each(|term| node.say(name, Some(term)));
        }
    }
}

/// A text, an IRI, or a text in a language; `None` for what tells more.
fn term(value: &Value) -> Option<Term> {
    match value {
        Value::String(text) if text.contains("://") && iri(text) == Some(text) => Some(Term::Iri(text.clone())),
        Value::String(words) => text(words),
        Value::Object(map) => {
            let part = |key: &str| map.get(key).and_then(Value::as_str);
            let (text, language) = (part("@value")?, part("@language")?);
            let is_tag = !language.is_empty() && language.split('-').all(|part| !part.is_empty() && part.len() < 9);
            let is_tag = is_tag && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            Some(Term::Tagged(text.to_owned(), language.to_owned())).filter(|_| map.len() == 2 && is_tag)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}
