//! From bytes to a graph.

use std::borrow::Cow;
use std::sync::LazyLock;

use oxjsonld::{JsonLdParser, JsonLdRemoteDocument};
use oxrdfxml::RdfXmlParser;
use oxttl::TriGParser;
use url::Url;

use super::context;
use super::graph::Graph;
use super::vocabulary;
use crate::descriptor::property::Report;

/// How many syntax errors of one document are told.
const MOST_ERRORS: usize = 20;

/// How many brackets of JSON stand within one another.
const DEEPEST: usize = 100;

/// The longest entity that an XML document declares, in bytes.
const LONGEST_ENTITY: usize = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    JsonLd,
    RdfXml,
    /// And N-Triples, N-Quads and TriG.
    Turtle,
}

/// Reads a document's triples. What is not RDF is reported, and the rest is read as far as its syntax can be followed.
pub(super) fn graph(bytes: &[u8], file: &str, report: &Report) -> Graph {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let base = base(file);
    let mut graph = Graph::default();
    match syntax(bytes) {
        None => report.add("", "the document is empty"),
        Some(Syntax::JsonLd) => json_ld(bytes, base, &mut graph, report),
        Some(Syntax::RdfXml) => rdf_xml(bytes, base, &mut graph, report),
        Some(Syntax::Turtle) => turtle(bytes, base, &mut graph, report),
    }
    graph.sort();
    graph
}

/// By the first characters.
fn syntax(bytes: &[u8]) -> Option<Syntax> {
    let text = bytes.trim_ascii_start();
    let after = |text: &[u8]| text.get(1..).map(<[u8]>::trim_ascii_start).and_then(|text| text.first().copied());
    Some(match text.first()? {
        b'{' => Syntax::JsonLd,
        // In Turtle, a blank node starts with a bracket too.
        b'[' if matches!(after(text), Some(b'{' | b'[' | b'"') | None) => Syntax::JsonLd,
        b'[' if after(text) == Some(b']') && text.len() < 8 => Syntax::JsonLd,
        b'<' if is_markup(text) => Syntax::RdfXml,
        _ => Syntax::Turtle,
    })
}

/// Whether a bracket opens a tag rather than an IRI, which has a colon before any space, or is relative.
fn is_markup(text: &[u8]) -> bool {
    if text.starts_with(b"<?") || text.starts_with(b"<!") {
        return true;
    }
    let end = text.iter().position(|byte| matches!(byte, b'>' | b' ' | b'\n' | b'\r' | b'\t')).unwrap_or(text.len());
    let name = &text[1..end];
    // A tag has no `/`, `#` or `.` in its name, and an absolute IRI has one of them or is a name of its own kind (`urn:a:b`).
    !name.is_empty() && text.get(end) != Some(&b'>') && !name.iter().any(|byte| matches!(byte, b'/' | b'#'))
        || name.eq_ignore_ascii_case(b"rdf:RDF")
        || name.eq_ignore_ascii_case(b"html")
}

/// What relative IRIs are joined to.
fn base(file: &str) -> Option<String> {
    match Url::parse(file) {
        Ok(url) if file.contains("://") => Some(url.into()),
        Ok(_) | Err(_) => Url::from_file_path(file).ok().map(String::from),
    }
}

/// Stops a document that grows to much more than its length, such as by a long prefix that is used often.
struct Limit<'r> {
    most: usize,
    errors: usize,
    report: &'r Report,
}

impl<'r> Limit<'r> {
    fn new(bytes: &[u8], report: &'r Report) -> Self {
        Self { most: (64 << 20) + 32 * bytes.len(), errors: 0, report }
    }

    fn is_reached(&self, graph: &Graph) -> bool {
        let reached = graph.bytes > self.most;
        if reached {
            self.report.add("", "the document's names grow to far more than its length; the rest is left out");
        }
        reached
    }

    /// Tells an error; whether reading may go on.
    fn error(&mut self, message: &str) -> bool {
        self.errors += 1;
        if self.errors < MOST_ERRORS {
            self.report.add("", message);
            return true;
        }
        self.report.add("", format!("{message}; more is wrong, and the rest is left out"));
        false
    }
}

fn turtle(bytes: &[u8], base: Option<String>, graph: &mut Graph, report: &Report) {
    // Short documents are read often.
    static PREFIXED: LazyLock<TriGParser> = LazyLock::new(|| {
        vocabulary::prefixes().fold(TriGParser::new().lenient(), |parser, (prefix, namespace)| {
            // They are IRIs.
            parser.clone().with_prefix(prefix, namespace).unwrap_or(parser)
        })
    });
    let mut parser = PREFIXED.clone();
    if let Some(with) = base.and_then(|base| parser.clone().with_base_iri(base).ok()) {
        parser = with;
    }
    let mut limit = Limit::new(bytes, report);
    let mut last_wrong = None;
    for quad in parser.for_slice(bytes) {
        match quad {
            Ok(quad) => graph.insert(quad.subject, quad.predicate.into_string(), quad.object),
            Err(e) => {
                let line = e.location().start.line + 1;
                // One slip makes several of what follows it.
                if last_wrong.replace(line) != Some(line)
                    && !limit.error(&format!("line {line} is not Turtle: {}", brief(e.message())))
                {
                    return;
                }
            }
        }
        if limit.is_reached(graph) {
            return;
        }
    }
}

