//! The ledger: what a build writes down of each published file beside the snapshot, so that the next build reads only the files that
//! changed since. How files are read, and where snapshots are kept, is not known here.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ReadAs;
use super::columns::FileSeen;
use crate::error::Result;

/// What was seen of the files of one snapshot.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// In the order of the snapshot's sources, which each of them counts some of.
    pub(super) stretches: Vec<Stretch>,
}

/// Published files that follow each other and share parts: one, unless there are very many.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Stretch {
    pub(super) sources: Vec<SourceSeen>,
    /// How many of the snapshot's parts are theirs.
    pub(super) parts: usize,
}

/// What was seen of one published file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SourceSeen {
    /// The texts in it: none when it is empty, several when it is an archive.
    pub(super) texts: Vec<TextSeen>,
    /// What the user was told of it.
    pub(super) warnings: Vec<String>,
}

/// What was seen of one text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TextSeen {
    /// How it was read.
    pub(super) read: ReadAs,
    pub(super) seen: FileSeen,
    /// It holds bytes that its encoding does not have.
    pub(super) undecodable: bool,
    /// Records rejected whole.
    pub(super) rejected: u64,
    /// Its lines among the snapshot's rejects.
    pub(super) rejects: u64,
}

impl Ledger {
    /// The file's name within a snapshot's folder.
    pub(super) const FILE: &str = "ledger.json";

    /// Writes it to a snapshot's folder, and syncs it.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let mut out = BufWriter::new(File::create(folder.join(Self::FILE))?);
        serde_json::to_writer(&mut out, self).map_err(std::io::Error::from)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(())
    }

    /// Reads it back; `None` when it can't be read any more, which only costs reading the files again.
    pub(super) fn read(from: impl Read) -> Option<Self> {
        match serde_json::from_reader(BufReader::new(from)) {
            Ok(ledger) => Some(ledger),
            Err(e) => {
                tracing::warn!("a snapshot's ledger can't be read, so that its files are read again: {e}");
                None
            }
        }
    }

    /// Whether it can be of a snapshot that was made of so many sources, and has so many parts and rejects.
    pub(super) fn fits(&self, sources: usize, parts: usize, rejects: u64) -> bool {
        let own = |of: fn(&Stretch) -> usize| self.stretches.iter().map(of).sum::<usize>();
        own(|s| s.sources.len()) == sources
            && own(|s| s.parts) == parts
            && self.texts().map(|t| t.rejects).sum::<u64>() == rejects
    }

    /// Of the files of a new build, those that need not be read: `same` tells for each which file of the ledger's build it is, when it did
    /// not change since. One stays when all that it shares parts with, then and now, are the same and in the same order.
    pub(super) fn stays(&self, same: &[Option<usize>]) -> Vec<Option<usize>> {
        let mut stays = Vec::with_capacity(same.len());
        for stretch in same.chunks(sources_a_part(same.len())) {
            let mut first = 0;
            let before = self.stretches.iter().find_map(|s| {
                let of = first..first + s.sources.len();
                first = of.end;
                (stretch[0] == Some(of.start)).then_some(of)
            });
            let whole = before.is_some_and(|of| stretch.iter().copied().eq(of.map(Some)));
            stays.extend(stretch.iter().map(|s| s.filter(|_| whole)));
        }
        stays
    }

    /// All texts, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &TextSeen> {
        self.stretches.iter().flat_map(|s| &s.sources).flat_map(|s| &s.texts)
    }
}

/// How many published files share parts when there are `sources` of them. Few have parts of their own each; with very many, parts of
/// their own would make every scan open more files than it reads. A number holds for a wide range, so that adding files leaves the
/// others where they are.
pub(super) fn sources_a_part(sources: usize) -> usize {
    match sources {
        0..=64 => 1,
        65..=1024 => 16,
        _ => 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_with_those_they_share_parts_with() {
        let ledger = |stretches: &[usize]| {
            let sources = |n: &usize| std::iter::repeat_with(SourceSeen::default).take(*n).collect();
            Ledger { stretches: stretches.iter().map(|n| Stretch { sources: sources(n), parts: 1 }).collect() }
        };
        let all: Vec<Option<usize>> = (0..70).map(Some).collect();
        let only = |range: std::ops::Range<usize>| (0..70).map(|i| range.contains(&i).then_some(i)).collect::<Vec<_>>();
        for (before, same, stays) in [
            (&[1, 1, 1][..], vec![Some(0), None, Some(2)], vec![Some(0), None, Some(2)]),
            (&[1, 1, 1], vec![Some(2), Some(0)], vec![Some(2), Some(0)]),
            (&[16, 16, 16, 16, 6], only(16..70), only(16..70)),
            (&[16, 16, 16, 16, 6], only(17..64), only(32..64)),
            (&[16, 16, 16, 16, 5], all.clone(), only(0..64)),
            (&[1; 70], all, vec![None; 70]),
        ] {
            assert_eq!(ledger(before).stays(&same), stays, "{before:?} {same:?}");
        }
    }

    #[test]
    fn a_ledger_that_is_damaged_is_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = Ledger { stretches: vec![Stretch { sources: vec![SourceSeen::default()], parts: 1 }] };
        ledger.write(folder.path()).expect("is written");
        let written = std::fs::read(folder.path().join(Ledger::FILE)).expect("is there");
        let read = Ledger::read(written.as_slice()).expect("is whole");
        let fits = |sources, parts, rejects| read.fits(sources, parts, rejects);
        assert_eq!([fits(1, 1, 0), fits(2, 1, 0), fits(1, 0, 0), fits(1, 1, 1)], [true, false, false, false]);
        assert!(Ledger::read(&written[..written.len() - 1]).is_none());
    }
}
