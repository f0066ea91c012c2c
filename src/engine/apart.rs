//! `named(x, text)` is `x` under a name of its own, while names are resolved: DataFusion leaves casts and parentheses out of a column's name, and
//! takes `sum(a - (b - c))` and `sum(a - b - c)` for one. `dialect::apart` writes it, and [`unnamed`] takes it out of the plan, whose columns keep
//! the names.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{ScalarValue, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The function's name.
pub const NAMED: &str = "stoa_named";

/// The function.
pub fn function() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Named { signature: Signature::any(2, Volatility::Immutable) }))
}

/// The plan without the function, once all names are resolved.
pub fn unnamed(plan: LogicalPlan) -> Result<LogicalPlan> {
    if !super::apply::holds(&plan, &is_named)? {
        return Ok(plan);
    }
    let plan = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let bare = expr.transform_up(|expr| {
                Ok(match expr {
                    Expr::ScalarFunction(mut call) if call.func.name() == NAMED => Transformed::yes(call.args.swap_remove(0)),
                    other => Transformed::no(other),
                })
            })?;
            Ok(bare.update_data(|expr| name.restore(expr)))
        })?;
        node.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(plan.data)
}

fn is_named(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(ScalarFunction { func, .. }) if func.name() == NAMED)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Named {
    signature: Signature,
}

impl ScalarUDFImpl for Named {
    fn name(&self) -> &'static str {
        NAMED
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().ok_or_else(|| internal_datafusion_err!("{NAMED}() of nothing"))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field: Option<&FieldRef> = args.arg_fields.first();
        let field: &Field = field.ok_or_else(|| internal_datafusion_err!("{NAMED}() of nothing"))?;
        Ok(Arc::new(field.clone()))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        match arguments {
            [_, Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _)] => Ok(text.clone()),
            _ => Ok(NAMED.to_owned()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.into_iter().next().ok_or_else(|| internal_datafusion_err!("{NAMED}() of nothing"))
    }
}
