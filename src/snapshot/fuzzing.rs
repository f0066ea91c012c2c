//! Doors for fuzzers: each parser of foreign bytes, given any bytes. They end with an error or with what was read; a panic is a
//! finding, and so is a cell that is lost. They exist for `fuzz/` and for the tests only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::archive::{self, Guard};
use super::cells::{CellKind, Cells, Span};
use super::csv;
use super::decode::{self, Text};
use super::records::{Form, Reader};
use super::stop::Stop;
use super::types::{ColumnPlan, Missing, Seen};
use crate::descriptor::{Column, ColumnKind, Dialect};

/// A folder for one run, and limits that keep a run short.
struct Bench {
    folder: PathBuf,
    options: Options,
    stop: Stop,
}

impl Bench {
    fn new() -> Self {
        let thread = format!("{:?}", std::thread::current().id());
        let number: String = thread.chars().filter(char::is_ascii_digit).collect();
        let folder = std::env::temp_dir().join(format!("stoa-fuzzing-{}-{number}", std::process::id()));
        std::fs::create_dir_all(folder.join("target")).expect("the folder for temporary files can be written to");
        let options = Options {
            max_file_bytes: 1 << 22,
            max_archive_bytes: 1 << 22,
            max_members: 100,
            max_columns: 1000,
            max_field_bytes: 1 << 20,
            ..Options::new(folder.clone())
        };
        Self { folder, options, stop: Stop::default() }
    }

    fn put(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join("raw");
        std::fs::write(&path, bytes).expect("the folder for temporary files can be written to");
        path
    }

