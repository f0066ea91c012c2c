//! Values as PostgreSQL prints them, by the session's settings: the same texts that the wire sends.

use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

use crate::error::Result;
use crate::table::pg_type::PgType;
use crate::table::pg_value::{self, Style, Values};

/// The texts of one column of a batch.
pub(super) struct Texts(Values);

impl Texts {
    /// The row's value; `None` when it is NULL.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        self.0.get(row).map(|text| std::str::from_utf8(text).expect("PostgreSQL's texts are made of UTF-8 only"))
    }
}

/// The texts of every column. A value that has none is an error.
pub(super) fn texts(batch: &RecordBatch, style: &Style) -> Result<Vec<Texts>> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let texts = columns.map(|(field, array)| {
        let mut values = Values::default();
        pg_value::encode(array, field, PgType::of_field(field), pg_value::Format::Text, style, &mut values)?;
        Ok(Texts(values))
    });
    texts.collect()
}

/// Whether psql would align the column to the right.
pub(super) fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_number(value),
        other => other.is_numeric(),
    }
}
