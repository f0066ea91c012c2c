//! A CKAN package: its own fields, the extras that portals add to them, and what its DCAT extension makes of either.

use serde_json::{Map, Value};

use super::super::{json, kept};
use super::resource;
use crate::descriptor::export::ALSO;
use crate::descriptor::property::Properties;
use crate::descriptor::{AccessRights, Agent, Dataset, License, Link, Period, Place};

/// Reads a package; `None`, with the reason reported, when it is none.
pub(super) fn package(of: Properties<'_>, place: &Place) -> Option<Dataset> {
    let mut package = Package::new(of);
    if package.own.words("state").is_some_and(|state| state == "deleted") {
        return package.own.left_out("state", "the package is deleted");
    }
    let title = package.text(&["title"], &[]);
    let name = package.own.label("name").or_else(|| title.as_deref().map(json::short_name));
    let id = package.own.label("id");
    let identifier = id.or_else(|| package.text(&["identifier"], &["guid", "identifier"])).or_else(|| name.clone());
    let (Some(identifier), resources) = (identifier, package.own.objects("resources")) else {
        return package.own.left_out("name", "the package has neither an \"id\" nor a \"name\" nor a \"title\"");
    };
    let distributions = resources.into_iter().filter_map(|resource| resource::resource(resource, place)).collect();
    let (access_rights, published_rights) = package.access_rights();
    Some(Dataset {
        name: name.unwrap_or_else(|| identifier.clone()),
        identifier,
        title,
        description: package.text(&["notes", "description"], &[]),
        themes: package.themes(),
        keywords: package.labels("tags"),
        publisher: package.publisher(),
        licenses: package.licences(),
        homepage: package.text(&["url"], &["landing_page"]),
        contact: package.contact(),
        documentation: package.documentation(),
        languages: package.languages(),
        spatial: package.spatial(),
        temporal: package.temporal(),
        conforms_to: package.texts(&["conforms_to"], &["conforms_to"]),
        version: package.text(&["version"], &["dcat_version"]),
        part_of: package.text(&["in_series"], &["in_series", "collection_package_id", "is_part_of"]),
        accrual_periodicity: package.text(
            &["frequency", "accrual_periodicity", "update_frequency"],
            &["frequency", "accrual_periodicity", "accrualPeriodicity", "update_frequency", "frequency-of-update"],
        ),
        issued: package.text(&["issued"], &["issued", "dcat_issued"]).or_else(|| package.own.words("metadata_created")),
        modified: package.text(&["modified"], &["modified", "dcat_modified"]).or_else(|| package.own.words("metadata_modified")),
        access_rights,
        published_rights,
        distributions,
        extra: package.rest(),
        ..Dataset::default()
    })
}

/// A package's own fields and its extras.
struct Package<'r> {
    own: Properties<'r>,
    extras: Properties<'r>,
}

impl<'r> Package<'r> {
    /// The extras are a list of keys and values, or an object in the first versions and in dumps.
    fn new(mut own: Properties<'r>) -> Self {
        let entries = match own.take("extras") {
            Some(Value::Object(map)) => map,
            Some(Value::Array(items)) => items.into_iter().filter_map(entry).collect(),
            Some(other) => own.wrong("extras", "a list of keys and values", &other).unwrap_or_default(),
            None => Map::new(),
        };
        own.keep("extras", Value::Object(entries));
        let extras = own.object("extras").unwrap_or_else(|| own.empty("extras"));
        Self { own, extras }
    }

    /// The first text among fields, then among extras.
    fn text(&mut self, own: &[&str], extras: &[&str]) -> Option<String> {
        own.iter().find_map(|key| text(&mut self.own, key)).or_else(|| extras.iter().find_map(|key| text(&mut self.extras, key)))
    }

    fn texts(&mut self, own: &[&str], extras: &[&str]) -> Vec<String> {
        for (of, keys) in [(&mut self.own, own), (&mut self.extras, extras)] {
            for key in keys {
                decode(of, key);
                let texts = json::texts(of, key);
                if !texts.is_empty() {
                    return texts;
                }
            }
        }
        Vec::new()
    }

