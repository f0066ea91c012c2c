//! Making: from a table's published objects to a snapshot that stands, and from what is written down back to one. When to make
//! one is decided elsewhere.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use sha2::{Digest, Sha256};

use super::build::{Built, build};
use super::fetch::{Raw, fetch, hex, is_local};
use super::manifest::{self, Failed, Identity, Manifest, Part, Record, Source, Staging, State};
use super::stop::Stop;
use super::write::Rejects;
use super::{AsOf, Fate, Layout, Options, ProgressEvent, Pruned, Retention, Snapshot, Stale, WrittenFile, inplace, raw};
use crate::catalog::TableEntry;
use crate::descriptor::{Distribution, Format};
use crate::error::{Error, Kind, Result};
use crate::name::{clip, quoted};
use crate::store::{Object, Stores};

/// Remote files that are fetched at the same time.
const FETCHES: usize = 4;

/// Part of every fingerprint: raised when files are read otherwise than before, so that snapshots are made anew.
const READER: u32 = 2;

/// How often the last snapshot is looked for, when another process removes it meanwhile.
const LOOKS: usize = 3;

/// The rejects that an error names.
const NAMED_REJECTS: usize = 3;

/// The longest part of a rejected text that an error shows, in bytes.
const RAW_BYTES: usize = 60;

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
    /// Why it is not of the source as it is now.
    pub(super) failed: Option<Failure>,
}

/// A source that could not be read, and left the snapshot before it to be served.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) stale: Stale,
    /// The version of each file when its content is at fault, which reading it again would not mend.
    pub(super) of: Option<Vec<Identity>>,
    pub(super) error: Arc<Error>,
}

/// The versions of `objects`, in their order.
pub(super) fn identities(objects: &[Object]) -> Vec<Identity> {
    objects.iter().map(|o| Identity { url: o.url.clone(), identity: o.identity() }).collect()
}

/// What of a descriptor decides how its files are read.
pub(super) fn fingerprint(distribution: &Distribution) -> String {
    let Distribution { paths, format, compression, member, encoding, dialect, schema, .. } = distribution;
    let read_by = format!("{READER} {paths:?} {format:?} {compression:?} {member:?} {encoding:?} {dialect:?} {schema:?}");
    hex(&Sha256::digest(read_by.as_bytes())[..16])
}

/// By what a failure is judged: what decides how files are read, and whether a reject fails their reading.
fn judged_by(table: &TableEntry) -> String {
    let strict = if table.dataset.is_strict(table.distribution) { " strict" } else { "" };
    fingerprint(table.distribution()) + strict
}

/// Makes snapshots under one state folder.
pub(super) struct Maker {
    sources: Arc<dyn Sources>,
    pub(super) options: Options,
    /// Ends all that is being made.
    pub(super) stop: Stop,
    state: State,
}

/// The forms that are scanned where they stand.
#[derive(Clone, Copy)]
enum InPlace {
    Parquet,
    Arrow,
}

/// Hears events of one touch.
pub(super) type Heard = Arc<dyn Fn(ProgressEvent) + Send + Sync>;

