//! The types of parameters: what a client declared, what stands around one in the text, and what DataFusion tells of the columns it is compared
//! with. What is of no type in PostgreSQL's eyes is text here.

use std::ops::ControlFlow;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr as PlannedExpr, LogicalPlan};
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, CaseWhen, CastKind, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause, Query, Select,
    SetExpr, Statement as Ast, UnaryOperator, Value, VisitMut, VisitorMut,
};

use super::dialect::{
    ast::{bare, folded_parts, string, value},
    type_named,
};
use super::functions::{COMPARE_ALL, COMPARE_ANY};
use super::type_names;
use crate::error::{Error, Kind, Result};
use crate::table::pg_type::{self, PgType};

/// PostgreSQL's limit on parameters (a 16-bit count in Bind).
const MAX_PARAMETERS: usize = 65_535;

/// Arguments of functions that are of one type whatever the others are, by their place.
const ARGUMENTS: &[(&str, &[Option<&'static PgType>])] = &[
    ("abs", &[Some(&pg_type::FLOAT8)]),
    ("ceil", &[Some(&pg_type::FLOAT8)]),
    ("floor", &[Some(&pg_type::FLOAT8)]),
    ("sqrt", &[Some(&pg_type::FLOAT8)]),
    ("exp", &[Some(&pg_type::FLOAT8)]),
    ("bool_and", &[Some(&pg_type::BOOL)]),
    ("bool_or", &[Some(&pg_type::BOOL)]),
    ("every", &[Some(&pg_type::BOOL)]),
    ("power", &[Some(&pg_type::FLOAT8), Some(&pg_type::FLOAT8)]),
    ("width_bucket", &[Some(&pg_type::FLOAT8), Some(&pg_type::FLOAT8), Some(&pg_type::FLOAT8), Some(&pg_type::INT4)]),
    ("generate_series", &[Some(&pg_type::INT4), Some(&pg_type::INT4), Some(&pg_type::INT4)]),
    ("lag", &[None, Some(&pg_type::INT4)]),
    ("lead", &[None, Some(&pg_type::INT4)]),
    ("left", &[Some(&pg_type::TEXT), Some(&pg_type::INT4)]),
    ("lpad", &[Some(&pg_type::TEXT), Some(&pg_type::INT4), Some(&pg_type::TEXT)]),
    ("make_date", &[Some(&pg_type::INT4), Some(&pg_type::INT4), Some(&pg_type::INT4)]),
    ("nth_value", &[None, Some(&pg_type::INT4)]),
    ("ntile", &[Some(&pg_type::INT4)]),
    ("repeat", &[Some(&pg_type::TEXT), Some(&pg_type::INT4)]),
    ("right", &[Some(&pg_type::TEXT), Some(&pg_type::INT4)]),
    ("round", &[Some(&pg_type::NUMERIC), Some(&pg_type::INT4)]),
    ("rpad", &[Some(&pg_type::TEXT), Some(&pg_type::INT4), Some(&pg_type::TEXT)]),
    ("split_part", &[Some(&pg_type::TEXT), Some(&pg_type::TEXT), Some(&pg_type::INT4)]),
    ("substr", &[Some(&pg_type::TEXT), Some(&pg_type::INT4), Some(&pg_type::INT4)]),
    ("substring", &[Some(&pg_type::TEXT), Some(&pg_type::INT4), Some(&pg_type::INT4)]),
    ("to_timestamp", &[Some(&pg_type::FLOAT8)]),
    ("trunc", &[Some(&pg_type::NUMERIC), Some(&pg_type::INT4)]),
];

/// Functions whose arguments, but for parameters, are of the type that the parameters are of.
const ALIKE: [&str; 5] = ["coalesce", "greatest", "least", "mod", "nullif"];

/// The types of parameters, by position, as far as they are known.
pub struct KnownParameters {
    pub types: Vec<Option<&'static PgType>>,
    /// The statement to infer the others from: `x = ANY ($1)` stands there as `x = $1`, `coalesce($1, x)` as a comparison too.
    pub probe: Ast,
    /// The parameters that stood in an `ANY` or `ALL`: arrays of what is inferred.
    arrays: Vec<usize>,
}

impl KnownParameters {
    /// What the client declared, then what a cast (`$1::date`), a `LIMIT $1`, a clause or a function says.
    pub fn of(ast: &Ast, declared: Vec<Option<&'static PgType>>) -> Result<Self> {
        let mut found = Found { types: declared, arrays: Vec::new(), too_many: None };
        let mut probe = ast.clone();
        let _: ControlFlow<()> = probe.visit(&mut found);
        match found.too_many {
            None => Ok(Self { types: found.types, probe, arrays: found.arrays }),
            Some(name) => Err(Error::new(Kind::UndefinedParameter, format!("there is no parameter {name}"))),
        }
    }

    /// Fills in what planning without types found out: of several places the first that tells.
    pub fn infer(&mut self, untyped: &LogicalPlan) -> datafusion::error::Result<()> {
        let mut told: Vec<(usize, &'static PgType)> = Vec::new();
        untyped.apply_with_subqueries(|node| {
            node.apply_expressions(|expr| {
                expr.apply(|expr| {
                    if let PlannedExpr::Placeholder(placeholder) = expr
                        && let (Some(i), Some(field)) = (index(&placeholder.id), &placeholder.field)
                    {
                        told.push((i, PgType::of_field(field)));
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        // Last, what the functions take that parameters stand alone for.
        let taken = super::functions::parameters(untyped)?;
        told.extend(taken.into_iter().filter_map(|(name, data_type)| Some((index(&name)?, PgType::of(&data_type)))));
        for (i, pg) in told {
            let in_array = self.arrays.contains(&i);
            if let Some(slot) = self.types.get_mut(i).filter(|slot| slot.is_none()) {
                *slot = Some(if in_array { pg.array_type() } else { pg });
            }
        }
        Ok(())
    }
}

struct Found {
    types: Vec<Option<&'static PgType>>,
    arrays: Vec<usize>,
    too_many: Option<String>,
}

impl Found {
    /// Makes room for a parameter, and notes its type when it has none yet.
    fn note(&mut self, name: &str, pg: Option<&'static PgType>) {
        let Some(i) = index(name).filter(|i| *i < MAX_PARAMETERS) else {
            self.too_many = Some(name.to_owned());
            return;
        };
        if self.types.len() <= i {
            self.types.resize(i + 1, None);
        }
        if let Some(slot) = self.types.get_mut(i).filter(|slot| slot.is_none()) {
            *slot = pg;
        }
    }

    /// Notes that an expression, if it is a parameter, is of a type, and says so in the probe.
    fn is(&mut self, expr: &mut Expr, pg: &'static PgType) {
        if let Some(name) = placeholder(bare(expr)).map(str::to_owned) {
            self.note(&name, Some(pg));
            let inner = Box::new(std::mem::replace(expr, value(Value::Null)));
            let Some(data_type) = type_named(pg) else { return };
            *expr = Expr::Cast { kind: CastKind::DoubleColon, expr: inner, data_type, array: false, format: None };
        }
    }

    /// Notes the parameter of `x = ANY ($1)` and leaves `x = $1`, from which its element's type can be inferred.
    fn array(&mut self, expr: &mut Expr) {
        let Some((left, right)) = any_or_all(expr) else { return };
        let Some(i) = placeholder(bare(right)).and_then(index) else { return };
        self.arrays.push(i);
        let null = || Expr::Value(Value::Null.into());
        let (left, right) = (std::mem::replace(left, null()), std::mem::replace(right, null()));
        *expr = Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Eq, right: Box::new(right) };
    }

    /// The types that operators and clauses want.
    fn by_place(&mut self, expr: &mut Expr) {
        match expr {
            Expr::UnaryOp { op: UnaryOperator::Not, expr }
            | Expr::IsTrue(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsFalse(expr)
            | Expr::IsNotFalse(expr) => self.is(expr, &pg_type::BOOL),
            Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                self.is(left, &pg_type::BOOL);
                self.is(right, &pg_type::BOOL);
            }
            Expr::BinaryOp { left, op, right } => self.beside(left, op, right),
            Expr::Case { operand: None, conditions, .. } => {
                for when in conditions {
                    self.is(&mut when.condition, &pg_type::BOOL);
                }
            }
            Expr::Function(f) => {
                if let Some(condition) = &mut f.filter {
                    self.is(condition, &pg_type::BOOL);
                }
                let FunctionArguments::List(list) = &mut f.args else { return };
                let Some(name) = folded_parts(&f.name).pop() else { return };
                let Some((_, types)) = ARGUMENTS.iter().find(|(known, _)| *known == name) else { return };
                for (arg, pg) in list.args.iter_mut().zip(types.iter()) {
                    if let (FunctionArg::Unnamed(FunctionArgExpr::Expr(e)), Some(pg)) = (arg, pg) {
                        self.is(e, pg);
                    }
                }
            }
            _ => {}
        }
    }

    /// An operand whose type the other one does not tell DataFusion.
    fn beside(&mut self, left: &mut Expr, op: &BinaryOperator, right: &mut Expr) {
        if matches!(op, BinaryOperator::Arrow | BinaryOperator::LongArrow | BinaryOperator::StringConcat) {
            self.is(right, &pg_type::TEXT);
        } else if matches!(op, BinaryOperator::HashArrow | BinaryOperator::HashLongArrow | BinaryOperator::HashMinus) {
            self.is(right, &pg_type::TEXT_ARRAY);
        } else if *op == BinaryOperator::Plus && is_of(left, "timestamp") {
            self.is(right, &pg_type::INTERVAL);
        } else if *op == BinaryOperator::Multiply && matches!(bare(left), Expr::Interval(_)) {
            self.is(right, &pg_type::FLOAT8);
        }
    }

    /// Expressions that are all of one type: a parameter among them is compared with one that is none.
    fn alike(&mut self, expr: &mut Expr) {
        let parts: Vec<&Expr> = match &*expr {
            Expr::Function(f) if folded_parts(&f.name).last().is_some_and(|name| ALIKE.contains(&name.as_str())) => {
                let FunctionArguments::List(list) = &f.args else { return };
                let unnamed = |arg| match arg {
                    &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref e)) => Some(e),
                    _ => None,
                };
                list.args.iter().filter_map(unnamed).collect()
            }
            Expr::Case { conditions, else_result, operand: None, .. } => {
                conditions.iter().map(|when| &when.result).chain(else_result.as_deref()).collect()
            }
            Expr::Array(array) => array.elem.iter().collect(),
            Expr::InList { expr, list, .. } => std::iter::once(expr.as_ref()).chain(list).collect(),
            Expr::Between { expr, low, high, .. } => vec![expr, low, high],
            _ => return,
        };
        let Some(known) = parts.iter().find(|part| placeholder(bare(part)).is_none() && !is_null(part)) else { return };
        let unknown = parts.iter().filter(|part| placeholder(bare(part)).is_some());
        let equal = |part: &&Expr| Expr::BinaryOp {
            left: Box::new((*known).clone()),
            op: BinaryOperator::Eq,
            right: Box::new((**part).clone()),
        };
        let conditions = unknown.map(|part| CaseWhen { condition: equal(part), result: (*known).clone() }).collect::<Vec<_>>();
        if string(known).is_some() || conditions.is_empty() {
            return;
        }
        let case = |result: Option<Box<Expr>>, conditions| Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions,
            else_result: result,
        };
        let yields_truth = matches!(expr, Expr::InList { .. } | Expr::Between { .. });
        let is_array = matches!(expr, Expr::Array(_));
        let probe = case(None, conditions);
        *expr = if yields_truth {
            Expr::IsNotNull(Box::new(probe))
        } else if let (true, Expr::Array(array)) = (is_array, &mut *expr) {
            array.elem = vec![probe];
            return;
        } else {
            probe
        };
    }

    /// Parameters among the rows of `VALUES` and the select lists of a `UNION`, of the type of constants beside them.
    fn columns(&mut self, body: &mut SetExpr) {
        let mut rows: Vec<Vec<&mut Expr>> = Vec::new();
        listed(body, &mut rows);
        let width = rows.iter().map(Vec::len).min().unwrap_or(0);
        for column in 0..width {
            let known = rows.iter().filter_map(|row| row.get(column)).find_map(|e| constant_type(e));
            for row in &mut rows {
                if let (Some(pg), Some(e)) = (known, row.get_mut(column)) {
                    self.is(e, pg);
                }
            }
        }
    }
}

/// The value and the array of `x = ANY (array)` or `ALL`, which the dialect has as a function.
fn any_or_all(expr: &mut Expr) -> Option<(&mut Expr, &mut Expr)> {
    match expr {
        Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => Some((left, right)),
        Expr::Function(f) if f.name.0.last().and_then(|part| part.as_ident()).is_some_and(|name| is_comparison(&name.value)) => {
            let FunctionArguments::List(list) = &mut f.args else { return None };
            match list.args.as_mut_slice() {
                [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(left)), FunctionArg::Unnamed(FunctionArgExpr::Expr(right))] => {
                    Some((left, right))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_comparison(function: &str) -> bool {
    [COMPARE_ANY, COMPARE_ALL].contains(&function)
}

/// The expressions of each row, where there are several rows or branches.
fn listed<'a>(body: &'a mut SetExpr, rows: &mut Vec<Vec<&'a mut Expr>>) {
    match body {
        SetExpr::Values(values) => rows.extend(values.rows.iter_mut().map(|row| row.iter_mut().collect())),
        SetExpr::SetOperation { left, right, .. } => {
            listed(left, rows);
            listed(right, rows);
        }
        SetExpr::Select(select) => {
            let items = select.projection.iter_mut().filter_map(|item| match item {
                ast::SelectItem::UnnamedExpr(e) | ast::SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
                _ => None,
            });
            rows.push(items.collect());
        }
        SetExpr::Query(query) => listed(&mut query.body, rows),
        _ => {}
    }
}

/// The type of a number, of a truth value, or of what a cast gives.
fn constant_type(expr: &Expr) -> Option<&'static PgType> {
    match bare(expr) {
        Expr::Value(v) => match &v.value {
            Value::Number(digits, _) if digits.contains(['.', 'e', 'E']) => Some(&pg_type::NUMERIC),
            Value::Number(digits, _) => Some(if digits.parse::<i32>().is_ok() { &pg_type::INT4 } else { &pg_type::INT8 }),
            Value::Boolean(_) => Some(&pg_type::BOOL),
            _ => None,
        },
        Expr::Cast { data_type, .. } => named(data_type),
        Expr::TypedString(typed) => named(&typed.data_type),
        _ => None,
    }
}

fn is_of(expr: &Expr, name: &str) -> bool {
    constant_type(expr).is_some_and(|pg| pg.name.starts_with(name))
        || matches!(bare(expr), Expr::Function(f) if folded_parts(&f.name) == ["now"])
}

fn is_null(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(v) if v.value == Value::Null)
}

impl VisitorMut for Found {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            for count in limit.iter().chain(offset.iter().map(|o| &o.value)) {
                if let Some(name) = placeholder(count) {
                    self.note(name, Some(&pg_type::INT8));
                }
            }
        }
        if matches!(query.body.as_ref(), SetExpr::SetOperation { .. } | SetExpr::Values(_)) {
            self.columns(&mut query.body);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for condition in select.selection.iter_mut().chain(&mut select.having) {
            self.is(condition, &pg_type::BOOL);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.array(expr);
        self.by_place(expr);
        self.alike(expr);
        match expr {
            Expr::Cast { expr: inner, data_type, .. } => {
                if let Some(name) = placeholder(inner) {
                    self.note(name, named(data_type));
                }
            }
            other => {
                if let Some(name) = placeholder(other) {
                    self.note(name, None);
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The type that a cast names; `None` for one that is left to DataFusion.
fn named(data_type: &ast::DataType) -> Option<&'static PgType> {
    // `numeric(10, 2)` is a numeric to the client.
    let written = type_names::read(&data_type.to_string())?;
    let element = PgType::by_name(&written.name)?;
    Some(if written.is_array { element.array_type() } else { element })
}

fn placeholder(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(v) => match &v.value {
            Value::Placeholder(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// `$3` is the third: 2.
fn index(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}
