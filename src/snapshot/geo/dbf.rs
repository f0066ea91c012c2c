//! Attributes: the dBASE table of a shapefile, whose digits are kept as they are written. Deleted records are told apart, text is
//! decoded, and what a field's type does not allow is told with its reason. Geometries are unknown here.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{UTF_8, WINDOWS_1252};

use super::Source;
use crate::error::{Error, Kind, Result};
use crate::snapshot::cells::CellKind;
use crate::snapshot::decode::{Fields, Looked};

/// The end of the field descriptors, and of the records.
const FIELDS_END: u8 = 0x0d;
const FILE_END: u8 = 0x1a;

/// What a field holds, by its letter (dBASE III to 7, Visual FoxPro).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Character,
    /// Digits in text: `N` and `F`.
    Number,
    Date,
    Logical,
    /// Four bytes, little endian: `I`.
    Integer,
    /// Eight bytes, little endian: `B` and `O`.
    Double,
}

struct Field {
    name: String,
    kind: Type,
    start: usize,
    len: usize,
}

/// What is in a field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Blank,
    Value(CellKind, String),
    /// Not what the field's type allows: the text, and the type.
    Bad(String, &'static str),
}

/// Reads the records one by one.
pub(super) struct Table {
    input: BufReader<File>,
    fields: Vec<Field>,
    encoding: Fields,
    records: u64,
    read: u64,
    record: Vec<u8>,
    /// Types of fields that are left out, as `NAME (M)`.
    pub(super) left_out: Vec<String>,
    /// Nobody says what the encoding is.
    pub(super) guessed: bool,
}

impl Table {
    /// Opens the table. Its encoding is the declared one, else that of the `.cpg`, else
    /// that of the header, else what the texts look like.
    pub(super) fn open(path: &Path, source: Source<'_>, declared: Option<&str>, cpg: Option<&str>) -> Result<Self> {
        let damaged = |what: &str| {
            let message = format!("the attributes of {} can't be read: {what}", source.url);
            Error::new(Kind::SourceInvalid, message)
        };
        let mut input = BufReader::with_capacity(1 << 18, File::open(path)?);
        let mut header = [0; 32];
        input.read_exact(&mut header).map_err(|_| damaged("the header is cut short"))?;
        let half = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let records = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        let (header_len, record_len) = (half(8), half(10));
        if header_len < 33 || record_len < 1 {
            return Err(damaged("the header's sizes are wrong"));
        }
        let mut descriptors = vec![0; header_len - 32];
        input.read_exact(&mut descriptors).map_err(|_| damaged("the header is cut short"))?;
        let mut raw = Vec::new();
        let mut start = 1;
        for descriptor in descriptors.chunks_exact(32).take_while(|d| d[0] != FIELDS_END) {
            let len = usize::from(descriptor[16]);
            let end = descriptor[..11].iter().position(|b| *b == 0).unwrap_or(11);
            raw.push((descriptor[..end].to_vec(), descriptor[11], start, len));
            start += len;
        }
        if start > record_len {
            return Err(damaged("its fields are longer than its records"));
        }
        let mut table = Self {
            input,
            fields: Vec::new(),
            encoding: Fields::of(UTF_8),
            records,
            read: 0,
            record: vec![0; record_len],
            left_out: Vec::new(),
            guessed: false,
        };
        table.encoding = match said(declared, cpg, header[29])? {
            Some(said) => said,
            None => table.guess(&raw, header_len, source)?,
        };
        for (name, letter, start, len) in raw {
            let name = table.encoding.text(&name).0.trim().to_owned();
            let kind = match (letter, len) {
                (b'C', _) => Type::Character,
                (b'N' | b'F', _) => Type::Number,
                (b'D', 8) => Type::Date,
                (b'L', 1) => Type::Logical,
                (b'I', 4) => Type::Integer,
                (b'B' | b'O', 8) => Type::Double,
                // FoxPro's marks of NULL values are no data.
                (b'0', _) => continue,
                (other, _) => {
                    table.left_out.push(format!("{name} ({})", char::from(other)));
                    continue;
                }
            };
            table.fields.push(Field { name, kind, start, len });
        }
        Ok(table)
    }

