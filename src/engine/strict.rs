//! Operators, functions and casts that PostgreSQL has for no such types, refused before DataFusion makes the types fit: it would compare a text with a
//! number by reading the text. Quoted constants have no type yet, and what a function of ours takes it says itself.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Between, BinaryExpr, Cast, InList, InSubquery, Like};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator};
use datafusion::optimizer::AnalyzerRule;

use super::wording::FUNCTION_HINT;
use crate::error::{Error, Kind};
use crate::table::pg_type::{self, PgType};

/// The remedy for an operator that there is not.
const OPERATOR_HINT: &str = "No operator matches the given name and argument types. You might need to add explicit type casts.";

/// Functions whose arguments are all numbers.
const OF_NUMBERS: &[&str] = &[
    "abs", "acos", "asin", "atan", "atan2", "cbrt", "ceil", "cos", "degrees", "exp", "floor", "ln", "log", "mod", "pow", "power",
    "radians", "round", "sign", "sin", "sqrt", "tan", "trunc",
];

/// Functions whose first argument is an array.
const OF_ARRAYS: &[&str] =
    &["array_dims", "array_flat", "array_length", "array_lower", "array_ndims", "array_upper", "cardinality"];

/// Aggregates of what can be added up.
const SUMS: &[&str] = &["avg", "sum", "stddev", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "variance"];

/// Functions of several kinds of types: with so many arguments, the ones that tell which is meant.
const TOLD_BY: &[(&str, usize, &[usize])] = &[
    ("age", 1, &[0]),
    ("date_part", 2, &[1]),
    ("date_trunc", 2, &[1]),
    ("extract", 2, &[1]),
    ("isfinite", 1, &[0]),
    ("to_char", 2, &[0]),
    ("to_hex", 1, &[0]),
    ("trunc", 1, &[0]),
];

/// Refuses them.
#[derive(Debug, Default)]
pub struct Strict;

