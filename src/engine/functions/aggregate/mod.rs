//! Aggregates that DataFusion lacks or answers otherwise: those that need all values of a group stand on [`gathered`]. Others are DataFusion's
//! under PostgreSQL's names. Hypothetical sets are counted: the dialect writes them so.

mod gathered;
mod json;
mod mode;
mod percentile;
mod store;
mod text;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::AggregateUDF;

use self::gathered::Gathered;
use super::function::SessionValues;
use crate::engine::wrapped::{self, AsItIs};
use crate::table::pg_value::Style;

/// DataFusion's aggregates with the names that PostgreSQL has for them too.
const ALIASES: [(&str, &[&str]); 2] = [("bool_and", &["every"]), ("var_samp", &["variance", "var_sample"])];

/// DataFusion's aggregates that can't run over a moving frame.
const MOVING: [&str; 4] = ["bool_and", "bool_or", "bit_and", "bit_or"];

pub(super) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, aliases) in ALIASES {
        let function = registry.udaf(name)?.as_ref().clone().with_aliases(aliases.iter().copied());
        registry.register_udaf(Arc::new(function))?;
    }
    for name in MOVING {
        let moving = wrapped::aggregate(registry.udaf(name)?, AsItIs);
        registry.register_udaf(moving)?;
    }
    for kind in [mode::MODE, text::STRING_AGG].into_iter().chain(percentile::KINDS) {
        registry.register_udaf(Arc::new(AggregateUDF::from(Gathered::new(kind, &Style::default()))))?;
    }
    Ok(())
}

/// Registers those that write values in the session's styles, which accumulators are not told.
pub fn register_styled(registry: &mut dyn FunctionRegistry, session: &SessionValues) -> Result<()> {
    for kind in json::KINDS {
        registry.register_udaf(Arc::new(AggregateUDF::from(Gathered::new(kind, session.style()))))?;
    }
    Ok(())
}
