//! `INTERSECT ALL` and `EXCEPT ALL`: each row as often as it is left, where DataFusion keeps or drops all that are equal.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::functions_window::row_number::row_number;
use datafusion::logical_expr::{Distinct, Expr, ExprFunctionExt, Join, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;

/// The column that numbers equal rows.
const NUMBER: &str = "__number_of_equal";

/// Numbers equal rows on both sides, and compares the numbers too.
#[derive(Debug, Default)]
pub struct Counted;

impl AnalyzerRule for Counted {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let counted = plan.transform_up_with_subqueries(|node| {
            let LogicalPlan::Join(join) = &node else { return Ok(Transformed::no(node)) };
            // No join that a client writes equals NULLs; that of a plain INTERSECT or EXCEPT has a DISTINCT left side.
            let is_all = matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti)
                && join.null_equality == NullEquality::NullEqualsNull
                && !matches!(join.left.as_ref(), LogicalPlan::Distinct(Distinct::All(_)));
            if !is_all {
                return Ok(Transformed::no(node));
            }
            // Columns, or what they are read as where the sides are of two types.
            let (left, right) = join.on.iter().cloned().unzip();
            let kept: Vec<Expr> = join.left.schema().columns().into_iter().map(Expr::Column).collect();
            let (a, b) = (Arc::new(numbered(&join.left, left)?), Arc::new(numbered(&join.right, right)?));
            let number = || Expr::Column(Column::new_unqualified(NUMBER));
            let on = join.on.iter().cloned().chain([(number(), number())]).collect();
            let equal = NullEquality::NullEqualsNull;
            let joined = Join::try_new(a, b, on, None, join.join_type, join.join_constraint, equal, false)?;
            Ok(Transformed::yes(LogicalPlanBuilder::from(LogicalPlan::Join(joined)).project(kept)?.build()?))
        })?;
        Ok(counted.data)
    }

    fn name(&self) -> &str {
        "Counted"
    }
}

fn numbered(plan: &Arc<LogicalPlan>, equal: Vec<Expr>) -> Result<LogicalPlan> {
    let number = row_number().partition_by(equal).build()?.alias(NUMBER);
    let all = plan.schema().columns().into_iter().map(Expr::Column);
    let window = LogicalPlanBuilder::from(plan.as_ref().clone()).window(vec![number.clone().unalias()])?;
    let name = Expr::Column(Column::new_unqualified(number.unalias().schema_name().to_string())).alias(NUMBER);
    window.project(all.chain([name]))?.build()
}
