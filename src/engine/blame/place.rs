//! The place of an error that its words tell: of the literal it quotes, the column, the type or the window it names.

use datafusion::sql::sqlparser::ast::{Expr, OrderByKind, Query, Select, SetExpr, Spanned, Statement as Ast, TableFactor, Value};
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use super::super::dialect::ast::{folded, folded_parts};
use super::Text;
use super::found::{Parts, What, is_word};
use crate::error::{Error, Kind};

/// Where the culprit stands; `None` when nothing written is to blame.
pub fn of(e: &Error, text: &Text) -> Option<Location> {
    let message = e.message();
    match e.kind() {
        Kind::InvalidText
        | Kind::InvalidDatetime
        | Kind::DatetimeOverflow
        | Kind::IntervalOverflow
        | Kind::ZoneDisplacement
        | Kind::OutOfRange => literal(e, text),
        Kind::InvalidParameter if message.starts_with("invalid hexadecimal") => {
            literal_that(text, |value| value.starts_with("\\x"))
        }
        Kind::UndefinedTable => from_clause(message, text).or_else(|| registered(message, text)),
        Kind::UndefinedObject if message.starts_with("unrecognized configuration parameter") => None,
        Kind::UndefinedObject => window(message, text).or_else(|| type_name(message, text)).or_else(|| registered(message, text)),
        Kind::Grouping => grouping(message, text).or_else(|| column(message, text)).or_else(|| wildcard(text)),
        Kind::UndefinedColumn | Kind::AmbiguousColumn => column(message, text),
        Kind::Windowing => bound(message, text),
        Kind::UndefinedFunction => registered(message, text),
        Kind::DatatypeMismatch => clause(message, text).or_else(|| branch(message, text)),
        Kind::InvalidPosition => ordinal(message, text).or_else(|| distinct(message, text)),
        Kind::DuplicateAlias => common_table(message, text),
        Kind::Syntax => branch(message, text).or_else(|| rows_of_values(message, text)).or_else(|| subquery(message, text)),
        _ => None,
    }
}

/// What stands between the first two quotes.
fn quoted(message: &str) -> Option<&str> {
    message.split('"').nth(1)
}

/// The literal whose text the message ends with, or one that holds it: of an array its element is told.
fn literal(e: &Error, text: &Text) -> Option<Location> {
    let message = e.message();
    if message == "invalid input syntax for type json" {
        let token = e.detail().and_then(quoted).unwrap_or_default();
        return literal_that(text, |value| value.contains(token));
    }
    let said = match message.split_once('"') {
        Some((before, rest)) if before.is_empty() || before.starts_with("value ") => rest.split('"').next()?,
        Some((_, rest)) => rest.strip_suffix('"')?,
        None => return None,
    };
    literal_that(text, |value| value == said).or_else(|| {
        let is_array = |value: &str| value.trim_start().starts_with('{') && value.contains(said);
        literal_that(text, is_array)
    })
}

fn literal_that(text: &Text, is_it: impl Fn(&str) -> bool) -> Option<Location> {
    let parts = Parts::of(text);
    parts.all.iter().find(|part| matches!(&part.what, What::Literal(value) if is_it(value))).map(|part| part.at)
}

/// A name in a text that is cast to `regclass` and its kin.
fn registered(message: &str, text: &Text) -> Option<Location> {
    let name = quoted(message)?;
    literal_that(text, |value| value == name)
}

/// `x.a` and `x.*` of a table that FROM does not have.
fn from_clause(message: &str, text: &Text) -> Option<Location> {
    let rest = message.split_once("FROM-clause entry for table ")?.1;
    let table = quoted(rest)?;
    let mut tokens = text.tokens.windows(2);
    tokens.find(|pair| is_named(&pair[0].token, table) && pair[1].token == Token::Period).map(|pair| pair[0].span.start)
}

/// The error of a table that FROM has under another name, with that name.
pub fn aliased(e: Error, text: &Text) -> Error {
    let Some(table) = e.message().strip_prefix("missing FROM-clause entry for table ").and_then(quoted) else { return e };
    let parts = Parts::of(text);
    let from = parts.selects.iter().flat_map(|select| &select.from);
    let factors = from.flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|join| &join.relation)));
    let alias = factors.into_iter().find_map(|factor| match factor {
        TableFactor::Table { name, alias: Some(alias), .. } if folded_parts(name).last().is_some_and(|last| last == table) => {
            Some(folded(&alias.name))
        }
        _ => None,
    });
    let Some(alias) = alias else { return e };
    let at = e.position();
    let named = Error::new(Kind::UndefinedTable, format!("invalid reference to FROM-clause entry for table \"{table}\""))
        .with_hint(format!("Perhaps you meant to reference the table alias \"{alias}\"."));
    at.into_iter().fold(named, Error::at)
}

