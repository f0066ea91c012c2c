//! Guessing the encoding of text that is not UTF-8 and says nothing: by the statistics of `chardetng`, checked against the structure
//! of the East Asian double-byte sets. A guess that nothing supports is not made.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, IBM866, ISO_8859_5, KOI8_R, KOI8_U, SHIFT_JIS, UTF_8, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, X_MAC_CYRILLIC,
};

use super::charset::Charset;
use super::single::Words;
use crate::error::Result;
use crate::snapshot::stop::Stop;

/// Text beyond ASCII that is looked at, in bytes of the lines that hold it.
const ENOUGH: u64 = 64 << 20;

/// The longest line that is looked at as one.
const LINE: usize = 1 << 16;

/// Characters that a double-byte set must show before structure alone speaks for it.
const PROOF: u64 = 8;

/// What the file's bytes look like: UTF-8 with damage when most of what is beyond ASCII is sound UTF-8; else what the detector finds,
/// when the text supports it; nothing when nothing does, as for a single sign that stands alone.
pub(super) fn guess(path: &Path, stop: &Stop) -> Result<Option<Charset>> {
    let mut file = BufReader::with_capacity(LINE, File::open(path)?);
    let mut looked = Looked::new();
    let mut line = Vec::new();
    while looked.bytes < ENOUGH {
        stop.check()?;
        line.clear();
        if std::io::Read::take(&mut file, LINE as u64).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        looked.take(&line, line.len() < LINE || line.ends_with(b"\n"));
    }
    Ok(looked.guess())
}

/// Detectors that see a part of the lines each, up to so many bytes.
const PARTS: usize = 8;
const IN_PARTS: u64 = 1 << 20;

/// What was looked at, by all means at once.
pub(in crate::snapshot) struct Looked {
    detector: EncodingDetector,
    /// The detector drops a set for one byte that it lacks, which only some of these see.
    parts: Vec<EncodingDetector>,
    /// Whole lines that are not ASCII.
    lines: usize,
    seen: Seen,
    /// In the order of how few characters each calls common.
    trials: [Trial; 5],
    /// Of lines that are not ASCII.
    bytes: u64,
}

impl Looked {
    pub(in crate::snapshot) fn new() -> Self {
        Self {
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
            parts: (0..PARTS).map(|_| EncodingDetector::new(Iso2022JpDetection::Deny)).collect(),
            lines: 0,
            seen: Seen::default(),
            trials: [EUC_KR, GB18030, EUC_JP, BIG5, SHIFT_JIS].map(Trial::new),
            bytes: 0,
        }
    }

    /// Takes in a line, or the text of a field.
    pub(in crate::snapshot) fn see(&mut self, line: &[u8]) {
        self.take(line, true);
    }

    /// The same of a line that may go on, in the midst of a character as well: no line end is put there.
    fn take(&mut self, line: &[u8], is_whole: bool) {
        if line.is_ascii() {
            return;
        }
        let part = Some(&mut self.parts[self.lines % PARTS]).filter(|_| self.bytes < IN_PARTS);
        for detector in part.into_iter().chain([&mut self.detector]) {
            detector.feed(line, false);
            if is_whole {
                detector.feed(b"\n", false);
            }
        }
        self.bytes += line.len() as u64;
        self.lines += usize::from(is_whole);
        self.seen.see(line);
        self.trials.iter_mut().for_each(|t| t.see(line));
    }

    /// What most parts of the text look like, where that is a set of one byte a character, which the whole does not look like for a few bytes
    /// that it lacks.
    fn of_parts(&self) -> Option<&'static Encoding> {
        let guesses: Vec<_> = self.parts.iter().take(self.lines).map(|part| part.guess(None, Utf8Detection::Deny)).collect();
        let votes = |set: &&'static Encoding| guesses.iter().filter(|guess| *guess == set).count();
        let most = guesses.iter().copied().max_by_key(votes)?;
        (guesses.len() == PARTS && votes(&most) * 4 >= PARTS * 3 && most.is_single_byte() && self.seen.words.lacks_few(most))
            .then_some(most)
    }

    pub(super) fn guess(mut self) -> Option<Charset> {
        self.parts.iter_mut().chain([&mut self.detector]).for_each(|detector| {
            detector.feed(&[], true);
        });
        let Self { detector, seen, trials, .. } = &self;
        if seen.sound > 0 && seen.sound >= seen.unsound {
            return Some(Charset::Whatwg(UTF_8));
        }
        let found = self.of_parts().unwrap_or_else(|| detector.guess(None, Utf8Detection::Deny));
        // GBK is the two-byte part of GB18030, which also has the characters that GBK lacks.
        let found = if found == GBK { GB18030 } else { found };
        let trials: Vec<&Trial> = trials.iter().filter(|t| !t.is_of_words()).collect();
        let proven = |t: &&&Trial| t.faults == 0 && t.wide >= PROOF && t.common * 20 >= t.wide * 19;
        let proven = trials.iter().find(proven);
        let clean = trials.iter().find(|t| t.is_clean());
        let encoding = match trials.iter().find(|t| t.encoding == found) {
            // Of so few characters the detector knows little: one that is rare tells more.
            Some(trial) if trial.wide < PROOF && !trial.is_clean() && seen.odd == 0 && clean.is_some_and(|t| t.wide > 1) => {
                clean.map(|t| t.encoding)
            }
            Some(trial) if trial.is_plausible() => Some(found),
            Some(_) => proven.map(|t| t.encoding),
            None => match (proven, clean) {
                // What reads as common characters without a fault, line after line, is no chance of single bytes.
                (Some(trial), _) if trial.wide >= 4 * PROOF => Some(trial.encoding),
                // Nor is it that words of single letters all have an even length.
                (_, Some(trial)) if is_cyrillic(found) && seen.is_even() && trial.wide >= PROOF / 2 => Some(trial.encoding),
                (_, _) if seen.supported * 2 < seen.runs || seen.runs == 0 => None,
                (_, _) => {
                    let found = match seen.letters {
                        0 if seen.words.are_zlotys(seen.zlotys) => WINDOWS_1250,
                        0 => WINDOWS_1252,
                        _ if !found.is_single_byte() => WINDOWS_1252,
                        _ => found,
                    };
                    return seen.words.meant(found);
                }
            },
        };
        encoding.map(Charset::Whatwg)
    }
}

