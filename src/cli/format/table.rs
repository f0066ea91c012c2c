//! Aligned columns, as psql shows them. Their widths come from the first rows, which are held until there are enough; later rows
//! are written as they come.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use unicode_width::UnicodeWidthStr;

use super::{Sink, text};
use crate::error::Result;
use crate::table::pg_value;

/// Rows, and bytes of text, that widths are taken from.
const HELD_ROWS: usize = 10_000;
const HELD_BYTES: usize = 8 << 20;

pub(super) struct Table<'a> {
    values: pg_value::Style,
    out: &'a mut (dyn Write + Send),
    columns: Vec<Column>,
    /// Cells of whole rows, row after row, until the widths stand.
    held: Vec<String>,
    held_bytes: usize,
    /// Whether the header, and so the widths, are written.
    headed: bool,
    rows: u64,
}

struct Column {
    name: String,
    width: usize,
    right: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(values: pg_value::Style, out: &'a mut (dyn Write + Send)) -> Self {
        Self { values, out, columns: Vec::new(), held: Vec::new(), held_bytes: 0, headed: false, rows: 0 }
    }

    /// Writes the header and the rows held so far.
    fn head(&mut self) -> Result<()> {
        self.headed = true;
        let last = self.columns.len().saturating_sub(1);
        let mut line = String::new();
        for (i, column) in self.columns.iter().enumerate() {
            let room = column.width - column.name.width().min(column.width);
            let (before, after) = (room / 2, room - room / 2);
            line.push_str(&format!(" {:before$}{}{:after$} ", "", column.name, ""));
            line.push_str(if i < last { "|" } else { "\n" });
        }
        for (i, column) in self.columns.iter().enumerate() {
            line.push_str(&"-".repeat(column.width + 2));
            line.push_str(if i < last { "+" } else { "\n" });
        }
        if self.columns.is_empty() {
            line.push_str("--\n");
        }
        self.out.write_all(line.as_bytes())?;
        let held = std::mem::take(&mut self.held);
        for row in held.chunks(self.columns.len().max(1)) {
            self.row(row)?;
        }
        Ok(())
    }

    /// Writes one row; a cell of several lines makes it as many lines high, marked with `+` as psql does.
    fn row(&mut self, cells: &[impl AsRef<str>]) -> Result<()> {
        let lines: Vec<Vec<&str>> = cells.iter().map(|cell| cell.as_ref().split('\n').collect()).collect();
        let height = lines.iter().map(Vec::len).max().unwrap_or(0);
        let last = self.columns.len().saturating_sub(1);
        let mut out = String::new();
        for n in 0..height {
            for (i, (column, lines)) in self.columns.iter().zip(&lines).enumerate() {
                let text = lines.get(n).copied().unwrap_or_default().trim_end_matches('\r');
                let room = column.width.saturating_sub(text.width());
                let more = n + 1 < lines.len();
                let (before, after) = if column.right { (room, 0) } else { (0, room) };
                // Nothing stands behind the last column, so it is not filled up with blanks.
                let after = if i == last && !more { 0 } else { after };
                out.push_str(&format!(" {:before$}{text}{:after$}", "", ""));
                match (more, i < last) {
                    (true, true) => out.push_str("+|"),
                    (false, true) => out.push_str(" |"),
                    (true, false) => out.push_str("+\n"),
                    (false, false) => out.push('\n'),
                }
            }
        }
        Ok(self.out.write_all(out.as_bytes())?)
    }

    fn hold(&mut self, row: &[&str]) {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            let width = cell.split('\n').map(|line| line.trim_end_matches('\r').width()).max().unwrap_or(0);
            column.width = column.width.max(width);
            self.held_bytes += cell.len();
        }
        self.held.extend(row.iter().map(|cell| (*cell).to_owned()));
    }
}

impl Sink for Table<'_> {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        let column = |field: &arrow::datatypes::FieldRef| Column {
            name: field.name().clone(),
            width: field.name().width(),
            right: text::is_number(field.data_type()),
        };
        self.columns = schema.fields().iter().map(column).collect();
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = text::texts(batch, &self.values)?;
        let mut values = vec![""; columns.len()];
        for row in 0..batch.num_rows() {
            for (column, value) in columns.iter().zip(&mut values) {
                *value = column.get(row).unwrap_or_default();
            }
            self.rows += 1;
            if self.headed {
                self.row(&values)?;
            } else {
                self.hold(&values);
                if self.rows as usize >= HELD_ROWS || self.held_bytes >= HELD_BYTES {
                    self.head()?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        if !self.headed {
            self.head()?;
        }
        writeln!(self.out, "({} row{})\n", self.rows, if self.rows == 1 { "" } else { "s" })?;
        Ok(self.out.flush()?)
    }
}
