//! What DataFusion, Arrow, Parquet and object stores say went wrong, as our [`Error`]: a kind, PostgreSQL's words where drivers
//! match on them, and the place in the SQL.

use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::parquet::errors::ParquetError;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Location, TokenizerError};

use super::wording::{by_words, of_operator};
use crate::error::{Error, Kind};
use crate::name::distance;
use crate::store::source_error;

/// What a published file is called where a scan does not know its URL.
pub const UNNAMED_SOURCE: &str = "a published file";

/// How far a name may be from one that is meant.
const MOST_LETTERS: usize = 3;

/// The error of a planned or running statement. `sql` is its text, for positions.
pub fn from_datafusion(e: DataFusionError, sql: &str) -> Error {
    match e {
        DataFusionError::Context(_, inner) => from_datafusion(*inner, sql),
        DataFusionError::Diagnostic(diagnostic, inner) => {
            let e = from_datafusion(*inner, sql);
            match diagnostic.span.and_then(|span| position(sql, Location::new(span.start.line, span.start.column))) {
                Some(at) if e.position().is_none() => e.at(at),
                _ => e,
            }
        }
        DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
            Ok(inner) => from_datafusion(inner, sql),
            Err(inner) => from_shared(&inner).unwrap_or_else(|| by_words(&inner.to_string())),
        },
        DataFusionError::Collection(mut all) if !all.is_empty() => from_datafusion(all.swap_remove(0), sql),
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => match other.downcast::<DataFusionError>() {
                Ok(inner) => from_datafusion(*inner, sql),
                Err(other) => by_words(&other.to_string()),
            },
        },
        DataFusionError::ArrowError(e, _) => from_arrow(*e, sql),
        DataFusionError::SchemaError(e, _) => from_schema(&e),
        DataFusionError::SQL(e, _) => from_parser(&e, sql),
        DataFusionError::ResourcesExhausted(message) => out_of_memory(&message),
        DataFusionError::ObjectStore(e) => source_error(UNNAMED_SOURCE, *e),
        DataFusionError::IoError(e) => e.into(),
        DataFusionError::ParquetError(e) => from_parquet(*e),
        DataFusionError::NotImplemented(message) if message.contains("logical expression WindowFunction") => {
            Error::new(Kind::Windowing, "window functions are not allowed in WHERE")
        }
        DataFusionError::NotImplemented(message) => not_implemented(&message),
        DataFusionError::Plan(message) => by_words(&message),
        DataFusionError::Execution(message) => by_words(&message),
        DataFusionError::ExecutionJoin(e) if e.is_panic() => internal(&e.to_string()),
        DataFusionError::ExecutionJoin(_) => Error::new(Kind::Cancelled, "canceling statement due to user request"),
        DataFusionError::Configuration(message)
        | DataFusionError::Internal(message)
        | DataFusionError::Substrait(message)
        | DataFusionError::Ffi(message) => internal(&message),
        DataFusionError::Collection(_) => internal("an empty list of errors"),
    }
}

fn not_implemented(message: &str) -> Error {
    let message = first_line(message);
    if message.starts_with("Unsupported SQL type ") || message.starts_with("compound identifier: ") {
        return by_words(&message);
    }
    of_operator(&message).unwrap_or_else(|| Error::new(Kind::Unsupported, message))
}

/// The error of a text that does not parse, in PostgreSQL's words: `syntax error at or near "FORM"`.
pub fn from_parser(e: &ParserError, sql: &str) -> Error {
    let message = match e {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return Error::new(Kind::TooComplex, "the statement is nested too deeply")
                .with_hint("Break it into common table expressions (WITH).");
        }
    };
    let (text, at) = split_location(message);
    let ends = text.ends_with(", found: EOF");
    // As in PostgreSQL, what is missing is missing behind the last character.
    let at = if ends { Some(sql.chars().count() + 1) } else { at.and_then(|location| position(sql, location)) };
    let e = match text.split_once(", found: ") {
        Some((_, "EOF")) => Error::new(Kind::Syntax, "syntax error at end of input"),
        Some((_, found)) => Error::new(Kind::Syntax, format!("syntax error at or near \"{found}\"")),
        None => Error::new(Kind::Syntax, format!("syntax error: {text}")),
    };
    match at {
        Some(at) => e.at(at),
        None => e,
    }
}

