//! Archives that are honest or odd, made here byte by byte: what becomes of each, or what it is refused with.

mod hostile;

use std::io::{Cursor, Write};

use ::tar::{Builder, EntryType, Header};
use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};

use super::*;

const TEXT: &[u8] = b"a,b\n1,2\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).and_then(|()| out.finish()).expect("writes to memory")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    out.write_all(bytes).and_then(|()| out.finish()).expect("writes to memory")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(bytes).and_then(|()| out.finish()).expect("writes to memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 1).expect("writes to memory")
}

fn zip_by(method: CompressionMethod, members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(method);
        out.start_file(*name, options).expect("a new name");
        out.write_all(bytes).expect("writes to memory");
    }
    out.finish().expect("writes to memory").into_inner()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_by(CompressionMethod::STORE, members)
}

/// A tar archive; a name is written as it is, however long or hostile.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        out.append(&header, *bytes).expect("writes to memory");
    }
    out.into_inner().expect("writes to memory")
}

/// The bytes with one text in place of another of the same length, everywhere.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let places: Vec<usize> = (0..=out.len() - from.len()).filter(|at| out[*at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "there is something to replace");
    places.into_iter().for_each(|at| out[at..at + to.len()].copy_from_slice(to));
    out
}

/// The same, from the `at`th byte behind where `mark` first stands, or last when `last`.
fn patched(bytes: &[u8], mark: &[u8], last: bool, at: usize, with: &[u8]) -> Vec<u8> {
    let mut places = (0..bytes.len()).filter(|place| bytes[*place..].starts_with(mark));
    let place = if last { places.next_back() } else { places.next() }.expect("the mark is there") + at;
    let mut out = bytes.to_vec();
    out[place..place + with.len()].copy_from_slice(with);
    out
}

/// A zip's header before a member's bytes, and its entry in the directory (APPNOTE 4.3.7, 4.3.12).
const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";

struct Bench {
    folder: tempfile::TempDir,
    options: Options,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options::new(folder.path().to_owned());
        Self { folder, options }
    }

    fn open(&self, bytes: &[u8], wanted: Option<&str>) -> (Result<Vec<Plain>>, Vec<String>) {
        let path = self.folder.path().join("f");
        std::fs::write(&path, bytes).expect("writes");
        let stop = Stop::default();
        let guard = Guard::new("f", bytes.len() as u64, 0, &self.options, &stop, self.folder.path());
        let mut warnings = Vec::new();
        let opened = open(&path, "f", "f", wanted, &guard, &mut warnings);
        (opened, warnings)
    }

    /// Each plain file as `name format: text`, parted by ` | `, then the warnings; or the error with its detail.
    fn shown(&self, bytes: &[u8], wanted: Option<&str>) -> String {
        let plain = |p: &Plain| {
            let text = std::fs::read(&p.path).expect("it was unpacked");
            let text = String::from_utf8_lossy(&text[..text.len().min(100)]).into_owned();
            let format = p.format.map_or("-", Format::name);
            let beside: String = p.beside.iter().map(|(ending, _)| format!("+{ending}")).collect();
            format!("{} {format}{beside}: {}", p.label, text.replace('\n', "/"))
        };
        match self.open(bytes, wanted) {
            (Ok(plains), warnings) => {
                let plains = plains.iter().map(plain).collect::<Vec<_>>().join(" | ");
                if warnings.is_empty() { plains } else { format!("{plains} ({})", warnings.join("; ")) }
            }
            (Err(e), _) => {
                assert_eq!(e.kind(), Kind::SourceInvalid, "{e}");
                format!("error: {e}{}", e.detail().map(|d| format!(" ({d})")).unwrap_or_default())
            }
        }
    }
}

