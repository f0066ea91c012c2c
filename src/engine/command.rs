//! Statements about what a client has named: prepared statements and cursors. Whoever keeps these by name (the wire) carries them out;
//! here is their grammar (PostgreSQL 15: PREPARE, EXECUTE, DEALLOCATE, DECLARE, FETCH, MOVE, CLOSE).

use datafusion::sql::sqlparser::ast::{self, GroupByExpr, SetExpr, SetOperator, SetQuantifier, TableFactor};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::Statement;
use super::dialect::ast::folded;

/// What is done with a prepared statement or a cursor.
#[derive(Clone, Debug)]
pub enum Command {
    /// `PREPARE name (types) AS statement`; the types by their PostgreSQL names.
    Prepare { name: String, types: Vec<String>, statement: Statement },
    /// `EXECUTE name (arguments)`: `arguments` gives one row of them, `None` where there are none.
    Execute { name: String, arguments: Option<Statement>, count: usize },
    /// `DEALLOCATE` of one, or of all with `None`.
    Deallocate(Option<String>),
    /// `DECLARE name CURSOR FOR query`.
    Declare { name: String, options: CursorOptions, query: Statement },
    /// `FETCH` or, with `quiet`, `MOVE`.
    Fetch { name: String, step: Step, quiet: bool },
    /// `CLOSE` of one, or of all with `None`.
    Close(Option<String>),
}

/// How a cursor was declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CursorOptions {
    pub binary: bool,
    pub scroll: Scroll,
    /// It outlives its transaction.
    pub hold: bool,
}

/// Whether a cursor can go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scroll {
    /// It was declared not to, or its query has no way back.
    #[default]
    No,
    /// Nothing was declared and its query has one: as long as the rows that it has read are few.
    Allowed,
    /// It was declared to.
    Yes,
}

/// Where a cursor goes from where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows on; back where negative; the row it stands on again with 0. `i64::MAX` and `-i64::MAX` mean all.
    Rows(i64),
    /// To one row, counted from the first (1) or from behind the last (-1); 0 is before the first.
    Absolute(i64),
    /// To one row, counted from where it stands.
    Relative(i64),
}

/// What stands behind `FETCH` or `MOVE`: where to, and which cursor.
pub(super) fn parse_fetch(parser: &mut Parser) -> Result<(String, Step), ParserError> {
    let step = match parser.parse_one_of_keywords(&[
        Keyword::NEXT,
        Keyword::PRIOR,
        Keyword::FIRST,
        Keyword::LAST,
        Keyword::ABSOLUTE,
        Keyword::RELATIVE,
        Keyword::FORWARD,
        Keyword::BACKWARD,
        Keyword::ALL,
    ]) {
        Some(Keyword::PRIOR) => Step::Rows(-1),
        Some(Keyword::FIRST) => Step::Absolute(1),
        Some(Keyword::LAST) => Step::Absolute(-1),
        Some(Keyword::ABSOLUTE) => Step::Absolute(count(parser)?),
        Some(Keyword::RELATIVE) => Step::Relative(count(parser)?),
        Some(Keyword::FORWARD) => Step::Rows(rows(parser)?),
        Some(Keyword::BACKWARD) => Step::Rows(-rows(parser)?),
        Some(Keyword::ALL) => Step::Rows(i64::MAX),
        Some(_) => Step::Rows(1),
        None => match parser.peek_token().token {
            Token::Number(..) | Token::Minus | Token::Plus => Step::Rows(count(parser)?),
            _ => Step::Rows(1),
        },
    };
    let _ = parser.parse_one_of_keywords(&[Keyword::FROM, Keyword::IN]);
    Ok((folded(&parser.parse_identifier()?), step))
}

/// `[n | ALL]` behind `FORWARD` and `BACKWARD`.
fn rows(parser: &mut Parser) -> Result<i64, ParserError> {
    if parser.parse_keyword(Keyword::ALL) {
        return Ok(i64::MAX);
    }
    match parser.peek_token().token {
        Token::Number(..) | Token::Minus | Token::Plus => count(parser),
        _ => Ok(1),
    }
}

/// An integer with its sign.
fn count(parser: &mut Parser) -> Result<i64, ParserError> {
    let negative = parser.consume_token(&Token::Minus);
    if !negative {
        let _ = parser.consume_token(&Token::Plus);
    }
    let token = parser.next_token();
    let Token::Number(digits, _) = &token.token else { return parser.expected("an integer", token) };
    // As in PostgreSQL, where such a constant is of 32 bits.
    let Ok(count) = digits.parse::<i32>() else { return parser.expected("an integer", token) };
    Ok(if negative { -i64::from(count) } else { i64::from(count) })
}

