//! Profiles: what was measured of a snapshot, kept beside it. They are made from its Parquet, one at a time: behind the snapshot's
//! publication by a thread of its own, or when somebody asks for one that is not there yet. SQL is unknown here.

mod files;
mod measure;
mod sketch;
mod sketched;
mod subject;
mod values;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Snapshot;
use super::stop::Stop;
use crate::catalog::{SKETCH_VERSION, Sketch, TableEntry};
use crate::error::{Error, Kind, Result};

pub(super) use files::{FileKind, Files};

/// The version of what is written here; a profile of another one is made anew.
const VERSION: u32 = 1;

/// How long a new snapshot is left to its first queries.
const DELAY: Duration = Duration::from_secs(5);

/// What was measured of one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    version: u32,
    /// The version of the sketches in it; 0 in a profile that was made before there were any.
    #[serde(default)]
    sketches: u32,
    /// The snapshot's id.
    pub snapshot: String,
    pub rows: u64,
    /// RFC 3339.
    pub measured: String,
    /// In the order of the table.
    pub columns: Vec<ColumnProfile>,
    /// Of the declared primary key and of columns that are declared unique.
    pub keys: Vec<KeyProfile>,
    /// Of the declared foreign keys whose table had a snapshot.
    pub references: Vec<ReferenceProfile>,
}

/// What was measured of one column. Values are texts of at most 200 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    pub name: String,
    pub nulls: u64,
    /// Different values; `None` for nested types, as for all that follows.
    pub distinct: Option<u64>,
    /// Counted, not estimated (within 2 %).
    pub distinct_exact: bool,
    pub min: Option<String>,
    pub max: Option<String>,
    /// Of numbers.
    pub mean: Option<f64>,
    /// The least values that 5, 25, 50, 75 and 95 % of all are not larger than, of numbers, dates and times; of a sample when there are
    /// more than 16,384. Empty where there are none.
    pub quantiles: Vec<String>,
    /// The most frequent values, of those up to 256 bytes.
    pub top: Vec<TopValue>,
    /// The counts of `top` are exact; else each is too low by less than one in 1024 rows.
    pub top_exact: bool,
    /// Cells that were rejected.
    pub violations: u64,
    /// No value stands in two rows; `None` when there are too many to tell.
    pub unique: Option<bool>,
    /// To be compared with other columns; `None` for types that are no keys, for prose, and where there are no values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Sketch>,
}

/// A frequent value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopValue {
    pub value: String,
    pub count: u64,
}

/// A declared key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyProfile {
    pub columns: Vec<String>,
    /// Rows whose values stand in a row before; `None` when there are too many to tell.
    pub duplicates: Option<u64>,
}

/// A declared foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceProfile {
    pub columns: Vec<String>,
    /// `schema.table`.
    pub target: String,
    pub target_columns: Vec<String>,
    /// The target's snapshot that was looked into.
    pub target_snapshot: String,
    /// Rows whose values are in no row of the target; `None` when there are too many to tell.
    pub unresolved: Option<u64>,
}

/// A snapshot to be measured.
pub(super) struct Subject {
    pub(super) table: Arc<TableEntry>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) files: Files,
    /// Where its profile is kept.
    pub(super) path: PathBuf,
    /// The declared keys.
    pub(super) keys: Vec<Vec<String>>,
}

/// A subject that waits for its turn: what nobody reads by then may go, and is not measured.
struct Waiting {
    table: Arc<TableEntry>,
    snapshot: Weak<Snapshot>,
    files: Files,
    path: PathBuf,
    keys: Vec<Vec<String>>,
}

/// A foreign key to be looked at.
pub(super) struct Reference {
    pub(super) columns: Vec<String>,
    pub(super) target: String,
    pub(super) target_columns: Vec<String>,
    pub(super) subject: Subject,
}

/// Makes profiles, one at a time.
pub(super) struct Profiler {
    stop: Stop,
    /// Held while one is made.
    busy: Arc<Mutex<()>>,
    waiting: Mutex<Option<Sender<(Instant, Waiting)>>>,
    /// Who is told of profiles.
    told: Arc<Mutex<Option<Arc<Hears>>>>,
}

/// Hears of the profile of a table's snapshot.
pub type Hears = dyn Fn(&TableEntry, &Profile) + Send + Sync;

impl Profiler {
    pub(super) fn new(stop: Stop) -> Self {
        Self { stop, busy: Arc::default(), waiting: Mutex::default(), told: Arc::default() }
    }

    /// The profile of `subject`: the one that is kept, completed by `references` that it lacks, or a new one. It blocks.
    pub(super) fn measured(&self, subject: &Subject, references: &[Reference]) -> Result<Profile> {
        let _one = locked(&self.busy);
        let profile = measured(subject, references, &self.stop)?;
        told(&self.told, subject, &profile);
        Ok(profile)
    }

    /// Has every profile told to `hears` from now on, on the thread that made or read it.
    pub(super) fn tell(&self, hears: Arc<Hears>) {
        *locked(&self.told) = Some(hears);
    }

    /// Has `subject` measured by the profiler's own thread when its first queries had their time. What fails is measured when it is asked for.
    pub(super) fn later(&self, subject: Subject) {
        let mut waiting = locked(&self.waiting);
        let sender = waiting.get_or_insert_with(|| self.start());
        let Subject { table, snapshot, files, path, keys } = subject;
        let subject = Waiting { table, snapshot: Arc::downgrade(&snapshot), files, path, keys };
        if sender.send((Instant::now() + DELAY, subject)).is_err() {
            tracing::warn!("the thread that makes profiles has ended; they are made when they are asked for");
        }
    }

