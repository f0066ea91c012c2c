//! The types on both sides of each operator, settled by PostgreSQL's rules before DataFusion's coercion looks at them: it would compare floats
//! as decimals, and calculate with integers beyond their end. Operators on numbers become the functions of `operators`, casts those of
//! `convert`. Which type two numbers meet in is `types`' to say.

mod choices;
mod objects;
mod recursion;
mod relations;

use arrow::datatypes::{DataType, Field, i256};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::functions_nested::array_has::array_has_udf;
use datafusion::logical_expr::expr::{Between, BinaryExpr, Cast, InList, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, cast, lit};
use datafusion::optimizer::AnalyzerRule;

use self::relations::{list_of_values, union_of_numbers};
use super::literals::{self, TO_NUMERIC, is_unknown};
use super::{convert, operators, shown, types};
use crate::engine::casts::{of_json, of_jsonb, with_dimensions};
use crate::engine::functions::function::{element, is_list, list_of};
use crate::engine::functions::{COMPARE_ANY, named};
use crate::table::pg_value::ShownScale;

/// Functions whose arguments are of one type, which is that of the result.
const OF_ONE_TYPE: [&str; 3] = ["coalesce", "greatest", "least"];

/// Functions that write their arguments one behind the other.
const OF_TEXTS: [&str; 2] = ["concat", "concat_ws"];

/// Functions of places, which give `integer` or arrays of it; DataFusion's give unsigned ones.
const PLACES: [(&str, bool); 2] = [("array_position", false), ("array_positions", true)];

/// The rule; it stands before DataFusion's coercion.
#[derive(Debug, Default)]
pub struct Settle;

impl AnalyzerRule for Settle {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        settled(plan)
    }

    fn name(&self) -> &str {
        "settle_numbers"
    }
}

fn settled(plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(plan.transform_down_up_with_subqueries(recursion::recursion, node)?.data)
}

fn node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let plan = match plan {
        LogicalPlan::Values(values) => return list_of_values(values),
        other => other,
    };
    let mut schema = merge_schema(&plan.inputs());
    if let LogicalPlan::TableScan(scan) = &plan {
        schema.merge(&scan.projected_schema);
    }
    // Names are looked up above: those of windows and aggregates hold what they sort and filter by.
    let names = NamePreserver::new(&plan);
    let settled = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let settled = expr.transform_up(|expr| settle(expr, &schema))?;
        Ok(settled.update_data(|expr| name.restore(expr)))
    })?;
    let settled = settled.transform_data(|plan| match plan {
        LogicalPlan::Union(union) => union_of_numbers(union),
        other => Ok(Transformed::no(other)),
    })?;
    if settled.transformed || !matches!(settled.data, LogicalPlan::TableScan(_) | LogicalPlan::EmptyRelation(_)) {
        return settled.map_data(LogicalPlan::recompute_schema);
    }
    Ok(settled)
}

