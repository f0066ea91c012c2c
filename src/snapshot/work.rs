//! Work: published files are fetched, built and published as a snapshot that is written, with the parts of an older one where files did
//! not change. What a build makes of them is not known here.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt};
use tokio::sync::OwnedSemaphorePermit;

use super::before::{self, Before};
use super::build::{Built, Given, Orders, Outcome, build};
use super::fetch::{Raw, fetch, is_local};
use super::known::{Known, fingerprint, identities, is_strict, label, of_same_paths};
use super::make::{Heard, Maker, blocking, count, now, sources, written_time};
use super::state::{Record, Rows, Source, Staging, TablePath, Turn};
use super::stop::Stop;
use super::write::Rejects;
use super::{ProgressEvent, columnar, raw};
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::name::{clip, quoted};
use crate::store::Object;

/// Remote files that are fetched at the same time.
const FETCHES: usize = 4;

/// The rejects that an error names.
const NAMED_REJECTS: usize = 3;

/// The longest part of a rejected text that an error shows, in bytes.
const RAW_BYTES: usize = 60;

impl Maker {
    /// Makes a snapshot of `objects` that is written.
    pub(super) async fn write(self: &Arc<Self>, table: &TableEntry, objects: Vec<Object>, heard: &Heard) -> Result<Known> {
        let name = label(table);
        let stop = self.stop.within(self.options.touch_timeout, &name);
        let mut turn = self.turn(table, &stop).await?;
        let (this, same_table) = (Arc::clone(self), table.clone());
        let last = blocking(move || this.last(&same_table)).await?;
        if let Some(known) = last.filter(|k| k.identities == identities(&objects)) {
            return Ok(known);
        }
        let bytes: u64 = objects.iter().map(|o| o.meta.size).sum();
        heard(ProgressEvent::Started { table: label(table), files: objects.len(), bytes });
        let mut before = self.before(table).await?;
        loop {
            let stays = before.as_ref().map_or_else(|| vec![None; objects.len()], |b| b.stays(&objects));
            let before = before.take().filter(|_| stays.iter().any(Option::is_some));
            let staging = self.state.stage()?;
            let given = tokio::select! {
                given = self.fetch(&objects, &stays, staging.scratch(), &name, heard) => given?,
                stopped = stop.reached() => return Err(stopped),
            };
            // What stays as it is counts as read, and what had to be fetched was half of the way.
            let read: u64 = raws(&given).iter().map(|r| r.bytes).sum();
            let fetched: u64 = raws(&given).iter().filter(|r| r.sha256.is_some()).map(|r| r.bytes).sum();
            let passed = bytes.saturating_sub(read) + fetched / 2;
            // Only now: a publisher who is slow holds up no other table.
            let room = self.room(&stop).await?;
            let (sources, local, stop) = (sources(&objects), objects.iter().all(is_local), stop.clone());
            let work = Work { turn, staging, given, before, sources, local, bytes, passed, stop, room };
            match self.finish(table, work, heard).await? {
                Made::Stands(known) => return Ok(known),
                Made::NeedsAll(back) => turn = back,
            }
        }
    }

    /// The snapshot whose parts may stay. Where raw files are kept, one that has all of them, since each snapshot has all of its own.
    async fn before(self: &Arc<Self>, table: &TableEntry) -> Result<Option<Before>> {
        let (this, of) = (Arc::clone(self), table.clone());
        let before = blocking(move || Before::newest(this.state.as_ref(), &of)).await?;
        Ok(before.filter(|b| !self.options.keep_raw || b.kept_raw()))
    }

