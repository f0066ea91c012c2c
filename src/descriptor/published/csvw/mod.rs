//! CSV on the Web (<https://www.w3.org/TR/tabular-metadata/>): the metadata of a table or of a group of tables. The document is a dataset, its
//! tables are the distributions.

mod common;
mod datatype;
mod dialect;
mod table;

use std::io::{self, BufRead};

use serde_json::Value;

use super::{Page, Record, Sink, kept, whole};
use crate::descriptor::property::{Properties, Report};
use crate::descriptor::{Dataset, Place, format};

use common::Words;
use table::{Inherited, Table};

const MEDIA_TYPE: &str = "application/csvm+json";

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let Some(bytes) = whole(input, file, sink)? else { return Ok(Page::default()) };
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
    let report = Report::new(file);
    let dataset = match serde_json::from_str(&text) {
        Ok(Value::Object(map)) => document(Properties::new(&report, String::new(), map), file),
        Ok(_) => {
            report.add("", "the document is no JSON object; the metadata of a table is one, with a \"url\" or \"tables\"");
            None
        }
        Err(e) => {
            report.add("", format!("the document is not JSON: {e}"));
            None
        }
    };
    report.into_problems().into_iter().for_each(|problem| sink.problem(problem));
    if let Some(dataset) = dataset {
        sink.dataset(dataset, Record { text, media_type: MEDIA_TYPE })?;
    }
    Ok(Page::default())
}

fn document(mut top: Properties<'_>, file: &str) -> Option<Dataset> {
    let words = Words::of_context(top.take("@context"), &Place::of_file(file));
    top.take("@type");
    let id = top.words("@id");
    let inherited = Inherited::default().within(&mut top);
    let is_group = top.has("tables");
    if !is_group && !top.has("url") {
        return if top.has("columns") {
            top.left_out("columns", "the document is a table's schema; add the metadata that names it as its \"tableSchema\"")
        } else {
            top.left_out("url", "the document has neither a \"url\" nor \"tables\"")
        };
    }
    let mut tables = Vec::new();
    let mut own_name = None;
    if is_group {
        let shared = [top.take("tableSchema"), top.take("dialect")];
        for mut table in top.objects("tables") {
            for (key, value) in ["tableSchema", "dialect"].into_iter().zip(&shared) {
                if let (false, Some(value)) = (table.has(key), value) {
                    table.keep(key, value.clone());
                }
            }
            let inherited = inherited.within(&mut table);
            let read = Table::read(&mut table, &words, &inherited);
            tables.extend(read.map(|read| read.of_a_group(table, &words)));
        }
    } else {
        let table = Table::read(&mut top, &words, &inherited)?;
        own_name = Some(table.distribution.name.clone());
        tables.push(table);
    }
    let mut distributions = table::linked(tables);
    let mut dataset = Dataset { identifier: id.unwrap_or_else(|| file.to_owned()), ..Dataset::default() };
    common::describe(&mut dataset, &mut top, &words);
    common::other_distributions(&mut distributions, &mut top, &words);
    dataset.name = own_name.unwrap_or_else(|| name_of_file(file).to_owned());
    dataset.distributions = distributions;
    dataset.extra = kept::of_dataset(top.rest());
    Some(dataset)
}

/// What a group is called: its file without what says that it is metadata, or its folder where that is all.
fn name_of_file(file: &str) -> &str {
    let name = format::stem(file);
    let name = name.strip_suffix("-metadata").unwrap_or(name);
    if !matches!(name, "csv" | "metadata" | "csvw") {
        return name.strip_suffix(".csv").unwrap_or(name);
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.rsplit('/').next().filter(|folder| !folder.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests;
