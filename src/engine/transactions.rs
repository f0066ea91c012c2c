//! The grammar of transaction blocks where sqlparser's is not PostgreSQL's: modes in any order and number, `DEFERRABLE`, `ABORT`, and `START
//! TRANSACTION` apart from `BEGIN`. What a block does stands in `session::transaction`.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

/// A statement of this grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// `BEGIN` and `START TRANSACTION`, which differ in their tag.
    Begin { tag: &'static str, modes: Modes },
    /// `ABORT`, another word for `ROLLBACK`.
    Abort { chain: bool },
    /// `PREPARE TRANSACTION`, of which there are none here.
    Prepare,
    /// `COMMIT PREPARED` and `ROLLBACK PREPARED` of the transaction of this name.
    Prepared(String),
    /// `SET TRANSACTION`; for all that follow, `SET SESSION CHARACTERISTICS AS TRANSACTION`.
    Set { modes: Modes, session: bool },
}

/// What a transaction was asked to be. Nothing is written and every statement reads snapshots, so that it is only remembered; whether it may
/// write is not even that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modes {
    pub isolation: Option<&'static str>,
    pub deferrable: Option<bool>,
}

/// The statement that begins here, when it is one of this grammar.
pub(super) fn parse(parser: &mut Parser) -> Option<Result<Parsed, ParserError>> {
    if parser.parse_keyword(Keyword::BEGIN) {
        return Some(begin(parser, "BEGIN"));
    }
    if parser.parse_keywords(&[Keyword::START, Keyword::TRANSACTION]) {
        return Some(modes(parser).map(|modes| Parsed::Begin { tag: "START TRANSACTION", modes }));
    }
    if word(parser, "abort") {
        work(parser);
        return Some(parser.parse_commit_rollback_chain().map(|chain| Parsed::Abort { chain }));
    }
    if parser.parse_keywords(&[Keyword::PREPARE, Keyword::TRANSACTION]) {
        return Some(parser.parse_literal_string().map(|_| Parsed::Prepare));
    }
    let is_prepared = matches!(&parser.peek_nth_token_ref(1).token, Token::Word(w) if w.value.eq_ignore_ascii_case("prepared"));
    if is_prepared && parser.parse_one_of_keywords(&[Keyword::COMMIT, Keyword::ROLLBACK]).is_some() {
        parser.advance_token();
        return Some(parser.parse_literal_string().map(Parsed::Prepared));
    }
    if parser.parse_keywords(&[Keyword::SET, Keyword::SESSION, Keyword::CHARACTERISTICS, Keyword::AS, Keyword::TRANSACTION]) {
        return Some(some_modes(parser).map(|modes| Parsed::Set { modes, session: true }));
    }
    let is_snapshot = matches!(&parser.peek_nth_token_ref(2).token, Token::Word(w) if w.keyword == Keyword::SNAPSHOT);
    if !is_snapshot && parser.parse_keywords(&[Keyword::SET, Keyword::TRANSACTION]) {
        return Some(some_modes(parser).map(|modes| Parsed::Set { modes, session: false }));
    }
    None
}

fn begin(parser: &mut Parser, tag: &'static str) -> Result<Parsed, ParserError> {
    work(parser);
    modes(parser).map(|modes| Parsed::Begin { tag, modes })
}

fn work(parser: &mut Parser) {
    let _ = parser.parse_one_of_keywords(&[Keyword::WORK, Keyword::TRANSACTION]);
}

/// A word that is none of sqlparser's keywords, taken.
fn word(parser: &mut Parser, wanted: &str) -> bool {
    let found = matches!(&parser.peek_token_ref().token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(wanted));
    if found {
        parser.advance_token();
    }
    found
}

fn some_modes(parser: &mut Parser) -> Result<Modes, ParserError> {
    if matches!(parser.peek_token_ref().token, Token::EOF | Token::SemiColon) {
        return parser.expected("a transaction mode", parser.peek_token());
    }
    modes(parser)
}

