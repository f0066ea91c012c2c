//! The requests to a bucket that holds a state: reading and replacing manifests, publishing, opening, deleting. When they are made is
//! decided in [`super`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use tokio::runtime::Handle;

use super::ATTEMPTS;
use super::beside::Folder;
use crate::error::{Error, Kind, Result};
use crate::snapshot::state::local::shared_parts_gone;
use crate::snapshot::state::record::{MANIFEST, Manifest, Record, TablePath};
use crate::snapshot::state::{Files, Opened, Staging};
use crate::snapshot::{Layout, inplace};
use crate::store::{Object, Writable, same_tag};

/// What the requests need.
#[derive(Debug)]
pub(super) struct Shared {
    /// As it was given, for messages.
    pub(super) place: String,
    pub(super) at: Writable,
    pub(super) grace: Duration,
}

/// A manifest as it was read, and what tells that version of it.
pub(super) struct Version {
    pub(super) manifest: Manifest,
    /// `None` when there was none.
    pub(super) of: Option<UpdateVersion>,
}

impl Shared {
    /// Where something of a table stands.
    pub(super) fn path(&self, table: &TablePath, below: &[&str]) -> Result<Path> {
        self.join(&[&[table.as_str()], below].concat())
    }

    /// Where something stands below `snapshots`.
    pub(super) fn join(&self, below: &[&str]) -> Result<Path> {
        let all = [&[self.at.prefix.as_ref(), "snapshots"], below].concat();
        let all: Vec<&str> = all.into_iter().filter(|part| !part.is_empty()).collect();
        Path::parse(all.join("/")).map_err(|e| self.failed(e.into()))
    }

    /// The error of a request that can't be answered.
    pub(super) fn failed(&self, e: object_store::Error) -> Error {
        Error::new(Kind::Io, format!("the state {} can't be used: {e}", self.place))
            .with_hint(
                "Check that the bucket is there and that the credentials in the environment may read, write, list and delete.",
            )
            .caused_by(e)
    }

    /// The error of a manifest that others never leave alone.
    pub(super) fn contended(&self, table: &TablePath) -> Error {
        let (place, table) = (&self.place, table.as_str());
        Error::new(Kind::Io, format!("the manifest of {table} in {place} was replaced by others {ATTEMPTS} times"))
            .with_hint("Ask again.")
    }

