//! What PostgreSQL's lexer and grammar take that sqlparser's do not, made good between the two: string constants that go on in the next line,
//! `UESCAPE`, and `TABLE t`, which is `SELECT * FROM t`. Tokens keep their places, so that errors point where the client wrote.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace, Word};

use super::failure::position;
use super::grammar::Grammar;
use super::rows_from;
use crate::error::{Error, Kind, Result};

/// Words that other products reserve, and that are names like any other in PostgreSQL.
const OF_OTHERS: [Keyword; 14] = [
    Keyword::ANTI,
    Keyword::ASOF,
    Keyword::DISTRIBUTE,
    Keyword::MATCH_RECOGNIZE,
    Keyword::MINUS,
    Keyword::PIVOT,
    Keyword::PREWHERE,
    Keyword::QUALIFY,
    Keyword::SAMPLE,
    Keyword::SEMI,
    Keyword::SETTINGS,
    Keyword::SORT,
    Keyword::TOP,
    Keyword::UNPIVOT,
];

/// The tokens as sqlparser can parse them. [`Kind::Syntax`] for two strings in a row.
pub fn readable(tokens: Vec<TokenWithSpan>, sql: &str) -> Result<Vec<TokenWithSpan>> {
    let mut all: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // The last token that is no whitespace, whether a line ended behind it, and whether it is a SELECT that begins a query.
    let (mut last, mut new_line, mut selects) = (None, false, false);
    for token in tokens {
        if let Token::Whitespace(space) = &token.token {
            new_line |= matches!(space, Whitespace::Newline | Whitespace::SingleLineComment { .. });
            all.push(token);
            continue;
        }
        let before = last.and_then(|at: usize| all.get(at)).map(|t| &t.token);
        if let Token::SingleQuotedString(more) = &token.token
            && before.is_some_and(is_string)
        {
            if !new_line {
                let e = Error::new(Kind::Syntax, format!("syntax error at or near \"'{}'\"", more.replace('\'', "''")));
                return Err(position(sql, token.span.start).into_iter().fold(e, Error::at));
            }
            if let Some(at) = last {
                all.truncate(at + 1);
            }
            append(all.last_mut(), more);
            new_line = false;
            continue;
        }
        if is_word(&token.token, "uescape")
            && let Some(Token::UnicodeStringLiteral(_)) = before
        {
            all.push(token);
            new_line = false;
            continue;
        }
        if let (Token::SingleQuotedString(escape), Some(at)) = (&token.token, last)
            && all.get(at + 1..).is_some_and(|between| between.iter().any(|t| is_word(&t.token, "uescape")))
            && let Some(Token::UnicodeStringLiteral(text)) = all.get(at).map(|t| &t.token)
        {
            let text = unescaped(text, escape).ok_or_else(|| Error::new(Kind::Syntax, "invalid Unicode escape"))?;
            all.truncate(at + 1);
            if let Some(t) = all.get_mut(at) {
                t.token = Token::SingleQuotedString(text);
            }
            continue;
        }
        let of_no_columns = selects && ends_list(&token.token);
        let is_query = is_keyword(&token.token, Keyword::TABLE) && before.is_none_or(starts_query);
        selects = is_keyword(&token.token, Keyword::SELECT) && before.is_none_or(starts_query);
        if of_no_columns {
            all.extend(one_row(&token));
        }
        if is_query {
            let with = |token: Token, at: &TokenWithSpan| TokenWithSpan { token, span: at.span };
            all.extend([with(keyword("SELECT"), &token), with(Token::Mul, &token), with(keyword("FROM"), &token)]);
        } else {
            all.push(token);
        }
        (last, new_line) = (Some(all.len() - 1), false);
    }
    if let Some(select) = last.and_then(|at| all.get(at)).filter(|_| selects).cloned() {
        all.extend(one_row(&select));
    }
    // DataFusion knows no such constants; their escapes are read.
    for token in &mut all {
        if let Token::UnicodeStringLiteral(text) = &mut token.token {
            token.token = Token::SingleQuotedString(std::mem::take(text));
        }
    }
    options_of_explain(&mut all);
    values_of_set(&mut all);
    of_other_products(&mut all);
    let all = frames(all, sql)?;
    rows_from::readable(all, sql)
}

