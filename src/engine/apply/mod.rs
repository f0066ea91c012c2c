//! Correlated subqueries and LATERAL that DataFusion has no join for: they run once for each different row of the columns they refer to.
//! What DataFusion turns into joins stays its work; how a subquery's rows become a value is decided here, how it runs in `exec`.

mod ambiguous;
mod bind;
mod early;
mod exec;
mod membership;
mod node;
mod none;
mod replace;
mod single;
mod unfold;

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ExprSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::execution::session_state::SessionState;
use datafusion::functions_aggregate::bool_and_or::{bool_and_udaf, bool_or_udaf};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_conjunction_owned};
use datafusion::logical_expr::{
    Expr, Extension, Filter, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, binary_expr, col, lit, when,
};

pub use self::exec::Planner;
use self::node::{Apply, Gives};
use self::replace::replaced;
pub use self::single::{FEW, ONLY, register};
use super::lazy::lazy;

/// The optimised plan. Where DataFusion leaves a subquery that it can't run, or gives up over one, the plan is made anew with all
/// subqueries that refer outside applied row by row.
pub fn optimize(state: &SessionState, plan: &LogicalPlan) -> Result<LogicalPlan> {
    let mut plan = membership::mended(plan.clone())?;
    if holds(&plan, &none::is_asked)? {
        plan = none::nullable(plan)?;
    }
    if holds(&plan, &|expr| subquery_of(expr).is_some_and(ambiguous::names))? {
        return prepared(state, &applied(plan)?.data);
    }
    if !has_subqueries(&plan)? {
        return prepared(state, &plan);
    }
    if !membership::in_outer_joins(&plan)?
        && let Ok(joined) = &state.optimize(&plan)
        && !has_subqueries(joined)?
        && is_sound(joined)?
    {
        return prepared_in(state, joined.clone());
    }
    prepared(state, &applied(plan)?.data)
}

/// The optimised plan, with the subqueries of its applies optimised too: once for all rows.
fn prepared(state: &SessionState, plan: &LogicalPlan) -> Result<LogicalPlan> {
    prepared_in(state, state.optimize(plan)?)
}

fn prepared_in(state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan> {
    let prepared = plan.transform_up_with_subqueries(|node| match Apply::of(&node) {
        Some(apply) if !apply.is_prepared() => {
            let apply = apply.prepared(|subquery| optimize(state, subquery))?;
            Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(apply) })))
        }
        _ => Ok(Transformed::no(node)),
    })?;
    lazy(early::sorted(prepared.data)?)
}

