//! CSV as PostgreSQL's `COPY .. CSV HEADER` writes it: RFC 4180, NULL as an empty field and the empty text in quotes, lines that end in a
//! line feed.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::{Sink, text};
use crate::error::Result;
use crate::table::pg_value;

pub(super) struct Csv<'a> {
    values: pg_value::Style,
    out: &'a mut (dyn Write + Send),
}

impl<'a> Csv<'a> {
    pub(super) fn new(values: pg_value::Style, out: &'a mut (dyn Write + Send)) -> Self {
        Self { values, out }
    }
}

impl Sink for Csv<'_> {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        let mut line = String::new();
        for (i, field) in schema.fields().iter().enumerate() {
            separate(i, &mut line);
            push_field(field.name(), &mut line);
        }
        line.push('\n');
        Ok(self.out.write_all(line.as_bytes())?)
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = text::texts(batch, &self.values)?;
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            for (i, column) in columns.iter().enumerate() {
                separate(i, &mut line);
                if let Some(value) = column.get(row) {
                    push_field(value, &mut line);
                }
            }
            line.push('\n');
            self.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(self.out.flush()?)
    }
}

fn separate(column: usize, line: &mut String) {
    if column > 0 {
        line.push(',');
    }
}

/// `value`, in quotes when it is empty or holds what ends a field.
fn push_field(value: &str, line: &mut String) {
    if value.is_empty() || value.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&value.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(value);
    }
}
