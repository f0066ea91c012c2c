//! What functions and operators were given, in PostgreSQL's words: the types of expressions are asked of the planner, in the SELECT that they
//! stand in.

use datafusion::execution::session_state::SessionState;
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr, Statement as Ast, Value};
use datafusion::sql::sqlparser::parser::Parser;

use super::super::choices;
use super::super::dialect::{self, ast::bare};
use super::super::grammar::Grammar;
use super::super::numeric;
use super::Text;
use super::found::{Part, What, given, parts};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// How many parts of a statement the planner is asked about.
const MOST: usize = 32;

/// Functions of several types, none of which a constant without a type is taken for.
const SEVERAL: &[&str] = &["avg", "gcd", "generate_series", "lcm", "mod", "sum"];

/// Types whose values have a sign.
const SIGNED: &[&str] = &["smallint", "integer", "bigint", "numeric", "real", "double precision", "interval"];

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
    let parts = parts(text);
    let message = e.message().to_owned();
    if let Some((clause, of)) = mismatch(&message) {
        return operand(e, &[clause], of, state, text, &parts).await;
    }
    if let Some(of) = message.strip_prefix("could not identify an equality operator for type ") {
        return operand(e, &["GROUP BY", "DISTINCT", "UNION"], of, state, text, &parts).await;
    }
    if let Some(of) = message.strip_prefix("could not identify an ordering operator for type ") {
        return operand(e, &["ORDER BY"], of, state, text, &parts).await;
    }
    if let Some(rest) = message.strip_prefix("operator does not exist: ") {
        return operator(e, rest, state, text, &parts).await;
    }
    if let Some((from, to)) = message.strip_prefix("cannot cast type ").and_then(|rest| rest.split_once(" to ")) {
        return cast(e, from, to, state, text, &parts).await;
    }
    if let Some(call) = message.strip_prefix("function ").and_then(|rest| rest.strip_suffix(" is not unique")) {
        return ambiguous(e, call, state, text, &parts).await;
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
    if let [database, _, _] = name.split('.').collect::<Vec<_>>().as_slice()
        && state.catalog_list().catalog(database).is_none()
    {
        let other = Error::new(Kind::Unsupported, format!("cross-database references are not implemented: \"{name}\""));
        return e.position().into_iter().fold(other, Error::at);
    }
    let parts = parts(text);
    let is_it = |part: &Part| {
        let place = super::position(text.sql, part.at);
        matches!(&part.what, What::Call(written) if written.join(".") == name) && place == e.position()
    };
    if parts.iter().any(is_it) { function(e, &name, state, text, &parts).await } else { e }
}

async fn function(e: Error, call: &str, state: &SessionState, text: &Text<'_>, parts: &[Part]) -> Error {
    let (name, said) = match call.split_once('(') {
        Some((name, types)) => (name, Some(types.trim_end_matches(')'))),
        None => (call, None),
    };
    let name = name.rsplit('.').next().unwrap_or(name);
    let is_it = |part: &Part| {
        let What::Call(written) = &part.what else { return false };
        written.last().is_some_and(|last| {
            last == name
                || WRITTEN.iter().any(|(ours, theirs)| *ours == name && theirs == last)
                || state.scalar_functions().get(last.as_str()).is_some_and(|f| f.name() == name)
        })
    };
    let mut best = None;
    for (number, part) in parts.iter().enumerate().filter(|(_, part)| is_it(part)).take(MOST) {
        let What::Call(written) = &part.what else { continue };
        let types = types(state, text, number, part).await;
        let all = types.as_ref().map(|types| types.join(", "));
        let fits = said.is_none_or(|said| all.as_deref() == Some(said));
        if best.is_none() || fits {
            let shown = format!("{}({})", written.join("."), all.unwrap_or_else(|| said.unwrap_or_default().to_owned()));
            best = Some((shown, part.at));
        }
        if fits {
            break;
        }
    }
    if let Some(found) = stands_for(name, said, state, text, parts).await {
        return found;
    }
    if let Some((shown, at)) = &best
        && let Some((schema, _)) = shown.split_once('(').and_then(|(name, _)| name.split_once('.'))
        && !has_schema(state, schema)
    {
        return text.at(Error::new(Kind::UndefinedSchema, format!("schema \"{schema}\" does not exist")), *at);
    }
    if let Some((shown, at)) = &best
        && SEVERAL.contains(&name)
        && shown.split_once('(').is_some_and(|(_, types)| types.trim_end_matches(')').split(", ").all(|t| t == "unknown"))
    {
        let e = Error::new(Kind::AmbiguousFunction, format!("function {shown} is not unique"));
        let hint = "Could not choose a best candidate function. You might need to add explicit type casts.";
        return text.at(e.with_hint(hint), *at);
    }
    let Some((shown, at)) = best else { return operator_of(e, name, said, state, text, parts).await };
    let named = Error::new(Kind::UndefinedFunction, format!("function {shown} does not exist"));
    text.at(named.with_hint(super::super::wording::FUNCTION_HINT), at)
}

