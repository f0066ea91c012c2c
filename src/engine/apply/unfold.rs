//! LATERAL that does nothing but unfold arrays of the row beside it, as `FROM t, unnest(t.a)` does: the rows are unfolded where they are, and nothing
//! is run for each of them.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, NullHandling};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, LogicalPlanBuilder};

use super::subquery_of;

/// The join as a plan that unfolds; `None` where it does anything else, or where names of both sides would be taken for one another.
pub fn beside(join: &Join, right: &LogicalPlan) -> Option<LogicalPlan> {
    let keeps = match join.join_type {
        JoinType::Inner => false,
        JoinType::Left => true,
        _ => return None,
    };
    let on_all = join.on.is_empty() && join.filter.as_ref().is_none_or(|filter| *filter == datafusion::logical_expr::lit(true));
    let unfolds = right.exists(|node| Ok(matches!(node, LogicalPlan::Unnest(_)))).unwrap_or(false);
    if !on_all || !unfolds || !is_simple(right, keeps).unwrap_or(false) {
        return None;
    }
    lifted(right, &join.left, keeps).ok().filter(|plan| plan.schema().columns() == join.schema.columns())
}

/// Whether a plan is of nothing but columns and unfolding, and filters unless rows without any are kept; of those every column must be NULL.
fn is_simple(plan: &LogicalPlan, keeps: bool) -> Result<bool> {
    let (mut simple, mut unfolded) = (true, 0);
    plan.apply(|node| {
        simple &= match node {
            // Above what unfolds.
            LogicalPlan::Projection(projection) if keeps && unfolded == 0 => projection.expr.iter().all(is_column),
            LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => true,
            LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
            LogicalPlan::Filter(_) => !keeps,
            LogicalPlan::Unnest(_) => {
                unfolded += 1;
                !keeps || unfolded == 1
            }
            _ => false,
        };
        node.apply_expressions(|expr| {
            simple &= !expr.exists(|expr| Ok(subquery_of(expr).is_some() || matches!(expr, Expr::WindowFunction(_))))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(if simple { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(simple)
}

fn is_column(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) => true,
        Expr::Alias(alias) => is_column(&alias.expr),
        _ => false,
    }
}

/// The plan over `left` in place of its one row, whose columns come first.
fn lifted(plan: &LogicalPlan, left: &Arc<LogicalPlan>, keeps: bool) -> Result<LogicalPlan> {
    let given = || left.schema().columns().into_iter().map(Expr::Column);
    match plan {
        LogicalPlan::EmptyRelation(_) => Ok(left.as_ref().clone()),
        LogicalPlan::Projection(projection) => {
            let input = lifted(&projection.input, left, keeps)?;
            let own = projection.expr.iter().zip(projection.schema.columns()).map(|(expr, column)| {
                let expr = inside(expr.clone(), left.schema())?;
                // Columns keep their names, of what is no longer outside too.
                let (relation, name) = expr.qualified_name();
                Ok(if is_column(&expr) && Column::new(relation, name) == column { expr } else { named(expr, column) })
            });
            let all = given().map(Ok).chain(own).collect::<Result<Vec<_>>>()?;
            LogicalPlanBuilder::from(input).project(all)?.build()
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let input = lifted(&alias.input, left, keeps)?;
            let own = alias.input.schema().columns().into_iter().zip(alias.schema.columns());
            let all = given().chain(own.map(|(from, to)| named(Expr::Column(from), to)));
            LogicalPlanBuilder::from(input).project(all.collect::<Vec<_>>())?.build()
        }
        LogicalPlan::Filter(filter) => {
            let condition = inside(filter.predicate.clone(), left.schema())?;
            LogicalPlanBuilder::from(lifted(&filter.input, left, keeps)?).filter(condition)?.build()
        }
        LogicalPlan::Unnest(unnest) => {
            let input = lifted(&unnest.input, left, keeps)?;
            let mut options = unnest.options.clone();
            if keeps {
                options.null_handling = NullHandling::PreserveAndExpandEmpty;
            }
            LogicalPlanBuilder::from(input).unnest_columns_with_options(unnest.exec_columns.clone(), options)?.build()
        }
        other => datafusion::common::internal_err!("what unfolds beside a row: {}", other.display()),
    }
}

fn named(expr: Expr, column: Column) -> Expr {
    let Column { relation, name, .. } = column;
    expr.unalias().alias_qualified(relation, name)
}

/// The expression where the columns of `left` are no longer outside.
fn inside(expr: Expr, left: &DFSchema) -> Result<Expr> {
    let done = expr.transform_up(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) if left.has_column(&column) => Ok(Transformed::yes(Expr::Column(column))),
        other => Ok(Transformed::no(other)),
    });
    Ok(done?.data)
}
