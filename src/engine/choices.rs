//! Where one of several values is given, their types must be of one sort: `CASE`, `coalesce`, `greatest`, `least`, `ARRAY[..]`, `UNION`, `INTERSECT`,
//! `EXCEPT`. DataFusion would make texts of them, or read one as the other. Runs before types are settled, which makes them one.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, JoinType, NullEquality, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{Case, Cast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder, Projection, Union, cast};
use datafusion::optimizer::AnalyzerRule;

use super::functions::function::is_list;
use super::numeric::for_result;
use super::strict;
use crate::error::{Error, Kind};
use crate::table::pg_type::{self, PgType};

/// Refuses what does not match, with [`Kind::DatatypeMismatch`], and gives quoted constants the type of what stands beside them.
#[derive(Debug, Default)]
pub struct Choices;

impl AnalyzerRule for Choices {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(node).map(|changed| changed.data)
    }

    fn name(&self) -> &str {
        "Choices"
    }
}

fn node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if matches!(plan, LogicalPlan::TableScan(_) | LogicalPlan::EmptyRelation(_)) {
        return Ok(Transformed::no(plan));
    }
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let changed = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let changed = expr.transform_up(|expr| choice(expr, &schema))?;
        Ok(if changed.transformed { changed.update_data(|expr| name.restore(expr)) } else { changed })
    })?;
    let changed = if changed.transformed { changed.map_data(LogicalPlan::recompute_schema)? } else { changed };
    changed.transform_data(|plan| match plan {
        LogicalPlan::Union(union) => branches(union),
        LogicalPlan::Join(join) if join.null_equality == NullEquality::NullEqualsNull => {
            let clause = match join.join_type {
                JoinType::LeftSemi => "INTERSECT",
                JoinType::LeftAnti => "EXCEPT",
                _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
            };
            for (left, right) in types(&join.left).into_iter().zip(types(&join.right)) {
                matched(clause, [left, right])?;
            }
            of_one_type(join)
        }
        other => Ok(Transformed::no(other)),
    })
}

fn choice(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match &expr {
        Expr::Case(case) => {
            cases(case, schema)?;
            let Expr::Case(mut case) = expr else { return Ok(Transformed::no(expr)) };
            let results = case.when_then_expr.iter_mut().map(|(_, then)| then).chain(&mut case.else_expr);
            let is_changed = read(results.map(AsMut::as_mut).collect(), schema)?;
            Ok(if is_changed { Transformed::yes(Expr::Case(case)) } else { Transformed::no(Expr::Case(case)) })
        }
        Expr::ScalarFunction(call) => match call.func.name() {
            "coalesce" => chosen("COALESCE", expr, schema),
            "greatest" => chosen("GREATEST", expr, schema),
            "least" => chosen("LEAST", expr, schema),
            "make_array" => {
                matched("ARRAY", call.args.iter().map(|e| of(e, schema)))?;
                Ok(Transformed::no(expr))
            }
            _ => Ok(Transformed::no(expr)),
        },
        Expr::Cast(written) => {
            // Before it is settled: a UUID's text would be read as a number.
            match of(&written.expr, schema) {
                Some(from) if *from == pg_type::UUID => strict::castable(from, PgType::of_field(&written.field))?,
                Some(_) | None => {}
            }
            Ok(Transformed::no(expr))
        }
        Expr::AggregateFunction(call) => {
            call.params.filter.iter().try_for_each(|filter| condition("FILTER", filter, schema))?;
            Ok(Transformed::no(expr))
        }
        _ => Ok(Transformed::no(expr)),
    }
}

fn cases(case: &Case, schema: &DFSchema) -> Result<()> {
    if case.expr.is_none() {
        for (when, _) in &case.when_then_expr {
            condition("CASE/WHEN", when, schema)?;
        }
    }
    // As PostgreSQL looks at them: what stands behind ELSE comes first.
    let results = case.else_expr.iter().chain(case.when_then_expr.iter().map(|(_, then)| then));
    matched("CASE", results.map(|e| of(e, schema)))
}

/// [`Kind::DatatypeMismatch`] for a condition that is no truth value.
fn condition(clause: &str, expr: &Expr, schema: &DFSchema) -> Result<()> {
    match of(expr, schema).filter(|pg| sort(pg).is_some_and(|sort| sort != 'B')) {
        None => Ok(()),
        Some(other) => {
            let message = format!("argument of {clause} must be type boolean, not type {}", other.sql_name);
            Err(outward(Error::new(Kind::DatatypeMismatch, message)))
        }
    }
}