fn has_schema(state: &SessionState, name: &str) -> bool {
    let default = &state.config_options().catalog.default_catalog;
    ["pg_catalog", "information_schema", "catalog"].contains(&name)
        || state.catalog_list().catalog(default).is_none_or(|catalog| catalog.schema_names().iter().any(|known| known == name))
}

/// The error of a call that several functions may be meant by, at its place.
async fn ambiguous(e: Error, call: &str, state: &SessionState, text: &Text<'_>, parts: &[Part]) -> Error {
    let Some((name, said)) = call.split_once('(') else { return e };
    let name = name.rsplit('.').next().unwrap_or(name);
    let is_it = |part: &Part| matches!(&part.what, What::Call(written) if written.last().is_some_and(|last| last == name));
    for (number, part) in parts.iter().enumerate().filter(|(_, part)| is_it(part)).take(MOST) {
        if types(state, text, number, part).await.is_some_and(|types| types.join(", ") == said.trim_end_matches(')')) {
            return text.at(e, part.at);
        }
    }
    e
}

/// The error of what a function of ours stands for, whose error is another.
async fn stands_for(name: &str, said: Option<&str>, state: &SessionState, text: &Text<'_>, parts: &[Part]) -> Option<Error> {
    let clause = match name {
        "coalesce" => "COALESCE",
        "greatest" => "GREATEST",
        "least" => "LEAST",
        "make_array" => "ARRAY",
        "array_element" => {
            let of = said?.split(", ").next()?;
            let message = format!("cannot subscript type {of} because it does not support subscripting");
            return Some(operand(Error::new(Kind::DatatypeMismatch, message), &["SUBSCRIPT"], of, state, text, parts).await);
        }
        "text_to_uuid" => {
            let e = Error::new(Kind::CannotCast, format!("cannot cast type {} to uuid", said?));
            return Some(cast(e, said?, "uuid", state, text, parts).await);
        }
        _ => return None,
    };
    let mut all = Vec::new();
    let is_it = |part: &Part| matches!(part.what, What::Operand(named) if named == clause);
    for (number, part) in parts.iter().enumerate().filter(|(_, part)| is_it(part)).take(MOST) {
        all.extend(types(state, text, number, part).await.unwrap_or_default());
    }
    let e = choices::mismatch(clause, all.iter().map(|of| PgType::by_name(of)))?;
    let of = mismatch(e.message())?.1.to_owned();
    Some(operand(e, &[clause], &of, state, text, parts).await)
}

/// The error of an operator for which a function stands that does not take these types.
async fn operator_of(e: Error, name: &str, said: Option<&str>, state: &SessionState, text: &Text<'_>, parts: &[Part]) -> Error {
    let Some(said) = said else { return e };
    let operators = parts.iter().enumerate().filter(|(_, part)| matches!(part.what, What::Operator(_)));
    for (number, part) in operators.take(MOST) {
        let What::Operator(op) = &part.what else { continue };
        let Some(types) = types(state, text, number, part).await else { continue };
        let missing = match types.as_slice() {
            // `x = ANY (array)` is asked of the array.
            [left, right] if name == "array_has" && [right.as_str(), left] == said.split(", ").collect::<Vec<_>>()[..] => {
                let Some(right) = right.strip_suffix("[]") else {
                    let e = Error::new(Kind::WrongObject, "op ANY/ALL (array) requires array on right side");
                    return text.at(e, part.at);
                };
                format!("{left} {op} {right}")
            }
            [left, right] if name.starts_with("compare_") && said.ends_with(&format!(", {left}, {right}")) => {
                let Some(right) = right.strip_suffix("[]") else {
                    let e = Error::new(Kind::WrongObject, "op ANY/ALL (array) requires array on right side");
                    return text.at(e, part.at);
                };
                format!("{left} {op} {right}")
            }
            [one] if one == said => format!("{op} {one}"),
            [left, right] if format!("{left}, {right}") == said => format!("{left} {op} {right}"),
            _ => continue,
        };
        return text.at(no_operator(&missing, types.len()), part.at);
    }
    e
}

