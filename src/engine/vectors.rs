//! What the types of `pg_catalog` need that no other's do: an `int2vector` or `oidvector` counts from 0 and is written without braces, a `name` is
//! an array of characters too, a `regproc` is written as its function's name. A column has such a type by its mark, whatever it is called.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, LogicalPlan, lit};
use datafusion::optimizer::AnalyzerRule;

use super::{expressions, functions};
use crate::table::pg_type::{self, PgType};

/// Subscripts of vectors, which everything behind this planner counts from 1, and of names; and the rule for what is done with whole ones.
#[derive(Debug, Default)]
pub struct Vectors;

impl ExprPlanner for Vectors {
    fn plan_field_access(&self, access: RawFieldAccessExpr, schema: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
        if let GetFieldAccess::ListIndex { key } = &access.field_access
            && is(&access.expr, schema, |pg| *pg == pg_type::NAME)
        {
            return Ok(PlannerResult::Planned(call("name_at", vec![access.expr, key.as_ref().clone()])?));
        }
        if !counts_from_0(&access.expr, schema) {
            return Ok(PlannerResult::Original(access));
        }
        let from_1 = |bound: Box<Expr>| -> Box<Expr> {
            // A bound that is left out stays so.
            let is_open = bound.get_type(schema).is_ok_and(|t| t.is_string());
            if is_open { bound } else { Box::new(*bound + lit(1_i64)) }
        };
        let field_access = match access.field_access {
            GetFieldAccess::ListIndex { key } => GetFieldAccess::ListIndex { key: from_1(key) },
            GetFieldAccess::ListRange { start, stop, stride } => {
                GetFieldAccess::ListRange { start: from_1(start), stop: from_1(stop), stride }
            }
            named @ GetFieldAccess::NamedStructField { .. } => named,
        };
        Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr: access.expr }))
    }
}

impl AnalyzerRule for Vectors {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        expressions::changed(plan, |expr, schema, _| written(expr, schema))
    }

    fn name(&self) -> &str {
        "vectors"
    }
}

fn written(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match &expr {
        Expr::Cast(Cast { expr: inner, field }) if field.data_type().is_string() => {
            let show = if is_vector(inner, schema) {
                "vector_text"
            } else if is(inner, schema, |pg| *pg == pg_type::REGPROC) {
                "regproc_name"
            } else {
                return Ok(Transformed::no(expr));
            };
            let text = call(show, vec![inner.as_ref().clone()])?;
            Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(text), field: field.clone() })))
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) => {
            let name = func.name();
            if !["array_lower", "array_upper", "generate_subscripts"].contains(&name)
                || !args.first().is_some_and(|vector| is_vector(vector, schema))
            {
                return Ok(Transformed::no(expr));
            }
            Ok(Transformed::yes(match name {
                "generate_subscripts" => call("array_subscripts", vec![args[0].clone(), lit(0_i64)])?,
                _ => expr.clone() - lit(1_i32),
            }))
        }
        _ => Ok(Transformed::no(expr)),
    }
}

/// Whether it is a vector, or one that was cast to an array and keeps its places.
fn counts_from_0(expr: &Expr, schema: &DFSchema) -> bool {
    match expr {
        Expr::Cast(cast) if !cast.field.data_type().is_string() => counts_from_0(&cast.expr, schema),
        Expr::Alias(alias) => counts_from_0(&alias.expr, schema),
        other => is_vector(other, schema),
    }
}

fn is_vector(expr: &Expr, schema: &DFSchema) -> bool {
    is(expr, schema, PgType::is_vector)
}

fn is(expr: &Expr, schema: &DFSchema, test: impl Fn(&PgType) -> bool) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| test(PgType::of_field(&field)))
}

fn call(name: &str, arguments: Vec<Expr>) -> Result<Expr> {
    let function = functions::named(name).ok_or_else(|| DataFusionError::Internal(format!("no function {name}")))?;
    Ok(Expr::ScalarFunction(ScalarFunction::new_udf(function, arguments)))
}