/// The error of a text that does not split into tokens.
pub fn from_tokenizer(e: &TokenizerError, sql: &str) -> Error {
    let at = position(sql, e.location);
    let from = |at: usize| sql.char_indices().nth(at - 1).and_then(|(byte, _)| sql.get(byte..)).unwrap_or_default();
    let (what, at) = match e.message.as_str() {
        message if message.starts_with("Unterminated string literal") => ("quoted string", at),
        "Unterminated encoded string literal" => ("quoted string", at),
        "Unterminated dollar-quoted string" => {
            let opened = sql.find('$').and_then(|byte| sql.get(..byte)).map(|before| before.chars().count() + 1);
            ("dollar-quoted string", opened)
        }
        message if message.starts_with("Expected close delimiter") => ("quoted identifier", at),
        message if message.contains("multi-line comment") => {
            ("/* comment", sql.find("/*").and_then(|byte| sql.get(..byte)).map(|before| before.chars().count() + 1))
        }
        _ => ("", at),
    };
    let error = match at {
        Some(at) if !what.is_empty() => Error::new(Kind::Syntax, format!("unterminated {what} at or near \"{}\"", from(at))),
        Some(_) | None => Error::new(Kind::Syntax, format!("syntax error: {}", e.message)),
    };
    match at {
        Some(at) => error.at(at),
        None => error,
    }
}

/// The 1-based character of a line and column.
pub fn position(sql: &str, location: Location) -> Option<usize> {
    let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(location.column).ok()?;
    let before: usize = sql.split_inclusive('\n').take(line).map(|l| l.chars().count()).sum();
    (column > 0).then_some(before + column)
}

/// Takes ` at Line: 1, Column: 8` off a message.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((text, place)) = message.rsplit_once(" at Line: ") else { return (message, None) };
    let location = place
        .split_once(", Column: ")
        .and_then(|(line, column)| Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? }));
    (text, location)
}

/// A Parquet reader passes on what its store said.
fn from_parquet(e: ParquetError) -> Error {
    match e {
        ParquetError::External(inner) => match inner.downcast() {
            Ok(store) => source_error(UNNAMED_SOURCE, *store),
            Err(other) => from_filter(&other.to_string())
                .unwrap_or_else(|| Error::new(Kind::SourceInvalid, format!("a Parquet file can't be read: {other}"))),
        },
        other => Error::new(Kind::SourceInvalid, format!("a Parquet file can't be read: {other}")),
    }
}

/// What a filter said that the Parquet reader ran, which passes errors on as the text of their `Debug` only (071).
fn from_filter(text: &str) -> Option<Error> {
    let (_, said) = text.split_once("Error evaluating filter predicate: ")?;
    Error::among(said).or_else(|| from_library(said))
}

/// What a library said in a filter: the first text in its `Debug`, in the words that it has elsewhere.
fn from_library(said: &str) -> Option<Error> {
    let (variant, text) = said.split_once('"').unwrap_or((said, ""));
    if variant.contains("DivideByZero") {
        return Some(Error::new(Kind::DivisionByZero, "division by zero"));
    }
    let (mut message, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return Some(by_words(&message)),
            '\\' => match chars.next()? {
                'n' => message.push('\n'),
                't' => message.push('\t'),
                other => message.push(other),
            },
            other => message.push(other),
        }
    }
}

fn from_arrow(e: ArrowError, sql: &str) -> Error {
    match e {
        ArrowError::DivideByZero => Error::new(Kind::DivisionByZero, "division by zero"),
        ArrowError::ArithmeticOverflow(message) => {
            Error::new(Kind::OutOfRange, "value out of range").with_detail(sentence(&message))
        }
        ArrowError::CastError(message) | ArrowError::ParseError(message) => cast(&message),
        ArrowError::ExternalError(inner) => match inner.downcast::<DataFusionError>() {
            Ok(inner) => from_datafusion(*inner, sql),
            Err(other) => match other.downcast::<Error>() {
                Ok(ours) => *ours,
                Err(other) => by_words(&other.to_string()),
            },
        },
        ArrowError::IoError(_, e) => e.into(),
        ArrowError::ParquetError(message) | ArrowError::IpcError(message) => {
            Error::new(Kind::SourceInvalid, format!("a published file can't be read: {message}"))
        }
        ArrowError::NotYetImplemented(message) => Error::new(Kind::Unsupported, message),
        ArrowError::ComputeError(message)
        | ArrowError::InvalidArgumentError(message)
        | ArrowError::SchemaError(message)
        | ArrowError::CsvError(message)
        | ArrowError::JsonError(message)
        | ArrowError::AvroError(message)
        | ArrowError::MemoryError(message)
        | ArrowError::CDataInterface(message) => by_words(&message),
        ArrowError::DictionaryKeyOverflowError | ArrowError::RunEndIndexOverflowError | ArrowError::OffsetOverflowError(_) => {
            Error::new(Kind::OutOfRange, "a batch of rows grew too large for its offsets")
                .with_hint("Select fewer or shorter columns, or aggregate in smaller groups.")
        }
    }
}

