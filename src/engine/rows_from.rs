//! `ROWS FROM (f(x), g(y))`, which sqlparser does not know: functions beside each other, as they stand in a select list. Each is marked as
//! [`MARK`] for the dialect, where one that gives a single value becomes one of a single row.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use super::failure::position;
use super::grammar::Grammar;
use crate::error::{Error, Kind, Result};

/// The call that stands around each of the functions.
pub const MARK: &str = "rows_of";

/// Functions of several columns, which stand alone in `FROM`.
const OF_SEVERAL: [&str; 4] = ["json_each", "jsonb_each", "json_each_text", "jsonb_each_text"];

/// The tokens with `LATERAL (SELECT ..)` in the place of each such clause. [`Kind::Unsupported`] for functions of several columns,
/// [`Kind::Syntax`] for what is no function.
pub fn readable(tokens: Vec<TokenWithSpan>, sql: &str) -> Result<Vec<TokenWithSpan>> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        // A column of this name may stand there too, and something else in the parentheses.
        let found = clause(rest).and_then(|(functions, after)| {
            Some((functions.into_iter().map(|f| Some((name_of(f)?, f))).collect::<Option<Vec<_>>>()?, after))
        });
        let Some((functions, after)) = found else {
            out.push(first.clone());
            rest = behind;
            continue;
        };
        let place = first.span;
        let written = |text: &str| text_tokens(text).into_iter().map(move |token| TokenWithSpan { token, span: place });
        let is_lateral = last(&out).is_some_and(|t| is(t, "lateral"));
        let (numbered, after) = match ordinality(after) {
            Some(after) => (true, after),
            None => (false, after),
        };
        out.extend(written(if is_lateral { "(SELECT " } else { "LATERAL (SELECT " }));
        if numbered {
            out.extend(written("*, row_number() OVER () AS ordinality FROM (SELECT "));
        }
        for (n, ((name, next), function)) in functions.into_iter().enumerate() {
            if let Some(next) = next.filter(|t| !is(&t.token, "as")) {
                let e = Error::new(Kind::Syntax, format!("syntax error at or near \"{}\"", next.token));
                return Err(position(sql, next.span.start).into_iter().fold(e, Error::at));
            }
            if next.is_some() || OF_SEVERAL.iter().any(|several| is(&name.token, several)) {
                let e = Error::new(Kind::Unsupported, "functions of several columns in ROWS FROM are not supported");
                return Err(position(sql, place.start).into_iter().fold(e, Error::at));
            }
            if n > 0 {
                out.extend(written(", "));
            }
            out.extend(written(&format!("{MARK}(")));
            out.extend(readable(function.to_vec(), sql)?);
            out.extend(written(") AS "));
            out.push(name.clone());
        }
        out.extend(written(if numbered { ") AS rows)" } else { ")" }));
        rest = after;
    }
    Ok(out)
}

fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

fn is_space(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_))
}

fn last(tokens: &[TokenWithSpan]) -> Option<&Token> {
    tokens.iter().rev().map(|t| &t.token).find(|t| !is_space(t))
}

/// What follows these words, which the tokens begin with.
fn behind<'a>(tokens: &'a [TokenWithSpan], words: &[&str]) -> Option<&'a [TokenWithSpan]> {
    let mut rest = tokens;
    for word in words {
        let at = rest.iter().position(|t| !is_space(&t.token))?;
        is(&rest[at].token, word).then_some(())?;
        rest = &rest[at + 1..];
    }
    Some(rest)
}

fn ordinality(tokens: &[TokenWithSpan]) -> Option<&[TokenWithSpan]> {
    behind(tokens, &["with", "ordinality"])
}

/// The functions of a clause that the tokens begin with, and what follows it.
fn clause(tokens: &[TokenWithSpan]) -> Option<(Vec<&[TokenWithSpan]>, &[TokenWithSpan])> {
    if !is(&tokens.first()?.token, "rows") {
        return None;
    }
    let inside = behind(tokens, &["rows", "from"])?;
    let open = inside.iter().position(|t| !is_space(&t.token)).filter(|at| inside[*at].token == Token::LParen)?;
    let inside = &inside[open + 1..];
    let (mut functions, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, token) in inside.iter().enumerate() {
        match &token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen if depth == 0 => {
                functions.push(&inside[from..at]);
                return Some((functions, &inside[at + 1..]));
            }
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 => {
                functions.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// The name of the function that tokens begin with a call of, and what stands behind it.
fn name_of(function: &[TokenWithSpan]) -> Option<(&TokenWithSpan, Option<&TokenWithSpan>)> {
    let (mut name, mut depth, mut goes_on) = (None, 0_usize, true);
    for (at, token) in function.iter().enumerate().filter(|(_, t)| !is_space(&t.token)) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth > 1 => depth -= 1,
            Token::RParen => return Some((name?, function[at + 1..].iter().find(|t| !is_space(&t.token)))),
            Token::Word(_) if depth == 0 && goes_on => (name, goes_on) = (Some(token), false),
            Token::Period if depth == 0 => goes_on = true,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The tokens of a text of our own.
fn text_tokens(text: &str) -> Vec<Token> {
    let word = |w: Word| Token::Word(Word { keyword: if w.value == MARK { Keyword::NoKeyword } else { w.keyword }, ..w });
    let tokens = Tokenizer::new(&Grammar::default(), text).tokenize().expect("a text of our own has tokens");
    tokens.into_iter().map(|token| if let Token::Word(w) = token { word(w) } else { token }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, want: &str) {
        let tokens = Tokenizer::new(&Grammar::default(), sql).tokenize_with_location().expect(sql);
        let read: String = match readable(tokens, sql) {
            Ok(tokens) => tokens.iter().map(|t| t.token.to_string()).collect(),
            Err(e) => format!("{:?} at {:?}", e.kind(), e.position()),
        };
        assert_eq!(read, want, "{sql}");
    }

    #[test]
    fn functions_beside_each_other_are_a_select_list() {
        check(
            "select * from rows from (f(a, 1), s.g(b)) as t(x, y), u",
            "select * from LATERAL (SELECT rows_of(f(a, 1)) AS f, rows_of( s.g(b)) AS g) as t(x, y), u",
        );
        check(
            "select * from t, lateral rows from(f(1)) with ordinality o",
            "select * from t, lateral (SELECT *, row_number() OVER () AS ordinality FROM (SELECT rows_of(f(1)) AS f) AS rows) o",
        );
        check("select * from rows from (f(1) as (a int))", "Unsupported at Some(15)");
        check(
            "select sum(a) over (order by b rows current row) from rows",
            "select sum(a) over (order by b rows current row) from rows",
        );
        for plain in ["delete from rows", "select a, rows from (select 1) t", "select rows from (t join u using (a))"] {
            check(plain, plain);
        }
    }
}
