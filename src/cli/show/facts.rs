//! What is known of a dataset: as published, and what it means where that is certain.

use std::sync::Arc;

use crate::catalog::{Publication, TableEntry};
use crate::descriptor::terms::{self, Frequency};
use crate::descriptor::{Agent, Column, Dataset, Distribution, License, Link, Period};
use crate::engine::Engine;
use crate::error::Result;
use crate::name::quoted;

/// Facts by name, in the order in which they are told.
pub(super) type Facts = Vec<(&'static str, Fact)>;

pub(super) enum Fact {
    Text(String),
    Number(u64),
    List(Vec<String>),
    Parts(Vec<Facts>),
}

/// A list of facts as it grows: what nobody said is left out.
#[derive(Default)]
struct Told(Facts);

impl Told {
    fn text(&mut self, name: &'static str, text: Option<impl Into<String>>) {
        let text = text.map(Into::into).filter(|text| !text.trim().is_empty());
        self.0.extend(text.map(|text| (name, Fact::Text(text))));
    }

    fn number(&mut self, name: &'static str, number: Option<u64>) {
        self.0.extend(number.map(|number| (name, Fact::Number(number))));
    }

    fn list(&mut self, name: &'static str, items: impl IntoIterator<Item = String>) {
        let items: Vec<String> = items.into_iter().collect();
        if !items.is_empty() {
            self.0.push((name, Fact::List(items)));
        }
    }

    fn parts(&mut self, name: &'static str, parts: Vec<Facts>) {
        if !parts.is_empty() {
            self.0.push((name, Fact::Parts(parts)));
        }
    }
}

/// All that is known of a dataset of a catalog.
pub(super) fn of(engine: &Arc<Engine>, catalog: &str, publication: &Publication) -> Result<Facts> {
    let dataset = publication.dataset()?;
    let tables = publication.entries(engine.catalogs(), catalog)?;
    let mut told = Told::default();
    told.text("title", dataset.title.as_ref());
    told.text("identifier", Some(&publication.identifier));
    told.text("catalog", Some(catalog));
    told.text("description", dataset.description.as_ref());
    told.text("publisher", dataset.publisher.as_ref().map(agent));
    told.text("contact", dataset.contact.as_ref().map(agent));
    told.list("licences", dataset.licenses.iter().map(licence));
    told.text("access rights", Some(meant(dataset.access_rights.name(), dataset.published_rights.as_deref())));
    told.text("frequency", dataset.accrual_periodicity.as_deref().map(frequency));
    told.text("issued", dataset.issued.as_ref());
    told.text("modified", dataset.modified.as_ref());
    told.list("themes", dataset.themes.iter().map(|theme| theme_of(theme)));
    told.list("keywords", dataset.keywords.iter().cloned());
    told.list("languages", dataset.languages.iter().map(|language| language_of(language)));
    told.list("spatial", dataset.spatial.iter().cloned());
    told.list("temporal", dataset.temporal.iter().map(period));
    told.text("landing page", dataset.homepage.as_ref());
    told.list("documentation", dataset.documentation.iter().map(link));
    told.list("sources", dataset.sources.iter().map(link));
    told.list("conforms to", dataset.conforms_to.iter().cloned());
    told.text("part of", dataset.part_of.as_ref());
    told.text("version", dataset.version.as_ref());
    told.text("described in", Some(&publication.document));
    told.text("vanished", publication.vanished.as_ref());
    told.list("problems", problems(engine, catalog, publication)?);
    let parts = dataset.distributions.iter().enumerate().map(|(i, part)| {
        let tables: Vec<_> = tables.iter().filter(|table| table.distribution == i).collect();
        distribution(engine, dataset, part, &tables)
    });
    told.parts("distributions", parts.collect::<Result<_>>()?);
    Ok(told.0)
}

/// What is wrong with its record: all of a descriptor that tells of it alone; of a document of many datasets, what names it.
fn problems(engine: &Arc<Engine>, catalog: &str, publication: &Publication) -> Result<Vec<String>> {
    let is_shared = engine.catalogs().harvested_problems(catalog)?.is_some();
    let mut problems = engine.catalogs().problems(Some(catalog))?;
    let id = publication.identifier.as_str();
    let is_named = |text: &str| {
        text.match_indices(id).any(|(at, _)| {
            !text[..at].ends_with(char::is_alphanumeric) && !text[at + id.len()..].starts_with(char::is_alphanumeric)
        })
    };
    problems.retain(|problem| problem.file == publication.document && (!is_shared || is_named(&problem.message)));
    let line = |problem: &crate::descriptor::Problem| match problem.pointer.as_str() {
        "" => problem.message.clone(),
        pointer => format!("{pointer}: {}", problem.message),
    };
    Ok(problems.iter().map(line).collect())
}

fn distribution(engine: &Arc<Engine>, dataset: &Dataset, of: &Distribution, tables: &[&Arc<TableEntry>]) -> Result<Facts> {
    let mut told = Told::default();
    let names = tables.iter().map(|table| format!("{}.{}", quoted(&table.schema), quoted(&table.name)));
    told.list("table", names);
    told.text("name", Some(&of.name));
    told.text("title", of.title.as_ref().filter(|title| **title != of.name && dataset.title.as_ref() != Some(title)));
    told.text("description", of.description.as_ref());
    let format = of.format.map(|format| format.name()).or_else(|| of.media_type.as_deref().and_then(terms::media_type));
    told.text(
        "format",
        match (format, of.declared_format.as_deref()) {
            (Some(format), declared) => Some(meant(format, declared)),
            (None, declared) => declared.map(str::to_owned),
        },
    );
    told.text("media type", of.media_type.as_ref());
    told.text("compression", of.compression.map(|compression| compression.name()));
    told.number("bytes", of.bytes);
    told.list("urls", of.paths.iter().cloned());
    told.text("access url", of.access_url.as_ref());
    told.list("licences", of.licenses.iter().map(licence));
    told.text("modified", of.modified.as_ref());
    told.text("described by", of.described_by.as_ref());
    if tables.is_empty() {
        told.text("no table", Some(why_no_table(of)));
    }
    for table in tables {
        if let Some(snapshot) = engine.last_snapshot(table)? {
            let text = format!("{} of {}, {} rows", snapshot.id, snapshot.created, snapshot.rows);
            let rejects = if snapshot.rejects > 0 { format!(", {} rejects", snapshot.rejects) } else { String::new() };
            told.text("snapshot", Some(text + &rejects));
        }
    }
    told.parts("columns", columns(of, tables.first().copied()));
    Ok(told.0)
}

/// Why no table is made of a distribution.
fn why_no_table(of: &Distribution) -> String {
    if of.paths.is_empty() {
        "no file is published, only what leads to one".to_owned()
    } else if of.is_table() {
        "its file is not there, or holds nothing that is a table".to_owned()
    } else {
        let told = of.declared_format.as_deref().or(of.media_type.as_deref()).or(of.format.map(|format| format.name()));
        match told {
            Some(told) => format!("the format {told} is not read"),
            None => "its name tells of a format that is not read".to_owned(),
        }
    }
}

/// The columns as they were found, else as declared.
fn columns(of: &Distribution, table: Option<&Arc<TableEntry>>) -> Vec<Facts> {
    let declared = &of.schema.columns;
    let one = |name: &str, kind: &str, column: Option<&Column>| {
        let mut told = Told::default();
        told.text("name", Some(name));
        told.text("type", Some(kind));
        told.text("title", column.and_then(|column| column.title.clone()));
        told.text("description", column.and_then(|column| column.description.clone()));
        told.text("unit", column.and_then(|column| column.unit.clone()));
        told.0
    };
    match table.and_then(|table| table.columns.as_ref()) {
        Some(known) => known
            .iter()
            .map(|column| one(&column.name, &column.pg_type, declared.iter().find(|declared| declared.name == column.name)))
            .collect(),
        None => declared.iter().map(|column| one(&column.name, column.kind.name(), Some(column))).collect(),
    }
}

/// What a published text means, and the text where it is another.
fn meant(meaning: &str, published: Option<&str>) -> String {
    match published.filter(|published| *published != meaning) {
        Some(published) => format!("{meaning} (published: {published})"),
        None => meaning.to_owned(),
    }
}

fn agent(of: &Agent) -> String {
    let email = of.email.as_ref().map(|email| format!(" <{email}>")).unwrap_or_default();
    let page = of.homepage.as_ref().map(|page| format!(", {page}")).unwrap_or_default();
    format!("{}{email}{page}", of.name)
}

fn licence(of: &License) -> String {
    let published: Vec<&str> = [&of.name, &of.title, &of.path].into_iter().flatten().map(String::as_str).collect();
    match terms::licence(of) {
        Some(spdx) if published == [spdx] => spdx.to_owned(),
        Some(spdx) => format!("{spdx} (published: {})", published.join(", ")),
        None => published.join(", "),
    }
}

fn frequency(published: &str) -> String {
    Frequency::of_words(published).map_or_else(|| published.to_owned(), |frequency| meant(frequency.code, Some(published)))
}

fn theme_of(published: &str) -> String {
    terms::Theme::of_words(published).map_or_else(|| published.to_owned(), |theme| meant(theme.title(), Some(published)))
}

fn language_of(published: &str) -> String {
    terms::language(published).map_or_else(|| published.to_owned(), |language| meant(&language, Some(published)))
}

fn period(of: &Period) -> String {
    let end = |text: &Option<String>| text.clone().unwrap_or_else(|| "..".to_owned());
    if of.start == of.end { end(&of.start) } else { format!("{} to {}", end(&of.start), end(&of.end)) }
}

fn link(of: &Link) -> String {
    let told: Vec<&str> = [&of.title, &of.path].into_iter().flatten().map(String::as_str).collect();
    told.join(": ")
}
