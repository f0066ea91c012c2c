//! PostgreSQL's functions that DataFusion lacks: what the session is, what the catalog says of an oid, and everyday ones with
//! PostgreSQL's patterns. Which SQL reaches them is the dialect's business.

mod aggregate;
mod array;
mod bounded;
mod catalog_lookup;
mod datetime;
mod definitions;
mod json;
pub(super) mod native;
mod object_names;
mod privileges;
mod regexp;
mod session_info;
mod signatures;
mod sizes;
mod text;
pub(super) mod typed;
mod vectors;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF};

use crate::table::virtual_table::SystemEnv;
pub use datetime::{Types, Unknowns, register as register_datetime};
use native::Native;

pub(super) use array::read::{Written, parse as array_elements};
pub(super) use text::bytea;

/// The functions that only depend on their arguments, by name and alias.
static PURE: LazyLock<HashMap<String, Arc<ScalarUDF>>> = LazyLock::new(|| {
    let families = [text::functions(), regexp::functions(), array::functions(), json::functions(), aggregate::functions()];
    let mut all = HashMap::new();
    for function in families.into_iter().flatten() {
        let function = Arc::new(ScalarUDF::from(function));
        for alias in function.aliases() {
            all.insert(alias.clone(), Arc::clone(&function));
        }
        all.insert(function.name().to_owned(), function);
    }
    all
});

/// A function that only depends on its arguments.
pub(super) fn named(name: &str) -> Option<Arc<ScalarUDF>> {
    PURE.get(name).cloned()
}

/// The types of parameters that stand alone for an argument of a function of ours, by their names.
pub(super) fn parameters(plan: &LogicalPlan) -> Result<HashMap<String, DataType>> {
    let mut found = HashMap::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::ScalarFunction(call) = expr
                    && let Some(function) = named(call.func.name())
                    && let Some(function) = function.inner().downcast_ref::<typed::Function>()
                {
                    for (i, argument) in call.args.iter().enumerate() {
                        if let Expr::Placeholder(placeholder) = argument
                            && let Some(data_type) = function.parameter(call.args.len(), i)
                        {
                            found.entry(placeholder.id.clone()).or_insert(data_type);
                        }
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

/// Registers what does not depend on a session, and bounds on what DataFusion's own may make.
pub fn register_shared(registry: &mut dyn FunctionRegistry) -> Result<()> {
    bounded::bound(registry)?;
    for function in PURE.values() {
        registry.register_udf(Arc::clone(function))?;
    }
    aggregate::register(registry)
}

/// Registers every function for one session. Cheap: a few hundred shared pointers.
pub fn register(registry: &mut dyn FunctionRegistry, env: &Arc<SystemEnv>) -> Result<()> {
    let families: [Vec<Native>; 7] = [
        session_info::functions(env),
        catalog_lookup::functions(env),
        object_names::functions(env),
        privileges::functions(env),
        definitions::functions(env),
        sizes::functions(env),
        vectors::functions(),
    ];
    for function in families.into_iter().flatten() {
        registry.register_udf(Arc::new(ScalarUDF::from(function)))?;
    }
    Ok(())
}
