//! `x IN (subquery)` with SQL's NULLs where DataFusion's joins take no account of them: `NOT IN` of constants and of correlated subqueries, and
//! what is below `NOT`, in a `CASE` or a value itself. `IN` by itself, or between `AND` and `OR`, and a plain `NOT IN` stay DataFusion's.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{BinaryExpr, InSubquery};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Expr, Filter, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, binary_expr, lit, not_exists, when,
};

use super::node::fresh;
use super::{holds_subquery, is_free, outside, replaced, rewritten, value};

/// The plan with such memberships written so that joins answer them rightly.
pub fn mended(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mended = plan.transform_up_with_subqueries(|node| {
        // The condition of an inner join filters its product.
        let node = match node {
            LogicalPlan::Join(mut join) if join.join_type == JoinType::Inner && holds_subquery(join.filter.as_ref())? => {
                let condition = join.filter.take().unwrap_or_else(|| lit(true));
                LogicalPlan::Filter(Filter::try_new(condition, Arc::new(LogicalPlan::Join(join)))?)
            }
            other => other,
        };
        let mut found = false;
        node.apply_expressions(|expr| {
            found |= expr.exists(|e| Ok(matches!(e, Expr::InSubquery(_))))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        match node.inputs().as_slice() {
            [_] if found => {
                let is_filter = matches!(node, LogicalPlan::Filter(_));
                rewritten(node, &mut |term, input| if is_filter { condition(term, input) } else { told(term, input) })
            }
            _ => Ok(Transformed::no(node)),
        }
    })?;
    Ok(mended.data)
}

/// Whether an outer join's condition has memberships that DataFusion would push to one side and forget the NULLs of: all but a plain `IN`.
pub fn in_outer_joins(plan: &LogicalPlan) -> Result<bool> {
    let is_in = |expr: &Expr| expr.exists(|e| Ok(matches!(e, Expr::InSubquery(_))));
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Join(join) = node
            && let (false, Some(filter)) = (join.join_type == JoinType::Inner, &join.filter)
        {
            for term in split_conjunction(filter) {
                found |= is_in(term)? && !matches!(term, Expr::InSubquery(is_in) if !is_in.negated);
            }
        }
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// A term of a filter, of which only TRUE counts.
fn condition(term: Expr, input: &mut LogicalPlan) -> Result<Transformed<Expr>> {
    match term {
        Expr::Not(inner) if matches!(inner.as_ref(), Expr::InSubquery(is_in) if !is_in.negated) => match *inner {
            Expr::InSubquery(is_in) => condition(Expr::InSubquery(InSubquery { negated: true, ..is_in }), input),
            other => Ok(Transformed::no(other)),
        },
        Expr::InSubquery(is_in) if is_in.negated && !is_plain(&is_in) => none_equal(is_in, input).map(Transformed::yes),
        Expr::InSubquery(_) => Ok(Transformed::no(term)),
        other => positive(other, input),
    }
}

/// What may be NULL instead of false: between `AND` and `OR` it makes no difference.
fn positive(term: Expr, input: &mut LogicalPlan) -> Result<Transformed<Expr>> {
    match term {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (positive(*left, input)?, positive(*right, input)?);
            let changed = left.transformed || right.transformed;
            let (left, right) = (Box::new(left.data), Box::new(right.data));
            Ok(Transformed::new_transformed(Expr::BinaryExpr(BinaryExpr { left, op, right }), changed))
        }
        Expr::InSubquery(ref is_in) if !is_in.negated => Ok(Transformed::no(term)),
        other => told(other, input),
    }
}

/// Whether DataFusion's join heeds NULLs: of a column, with a subquery that stands by itself.
fn is_plain(is_in: &InSubquery) -> bool {
    is_free(&is_in.subquery) && !refers_outside(&is_in.expr) && is_in.expr.any_column_refs()
}

fn refers_outside(expr: &Expr) -> bool {
    expr.exists(|e| Ok(matches!(e, Expr::OuterReferenceColumn(..)))).unwrap_or(true)
}

/// `x NOT IN (rows)` is true when no row is equal to it, or may be.
fn none_equal(is_in: InSubquery, input: &LogicalPlan) -> Result<Expr> {
    let x = outside(*is_in.expr, input.schema())?;
    let rows = value(is_in.subquery);
    let member = Expr::Column(Column::from(rows.schema().qualified_field(0)));
    let may_be = binary_expr(x.clone(), Operator::Eq, member.clone()).or(x.is_null()).or(member.is_null());
    Ok(not_exists(Arc::new(LogicalPlanBuilder::from(rows).filter(may_be)?.build()?)))
}

/// The expression with the truth, or NULL, in place of memberships.
fn told(expr: Expr, input: &mut LogicalPlan) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| match expr {
        Expr::InSubquery(is_in) => verdict(is_in, input).map(Transformed::yes),
        other => Ok(Transformed::no(other)),
    })
}

/// Whether `x` is `IN`, as a value that `input` is made to give. A subquery that stands by itself runs twice, whatever the rows of `input`: for
/// the members, and for how many there are.
pub fn verdict(is_in: InSubquery, input: &mut LogicalPlan) -> Result<Expr> {
    if !is_free(&is_in.subquery) || refers_outside(&is_in.expr) {
        return Ok(replaced(Expr::InSubquery(is_in), input)?.data);
    }
    let InSubquery { expr: x, subquery, negated } = is_in;
    let members = Arc::clone(&subquery.subquery);
    let counts = counts(subquery)?;
    let (all, known) = (counts.0, counts.1);
    let joined = LogicalPlanBuilder::from(input.clone()).cross_join(counts.2)?;
    let alias = fresh("__member");
    let members = LogicalPlanBuilder::from(Arc::unwrap_or_clone(members)).alias(alias.as_str())?.build()?;
    let member = Expr::Column(Column::from(members.schema().qualified_field(0)));
    let equal = binary_expr(x.as_ref().clone(), Operator::Eq, member);
    *input = joined.join_on(members, JoinType::LeftMark, [equal])?.build()?;
    let mark = Expr::Column(Column::new(Some(alias), "mark"));
    let unknown = x.is_null().or(known.lt(all.clone()));
    when(mark, lit(!negated))
        .when(all.eq(lit(0_i64)), lit(negated))
        .when(unknown, lit(ScalarValue::Boolean(None)))
        .otherwise(lit(negated))
}

/// How many rows a subquery gives, and of how many the value is known, with the plan of both.
fn counts(subquery: Subquery) -> Result<(Expr, Expr, LogicalPlan)> {
    let rows = value(subquery);
    let member = Expr::Column(Column::from(rows.schema().qualified_field(0)));
    let (all, known) = (fresh("__member"), fresh("__member"));
    let counted =
        vec![count_udaf().call(vec![lit(1_i64)]).alias(all.as_str()), count_udaf().call(vec![member]).alias(known.as_str())];
    let plan = LogicalPlanBuilder::from(rows).aggregate(Vec::<Expr>::new(), counted)?.build()?;
    let column = |name: String| Expr::Column(Column::new_unqualified(name));
    Ok((column(all), column(known), plan))
}