/// Whether a plan has subqueries that no operator stands for yet.
fn has_subqueries(plan: &LogicalPlan) -> Result<bool> {
    let mut lateral = false;
    plan.apply_with_subqueries(|node| {
        // An apply whose subquery refers to what is not its input waits for the one around it.
        lateral |= Apply::of(node).is_some_and(|apply| !apply.is_bound());
        // One in an expression is looked at too, but is no input of the node.
        lateral |= node.inputs().iter().any(|input| matches!(input, LogicalPlan::Subquery(_)));
        Ok(if lateral { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    let left = |expr: &Expr| match expr {
        Expr::ScalarSubquery(subquery) => !is_free(subquery),
        Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) | Expr::OuterReferenceColumn(..) => true,
        _ => false,
    };
    Ok(lateral || holds(plan, &left)?)
}

/// Whether all columns that a plan's operators name are of their inputs: DataFusion's joins take what refers past the next query for a column of it.
fn is_sound(plan: &LogicalPlan) -> Result<bool> {
    let mut sound = true;
    plan.apply_with_subqueries(|node| {
        if node.inputs().is_empty() {
            return Ok(TreeNodeRecursion::Continue);
        }
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            sound &= expr.column_refs().into_iter().all(|column| schema.has_column(column));
            Ok(if sound { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
        })
    })?;
    Ok(sound)
}

/// Whether an expression of a plan, or of a subquery in it, is so.
pub fn holds(plan: &LogicalPlan, is_so: &dyn Fn(&Expr) -> bool) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                found |= is_so(expr);
                Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    Ok(found)
}

/// The plan with its subqueries applied, from the leaves up.
fn applied(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    plan.transform_up(|node| {
        let node = match node {
            // A relation that refers outside, and not to one beside it.
            LogicalPlan::Subquery(subquery) => return Ok(Transformed::yes(Arc::unwrap_or_clone(subquery.subquery))),
            LogicalPlan::Join(join) if is_lateral(&join)? => return lateral(join).map(Transformed::yes),
            // Of an outer join the rows of the other side are looked for row by row.
            LogicalPlan::Join(join) if join.join_type == JoinType::Left && holds_subquery(join.filter.as_ref())? => {
                return lateral(join).map(Transformed::yes);
            }
            LogicalPlan::Join(join) if join.join_type == JoinType::Right && holds_subquery(join.filter.as_ref())? => {
                let columns: Vec<Expr> = join.schema.columns().into_iter().map(Expr::Column).collect();
                let on = join.on.into_iter().map(|(left, right)| (right, left)).collect();
                let mirrored = Join { left: join.right, right: join.left, on, join_type: JoinType::Left, ..join };
                let plan = LogicalPlanBuilder::from(lateral(mirrored)?).project(columns)?.build()?;
                return Ok(Transformed::yes(plan));
            }
            // The condition of an inner join filters its product: its subqueries see both sides.
            LogicalPlan::Join(mut join) if join.join_type == JoinType::Inner && holds_subquery(join.filter.as_ref())? => {
                let condition = join.filter.take();
                let product = Arc::new(LogicalPlan::Join(join));
                LogicalPlan::Filter(Filter::try_new(condition.unwrap_or_else(|| lit(true)), product)?)
            }
            other => other,
        };
        match node.inputs().as_slice() {
            [_] => values(node),
            _ => Ok(Transformed::no(node)),
        }
    })
}

fn holds_subquery(expr: Option<&Expr>) -> Result<bool> {
    expr.map_or(Ok(false), |expr| expr.exists(|expr| Ok(subquery_of(expr).is_some())))
}

fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery)
        | Expr::Exists(Exists { subquery, .. })
        | Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::SetComparison(SetComparison { subquery, .. }) => Some(subquery),
        _ => None,
    }
}

/// Whether the right side refers to columns of the left.
fn is_lateral(join: &Join) -> Result<bool> {
    let left = join.left.schema();
    let outside =
        matches!(join.join_type, JoinType::Inner | JoinType::Left) && !bind::outer_columns(&join.right, Some(left))?.is_empty();
    Ok(outside)
}

/// A join whose right side is run for each row of the left.
fn lateral(join: Join) -> Result<LogicalPlan> {
    let right = join.right.as_ref().clone().transform_down(|node| {
        Ok(match node {
            LogicalPlan::Subquery(subquery) => Transformed::yes(Arc::unwrap_or_clone(subquery.subquery)),
            other => Transformed::no(other),
        })
    });
    let mut right = right?.data;
    if let Some(unfolded) = unfold::beside(&join, &right) {
        return Ok(unfolded);
    }
    let left = Arc::unwrap_or_clone(join.left);
    let equal = join.on.into_iter().map(|(a, b)| a.eq(b));
    if let Some(condition) = conjunction(equal.chain(join.filter)) {
        let condition = outside(condition, left.schema())?;
        right = LogicalPlanBuilder::from(right).filter(condition)?.build()?;
    }
    let gives = Gives::Rows { or_nulls: join.join_type == JoinType::Left };
    Apply::plan(left, right, gives)
}

/// A node with the subqueries of its expressions replaced by columns of its input.
fn values(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let is_filter = matches!(node, LogicalPlan::Filter(_));
    rewritten(node, &mut |term, input| {
        // A filter by what is `IN` a subquery, or that there is one, is a join when the subquery stands by itself.
        let is_join = is_filter && matches!(term, Expr::Exists(_) | Expr::InSubquery(_)) && !refers_outside(&term);
        if is_join { Ok(Transformed::no(term)) } else { replaced(term, input) }
    })
}

