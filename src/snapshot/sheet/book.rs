//! Workbooks of each kind behind one door: their sheets, merged cells, and cells row by row. xlsx and xlsb are read as they are
//! unpacked; xls and ods are held in memory by their reader, within the bounds that `guard` set.

use std::fs::File;
use std::io::BufReader;

use calamine::{Cell, DataRef, Dimensions, Ods, Reader as _, SheetType, SheetVisible, Xls, Xlsb, Xlsx};

use super::Source;
use super::guard::{self, MAX_COLUMNS, MAX_ROWS, Office, Seen};
use super::value::Value;
use crate::error::{Error, Kind, Result};
use crate::snapshot::stop::Stop;

/// A block of merged cells: 0-based rows and columns, the last ones included. It lies within what a sheet can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) top: u32,
    pub(super) left: u32,
    pub(super) bottom: u32,
    pub(super) right: u32,
}

/// An open workbook.
pub(super) struct Book<'a> {
    url: &'a str,
    stop: &'a Stop,
    sheets: Vec<(String, SheetVisible)>,
    seen: Seen,
    kind: KindOfBook,
}

enum KindOfBook {
    Xlsx(Xlsx<BufReader<File>>),
    Xlsb(Xlsb<BufReader<File>>),
    Xls(Xls<BufReader<File>>),
    Ods(Ods<BufReader<File>>),
}

/// Takes a cell at its 0-based row and column; says whether it wants more.
pub(super) type Take<'t> = &'t mut dyn FnMut(u32, u32, Value) -> Result<bool>;

impl<'a> Book<'a> {
    /// Opens a workbook, once the guard lets it pass.
    pub(super) fn open(source: Source<'a>, office: Office) -> Result<Self> {
        let seen = guard::check(source, office)?;
        let file = BufReader::with_capacity(1 << 16, File::open(source.path)?);
        let unread = |e: &dyn std::fmt::Display| unread(source.url, e);
        let (kind, sheets) = match office {
            Office::Xlsx => {
                let book = Xlsx::new(file).map_err(|e| unread(&e))?;
                let sheets = book.sheets_metadata().to_vec();
                (KindOfBook::Xlsx(book), sheets)
            }
            Office::Xlsb => {
                let book = Xlsb::new(file).map_err(|e| unread(&e))?;
                let sheets = book.sheets_metadata().to_vec();
                (KindOfBook::Xlsb(book), sheets)
            }
            Office::Xls => {
                let book = Xls::new(file).map_err(|e| unread(&e))?;
                let sheets = book.sheets_metadata().to_vec();
                (KindOfBook::Xls(book), sheets)
            }
            Office::Ods => {
                let book = Ods::new(file).map_err(|e| unread(&e))?;
                let sheets = book.sheets_metadata().to_vec();
                (KindOfBook::Ods(book), sheets)
            }
        };
        // Charts, dialogs and macros are sheets too.
        let sheets = sheets.into_iter().filter(|s| s.typ == SheetType::WorkSheet).map(|s| (s.name, s.visible)).collect();
        Ok(Self { url: source.url, stop: source.stop, sheets, seen, kind })
    }

