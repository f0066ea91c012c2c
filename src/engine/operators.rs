//! Operators of JSON, arrays, texts and bytes, which PostgreSQL chooses by the types beside them: planned as calls of our functions. Those
//! that DataFusion answers as PostgreSQL does are left to it; those of numbers and times are others' business.

#![expect(clippy::result_large_err, reason = "sides that are not ours go back to DataFusion; that is no failure")]

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, Operator, ScalarUDF, binary_expr, cast, lit, not};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::expressions::type_of;
use super::functions::{self, function as typed};
use crate::error::{Error, Kind};
use crate::table::pg_type::{self, PgType};

/// The schema and name of the operator that the dialect writes for a row: `'t' OPERATOR(stoa.row) NULL`.
pub const ROW: [&str; 2] = ["stoa", "row"];

/// Plans them.
#[derive(Debug)]
pub struct Operators {
    /// The function that `ARRAY[..]` is.
    make_array: Arc<ScalarUDF>,
}

impl Operators {
    pub fn new() -> Self {
        Self { make_array: super::marks::make_array() }
    }
}

/// A call of one of our functions.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Result<Expr> {
    let function = functions::named(name).ok_or_else(|| DataFusionError::Internal(format!("no function {name}")))?;
    Ok(Expr::ScalarFunction(ScalarFunction::new_udf(function, arguments)))
}

