//! Guessing the encoding of text that is not UTF-8 and says nothing: by the statistics of `chardetng`, checked against the structure
//! of the East Asian double-byte sets. A guess that nothing supports is not made.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};

use crate::error::Result;
use crate::snapshot::stop::Stop;

/// Text beyond ASCII that is looked at, in bytes of the lines that hold it.
const ENOUGH: u64 = 64 << 20;

/// The longest line that is looked at as one.
const LINE: usize = 1 << 16;

/// Characters that a double-byte set must show before structure alone speaks for it.
const PROOF: u64 = 8;

/// What the file's bytes look like: UTF-8 with damage when most of what is beyond ASCII is sound UTF-8; else what the detector finds,
/// when the text supports it; `None` when nothing does, as for a single sign that stands alone.
pub(super) fn guess(path: &Path, stop: &Stop) -> Result<Option<&'static Encoding>> {
    let mut file = BufReader::with_capacity(LINE, File::open(path)?);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut seen = Seen::default();
    let mut trials = [GB18030, BIG5, SHIFT_JIS, EUC_JP, EUC_KR].map(Trial::new);
    let mut looked_at = 0;
    let mut line = Vec::new();
    while looked_at < ENOUGH {
        stop.check()?;
        line.clear();
        if std::io::Read::take(&mut file, LINE as u64).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.is_ascii() {
            continue;
        }
        looked_at += line.len() as u64;
        detector.feed(&line, false);
        seen.see(&line);
        trials.iter_mut().for_each(|t| t.see(&line));
    }
    detector.feed(&[], true);
    if seen.sound > seen.unsound {
        return Ok(Some(UTF_8));
    }
    let found = detector.guess(None, Utf8Detection::Deny);
    // GBK is the two-byte part of GB18030, which also has the characters that GBK lacks.
    let found = if found == GBK { GB18030 } else { found };
    let proven = |t: &&Trial| t.faults == 0 && t.wide >= PROOF && t.common * 20 >= t.wide * 19;
    Ok(match trials.iter().find(|t| t.encoding == found) {
        Some(trial) if trial.is_plausible() => Some(found),
        Some(_) => trials.iter().find(proven).map(|t| t.encoding),
        None => match trials.iter().find(proven) {
            // What reads as common characters without a fault, line after line, is no chance of single bytes.
            Some(trial) if trial.wide >= 4 * PROOF => Some(trial.encoding),
            Some(_) | None if seen.supported * 2 < seen.runs || seen.runs == 0 => None,
            Some(_) | None => Some(if seen.letters == 0 { WINDOWS_1252 } else { found }),
        },
    })
}

/// What stands beyond ASCII, whatever the encoding.
#[derive(Default)]
struct Seen {
    /// Characters that are sound UTF-8, and places that are not.
    sound: u64,
    unsound: u64,
    /// Runs of bytes beyond ASCII, and those that are part of a word or stand beside a digit: a detector can tell letters of words,
    /// units and currencies; of a sign that stands alone nobody knows what it is.
    runs: u64,
    supported: u64,
    /// Bytes that are letters in the Western set: where there are none, its signs are meant, as `£`, `°` and `²`.
    letters: u64,
}

impl Seen {
    fn see(&mut self, line: &[u8]) {
        for chunk in line.utf8_chunks() {
            self.sound += chunk.valid().bytes().filter(|b| *b >= 0xc0).count() as u64;
            self.unsound += u64::from(!chunk.invalid().is_empty());
        }
        let mut at = 0;
        while let Some(start) = line[at..].iter().position(|b| !b.is_ascii()).map(|i| at + i) {
            let len = line[start..].iter().take_while(|b| !b.is_ascii()).count();
            let letters = line[start..start + len]
                .iter()
                .filter(|b| matches!(b, 0x83 | 0x8a | 0x8c | 0x8e | 0x9a | 0x9c | 0x9e..=0x9f | 0xc0..));
            self.letters += letters.count() as u64;
            let beside = |i: Option<usize>| i.and_then(|i| line.get(i)).is_some_and(u8::is_ascii_alphanumeric);
            self.runs += 1;
            self.supported += u64::from(len > 1 || beside(start.checked_sub(1)) || beside(Some(start + len)));
            at = start + len;
        }
    }
}

