//! A `Dataset` of schema.org.

use serde_json::Value;

use super::{croissant, last};
use crate::descriptor::property::Properties;
use crate::descriptor::published::{json, kept};
use crate::descriptor::{Dataset, Place};

/// Reads a dataset; `None`, with the reason reported, when nothing tells which it is.
pub(super) fn dataset(mut of: Properties<'_>, place: &Place) -> Option<Dataset> {
    if let Some(kinds) = of.take("@type").filter(|kind| !matches!(kind, Value::String(kind) if last(kind) == "Dataset")) {
        of.keep("@type", kinds);
    }
    let title = json::text(&mut of, "name");
    let homepage = json::text_of(&mut of, &["url", "mainEntityOfPage"]);
    let identifier = identifier(&mut of, homepage.as_deref(), title.as_deref(), place)?;
    if title.is_none() {
        of.problem("name", "the dataset has no \"name\"; its identifier stands for it in names");
    }
    let publisher = ["publisher", "creator", "author", "provider", "sourceOrganization"];
    let publisher = publisher.iter().find_map(|key| json::agent(&mut of, key));
    let mut themes = json::texts(&mut of, "theme");
    themes.extend(json::texts(&mut of, "about"));
    let distributions = croissant::distributions(&mut of, place);
    Some(Dataset {
        name: json::short_name(title.as_deref().unwrap_or(&identifier)),
        description: json::text_of(&mut of, &["description", "abstract"]),
        keywords: keywords(&mut of),
        publisher,
        contact: ["contactPoint", "maintainer"].iter().find_map(|key| json::agent(&mut of, key)),
        licenses: json::licences(&mut of, "license"),
        sources: json::pages(&mut of, "isBasedOn"),
        documentation: json::pages(&mut of, "documentation"),
        languages: json::texts(&mut of, "inLanguage"),
        spatial: json::places(&mut of, "spatialCoverage"),
        temporal: json::periods(&mut of, "temporalCoverage"),
        conforms_to: json::texts(&mut of, "conformsTo"),
        version: json::text(&mut of, "version"),
        part_of: of.take("isPartOf").and_then(|whole| super::id(&whole).or_else(|| json::label(&whole))),
        accrual_periodicity: json::text(&mut of, "accrualPeriodicity"),
        issued: json::text_of(&mut of, &["datePublished", "dateCreated"]),
        modified: json::text(&mut of, "dateModified"),
        identifier,
        title,
        homepage,
        themes,
        distributions,
        extra: kept::of_dataset(of.rest()),
        ..Dataset::default()
    })
}

/// What it says it is known by, else its own place in the web.
fn identifier(of: &mut Properties<'_>, homepage: Option<&str>, title: Option<&str>, place: &Place) -> Option<String> {
    let published = of.take("identifier").and_then(|value| {
        let first = value.as_array().and_then(|items| items.first()).unwrap_or(&value);
        let told = first.get("value").and_then(json::label).or_else(|| json::label(first));
        if !value.is_string() {
            of.keep("identifier", value);
        }
        told
    });
    // One of a blank node is of this document only.
    let id = json::text(of, "@id").filter(|id| !id.starts_with("_:")).map(|id| match place {
        Place::Url(url) if id.starts_with(['#', '/', '.']) => url.join(&id).map_or(id, String::from),
        Place::Url(_) | Place::Folder(_) => id,
    });
    if let (Some(_), Some(other)) = (&published, id.as_ref().filter(|id| published.as_ref() != Some(id))) {
        of.keep("@id", Value::String(other.clone()));
    }
    let told = published.or(id).or_else(|| homepage.map(str::to_owned));
    if told.is_none() && title.is_some() {
        of.problem(
            "identifier",
            "the dataset has no \"identifier\", \"@id\" or \"url\"; its name stands for it, until one is published",
        );
    }
    let told = told.or_else(|| title.map(str::to_owned));
    told.or_else(|| of.left_out("identifier", "the dataset has neither an \"identifier\", an \"@id\", a \"url\" nor a \"name\""))
}

/// A list of words or terms, or a text of words with commas between them.
fn keywords(of: &mut Properties<'_>) -> Vec<String> {
    let words = json::texts(of, "keywords");
    match words.as_slice() {
        [one] if one.contains(',') => one.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        _ => words,
    }
}
