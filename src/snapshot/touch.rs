//! Touches: when a table is asked for, whether the snapshot at hand is still the source's, and one making of a new one shared by
//! all who ask meanwhile. How snapshots are made is not known here.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::SubsecRound;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::fetch::is_local;
use super::known::{Failure, Known, Standing, identities, judged_by};
use super::make::{Heard, Maker, blocking};
use super::state::{Identity, Rows};
use super::{AsOf, Listed, Outcome, Progress, ProgressEvent, Pruned, Refreshed, Retention, Snapshot, Stale, listing};
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};

/// The touches of one state, which end with it: what a stopped one had written is in a temporary folder and goes with it,
/// when the state is opened next if not before.
pub(super) struct Touches(Arc<Inner>);

impl Drop for Touches {
    fn drop(&mut self) {
        self.0.maker.stop.stop();
    }
}

struct Inner {
    maker: Arc<Maker>,
    slots: Mutex<HashMap<Key, Slot>>,
}

/// Catalog, schema and table.
type Key = (String, String, String);

#[derive(Default)]
struct Slot {
    known: Option<Arc<Known>>,
    running: Option<Running>,
}

/// A touch under way.
struct Running {
    judged_by: String,
    asking: Asking,
    listeners: Listeners,
    /// Tells that it ended; it takes itself out of its slot before, unless its runtime went away.
    task: tokio::task::AbortHandle,
    outcome: Touched,
}

/// What comes of a touch, for all who wait for it.
type Touched = Shared<BoxFuture<'static, Result<Arc<Refreshed>, Arc<Error>>>>;

/// Whether a touch may believe what the source said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// For as long as the dataset's or the server's setting says.
    WhenDue,
    /// Not at all; and a version that could not be read is tried again.
    Now,
}

impl Running {
    /// Whether its outcome answers who asks like this: it is judged by the same, and asks the source if that is asked for.
    fn answers(&self, judged_by: &str, asking: Asking) -> bool {
        let asks_enough = match asking {
            Asking::WhenDue => true,
            Asking::Now => self.asking == Asking::Now,
        };
        self.judged_by == judged_by && asks_enough && !self.task.is_finished()
    }
}

/// Those who wait for a touch and want to hear how it goes.
type Listeners = Arc<Mutex<Vec<Progress>>>;

