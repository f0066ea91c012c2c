//! Numbers as SQL writes them: whole ones are `integer` or `bigint` where they fit, all others are `numeric` with the decimals they are
//! written with. DataFusion's planner has one hook for literals, its dictionaries' (`{...}`, which PostgreSQL's grammar has not): each
//! number goes through it. What operators do with numbers is not decided here.

use std::ops::ControlFlow;

use arrow::datatypes::{DataType as ArrowType, i256};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawDictionaryExpr};
use datafusion::logical_expr::{Expr as Planned, ExprSchemable, Operator, cast, lit};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, DictionaryField, Distinct, ExactNumberInfo, Expr, FunctionArg, FunctionArgExpr, GroupByExpr, Ident,
    LimitClause, NamedWindowExpr, OrderByKind, Query, Select, Statement, TableFactor, TypedString, UnaryOperator, Value,
    ValueWithSpan, VisitMut, VisitorMut, WindowFrameBound, WindowSpec, WindowType,
};

use super::super::dialect::ast::{bare, call, folded_parts, string, value};
use super::super::expressions::type_of;
use super::super::functions::function::is_json;
use super::types;

/// Digits that a `double precision` keeps whatever they are.
const FLOAT_DIGITS: usize = 15;

/// The key of a number that goes through the hook.
const NUMBER: &str = "stoa.number";

/// The function that makes a `numeric` of no declared scale.
pub const TO_NUMERIC: &str = "stoa_numeric";

/// Sends a statement's numbers through the hook, but for those that are no values: positions, limits and frames.
pub fn mark(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Marker);
}

/// Plans what [`mark`] marked.
#[derive(Debug)]
pub struct Literals;

impl ExprPlanner for Literals {
    /// A constant of no type of its own takes that of the number beside it, for DataFusion knows no such arithmetic; and intervals are
    /// multiplied by `bigint` only.
    fn plan_binary_op(&self, mut raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        use BinaryOperator::{Arrow, Divide, LongArrow, Minus, Modulo, Multiply, Plus};
        // An element's place in JSON.
        if matches!(raw.op, Arrow | LongArrow)
            && let Planned::Literal(ScalarValue::Int32(Some(place)), _) = &raw.right
        {
            raw.right = lit(i64::from(*place));
        }
        if !matches!(raw.op, Plus | Minus | Multiply | Divide | Modulo) {
            return Ok(PlannerResult::Original(raw));
        }
        let (Ok(left), Ok(right)) = (type_of(&raw.left, schema), type_of(&raw.right, schema)) else {
            return Ok(PlannerResult::Original(raw));
        };
        let is_small = |t: &ArrowType| matches!(t, ArrowType::Int16 | ArrowType::Int32);
        let is_no_number = |e: &Planned, t: &ArrowType| {
            let is_text = matches!(t, ArrowType::Utf8 | ArrowType::Utf8View | ArrowType::LargeUtf8);
            let is_json = || e.to_field(schema).is_ok_and(|(_, field)| is_json(&field));
            (is_text || *t == ArrowType::Boolean) && !is_unknown(e) && !matches!(e, Planned::Placeholder(_)) && !is_json()
        };
        if (is_no_number(&raw.left, &left) && types::plain(&right).is_some())
            || (is_no_number(&raw.right, &right) && types::plain(&left).is_some())
        {
            return Err(types::no_operator(&left, &raw.op.to_string(), &right));
        }
        if is_unknown(&raw.left) && types::plain(&right).is_some() {
            raw.left = cast(raw.left, right);
        } else if is_unknown(&raw.right) && types::plain(&left).is_some() {
            raw.right = cast(raw.right, left);
        } else if matches!(left, ArrowType::Interval(_)) && is_small(&right) {
            raw.right = cast(raw.right, ArrowType::Int64);
        } else if is_small(&left) && matches!(right, ArrowType::Interval(_)) {
            raw.left = cast(raw.left, ArrowType::Int64);
        } else if raw.op == Multiply
            && let (Some((_, s1)), Some((_, s2))) = (types::decimal(&left), types::decimal(&right))
            && s1 + s2 > types::WIDE as i8
        {
            // DataFusion has no type for the product; settled like any other when all types are.
            return Ok(PlannerResult::Planned(super::operators::call(raw.left, Operator::Multiply, raw.right)));
        }
        Ok(PlannerResult::Original(raw))
    }

