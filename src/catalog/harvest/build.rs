//! Writing the next version of a harvested catalog: a copy of the one that is served, in which what changed is replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::{Outcome, removed, timestamp};
use crate::catalog::harvested::ID;
use crate::catalog::index;
use crate::catalog::update::{self, New};
use crate::descriptor::published::{Page, Record, Sink, Standard};
use crate::descriptor::terms::Theme;
use crate::descriptor::{Dataset, Problem};
use crate::error::{Error, Kind, Result};

/// How long what an interrupted harvest read is as good as read now.
const RESUMED: Duration = Duration::days(1);

/// Which harvest writes the file, since when, and what it began with.
const RUNS: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        only INTEGER PRIMARY KEY CHECK (only = 0), run INTEGER NOT NULL, started TEXT NOT NULL, base TEXT, finished INTEGER NOT NULL
    );
    INSERT OR IGNORE INTO catalogs (id, name, location) VALUES (1, '', '');";

/// How the problem of a document begins that could not be had.
const FAILED: &str = "the document can't be read: ";

/// A version as it is written.
pub(super) struct Build {
    connection: Connection,
    folder: PathBuf,
    name: String,
    base: Option<String>,
    run: i64,
    outcome: Outcome,
    /// Problems came or went.
    told_otherwise: bool,
}

/// What was read of a document, and what is to be read after it.
pub(super) struct Known {
    pub(super) standard: Standard,
    pub(super) identity: String,
    pub(super) page: Page,
    /// It was read by this harvest, before it was interrupted.
    pub(super) is_done: bool,
}

fn aside(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.new"))
}

impl Build {
    /// Begins with a copy of the version that is served, or where an interrupted harvest of it ended.
    pub(super) fn begin(folder: &Path, name: &str, base: Option<&str>, now: DateTime<Utc>) -> Result<Self> {
        if let Some(build) = Self::resumed(folder, name, base, now)? {
            return Ok(build);
        }
        let file = aside(folder, name);
        Self::discard(folder, name)?;
        if let Some(base) = base
            && let Err(e) = fs::copy(folder.join(base), &file)
            && e.kind() != io::ErrorKind::NotFound
        {
            return Err(Error::from(e).within(format!("the catalog \"{name}\" can't be copied")));
        }
        let connection = match index::open_built(&file) {
            Ok(connection) => connection,
            // Of another build of Stoa, or damaged: read anew.
            Err(_) => {
                Self::discard(folder, name)?;
                index::open_built(&file)?
            }
        };
        connection.execute_batch(RUNS)?;
        let last: Option<i64> = connection.query_row("SELECT run FROM runs", [], |row| row.get(0)).optional()?;
        let run = last.unwrap_or_default() + 1;
        connection.execute("INSERT OR REPLACE INTO runs VALUES (0, ?, ?, ?, 0)", params![run, timestamp(now), base])?;
        Self::of(connection, folder, name, base, run)
    }

    /// Goes on with what an interrupted harvest of the same version left, unless it is too old.
    fn resumed(folder: &Path, name: &str, base: Option<&str>, now: DateTime<Utc>) -> Result<Option<Self>> {
        let file = aside(folder, name);
        if !file.exists() {
            return Ok(None);
        }
        let Ok(connection) = index::open_built(&file) else { return Ok(None) };
        let sql = "SELECT run, started FROM runs WHERE NOT finished AND base IS ?";
        let found = connection.query_row(sql, [base], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
        match found.optional() {
            Ok(Some((run, started))) => {
                let started = DateTime::parse_from_rfc3339(&started).ok();
                let is_new = started.is_some_and(|started| now.signed_duration_since(started) < RESUMED);
                if !is_new {
                    return Ok(None);
                }
                let mut build = Self::of(connection, folder, name, base, run)?;
                // What the interrupted one changed is not counted again.
                build.told_otherwise = true;
                Ok(Some(build))
            }
            Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                Err(Error::new(Kind::Config, format!("the catalog \"{name}\" is being harvested by another process")))
            }
            Ok(None) | Err(_) => Ok(None),
        }
    }

    fn of(connection: Connection, folder: &Path, name: &str, base: Option<&str>, run: i64) -> Result<Self> {
        connection.execute_batch("BEGIN")?;
        let (folder, name, base) = (folder.to_owned(), name.to_owned(), base.map(str::to_owned));
        Ok(Self { connection, folder, name, base, run, outcome: Outcome::default(), told_otherwise: false })
    }

    /// Removes what an interrupted harvest left.
    pub(super) fn discard(folder: &Path, name: &str) -> Result<()> {
        let file = aside(folder, name);
        removed(&file)?;
        removed(&file.with_extension("new-journal"))
    }

