//! What Parquet says of a column beyond its physical type and Arrow has no type for: UUIDs and JSON, as the extension types that Arrow
//! files name them with. Columns within others are not looked at.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::basic::LogicalType;
use parquet::file::metadata::ParquetMetaData;

use crate::snapshot::columnar::EXTENSION_TYPE_NAME_KEY;

/// `schema`, which is the file's, with the name of the extension type on each column that the file says to be one.
pub(super) fn told(metadata: &ParquetMetaData, schema: &SchemaRef) -> SchemaRef {
    let columns = metadata.file_metadata().schema_descr().root_schema().get_fields();
    let extension = |field: &Field| {
        let info = columns.iter().map(|c| c.get_basic_info()).find(|info| info.name() == field.name())?;
        match info.logical_type_ref()? {
            LogicalType::Uuid => Some("arrow.uuid"),
            LogicalType::Json => Some("arrow.json"),
            _ => None,
        }
    };
    let fields = schema.fields().iter().map(|field| match extension(field) {
        None => Arc::clone(field),
        Some(name) => {
            let mut metadata = field.metadata().clone();
            metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), name.to_owned());
            Arc::new(field.as_ref().clone().with_metadata(metadata))
        }
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}