    fn plan_dictionary_literal(&self, raw: RawDictionaryExpr, _: &DFSchema) -> Result<PlannerResult<RawDictionaryExpr>> {
        match (raw.keys.as_slice(), raw.values.as_slice()) {
            ([key], [Planned::Literal(ScalarValue::Utf8(Some(text)), _)]) if *key == lit(NUMBER) => {
                Ok(PlannerResult::Planned(Planned::Literal(number(text)?, None)))
            }
            _ => Ok(PlannerResult::Original(raw)),
        }
    }
}

/// The value of a number as written. One that no decimal has room for, and a float has, is a `double precision`.
fn number(text: &str) -> Result<ScalarValue> {
    if let Ok(value) = text.parse::<i32>() {
        return Ok(ScalarValue::Int32(Some(value)));
    }
    if let Ok(value) = text.parse::<i64>() {
        return Ok(ScalarValue::Int64(Some(value)));
    }
    match decimal(text) {
        Some(value) => Ok(value),
        None => {
            let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
            let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
            if digits.trim_matches('0').len() > FLOAT_DIGITS {
                return Err(types::too_long());
            }
            text.parse::<f64>().map(|v| ScalarValue::Float64(Some(v))).map_err(|_| types::invalid("numeric", text))
        }
    }
}

/// A constant whose type is what stands beside it: a text as written, or NULL.
pub fn is_unknown(expr: &Planned) -> bool {
    match expr {
        Planned::Literal(value, _) => {
            matches!(value, ScalarValue::Null | ScalarValue::Utf8(_) | ScalarValue::Utf8View(_) | ScalarValue::LargeUtf8(_))
        }
        _ => false,
    }
}

/// A decimal of the scale that its text has; `None` for what is no number, or has more digits than decimals can.
pub fn decimal(text: &str) -> Option<ScalarValue> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    if scale < 0 {
        let zeros = usize::try_from(-scale).ok().filter(|zeros| *zeros <= usize::from(types::WIDEST))?;
        digits.push_str(&"0".repeat(zeros));
        scale = 0;
    }
    let significant = digits.trim_start_matches('0');
    let scale = u8::try_from(scale).ok()?;
    let precision = u8::try_from(significant.len()).ok()?.max(scale).max(1);
    if precision > types::WIDEST {
        return None;
    }
    let value = i256::from_string(&format!("{sign}0{significant}"))?;
    let scale = i8::try_from(scale).ok()?;
    Some(match value.to_i128().filter(|_| precision <= types::WIDE) {
        Some(value) => ScalarValue::Decimal128(Some(value), precision, scale),
        None => ScalarValue::Decimal256(Some(value), precision, scale),
    })
}

/// A decimal without zeros at its end, of the precision that it has; any other value as it is.
pub fn shortened(value: ScalarValue) -> ScalarValue {
    let (wide, scale) = match value {
        ScalarValue::Decimal128(Some(v), _, scale) => (i256::from_i128(v), scale),
        ScalarValue::Decimal256(Some(v), _, scale) => (v, scale),
        other => return other,
    };
    let (short, scale) = super::decimal::without_zeros(wide, i32::from(scale));
    decimal(&format!("{short}e{}", -scale)).unwrap_or(value)
}

struct Marker;