/// What sqlparser knows nothing of: `EXCLUDE` behind a window's frame, and `SEARCH` and `CYCLE` behind a recursive query. The frame that leaves out
/// nothing is the frame; of the others it is told that they are not supported, at their place. [`Kind::Unsupported`].
fn frames(tokens: Vec<TokenWithSpan>, sql: &str) -> Result<Vec<TokenWithSpan>> {
    const FORMS: [(&[&str], Option<&str>); 7] = [
        (&["exclude", "no", "others"], None),
        (&["exclude", "current", "row"], Some("EXCLUDE CURRENT ROW of a window frame")),
        (&["exclude", "group"], Some("EXCLUDE GROUP of a window frame")),
        (&["exclude", "ties"], Some("EXCLUDE TIES of a window frame")),
        (&["search", "depth", "first", "by"], Some("SEARCH of a recursive query")),
        (&["search", "breadth", "first", "by"], Some("SEARCH of a recursive query")),
        (&["cycle"], Some("CYCLE of a recursive query")),
    ];
    let words: Vec<usize> = (0..tokens.len()).filter(|at| !matches!(tokens[*at].token, Token::Whitespace(_))).collect();
    let mut left_out = Vec::new();
    for (place, at) in words.iter().enumerate() {
        let begins = |form: &[&str]| {
            let next = words.get(place..place + form.len());
            next.is_some_and(|next| next.iter().zip(form).all(|(at, word)| is_word(&tokens[*at].token, word)))
        };
        let Some((form, what)) = FORMS.iter().find(|(form, _)| begins(form)) else { continue };
        let behind_query = || place > 0 && tokens[words[place - 1]].token == Token::RParen;
        let sets = || words[place..].iter().any(|at| is_word(&tokens[*at].token, "set"));
        match what {
            None => left_out.extend(words[place]..=words[place + form.len() - 1]),
            Some(_) if form[0] != "exclude" && !(behind_query() && sets()) => {}
            Some(what) => {
                let e = Error::new(Kind::Unsupported, format!("{what} is not supported"));
                return Err(position(sql, tokens[*at].span.start).into_iter().fold(e, Error::at));
            }
        }
    }
    let kept = tokens.into_iter().enumerate().filter(|(at, _)| !left_out.contains(at)).map(|(_, token)| token);
    Ok(kept.collect())
}

/// Makes names of the words that only other products' grammars know.
fn of_other_products(tokens: &mut [TokenWithSpan]) {
    for token in tokens {
        if let Token::Word(word) = &mut token.token
            && OF_OTHERS.contains(&word.keyword)
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
}

/// `ON` among the options in parentheses is a word like any other.
fn options_of_explain(tokens: &mut [TokenWithSpan]) {
    let mut written = tokens.iter_mut().map(|t| &mut t.token).filter(|t| !matches!(t, Token::Whitespace(_)));
    if !written.next().is_some_and(|t| is_word(t, "explain")) || written.next().is_none_or(|t| *t != Token::LParen) {
        return;
    }
    for token in written.take_while(|t| **t != Token::RParen) {
        if let Token::Word(word) = token
            && word.keyword == Keyword::ON
        {
            word.keyword = Keyword::NoKeyword;
            word.quote_style = Some('"');
        }
    }
}

/// `ON` as the value of a setting is a word like any other.
fn values_of_set(tokens: &mut [TokenWithSpan]) {
    let (mut begins, mut sets) = (true, false);
    for token in tokens.iter_mut().map(|t| &mut t.token).filter(|t| !matches!(t, Token::Whitespace(_))) {
        if begins {
            sets = is_word(token, "set");
        }
        begins = *token == Token::SemiColon;
        if let Token::Word(word) = token
            && sets
            && word.keyword == Keyword::ON
        {
            word.keyword = Keyword::NoKeyword;
            word.quote_style = Some('"');
        }
    }
}

fn is_string(token: &Token) -> bool {
    matches!(token, Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) | Token::NationalStringLiteral(_))
}