#[test]
fn packings_are_told_by_their_bytes() {
    let two = [gzip(&TEXT[..4]), gzip(&TEXT[4..])].concat();
    let padded = [gzip(TEXT), vec![0; 1000]].concat();
    let skippable = [&b"\x50\x2a\x4d\x18\x03\0\0\0abc"[..], &zstd(TEXT)].concat();
    let inner = zip(&[("a.csv.gz", gzip(TEXT).as_slice())]);
    let plain = "f -: a,b/1,2/";
    for (what, bytes, want) in [
        ("plain", TEXT.to_vec(), plain),
        ("gzip", gzip(TEXT), plain),
        ("gzip of two members", two, plain),
        ("gzip with zeros behind", padded, plain),
        ("zstd", zstd(TEXT), plain),
        ("zstd of two frames", [zstd(&TEXT[..4]), zstd(&TEXT[4..])].concat(), plain),
        ("zstd behind a skippable frame", skippable, plain),
        ("bzip2 of two streams", [bzip2(&TEXT[..4]), bzip2(&TEXT[4..])].concat(), plain),
        ("bzip2 of nothing", bzip2(b""), "f -: "),
        ("xz of two streams", [xz(&TEXT[..4]), xz(&TEXT[4..])].concat(), plain),
        ("zip", zip(&[("d/a.csv", TEXT)]), "f/d/a.csv csv: a,b/1,2/"),
        ("deflated zip", zip_by(CompressionMethod::DEFLATE, &[("a.csv", TEXT)]), "f/a.csv csv: a,b/1,2/"),
        ("tar", tar(&[("d/a.csv", TEXT)]), "f/d/a.csv csv: a,b/1,2/"),
        ("tar.gz", gzip(&tar(&[("a.tsv", TEXT)])), "f/a.tsv csv: a,b/1,2/"),
        ("tar.zst", zstd(&tar(&[("a.json", b"[]")])), "f/a.json json: []"),
        ("tar.bz2", bzip2(&tar(&[("a.csv", TEXT)])), "f/a.csv csv: a,b/1,2/"),
        ("tar.xz", xz(&tar(&[("a.csv", TEXT)])), "f/a.csv csv: a,b/1,2/"),
        ("csv.gz in zip", inner.clone(), "f/a.csv.gz csv: a,b/1,2/"),
        ("csv.gz in zip in zip", zip(&[("in.zip", &inner)]), "f/in.zip/a.csv.gz csv: a,b/1,2/"),
        ("zip of an empty file", zip(&[("a.csv", b"")]), "f/a.csv csv: "),
    ] {
        assert_eq!(Bench::new().shown(&bytes, None), want, "{what}");
    }
}

/// The zip crate, as it is built here, writes stored and deflated members only: others are made of a stored one.
#[test]
fn zip_members_in_newer_packings() {
    for (method, packed) in [(12_u16, bzip2(TEXT)), (93, zstd(TEXT)), (95, xz(TEXT))] {
        let mut stored = zip(&[("a.csv", packed.as_slice())]);
        let mut crc = flate2::Crc::new();
        crc.update(TEXT);
        let (crc, size) = (crc.sum().to_le_bytes(), (TEXT.len() as u32).to_le_bytes());
        for (mark, shift) in [(LOCAL, 0), (CENTRAL, 2)] {
            stored = patched(&stored, mark, false, 8 + shift, &method.to_le_bytes());
            stored = patched(&stored, mark, false, 14 + shift, &crc);
            stored = patched(&stored, mark, false, 22 + shift, &size);
        }
        assert_eq!(Bench::new().shown(&stored, None), "f/a.csv csv: a,b/1,2/", "{method}");
    }
    let deflate64 = patched(&zip(&[("a.csv", TEXT)]), CENTRAL, false, 10, &9_u16.to_le_bytes());
    let want = "error: f/a.csv is packed by Deflate64, which is not read; pack it by Deflate";
    assert_eq!(Bench::new().shown(&deflate64, None), want);
}