/// Modes with or without commas between them; of the same kind the last one counts.
fn modes(parser: &mut Parser) -> Result<Modes, ParserError> {
    let mut modes = Modes::default();
    loop {
        if parser.parse_keywords(&[Keyword::ISOLATION, Keyword::LEVEL]) {
            modes.isolation = Some(level(parser)?);
        } else if parser.parse_keyword(Keyword::READ) {
            parser.expect_one_of_keywords(&[Keyword::ONLY, Keyword::WRITE])?;
        } else if word(parser, "deferrable") {
            modes.deferrable = Some(true);
        } else if parser.parse_keyword(Keyword::NOT) {
            if !word(parser, "deferrable") {
                return parser.expected("DEFERRABLE", parser.peek_token());
            }
            modes.deferrable = Some(false);
        } else {
            return Ok(modes);
        }
        if parser.consume_token(&Token::Comma) && matches!(parser.peek_token_ref().token, Token::EOF | Token::SemiColon) {
            return parser.expected("a transaction mode", parser.peek_token());
        }
    }
}

/// As `SHOW transaction_isolation` prints it.
fn level(parser: &mut Parser) -> Result<&'static str, ParserError> {
    if parser.parse_keyword(Keyword::SERIALIZABLE) {
        return Ok("serializable");
    }
    if parser.parse_keywords(&[Keyword::REPEATABLE, Keyword::READ]) {
        return Ok("repeatable read");
    }
    parser.expect_keyword(Keyword::READ)?;
    match parser.expect_one_of_keywords(&[Keyword::COMMITTED, Keyword::UNCOMMITTED])? {
        Keyword::UNCOMMITTED => Ok("read uncommitted"),
        _ => Ok("read committed"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::grammar::Grammar;
    use super::*;

    fn parsed(sql: &str) -> Option<Result<Parsed, String>> {
        let grammar = Grammar::default();
        let mut parser = Parser::new(&grammar).try_with_sql(sql).expect(sql);
        parse(&mut parser).map(|parsed| parsed.map_err(|e| e.to_string()))
    }

    #[test]
    fn modes_come_in_any_order_and_the_last_of_a_kind_counts() {
        let modes = |isolation, deferrable| Modes { isolation, deferrable };
        for (sql, want) in [
            ("begin", Parsed::Begin { tag: "BEGIN", modes: modes(None, None) }),
            (
                "start transaction isolation level serializable, read only, deferrable",
                Parsed::Begin { tag: "START TRANSACTION", modes: modes(Some("serializable"), Some(true)) },
            ),
            (
                "BEGIN WORK NOT DEFERRABLE ISOLATION LEVEL READ UNCOMMITTED READ WRITE",
                Parsed::Begin { tag: "BEGIN", modes: modes(Some("read uncommitted"), Some(false)) },
            ),
            ("abort transaction and chain", Parsed::Abort { chain: true }),
            ("prepare transaction 'x'", Parsed::Prepare),
            ("rollback prepared 'x'", Parsed::Prepared("x".to_owned())),
            (
                "set session characteristics as transaction isolation level repeatable read",
                Parsed::Set { modes: modes(Some("repeatable read"), None), session: true },
            ),
            ("set transaction read only", Parsed::Set { modes: modes(None, None), session: false }),
        ] {
            assert_eq!(parsed(sql), Some(Ok(want)), "{sql}");
        }
    }

    #[test]
    fn what_is_no_mode_is_an_error_and_other_statements_are_left_alone() {
        for sql in ["begin isolation level snapshot", "begin read", "begin not", "begin read only,", "set transaction"] {
            assert!(matches!(parsed(sql), Some(Err(_))), "{sql}");
        }
        for sql in [
            "set transaction snapshot 'x'",
            "set session authorization default",
            "commit",
            "start",
            "set transaction_isolation = 'x'",
        ] {
            assert_eq!(parsed(sql), None, "{sql}");
        }
    }
}
