//! PostgreSQL's numbers: which type a number as written has, what operators, casts, aggregates and functions give of numbers of which types, and
//! the errors of what does not fit. The text and binary forms of values are `table::pg_value`'s.

mod aggregates;
mod bits;
mod convert;
mod decimal;
mod functions;
mod literals;
mod operators;
mod ranks;
mod settle;
mod shown;
mod types;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;

pub use decimal::{quotient, quotient_scale, rescale};
pub use literals::{Literals, mark};
pub use settle::Settle;
pub use types::for_result;

/// Registers the functions of numbers.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    registry.register_udf(Arc::new(ScalarUDF::from(convert::ToNumeric::default())))?;
    registry.register_udf(Arc::new(bits::not()))?;
    functions::register(registry)?;
    ranks::register(registry)?;
    aggregates::register(registry)
}