#[test]
fn the_files_that_are_meant() {
    let years: &[(&str, &[u8])] =
        &[("y/2020.csv", b"a\n2\n"), ("y/2019.csv", b"a\n1\n"), ("ReadMe.txt", b"x"), ("about.pdf", b"x")];
    let shapes: &[(&str, &[u8])] =
        &[("r.shp", b"\0\0\x27\x0a\0\0\0\0"), ("r.DBF", b"d"), ("r.prj", b"p"), ("s.dbf", b"d"), ("licence.html", b"x")];
    let of = |text: &str| {
        format!("error: f is an archive of 2 data files, and its descriptor does not say which make the table ({text})")
    };
    let both = "f/y/2019.csv csv: a/1/ | f/y/2020.csv csv: a/2/";
    for (members, wanted, want) in [
        (&years[1..], None, "f/y/2019.csv csv: a/1/ (f is read for y/2019.csv, and left out is ReadMe.txt, about.pdf)"),
        (years, None, &of("It holds y/2019.csv, y/2020.csv.")),
        (years, Some("y/*.csv"), both),
        (years, Some("**/*.csv"), both),
        (years, Some("y/2020.csv"), "f/y/2020.csv csv: a/2/"),
        (years, Some("ReadMe.txt"), "f/ReadMe.txt csv: x"),
        (
            years,
            Some("z.csv"),
            "error: f holds no file \"z.csv\", which the descriptor's innerpath names (It holds y/2020.csv, y/2019.csv, ReadMe.txt, about.pdf.)",
        ),
        (&years[2..3], Some("*.txt"), "f/ReadMe.txt csv: x"),
        (
            &years[2..],
            None,
            "error: f is an archive without a file that a table can be made of (It holds ReadMe.txt, about.pdf.)",
        ),
        (&[], None, "error: f is an archive without a file that a table can be made of (It holds no file.)"),
        (shapes, None, "f/r.shp shp+dbf+prj: \0\0'\n\0\0\0\0 (f is read for r.shp, and left out is licence.html, s.dbf)"),
    ] {
        let want = want.replace("\0\0'\n", "\0\0'/");
        let (zipped, tarred) = (zip(members), gzip(&tar(members)));
        assert_eq!(Bench::new().shown(&zipped, wanted), want, "zip {wanted:?}");
        if !members.is_empty() {
            assert_eq!(Bench::new().shown(&tarred, wanted), want, "tar.gz {wanted:?}");
        }
    }
    let nested = zip(&[("in.zip", zip(years).as_slice()), ("b.csv", b"b\n")]);
    assert_eq!(Bench::new().shown(&nested, Some("in.zip/y/2019.csv")), "f/in.zip/y/2019.csv csv: a/1/");
    let e = Bench::new().open(&nested[..], Some("in.zip")).0.expect_err("which?");
    assert!(
        e.hint().is_some_and(|h| h.contains(r#"{"name": "2020", "path": "f", "innerpath": "in.zip/y/2020.csv"}"#)),
        "{:?}",
        e.hint()
    );
    let plain = "error: f is no archive, and the descriptor's innerpath names a.csv in one";
    assert_eq!(Bench::new().shown(&gzip(TEXT), Some("a.csv")), plain);
}

#[test]
fn documents_are_no_archives() {
    let ods: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";
    for (members, want) in [
        (&[("[Content_Types].xml", TEXT), ("xl/workbook.xml", TEXT)][..], Ok(Format::Workbook)),
        (&[("mimetype", ods), ("content.xml", TEXT)], Ok(Format::Workbook)),
        (&[("[Content_Types].xml", TEXT), ("word/document.xml", TEXT)], Err("f is a text document, which no table is made of")),
        (&[("mimetype", &ods[..36]), ("content.xml", TEXT)], Err("f is an office document, which no table is made of")),
        // As the reader of workbooks finds them: by their main part, wherever it stands, and in either case.
        (&[("[content_types].xml", TEXT), ("book/Workbook.xml", TEXT)], Ok(Format::Workbook)),
        (&[("[Content_Types].xml", TEXT), ("xl/styles.xml", TEXT)], Err("f is an office document, which no table is made of")),
        (&[("mimetype", ods)], Err("f is an office document, which no table is made of")),
    ] {
        let bench = Bench::new();
        let got = bench.open(&zip(members), None).0.map(|plains| (plains.len(), plains[0].format, plains[0].is_certain));
        assert_eq!(got.map_err(|e| e.to_string()), want.map(|f| (1, Some(f), true)).map_err(str::to_owned));
        let listed = list(&bench.folder.path().join("f"), &bench.options).expect("it can be listed");
        assert_eq!(listed, None);
    }
}

#[test]
fn listing_reads_names_only() {
    let bench = Bench::new();
    let path = bench.folder.path().join("f");
    // The member's bytes are wrong, which only reading it finds.
    let broken = replaced(&zip(&[("a.csv", TEXT), ("d/b.csv", TEXT)]), b"1,2", b"1,3");
    let broken_tar = tar(&[("a.csv", TEXT), ("d/b.csv", TEXT)]);
    let both = || Some(vec!["a.csv".to_owned(), "d/b.csv".to_owned()]);
    for (bytes, want) in [
        (broken, both()),
        (broken_tar.clone(), both()),
        (gzip(&broken_tar), both()),
        (gzip(TEXT), None),
        (gzip(b""), None),
        (TEXT.to_vec(), None),
        // It would take long to see what is behind the first member.
        (gzip(&tar(&[("a.csv", &vec![0; 513 << 20]), ("b.csv", TEXT)])), None),
    ] {
        std::fs::write(&path, bytes).expect("writes");
        assert_eq!(list(&path, &bench.options).expect("it is read"), want);
    }
    std::fs::write(&path, zip(&[])).expect("writes");
    let e = list(&path, &bench.options).expect_err("it is empty");
    assert!(e.message().ends_with("is an archive without a file that a table can be made of"), "{e}");
    let whole = gzip(&broken_tar);
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("writes");
    let e = list(&path, &bench.options).expect_err("it is cut short");
    assert!(e.message().ends_with("can't be unpacked: it is cut short"), "{e}");
}

#[test]
fn links_are_told_and_not_followed() {
    let mut out = Builder::new(Vec::new());
    for (name, bytes) in [("a.csv", TEXT), ("b.csv", TEXT)] {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, name, bytes).expect("writes to memory");
    }
    for (name, kind) in [("latest.csv", EntryType::Symlink), ("same.csv", EntryType::Link)] {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        out.append_link(&mut header, name, "b.csv").expect("writes to memory");
    }
    let bytes = out.into_inner().expect("writes to memory");
    let bench = Bench::new();
    for (wanted, plains, want) in [
        (Some("*.csv"), 2, "f holds links, which are not followed: latest.csv, a link to b.csv, same.csv, a link to b.csv"),
        (Some("a.csv"), 1, ""),
        (Some("[as]*.csv"), 1, "f holds links, which are not followed: same.csv, a link to b.csv"),
    ] {
        let (opened, warnings) = bench.open(&bytes, wanted);
        assert_eq!((opened.map_or(0, |plains| plains.len()), warnings.join("; ")), (plains, want.to_owned()), "{wanted:?}");
    }
    for wanted in ["latest.csv", "l*.csv"] {
        let e = bench.open(&bytes, Some(wanted)).0.expect_err("it is a link");
        assert_eq!(e.message(), "f holds latest.csv, a link to b.csv, and links are not followed", "{wanted}");
    }
}

/// Archives from before POSIX have no other mark of a folder than the slash behind its name.
#[test]
fn folders_of_old_tars_are_no_files() {
    let mut out = Builder::new(Vec::new());
    for (name, bytes) in [("d/", &b""[..]), ("d/a.csv", TEXT)] {
        let mut header = Header::new_old();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        out.append(&header, bytes).expect("writes to memory");
    }
    let bytes = out.into_inner().expect("writes to memory");
    assert_eq!(Bench::new().shown(&bytes, None), "f/d/a.csv csv: a,b/1,2/");
}
