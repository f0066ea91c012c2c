//! Archives among what a catalog describes: one of several data files becomes a distribution for each, as far as its files can be
//! listed without reading them. How archives are read is the caller's to know.

use std::path::Path;

use super::Reach;
use super::scan::stamp;
use crate::descriptor::members::{self, Sorted};
use crate::descriptor::{Dataset, Problem};

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
            if !members::may_be_split(&whole) {
                parts.push(whole);
                continue;
            }
            let path = &whole.paths[0];
            looked.push(Looked::at(path, reach));
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
