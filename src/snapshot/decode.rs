//! Decoding: a file's bytes as UTF-8 text in a file. The descriptor's word stands above a byte-order mark, that above strict
//! UTF-8, that above a guess over the whole file.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::stop::Stop;
use crate::error::{Error, Kind, Result};

const CHUNK: usize = 1 << 18;

/// More bad bytes than this, and the encoding is the wrong one.
const MAX_BAD: usize = 10_000;

/// One file as UTF-8 text.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) path: PathBuf,
    /// Bytes of a byte-order mark to pass over.
    pub(super) skip: u64,
    /// Bytes, the mark included.
    pub(super) bytes: u64,
    /// Where U+FFFD stands for bytes that could not be decoded: offsets in the text behind the mark, ascending.
    pub(super) bad: Vec<u64>,
    /// WHATWG's name of the encoding it was published in.
    pub(super) encoding: &'static str,
    /// Nobody says that it is in this encoding: its bytes look like it.
    pub(super) guessed: bool,
}

impl Text {
    /// Stands for the text of rows that were taken out of a file which is none.
    pub(super) fn of_spool(spool: &super::spool::Spool) -> Self {
        let path = spool.path().to_owned();
        Self { path, skip: 0, bytes: spool.bytes, bad: Vec::new(), encoding: UTF_8.name(), guessed: false }
    }
}

/// Looks a declared label up (WHATWG's labels, and the code pages that publishers also write).
pub(super) fn declared(label: &str) -> Result<&'static Encoding> {
    let plain = label.trim().to_ascii_lowercase();
    let known = match plain.as_str() {
        "utf8-sig" | "utf-8-sig" | "utf-8-bom" => "utf-8",
        "cp936" | "ms936" | "gb-18030" => "gb18030",
        "cp950" | "ms950" | "big5hkscs" => "big5",
        "cp932" | "ms932" | "sjis" => "shift_jis",
        "cp949" | "ms949" | "uhc" => "euc-kr",
        "utf-16" | "utf16" => "utf-16le",
        other => other,
    };
    let known = known.replace("latin-", "latin");
    Encoding::for_label_no_replacement(known.as_bytes()).ok_or_else(|| {
        Error::new(Kind::Descriptor, format!("\"{label}\" is not a known encoding"))
            .with_hint("Use a label such as utf-8, gb18030, big5, shift_jis, euc-kr, windows-1252 or iso-8859-7.")
    })
}

/// The text of `raw`: the file itself when it is UTF-8, else a decoded copy at `target`.
pub(super) fn decode(raw: &Path, url: &str, label: Option<&str>, target: &Path, stop: &Stop) -> Result<Text> {
    let declared = label.map(declared).transpose().map_err(|e| e.within(url))?;
    let bytes = std::fs::metadata(raw)?.len();
    let mut head = [0; 4096];
    let head_len = fill(&mut File::open(raw)?, &mut head)?;
    let head = &head[..head_len];
    let mark = Encoding::for_bom(head);
    let (encoding, skip) = match (declared, mark) {
        // A mark of the same family only says which byte comes first.
        (Some(d), Some((m, len))) if d == m || (d == UTF_16LE && m == UTF_16BE) => (m, len),
        (Some(d), _) => (d, 0),
        (None, Some((m, len))) => (m, len),
        (None, None) => (unmarked_utf16(head).unwrap_or(UTF_8), 0),
    };
    let skip = skip as u64;
    let unsaid = declared.is_none() && mark.is_none();
    let encoding = if encoding != UTF_8 {
        encoding
    } else if is_utf8(raw, stop)? {
        return Ok(Text { path: raw.to_owned(), skip, bytes, bad: Vec::new(), encoding: UTF_8.name(), guessed: false });
    } else if unsaid {
        guess(raw, stop)?
    } else {
        UTF_8
    };
    Ok(Text { guessed: unsaid, ..transcode(raw, url, encoding, skip, target, stop)? })
}

/// UTF-16 without a mark shows as a zero in every other byte of Western text.
fn unmarked_utf16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half < 2 {
        None
    } else if odd * 10 > half * 7 && even == 0 {
        Some(UTF_16LE)
    } else if even * 10 > half * 7 && odd == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
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

fn is_utf8(path: &Path, stop: &Stop) -> Result<bool> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK];
    let mut kept = 0;
    loop {
        stop.check()?;
        let n = fill(&mut file, &mut buffer[kept..])?;
        let filled = kept + n;
        if n == 0 {
            return Ok(kept == 0);
        }
        let valid = Encoding::utf8_valid_up_to(&buffer[..filled]);
        // At most three bytes of a character can be left for the next chunk.
        if filled - valid > 3 {
            return Ok(false);
        }
        buffer.copy_within(valid..filled, 0);
        kept = filled - valid;
    }
}