    /// What is known of a document that was read to its end before.
    pub(super) fn known(&self, document: &str) -> Result<Option<Known>> {
        let sql = "SELECT fingerprint, links, run FROM sources WHERE catalog = ? AND file = ? AND links IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        let known = statement.query_row(params![ID, document], |row| {
            let (identity, links, run): (_, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let Some((standard, page)) = linked(&links) else { return Ok(None) };
            Ok(Some(Known { standard, identity, page, is_done: run == self.run }))
        });
        Ok(known.optional()?.flatten())
    }

    /// A document is as it was, and so is all that was read of it.
    pub(super) fn unchanged(&mut self, document: &str) -> Result<()> {
        let source: i64 = self.connection.query_row(
            "UPDATE sources SET run = ? WHERE catalog = ? AND file = ? RETURNING id",
            params![self.run, ID, document],
            |row| row.get(0),
        )?;
        let sql = "UPDATE datasets SET run = ? WHERE source = ? AND vanished IS NULL";
        self.outcome.unchanged += self.connection.execute(sql, params![self.run, source])? as u64;
        self.told_otherwise |= self.forget_failure(document)?;
        self.commit()
    }

    /// A document was read by this harvest before it was interrupted.
    pub(super) fn was_read(&mut self, document: &str) -> Result<()> {
        let sql =
            "SELECT count(*) FROM datasets d JOIN sources s ON s.id = d.source WHERE s.catalog = ? AND s.file = ? AND d.run = ?";
        self.outcome.unchanged += self.connection.query_row(sql, params![ID, document, self.run], |row| super::count(row, 0))?;
        Ok(())
    }

    /// A document can't be had: what is known of it stays.
    pub(super) fn failed(&mut self, document: &str, why: &Error) -> Result<()> {
        self.outcome.failed += 1;
        let sql = "SELECT id FROM sources WHERE catalog = ? AND file = ?";
        let source: Option<i64> = self.connection.query_row(sql, params![ID, document], |row| row.get(0)).optional()?;
        self.forget_failure(document)?;
        let message = format!("{FAILED}{why}; what is known of it stays");
        let problem = Problem { file: document.to_owned(), pointer: String::new(), message };
        self.told_otherwise = true;
        update::report(&self.connection, ID, source, &problem)?;
        self.commit()
    }

    /// Takes back that a document could not be had; gives whether that was said.
    fn forget_failure(&self, document: &str) -> Result<bool> {
        let sql = "DELETE FROM problems WHERE catalog = ? AND file = ? AND substr(message, 1, length(?3)) = ?3";
        Ok(self.connection.execute(sql, params![ID, document, FAILED])? > 0)
    }

    /// A document that is read now.
    pub(super) fn reading<'b>(&'b mut self, document: &'b str, step: &'b dyn Fn(u64) -> Result<()>) -> Result<Reading<'b>> {
        // Its row is written anew when it is read, so that an interrupted harvest reads it again.
        let source: i64 = self.connection.query_row(
            "INSERT INTO sources (catalog, file, fingerprint, bare) VALUES (?, ?, '', 1)
             ON CONFLICT (catalog, file) DO UPDATE SET links = NULL RETURNING id",
            params![ID, document],
            |row| row.get(0),
        )?;
        let sql = "DELETE FROM problems WHERE catalog = ? AND (source = ? OR source IS NULL AND file = ?) RETURNING file, pointer, message";
        let told = {
            let mut statement = self.connection.prepare_cached(sql)?;
            let problem = |row: &Row<'_>| Ok(Problem { file: row.get(0)?, pointer: row.get(1)?, message: row.get(2)? });
            statement.query_map(params![ID, source, document], problem)?.collect::<rusqlite::Result<Vec<_>>>()?
        };
        Ok(Reading { build: self, document, source, told, problems: Vec::new(), step })
    }

    fn commit(&mut self) -> Result<()> {
        Ok(self.connection.execute_batch("COMMIT; BEGIN")?)
    }

    /// Whether nothing was found, now or earlier, not even a problem.
    pub(super) fn is_empty(&self) -> Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM datasets) AND NOT EXISTS (SELECT 1 FROM problems)";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Datasets that were found so far.
    pub(super) fn found(&self) -> u64 {
        self.outcome.added + self.outcome.changed + self.outcome.unchanged
    }

    /// What is known and was not met any more is marked, names are made, and the file gets its own name, which is given; `None` when nothing
    /// is otherwise than in the version that is served.
    pub(super) fn finish(mut self, now: &str) -> Result<(Outcome, Option<String>)> {
        // A document that could not be had may tell of anything.
        if self.outcome.failed == 0 {
            let sql = "UPDATE datasets SET vanished = ? WHERE run < ? AND vanished IS NULL";
            self.outcome.vanished = self.connection.execute(sql, params![now, self.run])? as u64;
            let sql = "DELETE FROM problems WHERE source IN (SELECT id FROM sources WHERE run < ?)";
            self.told_otherwise |= self.connection.execute(sql, [self.run])? > 0;
        }
        let Outcome { added, changed, vanished, .. } = self.outcome;
        let is_new = added + changed + vanished > 0 || self.told_otherwise || self.base.is_none();
        if is_new {
            update::rename(&self.connection, ID, &self.name)?;
        }
        let count = |sql: &str| self.connection.query_row(sql, [], |row| super::count(row, 0));
        self.outcome.datasets = count("SELECT count(*) FROM datasets")?;
        self.outcome.tables = count("SELECT count(*) FROM tables")?;
        self.outcome.problems = count("SELECT count(*) FROM problems")?;
        self.connection.execute("UPDATE runs SET finished = 1", [])?;
        self.connection.execute_batch("COMMIT")?;
        let Self { connection, folder, name, run, outcome, .. } = self;
        connection.close().map_err(|(_, e)| e)?;
        if !is_new {
            Self::discard(&folder, &name)?;
            return Ok((outcome, None));
        }
        let file = format!("{name}-{run:06}.sqlite");
        let written = aside(&folder, &name);
        let named = || {
            fs::File::open(&written)?.sync_all()?;
            fs::rename(&written, folder.join(&file))
        };
        named().map_err(|e| Error::from(e).within(format!("the catalog \"{name}\" can't be written")))?;
        Ok((outcome, Some(file)))
    }
}

