//! DataFusion compares what an aggregate is planned over with what it is given, and refuses plans where they differ. Its optimizations drop metadata of
//! fields here and there, which harms nothing, but the check heeds it: so it is left out. That nothing else ever differs is proved where
//! assertions are on, which is where all tests run.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;

/// Whether the check is left out.
pub const UNCHECKED: bool = !cfg!(debug_assertions);

/// What DataFusion says in front of the differences, and of those that do no harm.
const DIFFERENCES: &str = "Physical input schema should be the same as the one converted from logical input schema. Differences:";
const HARMLESS: [&str; 2] = ["schema metadata differs", "field metadata at index"];

/// Plans as another planner does, once more without the check where nothing but metadata differs.
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
            Some(state) if is_harmless(e) => {
                let mut state = state.clone();
                state.config_mut().options_mut().execution.skip_physical_aggregate_schema_check = true;
                self.0.create_physical_plan(plan, &state).await
            }
            Some(_) | None => planned,
        }
    }
}

/// Whether it is the error of fields that differ in their metadata alone.
fn is_harmless(e: &DataFusionError) -> bool {
    let message = e.strip_backtrace();
    let Some((_, differences)) = message.split_once(DIFFERENCES) else { return false };
    let mut each = differences.split("\n\t- ").skip(1).peekable();
    each.peek().is_some() && each.all(|difference| HARMLESS.iter().any(|harmless| difference.trim_start().starts_with(harmless)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_alone_may_differ() {
        for (differences, want) in [
            ("\n\t- field metadata at index 0 [a]: (physical) {} vs (logical) {\"x\": \"y\"}", true),
            ("\n\t- schema metadata differs: (physical) {} vs (logical) {}\n\t- field metadata at index 1 [b]: {}", true),
            (
                "\n\t- field metadata at index 0 [a]: {}\n\t- field data type at index 0 [a]: (physical) Utf8 vs (logical) Int32",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(is_harmless(&DataFusionError::Internal(format!("{DIFFERENCES}{differences}"))), want, "{differences}");
        }
        assert!(!is_harmless(&DataFusionError::Plan("something else".to_owned())));
    }
}
