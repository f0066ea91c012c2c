//! The end of an ORC file: what its postscript says, and what a decoder needs to hear that files of before Hive 0.12 leave out
//! (`orc_proto.proto`, `PostScript` and `Footer`). How chunks are packed and read is not known here.

use orc_rust::compression::CompressionType;

use crate::snapshot::spool::put_number;

/// The field of a postscript that tells the footer's length.
const FOOTER_LENGTH: u8 = 1;

/// The field of a postscript that tells the length of the stripe statistics.
const METADATA_LENGTH: u8 = 5;

/// A decimal's `kind` in a footer's type.
const DECIMAL: u64 = 14;

/// Decimals that tell no precision and scale are given as many digits as there are, as many behind the point as leave 20 before it.
const DIGITS: [u8; 2] = [38, 18];

/// What the last bytes say of the footer.
#[derive(Debug, Default)]
pub(super) struct Postscript {
    pub(super) footer: u64,
    pub(super) metadata: u64,
    has_metadata: bool,
    pub(super) block: u64,
    pub(super) kind: Option<CompressionType>,
}

impl Postscript {
    /// Reads a postscript; `None` when it makes no sense.
    pub(super) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut found = Self::default();
        while !bytes.is_empty() {
            let (id, value) = field(&mut bytes)?;
            let Field::Number(value) = value else { continue };
            match id {
                1 => found.footer = value,
                2 => {
                    found.kind = match value {
                        0 => None,
                        1 => Some(CompressionType::Zlib),
                        2 => Some(CompressionType::Snappy),
                        3 => Some(CompressionType::Lzo),
                        4 => Some(CompressionType::Lz4),
                        5 => Some(CompressionType::Zstd),
                        _ => return None,
                    }
                }
                3 => found.block = value,
                5 => (found.metadata, found.has_metadata) = (value, true),
                _ => {}
            }
        }
        Some(found)
    }

    /// The bytes with what they lack: the length 0 of stripe statistics that are not there, and the length of a footer that was changed. Of a
    /// field that is given twice, the last one counts (Protocol Buffers, "Last One Wins").
    pub(super) fn completed(&self, bytes: &[u8], changed_footer: Option<usize>) -> Vec<u8> {
        let mut out = bytes.to_vec();
        if !self.has_metadata {
            out.extend_from_slice(&[METADATA_LENGTH << 3, 0]);
        }
        if let Some(length) = changed_footer {
            put_footer(&mut out, length);
        }
        out
    }

    /// The bytes for a footer of `length` bytes without stripe statistics before it.
    pub(super) fn completed_alone(bytes: &[u8], length: usize) -> Vec<u8> {
        let mut out = [bytes, &[METADATA_LENGTH << 3, 0]].concat();
        put_footer(&mut out, length);
        out
    }
}

fn put_footer(out: &mut Vec<u8>, length: usize) {
    out.push(FOOTER_LENGTH << 3);
    put_number(out, length as u64);
}

/// A footer with precision and scale for its decimals that tell none; `None` when there are none or it makes no sense.
pub(super) fn with_decimals(footer: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(footer.len() + 64);
    let mut rest = footer;
    let mut changed = false;
    while !rest.is_empty() {
        let before = rest;
        let (id, value) = field(&mut rest)?;
        match value {
            Field::Bytes(of_type) if id == 4 && is_bare_decimal(of_type)? => {
                changed = true;
                let [precision, scale] = DIGITS;
                let length = u8::try_from(of_type.len() + 4).ok().filter(|l| *l < 0x80)?;
                out.extend_from_slice(&[4 << 3 | 2, length]);
                out.extend_from_slice(of_type);
                out.extend_from_slice(&[5 << 3, precision, 6 << 3, scale]);
            }
            Field::Bytes(_) | Field::Number(_) | Field::Fixed => out.extend_from_slice(&before[..before.len() - rest.len()]),
        }
    }
    changed.then_some(out)
}

fn is_bare_decimal(mut of_type: &[u8]) -> Option<bool> {
    let (mut kind, mut precision) = (0, 0);
    while !of_type.is_empty() {
        match field(&mut of_type)? {
            (1, Field::Number(value)) => kind = value,
            (5, Field::Number(value)) => precision = value,
            _ => {}
        }
    }
    Some(kind == DECIMAL && precision == 0)
}

/// A field's value.
pub(super) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of four or eight bytes.
    Fixed,
}

/// Takes a field off the front, with its number.
pub(super) fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let key = varint(bytes)?;
    let mut take = |length: usize| {
        let (taken, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Some(taken)
    };
    let value = match key & 7 {
        0 => Field::Number(varint(bytes)?),
        1 => take(8).map(|_| Field::Fixed)?,
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            let (taken, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Field::Bytes(taken)
        }
        5 => take(4).map(|_| Field::Fixed)?,
        _ => return None,
    };
    Some((key >> 3, value))
}

/// Takes a base-128 number off the front.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_decimals_are_given_digits() {
        // A type of kind 14, one of kind 14 with a precision, one of kind 3, and the number of rows.
        let footer = [&[0x22, 2, 8, 14][..], &[0x22, 6, 8, 14, 0x28, 10, 0x30, 5], &[0x22, 2, 8, 3], &[0x30, 7]].concat();
        let want = [&[0x22, 6, 8, 14, 0x28, 38, 0x30, 18][..], &footer[4..]].concat();
        assert_eq!(with_decimals(&footer), Some(want));
        assert_eq!(with_decimals(&footer[4..]), None);
        assert_eq!(with_decimals(&[0x22, 9, 8]), None);
    }

    #[test]
    fn a_postscript_is_completed() {
        let bytes = [8, 100, 16, 1, 24, 0x80, 0x80, 16];
        let found = Postscript::parse(&bytes).expect("makes sense");
        assert_eq!((found.footer, found.metadata, found.block), (100, 0, 262_144));
        assert_eq!(found.completed(&bytes, None)[bytes.len()..], [40, 0]);
        let again = Postscript::parse(&found.completed(&bytes, Some(300))).expect("makes sense");
        assert_eq!((again.footer, again.has_metadata), (300, true));
        assert!(Postscript::parse(&[16, 9]).is_none());
    }
}
