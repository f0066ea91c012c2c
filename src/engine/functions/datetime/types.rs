//! The fields of SQL's names of types: dates and times in microseconds, whose range is PostgreSQL's, and the types that Arrow has no word for
//! (`jsonb`, `name`, `oid`), which stand in a field's metadata.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DECIMAL256_MAX_SCALE, DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType as Sql, ExactNumberInfo, TimezoneInfo};

use crate::engine::dialect::ast::folded_parts;
use crate::engine::functions::function::Type as T;
use crate::error::{Error, Kind};
use crate::table::pg_type::{self, PgType};

/// Tells the planner. Digits of seconds that a type asks for are the dialect's.
#[derive(Debug)]
pub struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql: &Sql) -> Result<Option<FieldRef>> {
        match numeric(sql)? {
            Some(field) => Ok(Some(Arc::new(field))),
            None => Ok(planned(sql).map(Arc::new)),
        }
    }
}

/// A `numeric` of more digits than Arrow's decimals have: of as many as those have, which values of more do not fit. [`Kind::InvalidParameter`]
/// for a precision that PostgreSQL has not, [`Kind::Unsupported`] for a scale that leaves no room.
fn numeric(sql: &Sql) -> Result<Option<Field>> {
    let (Sql::Numeric(digits) | Sql::Decimal(digits) | Sql::Dec(digits)) = sql else { return Ok(None) };
    let (precision, scale) = match digits {
        ExactNumberInfo::None => return Ok(None),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    let refused = |kind, message: String| Err(DataFusionError::External(Box::new(Error::new(kind, message))));
    if !(1..=1000).contains(&precision) {
        return refused(Kind::InvalidParameter, format!("NUMERIC precision {precision} must be between 1 and 1000"));
    }
    if precision <= u64::from(DECIMAL256_MAX_PRECISION) {
        return Ok(None);
    }
    match i8::try_from(scale) {
        Ok(scale) if (0..=DECIMAL256_MAX_SCALE).contains(&scale) => {
            Ok(Some(Field::new("", DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale), true)))
        }
        _ => {
            refused(Kind::Unsupported, format!("a numeric of {scale} decimals is not supported: {DECIMAL256_MAX_SCALE} at most"))
        }
    }
}

fn planned(sql: &Sql) -> Option<Field> {
    let data_type = match sql {
        Sql::JSON => return Some(pg_type::field(&pg_type::JSON)),
        Sql::JSONB => return Some(pg_type::field(&pg_type::JSONB)),
        Sql::Uuid => return Some(pg_type::field(&pg_type::UUID)),
        // A field without a name is a type alone, of which a cast would keep what its argument is marked as.
        Sql::Text => return Some(Field::new("text", DataType::Utf8View, true)),
        Sql::Varchar(_) | Sql::CharacterVarying(_) | Sql::CharVarying(_) => return Some(pg_type::field(&pg_type::VARCHAR)),
        Sql::Custom(name, _) => return folded_parts(name).last().and_then(|name| PgType::by_name(name)).map(of_object),
        Sql::Array(ArrayElemTypeDef::SquareBracket(element, _)) => return array(element),
        Sql::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => T::Timestamp.of_temporal()?,
        Sql::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => T::Timestamptz.of_temporal()?,
        Sql::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => T::Time.of_temporal()?,
        Sql::Interval { .. } => T::Interval.of_temporal()?,
        _ => return None,
    };
    Some(Field::new("", data_type, true))
}

/// A field of a type; numbers of objects are of four bytes, as the catalog's are.
fn of_object(pg: &'static PgType) -> Field {
    let field = pg_type::field(pg);
    if pg.is_number_of_object() { field.with_data_type(DataType::UInt32) } else { field }
}

/// An array of a type that PostgreSQL has; others are left to DataFusion.
fn array(element: &Sql) -> Option<Field> {
    let element = planned(element)?;
    let pg = PgType::of_field(&element).array_type();
    let list = Field::new("", DataType::List(Arc::new(Field::new_list_field(element.data_type().clone(), true))), true);
    Some(if PgType::of(list.data_type()) == pg { list } else { pg_type::marked(list, pg) })
}