    /// A snapshot made of raw files of the same paths that were kept beside an older one; `None` when none were.
    pub(super) async fn remake(self: &Arc<Self>, table: &TableEntry, heard: &Heard) -> Result<Option<Known>> {
        let stop = self.stop.within(self.options.touch_timeout, &label(table));
        let turn = self.turn(table, &stop).await?;
        let (this, path, fingerprint) = (Arc::clone(self), TablePath::of(table), fingerprint(table.distribution()));
        let found = blocking(move || {
            let records = this.state.manifest(&path)?.unwrap_or_default().snapshots;
            let is_of_the_paths = |r: &Record| r.layout == Rows::Written && of_same_paths(&r.fingerprint, &fingerprint);
            let Some(record) = records.into_iter().next_back().filter(is_of_the_paths) else { return Ok(None) };
            let Some(opened) = this.state.open(&path, &record)? else { return Ok(None) };
            let staging = this.state.stage()?;
            let raws = raw::kept(opened.files.as_ref(), &record, staging.scratch())?;
            Ok(raws.map(|raws| (record, staging, raws)))
        });
        let Some((record, staging, raws)) = found.await? else { return Ok(None) };
        let bytes = raws.iter().map(|r| r.bytes).sum();
        heard(ProgressEvent::Started { table: label(table), files: raws.len(), bytes });
        let room = self.room(&stop).await?;
        let sources = record.sources.into_iter().map(|s| Source { raw: None, ..s }).collect();
        let given = raws.into_iter().map(Given::Raw).collect();
        let work = Work { turn, staging, given, before: None, sources, local: record.local, bytes, passed: 0, stop, room };
        match self.told(self.finish(table, work, heard).await)? {
            Made::Stands(known) => Ok(Some(known)),
            Made::NeedsAll(_) => Err(Error::new(Kind::Internal, "all kept files were given, and others were asked for")),
        }
    }

    /// Builds what is at hand, and publishes it.
    async fn finish(self: &Arc<Self>, table: &TableEntry, work: Work, heard: &Heard) -> Result<Made> {
        let (this, there, of) = (Arc::clone(self), Arc::clone(heard), table.clone());
        let made = blocking(move || this.publish(&of, work, &there)).await?;
        if let Made::Stands(known) = &made {
            self.measure_later(table, &known.snapshot);
            let (rows, rejects) = (known.snapshot.rows, known.snapshot.rejects);
            heard(ProgressEvent::Finished { table: label(table), rows, rejects });
        }
        Ok(made)
    }

