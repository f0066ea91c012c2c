//! What is written down of a table's snapshots: the manifest, its records, and what can be read off them. Where it is kept, and how it
//! is replaced, is the business of each kind of state.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::snapshot::drift::Drift;

/// The version of what is written here; a state of a newer one is not touched.
const VERSION: u32 = 1;

/// The manifest's name beside a table's snapshots.
pub(in crate::snapshot) const MANIFEST: &str = "manifest.json";

/// Where a table stands below `snapshots`: `catalog/schema/name`, each as a part that every file system and bucket takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::snapshot) struct TablePath(String);

impl TablePath {
    /// Of a table of the catalog.
    pub(in crate::snapshot) fn of(table: &TableEntry) -> Self {
        Self::new(&table.catalog, &table.schema, &table.name)
    }

    /// Of these names, whatever characters they hold.
    pub(in crate::snapshot) fn new(catalog: &str, schema: &str, name: &str) -> Self {
        Self(format!("{}/{}/{}", part(catalog), part(schema), part(name)))
    }

    /// Of a path as [`Self::as_str`] gives it; `None` when it has not three parts.
    pub(super) fn parse(path: &str) -> Option<Self> {
        // No part of a name starts with a dot, so that other folders are none of a table.
        let parts: Vec<&str> = path.split('/').collect();
        (parts.len() == 3 && parts.iter().all(|p| !p.is_empty() && !p.starts_with('.'))).then(|| Self(path.to_owned()))
    }

    /// The names that it was made of: catalog, schema and table. Long ones stay cut.
    pub(in crate::snapshot) fn names(&self) -> [String; 3] {
        let mut parts = self.0.split('/').map(unpart);
        [(); 3].map(|()| parts.next().unwrap_or_default())
    }

    /// The path, with `/`.
    pub(in crate::snapshot) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is known of the snapshots of one table, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot) struct Manifest {
    version: u32,
    pub(in crate::snapshot) snapshots: Vec<Record>,
    /// Why the last one is not of the source as it is now; `None` while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::snapshot) failed: Option<Failed>,
    /// Snapshots that nobody is to find any more and whose files still stand (buckets only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) removed: Vec<Removed>,
}

/// What a manifest of any version has.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// A reading of a source that failed, and left the snapshot before it to be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot) struct Failed {
    /// Since when every one failed; RFC 3339.
    pub(in crate::snapshot) since: String,
    /// Why the last one did.
    pub(in crate::snapshot) message: String,
    /// By what it was judged: a fingerprint, and whether rejects are taken.
    pub(in crate::snapshot) judged_by: String,
    /// The version of each file when its content is at fault, which reading it again would not mend; else none.
    pub(in crate::snapshot) sources: Vec<Identity>,
}

/// Which version of which object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot) struct Identity {
    pub(in crate::snapshot) url: String,
    pub(in crate::snapshot) identity: String,
}

/// Where a snapshot's rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::snapshot) enum Rows {
    /// In its parts.
    #[default]
    Written,
    /// In the published Parquet files.
    Parquet,
    /// In the published Arrow files.
    Arrow,
}

/// A snapshot's folder that no record of the manifest needs any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Removed {
    pub(super) id: String,
    /// Since when; RFC 3339.
    pub(super) at: String,
}

/// One snapshot, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot) struct Record {
    /// Of [`Record::new_id`]: the name of its folder.
    pub(in crate::snapshot) id: String,
    /// Of the part of the descriptor that it was read by.
    pub(in crate::snapshot) fingerprint: String,
    #[serde(default)]
    pub(in crate::snapshot) layout: Rows,
    /// Whether all sources are files of the machine that read them.
    #[serde(default)]
    pub(in crate::snapshot) local: bool,
    pub(in crate::snapshot) sources: Vec<Source>,
    pub(in crate::snapshot) parts: Vec<Part>,
    pub(in crate::snapshot) rows: u64,
    /// Records of the source: `rows` and `rejected_rows` together.
    pub(in crate::snapshot) rows_read: u64,
    /// Records that are missing in the table; `None` in what was written before this was counted.
    #[serde(default)]
    pub(in crate::snapshot) rejected_rows: Option<u64>,
    /// Cells and rows.
    pub(in crate::snapshot) rejects: u64,
    /// Files of `sources` that were read, and those whose parts an older snapshot had; `None` in what was written before this was
    /// counted.
    #[serde(default)]
    pub(in crate::snapshot) files_read: Option<u64>,
    #[serde(default)]
    pub(in crate::snapshot) files_kept: Option<u64>,
    /// RFC 3339.
    pub(in crate::snapshot) created: String,
    pub(in crate::snapshot) warnings: Vec<String>,
    /// How the files differ.
    #[serde(default)]
    pub(in crate::snapshot) drift: Vec<Drift>,
    /// How each file was read, in their order; empty ones are left out.
    #[serde(default)]
    pub(in crate::snapshot) read: Vec<ReadAs>,
    /// The columns that are required and in which no value is missing; none in what was written before this was counted.
    #[serde(default)]
    pub(in crate::snapshot) required: Vec<String>,
}

