//! Expressions in `ROLLUP`, `CUBE` and `GROUPING SETS` become columns below the aggregate, under the names that they have: what the rules behind this one
//! make of an expression has another name, and in a list of sets none can be given back to it.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Aggregate, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;

/// Puts them below; it stands before all rules that write expressions anew.
#[derive(Debug, Default)]
pub struct Grouped;

impl AnalyzerRule for Grouped {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let changed = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Aggregate(aggregate) => below(aggregate),
            other => Ok(Transformed::no(other)),
        })?;
        Ok(changed.data)
    }

    fn name(&self) -> &str {
        "Grouped"
    }
}

fn below(aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
    let [Expr::GroupingSet(sets)] = aggregate.group_expr.as_slice() else {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    };
    let mut apart: Vec<Expr> = Vec::new();
    for expr in sets.distinct_expr() {
        if !matches!(expr, Expr::Column(_)) && !apart.contains(expr) {
            apart.push(expr.clone());
        }
    }
    if apart.is_empty() {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let named = |expr: &Expr| Column::new_unqualified(expr.schema_name().to_string());
    let stands_for = |expr: Expr| if apart.contains(&expr) { Expr::Column(named(&expr)) } else { expr };
    let all = |exprs: &[Expr]| exprs.iter().cloned().map(stands_for).collect::<Vec<_>>();
    let sets = match sets {
        GroupingSet::Rollup(exprs) => GroupingSet::Rollup(all(exprs)),
        GroupingSet::Cube(exprs) => GroupingSet::Cube(all(exprs)),
        GroupingSet::GroupingSets(sets) => GroupingSet::GroupingSets(sets.iter().map(|set| all(set)).collect()),
    };
    let columns = aggregate.input.schema().columns().into_iter().map(Expr::Column);
    let added = apart.iter().map(|expr| expr.clone().alias(expr.schema_name().to_string()));
    let input = LogicalPlanBuilder::from(aggregate.input.as_ref().clone()).project(columns.chain(added))?.build()?;
    // GROUPING names them too.
    let names = NamePreserver::new_for_projection();
    let mut aggregates = Vec::with_capacity(aggregate.aggr_expr.len());
    for expr in aggregate.aggr_expr {
        let name = names.save(&expr);
        let changed = expr.transform_up(|expr| match expr {
            Expr::AggregateFunction(mut call) if call.func.name() == "grouping" => {
                call.params.args = call.params.args.into_iter().map(stands_for).collect();
                Ok(Transformed::yes(Expr::AggregateFunction(call)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        aggregates.push(if changed.transformed { name.restore(changed.data) } else { changed.data });
    }
    let grouped = Aggregate::try_new(Arc::new(input), vec![Expr::GroupingSet(sets)], aggregates)?;
    Ok(Transformed::yes(LogicalPlan::Aggregate(grouped)))
}
