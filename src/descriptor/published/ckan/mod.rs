//! CKAN: answers of `package_search`, `package_show` and `current_package_list_with_resources`, and dumps of packages as a list or as JSON
//! lines, with the extras and the fields of its DCAT extension.

mod columns;
mod package;
mod resource;

use std::io::{self, BufRead};

use serde_json::Value;
use serde_json::value::RawValue;

use super::stream::{self, Rest};
use super::{Page, Problem, Record, Sink, paged};
use crate::descriptor::Place;
use crate::descriptor::property::{Properties, Report};

/// Where answers and dumps of several versions have their packages.
const LISTS: &[&[&str]] = &[&["result", "results"], &["result"], &["results"], &["packages"], &["datasets"]];

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let place = Place::of_file(file);
    if lists_names(input.fill_buf()?) {
        return Ok(names(file, sink));
    }
    let rest = stream::elements(input, file, LISTS, sink, |properties, text, sink| deliver(properties, text, &place, sink))?;
    if !rest.listed {
        alone(&rest, file, &place, sink)?;
        return Ok(Page::default());
    }
    let count = |of: &Value| of.get("count").and_then(Value::as_u64);
    let total = rest.map.get("result").and_then(count).or_else(|| rest.map.get("count").and_then(Value::as_u64));
    // The list without a count is paged by other words.
    let next = match total {
        Some(_) => paged::further(file, "start", rest.count, total),
        None if file.contains("current_package_list_with_resources") => paged::further(file, "offset", rest.count, None),
        None => None,
    };
    Ok(Page { next, also: Vec::new(), total })
}

fn deliver(properties: Properties<'_>, text: &str, place: &Place, sink: &mut dyn Sink) -> io::Result<()> {
    let Some(dataset) = package::package(properties, place) else { return Ok(()) };
    sink.dataset(dataset, Record { text: text.into(), media_type: "application/json" })
}

/// A document of one package, as it is or as the answer of `package_show`.
fn alone(rest: &Rest, file: &str, place: &Place, sink: &mut dyn Sink) -> io::Result<()> {
    let report = Report::new(file);
    let answer = rest.map.get("result").and_then(Value::as_object);
    if let Some(Value::Object(package)) = answer.and_then(|answer| answer.get("package")).or(rest.map.get("result")) {
        let text = told(&rest.text).unwrap_or_default();
        deliver(Properties::new(&report, "/result".to_owned(), package.clone()), &text, place, sink)?;
    } else if rest.map.get("success") == Some(&Value::Bool(false)) {
        let why =
            rest.map.get("error").and_then(|error| error.get("message")).and_then(Value::as_str).unwrap_or("no reason is given");
        report.add("/error", format!("the portal refuses the request: {why}"));
    } else if !rest.map.is_empty() {
        deliver(Properties::new(&report, String::new(), rest.map.clone()), &rest.text, place, sink)?;
    }
    report.into_problems().into_iter().for_each(|problem| sink.problem(problem));
    Ok(())
}

/// The text of the package within an answer.
fn told(answer: &str) -> Option<String> {
    let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(answer).ok()?;
    members.get("result").map(|result| result.get().to_owned())
}

/// Whether a document starts as the answer of `package_list` does, which has names only.
fn lists_names(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let result = head.split_once("\"result\"").and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    result.and_then(|rest| rest.trim_start().strip_prefix('[')).is_some_and(|rest| rest.trim_start().starts_with('"'))
}

/// The list of names leads to the list of packages.
fn names(file: &str, sink: &mut dyn Sink) -> Page {
    let list = paged::beside(file, "/package_list", "/package_search?sort=id+asc&rows=1000&start=0");
    if list.is_none() {
        let message = "the document has the packages' names only; add the answer of package_search".to_owned();
        sink.problem(Problem { file: file.to_owned(), pointer: "/result".to_owned(), message });
    }
    Page { also: list.into_iter().collect(), ..Page::default() }
}

#[cfg(test)]
mod tests;
