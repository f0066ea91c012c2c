//! `stoa shell`: statements and commands as they are typed, or from a pipe. The line editor stands in [`editor`], the commands in
//! [`command`] and [`describe`].

mod command;
mod complete;
mod describe;
mod editor;
mod statement;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arrow::record_batch::RecordBatch;
use reedline::Signal;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio_util::sync::CancellationToken;

use self::command::Command;
use super::format::{Format, Style};
use super::interrupt::interruptible;
use super::output::Output;
use super::progress::Reporter;
use super::report::Failure;
use super::run::{run, values};
use crate::engine::{ClientInfo, Engine, Session};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

/// How the shell starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The catalog to ask; the first when `None`.
    pub database: Option<String>,
    pub format: Format,
    /// The file that keeps what was typed.
    pub history: PathBuf,
}

/// Files within files, beyond which `\i` is taken to go in a circle.
const MOST_INCLUDES: usize = 16;

/// Runs the shell until `\q` or the end of its input. In a terminal an error is shown and the shell goes on; from a pipe or file the first
/// one ends it, as a script would want.
pub async fn shell(engine: &Arc<Engine>, options: &Options) -> Result<(), Failure> {
    let mut shell = Shell::open(engine, options)?;
    let ended = if std::io::stdin().is_terminal() { shell.converse(&options.history).await } else { shell.read_stdin().await };
    match ended {
        Err(_) if shell.out.is_closed() => Ok(()),
        Err(failure) => Err(failure),
        Ok(()) => Ok(shell.out.keep()?),
    }
}

/// Whether there is more to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    Leave,
}

struct Shell {
    engine: Arc<Engine>,
    session: Session,
    /// Shared with the prompt and the completion.
    database: Arc<Mutex<String>>,
    reporter: Reporter,
    out: Output,
    style: Style,
    timing: bool,
}

impl Shell {
    fn open(engine: &Arc<Engine>, options: &Options) -> Result<Self> {
        command::text_format(options.format.name())
            .map_err(|e| Error::new(Kind::Config, e.message()).with_hint(e.hint().unwrap_or_default()))?;
        let database = match &options.database {
            Some(name) => name.clone(),
            None => engine.catalogs().names().into_iter().next().unwrap_or_default(),
        };
        let reporter = Reporter::new();
        let session = connect(engine, &database, &reporter)?;
        Ok(Self {
            engine: Arc::clone(engine),
            session,
            database: Arc::new(Mutex::new(database)),
            reporter,
            out: Output::stdout(),
            style: Style::new(options.format),
            timing: false,
        })
    }

    /// Reads from a terminal.
    async fn converse(&mut self, history: &Path) -> Result<(), Failure> {
        let completion = complete::Completion::new(Arc::clone(&self.engine), Arc::clone(&self.database));
        let mut editor = editor::editor(history, completion)?;
        let prompt = editor::DatabasePrompt(Arc::clone(&self.database));
        eprintln!("stoa {}. Type SQL that ends with ;, or \\? for help.", env!("CARGO_PKG_VERSION"));
        loop {
            // The engine's work has threads of its own; this one has nothing else to do than wait for the next line.
            let entry = match editor.read_line(&prompt).map_err(Error::from)? {
                Signal::Success(entry) => entry,
                Signal::CtrlD => return Ok(()),
                _ => continue,
            };
            match self.text(&entry, 0).await {
                Ok(Next::Go) => {}
                Ok(Next::Leave) => return Ok(()),
                Err(failure) => eprintln!("{failure}"),
            }
        }
    }