fn is_named(token: &Token, name: &str) -> bool {
    match token {
        Token::Word(word) if word.quote_style.is_some() => word.value == name,
        other => is_word(other, name),
    }
}

/// The name behind OVER.
fn window(message: &str, text: &Text) -> Option<Location> {
    let name = message.strip_prefix("window ").and_then(quoted)?;
    let mut tokens = significant(text);
    while let Some(token) = tokens.next() {
        if is_word(&token.token, "over") {
            let next = tokens.next()?;
            if is_named(&next.token, name) {
                return Some(next.span.start);
            }
        }
    }
    None
}

/// The name behind `::` or AS, or before a text.
fn type_name(message: &str, text: &Text) -> Option<Location> {
    let name = message.strip_prefix("type ").and_then(quoted)?;
    let tokens: Vec<_> = significant(text).collect();
    let is_type = |i: usize| {
        let before = i.checked_sub(1).and_then(|i| tokens.get(i)).map(|t| &t.token);
        let after = tokens.get(i + 1).map(|t| &t.token);
        before.is_some_and(|t| *t == Token::DoubleColon || is_word(t, "as"))
            || matches!(after, Some(Token::SingleQuotedString(_)))
    };
    let found = (0..tokens.len()).find(|i| is_named(&tokens[*i].token, name) && is_type(*i))?;
    tokens.get(found).map(|t| t.span.start)
}

fn significant<'a>(text: &'a Text) -> impl Iterator<Item = &'a datafusion::sql::sqlparser::tokenizer::TokenWithSpan> {
    text.tokens.iter().filter(|t| !matches!(t.token, Token::Whitespace(_)))
}

/// A column by its name, with or without its table.
fn column(message: &str, text: &Text) -> Option<Location> {
    let rest = message.split_once("column ")?.1;
    let rest = rest.strip_prefix("reference ").unwrap_or(rest);
    let name = match rest.strip_prefix('"') {
        Some(rest) => rest.split('"').next()?,
        None => rest.split(' ').next()?,
    };
    let parts = Parts::of(text);
    let named = |exact: bool| {
        parts.all.iter().find(|part| match &part.what {
            What::Column(written) => {
                let folded: Vec<String> = written.iter().map(folded).collect();
                let all = folded.join(".");
                all == name || (!exact && folded.len() == 1 && name.rsplit('.').next() == folded.last().map(String::as_str))
            }
            _ => false,
        })
    };
    named(true).or_else(|| named(false)).map(|part| part.at)
}

/// What GROUPING is asked of.
fn grouping(message: &str, text: &Text) -> Option<Location> {
    if !message.starts_with("arguments to GROUPING") {
        return None;
    }
    let mut tokens = significant(text).skip_while(|t| !is_word(&t.token, "grouping"));
    tokens.nth(2).map(|t| t.span.start)
}

/// The first star that is no operator's.
fn wildcard(text: &Text) -> Option<Location> {
    let tokens: Vec<_> = significant(text).collect();
    tokens.windows(2).find(|pair| is_word(&pair[0].token, "select") && pair[1].token == Token::Mul).map(|pair| pair[1].span.start)
}

/// The bound of a window's frame: the first one, or the one behind AND.
fn bound(message: &str, text: &Text) -> Option<Location> {
    let word = if message.starts_with("frame start cannot") {
        "between"
    } else if message.starts_with("frame end") || message.starts_with("frame starting") {
        "and"
    } else {
        return None;
    };
    let frame = significant(text).skip_while(|t| !["rows", "range", "groups"].iter().any(|unit| is_word(&t.token, unit)));
    let mut bounds = frame.skip_while(|t| !is_word(&t.token, word));
    bounds.nth(1).map(|t| t.span.start)
}

/// The queries of a statement, from the outside in.
fn queries(text: &Text) -> Vec<Query> {
    use datafusion::sql::sqlparser::ast::{Visit, Visitor};
    use std::ops::ControlFlow;
    struct All(Vec<Query>);
    impl Visitor for All {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            self.0.push(query.clone());
            ControlFlow::Continue(())
        }
    }
    let mut all = All(Vec::new());
    for statement in &text.statements {
        let _: ControlFlow<()> = Ast::visit(statement, &mut all);
    }
    all.0
}

fn known(at: Location) -> Option<Location> {
    (at.line > 0).then_some(at)
}

