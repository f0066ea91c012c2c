//! The Arrow types of SQL's names for dates and times: microseconds throughout, whose range is PostgreSQL's.

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{DataType as Sql, TimezoneInfo};
use std::sync::Arc;

use super::function::T;

/// Tells the planner. Digits of seconds that a type asks for are the dialect's.
#[derive(Debug)]
pub struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql: &Sql) -> Result<Option<FieldRef>> {
        Ok(planned(sql).map(|data_type| Arc::new(Field::new("", data_type, true))))
    }
}

fn planned(sql: &Sql) -> Option<DataType> {
    Some(match sql {
        Sql::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => T::Timestamp.arrow(),
        Sql::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => T::Timestamptz.arrow(),
        Sql::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => T::Time.arrow(),
        Sql::Interval { .. } => T::Interval.arrow(),
        _ => return None,
    })
}
