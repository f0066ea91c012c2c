//! `stoa inspect`: reads one file as a first touch would, says on standard error what it is, and prints on standard output the
//! descriptor to keep. Of an archive of several data files, or a workbook of several sheets, each is a resource. What is printed was
//! read once more, and gave the same table.

mod parts;
mod tell;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::output::not_printed;
use super::report::Failure;
use crate::catalog::TableEntry;
use crate::descriptor::{Column, Dataset, Distribution, bare, datapackage};
use crate::error::{Error, Kind, Result};
use crate::snapshot::{self, Progress, ProgressEvent, ReadAs, Snapshot, Snapshots};
use crate::store::{self, Stores};

/// What to look at.
#[derive(Clone, Debug)]
pub struct Options {
    /// A path, or a URL.
    pub place: String,
    /// How many rejects are shown, of each table.
    pub rejects: usize,
}

/// How often a descriptor is tried before its types are left to the file.
const TRIES: usize = 3;

/// Reads the file and prints its descriptor. Nothing is left behind: the snapshots are made in a folder that is removed. Of several tables
/// those that can't be read are told and left out; an error when none can. [`Kind::Config`] for a folder, and for a descriptor.
pub async fn inspect(store: store::Options, snapshot: snapshot::Options, options: &Options) -> Result<(), Failure> {
    check_is_one_file(&options.place)?;
    let scratch = Scratch::new()?;
    let state = scratch.0.join("state");
    // Nobody asks for what would be measured.
    let snapshot = snapshot::Options { state: store::Place::Folder(state.clone()), cache: state, profile: false, ..snapshot };
    let place = absolute(&options.place)?;
    let looking = async {
        let mut dataset = bare::dataset_of(&place);
        let (store, found) = parts::look(store, &snapshot, &place, dataset.distributions.remove(0), &scratch.0).await?;
        found.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        let snapshots = Snapshots::open(Arc::new(Stores::new(store)?), snapshot.clone())?;
        let is_alone = found.tables.len() == 1;
        let mut first_failure = None;
        for table in found.tables {
            let label = tell::label(&options.place, &table);
            let one = Dataset { distributions: vec![table], ..dataset.clone() };
            match one_table(&snapshots, one, &label, options.rejects).await {
                Ok(described) => dataset.distributions.push(described),
                Err(e) if is_alone => return Err(e),
                Err(e) => {
                    eprintln!("{label}: not described, since it can't be read\n{}", Failure::from(e.duplicate()));
                    first_failure.get_or_insert(e);
                }
            }
        }
        match first_failure {
            Some(e) if dataset.distributions.is_empty() => {
                Err(e.within(format!("no table of {} can be read; of the first", options.place)))
            }
            Some(_) | None => Ok(relative(datapackage::to_datapackage(&dataset))),
        }
    };
    let descriptor = tokio::select! {
        descriptor = looking => descriptor?,
        // Ended from here, so that the folder goes too.
        signal = tokio::signal::ctrl_c() => {
            signal.map_err(Error::from)?;
            return Err(Error::new(Kind::Cancelled, "stopped").into());
        }
    };
    let text = serde_json::to_string_pretty(&descriptor).map_err(std::io::Error::from).map_err(Error::from)?;
    match writeln!(std::io::stdout(), "{text}") {
        // A reader that went away has what it wanted.
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(not_printed(e).into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// An error for what is served as it is and has no descriptor of its own to print.
fn check_is_one_file(place: &str) -> Result<()> {
    let name = place.split(['?', '#']).next().unwrap_or(place).rsplit('/').next().unwrap_or_default();
    if name == "datapackage.json" || name.ends_with(".datapackage.json") {
        let message = format!("{place} is a descriptor, and stoa inspect takes the data that one is made for");
        return Err(Error::new(Kind::Config, message)
            .with_hint(format!("Serve it by stoa serve --catalog {place}, or inspect a file that it names.")));
    }
    if !place.contains("://") && Path::new(place).is_dir() {
        let message = format!("{place} is a folder, and stoa inspect takes one file");
        return Err(Error::new(Kind::Config, message)
            .with_hint(format!("Serve the folder as it is by stoa serve --catalog {place}, or inspect a file in it.")));
    }
    Ok(())
}

/// Reads the dataset's one table, tells what it is, and gives its description.
async fn one_table(snapshots: &Snapshots, dataset: Dataset, label: &str, rejects: usize) -> Result<Distribution> {
    let (found, warnings) = read(snapshots, &dataset).await?;
    tell::found(label, &dataset.distributions[0], &found, &warnings);
    tell::rejects(snapshots, &found, rejects)?;
    describe(snapshots, dataset, &found).await
}

/// A descriptor by which the file is read to the same table. A column whose declared type would not give the same is left to the file.
async fn describe(snapshots: &Snapshots, mut dataset: Dataset, found: &Snapshot) -> Result<Distribution> {
    let before = rejected(snapshots, found)?;
    let of = &mut dataset.distributions[0];
    of.schema.columns = snapshot::columns(&found.schema);
    if let [ReadAs { encoding, dialect, .. }] = found.read.as_slice() {
        of.encoding.clone_from(encoding);
        of.extra.extend(dialect.clone().map(|d| ("dialect".to_owned(), d)));
    }
    for _ in 0..TRIES {
        let descriptor = datapackage::to_datapackage(&dataset);
        let (declared, problems) = datapackage::parse(descriptor.to_string().as_bytes(), "/datapackage.json");
        let [declared] = declared.as_slice() else {
            let said = problems.first().map_or_else(String::new, ToString::to_string);
            return Err(Error::new(Kind::Internal, format!("the descriptor can't be read back: {said}")));
        };
        let again = match read(snapshots, declared).await {
            Ok((again, _)) => again,
            // A name with a dot may lead into an object, and then the file has no such column.
            Err(e) if e.kind() == Kind::Descriptor => break,
            Err(e) => return Err(e),
        };
        let after = rejected(snapshots, &again)?;
        let differs = |name: &str| {
            let data_type = |s: &Snapshot| s.schema.field_with_name(name).map(|f| f.data_type().clone()).ok();
            data_type(found) != data_type(&again) || before.get(name) != after.get(name)
        };
        let columns = &dataset.distributions[0].schema.columns;
        let wrong: Vec<usize> = (0..columns.len()).filter(|i| differs(&columns[*i].name)).collect();
        // An object that is taken apart gives columns that nobody declares.
        let width = |s: &Snapshot| snapshot::columns(&s.schema).len();
        let is_same = again.rows == found.rows && width(&again) == width(found);
        if wrong.is_empty() && is_same {
            return Ok(dataset.distributions.remove(0));
        }
        let columns = &mut dataset.distributions[0].schema.columns;
        for place in wrong {
            let column = &mut columns[place];
            *column = Column { name: std::mem::take(&mut column.name), unit: column.unit.take(), ..Column::default() };
        }
    }
    eprintln!("warning: what is declared below does not give quite the same table; its schema is left to the file");
    dataset.distributions[0].schema.columns.clear();
    Ok(dataset.distributions.remove(0))
}

/// Rejects by column.
fn rejected(snapshots: &Snapshots, snapshot: &Snapshot) -> Result<HashMap<String, u64>> {
    let mut counts = HashMap::new();
    for reject in snapshots.rejects(snapshot)? {
        *counts.entry(reject?.column.unwrap_or_default()).or_default() += 1;
    }
    Ok(counts)
}

/// Reads a dataset of one file; its snapshot, and what the user should know of it.
async fn read(snapshots: &Snapshots, dataset: &Dataset) -> Result<(Arc<Snapshot>, Vec<String>)> {
    let table = TableEntry {
        oid: 0,
        catalog: "inspect".to_owned(),
        schema: "inspect".to_owned(),
        name: "file".to_owned(),
        descriptor: String::new(),
        dataset: Arc::new(dataset.clone()),
        distribution: 0,
        columns: None,
        rows: None,
    };
    let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard: Progress = {
        let warnings = Arc::clone(&warnings);
        Arc::new(move |event| match event {
            ProgressEvent::Warning { message, .. } => {
                warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(message);
            }
            ProgressEvent::Started { .. } | ProgressEvent::Read { .. } | ProgressEvent::Finished { .. } => {}
        })
    };
    let snapshot = snapshots.current(&table, Some(heard)).await?;
    let warnings = warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    Ok((snapshot, warnings))
}

/// A URL as it is, a path from the root.
fn absolute(place: &str) -> Result<String> {
    if place.contains("://") {
        return Ok(place.to_owned());
    }
    let path = std::path::absolute(place)?;
    path.to_str().map(str::to_owned).ok_or_else(|| Error::new(Kind::Config, format!("the path {place:?} is not UTF-8")))
}

/// The same descriptor for a file of the working folder, where it is then kept: its paths from there.
fn relative(mut descriptor: Value) -> Value {
    let (Ok(here), Some(object)) = (std::env::current_dir(), descriptor.as_object_mut()) else { return descriptor };
    let base = object.get(datapackage::BASE).and_then(Value::as_str).map(PathBuf::from);
    let Some(below) = base.and_then(|base| base.strip_prefix(&here).map(Path::to_owned).ok()) else { return descriptor };
    object.remove(datapackage::BASE);
    let resources = object.get_mut("resources").and_then(Value::as_array_mut).into_iter().flatten();
    for path in resources.filter_map(|resource| resource.get_mut("path")) {
        if let Some(whole) = path.as_str().map(|file| below.join(file)) {
            *path = Value::from(whole.to_string_lossy().into_owned());
        }
    }
    descriptor
}

/// A new folder, removed with its content when this goes.
struct Scratch(PathBuf);

impl Scratch {
    /// Its name is of no process: what another left, or put there, would be taken for what was read.
    fn new() -> Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|e| Error::new(Kind::Io, format!("the system gives no random bytes: {e}")))?;
        let path = std::env::temp_dir().join(format!("stoa-inspect-{:016x}", u64::from_ne_bytes(random)));
        std::fs::create_dir(&path).map_err(|e| {
            Error::from(e)
                .within(format!("the folder for temporary files {} can't be made", path.display()))
                .with_hint("TMPDIR chooses where temporary files go.")
        })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is in the folder for what nobody misses.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