/// How one file was read: what was declared, and what was found out where nothing was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadAs {
    /// Its URL or path.
    pub file: String,
    /// As a descriptor would declare it; `None` for a file that says its own.
    pub encoding: Option<String>,
    /// The encoding is a guess.
    pub guessed: bool,
    /// Of delimited text, the Data Package dialect that reads it the same way.
    pub dialect: Option<serde_json::Value>,
}

/// One published file, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot) struct Source {
    pub(in crate::snapshot) url: String,
    pub(in crate::snapshot) identity: String,
    pub(in crate::snapshot) size: u64,
    /// Of the raw bytes, in hex; empty for a file that is scanned where it stands, since hashing would mean to read all of it.
    pub(in crate::snapshot) sha256: String,
    /// The bytes as received, within the snapshot's folder, where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::snapshot) raw: Option<String>,
}

/// A Parquet file of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot) struct Part {
    /// Its name in the folder.
    pub(in crate::snapshot) file: String,
    pub(in crate::snapshot) bytes: u64,
    pub(in crate::snapshot) rows: u64,
    /// The older snapshot that it was written for and in whose folder it stands; this one's when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::snapshot) of: Option<String>,
    /// What the bucket called its version when it was uploaded. Filled in by the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::snapshot) e_tag: Option<String>,
}

impl Manifest {
    /// Reads a manifest from `place`, which is for messages. `None`, with a warning in the log, when it can't be read any more: the
    /// snapshots are made anew then. [`Kind::Config`] when a newer Stoa wrote it.
    pub(super) fn parse(bytes: &[u8], place: &str) -> Result<Option<Self>> {
        // The version first: what else a newer one holds may have another shape, and is not to be taken for damage.
        if serde_json::from_slice::<Version>(bytes).is_ok_and(|v| v.version > u64::from(VERSION)) {
            return Err(Error::new(Kind::Config, format!("{place} was written by a newer Stoa"))
                .with_hint("Use that version, or another state folder."));
        }
        match serde_json::from_slice::<Self>(bytes) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(e) => {
                tracing::warn!(place, "a manifest can't be read and is made anew: {e}");
                Ok(None)
            }
        }
    }

    /// The manifest as it is kept.
    pub(super) fn print(&self) -> Result<Vec<u8>> {
        let current = Self { version: VERSION, ..self.clone() };
        serde_json::to_vec_pretty(&current).map_err(|e| Error::from(std::io::Error::from(e)))
    }

    /// Adds the record of a snapshot of the source as it is.
    pub(in crate::snapshot) fn add(&mut self, record: Record) {
        self.snapshots.push(record);
        self.failed = None;
    }

    /// The newest snapshot that was read by this part of a descriptor.
    pub(in crate::snapshot) fn newest(&self, fingerprint: &str) -> Option<&Record> {
        self.snapshots.iter().rev().find(|r| r.fingerprint == fingerprint)
    }

    /// The folders that the snapshots' files stand in.
    pub(super) fn folders(&self) -> BTreeSet<&str> {
        self.snapshots.iter().flat_map(Record::folders).collect()
    }

    /// Writes down that the files of `gone`, which were taken out, are not to be found any more since `at`: also those of older snapshots
    /// that were taken out before and that `gone` was the last to share.
    pub(super) fn mark_removed(&mut self, gone: &[Record], at: DateTime<Utc>) {
        let needed: BTreeSet<String> = self.folders().into_iter().map(str::to_owned).collect();
        let left: BTreeSet<&str> = gone.iter().flat_map(Record::folders).filter(|id| !needed.contains(*id)).collect();
        self.removed.retain(|r| !left.contains(r.id.as_str()));
        self.removed.extend(left.into_iter().map(|id| Removed { id: id.to_owned(), at: at.to_rfc3339() }));
    }

    /// Takes out the snapshots of these ids, but never the newest; what was taken out.
    pub(super) fn take(&mut self, ids: &[String]) -> Vec<Record> {
        let newest = self.snapshots.last().map(|r| r.id.clone());
        let goes = |r: &Record| ids.contains(&r.id) && newest.as_ref() != Some(&r.id);
        let (gone, stay) = std::mem::take(&mut self.snapshots).into_iter().partition(goes);
        self.snapshots = stay;
        gone
    }
}

impl Record {
    /// A new snapshot's id: sorts by time, and no other process, on whatever machine, comes to the same one.
    pub(in crate::snapshot) fn new_id(created: DateTime<Utc>) -> Result<String> {
        let mut random = [0; 6];
        getrandom::fill(&mut random).map_err(|e| Error::new(Kind::Io, format!("the system gives no random bytes: {e}")))?;
        Ok(format!("{}-{}", created.format("%Y%m%dT%H%M%S%6fZ"), crate::snapshot::fetch::hex(&random)))
    }

