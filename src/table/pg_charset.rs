//! The encodings that clients may speak: PostgreSQL's names for them, and text to their bytes and back (PostgreSQL 15, 24.3). All of them
//! have ASCII as it is.

use std::borrow::Cow;

use encoding_rs::{self as rs, DecoderResult, EncoderResult, Encoding};

use crate::error::{Error, Kind, Result};

/// One encoding.
#[derive(Clone, Copy, Debug)]
pub struct Charset(&'static Entry);

impl PartialEq for Charset {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Charset {}

/// PostgreSQL's name, other names for it in lower case without signs, and how it is done.
#[derive(Debug)]
struct Entry(&'static str, &'static [&'static str], Way);

#[derive(Debug)]
enum Way {
    /// The server's own bytes.
    Utf8,
    /// The first 256 characters, but for those that stand otherwise.
    Latin(&'static [(u8, char)]),
    /// As the web has it, but for control characters where a byte means nothing.
    Web(&'static Encoding),
}

/// ISO 8859-9 where it is not ISO 8859-1.
const TURKISH: &[(u8, char)] = &[(0xd0, 'Ğ'), (0xdd, 'İ'), (0xde, 'Ş'), (0xf0, 'ğ'), (0xfd, 'ı'), (0xfe, 'ş')];

use Way::{Latin, Utf8, Web};

static ENTRIES: &[Entry] = &[
    Entry("UTF8", &["unicode"], Utf8),
    Entry("SQL_ASCII", &[], Utf8),
    Entry("LATIN1", &["iso88591"], Latin(&[])),
    Entry("LATIN2", &["iso88592"], Web(rs::ISO_8859_2)),
    Entry("LATIN3", &["iso88593"], Web(rs::ISO_8859_3)),
    Entry("LATIN4", &["iso88594"], Web(rs::ISO_8859_4)),
    Entry("LATIN5", &["iso88599"], Latin(TURKISH)),
    Entry("LATIN6", &["iso885910"], Web(rs::ISO_8859_10)),
    Entry("LATIN7", &["iso885913"], Web(rs::ISO_8859_13)),
    Entry("LATIN8", &["iso885914"], Web(rs::ISO_8859_14)),
    Entry("LATIN9", &["iso885915"], Web(rs::ISO_8859_15)),
    Entry("LATIN10", &["iso885916"], Web(rs::ISO_8859_16)),
    Entry("ISO_8859_5", &[], Web(rs::ISO_8859_5)),
    Entry("ISO_8859_6", &[], Web(rs::ISO_8859_6)),
    Entry("ISO_8859_7", &[], Web(rs::ISO_8859_7)),
    Entry("ISO_8859_8", &[], Web(rs::ISO_8859_8)),
    Entry("WIN1250", &["windows1250"], Web(rs::WINDOWS_1250)),
    Entry("WIN1251", &["windows1251", "win"], Web(rs::WINDOWS_1251)),
    Entry("WIN1252", &["windows1252"], Web(rs::WINDOWS_1252)),
    Entry("WIN1253", &["windows1253"], Web(rs::WINDOWS_1253)),
    Entry("WIN1254", &["windows1254"], Web(rs::WINDOWS_1254)),
    Entry("WIN1255", &["windows1255"], Web(rs::WINDOWS_1255)),
    Entry("WIN1256", &["windows1256"], Web(rs::WINDOWS_1256)),
    Entry("WIN1257", &["windows1257"], Web(rs::WINDOWS_1257)),
    Entry("WIN1258", &["windows1258", "abc", "tcvn", "tcvn5712", "vscii"], Web(rs::WINDOWS_1258)),
    Entry("WIN866", &["windows866", "alt"], Web(rs::IBM866)),
    Entry("WIN874", &["windows874"], Web(rs::WINDOWS_874)),
    Entry("KOI8R", &["koi8"], Web(rs::KOI8_R)),
    Entry("KOI8U", &[], Web(rs::KOI8_U)),
    Entry("SJIS", &["shiftjis", "mskanji", "windows932", "win932"], Web(rs::SHIFT_JIS)),
    Entry("EUC_JP", &[], Web(rs::EUC_JP)),
    Entry("EUC_CN", &[], Web(rs::GBK)),
    Entry("EUC_KR", &[], Web(rs::EUC_KR)),
    Entry("GBK", &["windows936", "win936"], Web(rs::GBK)),
    Entry("BIG5", &["windows950", "win950"], Web(rs::BIG5)),
    Entry("UHC", &["windows949", "win949"], Web(rs::EUC_KR)),
    Entry("GB18030", &[], Web(rs::GB18030)),
];

impl Charset {
    /// The encoding of a name, of which letters and digits alone count.
    pub fn named(name: &str) -> Option<Self> {
        let plain = |name: &str| name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let wanted = plain(name);
        ENTRIES.iter().find(|entry| plain(entry.0) == wanted || entry.1.contains(&wanted.as_str())).map(Self)
    }

    /// PostgreSQL's name.
    pub fn name(self) -> &'static str {
        self.0.0
    }

    /// Whether the server's own bytes are sent and taken as they are.
    pub fn is_own(self) -> bool {
        matches!(self.0.2, Utf8)
    }

    /// Appends a text in this encoding. [`Kind::InvalidCharacter`] for what it lacks.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<()> {
        let ascii = Encoding::ascii_valid_up_to(text.as_bytes());
        out.extend_from_slice(&text.as_bytes()[..ascii]);
        let text = &text[ascii..];
        match &self.0.2 {
            Utf8 => out.extend_from_slice(text.as_bytes()),
            Latin(others) => {
                for c in text.chars() {
                    out.push(latin_byte(c, others).ok_or_else(|| self.lacks(c))?);
                }
            }
            Web(_) if text.is_empty() => {}
            Web(encoding) => {
                if let Some(c) = text.chars().find(|c| self.is_meaningless(*c)) {
                    return Err(self.lacks(c));
                }
                let mut encoder = encoding.new_encoder();
                let start = out.len();
                let most = encoder.max_buffer_length_from_utf8_without_replacement(text.len()).unwrap_or(4 * text.len());
                out.resize(start + most, 0);
                let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut out[start..], true);
                out.truncate(start + written);
                if let EncoderResult::Unmappable(c) = result {
                    return Err(self.lacks(c));
                }
            }
        }
        Ok(())
    }

    /// A text in this encoding with question marks for what it lacks.
    pub fn encode_lossy(self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for c in text.chars() {
            if self.encode(c.encode_utf8(&mut [0; 4]), &mut out).is_err() {
                out.push(b'?');
            }
        }
        out
    }

    /// The text of bytes in this encoding. [`Kind::InvalidEncoding`] when they are none of its, [`Kind::InvalidCharacter`] when one means
    /// nothing.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>> {
        match &self.0.2 {
            Utf8 => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|e| {
                let bad = &bytes[e.valid_up_to()..];
                self.invalid(&bad[..e.error_len().unwrap_or(bad.len())])
            }),
            Latin(others) => Ok(bytes.iter().map(|byte| latin_char(*byte, others)).collect()),
            Web(encoding) => {
                let mut decoder = encoding.new_decoder_without_bom_handling();
                let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(4 * bytes.len());
                let mut text = String::with_capacity(most);
                let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
                if let DecoderResult::Malformed(length, behind) = result {
                    let end = read.saturating_sub(usize::from(behind));
                    return Err(self.invalid(&bytes[end.saturating_sub(usize::from(length))..end]));
                }
                match text.chars().find(|c| self.is_meaningless(*c)) {
                    // Such a character is the byte of its number.
                    Some(c) => Err(self.invalid(&[c as u32 as u8])),
                    None => Ok(Cow::Owned(text)),
                }
            }
        }
    }

    /// Whether a character stands for a byte that means nothing: the web reads these of the Windows code pages as control characters.
    fn is_meaningless(self, c: char) -> bool {
        self.name().starts_with("WIN") && ('\u{80}'..='\u{9f}').contains(&c)
    }

    fn lacks(self, c: char) -> Error {
        let bytes = shown(c.encode_utf8(&mut [0; 4]).as_bytes());
        let message = format!(
            "character with byte sequence {bytes} in encoding \"UTF8\" has no equivalent in encoding \"{}\"",
            self.name()
        );
        Error::new(Kind::InvalidCharacter, message)
    }

    fn invalid(self, bytes: &[u8]) -> Error {
        let (bytes, name) = (shown(bytes), self.name());
        if matches!(self.0.2, Web(encoding) if encoding.is_single_byte()) {
            let message =
                format!("character with byte sequence {bytes} in encoding \"{name}\" has no equivalent in encoding \"UTF8\"");
            return Error::new(Kind::InvalidCharacter, message);
        }
        Error::new(Kind::InvalidEncoding, format!("invalid byte sequence for encoding \"{name}\": {bytes}"))
    }
}

fn latin_byte(c: char, others: &[(u8, char)]) -> Option<u8> {
    let other = others.iter().find(|(_, other)| *other == c).map(|(byte, _)| *byte);
    other.or_else(|| u8::try_from(u32::from(c)).ok().filter(|byte| !others.iter().any(|(other, _)| other == byte)))
}

fn latin_char(byte: u8, others: &[(u8, char)]) -> char {
    others.iter().find(|(other, _)| *other == byte).map_or(char::from(byte), |(_, c)| *c)
}

fn shown(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("0x{b:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PostgreSQL 15's `convert_to` and `convert_from` have it.
    #[test]
    fn texts_go_there_and_back_as_in_postgresql() {
        for (name, text, bytes) in [
            ("utf-8", "é", &b"\xc3\xa9"[..]),
            ("latin1", "é\u{80}", b"\xe9\x80"),
            ("latin5", "aş", b"a\xfe"),
            ("latin2", "é", b"\xe9"),
            ("koi8r", "ж", b"\xd6"),
            ("win1251", "ж", b"\xe6"),
            ("WIN-1252", "€", b"\x80"),
            ("sjis", "あ", b"\x82\xa0"),
            ("euc_jp", "あ", b"\xa4\xa2"),
            ("gbk", "你", b"\xc4\xe3"),
            ("big5", "你", b"\xa7\x41"),
            ("uhc", "한", b"\xc7\xd1"),
            ("euc_kr", "한", b"\xc7\xd1"),
            ("gb18030", "你", b"\xc4\xe3"),
        ] {
            let charset = Charset::named(name).expect(name);
            let mut out = Vec::new();
            charset.encode(text, &mut out).expect("it has it");
            assert_eq!(out, bytes, "{name}");
            assert_eq!(charset.decode(bytes).expect("it has it"), text, "{name}");
        }
        assert!(Charset::named("nope").is_none());
    }

    #[test]
    fn what_has_no_equivalent_is_told_in_postgresqls_words() {
        for (name, text, want) in [
            (
                "LATIN1",
                "€",
                "character with byte sequence 0xe2 0x82 0xac in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"",
            ),
            (
                "LATIN5",
                "Ð",
                "character with byte sequence 0xc3 0x90 in encoding \"UTF8\" has no equivalent in encoding \"LATIN5\"",
            ),
            (
                "WIN1252",
                "a\u{81}",
                "character with byte sequence 0xc2 0x81 in encoding \"UTF8\" has no equivalent in encoding \"WIN1252\"",
            ),
        ] {
            let charset = Charset::named(name).expect(name);
            let e = charset.encode(text, &mut Vec::new()).expect_err(name);
            assert_eq!((e.kind(), e.message()), (Kind::InvalidCharacter, want));
            assert!(charset.encode_lossy(text).ends_with(b"?"));
        }
        for (name, bytes, kind, want) in [
            (
                "WIN1252",
                &b"\x81"[..],
                Kind::InvalidCharacter,
                "character with byte sequence 0x81 in encoding \"WIN1252\" has no equivalent in encoding \"UTF8\"",
            ),
            ("SJIS", b"a\xff", Kind::InvalidEncoding, "invalid byte sequence for encoding \"SJIS\": 0xff"),
            ("UTF8", b"\xe4\xb8'", Kind::InvalidEncoding, "invalid byte sequence for encoding \"UTF8\": 0xe4 0xb8"),
        ] {
            let e = Charset::named(name).expect(name).decode(bytes).expect_err(name);
            assert_eq!((e.kind(), e.message()), (kind, want), "{name}");
        }
    }
}