/// The field of an operand. What operators give is marked as nothing.
fn field_of(expr: &Expr, schema: &DFSchema) -> Result<FieldRef> {
    match expr {
        Expr::BinaryExpr(_) => Ok(Arc::new(Field::new("", type_of(expr, schema)?, true))),
        _ => Ok(expr.to_field(schema)?.1),
    }
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if let BinaryOperator::PGCustomBinaryOperator(name) = &expr.op
            && *name == ROW
        {
            return row(&expr.left, schema).map(PlannerResult::Planned);
        }
        let (Ok(left), Ok(right)) = (field_of(&expr.left, schema), field_of(&expr.right, schema)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let RawBinaryExpr { op, left: l, right: r } = expr;
        let sides = Sides { l, r, left, right };
        let planned = match &op {
            BinaryOperator::Arrow => sides.of_document("json_member"),
            BinaryOperator::LongArrow => sides.of_document("json_member_text"),
            BinaryOperator::HashArrow => sides.of_document("json_at_path"),
            BinaryOperator::HashLongArrow => sides.of_document("json_at_path_text"),
            BinaryOperator::HashMinus => sides.call("jsonb_delete_path"),
            BinaryOperator::Question => sides.call("jsonb_exists"),
            BinaryOperator::QuestionPipe => sides.call("jsonb_exists_any"),
            BinaryOperator::QuestionAnd => sides.call("jsonb_exists_all"),
            BinaryOperator::AtQuestion => sides.call("jsonb_path_exists_opr"),
            BinaryOperator::AtAt => sides.call("jsonb_path_match_opr"),
            BinaryOperator::AtArrow if sides.any(is_list) => sides.of_lists(|sides| sides.call("array_contains_all")),
            BinaryOperator::ArrowAt if sides.any(is_list) => sides.of_lists(|sides| sides.swapped("array_contains_all")),
            BinaryOperator::AtArrow if sides.all(is_text) => sides.call("jsonb_contains"),
            BinaryOperator::ArrowAt if sides.all(is_text) => sides.swapped("jsonb_contains"),
            BinaryOperator::PGOverlap if sides.any(is_geometry) => sides.call("geometry_overlaps"),
            BinaryOperator::PGOverlap if sides.any(is_list) => sides.of_lists(|sides| sides.call("array_overlaps")),
            BinaryOperator::Minus if typed::is_json(&sides.left) => sides.call("jsonb_delete"),
            BinaryOperator::PGStartsWith if sides.all(is_text) => sides.call("starts_with"),
            BinaryOperator::PGRegexMatch => sides.matching("textregexeq", "~"),
            BinaryOperator::PGRegexIMatch => sides.matching("texticregexeq", "~*"),
            BinaryOperator::PGRegexNotMatch => sides.matching("textregexeq", "!~").map(|m| m.map(not)),
            BinaryOperator::PGRegexNotIMatch => sides.matching("texticregexeq", "!~*").map(|m| m.map(not)),
            BinaryOperator::StringConcat => sides.joined(),
            BinaryOperator::Eq => sides.compared(Operator::Eq),
            BinaryOperator::NotEq => sides.compared(Operator::NotEq),
            BinaryOperator::Lt => sides.compared(Operator::Lt),
            BinaryOperator::LtEq => sides.compared(Operator::LtEq),
            BinaryOperator::Gt => sides.compared(Operator::Gt),
            BinaryOperator::GtEq => sides.compared(Operator::GtEq),
            _ => Err(sides),
        };
        match planned {
            Ok(planned) => planned.map(PlannerResult::Planned),
            Err(Sides { l, r, .. }) => Ok(PlannerResult::Original(RawBinaryExpr { op, left: l, right: r })),
        }
    }

    /// As the function of arrays that keeps what its elements are.
    fn plan_array_literal(&self, elements: Vec<Expr>, _: &DFSchema) -> Result<PlannerResult<Vec<Expr>>> {
        let array = ScalarFunction::new_udf(Arc::clone(&self.make_array), elements);
        Ok(PlannerResult::Planned(Expr::ScalarFunction(array)))
    }

    fn plan_field_access(&self, access: RawFieldAccessExpr, schema: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let Ok((_, field)) = access.expr.to_field(schema) else { return Ok(PlannerResult::Original(access)) };
        if matches!(field.data_type(), DataType::Struct(_)) {
            return Ok(PlannerResult::Original(access));
        }
        let RawFieldAccessExpr { field_access, expr } = access;
        let planned = match field_access {
            GetFieldAccess::ListIndex { key } if typed::is_json(&field) => call("json_member", vec![expr, *key])?,
            GetFieldAccess::NamedStructField { name } if typed::is_json(&field) => call("json_member", vec![expr, lit(name)])?,
            GetFieldAccess::ListIndex { key } => match subscripted(expr) {
                Ok((array, mut subscripts)) => {
                    subscripts.push(*key);
                    call("array_at", std::iter::once(array).chain(subscripts).collect())?
                }
                Err(expr) if is_list(&field) => call("array_at", vec![expr, *key])?,
                Err(expr) => {
                    let field_access = GetFieldAccess::ListIndex { key };
                    return Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr }));
                }
            },
            GetFieldAccess::ListRange { start, stop, .. } if is_list(&field) => call("array_part", vec![expr, *start, *stop])?,
            field_access => return Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr })),
        };
        Ok(PlannerResult::Planned(planned))
    }
}

/// An array and the subscripts that it has already; the expression itself where it is no subscripted array.
fn subscripted(expr: Expr) -> std::result::Result<(Expr, Vec<Expr>), Expr> {
    match expr {
        Expr::ScalarFunction(call) if call.func.name() == "array_at" => {
            let mut arguments = call.args.into_iter();
            match arguments.next() {
                Some(array) => Ok((array, arguments.collect())),
                None => Err(Expr::ScalarFunction(ScalarFunction::new_udf(call.func, Vec::new()))),
            }
        }
        other => Err(other),
    }
}

/// The row of a table, unless a column has its name.
fn row(name: &Expr, schema: &DFSchema) -> Result<Expr> {
    let Expr::Literal(ScalarValue::Utf8(Some(name)), _) = name else {
        return Err(DataFusionError::Plan("a row is named by a text".to_owned()));
    };
    let columns = || schema.iter().filter(|(q, _)| q.is_some_and(|q| q.table() == name));
    if schema.field_with_unqualified_name(name).is_ok() || columns().next().is_none() {
        return Ok(Expr::Column(Column::from_name(name)));
    }
    let columns = columns().map(|(qualifier, field)| Expr::Column(Column::new(qualifier.cloned(), field.name())));
    let columns = columns.collect();
    call("row_of_columns", columns)
}