/// The error of an operator that there is not, of so many sides.
fn no_operator(shown: &str, sides: usize) -> Error {
    let hint = match sides {
        1 => "No operator matches the given name and argument type. You might need to add an explicit type cast.",
        _ => "No operator matches the given name and argument types. You might need to add explicit type casts.",
    };
    Error::new(Kind::UndefinedFunction, format!("operator does not exist: {shown}")).with_hint(hint)
}

async fn operator(e: Error, said: &str, state: &SessionState, text: &Text<'_>, parts: &[Part]) -> Error {
    let is_it = |part: &Part| match &part.what {
        What::Operator(name) => said.contains(&format!(" {name} ")) || said.starts_with(&format!("{name} ")),
        What::Literal(_) | What::Call(_) | What::Cast(_) | What::Column(_) | What::Operand(_) => false,
    };
    let mut first = None;
    for (number, part) in parts.iter().enumerate().filter(|(_, part)| is_it(part)).take(MOST) {
        let What::Operator(name) = &part.what else { continue };
        first = first.or(Some(part.at));
        let Some(types) = types(state, text, number, part).await else { continue };
        let shown = match types.as_slice() {
            [one] => format!("{name} {one}"),
            [left, right] => format!("{left} {name} {right}"),
            _ => continue,
        };
        if types == ["unknown"] && said.starts_with(name.as_str()) {
            let e = Error::new(Kind::AmbiguousFunction, format!("operator is not unique: {shown}"));
            let hint = "Could not choose a best candidate operator. You might need to add explicit type casts.";
            return text.at(e.with_hint(hint), part.at);
        }
        let is_prefix = said.starts_with(name.as_str());
        if said.contains('?') && is_prefix == (types.len() == 1) && !(is_prefix && SIGNED.contains(&types[0].as_str())) {
            return text.at(no_operator(&shown, types.len()), part.at);
        }
        if shown == said {
            return text.at(e, part.at);
        }
    }
    match first {
        Some(at) => text.at(e, at),
        None => e,
    }
}

async fn cast(e: Error, from: &str, to: &str, state: &SessionState, text: &Text<'_>, parts: &[Part]) -> Error {
    let is_it = |part: &Part| match &part.what {
        What::Cast(named) => PgType::by_name(named.to_string().to_lowercase().as_str()).is_none_or(|pg| pg.sql_name == to),
        What::Literal(_) | What::Call(_) | What::Operator(_) | What::Column(_) | What::Operand(_) => false,
    };
    let mut first = None;
    for (number, part) in parts.iter().enumerate().filter(|(_, part)| is_it(part)).take(MOST) {
        first = first.or(Some(part.at));
        let types = types(state, text, number, part).await;
        if types.is_some_and(|types| types.first().is_some_and(|t| t == from)) {
            return text.at(e, part.at);
        }
    }
    match first {
        Some(at) => text.at(e, at),
        None => e,
    }
}

/// The clause that two types do not match in, and the one that it does not take.
fn mismatch(message: &str) -> Option<(&str, &str)> {
    if let Some(said) = message.strip_prefix("argument of ") {
        return said.split_once(" must be type boolean, not type ");
    }
    let (clause, types) = message.strip_suffix(" cannot be matched")?.split_once(" types ")?;
    let (_, of) = types.split_once(" and ")?;
    Some((if ["INTERSECT", "EXCEPT"].contains(&clause) { "UNION" } else { clause }, of))
}

async fn operand(e: Error, clauses: &[&str], of: &str, state: &SessionState, text: &Text<'_>, parts: &[Part]) -> Error {
    let is_it = |part: &Part| matches!(part.what, What::Operand(clause) if clauses.contains(&clause));
    for (number, part) in parts.iter().enumerate().filter(|(_, part)| is_it(part)).take(MOST) {
        if types(state, text, number, part).await.is_some_and(|types| types == [of] || of == "text" && types == ["unknown"]) {
            return text.at(e, part.at);
        }
    }
    e
}

/// The types of what a part was given; `None` when that can't be planned by itself.
async fn types(state: &SessionState, text: &Text<'_>, number: usize, part: &Part) -> Option<Vec<String>> {
    let given = given(text, number, part);
    let exprs = given.exprs;
    if exprs.is_empty() {
        return Some(Vec::new());
    }
    let mut query = empty()?;
    if let Some(Ast::Query(whole)) = text.statements.get(part.statement) {
        query.with.clone_from(&whole.with);
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    select.from = given.from;
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
    matches!(bare(expr), Expr::Value(v) if matches!(
        v.value,
        Value::Null | Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) | Value::Placeholder(_)
    ))
}

fn empty() -> Option<Box<Query>> {
    match Parser::parse_sql(&Grammar::default(), "SELECT 1").ok()?.pop()? {
        Ast::Query(query) => Some(query),
        _ => None,
    }
}
