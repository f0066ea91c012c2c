//! Touches: when a table is asked for, whether the snapshot at hand is still the source's, and one making of a new one shared by
//! all who ask meanwhile. How snapshots are made is not known here.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::fetch::is_local;
use super::make::{Heard, Identity, Known, Maker, blocking, fingerprint};
use super::{Progress, ProgressEvent, Snapshot};
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};

/// The touches of one state folder, which end with it: what a stopped one had written is in a temporary folder and goes with it,
/// at the next [`Maker::open`] if not before.
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
    fingerprint: String,
    listeners: Listeners,
    outcome: Shared<BoxFuture<'static, Result<Arc<Snapshot>, Arc<Error>>>>,
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

    /// See [`super::Snapshots::current`].
    pub(super) async fn current(&self, table: &TableEntry, progress: Option<Progress>) -> Result<Arc<Snapshot>> {
        let fingerprint = fingerprint(table.distribution());
        let outcome = {
            let mut slots = locked(&self.0.slots);
            let slot = slots.entry(key(table)).or_default();
            match &slot.running {
                Some(running) if running.fingerprint == fingerprint => {
                    locked(&running.listeners).extend(progress);
                    running.outcome.clone()
                }
                Some(_) | None => {
                    if let Some(known) = slot.known.as_ref().filter(|k| self.0.is_fresh(k, &fingerprint)) {
                        return Ok(Arc::clone(&known.snapshot));
                    }
                    let running = self.start(table, fingerprint, progress);
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
        let fingerprint = fingerprint(table.distribution());
        let known = locked(&self.0.slots).get(&key(table)).and_then(|s| s.known.clone());
        if let Some(known) = known.filter(|k| k.fingerprint == fingerprint) {
            return Ok(Some(Arc::clone(&known.snapshot)));
        }
        Ok(self.0.maker.last(table, &fingerprint)?.map(|k| k.snapshot))
    }

    /// Starts a touch that goes on when all who wait for it go away, until [`Touches`] is dropped.
    fn start(&self, table: &TableEntry, fingerprint: String, progress: Option<Progress>) -> Running {
        let listeners: Listeners = Arc::new(Mutex::new(progress.into_iter().collect()));
        let heard: Heard = {
            let listeners = Arc::clone(&listeners);
            Arc::new(move |event: ProgressEvent| {
                let all = locked(&listeners).clone();
                all.iter().for_each(|heard| heard(event.clone()));
            })
        };
        let (inner, table, of) = (Arc::clone(&self.0), table.clone(), fingerprint.clone());
        let listening = Arc::clone(&listeners);
        let task = tokio::spawn(async move {
            let touched = AssertUnwindSafe(inner.touch(&table, &of, &heard)).catch_unwind();
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
        let outcome = async move {
            match task.await {
                Ok(touched) => touched.map_err(Arc::new),
                Err(e) => Err(Arc::new(Error::new(Kind::Shutdown, "reading a source was stopped").caused_by(e))),
            }
        };
        Running { fingerprint, listeners, outcome: outcome.boxed().shared() }
    }
}

fn key(table: &TableEntry) -> Key {
    (table.catalog.clone(), table.schema.clone(), table.name.clone())
}

impl Inner {
    /// Whether the snapshot can be served without asking a remote source again.
    fn is_fresh(&self, known: &Known, fingerprint: &str) -> bool {
        let recent = known.checked.is_some_and(|at| at.elapsed() < self.maker.options.revalidate);
        known.fingerprint == fingerprint && !known.local && recent
    }

    async fn touch(&self, table: &TableEntry, fingerprint: &str, heard: &Heard) -> Result<Arc<Snapshot>> {
        let known = locked(&self.slots).get(&key(table)).and_then(|s| s.known.clone()).filter(|k| k.fingerprint == fingerprint);
        let known = match known {
            Some(known) => Some(known),
            None => {
                let (maker, table, fingerprint) = (Arc::clone(&self.maker), table.clone(), fingerprint.to_owned());
                blocking(move || maker.last(&table, &fingerprint)).await?.map(Arc::new)
            }
        };
        let mut refreshed = self.refresh(table, known.as_deref(), heard).await;
        if refreshed.as_ref().is_err_and(|f| f.error.kind() == Kind::SourceChanged) {
            refreshed = self.refresh(table, known.as_deref(), heard).await;
        }
        let known = match (refreshed, known) {
            (Ok(fresh), _) => fresh,
            (Err(Failure { error, of }), Some(known)) if leaves_the_last_one(error.kind()) => {
                let message = format!("the snapshot of {} is served, since {error}", known.snapshot.created);
                heard(ProgressEvent::Warning { table: format!("{}.{}", table.schema, table.name), message });
                let failed = of.map(|identities| (identities, Arc::new(error)));
                Known { failed, ..checked(&known, known.local) }
            }
            (Err(Failure { error, .. }), _) => return Err(error),
        };
        let snapshot = Arc::clone(&known.snapshot);
        locked(&self.slots).entry(key(table)).or_default().known = Some(Arc::new(known));
        Ok(snapshot)
    }

    /// Asks the source, and makes a new snapshot when it is not what it was.
    async fn refresh(&self, table: &TableEntry, known: Option<&Known>, heard: &Heard) -> Result<Known, Failure> {
        let objects = self.maker.resolve(table.distribution()).await.map_err(|error| Failure { error, of: None })?;
        let local = objects.iter().all(is_local);
        let identities = Identity::all(&objects);
        if let Some(known) = known {
            if known.identities == identities {
                return Ok(checked(known, local));
            }
            if let Some((_, error)) = known.failed.as_ref().filter(|(failed, _)| *failed == identities) {
                return Err(Failure { error: error.duplicate(), of: Some(identities) });
            }
        }
        match self.maker.make(table, objects, heard).await {
            Ok(made) => Ok(checked(&made, local)),
            Err(error) if error.kind() == Kind::SourceInvalid => Err(Failure { error, of: Some(identities) }),
            Err(error) => Err(Failure { error, of: None }),
        }
    }
}

/// A refresh that did not succeed, and when it is the content's fault, of which version.
struct Failure {
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
