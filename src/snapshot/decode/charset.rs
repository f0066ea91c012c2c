//! Character sets: their labels, their byte-order marks, and how text in two or four bytes a character shows without one.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::dos::Page;
use crate::error::{Error, Kind, Result};

/// A character set that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// One of the WHATWG Encoding Standard.
    Whatwg(&'static Encoding),
    /// UTF-32, which that standard leaves out; `true` when the high byte comes first.
    Utf32(bool),
    /// One of DOS's, which that standard leaves out too.
    Dos(Page),
}

impl Charset {
    /// Looks a declared label up (WHATWG's labels, and the code pages that publishers also write).
    pub(super) fn declared(label: &str) -> Result<Self> {
        let plain = label.trim().to_ascii_lowercase().replace('_', "-");
        let known = match plain.as_str() {
            "utf8-sig" | "utf-8-sig" | "utf-8-bom" => "utf-8",
            "cp936" | "ms936" | "gb-18030" => "gb18030",
            "cp950" | "ms950" | "big5hkscs" => "big5",
            "cp932" | "ms932" | "sjis" | "shift-jis" => "shift_jis",
            "cp949" | "ms949" | "uhc" | "euckr" => "euc-kr",
            "eucjp" => "euc-jp",
            "utf-16" | "utf16" | "utf16le" => "utf-16le",
            "utf16be" => "utf-16be",
            "utf-32" | "utf32" | "utf-32le" | "utf32le" => return Ok(Self::Utf32(false)),
            "utf-32be" | "utf32be" => return Ok(Self::Utf32(true)),
            other => match Page::of_label(other) {
                Some(page) => return Ok(Self::Dos(page)),
                None => other,
            },
        };
        let known = known.replace("latin-", "latin");
        Encoding::for_label_no_replacement(known.as_bytes()).map(Self::Whatwg).ok_or_else(|| {
            Error::new(Kind::Descriptor, format!("\"{label}\" is not a known encoding"))
                .with_hint("Use a label such as utf-8, gb18030, big5, shift_jis, euc-kr, windows-1252 or iso-8859-7.")
        })
    }

    /// The characters of 0x80 to 0xff in a set of one byte a character that WHATWG leaves out; none of another.
    pub(super) fn upper(self) -> Vec<char> {
        match self {
            Self::Dos(page) => page.upper(),
            Self::Whatwg(_) | Self::Utf32(_) => Vec::new(),
        }
    }

    /// What a byte-order mark says, and its length.
    pub(super) fn marked(head: &[u8]) -> Option<(Self, usize)> {
        match head {
            [0xff, 0xfe, 0, 0, ..] => Some((Self::Utf32(false), 4)),
            [0, 0, 0xfe, 0xff, ..] => Some((Self::Utf32(true), 4)),
            _ => Encoding::for_bom(head).map(|(encoding, len)| (Self::Whatwg(encoding), len)),
        }
    }

    /// What the declaration of an XML text says (XML 1.0, 4.3.3), where it can be read at all; `None` for a set that is not known, and for
    /// one of two or four bytes a character, in which it could not be read.
    pub(super) fn of_xml(head: &[u8]) -> Option<Self> {
        let (declaration, _) = head.strip_prefix(b"<?xml")?.split_at_checked(200.min(head.len() - 5))?;
        let end = declaration.iter().position(|b| *b == b'>')?;
        let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
        let (_, rest) = declaration.split_once("encoding")?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (label, _) = rest[1..].split_once(quote)?;
        let known = Self::declared(label).ok()?;
        match known {
            Self::Whatwg(encoding) => (encoding != UTF_16LE && encoding != UTF_16BE).then_some(known),
            Self::Utf32(_) => None,
            Self::Dos(_) => Some(known),
        }
    }

    /// UTF-16 and UTF-32 without a mark: line ends, delimiters, digits and blanks are in every table, and beside each stand the
    /// zeros of one byte order.
    pub(super) fn unmarked(head: &[u8]) -> Option<Self> {
        let common = |c: u32| matches!(c, 0x09 | 0x0a | 0x0d | 0x20 | 0x22 | 0x2c | 0x2e | 0x30..=0x3b | 0x7c);
        let quads = head.chunks_exact(4);
        let all = quads.len();
        if all >= 2 && head.len().is_multiple_of(4) {
            for big in [false, true] {
                let hits = quads.clone().filter(|q| common(unit32(q, big))).count();
                let damaged = quads.clone().filter(|q| char::from_u32(unit32(q, big)).is_none()).count();
                // What has some damage must show more of a table.
                let is_text = if damaged == 0 { hits * 50 >= all } else { hits * 8 >= all && damaged * 100 <= all };
                if is_text && hits > 0 {
                    return Some(Self::Utf32(big));
                }
            }
        }
        let pairs = head.chunks_exact(2);
        let all = pairs.len();
        if all < 2 {
            return None;
        }
        let is_separator = |c: u32| matches!(c, 0x09 | 0x0a | 0x0d | 0x2c | 0x3b);
        let hits = |big: bool| {
            let unit =
                |p: &[u8]| u32::from(if big { u16::from_be_bytes([p[0], p[1]]) } else { u16::from_le_bytes([p[0], p[1]]) });
            let count = |of: &dyn Fn(u32) -> bool| pairs.clone().filter(|p| of(unit(p))).count();
            (count(&common), count(&is_separator))
        };
        let (little, big) = (hits(false), hits(true));
        let (best, other) = if little > big { (little, big) } else { (big, little) };
        // In text of one byte a character a zero is damage, and separators stand without one.
        let separators = head.iter().filter(|b| is_separator(u32::from(**b))).count();
        if best.0 * 50 < all || best.0 == 0 || other.0 * 8 > best.0 || best.1 * 4 < separators * 3 {
            return None;
        }
        Some(Self::Whatwg(if little > big { UTF_16LE } else { UTF_16BE }))
    }

    /// Whether the two are one encoding but for the order of bytes.
    pub(super) fn is_of_family(self, other: Self) -> bool {
        let is_16 = |c: Self| c == Self::Whatwg(UTF_16LE) || c == Self::Whatwg(UTF_16BE);
        match (self, other) {
            (Self::Utf32(_), Self::Utf32(_)) => true,
            (Self::Whatwg(a), Self::Whatwg(b)) => a == b || (is_16(self) && is_16(other)),
            (Self::Dos(a), Self::Dos(b)) => a == b,
            (Self::Utf32(_) | Self::Dos(_), _) | (Self::Whatwg(_), Self::Utf32(_) | Self::Dos(_)) => false,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Whatwg(encoding) => encoding.name(),
            Self::Utf32(false) => "UTF-32LE",
            Self::Utf32(true) => "UTF-32BE",
            Self::Dos(page) => page.name(),
        }
    }
}

/// Four bytes as one number.
pub(super) fn unit32(quad: &[u8], big: bool) -> u32 {
    let bytes = [quad[0], quad[1], quad[2], quad[3]];
    if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
