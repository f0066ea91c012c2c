//! Workbooks: a sheet of an xlsx, xlsm, xlsb, xls or ods file becomes a spool of rows. Which sheet it is, is decided here; how a
//! workbook is opened stands in `book`, what must not be believed of one in `guard` and `biff`, where the table is within its sheet
//! in `grid` and `header`.

mod biff;
mod book;
mod grid;
mod guard;
mod header;
mod value;

use std::path::Path;

use self::book::Book;
use self::grid::Grid;
use super::Options;
use super::foreign;
use super::spool::Spool;
use super::stop::Stop;
use crate::descriptor::{Dialect, Distribution, SheetChoice};
use crate::error::{Error, Kind, Result};

pub(super) use self::guard::{Document, Office, document, office};

/// What reading a workbook needs to know of where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) url: &'a str,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
}

/// The names of the visible sheets that hold something, in the workbook's order: each is a table.
pub(super) fn sheets(source: Source<'_>, office: Office) -> Result<Vec<String>> {
    guarded(source.url, || tables(&mut Book::open(source, office)?))
}

/// Reads the distribution's sheet into a spool at `target`.
pub(super) fn spool(
    source: Source<'_>,
    office: Office,
    distribution: &Distribution,
    target: &Path,
    warnings: &mut Vec<String>,
) -> Result<Spool> {
    let (spool, mut said) = guarded(source.url, || {
        let mut said = Vec::new();
        let mut book = Book::open(source, office)?;
        let sheet = choose(&mut book, source.url, &distribution.dialect)?;
        let place = format!("{}, sheet \"{sheet}\"", source.url);
        let mut grid = Grid::new(&place, distribution, book.regions(&sheet)?, source.options, target)?;
        book.each(&sheet, &mut |row, column, value| grid.cell(row, column, value).map(|()| true))?;
        let others = book.hidden();
        // Each sheet of several is named by who listed them. Who names a hidden one knows.
        if !others.is_empty() && !others.contains(&sheet) {
            said.push(format!(
                "{} has hidden sheets, which are read when their name is declared: {}",
                source.url,
                listed(&others)
            ));
        }
        let (spool, second) = grid.finish()?;
        if let Some(shown) = second {
            said.push(format!("{place}: {shown}: if tables stand one below the other in it, they are read as one"));
        }
        Ok((spool, said))
    })?;
    warnings.append(&mut said);
    Ok(spool)
}

/// Runs what reads a workbook: a format that is this old has corners where its reader panics, and that must end in an error.
fn guarded<T>(url: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    foreign::step(work)
        .unwrap_or_else(|_| Err(Error::new(Kind::SourceInvalid, format!("{url} can't be read as a workbook: it is damaged"))))
}

/// The visible sheets that hold something.
fn tables(book: &mut Book) -> Result<Vec<String>> {
    let mut tables = Vec::new();
    for name in book.visible() {
        let mut holds_something = false;
        book.each(&name, &mut |_, _, value| {
            holds_something = value.is_something();
            Ok(!holds_something)
        })?;
        if holds_something {
            tables.push(name);
        }
    }
    Ok(tables)
}

/// The sheet that the dialect names, else the only one that holds something.
fn choose(book: &mut Book, url: &str, dialect: &Dialect) -> Result<String> {
    let all = book.all();
    match &dialect.sheet {
        Some(SheetChoice::Name(name)) => {
            if all.contains(name) {
                return Ok(name.clone());
            }
            let hint = match crate::name::nearest(name, all.iter().map(String::as_str)) {
                Some(near) => format!("Perhaps \"{near}\" is meant."),
                None => "Correct the dialect's sheetName.".to_owned(),
            };
            Err(Error::new(Kind::Descriptor, format!("{url} has no sheet \"{name}\""))
                .with_detail(format!("It has the sheets {}.", listed(&all)))
                .with_hint(hint))
        }
        Some(SheetChoice::Number(number)) => number.checked_sub(1).and_then(|i| all.get(i)).cloned().ok_or_else(|| {
            Error::new(Kind::Descriptor, format!("{url} has no sheet {number}: it has {}", all.len()))
                .with_detail(format!("It has the sheets {}.", listed(&all)))
                .with_hint("The dialect's sheetNumber counts from 1.")
        }),
        None => match tables(book)?.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Error::new(Kind::SourceInvalid, format!("{url} is empty: no visible sheet of it holds anything"))),
            several => {
                let line = |name: &String| format!("\"dialect\": {{\"sheetName\": {}}}", serde_json::Value::from(name.as_str()));
                let lines: Vec<String> = several.iter().take(20).map(line).collect();
                let message = format!("{url} has {} sheets, and a table is made of one", several.len());
                Err(Error::new(Kind::SourceInvalid, message)
                    .with_detail(format!("It has the sheets {}.", listed(several)))
                    .with_hint(format!("Declare a resource for each, with {}.", lines.join(" or "))))
            }
        },
    }
}

/// Names for a message; of more than fifty it tells how many there are.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(50).map(|n| format!("\"{n}\"")).collect();
    let more = if names.len() > shown.len() { format!(" and {} more", names.len() - shown.len()) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests;
