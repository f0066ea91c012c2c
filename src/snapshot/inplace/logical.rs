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

#[cfg(test)]
mod tests {
    use parquet::arrow::parquet_to_arrow_schema;
    use parquet::file::metadata::FileMetaData;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;

    use super::*;
    use crate::snapshot::columnar::{is_json, is_uuid};

    #[test]
    fn uuids_and_json_are_told_from_bytes_and_text() {
        let message = "message m { required FIXED_LEN_BYTE_ARRAY(16) id (UUID); optional FIXED_LEN_BYTE_ARRAY(16) raw;
            optional BYTE_ARRAY doc (JSON); optional BYTE_ARRAY words (UTF8); optional INT32 day (DATE); }";
        let message = Arc::new(parse_message_type(message).expect("is a schema"));
        let columns = Arc::new(SchemaDescriptor::new(message));
        let schema = Arc::new(parquet_to_arrow_schema(&columns, None).expect("has types in Arrow"));
        let metadata = ParquetMetaData::new(FileMetaData::new(2, 0, None, None, columns, None), Vec::new());
        let told = told(&metadata, &schema);
        let show = |field: &Arc<Field>| (field.name().clone(), is_uuid(field), is_json(field));
        let want =
            [("id", true, false), ("raw", false, false), ("doc", false, true), ("words", false, false), ("day", false, false)];
        assert_eq!(
            told.fields().iter().map(show).collect::<Vec<_>>(),
            want.map(|(name, uuid, json)| (name.to_owned(), uuid, json))
        );
    }
}
