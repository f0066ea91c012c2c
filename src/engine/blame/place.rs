//! The place of an error that its words tell: of the literal it quotes, the column, the type or the window it names.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, OrderByKind, Query, Select, SetExpr,
    Spanned, TableFactor, Value, Visit, Visitor, visit_expressions,
};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::super::dialect::ast::{folded, folded_parts};
use super::Text;
use super::found::{Part, What, given, parts};
use super::tokens::is_word;
use crate::error::{Culprit, Error, Kind};

/// Where the culprit stands; `None` when nothing written is to blame.
pub fn of(e: &Error, text: &Text) -> Option<Location> {
    let message = e.message();
    match e.kind().culprit() {
        Culprit::Literal => literal(e, text),
        Culprit::Relation => from_clause(message, text).or_else(|| registered(message, text)),
        // Its name came as a value.
        Culprit::Object if message.starts_with("unrecognized configuration parameter") => None,
        Culprit::Object => window(message, text).or_else(|| type_name(message, text)).or_else(|| registered(message, text)),
        Culprit::Column => column(message, text),
        Culprit::Grouping => grouping(message, text).or_else(|| column(message, text)).or_else(|| wildcard(text)),
        Culprit::Function => registered(message, text),
        Culprit::Window => bound(message, text),
        Culprit::Type => branch(message, text),
        Culprit::Position => ordinal(message, text).or_else(|| distinct(message, text)),
        Culprit::Alias => common_table(message, text),
        Culprit::Parameter => {
            let name = message.strip_prefix("there is no parameter ")?;
            text.tokens.iter().find(|t| matches!(&t.token, Token::Placeholder(n) if n == name)).map(|t| t.span.start)
        }
        Culprit::Clause => branch(message, text)
            .or_else(|| rows_of_values(message, text))
            .or_else(|| subquery(message, text))
            .or_else(|| rows(message, text))
            .or_else(|| dotted(message, text)),
        // Casts are found by their types.
        Culprit::Cast | Culprit::Published(_) | Culprit::Nothing => None,
    }
}

/// What stands between the first two quotes.
fn quoted(message: &str) -> Option<&str> {
    message.split('"').nth(1)
}

/// The literal whose text the message ends with, or one that holds it: of an array its element is told.
fn literal(e: &Error, text: &Text) -> Option<Location> {
    let message = e.message();
    if e.kind() == Kind::InvalidCharacter {
        return literal_that(text, |value| value.contains("\\u0000"));
    }
    if let Some(zone) = message.strip_prefix("time zone ").and_then(quoted) {
        return literal_that(text, |value| value.len() > zone.len() && value.to_lowercase().contains(zone));
    }
    if e.kind() == Kind::InvalidParameter {
        // Others are of values that were calculated.
        let is_bytea = message.starts_with("invalid hexadecimal");
        return is_bytea.then(|| literal_that(text, |value| value.starts_with("\\x"))).flatten();
    }
    if message.starts_with("length for type ") || message.starts_with("NUMERIC ") {
        return modifier(text);
    }
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
    parts(text).iter().find(|part| matches!(&part.what, What::Literal(value) if is_it(value))).map(|part| part.at)
}

/// The name of the first type with a modifier that is out of its bounds.
fn modifier(text: &Text) -> Option<Location> {
    let tokens: Vec<_> = significant(text).collect();
    let is_out = |window: &&[&TokenWithSpan]| match (&window[0].token, &window[1].token, &window[2].token) {
        (Token::Word(name), Token::LParen, Token::Number(digits, _)) => {
            let most = if ["numeric", "decimal"].iter().any(|n| name.value.eq_ignore_ascii_case(n)) { 1000 } else { 10_485_760 };
            !digits.parse().is_ok_and(|n: u64| (1..=most).contains(&n))
        }
        _ => false,
    };
    tokens.windows(3).find(is_out).map(|window| window[0].span.start)
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
    let of_factor = |factor: &TableFactor| match factor {
        TableFactor::Table { name, alias: Some(alias), .. } if folded_parts(name).last().is_some_and(|last| last == table) => {
            Some(folded(&alias.name))
        }
        _ => None,
    };
    let alias = in_selects(text, |select| {
        let mut factors =
            select.from.iter().flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation)));
        factors.find_map(of_factor)
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