impl AnalyzerRule for Strict {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.apply_with_subqueries(|node| {
            let schema = merge_schema(&node.inputs());
            node.apply_expressions(|expr| {
                expr.apply(|expr| {
                    check(expr, &schema)?;
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        Ok(plan)
    }

    fn name(&self) -> &str {
        "Strict"
    }
}

fn check(expr: &Expr, schema: &DFSchema) -> Result<()> {
    if let Expr::ScalarFunction(call) = expr {
        told(call.func.name(), &call.args, schema)?;
    }
    let compared = |left: &Expr, op: &str, right: &Expr| operator(of(left, schema), op, of(right, schema));
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::AtArrow | Operator::ArrowAt), right }) => {
            let op = if *op == Operator::AtArrow { "@>" } else { "<@" };
            let shown = |e| of(e, schema).map_or("unknown", |pg| pg.sql_name);
            match of(left, schema).or(of(right, schema)) {
                Some(pg) if sort(pg).is_some() => {
                    Err(undefined(format!("operator does not exist: {} {op} {}", shown(left), shown(right)), OPERATOR_HINT))
                }
                Some(_) | None => Ok(()),
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match comparison(*op) {
            Some(op) => compared(left, op, right),
            None => Ok(()),
        },
        Expr::InList(InList { expr, list, negated }) => {
            list.iter().try_for_each(|item| compared(expr, if *negated { "<>" } else { "=" }, item))
        }
        Expr::Between(Between { expr, low, high, negated }) => {
            let (first, second) = if *negated { ("<", ">") } else { (">=", "<=") };
            compared(expr, first, low).and_then(|()| compared(expr, second, high))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let right = subquery.subquery.schema().fields().first().map(|field| PgType::of_field(field));
            operator(of(expr, schema), if *negated { "<>" } else { "=" }, right)
        }
        Expr::Like(Like { expr, negated, case_insensitive, .. }) => {
            let Some(left) = of(expr, schema).filter(|pg| is_number(pg) || pg.category == 'D' || pg.category == 'B') else {
                return Ok(());
            };
            let op = match (negated, case_insensitive) {
                (false, false) => "~~",
                (true, false) => "!~~",
                (false, true) => "~~*",
                (true, true) => "!~~*",
            };
            Err(undefined(format!("operator does not exist: {} {op} unknown", left.sql_name), OPERATOR_HINT))
        }
        Expr::ScalarFunction(call) if call.func.name() == "nullif" => match call.args.as_slice() {
            [left, right] => compared(left, "=", right),
            _ => Ok(()),
        },
        Expr::ScalarFunction(call) if OF_NUMBERS.contains(&call.func.name()) => {
            given(call.func.name(), &call.args, schema, |pg| matches!(pg.category, 'S' | 'B' | 'D'))
        }
        Expr::ScalarFunction(call) if OF_ARRAYS.contains(&call.func.name()) => {
            match call.args.first().and_then(|array| of(array, schema)).filter(|pg| sort(pg).is_some()) {
                Some(_) => given(call.func.name(), &call.args, schema, |_| true),
                None => Ok(()),
            }
        }
        Expr::AggregateFunction(call) if SUMS.contains(&call.func.name()) => {
            given(call.func.name(), &call.params.args, schema, |pg| matches!(pg.category, 'S' | 'B' | 'D'))
        }
        Expr::AggregateFunction(call) if ["max", "min"].contains(&call.func.name()) => {
            given(call.func.name(), &call.params.args, schema, has_no_greatest)
        }
        Expr::Cast(Cast { expr, field }) => match of(expr, schema) {
            Some(from) => castable(from, PgType::of_field(field)),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The error of a call whose arguments do not tell which function of its name is meant (42725).
fn told(name: &str, args: &[Expr], schema: &DFSchema) -> Result<()> {
    let is_unknown = |at: &usize| match args.get(*at) {
        Some(Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Null, _)) => true,
        Some(Expr::Placeholder(placeholder)) => placeholder.field.is_none(),
        Some(_) | None => false,
    };
    let is_ambiguous =
        |(of, count, by): &&(&str, usize, &[usize])| *of == name && *count == args.len() && by.iter().all(is_unknown);
    if !TOLD_BY.iter().any(|told_by| is_ambiguous(&told_by)) {
        return Ok(());
    }
    let shown: Vec<&str> = args.iter().map(|arg| of(arg, schema).map_or("unknown", |pg| pg.sql_name)).collect();
    // Where SQL has words of its own for a call, PostgreSQL names the function in full.
    let schema = if name == "extract" { "pg_catalog." } else { "" };
    let error = Error::new(Kind::AmbiguousFunction, format!("function {schema}{name}({}) is not unique", shown.join(", ")))
        .with_hint("Could not choose a best candidate function. You might need to add explicit type casts.");
    Err(DataFusionError::External(Box::new(error)))
}

/// The type of an expression; `None` of one that has none yet, or whose type is not to be told here.
pub fn of(expr: &Expr, schema: &DFSchema) -> Option<&'static PgType> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Null, _) => None,
        Expr::Placeholder(placeholder) => placeholder.field.as_ref().map(|field| PgType::of_field(field)),
        Expr::Alias(alias) => of(&alias.expr, schema),
        // Its field would otherwise be marked as its argument's is.
        Expr::Cast(cast) => Some(PgType::of_field(&cast.field)),
        // The names of what `reg*` types show stand for their oids.
        Expr::ScalarFunction(call) if call.func.name().starts_with("reg") && call.func.name().ends_with("_name") => None,
        other => other.to_field(schema).ok().map(|(_, field)| PgType::of_field(&field)),
    }
}

fn comparison(op: Operator) -> Option<&'static str> {
    Some(match op {
        Operator::Eq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => "=",
        Operator::NotEq => "<>",
        Operator::Lt => "<",
        Operator::LtEq => "<=",
        Operator::Gt => ">",
        Operator::GtEq => ">=",
        _ => return None,
    })
}

pub fn is_number(pg: &PgType) -> bool {
    pg.category == 'N' && !pg.is_number_of_object()
}

/// Texts, numbers, truth values, and dates with times of day; of other types others know.
fn sort(pg: &PgType) -> Option<char> {
    match pg.category {
        'S' | 'B' | 'D' => Some(pg.category),
        'N' if is_number(pg) => Some('N'),
        _ => None,
    }
}

fn operator(left: Option<&'static PgType>, op: &str, right: Option<&'static PgType>) -> Result<()> {
    let json = [left, right].into_iter().flatten().any(|pg| *pg == pg_type::JSON);
    if json {
        let name = |pg: Option<&PgType>| pg.map_or("unknown", |pg| pg.sql_name);
        return Err(undefined(format!("operator does not exist: {} {op} {}", name(left), name(right)), OPERATOR_HINT));
    }
    let (Some(left), Some(right)) = (left, right) else { return Ok(()) };
    match (sort(left), sort(right)) {
        (Some(a), Some(b)) if a != b => {
            Err(undefined(format!("operator does not exist: {} {op} {}", left.sql_name, right.sql_name), OPERATOR_HINT))
        }
        _ => Ok(()),
    }
}

/// Whether `max` and `min` have no form for a type.
fn has_no_greatest(pg: &PgType) -> bool {
    pg.category == 'B' || [&pg_type::JSON, &pg_type::JSONB, &pg_type::UUID, &pg_type::BYTEA, &pg_type::RECORD].contains(&pg)
}

/// A call whose arguments are none of them of a type that is refused.
fn given(name: &str, args: &[Expr], schema: &DFSchema, refused: impl Fn(&PgType) -> bool) -> Result<()> {
    let types: Vec<Option<&PgType>> = args.iter().map(|arg| of(arg, schema)).collect();
    if !types.iter().flatten().any(|pg| refused(pg)) {
        return Ok(());
    }
    let shown: Vec<&str> = types.iter().map(|pg| pg.map_or("unknown", |pg| pg.sql_name)).collect();
    Err(undefined(format!("function {name}({}) does not exist", shown.join(", ")), FUNCTION_HINT))
}

/// Casts of truth values to other numbers than `integer`, of UUIDs to numbers, and between arrays and what they hold.
pub fn castable(from: &PgType, to: &PgType) -> Result<()> {
    let is_no_cast = match (from.category, to.category) {
        _ if from.is_number_of_object() || to.is_number_of_object() => false,
        ('B', 'N') => *to != pg_type::INT4,
        ('A', 'N' | 'B' | 'D') | ('N' | 'B' | 'D', 'A') => true,
        ('N', _) if *to == pg_type::UUID => true,
        (_, 'N' | 'B') if *from == pg_type::UUID => true,
        ('N', 'B') => !["int4", "int8", "int2"].contains(&from.name),
        _ => false,
    };
    if !is_no_cast {
        return Ok(());
    }
    let e = Error::new(Kind::CannotCast, format!("cannot cast type {} to {}", from.sql_name, to.sql_name));
    Err(DataFusionError::External(Box::new(e)))
}

fn undefined(message: String, hint: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(Kind::UndefinedFunction, message).with_hint(hint)))
}