/// A shared error can't be taken apart; what our own code raised is found by reference.
fn from_shared(e: &DataFusionError) -> Option<Error> {
    match e {
        DataFusionError::External(inner) => inner.downcast_ref::<Error>().map(Error::duplicate),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(inner) => inner.downcast_ref::<Error>().map(Error::duplicate),
            ArrowError::DivideByZero => Some(Error::new(Kind::DivisionByZero, "division by zero")),
            _ => None,
        },
        DataFusionError::ResourcesExhausted(message) => Some(out_of_memory(message)),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => from_shared(inner),
        DataFusionError::Shared(inner) => from_shared(inner),
        _ => None,
    }
}

fn from_schema(e: &SchemaError) -> Error {
    match e {
        SchemaError::FieldNotFound { field, valid_fields } => {
            // One that is of no table here is of a table that is not here.
            if let Some(relation) = &field.relation
                && !valid_fields.iter().any(|f| f.relation.as_ref().is_some_and(|r| r.table() == relation.table()))
            {
                let message = format!("missing FROM-clause entry for table \"{}\"", relation.table());
                return Error::new(Kind::UndefinedTable, message);
            }
            let shown = match &field.relation {
                Some(relation) => format!("{}.{}", relation.table(), field.name),
                None => format!("\"{}\"", field.name),
            };
            let error = Error::new(Kind::UndefinedColumn, format!("column {shown} does not exist"));
            let table = field.relation.as_ref().map(|relation| relation.table());
            let columns = valid_fields.iter().map(|f| (f.relation.as_ref().map(|r| r.table()), f.name.as_str()));
            match meant(table, &field.name, columns) {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        }
        SchemaError::AmbiguousReference { field } => {
            Error::new(Kind::AmbiguousColumn, format!("column reference \"{}\" is ambiguous", field.name))
        }
        SchemaError::DuplicateQualifiedField { qualifier, .. } => {
            Error::new(Kind::DuplicateAlias, format!("table name \"{}\" specified more than once", qualifier.table()))
        }
        SchemaError::DuplicateUnqualifiedField { name } => {
            Error::new(Kind::AmbiguousColumn, format!("column \"{name}\" is given more than once"))
                .with_hint("Name one of them with AS.")
        }
    }
}

/// PostgreSQL's hint at the columns whose names are nearest: at most two, three letters away at most, and half of the name's letters.
fn meant<'a>(table: Option<&str>, name: &str, columns: impl Iterator<Item = (Option<&'a str>, &'a str)>) -> Option<String> {
    let (mut least, mut found) = (MOST_LETTERS + 1, Vec::new());
    for (of, column) in columns {
        let beside = table.map_or(0, |table| distance(table, of.unwrap_or_default()));
        let letters = distance(name, column);
        if letters > name.chars().count() / 2 || letters + beside > least {
            continue;
        }
        if letters + beside < least {
            (least, found) = (letters + beside, Vec::new());
        }
        found.push(of.map_or_else(|| column.to_owned(), |of| format!("{of}.{column}")));
    }
    match found.as_slice() {
        [one] => Some(format!("Perhaps you meant to reference the column \"{one}\".")),
        [one, other] => Some(format!("Perhaps you meant to reference the column \"{one}\" or the column \"{other}\".")),
        _ => None,
    }
}

/// PostgreSQL's words for a text that is not of a type.
pub fn cast(message: &str) -> Error {
    // Arrow: Cannot cast string 'x' to value of Int64 type
    let said = message.strip_prefix("Cannot cast string '").or_else(|| message.strip_prefix("Cannot cast value '"));
    if let Some((value, rest)) = said.and_then(|r| r.split_once("' to value of ")) {
        let arrow = rest.trim_end_matches(" type");
        let dated = ["Date", "Time", "Interval"].iter().any(|t| arrow.starts_with(t));
        let kind = if dated { Kind::InvalidDatetime } else { Kind::InvalidText };
        return Error::new(kind, format!("invalid input syntax for type {}: \"{value}\"", sql_type(arrow)));
    }
    if message.contains("imestamp") || message.contains("date") || message.contains("Date") {
        return Error::new(Kind::InvalidDatetime, first_line(message));
    }
    Error::new(Kind::InvalidText, first_line(message))
}