/// The options of `DECLARE`; the query is the caller's to admit.
pub(super) fn cursor_options(declared: &ast::Declare) -> CursorOptions {
    CursorOptions {
        binary: declared.binary == Some(true),
        scroll: match declared.scroll {
            Some(true) => Scroll::Yes,
            None if declared.for_query.as_deref().is_some_and(goes_back) => Scroll::Allowed,
            Some(false) | None => Scroll::No,
        },
        hold: declared.hold == Some(true),
    }
}

/// Whether PostgreSQL's plan of a query can be run backwards (`ExecSupportsBackwardScan`): scans, sorts and `UNION ALL` can, joins and
/// groups can't. Where that is a matter of its costs, the query can.
fn goes_back(query: &ast::Query) -> bool {
    query.order_by.is_some() || body_goes_back(&query.body)
}

fn body_goes_back(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => {
            let is_grouped = match &select.group_by {
                GroupByExpr::All(_) => true,
                GroupByExpr::Expressions(by, modifiers) => !by.is_empty() || !modifiers.is_empty(),
            };
            let [from] = select.from.as_slice() else { return false };
            select.distinct.is_none() && !is_grouped && from.joins.is_empty() && relation_goes_back(&from.relation)
        }
        SetExpr::Query(query) => goes_back(query),
        SetExpr::SetOperation { op: SetOperator::Union, set_quantifier: SetQuantifier::All, left, right } => {
            body_goes_back(left) && body_goes_back(right)
        }
        SetExpr::Values(_) | SetExpr::Table(_) => true,
        SetExpr::SetOperation { .. } | SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => false,
    }
}

fn relation_goes_back(relation: &TableFactor) -> bool {
    match relation {
        TableFactor::Derived { subquery, .. } => goes_back(subquery),
        TableFactor::NestedJoin { table_with_joins, .. } => {
            table_with_joins.joins.is_empty() && relation_goes_back(&table_with_joins.relation)
        }
        // A table, or a function's rows.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::admit::{Action, parse};
    use super::*;

    /// As PostgreSQL 15's `pg_cursors.is_scrollable` has it.
    #[test]
    fn a_cursor_goes_back_where_its_query_does() {
        for (sql, want) in [
            ("cursor for select * from t", Scroll::Allowed),
            ("cursor for select * from t order by 1 limit 3", Scroll::Allowed),
            ("cursor for select * from a join b using (x) order by 1", Scroll::Allowed),
            ("cursor for values (1), (2)", Scroll::Allowed),
            ("cursor for select * from (select * from t) s", Scroll::Allowed),
            ("cursor for select * from a union all select * from b", Scroll::Allowed),
            ("cursor for select 1", Scroll::No),
            ("cursor for select * from a, b", Scroll::No),
            ("cursor for select * from a join b using (x)", Scroll::No),
            ("cursor for select distinct x from t", Scroll::No),
            ("cursor for select x from t group by x", Scroll::No),
            ("cursor for select * from a union select * from b", Scroll::No),
            ("no scroll cursor for select * from t", Scroll::No),
            ("scroll cursor for select 1", Scroll::Yes),
        ] {
            let parsed = parse(&format!("declare c {sql}")).unwrap_or_else(|e| panic!("{sql}: {e}"));
            let Action::Named(command) = &parsed[0].action else { panic!("{sql} is a command") };
            let Command::Declare { options, .. } = command.as_ref() else { panic!("{sql} is DECLARE") };
            assert_eq!(options.scroll, want, "{sql}");
        }
    }

    #[test]
    fn fetch_and_move_take_every_form() {
        for (sql, want) in [
            ("fetch c", Step::Rows(1)),
            ("fetch from c", Step::Rows(1)),
            ("fetch next in c", Step::Rows(1)),
            ("fetch prior from c", Step::Rows(-1)),
            ("fetch first from c", Step::Absolute(1)),
            ("fetch last c", Step::Absolute(-1)),
            ("fetch absolute -3 from c", Step::Absolute(-3)),
            ("fetch relative 0 from c", Step::Relative(0)),
            ("fetch 100 from c", Step::Rows(100)),
            ("fetch -2 c", Step::Rows(-2)),
            ("fetch all from c", Step::Rows(i64::MAX)),
            ("fetch forward c", Step::Rows(1)),
            ("fetch forward 5 from c", Step::Rows(5)),
            ("move backward all in \"c\"", Step::Rows(-i64::MAX)),
            ("move 7 from C", Step::Rows(7)),
        ] {
            let parsed = parse(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
            let Action::Named(command) = &parsed[0].action else { panic!("{sql} is a command") };
            let Command::Fetch { name, step, quiet } = command.as_ref() else { panic!("{sql} is FETCH or MOVE") };
            assert_eq!((name.as_str(), *step, *quiet), ("c", want, sql.starts_with("move")), "{sql}");
        }
        for sql in ["fetch", "fetch absolute from c", "fetch 99999999999 from c", "move forward -x from c"] {
            assert!(parse(sql).is_err(), "{sql}");
        }
    }
}
