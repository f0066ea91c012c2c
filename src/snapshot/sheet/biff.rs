//! The guard of xls: a compound file (MS-CFB) with chains of sectors that may run in circles, and in it records (MS-XLS) that may claim
//! more rows than there are. Both are walked here before the file is handed to its reader; no cell's value is read.

use std::path::Path;

use super::guard::{MAX_HELD_CELLS, too_many_cells};
use crate::error::{Error, Kind, Result};

/// The largest xls, in bytes: its reader holds all of it.
const MAX_BYTES: u64 = 512 << 20;

/// The first sector number that is a mark.
const MARKS: u32 = 0xffff_fffa;

/// Rows and columns of a sheet (MS-XLS 2.5.53 and 2.5.220).
const MAX_ROWS: u32 = 1 << 16;
const MAX_COLUMNS: u32 = 1 << 8;

/// Passes an xls whose reader neither runs in circles nor asks for more memory than there are cells.
pub(super) fn check(path: &Path, url: &str) -> Result<()> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > MAX_BYTES {
        let message = format!("{url} is an xls workbook of more than {MAX_BYTES} bytes");
        return Err(Error::new(Kind::SourceInvalid, message).with_hint("Publish it as xlsx or CSV."));
    }
    let file = std::fs::read(path)?;
    let compound = Compound::open(&file).ok_or_else(|| damaged(url))?;
    if compound.stream("EncryptedPackage").is_some() {
        return Err(Error::new(Kind::SourceInvalid, format!("{url} is encrypted")).with_hint("Publish it without a password."));
    }
    let Some(chain) = compound.stream("Workbook").or_else(|| compound.stream("Book")) else {
        return Err(Error::new(Kind::SourceInvalid, format!("{url} holds no workbook, but another kind of document")));
    };
    records(&chain.ok_or_else(|| damaged(url))?, url)
}

fn damaged(url: &str) -> Error {
    Error::new(Kind::SourceInvalid, format!("{url} can't be read as a workbook: it is damaged or cut short"))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

/// A compound file, its chains known to end.
struct Compound<'f> {
    file: &'f [u8],
    sector: usize,
    fat: Vec<u32>,
    directory: Vec<u8>,
    mini_fat: Vec<u32>,
    mini_stream: Vec<u8>,
    /// Streams below this size stand in the mini stream.
    cutoff: u64,
}

impl<'f> Compound<'f> {
    /// `None` when it is damaged.
    fn open(file: &'f [u8]) -> Option<Self> {
        let sector = match half(file, 30)? {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        let words = |bytes: &[u8]| bytes.chunks_exact(4).filter_map(|c| word(c, 0)).collect::<Vec<u32>>();
        let mut tables = words(file.get(76..512)?);
        let sectors = file.len() / sector;
        let mut next = word(file, 68)?;
        let mut passed = 0;
        while next < MARKS {
            passed += 1;
            if passed > sectors {
                return None;
            }
            tables.extend(words(at(file, sector, next)?));
            next = tables.pop()?;
        }
        let mut fat = Vec::new();
        for table in tables.into_iter().filter(|t| *t < MARKS) {
            fat.extend(words(at(file, sector, table)?));
            if fat.len() > sectors + sector {
                break;
            }
        }
        let mut compound = Self {
            file,
            sector,
            fat,
            directory: Vec::new(),
            mini_fat: Vec::new(),
            mini_stream: Vec::new(),
            cutoff: u64::from(word(file, 56)?),
        };
        compound.directory = compound.chain(word(file, 48)?)?;
        if word(file, 64)? > 0 {
            compound.mini_stream = compound.chain(word(&compound.directory, 116)?)?;
            compound.mini_fat = words(&compound.chain(word(file, 60)?)?);
        }
        Some(compound)
    }

    /// The sectors of a chain; `None` when it does not end.
    fn chain(&self, first: u32) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut next = first;
        while next < MARKS {
            if out.len() > self.file.len() {
                return None;
            }
            out.extend_from_slice(at(self.file, self.sector, next)?);
            next = *self.fat.get(next as usize)?;
        }
        Some(out)
    }