fn sql_type(arrow: &str) -> &str {
    match arrow {
        "Int64" | "UInt64" => "bigint",
        "Int32" | "UInt32" => "integer",
        "Int16" | "Int8" | "UInt16" | "UInt8" => "smallint",
        "Float64" => "double precision",
        "Float32" => "real",
        "Boolean" => "boolean",
        "Date32" | "Date64" => "date",
        other => other,
    }
}

pub fn out_of_memory(message: &str) -> Error {
    if message.contains("disk space during the spilling") {
        return Error::new(Kind::DiskFull, "the statement spills more than the spill folder may hold")
            .with_detail(sentence(&first_line(message)))
            .with_hint("Select fewer columns, filter or aggregate earlier.");
    }
    Error::new(Kind::OutOfMemory, "out of memory: the statement needs more than the server's memory share")
        .with_detail(sentence(&first_line(message)))
        .with_hint("Select fewer columns, filter or aggregate earlier, or start the server with a larger --memory.")
}

fn internal(message: &str) -> Error {
    Error::new(Kind::Internal, format!("internal error: {}", first_line(message)))
        .with_hint("This is a fault of Stoa or of a library below it; please report the statement.")
}

pub fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

fn sentence(message: &str) -> String {
    if message.ends_with('.') { message.to_owned() } else { format!("{message}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::{dialect::PostgreSqlDialect, parser::Parser};

    #[test]
    fn syntax_errors_name_the_word_and_the_place() {
        for (sql, message, at) in [
            ("selec 1", "syntax error at or near \"selec\"", Some(1)),
            ("select 1 + ", "syntax error at end of input", Some(12)),
            ("select\n  1 + )", "syntax error at or near \")\"", Some(14)),
        ] {
            let e = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect_err(sql);
            let e = from_parser(&e, sql);
            assert_eq!((e.message(), e.position()), (message, at), "{sql}");
            assert_eq!(e.kind(), Kind::Syntax);
        }
    }

    #[test]
    fn filters_of_parquet_tell_our_errors() {
        let text = |inner: &dyn std::fmt::Debug| format!("Compute error: Error evaluating filter predicate: {inner:?}");
        let ours = Error::new(Kind::InvalidText, "invalid input syntax for type integer: \"it's \\\"");
        let e = from_filter(&text(&DataFusionError::External(Box::new(ours)))).expect("an error");
        assert_eq!((e.kind(), e.message()), (Kind::InvalidText, "invalid input syntax for type integer: \"it's \\\""));
        let e = from_filter(&text(&ArrowError::DivideByZero)).expect("an error");
        assert_eq!(e.kind(), Kind::DivisionByZero);
        let library = ArrowError::CastError("Cannot cast string 'DivideByZero \")' to value of Int64 type".to_owned());
        let e = from_filter(&text(&DataFusionError::from(library))).expect("an error");
        assert_eq!(e.message(), "invalid input syntax for type bigint: \"DivideByZero \")\"");
        assert!(from_filter("not of a filter").is_none());
    }

    #[test]
    fn library_words_become_kinds() {
        for (message, kind, want) in [
            ("Invalid function 'foo'.\nDid you mean 'floor'?", Kind::UndefinedFunction, "function foo does not exist"),
            ("table 'a.b.c' not found", Kind::UndefinedTable, "relation \"a.b.c\" does not exist"),
            (
                "Order by column out of bounds, specified: 2, max: 1",
                Kind::InvalidPosition,
                "ORDER BY position 2 is not in select list",
            ),
            (
                "Cannot cast string 'x' to value of Date32 type",
                Kind::InvalidDatetime,
                "invalid input syntax for type date: \"x\"",
            ),
            ("Cannot cast string 'x' to value of Int64 type", Kind::InvalidText, "invalid input syntax for type bigint: \"x\""),
        ] {
            let e = from_datafusion(DataFusionError::Plan(message.to_owned()), "");
            assert_eq!((e.kind(), e.message()), (kind, want));
        }
        let ours = DataFusionError::External(Box::new(Error::new(Kind::SourceMissing, "gone")));
        assert_eq!(from_datafusion(DataFusionError::Shared(std::sync::Arc::new(ours)), "").kind(), Kind::SourceMissing);
    }
}
