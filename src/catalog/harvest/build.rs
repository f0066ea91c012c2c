//! Writing the next version of a harvested catalog: a copy of the one that is served, in which what changed is replaced. As long as nothing
//! has changed, nothing is copied.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::pipeline::Hash;
use super::reading::Reading;
use super::{Outcome, count, removed, timestamp};
use crate::catalog::harvested::ID;
use crate::catalog::rename::{self, Change};
use crate::catalog::{index, update};
use crate::descriptor::Problem;
use crate::descriptor::published::{Page, Standard};
use crate::error::{Error, Kind, Result};

/// How long what an interrupted harvest read is as good as read now.
const RESUMED: Duration = Duration::days(1);

/// Which harvest writes the file, since when, and what it began with; and the datasets that it met as they were.
const RUNS: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        only INTEGER PRIMARY KEY CHECK (only = 0), run INTEGER NOT NULL, started TEXT NOT NULL, base TEXT, finished INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS met (dataset INTEGER PRIMARY KEY);
    INSERT OR IGNORE INTO catalogs (id, name, location) VALUES (1, '', '');";

/// How the problem of a document begins that could not be had.
const FAILED: &str = "the document can't be read: ";

/// Changes whose names are made one by one; of more, or of so large a part of all, all names are made.
const FEW: usize = 20_000;

