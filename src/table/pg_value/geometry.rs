//! Geometries: PostGIS's text, which is EWKB in hexadecimal digits, and its binary form. Columns hold them as well-known text or such digits.

use arrow::array::ArrayAccessor;
use arrow::datatypes::Field;

use crate::error::Result;
use crate::snapshot::field_key;
use crate::table::geometry::{put_ewkb, put_hex, read, srid_of};

use super::column::each;
use super::{Format, Values};

/// Adds every geometry; those that name no reference system are in the field's.
pub(super) fn encode<'a, A: ArrayAccessor<Item = &'a str>>(
    array: A,
    field: &Field,
    format: Format,
    out: &mut Values,
) -> Result<()> {
    let srid = field.metadata().get(field_key::CRS).map_or(0, |crs| srid_of(crs));
    each(array, out, |text, out| {
        let shape = read(text, srid)?;
        match format {
            Format::Text => put_hex(&shape, out),
            Format::Binary => put_ewkb(&shape, out),
        }
        Ok(())
    })
}
