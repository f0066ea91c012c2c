//! Rules over planned expressions: unknown literals beside dates and times are read as these, casts that DataFusion would do otherwise become
//! functions, and intervals are compared and sorted by their length.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, BinaryExpr, Cast, InList, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast,
};
use datafusion::optimizer::AnalyzerRule;

use super::aggregates;
use super::arithmetic::spans;
use super::casts;
use crate::engine::functions::function::{Type as T, outward};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// Rewrites every expression of a plan, names kept.
fn rewrite(plan: LogicalPlan, change: impl Fn(Expr, &DFSchema) -> Result<Transformed<Expr>>) -> Result<LogicalPlan> {
    let changed = plan.transform_up_with_subqueries(|node| {
        let mut schema = merge_schema(&node.inputs());
        if let LogicalPlan::TableScan(scan) = &node {
            schema.merge(&scan.projected_schema);
        }
        let is_sort = matches!(node, LogicalPlan::Sort(_));
        // Names are looked up above: those of windows and aggregates hold what they sort and filter by.
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| change(expr, &schema))?;
            let changed = if is_sort { changed.transform_data(|expr| Ok(by_length(expr, &schema)))? } else { changed };
            Ok(changed.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(changed.data)
}

/// Reads unknown literals in `BETWEEN`, `IN` and comparisons as what they are compared with. Runs before types are settled, which would
/// read them in Arrow's way.
#[derive(Debug)]
pub struct Unknowns;

impl AnalyzerRule for Unknowns {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, |expr, schema| Ok(known(expr, schema)))
    }

    fn name(&self) -> &str {
        "Unknowns"
    }
}

fn is_unknown(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(_)) | ScalarValue::Utf8View(Some(_)), _))
}

fn temporal(expr: &Expr, schema: &DFSchema) -> Option<DataType> {
    T::temporal(&expr.get_type(schema).ok()?)?.of_temporal()
}

fn known(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::Between(Between { expr, negated, low, high }) if is_unknown(&low) || is_unknown(&high) => {
            let t = temporal(&expr, schema);
            let read = |side: Box<Expr>| match &t {
                Some(t) if is_unknown(&side) => Box::new(cast(*side, t.clone())),
                Some(_) | None => side,
            };
            Transformed::yes(Expr::Between(Between { expr, negated, low: read(low), high: read(high) }))
        }
        Expr::InList(InList { expr, list, negated }) if list.iter().any(is_unknown) => {
            let t = temporal(&expr, schema);
            let read = |item: Expr| match &t {
                Some(t) if is_unknown(&item) => cast(item, t.clone()),
                Some(_) | None => item,
            };
            Transformed::yes(Expr::InList(InList { expr, list: list.into_iter().map(read).collect(), negated }))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_unknown(&left) != is_unknown(&right) => {
            let (left, right) = match (is_unknown(&left), temporal(&left, schema), temporal(&right, schema)) {
                (true, _, Some(t)) => (Box::new(cast(*left, t)), right),
                (false, Some(t), _) => (left, Box::new(cast(*right, t))),
                _ => (left, right),
            };
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right }))
        }
        Expr::AggregateFunction(mut call) => {
            let of_intervals = matches!(call.params.args.as_slice(), [of] if is_interval(of, schema));
            let function = if of_intervals { aggregates::extreme(call.func.name()) } else { None };
            let found = function.is_some();
            call.func = function.unwrap_or(call.func);
            let call = Expr::AggregateFunction(call);
            if found { Transformed::yes(call) } else { Transformed::no(call) }
        }
        other => Transformed::no(other),
    }
}

/// Puts functions in place of casts from and to dates, times and intervals, once types are settled.
#[derive(Debug)]
pub struct Casts;