    fn decode(&self, path: &Path) -> Option<Text> {
        decode::decode(path, "fuzz", None, &self.folder.join("decoded"), &self.stop, &mut Vec::new()).ok()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // What stays is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Encodings are found, and what comes of them is UTF-8.
pub fn decoder(bytes: &[u8]) {
    let bench = Bench::new();
    let Some(text) = bench.decode(&bench.put(bytes)) else { return };
    let decoded = std::fs::read(&text.path).expect("was written");
    let decoded = &decoded[usize::try_from(text.skip).expect("a mark is short")..];
    if text.bad.is_empty() {
        assert!(std::str::from_utf8(decoded).is_ok(), "{}", text.encoding);
    }
    assert!(text.bad.is_sorted_by_key(|bad| bad.at), "places ascend");
    assert!(text.bad.iter().all(|bad| bad.at < decoded.len() as u64), "places are in the text");
}

/// Dialects are sniffed, and every record is a row or a fault.
pub fn dialect(bytes: &[u8]) {
    let bench = Bench::new();
    let Some(text) = bench.decode(&bench.put(bytes)) else { return };
    let layout = csv::Layout::of(
        &text,
        "fuzz",
        &Dialect::default(),
        &[],
        bench.options.max_field_bytes,
        &Stop::default(),
        &mut Vec::new(),
    );
    let Ok(layout) = layout else { return };
    let form = Form::Csv(Box::new(layout));
    let Ok(mut reader) = Reader::open(&form, &text, "fuzz", 0, &bench.options) else { return };
    while let Ok(Some(cells)) = reader.next() {
        for column in 0..cells.width {
            assert_eq!(cells.column(column).count(), cells.rows(), "a cell for each row");
        }
    }
}

/// What [`types`] declares of its column, by the low bits of its first byte.
const DECLARED: [ColumnKind; 16] = [
    ColumnKind::Any,
    ColumnKind::String,
    ColumnKind::Integer,
    ColumnKind::Number,
    ColumnKind::Boolean,
    ColumnKind::Date,
    ColumnKind::Time,
    ColumnKind::Datetime,
    ColumnKind::Year,
    ColumnKind::YearMonth,
    ColumnKind::Duration,
    ColumnKind::Object,
    ColumnKind::Array,
    ColumnKind::List,
    ColumnKind::GeoPoint,
    ColumnKind::GeoJson,
];

/// A column of lines gets a type, and each cell is a value, a NULL or a reject. The first byte says what is declared: nothing
/// when it is of the upper half, and with a format, the first line, when its bit of 16 is set. Where nothing is declared no cell
/// is rejected, and the type is the same in whichever order parts of the column are seen.
pub fn types(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let mut lines = text.split('\n').peekable();
    let declared = (first < 128).then(|| Column {
        kind: DECLARED[usize::from(first & 15)],
        format: (first & 16 != 0).then(|| lines.next().unwrap_or_default().to_owned()),
        ..Column::default()
    });
    let mut cells = Cells { width: 1, names: Arc::new(vec!["c".to_owned()]), ..Cells::default() };
    for (i, line) in lines.enumerate() {
        cells.spans.push(Span::new(cells.text.len(), line.len(), false, CellKind::Plain));
        cells.text.push_str(line);
        cells.lines.push(i as u64 + 1);
    }
    let declared = declared.as_ref();
    let missing = || Missing::declared(declared, None, None);
    let seen = |cells: &mut dyn Iterator<Item = super::cells::Cell<'_>>| {
        let mut seen = Seen::new(declared, missing());
        seen.absorb(cells, false);
        seen
    };
    let decide = |seen: &Seen| ColumnPlan::decide("c", None, declared, missing(), seen, &[Some(seen)], &mut Vec::new());
    let Ok(plan) = decide(&seen(&mut cells.column(0))) else { return };
    let mut rejects = Vec::new();
    let values = plan.convert(&cells, Some(0), &mut rejects);
    assert_eq!(values.len(), cells.rows(), "a value for each cell");
    assert!(rejects.len() <= values.null_count(), "a rejected cell is NULL");
    if declared.is_none() {
        assert!(rejects.is_empty(), "{}: {:?}", plan.field, rejects.iter().map(|r| &r.raw).collect::<Vec<_>>());
        let half = cells.rows() / 2;
        let mut backwards = seen(&mut cells.column(0).skip(half));
        backwards.merge(&seen(&mut cells.column(0).take(half)));
        let again = decide(&backwards).expect("the order of the parts changes nothing");
        assert_eq!(again.field, plan.field, "the order of the parts changes nothing");
    }
}

/// Packed files and archives, by path and by listing.
pub fn archive(bytes: &[u8]) {
    let bench = Bench::new();
    let path = bench.put(bytes);
    let listed = archive::list(&path, &bench.options);
    let guard = Guard::new("fuzz", bytes.len() as u64, 0, &bench.options, &bench.stop, &bench.folder);
    let opened = archive::open(&path, "fuzz", "fuzz", Some("**"), &guard, &mut Vec::new());
    if let (Ok(Some(listed)), Ok(opened)) = (&listed, &opened) {
        assert!(opened.len() <= listed.len(), "no file comes out that is not in");
    }
    for plain in opened.into_iter().flatten() {
        assert!(plain.path.starts_with(&bench.folder), "{} is written elsewhere", plain.label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every door takes the nasty files, whole, cut and with bytes changed. The changes are the same in each run.
    #[test]
    fn nasty_bytes_are_taken() {
        let nasty = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/nasty");
        let files = walkdir::WalkDir::new(nasty).sort_by_file_name().into_iter().filter_map(Result::ok);
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below.max(1) as u64) as usize
        };
        let mut taken = 0;
        for file in files.filter(|f| f.file_type().is_file() && f.metadata().is_ok_and(|m| m.len() < 4096)) {
            let whole = std::fs::read(file.path()).expect("is read");
            for round in 0..4 {
                let mut bytes = whole.clone();
                if round % 2 == 1 {
                    bytes.truncate(next(whole.len()));
                }
                for _ in 0..round {
                    let at = next(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = next(256) as u8;
                    }
                }
                [decoder, dialect, types, archive].iter().for_each(|door| door(&bytes));
                taken += 1;
            }
        }
        assert!(taken > 200, "{taken} texts were tried: the real data must stand beside the repository");
    }
}