/// An operator's two sides, with what they are.
struct Sides {
    l: Expr,
    r: Expr,
    left: FieldRef,
    right: FieldRef,
}

/// A call in an operator's place, or the sides as they were.
type Planned = std::result::Result<Result<Expr>, Sides>;

fn is_list(field: &Field) -> bool {
    typed::is_list(field.data_type())
}

fn is_geometry(field: &Field) -> bool {
    *PgType::of_field(field) == pg_type::GEOMETRY
}

fn is_text(field: &Field) -> bool {
    field.data_type().is_string() || *field.data_type() == DataType::Null
}

/// Whether a side is a text whose type is not known yet.
fn is_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(_)), _))
}

impl Sides {
    fn any(&self, is: impl Fn(&Field) -> bool) -> bool {
        is(&self.left) || is(&self.right)
    }

    fn all(&self, is: impl Fn(&Field) -> bool) -> bool {
        is(&self.left) && is(&self.right)
    }

    fn call(self, name: &str) -> Planned {
        Ok(call(name, vec![self.l, self.r]))
    }

    /// What is asked of a document, which nested columns are too.
    fn of_document(mut self, name: &str) -> Planned {
        if matches!(self.left.data_type(), DataType::Struct(_) | DataType::Map(..)) {
            match call("to_json", vec![self.l]) {
                Ok(document) => self.l = document,
                Err(e) => return Ok(Err(e)),
            }
        }
        self.call(name)
    }

    fn swapped(self, name: &str) -> Planned {
        Ok(call(name, vec![self.r, self.l]))
    }

    fn undefined(self, op: &str) -> Planned {
        let (left, right) = (typed::shown_type(&self.left), typed::shown_type(&self.right));
        let error = Error::new(Kind::UndefinedFunction, format!("operator does not exist: {left} {op} {right}"))
            .with_hint("No operator matches the given name and argument types. You might need to add explicit type casts.");
        Ok(Err(DataFusionError::External(Box::new(error))))
    }

    /// What is done with two arrays, of which a constant is read as one of the other's type.
    fn of_lists(mut self, then: impl FnOnce(Self) -> Planned) -> Planned {
        match self.typed(|literal, other| literal_list(literal, other.data_type())) {
            Ok(()) => then(self),
            Err(e) => Ok(Err(e)),
        }
    }

    /// Gives a constant the type of the other side.
    fn typed(&mut self, literal: fn(&Expr, &Field) -> Option<Result<Expr>>) -> Result<()> {
        if let Some(typed) = literal(&self.r, &self.left) {
            self.r = typed?;
        } else if let Some(typed) = literal(&self.l, &self.right) {
            self.l = typed?;
        }
        Ok(())
    }

    /// A match of a regular expression. One that means the same everywhere is left to DataFusion, which knows how to make less of it.
    fn matching(self, name: &str, op: &str) -> Planned {
        if !self.all(is_text) && !self.any(|f| matches!(f.data_type(), DataType::Dictionary(..))) {
            return self.undefined(op);
        }
        let plain = |pattern: &str| {
            let inner = pattern.strip_prefix('^').unwrap_or(pattern);
            let inner = inner.strip_suffix('$').unwrap_or(inner);
            !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-'))
        };
        match &self.r {
            Expr::Literal(ScalarValue::Utf8(Some(pattern)) | ScalarValue::Utf8View(Some(pattern)), _) if plain(pattern) => {
                Err(self)
            }
            _ => self.call(name),
        }
    }

