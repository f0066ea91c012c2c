//! Names of types as SQL writes them: `"pg_catalog"."int4"[]`, `timestamp(3) with time zone`. Which types there are is not known here.

use std::iter::Peekable;
use std::str::Chars;

/// A type's name, read.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    pub schema: Option<String>,
    /// As `pg_type` has it where SQL has words of its own: `int4` for `integer`.
    pub name: String,
    pub is_array: bool,
}

impl Written {
    /// The names as an error has them.
    pub fn parts(self) -> Vec<String> {
        let name = if self.is_array { format!("{}[]", self.name) } else { self.name };
        self.schema.into_iter().chain([name]).collect()
    }
}

#[derive(PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Dot,
}

/// Reads a type's name; `None` where the text is none.
pub fn read(text: &str) -> Option<Written> {
    let (mut tokens, mut modifier, mut is_array) = (Vec::new(), None, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => tokens.push(Token::Quoted(quoted(&mut chars)?)),
            '.' => tokens.push(Token::Dot),
            '(' => modifier = Some(until(&mut chars, ')')?),
            '[' => {
                let bound = until(&mut chars, ']')?;
                if !bound.trim().chars().all(|c| c.is_ascii_digit()) {
                    return None;
                }
                is_array = true;
            }
            c if c.is_whitespace() => {}
            c if is_of_word(c) => {
                let mut word: String = c.to_lowercase().collect();
                while let Some(c) = chars.next_if(|c| is_of_word(*c)) {
                    word.extend(c.to_lowercase());
                }
                tokens.push(Token::Word(word));
            }
            _ => return None,
        }
    }
    if tokens.len() > 1 && tokens.last() == Some(&Token::Word("array".to_owned())) {
        tokens.pop();
        is_array = true;
    }
    let (schema, name) = if tokens.contains(&Token::Dot) {
        let parts = tokens.split(|token| *token == Token::Dot).map(|part| match part {
            [Token::Word(name) | Token::Quoted(name)] => Some(name.clone()),
            _ => None,
        });
        let parts: Vec<String> = parts.collect::<Option<_>>()?;
        match parts.as_slice() {
            [schema, name] | [_, schema, name] => (Some(schema.clone()), name.clone()),
            _ => return None,
        }
    } else if let [Token::Quoted(name)] = tokens.as_slice() {
        (None, name.clone())
    } else {
        let words = tokens.iter().map(|token| match token {
            Token::Word(word) => Some(word.as_str()),
            Token::Quoted(_) | Token::Dot => None,
        });
        (None, of_words(&words.collect::<Option<Vec<_>>>()?.join(" "), modifier.as_deref())?)
    };
    Some(Written { schema, name, is_array })
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// What is in quotes, up to the closing one. No name is empty.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut name = String::new();
    loop {
        match chars.next()? {
            '"' if chars.next_if_eq(&'"').is_none() => return (!name.is_empty()).then_some(name),
            c => name.push(c),
        }
    }
}

fn until(chars: &mut Peekable<Chars<'_>>, end: char) -> Option<String> {
    let mut inner = String::new();
    loop {
        match chars.next()? {
            c if c == end => return Some(inner),
            c => inner.push(c),
        }
    }
}

/// The catalog's name of what SQL calls by words without quotes.
fn of_words(words: &str, modifier: Option<&str>) -> Option<String> {
    const SINGLE_DIGITS: u32 = 24;
    let name = match words {
        "int" | "integer" => "int4",
        "smallint" => "int2",
        "bigint" => "int8",
        "real" => "float4",
        "float" => match modifier.and_then(|digits| digits.trim().parse::<u32>().ok()) {
            Some(digits) if digits <= SINGLE_DIGITS => "float4",
            _ => "float8",
        },
        "double precision" => "float8",
        "decimal" | "dec" => "numeric",
        "boolean" => "bool",
        "char" | "character" | "nchar" | "national char" | "national character" => "bpchar",
        "char varying" | "character varying" | "nchar varying" | "national char varying" | "national character varying" => {
            "varchar"
        }
        "bit varying" => "varbit",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        _ => match words.split_once(' ') {
            None => words,
            Some(("interval", fields)) if are_fields(fields) => "interval",
            Some(_) => return None,
        },
    };
    (!name.is_empty()).then(|| name.to_owned())
}

/// Whether this is what may follow `interval`: `year to month`.
fn are_fields(words: &str) -> bool {
    const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
    let (first, last) = words.split_once(" to ").unwrap_or((words, words));
    FIELDS.contains(&first) && FIELDS.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::{Written, read};

    #[test]
    fn types_are_read_as_sql_writes_them() {
        for (text, want) in [
            ("\"pg_catalog\".\"text\"", Some((Some("pg_catalog"), "text", false))),
            ("Pg_Catalog . Text", Some((Some("pg_catalog"), "text", false))),
            ("postgres.pg_catalog.text", Some((Some("pg_catalog"), "text", false))),
            ("\"int4\" [3][]", Some((None, "int4", true))),
            ("int array[3]", Some((None, "int4", true))),
            ("\"integer\"", Some((None, "integer", false))),
            ("pg_catalog.integer", Some((Some("pg_catalog"), "integer", false))),
            ("\"char\"", Some((None, "char", false))),
            ("CHAR(3)", Some((None, "bpchar", false))),
            ("a\"\"", None),
            ("\"a\"\"b\"", Some((None, "a\"b", false))),
            ("timestamp (3)  with  time zone", Some((None, "timestamptz", false))),
            ("national character varying(3)", Some((None, "varchar", false))),
            ("interval year to month", Some((None, "interval", false))),
            ("interval year to", None),
            ("float(24)", Some((None, "float4", false))),
            ("float(25)", Some((None, "float8", false))),
            ("double", Some((None, "double", false))),
            ("setof int", None),
            ("a.b.c.d", None),
            ("text; select 1", None),
            ("\"int4", None),
            ("\"\"", None),
            ("int4[x]", None),
            (" ", None),
        ] {
            let want = want.map(|(schema, name, is_array): (Option<&str>, &str, bool)| Written {
                schema: schema.map(str::to_owned),
                name: name.to_owned(),
                is_array,
            });
            assert_eq!(read(text), want, "{text}");
        }
    }
}
