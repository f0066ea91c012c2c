//! DataFusion compares what an aggregate is planned over with what it is given, and refuses plans where they differ. Its optimizations drop metadata of
//! fields here and there, which harms nothing, but the check heeds it: so it is left out. So is that a cast to a field that says more than its type
//! says in the physical plan that it may be NULL, and in the logical one what its argument says. That nothing else ever differs is proved where
//! assertions are on, which is where all tests run.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::Field;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;

/// Whether the check is left out.
pub const UNCHECKED: bool = !cfg!(debug_assertions);

/// What DataFusion says in front of the differences, and of those that do no harm.
const DIFFERENCES: &str = "Physical input schema should be the same as the one converted from logical input schema. Differences:";
const HARMLESS: [&str; 2] = ["schema metadata differs", "field metadata at index"];

/// What it says of a field that the physical plan takes for one that may be NULL, and the logical one does not.
const NULLABLE: &str = "field nullability at index";

/// Plans as another planner does, once more without the check where nothing that could harm differs.
#[derive(Debug)]
pub struct Proven<P>(pub P);

#[async_trait]
impl<P: QueryPlanner + Send + Sync> QueryPlanner for Proven<P> {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn datafusion::catalog::Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planned = self.0.create_physical_plan(plan, session).await;
        let Err(e) = &planned else { return planned };
        match session.as_any().downcast_ref::<SessionState>() {
            Some(state) if is_harmless(e, || has_telling_casts(plan)) => {
                let mut state = state.clone();
                state.config_mut().options_mut().execution.skip_physical_aggregate_schema_check = true;
                self.0.create_physical_plan(plan, &state).await
            }
            Some(_) | None => planned.map_err(in_a_line),
        }
    }
}

/// The error with its differences in its first line, which is the one that is told.
fn in_a_line(e: DataFusionError) -> DataFusionError {
    match e {
        DataFusionError::Internal(message) => DataFusionError::Internal(message.replace("\n\t- ", " - ")),
        other => other,
    }
}

/// Whether it is the error of fields that differ in their metadata alone, or, with such casts, in what they say of NULL.
fn is_harmless(e: &DataFusionError, has_casts: impl Fn() -> bool) -> bool {
    let message = e.strip_backtrace();
    let Some((_, differences)) = message.split_once(DIFFERENCES) else { return false };
    let mut each = differences.split("\n\t- ").skip(1).map(str::trim_start).peekable();
    let is_metadata = |difference: &str| HARMLESS.iter().any(|harmless| difference.starts_with(harmless));
    each.peek().is_some() && each.all(|difference| is_metadata(difference) || difference.starts_with(NULLABLE) && has_casts())
}

/// Whether something is cast to a field that says more than its type, whose own word on NULL DataFusion's physical cast repeats.
fn has_telling_casts(plan: &LogicalPlan) -> bool {
    let says_more = |field: &Field| field.is_nullable() && (!field.name().is_empty() || !field.metadata().is_empty());
    let has = |expr: &Expr| expr.exists(|e| Ok(matches!(e, Expr::Cast(cast) if says_more(&cast.field)))).unwrap_or(false);
    plan.exists(|node| Ok(node.expressions().iter().any(has))).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_alone_may_differ() {
        let metadata = "\n\t- field metadata at index 0 [a]: (physical) {} vs (logical) {\"x\": \"y\"}";
        let schema = "\n\t- schema metadata differs: (physical) {} vs (logical) {}";
        let nullable = "\n\t- field nullability at index 0 [a]: (physical) true vs (logical) false";
        let data_type = "\n\t- field data type at index 0 [a]: (physical) Utf8 vs (logical) Int32";
        for (differences, with_casts, want) in [
            (metadata.to_owned(), false, true),
            (format!("{schema}{metadata}"), false, true),
            (format!("{metadata}{nullable}"), false, false),
            (format!("{metadata}{nullable}"), true, true),
            (format!("{metadata}{data_type}"), true, false),
            (String::new(), true, false),
        ] {
            let error = DataFusionError::Internal(format!("{DIFFERENCES}{differences}"));
            assert_eq!(is_harmless(&error, || with_casts), want, "{differences}");
        }
        assert!(!is_harmless(&DataFusionError::Plan("something else".to_owned()), || true));
    }
}
