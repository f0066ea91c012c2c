//! The tokens of a statement, before and behind the places of its parts.

use datafusion::sql::sqlparser::ast::{Expr, Spanned};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};

use super::Text;

/// Where an expression begins, with the operator before it.
pub fn start(text: &Text, expr: &Expr) -> Location {
    match expr {
        Expr::UnaryOp { op, expr } => {
            let inner = start(text, expr);
            token_before(text, inner, &op.to_string()).unwrap_or(inner)
        }
        Expr::BinaryOp { left, .. } => start(text, left),
        other => other.span().start,
    }
}

/// The tokens from a place on.
pub fn from<'a>(text: &'a Text, at: Location) -> &'a [TokenWithSpan] {
    let first = text.tokens.partition_point(|t| t.span.start < at);
    text.tokens.get(first..).unwrap_or_default()
}

/// The tokens before a place, the nearest first.
fn back<'a>(text: &'a Text, at: Location) -> impl Iterator<Item = &'a TokenWithSpan> {
    let end = text.tokens.partition_point(|t| t.span.start < at);
    text.tokens.get(..end).unwrap_or_default().iter().rev()
}

/// The place of the first of these tokens that stands at or behind a place.
pub fn token_after(text: &Text, at: Location, written: &[&str]) -> Option<Location> {
    let is = |token: &Token| written.iter().any(|w| token.to_string().eq_ignore_ascii_case(w));
    from(text, at).iter().find(|t| is(&t.token)).map(|t| t.span.start)
}

pub fn token_before(text: &Text, before: Location, written: &str) -> Option<Location> {
    back(text, before).find(|t| t.token.to_string() == written).map(|t| t.span.start)
}

pub fn word_before(text: &Text, before: Location, word: &str) -> Option<Location> {
    back(text, before).find(|t| is_word(&t.token, word)).map(|t| t.span.start)
}

pub fn after(text: &Text, at: Location, word: &str) -> Option<Location> {
    from(text, at).iter().find(|t| is_word(&t.token, word)).map(|t| t.span.start)
}

/// Whether a token is a word of this name.
pub fn is_word(token: &Token, name: &str) -> bool {
    matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(name))
}

pub fn between(text: &Text, left: Span, written: &[&str], right: Span) -> Option<Location> {
    token_after(text, left.end, written).filter(|at| right == Span::empty() || *at <= right.start)
}