/// A panic while a lock was held left no half-made state behind: each lock is held for single assignments only.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Touches {
    pub(super) fn new(maker: Maker) -> Self {
        Self(Arc::new(Inner { maker: Arc::new(maker), slots: Mutex::default() }))
    }

    /// See [`super::Snapshots::current`] and [`super::Snapshots::refresh`].
    pub(super) async fn touch(&self, table: &TableEntry, progress: Option<Progress>, asking: Asking) -> Result<Arc<Refreshed>> {
        let judged_by = judged_by(table);
        let outcome = {
            let mut slots = locked(&self.0.slots);
            let slot = slots.entry(key(table)).or_default();
            match &slot.running {
                Some(running) if running.answers(&judged_by, asking) => {
                    locked(&running.listeners).extend(progress);
                    running.outcome.clone()
                }
                Some(_) | None => {
                    let fresh = |k: &&Arc<Known>| asking == Asking::WhenDue && self.0.is_fresh(k, table);
                    if let Some(known) = slot.known.as_ref().filter(fresh) {
                        return Ok(Arc::new(refreshed(known, table, false)));
                    }
                    // Its bytes may be what is asked for: they are read once.
                    let first = slot.running.take().filter(|r| r.judged_by == judged_by).map(|r| r.outcome);
                    let running = self.start(table, judged_by, progress, asking, first);
                    let outcome = running.outcome.clone();
                    slot.running = Some(running);
                    outcome
                }
            }
        };
        outcome.await.map_err(|e| e.duplicate())
    }

    pub(super) fn maker(&self) -> &Arc<Maker> {
        &self.0.maker
    }

    /// See [`super::Snapshots::last`].
    pub(super) fn last(&self, table: &TableEntry) -> Result<Option<Arc<Snapshot>>> {
        if let Some(known) = self.0.known(table) {
            return Ok(Some(Arc::clone(&known.snapshot)));
        }
        Ok(self.0.maker.last(table)?.map(|k| k.snapshot))
    }

    /// See [`super::Snapshots::stale`].
    pub(super) fn stale(&self, table: &TableEntry) -> Option<Stale> {
        // After a start, what is noted beside the last snapshot.
        let known = self.0.known(table).or_else(|| self.0.maker.last(table).ok().flatten().map(Arc::new))?;
        known.failure(table).map(|f| f.stale.clone())
    }

    /// See [`super::Snapshots::as_of`].
    pub(super) async fn as_of(&self, table: &TableEntry, asked: &AsOf) -> Result<Arc<Snapshot>> {
        let (maker, of, when) = (Arc::clone(&self.0.maker), table.clone(), asked.clone());
        let Some((record, known)) = blocking(move || maker.stood(&of, &when)).await? else {
            return match asked {
                AsOf::Time(at) if *at >= chrono::Utc::now() => {
                    Ok(Arc::clone(&self.touch(table, None, Asking::WhenDue).await?.snapshot))
                }
                AsOf::Time(_) | AsOf::Snapshot(_) => {
                    let message = format!("there is no snapshot of {}.{}: it was never read", table.schema, table.name);
                    Err(Error::new(Kind::UndefinedObject, message).with_hint("Read it without FOR SYSTEM_TIME AS OF."))
                }
            };
        };
        let (id, made) = (record.id.clone(), record.created.clone());
        match record.layout {
            Rows::Written => {
                let gone = || {
                    Error::new(Kind::Io, format!("the snapshot {id} can't be read any more: it was removed or damaged"))
                        .with_hint("Ask for another one: catalog.snapshots lists them.")
                };
                known.map(|k| k.snapshot).ok_or_else(gone)
            }
            Rows::Parquet | Rows::Arrow => {
                let now = Arc::clone(&self.touch(table, None, Asking::WhenDue).await?.snapshot);
                if now.id == id {
                    return Ok(now);
                }
                let message = format!("the files of {}.{} are not those of {made} any more", table.schema, table.name);
                Err(Error::new(Kind::SourceChanged, message)
                    .with_detail("Its published files are scanned where they stand, and have changed since.")
                    .with_hint("Ask for it as it is now."))
            }
        }
    }

    /// See [`super::Snapshots::list`].
    pub(super) fn list(&self, table: &TableEntry) -> Result<Vec<Listed>> {
        let Some(Standing { manifest, mut current, mut stale }) = self.0.maker.standing(table)? else { return Ok(Vec::new()) };
        // What this process found out last goes before what was written down.
        if let Some(known) = self.0.known(table).filter(|k| current.as_ref() == Some(&k.snapshot.id)) {
            current = Some(known.snapshot.id.clone());
            stale = known.failure(table).map(|f| f.stale.clone());
        }
        Ok(listing::all(manifest, current.as_deref(), stale.as_ref()))
    }

    /// See [`super::Snapshots::prune`].
    pub(super) fn prune(&self, retention: &Retention, of: &dyn Fn(&[String; 3]) -> bool, dry_run: bool) -> Result<Vec<Pruned>> {
        self.0.maker.prune(retention, of, dry_run)
    }

    /// Starts a touch, behind the one that is `first`. It goes on when all who wait for it go away, until [`Touches`] is dropped.
    fn start(
        &self,
        table: &TableEntry,
        judged_by: String,
        progress: Option<Progress>,
        asking: Asking,
        first: Option<Touched>,
    ) -> Running {
        let listeners: Listeners = Arc::new(Mutex::new(progress.into_iter().collect()));
        let heard: Heard = {
            let listeners = Arc::clone(&listeners);
            Arc::new(move |event: ProgressEvent| {
                let all = locked(&listeners).clone();
                all.iter().for_each(|heard| heard(event.clone()));
            })
        };
        let (inner, table) = (Arc::clone(&self.0), table.clone());
        let listening = Arc::clone(&listeners);
        let task = tokio::spawn(async move {
            let touched = async {
                if let Some(first) = first {
                    // What came of it is for those who asked for it.
                    let _ = first.await;
                }
                inner.touch(&table, asking, &heard).await
            };
            let touched = AssertUnwindSafe(touched).catch_unwind();
            let touched = tokio::select! {
                touched = touched => touched,
                stopped = inner.maker.stop.reached() => Ok(Err(stopped)),
            };
            let mut slots = locked(&inner.slots);
            if let Some(slot) = slots.get_mut(&key(&table)) {
                slot.running = slot.running.take().filter(|r| !Arc::ptr_eq(&r.listeners, &listening));
            }
            touched.unwrap_or_else(|_| Err(Error::new(Kind::Internal, "reading a source failed inside")))
        });
        let handle = task.abort_handle();
        let outcome = async move {
            match task.await {
                Ok(touched) => touched.map(Arc::new).map_err(Arc::new),
                Err(e) => Err(Arc::new(Error::new(Kind::Shutdown, "reading a source was stopped").caused_by(e))),
            }
        };
        Running { judged_by, asking, listeners, task: handle, outcome: outcome.boxed().shared() }
    }
}

fn key(table: &TableEntry) -> Key {
    (table.catalog.clone(), table.schema.clone(), table.name.clone())
}

impl Inner {
    /// What this process knows of a table, as long as that may be believed.
    fn known(&self, table: &TableEntry) -> Option<Arc<Known>> {
        let known = locked(&self.slots).get(&key(table)).and_then(|s| s.known.clone());
        known.filter(|k| k.suits(table) && self.maker.believes(k))
    }

    /// Whether the snapshot can be served without asking a remote source again.
    fn is_fresh(&self, known: &Known, table: &TableEntry) -> bool {
        let recent = match self.believed_for(table) {
            Some(believed) => known.checked.is_some_and(|at| at.elapsed() < believed),
            None => true,
        };
        known.suits(table) && !known.local && recent && self.maker.believes(known)
    }

    /// How long a remote source is believed to be unchanged; `None` for ever.
    fn believed_for(&self, table: &TableEntry) -> Option<Duration> {
        table.dataset.believed_for(table.distribution, self.maker.options.revalidate)
    }

