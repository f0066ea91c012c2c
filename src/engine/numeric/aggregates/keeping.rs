//! Aggregates that give one of their values, or all in an array, and so show them as their argument is shown: of its scale, and of the type that
//! its field is marked as.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::AggregateUDF;

use crate::engine::{marks, wrapped};

/// Puts these in place of DataFusion's.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, gathers) in
        [("min", false), ("max", false), ("first_value", false), ("last_value", false), ("nth_value", false), ("array_agg", true)]
    {
        let keeping = wrapped::aggregate(registry.udaf(name)?, Keeping { gathers });
        registry.register_udaf(keeping)?;
    }
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Keeping {
    /// Whether it gives an array.
    gathers: bool,
}

impl wrapped::Aggregate for Keeping {
    fn return_field(&self, of: &AggregateUDF, fields: &[FieldRef]) -> Result<FieldRef> {
        let field = Arc::unwrap_or_clone(of.return_field(fields)?);
        let Some(argument) = fields.first() else { return Ok(Arc::new(field)) };
        if self.gathers {
            return Ok(Arc::new(marks::gathered(field, argument)));
        }
        // The greatest of names is a text, as PostgreSQL's functions have it.
        let is_text = ["min", "max"].contains(&of.name()) && marks::of(argument).is_some_and(|pg| pg.category == 'S');
        Ok(Arc::new(if is_text { field } else { marks::same(field, argument) }))
    }

    /// A window that runs the other way, which another window's order suggests, would gather its rows the other way round.
    fn is_reversible(&self) -> bool {
        !self.gathers
    }
}
