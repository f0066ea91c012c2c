//! Parquet pages: what their headers claim, before a decoder sets memory aside for it. A footer can't be held to this, as pages say
//! their sizes themselves (parquet.thrift, `PageHeader`).

use super::thrift::{Compact, STRUCT};
use crate::snapshot::is_believable;

/// A page's word on itself.
#[derive(Debug, Default)]
struct Header {
    unpacked: i32,
    packed: i32,
    /// Of a dictionary or data page.
    values: i32,
    is_dictionary: bool,
}

/// Checks the pages that `bytes` begin with: those of one column chunk of `values` values, or some of them. An error says what is not
/// believed. What is no header ends the check; the decoder has its own word for that.
pub fn check(bytes: &[u8], values: u64) -> Result<(), String> {
    let (mut at, mut seen) = (0, 0_u64);
    while seen < values {
        let Some((header, length)) = bytes.get(at..).and_then(header) else { return Ok(()) };
        let claimed = [header.packed, header.unpacked, header.values].map(u64::try_from);
        let [Ok(packed), Ok(unpacked), Ok(of_page)] = claimed else {
            return Err("a page claims less than nothing".to_owned());
        };
        if !is_believable(packed, unpacked) {
            return Err(format!("a page claims {unpacked} bytes in {packed}"));
        }
        if header.is_dictionary {
            // A value is of a byte at least.
            if of_page > unpacked {
                return Err(format!("a dictionary claims {of_page} values in {unpacked} bytes"));
            }
        } else {
            if of_page > values - seen {
                return Err(format!("pages claim more than the {values} values of their column"));
            }
            seen += of_page;
        }
        let Some(next) = usize::try_from(packed).ok().and_then(|packed| at.checked_add(length)?.checked_add(packed)) else {
            return Ok(());
        };
        at = next;
    }
    Ok(())
}

/// The header at the front, and its length.
fn header(bytes: &[u8]) -> Option<(Header, usize)> {
    let mut reader = Compact::new(bytes);
    let mut header = Header::default();
    reader.structure(|reader, id, kind| {
        match (id, kind) {
            (1, _) => {
                reader.number()?;
            }
            (2, _) => header.unpacked = reader.int()?,
            (3, _) => header.packed = reader.int()?,
            (5 | 7 | 8, STRUCT) => {
                header.is_dictionary = id == 7;
                reader.structure(|reader, id, _| {
                    if id == 1 {
                        header.values = reader.int()?;
                    }
                    Some(id == 1)
                })?;
            }
            _ => return Some(false),
        }
        Some(true)
    })?;
    Some((header, reader.position()))
}

#[cfg(test)]
mod tests {
    use super::super::thrift::tests::number;
    use super::*;

    /// A header of a page of this kind (5 for data, 7 for a dictionary), then `packed` bytes.
    fn page(kind: u8, unpacked: i64, packed: i64, values: i64) -> Vec<u8> {
        let mut out = vec![0x15, 0];
        for claimed in [unpacked, packed] {
            out.push(0x15);
            out.extend(number(claimed));
        }
        out.push((kind - 3) << 4 | STRUCT);
        out.push(0x15);
        out.extend(number(values));
        out.extend([0, 0]);
        out.resize(out.len() + usize::try_from(packed.max(0)).unwrap_or(0), 7);
        out
    }

    #[test]
    fn pages_are_believed_within_reason() {
        for (pages, values, want) in [
            (vec![page(7, 40, 20, 10), page(5, 100, 50, 60), page(5, 100, 50, 40)], 100, Ok(())),
            (vec![page(5, 100, 50, 60), page(5, 100, 50, 41)], 100, Err("pages claim more than the 100 values of their column")),
            (vec![page(5, 2_000_000_000, 50, 60)], 100, Err("a page claims 2000000000 bytes in 50")),
            (vec![page(5, 100, 50, 60), page(5, 2_000_000_000, 50, 40)], 100, Err("a page claims 2000000000 bytes in 50")),
            (vec![page(7, 40, 20, 41)], 100, Err("a dictionary claims 41 values in 40 bytes")),
            (vec![page(7, 40, 20, -1)], 100, Err("a page claims less than nothing")),
            // 32 bits are all that a decoder takes.
            (vec![page(5, (1 << 32) + 2_000_000_000, 50, 60)], 100, Err("a page claims 2000000000 bytes in 50")),
            // A field's number beyond the last one.
            (vec![vec![0x05, 0xfe, 0xff, 0x03, 0, 0x15, 0]], 100, Ok(())),
            (vec![page(5, -1, 20, 1)], 100, Err("a page claims less than nothing")),
            (vec![vec![0xff; 40]], 100, Ok(())),
            (vec![], 100, Ok(())),
        ] {
            assert_eq!(check(&pages.concat(), values), want.map_err(str::to_owned));
        }
    }
}