/// Adds the part of a string that stands in another line; behind `E''` it has escapes too.
fn append(string: Option<&mut TokenWithSpan>, more: &str) {
    match string.map(|t| &mut t.token) {
        Some(Token::SingleQuotedString(text) | Token::NationalStringLiteral(text)) => text.push_str(more),
        Some(Token::EscapedStringLiteral(text)) => {
            let escaped = format!("E'{}'", more.replace('\'', "''"));
            match Tokenizer::new(&Grammar::default(), &escaped).tokenize().as_deref() {
                Ok([Token::EscapedStringLiteral(more)]) => text.push_str(more),
                Ok(_) | Err(_) => text.push_str(more),
            }
        }
        Some(_) | None => {}
    }
}

/// `!0061` and `!+000061` for `a`, and the escape twice for itself.
fn unescaped(text: &str, escape: &str) -> Option<String> {
    let mut escapes = escape.chars();
    let (escape, None) = (escapes.next()?, escapes.next()) else { return None };
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(escape) {
        all.push_str(before);
        let (digits, length) = match after.chars().next()? {
            c if c == escape => {
                all.push(escape);
                rest = after.get(escape.len_utf8()..)?;
                continue;
            }
            '+' => (after.get(1..7)?, 7),
            _ => (after.get(..4)?, 4),
        };
        all.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = after.get(length..)?;
    }
    all.push_str(rest);
    Some(all)
}

/// Whether nothing of a select list, nor FROM, can follow where this token stands behind SELECT.
fn ends_list(token: &Token) -> bool {
    const WORDS: [Keyword; 9] = [
        Keyword::WHERE,
        Keyword::GROUP,
        Keyword::HAVING,
        Keyword::ORDER,
        Keyword::LIMIT,
        Keyword::OFFSET,
        Keyword::UNION,
        Keyword::INTERSECT,
        Keyword::EXCEPT,
    ];
    matches!(token, Token::RParen | Token::SemiColon) || WORDS.iter().any(|word| is_keyword(token, *word))
}

/// `FROM (SELECT 1) one`: what `SELECT WHERE ..`, a query of no columns, stands for.
fn one_row(at: &TokenWithSpan) -> Vec<TokenWithSpan> {
    let name = Token::Word(Word { value: "one".to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword });
    let one = Token::Number("1".to_owned(), false);
    let tokens = [keyword("FROM"), Token::LParen, keyword("SELECT"), one, Token::RParen, name];
    tokens.into_iter().map(|token| TokenWithSpan { token, span: at.span }).collect()
}

/// Whether a query may start behind a token.
fn starts_query(token: &Token) -> bool {
    const WORDS: [Keyword; 5] = [Keyword::UNION, Keyword::EXCEPT, Keyword::INTERSECT, Keyword::ALL, Keyword::DISTINCT];
    match token {
        Token::LParen | Token::RParen | Token::SemiColon => true,
        token => WORDS.iter().any(|word| is_keyword(token, *word)),
    }
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none())
}

fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

fn keyword(word: &str) -> Token {
    let keyword = if word == "SELECT" { Keyword::SELECT } else { Keyword::FROM };
    Token::Word(Word { value: word.to_owned(), quote_style: None, keyword })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_go_on_and_tables_are_queries() {
        for (sql, want) in [
            ("select 'a'\n  'b' -- c\n 'd'", "select 'abd'"),
            ("select E'a'\n'\\n'", "select E'a\n'"),
            ("select U&'d!0061!+00007A!!' UESCAPE '!'", "select 'daz!'"),
            ("table t order by 1", "SELECT*FROM t order by 1"),
            ("select 1 union all table t", "select 1 union all SELECT*FROM t"),
            ("create table t (a int)", "create table t (a int)"),
            ("select where true", "select FROM(SELECT1)\"one\"where true"),
            ("select 1 union select", "select 1 union selectFROM(SELECT1)\"one\""),
        ] {
            let tokens = Tokenizer::new(&Grammar::default(), sql).tokenize_with_location().expect("tokens");
            let read: String = readable(tokens, sql).expect(sql).iter().map(|t| t.token.to_string()).collect();
            assert_eq!(read.trim(), want, "{sql}");
        }
        let tokens = Tokenizer::new(&Grammar::default(), "select 'a' 'b'").tokenize_with_location().expect("tokens");
        let e = readable(tokens, "select 'a' 'b'").expect_err("two strings");
        assert_eq!((e.message(), e.position()), ("syntax error at or near \"'b'\"", Some(12)));
    }
}
