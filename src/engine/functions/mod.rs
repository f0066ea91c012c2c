//! PostgreSQL's functions that DataFusion lacks: what the session is, what the catalog says of an oid, and everyday ones with
//! PostgreSQL's patterns. Which SQL reaches them is the dialect's business.

mod bounded;
mod catalog_lookup;
mod definitions;
mod json;
mod native;
mod number_pattern;
mod privileges;
mod session_info;
mod sizes;
mod text;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;

use crate::table::virtual_table::SystemEnv;
use native::Native;

/// Registers what does not depend on a session: JSON's functions and operators, and bounds on what DataFusion's own may make.
pub fn register_shared(registry: &mut dyn FunctionRegistry) -> Result<()> {
    bounded::bound(registry)?;
    datafusion_functions_json::register_all(registry)
}

/// Registers every function for one session. Cheap: a few hundred shared pointers.
pub fn register(registry: &mut dyn FunctionRegistry, env: &Arc<SystemEnv>) -> Result<()> {
    let families: [Vec<Native>; 8] = [
        session_info::functions(env),
        catalog_lookup::functions(env),
        privileges::functions(),
        definitions::functions(env),
        json::functions(),
        number_pattern::functions(),
        sizes::functions(env),
        text::functions(),
    ];
    for function in families.into_iter().flatten() {
        registry.register_udf(Arc::new(ScalarUDF::from(function)))?;
    }
    Ok(())
}
