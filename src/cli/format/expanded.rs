//! A line for each column of each row, as psql shows them after `\x`. A batch's rows are one block, as wide as its longest value.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use unicode_width::UnicodeWidthStr;

use super::{Sink, text};
use crate::error::Result;
use crate::table::pg_value;

pub(super) struct Expanded<'a> {
    values: pg_value::Style,
    out: &'a mut (dyn Write + Send),
    names: Vec<String>,
    rows: u64,
}

impl<'a> Expanded<'a> {
    pub(super) fn new(values: pg_value::Style, out: &'a mut (dyn Write + Send)) -> Self {
        Self { values, out, names: Vec::new(), rows: 0 }
    }
}

impl Sink for Expanded<'_> {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        self.names = schema.fields().iter().map(|field| field.name().clone()).collect();
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = text::texts(batch, &self.values)?;
        let width = self.names.iter().map(|name| name.width()).max().unwrap_or(0);
        for row in 0..batch.num_rows() {
            self.rows += 1;
            let title = format!("-[ RECORD {} ]", self.rows);
            let mut block = format!("{title}{}\n", "-".repeat((width + 1).saturating_sub(title.len())));
            for (name, column) in self.names.iter().zip(&columns) {
                for (n, line) in column.get(row).unwrap_or_default().split('\n').enumerate() {
                    let name = if n == 0 { name.as_str() } else { "" };
                    let room = width - name.width();
                    block.push_str(format!("{name}{:room$} | {line}", "").trim_end());
                    block.push('\n');
                }
            }
            self.out.write_all(block.as_bytes())?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let end = if self.rows == 0 { "(0 rows)\n\n" } else { "\n" };
        self.out.write_all(end.as_bytes())?;
        Ok(self.out.flush()?)
    }
}