fn guess(path: &Path, stop: &Stop) -> Result<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        stop.check()?;
        let n = fill(&mut file, &mut buffer)?;
        detector.feed(&buffer[..n], n == 0);
        if n == 0 {
            let guess = detector.guess(None, Utf8Detection::Deny);
            // GBK is the two-byte part of GB18030, which also has the characters that GBK lacks.
            return Ok(if guess == encoding_rs::GBK { encoding_rs::GB18030 } else { guess });
        }
    }
}

fn transcode(raw: &Path, url: &str, encoding: &'static Encoding, skip: u64, target: &Path, stop: &Stop) -> Result<Text> {
    use std::io::Seek;
    let mut file = File::open(raw)?;
    file.seek(std::io::SeekFrom::Start(skip))?;
    let mut out = BufWriter::with_capacity(CHUNK, File::create(target)?);
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut input = vec![0; CHUNK];
    let mut output = vec![0; CHUNK * 3 + 16];
    let mut bad = Vec::new();
    let (mut read_total, mut written_total) = (skip, 0_u64);
    loop {
        stop.check()?;
        let n = fill(&mut file, &mut input)?;
        let mut rest = &input[..n];
        loop {
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, &mut output, n == 0);
            out.write_all(&output[..written])?;
            rest = &rest[read..];
            read_total += read as u64;
            written_total += written as u64;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    if bad.len() == MAX_BAD {
                        let message = format!("{url} is not {}: more than {MAX_BAD} places can't be decoded", encoding.name());
                        return Err(Error::new(Kind::InvalidEncoding, message)
                            .with_detail(format!("The last of them is at byte {read_total}."))
                            .with_hint("Declare the file's encoding."));
                    }
                    bad.push(written_total);
                    out.write_all("\u{FFFD}".as_bytes())?;
                    written_total += 3;
                }
            }
        }
        if n == 0 {
            out.flush()?;
            return Ok(Text {
                path: target.to_owned(),
                skip: 0,
                bytes: written_total,
                bad,
                encoding: encoding.name(),
                guessed: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], label: Option<&str>) -> String {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let raw = dir.path().join("raw");
        std::fs::write(&raw, bytes).expect("writes");
        match decode(&raw, "f.csv", label, &dir.path().join("out"), &Stop::default()) {
            Ok(t) => {
                let text = std::fs::read(&t.path).expect("reads");
                let text = String::from_utf8(text[t.skip as usize..].to_vec()).expect("is UTF-8");
                format!("{}{} {text} {:?}", t.encoding, if t.guessed { "?" } else { "" }, t.bad)
            }
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn encodings() {
        let gb = encoding_rs::GB18030.encode("省份,城市\n湖北省,武汉市\n报道时间,新增确诊\n").0.into_owned();
        let utf16: Vec<u8> = "a,b\r\n1,é".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with_mark = [&[0xff, 0xfe][..], &utf16].concat();
        let late = [" ".repeat(CHUNK - 1).into_bytes(), "é".into()].concat();
        for (bytes, label, want) in [
            ("é".as_bytes(), None, "UTF-8 é []".to_owned()),
            (b"\xef\xbb\xbfid", None, "UTF-8 id []".to_owned()),
            (b"\xef\xbb\xbfid", Some("utf-8"), "UTF-8 id []".to_owned()),
            (b"\xa9", Some("latin1"), "windows-1252 © []".to_owned()),
            (b"a\xa9b", Some("utf-8"), "UTF-8 a\u{FFFD}b [1]".to_owned()),
            (&gb, None, "gb18030? 省份,城市\n湖北省,武汉市\n报道时间,新增确诊\n []".to_owned()),
            (&gb, Some("cp936"), "gb18030 省份,城市\n湖北省,武汉市\n报道时间,新增确诊\n []".to_owned()),
            (&with_mark, None, "UTF-16LE a,b\r\n1,é []".to_owned()),
            (&utf16, None, "UTF-16LE? a,b\r\n1,é []".to_owned()),
            (b"x", Some("klingon"), "f.csv: \"klingon\" is not a known encoding".to_owned()),
            (&late, None, format!("UTF-8 {} []", String::from_utf8_lossy(&late))),
            (b"cut \xe6\x97", Some("utf-8"), "UTF-8 cut \u{FFFD} [4]".to_owned()),
        ] {
            assert_eq!(check(bytes, label), want, "{label:?}");
        }
    }
}
