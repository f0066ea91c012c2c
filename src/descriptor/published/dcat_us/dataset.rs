//! A record's dataset.

use serde_json::Value;

use super::distribution;
use crate::descriptor::property::Properties;
use crate::descriptor::published::{json, kept};
use crate::descriptor::{AccessRights, Agent, Dataset, Place};
use crate::name::clip;

/// Reads a record; `None`, with the reason reported, when nothing tells which dataset it is.
pub(super) fn dataset(mut record: Properties<'_>, place: &Place) -> Option<Dataset> {
    let title = json::text(&mut record, "title");
    let homepage = json::text(&mut record, "landingPage");
    let identifier = identifier(&mut record, homepage.as_deref(), title.as_deref())?;
    if title.is_none() {
        record.problem("title", "the dataset has no \"title\"; its identifier stands for it in names");
    }
    is_type(&mut record, "Dataset");
    let (access_rights, published_rights) = access_rights(&mut record);
    let mut distributions = distribution::distributions(&mut record, place);
    distributions.extend(distribution::of_its_own(&mut record, place, distributions.is_empty()));
    let mut themes = json::texts(&mut record, "theme");
    themes.extend(json::texts(&mut record, "superTheme").into_iter().filter(|theme| !theme.is_empty()));
    let mut documentation = json::pages(&mut record, "describedBy");
    documentation.extend(json::pages(&mut record, "references"));
    documentation.extend(json::pages(&mut record, "page"));
    Some(Dataset {
        name: json::short_name(title.as_deref().unwrap_or(&identifier)),
        description: json::text(&mut record, "description"),
        keywords: keywords(&mut record),
        publisher: json::agent(&mut record, "publisher"),
        contact: contact(&mut record),
        licenses: json::licences(&mut record, "license"),
        sources: json::pages(&mut record, "source"),
        languages: json::texts(&mut record, "language"),
        spatial: json::places(&mut record, "spatial"),
        temporal: json::periods(&mut record, "temporal"),
        conforms_to: json::texts(&mut record, "conformsTo"),
        version: json::text(&mut record, "version"),
        part_of: part_of(&mut record),
        accrual_periodicity: json::text(&mut record, "accrualPeriodicity"),
        issued: json::text(&mut record, "issued"),
        modified: json::text(&mut record, "modified"),
        identifier,
        title,
        homepage,
        themes,
        documentation,
        access_rights,
        published_rights,
        distributions,
        refresh: None,
        strict: None,
        extra: kept::of_dataset(record.rest()),
    })
}

/// What the record is known by: its identifier, else what else is its own.
fn identifier(record: &mut Properties<'_>, homepage: Option<&str>, title: Option<&str>) -> Option<String> {
    let published = match record.take("identifier") {
        None => None,
        Some(Value::Object(map)) => {
            let told = map.get("@id").or_else(|| map.get("notation")).and_then(json::label);
            if map.len() > 2 || told.is_none() {
                record.keep("identifier", Value::Object(map));
            }
            told
        }
        Some(other) => json::label(&other),
    };
    let id = json::text(record, "@id");
    if let Some(identifier) = published {
        if let Some(id) = id.filter(|id| *id != identifier) {
            record.keep("@id", Value::String(id));
        }
        return Some(identifier);
    }
    if id.is_some() {
        return id;
    }
    let stands = [("landing page", homepage), ("title", title)];
    let Some((what, text)) = stands.into_iter().find_map(|(what, text)| Some((what, text?))) else {
        return record.left_out("identifier", "the dataset has neither an \"identifier\" nor a \"title\"");
    };
    record.problem("identifier", format!("the dataset has no \"identifier\"; its {what} stands for it, until one is published"));
    Some(text.to_owned())
}

/// Drops `@type` where it says what is known.
pub(super) fn is_type(of: &mut Properties<'_>, name: &str) {
    if let Some(kind) = of.take("@type") {
        let is_it = |kind: &Value| kind.as_str().is_some_and(|kind| kind.rsplit([':', '#', '/']).next() == Some(name));
        if !is_it(&kind) {
            of.keep("@type", kind);
        }
    }
}

/// A list, or a text of words with commas between them.
fn keywords(record: &mut Properties<'_>) -> Vec<String> {
    match record.take("keyword") {
        Some(Value::String(text)) => {
            let words = text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        }
        Some(other) => {
            record.keep("keyword", other);
            json::texts(record, "keyword")
        }
        None => Vec::new(),
    }
}

/// Whom to ask; DCAT-US 1.0 had an address beside the name.
fn contact(record: &mut Properties<'_>) -> Option<Agent> {
    let contact = json::agent(record, "contactPoint");
    let email = json::text(record, "mbox").map(|mail| mail.trim_start_matches("mailto:").to_owned());
    match (contact, email) {
        (Some(contact), None) => Some(contact),
        (Some(contact), Some(email)) => Some(Agent { email: contact.email.or(Some(email)), ..contact }),
        (None, email) => email.map(|email| Agent { name: email.clone(), email: Some(email), homepage: None }),
    }
}

/// The collection or series that it belongs to.
fn part_of(record: &mut Properties<'_>) -> Option<String> {
    for key in ["isPartOf", "inSeries"] {
        let Some(value) = record.take(key) else { continue };
        let first = match &value {
            Value::Array(items) => items.first(),
            single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => Some(single),
        };
        let told = first.and_then(|first| match first {
            Value::Object(map) => map.get("identifier").or_else(|| map.get("@id")).and_then(json::label),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => json::label(other),
        });
        if matches!(&value, Value::Array(items) if items.len() > 1) {
            record.keep(key, value);
        }
        if told.is_some() {
            return told;
        }
    }
    None
}

/// What `accessLevel` (DCAT-US 1.1) or `accessRights` (3) means. What is not understood is not public.
fn access_rights(record: &mut Properties<'_>) -> (AccessRights, Option<String>) {
    let Some((key, words)) = ["accessLevel", "accessRights"].iter().find_map(|key| Some((*key, json::text(record, key)?))) else {
        return (AccessRights::Public, None);
    };
    let rights = AccessRights::of_words(&words).unwrap_or_else(|| {
        record.problem(key, format!("\"{}\" says of access nothing that is understood; taken as NON_PUBLIC", clip(&words, 300)));
        AccessRights::NonPublic
    });
    let is_code = words == rights.name();
    (rights, Some(words).filter(|_| !is_code))
}
