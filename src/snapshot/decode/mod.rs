//! Decoding: a file's bytes as UTF-8 text in a file. A byte-order mark stands above the descriptor's word (as WHATWG has it), that
//! above strict UTF-8, that above the declaration of an XML text, and that above a guess over the whole file. What cannot be decoded is
//! kept by its place, for rejects.

mod charset;
mod dos;
mod field;
mod guess;
mod single;
mod transcode;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8};
use memchr::{memchr, memchr_iter, memmem};

use self::charset::Charset;
pub(super) use self::field::{Fields, Looked, guess_texts};
use super::stop::Stop;
use crate::error::{Error, Kind, Result};

const CHUNK: usize = 1 << 18;

/// Bytes that are looked at for marks and for text in two or four bytes a character.
const HEAD: usize = 1 << 16;

/// More places than this that can't be decoded, and the encoding is the wrong one. Bounds the memory that they take to 48 MB.
const MAX_BAD: usize = 1_000_000;

/// The byte-order mark in UTF-8. Where files were joined it begins lines too, and is no text there.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// What CP/M and DOS end texts with, and some programs still do.
const END: u8 = 0x1a;

/// One file as UTF-8 text.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) path: PathBuf,
    /// Bytes of a byte-order mark to pass over.
    pub(super) skip: u64,
    /// Bytes, the mark included.
    pub(super) bytes: u64,
    /// What could not be decoded, ascending.
    pub(super) bad: Vec<Bad>,
    /// WHATWG's name of the encoding it was published in; IANA's of UTF-32 and DOS's code pages, which WHATWG leaves out.
    pub(super) encoding: &'static str,
    /// Nobody says that it is in this encoding: its bytes look like it.
    pub(super) guessed: bool,
}

impl Text {
    /// Opens it `at` so many bytes behind its mark. `url` is what errors name beside the place.
    pub(super) fn open(&self, url: &str, at: u64) -> Result<File> {
        let opened = File::open(&self.path).and_then(|mut file| file.seek(SeekFrom::Start(self.skip + at)).map(|_| file));
        opened.map_err(|e| {
            let message = format!("{url}: its text in {} can't be opened at byte {}: {e}", self.path.display(), self.skip + at);
            Error::new(Kind::Io, message).with_hint("See whether something removes files of the state while they are used.")
        })
    }

    /// Stands for the text of rows that were taken out of a file which is none.
    pub(super) fn of_spool(spool: &super::spool::Spool) -> Self {
        let path = spool.path().to_owned();
        Self { path, skip: 0, bytes: spool.bytes, bad: Vec::new(), encoding: UTF_8.name(), guessed: false }
    }
}

/// Bytes that are no character of the encoding, or a NUL, which no text value can hold. U+FFFD (or the NUL) stands in their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bad {
    /// Offset of the stand-in, in the text behind the mark.
    pub(super) at: u64,
    /// Offset of the first of the bytes in the published file (unpacked), from 0.
    pub(super) byte: u64,
    raw: [u8; 4],
    len: u8,
}

impl Bad {
    fn new(at: u64, byte: u64, bytes: &[u8]) -> Self {
        let len = bytes.len().min(4);
        let mut raw = [0; 4];
        raw[..len].copy_from_slice(&bytes[..len]);
        Self { at, byte, raw, len: len as u8 }
    }

    fn bytes(&self) -> &[u8] {
        &self.raw[..usize::from(self.len)]
    }

    /// A text with each stand-in replaced by the bytes that it stands for; `left` are those of the text, in order.
    pub(super) fn written_out<'a>(text: &str, left: &mut impl Iterator<Item = &'a Self>) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\u{FFFD}' | '\0' => match left.next() {
                    Some(bad) => out.push_str(&bad.escaped()),
                    None => out.push(c),
                },
                other => out.push(other),
            }
        }
        out
    }

    /// The same in a copy of the text, where what was at `from` is at `to`.
    pub(super) fn moved(self, from: u64, to: u64) -> Self {
        Self { at: self.at - from + to, ..self }
    }

    /// The bytes as `\xA9`, one after the other.
    pub(super) fn escaped(&self) -> String {
        self.bytes().iter().map(|b| format!("\\x{b:02X}")).collect()
    }

    /// What is wrong, and where: `byte 21 of the file (\xA9) is not UTF-8`.
    pub(super) fn reason(&self, encoding: &str) -> String {
        match self.bytes() {
            [0] => format!("byte {} of the file is a NUL, which text can't hold", self.byte),
            _ => format!("byte {} of the file ({}) is not {encoding}", self.byte, self.escaped()),
        }
    }
}