fn settle(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(binary) => operator(binary, schema),
        Expr::Negative(operand) => match number(&operand, schema) {
            Some(data_type) => Ok(Transformed::yes(operators::negated(to(*operand, &data_type, schema)?))),
            None => Ok(Transformed::no(Expr::Negative(operand))),
        },
        Expr::Between(Between { expr, negated, low, high }) => {
            let parts = vec![*expr, *low, *high];
            let Some(common) = common(&parts, schema, types::for_operator) else { return between(parts, negated, false) };
            let parts = parts.into_iter().map(|e| to(e, &common, schema)).collect::<Result<_>>()?;
            between(parts, negated, true)
        }
        Expr::InList(InList { expr, list, negated }) => {
            let all: Vec<Expr> = std::iter::once(*expr).chain(list).collect();
            let (all, changed) = match common(&all, schema, types::for_operator) {
                Some(common) => (all.into_iter().map(|e| to(e, &common, schema)).collect::<Result<Vec<_>>>()?, true),
                None => (all, false),
            };
            let mut all = all.into_iter();
            let Some(expr) = all.next() else { return Err(unsettled()) };
            let list = Expr::InList(InList::new(Box::new(expr), all.collect(), negated));
            Ok(if changed { Transformed::yes(list) } else { Transformed::no(list) })
        }
        Expr::Case(case) => choices::cases(case, schema),
        // Which scale it has is known when it comes.
        Expr::Placeholder(_) => match number(&expr, schema) {
            Some(data_type) if types::decimal(&data_type).is_some() => {
                Ok(Transformed::yes(shown::as_found(expr, Some(ShownScale::Trimmed { least: 0 }), &data_type)))
            }
            _ => Ok(Transformed::no(expr)),
        },
        Expr::Cast(written) => explicit(written, schema),
        Expr::ScalarFunction(call) if call.func.name() == TO_NUMERIC => match <[Expr; 1]>::try_from(call.args) {
            Ok([value]) => {
                let field = value.to_field(schema)?.1;
                let value = of_jsonb(&value, &field, &Field::new("", DataType::Decimal128(38, 0), true)).unwrap_or(Ok(value))?;
                Ok(Transformed::yes(convert::to_numeric(value, schema)?))
            }
            Err(args) => Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func: call.func, args }))),
        },
        Expr::ScalarFunction(call) if call.func.name() == "nullif" => choices::null_if(call, schema),
        Expr::ScalarFunction(call) if call.func.name() == COMPARE_ANY => equals_any(call, schema),
        Expr::ScalarFunction(mut call) if OF_TEXTS.contains(&call.func.name()) => {
            for argument in &mut call.args {
                let data_type = argument.get_type(schema)?;
                *argument = convert::to_text(std::mem::take(argument), &data_type);
            }
            Ok(Transformed::yes(Expr::ScalarFunction(call)))
        }
        Expr::ScalarFunction(call) if PLACES.iter().any(|(name, _)| *name == call.func.name()) => {
            let is_list = PLACES.contains(&(call.func.name(), true));
            let of = if is_list { DataType::new_list(DataType::Int32, true) } else { DataType::Int32 };
            Ok(Transformed::yes(cast(Expr::ScalarFunction(call), of)))
        }
        Expr::ScalarFunction(call) if OF_ONE_TYPE.contains(&call.func.name()) => choices::of_one_type(call, schema),
        other => Ok(Transformed::no(other)),
    }
}

/// `x = ANY (array)` as the function that DataFusion knows more of: of the elements of all dimensions, in the type that they and the value meet in.
fn equals_any(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let [op, value, list] = <[Expr; 3]>::try_from(call.args).map_err(|_| unsettled())?;
    if op != lit("=") || !is_list(&list.get_type(schema)?) {
        let args = vec![op, value, list];
        return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func: call.func, args })));
    }
    let is_nested = element(&list.get_type(schema)?).is_some_and(|item| is_list(item.data_type()));
    let flat = match named("array_flat").filter(|_| is_nested) {
        Some(flat) => flat.call(vec![list]),
        None => list,
    };
    let value_type = value.get_type(schema)?;
    let item = element(&flat.get_type(schema)?).map(|item| item.data_type().clone());
    let numbers = item.as_ref().and_then(types::plain).zip(types::plain(&value_type)).filter(|_| !is_unknown(&value));
    let common = numbers.filter(|(l, r)| l != r).and_then(|(l, r)| types::for_operator(&l, &r));
    let (flat, value) = match common {
        Some(common) => (cast(flat, list_of(common.clone())), to(value, &common, schema)?),
        None => (flat, value),
    };
    Ok(Transformed::yes(array_has_udf().call(vec![flat, value])))
}

fn between(parts: Vec<Expr>, negated: bool, changed: bool) -> Result<Transformed<Expr>> {
    let [expr, low, high] = <[Expr; 3]>::try_from(parts).map_err(|_| unsettled())?;
    let between = Expr::Between(Between::new(Box::new(expr), negated, Box::new(low), Box::new(high)));
    Ok(if changed { Transformed::yes(between) } else { Transformed::no(between) })
}

