//! `COPY ... TO STDOUT`: its grammar (PostgreSQL 15, COPY, with the forms before 9.0) and its options, checked. How rows are written
//! stands in the file below.

mod encode;

use arrow::datatypes::Schema;
use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, Query, SelectItem, SetExpr, TableFactor};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

pub use self::encode::CopyEncoder;

use super::dialect::ast::folded;
use super::failure::position;
use crate::error::{Error, Kind, Result};
use crate::table::pg_charset::Charset;

/// How `COPY` writes rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub format: CopyFormat,
    /// The first line has the columns' names.
    pub header: bool,
    /// What lines are written in; `None` for what the client speaks.
    pub encoding: Option<Charset>,
}

/// The form of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFormat {
    /// A line of fields, with backslash escapes.
    Text { delimiter: u8, null: String },
    /// A line of fields, quoted where needed.
    Csv { delimiter: u8, null: String, quote: u8, escape: u8, force_quote: ForceQuote },
    /// PostgreSQL's binary file format.
    Binary,
}

/// Which columns are quoted whatever they hold, NULLs apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForceQuote {
    All,
    Columns(Vec<String>),
}

impl Copy {
    /// An error when `FORCE_QUOTE` names a column that there is not.
    pub(super) fn check_columns(&self, columns: &Schema) -> Result<()> {
        let CopyFormat::Csv { force_quote: ForceQuote::Columns(names), .. } = &self.format else { return Ok(()) };
        match names.iter().find(|name| columns.column_with_name(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(Error::new(Kind::UndefinedColumn, format!("column \"{name}\" does not exist"))),
        }
    }
}

/// A parsed `COPY`, before it is known whether it is taken.
pub(super) enum Parsed {
    From,
    To { source: Box<Query>, target: Target, options: Vec<(Ident, Value)> },
}

/// Where the rows go.
pub(super) enum Target {
    Stdout,
    File,
    Program,
}

/// What an option was given.
pub(super) enum Value {
    None,
    Word(String),
    Star,
    Columns(Vec<String>),
}

/// The statement behind the word `COPY`.
pub(super) fn parse(parser: &mut Parser) -> Result<Parsed, ParserError> {
    let span = parser.peek_token_ref().span;
    let binary = parser.parse_keyword(Keyword::BINARY);
    let (source, is_query) = if parser.consume_token(&Token::LParen) {
        let query = parser.parse_query()?;
        parser.expect_token(&Token::RParen)?;
        (query, true)
    } else {
        (table(parser)?, false)
    };
    if !is_query && parser.parse_keyword(Keyword::FROM) {
        // Nothing that follows changes that it is refused; data may follow it in psql's scripts.
        while parser.next_token().token != Token::EOF {}
        return Ok(Parsed::From);
    }
    parser.expect_keyword(Keyword::TO)?;
    // In PostgreSQL's grammar either word says "the client", and PHP's driver writes STDIN.
    let target = if parser.parse_one_of_keywords(&[Keyword::STDOUT, Keyword::STDIN]).is_some() {
        Target::Stdout
    } else if parser.parse_keyword(Keyword::PROGRAM) {
        parser.parse_literal_string()?;
        Target::Program
    } else {
        parser.parse_literal_string()?;
        Target::File
    };
    let mut options = Vec::new();
    if binary {
        options.push((Ident::with_span(span, "format"), Value::Word("binary".to_owned())));
    }
    let _ = parser.parse_keyword(Keyword::WITH);
    if parser.consume_token(&Token::LParen) {
        loop {
            options.push(option(parser)?);
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        parser.expect_token(&Token::RParen)?;
    } else {
        while let Some(option) = old_option(parser)? {
            options.push(option);
        }
    }
    Ok(Parsed::To { source, target, options })
}

/// `table [(columns)]` as the query that gives its rows.
fn table(parser: &mut Parser) -> Result<Box<Query>, ParserError> {
    let name = parser.parse_object_name(false)?;
    let mut columns = Vec::new();
    if parser.consume_token(&Token::LParen) {
        columns = parser.parse_comma_separated(Parser::parse_identifier)?;
        parser.expect_token(&Token::RParen)?;
    }
    select(columns.into_iter().map(Expr::Identifier).collect(), Some(name))
}

/// `SELECT columns [FROM table]`, all columns where none are named; of parsed pieces, so that errors still know their places.
pub(super) fn select(columns: Vec<Expr>, table: Option<ObjectName>) -> Result<Box<Query>, ParserError> {
    let form = if table.is_some() { "SELECT * FROM t" } else { "SELECT 1" };
    let mut query = Parser::new(&super::grammar::Grammar::default()).try_with_sql(form)?.parse_query()?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        if !columns.is_empty() {
            select.projection = columns.into_iter().map(SelectItem::UnnamedExpr).collect();
        }
        if let (Some(from), Some(table)) = (select.from.first_mut(), table)
            && let TableFactor::Table { name, .. } = &mut from.relation
        {
            *name = table;
        }
    }
    Ok(query)
}

/// `name [value]` within parentheses.
fn option(parser: &mut Parser) -> Result<(Ident, Value), ParserError> {
    let name = parser.parse_identifier()?;
    let value = match parser.peek_token().token {
        Token::Comma | Token::RParen => Value::None,
        Token::Mul => {
            parser.next_token();
            Value::Star
        }
        Token::LParen => {
            parser.next_token();
            let columns = parser.parse_comma_separated(Parser::parse_identifier)?;
            parser.expect_token(&Token::RParen)?;
            Value::Columns(columns.iter().map(folded).collect())
        }
        _ => Value::Word(word(parser)?),
    };
    Ok((name, value))
}

/// A value as one word: a string, a number or a name.
fn word(parser: &mut Parser) -> Result<String, ParserError> {
    Ok(match parser.next_token().token {
        Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => text,
        Token::Number(digits, _) => digits,
        Token::Word(word) => word.value,
        _ => {
            parser.prev_token();
            return parser.expected("a value", parser.peek_token());
        }
    })
}

/// An option as it was written before PostgreSQL 9.0; `None` at the end of them.
fn old_option(parser: &mut Parser) -> Result<Option<(Ident, Value)>, ParserError> {
    let span = parser.peek_token_ref().span;
    let named = |name: &str, value| Ok(Some((Ident::with_span(span, name), value)));
    let as_string = |parser: &mut Parser| {
        let _ = parser.parse_keyword(Keyword::AS);
        word(parser).map(Value::Word)
    };
    if parser.parse_keyword(Keyword::BINARY) {
        return named("format", Value::Word("binary".to_owned()));
    }
    if parser.parse_keyword(Keyword::CSV) {
        return named("format", Value::Word("csv".to_owned()));
    }
    if parser.parse_keyword(Keyword::HEADER) {
        return named("header", Value::None);
    }
    for (keyword, name) in [
        (Keyword::DELIMITER, "delimiter"),
        (Keyword::NULL, "null"),
        (Keyword::QUOTE, "quote"),
        (Keyword::ESCAPE, "escape"),
        (Keyword::ENCODING, "encoding"),
    ] {
        if parser.parse_keyword(keyword) {
            let value = as_string(parser)?;
            return named(name, value);
        }
    }
    if parser.parse_keyword(Keyword::FORCE) {
        let is_quote = parser.parse_keyword(Keyword::QUOTE);
        if !is_quote {
            return parser.expected("QUOTE", parser.peek_token());
        }
        if parser.consume_token(&Token::Mul) {
            return named("force_quote", Value::Star);
        }
        let columns = parser.parse_comma_separated(Parser::parse_identifier)?;
        return named("force_quote", Value::Columns(columns.iter().map(folded).collect()));
    }
    Ok(None)
}

/// The options, with PostgreSQL's defaults and in its words where they do not fit.
pub(super) fn options(given: Vec<(Ident, Value)>, sql: &str) -> Result<Copy> {
    let mut format = None;
    let (mut delimiter, mut null, mut quote, mut escape, mut encoding) = (None, None, None, None, None);
    let (mut header, mut force_quote, mut seen) = (false, None, Vec::new());
    for (ident, value) in given {
        let name = folded(&ident);
        // The words of some options' errors say where they stand, as PostgreSQL has it.
        let placed = |e: Error| match position(sql, ident.span.start) {
            Some(at) => e.at(at),
            None => e,
        };
        if seen.contains(&name) {
            return Err(placed(Error::new(Kind::Syntax, "conflicting or redundant options")));
        }
        match (name.as_str(), value) {
            ("format", Value::Word(word)) => format = Some(Form::named(&word.to_ascii_lowercase()).map_err(placed)?),
            ("delimiter", Value::Word(text)) => delimiter = Some(text),
            ("null", Value::Word(text)) => null = Some(text),
            ("quote", Value::Word(text)) => quote = Some(text),
            ("escape", Value::Word(text)) => escape = Some(text),
            ("header", value) => header = flag("header", &value)?,
            ("force_quote", Value::Star) => force_quote = Some(ForceQuote::All),
            ("force_quote", Value::Columns(columns)) => force_quote = Some(ForceQuote::Columns(columns)),
            ("freeze", value) => drop(flag("freeze", &value)?),
            ("encoding", Value::Word(name)) => encoding = Some(charset(&name).map_err(placed)?),
            ("force_not_null" | "force_null", _) => {
                let name = name.replace('_', " ");
                return Err(Error::new(Kind::Unsupported, format!("COPY {name} only available using COPY FROM")));
            }
            ("format" | "delimiter" | "null" | "quote" | "escape" | "encoding", _) => {
                return Err(Error::new(Kind::Syntax, format!("{name} requires a parameter")));
            }
            ("force_quote", _) => {
                return Err(placed(invalid("argument to option \"force_quote\" must be a list of column names".to_owned())));
            }
            _ => return Err(placed(Error::new(Kind::Syntax, format!("option \"{name}\" not recognized")))),
        }
        seen.push(name);
    }
    let format = format.unwrap_or(Form::Text);
    if format == Form::Binary {
        for (is_given, name) in [(delimiter.is_some(), "DELIMITER"), (null.is_some(), "NULL"), (header, "HEADER")] {
            if is_given {
                let kind = if name == "HEADER" { Kind::Unsupported } else { Kind::Syntax };
                return Err(Error::new(kind, format!("cannot specify {name} in BINARY mode")));
            }
        }
    }
    if format != Form::Csv {
        for (is_given, name) in [(quote.is_some(), "quote"), (escape.is_some(), "escape"), (force_quote.is_some(), "force quote")]
        {
            if is_given {
                return Err(Error::new(Kind::Unsupported, format!("COPY {name} available only in CSV mode")));
            }
        }
    }
    let is_csv = format == Form::Csv;
    let delimiter = one_byte("delimiter", delimiter.as_deref().unwrap_or(if is_csv { "," } else { "\t" }))?;
    let null = null.unwrap_or_else(|| if is_csv { String::new() } else { "\\N".to_owned() });
    if null.contains(['\r', '\n']) {
        return Err(invalid("COPY null representation cannot use newline or carriage return".to_owned()));
    }
    if matches!(delimiter, b'\n' | b'\r') {
        return Err(invalid("COPY delimiter cannot be newline or carriage return".to_owned()));
    }
    if null.as_bytes().contains(&delimiter) {
        return Err(invalid("COPY delimiter must not appear in the NULL specification".to_owned()));
    }
    let format = match format {
        Form::Binary => CopyFormat::Binary,
        Form::Text => {
            if delimiter == b'\\' || delimiter == b'.' || delimiter.is_ascii_lowercase() || delimiter.is_ascii_digit() {
                return Err(invalid(format!("COPY delimiter cannot be \"{}\"", delimiter as char)));
            }
            CopyFormat::Text { delimiter, null }
        }
        Form::Csv => {
            let quote = one_byte("quote", quote.as_deref().unwrap_or("\""))?;
            let escape = escape.map_or(Ok(quote), |text| one_byte("escape", &text))?;
            if delimiter == quote {
                return Err(invalid("COPY delimiter and quote must be different".to_owned()));
            }
            if null.as_bytes().contains(&quote) {
                return Err(invalid("CSV quote character must not appear in the NULL specification".to_owned()));
            }
            let force_quote = force_quote.unwrap_or(ForceQuote::Columns(Vec::new()));
            CopyFormat::Csv { delimiter, null, quote, escape, force_quote }
        }
    };
    Ok(Copy { format, header, encoding })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Csv,
    Binary,
}

impl Form {
    fn named(name: &str) -> Result<Self> {
        match name {
            "text" => Ok(Self::Text),
            "csv" => Ok(Self::Csv),
            "binary" => Ok(Self::Binary),
            other => Err(invalid(format!("COPY format \"{other}\" not recognized"))),
        }
    }
}

fn flag(name: &str, value: &Value) -> Result<bool> {
    let word = match value {
        Value::None => return Ok(true),
        Value::Word(word) => word.to_ascii_lowercase(),
        Value::Star | Value::Columns(_) => String::new(),
    };
    match word.as_str() {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        "match" if name == "header" => Err(Error::new(Kind::Unsupported, "cannot use \"match\" with HEADER in COPY TO")),
        _ => {
            let or = if name == "header" { " or \"match\"" } else { "" };
            Err(Error::new(Kind::Syntax, format!("{name} requires a Boolean value{or}")))
        }
    }
}

fn one_byte(what: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(Error::new(Kind::Unsupported, format!("COPY {what} must be a single one-byte character"))),
    }
}

/// The encoding of a name.
fn charset(name: &str) -> Result<Charset> {
    let named = Charset::named(name);
    named.ok_or_else(|| invalid("argument to option \"encoding\" must be a valid encoding name".to_owned()))
}

fn invalid(message: String) -> Error {
    Error::new(Kind::InvalidParameter, message)
}