    /// Reads from a pipe, a statement at a time.
    async fn read_stdin(&mut self) -> Result<(), Failure> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let mut pending = String::new();
        let ended = CancellationToken::new();
        loop {
            let next = async { Ok(lines.next_line().await?) };
            let line = tokio::select! {
                line = interruptible(&ended, next) => line?,
                () = ended.cancelled() => return Err(Error::new(Kind::Cancelled, "stopped").into()),
            };
            let Some(line) = line else { break };
            pending.push_str(&line);
            pending.push('\n');
            let Some(rest) = self.whole(&pending, 0).await? else { return Ok(()) };
            pending = rest;
        }
        self.text(&pending, 0).await?;
        Ok(())
    }

    /// Runs a whole text; what stands behind its last `;` is a statement too.
    async fn text(&mut self, text: &str, depth: usize) -> Result<Next, Failure> {
        match self.whole(text, depth).await? {
            None => return Ok(Next::Leave),
            Some(rest) if statement::is_blank(&rest) => {}
            Some(rest) => self.statement(&rest).await?,
        }
        Ok(Next::Go)
    }

    /// Runs the whole statements and commands at the start of `text` and gives what is left of it; `None` after `\q`.
    async fn whole(&mut self, text: &str, depth: usize) -> Result<Option<String>, Failure> {
        let mut rest = text.trim_start();
        loop {
            if rest.starts_with('\\') {
                let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                if self.command(line, depth).await? == Next::Leave {
                    return Ok(None);
                }
                rest = after.trim_start();
            } else if let Some(end) = statement::end(rest) {
                self.statement(&rest[..end]).await?;
                rest = rest[end..].trim_start();
            } else {
                return Ok(Some(rest.to_owned()));
            }
        }
    }

    async fn statement(&mut self, sql: &str) -> Result<(), Failure> {
        let cancel = CancellationToken::new();
        let started = Instant::now();
        let ran = interruptible(&cancel, run(&self.session, sql, self.style, &mut self.out, &cancel)).await;
        self.reporter.clear();
        self.out.flush().map_err(Error::from)?;
        ran.map_err(|e| Failure::of_sql(e, sql))?;
        if self.timing {
            writeln!(self.out, "Time: {:.3} ms", started.elapsed().as_secs_f64() * 1e3).map_err(Error::from)?;
        }
        Ok(())
    }

    async fn command(&mut self, line: &str, depth: usize) -> Result<Next, Failure> {
        match Command::parse(line)? {
            Command::Quit => return Ok(Next::Leave),
            Command::Help => write!(self.out, "{}", command::HELP).map_err(Error::from)?,
            Command::Describe { name: Some(name), more } => self.describe(&name, more).await?,
            Command::Describe { name: None, more: _ } => {
                self.show(&describe::tables(self.engine.catalogs(), &self.database(), None)?)?
            }
            Command::Tables { pattern } => {
                self.show(&describe::tables(self.engine.catalogs(), &self.database(), pattern.as_deref())?)?;
            }
            Command::Schemas { pattern } => {
                self.show(&describe::schemas(self.engine.catalogs(), &self.database(), pattern.as_deref())?)?;
            }
            Command::Catalogs => self.show(&describe::catalogs(self.engine.catalogs())?)?,
            Command::Timing => {
                self.timing = !self.timing;
                self.say(if self.timing { "Timing is on." } else { "Timing is off." })?;
            }
            Command::Expanded => {
                self.style.expanded = !self.style.expanded;
                self.say(if self.style.expanded { "Expanded display is on." } else { "Expanded display is off." })?;
            }
            Command::Output { file } => {
                let next = match file {
                    Some(path) => Output::file(&path)?,
                    None => Output::stdout(),
                };
                std::mem::replace(&mut self.out, next).keep()?;
            }
            Command::Include { file } => return self.include(&file, depth).await,
            Command::Connect { database } => {
                self.session = connect(&self.engine, &database, &self.reporter)?;
                self.say(&format!("You are now in catalog {database:?}."))?;
                *self.database.lock().unwrap_or_else(PoisonError::into_inner) = database;
            }
            Command::Format(format) => self.style.format = format,
        }
        self.out.flush().map_err(Error::from)?;
        Ok(Next::Go)
    }

    async fn include(&mut self, file: &Path, depth: usize) -> Result<Next, Failure> {
        let place = file.display();
        if depth >= MOST_INCLUDES {
            return Err(Error::new(
                Kind::TooComplex,
                format!("{place} is included {depth} deep; do the files include each other?"),
            )
            .into());
        }
        let text = std::fs::read_to_string(file).map_err(|e| Error::from(e).within(format!("can't read {place}")))?;
        Box::pin(self.text(&text, depth + 1)).await
    }

    /// `\d NAME`. Planning a `SELECT *` tells the types; it reads a table that nobody has touched yet.
    async fn describe(&mut self, name: &str, more: bool) -> Result<()> {
        let table = describe::find(self.engine.catalogs(), &self.database(), name)?;
        let sql = format!("SELECT * FROM {}.{}", quoted(&table.schema), quoted(&table.name));
        let cancel = CancellationToken::new();
        let planned = async {
            let statements = self.session.parse(&sql)?;
            let statement = statements.first().ok_or_else(|| Error::new(Kind::Internal, "a SELECT gave no statement"))?;
            self.session.prepare(statement, &[], &cancel).await
        };
        let planned = interruptible(&cancel, planned).await;
        self.reporter.clear();
        let planned = planned?;
        let schema = planned.columns().ok_or_else(|| Error::new(Kind::Internal, "a SELECT gave no columns"))?;
        self.say(&format!("Table {}.{}", quoted(&table.schema), quoted(&table.name)))?;
        self.show(&describe::columns(schema, more)?)?;
        if let Some(comment) = table.comment().filter(|_| more) {
            self.say(&format!("{comment}\n"))?;
        }
        Ok(())
    }

    /// Shows a small table in the shell's format.
    fn show(&mut self, rows: &RecordBatch) -> Result<()> {
        let mut sink = self.style.sink(values(&self.session), &mut self.out);
        sink.begin(&rows.schema())?;
        sink.batch(rows)?;
        sink.finish()
    }

    fn say(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.out, "{line}")?)
    }

    fn database(&self) -> String {
        self.database.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn connect(engine: &Arc<Engine>, database: &str, reporter: &Reporter) -> Result<Session> {
    let session = engine.session(ClientInfo {
        user: super::user_name(),
        database: Some(database.to_owned()).filter(|name| !name.is_empty()),
        application_name: Some("stoa shell".into()),
        address: None,
        roles: None,
    })?;
    session.on_progress(reporter.progress());
    Ok(session)
}
