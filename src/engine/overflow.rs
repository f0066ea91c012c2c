//! Whole numbers that do not fit: PostgreSQL says so (22003), DataFusion would go round and on from the other end. Sums, differences and
//! products of integers are therefore planned as functions that look. Of unsigned ones they are planned as PostgreSQL's signed types.

use datafusion::arrow::compute::kernels::numeric::{add, mul, sub};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;
use datafusion::sql::sqlparser::ast::BinaryOperator;
use std::sync::Arc;

use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// Puts the functions in place of the operators, once the types on both sides are settled.
#[derive(Debug, Default)]
pub struct Checked;

impl AnalyzerRule for Checked {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let checked = plan.transform_up_with_subqueries(|node| {
            let mut schema = merge_schema(&node.inputs());
            if let LogicalPlan::TableScan(scan) = &node {
                schema.merge(&scan.projected_schema);
            }
            // Names are looked up above: those of windows and aggregates hold what they sort and filter by.
            let names = NamePreserver::new(&node);
            node.map_expressions(|expr| {
                let name = names.save(&expr);
                let looking = expr.transform_up(|expr| Ok(checked(expr, &schema)))?;
                Ok(looking.update_data(|expr| name.restore(expr)))
            })
        })?;
        Ok(checked.data)
    }

    fn name(&self) -> &str {
        "Checked"
    }
}

/// Gives arithmetic of unsigned integers the signed types that clients see them as ([`PgType::of`]): a difference may well be negative.
#[derive(Debug)]
pub struct Signed;

impl ExprPlanner for Signed {
    fn plan_binary_op(&self, mut expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let is_arithmetic = matches!(expr.op, BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply);
        if is_arithmetic && let (Some(left), Some(right)) = (signed(&expr.left, schema), signed(&expr.right, schema)) {
            expr.left = cast(expr.left, left);
            expr.right = cast(expr.right, right);
        }
        Ok(PlannerResult::Original(expr))
    }
}

/// The signed type of an unsigned integer.
fn signed(expr: &Expr, schema: &DFSchema) -> Option<DataType> {
    Some(match expr.get_type(schema).ok()? {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        _ => return None,
    })
}

/// The function in place of an operator on integers; any other expression as it is.
fn checked(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return Transformed::no(expr) };
    let is_arithmetic = matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply);
    let is_integer = |e: &Expr| e.get_type(schema).is_ok_and(|t| t.is_integer());
    if !is_arithmetic || !is_integer(&left) || !is_integer(&right) {
        return Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }));
    }
    let function = ScalarUDF::from(Arithmetic { op, signature: Signature::any(2, Volatility::Immutable) });
    Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function), vec![*left, *right])))
}

/// `+`, `-` or `*` of two integers of one type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Arithmetic {
    op: Operator,
    signature: Signature,
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        match self.op {
            Operator::Plus => "+",
            Operator::Minus => "-",
            _ => "*",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    /// As the operator is shown, which also is what a column is called.
    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        let [left, right] = arguments else { return Ok(self.name().to_owned()) };
        Ok(format!("{left} {} {right}", self.op))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let [left, right] = arguments else { return Ok(self.name().to_owned()) };
        Ok(format!("{} {} {}", left.schema_name(), self.op, right.schema_name()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return Err(DataFusionError::Internal(format!("{} of two values", self.op)));
        };
        let done = match self.op {
            Operator::Plus => apply(left, right, add),
            Operator::Minus => apply(left, right, sub),
            _ => apply(left, right, mul),
        };
        done.map_err(|e| match e.find_root() {
            DataFusionError::ArrowError(e, _) if matches!(**e, ArrowError::ArithmeticOverflow(_)) => {
                let name = PgType::of(args.return_type()).sql_name;
                DataFusionError::External(Box::new(Error::new(Kind::OutOfRange, format!("{name} out of range"))))
            }
            _ => e,
        })
    }
}
