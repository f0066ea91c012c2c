//! The catalogs of a state that were harvested, as lookups see them: each stands in a file that never changes, and a refresh puts another
//! file in its place. Who looked into the old one looks to its end.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::index::{self, Index};
use crate::descriptor::Problem;
use crate::error::Result;

/// The row of the only catalog that such a file has.
pub(super) const ID: i64 = 1;

/// The folder below a state that the files stand in.
pub(super) const FOLDER: &str = "catalogs";

/// Whether catalogs were harvested into the state in this folder.
pub fn is_harvested(state: &Path) -> bool {
    std::fs::read_dir(state.join(FOLDER)).is_ok_and(|mut files| files.next().is_some())
}

/// A harvested catalog of an open state.
pub(super) struct Harvested {
    name: String,
    state: PathBuf,
    newest: Mutex<Newest>,
}

/// What is open of it.
struct Newest {
    /// The state's index when it was last asked which file is the newest (`PRAGMA data_version`).
    asked: i64,
    /// `None` as long as nothing was harvested.
    file: Option<String>,
    index: Arc<Index>,
    /// Counts those that came before it.
    version: u64,
    /// Why it is empty.
    problem: Option<String>,
}

/// The catalogs that the index of a state names, each with the file of its version; `None` as long as nothing was harvested.
pub(super) fn listed(connection: &Connection) -> Result<Vec<(String, Option<String>)>> {
    let mut statement = connection.prepare_cached("SELECT name, file FROM harvests ORDER BY name")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Opens a version. One that can't be read is empty: the others are served.
fn open(name: &str, file: Option<String>, state: &Path, asked: i64) -> Result<Newest> {
    let opened = file.as_deref().map(|file| index::open_harvested(&state.join(FOLDER).join(file), state));
    let (connection, problem) = match opened {
        Some(Ok(connection)) => (connection, None),
        Some(Err(e)) => (index::open(None)?, Some(format!("{e}; run: stoa catalog refresh {name}"))),
        None => (index::open(None)?, Some(format!("nothing was harvested yet; run: stoa catalog refresh {name}"))),
    };
    Ok(Newest { asked, file, index: Arc::new(Index::new(connection)), version: 0, problem })
}

/// A number that is another one when another connection changed the index.
pub(super) fn data_version(connection: &Connection) -> Result<i64> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

impl Harvested {
    /// The catalog of this name and file; `asked` is the state's [`data_version`] when it had it.
    pub(super) fn open(name: &str, file: Option<String>, state: &Path, asked: i64) -> Result<Self> {
        let newest = Mutex::new(open(name, file, state, asked)?);
        Ok(Self { name: name.to_owned(), state: state.to_owned(), newest })
    }

    /// The newest version, as the state's index names it.
    pub(super) fn index(&self, of_state: &Index) -> Result<Arc<Index>> {
        Ok(Arc::clone(&self.newest(of_state)?.index))
    }

    /// How many versions came before the newest since this server has it.
    pub(super) fn version(&self, of_state: &Index) -> Result<u64> {
        Ok(self.newest(of_state)?.version)
    }

    fn newest(&self, of_state: &Index) -> Result<MutexGuard<'_, Newest>> {
        // What is in here is replaced whole.
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = of_state.connection();
        let asked = data_version(&connection)?;
        if asked != newest.asked {
            let mut statement = connection.prepare_cached("SELECT file FROM harvests WHERE name = ?")?;
            let file: Option<String> = statement.query_row([&self.name], |row| row.get(0)).optional()?.flatten();
            newest.asked = asked;
            // A catalog that was removed is served as long as this server runs.
            if file.is_some() && file != newest.file {
                let version = newest.version + 1;
                *newest = Newest { version, ..open(&self.name, file, &self.state, asked)? };
            }
        }
        Ok(newest)
    }

    /// Why it is empty, where it is.
    pub(super) fn problem(&self) -> Option<Problem> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let message = newest.problem.clone()?;
        Some(Problem { file: self.name.clone(), pointer: String::new(), message })
    }
}
