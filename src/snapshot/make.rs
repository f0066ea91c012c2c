//! Making: from a table's published objects to a snapshot that stands, and from what is written down back to one. When to make
//! one is decided elsewhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use sha2::{Digest, Sha256};

use super::build::{Built, BuiltPart, Earlier, Given, Orders, Outcome, build};
use super::fetch::{Raw, fetch, hex};
use super::ledger::Ledger;
use super::manifest::{self, Part, Record, Source, Staging, State};
use super::profile::Profiler;
use super::stop::Stop;
use super::write::Rejects;
use super::{Layout, Options, ProgressEvent, Reject, Snapshot, WrittenFile, columnar, inplace};
use crate::catalog::TableEntry;
use crate::descriptor::{Compression, Distribution, Format};
use crate::error::{Error, Kind, Result};
use crate::store::{Object, Stores};

/// Remote files that are fetched at the same time.
const FETCHES: usize = 4;

/// Part of every fingerprint: raised when files are read otherwise than before, so that snapshots are made anew.
const READER: u32 = 4;

/// Where objects come from.
#[async_trait]
pub(super) trait Sources: Send + Sync {
    /// See [`Stores::resolve_all`].
    async fn resolve_all(&self, urls: &[String]) -> Result<Vec<Object>>;
}

#[async_trait]
impl Sources for Stores {
    async fn resolve_all(&self, urls: &[String]) -> Result<Vec<Object>> {
        Self::resolve_all(self, urls).await
    }
}

/// A snapshot, and what it was made of.
pub(super) struct Known {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) fingerprint: String,
    pub(super) identities: Vec<Identity>,
    /// When the source was last asked; `None` for one that has only been loaded.
    pub(super) checked: Option<Instant>,
    /// The source is on this machine: asking costs nothing.
    pub(super) local: bool,
    /// A newer version of the source that could not be read, and why.
    pub(super) failed: Option<(Vec<Identity>, Arc<Error>)>,
}

/// Which version of which object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    url: String,
    identity: String,
}

impl Identity {
    /// Those of `objects`, in their order.
    pub(super) fn all(objects: &[Object]) -> Vec<Self> {
        objects.iter().map(|o| Self { url: o.url.clone(), identity: o.identity() }).collect()
    }
}

/// What of a descriptor decides how its files are read.
pub(super) fn fingerprint(distribution: &Distribution) -> String {
    let Distribution { paths, format, compression, member, encoding, dialect, schema, .. } = distribution;
    let read_by = format!("{READER} {paths:?} {format:?} {compression:?} {member:?} {encoding:?} {dialect:?} {schema:?}");
    hex(&Sha256::digest(read_by.as_bytes())[..16])
}

/// Makes snapshots under one state folder.
pub(super) struct Maker {
    sources: Arc<dyn Sources>,
    pub(super) options: Options,
    /// Ends all that is being made.
    pub(super) stop: Stop,
    pub(super) state: State,
    pub(super) profiler: Profiler,
    /// The snapshots of this process by their folders: what of them lives is not removed. Held while one is loaded or old ones
    /// are removed, so that neither sees half of the other.
    live: Mutex<HashMap<PathBuf, Vec<Weak<Snapshot>>>>,
}

/// Hears events of one touch.
pub(super) type Heard = Arc<dyn Fn(ProgressEvent) + Send + Sync>;

impl Maker {
    pub(super) fn open(sources: Arc<dyn Sources>, options: Options) -> Result<Self> {
        let state = State::open(&options.state)?;
        let stop = Stop::default();
        let profiler = Profiler::new(stop.clone());
        Ok(Self { sources, options, stop, state, profiler, live: Mutex::default() })
    }

    /// The objects of a distribution as they are now.
    pub(super) async fn resolve(&self, distribution: &Distribution) -> Result<Vec<Object>> {
        let objects = self.sources.resolve_all(&distribution.paths).await?;
        if objects.is_empty() {
            let paths = distribution.paths.join(", ");
            let what =
                if paths.is_empty() { format!("{} names no path", distribution.name) } else { format!("{paths}: no file there") };
            return Err(Error::new(Kind::SourceMissing, what).with_hint("Correct the descriptor's path."));
        }
        Ok(objects)
    }