    async fn touch(&self, table: &TableEntry, asking: Asking, heard: &Heard) -> Result<Refreshed> {
        let known = match self.known(table) {
            Some(known) => Some(known),
            None => {
                let (maker, table) = (Arc::clone(&self.maker), table.clone());
                blocking(move || maker.last(&table)).await?.map(Arc::new)
            }
        };
        if let Some(known) = known.as_ref().filter(|k| asking == Asking::WhenDue && self.is_fresh(k, table)) {
            self.keep(table, Arc::clone(known));
            return Ok(refreshed(known, table, false));
        }
        let mut asked = self.ask(table, known.as_deref(), asking, heard).await;
        if asked.as_ref().is_err_and(|f| f.error.kind() == Kind::SourceChanged) {
            asked = self.ask(table, known.as_deref(), asking, heard).await;
        }
        let before = known.as_ref().map(|k| k.snapshot.id.clone());
        let now = match asked {
            Ok(now) => {
                if known.as_ref().is_some_and(|k| k.failure(table).is_some()) {
                    self.note(table, None).await;
                }
                now
            }
            Err(Unread { error, of }) if leaves_the_last_one(error.kind()) => {
                let known = match known {
                    Some(known) => Some(known),
                    None => self.maker.stand_in(table, error.kind(), heard).await.map(Arc::new),
                };
                let Some(known) = known else { return Err(error) };
                // To the precision in which it is written down.
                let now = || chrono::Utc::now().trunc_subsecs(6);
                let since = known.failure(table).map_or_else(now, |f| f.stale.since);
                let stale = Stale { since, message: error.message().to_owned() };
                let failure = Failure { stale, judged_by: judged_by(table), of, error: Arc::new(error) };
                if known.failure(table).is_none_or(|f| f.stale != failure.stale || f.of != failure.of) {
                    self.note(table, Some(failure.clone())).await;
                }
                Known { failed: Some(failure), ..checked(&known, known.local) }
            }
            Err(Unread { error, .. }) => return Err(error),
        };
        let refreshed = refreshed(&now, table, before.is_none_or(|id| id != now.snapshot.id));
        self.keep(table, Arc::new(now));
        Ok(refreshed)
    }

    fn keep(&self, table: &TableEntry, known: Arc<Known>) {
        locked(&self.slots).entry(key(table)).or_default().known = Some(known);
    }

    async fn note(&self, table: &TableEntry, failed: Option<Failure>) {
        let (maker, table) = (Arc::clone(&self.maker), table.clone());
        // It was said where the next process would look; this one knows.
        let _ = blocking(move || {
            maker.note(&table, failed.as_ref());
            Ok(())
        })
        .await;
    }

    /// Asks the source, and makes a new snapshot when it is not what it was.
    async fn ask(&self, table: &TableEntry, known: Option<&Known>, asking: Asking, heard: &Heard) -> Result<Known, Unread> {
        let objects = self.maker.resolve(table.distribution()).await.map_err(|error| Unread { error, of: None })?;
        let local = objects.iter().all(is_local);
        let versions = identities(&objects);
        if let Some(known) = known {
            if known.identities == versions {
                return Ok(checked(known, local));
            }
            let again = known.failure(table).filter(|f| asking == Asking::WhenDue && f.of.as_ref() == Some(&versions));
            if let Some(failed) = again {
                return Err(Unread { error: failed.error.duplicate(), of: Some(versions) });
            }
        }
        match self.maker.make(table, objects, heard).await {
            Ok(made) => Ok(checked(&made, local)),
            // The same bytes would fail again.
            Err(error) if matches!(error.kind(), Kind::SourceInvalid | Kind::InvalidEncoding) => {
                Err(Unread { error, of: Some(versions) })
            }
            Err(error) => Err(Unread { error, of: None }),
        }
    }
}

/// A snapshot as it is told to those who asked for it.
fn refreshed(known: &Known, table: &TableEntry, new: bool) -> Refreshed {
    let outcome = match known.failure(table) {
        Some(failed) => Outcome::Failed(failed.stale.clone()),
        None if new => Outcome::New,
        None => Outcome::Unchanged,
    };
    Refreshed { snapshot: Arc::clone(&known.snapshot), outcome }
}

/// A source that could not be read, and when it is the content's fault, which version of it.
struct Unread {
    error: Error,
    of: Option<Vec<Identity>>,
}

/// The same, asked just now.
fn checked(known: &Known, local: bool) -> Known {
    Known {
        snapshot: Arc::clone(&known.snapshot),
        fingerprint: known.fingerprint.clone(),
        identities: known.identities.clone(),
        checked: Some(Instant::now()),
        local,
        seen: known.seen,
        failed: None,
    }
}

/// Whether a failed refresh leaves the last good snapshot to be served: when the source or the disk is at fault, not we or the descriptor.
fn leaves_the_last_one(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SourceMissing
            | Kind::SourceUnreachable
            | Kind::SourceInvalid
            | Kind::SourceChanged
            | Kind::Timeout
            | Kind::InvalidEncoding
            | Kind::DiskFull
            | Kind::Io
    )
}
