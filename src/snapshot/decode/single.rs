//! Sets of one byte a character: whether a guessed one can be meant, by the letters that it makes of words, and which is meant in its
//! place. A set of Windows has no controls beyond ASCII, and words have no quotes or capitals within.

use encoding_rs::{Encoding, ISO_8859_15, MACINTOSH, WINDOWS_1252};

use super::charset::Charset;
use super::dos::Page;

/// Bytes beyond ASCII.
const HIGH: usize = 128;

/// Signs that may stand between letters, and Vietnamese tones.
const AMID: &str = "’‘´·–—…×°ºª²³•\u{a0}\u{ad}\u{300}\u{301}\u{303}\u{309}\u{323}";

/// The signs in whose places ISO 8859-15 has letters: they stand amid words in no other set.
const LATIN9: [usize; 6] = [0xa6, 0xa8, 0xb8, 0xbc, 0xbd, 0xbe];

/// Words that a set of another maker must make sense of.
const PROOF: u64 = 3;

/// Bytes beyond ASCII that stand alone among ASCII, by where in a word they stand.
pub(super) struct Words {
    /// All of them, and those of longer runs.
    all: [u64; HIGH],
    /// Between two letters.
    amid: [u64; HIGH],
    /// Behind a lower-case letter.
    behind: [u64; HIGH],
    /// Before a lower-case letter, at the start of a word.
    ahead: [u64; HIGH],
    /// Runs of them that touch an ASCII letter, and longer ones that touch none.
    mixed: u64,
    pure: u64,
}

impl Default for Words {
    fn default() -> Self {
        Self { all: [0; HIGH], amid: [0; HIGH], behind: [0; HIGH], ahead: [0; HIGH], mixed: 0, pure: 0 }
    }
}

impl Words {
    /// Takes in a run of bytes beyond ASCII and what stands around it.
    pub(super) fn see(&mut self, before: Option<u8>, run: &[u8], after: Option<u8>) {
        run.iter().for_each(|byte| self.all[usize::from(byte & 0x7f)] += 1);
        let is = |byte: Option<u8>, of: fn(&u8) -> bool| byte.as_ref().is_some_and(of);
        let (letter, low) = (u8::is_ascii_alphabetic, u8::is_ascii_lowercase);
        let touches = is(before, letter) || is(after, letter);
        self.mixed += u64::from(touches);
        self.pure += u64::from(!touches && run.len() > 1);
        let [byte] = run else { return };
        let place = usize::from(byte & 0x7f);
        self.amid[place] += u64::from(is(before, letter) && is(after, letter));
        self.behind[place] += u64::from(is(before, low));
        self.ahead[place] += u64::from(!is(before, u8::is_ascii_alphanumeric) && is(after, low));
    }

    /// What text is meant to be that looks like `found`, a set of one byte a character: that, or another that fits better; `None` where the words
    /// hold together in none.
    pub(super) fn meant(&self, found: &'static Encoding) -> Option<Charset> {
        // Words are not of two scripts.
        let found = if self.mixed > self.pure && !is_latin(&chars(found)) { WINDOWS_1252 } else { found };
        let doubts = |set| self.faults(&chars(set), AMID);
        let is_better = || is_latin(&chars(found)) && doubts(ISO_8859_15) < doubts(found);
        if self.is_latin9() && (found == WINDOWS_1252 || is_better()) {
            return Some(Charset::Whatwg(ISO_8859_15));
        }
        if self.suits(&chars(found)) {
            return Some(Charset::Whatwg(found));
        }
        let words = self.words();
        let mac = self.faults(&chars(MACINTOSH), "");
        let (dos, page) = Page::GUESSED.map(|page| (self.faults(&page.upper(), ""), page)).into_iter().min_by_key(|(n, _)| *n)?;
        let fits = |faults: u64| faults * 20 <= words && words >= PROOF;
        if mac < dos && fits(mac) {
            Some(Charset::Whatwg(MACINTOSH))
        } else {
            (dos < mac && fits(dos)).then_some(Charset::Dos(page))
        }
    }

    /// Whether some bytes, and hardly any, are none of the set's characters.
    pub(super) fn lacks_few(&self, set: &'static Encoding) -> bool {
        let lacking = count(&self.all, &chars(set), |c| c == '\u{FFFD}');
        lacking > 0 && lacking * 50 < self.all.iter().sum::<u64>()
    }

    /// Whether so many are all that could be a small raised 3.
    pub(super) fn are_zlotys(&self, zlotys: u64) -> bool {
        zlotys > 0 && self.all[0x33] == zlotys
    }

    /// Whether the text can be in this set: hardly any byte is a control, and most words hold together.
    fn suits(&self, set: &[char]) -> bool {
        let controls = count(&self.all, set, |c| matches!(c, '\u{80}'..='\u{9f}' | '\u{FFFD}'));
        let is_clean = controls == 0 || controls * 50 < self.all.iter().sum::<u64>();
        is_clean && self.faults(set, AMID) * 2 <= self.words()
    }

    /// Words with such a byte between letters or behind a small one, at least: those where it is both are counted once.
    fn words(&self) -> u64 {
        self.amid.iter().zip(&self.behind).map(|(amid, behind)| *amid.max(behind)).sum()
    }

    /// Signs amid words but those of `allowed`, and capitals behind small letters.
    fn faults(&self, set: &[char], allowed: &str) -> u64 {
        count(&self.amid, set, |c| !c.is_alphabetic() && !allowed.contains(c)) + count(&self.behind, set, char::is_uppercase)
    }

    /// Whether the text is in ISO 8859-15 rather than windows-1252: without the letters and quotes that only the latter has, with a
    /// currency sign, which nobody writes, or fractions amid words, and with no fraction that stands for itself.
    fn is_latin9(&self) -> bool {
        let at = |byte: usize| byte & 0x7f;
        let within = |byte: usize| self.amid[at(byte)] + self.ahead[at(byte)];
        let alone = |byte: usize| self.all[at(byte)] - within(byte);
        let euros = self.all[at(0xa4)];
        let letters = LATIN9.into_iter().map(|byte| self.amid[at(byte)]).sum::<u64>();
        let fractions = (0xbc..=0xbe).map(alone).sum::<u64>();
        self.all[..0x20].iter().all(|n| *n == 0) && euros + letters > 0 && fractions == 0
    }
}

/// Whether a set's letters are Latin.
fn is_latin(set: &[char]) -> bool {
    let of = |is: fn(char) -> bool| set.iter().filter(|c| c.is_alphabetic() && is(**c)).count();
    of(|c| c < '\u{250}') > of(|c| c >= '\u{250}')
}

fn count(bytes: &[u64; HIGH], set: &[char], of: impl Fn(char) -> bool) -> u64 {
    bytes.iter().zip(set).filter(|(_, c)| of(**c)).map(|(n, _)| n).sum()
}

/// The upper half of a set of one byte a character.
fn chars(set: &'static Encoding) -> Vec<char> {
    let bytes: Vec<u8> = (0x80..=0xff).collect();
    set.decode_without_bom_handling(&bytes).0.chars().collect()
}
