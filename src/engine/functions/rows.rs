//! Rows as values: of expressions, and of a table's columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type::*, invalid};
use crate::engine::dialect::shown_name;
use crate::table::pg_type;

pub(super) fn functions() -> Vec<Function> {
    vec![
        // Values as one, with all that is known of their types.
        Function::new("together", &[&[Any]], Gives::Of(|f| row_of(f, false)), row).variadic(),
        // A table's row, with its columns' names.
        Function::new("row_of_columns", &[&[Any]], Gives::Of(|f| row_of(f, true)), row).variadic(),
    ]
}

fn row_of(fields: &[FieldRef], named: bool) -> Result<FieldRef> {
    let member = |(n, f): (usize, &FieldRef)| {
        let name = if named { shown_name(f.name()).to_owned() } else { format!("f{}", n + 1) };
        Arc::new(f.as_ref().clone().with_name(name).with_nullable(true))
    };
    let fields: Fields = fields.iter().enumerate().map(member).collect();
    Ok(Arc::new(pg_type::marked(Field::new("", DataType::Struct(fields), true), &pg_type::RECORD)))
}

fn row(call: &Call) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.gives.data_type() else { return Err(invalid("values are gathered as rows")) };
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), call.arrays()?, None, call.rows)?))
}