fn chosen(clause: &str, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Expr::ScalarFunction(mut call) = expr else { return Ok(Transformed::no(expr)) };
    matched(clause, call.args.iter().map(|e| of(e, schema)))?;
    let is_changed = read(call.args.iter_mut().collect(), schema)?;
    let chosen = Expr::ScalarFunction(call);
    Ok(if is_changed { Transformed::yes(chosen) } else { Transformed::no(chosen) })
}

/// Casts the quoted constants among choices to the one type of the others; whether there is anything of both.
fn read(choices: Vec<&mut Expr>, schema: &DFSchema) -> Result<bool> {
    let mut known = choices.iter().filter(|e| !is_unknown(e)).map(|e| e.to_field(schema).map(|(_, field)| field));
    let Some(to) = known.next().transpose()?.filter(|field| is_read(field.data_type())) else { return Ok(false) };
    for other in known {
        if other?.data_type() != to.data_type() {
            return Ok(false);
        }
    }
    let quoted: Vec<&mut Expr> = choices.into_iter().filter(|e| is_quoted(e)).collect();
    let is_changed = !quoted.is_empty();
    if to.data_type().is_integer() {
        // Also where no row asks for it.
        quoted.iter().try_for_each(|e| whole(e, to.data_type()))?;
    }
    for constant in quoted {
        let written = Box::new(std::mem::take(constant));
        *constant = Expr::Cast(Cast { expr: written, field: Arc::clone(&to) });
    }
    Ok(is_changed)
}

/// [`Kind::InvalidText`] for a quoted constant that is no whole number.
fn whole(expr: &Expr, to: &DataType) -> Result<()> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) if text.trim().parse::<i128>().is_err() => {
            let message = format!("invalid input syntax for type {}: \"{text}\"", PgType::of(to).sql_name);
            Err(outward(Error::new(Kind::InvalidText, message)))
        }
        _ => Ok(()),
    }
}

/// A constant that has no type yet.
fn is_unknown(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Null, _)) || is_quoted(expr)
}

fn is_quoted(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(_)), _))
}

/// Whether a quoted constant is read as a value of this type by a cast, whatever stands elsewhere.
fn is_read(to: &DataType) -> bool {
    to.is_integer() || to.is_floating() || to.is_temporal() || *to == DataType::Boolean || is_list(to)
}

/// A union whose quoted constants are read as what the other branches give.
fn branches(union: Union) -> Result<Transformed<LogicalPlan>> {
    let given: Vec<Vec<Option<&PgType>>> = union.inputs.iter().map(|input| types(input)).collect();
    let width = given.iter().map(Vec::len).min().unwrap_or(0);
    let mut read: Vec<Option<DataType>> = vec![None; width];
    for (column, read) in read.iter_mut().enumerate() {
        matched("UNION", given.iter().map(|types| types[column]))?;
        let known = given.iter().position(|types| types[column].is_some());
        let known = known.map(|input| union.inputs[input].schema().field(column).data_type().clone());
        *read = known.filter(is_read);
    }
    let mut changed = false;
    let mut inputs = Vec::with_capacity(union.inputs.len());
    for input in union.inputs {
        inputs.push(match input.as_ref() {
            LogicalPlan::Projection(projection) => match constants(projection, &read)? {
                Some(plan) => {
                    changed = true;
                    Arc::new(plan)
                }
                None => input,
            },
            _ => input,
        });
    }
    if !changed {
        return Ok(Transformed::no(LogicalPlan::Union(Union { inputs, schema: union.schema })));
    }
    Union::try_new_with_loose_types(inputs).map(|union| Transformed::yes(LogicalPlan::Union(union)))
}

/// An INTERSECT or EXCEPT whose integers and floats are of the type that both sides meet in, as its answer is.
fn of_one_type(join: Join) -> Result<Transformed<LogicalPlan>> {
    let plain = |field: &FieldRef| !field.data_type().is_decimal();
    let pairs = join.left.schema().fields().iter().zip(join.right.schema().fields().iter());
    let common: Vec<Option<DataType>> = pairs
        .map(|(left, right)| {
            let differ = plain(left) && plain(right) && left.data_type() != right.data_type();
            if differ { for_result(left.data_type(), right.data_type()) } else { None }
        })
        .collect();
    if common.iter().all(Option::is_none) {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let columns = |exprs: Vec<&Expr>| exprs.into_iter().map(|e| e.try_as_col().cloned()).collect::<Option<Vec<_>>>();
    let keys =
        (columns(join.on.iter().map(|(left, _)| left).collect()), columns(join.on.iter().map(|(_, right)| right).collect()));
    let (Some(left), Some(right)) = keys else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
    let read = |plan: &LogicalPlan| {
        let exprs = plan.schema().iter().zip(&common).map(|((qualifier, field), to)| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            match to {
                Some(to) => cast(column, to.clone()).alias_qualified(qualifier.cloned(), field.name()),
                None => column,
            }
        });
        LogicalPlanBuilder::from(plan.clone()).project(exprs.collect::<Vec<_>>())?.build()
    };
    let joined = LogicalPlanBuilder::from(read(&join.left)?).join_detailed(
        read(&join.right)?,
        join.join_type,
        (left, right),
        None,
        NullEquality::NullEqualsNull,
    )?;
    Ok(Transformed::yes(joined.build()?))
}

