//! Making: from a table's published objects to a snapshot that stands. Files that are scanned where they stand are only written down
//! here; how others are written is in [`super::work`]. When to make one is decided elsewhere, and what stands already is found in
//! [`super::known`].

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fetch::is_local;
use super::known::{Known, fingerprint, label};
use super::partitions::{self, Columns, partitions};
use super::profile::Profiler;
use super::state::{Record, Rows, Source, State, TablePath, Turn};
use super::stop::Stop;
use super::{Layout, Options, ProgressEvent, Snapshot, columnar, field_key, inplace};
use crate::catalog::TableEntry;
use crate::descriptor::{Distribution, Format};
use crate::error::{Error, Kind, Result};
use crate::store::{Object, Place, Stores};

/// How soon who waits for a turn asks again: the first time, and at the longest.
const TURN_WAITS: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(100)];

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

/// Makes snapshots, and keeps them in one state.
pub(super) struct Maker {
    sources: Arc<dyn Sources>,
    pub(super) options: Options,
    /// Ends all that is being made.
    pub(super) stop: Stop,
    pub(super) state: Arc<dyn State>,
    pub(super) profiler: Profiler,
    /// What of the tables that are built at the same time each takes one of; see [`Maker::room`].
    pub(super) rooms: Arc<Semaphore>,
}

/// What files that are scanned where they stand hold.
struct InPlace {
    schema: SchemaRef,
    rows: u64,
    /// Of the longest footer that scans decode.
    footer_bytes: u64,
    /// Which files they are: never [`Rows::Written`].
    layout: Rows,
}

impl InPlace {
    /// Adds what the folders of `objects` tell.
    fn with_partitions(self, table: &TableEntry, objects: &[Object], options: &Options) -> Result<(Self, Option<Columns>)> {
        let told: Vec<_> = objects.iter().map(|object| (object.url.as_str(), partitions(&object.url, ""))).collect();
        let columns = partitions::columns(table.distribution(), &told, &self.schema, options)?;
        let schema = columns.as_ref().map_or_else(|| Arc::clone(&self.schema), |columns| columns.behind(&self.schema));
        Ok((Self { schema: described(&schema, table.distribution()), ..self }, columns))
    }
}

/// The columns with what the files and the descriptor say of them.
fn described(schema: &SchemaRef, distribution: &Distribution) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let mut metadata = field.metadata().clone();
        if columnar::is_json(field) {
            metadata.insert(field_key::LOGICAL.to_owned(), "json".to_owned());
        }
        columnar::said(field.as_ref().clone().with_metadata(metadata), distribution.schema.columns.iter())
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

/// Hears events of one touch.
pub(super) type Heard = Arc<dyn Fn(ProgressEvent) + Send + Sync>;

