//! Before: the snapshot that a table has when a newer one is to be made, and what of it can stay: parts of files that did not change.
//! What is made of the files that did is the business of `build`.

use std::sync::Arc;

use super::WrittenFile;
use super::build::{BuiltPart, Earlier, Given, Orders, Outcome, build};
use super::known::{fingerprint, read_alike};
use super::ledger::Ledger;
use super::pass::OpenRejects;
use super::state::{Files, Part, Record, Rows, Source, State, TablePath, Use};
use super::write::Rejects;
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::store::Object;

/// The newest snapshot whose files were read alike, of these paths or others, and what its build wrote down.
pub(super) struct Before {
    record: Record,
    ledger: Ledger,
    files: Arc<dyn Files>,
    /// Keeps it from being removed until the newer one shares its parts.
    _held: Option<Use>,
}

impl Before {
    /// `None` when there is none whose files all stand.
    pub(super) fn newest(state: &dyn State, table: &TableEntry) -> Result<Option<Self>> {
        let path = TablePath::of(table);
        let Some(manifest) = state.manifest(&path)? else { return Ok(None) };
        let fingerprint = fingerprint(table.distribution());
        let alike = |r: &&Record| r.layout == Rows::Written && read_alike(&r.fingerprint, &fingerprint);
        let Some(record) = manifest.snapshots.iter().rfind(alike) else { return Ok(None) };
        let Some(opened) = state.open(&path, record)? else { return Ok(None) };
        let ledger = opened.files.read(Ledger::FILE)?.and_then(Ledger::read);
        let ledger = ledger.filter(|l| l.fits(record.sources.len(), record.parts.len(), record.rejects));
        Ok(ledger.map(|ledger| Self { record: record.clone(), ledger, files: opened.files, _held: opened.held }))
    }

    /// Of `objects`, those that need not be read: for each the number of the file that it was then. See [`Ledger::stays`].
    pub(super) fn stays(&self, objects: &[Object]) -> Vec<Option<usize>> {
        let of = |o: &Object| self.record.sources.iter().position(|s| s.url == o.url && s.identity == o.identity());
        self.ledger.stays(&objects.iter().map(of).collect::<Vec<_>>())
    }

    /// Builds from what is given, with what stays.
    pub(super) fn build(&self, given: &[Given], orders: &Orders<'_>) -> Result<Outcome> {
        let part_rows: Vec<u64> = self.record.parts.iter().map(|p| p.rows).collect();
        let rejects: &OpenRejects<'_> = &|| {
            let file = self.files.read(Rejects::FILE)?;
            Ok(Box::new(file.map(|file| Rejects::read(file, &self.record.id)).into_iter().flatten()))
        };
        build(given, Some(&Earlier { ledger: &self.ledger, rejects, part_rows: &part_rows }), orders)
    }

    /// The file of this number.
    pub(super) fn source(&self, index: usize) -> Option<&Source> {
        self.record.sources.get(index)
    }

    /// What stands beside its parts.
    pub(super) fn files(&self) -> &dyn Files {
        self.files.as_ref()
    }

    /// Whether all files were kept as received.
    pub(super) fn kept_raw(&self) -> bool {
        self.record.sources.iter().all(|s| s.raw.is_some())
    }

    /// The hash of a file that stays.
    fn hash(&self, of: &Source) -> Option<String> {
        self.record.sources.iter().find(|s| s.url == of.url && s.identity == of.identity).map(|s| s.sha256.clone())
    }

    /// The part of this number, to be shared by a newer snapshot.
    fn part(&self, index: usize) -> Option<Part> {
        let part = self.record.parts.get(index)?;
        Some(Part { of: Some(part.of.clone().unwrap_or_else(|| self.record.id.clone())), ..part.clone() })
    }
}

/// The sources with their hashes, those of files that stay as they were told `before`.
pub(super) fn hashed(sources: Vec<Source>, hashes: Vec<Option<String>>, before: Option<&Before>) -> Result<Vec<Source>> {
    let hashed = |(source, hash): (Source, Option<String>)| {
        let sha256 = hash.or_else(|| before?.hash(&source));
        let sha256 = sha256.ok_or_else(|| Error::new(Kind::Internal, format!("{} was neither read nor known", source.url)))?;
        Ok(Source { sha256, ..source })
    };
    sources.into_iter().zip(hashes).map(hashed).collect()
}

/// The parts as they are written down.
pub(super) fn parts(built: &[BuiltPart], before: Option<&Before>) -> Result<Vec<Part>> {
    let part = |part: &BuiltPart| match part {
        BuiltPart::Written(WrittenFile { path, bytes, rows }) => {
            let name = path.file_name().expect("a part is written under a name of ours").to_string_lossy().into_owned();
            Ok(Part { file: name, bytes: *bytes, rows: *rows, of: None, e_tag: None })
        }
        BuiltPart::Same(index) => before
            .and_then(|b| b.part(*index))
            .ok_or_else(|| Error::new(Kind::Internal, "a part of a snapshot that nobody knows")),
    };
    built.iter().map(part).collect()
}
