//! Archives and workbooks among what a catalog describes: one of several data files or sheets becomes a distribution for each, as far as
//! these can be listed. How archives and workbooks are read is the caller's to know.

use std::path::Path;

use super::Reach;
use super::scan::stamp;
use crate::descriptor::members::{self, Sorted};
use crate::descriptor::{Dataset, Distribution, Problem, sheets};

/// An archive that was looked into, and its version then: as long as it is the same, what was found in it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Looked {
    /// As published.
    pub(super) path: String,
    /// Of the local file; empty when there was none.
    pub(super) stamp: String,
}

impl Looked {
    fn at(path: &str, reach: &Reach<'_>) -> Self {
        let file = (reach.locate)(path).ok().flatten();
        let stamp = file.and_then(|file| file.metadata().ok()).map(|metadata| stamp(&metadata)).unwrap_or_default();
        Self { path: path.to_owned(), stamp }
    }

    /// Whether the archive is still the one that was looked into.
    pub(super) fn holds(&self, reach: &Reach<'_>) -> bool {
        *self == Self::at(&self.path, reach)
    }
}

/// Puts a distribution for each data file in the place of each archive that holds several. `file` is the descriptor, for problems: an
/// archive that can't be listed, and files in one that are no data. Such an archive stays one table, whose first touch says more.
pub(super) fn split(datasets: &mut [Dataset], file: &str, reach: &Reach<'_>, problems: &mut Vec<Problem>) -> Vec<Looked> {
    let mut looked = Vec::new();
    for dataset in datasets {
        let alone = dataset.distributions.len() == 1;
        let mut parts = Vec::with_capacity(dataset.distributions.len());
        for whole in std::mem::take(&mut dataset.distributions) {
            let is_workbook = sheets::may_be_split(&whole);
            if !is_workbook && !members::may_be_split(&whole) {
                parts.push(whole);
                continue;
            }
            let path = &whole.paths[0];
            looked.push(Looked::at(path, reach));
            if is_workbook {
                parts.extend(workbook(&whole, alone, file, reach, problems));
                continue;
            }
            let data = match (reach.locate)(path).ok().flatten().map(|file| (reach.list)(&file)) {
                Some(Ok(Some(names))) => {
                    let sorted = members::sort(names.iter().map(String::as_str));
                    problems.extend(left_out(&sorted, path, file));
                    sorted.data
                }
                Some(Err(e)) => {
                    problems.push(problem(file, format!("the archive can't be listed: {e}")));
                    Vec::new()
                }
                Some(Ok(None)) | None => Vec::new(),
            };
            if (2..=members::MOST_PARTS).contains(&data.len()) {
                parts.extend(members::split(&whole, alone, &data));
            } else {
                parts.push(whole);
            }
        }
        dataset.distributions = parts;
    }
    looked
}

/// Puts a distribution for each sheet in the place of each workbook that nobody described and that holds several.
pub(super) fn split_bare(datasets: &mut [Dataset], reach: &Reach<'_>, problems: &mut Vec<Problem>) {
    for dataset in datasets {
        let alone = dataset.distributions.len() == 1;
        let wholes = std::mem::take(&mut dataset.distributions);
        dataset.distributions = wholes
            .into_iter()
            .flat_map(|whole| match whole.paths.first() {
                Some(path) if sheets::may_be_split(&whole) => workbook(&whole, alone, &path.clone(), reach, problems),
                Some(_) | None => vec![whole],
            })
            .collect();
    }
}

/// The tables of a workbook. One that can't be listed stays one table, whose first touch says more.
fn workbook(whole: &Distribution, alone: bool, file: &str, reach: &Reach<'_>, problems: &mut Vec<Problem>) -> Vec<Distribution> {
    let listed = (reach.locate)(&whole.paths[0]).ok().flatten().map(|file| (reach.sheets)(&file));
    let names = match listed {
        Some(Ok(names)) => names.unwrap_or_default(),
        Some(Err(e)) => {
            problems.push(problem(file, format!("the workbook can't be listed: {e}")));
            Vec::new()
        }
        None => Vec::new(),
    };
    sheets::split(whole, alone, &names)
}

/// The data files of an archive that nobody described; `None` when it can't be listed, which is a problem where it is its own fault.
pub(super) fn bare(path: &Path, reach: &Reach<'_>, problems: &mut Vec<Problem>) -> Option<Vec<String>> {
    let file = path.display().to_string();
    match (reach.list)(path) {
        Ok(names) => names.map(|names| {
            let sorted = members::sort(names.iter().map(String::as_str));
            problems.extend(left_out(&sorted, &file, &file));
            sorted.data
        }),
        Err(e) => {
            problems.push(problem(&file, format!("the archive can't be listed: {e}")));
            None
        }
    }
}

/// What of an archive of several tables is in none of them. (Of one that is one table, its first touch tells.)
fn left_out(sorted: &Sorted, path: &str, file: &str) -> Option<Problem> {
    if sorted.data.len() > members::MOST_PARTS {
        let (files, most) = (sorted.data.len(), members::MOST_PARTS);
        let message = format!(
            "{path} holds {files} data files, and more than {most} are not tables of their own; name those of a table by \"innerpath\""
        );
        return Some(problem(file, message));
    }
    let is_told = sorted.data.len() > 1 && !sorted.left_out.is_empty();
    is_told.then(|| problem(file, format!("{path} holds files that make no table: {}", sorted.left_out.join(", "))))
}

fn problem(file: &str, message: String) -> Problem {
    Problem { file: file.to_owned(), pointer: String::new(), message }
}