    /// The folders that its files stand in: its own, and those of older snapshots that it shares parts with.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        let shared = self.parts.iter().filter_map(|p| p.of.as_deref());
        std::iter::once(self.id.as_str()).chain(shared)
    }

    /// The folder that a part of this snapshot stands in.
    pub(super) fn folder_of<'a>(&'a self, part: &'a Part) -> &'a str {
        part.of.as_deref().unwrap_or(&self.id)
    }

    /// Whether both are of the same versions of the same files, read in the same way.
    pub(in crate::snapshot) fn is_of_the_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.identities() == other.identities()
    }

    /// When it was made; `None` when that can't be read.
    pub(in crate::snapshot) fn created_at(&self) -> Option<DateTime<Utc>> {
        time(&self.created)
    }

    /// Which versions it was made of.
    pub(in crate::snapshot) fn identities(&self) -> Vec<Identity> {
        self.sources.iter().map(|s| Identity { url: s.url.clone(), identity: s.identity.clone() }).collect()
    }

    /// The bytes of its own parts and of the raw files that are kept.
    pub(in crate::snapshot) fn bytes(&self) -> u64 {
        let raw = self.sources.iter().filter(|s| s.raw.is_some()).map(|s| s.size);
        self.parts.iter().filter(|p| p.of.is_none()).map(|p| p.bytes).chain(raw).sum()
    }

    /// Whether what was read is what is there and what was rejected, in the table and in its files.
    pub(in crate::snapshot) fn adds_up(&self) -> bool {
        let in_parts = self.parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.rows));
        (self.layout != Rows::Written || in_parts == Some(self.rows))
            && self.rejected_rows.is_none_or(|rejected| self.rows.checked_add(rejected) == Some(self.rows_read))
    }
}

/// A time as it is written down.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}

/// A name as a part of a path: separators, control characters, `%` and a leading dot become `%XX`. Long names are cut and told
/// apart by a hash.
fn part(name: &str) -> String {
    use sha2::{Digest, Sha256};
    let mut out = String::with_capacity(name.len());
    for (i, c) in name.chars().enumerate() {
        if c.is_control() || "/\\:%<>\"|?*".contains(c) || (c == '.' && i == 0) {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|b| out.push_str(&format!("%{b:02X}")));
        } else {
            out.push(c);
        }
    }
    if out.is_empty() {
        out.push_str("%00");
    }
    if out.len() > 180 {
        let hash = crate::snapshot::fetch::hex(&Sha256::digest(name.as_bytes())[..8]);
        out = format!("{}%{hash}", crate::name::clip(&out, 150));
    }
    out
}

/// The name that [`part`] made a part of.
fn unpart(part: &str) -> String {
    crate::snapshot::fetch::unescaped(if part == "%00" { "" } else { part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_distinct_as_parts() {
        for (name, want) in [
            ("transport", "transport"),
            ("交通事故", "交通事故"),
            ("..", "%2E."),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("", "%00"),
            (".staging", "%2Estaging"),
        ] {
            assert_eq!((part(name).as_str(), unpart(want).as_str()), (want, name));
        }
        let long = part(&"x".repeat(400));
        assert!(long.len() < 200 && long != part(&"x".repeat(401)));
    }

    #[test]
    fn a_manifest_comes_back_as_it_went() {
        let written = r#"{"version": 1, "snapshots": [{"id": "a", "fingerprint": "f", "sources": [], "parts":
            [{"file": "part-0.parquet", "bytes": 1, "rows": 2}], "rows": 2, "rows_read": 2, "rejects": 0, "created": "", "warnings": []}]}"#;
        let manifest = Manifest::parse(written.as_bytes(), "here").expect("is taken").expect("is one");
        let record = &manifest.snapshots[0];
        assert_eq!(
            (record.parts[0].of.as_deref(), record.layout, record.rejected_rows),
            (None, Rows::Written, None),
            "one of before"
        );
        assert_eq!((record.files_read, record.files_kept), (None, None), "they were not counted then");
        assert!(record.adds_up());
        for broken in [Record { rows: 1, ..record.clone() }, Record { rejected_rows: Some(2), ..record.clone() }] {
            assert!(!broken.adds_up(), "{broken:?}");
        }
        let printed = manifest.print().expect("prints");
        assert_eq!(Manifest::parse(&printed, "here").expect("is taken"), Some(manifest));
        assert_eq!(Manifest::parse(b"{", "here").expect("is no error"), None);
        for newer in [r#"{"version": 2, "snapshots": []}"#, r#"{"version": 7000000000, "tables": {"of": "another shape"}}"#] {
            let newer = Manifest::parse(newer.as_bytes(), "here").map_err(|e| e.to_string());
            assert_eq!(newer, Err("here was written by a newer Stoa".to_owned()));
        }
    }
}