/// An operator, when one side is a number and the other is one too or is nothing in particular.
fn operator(BinaryExpr { left, op, right }: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let unchanged = |left, right| Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr::new(left, op, right))));
    if op == Operator::StringConcat {
        let is_text = |e: &Expr| matches!(e, Expr::BinaryExpr(inner) if inner.op == Operator::StringConcat);
        if is_text(&left) && matches!(*right, Expr::Literal(ScalarValue::Utf8(_), _)) {
            return unchanged(left, right);
        }
        let texts = [left, right].map(|e| {
            // The type of a chain is asked for at each of its operators: that of a text is known.
            if is_text(&e) {
                return Ok(e);
            }
            let data_type = e.get_type(schema)?;
            Ok(Box::new(convert::to_text(*e, &data_type)))
        });
        let [left, right]: [Result<Box<Expr>>; 2] = texts;
        return Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(left?, op, right?))));
    }
    let is_arithmetic = matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo);
    let is_bitwise = matches!(
        op,
        Operator::BitwiseAnd
            | Operator::BitwiseOr
            | Operator::BitwiseXor
            | Operator::BitwiseShiftLeft
            | Operator::BitwiseShiftRight
    );
    let is_comparison = matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    );
    if !is_arithmetic && !is_comparison && !is_bitwise {
        return unchanged(left, right);
    }
    if is_comparison && objects::are_objects([left.as_ref(), right.as_ref()], schema) {
        let [left, right] = [left, right].map(|e| Box::new(objects::to_object(*e)));
        return Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(left, op, right))));
    }
    let (l, r) = match (number(&left, schema), number(&right, schema)) {
        (Some(l), Some(r)) => (l, r),
        (Some(l), None) if is_unknown(&right) => (l.clone(), l),
        (None, Some(r)) if is_unknown(&left) => (r.clone(), r),
        _ => return unchanged(left, right),
    };
    if is_comparison {
        return comparison(*left, op, *right, (&l, &r), schema);
    }
    if matches!(op, Operator::BitwiseShiftLeft | Operator::BitwiseShiftRight) {
        let (left, right) = (to(*left, &l, schema)?, to(*right, &DataType::Int32, schema)?);
        return Ok(Transformed::yes(super::bits::shifted(left, op, right)));
    }
    let Some(common) = types::for_operator(&l, &r) else { return unchanged(left, right) };
    if is_bitwise {
        let (left, right) = (to(*left, &common, schema)?, to(*right, &common, schema)?);
        return Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))));
    }
    // Decimals keep their scales, for the result's follows from both.
    let (l, r) = match types::decimal(&common) {
        Some(_) => (types::as_decimal(&l).ok_or_else(unsettled)?, types::as_decimal(&r).ok_or_else(unsettled)?),
        None => (common.clone(), common),
    };
    Ok(Transformed::yes(operators::call(to(*left, &l, schema)?, op, to(*right, &r, schema)?)))
}

/// A comparison in one type. A whole number that is compared with a decimal constant is compared with a whole one, which scans can use.
fn comparison(
    left: Expr,
    op: Operator,
    right: Expr,
    (l, r): (&DataType, &DataType),
    schema: &DFSchema,
) -> Result<Transformed<Expr>> {
    // A constant takes no more decimals than it needs, so that what it is compared with need not be brought to them.
    let short = |e| match e {
        Expr::Literal(value, metadata) => Expr::Literal(literals::shortened(value), metadata),
        other => other,
    };
    let (left, right) = (short(left), short(right));
    let (l, r) = (&number(&left, schema).unwrap_or_else(|| l.clone()), &number(&right, schema).unwrap_or_else(|| r.clone()));
    let compare = |left, op, right| Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))));
    if l.is_integer() && !matches!(left, Expr::Literal(..)) {
        if let Some((op, right)) = whole(l, op, &right) {
            return compare(to(left, l, schema)?, op, right);
        }
    } else if r.is_integer()
        && !matches!(right, Expr::Literal(..))
        && let Some((op, left)) = op.swap().and_then(|op| whole(r, op, &left))
    {
        return compare(to(right, r, schema)?, op, left);
    }
    match types::for_operator(l, r) {
        Some(common) => compare(to(left, &common, schema)?, op, to(right, &common, schema)?),
        None => Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))),
    }
}