    /// The worksheets' names, in order.
    pub(super) fn all(&self) -> Vec<String> {
        self.sheets.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Those that a reader of the workbook sees.
    pub(super) fn visible(&self) -> Vec<String> {
        self.sheets.iter().filter(|(_, v)| *v == SheetVisible::Visible).map(|(name, _)| name.clone()).collect()
    }

    /// Those that are hidden.
    pub(super) fn hidden(&self) -> Vec<String> {
        self.sheets.iter().filter(|(_, v)| *v != SheetVisible::Visible).map(|(name, _)| name.clone()).collect()
    }

    /// A sheet's merged cells, cut off where a sheet ends; none are known of an xlsb.
    pub(super) fn regions(&mut self, sheet: &str) -> Result<Vec<Region>> {
        let of = |d: &Dimensions| Region { top: d.start.0, left: d.start.1, bottom: d.end.0, right: d.end.1 };
        let said: Vec<Region> = match &mut self.kind {
            KindOfBook::Xlsx(book) => {
                book.merge_cells_by_sheet_name(sheet).map_err(|e| unread(self.url, &e))?.iter().map(of).collect()
            }
            KindOfBook::Xls(book) => {
                book.merge_cells_by_sheet_name(sheet).map_err(|e| unread(self.url, &e))?.iter().map(of).collect()
            }
            KindOfBook::Ods(_) => {
                self.seen.iter().find(|(name, _)| name == sheet).map_or_else(Vec::new, |(_, regions)| regions.clone())
            }
            KindOfBook::Xlsb(_) => Vec::new(),
        };
        let within = |r: Region| Region { bottom: r.bottom.min(MAX_ROWS - 1), right: r.right.min(MAX_COLUMNS - 1), ..r };
        Ok(said.into_iter().map(within).filter(|r| r.top <= r.bottom && r.left <= r.right).collect())
    }

    /// Hands a sheet's cells on, top to bottom, until `take` has enough.
    pub(super) fn each(&mut self, sheet: &str, take: Take<'_>) -> Result<()> {
        let (url, stop) = (self.url, self.stop);
        let mut passed = 0_u32;
        let take: Take<'_> = &mut |row, column, value| {
            passed = passed.wrapping_add(1);
            if passed.is_multiple_of(1 << 16) {
                stop.check()?;
            }
            take(row, column, value)
        };
        match &mut self.kind {
            KindOfBook::Xlsx(book) => {
                let from_1904 = book.has_1904_epoch();
                let mut cells = book.worksheet_cells_reader(sheet).map_err(|e| unread(url, &e))?;
                while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(|e| unread(url, &e))? {
                    let (row, column) = cell.pos;
                    let value = match (&cell.value, cell.formula) {
                        // A formula that comes to an empty text has that for a value.
                        (DataRef::Empty, Some(formula)) => Value::of_unset(formula),
                        (value, _) => Value::of(value, from_1904),
                    };
                    if !take(row, column, value)? {
                        break;
                    }
                }
                Ok(())
            }
            KindOfBook::Xlsb(book) => {
                let from_1904 = book.has_1904_epoch();
                let mut cells = book.worksheet_cells_reader(sheet).map_err(|e| unread(url, &e))?;
                streamed(|| cells.next_cell(), url, from_1904, take)
            }
            KindOfBook::Xls(book) => {
                let from_1904 = book.has_1904_epoch();
                held(&book.worksheet_range(sheet).map_err(|e| unread(url, &e))?, from_1904, take)
            }
            KindOfBook::Ods(book) => held(&book.worksheet_range(sheet).map_err(|e| unread(url, &e))?, false, take),
        }
    }
}

/// Hands on the cells of a kind that is read as it is unpacked.
fn streamed<'c, E: std::fmt::Display>(
    mut next: impl FnMut() -> Result<Option<Cell<DataRef<'c>>>, E>,
    url: &str,
    from_1904: bool,
    take: Take<'_>,
) -> Result<()> {
    while let Some(cell) = next().map_err(|e| unread(url, &e))? {
        let (row, column) = cell.get_position();
        if !take(row, column, Value::of(cell.get_value(), from_1904))? {
            break;
        }
    }
    Ok(())
}

/// Hands on the cells of a kind whose reader holds them.
fn held(range: &calamine::Range<calamine::Data>, from_1904: bool, take: Take<'_>) -> Result<()> {
    let Some((top, left)) = range.start() else { return Ok(()) };
    for (row, column, cell) in range.used_cells() {
        let (Ok(row), Ok(column)) = (u32::try_from(row), u32::try_from(column)) else { break };
        if !take(top + row, left + column, Value::of_owned(cell, from_1904))? {
            break;
        }
    }
    Ok(())
}

fn unread(url: &str, e: &dyn std::fmt::Display) -> Error {
    let said = e.to_string();
    if said.contains("password protected") {
        return Error::new(Kind::SourceInvalid, format!("{url} is encrypted")).with_hint("Publish it without a password.");
    }
    Error::new(Kind::SourceInvalid, format!("{url} can't be read as a workbook: {said}"))
}
