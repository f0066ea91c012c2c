//! Which token a syntax error is at: PostgreSQL's is the first that no statement can go on with, while sqlparser goes back to where a clause began, or
//! takes what PostgreSQL does not.

use datafusion::sql::sqlparser::ast::{Expr, JoinConstraint, JoinOperator, Select, Spanned, TableFactor};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::failure::position;
use super::grammar::Grammar;
use crate::error::{Error, Kind};
use crate::name::{Keyword, keyword};

/// How many parentheses and CASEs are closed to see whether only the end is missing.
const MOST_OPEN: usize = 20;

/// The error at PostgreSQL's token.
pub fn refined(e: Error, sql: &str) -> Error {
    if e.kind() != Kind::Syntax {
        return e;
    }
    let Ok(tokens) = Tokenizer::new(&Grammar::default(), sql).tokenize_with_location() else { return e };
    let tokens: Vec<TokenWithSpan> = tokens.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).collect();
    if e.message().starts_with("syntax error: expected OUTER, SEMI, ANTI or JOIN") {
        let joins = |t: &TokenWithSpan| is(t, &["left", "right", "full"]);
        let side =
            (0..tokens.len()).find(|i| joins(&tokens[*i]) && !tokens.get(i + 1).is_some_and(|t| is(t, &["join", "outer"])));
        return side.map_or(e, |side| at(tokens.get(side + 1), sql));
    }
    if !e.message().starts_with("syntax error at or near") {
        return e;
    }
    if let Some(closed) = closed(&tokens, sql)
        && Parser::parse_sql(&Grammar::default(), &closed).is_ok()
    {
        return at(None, sql);
    }
    let found = tokens.iter().position(|t| position(sql, t.span.start) == e.position());
    match found {
        // `ORDER x` fails at x.
        Some(i) if is(&tokens[i], &["order", "group"]) && !tokens.get(i + 1).is_some_and(|t| is(t, &["by"])) => {
            at(tokens.get(i + 1), sql)
        }
        Some(_) | None => e,
    }
}

fn is(token: &TokenWithSpan, words: &[&str]) -> bool {
    matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && words.iter().any(|word| w.value.eq_ignore_ascii_case(word)))
}

/// The error at a token, or at the end.
fn at(token: Option<&TokenWithSpan>, sql: &str) -> Error {
    match token {
        Some(token) => {
            let e = Error::new(Kind::Syntax, format!("syntax error at or near \"{}\"", token.token));
            position(sql, token.span.start).into_iter().fold(e, Error::at)
        }
        None => Error::new(Kind::Syntax, "syntax error at end of input").at(sql.chars().count() + 1),
    }
}

/// The text with what is open in it closed; `None` when nothing is.
fn closed(tokens: &[TokenWithSpan], sql: &str) -> Option<String> {
    let mut open = Vec::new();
    for token in tokens {
        match &token.token {
            Token::LParen => open.push(")"),
            Token::LBracket => open.push("]"),
            Token::RParen | Token::RBracket => {
                open.pop();
            }
            _ if is(token, &["case"]) => open.push(" end"),
            _ if is(token, &["end"]) => {
                open.pop();
            }
            _ => {}
        }
    }
    (1..=MOST_OPEN).contains(&open.len()).then(|| format!("{sql}{}", open.into_iter().rev().collect::<String>()))
}

/// What sqlparser takes and PostgreSQL's grammar does not: a join that wants a condition, a reserved word for a name.
pub fn refused(select: &Select, sql: &str) -> Option<Error> {
    for table in &select.from {
        let factors = std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation));
        for factor in factors {
            if let TableFactor::Table { name, args: None, .. } = factor
                && let [part] = name.0.as_slice()
                && let Some(ident) = part.as_ident()
                && is_reserved(&ident.value, ident.quote_style)
            {
                return Some(near(&ident.value, ident.span.start, sql));
            }
        }
        let bare = table.joins.last().filter(|join| {
            use JoinOperator as J;
            matches!(
                &join.join_operator,
                J::Join(JoinConstraint::None)
                    | J::Inner(JoinConstraint::None)
                    | J::Left(JoinConstraint::None)
                    | J::LeftOuter(JoinConstraint::None)
                    | J::Right(JoinConstraint::None)
                    | J::RightOuter(JoinConstraint::None)
                    | J::FullOuter(JoinConstraint::None)
            )
        });
        if let Some(join) = bare
            && let TableFactor::Table { args: None, .. } = &join.relation
        {
            let end = join.relation.span().end;
            let tokens = Tokenizer::new(&Grammar::default(), sql).tokenize_with_location().ok()?;
            let next = tokens.iter().find(|t| t.span.start >= end && !matches!(t.token, Token::Whitespace(_) | Token::EOF));
            return Some(at(next, sql));
        }
    }
    None
}

/// A reserved word that stands for a column.
pub fn reserved(expr: &Expr, sql: &str) -> Option<Error> {
    let Expr::Identifier(ident) = expr else { return None };
    is_reserved(&ident.value, ident.quote_style).then(|| near(&ident.value, ident.span.start, sql))
}

/// Whether a word can be neither a column's name nor a table's, nor is a value.
fn is_reserved(word: &str, quote: Option<char>) -> bool {
    let is_reserved = |k: Keyword| matches!(k.class, 'R' | 'T') && !k.is_value;
    quote.is_none() && keyword(&word.to_ascii_lowercase()).is_some_and(is_reserved)
}

fn near(word: &str, location: Location, sql: &str) -> Error {
    let e = Error::new(Kind::Syntax, format!("syntax error at or near \"{word}\""));
    position(sql, location).into_iter().fold(e, Error::at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::failure::from_parser;

    #[test]
    fn errors_are_at_postgresqls_token() {
        for (sql, near, place) in [
            ("select * from t order a", "\"a\"", 23),
            ("select case when a = 1 then 2", "end of input", 30),
            ("select array[1, 2", "end of input", 18),
            ("select * from (select 1", "end of input", 24),
            ("select * from t left u on true", "\"u\"", 22),
            ("select 1 from ", "end of input", 15),
        ] {
            let e = Parser::parse_sql(&Grammar::default(), sql).expect_err(sql);
            let e = refined(from_parser(&e, sql), sql);
            assert!(e.message().ends_with(near), "{sql}: {}", e.message());
            assert_eq!(e.position(), Some(place), "{sql}");
        }
    }
}
