//! LATERAL that does nothing but unfold arrays of the row beside it, as `FROM t, unnest(t.a)` does: the rows are unfolded where they are, and nothing
//! is run for each of them.

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
    let left = join.left.as_ref();
    let joined = || -> Result<LogicalPlan> {
        let Lifted { plan, columns } = lifted(right, left, keeps)?;
        let own = columns.into_iter().zip(right.schema().columns()).map(|(expr, column)| named(expr, column));
        let all = given(left).chain(own).collect::<Vec<_>>();
        LogicalPlanBuilder::from(plan).project(all)?.build()
    };
    joined().ok().filter(|plan| plan.schema().columns() == join.schema.columns())
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

/// A plan over `left` in place of its one row.
struct Lifted {
    /// Of the columns of `left`, and others.
    plan: LogicalPlan,
    /// The plan's own columns, of what `plan` gives.
    columns: Vec<Expr>,
}

fn given(left: &LogicalPlan) -> impl Iterator<Item = Expr> {
    left.schema().columns().into_iter().map(Expr::Column)
}

fn lifted(plan: &LogicalPlan, left: &LogicalPlan, keeps: bool) -> Result<Lifted> {
    match plan {
        LogicalPlan::EmptyRelation(_) => Ok(Lifted { plan: left.clone(), columns: Vec::new() }),
        LogicalPlan::Projection(projection) => {
            let input = lifted(&projection.input, left, keeps)?;
            let of = projection.input.schema();
            let columns = projection.expr.iter().map(|expr| inside(expr.clone().unalias(), left.schema(), of, &input.columns));
            Ok(Lifted { columns: columns.collect::<Result<_>>()?, plan: input.plan })
        }
        LogicalPlan::SubqueryAlias(alias) => lifted(&alias.input, left, keeps),
        LogicalPlan::Filter(filter) => {
            let input = lifted(&filter.input, left, keeps)?;
            let condition = inside(filter.predicate.clone(), left.schema(), filter.input.schema(), &input.columns)?;
            let plan = LogicalPlanBuilder::from(input.plan).filter(condition)?.build()?;
            Ok(Lifted { plan, ..input })
        }
        LogicalPlan::Unnest(unnest) => {
            let input = lifted(&unnest.input, left, keeps)?;
            let own = input.columns.into_iter().zip(unnest.input.schema().columns()).map(|(expr, column)| named(expr, column));
            let all = given(left).chain(own).collect::<Vec<_>>();
            let mut options = unnest.options.clone();
            if keeps {
                options.null_handling = NullHandling::PreserveAndExpandEmpty;
            }
            let plan = LogicalPlanBuilder::from(input.plan)
                .project(all)?
                .unnest_columns_with_options(unnest.exec_columns.clone(), options)?
                .build()?;
            Ok(Lifted { plan, columns: unnest.schema.columns().into_iter().map(Expr::Column).collect() })
        }
        other => datafusion::common::internal_err!("what unfolds beside a row: {}", other.display()),
    }
}

fn named(expr: Expr, column: Column) -> Expr {
    let Column { relation, name, .. } = column;
    if matches!(&expr, Expr::Column(same) if same.relation == relation && same.name == name) {
        return expr;
    }
    expr.alias_qualified(relation, name)
}

/// The expression where the columns of `left` are no longer outside, and those of `of` are what `columns` gives them as.
fn inside(expr: Expr, left: &DFSchema, of: &DFSchema, columns: &[Expr]) -> Result<Expr> {
    let done = expr.transform_up(|expr| {
        let found = match &expr {
            Expr::OuterReferenceColumn(_, column) if left.has_column(column) => Some(Expr::Column(column.clone())),
            Expr::Column(column) => of.maybe_index_of_column(column).and_then(|place| columns.get(place).cloned()),
            _ => None,
        };
        // What is put in holds columns of `left` alone, or of what was made here: it is looked at no more.
        Ok(found.map_or_else(|| Transformed::no(expr), Transformed::yes))
    });
    Ok(done?.data)
}
