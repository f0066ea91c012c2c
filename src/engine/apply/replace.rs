//! Subqueries in an expression, which become columns that its input is made to give. One that the expression asks for under a condition, in a
//! branch of `CASE` or behind `AND`, is run for those rows alone of which the condition holds, as PostgreSQL does: for the others it may
//! fail, or be dear.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{
    AggregateFunction, BinaryExpr, Case, Exists, InSubquery, ScalarFunction, SetComparison, SetQuantifier,
};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit, not};

use super::node::{Apply, Gives, fresh};
use super::{applied, bind, compared, exists, holds_subquery, outside, value};

/// The expression with columns in place of subqueries, which `input` is made to give.
pub fn replaced(expr: Expr, input: &mut LogicalPlan) -> Result<Transformed<Expr>> {
    Replacing { input, conditions: Vec::new() }.expression(expr)
}

/// What decides whether a part of an expression is evaluated: none of `before` is true, and `here` is.
struct Condition {
    before: Vec<Expr>,
    here: Option<Expr>,
}

struct Replacing<'a> {
    input: &'a mut LogicalPlan,
    /// Those around what is looked at, the outermost first. Their own subqueries are columns by then.
    conditions: Vec<Condition>,
}

impl Replacing<'_> {
    fn expression(&mut self, expr: Expr) -> Result<Transformed<Expr>> {
        if !holds_subquery(Some(&expr))? {
            return Ok(Transformed::no(expr));
        }
        match expr {
            Expr::Case(case) => self.case(case).map(Transformed::yes),
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
                let left = self.expression(*left)?.data;
                let decided = if op == Operator::And { left.clone().is_false() } else { left.clone().is_true() };
                let right = self.under(vec![decided], None, *right)?;
                Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) })))
            }
            Expr::ScalarFunction(call) if call.func.name() == "coalesce" => self.coalesce(call).map(Transformed::yes),
            Expr::AggregateFunction(call) if call.params.filter.is_some() => self.aggregate(call).map(Transformed::yes),
            other => other.map_children(|child| self.expression(child))?.transform_parent(|expr| self.subquery(expr)),
        }
    }

    /// The expression's part, evaluated only when none of `before` is true and `here` is.
    fn under(&mut self, before: Vec<Expr>, here: Option<Expr>, expr: Expr) -> Result<Expr> {
        self.conditions.push(Condition { before, here });
        let expr = self.expression(expr);
        self.conditions.pop();
        Ok(expr?.data)
    }

    fn case(&mut self, case: Case) -> Result<Expr> {
        let base = case.expr.map(|base| Ok::<_, datafusion::error::DataFusionError>(self.expression(*base)?.data)).transpose()?;
        let mut before = Vec::new();
        let mut branches = Vec::with_capacity(case.when_then_expr.len());
        for (when, then) in case.when_then_expr {
            let when = self.under(before.clone(), None, *when)?;
            let holds = base.as_ref().map_or_else(|| when.clone(), |base| base.clone().eq(when.clone()));
            let then = self.under(before.clone(), Some(holds.clone()), *then)?;
            before.push(holds);
            branches.push((Box::new(when), Box::new(then)));
        }
        let otherwise = case.else_expr.map(|expr| self.under(before, None, *expr).map(Box::new)).transpose()?;
        Ok(Expr::Case(Case::new(base.map(Box::new), branches, otherwise)))
    }

    fn coalesce(&mut self, call: ScalarFunction) -> Result<Expr> {
        let mut before: Vec<Expr> = Vec::new();
        let mut args = Vec::with_capacity(call.args.len());
        for argument in call.args {
            let argument = self.under(before.clone(), None, argument)?;
            before.push(argument.clone().is_not_null());
            args.push(argument);
        }
        Ok(Expr::ScalarFunction(ScalarFunction { args, ..call }))
    }

    /// An aggregate whose `FILTER` says of which rows it takes its arguments.
    fn aggregate(&mut self, mut call: AggregateFunction) -> Result<Expr> {
        let filter = call.params.filter.take().map(|filter| self.expression(*filter)).transpose()?.map(|filter| filter.data);
        let args = std::mem::take(&mut call.params.args);
        call.params.args = args.into_iter().map(|a| self.under(Vec::new(), filter.clone(), a)).collect::<Result<_>>()?;
        for by in &mut call.params.order_by {
            let expr = std::mem::replace(&mut by.expr, lit(true));
            by.expr = self.under(Vec::new(), filter.clone(), expr)?;
        }
        call.params.filter = filter.map(Box::new);
        Ok(Expr::AggregateFunction(call))
    }

    /// A subquery as a column.
    fn subquery(&mut self, expr: Expr) -> Result<Transformed<Expr>> {
        let schema = Arc::clone(self.input.schema());
        let (subquery, negated) = match expr {
            Expr::ScalarSubquery(subquery) if bind::outer_columns(&subquery.subquery, Some(&schema))?.is_empty() => {
                // It runs once, by itself; what it contains may not.
                let inner = applied(Arc::unwrap_or_clone(subquery.subquery))?;
                return Ok(inner.update_data(|inner| Expr::ScalarSubquery(Subquery { subquery: Arc::new(inner), ..subquery })));
            }
            Expr::ScalarSubquery(subquery) => (value(subquery), false),
            Expr::Exists(Exists { subquery, negated }) => (exists(subquery)?, negated),
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                (compared(outside(*expr, &schema)?, Operator::Eq, &SetQuantifier::Any, subquery)?, negated)
            }
            Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
                (compared(outside(*expr, &schema)?, op, &quantifier, subquery)?, false)
            }
            other => return Ok(Transformed::no(other)),
        };
        let only_if = self.condition()?;
        let name = fresh("__value");
        *self.input = Apply::plan(self.input.clone(), subquery, Gives::Value { name: name.clone(), only_if })?;
        let value = Expr::Column(Column::new_unqualified(name));
        Ok(Transformed::yes(if negated { not(value) } else { value }))
    }

    /// The column that the input is made to give for the conditions, if there are any. One that is not the same when it is asked for again
    /// decides nothing.
    fn condition(&mut self) -> Result<Option<Column>> {
        let conditions = self.conditions.iter().filter(|c| !c.before.is_empty() || c.here.is_some());
        let all: Vec<&Condition> = conditions.collect();
        if all.is_empty() || all.iter().any(|c| c.before.iter().chain(&c.here).any(Expr::is_volatile)) {
            return Ok(None);
        }
        // One within the other, so that an inner condition is looked at only when the outer one holds.
        let mut holds = lit(true);
        for Condition { before, here } in all.into_iter().rev() {
            let mut branches: Vec<(Box<Expr>, Box<Expr>)> =
                before.iter().map(|when| (Box::new(when.clone()), Box::new(lit(false)))).collect();
            let otherwise = match here {
                Some(here) => {
                    branches.push((Box::new(here.clone()), Box::new(holds)));
                    lit(false)
                }
                None => holds,
            };
            holds = Expr::Case(Case::new(None, branches, Some(Box::new(otherwise))));
        }
        let name = fresh("__asked");
        let columns = self.input.schema().columns().into_iter().map(Expr::Column).chain([holds.alias(name.as_str())]);
        *self.input = LogicalPlanBuilder::from(self.input.clone()).project(columns)?.build()?;
        Ok(Some(Column::new_unqualified(name)))
    }
}