    fn publish(&self, table: &TableEntry, work: Work, heard: &Heard) -> Result<Made> {
        let Work { turn, staging, given, before, sources, local, bytes, passed, stop, room: _room } = work;
        let (path, fingerprint, distribution) = (TablePath::of(table), fingerprint(table.distribution()), table.distribution());
        let progress = |done: u64, all: u64| {
            let part = u128::from(bytes.saturating_sub(passed)) * u128::from(done.min(all)) / u128::from(all.max(1));
            let bytes = passed + u64::try_from(part).unwrap_or(0);
            heard(ProgressEvent::Read { table: label(table), bytes });
        };
        let (options, scratch, target) = (&self.options, staging.scratch(), &staging.snapshot());
        let orders = Orders { distribution, options, stop: &stop, scratch, target, heard: &progress };
        let outcome = match (columnar::Form::of_files(&raws(&given), distribution, options), &before) {
            (Some(_), _) => Outcome::Built(columnar::build(&raws(&given), &orders)?),
            (None, None) => build(&given, None, &orders)?,
            (None, Some(before)) => before.build(&given, &orders)?,
        };
        let built = match outcome {
            Outcome::Built(built) => built,
            Outcome::NeedsAll if before.is_some() => return Ok(Made::NeedsAll(turn)),
            Outcome::NeedsAll => return Err(Error::new(Kind::Internal, "all files were given, and others were asked for")),
        };
        if is_strict(table) && built.rejects > 0 {
            return Err(refused(table, &built, &staging.snapshot())?);
        }
        let Built { parts, rows, rows_read, rejected_rows, rejects, hashes, mut warnings, drift, read, required } = built;
        let declared = distribution.hash.as_deref().and_then(|h| h.strip_prefix("sha256:"));
        if let (Some(declared), [Some(only)]) = (declared, hashes.as_slice())
            && !declared.eq_ignore_ascii_case(only)
        {
            warnings.push(format!("the file's SHA-256 is {only}, and {declared} is declared"));
        }
        let kept = if self.options.keep_raw {
            match raw::keep(&given, before.as_ref(), staging.scratch(), &staging.snapshot())? {
                Some(kept) => kept,
                None => return Ok(Made::NeedsAll(turn)),
            }
        } else {
            Vec::new()
        };
        let mut kept = kept.into_iter();
        let sources = before::hashed(sources, hashes, before.as_ref())?;
        let sources = sources.into_iter().map(|s| Source { raw: kept.next(), ..s }).collect();
        let (created, read_anew) = (now(), raws(&given).len());
        let record = Record {
            id: Record::new_id(created)?,
            fingerprint,
            layout: Rows::Written,
            local,
            sources,
            parts: before::parts(&parts, before.as_ref())?,
            rows,
            rows_read,
            rejected_rows: Some(rejected_rows),
            rejects,
            files_read: Some(count(read_anew)),
            files_kept: Some(count(given.len() - read_anew)),
            created: written_time(created),
            warnings: warnings.clone(),
            drift,
            read,
            required,
        };
        if !record.adds_up() {
            let message = format!("{rows_read} rows were read, but {rows} written and {rejected_rows} rejected");
            return Err(Error::new(Kind::Internal, message));
        }
        stop.check()?;
        let seen = Instant::now();
        let record = match self.state.publish(&turn, staging, record) {
            // The snapshot that it shares parts with was removed meanwhile, or these parts were.
            Err(e) if e.kind() == Kind::SourceChanged && before.is_some() => return Ok(Made::NeedsAll(turn)),
            published => published?,
        };
        // In use before others have their turn: by then newer ones may have taken its place.
        let known = self.load(&path, &record, seen)?;
        self.retain(turn, &path);
        for message in warnings {
            heard(ProgressEvent::Warning { table: label(table), message });
        }
        let vanished = || {
            let message = format!("the snapshot {} of {} vanished as soon as it was written", record.id, label(table));
            Error::new(Kind::Io, message).with_hint("Ask again; see whether something else removes files of the state.")
        };
        known.map(Made::Stands).ok_or_else(vanished)
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

/// Files at hand, and where what is made of them goes.
struct Work {
    /// Of the table, until the snapshot stands.
    turn: Turn,
    staging: Staging,
    given: Vec<Given>,
    /// Where what is given as the same stands.
    before: Option<Before>,
    /// What each of `given` is, but for its hash.
    sources: Vec<Source>,
    local: bool,
    /// Of all sources.
    bytes: u64,
    /// How much of it counts as read already.
    passed: u64,
    /// Ends the making, at the latest when its time is over.
    stop: Stop,
    /// Given back when the snapshot stands, also where nobody waits for it any more.
    room: OwnedSemaphorePermit,
}

/// What became of the work.
enum Made {
    Stands(Known),
    /// Nothing, since what was given as the same has to be read as well; the turn goes on.
    NeedsAll(Turn),
}

/// The files that are given to be read.
fn raws(given: &[Given]) -> Vec<&Raw> {
    given.iter().filter_map(|g| if let Given::Raw(raw) = g { Some(raw) } else { None }).collect()
}

/// Why what was built of a strict dataset is not taken: how much does not fit, and the first of it.
fn refused(table: &TableEntry, built: &Built, folder: &Path) -> Result<Error> {
    let rejects = std::fs::File::open(folder.join(Rejects::FILE))?;
    let first = Rejects::read(Box::new(rejects), "of now").take(NAMED_REJECTS).collect::<Result<Vec<_>>>()?;
    let places = first.iter().map(|r| {
        let column = r.column.as_ref().map_or_else(|| "the whole row".to_owned(), |c| format!("column {}", quoted(c)));
        let raw = clip(&r.raw, RAW_BYTES);
        let more = if raw.len() < r.raw.len() { "..." } else { "" };
        format!("{}, line {}, {column}: {raw:?}{more} {}", r.file, r.line, r.reason)
    });
    let what = if built.rejects == 1 { "value or row does" } else { "values or rows do" };
    let message =
        format!("{} is strict, and {} {what} not fit: {}", label(table), built.rejects, places.collect::<Vec<_>>().join("; "));
    Ok(Error::new(Kind::SourceInvalid, message)
        .with_hint("Correct the descriptor, tell the publisher, or take what fits without \"stoa:strict\"."))
}
