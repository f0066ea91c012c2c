//! Nested values (structs, maps) as JSON text. The writer is Arrow's, so that `stoa query --format json` says the same.

use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::Field;
use arrow::json::writer::{EncoderOptions, make_encoder};

use crate::error::{Error, Kind, Result};

use super::Values;

/// Adds every value as a JSON text.
pub(super) fn encode(array: &dyn Array, field: &Field, out: &mut Values) -> Result<()> {
    let field = Arc::new(field.clone());
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let mut encoder = make_encoder(&field, array, &options).map_err(|e| {
        Error::new(Kind::Unsupported, format!("column \"{}\" of type {} has no JSON form", field.name(), array.data_type()))
            .caused_by(e)
    })?;
    for i in 0..array.len() {
        if array.is_null(i) {
            out.null();
        } else {
            out.value(|bytes| {
                encoder.encode(i, bytes);
                Ok(())
            })?;
        }
    }
    Ok(())
}