    /// The last snapshot that was written for this table and fingerprint.
    pub(super) fn last(&self, table: &TableEntry, fingerprint: &str) -> Result<Option<Known>> {
        let folder = self.folder(table);
        let Some(manifest) = manifest::read(&folder)? else { return Ok(None) };
        let Some(record) = manifest.snapshots.into_iter().rev().find(|r| r.fingerprint == fingerprint) else { return Ok(None) };
        self.load(&folder, record)
    }

    pub(super) fn folder(&self, table: &TableEntry) -> PathBuf {
        self.state.table(&table.catalog, &table.schema, &table.name)
    }

    /// The snapshot of a record; `None` when its files are not as written.
    fn load(&self, folder: &Path, record: Record) -> Result<Option<Known>> {
        let folder = folder.join(&record.id);
        let mut live = self.live();
        let parts: Vec<WrittenFile> =
            (record.parts.iter()).map(|p| WrittenFile { path: folder.join(&p.file), bytes: p.bytes, rows: p.rows }).collect();
        let intact = parts.iter().all(|p| std::fs::metadata(&p.path).is_ok_and(|m| m.len() == p.bytes));
        let Some(first) = parts.first().filter(|_| intact) else { return Ok(None) };
        let footer = match ArrowReaderMetadata::load(&std::fs::File::open(&first.path)?, ArrowReaderOptions::new()) {
            Ok(footer) => footer,
            Err(e) => {
                tracing::warn!(path = %first.path.display(), "a snapshot can't be read and is made anew: {e}");
                return Ok(None);
            }
        };
        let snapshot = Snapshot {
            id: record.id,
            schema: Arc::clone(footer.schema()),
            layout: Layout::Written(parts),
            rows: record.rows,
            rows_read: record.rows_read,
            rejects: record.rejects,
            rejects_file: (record.rejects > 0).then(|| folder.join(Rejects::FILE)),
            created: record.created,
            drift: record.drift,
            read: record.read,
        };
        let snapshot = Arc::new(snapshot);
        live.retain(|_, those| {
            those.retain(|s| s.strong_count() > 0);
            !those.is_empty()
        });
        live.entry(folder).or_default().push(Arc::downgrade(&snapshot));
        drop(live);
        let identities = record.sources.into_iter().map(|s| Identity { url: s.url, identity: s.identity }).collect();
        Ok(Some(Known { snapshot, fingerprint: record.fingerprint, identities, checked: None, local: false, failed: None }))
    }

    fn live(&self) -> MutexGuard<'_, HashMap<PathBuf, Vec<Weak<Snapshot>>>> {
        // A panic left no half-made entry behind: each is one assignment.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a table's old snapshots. What can't be removed now is left to the next time.
    fn prune(&self, folder: &Path) {
        let live = self.live();
        let in_use = |folder: &Path| live.get(folder).is_some_and(|those| those.iter().any(|s| s.strong_count() > 0));
        let pruned = self.state.prune(folder, &in_use);
        // Deleting takes its time, and nobody waits for it.
        drop(live);
        if let Err(e) = pruned {
            tracing::warn!(table = %folder.display(), "old snapshots were not removed: {e}");
        }
    }