/// The condition that is no truth value.
fn clause(message: &str, text: &Text) -> Option<Location> {
    let clause = message.strip_prefix("argument of ")?.split(" must be type boolean").next()?;
    let parts = Parts::of(text);
    let condition = |select: &Select| -> Option<Expr> {
        match clause {
            "WHERE" => select.selection.clone(),
            "HAVING" => select.having.clone(),
            _ => None,
        }
    };
    if let Some(found) = parts.selects.iter().find_map(condition) {
        return known(found.span().start);
    }
    let word = match clause {
        "NOT" => "not",
        "JOIN/ON" => "on",
        "CASE/WHEN" => "when",
        "AND" | "OR" => return None,
        "FILTER" => "where",
        _ => return None,
    };
    let tokens: Vec<_> = significant(text).collect();
    let at = tokens.iter().position(|t| is_word(&t.token, word))?;
    tokens.get(at + 1).map(|t| t.span.start)
}

/// The second branch of a UNION that the first does not fit.
fn branch(message: &str, text: &Text) -> Option<Location> {
    let lengths = message.starts_with("each ") && message.ends_with("query must have the same number of columns");
    let types = message.contains(" types ") && message.ends_with("cannot be matched");
    if !lengths && !types {
        return None;
    }
    queries(text).iter().find_map(|query| match query.body.as_ref() {
        SetExpr::SetOperation { right, .. } => first(right),
        _ => None,
    })
}

fn first(body: &SetExpr) -> Option<Location> {
    match body {
        SetExpr::Select(select) => known(select.projection.first()?.span().start),
        SetExpr::Values(values) => known(values.rows.first()?.first()?.span().start),
        SetExpr::Query(query) => first(&query.body),
        SetExpr::SetOperation { left, .. } => first(left),
        _ => None,
    }
}

/// The row of VALUES that is longer or shorter.
fn rows_of_values(message: &str, text: &Text) -> Option<Location> {
    if message != "VALUES lists must all be the same length" {
        return None;
    }
    queries(text).iter().find_map(|query| {
        let SetExpr::Values(values) = query.body.as_ref() else { return None };
        let length = values.rows.first()?.len();
        known(values.rows.iter().find(|row| row.len() != length)?.first()?.span().start)
    })
}

/// The parenthesis of a subquery with too many columns.
fn subquery(message: &str, text: &Text) -> Option<Location> {
    if message != "subquery must return only one column" {
        return None;
    }
    let tokens: Vec<_> = significant(text).collect();
    let mut pairs = tokens.windows(2);
    pairs.find(|pair| pair[0].token == Token::LParen && is_word(&pair[1].token, "select")).map(|pair| pair[0].span.start)
}

/// The number of no column in ORDER BY or GROUP BY.
fn ordinal(message: &str, text: &Text) -> Option<Location> {
    let (clause, number) = message.strip_suffix(" is not in select list")?.split_once(" position ")?;
    let word = clause.split(' ').next()?;
    let mut tokens = significant(text).skip_while(|t| !is_word(&t.token, word));
    tokens.find(|t| matches!(&t.token, Token::Number(n, _) if n == number)).map(|t| t.span.start)
}

/// What ORDER BY asks for beside a DISTINCT.
fn distinct(message: &str, text: &Text) -> Option<Location> {
    if message.starts_with("SELECT DISTINCT ON expressions must match") {
        let mut tokens = significant(text).skip_while(|t| !is_word(&t.token, "on")).skip(1).filter(|t| t.token != Token::LParen);
        return tokens.next().map(|t| t.span.start);
    }
    if !message.starts_with("for SELECT DISTINCT, ORDER BY expressions") {
        return None;
    }
    queries(text).iter().find_map(|query| {
        let OrderByKind::Expressions(by) = &query.order_by.as_ref()?.kind else { return None };
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        let listed: Vec<String> = select.projection.iter().map(ToString::to_string).collect();
        let is_number = |e: &Expr| matches!(e, Expr::Value(v) if matches!(v.value, Value::Number(..)));
        let other = by.iter().find(|o| !is_number(&o.expr) && !listed.contains(&o.expr.to_string()))?;
        known(other.expr.span().start)
    })
}

/// The second of two common tables of one name.
fn common_table(message: &str, text: &Text) -> Option<Location> {
    let name = message.strip_prefix("WITH query name ").and_then(quoted)?;
    queries(text).iter().find_map(|query| {
        let mut same = query.with.as_ref()?.cte_tables.iter().filter(|cte| folded(&cte.alias.name) == name);
        known(same.nth(1)?.alias.name.span.start)
    })
}
