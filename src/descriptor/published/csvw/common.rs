//! What is said of a document or a table in the words of other vocabularies: its common properties.

use serde_json::{Map, Value};

use crate::descriptor::property::Properties;
use crate::descriptor::published::{json, kept, link, resolved, settle};
use crate::descriptor::{AccessRights, Agent, Dataset, Distribution, Place, format};

/// Vocabularies, by the prefix that CSV on the Web gives them: under what names their terms are published.
const SPACES: &[(&str, &[&str])] = &[
    ("dc", &["dc:", "dct:", "dcterms:", "dc11:", "http://purl.org/dc/terms/", "http://purl.org/dc/elements/1.1/"]),
    ("dcat", &["dcat:", "http://www.w3.org/ns/dcat#"]),
    ("schema", &["schema:", "http://schema.org/", "https://schema.org/"]),
    ("rdfs", &["rdfs:", "http://www.w3.org/2000/01/rdf-schema#"]),
    ("owl", &["owl:"]),
];

/// How a document's words are to be taken.
pub(super) struct Words {
    /// Where its relative links start.
    pub(super) place: Place,
    /// The language of its texts.
    language: Option<String>,
}

impl Words {
    /// What a document's `@context` says, which is a URL, or a list of one and an object.
    pub(super) fn of_context(context: Option<Value>, place: &Place) -> Self {
        let local = match context {
            Some(Value::Array(items)) => items.into_iter().find(Value::is_object),
            Some(object @ Value::Object(_)) => Some(object),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => None,
        };
        let text = |key: &str| local.as_ref().and_then(|local| local.get(key)).and_then(Value::as_str);
        let base = text("@base").and_then(|base| place.beside(base)).map(|base| Place::of_file(&base));
        // A document that was fetched does not name folders of this machine.
        let base = base.filter(|base| matches!((base, place), (Place::Url(_), _) | (Place::Folder(_), Place::Folder(_))));
        Self { place: base.unwrap_or_else(|| place.clone()), language: text("@language").map(str::to_owned) }
    }

    /// The texts of a natural-language property: one, several, or several by language, of which one is chosen.
    pub(super) fn texts(&self, value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::Object(map) => {
                let wanted = self.language.iter().map(String::as_str).chain(["und", "en"]);
                let chosen = wanted.into_iter().find_map(|language| map.get(language)).or_else(|| map.values().next());
                chosen.filter(|chosen| !chosen.is_object()).map(|chosen| self.texts(chosen)).unwrap_or_default()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
        }
    }

    /// The text of the first of these terms that is there.
    pub(super) fn text(&self, of: &mut Properties<'_>, terms: &[&str]) -> Option<String> {
        let key = key_of(of, terms)?;
        let by_language = |map: &Map<String, Value>| map.iter().all(|(key, value)| !key.starts_with('@') && value.is_string());
        match of.take(&key)? {
            Value::Object(map) if by_language(&map) => {
                let value = Value::Object(map);
                let text = self.texts(&value).into_iter().next();
                of.keep(&key, value);
                text
            }
            value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                of.keep(&key, value);
                json::text(of, &key)
            }
        }
    }
}

/// The name under which the first of these terms that is there is published.
fn key_of(of: &Properties<'_>, terms: &[&str]) -> Option<String> {
    let names = terms.iter().flat_map(|term| {
        let (space, name) = term.split_once(':').unwrap_or(("", term));
        let prefixes = SPACES.iter().find(|(prefix, _)| *prefix == space).map_or(&[""][..], |(_, prefixes)| prefixes);
        prefixes.iter().map(move |prefix| format!("{prefix}{name}"))
    });
    names.into_iter().find(|name| of.has(name))
}

fn all<T>(of: &mut Properties<'_>, terms: &[&str], read: impl Fn(&mut Properties<'_>, &str) -> Vec<T>) -> Vec<T> {
    key_of(of, terms).map(|key| read(of, &key)).unwrap_or_default()
}

/// Fills in what is said of the whole.
pub(super) fn describe(dataset: &mut Dataset, top: &mut Properties<'_>, words: &Words) {
    dataset.title = words.text(top, &["dc:title", "schema:name", "rdfs:label"]);
    dataset.description = words.text(top, &["dc:description", "schema:description", "rdfs:comment", "dc:abstract"]);
    dataset.keywords = keywords(top);
    dataset.themes = all(top, &["dcat:theme"], json::texts);
    dataset.publisher =
        agent(top, &["dc:publisher", "schema:publisher"]).or_else(|| agent(top, &["dc:creator", "schema:creator"]));
    dataset.contact = agent(top, &["dcat:contactPoint"]);
    dataset.licenses = all(top, &["dc:license", "schema:license", "dcat:license"], json::licences);
    dataset.homepage = words.text(top, &["dcat:landingPage", "schema:url"]);
    dataset.documentation = all(top, &["rdfs:seeAlso"], json::pages);
    dataset.sources = all(top, &["dc:source", "schema:isBasedOn"], json::pages);
    dataset.languages = all(top, &["dc:language", "schema:inLanguage"], json::texts);
    if dataset.languages.is_empty() {
        dataset.languages.extend(top.words("lang"));
    }
    dataset.spatial = all(top, &["dc:spatial", "schema:spatialCoverage"], json::places);
    dataset.temporal = all(top, &["dc:temporal", "schema:temporalCoverage"], json::periods);
    dataset.conforms_to = all(top, &["dc:conformsTo"], json::texts);
    dataset.version = words.text(top, &["dcat:version", "schema:version", "owl:versionInfo"]);
    dataset.part_of = words.text(top, &["dc:isPartOf", "schema:isPartOf"]);
    dataset.accrual_periodicity = words.text(top, &["dc:accrualPeriodicity"]);
    dataset.issued = words.text(top, &["dc:issued", "schema:datePublished", "dc:created"]);
    dataset.modified = words.text(top, &["dc:modified", "schema:dateModified"]);
    if let Some(rights) = words.text(top, &["dc:accessRights"]) {
        dataset.access_rights = AccessRights::of_words(&rights).unwrap_or(AccessRights::NonPublic);
        dataset.published_rights = Some(rights).filter(|words| words != dataset.access_rights.name());
    }
    dataset.homepage = dataset.homepage.take().map(|page| resolved(&words.place, &page).unwrap_or(page));
}