    /// The fields' names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|f| f.name.as_str())
    }

    /// WHATWG's name of the encoding, or IANA's.
    pub(super) fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// Reads the next record; `None` at the end, `Some(false)` for a deleted one.
    pub(super) fn next(&mut self) -> Result<Option<bool>> {
        if self.read == self.records {
            return Ok(None);
        }
        match self.input.read_exact(&mut self.record) {
            Ok(()) if self.record[0] == FILE_END => return Ok(None),
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(e.into()),
        }
        self.read += 1;
        Ok(Some(self.record[0] != b'*'))
    }

    /// The record at hand as its fields stand.
    pub(super) fn raw(&self) -> String {
        let texts = self.fields.iter().map(|f| self.encoding.text(self.bytes(f)).0.trim().to_owned());
        texts.collect::<Vec<_>>().join("\t")
    }

    /// The field of the record at hand.
    pub(super) fn entry(&self, field: usize) -> Entry {
        let field = &self.fields[field];
        let bytes = self.bytes(field);
        match field.kind {
            Type::Character => self.text(bytes),
            Type::Integer => {
                let value = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                Entry::Value(CellKind::Scalar, value.to_string())
            }
            Type::Double => {
                let value = f64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]]);
                if value.is_finite() {
                    Entry::Value(CellKind::Scalar, value.to_string())
                } else {
                    Entry::Bad(value.to_string(), "a number")
                }
            }
            Type::Number | Type::Date | Type::Logical => {
                let text = String::from_utf8_lossy(bytes);
                let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
                match field.kind {
                    Type::Date => date(text),
                    Type::Logical => logical(text),
                    Type::Number | Type::Character | Type::Integer | Type::Double => number(text),
                }
            }
        }
    }

    fn bytes(&self, field: &Field) -> &[u8] {
        &self.record[field.start..field.start + field.len]
    }

    fn text(&self, bytes: &[u8]) -> Entry {
        let end = bytes.iter().rposition(|b| !matches!(b, b' ' | 0)).map_or(0, |last| last + 1);
        let (text, broken) = self.encoding.text(&bytes[..end]);
        if text.trim().is_empty() {
            return Entry::Blank;
        }
        Entry::Value(if broken { CellKind::Undecodable } else { CellKind::String }, text.into_owned())
    }

    /// What the texts of all records look like: UTF-8 where they can be, else a guess.
    fn guess(&mut self, fields: &[(Vec<u8>, u8, usize, usize)], header_len: usize, source: Source<'_>) -> Result<Fields> {
        let mut looked = Looked::new();
        let (mut is_ascii, mut is_utf8) = (true, true);
        while self.next()?.is_some() {
            source.stop.check()?;
            for (_, _, start, len) in fields.iter().filter(|(_, letter, _, _)| *letter == b'C') {
                let bytes = self.record[*start..start + len].trim_ascii_end();
                is_ascii &= bytes.is_ascii();
                is_utf8 &= can_be_utf8(bytes, *len);
                looked.see(bytes);
            }
        }
        self.input.seek(SeekFrom::Start(header_len as u64))?;
        self.read = 0;
        self.guessed = !is_utf8;
        Ok(match (is_ascii, is_utf8) {
            (true, _) => Fields::of(WINDOWS_1252),
            (false, true) => Fields::of(UTF_8),
            // Where nothing tells, what most programs write.
            (false, false) => looked.guessed().unwrap_or_else(|| Fields::of(WINDOWS_1252)),
        })
    }
}

/// Whether the text of a field of `len` bytes can be UTF-8. Writers cut a text that is longer than its field, within a character too.
fn can_be_utf8(bytes: &[u8], len: usize) -> bool {
    std::str::from_utf8(bytes).map_or_else(|e| e.error_len().is_none() && bytes.len() == len, |_| true)
}

/// The encoding that somebody says it is: the descriptor, the `.cpg`, the header's language driver (ESRI's and FoxPro's lists).
fn said(declared: Option<&str>, cpg: Option<&str>, driver: u8) -> Result<Option<Fields>> {
    if let Some(label) = declared {
        return Fields::declared(label).map(Some);
    }
    if let Some(found) = cpg.and_then(code_page) {
        return Ok(Some(found));
    }
    let label = match driver {
        0x01 | 0x09 | 0x0b | 0x0d | 0x0f | 0x11 | 0x15 | 0x18 | 0x19 | 0x1b => "cp437",
        0x02 | 0x0a | 0x0e | 0x10 | 0x12 | 0x14 | 0x16 | 0x1a | 0x1d | 0x25 | 0x37 => "cp850",
        0x1f | 0x22 | 0x23 | 0x40 | 0x64 | 0x87 => "cp852",
        0x03 | 0x58 | 0x59 => "windows-1252",
        0x13 | 0x7b => "shift_jis",
        0x26 | 0x65 => "ibm866",
        0x4d | 0x7a => "gb18030",
        0x4e | 0x79 => "euc-kr",
        0x4f | 0x78 => "big5",
        0x50 | 0x7c => "windows-874",
        0x7d => "windows-1255",
        0x7e => "windows-1256",
        0xc8 => "windows-1250",
        0xc9 => "windows-1251",
        0xca => "windows-1254",
        0xcb => "windows-1253",
        0xcc => "windows-1257",
        // 0x57, "ANSI", is written by whatever code page the writer had.
        _ => return Ok(None),
    };
    Fields::declared(label).map(Some)
}