/// A version as it is written.
pub(super) struct Build {
    /// Of the version that is served, until something has to be written.
    pub(super) connection: Connection,
    is_written: bool,
    folder: PathBuf,
    name: String,
    base: Option<String>,
    pub(super) run: i64,
    started: String,
    pub(super) outcome: Outcome,
    /// Problems came or went.
    pub(super) told_otherwise: bool,
    /// The hashes of the records that were there before.
    pub(super) known: Arc<HashSet<Hash>>,
    /// The datasets that this harvest met, and those of them that the file does not say so of yet.
    met: HashSet<i64>,
    unsaved: Vec<i64>,
    /// The documents that it met.
    documents: HashSet<i64>,
    /// What came or was replaced; `None` when all names are to be made.
    changes: Option<Vec<Change>>,
    /// The document that is being read, if that was not read to its end.
    pub(super) begun: Option<i64>,
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
    /// Begins with the version that is served, or where an interrupted harvest of it ended.
    pub(super) fn begin(folder: &Path, name: &str, base: Option<&str>, now: DateTime<Utc>) -> Result<Self> {
        if let Some(build) = Self::resumed(folder, name, base, now)? {
            return Ok(build);
        }
        Self::discard(folder, name)?;
        // One of another build of Stoa, or damaged, or gone, is read anew.
        let served = base.and_then(|base| index::open_unchanging(&folder.join(base)).ok());
        let last = |connection: &Connection| connection.query_row("SELECT run FROM runs", [], |row| row.get::<_, i64>(0));
        let served = served.and_then(|connection| last(&connection).ok().map(|last| (connection, last + 1)));
        let mut build = match served {
            Some((connection, run)) => Self::of(connection, folder, name, base, run, now)?,
            None => {
                let connection = index::open_built(&aside(folder, name))?;
                // Under another name than the file that is served and can't be read.
                let last = base.and_then(|base| base.strip_suffix(".sqlite")?.rsplit_once('-')?.1.parse::<i64>().ok());
                let mut build = Self::of(connection, folder, name, base, last.unwrap_or(0) + 1, now)?;
                build.opened()?;
                build
            }
        };
        build.changes = (!build.is_written).then(Vec::new);
        Ok(build)
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
                let at = DateTime::parse_from_rfc3339(&started).ok();
                if at.is_none_or(|at| now.signed_duration_since(at) >= RESUMED) {
                    return Ok(None);
                }
                let mut build = Self::of(connection, folder, name, base, run, now)?;
                // What the interrupted one changed is not counted again.
                (build.told_otherwise, build.is_written, build.started) = (true, true, started);
                let ids = |sql: &str, run: i64| {
                    let mut statement = build.connection.prepare(sql)?;
                    statement.query_map([run], |row| row.get(0))?.collect::<rusqlite::Result<HashSet<i64>>>()
                };
                let sql = "SELECT dataset FROM met UNION SELECT id FROM datasets WHERE run = ?";
                let (met, documents) = (ids(sql, run)?, ids("SELECT id FROM sources WHERE run = ?", run)?);
                (build.met, build.documents) = (met, documents);
                build.connection.execute_batch("BEGIN")?;
                Ok(Some(build))
            }
            Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                Err(Error::new(Kind::Config, format!("the catalog \"{name}\" is being harvested by another process"))
                    .with_hint("Wait until it is done."))
            }
            Ok(None) | Err(_) => Ok(None),
        }
    }

    fn of(connection: Connection, folder: &Path, name: &str, base: Option<&str>, run: i64, now: DateTime<Utc>) -> Result<Self> {
        let known = {
            let mut statement = connection.prepare("SELECT hash FROM datasets")?;
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<HashSet<Hash>>>()?
        };
        Ok(Self {
            connection,
            is_written: false,
            folder: folder.to_owned(),
            name: name.to_owned(),
            base: base.map(str::to_owned),
            run,
            started: timestamp(now),
            outcome: Outcome::default(),
            told_otherwise: false,
            known: Arc::new(known),
            met: HashSet::new(),
            unsaved: Vec::new(),
            documents: HashSet::new(),
            changes: None,
            begun: None,
        })
    }

    /// From now on the connection is that of the next version.
    fn opened(&mut self) -> Result<()> {
        self.connection.execute_batch(RUNS)?;
        let sql = "INSERT OR REPLACE INTO runs VALUES (0, ?, ?, ?, 0)";
        self.connection.execute(sql, params![self.run, self.started, self.base])?;
        self.connection.execute_batch("BEGIN")?;
        self.is_written = true;
        let mut statement = self.connection.prepare("UPDATE sources SET run = ? WHERE id = ?")?;
        self.documents.iter().try_for_each(|document| statement.execute([self.run, *document]).map(drop))?;
        Ok(())
    }

    /// Copies the version that is served, unless that was done; called before all that writes. A file system that shares the blocks of
    /// copies does it at once.
    pub(super) fn write(&mut self) -> Result<()> {
        let Some(base) = self.base.as_ref().filter(|_| !self.is_written) else { return Ok(()) };
        let file = aside(&self.folder, &self.name);
        fs::copy(self.folder.join(base), &file)
            .map_err(|e| Error::from(e).within(format!("the catalog \"{}\" can't be copied", self.name)))?;
        self.connection = index::open_built(&file)?;
        self.opened()
    }

    /// Removes what an interrupted harvest left.
    pub(super) fn discard(folder: &Path, name: &str) -> Result<()> {
        let file = aside(folder, name);
        removed(&file)?;
        removed(&file.with_extension("new-journal"))
    }

    /// What is known of a document that was read to its end before.
    pub(super) fn known(&self, document: &str) -> Result<Option<Known>> {
        let sql = "SELECT id, fingerprint, links FROM sources WHERE catalog = ? AND file = ? AND links IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        let known = statement.query_row(params![ID, document], |row| {
            let (id, identity, links): (i64, _, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let Some((standard, page)) = linked(&links) else { return Ok(None) };
            Ok(Some(Known { standard, identity, page, is_done: self.documents.contains(&id) }))
        });
        Ok(known.optional()?.flatten())
    }

    /// The row of a document that is known.
    pub(super) fn source(&self, document: &str) -> Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM sources WHERE catalog = ? AND file = ?")?;
        Ok(statement.query_row(params![ID, document], |row| row.get(0)).optional()?)
    }

    /// The row of a document, made when it is not known.
    fn source_or_new(&mut self, document: &str) -> Result<i64> {
        if let Some(source) = self.source(document)? {
            return Ok(source);
        }
        self.write()?;
        let sql = "INSERT INTO sources (catalog, file, fingerprint, bare) VALUES (?, ?, '', 1)";
        self.connection.execute(sql, params![ID, document])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// A document was met by this harvest.
    pub(super) fn has_met_document(&mut self, source: i64) -> Result<()> {
        self.documents.insert(source);
        if self.is_written {
            let sql = "UPDATE sources SET run = ? WHERE id = ?";
            self.connection.prepare_cached(sql)?.execute([self.run, source])?;
        }
        Ok(())
    }

    /// Whether a dataset was met by this harvest.
    pub(super) fn has_met(&self, dataset: i64) -> bool {
        self.met.contains(&dataset)
    }

    /// A dataset was met; `is_new`: and its row says so.
    pub(super) fn meet(&mut self, dataset: i64, is_new: bool) {
        if self.met.insert(dataset) && !is_new {
            self.unsaved.push(dataset);
        }
    }

    /// The datasets of a document that are still published.
    fn of_document(&self, source: i64) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM datasets WHERE source = ? AND vanished IS NULL")?;
        Ok(statement.query_map([source], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }

    /// A document is as it was, and so is all that was read of it.
    pub(super) fn unchanged(&mut self, document: &str) -> Result<()> {
        if let Some(source) = self.source(document)? {
            self.has_met_document(source)?;
            let datasets = self.of_document(source)?;
            self.outcome.unchanged += datasets.len() as u64;
            datasets.into_iter().for_each(|dataset| self.meet(dataset, false));
        }
        self.told_otherwise |= self.forget_failure(document)?;
        self.commit()
    }

    /// A document was read by this harvest before it was interrupted.
    pub(super) fn was_read(&mut self, document: &str) -> Result<()> {
        if let Some(source) = self.source(document)? {
            let met = self.of_document(source)?.into_iter().filter(|dataset| self.met.contains(dataset)).count();
            self.outcome.unchanged += met as u64;
        }
        Ok(())
    }

    /// A document can't be had: what is known of it stays.
    pub(super) fn failed(&mut self, document: &str, why: &Error) -> Result<()> {
        self.write()?;
        self.outcome.failed += 1;
        if let Some(begun) = self.begun.take() {
            self.connection.execute("UPDATE sources SET links = NULL WHERE id = ?", [begun])?;
        }
        let source = self.source_or_new(document)?;
        self.forget_failure(document)?;
        let message = format!("{FAILED}{why}; what is known of it stays");
        let problem = Problem { file: document.to_owned(), pointer: String::new(), message };
        self.told_otherwise = true;
        update::report(&self.connection, ID, Some(source), &problem)?;
        self.commit()
    }

    /// Takes back that a document could not be had; gives whether that was said.
    fn forget_failure(&mut self, document: &str) -> Result<bool> {
        let which = "FROM problems WHERE catalog = ? AND file = ? AND substr(message, 1, length(?3)) = ?3";
        let is_said = self.connection.prepare_cached(&format!("SELECT 1 {which}"))?.exists(params![ID, document, FAILED])?;
        if is_said {
            self.write()?;
            self.connection.execute(&format!("DELETE {which}"), params![ID, document, FAILED])?;
        }
        Ok(is_said)
    }

    /// A document that is read now.
    pub(super) fn reading<'b>(&'b mut self, document: &'b str) -> Result<Reading<'b>> {
        let source = self.source_or_new(document)?;
        self.begun = Some(source);
        let sql = "SELECT file, pointer, message FROM problems WHERE catalog = ? AND (source = ? OR source IS NULL AND file = ?)";
        let told = {
            let mut statement = self.connection.prepare_cached(sql)?;
            let problem = |row: &Row<'_>| Ok(Problem { file: row.get(0)?, pointer: row.get(1)?, message: row.get(2)? });
            statement.query_map(params![ID, source, document], problem)?.collect::<rusqlite::Result<Vec<_>>>()?
        };
        Ok(Reading::new(self, document, source, told))
    }

    /// What came or was replaced; nothing where it is not known of all.
    pub(super) fn note(&mut self, change: Option<Change>) {
        self.changes = change.and_then(|change| {
            let mut changes = self.changes.take().filter(|changes| changes.len() < FEW)?;
            changes.push(change);
            Some(changes)
        });
    }

    /// Whether names may be made one by one yet.
    pub(super) fn notes(&self) -> bool {
        self.changes.is_some()
    }

    /// Whether the next version is being written.
    pub(super) fn is_written(&self) -> bool {
        self.is_written
    }

    /// Keeps what was read so far, whatever comes.
    pub(super) fn commit(&mut self) -> Result<()> {
        if !self.is_written {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached("INSERT OR IGNORE INTO met (dataset) VALUES (?)")?;
        self.unsaved.drain(..).try_for_each(|dataset| statement.execute([dataset]).map(drop))?;
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

    /// Marks what was not met any more, and drops the problems of documents that were not.
    fn vanish(&mut self, now: &str) -> Result<()> {
        let ids = |sql: &str, met: &HashSet<i64>| {
            let mut statement = self.connection.prepare(sql)?;
            let all = statement.query_map([], |row| row.get(0))?;
            all.filter(|id| id.as_ref().map_or(true, |id| !met.contains(id))).collect::<rusqlite::Result<Vec<i64>>>()
        };
        let vanished = ids("SELECT id FROM datasets WHERE vanished IS NULL", &self.met)?;
        let documents = ids("SELECT DISTINCT source FROM problems WHERE source IS NOT NULL", &self.documents)?;
        if vanished.is_empty() && documents.is_empty() {
            return Ok(());
        }
        self.write()?;
        self.outcome.vanished = vanished.len() as u64;
        self.told_otherwise |= !documents.is_empty();
        let mut mark = self.connection.prepare("UPDATE datasets SET vanished = ? WHERE id = ?")?;
        vanished.iter().try_for_each(|id| mark.execute(params![now, id]).map(drop))?;
        let mut forget = self.connection.prepare("DELETE FROM problems WHERE source = ?")?;
        Ok(documents.iter().try_for_each(|id| forget.execute([id]).map(drop))?)
    }

    /// Makes the names of what changed, or of all.
    fn rename(&self) -> Result<()> {
        if let Some(changes) = &self.changes
            && rename::rename_few(&self.connection, ID, &self.name, changes)?
        {
            #[cfg(test)]
            super::tests::ONE_BY_ONE.set(true);
            return Ok(());
        }
        self.connection.execute_batch(index::WITHOUT_NAMES)?;
        rename::rename(&self.connection, ID, &self.name)?;
        Ok(self.connection.execute_batch(index::NAMES)?)
    }

    /// What is known and was not met any more is marked, names are made, and the file gets its own name, which is given; `None` when nothing
    /// is otherwise than in the version that is served.
    pub(super) fn finish(mut self, now: &str) -> Result<(Outcome, Option<String>)> {
        // A document that could not be had may tell of anything.
        if self.outcome.failed == 0 {
            self.vanish(now)?;
        }
        let Outcome { added, changed, vanished, .. } = self.outcome;
        let is_new = added + changed + vanished > 0 || self.told_otherwise || self.base.is_none();
        if is_new {
            self.write()?;
            self.rename()?;
        }
        let ask = |sql: &str| self.connection.query_row(sql, [], |row| count(row, 0));
        self.outcome.datasets = ask("SELECT sum(datasets) FROM themes")?;
        self.outcome.tables = ask("SELECT sum(tables) FROM themes")?;
        self.outcome.problems = ask("SELECT count(*) FROM problems")?;
        if self.is_written {
            self.connection.execute_batch("DELETE FROM met; UPDATE runs SET finished = 1; COMMIT")?;
        }
        let Self { connection, is_written, folder, name, run, outcome, .. } = self;
        connection.close().map_err(|(_, e)| e)?;
        if !is_new {
            Self::discard(&folder, &name)?;
            return Ok((outcome, None));
        }
        debug_assert!(is_written, "what is new was written");
        let file = format!("{name}-{run:06}.sqlite");
        let written = aside(&folder, &name);
        let named = || {
            fs::File::open(&written)?.sync_all()?;
            fs::rename(&written, folder.join(&file))
        };
        named().map_err(|e: io::Error| Error::from(e).within(format!("the catalog \"{name}\" can't be written")))?;
        Ok((outcome, Some(file)))
    }
}

/// What a document is and leads to, as a line each.
pub(super) fn links(standard: Standard, page: &Page) -> String {
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
