//! What a file is by its first bytes, whatever it is called: packed, an archive, a format of its own, something that no table is made
//! of, or none of these, which is text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::stream::Codec;
use crate::descriptor::Format;
use crate::error::Result;

/// A tar header's length: as much as has to be seen.
const HEAD: usize = 512;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// One file in a packing without names.
    Packed(Codec),
    Zip,
    Tar,
    /// A format that needs no unpacking.
    Format(Format),
    /// Something that no table is made of: what it is, and what to publish in its place.
    Refused(&'static str, &'static str),
    /// Nothing: text, or a format that has no mark.
    Nothing,
}

/// Looks at a file's first bytes.
pub(super) fn look(path: &Path) -> Result<Told> {
    Ok(told(&head(File::open(path)?)?))
}

/// As many bytes as [`told`] looks at.
pub(super) fn head(from: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    from.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What a file is that begins so.
pub(super) fn told(head: &[u8]) -> Told {
    match head {
        [0x1f, 0x8b, ..] => Told::Packed(Codec::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Told::Packed(Codec::Zstd),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Told::Packed(Codec::Bzip2),
        // A stream without a block.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Told::Packed(Codec::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Told::Packed(Codec::Xz),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Told::Zip,
        [b'P', b'K', 7, 8, ..] => Told::Refused("a part of a zip archive in several parts", "Publish it in one part."),
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => Told::Format(Format::Workbook),
        // The first record of Excel 2 to 5 outside of a compound file, with its length (MS-XLS 2.4.21 has that of later ones).
        [9, 0, 4, 0, ..] | [9, 2 | 4, 6, 0, ..] | [9, 8, 8, 0, 0, 5, ..] => {
            Told::Refused("a workbook of Excel 5 or older", "Publish it as xlsx or CSV.")
        }
        [b'P', b'A', b'R', b'1' | b'E', ..] => Told::Format(Format::Parquet),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Told::Format(Format::Arrow),
        [b'O', b'b', b'j', 1, ..] => Told::Format(Format::Avro),
        // The file code of a Shapefile's main file, and its five unused fields.
        [0, 0, 0x27, 0x0a, 0, 0, 0, 0, ..] => Told::Format(Format::Shapefile),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Told::Refused("a 7z archive", "Publish it as zip or gzip."),
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => Told::Refused("a RAR archive", "Publish it as zip or gzip."),
        [4, 0x22, 0x4d, 0x18, ..] => Told::Refused("an LZ4 file", "Publish it as gzip or zstd."),
        [0x1f, 0x9d, ..] => Told::Refused("a file of compress", "Publish it as gzip or zstd."),
        [b'L', b'Z', b'I', b'P', 1, ..] => Told::Refused("an lzip file", "Publish it as xz, gzip or zstd."),
        [b'%', b'P', b'D', b'F', b'-', ..] => Told::Refused("a PDF", "Publish its tables as CSV."),
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => {
            Told::Refused("a picture", "Publish what it shows as CSV.")
        }
        _ if is_tar(head) => Told::Tar,
        _ => Told::Nothing,
    }
}

/// Whether this is a tar header: its checksum is right (POSIX.1-1988, ustar; older archives have the same one). The magic word alone
/// would not tell those before POSIX.
pub(super) fn is_tar(head: &[u8]) -> bool {
    if head.len() < HEAD || head[0] == 0 {
        return false;
    }
    let digits = head[148..156].iter().filter(|b| !matches!(b, 0 | b' '));
    let told = digits.clone().try_fold(0_u32, |n, b| (b'0'..=b'7').contains(b).then(|| n.wrapping_mul(8) + u32::from(b - b'0')));
    let sum: u32 = head.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) }).sum();
    digits.count() > 0 && told == Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell() {
        let mut tar = tar::Header::new_old();
        tar.set_path("a.csv").expect("a short name");
        tar.set_size(3);
        tar.set_mode(0o644);
        tar.set_cksum();
        let mut not_tar = *tar.as_bytes();
        not_tar[0] ^= 1;
        for (head, want) in [
            (&b"\x1f\x8b\x08"[..], Told::Packed(Codec::Gzip)),
            (b"BZh91AY&SY", Told::Packed(Codec::Bzip2)),
            (b"\x09\x04\x06\x00\x00\x00\x10\x00", Told::Refused("a workbook of Excel 5 or older", "Publish it as xlsx or CSV.")),
            (b"\x09a\t", Told::Nothing),
            (b"BZh9 is a text", Told::Nothing),
            (b"PK\x03\x04", Told::Zip),
            (b"PK,name\n", Told::Nothing),
            (b"PAR1", Told::Format(Format::Parquet)),
            (b"ORC,a\n", Told::Nothing),
            (tar.as_bytes(), Told::Tar),
            (&not_tar, Told::Nothing),
            (&[0; HEAD], Told::Nothing),
            (b"a,b\n1,2\n", Told::Nothing),
            (b"", Told::Nothing),
        ] {
            assert_eq!(told(head), want, "{:?}", head.get(..16).unwrap_or(head));
        }
    }
}
