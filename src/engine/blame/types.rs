//! What functions and operators were given, in PostgreSQL's words: the types of expressions are asked of the planner, in the SELECT that they
//! stand in.

use datafusion::execution::session_state::SessionState;
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr, Statement as Ast, Value};
use datafusion::sql::sqlparser::parser::Parser;

use super::super::dialect::{self, ast::bare};
use super::super::grammar::Grammar;
use super::super::numeric;
use super::Text;
use super::found::{Part, Parts, What};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// How many parts of a statement are asked about.
const MOST: usize = 32;

/// Names of our functions that stand for what a client writes otherwise.
const WRITTEN: &[(&str, &str)] = &[
    ("array_flat", "unnest"),
    ("substring", "substr"),
    ("character_length", "length"),
    ("btrim", "trim"),
    ("number_to_char", "to_char"),
];

/// The error with what was written, and its place, when it is found.
pub async fn told(e: Error, state: &SessionState, text: &Text<'_>) -> Error {
    let parts = Parts::of(text);
    let message = e.message().to_owned();
    if let Some(rest) = message.strip_prefix("operator does not exist: ") {
        return operator(e, rest, state, text, &parts).await;
    }
    if let Some((from, to)) = message.strip_prefix("cannot cast type ").and_then(|rest| rest.split_once(" to ")) {
        return cast(e, from, to, state, text, &parts).await;
    }
    match message.strip_prefix("function ").and_then(|rest| rest.strip_suffix(" does not exist")) {
        Some(call) => function(e, call, state, text, &parts).await,
        None => e,
    }
}

/// A relation that there is not, where a function was written.
pub async fn of_table(e: Error, state: &SessionState, text: &Text<'_>) -> Error {
    let name = e.message().strip_prefix("relation \"").and_then(|rest| rest.strip_suffix("\" does not exist"));
    let Some(name) = name.map(str::to_owned) else { return e };
    let parts = Parts::of(text);
    let is_it = |part: &Part| {
        let place = super::position(text.sql, part.at);
        matches!(&part.what, What::Call { name: written, .. } if written.join(".") == name) && place == e.position()
    };
    if parts.all.iter().any(is_it) { function(e, &name, state, text, &parts).await } else { e }
}

async fn function(e: Error, call: &str, state: &SessionState, text: &Text<'_>, parts: &Parts) -> Error {
    let (name, given) = match call.split_once('(') {
        Some((name, types)) => (name, Some(types.trim_end_matches(')'))),
        None => (call, None),
    };
    let name = name.rsplit('.').next().unwrap_or(name);
    let mut best = None;
    for part in parts.all.iter().take(MOST * 8) {
        let What::Call { name: written, arguments } = &part.what else { continue };
        let Some(last) = written.last() else { continue };
        let same = last == name
            || WRITTEN.iter().any(|(ours, theirs)| *ours == name && theirs == last)
            || state.scalar_functions().get(last.as_str()).is_some_and(|f| f.name() == name);
        if !same {
            continue;
        }
        let types = types(state, text, parts, part, arguments).await;
        let all = types.as_ref().map(|types| types.join(", "));
        let fits = given.is_none_or(|given| all.as_deref() == Some(given));
        if best.is_none() || fits {
            let shown = format!("{}({})", written.join("."), all.unwrap_or_else(|| given.unwrap_or_default().to_owned()));
            best = Some((shown, part.at));
        }
        if fits {
            break;
        }
    }
    let Some((shown, at)) = best else { return e };
    let named = Error::new(Kind::UndefinedFunction, format!("function {shown} does not exist"));
    text.at(named.with_hint(super::super::wording::FUNCTION_HINT), at)
}

async fn operator(e: Error, said: &str, state: &SessionState, text: &Text<'_>, parts: &Parts) -> Error {
    let mut first = None;
    for part in parts.all.iter().take(MOST * 8) {
        let What::Operator { name, sides } = &part.what else { continue };
        let is_it = said.contains(&format!(" {name} ")) || said.starts_with(&format!("{name} "));
        if !is_it {
            continue;
        }
        first = first.or(Some(part.at));
        let Some(types) = types(state, text, parts, part, sides).await else { continue };
        let shown = match types.as_slice() {
            [one] => format!("{name} {one}"),
            [left, right] => format!("{left} {name} {right}"),
            _ => continue,
        };
        if shown == said {
            return text.at(e, part.at);
        }
    }
    match first {
        Some(at) => text.at(e, at),
        None => e,
    }
}

async fn cast(e: Error, from: &str, to: &str, state: &SessionState, text: &Text<'_>, parts: &Parts) -> Error {
    let mut first = None;
    for part in &parts.all {
        let What::Cast { from: inner, to: named } = &part.what else { continue };
        if PgType::by_name(named.to_string().to_lowercase().as_str()).is_some_and(|pg| pg.sql_name != to) {
            continue;
        }
        first = first.or(Some(part.at));
        let types = types(state, text, parts, part, std::slice::from_ref(inner)).await;
        if types.is_some_and(|types| types.first().is_some_and(|t| t == from)) {
            return text.at(e, part.at);
        }
    }
    match first {
        Some(at) => text.at(e, at),
        None => e,
    }
}

/// The types of expressions where a part stands; `None` when they can't be planned by themselves.
async fn types(state: &SessionState, text: &Text<'_>, parts: &Parts, part: &Part, exprs: &[Expr]) -> Option<Vec<String>> {
    if exprs.is_empty() {
        return Some(Vec::new());
    }
    let mut query = empty()?;
    if let Some(Ast::Query(whole)) = text.statements.get(part.statement) {
        query.with.clone_from(&whole.with);
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    if let Some(around) = part.select.and_then(|number| parts.selects.get(number)) {
        select.from.clone_from(&around.from);
    }
    let item = |(i, e): (usize, &Expr)| SelectItem::ExprWithAlias { expr: e.clone(), alias: Ident::new(format!("p{i}")) };
    select.projection = exprs.iter().enumerate().map(item).collect();
    let mut ast = Ast::Query(query);
    dialect::rewrite(&mut ast).ok()?;
    numeric::mark(&mut ast);
    let plan = state.statement_to_plan(DfStatement::Statement(Box::new(ast))).await.ok()?;
    let told = plan.schema().fields().iter().map(|field| PgType::of_field(field).sql_name.to_owned());
    Some(exprs.iter().zip(told).map(|(e, told)| if is_unknown(e) { "unknown".to_owned() } else { told }).collect())
}

fn is_unknown(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(v) if matches!(v.value, Value::Null | Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_)))
}

fn empty() -> Option<Box<Query>> {
    match Parser::parse_sql(&Grammar::default(), "SELECT 1").ok()?.pop()? {
        Ast::Query(query) => Some(query),
        _ => None,
    }
}