/// Fills in what is said of one table of a group.
pub(super) fn describe_table(distribution: &mut Distribution, table: &mut Properties<'_>, words: &Words) {
    distribution.title = words.text(table, &["dc:title", "schema:name", "rdfs:label"]);
    distribution.description = words.text(table, &["dc:description", "schema:description", "rdfs:comment"]);
    distribution.licenses = all(table, &["dc:license", "schema:license", "dcat:license"], json::licences);
    distribution.issued = words.text(table, &["dc:issued", "schema:datePublished"]);
    distribution.modified = words.text(table, &["dc:modified", "schema:dateModified"]);
}

/// A list, or a text of words with commas between them.
fn keywords(top: &mut Properties<'_>) -> Vec<String> {
    let texts = all(top, &["dcat:keyword", "schema:keywords"], json::texts);
    match texts.as_slice() {
        [text] => text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        _ => texts,
    }
}

/// An agent whose properties are those of a vocabulary, the first of a list. One that tells more stays among the properties.
fn agent(of: &mut Properties<'_>, terms: &[&str]) -> Option<Agent> {
    let key = key_of(of, terms)?;
    let value = of.take(&key)?;
    let first = match &value {
        Value::Array(items) => items.first()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => &value,
    };
    let Value::Object(map) = first else {
        of.keep(&key, value);
        return json::agent(of, &key);
    };
    let local = |key: &str| key.rsplit([':', '#', '/']).next().unwrap_or_default().to_owned();
    let find = |names: &[&str]| {
        names.iter().find_map(|name| map.iter().find(|(key, _)| local(key) == *name).and_then(|(_, value)| json::label(value)))
    };
    let name = find(&["name", "legalName", "fn", "label", "title"]).or_else(|| find(&["@id"]));
    let homepage = find(&["url", "homepage"]);
    let email = find(&["email", "mbox", "hasEmail"]).map(|mail| mail.trim_start_matches("mailto:").to_owned());
    let is_all = map.keys().all(|key| ["name", "url", "homepage", "email", "@type"].contains(&local(key).as_str()));
    let is_one = !matches!(&value, Value::Array(items) if items.len() > 1);
    if name.is_none() || !is_all || !is_one {
        of.keep(&key, value);
    }
    Some(Agent { name: name?, homepage, email })
}

/// Other forms that the data comes in (`dcat:distribution`). One that is a table's own file tells of that.
pub(super) fn other_distributions(distributions: &mut Vec<Distribution>, top: &mut Properties<'_>, words: &Words) {
    let Some(key) = key_of(top, &["dcat:distribution", "schema:distribution"]) else { return };
    let Some(published) = top.take(&key) else { return };
    // One may stand without a list.
    top.keep(&key, if published.is_object() { Value::Array(vec![published]) } else { published });
    for mut item in top.objects(&key) {
        let url = words.text(&mut item, &["dcat:downloadURL", "schema:contentUrl"]);
        let mut other = Distribution::default();
        if let Some(url) = &url {
            link(&mut other, &words.place, url);
        }
        other.declared_format = words.text(&mut item, &["dc:format"]);
        other.media_type = words.text(&mut item, &["dcat:mediaType", "schema:encodingFormat"]);
        describe_table(&mut other, &mut item, words);
        let access = words.text(&mut item, &["dcat:accessURL"]);
        let own = distributions.iter_mut().find(|own| !other.paths.is_empty() && own.paths == other.paths);
        if let Some(own) = own {
            own.title = own.title.take().or(other.title);
            own.description = own.description.take().or(other.description);
            own.licenses.extend(other.licenses);
            own.issued = own.issued.take().or(other.issued);
            own.modified = own.modified.take().or(other.modified);
            own.extra.extend(kept::of_distribution(item.rest()));
            continue;
        }
        other.access_url = other.access_url.or(access);
        if other.paths.is_empty() && other.access_url.is_none() {
            item.left_out::<()>(
                "dcat:downloadURL",
                "the distribution has neither a \"dcat:downloadURL\" nor a \"dcat:accessURL\"",
            );
            continue;
        }
        settle(&mut other);
        let place = other.paths.first().or(other.access_url.as_ref());
        other.name = place.map(|place| format::stem(place).to_owned()).unwrap_or_default();
        other.extra = kept::of_distribution(item.rest());
        distributions.push(other);
    }
}