    /// The names of tags or groups.
    fn labels(&mut self, key: &str) -> Vec<String> {
        let items = match self.own.take(key) {
            Some(Value::Array(items)) => items,
            Some(other) => return self.own.wrong::<Vec<_>>(key, "a list", &other).unwrap_or_default(),
            None => return Vec::new(),
        };
        let label = |item: &Value| match item {
            Value::Object(map) => ["title", "display_name", "name"].iter().find_map(|key| json::label(map.get(*key)?)),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => json::label(other),
        };
        let labels = items.iter().filter_map(label).collect();
        // Tags of a vocabulary tell more than their names, and groups may be known by their short ones.
        let telling = if key == "tags" { "vocabulary_id" } else { "name" };
        if items.iter().any(|item| item.get(telling).is_some_and(Value::is_string)) {
            self.own.keep(key, Value::Array(items));
        }
        labels
    }

    /// The groups, which portals make of themes, then the themes of the DCAT extension.
    fn themes(&mut self) -> Vec<String> {
        let mut themes = self.labels("groups");
        for theme in self.texts(&["theme"], &["theme", "dcat_theme", "theme-primary"]) {
            if !themes.contains(&theme) {
                themes.push(theme);
            }
        }
        themes
    }

    /// The publisher that is named, else the organization that owns the package, which stays with all that is told of it.
    fn publisher(&mut self) -> Option<Agent> {
        if let Some(agent) = json::agent(&mut self.own, "publisher") {
            return Some(agent);
        }
        if let Some(name) = self.text(&[], &["publisher_name", "dcat_publisher_name"]) {
            let homepage = self.text(&[], &["publisher_url"]);
            return Some(Agent { name, homepage, email: self.text(&[], &["publisher_email", "dcat_publisher_email"]) });
        }
        let organization = self.own.take("organization")?;
        let name = ["title", "display_name", "name"].iter().find_map(|key| translated(organization.get(*key)?));
        self.own.keep("organization", organization);
        name.map(|name| Agent { name, ..Agent::default() })
    }

    fn contact(&mut self) -> Option<Agent> {
        if let Some(agent) = json::agent(&mut self.own, "contact") {
            return Some(agent);
        }
        const NAMED: [Contact<'_>; 3] = [
            Contact { names: &["contact_name", "contact_point"], emails: &["contact_email", "contact-email"] },
            Contact { names: &["maintainer"], emails: &["maintainer_email"] },
            Contact { names: &["author"], emails: &["author_email"] },
        ];
        NAMED.iter().find_map(|Contact { names, emails }| {
            let (name, email) = (self.text(names, names), self.text(emails, emails));
            Some(Agent { name: name.or_else(|| email.clone())?, homepage: None, email })
        })
    }

    fn licences(&mut self) -> Vec<License> {
        let [name, title, path] = ["license_id", "license_title", "license_url"].map(|key| text(&mut self.own, key));
        if name.is_none() && title.is_none() && path.is_none() {
            return json::licences(&mut self.own, "license");
        }
        match (name, path) {
            (Some(name), None) if json::is_url(&name) => vec![License { name: None, title, path: Some(name) }],
            (name, path) => vec![License { name, title, path }],
        }
    }

    fn documentation(&mut self) -> Vec<Link> {
        let pages = self.texts(&["documentation"], &["documentation"]);
        pages.into_iter().map(|path| Link { title: None, path: Some(path) }).collect()
    }