    /// The thread ends when the profiler is dropped, or stopped.
    fn start(&self) -> Sender<(Instant, Waiting)> {
        let (sender, subjects) = channel::<(Instant, Waiting)>();
        let (stop, busy, told_to) = (self.stop.clone(), Arc::clone(&self.busy), Arc::clone(&self.told));
        let work = move || {
            let mut next: Option<(Instant, Waiting)> = None;
            while stop.check().is_ok() {
                let Some((due, subject)) = next.take() else {
                    match subjects.recv_timeout(Duration::from_secs(1)) {
                        Ok(subject) => next = Some(subject),
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                    continue;
                };
                let left = due.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    std::thread::sleep(left.min(Duration::from_millis(200)));
                    next = Some((due, subject));
                    continue;
                }
                let Waiting { table, snapshot, files, path, keys } = subject;
                let Some(snapshot) = snapshot.upgrade() else { continue };
                let subject = Subject { table, snapshot, files, path, keys };
                let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let _one = locked(&busy);
                    measured(&subject, &[], &stop).map(|profile| told(&told_to, &subject, &profile))
                }));
                let made = made.unwrap_or_else(|_| Err(Error::new(Kind::Internal, "it failed inside")));
                match made {
                    Err(e) if e.kind() != Kind::Shutdown => {
                        tracing::warn!(snapshot = %subject.snapshot.id, "a snapshot was not measured: {e}");
                    }
                    Ok(()) | Err(_) => {}
                }
            }
        };
        if let Err(e) = std::thread::Builder::new().name("stoa-profile".to_owned()).spawn(work) {
            tracing::warn!("no thread for profiles: {e}");
        }
        sender
    }
}

fn told(hears: &Mutex<Option<Arc<Hears>>>, subject: &Subject, profile: &Profile) {
    let hears = locked(hears).clone();
    if let Some(hears) = hears {
        hears(&subject.table, profile);
    }
}

/// A panic while a lock was held left nothing half-made: a profile is whole or not there.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn measured(subject: &Subject, references: &[Reference], stop: &Stop) -> Result<Profile> {
    let kept = read(&subject.path)?.filter(|p| p.snapshot == subject.snapshot.id && p.sketches == SKETCH_VERSION);
    let is_new = kept.is_none();
    let mut profile = match kept {
        Some(kept) => kept,
        None => make(subject, stop)?,
    };
    subject.files.check_unchanged()?;
    let mut changed = is_new;
    for reference in references {
        let target = &reference.subject;
        let same = |r: &ReferenceProfile| r.columns == reference.columns && r.target == reference.target;
        if profile.references.iter().any(|r| same(r) && r.target_snapshot == target.snapshot.id) {
            continue;
        }
        let (from, to) = match (subject.files.fields(&reference.columns), target.files.fields(&reference.target_columns)) {
            (Ok(from), Ok(to)) => (from, to),
            // One that names no column is nothing to be measured, like such a key; the rest of the profile is.
            (Err(e), _) | (_, Err(e)) => {
                tracing::warn!(table = reference.target, "a foreign key was not looked at: {e}");
                continue;
            }
        };
        let unresolved = if from.len() == to.len() && !from.is_empty() {
            measure::unresolved((&subject.files, &from), (&target.files, &to, target.snapshot.rows), stop)?
        } else {
            None
        };
        subject.files.check_unchanged().and_then(|()| target.files.check_unchanged())?;
        profile.references.retain(|r| !same(r));
        profile.references.push(ReferenceProfile {
            columns: reference.columns.clone(),
            target: reference.target.clone(),
            target_columns: reference.target_columns.clone(),
            target_snapshot: target.snapshot.id.clone(),
            unresolved,
        });
        changed = true;
    }
    if changed {
        write(&subject.path, &profile)?;
    }
    Ok(profile)
}

fn make(subject: &Subject, stop: &Stop) -> Result<Profile> {
    let snapshot = &subject.snapshot;
    let mut violations: HashMap<String, u64> = HashMap::new();
    for reject in snapshot.rejects()? {
        if let Some(column) = reject?.column {
            *violations.entry(column).or_default() += 1;
        }
    }
    let columns = measure::columns(&subject.files, snapshot.rows, &violations, stop)?;
    let mut keys = Vec::new();
    for key in &subject.keys {
        let fields = match subject.files.fields(key) {
            Ok(fields) => fields,
            Err(e) => {
                tracing::warn!(snapshot = snapshot.id, "a key was not looked at: {e}");
                continue;
            }
        };
        let duplicates = measure::repeated(&subject.files, snapshot.rows, &fields, false, stop)?;
        keys.push(KeyProfile { columns: key.clone(), duplicates });
    }
    let measured = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let (snapshot, rows) = (snapshot.id.clone(), snapshot.rows);
    Ok(Profile { version: VERSION, sketches: SKETCH_VERSION, snapshot, rows, measured, columns, keys, references: Vec::new() })
}

/// The profile that is kept at `path`; `None` when there is none that can be used.
pub(super) fn read(path: &Path) -> Result<Option<Profile>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::from(e).within(path.display())),
    };
    match serde_json::from_slice::<Profile>(&bytes) {
        Ok(profile) => Ok(Some(profile).filter(|p| p.version == VERSION)),
        Err(e) => {
            tracing::warn!(path = %path.display(), "a profile can't be read and is made anew: {e}");
            Ok(None)
        }
    }
}

/// Keeps a profile, so that readers see the old one or the new one. The folder of a snapshot that was pruned meanwhile is not made again.
fn write(path: &Path, profile: &Profile) -> Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(profile)?)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    })();
    match written {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => {
            let _ = std::fs::remove_file(&temporary);
            Err(Error::from(e).within(path.display()))
        }
    }
}