    /// A table's manifest and its version; `None` before its first snapshot.
    pub(super) async fn manifest(&self, table: &TablePath) -> Result<Option<Version>> {
        let path = self.path(table, &[MANIFEST])?;
        let got = match self.at.store.get(&path).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(e) => return Err(self.failed(e)),
        };
        let of = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(|e| self.failed(e))?;
        let manifest = Manifest::parse(&bytes, &format!("{}{path}", self.at.store_url))?.unwrap_or_default();
        Ok(Some(Version { manifest, of: Some(of) }))
    }

    /// Puts a manifest in the place of the version that was read; `false` when that one is not there any more.
    pub(super) async fn replace(&self, table: &TablePath, manifest: &Manifest, of: Option<UpdateVersion>) -> Result<bool> {
        let mode = of.map_or(PutMode::Create, PutMode::Update);
        let path = self.path(table, &[MANIFEST])?;
        match self.at.store.put_opts(&path, manifest.print()?.into(), PutOptions::from(mode)).await {
            Ok(_) => Ok(true),
            Err(e) if is_conflict(&e) => Ok(false),
            Err(e) => Err(self.failed(e)),
        }
    }

    /// See [`crate::snapshot::state::State::publish`].
    pub(super) async fn publish(&self, table: &TablePath, staging: &Staging, mut record: Record) -> Result<Record> {
        let folder = self.path(table, &[&record.id])?;
        let begun = Instant::now();
        let e_tags = match self.upload(&folder, &staging.snapshot()).await {
            Ok(e_tags) => e_tags,
            Err(e) => {
                // What can't be removed now goes when it is a grace old.
                let _ = self.delete(&folder).await;
                return Err(e);
            }
        };
        for part in record.parts.iter_mut().filter(|p| p.of.is_none()) {
            part.e_tag = e_tags.get(&part.file).cloned().flatten();
        }
        for attempt in 0..ATTEMPTS {
            if begun.elapsed() > self.grace / 2 {
                // By now others may have taken what nobody names for left over.
                self.check_stands(&folder, &e_tags).await?;
            }
            let version = self.manifest(table).await?.unwrap_or(Version { manifest: Manifest::default(), of: None });
            let Version { mut manifest, of } = version;
            if manifest.snapshots.iter().any(|r| r.id == record.id) {
                // It was replaced, and only the answer was lost.
                return Ok(record);
            }
            let theirs = manifest.newest(&record.fingerprint).filter(|r| r.is_of_the_same(&record)).cloned();
            // One that is damaged is what ours was made to stand in for.
            if let Some(theirs) = theirs
                && self.read(table, &theirs).await?.is_some()
            {
                let _ = self.delete(&folder).await;
                return Ok(theirs);
            }
            if let Some(gone) = self.shared_that_is_gone(table, &manifest, &record).await? {
                let _ = self.delete(&folder).await;
                return Err(shared_parts_gone(table, &gone));
            }
            manifest.add(record.clone());
            match self.replace(table, &manifest, of).await {
                Ok(true) => return Ok(record),
                Ok(false) => {}
                // Whether it was replaced is not known: the next look tells, and where there is none, the files must stay.
                Err(e) if attempt > 0 => return Err(e),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(u64::from(attempt.min(10)) * 10)).await;
        }
        // The last refusal may have been of a write that was tried twice, so that the files stay until they are a grace old.
        Err(self.contended(table))
    }

    /// An older snapshot that a record shares parts with, and which is not named any more, or named without them.
    async fn shared_that_is_gone(&self, table: &TablePath, manifest: &Manifest, record: &Record) -> Result<Option<String>> {
        let standing = manifest.folders();
        let mut shared = record.folders().skip(1);
        let Some(first) = shared.next() else { return Ok(None) };
        if let Some(unnamed) = std::iter::once(first).chain(shared).find(|id| !standing.contains(id)) {
            return Ok(Some(unnamed.to_owned()));
        }
        let is_whole = self.read(table, record).await?.is_some();
        Ok((!is_whole).then(|| first.to_owned()))
    }

    /// An error when one of a folder's files is gone.
    async fn check_stands(&self, folder: &Path, files: &BTreeMap<String, Option<String>>) -> Result<()> {
        let listed = self.at.store.list(Some(folder)).try_collect::<Vec<_>>().await.map_err(|e| self.failed(e))?;
        if listed.len() >= files.len() {
            return Ok(());
        }
        let _ = self.delete(folder).await;
        Err(Error::new(Kind::Io, format!("the upload of a snapshot to {} took longer than its grace", self.place))
            .with_hint("Ask again, or give a longer --grace to all servers of this state."))
    }

    /// Deletes what stands below a folder.
    pub(super) async fn delete(&self, folder: &Path) -> Result<()> {
        let names = self.at.store.list(Some(folder)).map_ok(|meta| meta.location).boxed();
        let mut deleted = self.at.store.delete_stream(names);
        while let Some(one) = deleted.next().await {
            match one {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(self.failed(e)),
            }
        }
        Ok(())
    }

    /// The tables that have a manifest. All objects of the state are listed for it.
    pub(super) async fn tables(&self) -> Result<Vec<TablePath>> {
        let root = self.join(&[])?;
        let mut tables = Vec::new();
        let mut objects = self.at.store.list(Some(&root));
        while let Some(object) = objects.try_next().await.map_err(|e| self.failed(e))? {
            let below = object.location.as_ref().strip_prefix(root.as_ref()).unwrap_or_default().trim_start_matches('/');
            let table = below.strip_suffix(MANIFEST).and_then(|table| table.strip_suffix('/'));
            tables.extend(table.and_then(TablePath::parse));
        }
        tables.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        Ok(tables)
    }

    /// The folders of a table, each with the time at which it was last written to.
    pub(super) async fn folders(&self, table: &TablePath) -> Result<BTreeMap<String, DateTime<Utc>>> {
        let root = self.path(table, &[])?;
        let mut folders = BTreeMap::new();
        let mut objects = self.at.store.list(Some(&root));
        while let Some(object) = objects.try_next().await.map_err(|e| self.failed(e))? {
            let below = object.location.as_ref().strip_prefix(root.as_ref()).unwrap_or_default();
            if let Some((id, _)) = below.trim_start_matches('/').split_once('/') {
                let last = folders.entry(id.to_owned()).or_insert(object.last_modified);
                *last = (*last).max(object.last_modified);
            }
        }
        Ok(folders)
    }

    /// The snapshot of a record; `None` when its files are not as they were uploaded.
    pub(super) async fn opened(self: Arc<Self>, table: &TablePath, record: &Record, handle: Handle) -> Result<Option<Opened>> {
        let Some((parts, schema)) = self.read(table, record).await? else { return Ok(None) };
        let folder = self.path(table, &[&record.id])?;
        let files: Arc<dyn Files> = Arc::new(Folder::new(self, folder, handle));
        Ok(Some(Opened { schema, layout: Layout::Stored(parts), files, held: None }))
    }

    /// The parts of a snapshot, each of the version that was uploaded, and their schema; `None` when they are not as they were uploaded.
    async fn read(&self, table: &TablePath, record: &Record) -> Result<Option<(Vec<Object>, SchemaRef)>> {
        let mut objects: BTreeMap<String, ObjectMeta> = BTreeMap::new();
        let folders: BTreeSet<&str> = record.parts.iter().map(|p| record.folder_of(p)).collect();
        for folder in folders {
            let listed = self.at.store.list(Some(&self.path(table, &[folder])?)).try_collect::<Vec<_>>().await;
            let listed = listed.map_err(|e| self.failed(e))?;
            objects.extend(listed.into_iter().map(|meta| (meta.location.to_string(), meta)));
        }
        let mut parts = Vec::with_capacity(record.parts.len());
        for part in &record.parts {
            let path = self.path(table, &[record.folder_of(part), &part.file])?;
            let same = |meta: &ObjectMeta| {
                let tags = part.e_tag.as_ref().zip(meta.e_tag.as_ref());
                meta.size == part.bytes && tags.is_none_or(|(uploaded, listed)| same_tag(uploaded, listed))
            };
            let Some(meta) = objects.remove(path.as_ref()).filter(same) else { return Ok(None) };
            let url = format!("{}{path}", self.at.store_url);
            let (store_url, store) = (self.at.store_url.clone(), Arc::clone(&self.at.store));
            parts.push(Object { url, store_url, store, meta });
        }
        let Some(first) = parts.first() else { return Ok(None) };
        match inplace::parquet(std::slice::from_ref(first)).await {
            Ok((schema, ..)) => Ok(Some((parts, schema))),
            Err(e) if matches!(e.kind(), Kind::SourceInvalid | Kind::SourceMissing | Kind::SourceChanged) => {
                tracing::warn!(url = first.url, "a snapshot can't be read and is made anew: {e}");
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

/// Whether a conditional write was refused since its condition did not hold.
pub(super) fn is_conflict(e: &object_store::Error) -> bool {
    use object_store::Error as E;
    matches!(e, E::AlreadyExists { .. } | E::Precondition { .. } | E::NotModified { .. })
}
