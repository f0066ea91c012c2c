//! PostgreSQL's functions that DataFusion lacks: what the session is, what the catalog says of an oid, and everyday ones with
//! PostgreSQL's patterns. Which SQL reaches them is the dialect's business.

mod advisory;
mod aggregate;
mod array;
mod bounded;
mod buckets;
mod catalog_lookup;
mod datetime;
mod definitions;
pub(super) mod function;
mod geometry;
mod json;
mod numbers;
mod object_names;
mod privileges;
mod properties;
mod regexp;
mod rows;
mod session_info;
mod signatures;
mod sizes;
mod text;
mod type_facts;
mod uuid;
mod vectors;
mod waiting;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF};

pub use datetime::{Types, Unknowns, register as register_datetime};
pub(super) use function::SessionValues;
use function::{Function, Given};

pub use aggregate::register_styled;
pub(super) use array::quantified::{ALL as COMPARE_ALL, ANY as COMPARE_ANY, equals_any};
pub(super) use array::read::{Written, parse as array_elements};
pub use json::{VALUE as JSONB_VALUE, read as read_json};
pub(super) use text::bytea;
pub use uuid::uuid as read_uuid;

/// The functions by name and alias.
static FUNCTIONS: LazyLock<HashMap<String, Arc<ScalarUDF>>> = LazyLock::new(|| {
    let families = [
        text::functions(),
        regexp::functions(),
        array::functions(),
        json::functions(),
        datetime::functions(),
        buckets::functions(),
        numbers::functions(),
        rows::functions(),
        uuid::functions(),
        session_info::functions(),
        advisory::functions(),
        catalog_lookup::functions(),
        object_names::functions(),
        privileges::functions(),
        definitions::functions(),
        properties::functions(),
        type_facts::functions(),
        sizes::functions(),
        vectors::functions(),
        geometry::functions(),
    ];
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

/// A function of ours.
pub(super) fn named(name: &str) -> Option<Arc<ScalarUDF>> {
    FUNCTIONS.get(name).cloned()
}

/// The types of parameters that stand alone for an argument of a function of ours, by their names.
pub(super) fn parameters(plan: &LogicalPlan) -> Result<HashMap<String, DataType>> {
    let mut found = HashMap::new();
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::ScalarFunction(call) = expr
                    && let Some(function) = call.func.inner().downcast_ref::<Function>()
                {
                    told_by(function, &call.args, &schema, &mut found);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

fn told_by(function: &Function, arguments: &[Expr], schema: &DFSchema, found: &mut HashMap<String, DataType>) {
    let given = |argument: &Expr| match argument {
        Expr::Placeholder(_) => Given::Unknown,
        other => other.to_field(schema).map_or(Given::Unknown, |(_, field)| Given::of_field(&field)),
    };
    let given: Vec<Given> = arguments.iter().map(given).collect();
    // What is compared with elements is one.
    let element = || match arguments {
        [_, _, list] if [COMPARE_ANY, COMPARE_ALL].contains(&function.name()) => {
            function::element(&list.get_type(schema).ok()?).map(|item| item.data_type().clone())
        }
        _ => None,
    };
    for (i, argument) in arguments.iter().enumerate() {
        if let Expr::Placeholder(placeholder) = argument
            && let Some(data_type) = function.parameter(&given, i).or_else(element)
        {
            found.entry(placeholder.id.clone()).or_insert(data_type);
        }
    }
}

/// Registers them, and bounds on what DataFusion's own may make.
pub fn register_shared(registry: &mut dyn FunctionRegistry) -> Result<()> {
    bounded::bound(registry)?;
    let joining = array::joining(registry.udf("array_concat")?);
    registry.register_udf(joining)?;
    for function in FUNCTIONS.values() {
        registry.register_udf(Arc::clone(function))?;
    }
    aggregate::register(registry)
}