/// Whether the set's letters are Cyrillic, whose words short texts of two bytes a character are mistaken for.
fn is_cyrillic(encoding: &'static Encoding) -> bool {
    [WINDOWS_1251, ISO_8859_5, KOI8_R, KOI8_U, IBM866, X_MAC_CYRILLIC].contains(&encoding)
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
    /// Runs of an odd length.
    odd: u64,
    /// Bytes that are letters in the Western set: where there are none, its signs are meant, as `£`, `°` and `²`.
    letters: u64,
    /// `zł` behind an amount, as the sets of Central Europe have it.
    zlotys: u64,
    words: Words,
}

impl Seen {
    /// Whether all runs have an even length, and there are enough of them to tell.
    fn is_even(&self) -> bool {
        self.odd == 0 && self.runs >= 3
    }

    fn see(&mut self, line: &[u8]) {
        for chunk in line.utf8_chunks() {
            self.sound += chunk.valid().bytes().filter(|b| *b >= 0xc0).count() as u64;
            self.unsound += u64::from(!chunk.invalid().is_empty());
        }
        // Halves of characters that UTF-8 writes whole, as Oracle's CESU-8 has them: three places that are not sound each.
        let halves = line.windows(3).filter(|w| matches!(w, [0xed, 0xa0..=0xbf, 0x80..=0xbf])).count() as u64;
        self.sound += halves;
        self.unsound -= (3 * halves).min(self.unsound);
        let mut at = 0;
        while let Some(start) = line[at..].iter().position(|b| !b.is_ascii()).map(|i| at + i) {
            let len = line[start..].iter().take_while(|b| !b.is_ascii()).count();
            let letters = line[start..start + len]
                .iter()
                .filter(|b| matches!(b, 0x83 | 0x8a | 0x8c | 0x8e | 0x9a | 0x9c | 0x9e..=0x9f | 0xc0..));
            self.letters += letters.count() as u64;
            let beside = |i: Option<usize>| i.and_then(|i| line.get(i)).is_some_and(u8::is_ascii_alphanumeric);
            let near = |i: Option<usize>| i.and_then(|i| line.get(i)).copied();
            self.words.see(near(start.checked_sub(1)), &line[start..start + len], near(Some(start + len)));
            let amount = line[..start].strip_suffix(b"z").map(|amount| amount.strip_suffix(b" ").unwrap_or(amount));
            let is_zloty = line[start..start + len] == [0xb3] && amount.is_some_and(|a| a.last().is_some_and(u8::is_ascii_digit));
            self.zlotys += u64::from(is_zloty);
            self.odd += u64::from(!len.is_multiple_of(2));
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
    /// Kana, which Japanese text has sooner or later.
    kana: u64,
    /// Those that would be one byte beyond ASCII amid the letters of a word (`K\x94ln`), and touch no other.
    amid: u64,
    /// Bytes that the set does not have.
    faults: u64,
}

impl Trial {
    fn new(encoding: &'static Encoding) -> Self {
        Self { encoding, wide: 0, common: 0, kana: 0, amid: 0, faults: 0 }
    }

    /// Whether words of single letters look like this, however often the same one comes.
    fn is_of_words(&self) -> bool {
        self.amid * 2 > self.wide
    }

    /// Few faults, and mostly common characters: real text has some rare ones, and files have some damage.
    fn is_plausible(&self) -> bool {
        self.wide > 0 && self.faults * 20 <= self.wide && self.common * 2 >= self.wide
    }

    /// Without a fault, and all of common characters. Chinese text in GB 2312 is that as Japanese text in EUC-JP too, but for kana.
    fn is_clean(&self) -> bool {
        let is_known = self.encoding != EUC_JP || self.kana > 0;
        self.wide > 0 && self.faults == 0 && self.common == self.wide && is_known
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
            self.kana += u64::from(len > 1 && matches!(lead, 0xa4 | 0xa5));
            self.common += u64::from(len > 1 && common);
            let is_letter = |i: Option<usize>| i.and_then(|i| line.get(i)).is_some_and(u8::is_ascii_alphabetic);
            let ends = line.get(at + len).is_none_or(u8::is_ascii);
            self.amid += u64::from(len == 2 && is_letter(at.checked_sub(1)) && is_letter(Some(at + 1)) && ends);
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
