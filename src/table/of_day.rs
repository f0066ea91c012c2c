//! Times of day. Files have them in four units, which Arrow holds for four types; PostgreSQL has one, `time` of microseconds. A table's are
//! all of that one, so that they compare, join and unite. What is finer is cut off, as where values are shown.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;

/// The columns of files as SQL is told of them.
pub(super) fn told(stored: &SchemaRef) -> SchemaRef {
    if stored.fields().iter().all(|f| of(f.data_type()).is_none()) {
        return Arc::clone(stored);
    }
    let fields: Fields = stored.fields().iter().map(retyped).collect();
    Arc::new(Schema::new_with_metadata(fields, stored.metadata().clone()))
}

/// A scan of files that gives its columns as [`told`].
pub(super) fn read(scan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let stored = scan.schema();
    if stored.fields().iter().all(|f| of(f.data_type()).is_none()) {
        return Ok(scan);
    }
    let columns = stored.fields().iter().enumerate().map(|(place, field)| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), place));
        let column = match of(field.data_type()) {
            Some(time) => Arc::new(CastExpr::new(column, time, None)),
            None => column,
        };
        (column, field.name().clone())
    });
    Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), scan)?))
}

fn retyped(field: &FieldRef) -> FieldRef {
    match of(field.data_type()) {
        Some(time) => Arc::new(Field::clone(field).with_data_type(time)),
        None => Arc::clone(field),
    }
}

/// What a type of times in another unit is read as, lists of them as well; `None` for all others.
fn of(stored: &DataType) -> Option<DataType> {
    match stored {
        DataType::Time32(_) | DataType::Time64(TimeUnit::Nanosecond) => Some(DataType::Time64(TimeUnit::Microsecond)),
        DataType::List(item) => of(item.data_type()).map(|_| DataType::List(retyped(item))),
        DataType::LargeList(item) => of(item.data_type()).map(|_| DataType::LargeList(retyped(item))),
        DataType::FixedSizeList(item, n) => of(item.data_type()).map(|_| DataType::FixedSizeList(retyped(item), *n)),
        _ => None,
    }
}
