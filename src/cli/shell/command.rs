//! The shell's own commands, which start with a backslash: read from a line, and listed by `\?`.

use std::path::PathBuf;

use crate::cli::format::Format;
use crate::error::{Error, Kind, Result};

/// A line that starts with a backslash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Quit,
    Help,
    /// `\d`: the tables and views; `\d NAME`: the columns of a table.
    Describe {
        name: Option<String>,
        more: bool,
    },
    Tables {
        pattern: Option<String>,
    },
    Schemas {
        pattern: Option<String>,
    },
    Catalogs,
    Timing,
    Expanded,
    /// To a file, or back to the terminal.
    Output {
        file: Option<PathBuf>,
    },
    Include {
        file: PathBuf,
    },
    Connect {
        database: String,
    },
    Format(Format),
}

/// What `\?` shows.
pub(super) const HELP: &str = r"\d [NAME]     tables, or the columns of one; \d+ with comments
\dt [PATTERN]  tables, such as \dt transport.*
\dn [PATTERN]  schemas (the catalog's themes)
\l             catalogs
\c NAME        go to another catalog
\x             a line for each column, or back
\timing        how long statements take, or no more
\format NAME   how rows are written: table, csv, json or ndjson
\o [FILE]      write rows to a file, or to the terminal again
\i FILE        run the statements and commands of a file
\?             this list
\q             leave (or Ctrl-D)
A statement ends with ; and may have many lines. Ctrl-C stops it.
";

impl Command {
    /// Reads `line`, which starts with a backslash.
    pub(super) fn parse(line: &str) -> Result<Self> {
        let line = line.trim().trim_end_matches(';').trim_end();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = Some(rest.trim()).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let needed = |what: &str| {
            let message = format!("{word} needs {what}");
            rest.clone().ok_or_else(|| Error::new(Kind::InvalidParameter, message))
        };
        Ok(match word {
            r"\q" | r"\quit" => Self::Quit,
            r"\?" | r"\h" | r"\help" => Self::Help,
            r"\d" => Self::Describe { name: rest, more: false },
            r"\d+" => Self::Describe { name: rest, more: true },
            r"\dt" | r"\dt+" | r"\dv" | r"\dv+" => Self::Tables { pattern: rest },
            r"\dn" | r"\dn+" => Self::Schemas { pattern: rest },
            r"\l" | r"\l+" => Self::Catalogs,
            r"\timing" => Self::Timing,
            r"\x" => Self::Expanded,
            r"\o" => Self::Output { file: rest.map(PathBuf::from) },
            r"\i" => Self::Include { file: needed("a file")?.into() },
            r"\c" | r"\connect" => Self::Connect { database: needed("the name of a catalog; see \\l")? },
            r"\format" => Self::Format(text_format(&needed("a format: table, csv, json or ndjson")?)?),
            other => {
                return Err(
                    Error::new(Kind::InvalidParameter, format!("no command {other}")).with_hint(r"\? lists the commands.")
                );
            }
        })
    }
}

/// A format that a terminal can show.
pub(super) fn text_format(name: &str) -> Result<Format> {
    Format::from_name(name).filter(|format| !format.is_binary()).ok_or_else(|| {
        Error::new(Kind::InvalidParameter, format!("the shell does not write the format {name:?}"))
            .with_hint("It writes table, csv, json and ndjson; stoa query writes parquet and arrow to a file.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_commands() {
        let name = |s: &str| Some(s.to_owned());
        for (line, want) in [
            (r"\q", Command::Quit),
            (r"\d", Command::Describe { name: None, more: false }),
            ("\\d+  transport.\"A b\" ;", Command::Describe { name: name("transport.\"A b\""), more: true }),
            (r"\dt health.*", Command::Tables { pattern: name("health.*") }),
            (r"\o", Command::Output { file: None }),
            (r"\i a b.sql", Command::Include { file: "a b.sql".into() }),
            (r"\format ndjson", Command::Format(Format::NdJson)),
        ] {
            assert_eq!(Command::parse(line).expect(line), want);
        }
        for (line, message) in [
            (r"\zz", r"no command \zz"),
            (r"\c", r"\c needs the name of a catalog; see \l"),
            (r"\format parquet", "the shell does not write the format \"parquet\""),
        ] {
            assert_eq!(Command::parse(line).expect_err(line).message(), message);
        }
    }

    #[test]
    fn help_names_only_commands() {
        for line in HELP.lines().filter(|line| line.starts_with('\\')) {
            let word = line.split_whitespace().next().expect("a line that starts with a backslash has a word");
            assert!(Command::parse(&format!("{word} csv")).is_ok(), "{word}");
        }
    }
}