    /// Makes a snapshot of `objects`, or takes the one that another process made of them meanwhile.
    pub(super) async fn make(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, heard: &Heard) -> Result<Known> {
        let Distribution { format, compression, member, .. } = table.distribution();
        // A file in an archive can't be scanned where it stands.
        let is_within = member.is_some() || matches!(compression, Some(Compression::Zip | Compression::Tar));
        let made = match format.filter(|_| !is_within) {
            Some(Format::Parquet) => {
                let (schema, rows) = inplace::parquet(&objects).await?;
                Ok(Self::in_place(table, schema, rows, Layout::Parquet(objects)))
            }
            Some(Format::Arrow) => match inplace::arrow(&objects).await? {
                Some((schema, rows)) => Ok(Self::in_place(table, schema, rows, Layout::Arrow(objects))),
                None => self.write(table, objects, heard).await,
            },
            Some(
                Format::Csv
                | Format::Json
                | Format::NdJson
                | Format::GeoJson
                | Format::Avro
                | Format::Orc
                | Format::Workbook
                | Format::Shapefile
                | Format::Kml,
            )
            | None => self.write(table, objects, heard).await,
        };
        made.map_err(|e| {
            if e.kind() != Kind::DiskFull {
                return e;
            }
            Error::new(Kind::DiskFull, format!("no space is left in the state folder {}", self.options.state.display()))
                .with_detail(e.message().to_owned())
                .with_hint("Make room there, or choose another folder with --state.")
                .caused_by(e)
        })
    }

    /// The snapshot of files that are scanned where they stand.
    fn in_place(table: &TableEntry, schema: SchemaRef, rows: u64, layout: Layout) -> Known {
        let fingerprint = fingerprint(table.distribution());
        let identities = match &layout {
            Layout::Parquet(objects) | Layout::Arrow(objects) => Identity::all(objects),
            Layout::Written(_) => Vec::new(),
        };
        let snapshot = Snapshot {
            id: hex(&Sha256::digest(format!("{fingerprint} {identities:?}"))[..12]),
            schema,
            layout,
            rows,
            rows_read: rows,
            rejects: 0,
            rejects_file: None,
            created: now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            drift: Vec::new(),
            read: Vec::new(),
        };
        Known { snapshot: Arc::new(snapshot), fingerprint, identities, checked: None, local: false, failed: None }
    }

