//! Catalogs of assets in space and time, STAC (<https://github.com/radiantearth/stac-spec>), as files that link to each other and as answers of an
//! interface. A collection is a dataset. An item is one when it stands for itself, or when it holds data of a format that is read: pictures
//! are what their collection consists of.

mod asset;
mod dataset;

use std::io::{self, BufRead};

use serde_json::Value;

use super::{Page, Record, Sink, json, resolved, stream};
use crate::descriptor::Place;
use crate::descriptor::property::{Properties, Report};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Catalog,
    Collection,
    Item,
}

impl Kind {
    /// By its `type`, which catalogs and collections had not before version 1.0, or by what only one has.
    fn of(record: &mut Properties<'_>) -> Self {
        match record.words("type").as_deref() {
            Some("Feature") => Self::Item,
            Some("Collection") => Self::Collection,
            Some("Catalog") => Self::Catalog,
            Some(_) | None if record.has("extent") => Self::Collection,
            Some(_) | None if record.has("geometry") => Self::Item,
            Some(_) | None => Self::Catalog,
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Catalog | Self::Collection => "application/json",
            Self::Item => "application/geo+json",
        }
    }
}

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let place = Place::of_file(file);
    let mut page = Page::default();
    let rest = stream::elements(input, file, &[&["collections"], &["features"]], sink, |record, text, sink| {
        one(record, text, &place, &mut page, sink)
    })?;
    if rest.listed {
        let links = rest.map.get("links").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        page.next = of_list(links).find(|link| link.rel == "next" && !link.is_post).and_then(|link| resolved(&place, link.href));
        page.total = ["numberMatched", "numMatched"].iter().find_map(|key| json::count(rest.map.get(*key)?));
        // A list that says it goes on with itself would never end.
        page.next = page.next.filter(|next| next != file);
    } else if !rest.map.is_empty() {
        let report = Report::new(file);
        one(Properties::new(&report, String::new(), rest.map), &rest.text, &place, &mut page, sink)?;
        report.into_problems().into_iter().for_each(|problem| sink.problem(problem));
    }
    Ok(page)
}

/// One document, or one object of a list.
fn one(mut record: Properties<'_>, text: &str, place: &Place, page: &mut Page, sink: &mut dyn Sink) -> io::Result<()> {
    let kind = Kind::of(&mut record);
    let dataset = match kind {
        Kind::Catalog => {
            follow(&mut record, place, page);
            None
        }
        Kind::Collection => {
            follow(&mut record, place, page);
            dataset::of_collection(record, place)
        }
        Kind::Item => dataset::of_item(record, place),
    };
    match dataset {
        Some(dataset) => sink.dataset(dataset, Record { text: text.into(), media_type: kind.media_type() }),
        None => Ok(()),
    }
}

/// Adds what a catalog or collection consists of. An interface tells of its children twice: by a link to each, and by one to their list.
fn follow(record: &mut Properties<'_>, place: &Place, page: &mut Page) {
    let Some(links) = record.take("links") else { return };
    let list = links.as_array().map_or(&[][..], Vec::as_slice);
    let is_listed = of_list(list).any(|link| link.rel == "data");
    let is_part = |link: &Link<'_>| if is_listed { link.rel == "data" } else { matches!(link.rel, "child" | "item") };
    for link in of_list(list).filter(is_part) {
        if let Some(href) = resolved(place, link.href) {
            page.also.push(href);
        } else {
            let why = format!("\"{}\" leads to no document that is read", link.href);
            record.left_out::<()>(&format!("links/{}/href", link.index), &why).unwrap_or_default();
        }
    }
    record.keep("links", links);
}

/// A link of a document.
struct Link<'m> {
    index: usize,
    rel: &'m str,
    href: &'m str,
    title: Option<&'m str>,
    media_type: Option<&'m str>,
    is_post: bool,
}

/// The links that say where they lead and why.
fn of_list(links: &[Value]) -> impl Iterator<Item = Link<'_>> {
    links.iter().enumerate().filter_map(|(index, link)| {
        let text = |key: &str| link.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let is_post = text("method").is_some_and(|method| method.eq_ignore_ascii_case("POST"));
        Some(Link { index, rel: text("rel")?, href: text("href")?, title: text("title"), media_type: text("type"), is_post })
    })
}

#[cfg(test)]
mod tests;