/// What a document is and leads to, as a line each.
fn links(standard: Standard, page: &Page) -> String {
    let lines = [standard.name(), page.next.as_deref().unwrap_or_default()];
    lines.into_iter().chain(page.also.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
}

/// What [`links`] wrote.
fn linked(links: &str) -> Option<(Standard, Page)> {
    let mut lines = links.split('\n').map(str::to_owned);
    let standard = Standard::of_name(&lines.next()?)?;
    let next = lines.next().filter(|next| !next.is_empty());
    Some((standard, Page { next, also: lines.collect(), total: None }))
}

/// A document that is being read: its datasets and problems go into the build as they are found.
pub(super) struct Reading<'b> {
    build: &'b mut Build,
    document: &'b str,
    source: i64,
    /// What was wrong with it before.
    told: Vec<Problem>,
    problems: Vec<Problem>,
    step: &'b dyn Fn(u64) -> Result<()>,
}

impl Reading<'_> {
    /// It was read to its end.
    pub(super) fn done(self, identity: &str, page: &Page, standard: Standard) -> Result<()> {
        let Reading { build, source, problems, told, .. } = self;
        for problem in &problems {
            update::report(&build.connection, ID, Some(source), problem)?;
        }
        build.told_otherwise |= problems != told;
        let links = links(standard, page);
        let sql = "UPDATE sources SET fingerprint = ?, links = ?, run = ? WHERE id = ?";
        build.connection.execute(sql, params![identity, links, build.run, source])?;
        build.commit()
    }

    fn take(&mut self, dataset: &Dataset, record: &Record<'_>) -> Result<()> {
        let hash = &Sha256::digest(record.text.as_bytes())[..16];
        let run = self.build.run;
        let Build { connection, outcome, .. } = &mut *self.build;
        let sql = "SELECT id, hash, run, vanished IS NOT NULL FROM datasets WHERE catalog = ? AND identifier = ?";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![ID, dataset.identifier], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?, row.get::<_, bool>(3)?))
        })?;
        let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let earlier: Vec<_> = rows.iter().filter(|(_, _, seen, _)| *seen != run).collect();
        if rows.len() > earlier.len() {
            let message = format!(
                "the identifier {:?} is also that of an earlier dataset; both are served, with numbered names where they are the same",
                dataset.identifier
            );
            self.problems.push(Problem { file: self.document.to_owned(), pointer: String::new(), message });
        }
        if let Some((id, _, _, vanished)) = earlier.iter().find(|(_, known, _, _)| known == hash) {
            let sql = "UPDATE datasets SET run = ?, source = ?, vanished = NULL WHERE id = ?";
            connection.prepare_cached(sql)?.execute(params![run, self.source, id])?;
            let count = if *vanished { &mut outcome.changed } else { &mut outcome.unchanged };
            *count += 1;
            return Ok(());
        }
        match earlier.first() {
            Some((id, ..)) => {
                update::remove(connection, *id)?;
                outcome.changed += 1;
            }
            None => outcome.added += 1,
        }
        let (source, theme) = ((self.source, self.document), theme(dataset));
        update::insert(connection, &New { catalog: ID, source, dataset, theme, record: Some(record), hash, run })?;
        Ok(())
    }
}

/// What a dataset's schema is named after: the first theme that the EU's list knows, by one word, else the first as published.
fn theme(dataset: &Dataset) -> Option<&str> {
    let known = dataset.themes.iter().find_map(|theme| Theme::of_words(theme));
    known.map(Theme::word).or_else(|| dataset.theme())
}

impl Sink for Reading<'_> {
    fn dataset(&mut self, dataset: Dataset, record: Record<'_>) -> io::Result<()> {
        self.take(&dataset, &record).and_then(|()| (self.step)(self.build.found())).map_err(io::Error::other)
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}
