//! Syntax of PostgreSQL's that there is nothing for here, and what is no token of its: refused at its place, before the parser takes offence at
//! another word.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::failure::position;
use crate::error::{Error, Kind, Result};

/// [`Kind::Syntax`] for numbers that letters follow, and empty names; [`Kind::Unsupported`] for bit strings, `SEARCH` and `CYCLE` of recursive queries, and frames with `EXCLUDE`.
pub fn check(tokens: &[TokenWithSpan], sql: &str) -> Result<()> {
    let tokens: Vec<&TokenWithSpan> = tokens.iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).collect();
    for (i, token) in tokens.iter().enumerate() {
        if let Some(e) = junk(token, tokens.get(i + 1).copied(), sql) {
            return Err(position(sql, token.span.start).into_iter().fold(e, Error::at));
        }
        let next = |n: usize, words: &[&str]| tokens.get(i + n).is_some_and(|t| is(&t.token, words));
        let before = i.checked_sub(1).and_then(|i| tokens.get(i)).map(|t| &t.token);
        let (what, remedy) = match &token.token {
            Token::SingleQuotedByteStringLiteral(_) | Token::HexStringLiteral(_) if is_quoted(sql, token) => {
                ("bit strings are", "Write a bytea as '\\x1f' and a number in decimal digits.")
            }
            t if is(t, &["variadic"]) && !matches!(before, Some(Token::LParen | Token::Comma)) => {
                let e = Error::new(Kind::Syntax, format!("syntax error at or near \"{t}\""));
                return Err(position(sql, token.span.start).into_iter().fold(e, Error::at));
            }
            t if is(t, &["search"]) && matches!(before, Some(Token::RParen)) && next(1, &["depth", "breadth"]) => {
                ("SEARCH is", "Build an array of the keys in the recursive query and order by it.")
            }
            t if is(t, &["cycle"])
                && matches!(before, Some(Token::RParen))
                && (next(2, &["set"]) || tokens.get(i + 2).is_some_and(|t| t.token == Token::Comma)) =>
            {
                ("CYCLE is", "Build an array of the keys in the recursive query and stop where one repeats.")
            }
            t if is(t, &["exclude"]) && (next(1, &["current", "ties"]) || next(1, &["group"]) && !next(2, &["by"])) => {
                ("EXCLUDE in a window's frame is", "Take the current row's part off the aggregate.")
            }
            _ => continue,
        };
        let e = Error::new(Kind::Unsupported, format!("{what} not supported")).with_hint(remedy);
        return Err(position(sql, token.span.start).into_iter().fold(e, Error::at));
    }
    Ok(())
}

/// What PostgreSQL's lexer refuses and sqlparser's takes for two tokens, or for a name.
fn junk(token: &TokenWithSpan, next: Option<&TokenWithSpan>, sql: &str) -> Option<Error> {
    let syntax = |message: String| Some(Error::new(Kind::Syntax, message));
    match &token.token {
        Token::Word(word) if word.value.is_empty() && word.quote_style == Some('"') => {
            syntax("zero-length delimited identifier at or near \"\"\"\"".to_owned())
        }
        Token::Number(digits, true) => syntax(format!("trailing junk after numeric literal at or near \"{digits}L\"")),
        Token::Number(digits, false) => match next.map(|next| (next.span.start, &next.token)) {
            Some((start, Token::Word(word))) if start == token.span.end && word.quote_style.is_none() => {
                let first = word.value.chars().next()?;
                syntax(format!("trailing junk after numeric literal at or near \"{digits}{first}\""))
            }
            Some(_) | None => None,
        },
        Token::HexStringLiteral(_) if !is_quoted(sql, token) => {
            syntax("trailing junk after numeric literal at or near \"0x\"".to_owned())
        }
        Token::Placeholder(name) if name.starts_with(':') => syntax("syntax error at or near \":\"".to_owned()),
        Token::Placeholder(name) => {
            let number = name.strip_prefix('$')?;
            let first = number.chars().find(|c| !c.is_ascii_digit())?;
            let (digits, _) = number.split_once(first)?;
            syntax(format!("trailing junk after parameter at or near \"${digits}{first}\"")).filter(|_| !digits.is_empty())
        }
        _ => None,
    }
}

/// Whether it is written in quotes, as `0x1f` is not.
fn is_quoted(sql: &str, token: &TokenWithSpan) -> bool {
    let before = position(sql, token.span.start);
    before.and_then(|at| sql.chars().nth(at)) == Some('\'')
}

fn is(token: &Token, words: &[&str]) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none() && words.iter().any(|word| w.value.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    use super::*;
    use crate::engine::grammar::Grammar;

    #[test]
    fn what_is_lacking_is_told_at_its_place() {
        for (sql, want) in [
            ("select B'101'", Some(8)),
            ("select concat(variadic array['a'])", None),
            ("select variadic array['a']", Some(8)),
            ("with recursive r(a) as (select 1) search depth first by a set o select 1", Some(35)),
            ("select sum(a) over (order by b rows current row exclude ties) from t", Some(49)),
            ("select search, cycle, \"exclude\" from rows", None),
            ("select 12ab", Some(8)),
            ("select 1 + 0x1f", Some(12)),
            ("select a, \"\" from t", Some(11)),
            ("select 1 e, 1.5e3, 1e-2, $1, t.a1 from t", None),
        ] {
            let tokens = Tokenizer::new(&Grammar::default(), sql).tokenize_with_location().expect(sql);
            let e = check(&tokens, sql).err();
            assert_eq!(e.as_ref().and_then(Error::position), want, "{sql}");
        }
    }
}