    fn mini_chain(&self, first: u32) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut next = first;
        while next < MARKS {
            let start = next as usize * 64;
            if out.len() > self.mini_stream.len() {
                return None;
            }
            out.extend_from_slice(self.mini_stream.get(start..start + 64)?);
            next = *self.mini_fat.get(next as usize)?;
        }
        Some(out)
    }

    /// The stream of a name, `Some(None)` when it is damaged.
    fn stream(&self, name: &str) -> Option<Option<Vec<u8>>> {
        let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).chain([0, 0]).collect();
        let is_it = |entry: &&[u8]| entry[..utf16.len()].eq_ignore_ascii_case(&utf16);
        let entry = self.directory.chunks_exact(128).find(is_it)?;
        let (Some(first), Some(size)) = (word(entry, 116), word(entry, 120)) else { return Some(None) };
        let chain = if u64::from(size) < self.cutoff { self.mini_chain(first) } else { self.chain(first) };
        Some(chain.filter(|c| c.len() >= size as usize).map(|mut c| {
            c.truncate(size as usize);
            c
        }))
    }
}

/// A sector; the last one may be cut short.
fn at(file: &[u8], sector: usize, number: u32) -> Option<&[u8]> {
    let start = (number as usize).checked_add(1)?.checked_mul(sector)?;
    file.get(start..file.len().min(start + sector)).filter(|s| !s.is_empty())
}

/// Walks over all records: the blocks of cells of all sheets, together.
fn records(stream: &[u8], url: &str) -> Result<()> {
    let mut at = 0;
    let mut before = 0_u64;
    // The smallest block around the cells of the sheet at hand.
    let mut block: Option<[u32; 4]> = None;
    let size = |block: Option<[u32; 4]>| block.map_or(0, |[t, l, b, r]| u64::from(b - t + 1) * u64::from(r - l + 1));
    while let (Some(kind), Some(len)) = (half(stream, at), half(stream, at + 2)) {
        let data = stream.get(at + 4..at + 4 + len as usize).ok_or_else(|| damaged(url))?;
        at += 4 + len as usize;
        match kind {
            // BOF: another sheet begins.
            0x0809 => {
                before += size(block);
                block = None;
            }
            // Dimensions, of which the reader makes room.
            0x0200 => {
                let claimed = match data.len() {
                    10 => half(data, 0).zip(half(data, 2)).zip(half(data, 6)),
                    _ => word(data, 0).zip(word(data, 4)).zip(half(data, 10)),
                };
                if let Some(((first, end), columns)) = claimed
                    && (end > MAX_ROWS || columns > MAX_COLUMNS || (first >= end && end > 0))
                {
                    let message = format!("{url} says that a sheet has {end} rows and {columns} columns, which no xls has");
                    return Err(Error::new(Kind::SourceInvalid, message));
                }
            }
            // Number, Rk, Label, RString, LabelSst, BoolErr, Formula, MulRk.
            0x0203 | 0x027e | 0x0204 | 0x00d6 | 0x00fd | 0x0205 | 0x0006 | 0x00bd => {
                let (Some(row), Some(column)) = (half(data, 0), half(data, 2)) else { return Err(damaged(url)) };
                let last = if kind == 0x00bd { half(data, data.len().saturating_sub(2)).unwrap_or(column) } else { column };
                let [top, left, bottom, right] = block.unwrap_or([row, column, row, column]);
                block = Some([top.min(row), left.min(column), bottom.max(row), right.max(last.max(column))]);
            }
            _ => {}
        }
        if before + size(block) > MAX_HELD_CELLS {
            return Err(too_many_cells(url, ""));
        }
    }
    Ok(())
}
