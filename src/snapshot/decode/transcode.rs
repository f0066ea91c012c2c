//! Transcoding: a file in any character set becomes a UTF-8 copy, streaming, with the places that could not be decoded.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use encoding_rs::{DecoderResult, Encoding, UTF_16BE, UTF_16LE};
use memchr::{memchr_iter, memmem};

use super::charset::{Charset, unit32};
use super::dos::{self, Page};
use super::{Bad, CHUNK, MARK, MAX_BAD, Text, end, fill, too_many};
use crate::error::Result;
use crate::snapshot::stop::Stop;

/// Decodes `raw` from byte `skip` on into `target`. An error when too much of it can't be decoded.
pub(super) fn transcode(raw: &Path, url: &str, charset: Charset, skip: u64, target: &Path, stop: &Stop) -> Result<Text> {
    let mut file = File::open(raw)?;
    file.seek(SeekFrom::Start(skip))?;
    let copy = BufWriter::with_capacity(CHUNK, File::create(target)?);
    let out = Out { file: copy, written: 0, last: b'\n', held: Vec::new(), nuls: VecDeque::new(), bad: Vec::new(), url, charset };
    let out = match charset {
        Charset::Whatwg(encoding) => whatwg(&mut file, encoding, skip, out, stop)?,
        Charset::Utf32(big) => utf32(&mut file, big, skip, out, stop)?,
        Charset::Dos(page) => dos(&mut file, page, skip, out, stop)?,
    };
    let Out { file: mut written_to, mut written, bad, held, .. } = out;
    if let [_, line_end @ ..] = held.as_slice() {
        written_to.write_all(line_end)?;
        written += line_end.len() as u64;
    }
    written_to.flush()?;
    Ok(Text { path: target.to_owned(), skip: 0, bytes: written, bad, encoding: charset.name(), guessed: false })
}

/// The copy as far as it is written.
struct Out<'a> {
    file: BufWriter<File>,
    written: u64,
    /// The last byte of the text so far, a line's end before there is any.
    last: u8,
    /// What may be the end of a text as DOS has it, which is written once more follows.
    held: Vec<u8>,
    /// The places, in the published file, of the NULs that a decoder has read and that are not written yet: it may hold some back.
    nuls: VecDeque<u64>,
    bad: Vec<Bad>,
    url: &'a str,
    charset: Charset,
}

impl Out<'_> {
    /// Writes decoded text, without the marks at the starts of lines and DOS's end.
    fn text(&mut self, text: &[u8]) -> Result<()> {
        let mut from = 0;
        for at in memmem::find_iter(text, MARK) {
            let last = if at == from { self.last } else { text[at - 1] };
            if matches!(last, b'\n' | b'\r') {
                self.put(&text[from..at])?;
                from = at + MARK.len();
            }
        }
        self.put(&text[from..])
    }

    fn put(&mut self, text: &[u8]) -> Result<()> {
        let Some(last) = text.last() else { return Ok(()) };
        self.last = *last;
        let mut joined = std::mem::take(&mut self.held);
        let text = if joined.is_empty() {
            text
        } else {
            joined.extend_from_slice(text);
            &joined
        };
        let (text, held) = text.split_at(end(text).unwrap_or(text.len()));
        self.held = held.to_vec();
        for nul in memchr_iter(0, text) {
            let byte = self.nuls.pop_front().unwrap_or_default();
            self.bad(self.written + nul as u64, byte, &[0])?;
        }
        self.file.write_all(text)?;
        self.written += text.len() as u64;
        Ok(())
    }

    /// Writes the end that was none.
    fn go_on(&mut self) -> Result<()> {
        let held = std::mem::take(&mut self.held);
        self.file.write_all(&held)?;
        self.written += held.len() as u64;
        Ok(())
    }

    fn replaced(&mut self, byte: u64, bytes: &[u8]) -> Result<()> {
        self.go_on()?;
        self.last = 0;
        self.bad(self.written, byte, bytes)?;
        self.file.write_all("\u{FFFD}".as_bytes())?;
        self.written += 3;
        Ok(())
    }

    fn bad(&mut self, at: u64, byte: u64, bytes: &[u8]) -> Result<()> {
        if self.bad.len() == MAX_BAD {
            return Err(too_many(self.url, self.charset.name(), byte));
        }
        self.bad.push(Bad::new(at, byte, bytes));
        Ok(())
    }
}

