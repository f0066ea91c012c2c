//! The table within a sheet: cells become rows, blank rows around and between are passed over, notes below the table are told apart,
//! and all that is a row goes into the spool. Where the header is, is found in `header`.

use std::collections::BTreeMap;
use std::path::Path;

use super::book::Region;
use super::guard::{MAX_COLUMNS, MAX_ROWS};
use super::header::{self, Head, Part};
use super::value::Value;
use crate::descriptor::{Dialect, Distribution};
use crate::error::{Error, Kind, Result};
use crate::snapshot::Options;
use crate::snapshot::cells::{CellKind, Fault, MAX_SPAN};
use crate::snapshot::columns::too_many_columns;
use crate::snapshot::csv::look::is_sentence;
use crate::snapshot::csv::preface::Comment;
use crate::snapshot::spool::{Spool, Writer};

/// Rows that are looked at to find the table.
const LOOK: usize = 1000;

/// And their cells, at most, blank ones before and between the others included: names are looked for column by column.
const LOOK_CELLS: usize = 1 << 18;

/// More rows of a single text than this are data.
const MAX_NOTES: usize = 100;

/// Words of a note that has other cells behind it, at least.
const WORDS: usize = 4;

/// How much of a row that is no data is kept in its reject.
const RAW_LIMIT: usize = 2000;

/// A row that is not blank.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// 1-based.
    pub(super) line: u64,
    /// By column, ascending, none of them blank.
    pub(super) cells: Vec<(u32, Value)>,
}

/// Takes the cells of one sheet.
pub(super) struct Grid<'a> {
    /// File and sheet, for errors.
    place: &'a str,
    dialect: &'a Dialect,
    /// Names of the columns where the sheet gives none.
    declared: Vec<String>,
    /// Texts of errors that are declared to be missing values.
    missing: Vec<String>,
    regions: Vec<Region>,
    max_columns: usize,
    max_text: usize,
    out: Writer,
    row: Row,
    /// The first rows, until it is known where the table is.
    first: Vec<Row>,
    first_cells: usize,
    head: Option<Head>,
    /// Rows that are notes when nothing but notes follows.
    notes: Vec<Row>,
    /// The line of the last row that was written.
    last: u64,
    /// Cells of the table's first column that hold text, and that hold another value.
    texts: u64,
    others: u64,
}

impl<'a> Grid<'a> {
    /// Makes a spool at `target` of the sheet that `place` names.
    pub(super) fn new(
        place: &'a str,
        distribution: &'a Distribution,
        regions: Vec<Region>,
        options: &Options,
        target: &Path,
    ) -> Result<Self> {
        let schema = &distribution.schema;
        Ok(Self {
            place,
            dialect: &distribution.dialect,
            declared: schema.columns.iter().map(|c| c.name.clone()).collect(),
            missing: schema.missing_values.iter().flatten().map(|m| m.value.clone()).collect(),
            regions,
            max_columns: options.max_columns,
            max_text: options.max_field_bytes.min(MAX_SPAN),
            out: Writer::create(target)?,
            row: Row::default(),
            first: Vec::new(),
            first_cells: 0,
            head: None,
            notes: Vec::new(),
            last: 0,
            texts: 0,
            others: 0,
        })
    }

