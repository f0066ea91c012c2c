//! State in a bucket of S3 (or what speaks its protocol), Azure or GCS: objects never change once they are uploaded, and the manifest is
//! replaced on condition that nobody else did. What is being written stands on this machine until it is whole. Here is what becomes of
//! each call; the requests themselves stand in [`requests`].

mod beside;
mod probe;
mod requests;
mod threads;
mod upload;

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::requests::{Shared, Version};
use self::threads::Threads;
use super::record::{Manifest, Record, TablePath, time};
use super::staging::{Staging, Stagings};
use super::{Change, Choose, Opened, Removal, State, Turn};
use crate::error::{Error, Result};
use crate::store::Writable;

/// How often a manifest that others keep replacing is read again.
const ATTEMPTS: u32 = 50;

/// Snapshots under a prefix of a bucket.
#[derive(Debug)]
pub(in crate::snapshot) struct Bucket {
    shared: Arc<Shared>,
    stagings: Stagings,
    threads: Threads,
}

impl Bucket {
    /// Opens the state under a prefix of a bucket, and a folder for what is being written under `cache`. [`Kind::Config`] when the bucket
    /// does not keep to conditions on writes, [`Kind::Io`] when it can't be written to. See the rules in [`super`] for `grace`.
    pub(in crate::snapshot) fn open(place: &str, at: Writable, cache: &FilePath, grace: Duration) -> Result<Self> {
        let folder = cache.join("staging");
        let stagings = std::fs::create_dir_all(cache).and_then(|()| Stagings::open(folder, &cache.join("staging.lock")));
        let stagings = stagings.map_err(|e| {
            let what = format!("the cache folder {} can't be used", cache.display());
            Error::from(e).within(what).with_hint("Choose another with --cache.")
        })?;
        let shared = Arc::new(Shared { place: place.to_owned(), at, grace });
        let bucket = Self { shared, stagings, threads: Threads::new()? };
        bucket.wait(|shared| async move { shared.probe().await })?;
        Ok(bucket)
    }

    /// Runs requests to their end on the state's own threads.
    fn wait<T, F>(&self, work: impl FnOnce(Arc<Shared>) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.threads.wait(work(Arc::clone(&self.shared)))?
    }
}

impl State for Bucket {
    fn believed(&self) -> Option<Duration> {
        Some(self.shared.grace / 4)
    }

    fn stage(&self) -> Result<Staging> {
        Ok(self.stagings.stage()?)
    }

    fn try_turn(&self, table: &TablePath) -> Result<Option<Turn>> {
        Ok(Some(Turn { table: table.clone(), _lock: None }))
    }

    fn tables(&self) -> Result<Vec<TablePath>> {
        self.wait(|shared| async move { shared.tables().await })
    }

    fn manifest(&self, table: &TablePath) -> Result<Option<Manifest>> {
        let table = table.clone();
        self.wait(|shared| async move { Ok(shared.manifest(&table).await?.map(|version| version.manifest)) })
    }

    fn publish(&self, turn: &Turn, staging: Staging, record: Record) -> Result<Record> {
        let table = turn.table.clone();
        self.wait(|shared| async move { shared.publish(&table, &staging, record).await })
    }

    fn change(&self, turn: &Turn, change: Change<'_>) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let table = turn.table.clone();
            let version = self.wait(|shared| async move { shared.manifest(&table).await })?;
            let Version { mut manifest, of } = version.unwrap_or(Version { manifest: Manifest::default(), of: None });
            if !change(&mut manifest) {
                return Ok(());
            }
            let table = turn.table.clone();
            if self.wait(|shared| async move { shared.replace(&table, &manifest, of).await })? {
                return Ok(());
            }
        }
        Err(self.shared.contended(&turn.table))
    }

    fn open(&self, table: &TablePath, record: &Record) -> Result<Option<Opened>> {
        let (table, record) = (table.clone(), record.clone());
        let handle = self.threads.handle();
        self.wait(|shared| async move { Arc::clone(&shared).opened(&table, &record, handle).await })
    }

    fn remove(&self, turn: &Turn, choose: Choose<'_>) -> Result<Vec<Removal>> {
        let mut removals = Vec::new();
        for _ in 0..ATTEMPTS {
            let table = turn.table.clone();
            let (folders, version) = self.wait(|shared| async move {
                // Folders first: what a manifest read after them does not name was not named when they were listed, or not yet.
                let folders = shared.folders(&table).await?;
                Ok((folders, shared.manifest(&table).await?))
            })?;
            let Some(Version { mut manifest, of }) = version else { return Ok(Vec::new()) };
            let before = manifest.clone();
            let now = Utc::now();
            let gone = manifest.take(&choose(&manifest.snapshots));
            manifest.mark_removed(&gone, now);
            manifest.removed.retain(|r| folders.contains_key(&r.id));
            let (table, grace) = (turn.table.clone(), self.shared.grace);
            let done = self.wait(|shared| async move {
                if manifest != before && !shared.replace(&table, &manifest, of).await? {
                    return Ok(false);
                }
                for id in unneeded(&manifest, &folders, now, grace) {
                    shared.delete(&shared.path(&table, &[id])?).await?;
                }
                Ok(true)
            })?;
            if done {
                removals.extend(gone.into_iter().map(|r| Removal { freed: r.bytes(), record: Some(r), _aside: None }));
                return Ok(removals);
            }
        }
        Err(self.shared.contended(&turn.table))
    }

    fn used(&self, _: &Turn, _: &[String]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Of a table's folders and the times at which they were last written to, those that nobody can be reading or writing any more.
fn unneeded<'a>(
    manifest: &Manifest,
    folders: &'a BTreeMap<String, DateTime<Utc>>,
    now: DateTime<Utc>,
    grace: Duration,
) -> Vec<&'a str> {
    let needed = manifest.folders();
    let over = |since: DateTime<Utc>| (now - since).to_std().is_ok_and(|age| age > grace);
    let unneeded = folders.iter().filter(|(id, written)| {
        let removed = manifest.removed.iter().find(|r| r.id == **id);
        let since = removed.map_or(Some(**written), |r| time(&r.at));
        !needed.contains(id.as_str()) && since.is_some_and(over)
    });
    unneeded.map(|(id, _)| id.as_str()).collect()
}

#[cfg(test)]
mod tests;