/// What a `.cpg` names: a label, or the number of a code page with or without words around it.
fn code_page(text: &str) -> Option<Fields> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0').to_ascii_lowercase();
    if let Ok(encoding) = Fields::declared(&text) {
        return Some(encoding);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let label = match digits.as_str() {
        "65001" => "utf-8".to_owned(),
        "936" | "54936" => "gb18030".to_owned(),
        "932" | "949" | "950" | "437" | "850" | "852" | "858" => format!("cp{digits}"),
        "866" => "ibm866".to_owned(),
        d if d.starts_with("125") || d == "874" => format!("windows-{d}"),
        d if d.starts_with("8859") => format!("iso-8859-{}", &d[4..]),
        _ => return None,
    };
    Fields::declared(&label).ok()
}

/// A number without blanks, plus sign, leading zeros and a point that nothing follows. Asterisks are what GDAL (`DBFGetNULLCharacter`) writes
/// for NULL, and so do not tell of a number that did not fit, for which dBASE wrote them.
fn number(text: &str) -> Entry {
    if text.is_empty() || text.bytes().all(|b| b == b'*') {
        return Entry::Blank;
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.parse::<f64>().is_ok();
    if !is_number {
        return Entry::Bad(text.to_owned(), "a number");
    }
    let bare = digits.strip_suffix('.').unwrap_or(digits).trim_start_matches('0');
    let zero = if bare.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
    Entry::Value(CellKind::Scalar, format!("{sign}{zero}{bare}"))
}

fn date(text: &str) -> Entry {
    if text.is_empty() || text.bytes().all(|b| b == b'0') {
        return Entry::Blank;
    }
    let read = || {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let part = |range: std::ops::Range<usize>| text[range].parse::<u32>().ok();
        let year = i32::try_from(part(0..4)?).ok()?;
        chrono::NaiveDate::from_ymd_opt(year, part(4..6)?, part(6..8)?)
    };
    match read() {
        Some(day) => Entry::Value(CellKind::String, day.format("%Y-%m-%d").to_string()),
        None => Entry::Bad(text.to_owned(), "a date"),
    }
}

fn logical(text: &str) -> Entry {
    match text {
        "T" | "t" | "Y" | "y" | "1" => Entry::Value(CellKind::Scalar, "true".to_owned()),
        "F" | "f" | "N" | "n" | "0" => Entry::Value(CellKind::Scalar, "false".to_owned()),
        "" | "?" => Entry::Blank,
        other => Entry::Bad(other.to_owned(), "a truth value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let scalar = |t: &str| Entry::Value(CellKind::Scalar, t.to_owned());
        for (entry, want) in [
            (number("12.50"), scalar("12.50")),
            (number("-007"), scalar("-7")),
            (number("000"), scalar("0")),
            (number("+.5"), scalar("0.5")),
            (number("123456789012345678"), scalar("123456789012345678")),
            (number("1.5e+007"), scalar("1.5e+007")),
            (number("5."), scalar("5")),
            (number("0."), scalar("0")),
            (number("****"), Entry::Blank),
            (number(""), Entry::Blank),
            (number("1,5"), Entry::Bad("1,5".into(), "a number")),
            (number("nan"), Entry::Bad("nan".into(), "a number")),
            (date("20200131"), Entry::Value(CellKind::String, "2020-01-31".into())),
            (date("00000000"), Entry::Blank),
            (date("20200231"), Entry::Bad("20200231".into(), "a date")),
            (logical("T"), scalar("true")),
            (logical("?"), Entry::Blank),
            (logical("x"), Entry::Bad("x".into(), "a truth value")),
        ] {
            assert_eq!(entry, want);
        }
    }

    #[test]
    fn a_full_field_may_end_within_a_character() {
        for (bytes, len, can) in [
            (&b"caf\xc3\xa9"[..], 5, true),
            (b"caf\xc3", 4, true),
            (b"caf\xc3", 5, false),
            (b"caf\xe9 x", 6, false),
            (b"", 4, true),
        ] {
            assert_eq!(can_be_utf8(bytes, len), can, "{bytes:?} {len}");
        }
    }

    #[test]
    fn code_pages() {
        for (text, want) in [
            ("UTF-8", Some("UTF-8")),
            ("1252\r\n", Some("windows-1252")),
            ("ANSI 1251", Some("windows-1251")),
            ("88591", Some("windows-1252")),
            ("CP936", Some("gb18030")),
            ("OEM 866", Some("IBM866")),
            ("OEM 850", Some("IBM850")),
            ("437", Some("IBM437")),
            ("SJIS", Some("Shift_JIS")),
            ("?", None),
        ] {
            assert_eq!(code_page(text).map(|page| page.name()), want, "{text}");
        }
    }
}