/// A node of one input with its expressions, or a filter's terms, changed; what they need besides, the input is made to give.
fn rewritten(
    node: LogicalPlan,
    change: &mut dyn FnMut(Expr, &mut LogicalPlan) -> Result<Transformed<Expr>>,
) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&node);
    let mut input = node.inputs()[0].clone();
    let mut changed = false;
    let mut exprs = Vec::new();
    let is_filter = matches!(node, LogicalPlan::Filter(_));
    for expr in node.expressions() {
        let name = names.save(&expr);
        let mut terms = if is_filter { split_conjunction_owned(expr) } else { vec![expr] };
        if is_filter {
            // What needs no subquery decides first.
            let (asking, plain): (Vec<_>, Vec<_>) =
                terms.into_iter().partition(|term| holds_subquery(Some(term)).unwrap_or(true));
            if let (false, Some(plain)) = (asking.is_empty(), conjunction(plain.iter().cloned())) {
                input = LogicalPlanBuilder::from(input).filter(plain)?.build()?;
            }
            terms = if asking.is_empty() { plain } else { asking };
        }
        let mut kept = Vec::new();
        for term in terms {
            let term = change(term, &mut input)?;
            changed |= term.transformed;
            kept.push(term.data);
        }
        exprs.push(name.restore(conjunction(kept).unwrap_or_else(|| lit(true))));
    }
    if !changed {
        return Ok(Transformed::no(node));
    }
    let columns: Vec<Expr> = node.schema().columns().into_iter().map(Expr::Column).collect();
    let keeps_its_input = !matches!(node, LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_));
    let rebuilt = node.with_new_exprs(exprs, vec![input])?;
    Ok(Transformed::yes(if keeps_its_input { LogicalPlanBuilder::from(rebuilt).project(columns)?.build()? } else { rebuilt }))
}

fn refers_outside(expr: &Expr) -> bool {
    subquery_of(expr).is_some_and(|subquery| !is_free(subquery))
}

/// Whether a subquery refers to nothing outside, also where it contains others: DataFusion lists only what it refers to itself.
fn is_free(subquery: &Subquery) -> bool {
    bind::outer_columns(&subquery.subquery, None).is_ok_and(|columns| columns.is_empty())
}

fn value(subquery: Subquery) -> LogicalPlan {
    Arc::unwrap_or_clone(subquery.subquery)
}

/// One row that says whether there is any.
fn exists(subquery: Subquery) -> Result<LogicalPlan> {
    let count = count_udaf().call(vec![lit(1_i64)]).alias("rows");
    let first = LogicalPlanBuilder::from(value(subquery)).limit(0, Some(1))?;
    first.aggregate(Vec::<Expr>::new(), vec![count])?.project(vec![col("rows").gt(lit(0_i64)).alias("exists")])?.build()
}

/// One row that says whether `left op x` holds for any, or for all, of the rows: NULL when that hangs on a NULL.
fn compared(left: Expr, op: Operator, quantifier: &SetQuantifier, subquery: Subquery) -> Result<LogicalPlan> {
    let rows = value(subquery);
    let right = Expr::Column(Column::from(rows.schema().qualified_field(0)));
    let holds = binary_expr(left, op, right);
    let (decides, decided) = match quantifier {
        SetQuantifier::Any => (bool_or_udaf(), true),
        SetQuantifier::All => (bool_and_udaf(), false),
    };
    let counts = vec![
        decides.call(vec![holds.clone()]).alias("decides"),
        count_udaf().call(vec![holds]).alias("known"),
        count_udaf().call(vec![lit(1_i64)]).alias("rows"),
    ];
    let verdict = if decided { col("decides").is_true() } else { col("decides").is_false() };
    let verdict = when(verdict, lit(decided))
        .when(col("known").lt(col("rows")), lit(ScalarValue::Boolean(None)))
        .otherwise(lit(!decided))?;
    LogicalPlanBuilder::from(rows).aggregate(Vec::<Expr>::new(), counts)?.project(vec![verdict.alias("holds")])?.build()
}

/// The expression as a subquery of the row sees it: columns of `schema` are outer ones.
fn outside(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let outer = expr.transform_up(|expr| match expr {
        Expr::Column(column) if schema.has_column(&column) => {
            let field = Arc::clone(schema.field_from_column(&column)?);
            Ok(Transformed::yes(Expr::OuterReferenceColumn(field, column)))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(outer?.data)
}
