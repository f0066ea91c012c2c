//! Matches of regular expressions as conditions: no NULL passes one. DataFusion knows that of operators, and makes an outer join under such a
//! condition an inner one, which reads less; of a function it is told.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

/// The function that a match is planned as.
const MATCHES: &str = "regexp_like";

/// The rule.
#[derive(Debug, Default)]
pub struct Rejecting;

impl AnalyzerRule for Rejecting {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(told)?.data)
    }

    fn name(&self) -> &str {
        "rejecting"
    }
}

fn told(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Filter(filter) = &plan else { return Ok(Transformed::no(plan)) };
    if !is_join(&filter.input) {
        return Ok(Transformed::no(plan));
    }
    let conditions = split_conjunction(&filter.predicate);
    let known = conditions.iter().filter_map(|condition| match condition {
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == MATCHES => args.first(),
        _ => None,
    });
    let known: Vec<Expr> = known.map(|text| text.clone().is_not_null()).collect();
    if known.is_empty() {
        return Ok(Transformed::no(plan));
    }
    let all = conjunction(conditions.into_iter().cloned().chain(known)).unwrap_or_else(|| filter.predicate.clone());
    Filter::try_new(all, Arc::clone(&filter.input)).map(|filter| Transformed::yes(LogicalPlan::Filter(filter)))
}

fn is_join(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(_) => true,
        LogicalPlan::Projection(projection) => is_join(&projection.input),
        _ => false,
    }
}