fn whatwg<'a>(file: &mut File, encoding: &'static Encoding, skip: u64, mut out: Out<'a>, stop: &Stop) -> Result<Out<'a>> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let is_16 = encoding == UTF_16LE || encoding == UTF_16BE;
    // The last bytes of the chunk before stand ahead of each chunk, so that a sequence cut in two can be told whole.
    const BEFORE: usize = 8;
    let mut input = vec![0; BEFORE + CHUNK];
    let mut output = vec![0; CHUNK * 3 + 16];
    let mut base = skip;
    loop {
        stop.check()?;
        let n = fill(file, &mut input[BEFORE..])?;
        let mut at = 0;
        loop {
            let from = base + at as u64;
            let chunk = &input[BEFORE + at..BEFORE + n];
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(chunk, &mut output, n == 0);
            if is_16 {
                let odd = usize::from(!(from - skip).is_multiple_of(2));
                // A unit of two bytes may have begun before.
                let units = input[BEFORE + at - odd..BEFORE + at + read].chunks_exact(2).enumerate();
                out.nuls.extend(units.filter(|(_, u)| **u == [0, 0]).map(|(i, _)| from - odd as u64 + 2 * i as u64));
            } else {
                // No set of WHATWG's has a zero within a character.
                out.nuls.extend(memchr_iter(0, &chunk[..read]).map(|i| from + i as u64));
            }
            out.text(&output[..written])?;
            at += read;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(len, behind) => {
                    let (len, behind) = (usize::from(len), usize::from(behind));
                    let end = BEFORE + at - behind;
                    let bytes = &input[end.saturating_sub(len)..end];
                    let start = (base + at as u64).saturating_sub((len + behind) as u64);
                    out.nuls.retain(|nul| !(start..start + len as u64).contains(nul));
                    out.replaced(start, bytes)?;
                }
            }
        }
        if n == 0 {
            return Ok(out);
        }
        input.copy_within(n..n + BEFORE, 0);
        base += n as u64;
    }
}

fn utf32<'a>(file: &mut File, big: bool, skip: u64, mut out: Out<'a>, stop: &Stop) -> Result<Out<'a>> {
    let mut input = vec![0; CHUNK];
    let mut base = skip;
    let mut text = String::with_capacity(CHUNK);
    loop {
        stop.check()?;
        let n = fill(file, &mut input)?;
        if n == 0 {
            return Ok(out);
        }
        for quad in input[..n].chunks(4) {
            match (quad.len() == 4).then(|| unit32(quad, big)).and_then(char::from_u32).filter(|c| *c != '\0') {
                Some(c) => text.push(c),
                None => {
                    out.text(text.as_bytes())?;
                    text.clear();
                    out.replaced(base, quad)?;
                }
            }
            base += quad.len() as u64;
        }
        out.text(text.as_bytes())?;
        text.clear();
    }
}

fn dos<'a>(file: &mut File, page: Page, skip: u64, mut out: Out<'a>, stop: &Stop) -> Result<Out<'a>> {
    let upper = page.upper();
    let mut input = vec![0; CHUNK];
    let mut base = skip;
    loop {
        stop.check()?;
        let n = fill(file, &mut input)?;
        if n == 0 {
            return Ok(out);
        }
        out.nuls.extend(memchr_iter(0, &input[..n]).map(|at| base + at as u64));
        out.text(dos::text(&input[..n], &upper).as_bytes())?;
        base += n as u64;
    }
}