impl VisitorMut for Marker {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) => *expr = marked(text.clone()),
            Expr::UnaryOp { op, expr: operand } => {
                if let Some(rewritten) = unary(*op, operand) {
                    *expr = rewritten;
                }
            }
            Expr::Interval(interval) => unmark(&mut interval.value),
            Expr::Function(function) => {
                if let Some(WindowType::WindowSpec(window)) = &mut function.over {
                    unmark_frame(window);
                }
            }
            Expr::Cast { expr: inner, data_type, format: None, .. } if is_unconstrained(data_type) => {
                let text = string(bare(inner)).map(str::trim).filter(|text| decimal(text).is_some());
                *expr = match text {
                    Some(text) => call(TO_NUMERIC, vec![marked_decimal(text)]),
                    None => call(TO_NUMERIC, vec![take(inner)]),
                };
            }
            Expr::TypedString(TypedString { data_type, value: text, .. }) if is_unconstrained(data_type) => {
                let text = value(text.value.clone());
                *expr = match string(&text).map(str::trim).filter(|text| decimal(text).is_some()) {
                    Some(text) => call(TO_NUMERIC, vec![marked_decimal(text)]),
                    None => call(TO_NUMERIC, vec![text]),
                };
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let arguments = match factor {
            // Ours, which gives what it is given.
            TableFactor::Table { name, args: Some(_), .. } if folded_parts(name) == ["generate_series"] => {
                return ControlFlow::Continue(());
            }
            TableFactor::Table { args: Some(arguments), .. } => arguments.args.as_mut_slice(),
            TableFactor::Function { args, .. } => args.as_mut_slice(),
            _ => return ControlFlow::Continue(()),
        };
        // DataFusion's table functions take bigint constants, and nothing else.
        for argument in arguments {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
                unmark(expr);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if let GroupByExpr::Expressions(expressions, _) = &mut select.group_by {
            expressions.iter_mut().for_each(unmark_within);
        }
        if let Some(Distinct::On(expressions)) = &mut select.distinct {
            expressions.iter_mut().for_each(unmark);
        }
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &mut window.1 {
                unmark_frame(window);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(order) = &mut query.order_by
            && let OrderByKind::Expressions(expressions) = &mut order.kind
        {
            expressions.iter_mut().for_each(|by| unmark(&mut by.expr));
        }
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            limit.iter_mut().chain(offset.iter_mut().map(|o| &mut o.value)).for_each(unmark);
        }
        if let Some(quantity) = query.fetch.as_mut().and_then(|f| f.quantity.as_mut()) {
            unmark(quantity);
        }
        ControlFlow::Continue(())
    }
}

/// A minus before a number is the number's; operators that DataFusion has no word for are functions.
fn unary(op: UnaryOperator, operand: &mut Expr) -> Option<Expr> {
    let function = match op {
        UnaryOperator::Minus => {
            let text = text_of(bare(operand))?;
            return Some(marked(match text.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None => format!("-{text}"),
            }));
        }
        UnaryOperator::BitwiseNot => "stoa_bitwise_not",
        UnaryOperator::PGAbs => "abs",
        UnaryOperator::PGSquareRoot => "sqrt",
        UnaryOperator::PGCubeRoot => "cbrt",
        _ => return None,
    };
    Some(call(function, vec![take(operand)]))
}

/// Whether a type is `numeric` without precision.
fn is_unconstrained(data_type: &DataType) -> bool {
    match data_type {
        DataType::Numeric(ExactNumberInfo::None)
        | DataType::Decimal(ExactNumberInfo::None)
        | DataType::Dec(ExactNumberInfo::None) => true,
        DataType::Custom(name, modifiers) => {
            modifiers.is_empty() && folded_parts(name).last().is_some_and(|n| n == "numeric" || n == "decimal")
        }
        _ => false,
    }
}

fn marked(text: String) -> Expr {
    let text = Box::new(value(Value::SingleQuotedString(text)));
    Expr::Dictionary(vec![DictionaryField { key: Ident::new(NUMBER), value: text }])
}

/// The same for a number that is `numeric` though it may be whole.
fn marked_decimal(text: &str) -> Expr {
    marked(format!("{text}{}", if text.contains(['e', 'E', '.']) { "" } else { "e0" }))
}

/// The text of a number that was marked.
fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Dictionary(fields) => match fields.as_slice() {
            [field] if field.key.value == NUMBER => string(&field.value),
            _ => None,
        },
        _ => None,
    }
}

fn unmark(expr: &mut Expr) {
    if let Some(text) = text_of(expr) {
        let number = |text: &str| value(Value::Number(text.to_owned(), false));
        *expr = match text.strip_prefix('-') {
            Some(positive) => Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(number(positive)) },
            None => number(text),
        };
    }
}

/// The same within `ROLLUP (1, 2)` and the like.
fn unmark_within(expr: &mut Expr) {
    match expr {
        Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => sets.iter_mut().flatten().for_each(unmark),
        other => unmark(other),
    }
}

fn unmark_frame(window: &mut WindowSpec) {
    let Some(frame) = &mut window.window_frame else { return };
    for bound in std::iter::once(&mut frame.start_bound).chain(&mut frame.end_bound) {
        match bound {
            WindowFrameBound::Preceding(Some(by)) | WindowFrameBound::Following(Some(by)) => unmark(by),
            WindowFrameBound::Preceding(None) | WindowFrameBound::Following(None) | WindowFrameBound::CurrentRow => {}
        }
    }
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, value(Value::Null))
}
