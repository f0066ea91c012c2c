//! Commands that write, by PostgreSQL's tags: those that are refused once they are parsed, and those that the parser does not know.

use datafusion::sql::sqlparser::ast::Statement as Ast;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Kind, Result};

/// What may stand between `CREATE` and the kind of object.
const BEFORE_KIND: [&str; 10] =
    ["OR", "REPLACE", "GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT"];

/// Kinds of objects of more than one word; of those that begin alike the longest first.
const KINDS: [&str; 18] = [
    "ACCESS METHOD",
    "DEFAULT PRIVILEGES",
    "EVENT TRIGGER",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "LARGE OBJECT",
    "MATERIALIZED VIEW",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "USER MAPPING",
    "IMPORT FOREIGN SCHEMA",
    "REASSIGN OWNED",
    "REFRESH MATERIALIZED VIEW",
    "SECURITY LABEL",
];

/// Of `CREATE`, `ALTER` and `DROP`: the kinds that the parser reads, and whose errors are therefore its own.
const PARSED: [&str; 10] = ["TABLE", "VIEW", "INDEX", "SCHEMA", "TYPE", "DOMAIN", "SEQUENCE", "FUNCTION", "EXTENSION", "TRIGGER"];

/// Commands of one word that the parser does not read.
const UNPARSED: [&str; 3] = ["CHECKPOINT", "CLUSTER", "REINDEX"];

/// The tag of a parsed command that writes; `None` for another.
pub fn tag(ast: &Ast) -> Option<String> {
    if let Ast::CreateTable(table) = ast
        && table.query.is_some()
    {
        return Some("CREATE TABLE AS".to_owned());
    }
    let text = ast.to_string();
    let words: Vec<String> = text.split_whitespace().take(WORDS).map(str::to_ascii_uppercase).collect();
    tag_of(&words)
}

/// The words that tell a command.
const WORDS: usize = 8;

fn tag_of(words: &[String]) -> Option<String> {
    let (first, behind) = words.split_first()?;
    let begins = |words: &[String], kind: &str| {
        let mut kind = kind.split(' ');
        words.iter().map(String::as_str).zip(&mut kind).all(|(word, wanted)| word == wanted) && kind.next().is_none()
    };
    match first.as_str() {
        "CREATE" | "ALTER" | "DROP" => {
            let from = behind.iter().position(|word| !BEFORE_KIND.contains(&word.as_str()))?;
            let kind = behind.get(from..)?;
            let kind = KINDS.into_iter().find(|k| begins(kind, k)).or(kind.first().map(String::as_str))?;
            let kind = match kind {
                "USER" | "GROUP" => "ROLE",
                kind => kind,
            };
            Some(format!("{first} {kind}"))
        }
        "COMMENT" | "GRANT" | "REVOKE" | "VACUUM" | "ANALYZE" => Some(first.clone()),
        _ if UNPARSED.contains(&first.as_str()) => Some(first.clone()),
        _ => KINDS.into_iter().find(|kind| begins(words, kind)).map(str::to_owned),
    }
}

/// Refuses a command that the parser has no rule for by what it is. [`Kind::ReadOnly`] for one that writes, [`Kind::UndefinedObject`] for `DO`,
/// which needs a language.
pub fn check(tokens: &[TokenWithSpan]) -> Result<()> {
    let written = tokens.iter().map(|t| &t.token).filter(|t| !matches!(t, Token::Whitespace(_)));
    let words = written.map_while(|t| match t {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
        _ => None,
    });
    let words: Vec<String> = words.take(WORDS).collect();
    let Some(first) = words.first() else { return Ok(()) };
    if first == "DO" {
        let language =
            words.iter().skip_while(|w| *w != "LANGUAGE").nth(1).map_or("plpgsql".to_owned(), |w| w.to_ascii_lowercase());
        return Err(Error::new(Kind::UndefinedObject, format!("language \"{language}\" does not exist"))
            .with_hint("Use CREATE EXTENSION to load the language into the database."));
    }
    let Some(tag) = tag_of(&words) else { return Ok(()) };
    let is_parsed = match tag.split_once(' ') {
        Some(("CREATE" | "ALTER" | "DROP", kind)) => PARSED.contains(&kind) || !ALL.contains(&kind),
        Some(_) => false,
        None => !UNPARSED.contains(&tag.as_str()),
    };
    if is_parsed { Ok(()) } else { Err(read_only(&tag)) }
}

/// The kinds of objects that there are.
const ALL: [&str; 34] = [
    "ACCESS METHOD",
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "CONVERSION",
    "DATABASE",
    "DEFAULT PRIVILEGES",
    "EVENT TRIGGER",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "LANGUAGE",
    "LARGE OBJECT",
    "MATERIALIZED VIEW",
    "OPERATOR",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "OWNED",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "ROLE",
    "ROUTINE",
    "RULE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "SYSTEM",
    "TABLESPACE",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "USER MAPPING",
];

/// What a command that writes gets.
pub fn read_only(command: &str) -> Error {
    Error::new(Kind::ReadOnly, format!("cannot execute {command} in a read-only transaction"))
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn commands_are_refused_by_postgresqls_tags() {
        for (sql, want) in [
            ("create temp table x as select 1", "CREATE TABLE AS"),
            ("create temporary table x (a int)", "CREATE TABLE"),
            ("create or replace view v as select 1", "CREATE VIEW"),
            ("create materialized view v as select 1", "CREATE MATERIALIZED VIEW"),
            ("create unique index i on t(a)", "CREATE INDEX"),
            ("create user x", "CREATE ROLE"),
            ("alter user x password 'y'", "ALTER ROLE"),
            ("create or replace function f() returns int language sql as 'select 1'", "CREATE FUNCTION"),
            ("create foreign table t (a int) server s", "CREATE FOREIGN TABLE"),
            ("alter default privileges grant select on tables to me", "ALTER DEFAULT PRIVILEGES"),
            ("create text search configuration c (copy=simple)", "CREATE TEXT SEARCH CONFIGURATION"),
            ("comment on table t is 'x'", "COMMENT"),
            ("refresh materialized view v", "REFRESH MATERIALIZED VIEW"),
            ("import foreign schema x from server s into y", "IMPORT FOREIGN SCHEMA"),
            ("reassign owned by me to you", "REASSIGN OWNED"),
            ("drop owned by me", "DROP OWNED"),
            ("create rule r as on insert to x do nothing", "CREATE RULE"),
        ] {
            let e = parse(sql).expect_err(sql);
            assert_eq!(e.message(), format!("cannot execute {want} in a read-only transaction"), "{sql}");
        }
        let e = parse("do $$ begin end $$").expect_err("no language");
        assert_eq!(e.message(), "language \"plpgsql\" does not exist");
        assert_eq!(parse("create tabel t (a int)").expect_err("a typing error").message(), "syntax error at or near \"tabel\"");
    }
}
