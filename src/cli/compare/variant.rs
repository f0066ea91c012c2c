//! What the queries are run on: what `--variant NAME=SPEC` means.

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// One variant, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    pub name: String,
    pub(super) engine: Engine,
}

/// The engine of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// A server of this program or of another version of it, started for the comparison.
    Stoa {
        program: Option<PathBuf>,
        /// Options of `stoa serve` over those that all variants share.
        options: Vec<(String, String)>,
        /// Settings of the session, as by SET.
        settings: Vec<(String, String)>,
    },
    /// An endpoint that is there.
    Postgres(String),
    /// DataFusion as it comes, over the Parquet files of a folder.
    DataFusion(PathBuf),
    /// DuckDB over the same, by its Python package; or over a database file of its own.
    DuckDb(PathBuf),
}

/// What a SPEC may be.
const SPECS: &str =
    "stoa, stoa:PROGRAM, a state's folder, a file of settings, postgres://.., datafusion:FOLDER, duckdb:FOLDER or duckdb:FILE";

impl Variant {
    /// This program over what the command's own options say.
    pub fn own() -> Self {
        Self { name: "stoa".to_owned(), engine: stoa() }
    }

    /// `NAME=SPEC`. [`Kind::Config`] says what is taken.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |why: String| {
            Error::new(Kind::Config, format!("--variant does not take {text:?}: {why}")).with_hint(format!("SPEC is {SPECS}."))
        };
        let Some((name, spec)) = text.split_once('=').filter(|(name, spec)| !name.is_empty() && !spec.is_empty()) else {
            return Err(refused("it is not NAME=SPEC".to_owned()));
        };
        let folder = |path: &str| {
            let path = PathBuf::from(path);
            if path.exists() { Ok(path) } else { Err(refused(format!("{} is not there", path.display()))) }
        };
        let engine = if spec == "stoa" {
            stoa()
        } else if spec.starts_with("postgres://") || spec.starts_with("postgresql://") {
            Engine::Postgres(spec.to_owned())
        } else if let Some(path) = spec.strip_prefix("datafusion:") {
            Engine::DataFusion(folder(path)?)
        } else if let Some(path) = spec.strip_prefix("duckdb:") {
            Engine::DuckDb(folder(path)?)
        } else if let Some(path) = spec.strip_prefix("stoa:") {
            Engine::Stoa { program: Some(folder(path)?), options: Vec::new(), settings: Vec::new() }
        } else if Path::new(spec).is_dir() {
            Engine::Stoa { program: None, options: vec![("state".to_owned(), spec.to_owned())], settings: Vec::new() }
        } else if Path::new(spec).is_file() {
            let text = std::fs::read_to_string(spec).map_err(|e| refused(e.to_string()))?;
            settings(&text).map_err(refused)?
        } else {
            return Err(refused("there is no such file or folder".to_owned()));
        };
        Ok(Self { name: name.to_owned(), engine })
    }
}

fn stoa() -> Engine {
    Engine::Stoa { program: None, options: Vec::new(), settings: Vec::new() }
}

/// A file of settings: `NAME = VALUE` a line for an option of `stoa serve` (`threads = 1`), `set NAME = VALUE` for one of the session,
/// `program = PATH` for another version. What follows a # is left out.
fn settings(text: &str) -> Result<Engine, String> {
    let (mut program, mut options, mut settings) = (None, Vec::new(), Vec::new());
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let pair = line.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        let Some((name, value)) = pair.filter(|(name, value)| !name.is_empty() && !value.is_empty()) else {
            return Err(format!("line {} is not NAME = VALUE", n + 1));
        };
        match name.split_once(char::is_whitespace) {
            Some((word, name)) if word.eq_ignore_ascii_case("set") => {
                settings.push((name.trim().to_owned(), value.to_owned()));
            }
            Some(_) => return Err(format!("line {} names {name:?}, which is neither an option nor `set NAME`", n + 1)),
            None if name == "program" => program = Some(PathBuf::from(value)),
            None => options.push((name.trim_start_matches("--").to_owned(), value.to_owned())),
        }
    }
    Ok(Engine::Stoa { program, options, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_settings_is_options_and_settings() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            settings("# one thread\nthreads = 1\n--memory=64MB\nset enable_hashjoin = off # not\nprogram = old/stoa\n"),
            Ok(Engine::Stoa {
                program: Some("old/stoa".into()),
                options: vec![pair("threads", "1"), pair("memory", "64MB")],
                settings: vec![pair("enable_hashjoin", "off")],
            })
        );
        assert_eq!(settings("threads"), Err("line 1 is not NAME = VALUE".to_owned()));
        assert!(settings("\nlet x = 1").is_err_and(|e| e.contains("line 2")));
    }

    #[test]
    fn a_variant_is_what_its_spec_says() {
        assert_eq!(
            Variant::parse("pg=postgres://me@localhost/x?a=b").map(|v| (v.name, v.engine)).ok(),
            Some(("pg".to_owned(), Engine::Postgres("postgres://me@localhost/x?a=b".to_owned())))
        );
        assert_eq!(Variant::parse("new=stoa").ok().map(|v| v.engine), Some(stoa()));
        for text in ["stoa", "=stoa", "a=", "a=no/such/folder", "a=duckdb:no/such/folder"] {
            let e = Variant::parse(text).expect_err("it is refused");
            assert_eq!(e.kind(), Kind::Config, "{text}");
        }
    }
}