impl Casts {
    fn change(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let (inner, to) = match &expr {
            Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => (expr, field.data_type()),
            _ => return Ok(compared(expr, schema)),
        };
        let own = inner.get_type(schema)?;
        let Some(from) = T::of(&own) else { return Ok(Transformed::no(expr)) };
        let Some(name) = casts::function(from, to) else {
            return if is_no_cast(from, to) { Err(outward(no_cast(inner, &own, to))) } else { Ok(Transformed::no(expr)) };
        };
        let to = to.clone();
        let inner = match expr {
            Expr::Cast(Cast { expr, .. }) | Expr::TryCast(TryCast { expr, .. }) => *expr,
            other => other,
        };
        let function =
            crate::engine::functions::named(name).ok_or_else(|| DataFusionError::Internal(format!("no function {name}")))?;
        let inner = match from.of_temporal() {
            Some(wanted) => exactly(inner, &wanted, schema)?,
            None => inner,
        };
        let call = function.call(vec![inner]);
        let gives = T::of(&to).and_then(T::of_temporal).unwrap_or(DataType::Utf8View);
        Ok(Transformed::yes(if gives == to { call } else { cast(call, to) }))
    }
}

/// Whether PostgreSQL has no such cast of a date, time or interval, or to one.
fn is_no_cast(from: T, to: &DataType) -> bool {
    T::of(to).is_some_and(|to| from != to && (from.of_temporal().is_some() || to.of_temporal().is_some()))
}

fn no_cast(expr: &Expr, from: &DataType, to: &DataType) -> Error {
    let from = match expr {
        Expr::Literal(ScalarValue::Int64(Some(n)), _) if i32::try_from(*n).is_ok() => "integer",
        _ => PgType::of(from).sql_name,
    };
    Error::new(Kind::CannotCast, format!("cannot cast type {from} to {}", PgType::of(to).sql_name))
}

/// The expression as a column of this very type.
fn exactly(expr: Expr, wanted: &DataType, schema: &DFSchema) -> Result<Expr> {
    Ok(if expr.get_type(schema)? == *wanted { expr } else { cast(expr, wanted.clone()) })
}

impl AnalyzerRule for Casts {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, Self::change)
    }

    fn name(&self) -> &str {
        "Casts"
    }
}

fn is_interval(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(expr.get_type(schema), Ok(DataType::Interval(_)))
}

/// Comparisons of intervals become those of their lengths.
fn compared(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let long = |expr: Box<Expr>| Box::new(by_length(*expr, schema).data);
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if is_comparison(op) && is_interval(&left, schema) && is_interval(&right, schema) =>
        {
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left: long(left), op, right: long(right) }))
        }
        Expr::Between(Between { expr, negated, low, high }) if is_interval(&expr, schema) => {
            Transformed::yes(Expr::Between(Between { expr: long(expr), negated, low: long(low), high: long(high) }))
        }
        Expr::InList(InList { expr, list, negated }) if is_interval(&expr, schema) => {
            let list = list.into_iter().map(|item| by_length(item, schema).data).collect();
            Transformed::yes(Expr::InList(InList { expr: long(expr), list, negated }))
        }
        other => Transformed::no(other),
    }
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn interval() -> DataType {
    DataType::Interval(IntervalUnit::MonthDayNano)
}

/// An interval's length in place of it.
fn by_length(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let is_other_unit = |t: &DataType| *t != interval();
    match expr.get_type(schema) {
        Ok(t @ DataType::Interval(_)) => {
            let expr = if is_other_unit(&t) { cast(expr, interval()) } else { expr };
            let length = Length { signature: Signature::exact(vec![interval()], Volatility::Immutable) };
            Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(length)), vec![expr])))
        }
        Ok(_) | Err(_) => Transformed::no(expr),
    }
}

/// Microseconds of an interval, months of 30 days: what PostgreSQL compares them by.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Length {
    signature: Signature,
}

impl ScalarUDFImpl for Length {
    fn name(&self) -> &str {
        "interval_length"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(38, 0))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some(array) = arrays.first() else { return Ok(ColumnarValue::Scalar(ScalarValue::Null)) };
        let lengths = spans(array.as_primitive::<IntervalMonthDayNanoType>()).with_precision_and_scale(38, 0)?;
        if matches!(args.args.as_slice(), [ColumnarValue::Scalar(_)]) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&lengths, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(lengths)))
    }
}
