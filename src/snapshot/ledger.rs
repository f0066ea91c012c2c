//! The ledger: what a build writes down of each published file beside the snapshot, so that the next build reads only the files that
//! changed since. How files are read, and where snapshots are kept, is not known here.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ReadAs;
use super::columns::FileSeen;
use crate::error::Result;

/// What the columns' [`FileSeen`] mean: places in lists of the typing code are stored as bits. To be raised with every change in
/// `types` that gives bits, counts or their absence another meaning (a list that has another order or length, another cell that counts
/// as a number, a date or a word), so that no part stays whose types an older Stoa chose.
const TYPING: u32 = 4;

/// What was seen of the files of one snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// [`TYPING`] when it was written; 0 before that was.
    #[serde(default)]
    typing: u32,
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

impl Default for Ledger {
    fn default() -> Self {
        Self { typing: TYPING, stretches: Vec::new() }
    }
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

    /// Reads it back; `None` when it can't be read any more or was written by a Stoa that types otherwise, which only costs reading the
    /// files again.
    pub(super) fn read(from: impl Read) -> Option<Self> {
        match serde_json::from_reader::<_, Self>(BufReader::new(from)) {
            Ok(ledger) if ledger.typing == TYPING => Some(ledger),
            Ok(ledger) => {
                tracing::info!(ledger.typing, "a snapshot's ledger is of another Stoa, so that its files are read again");
                None
            }
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
    use sha2::{Digest, Sha256};

    use super::super::cells::{CellKind, Cells, Span};
    use super::super::fetch::hex;
    use super::*;
    use crate::descriptor::Distribution;

    #[test]
    fn files_stay_with_those_they_share_parts_with() {
        let ledger = |stretches: &[usize]| {
            let sources = |n: &usize| std::iter::repeat_with(SourceSeen::default).take(*n).collect();
            let stretches = stretches.iter().map(|n| Stretch { sources: sources(n), parts: 1 }).collect();
            Ledger { stretches, ..Ledger::default() }
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

    /// What is stored of columns of one cell each, which stand for places in all lists of the typing code.
    #[test]
    fn the_number_is_of_what_is_stored() {
        let texts = [
            "true",
            "no",
            "T",
            "y",
            "NA",
            "n/a",
            "NaN",
            "null",
            "-",
            "--",
            "?",
            "none",
            "unknown",
            "1",
            "-2.50",
            "1,234.5",
            "1.234,5",
            "1 234,5",
            "1'234.5",
            "1,5",
            "5%",
            "$7",
            "US$7",
            "7 €",
            "£1,000",
            "7 kr",
            "CHF 3",
            "MXN 4",
            "1e5",
            "INF",
            "007",
            "2020-01-31",
            "2020/01/31",
            "31.01.2020",
            "01/31/2020",
            "31/01/2020",
            "31-01-20",
            "20200131",
            "Jan 31, 2020",
            "31 January 2020",
            "2020年1月31日",
            "2020-01-31T10:00:00Z",
            "2020-01-31 10:00",
            "10:30:00",
            "P1Y2M",
            "PT5M",
            "{\"a\":1}",
            "x",
            "",
        ];
        let mut cells = Cells { width: texts.len(), lines: vec![1], ..Cells::default() };
        for text in texts {
            cells.spans.push(Span::new(cells.text.len(), text.len(), false, CellKind::Plain));
            cells.text.push_str(text);
        }
        let names: Vec<String> = (0..texts.len()).map(|i| i.to_string()).collect();
        let mut seen = FileSeen::default();
        seen.meet(&Distribution::default(), &names, &[]);
        seen.absorb(&cells, false);
        let stored = hex(&Sha256::digest(serde_json::to_vec(&seen).expect("is stored"))[..8]);
        assert_eq!((TYPING, stored.as_str()), (4, "45c8d39643af7658"), "what is stored has changed: raise TYPING, and then this");
    }

    #[test]
    fn a_ledger_that_is_damaged_is_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stretches = vec![Stretch { sources: vec![SourceSeen::default()], parts: 1 }];
        let ledger = Ledger { stretches, ..Ledger::default() };
        ledger.write(folder.path()).expect("is written");
        let written = std::fs::read(folder.path().join(Ledger::FILE)).expect("is there");
        let read = Ledger::read(written.as_slice()).expect("is whole");
        let fits = |sources, parts, rejects| read.fits(sources, parts, rejects);
        assert_eq!([fits(1, 1, 0), fits(2, 1, 0), fits(1, 0, 0), fits(1, 1, 1)], [true, false, false, false]);
        assert!(Ledger::read(&written[..written.len() - 1]).is_none());
        let text = String::from_utf8(written).expect("is JSON");
        let of = |typing: u32| format!("\"typing\":{typing},");
        for (typing, is_read) in [(String::new(), false), (of(0), false), (of(TYPING), true), (of(TYPING + 1), false)] {
            let of_another = text.replace(&of(TYPING), &typing);
            assert_eq!(Ledger::read(of_another.as_bytes()).is_some(), is_read, "{of_another}");
        }
    }
}
