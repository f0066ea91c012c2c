//! Harvesting: a catalog that another platform publishes becomes a file of the state, from which its tables are served without asking the
//! platform again. A refresh writes the next version beside the one that is served, and then names it in the state's index.

mod build;
mod pipeline;
mod reading;
mod walk;

use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::harvested::FOLDER;
use super::index;
use crate::descriptor::published::Standard;
use crate::error::{Error, Kind, Result};
use crate::name::Identifier;

use build::Build;

/// Gives the documents that a catalog consists of.
pub trait Documents {
    /// The document at an absolute path or URL. `known`: what [`Fetched::Changed`] said of the one that was read before.
    fn fetch(&self, location: &str, known: Option<&str>) -> Result<Fetched>;
}

/// A document as it was found.
pub enum Fetched {
    /// It is the one that is known.
    Unchanged,
    Changed {
        input: Box<dyn BufRead + Send>,
        /// Equal as long as the document is: an ETag, or size and time.
        identity: String,
    },
}

/// How far a harvest is.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The document that is read now.
    pub document: &'a str,
    /// Documents that were read or known to be unchanged.
    pub documents: u64,
    /// Datasets that were found.
    pub datasets: u64,
    /// How many there are, where the platform says so.
    pub total: Option<u64>,
}

/// What came of a harvest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Datasets in the catalog now, those that vanished among them.
    pub datasets: u64,
    pub tables: u64,
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Those that were there before and are not published any more: they stay, marked.
    pub vanished: u64,
    /// Problems in the catalog now.
    pub problems: u64,
    /// Documents that could not be had: what was known of them stays.
    pub failed: u64,
}

/// A catalog that a state harvests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub name: String,
    pub location: String,
    /// As given; found out at each document when `None`.
    pub standard: Option<Standard>,
    /// When it was harvested last (RFC 3339); `None` before the first time.
    pub refreshed: Option<String>,
    pub datasets: u64,
    pub problems: u64,
    /// The version that is served.
    file: Option<String>,
}

impl Registered {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let standard: Option<String> = row.get(2)?;
        Ok(Self {
            name: row.get(0)?,
            location: row.get(1)?,
            standard: standard.as_deref().and_then(Standard::of_name),
            file: row.get(3)?,
            refreshed: row.get(4)?,
            datasets: count(row, 5)?,
            problems: count(row, 6)?,
        })
    }
}

/// A column that counts something; 0 for one that was not counted yet.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Option<i64>>(column)?.map_or(0, i64::unsigned_abs))
}

const REGISTERED: &str = "SELECT name, location, standard, file, refreshed, datasets, problems FROM harvests";

/// The catalogs that a state harvests.
///
/// ```
/// # use stoa::catalog::Harvests;
/// # let state = tempfile::tempdir()?;
/// let mut harvests = Harvests::open(state.path())?;
/// harvests.add("city", "https://data.example.org/data.json", None)?;
/// assert_eq!(harvests.list()?[0].name, "city");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Harvests {
    state: PathBuf,
    connection: Connection,
}

impl Harvests {
    /// Those of the state in this folder, which is made when absent.
    pub fn open(state: &Path) -> Result<Self> {
        let connection = index::open(Some(state))?;
        fs::create_dir_all(state.join(FOLDER))?;
        Ok(Self { state: state.to_owned(), connection })
    }

    /// All of them, by name.
    pub fn list(&self) -> Result<Vec<Registered>> {
        let mut statement = self.connection.prepare_cached(&format!("{REGISTERED} ORDER BY name"))?;
        let found = statement.query_map([], Registered::read)?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// The one of this name. [`Kind::UndefinedDatabase`] when there is none.
    pub fn find(&self, name: &str) -> Result<Registered> {
        let mut statement = self.connection.prepare_cached(&format!("{REGISTERED} WHERE name = ?"))?;
        statement.query_row([name], Registered::read).optional()?.ok_or_else(|| {
            let error = Error::new(Kind::UndefinedDatabase, format!("there is no harvested catalog \"{name}\""));
            error.with_hint("stoa catalog list shows those that there are.")
        })
    }

    /// Notes a catalog, to be harvested from a folder, a file or a URL. [`Kind::Config`] when the name is no SQL name, or taken by a
    /// catalog from elsewhere.
    pub fn add(&mut self, name: &str, location: &str, standard: Option<Standard>) -> Result<()> {
        if Identifier::from_title(name).as_str() != name {
            let near = Identifier::from_title(name);
            return Err(Error::new(Kind::Config, format!("\"{name}\" can't name a catalog"))
                .with_hint(format!("Names are of lower-case letters, digits and _, such as {near}.")));
        }
        if let Ok(there) = self.find(name)
            && there.location != location
        {
            let message = format!("the catalog \"{name}\" is harvested from {}", there.location);
            return Err(Error::new(Kind::Config, message)
                .with_hint(format!("Choose another name, or remove it first: stoa catalog remove {name}.")));
        }
        self.connection.execute(
            "INSERT INTO harvests (name, location, standard) VALUES (?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET standard = excluded.standard",
            params![name, location, standard.map(Standard::name)],
        )?;
        Ok(())
    }

    /// Forgets a catalog, and removes what was harvested of it. Servers that run go on to serve it until they end.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let registered = self.find(name)?;
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM harvests WHERE name = ?", [name])?;
        transaction.execute("UPDATE changes SET count = count + 1", [])?;
        transaction.commit()?;
        Build::discard(&self.folder(), name)?;
        match registered.file {
            Some(file) => removed(&self.folder().join(file)),
            None => Ok(()),
        }
    }

    /// Harvests a catalog: reads each of its documents that has changed, and puts what came of it in the place of what is served, at once.
    /// What was read when a harvest is interrupted is not read again by the next one of the same day.
    ///
    /// The error is the first document's when that can't be had, or what `told` gives; of later documents, what is known of them stays
    /// ([`Outcome::failed`]).
    pub fn refresh(
        &mut self,
        name: &str,
        documents: &dyn Documents,
        now: DateTime<Utc>,
        told: &dyn Fn(Step<'_>) -> Result<()>,
    ) -> Result<Outcome> {
        let registered = self.find(name)?;
        let mut build = Build::begin(&self.folder(), name, registered.file.as_deref(), now)?;
        if let Err(e) = walk::walk(&mut build, &registered, documents, told) {
            // What was read is no catalog: the next harvest begins anew.
            if e.kind() == Kind::Descriptor {
                drop(build);
                Build::discard(&self.folder(), name)?;
            }
            return Err(e);
        }
        let (outcome, file) = build.finish(&timestamp(now))?;
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute(
            "UPDATE harvests SET file = coalesce(?, file), refreshed = ?, datasets = ?, problems = ? WHERE name = ?",
            params![file, timestamp(now), outcome.datasets as i64, outcome.problems as i64, name],
        )?;
        if file.is_some() {
            transaction.execute("UPDATE changes SET count = count + 1", [])?;
        }
        transaction.commit()?;
        if let (Some(_), Some(old)) = (file, registered.file) {
            removed(&self.folder().join(old))?;
        }
        Ok(outcome)
    }

    fn folder(&self) -> PathBuf {
        self.state.join(FOLDER)
    }
}

fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Removes a file that may be gone.
fn removed(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(Error::from(e).within(format!("{} can't be removed", file.display())))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
