//! DCAT-US 1.1 and 3 (`data.json`), and the profiles that follow it with words of their own, such as Argentina's.

mod dataset;
mod distribution;

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::json::label;
use super::{Page, Record, Sink, stream};
use crate::descriptor::property::{Properties, Report};
use crate::descriptor::{Distribution, Place, Problem};
use crate::name::clip;

const MEDIA_TYPE: &str = "application/json";

/// How many catalogs within one another are read.
const DEEPEST: usize = 16;

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let mut reading = Reading { file, place: Place::of_file(file), seen: HashSet::new(), hasher: RandomState::new() };
    let rest = stream::elements(input, file, &[&["dataset"]], sink, |record, text, sink| {
        reading.record(record, Cow::Borrowed(text), None, sink).map(drop)
    })?;
    let report = Report::new(file);
    let mut top = rest.map;
    // One record may stand alone.
    let is_record = !rest.listed && ["catalog", "datasetSeries", "service"].iter().all(|key| !top.contains_key(*key));
    if is_record && top.contains_key("title") && !top.contains_key("dataset") {
        reading.record(Properties::new(&report, String::new(), top), Cow::Owned(rest.text), None, sink)?;
    } else {
        if rest.listed {
            top.remove("dataset");
        }
        reading.catalog("", &mut top, DEEPEST, &report, sink)?;
    }
    report.take().into_iter().for_each(|problem| sink.problem(problem));
    Ok(Page::default())
}

/// What a dataset's surroundings tell of it.
struct More<'m> {
    part_of: Option<&'m str>,
    service: Option<&'m Distribution>,
}