impl Maker {
    pub(super) fn open(sources: Arc<dyn Sources>, options: Options) -> Result<Self> {
        let state = State::open(&options.state)?;
        Ok(Self { sources, options, stop: Stop::default(), state })
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

    /// The last good snapshot that was written for this table and fingerprint.
    pub(super) fn last(&self, table: &TableEntry, fingerprint: &str) -> Result<Option<Known>> {
        let folder = self.folder(table);
        // One that another process removes between the two is not the last one any more.
        for _ in 0..LOOKS {
            let Some(mut manifest) = manifest::read(&folder)? else { return Ok(None) };
            let Some(record) = last_of(&manifest, table, fingerprint).cloned() else { return Ok(None) };
            let failed = manifest.failed.take().filter(|f| f.fingerprint == judged_by(table)).and_then(noted);
            if let Some(known) = self.load(&folder, record)? {
                return Ok(Some(Known { failed, ..known }));
            }
        }
        Ok(None)
    }

    /// The record of an older snapshot, or which there are; `None` when there is none at all.
    pub(super) fn find(&self, table: &TableEntry, asked: &AsOf) -> Result<Option<Record>> {
        let records = manifest::read(&self.folder(table))?.unwrap_or_default().snapshots;
        let found = match asked {
            AsOf::Time(at) => records.iter().rfind(|r| r.created_at().is_some_and(|created| created <= *at)),
            AsOf::Snapshot(id) => records.iter().rfind(|r| r.id == *id),
        };
        match (found, records.first()) {
            (Some(found), _) => Ok(Some(found.clone())),
            (None, None) => Ok(None),
            (None, Some(oldest)) => {
                let what = match asked {
                    AsOf::Time(at) => format!("from {} or before", shown(at)),
                    AsOf::Snapshot(id) => format!("with the id \"{id}\""),
                };
                let oldest_made = oldest.created_at().map_or_else(|| oldest.created.clone(), |at| shown(&at));
                Err(Error::new(Kind::UndefinedObject, format!("there is no snapshot of {} {what}", label(table)))
                    .with_detail(format!("The oldest that stands is {}, made at {oldest_made}.", oldest.id))
                    .with_hint("catalog.snapshots lists them; --keep-snapshots and --keep-for say how many stay."))
            }
        }
    }

    /// The snapshot of a record of this table; `None` when its files are not as written.
    pub(super) fn load_of(&self, table: &TableEntry, record: Record) -> Result<Option<Arc<Snapshot>>> {
        Ok(self.load(&self.folder(table), record)?.map(|known| known.snapshot))
    }

    /// What stands of a table, and the id of the snapshot that is current by what was written down.
    pub(super) fn listed(&self, table: &TableEntry) -> Result<Option<(Manifest, Option<String>, Option<Stale>)>> {
        let Some(mut manifest) = manifest::read(&self.folder(table))? else { return Ok(None) };
        let fingerprint = fingerprint(table.distribution());
        let in_place = |r: &Record| r.fingerprint == fingerprint && r.layout != manifest::Layout::Written;
        let current = manifest.snapshots.iter().rfind(|r| in_place(r)).or_else(|| last_of(&manifest, table, &fingerprint));
        let current = current.map(|r| r.id.clone());
        let failed = manifest.failed.take().filter(|f| f.fingerprint == judged_by(table)).and_then(noted);
        Ok(Some((manifest, current, failed.map(|f| f.stale))))
    }

    /// Writes down that a table's source could not be read, or with `None` that it can.
    pub(super) fn note(&self, table: &TableEntry, failed: Option<&Failure>) {
        let failed = failed.map(|f| Failed {
            since: f.stale.since.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            message: f.stale.message.clone(),
            fingerprint: judged_by(table),
            sources: f.of.clone().unwrap_or_default(),
        });
        if let Err(e) = manifest::note(&self.folder(table), failed) {
            // What is served and said does not depend on it.
            tracing::warn!(table = label(table), "that its source can't be read was not written down: {e}");
        }
    }

    fn folder(&self, table: &TableEntry) -> PathBuf {
        self.state.table(&table.catalog, &table.schema, &table.name)
    }

    /// The snapshot of a record; `None` when its files are not as written.
    fn load(&self, folder: &Path, record: Record) -> Result<Option<Known>> {
        let folder = folder.join(&record.id);
        // Before anything is looked at: from here on it stays.
        let lease = self.state.leases().take(self.state.name_of(&folder));
        let parts: Vec<WrittenFile> =
            (record.parts.iter()).map(|p| WrittenFile { path: folder.join(&p.file), bytes: p.bytes, rows: p.rows }).collect();
        let intact = parts.iter().all(|p| std::fs::metadata(&p.path).is_ok_and(|m| m.len() == p.bytes)) && record.adds_up();
        let Some(first) = parts.first().filter(|_| intact) else { return Ok(None) };
        let footer = match ArrowReaderMetadata::load(&File::open(&first.path)?, ArrowReaderOptions::new()) {
            Ok(footer) => footer,
            Err(e) => {
                tracing::warn!(path = %first.path.display(), "a snapshot can't be read and is made anew: {e}");
                return Ok(None);
            }
        };
        let identities = record.identities();
        let snapshot = Snapshot {
            id: record.id,
            schema: Arc::clone(footer.schema()),
            layout: Layout::Written(parts),
            rows: record.rows,
            rows_read: record.rows_read,
            rejects: record.rejects,
            rejects_file: (record.rejects > 0).then(|| folder.join(Rejects::FILE)),
            created: record.created,
            _lease: Some(lease),
        };
        let (fingerprint, local) = (record.fingerprint, record.local);
        Ok(Some(Known { snapshot: Arc::new(snapshot), fingerprint, identities, checked: None, local, failed: None }))
    }

    /// Removes a table's old snapshots. What can't be removed now is left to the next time.
    fn retain(&self, folder: &Path) {
        if let Err(e) = self.state.prune(folder, &self.options.retention, false) {
            tracing::warn!(table = %folder.display(), "old snapshots were not removed: {e}");
        }
    }

    /// See [`super::Snapshots::prune`].
    pub(super) fn prune(&self, retention: &Retention, of: &dyn Fn(&[String; 3]) -> bool, dry_run: bool) -> Result<Vec<Pruned>> {
        let mut all = Vec::new();
        for (table, folder) in self.state.tables()?.into_iter().filter(|(table, _)| of(table)) {
            self.stop.check()?;
            let _lock = manifest::lock(&folder)?;
            let pruning = self.state.prune(&folder, retention, dry_run)?;
            let pruned = |record: &Record, fate| Pruned {
                table: table.clone(),
                snapshot: record.id.clone(),
                created: record.created_at(),
                fate,
            };
            all.extend(pruning.gone.iter().map(|(record, bytes)| pruned(record, Fate::Removed { bytes: *bytes })));
            all.extend(pruning.in_use.iter().map(|record| pruned(record, Fate::InUse)));
            if pruning.unnamed > 0 {
                let fate = Fate::Leftover { bytes: pruning.unnamed };
                all.push(Pruned { table, snapshot: String::new(), created: None, fate });
            }
        }
        Ok(all)
    }

    /// Makes a snapshot of `objects`, or takes the one that another process made of them meanwhile.
    pub(super) async fn make(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, heard: &Heard) -> Result<Known> {
        let made = match table.distribution().format {
            Some(Format::Parquet) => self.in_place(table, objects, InPlace::Parquet).await,
            Some(Format::Arrow) => self.in_place(table, objects, InPlace::Arrow).await,
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
        self.told(made)
    }

    /// The outcome, with what to do where the disk is full.
    fn told<T>(&self, made: Result<T>) -> Result<T> {
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

    async fn in_place(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, form: InPlace) -> Result<Known> {
        let local = objects.iter().all(is_local);
        let sources = sources(&objects);
        let ((schema, rows), layout, written_as) = match form {
            InPlace::Arrow => (inplace::arrow(&objects).await?, Layout::Arrow(objects), manifest::Layout::Arrow),
            InPlace::Parquet => (inplace::parquet(&objects).await?, Layout::Parquet(objects), manifest::Layout::Parquet),
        };
        let (this, folder, fingerprint) = (Arc::clone(self), self.folder(table), fingerprint(table.distribution()));
        let record = blocking(move || {
            let created = now();
            let record = Record {
                id: id(created, &fingerprint),
                fingerprint,
                layout: written_as,
                local,
                sources,
                parts: Vec::new(),
                rows,
                rows_read: rows,
                rejected_rows: Some(0),
                rejects: 0,
                created: written_time(created),
                warnings: Vec::new(),
            };
            this.recorded(&folder, record)
        })
        .await?;
        let identities = record.identities();
        let snapshot = Snapshot {
            id: record.id,
            schema,
            layout,
            rows,
            rows_read: rows,
            rejects: 0,
            rejects_file: None,
            created: record.created,
            _lease: None,
        };
        let (snapshot, fingerprint) = (Arc::new(snapshot), record.fingerprint);
        Ok(Known { snapshot, fingerprint, identities, checked: None, local, failed: None })
    }

    /// The record of this version of published files, as it was written down when it was first met. What can't be written down is
    /// served all the same.
    fn recorded(&self, folder: &Path, record: Record) -> Result<Record> {
        let written: Result<Record> = (|| {
            let _lock = manifest::lock(folder)?;
            let same = |r: &Record| {
                r.fingerprint == record.fingerprint && r.layout == record.layout && r.identities() == record.identities()
            };
            let last = manifest::read(folder)?.and_then(|m| m.snapshots.into_iter().next_back()).filter(same);
            if let Some(known) = last {
                return Ok(known);
            }
            manifest::add(folder, record.clone())?;
            self.retain(folder);
            Ok(record.clone())
        })();
        match written {
            Ok(record) => Ok(record),
            Err(e) if matches!(e.kind(), Kind::DiskFull | Kind::Io) => {
                tracing::warn!(table = %folder.display(), "a version of its files was not written down: {e}");
                Ok(record)
            }
            Err(e) => Err(e),
        }
    }

    async fn write(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, heard: &Heard) -> Result<Known> {
        let lock = self.lock(table).await?;
        let (this, same_table, versions) = (Arc::clone(self), table.clone(), identities(&objects));
        let last = blocking(move || this.last(&same_table, &fingerprint(same_table.distribution()))).await?;
        if let Some(known) = last.filter(|k| k.identities == versions) {
            return Ok(known);
        }
        let bytes = objects.iter().map(|o| o.meta.size).sum();
        heard(ProgressEvent::Started { table: label(table), files: objects.len(), bytes });
        let staging = self.state.stage()?;
        let raws = self.fetch(&objects, staging.scratch(), &label(table), heard).await?;
        // What had to be fetched was half of the way.
        let fetched = raws.iter().filter(|r| r.sha256.is_some()).map(|r| r.bytes).sum::<u64>() / 2;
        let work = Work { lock, staging, raws, sources: sources(&objects), local: objects.iter().all(is_local), bytes, fetched };
        self.finish(table, work, heard).await
    }

    /// A snapshot made of raw files that were kept beside an older one; `None` when none were.
    pub(super) async fn remake(self: &Arc<Self>, table: &TableEntry, heard: &Heard) -> Result<Option<Known>> {
        let lock = self.lock(table).await?;
        let folder = self.folder(table);
        let records = blocking(move || Ok(manifest::read(&folder)?.unwrap_or_default().snapshots)).await?;
        let Some(record) = records.into_iter().next_back().filter(|r| r.layout == manifest::Layout::Written) else {
            return Ok(None);
        };
        let kept_in = self.folder(table).join(&record.id);
        let Some(raws) = raw::kept(&kept_in, &record) else { return Ok(None) };
        let bytes = raws.iter().map(|r| r.bytes).sum();
        heard(ProgressEvent::Started { table: label(table), files: raws.len(), bytes });
        let staging = self.state.stage()?;
        let sources = record.sources.into_iter().map(|s| Source { raw: None, ..s }).collect();
        let work = Work { lock, staging, raws, sources, local: record.local, bytes, fetched: 0 };
        let made = self.finish(table, work, heard).await;
        self.told(made).map(Some)
    }

    /// Waits until no other process makes a snapshot of this table.
    async fn lock(&self, table: &TableEntry) -> Result<File> {
        let folder = self.folder(table);
        blocking(move || manifest::lock(&folder)).await
    }

    /// Builds what is at hand, and publishes it.
    async fn finish(self: &Arc<Self>, table: &TableEntry, work: Work, heard: &Heard) -> Result<Known> {
        let (this, there, of) = (Arc::clone(self), Arc::clone(heard), table.clone());
        let known = blocking(move || this.publish(&of, work, &there)).await?;
        let (rows, rejects) = (known.snapshot.rows, known.snapshot.rejects);
        heard(ProgressEvent::Finished { table: label(table), rows, rejects });
        Ok(known)
    }

    fn publish(&self, table: &TableEntry, work: Work, heard: &Heard) -> Result<Known> {
        let Work { lock, staging, raws, sources, local, bytes, fetched } = work;
        let (folder, fingerprint, distribution) = (self.folder(table), fingerprint(table.distribution()), table.distribution());
        let progress = |done: u64, all: u64| {
            let part = u128::from(bytes.saturating_sub(fetched)) * u128::from(done.min(all)) / u128::from(all.max(1));
            let bytes = fetched + u64::try_from(part).unwrap_or(0);
            heard(ProgressEvent::Read { table: label(table), bytes });
        };
        let built = build(&raws, distribution, &self.options, &self.stop, staging.scratch(), &staging.snapshot(), &progress)?;
        if table.dataset.is_strict(table.distribution) && built.rejects > 0 {
            return Err(refused(table, &built, &staging.snapshot())?);
        }
        let Built { parts, rows, rows_read, rejected_rows, rejects, hashes, mut warnings } = built;
        let declared = distribution.hash.as_deref().and_then(|h| h.strip_prefix("sha256:"));
        if let (Some(declared), [only]) = (declared, hashes.as_slice())
            && !declared.eq_ignore_ascii_case(only)
        {
            warnings.push(format!("the file's SHA-256 is {only}, and {declared} is declared"));
        }
        let kept = if self.options.keep_raw { raw::keep(&raws, staging.scratch(), &staging.snapshot())? } else { Vec::new() };
        let mut kept = kept.into_iter();
        let sources = sources.into_iter().zip(hashes).map(|(s, sha256)| Source { sha256, raw: kept.next(), ..s }).collect();
        let parts = parts.iter().map(|p| Part {
            file: p.path.file_name().map_or_else(String::new, |f| f.to_string_lossy().into_owned()),
            bytes: p.bytes,
            rows: p.rows,
        });
        let created = now();
        let record = Record {
            id: id(created, &fingerprint),
            fingerprint,
            layout: manifest::Layout::Written,
            local,
            sources,
            parts: parts.collect(),
            rows,
            rows_read,
            rejected_rows: Some(rejected_rows),
            rejects,
            created: written_time(created),
            warnings: warnings.clone(),
        };
        if !record.adds_up() {
            let message = format!("{rows_read} rows were read, but {rows} written and {rejected_rows} rejected");
            return Err(Error::new(Kind::Internal, message));
        }
        self.stop.check()?;
        staging.publish(&folder, record.clone())?;
        self.retain(&folder);
        drop(lock);
        for message in warnings {
            heard(ProgressEvent::Warning { table: label(table), message });
        }
        self.load(&folder, record)?.ok_or_else(|| Error::new(Kind::Io, "a snapshot vanished as soon as it was written"))
    }

    async fn fetch(&self, objects: &[Object], scratch: &Path, label: &str, heard: &Heard) -> Result<Vec<Raw>> {
        let arrived = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let fetches = objects.iter().enumerate().map(|(i, object)| {
            let arrived = Arc::clone(&arrived);
            async move {
                if object.meta.size > self.options.max_file_bytes {
                    return Err(super::unpack::too_large(&object.url, self.options.max_file_bytes));
                }
                let spool = scratch.join(format!("raw-{i}"));
                fetch(object, &spool, |more| {
                    let all = arrived.fetch_add(more, std::sync::atomic::Ordering::Relaxed) + more;
                    heard(ProgressEvent::Read { table: label.to_owned(), bytes: all / 2 });
                })
                .await
            }
        });
        let fetches: Vec<_> = fetches.collect();
        futures::stream::iter(fetches).buffered(FETCHES).try_collect().await
    }
}

/// Files at hand, and where what is made of them goes.
struct Work {
    /// Of the table, until the snapshot stands.
    lock: File,
    staging: Staging,
    raws: Vec<Raw>,
    /// What each of `raws` is, but for its hash.
    sources: Vec<Source>,
    local: bool,
    /// Of all `raws`.
    bytes: u64,
    /// How much of it counts as read already.
    fetched: u64,
}

/// What is written down of published files before they are read.
fn sources(objects: &[Object]) -> Vec<Source> {
    let source = |o: &Object| Source {
        url: o.url.clone(),
        identity: o.identity(),
        size: o.meta.size,
        sha256: String::new(),
        raw: None,
    };
    objects.iter().map(source).collect()
}

/// The last record of this fingerprint whose rows were written, and without rejects where those are not taken.
fn last_of<'a>(manifest: &'a Manifest, table: &TableEntry, fingerprint: &str) -> Option<&'a Record> {
    let strict = table.dataset.is_strict(table.distribution);
    let good = |r: &&Record| r.fingerprint == fingerprint && !r.parts.is_empty() && !(strict && r.rejects > 0);
    manifest.snapshots.iter().rfind(good)
}

/// A failure as it was written down; `None` when its time can't be read.
fn noted(failed: Failed) -> Option<Failure> {
    let since = chrono::DateTime::parse_from_rfc3339(&failed.since).ok()?.to_utc();
    let error = Arc::new(Error::new(Kind::SourceInvalid, failed.message.clone()));
    let of = (!failed.sources.is_empty()).then_some(failed.sources);
    Some(Failure { stale: Stale { since, message: failed.message }, of, error })
}

/// Why what was built of a strict dataset is not taken: how much does not fit, and the first of it.
fn refused(table: &TableEntry, built: &Built, folder: &Path) -> Result<Error> {
    let first = Rejects::read(&folder.join(Rejects::FILE))?.take(NAMED_REJECTS).collect::<Result<Vec<_>>>()?;
    let places = first.iter().map(|r| {
        let column = r.column.as_ref().map_or_else(|| "the whole row".to_owned(), |c| format!("column {}", quoted(c)));
        let raw = clip(&r.raw, RAW_BYTES);
        let more = if raw.len() < r.raw.len() { "..." } else { "" };
        format!("{}, line {}, {column}: {raw:?}{more} {}", r.file, r.line, r.reason)
    });
    let what = if built.rejects == 1 { "value or row does" } else { "values or rows do" };
    let message = format!("{} is strict, and {} {what} not fit: {}", label(table), built.rejects, places.collect::<Vec<_>>().join("; "));
    Ok(Error::new(Kind::SourceInvalid, message)
        .with_hint("Correct the descriptor, tell the publisher, or take what fits without \"stoa:strict\"."))
}

/// A table as people know it.
fn label(table: &TableEntry) -> String {
    format!("{}.{}", table.schema, table.name)
}

fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// A time as records have it: an older one never reads as a later one.
fn written_time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// A time as messages have it.
fn shown(at: &chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// What a snapshot made then by a descriptor of this fingerprint is called.
fn id(created: chrono::DateTime<chrono::Utc>, fingerprint: &str) -> String {
    format!("{}-{}", created.format("%Y%m%dT%H%M%S%6fZ"), &fingerprint[..8])
}

/// Runs `work` where blocking is allowed. It goes on when the caller goes away.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => Err(Error::new(Kind::Internal, "reading a source failed inside").caused_by(e)),
    }
}