/// How the bytes look as text of one double-byte set.
struct Trial {
    encoding: &'static Encoding,
    /// Characters of two and more bytes, and those of them that ordinary text is made of.
    wide: u64,
    common: u64,
    /// Bytes that the set does not have.
    faults: u64,
}

impl Trial {
    fn new(encoding: &'static Encoding) -> Self {
        Self { encoding, wide: 0, common: 0, faults: 0 }
    }

    /// Few faults, and mostly common characters: real text has some rare ones, and files have some damage.
    fn is_plausible(&self) -> bool {
        self.wide > 0 && self.faults * 20 <= self.wide && self.common * 2 >= self.wide
    }

    fn see(&mut self, line: &[u8]) {
        let mut at = 0;
        while let Some(lead) = line.get(at) {
            if lead.is_ascii() {
                at += 1;
                continue;
            }
            let (len, common) = self.character(&line[at..]);
            self.faults += u64::from(len == 0);
            self.wide += u64::from(len > 1);
            self.common += u64::from(len > 1 && common);
            at += len.max(1);
        }
    }

    /// The length of the character at the start of `text`, whose first byte is beyond ASCII, and whether it is a common one; length 0
    /// when there is none. The ranges are those of the WHATWG decoders; common are kana, Hangul, punctuation, and the first levels of
    /// GB 2312, Big5 and JIS X 0208, which order characters by use.
    fn character(&self, text: &[u8]) -> (usize, bool) {
        let (lead, trail) = (text[0], text.get(1).copied().unwrap_or(0));
        let encoding = self.encoding;
        if encoding == GB18030 {
            match (lead, trail) {
                (0x81..=0xfe, 0x30..=0x39) => match text.get(2..4) {
                    Some([0x81..=0xfe, 0x30..=0x39]) => (4, false),
                    Some(_) | None => (0, false),
                },
                (0xa1 | 0xa3 | 0xb0..=0xd7, 0xa1..=0xfe) => (2, true),
                (0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe) => (2, false),
                _ => (0, false),
            }
        } else if encoding == BIG5 {
            match (lead, trail) {
                (0xa1..=0xc6, 0x40..=0x7e | 0xa1..=0xfe) => (2, true),
                (0x87..=0xfe, 0x40..=0x7e | 0xa1..=0xfe) => (2, false),
                _ => (0, false),
            }
        } else if encoding == SHIFT_JIS {
            match (lead, trail) {
                (0xa1..=0xdf, _) => (1, false),
                (0x81..=0x83 | 0x88..=0x97, 0x40..=0x7e | 0x80..=0xfc) => (2, true),
                (0x81..=0x9f | 0xe0..=0xfc, 0x40..=0x7e | 0x80..=0xfc) => (2, false),
                _ => (0, false),
            }
        } else if encoding == EUC_JP {
            match (lead, trail) {
                (0x8e, 0xa1..=0xdf) => (2, false),
                (0x8f, 0xa1..=0xfe) if text.get(2).is_some_and(|b| (0xa1..=0xfe).contains(b)) => (3, false),
                (0xa1 | 0xa3..=0xa5 | 0xb0..=0xcf, 0xa1..=0xfe) => (2, true),
                (0xa1..=0xfe, 0xa1..=0xfe) => (2, false),
                _ => (0, false),
            }
        } else {
            match (lead, trail) {
                (0xa1 | 0xb0..=0xc8, 0xa1..=0xfe) => (2, true),
                (0x81..=0xfe, 0x41..=0x5a | 0x61..=0x7a | 0x81..=0xfe) => (2, false),
                _ => (0, false),
            }
        }
    }
}
