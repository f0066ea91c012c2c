//! Statements as they are parsed: by sqlparser, or by us where its grammar is not PostgreSQL's.

use datafusion::sql::sqlparser::ast::Statement as Ast;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError};

use super::super::grammar::Grammar;
use super::super::{command, copy, limits, signs, tokens, transactions};

/// How deep expressions and queries may nest.
const RECURSION_LIMIT: usize = 100;

/// How deep a statement may be (as [`limits::check`] counts) whose error is looked for in its text.
const WRITTEN_AGAIN: usize = 100;

/// A parsed statement.
pub enum Parsed {
    Ast(Box<Ast>),
    Copy(copy::Parsed),
    Transaction(transactions::Parsed),
    Fetch { name: String, step: command::Step, quiet: bool },
}

/// The tokens of a text, as it is written.
pub fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    Tokenizer::new(&Grammar::default(), sql).tokenize_with_location().map(signs::apart)
}

/// The statements of readable tokens.
pub fn statements(tokens: Vec<TokenWithSpan>) -> Result<Vec<Parsed>, ParserError> {
    let grammar = Grammar::of(&tokens);
    parse_all(&mut Parser::new(&grammar).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(tokens))
}

/// The tokens of a text and the statements in it as they are written; `None` when it does not parse, or is deeper than is looked through for an
/// error's place: the parts of a chain are planned one by one for it.
pub(in crate::engine) fn written(sql: &str) -> Option<(Vec<TokenWithSpan>, Vec<Ast>)> {
    let tokens = self::tokens(sql).ok()?;
    let readable = tokens::readable(tokens.clone(), sql).ok()?;
    if limits::check(&readable).ok()? > WRITTEN_AGAIN {
        return None;
    }
    let statements = statements(readable).ok()?.into_iter().filter_map(|parsed| match parsed {
        Parsed::Ast(ast) => Some(*ast),
        Parsed::Copy(copy::Parsed::To { source, .. }) => Some(Ast::Query(source)),
        Parsed::Copy(copy::Parsed::From) | Parsed::Transaction(_) | Parsed::Fetch { .. } => None,
    });
    Some((tokens, statements.collect()))
}

fn parse_all(parser: &mut Parser) -> Result<Vec<Parsed>, ParserError> {
    let mut all = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        if parser.peek_token_ref().token == Token::EOF {
            return Ok(all);
        }
        if let Some(transaction) = transactions::parse(parser) {
            all.push(Parsed::Transaction(transaction?));
            end_of_statement(parser)?;
            continue;
        }
        all.push(match own_word(parser).as_deref() {
            Some("copy") => Parsed::Copy(copy::parse(parser)?),
            Some(word) => {
                let (name, step) = command::parse_fetch(parser)?;
                Parsed::Fetch { name, step, quiet: word == "move" }
            }
            None => Parsed::Ast(Box::new(parser.parse_statement()?)),
        });
        end_of_statement(parser)?;
    }
}

fn end_of_statement(parser: &Parser) -> Result<(), ParserError> {
    match parser.peek_token_ref().token {
        Token::SemiColon | Token::EOF => Ok(()),
        _ => parser.expected("end of statement", parser.peek_token()),
    }
}

/// The first word of a statement whose grammar is ours, taken.
fn own_word(parser: &mut Parser) -> Option<String> {
    let Token::Word(word) = &parser.peek_token_ref().token else { return None };
    let word = word.value.to_ascii_lowercase();
    let is_ours = ["copy", "fetch", "move"].contains(&word.as_str());
    is_ours.then(|| {
        parser.advance_token();
        word
    })
}
