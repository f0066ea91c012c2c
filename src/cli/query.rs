//! `stoa query`: one query string on an engine of its own, its rows to standard output or a file.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::format::{Format, Style};
use super::interrupt::interruptible;
use super::output::Output;
use super::progress::Reporter;
use super::report::Failure;
use super::run::run;
use crate::engine::{ClientInfo, Engine};
use crate::error::{Error, Kind, Result};

/// What to run, and where its rows go.
#[derive(Clone, Debug)]
pub struct Options {
    /// The catalog to ask; the first when `None`.
    pub database: Option<String>,
    pub source: Source,
    pub format: Format,
    /// A file for the rows; standard output when `None`.
    pub output: Option<PathBuf>,
}

/// Where the SQL is.
#[derive(Clone, Debug)]
pub enum Source {
    Text(String),
    File(PathBuf),
    Stdin,
}

impl Source {
    /// The SQL. A file or standard input that is absent, unreadable or not UTF-8 is [`Kind::Config`].
    fn read(&self) -> Result<String> {
        match self {
            Self::Text(sql) => Ok(sql.clone()),
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|e| Error::new(Kind::Config, format!("can't read SQL from {}: {e}", path.display())).caused_by(e)),
            Self::Stdin => {
                let mut sql = String::new();
                std::io::stdin()
                    .read_to_string(&mut sql)
                    .map_err(|e| Error::new(Kind::Config, format!("can't read SQL from standard input: {e}")).caused_by(e))?;
                Ok(sql)
            }
        }
    }
}

/// Runs the SQL and writes its rows. A reader that goes away (`| head`) ends it quietly; Ctrl-C cancels it.
pub async fn query(engine: &Arc<Engine>, options: &Options) -> Result<(), Failure> {
    let sql = options.source.read()?;
    let mut out = match &options.output {
        Some(path) => Output::file(path)?,
        None => Output::stdout(),
    };
    if options.format.is_binary() && out.is_terminal() {
        let message = format!("the format {} is not for a terminal", options.format.name());
        return Err(Error::new(Kind::Config, message).with_hint("Name a file with -o FILE, or send the output on.").into());
    }
    let session = engine.session(ClientInfo {
        user: super::user_name(),
        database: options.database.clone(),
        application_name: Some("stoa query".into()),
        address: None,
        roles: None,
    })?;
    let reporter = Reporter::new();
    session.on_progress(reporter.progress());

    let cancel = CancellationToken::new();
    let ran = interruptible(&cancel, run(&session, &sql, Style::new(options.format), &mut out, &cancel)).await;
    reporter.clear();
    if out.is_closed() {
        return Ok(());
    }
    let results = ran.map_err(|e| Failure::of_sql(e, sql))?;
    if results == 0 && options.format.is_single() {
        let message = format!("nothing to write as {}: no statement gives rows", options.format.name());
        return Err(Error::new(Kind::InvalidParameter, message).into());
    }
    Ok(out.keep()?)
}
