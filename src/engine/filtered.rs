//! The arguments of an aggregate with a FILTER are calculated for the rows that it lets through alone: `sum(1 / x) FILTER (WHERE x <> 0)` divides by no
//! zero. DataFusion calculates them for all rows first; in a CASE it does not.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Case, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::optimizer::AnalyzerRule;

/// The rule; it stands behind all that change types.
#[derive(Debug, Default)]
pub struct Filtered;

impl AnalyzerRule for Filtered {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let changed = plan.transform_up_with_subqueries(|node| {
            if !matches!(node, LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)) {
                return Ok(Transformed::no(node));
            }
            let (schema, names) = (merge_schema(&node.inputs()), NamePreserver::new(&node));
            node.map_expressions(|expr| {
                let name = names.save(&expr);
                let done = expr.transform_up(|expr| call(expr, &schema))?;
                Ok(done.update_data(|expr| name.restore(expr)))
            })
        })?;
        Ok(changed.data)
    }

    fn name(&self) -> &str {
        "filtered"
    }
}

fn call(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::AggregateFunction(mut call) => {
            let Some(filter) = call.params.filter.clone() else { return Ok(Transformed::no(Expr::AggregateFunction(call))) };
            let mut changed = false;
            for argument in call.params.args.iter_mut().chain(call.params.order_by.iter_mut().map(|by| &mut by.expr)) {
                changed |= only_where(&filter, argument, schema)?;
            }
            Ok(Transformed::new_transformed(Expr::AggregateFunction(call), changed))
        }
        Expr::WindowFunction(mut call) => {
            let WindowFunction { params, .. } = call.as_mut();
            let Some(filter) = params.filter.clone() else { return Ok(Transformed::no(Expr::WindowFunction(call))) };
            let mut changed = false;
            for argument in &mut params.args {
                changed |= only_where(&filter, argument, schema)?;
            }
            Ok(Transformed::new_transformed(Expr::WindowFunction(call), changed))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Whether an expression never fails, so that it may be calculated for any row.
fn is_safe(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) | Expr::Placeholder(_) => true,
        Expr::Alias(alias) => is_safe(&alias.expr),
        Expr::Not(of) | Expr::IsNull(of) | Expr::IsNotNull(of) => is_safe(of),
        _ => false,
    }
}

/// The argument where the filter holds, elsewhere NULL.
fn only_where(filter: &Expr, argument: &mut Expr, schema: &DFSchema) -> Result<bool> {
    if is_safe(argument) {
        return Ok(false);
    }
    let (_, field) = argument.to_field(schema)?;
    let then = std::mem::take(argument);
    let case = Expr::Case(Case::new(None, vec![(Box::new(filter.clone()), Box::new(then))], None));
    let metadata = field.metadata().clone();
    *argument = if metadata.is_empty() { case } else { ScalarUDF::from(Same::new(metadata)).call(vec![case]) };
    Ok(true)
}

/// Its argument, of a field with what was known of it.
#[derive(Debug, PartialEq, Eq)]
struct Same {
    metadata: HashMap<String, String>,
    signature: Signature,
}

impl std::hash::Hash for Same {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.metadata.len().hash(state);
    }
}

impl Same {
    fn new(metadata: HashMap<String, String>) -> Self {
        Self { metadata, signature: Signature::any(1, Volatility::Immutable) }
    }
}

fn nothing() -> DataFusionError {
    DataFusionError::Internal("no argument".to_owned())
}

impl ScalarUDFImpl for Same {
    fn name(&self) -> &str {
        "same"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(nothing)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = args.arg_fields.first().ok_or_else(nothing)?;
        Ok(Arc::new(field.as_ref().clone().with_metadata(self.metadata.clone())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.into_iter().next().ok_or_else(nothing)
    }
}
