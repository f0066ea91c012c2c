//! Lists of URLs: a table of datasets with a column that says where each is, or a URL on each line.

mod row;
mod rows;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead};

use super::{Page, Record, Sink};
use crate::descriptor::{Dataset, Place, Problem, format};

use row::Columns;
use rows::{Row, Rows};

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let problem = |pointer: String, message: String| Problem { file: file.to_owned(), pointer, message };
    let place = Place::of_file(file);
    let mut rows = Rows::new(input);
    let Some(first) = rows.next(|first| delimiter(first, file))? else {
        sink.problem(problem(String::new(), "the list is empty".to_owned()));
        return Ok(Page::default());
    };
    let columns = Columns::of_header(&first);
    let mut held = columns.is_none().then_some(first);
    let columns = columns.unwrap_or_default();
    let (seen_by, mut seen) = (RandomState::new(), HashSet::new());
    let mut index = 0_u64;
    // The rows of one dataset stand behind each other: it is handed over with the last of them.
    let mut open: Option<(Dataset, String)> = None;
    while let Some(row) = match held.take() {
        Some(row) => Some(row),
        None => rows.next(|_| ',')?,
    } {
        let pointer = format!("/{index}");
        index += 1;
        for what in row.faults() {
            sink.problem(problem(pointer.clone(), what.to_owned()));
        }
        match columns.dataset(&row, &place) {
            Ok((mut dataset, names)) => {
                if let Some((whole, text)) = &mut open
                    && columns.are_of_files()
                    && names.first() == Some(&whole.identifier)
                {
                    whole.distributions.append(&mut dataset.distributions);
                    text.push('\n');
                    text.push_str(&row.text());
                    continue;
                }
                hand_over(open.take(), sink)?;
                // The first of its names that no earlier line has.
                if let Some(name) = names.iter().find(|name| seen.insert(seen_by.hash_one(name))) {
                    dataset.identifier.clone_from(name);
                    open = Some((dataset, row.text()));
                } else {
                    let name = names.first().map_or("", String::as_str);
                    sink.problem(problem(pointer, format!("an earlier line is about \"{name}\" too; this one is left out")));
                }
            }
            Err(why) => sink.problem(problem(pointer, format!("{why}; left out"))),
        }
    }
    hand_over(open, sink)?;
    Ok(Page::default())
}

/// A dataset and the text of its rows.
fn hand_over(read: Option<(Dataset, String)>, sink: &mut dyn Sink) -> io::Result<()> {
    match read {
        Some((dataset, text)) => sink.dataset(dataset, Record { text: text.into(), media_type: "text/csv" }),
        None => Ok(()),
    }
}

/// What stands between the cells, by the first line: a mark that parts it, the rarer in texts the sooner; a line that starts with a URL is not
/// parted but by blanks.
fn delimiter(first: &str, file: &str) -> char {
    let marks = ['\t', ';', '|', ','];
    let starts_with_url =
        first.split("://").next().is_some_and(|scheme| scheme.len() < 6 && scheme.chars().all(|c| c.is_ascii_alphanumeric()));
    if starts_with_url && first.contains("://") {
        return if first.contains('\t') || format::lower_ending(file) == "tsv" { '\t' } else { ' ' };
    }
    let count = |mark: char| first.split('"').step_by(2).map(|outside| outside.matches(mark).count()).sum::<usize>();
    marks.into_iter().rev().max_by_key(|mark| count(*mark)).unwrap_or(',')
}

/// Whether a cell names a place outright.
fn is_place(cell: &str) -> bool {
    cell.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && !scheme.is_empty()
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// The cells of a row as they are looked up and shown, blanks around them aside.
fn cells(row: &Row) -> impl Iterator<Item = &str> {
    row.cells.iter().map(|cell| cell.trim())
}

#[cfg(test)]
mod tests;
