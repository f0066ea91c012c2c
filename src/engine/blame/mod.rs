//! Where in a statement's text an error is. What DataFusion and our functions find wrong has no place, and mostly not the words that were
//! written. Looked for in the statement as the client wrote it, parsed once more, and only when there is an error.

mod found;
mod operands;
mod place;
mod tokens;
mod types;

use datafusion::execution::session_state::SessionState;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use datafusion::sql::sqlparser::tokenizer::{Location, TokenWithSpan};

use super::admit;
use super::failure::position;
use crate::error::{Culprit, Error, Kind};

/// Statements as they were written. Of several in one text those before the faulty one ran, so that what is wrong is in none of them.
struct Text<'a> {
    sql: &'a str,
    tokens: Vec<TokenWithSpan>,
    statements: Vec<Ast>,
}

impl<'a> Text<'a> {
    /// `None` for a text that does not parse, or is too deep to be looked through.
    fn of(sql: &'a str) -> Option<Self> {
        let (tokens, statements) = admit::written(sql)?;
        Some(Self { sql, tokens, statements })
    }

    /// An error at a place.
    fn at(&self, e: Error, at: Location) -> Error {
        match position(self.sql, at) {
            Some(at) => e.at(at),
            None => e,
        }
    }
}

/// The error with its place, where it is one that has a place.
pub(super) fn placed(e: Error, sql: &str) -> Error {
    if e.position().is_some() || !has_place(e.kind()) {
        return e;
    }
    let Some(text) = Text::of(sql) else { return e };
    match place::of(&e, &text) {
        Some(at) => text.at(e, at),
        None => e,
    }
}

/// The same for an error of planning, where types can be asked for: functions and operators are named with what they were given.
pub(super) async fn told(e: Error, state: &SessionState, sql: &str) -> Error {
    if !has_place(e.kind()) {
        return e;
    }
    let e = match copied(sql) {
        Some(table) => return of_copy(e, &table),
        None => e,
    };
    let Some(text) = Text::of(sql) else { return e };
    // DataFusion has the first branch's place.
    let e = if e.message().starts_with("each ") { e.nowhere() } else { e };
    let e = match e.kind().culprit() {
        Culprit::Function | Culprit::Cast | Culprit::Type => types::told(e, state, &text).await,
        Culprit::Relation => types::of_table(place::aliased(e, &text), state, &text).await,
        Culprit::Literal
        | Culprit::Object
        | Culprit::Column
        | Culprit::Grouping
        | Culprit::Window
        | Culprit::Position
        | Culprit::Alias
        | Culprit::Parameter
        | Culprit::Clause
        | Culprit::Published(_)
        | Culprit::Nothing => e,
    };
    if e.position().is_some() {
        return e;
    }
    match place::of(&e, &text) {
        Some(at) => text.at(e, at),
        None => e,
    }
}

/// The table that a COPY names: no query is written there for an error to be in.
fn copied(sql: &str) -> Option<String> {
    let (first, rest) = sql.trim_start().split_once(char::is_whitespace)?;
    let table = rest.trim_start().split(|c: char| c.is_whitespace() || c == '(').next()?;
    let name = table.rsplit('.').next()?.trim_matches('"');
    (first.eq_ignore_ascii_case("copy") && !name.is_empty()).then(|| name.to_owned())
}

/// The error of a COPY of a table, in its words and without a place.
fn of_copy(e: Error, table: &str) -> Error {
    let column = e.message().strip_prefix("column \"").and_then(|rest| rest.strip_suffix("\" does not exist"));
    match column {
        Some(column) if e.kind() == Kind::UndefinedColumn => {
            Error::new(Kind::UndefinedColumn, format!("column \"{column}\" of relation \"{table}\" does not exist"))
        }
        Some(_) | None => e.nowhere(),
    }
}

/// Whether PostgreSQL tells the place of such an error.
fn has_place(kind: Kind) -> bool {
    !matches!(kind.culprit(), Culprit::Nothing | Culprit::Published(_))
}