/// The projection with its quoted constants read as these types; `None` when it has none of them.
fn constants(projection: &Projection, read: &[Option<DataType>]) -> Result<Option<LogicalPlan>> {
    if !projection.expr.iter().zip(read).any(|(expr, to)| to.is_some() && is_quoted(bare(expr))) {
        return Ok(None);
    }
    let typed =
        projection.expr.iter().zip(projection.schema.iter()).enumerate().map(|(i, (expr, (qualifier, field)))| {
            match read.get(i) {
                Some(Some(to)) if is_quoted(bare(expr)) => {
                    cast(bare(expr).clone(), to.clone()).alias_qualified(qualifier.cloned(), field.name())
                }
                Some(_) | None => expr.clone(),
            }
        });
    Projection::try_new(typed.collect(), Arc::clone(&projection.input)).map(|plan| Some(LogicalPlan::Projection(plan)))
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

/// The type of an expression; `None` of one that has none yet.
fn of(expr: &Expr, schema: &DFSchema) -> Option<&'static PgType> {
    strict::of(expr, schema).filter(|_| expr.get_type(schema).is_ok_and(|t| t != DataType::Null))
}

/// The types of a plan's columns; `None` of a constant that has none yet.
fn types(plan: &LogicalPlan) -> Vec<Option<&'static PgType>> {
    match plan {
        LogicalPlan::Projection(p) => p.expr.iter().map(|e| of(bare(e), p.input.schema())).collect(),
        LogicalPlan::Union(union) => {
            let given: Vec<_> = union.inputs.iter().map(|input| types(input)).collect();
            let width = given.iter().map(Vec::len).min().unwrap_or(0);
            (0..width).map(|column| given.iter().find_map(|types| types[column])).collect()
        }
        LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Distinct(_) if plan.inputs().len() == 1 => {
            plan.inputs().first().map(|input| types(input)).unwrap_or_default()
        }
        LogicalPlan::Values(values) => {
            let width = values.values.first().map_or(0, Vec::len);
            let cell = |row: &Vec<Expr>, i: usize| match bare(row.get(i)?) {
                // To the column's type.
                Expr::Cast(cast) => of(&cast.expr, &DFSchema::empty()),
                other => of(other, &DFSchema::empty()),
            };
            (0..width).map(|i| values.values.iter().find_map(|row| cell(row, i))).collect()
        }
        other => {
            let known = |field: &FieldRef| (*field.data_type() != DataType::Null).then(|| PgType::of_field(field));
            other.schema().fields().iter().map(known).collect()
        }
    }
}

fn matched(clause: &str, types: impl IntoIterator<Item = Option<&'static PgType>>) -> Result<()> {
    mismatch(clause, types).map_or(Ok(()), |e| Err(outward(e)))
}

/// [`Kind::DatatypeMismatch`] for the first type that is of another sort than those before.
pub fn mismatch(clause: &str, types: impl IntoIterator<Item = Option<&'static PgType>>) -> Option<Error> {
    let mut known = types.into_iter().flatten().filter_map(|pg| Some((pg, sort(pg)?)));
    let (mut first, sort) = known.next()?;
    for (pg, other) in known {
        if other != sort {
            let message = format!("{clause} types {} and {} cannot be matched", first.sql_name, pg.sql_name);
            return Some(Error::new(Kind::DatatypeMismatch, message));
        }
        // The wider one is what the next is held against.
        if rank(pg) > rank(first) {
            first = pg;
        }
    }
    None
}

/// Texts, numbers, truth values, moments, and intervals; of other types nothing is said here.
fn sort(pg: &PgType) -> Option<char> {
    match pg.category {
        'S' | 'B' | 'D' | 'T' => Some(pg.category),
        'N' if strict::is_number(pg) => Some('N'),
        _ => None,
    }
}

/// Which of two types of a sort both are brought to.
fn rank(pg: &PgType) -> usize {
    const ORDER: [&PgType; 6] =
        [&pg_type::INT2, &pg_type::INT4, &pg_type::INT8, &pg_type::NUMERIC, &pg_type::FLOAT4, &pg_type::FLOAT8];
    ORDER.iter().position(|known| *known == pg).unwrap_or(0)
}

fn outward(e: Error) -> DataFusionError {
    DataFusionError::External(Box::new(e))
}