    async fn write(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, heard: &Heard) -> Result<Known> {
        let folder = self.folder(table);
        let fingerprint = fingerprint(table.distribution());
        let identities = Identity::all(&objects);
        let (this, at) = (Arc::clone(self), folder.clone());
        let lock = blocking(move || manifest::lock(&at)).await?;
        let (same_table, same_fingerprint) = (table.clone(), fingerprint.clone());
        let last = blocking(move || this.last(&same_table, &same_fingerprint)).await?;
        if let Some(known) = last.filter(|k| k.identities == identities) {
            return Ok(known);
        }
        let label = format!("{}.{}", table.schema, table.name);
        let size: u64 = objects.iter().map(|o| o.meta.size).sum();
        heard(ProgressEvent::Started { table: label.clone(), files: objects.len(), bytes: size });
        let (at, of) = (folder.clone(), fingerprint.clone());
        let mut before = blocking(move || Before::newest(&at, &of)).await?.map(Arc::new);
        let objects: Arc<[Object]> = objects.into();
        let stop = self.stop.within(self.options.touch_timeout, &label);
        let (staging, built) = loop {
            let stays = before.as_ref().map_or_else(|| vec![None; objects.len()], |b| b.stays(&objects));
            before = before.filter(|_| stays.iter().any(Option::is_some));
            let staging = self.state.stage()?;
            let given = tokio::select! {
                given = self.fetch(&objects, &stays, staging.scratch(), &label, heard) => given?,
                stopped = stop.reached() => return Err(stopped),
            };
            let (this, heard_there, name, stop) = (Arc::clone(self), Arc::clone(heard), label.clone(), stop.clone());
            let (distribution, earlier) = (table.distribution().clone(), before.clone());
            let (staging, outcome) = blocking(move || {
                let raws = || given.iter().filter_map(|g| if let Given::Raw(raw) = g { Some(raw) } else { None });
                let fetched: u64 = raws().filter(|r| r.sha256.is_some()).map(|r| r.bytes).sum();
                let read: u64 = raws().map(|r| r.bytes).sum();
                let progress = |done: u64, all: u64| {
                    // What stays as it is counts as read, and what had to be fetched was half of the way.
                    let passed = size.saturating_sub(read) + fetched / 2;
                    let part = u128::from(size.saturating_sub(passed)) * u128::from(done.min(all)) / u128::from(all.max(1));
                    let bytes = passed + u64::try_from(part).unwrap_or(0);
                    heard_there(ProgressEvent::Read { table: name.clone(), bytes });
                };
                let orders = Orders {
                    distribution: &distribution,
                    options: &this.options,
                    stop: &stop,
                    scratch: staging.scratch(),
                    target: &staging.snapshot(),
                    heard: &progress,
                };
                let outcome = match (columnar::Form::of(distribution.format), &earlier) {
                    (Some(_), _) => {
                        let raws: Vec<&Raw> = raws().collect();
                        Outcome::Built(columnar::build(&raws, &orders)?)
                    }
                    (None, None) => build(&given, None, &orders)?,
                    (None, Some(before)) => before.build(&given, &orders)?,
                };
                Ok((staging, outcome))
            })
            .await?;
            match (outcome, &before) {
                (Outcome::Built(built), _) => break (staging, built),
                (Outcome::NeedsAll, Some(_)) => before = None,
                (Outcome::NeedsAll, None) => {
                    return Err(Error::new(Kind::Internal, "all files were given, and others were asked for"));
                }
            }
        };
        let (this, heard_there, name) = (Arc::clone(self), Arc::clone(heard), label.clone());
        let distribution = table.distribution().clone();
        let known = blocking(move || {
            let created = now();
            let id = format!("{}-{}", created.format("%Y%m%dT%H%M%S%6fZ"), &fingerprint[..8]);
            let record = record(id, created, fingerprint, &distribution, &objects, built, before.as_deref(), &staging)?;
            let warnings = record.warnings.clone();
            stop.check()?;
            staging.publish(&folder, record.clone())?;
            this.prune(&folder);
            drop(lock);
            for message in warnings {
                heard_there(ProgressEvent::Warning { table: name.clone(), message });
            }
            this.load(&folder, record)?.ok_or_else(|| Error::new(Kind::Io, "a snapshot vanished as soon as it was written"))
        })
        .await?;
        self.measure_later(table, &known.snapshot);
        heard(ProgressEvent::Finished { table: label, rows: known.snapshot.rows, rejects: known.snapshot.rejects });
        Ok(known)
    }

    /// The objects' bytes, but of those that `stays` names as files of an earlier build.
    async fn fetch(
        &self,
        objects: &[Object],
        stays: &[Option<usize>],
        scratch: &Path,
        label: &str,
        heard: &Heard,
    ) -> Result<Vec<Given>> {
        let arrived = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let fetches = objects.iter().zip(stays).enumerate().map(|(i, (object, stays))| {
            let arrived = Arc::clone(&arrived);
            async move {
                if let Some(index) = *stays {
                    return Ok(Given::Same { index });
                }
                if object.meta.size > self.options.max_file_bytes {
                    return Err(super::archive::too_large(&object.url, self.options.max_file_bytes));
                }
                let spool = scratch.join(format!("raw-{i}"));
                fetch(object, &spool, |more| {
                    let all = arrived.fetch_add(more, std::sync::atomic::Ordering::Relaxed) + more;
                    heard(ProgressEvent::Read { table: label.to_owned(), bytes: all / 2 });
                })
                .await
                .map(Given::Raw)
            }
        });
        let fetches: Vec<_> = fetches.collect();
        futures::stream::iter(fetches).buffered(FETCHES).try_collect().await
    }
}

/// The newest snapshot of a table that was read by the same part of the descriptor, and what its build wrote down.
struct Before {
    folder: PathBuf,
    record: Record,
    ledger: Ledger,
}