/// `op` and the whole constant that tell the same of a whole number as `op` and the decimal constant.
fn whole(data_type: &DataType, op: Operator, constant: &Expr) -> Option<(Operator, Expr)> {
    let (value, scale) = match constant {
        Expr::Literal(ScalarValue::Decimal128(Some(value), _, scale), _) => (*value, *scale),
        _ => return None,
    };
    let unit = 10_i128.checked_pow(u32::try_from(scale).ok()?)?;
    let op = match (value.rem_euclid(unit) == 0, op) {
        (true, op) => op,
        (false, Operator::Lt | Operator::LtEq) => Operator::LtEq,
        (false, Operator::Gt | Operator::GtEq) => Operator::Gt,
        (false, _) => return None,
    };
    let whole = i64::try_from(value.div_euclid(unit)).ok()?;
    let whole = match data_type {
        DataType::Int16 => ScalarValue::Int16(Some(i16::try_from(whole).ok()?)),
        DataType::Int32 => ScalarValue::Int32(Some(i32::try_from(whole).ok()?)),
        _ => ScalarValue::Int64(Some(whole)),
    };
    Some((op, Expr::Literal(whole, None)))
}

/// A cast that the statement asks for.
fn explicit(written: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let (_, given) = written.expr.to_field(schema)?;
    of_json(&given, &written.field)?;
    if let Some(text) = of_jsonb(&written.expr, &given, &written.field) {
        let read = explicit(Cast { expr: Box::new(text?), field: written.field }, schema)?;
        return Ok(Transformed::yes(read.data));
    }
    let from = given.data_type().clone();
    let written = with_dimensions(written, &from);
    match convert::explicit(written.expr.as_ref(), &from, written.field.data_type()) {
        Some(converted) => Ok(Transformed::yes(converted)),
        None => Ok(Transformed::no(Expr::Cast(written))),
    }
}

/// The type that numbers of several types meet in; `None` when they have one type already, or some are no numbers.
fn common(all: &[Expr], schema: &DFSchema, rule: fn(&DataType, &DataType) -> Option<DataType>) -> Option<DataType> {
    if objects::are_objects(all, schema) {
        let settled = |e: &Expr| e.get_type(schema).is_ok_and(|t| t == DataType::UInt32);
        return (!all.iter().all(settled)).then_some(DataType::UInt32);
    }
    let mut met: Option<DataType> = None;
    for expr in all {
        if is_unknown(expr) {
            continue;
        }
        let found = number(expr, schema)?;
        met = Some(match met {
            Some(met) => rule(&met, &found)?,
            None => found,
        });
    }
    let met = met?;
    let settled = |e: &Expr| e.get_type(schema).is_ok_and(|t| t == met);
    (!all.iter().all(settled)).then_some(met)
}

/// The [`types::plain`] type of a number.
fn number(expr: &Expr, schema: &DFSchema) -> Option<DataType> {
    types::plain(&expr.get_type(schema).ok()?)
}

/// The expression as a number of a type; constants at once.
pub fn to(expr: Expr, data_type: &DataType, schema: &DFSchema) -> Result<Expr> {
    let from = expr.get_type(schema)?;
    if from == *data_type {
        return Ok(expr);
    }
    if *data_type == DataType::UInt32 {
        return Ok(objects::to_object(expr));
    }
    if let Expr::Literal(value, _) = &expr
        && let Some(value) = constant(value, data_type)
    {
        return Ok(Expr::Literal(value, None));
    }
    Ok(convert::implicit(expr, &from, data_type))
}

fn constant(value: &ScalarValue, data_type: &DataType) -> Option<ScalarValue> {
    if value.is_null() {
        return ScalarValue::try_from(data_type).ok();
    }
    match (value, data_type) {
        (ScalarValue::Decimal128(Some(v), _, s), DataType::Float64) => {
            let text = format!("{v}e{}", -i32::from(*s));
            text.parse().ok().map(|v| ScalarValue::Float64(Some(v)))
        }
        (ScalarValue::Decimal256(Some(v), _, s), DataType::Float64) => {
            let text = format!("{v}e{}", -i32::from(*s));
            text.parse().ok().map(|v| ScalarValue::Float64(Some(v)))
        }
        (ScalarValue::Decimal128(Some(v), _, s), DataType::Decimal256(p, to)) => {
            let value = super::decimal::rescale(i256::from_i128(*v), i32::from(*s), i32::from(*to))?;
            Some(ScalarValue::Decimal256(Some(value), *p, *to))
        }
        (ScalarValue::Int16(_) | ScalarValue::Int32(_) | ScalarValue::Int64(_) | ScalarValue::Decimal128(..), _) => {
            value.cast_to(data_type).ok()
        }
        _ => None,
    }
}

fn unsettled() -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::Internal("an operator on numbers that was taken apart".to_owned())
}
