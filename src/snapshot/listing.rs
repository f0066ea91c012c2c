//! What stands of a table, as it is listed: every snapshot with its state, its sources and what was said of it. Nothing is made, asked
//! or removed here.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::state::{Manifest, Record, Rows, Source};

/// Why a snapshot is served although it is not of the source as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Since when every reading of the source failed.
    pub since: DateTime<Utc>,
    /// Why the last one failed.
    pub message: String,
}

/// Where a snapshot stands among those of its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The one that is read.
    Current,
    /// The one that is read, although the source changed or is gone: reading it again failed.
    Stale(Stale),
    /// A newer one took its place; `FOR SYSTEM_TIME AS OF` reads it.
    Superseded,
}

impl Standing {
    /// One word: `current`, `stale` or `superseded`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Stale(_) => "stale",
            Self::Superseded => "superseded",
        }
    }
}

/// A snapshot that stands, as it was written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub id: String,
    /// `None` when what was written down is no time.
    pub created: Option<DateTime<Utc>>,
    pub standing: Standing,
    /// `written` under the state folder, or scanned in place as `parquet` or `arrow`.
    pub layout: &'static str,
    pub rows: u64,
    /// `rows` and `rejected_rows` together.
    pub rows_read: u64,
    /// Records that are missing in the table.
    pub rejected_rows: u64,
    /// Cells and rows that did not fit.
    pub rejects: u64,
    /// Published files that were read for it; `None` in what was written before this was counted.
    pub files_read: Option<u64>,
    /// Published files that were not read again, since the snapshot before was made of the same versions; the same `None`.
    pub files_kept: Option<u64>,
    /// Files of the table.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Bytes as received that are kept beside them.
    pub raw_bytes: u64,
    /// A list of what it was made of: `url`, `identity` (ETag, or size and time), `size`, `sha256` (null for a file that is scanned where it
    /// stands) and `raw`, the file that keeps it within the snapshot's folder.
    pub sources: Value,
    pub warnings: Vec<String>,
}

/// All that a manifest names, newest first. `current` is the id of the one that is read, and `stale` says why it is not of the source as it is.
pub(super) fn all(manifest: Manifest, current: Option<&str>, stale: Option<&Stale>) -> Vec<Listed> {
    let standing = |id: &str| match stale {
        Some(stale) if current == Some(id) => Standing::Stale(stale.clone()),
        None if current == Some(id) => Standing::Current,
        Some(_) | None => Standing::Superseded,
    };
    manifest.snapshots.into_iter().rev().map(|record| listed(standing(&record.id), record)).collect()
}

fn listed(standing: Standing, record: Record) -> Listed {
    let size = |raw_only: bool| record.sources.iter().filter(|s| !raw_only || s.raw.is_some()).map(|s| s.size).sum::<u64>();
    let (layout, files, bytes) = match record.layout {
        Rows::Written => ("written", record.parts.len(), record.parts.iter().map(|p| p.bytes).sum()),
        Rows::Parquet => ("parquet", record.sources.len(), size(false)),
        Rows::Arrow => ("arrow", record.sources.len(), size(false)),
    };
    let source = |s: &Source| {
        let sha256 = Some(&s.sha256).filter(|hash| !hash.is_empty());
        json!({"url": s.url, "identity": s.identity, "size": s.size, "sha256": sha256, "raw": s.raw})
    };
    Listed {
        created: record.created_at(),
        standing,
        layout,
        rows: record.rows,
        rows_read: record.rows_read,
        rejected_rows: record.rejected_rows.unwrap_or(record.rows_read.saturating_sub(record.rows)),
        rejects: record.rejects,
        files_read: record.files_read,
        files_kept: record.files_kept,
        files: u64::try_from(files).unwrap_or(u64::MAX),
        bytes,
        raw_bytes: size(true),
        sources: record.sources.iter().map(source).collect(),
        id: record.id,
        warnings: record.warnings,
    }
}