    /// `||` of what is neither two texts nor two arrays of one type.
    fn joined(mut self) -> Planned {
        if typed::is_json(&self.left) || typed::is_json(&self.right) {
            return if self.all(is_text) { self.call("jsonb_concat") } else { self.undefined("||") };
        }
        let bytes = |field: &Field| field.data_type().is_binary();
        if self.any(bytes) && self.left.data_type() != &DataType::Null && self.right.data_type() != &DataType::Null {
            return self.call("bytea_concat");
        }
        if self.any(is_list) {
            if *self.left.data_type() == DataType::Null {
                return Ok(Ok(self.r));
            }
            if *self.right.data_type() == DataType::Null {
                return Ok(Ok(self.l));
            }
            return self.of_lists(Err);
        }
        let other = |field: &Field| !is_text(field) && !matches!(field.data_type(), DataType::Dictionary(..));
        if other(&self.left) && other(&self.right) {
            return self.undefined("||");
        }
        let padded = |field: &Field| PgType::of_field(field) == &pg_type::BPCHAR;
        if padded(&self.left) || padded(&self.right) {
            // The blanks that fill it are no part of it.
            let trimmed = |expr: Expr, field: &Field| if padded(field) { call("rtrim", vec![expr]) } else { Ok(expr) };
            return match (trimmed(self.l, &self.left), trimmed(self.r, &self.right)) {
                (Ok(l), Ok(r)) => Ok(Ok(binary_expr(l, Operator::StringConcat, r))),
                (Err(e), _) | (_, Err(e)) => Ok(Err(e)),
            };
        }
        if other(&self.left) {
            self.l = cast(self.l, DataType::Utf8View);
        } else if other(&self.right) {
            self.r = cast(self.r, DataType::Utf8View);
        }
        Err(self)
    }

    /// Comparisons of `jsonb`, of `char(n)` without its blanks, of arrays, UUIDs and bytes with literals.
    fn compared(mut self, op: Operator) -> Planned {
        let is = |field: &Field, pg: &PgType| PgType::of_field(field) == pg;
        let jsonb = |field: &Field| is(field, &pg_type::JSONB);
        if self.any(jsonb) && self.all(is_text) {
            return Ok(call("jsonb_cmp", vec![self.l, self.r]).map(|order| binary_expr(order, op, lit(0i32))));
        }
        if self.any(|field| is(field, &pg_type::JSON)) && self.all(is_text) {
            return self.undefined(&op.to_string());
        }
        if self.any(is_geometry) && self.all(is_text) {
            let (l, r) = (call("geometry_to_text", vec![self.l]), call("geometry_to_text", vec![self.r]));
            return Ok(l.and_then(|l| Ok(binary_expr(l, op, r?))));
        }
        let padded = |field: &Field| is(field, &pg_type::BPCHAR);
        if self.any(padded) && self.all(is_text) {
            let (l, r) = (call("rtrim", vec![self.l]), call("rtrim", vec![self.r]));
            return Ok(l.and_then(|l| Ok(binary_expr(l, op, r?))));
        }
        let done = self
            .typed(|literal, other| literal_list(literal, other.data_type()))
            .and_then(|()| self.typed(|literal, other| of_type(literal, other, &pg_type::UUID, "text_to_uuid")))
            .and_then(|()| self.typed(|literal, other| of_type(literal, other, &pg_type::BYTEA, "text_to_bytea")));
        match done {
            Ok(()) => Err(self),
            Err(e) => Ok(Err(e)),
        }
    }
}

/// A literal beside an array, as an array of its type.
fn literal_list(literal: &Expr, other: &DataType) -> Option<Result<Expr>> {
    let is_array = is_literal(literal) && typed::is_list(other);
    is_array.then(|| Ok(cast(call("text_to_array", vec![literal.clone()])?, other.clone())))
}

/// A literal beside a value of this type, as one.
fn of_type(literal: &Expr, other: &Field, pg: &PgType, read: &str) -> Option<Result<Expr>> {
    (is_literal(literal) && PgType::of_field(other) == pg).then(|| call(read, vec![literal.clone()]))
}

#[cfg(test)]
mod tests {
    use super::call;

    #[test]
    fn what_operators_become_exists() {
        for name in
            ["json_member", "array_contains_all", "jsonb_cmp", "value_to_text", "text_to_array", "text_to_uuid", "array_part"]
        {
            assert!(call(name, Vec::new()).is_ok(), "no function is named {name}");
        }
    }
}