/// The text of `raw`: the file itself when it is UTF-8, else a decoded copy at `target`. What the user should know goes to `warnings`.
/// [`Kind::SourceInvalid`] when the bytes are no text at all.
pub(super) fn decode(
    raw: &Path,
    url: &str,
    label: Option<&str>,
    target: &Path,
    stop: &Stop,
    warnings: &mut Vec<String>,
) -> Result<Text> {
    let declared = label.map(Charset::declared).transpose().map_err(|e| e.within(url))?;
    let bytes = std::fs::metadata(raw)?.len();
    let mut head = vec![0; HEAD];
    let head_len = fill(&mut File::open(raw)?, &mut head)?;
    head.truncate(head_len);
    let (charset, skip) = match (Charset::marked(&head), declared) {
        (Some((marked, skip)), declared) => {
            if let Some(declared) = declared.filter(|d| !d.is_of_family(marked)) {
                let (marked, declared) = (marked.name(), declared.name());
                warnings
                    .push(format!("{url} begins with the mark of {marked}, and {declared} is declared: it is read as {marked}"));
            }
            (Some(marked), skip)
        }
        // A family's label does not say which byte comes first.
        (None, Some(declared)) => (Some(Charset::unmarked(&head).filter(|c| declared.is_of_family(*c)).unwrap_or(declared)), 0),
        (None, None) => (Charset::unmarked(&head), 0),
    };
    let guessed = skip == 0 && declared.is_none();
    let is_utf8_marked = skip > 0 && charset == Some(Charset::Whatwg(UTF_8));
    let again = head[skip..].chunks_exact(MARK.len()).take_while(|chunk| is_utf8_marked && *chunk == MARK).count();
    let skip = (skip + again * MARK.len()) as u64;
    let transcoded = |charset| transcode::transcode(raw, url, charset, skip, target, stop);
    let as_it_is = |sound: Sound| match sound {
        Sound { is_text: true, nuls: bad, .. } => {
            Ok(Text { path: raw.to_owned(), skip, bytes, bad, encoding: UTF_8.name(), guessed: false })
        }
        Sound { .. } => transcoded(Charset::Whatwg(UTF_8)),
    };
    let text = match charset {
        Some(Charset::Whatwg(utf8)) if utf8 == UTF_8 => match sound(raw, url, skip, stop)? {
            Some(sound) => as_it_is(sound)?,
            None => transcoded(Charset::Whatwg(UTF_8))?,
        },
        Some(charset) => Text { guessed, ..transcoded(charset)? },
        None => match sound(raw, url, 0, stop)? {
            Some(sound) => {
                refuse_binary(&head, url)?;
                let japanese = sound.is_escaped.then(|| transcoded(Charset::Whatwg(ISO_2022_JP))).transpose()?;
                match japanese.filter(|text| text.bad.is_empty()) {
                    Some(text) => Text { guessed: true, ..text },
                    None => as_it_is(sound)?,
                }
            }
            None => {
                refuse_binary(&head, url)?;
                let (charset, guessed) = match Charset::of_xml(&head) {
                    Some(charset) => (charset, false),
                    None => {
                        let utf8 = Charset::Whatwg(UTF_8);
                        let charset = guess::guess(raw, stop)?.unwrap_or(utf8);
                        (charset, charset != utf8)
                    }
                };
                Text { guessed, ..transcoded(charset)? }
            }
        },
    };
    if text.guessed {
        let name = text.encoding;
        let how = format!("declare \"encoding\": \"{}\" to keep it, or the right one", name.to_ascii_lowercase());
        warnings.push(format!("{url} declares no encoding and is not UTF-8: it is read as {name}, a guess; {how}"));
    }
    if let Some(first) = text.bad.first() {
        let count = text.bad.len();
        let places = if count == 1 { "one place".to_owned() } else { format!("{count} places") };
        let remedy = if label.is_none() { "; declare its encoding if it is another" } else { "" };
        let what = first.reason(text.encoding);
        warnings.push(format!("{url} has {places} that can't be decoded, where cells are rejected: {what}{remedy}"));
    }
    Ok(text)
}