fn rdf_xml(bytes: &[u8], base: Option<String>, graph: &mut Graph, report: &Report) {
    if let Err(why) = entities(bytes) {
        report.add("", why);
        return;
    }
    let mut parser = RdfXmlParser::new().lenient();
    if let Some(with) = base.and_then(|base| parser.clone().with_base_iri(base).ok()) {
        parser = with;
    }
    let limit = Limit::new(bytes, report);
    let (bytes, blanked) = without_idle_text(bytes);
    if blanked > 0 {
        report.add(
            "",
            format!("{blanked} elements have both rdf:resource and a text, which RDF/XML forbids; their texts are passed over"),
        );
    }
    let bytes = bytes.as_ref();
    let mut triples = parser.for_slice(bytes);
    while let Some(triple) = triples.next() {
        match triple {
            Ok(triple) => graph.insert(triple.subject, triple.predicate.into_string(), triple.object),
            // What follows is not understood without what stands before it.
            Err(e) => {
                let at = usize::try_from(triples.buffer_position()).unwrap_or(usize::MAX).min(bytes.len());
                let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
                report.add("", format!("line {line} is not RDF/XML: {}; what follows is left out", brief(&e.to_string())));
                return;
            }
        }
        if limit.is_reached(graph) {
            return;
        }
    }
}

/// The document without texts beside `rdf:resource`, which some catalogs publish, and how many there are.
fn without_idle_text(bytes: &[u8]) -> (Cow<'_, [u8]>, usize) {
    const NAME: &[u8] = b"rdf:resource";
    let (mut owned, mut blanked, mut at) = (None, 0, 0);
    while let Some(found) = bytes[at..].windows(NAME.len()).position(|window| window == NAME) {
        at += found + NAME.len();
        // The tag's end, which no quoted value hides.
        let mut quote = None;
        let end = bytes[at..].iter().position(|byte| match (quote, byte) {
            (None, b'"' | b'\'') => {
                quote = Some(*byte);
                false
            }
            (None, byte) => *byte == b'>',
            (Some(open), byte) => {
                if open == *byte {
                    quote = None;
                }
                false
            }
        });
        let Some(end) = end.map(|end| at + end) else { break };
        at = end;
        if bytes[end - 1] == b'/' {
            continue;
        }
        let text = bytes[end + 1..].iter().position(|byte| *byte == b'<').map(|length| end + 1..end + 1 + length);
        let Some(text) = text.filter(|text| !bytes[text.clone()].trim_ascii().is_empty()) else { continue };
        at = text.end;
        let copy: &mut Vec<u8> = owned.get_or_insert_with(|| bytes.to_vec());
        copy[text].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        blanked += 1;
    }
    (owned.map_or(Cow::Borrowed(bytes), Cow::Owned), blanked)
}

/// Refuses entities that are long or made of others: they could be put together to more than fits into memory.
fn entities(bytes: &[u8]) -> Result<(), &'static str> {
    let is_entity = |window: &[u8]| window == b"<!ENTITY";
    let mut rest = bytes;
    while let Some(start) = rest.windows(8).position(is_entity) {
        rest = &rest[start + 8..];
        let end = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
        let declared = &rest[..end];
        if declared.len() > LONGEST_ENTITY || declared.contains(&b'&') {
            return Err("the document declares an entity that is long or made of others, which is not read");
        }
        // Without a document type there are none, and looking further costs as much as reading.
        rest = &rest[end..];
    }
    Ok(())
}

fn json_ld(bytes: &[u8], base: Option<String>, graph: &mut Graph, report: &Report) {
    if deepest(bytes) > DEEPEST {
        report.add("", format!("more than {DEEPEST} brackets stand within one another; the document is left out"));
        return;
    }
    let text = explained(bytes);
    let mut parser = JsonLdParser::new().lenient();
    if let Some(with) = base.and_then(|base| parser.clone().with_base_iri(base).ok()) {
        parser = with;
    }
    let mut limit = Limit::new(bytes, report);
    // Contexts are not fetched: what they are likely to say is known.
    let quads = parser.for_slice(text.as_ref()).with_load_document_callback(|url, _| {
        Ok(JsonLdRemoteDocument { document: context::of(url).into(), document_url: url.to_owned() })
    });
    for quad in quads {
        match quad {
            Ok(quad) => graph.insert(quad.subject, quad.predicate.into_string(), quad.object),
            Err(e) => {
                let at = e.location().map_or(String::new(), |at| format!("line {} ", at.start.line + 1));
                let is_json = e.code().is_some();
                let what = if is_json { "JSON-LD" } else { "JSON" };
                let going_on = limit.error(&format!("{at}is not {what}: {}", brief(&e.to_string())));
                if !going_on || !is_json {
                    return;
                }
            }
        }
        if limit.is_reached(graph) {
            return;
        }
    }
}

/// A document without any context is given one.
fn explained(bytes: &[u8]) -> Cow<'_, [u8]> {
    let context = b"{\"@context\": \"urn:published:context\"".as_slice();
    if bytes.windows(10).any(|window| window == b"\"@context\"") {
        return Cow::Borrowed(bytes);
    }
    let text = bytes.trim_ascii();
    match text.strip_prefix(b"{") {
        Some(rest) if rest.trim_ascii_start().starts_with(b"}") => Cow::Borrowed(bytes),
        Some(rest) => Cow::Owned([context, b",", rest].concat()),
        None => Cow::Owned([context, b", \"@graph\": ", text, b"}"].concat()),
    }
}

/// How many brackets stand within one another.
fn deepest(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A parser's message, short enough to be shown.
fn brief(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
