//! Subjects: a table's snapshot as the profiler takes it, with its files on this machine and the place of its profile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FileKind, Files, Profile, Reference, Subject, read};
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::snapshot::fetch::fetch;
use crate::snapshot::make::{Maker, blocking};
use crate::snapshot::state::{Staging, TablePath};
use crate::snapshot::{Layout, ProfiledReference, Snapshot};
use crate::store::Object;

/// The profile's name in a snapshot's folder.
const FILE: &str = "profile.json";

/// The folder beside the snapshots, on this machine, of the profiles whose snapshot has no folder here.
const FOLDER: &str = "profiles";

/// What the name of a profile begins with whose snapshot has no folder of its own.
const IN_PLACE: &str = "profile-";

impl Maker {
    /// See [`crate::snapshot::Snapshots::profile`].
    pub(in crate::snapshot) fn profile(&self, table: &TableEntry, snapshot: &Snapshot) -> Result<Option<Profile>> {
        Ok(read(&self.profile_path(table, snapshot))?.filter(|p| p.snapshot == snapshot.id))
    }

    /// See [`crate::snapshot::Snapshots::measured`].
    pub(in crate::snapshot) async fn measured(
        self: &Arc<Self>,
        table: &TableEntry,
        snapshot: &Arc<Snapshot>,
        references: Vec<ProfiledReference>,
    ) -> Result<Profile> {
        let staging = self.state.stage()?;
        let subject = self.subject(table, snapshot, &staging, "own").await?;
        let mut others = Vec::with_capacity(references.len());
        for (n, reference) in references.into_iter().enumerate() {
            let ProfiledReference { columns, target, target_columns, snapshot } = reference;
            let subject = self.subject(&target, &snapshot, &staging, &format!("target-{n}")).await?;
            let target = format!("{}.{}", target.schema, target.name);
            others.push(Reference { columns, target, target_columns, subject });
        }
        let this = Arc::clone(self);
        blocking(move || {
            let measured = this.profiler.measured(&subject, &others);
            drop(staging);
            measured
        })
        .await
    }

    /// Has a snapshot of ours measured in the background, if that is wanted.
    pub(in crate::snapshot) fn measure_later(&self, table: &TableEntry, snapshot: &Arc<Snapshot>) {
        if let (true, Some(files)) = (self.options.profile, written(snapshot)) {
            let (path, keys) = (self.profile_path(table, snapshot), keys(table));
            self.profiler.later(Subject { table: Arc::new(table.clone()), snapshot: Arc::clone(snapshot), files, path, keys });
        }
    }

    /// A snapshot with its files at hand; those of other machines are fetched into `staging`.
    async fn subject(&self, table: &TableEntry, snapshot: &Arc<Snapshot>, staging: &Staging, part: &str) -> Result<Subject> {
        let files = match &snapshot.layout {
            Layout::Written(_) => written(snapshot).ok_or_else(|| Error::new(Kind::Internal, "a snapshot has no files"))?,
            Layout::Stored(objects) | Layout::Parquet(objects) => {
                here(objects, FileKind::Parquet, snapshot, staging, part).await?
            }
            Layout::Arrow(objects) => here(objects, FileKind::Arrow, snapshot, staging, part).await?,
        };
        let path = self.profile_path(table, snapshot);
        if let (Layout::Stored(_) | Layout::Parquet(_) | Layout::Arrow(_), Some(folder)) = (&snapshot.layout, path.parent()) {
            std::fs::create_dir_all(folder).map_err(|e| Error::from(e).within(folder.display()))?;
            remove_others(folder, &path)?;
        }
        Ok(Subject { table: Arc::new(table.clone()), snapshot: Arc::clone(snapshot), files, path, keys: keys(table) })
    }

    fn profile_path(&self, table: &TableEntry, snapshot: &Snapshot) -> PathBuf {
        let own = match &snapshot.layout {
            Layout::Written(files) => files.first().and_then(|f| f.path.parent()),
            Layout::Stored(_) | Layout::Parquet(_) | Layout::Arrow(_) => None,
        };
        match own {
            Some(folder) => folder.join(FILE),
            None => self
                .options
                .cache
                .join(FOLDER)
                .join(TablePath::of(table).as_str())
                .join(format!("{IN_PLACE}{}.json", snapshot.id)),
        }
    }
}

/// The files of a snapshot that was written; `None` for others.
fn written(snapshot: &Arc<Snapshot>) -> Option<Files> {
    match &snapshot.layout {
        Layout::Written(files) => {
            let paths = files.iter().map(|f| f.path.clone()).collect();
            Some(Files {
                paths,
                kind: FileKind::Parquet,
                schema: Arc::clone(&snapshot.schema),
                partitions: None,
                raws: Vec::new(),
            })
        }
        Layout::Stored(_) | Layout::Parquet(_) | Layout::Arrow(_) => None,
    }
}

async fn here(objects: &[Object], kind: FileKind, snapshot: &Snapshot, staging: &Staging, part: &str) -> Result<Files> {
    let mut raws = Vec::with_capacity(objects.len());
    for (n, object) in objects.iter().enumerate() {
        raws.push(fetch(object, &staging.scratch().join(format!("{part}-{n}")), |_| {}).await?);
    }
    let paths = raws.iter().map(|raw| raw.path.clone()).collect();
    Ok(Files { paths, kind, schema: Arc::clone(&snapshot.schema), partitions: snapshot.partitions.clone(), raws })
}

/// Removes the profiles of a table's earlier versions.
fn remove_others(folder: &Path, path: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_profile = entry.file_name().to_string_lossy().starts_with(IN_PLACE);
        if is_profile && entry.path() != path {
            match std::fs::remove_file(entry.path()) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::from(e).within(entry.path().display())),
                // Another process may have been faster.
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

/// The primary key, and each column that is declared unique.
fn keys(table: &TableEntry) -> Vec<Vec<String>> {
    let schema = &table.distribution().schema;
    let unique = |c: &&crate::descriptor::Column| c.constraints.get("unique").and_then(serde_json::Value::as_bool) == Some(true);
    let columns = schema.columns.iter().filter(unique).map(|c| vec![c.name.clone()]);
    let mut keys: Vec<Vec<String>> = Some(schema.primary_key.clone()).filter(|k| !k.is_empty()).into_iter().collect();
    for key in columns {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}