impl Before {
    /// `None` when there is none whose files all stand.
    fn newest(table: &Path, fingerprint: &str) -> Result<Option<Self>> {
        let Some(manifest) = manifest::read(table)? else { return Ok(None) };
        let Some(record) = manifest.snapshots.into_iter().rev().find(|r| r.fingerprint == fingerprint) else { return Ok(None) };
        let folder = table.join(&record.id);
        let intact = |p: &Part| std::fs::metadata(folder.join(&p.file)).is_ok_and(|m| m.len() == p.bytes);
        if !record.parts.iter().all(intact) {
            return Ok(None);
        }
        let ledger = std::fs::File::open(folder.join(Ledger::FILE)).ok().and_then(Ledger::read);
        Ok(ledger.map(|ledger| Self { folder, record, ledger }))
    }

    /// See [`Ledger::stays`].
    fn stays(&self, objects: &[Object]) -> Vec<Option<usize>> {
        let of = |o: &Object| self.record.sources.iter().position(|s| s.url == o.url && s.identity == o.identity());
        self.ledger.stays(&objects.iter().map(of).collect::<Vec<_>>())
    }

    fn build(&self, given: &[Given], orders: &Orders<'_>) -> Result<Outcome> {
        let part_rows: Vec<u64> = self.record.parts.iter().map(|p| p.rows).collect();
        let rejects = || -> Result<Box<dyn Iterator<Item = Result<Reject>>>> {
            Ok(Box::new(Rejects::read(&self.folder.join(Rejects::FILE))?))
        };
        build(given, Some(&Earlier { ledger: &self.ledger, rejects: &rejects, part_rows: &part_rows }), orders)
    }
}

/// The record of what was built. Parts of before are linked into the new snapshot's folder.
#[allow(clippy::too_many_arguments, reason = "all that a record is made of")]
fn record(
    id: String,
    created: chrono::DateTime<chrono::Utc>,
    fingerprint: String,
    distribution: &Distribution,
    objects: &[Object],
    built: Built,
    before: Option<&Before>,
    staging: &Staging,
) -> Result<Record> {
    let mut warnings = built.warnings;
    let declared = distribution.hash.as_deref().and_then(|h| h.strip_prefix("sha256:"));
    if let (Some(declared), [Some(only)]) = (declared, built.hashes.as_slice())
        && !declared.eq_ignore_ascii_case(only)
    {
        warnings.push(format!("the file's SHA-256 is {only}, and {declared} is declared"));
    }
    let source = |(object, sha256): (&Object, Option<String>)| {
        let same = || before.and_then(|b| b.record.sources.iter().find(|s| s.url == object.url));
        let kept = sha256.is_none();
        let sha256 = sha256.or_else(|| same().map(|s| s.sha256.clone())).unwrap_or_default();
        Source { url: object.url.clone(), identity: object.identity(), size: object.meta.size, sha256, kept }
    };
    let mut parts = Vec::with_capacity(built.parts.len());
    for part in &built.parts {
        parts.push(match (part, before) {
            (BuiltPart::Written(p), _) => Part {
                file: p.path.file_name().map_or_else(String::new, |f| f.to_string_lossy().into_owned()),
                bytes: p.bytes,
                rows: p.rows,
            },
            (BuiltPart::Same(index), Some(before)) => {
                let old = &before.record.parts[*index];
                let file = format!("kept-{index}.parquet");
                std::fs::hard_link(before.folder.join(&old.file), staging.snapshot().join(&file))?;
                Part { file, ..old.clone() }
            }
            (BuiltPart::Same(_), None) => return Err(Error::new(Kind::Internal, "a part of a snapshot that nobody knows")),
        });
    }
    Ok(Record {
        id,
        fingerprint,
        sources: objects.iter().zip(built.hashes).map(source).collect(),
        parts,
        rows: built.rows,
        rows_read: built.rows_read,
        rejects: built.rejects,
        created: created.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        warnings,
        drift: built.drift,
        read: built.read,
    })
}

fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// Runs `work` where blocking is allowed. It goes on when the caller goes away.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => Err(Error::new(Kind::Internal, "reading a source failed inside").caused_by(e)),
    }
}