    /// A list, or codes with commas between them.
    fn languages(&mut self) -> Vec<String> {
        let languages = self.texts(&["language"], &["language"]);
        match languages.as_slice() {
            [codes] if codes.contains(',') => {
                codes.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).collect()
            }
            _ => languages,
        }
    }

    /// What the DCAT extension's places tell in words, URIs and geometries, or the spatial extension's geometry.
    fn spatial(&mut self) -> Vec<String> {
        let mut places = Vec::new();
        for item in self.own.objects("spatial_coverage") {
            let told = item.rest();
            places.extend(["text", "uri", "geom", "bbox", "centroid"].iter().filter_map(|key| written(told.get(*key)?)));
        }
        for key in ["spatial", "bbox"] {
            if let Some(value) = self.own.take(key) {
                places.extend(written(&value));
            }
        }
        for key in ["spatial_text", "spatial-text", "spatial_uri", "spatial", "spatial_bbox", "spatial_centroid"] {
            places.extend(self.extras.take(key).and_then(|value| written(&value)));
        }
        places
    }

    fn temporal(&mut self) -> Vec<Period> {
        let periods = json::periods(&mut self.own, "temporal_coverage");
        if !periods.is_empty() {
            return periods;
        }
        let start = self.text(&["temporal_start"], &["temporal_start", "temporal_coverage-from", "temporal-extent-begin"]);
        let end = self.text(&["temporal_end"], &["temporal_end", "temporal_coverage-to", "temporal-extent-end"]);
        let period = Period { start, end };
        Some(period).filter(|period| period.start.is_some() || period.end.is_some()).into_iter().collect()
    }

    /// A private package is not public, whatever else is told. What is not understood is not public either.
    fn access_rights(&mut self) -> (AccessRights, Option<String>) {
        let is_private = self.own.take("private").is_some_and(|private| private == Value::Bool(true) || private == "true");
        let Some(words) = self.text(&["access_rights"], &["access_rights", "accessRights", "access_level"]) else {
            let rights = if is_private { AccessRights::NonPublic } else { AccessRights::Public };
            return (rights, None);
        };
        let rights = AccessRights::of_words(&words).unwrap_or_else(|| {
            self.own.problem("access_rights", "neither PUBLIC nor RESTRICTED nor NON_PUBLIC is said; taken as NON_PUBLIC");
            AccessRights::NonPublic
        });
        (if is_private { AccessRights::NonPublic } else { rights }, Some(words).filter(|words| words != rights.name()))
    }

    /// What is left of the fields, and of the extras under their name.
    fn rest(self) -> crate::descriptor::Extra {
        let mut rest = self.own.rest();
        let mut extras = self.extras.rest();
        // What Stoa put there is of the package.
        rest.extend(extras.remove(ALSO).map(|also| (ALSO.to_owned(), also)));
        if !extras.is_empty() {
            rest.insert("extras".to_owned(), Value::Object(extras.into_iter().collect()));
        }
        kept::of_dataset(rest)
    }
}

/// Under which names somebody to be asked stands.
struct Contact<'n> {
    names: &'n [&'n str],
    emails: &'n [&'n str],
}

/// An extra's key and value.
fn entry(item: Value) -> Option<(String, Value)> {
    let Value::Object(mut map) = item else { return None };
    match (map.remove("key")?, map.remove("value")?) {
        (Value::String(key), value) => Some((key, value)),
        _ => None,
    }
}

/// A text, which may be given in several languages: then all of them stay under a name of their own.
pub(super) fn text(of: &mut Properties<'_>, key: &str) -> Option<String> {
    match of.take(key)? {
        Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        value @ Value::Object(_) => {
            let text = translated(&value);
            let translations = format!("{key}_translated");
            if !of.has(&translations) {
                of.keep(&translations, value);
            }
            text
        }
        other => {
            of.keep(key, other);
            json::text(of, key)
        }
    }
}

/// The text in English, else in the first language, of one that is given in several.
fn translated(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => {
            let texts = ["en"].iter().filter_map(|key| map.get(*key)).chain(map.values());
            texts.filter_map(Value::as_str).find(|text| !text.trim().is_empty()).map(str::to_owned)
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => json::label(other),
    }
}

/// Extras hold texts only: lists are written in them as JSON.
fn decode(of: &mut Properties<'_>, key: &str) {
    let Some(value) = of.take(key) else { return };
    let list = value
        .as_str()
        .filter(|text| text.trim_start().starts_with('['))
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    of.keep(key, list.unwrap_or(value));
}

/// A place's name, URI or geometry as a text.
fn written(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => return None,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    };
    Some(text).filter(|text| !text.trim().is_empty())
}