impl Maker {
    pub(super) fn new(sources: Arc<dyn Sources>, state: Arc<dyn State>, options: Options) -> Self {
        let stop = Stop::default();
        let profiler = Profiler::new(stop.clone());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { sources, options, stop, state, profiler, rooms: Arc::new(Semaphore::new(cores.max(2))) }
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

    /// Makes a snapshot of `objects`, or takes the one that another process made of them meanwhile.
    pub(super) async fn make(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, heard: &Heard) -> Result<Known> {
        let Distribution { format, compression, member, .. } = table.distribution();
        // What is packed, or in an archive, can't be scanned where it stands.
        let is_within = member.is_some() || compression.is_some();
        let made = match format.filter(|_| !is_within) {
            Some(Format::Parquet) => {
                let (schema, rows, footer_bytes) = inplace::parquet(&objects).await?;
                // Bytes in a file, text in SQL: a scan has no way from one to the other.
                if schema.fields().iter().any(|field| columnar::is_uuid(field)) {
                    return self.told(self.write(table, objects, heard).await);
                }
                self.in_place(table, objects, InPlace { schema, rows, footer_bytes, layout: Rows::Parquet }).await
            }
            Some(Format::Arrow) => match inplace::arrow(&objects).await? {
                Some((schema, rows)) => {
                    self.in_place(table, objects, InPlace { schema, rows, footer_bytes: 0, layout: Rows::Arrow }).await
                }
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
        self.told(made)
    }

    /// The outcome, with what to do where the disk is full.
    pub(super) fn told<T>(&self, made: Result<T>) -> Result<T> {
        made.map_err(|e| {
            if e.kind() != Kind::DiskFull {
                return e;
            }
            let (what, folder, option) = match &self.options.state {
                Place::Folder(folder) => ("state", folder, "--state"),
                Place::Bucket(_) => ("cache", &self.options.cache, "--cache"),
            };
            Error::new(Kind::DiskFull, format!("no space is left in the {what} folder {}", folder.display()))
                .with_detail(e.message().to_owned())
                .with_hint(format!("Make room there, or choose another folder with {option}."))
                .caused_by(e)
        })
    }

    async fn in_place(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, form: InPlace) -> Result<Known> {
        let local = objects.iter().all(is_local);
        let (sources, files) = (sources(&objects), count(objects.len()));
        let (InPlace { schema, rows, footer_bytes, layout }, columns) = form.with_partitions(table, &objects, &self.options)?;
        let (partitions, drift, warnings) = columns.map_or_else(Default::default, |c| (Some(c.values), c.drift, c.warnings));
        let (this, path, fingerprint) = (Arc::clone(self), TablePath::of(table), fingerprint(table.distribution()));
        let stop = self.stop.within(self.options.touch_timeout, &label(table));
        let record = blocking(move || {
            let created = now();
            let record = Record {
                id: Record::new_id(created)?,
                fingerprint,
                layout,
                local,
                sources,
                parts: Vec::new(),
                rows,
                rows_read: rows,
                rejected_rows: Some(0),
                rejects: 0,
                files_read: Some(files),
                files_kept: Some(0),
                created: written_time(created),
                warnings,
                drift,
                read: Vec::new(),
                required: Vec::new(),
            };
            this.recorded(&path, record, &stop)
        })
        .await?;
        let identities = record.identities();
        let layout = match layout {
            Rows::Parquet => Layout::Parquet(objects),
            Rows::Arrow => Layout::Arrow(objects),
            Rows::Written => return Err(Error::new(Kind::Internal, "what is written is not scanned in place")),
        };
        let snapshot = Snapshot {
            id: record.id,
            schema,
            layout,
            rows,
            rows_read: rows,
            rejects: 0,
            created: record.created,
            drift: record.drift,
            read: Vec::new(),
            required: Vec::new(),
            partitions,
            footer_bytes,
            files: None,
            _held: None,
        };
        let (snapshot, fingerprint) = (Arc::new(snapshot), record.fingerprint);
        Ok(Known { snapshot, fingerprint, identities, checked: None, local, seen: None, failed: None })
    }

    /// The record of this version of published files, as it was written down when it was first met. What can't be written down is
    /// served all the same.
    fn recorded(&self, table: &TablePath, record: Record, stop: &Stop) -> Result<Record> {
        let written: Result<Record> = (|| {
            let turn = self.wait_for_turn(table, stop)?;
            let last = self.state.manifest(table)?.and_then(|m| m.snapshots.into_iter().next_back());
            if let Some(known) = last.filter(|r| r.layout == record.layout && r.is_of_the_same(&record)) {
                return Ok(known);
            }
            self.state.change(&turn, &|manifest| {
                manifest.add(record.clone());
                true
            })?;
            self.retain(turn, table);
            Ok(record.clone())
        })();
        match written {
            Err(e) if matches!(e.kind(), Kind::DiskFull | Kind::Io) => {
                tracing::warn!(table = table.as_str(), "a version of its files was not written down: {e}");
                Ok(record)
            }
            other => other,
        }
    }

    /// Waits until no other process makes a snapshot of this table, or `stop` ends it.
    pub(super) async fn turn(self: &Arc<Self>, table: &TableEntry, stop: &Stop) -> Result<Turn> {
        let (this, path, stop) = (Arc::clone(self), TablePath::of(table), stop.clone());
        blocking(move || this.wait_for_turn(&path, &stop)).await
    }

    /// The same, blocking. A lock that is waited for can't be asked to give up, so that it is tried again and again.
    pub(super) fn wait_for_turn(&self, table: &TablePath, stop: &Stop) -> Result<Turn> {
        let [mut wait, longest] = TURN_WAITS;
        loop {
            if let Some(turn) = self.state.try_turn(table)? {
                return Ok(turn);
            }
            stop.check().map_err(|e| {
                let is_late = e.kind() == Kind::Timeout;
                if is_late { e.with_detail("Another process was making a snapshot of it all that time.") } else { e }
            })?;
            std::thread::sleep(wait);
            wait = (wait * 2).min(longest);
        }
    }

    /// The right to build one table, of which there are as many as cores and two at least: each build has threads and a window of cells of
    /// its own. Waits until there is one, or `stop` ends it. Who has it waits for no turn and for no other room, so that it is given back.
    pub(super) async fn room(&self, stop: &Stop) -> Result<OwnedSemaphorePermit> {
        tokio::select! {
            room = Arc::clone(&self.rooms).acquire_owned() => {
                room.map_err(|e| Error::new(Kind::Shutdown, "reading a source was stopped").caused_by(e))
            }
            stopped = stop.reached() => Err(stopped),
        }
    }
}

/// What is written down of published files before they are read.
pub(super) fn sources(objects: &[Object]) -> Vec<Source> {
    let source =
        |o: &Object| Source { url: o.url.clone(), identity: o.identity(), size: o.meta.size, sha256: String::new(), raw: None };
    objects.iter().map(source).collect()
}

/// A number of things as it is written down.
pub(super) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

pub(super) fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// A time as records have it: an older one never reads as a later one.
pub(super) fn written_time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// Runs `work` where blocking is allowed. It goes on when the caller goes away.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => Err(Error::new(Kind::Internal, "reading a source failed inside").caused_by(e)),
    }
}
