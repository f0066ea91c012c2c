//! The catalog: which datasets and tables there are, by name and by oid. An index in SQLite, opened and not loaded; how the
//! bytes behind a table are read is unknown here.

mod archives;
mod entry;
mod harvest;
mod harvested;
mod index;
mod lookup;
mod naming;
mod packed;
mod prepared;
mod publications;
mod related;
mod rename;
mod scan;
mod search;
mod sketch;
mod update;
mod wanted;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::descriptor::Problem;
use crate::error::{Error, Kind, Result};
use crate::name::Identifier;

pub use entry::{Counts, KnownColumn, TableEntry, Theme};
pub use harvest::{Documents, Fetched, Harvests, Outcome, Registered, Step};
pub use harvested::is_harvested;
pub use publications::{Publication, Publications, Publisher, SourceRecord};
pub use related::{Grade, Join, Pair, SketchedColumn, SketchedTable, name_key, names_code};
pub use search::{Facet, Found};
pub use sketch::{Gatherer, Overlap, Sketch, VERSION as SKETCH_VERSION, ValueKind};
pub use wanted::Wanted;

use harvested::Harvested;
use index::Index;

/// The database that every PostgreSQL has and that tools ask first which others there are (`psql -l`, pgAdmin). Here it is an empty catalog, unless
/// one that is served has its name.
pub const MAINTENANCE: &str = "postgres";

/// Where a catalog's descriptors are, and the database name it gets.
#[derive(Clone, Debug)]
pub struct Source {
    /// The database's name; made of the location's last part when `None`.
    pub name: Option<String>,
    /// A folder, a descriptor file, or the URL of a descriptor.
    pub location: String,
}

/// How a catalog, which knows no protocol and no format, reaches what stands outside of it.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    /// Reads what stands at a URL: a remote descriptor.
    pub fetch: &'a Fetch<'a>,
    /// The file of this machine that a published path or URL means; `None` for what is remote or absent.
    pub locate: &'a Locate<'a>,
    /// The names of the files in a local archive; `None` for what can't be listed without reading it whole.
    pub list: &'a List<'a>,
    /// The sheets of a local workbook that are tables; `None` for what is no workbook.
    pub sheets: &'a List<'a>,
}

/// See [`Reach::fetch`].
pub type Fetch<'a> = dyn Fn(&str) -> Result<Vec<u8>> + 'a;
/// See [`Reach::locate`].
pub type Locate<'a> = dyn Fn(&str) -> Result<Option<PathBuf>> + 'a;
/// See [`Reach::list`] and [`Reach::sheets`].
pub type List<'a> = dyn Fn(&Path) -> Result<Option<Vec<String>>> + 'a;

impl Reach<'_> {
    /// Nothing but files of this machine, and no look into archives and workbooks: each is one table.
    pub const FILES: Reach<'static> = Reach {
        fetch: &|url| Err(Error::new(Kind::SourceUnreachable, format!("{url} is remote"))),
        locate: &|_| Ok(None),
        list: &|_| Ok(None),
        sheets: &|_| Ok(None),
    };
}

/// All catalogs of one server: an index that is opened, not loaded. Shared by all sessions.
pub struct Catalogs {
    /// In the order they were given; then those that were harvested, as they came.
    catalogs: RwLock<Vec<Arc<Catalog>>>,
    /// How many there were at the start.
    at_start: usize,
    /// [`MAINTENANCE`], unless a catalog has its name.
    maintenance: Option<Arc<Catalog>>,
    /// The state's own, which the catalogs that were given stand in.
    index: Arc<Index>,
    /// The state's folder, and its index's version (`PRAGMA data_version`) when it was last asked which catalogs were harvested.
    state: Option<(PathBuf, Mutex<i64>)>,
    looked_at: AtomicU64,
    /// What was wrong at this start only, such as an unreachable URL; what is wrong in a descriptor stands in the index.
    passing: Vec<(usize, Problem)>,
}

/// What stands in the index for no catalog: its rows are numbered from 1.
const NO_ROW: i64 = 0;

