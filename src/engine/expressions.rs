//! The walk of the rules that look at expressions and their types: over a plan with its subqueries, from the leaves up.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan};

/// The type of an expression. Of a chain of operators DataFusion makes a name at each of them to tell it, and each operator is asked for it.
pub fn type_of(expr: &Expr, schema: &DFSchema) -> Result<DataType> {
    let (mut first, mut chain) = (expr, Vec::new());
    while let Expr::BinaryExpr(BinaryExpr { left, op, right }) = first {
        chain.push((op, right));
        first = left;
    }
    let first = first.get_type(schema)?;
    chain
        .into_iter()
        .rev()
        .try_fold(first, |left, (op, right)| BinaryTypeCoercer::new(&left, op, &type_of(right, schema)?).get_result_type())
}

/// The plan with each part of its expressions changed; columns keep their names. `change` is given the columns that an expression may name, and
/// whether it is of a join.
pub fn changed(
    plan: LogicalPlan,
    mut change: impl FnMut(Expr, &DFSchema, bool) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    let changed = plan.transform_up_with_subqueries(|node| {
        let mut schema = merge_schema(&node.inputs());
        if let LogicalPlan::TableScan(scan) = &node {
            schema.merge(&scan.projected_schema);
        }
        let names = NamePreserver::new(&node);
        let is_join = matches!(node, LogicalPlan::Join(_));
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let done = expr.transform_up(|expr| change(expr, &schema, is_join))?;
            Ok(done.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(changed.data)
}