/// Text has line ends, tabs and at most a few other control characters; a file that is rich in them is something else.
fn refuse_binary(head: &[u8], url: &str) -> Result<()> {
    let is_control = |b: &u8| *b < 0x20 && !matches!(*b, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1a..=0x1f);
    let controls = head.iter().filter(|b| is_control(b)).count();
    if controls < 8 || controls * 20 < head.len() {
        return Ok(());
    }
    Err(Error::new(Kind::SourceInvalid, format!("{url} holds binary data, not text"))
        .with_detail(format!("{controls} of its first {} bytes are control characters.", head.len()))
        .with_hint("Declare the file's format, or its encoding if it is text."))
}

fn too_many(url: &str, encoding: &str, byte: u64) -> Error {
    Error::new(Kind::InvalidEncoding, format!("{url} is not {encoding}: more than {MAX_BAD} places can't be decoded"))
        .with_detail(format!("The last of them is at byte {byte}."))
        .with_hint("Declare the file's encoding.")
}

fn fill(file: &mut File, buffer: &mut [u8]) -> Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match file.read(&mut buffer[len..])? {
            0 => break,
            n => len += n,
        }
    }
    Ok(len)
}

/// What stands in a file that is UTF-8.
#[derive(Debug)]
struct Sound {
    nuls: Vec<Bad>,
    /// All of it is text, without marks at the starts of lines and an [`END`].
    is_text: bool,
    /// It has the escapes of ISO-2022-JP.
    is_escaped: bool,
}

/// Where the [`END`] is that ends a text, be it before a last line end.
fn end(text: &[u8]) -> Option<usize> {
    let at = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).filter(|at| text[*at] == END)?;
    matches!(&text[at + 1..], b"" | b"\r" | b"\n" | b"\r\n").then_some(at)
}

/// What stands in the file when all of it is UTF-8; `None` if it is not.
fn sound(path: &Path, url: &str, skip: u64, stop: &Stop) -> Result<Option<Sound>> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK];
    let (mut kept, mut base) = (0, 0_u64);
    let mut sound = Sound { nuls: Vec::new(), is_text: true, is_escaped: false };
    let mut last = b'\n';
    loop {
        stop.check()?;
        let n = fill(&mut file, &mut buffer[kept..])?;
        let filled = kept + n;
        if n == 0 {
            let mut tail = Vec::new();
            file.seek(SeekFrom::End(-(base.min(3) as i64)))?;
            file.read_to_end(&mut tail)?;
            sound.is_text &= end(&tail).is_none();
            return Ok((kept == 0).then_some(sound));
        }
        let valid = Encoding::utf8_valid_up_to(&buffer[..filled]);
        // At most three bytes of a character can be left for the next chunk.
        if filled - valid > 3 {
            return Ok(None);
        }
        let mut at = 0;
        while let Some(nul) = memchr(0, &buffer[at..valid]) {
            let byte = base + (at + nul) as u64;
            if sound.nuls.len() == MAX_BAD {
                return Err(too_many(url, UTF_8.name(), byte));
            }
            sound.nuls.push(Bad::new(byte - skip, byte, &[0]));
            at += nul + 1;
        }
        let text = &buffer[..valid];
        let is_first = |at: usize| matches!(at.checked_sub(1).map_or(last, |i| text[i]), b'\n' | b'\r');
        sound.is_text &= memmem::find_iter(text, MARK).all(|at| base + (at as u64) < skip || !is_first(at));
        sound.is_escaped |= memchr_iter(0x1b, text).any(|at| matches!(text.get(at + 1..at + 3), Some([b'$', b'@' | b'B'])));
        last = text.last().copied().unwrap_or(last);
        buffer.copy_within(valid..filled, 0);
        kept = filled - valid;
        base += valid as u64;
    }
}

#[cfg(test)]
mod tests;
