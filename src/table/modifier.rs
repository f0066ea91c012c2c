//! Type modifiers (`atttypmod`): the precision and scale of a `numeric`, the reference system of a `geometry`, in the one number that PostgreSQL
//! tells clients. Stoa's columns have no other modifiers; what is cast to a type with a length or digits of seconds has that.

use arrow::datatypes::{DataType, Field};

use super::geometry::srid_of;
use super::pg_type::{self, PgType};
use crate::snapshot::field_key;

/// What stands for no modifier.
pub const NONE: i32 = -1;

/// Added to every modifier: the size of a value's header in PostgreSQL.
const HEADER: i32 = 4;

/// The modifier of a column of this type: that of a decimal, or of an array's elements.
pub fn of(data_type: &DataType) -> i32 {
    match data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => (i32::from(*precision) << 16 | (i32::from(*scale) & 0x7ff)) + HEADER,
        DataType::List(e)
        | DataType::LargeList(e)
        | DataType::ListView(e)
        | DataType::LargeListView(e)
        | DataType::FixedSizeList(e, _) => of(e.data_type()),
        DataType::Dictionary(_, values) => of(values),
        _ => NONE,
    }
}

/// The modifier of a field: of geometries, their reference system as PostGIS has it beside a kind that is any.
pub fn of_field(field: &Field) -> i32 {
    if *PgType::of_field(field) != pg_type::GEOMETRY {
        return of(field.data_type());
    }
    match field.metadata().get(field_key::CRS).map_or(0, |crs| srid_of(crs)) {
        0 => NONE,
        srid => srid << SRID_BITS,
    }
}

/// Metadata of a result's field: the modifier of the type that it was cast to.
const CAST: &str = "stoa.modifier";

/// The field of what was cast to a type with a modifier.
pub fn cast(mut field: Field, modifier: i32) -> Field {
    field.metadata_mut().insert(CAST.to_owned(), modifier.to_string());
    field
}

/// The modifier that a cast gave a field.
pub fn of_cast(field: &Field) -> Option<i32> {
    field.metadata().get(CAST)?.parse().ok()
}

/// The modifier of `varchar(n)` and `char(n)`.
pub fn of_length(characters: i64) -> i32 {
    i32::try_from(characters).map_or(NONE, |n| n.saturating_add(HEADER))
}

/// Where a reference system's number begins in the modifier of a geometry.
const SRID_BITS: u32 = 8;

/// The reference system of geometries with this modifier; `None` where it tells none.
pub fn srid(modifier: i32) -> Option<i32> {
    (modifier >= 0).then_some(modifier >> SRID_BITS)
}

/// The precision and scale of a numeric with this modifier; `None` where it has none.
pub fn precision_and_scale(modifier: i32) -> Option<(i32, i32)> {
    let bits = modifier.checked_sub(HEADER).filter(|bits| *bits >= 0)?;
    // Eleven bits with a sign.
    let scale = ((bits & 0x7ff) ^ 0x400) - 0x400;
    Some((bits >> 16 & 0xffff, scale))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn modifiers_are_those_of_postgresql() {
        let list = |t| DataType::List(Arc::new(Field::new_list_field(t, true)));
        for (data_type, modifier, told) in [
            (DataType::Decimal128(12, 3), 786_439, Some((12, 3))),
            (DataType::Decimal256(76, 38), 4_980_778, Some((76, 38))),
            (DataType::Decimal128(5, -2), 329_730, Some((5, -2))),
            (list(list(DataType::Decimal128(8, 2))), 524_294, Some((8, 2))),
            (DataType::Int64, -1, None),
        ] {
            assert_eq!((of(&data_type), precision_and_scale(modifier)), (modifier, told), "{data_type}");
        }
    }
}