struct Reading<'f> {
    file: &'f str,
    place: Place,
    /// Hashes of the identifiers that were handed over.
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Reading<'_> {
    /// What a catalog holds beside a streamed list of datasets.
    fn catalog(
        &mut self,
        at: &str,
        catalog: &mut Map<String, Value>,
        depth: usize,
        report: &Report,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let Some(depth) = depth.checked_sub(1) else {
            report.add(at, format!("more than {DEEPEST} catalogs stand within one another; left out"));
            return Ok(());
        };
        for (pointer, dataset) in objects(catalog.remove("dataset"), &format!("{at}/dataset"), report) {
            self.value(&pointer, dataset, None, None, report, sink)?;
        }
        for (pointer, series) in objects(catalog.remove("datasetSeries"), &format!("{at}/datasetSeries"), report) {
            self.series(&pointer, series, report, sink)?;
        }
        for (pointer, service) in objects(catalog.remove("service"), &format!("{at}/service"), report) {
            self.service(&pointer, service, report, sink)?;
        }
        for (pointer, mut inner) in objects(catalog.remove("catalog"), &format!("{at}/catalog"), report) {
            self.catalog(&pointer, &mut inner, depth, report, sink)?;
        }
        if let Some(Value::Array(records)) =
            catalog.remove("record").filter(|records| records.as_array().is_some_and(|r| !r.is_empty()))
        {
            report.add(
                &format!("{at}/record"),
                format!("{} records tell of the catalog's entries, not of data; left out", records.len()),
            );
        }
        Ok(())
    }

    /// A dataset that does not come from the stream; its identifier.
    fn value(
        &mut self,
        pointer: &str,
        dataset: Map<String, Value>,
        part_of: Option<&str>,
        service: Option<&Distribution>,
        report: &Report,
        sink: &mut dyn Sink,
    ) -> io::Result<Option<String>> {
        let identifier = identifier(&dataset);
        if identifier.as_ref().is_some_and(|identifier| self.seen.contains(&self.hasher.hash_one(identifier))) {
            return Ok(identifier);
        }
        let dataset = Value::Object(dataset);
        let text = dataset.to_string();
        let Value::Object(dataset) = dataset else { return Ok(None) };
        let more = More { part_of, service };
        self.record(Properties::new(report, pointer.to_owned(), dataset), Cow::Owned(text), Some(more), sink)
    }

    /// A series is a dataset without files; its members may stand in it as wholes.
    fn series(&mut self, at: &str, mut series: Map<String, Value>, report: &Report, sink: &mut dyn Sink) -> io::Result<()> {
        let own = identifier(&series);
        for key in ["seriesMember", "first", "last", "prev", "next"] {
            let Some(value) = series.remove(key) else { continue };
            let (items, is_list) = match value {
                Value::Array(items) => (items, true),
                single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                    (vec![single], false)
                }
            };
            let mut members = Vec::with_capacity(items.len());
            for (i, item) in items.into_iter().enumerate() {
                members.push(match item {
                    Value::Object(map) if map.contains_key("title") => {
                        let pointer = if is_list { format!("{at}/{key}/{i}") } else { format!("{at}/{key}") };
                        self.value(&pointer, map, own.as_deref(), None, report, sink)?.map_or(Value::Null, Value::String)
                    }
                    other @ (Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_)) => other,
                });
            }
            let members = if is_list { Value::Array(members) } else { members.pop().unwrap_or_default() };
            series.insert(key.to_owned(), members);
        }
        self.value(at, series, None, None, report, sink).map(drop)
    }

    /// A service is one more way to the datasets that it serves.
    fn service(&mut self, at: &str, mut service: Map<String, Value>, report: &Report, sink: &mut dyn Sink) -> io::Result<()> {
        let served = objects(service.remove("servesDataset"), &format!("{at}/servesDataset"), report);
        let inline: Vec<_> = served.into_iter().filter(|(_, dataset)| dataset.contains_key("title")).collect();
        let is_sql = service.get("endpointURL").and_then(Value::as_str).is_some_and(super::is_sql);
        if inline.is_empty() && is_sql {
            return Ok(());
        }
        if inline.is_empty() {
            report.add(at, "a service is no dataset, and this one holds none that it serves; left out");
            return Ok(());
        }
        let way = distribution::service(Properties::new(report, at.to_owned(), service));
        for (pointer, dataset) in inline {
            self.value(&pointer, dataset, None, way.as_ref(), report, sink)?;
        }
        Ok(())
    }

    /// One dataset; its identifier.
    fn record(
        &mut self,
        record: Properties<'_>,
        text: Cow<'_, str>,
        more: Option<More<'_>>,
        sink: &mut dyn Sink,
    ) -> io::Result<Option<String>> {
        let pointer = record.pointer_of("identifier");
        let Some(mut dataset) = dataset::dataset(record, &self.place) else { return Ok(None) };
        if !self.seen.insert(self.hasher.hash_one(&dataset.identifier)) {
            let message =
                format!("an earlier dataset has the identifier \"{}\" too; this one is left out", clip(&dataset.identifier, 300));
            sink.problem(Problem { file: self.file.to_owned(), pointer, message });
            return Ok(None);
        }
        if let Some(More { part_of, service }) = more {
            dataset.part_of = dataset.part_of.or_else(|| part_of.map(str::to_owned));
            dataset.distributions.extend(service.cloned());
        }
        let identifier = dataset.identifier.clone();
        sink.dataset(dataset, Record { text, media_type: MEDIA_TYPE })?;
        Ok(Some(identifier))
    }
}

/// An identifier as a text, or as an object that refers to one or notes it.
fn identifier(dataset: &Map<String, Value>) -> Option<String> {
    match dataset.get("identifier") {
        Some(Value::Object(map)) => map.get("@id").or_else(|| map.get("notation")).and_then(label),
        Some(other) => label(other),
        None => None,
    }
    .or_else(|| dataset.get("@id").and_then(label))
}

/// The objects of a list, each with where it stands.
fn objects(value: Option<Value>, at: &str, report: &Report) -> Vec<(String, Map<String, Value>)> {
    let items = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(Value::Object(map)) => return vec![(at.to_owned(), map)],
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            report.add(at, "expected a list of objects; ignored");
            return Vec::new();
        }
    };
    let objects = items.into_iter().enumerate().filter_map(|(i, item)| match item {
        Value::Object(map) => Some((format!("{at}/{i}"), map)),
        // A reference to what stands elsewhere.
        Value::String(_) | Value::Null => None,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            report.add(&format!("{at}/{i}"), "expected an object; left out");
            None
        }
    });
    objects.collect()
}

#[cfg(test)]
mod tests;
