//! What need not be evaluated is not: `x <> 0 AND 6 / x > 2` divides for those rows alone whose `x` is not 0. PostgreSQL evaluates row by row and
//! stops where the rest is decided; DataFusion evaluates whole columns, makes `AND` of a `CASE` of booleans, and may turn the terms of a filter
//! round. So what can fail is put into a `CASE`, which is lazy everywhere. It comes last: the optimizer would undo it.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{BinaryExpr, Cast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_binary_owned, split_conjunction_owned};
use datafusion::logical_expr::{Expr, ExprSchemable, Filter, LogicalPlan, Operator, lit, when};

/// Functions that have a value for all that they are given.
const TOTAL: [&str; 17] = [
    "btrim",
    "character_length",
    "coalesce",
    "date_part",
    "date_trunc",
    "lower",
    "ltrim",
    "md5",
    "now",
    "nullif",
    "octet_length",
    "regexp_like",
    "reverse",
    "rtrim",
    "starts_with",
    "strpos",
    "upper",
];

/// How many terms that can fail are put one into the other: beyond, the plan would be deeper than it is worth.
const NESTED: usize = 32;

/// The optimised plan with lazy conditions.
pub fn lazy(plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(plan.transform_up_with_subqueries(of_node)?.data)
}

fn of_node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    match plan {
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let (predicate, changed) = condition(predicate, input.schema())?;
            Ok(Transformed::new_transformed(LogicalPlan::Filter(Filter::try_new(predicate, input)?), changed))
        }
        LogicalPlan::TableScan(mut scan) => {
            let Some(filters) = conjunction(std::mem::take(&mut scan.filters)) else {
                return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
            };
            let schema = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?;
            let (filters, changed) = condition(filters, &schema)?;
            scan.filters = split_conjunction_owned(filters);
            Ok(Transformed::new_transformed(LogicalPlan::TableScan(scan), changed))
        }
        LogicalPlan::Join(mut join) => {
            let Some(filter) = join.filter.take() else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
            let (filter, changed) = condition(filter, &merge_schema(&[&join.left, &join.right]))?;
            join.filter = Some(filter);
            Ok(Transformed::new_transformed(LogicalPlan::Join(join), changed))
        }
        other => {
            let schema = merge_schema(&other.inputs());
            // Nodes above name columns by what they were.
            let names = NamePreserver::new(&other);
            other.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(value(expr, &schema)?.update_data(|expr| name.restore(expr)))
            })
        }
    }
}

/// A condition of which only TRUE counts, and whether it is another now: what can't fail in the order of its terms, then what can, for the rows
/// that are left.
fn condition(expr: Expr, schema: &DFSchema) -> Result<(Expr, bool)> {
    if !can_fail(&expr, schema) {
        return Ok((expr, false));
    }
    let mut changed = false;
    let mut sure = Vec::new();
    let mut unsure = Vec::new();
    for term in split_conjunction_owned(expr) {
        let term = value(term, schema)?;
        changed |= term.transformed;
        if can_fail(&term.data, schema) { unsure.push(term.data) } else { sure.push(term.data) }
    }
    let mut before = conjunction(sure.iter().filter(|term| !term.is_volatile()).cloned());
    let mut rest: Option<Expr> = None;
    for (i, term) in unsure.into_iter().enumerate() {
        changed |= before.is_some();
        rest = Some(match before.take() {
            Some(holds) if i < NESTED => when(holds, term).otherwise(lit(false))?,
            Some(holds) => holds.and(term),
            None => term,
        });
        before.clone_from(&rest);
    }
    Ok((conjunction(sure.into_iter().chain(rest)).unwrap_or_else(|| lit(true)), changed))
}

/// The expression, with each part that can fail evaluated for those rows alone whose value hangs on it.
fn value(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if !can_fail(&expr, schema) {
        return Ok(Transformed::no(expr));
    }
    expr.transform_down(|expr| match expr {
        Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) => {
            let terms = split_binary_owned(expr, op).into_iter().map(|term| Ok(value(term, schema)?.data));
            let terms = terms.collect::<Result<Vec<_>>>()?;
            Ok(Transformed::new(chain(terms, op, schema)?, true, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// The terms with `AND` or `OR` between them: what can't fail, then one after the other what can, each when it is not decided before.
fn chain(terms: Vec<Expr>, op: Operator, schema: &DFSchema) -> Result<Expr> {
    let joined = |left, right| Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) });
    let (unsure, sure): (Vec<Expr>, Vec<Expr>) = terms.into_iter().partition(|term| can_fail(term, schema));
    let all = sure.into_iter().reduce(joined).into_iter().chain(unsure);
    let mut rest: Option<Expr> = None;
    for (i, term) in all.collect::<Vec<_>>().into_iter().rev().enumerate() {
        rest = Some(match rest {
            None => term,
            Some(rest) if term.is_volatile() || i > NESTED => joined(term, rest),
            Some(rest) => {
                let decides = op == Operator::Or;
                let decided = if decides { term.clone().is_true() } else { term.clone().is_false() };
                when(decided, lit(decides)).otherwise(joined(term, rest))?
            }
        });
    }
    Ok(rest.unwrap_or_else(|| lit(op == Operator::And)))
}

/// Whether the value of some row may be an error.
fn can_fail(expr: &Expr, schema: &DFSchema) -> bool {
    let fails = |expr: &Expr| match expr {
        Expr::BinaryExpr(BinaryExpr { op, .. }) => !is_total(*op),
        Expr::Cast(Cast { expr, field }) => !expr.get_type(schema).is_ok_and(|from| always_fits(&from, field.data_type())),
        Expr::ScalarFunction(call) => !TOTAL.contains(&call.func.name()),
        Expr::Negative(_) => true,
        // Columns, tests and what holds them; subqueries that are left run by themselves.
        _ => false,
    };
    expr.exists(|expr| Ok(fails(expr))).unwrap_or(true)
}

/// Whether it gives a value for all: comparisons, patterns, `AND` and `OR`.
fn is_total(op: Operator) -> bool {
    op.is_logic_operator() || op.supports_propagation()
}

/// Whether each value of one type has its like in the other.
fn always_fits(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, Date64, Float32, Float64, LargeUtf8, Timestamp, Utf8, Utf8View};
    match (from, to) {
        (from, to) if from == to => true,
        (DataType::Dictionary(_, from), to) => always_fits(from, to),
        (_, Utf8 | LargeUtf8 | Utf8View) | (Float32, Float64) | (Timestamp(..), Date32 | Date64) => true,
        (from, Float32 | Float64) => from.is_integer(),
        (from, to) if from.is_integer() && to.is_integer() => {
            let (narrow, wide) = (from.primitive_width(), to.primitive_width());
            if from.is_signed_integer() == to.is_signed_integer() {
                narrow <= wide
            } else {
                from.is_unsigned_integer() && narrow < wide
            }
        }
        _ => false,
    }
}
