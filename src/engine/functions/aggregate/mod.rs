//! Aggregates that DataFusion lacks: what they do with the values that `array_agg` gathered, in order, is a function here; the dialect puts
//! the two together. Others are DataFusion's under PostgreSQL's names.

mod gathered;
mod percentile;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;

use super::typed::Function;

/// DataFusion's aggregates with the names that PostgreSQL has for them too.
const ALIASES: [(&str, &[&str]); 2] = [("bool_and", &["every"]), ("var_samp", &["variance", "var_sample"])];

pub(super) fn functions() -> Vec<Function> {
    gathered::functions().into_iter().chain(percentile::functions()).collect()
}

pub(super) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, aliases) in ALIASES {
        let function = registry.udaf(name)?.as_ref().clone().with_aliases(aliases.iter().copied());
        registry.register_udaf(Arc::new(function))?;
    }
    Ok(())
}