    /// Takes the next cell: rows come top to bottom, cells of a row in any order.
    pub(super) fn cell(&mut self, row: u32, column: u32, value: Value) -> Result<()> {
        let line = u64::from(row) + 1;
        if line < self.row.line {
            let message = format!("{}: row {line} comes after row {}", self.place, self.row.line);
            return Err(Error::new(Kind::SourceInvalid, message).with_hint("Open the workbook and save it anew."));
        }
        if !value.is_something() {
            return Ok(());
        }
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            let message =
                format!("{}: a cell stands in row {line} and column {}, where no sheet has one", self.place, column + 1);
            return Err(Error::new(Kind::SourceInvalid, message).with_hint("Open the workbook and save it anew."));
        }
        if let Value::Text { text, .. } = &value
            && text.len() > self.max_text
        {
            let message = format!("{}, row {line}: a cell is longer than {} bytes", self.place, self.max_text);
            return Err(Error::new(Kind::SourceInvalid, message).with_hint("Raise the limit with --max-field-size."));
        }
        if line > self.row.line {
            self.end_row()?;
            self.row.line = line;
        }
        self.row.cells.push((column, value));
        Ok(())
    }

    /// The spool, once the sheet ends, and what shows that another table begins in it below the first, where something does.
    pub(super) fn finish(mut self) -> Result<(Spool, Option<String>)> {
        self.end_row()?;
        self.find_table()?;
        let are_notes = self.are_notes();
        for row in std::mem::take(&mut self.notes) {
            if are_notes { self.leave_out(&row, "a record", "the row stands below the table")? } else { self.write(&row)? }
        }
        let Some(head) = &self.head else {
            return Err(Error::new(Kind::SourceInvalid, format!("{} is empty", self.place)));
        };
        let mut names: BTreeMap<u32, String> = head.names.clone();
        for column in self.out.filled() {
            names.entry(column as u32).or_default();
        }
        if names.len() > self.max_columns {
            return Err(too_many_columns(self.place, self.max_columns));
        }
        if !head.parts.contains(&Part::Header) {
            names.values_mut().zip(&self.declared).for_each(|(name, declared)| name.clone_from(declared));
        }
        let columns: Vec<(usize, String)> = names.into_iter().map(|(column, name)| (column as usize, name)).collect();
        let second = self.head.and_then(|head| head.second);
        Ok((self.out.finish(&columns)?, second))
    }

    fn end_row(&mut self) -> Result<()> {
        let mut row = Row { line: self.row.line, cells: std::mem::take(&mut self.row.cells) };
        if row.cells.is_empty() {
            return Ok(());
        }
        row.cells.sort_by_key(|(column, _)| *column);
        // A place that is given twice keeps what it was given last, as spreadsheets do.
        row.cells.reverse();
        row.cells.dedup_by_key(|(column, _)| *column);
        row.cells.reverse();
        if self.head.is_some() {
            return self.data(row);
        }
        self.first_cells += row.cells.last().map_or(0, |(column, _)| *column as usize + 1);
        self.first.push(row);
        if self.first.len() >= LOOK || self.first_cells >= LOOK_CELLS { self.find_table() } else { Ok(()) }
    }

    fn find_table(&mut self) -> Result<()> {
        let first = std::mem::take(&mut self.first);
        if self.head.is_some() || first.is_empty() {
            return Ok(());
        }
        let head = header::find(&first, &self.regions, self.dialect, self.max_columns);
        let parts = head.parts.clone();
        self.head = Some(head);
        for (row, part) in first.into_iter().zip(parts) {
            match part {
                Part::Comment => {}
                Part::Header => self.last = row.line,
                Part::Title => self.leave_out(&row, "a header", "the row stands before the header")?,
                Part::Between => self.leave_out(&row, "a row", "the row stands between the header and the first row")?,
                Part::Data => self.data(row)?,
            }
        }
        Ok(())
    }

    /// Takes a row behind the header.
    fn data(&mut self, row: Row) -> Result<()> {
        if self.is_comment(&row) {
            return Ok(());
        }
        if (self.is_note(&row) || self.is_broken_note(&row)) && self.notes.len() < MAX_NOTES {
            self.notes.push(row);
            return Ok(());
        }
        for held in std::mem::take(&mut self.notes) {
            self.write(&held)?;
        }
        self.write(&row)
    }

    fn is_comment(&self, row: &Row) -> bool {
        if self.dialect.comment_rows.iter().any(|line| *line as u64 == row.line) {
            return true;
        }
        let Some(Head { comment: Some(comment), left, .. }) = &self.head else { return false };
        let (Some((column, value)), Some((last, _))) = (row.cells.first(), row.cells.last()) else { return false };
        let first = match comment {
            // A declared sign counts wherever the row begins.
            Comment { sniffed: None, .. } => value.label(),
            Comment { sniffed: Some(_), .. } if column == left => value.label(),
            Comment { sniffed: Some(_), .. } => String::new(),
        };
        comment.covers(&first, last.saturating_sub(*left) as usize + 1)
    }

    /// A text alone in its row, in the first column of a table that has a header and more columns.
    fn is_note(&self, row: &Row) -> bool {
        let Some(head) = &self.head else { return false };
        let [(column, Value::Text { kind: CellKind::String, .. })] = row.cells.as_slice() else { return false };
        head.names.len() > 1 && head.parts.contains(&Part::Header) && head.names.keys().next() == Some(column)
    }

    /// Whether a row goes on with notes that a blank row sets apart: `Source: Office | 2023`, where the first column holds no text else.
    fn is_broken_note(&self, row: &Row) -> bool {
        let Some((column, Value::Text { kind: CellKind::String, text })) = row.cells.first() else { return false };
        let is_first = self.head.as_ref().is_some_and(|head| head.names.keys().next() == Some(column));
        let apart = self.notes.first().is_some_and(|first| first.line > self.last + 1);
        is_first && apart && self.texts == 0 && self.others > 0 && is_sentence(text, WORDS)
    }

    /// Whether the rows held are notes: a blank row stands before them, or the first column holds values that are no text.
    fn are_notes(&self) -> bool {
        let apart = self.notes.first().is_some_and(|first| first.line > self.last + 1);
        self.texts + self.others > 0 && (apart || self.texts == 0)
    }

    fn leave_out(&mut self, row: &Row, expected: &str, reason: &str) -> Result<()> {
        let raw = row.cells.iter().map(|(_, v)| v.label()).collect::<Vec<_>>().join("\t");
        let raw = crate::name::clip(&raw, RAW_LIMIT).to_owned();
        self.out.fault(&Fault { line: row.line, column: None, raw, expected: expected.to_owned(), reason: reason.to_owned() })
    }

    fn write(&mut self, row: &Row) -> Result<()> {
        self.last = row.line;
        let first_column = self.head.as_ref().and_then(|h| h.names.keys().next().copied());
        self.out.begin(row.line);
        for (column, value) in &row.cells {
            let at = *column as usize;
            if Some(*column) == first_column {
                let is_text = matches!(value, Value::Text { kind: CellKind::String, .. });
                self.texts += u64::from(is_text);
                self.others += u64::from(!is_text);
            }
            match value {
                Value::Text { kind, text } => self.out.text(at, *kind, text),
                Value::Moment(moment) => self.out.moment(at, *moment),
                Value::Bad { raw, reason } if !self.missing.contains(raw) => self.out.fault(&Fault {
                    line: row.line,
                    column: Some(at),
                    raw: raw.clone(),
                    expected: "a value".to_owned(),
                    reason: reason.clone(),
                })?,
                // One that is declared to be a missing value is read as that.
                Value::Bad { raw, .. } => self.out.text(at, CellKind::String, raw),
                Value::Blank => {}
            }
        }
        self.out.end()
    }
}