fn significant<'a>(text: &'a Text) -> impl Iterator<Item = &'a TokenWithSpan> {
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
    let parts = parts(text);
    let named = |exact: bool| {
        parts.iter().find(|part| match &part.what {
            What::Column(written) => {
                let folded: Vec<String> = written.iter().map(folded).collect();
                let all = folded.join(".");
                all == name || (!exact && folded.len() == 1 && name.rsplit('.').next() == folded.last().map(String::as_str))
            }
            What::Literal(_) | What::Call(_) | What::Operator(_) | What::Cast(_) | What::Operand(_) => false,
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
    if message.starts_with("RANGE with offset") {
        let tokens: Vec<_> = significant(text).collect();
        let range = tokens.iter().position(|t| is_word(&t.token, "range"))?;
        return tokens[..range].iter().rev().find(|t| t.token == Token::LParen).map(|t| t.span.start);
    }
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

/// The first that is found in a query, from the outside in.
fn in_queries<T>(text: &Text, find: impl FnMut(&Query) -> Option<T>) -> Option<T> {
    struct Each<F>(F);
    impl<T, F: FnMut(&Query) -> Option<T>> Visitor for Each<F> {
        type Break = T;
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<T> {
            self.0(query).map_or(ControlFlow::Continue(()), ControlFlow::Break)
        }
    }
    let mut each = Each(find);
    text.statements.iter().find_map(|statement| statement.visit(&mut each).break_value())
}

/// The same in a SELECT.
fn in_selects<T>(text: &Text, mut find: impl FnMut(&Select) -> Option<T>) -> Option<T> {
    in_queries(text, |query| selects(&query.body).into_iter().find_map(&mut find))
}

/// The selects that are branches of a query.
fn selects(body: &SetExpr) -> Vec<&Select> {
    match body {
        SetExpr::Select(select) => vec![select],
        SetExpr::SetOperation { left, right, .. } => [selects(left), selects(right)].concat(),
        _ => Vec::new(),
    }
}

/// The same in the arguments of a call with DISTINCT.
fn in_calls<T>(text: &Text, mut find: impl FnMut(&FunctionArgumentList) -> Option<T>) -> Option<T> {
    let mut look = |expr: &Expr| match expr {
        Expr::Function(Function { args: FunctionArguments::List(list), .. }) if list.duplicate_treatment.is_some() => {
            find(list).map_or(ControlFlow::Continue(()), ControlFlow::Break)
        }
        _ => ControlFlow::Continue(()),
    };
    text.statements.iter().find_map(|statement| visit_expressions(statement, &mut look).break_value())
}

fn known(at: Location) -> Option<Location> {
    (at.line > 0).then_some(at)
}

/// The second branch of a UNION that the first does not fit.
fn branch(message: &str, text: &Text) -> Option<Location> {
    let lengths = message.starts_with("each ") && message.ends_with("query must have the same number of columns");
    let types = message.contains(" types ") && message.ends_with("cannot be matched");
    if !lengths && !types {
        return None;
    }
    in_queries(text, |query| match query.body.as_ref() {
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
    in_queries(text, |query| {
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

/// The operator between rows of several lengths.
fn rows(message: &str, text: &Text) -> Option<Location> {
    if message != "unequal number of entries in row expressions" {
        return None;
    }
    let parts = parts(text);
    let mut operators = parts.iter().enumerate().filter(|(_, part)| matches!(part.what, What::Operator(_)));
    operators.find_map(|(number, part)| match given(text, number, part).exprs.as_slice() {
        [Expr::Tuple(left), Expr::Tuple(right)] if left.len() != right.len() => Some(part.at),
        _ => None,
    })
}

/// A name of too many parts.
fn dotted(message: &str, text: &Text) -> Option<Location> {
    let name = message.strip_prefix("improper qualified name (too many dotted names): ")?;
    let is_it = |part: &Part| matches!(&part.what, What::Column(written) if written.iter().map(folded).collect::<Vec<_>>().join(".") == name);
    parts(text).iter().find(|part| is_it(part)).map(|part| part.at)
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
    if message.starts_with("in an aggregate with DISTINCT") {
        return in_calls(text, |list| {
            let given: Vec<String> = list.args.iter().map(ToString::to_string).collect();
            let by = list.clauses.iter().find_map(|clause| match clause {
                FunctionArgumentClause::OrderBy(by) => Some(by),
                _ => None,
            })?;
            known(by.iter().find(|by| !given.contains(&by.expr.to_string()))?.expr.span().start)
        });
    }
    if !message.starts_with("for SELECT DISTINCT, ORDER BY expressions") {
        return None;
    }
    in_queries(text, |query| {
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
    in_queries(text, |query| {
        let mut same = query.with.as_ref()?.cte_tables.iter().filter(|cte| folded(&cte.alias.name) == name);
        known(same.nth(1)?.alias.name.span.start)
    })
}