/// One catalog of this server.
struct Catalog {
    /// Its row in its index.
    id: i64,
    name: String,
    /// Where it was harvested, and so has an index of its own.
    harvested: Option<Harvested>,
}

impl Catalogs {
    /// Opens the index under `state` (in memory when `None`), brings it up to date with `sources`, and keeps every problem found
    /// on the way for [`Self::problems`]: one bad descriptor never stops the rest, and a location that is not there gives an
    /// empty catalog. Descriptor files that have not changed since the last time are not read again; descriptors given by URL are
    /// fetched each time, and when that fails the last known version is served. Other catalogs that the index knows from
    /// earlier starts stay in it unseen. Catalogs that were harvested ([`Harvests`]) follow those that are given. A local archive of several data files is a table for each, unless its descriptor says
    /// which are meant.
    ///
    /// [`Kind::Config`] when two sources are given the same name, or the index is of a newer Stoa or can't be used.
    ///
    /// ```
    /// # use stoa::catalog::{Catalogs, Reach, Source};
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::create_dir(folder.path().join("transport"))?;
    /// # std::fs::write(folder.path().join("transport/Trips.csv"), "a,b\n1,2\n")?;
    /// let source = Source { name: Some("city".to_owned()), location: folder.path().display().to_string() };
    /// let catalogs = Catalogs::open(None, &[source], &Reach::FILES)?;
    /// let tables = catalogs.tables("city", None)?;
    /// assert_eq!((tables[0].schema.as_str(), tables[0].name.as_str()), ("transport", "trips"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(state: Option<PathBuf>, sources: &[Source], reach: &Reach<'_>) -> Result<Self> {
        let mut connection = index::open(state.as_deref())?;
        let mut catalogs = Vec::with_capacity(sources.len());
        let mut passing = Vec::new();
        // Asked for first: what comes between the two is seen at the next look.
        let asked = harvested::data_version(&connection)?;
        let harvests = match &state {
            Some(_) => harvested::listed(&connection)?,
            None => Vec::new(),
        };
        for (position, (source, name)) in sources.iter().zip(database_names(sources)?).enumerate() {
            let mut scan = scan::scan(&source.location, reach.fetch)?;
            passing.extend(std::mem::take(&mut scan.problems).into_iter().map(|problem| (position, problem)));
            let id = update::update(&mut connection, &name, scan, reach).map_err(|e| e.within(format!("catalog \"{name}\"")))?;
            catalogs.push(Arc::new(Catalog { id, name, harvested: None }));
        }
        for (name, file) in harvests {
            if catalogs.iter().any(|catalog| catalog.name == name) {
                return Err(Error::new(Kind::Config, format!("two catalogs are named \"{name}\", one of them harvested"))
                    .with_hint("Give the other one a name of its own: --catalog NAME=LOCATION."));
            }
            let Some(state) = &state else { continue };
            let harvested = Harvested::open(&name, file, state, asked)?;
            passing.extend(harvested.problem().map(|problem| (catalogs.len(), problem)));
            catalogs.push(Arc::new(Catalog { id: harvested::ID, name, harvested: Some(harvested) }));
        }
        let is_taken = catalogs.iter().any(|catalog| catalog.name == MAINTENANCE);
        let maintenance = (!is_taken).then(|| Arc::new(Catalog { id: NO_ROW, name: MAINTENANCE.to_owned(), harvested: None }));
        let (at_start, index) = (catalogs.len(), Arc::new(Index::new(connection)));
        let (catalogs, state) = (RwLock::new(catalogs), state.map(|state| (state, Mutex::new(asked))));
        Ok(Self { catalogs, at_start, maintenance, index, state, looked_at: AtomicU64::new(0), passing })
    }

    /// The catalogs in the order they were given: the first is the default database. Those that were harvested since are among them.
    pub fn names(&self) -> Vec<String> {
        if let Err(e) = self.look_again() {
            tracing::warn!("catalogs that were added can't be looked for: {e}");
        }
        self.all().iter().map(|catalog| catalog.name.clone()).collect()
    }

    fn all(&self) -> Vec<Arc<Catalog>> {
        self.catalogs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds the catalogs that were harvested for the first time since the last look. One that has the name of another is left out, as
    /// the next start will say.
    fn look_again(&self) -> Result<()> {
        let Some((state, asked)) = &self.state else { return Ok(()) };
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, listed) = {
            let connection = self.index.connection();
            let version = harvested::data_version(&connection)?;
            if version == *asked {
                return Ok(());
            }
            (version, harvested::listed(&connection)?)
        };
        let mut catalogs = self.catalogs.write().unwrap_or_else(PoisonError::into_inner);
        for (name, file) in listed.into_iter().filter(|(_, file)| file.is_some()) {
            if !catalogs.iter().chain(&self.maintenance).any(|catalog| catalog.name == name) {
                let harvested = Some(Harvested::open(&name, file, state, version)?);
                catalogs.push(Arc::new(Catalog { id: harvested::ID, name, harvested }));
            }
        }
        *asked = version;
        Ok(())
    }

    /// All that a client may connect to: the catalogs of the start, [`MAINTENANCE`], and the catalogs that were added since, so that each keeps
    /// its place.
    pub fn databases(&self) -> Vec<String> {
        let mut names = self.names();
        let maintenance = self.maintenance.iter().map(|catalog| catalog.name.clone());
        names.splice(self.at_start..self.at_start, maintenance);
        names
    }

    /// How many tables lookups have given so far: what describing them costs, on whatever machine.
    pub fn looked_at(&self) -> u64 {
        self.looked_at.load(Ordering::Relaxed)
    }

    /// A number that grows whenever a name may mean another table than before: a catalog was added, or refreshed. What is found out
    /// of a table does not change it, as it does [`Self::version`].
    pub fn names_version(&self) -> Result<u64> {
        let catalogs = self.catalogs.read().unwrap_or_else(PoisonError::into_inner);
        let harvested = catalogs.iter().filter_map(|catalog| catalog.harvested.as_ref());
        harvested.map(|harvested| harvested.version(&self.index)).sum::<Result<u64>>().map(|sum| sum + catalogs.len() as u64)
    }

    /// The index that a catalog stands in now: of one that was harvested, that of its newest version.
    fn index(&self, catalog: &Catalog) -> Result<Arc<Index>> {
        match &catalog.harvested {
            None => Ok(Arc::clone(&self.index)),
            Some(harvested) => harvested.index(&self.index),
        }
    }

    /// The catalog of this name, by position and row.
    fn catalog(&self, name: &str) -> Result<(usize, Arc<Catalog>)> {
        let find = || {
            let catalogs = self.catalogs.read().unwrap_or_else(PoisonError::into_inner);
            let found = catalogs.iter().chain(&self.maintenance).enumerate().find(|(_, catalog)| catalog.name == name);
            found.map(|(position, catalog)| (position, Arc::clone(catalog)))
        };
        if let Some(found) = find() {
            return Ok(found);
        }
        self.look_again()?;
        find().ok_or_else(|| {
            Error::new(Kind::UndefinedDatabase, format!("database \"{name}\" does not exist"))
                .with_hint(format!("There is: {}.", self.names().join(", ")))
        })
    }
}

/// The databases' names: as given, else made of the location's last part and numbered where that is taken.
fn database_names(sources: &[Source]) -> Result<Vec<String>> {
    let given: Vec<Option<Identifier>> = sources.iter().map(|s| s.name.as_deref().map(Identifier::from_title)).collect();
    for (i, name) in given.iter().enumerate() {
        if let Some(name) = name.as_ref().filter(|name| given[..i].iter().flatten().any(|other| other == *name)) {
            return Err(Error::new(Kind::Config, format!("two catalogs are named \"{name}\""))
                .with_hint("Give each catalog a name of its own."));
        }
    }
    let mut taken: Vec<Identifier> = given.iter().flatten().cloned().collect();
    let mut names = Vec::with_capacity(sources.len());
    for (source, given) in sources.iter().zip(given) {
        let name = given.unwrap_or_else(|| {
            let name = naming::free(&Identifier::from_title(&scan::title(&source.location)), |name| taken.contains(name));
            taken.push(name.clone());
            name
        });
        names.push(name.to_string());
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
