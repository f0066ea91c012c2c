//! Archives that are honest, odd or hostile, made here byte by byte: what becomes of each, or what it is refused with.

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
    ] {
        let bench = Bench::new();
        let got = bench.open(&zip(members), None).0.map(|plains| (plains.len(), plains[0].format, plains[0].is_certain));
        assert_eq!(got.map_err(|e| e.to_string()), want.map(|f| (1, Some(f), true)).map_err(str::to_owned));
        let listed = list(&bench.folder.path().join("f"), &bench.options).expect("it can be listed");
        assert_eq!(listed, None);
    }
}

/// What a flipped bit, a cut and a hostile hand make of archives: each is an error that says what is wrong, never fewer rows.
#[test]
fn what_is_not_whole_is_refused() {
    let long: Vec<u8> = (0..20_000_u32).flat_map(|i| format!("{i},{}\n", i.wrapping_mul(2_654_435_761)).into_bytes()).collect();
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let zipped = zip(&[("a.csv", TEXT)]);
    let deflated = zip_by(CompressionMethod::DEFLATE, &[("a.csv", &long)]);
    let tarred = tar(&[("a.csv", TEXT), ("b.pdf", TEXT)]);
    let two = zip(&[("a.csv", TEXT), ("b.pdf", TEXT)]);
    // The second entry of the directory points at the first member.
    let overlapping = patched(&two, CENTRAL, true, 42, &0_u32.to_le_bytes());
    let shares = patched(&overlapping, CENTRAL, true, 46, b"b.pdf");
    let renamed = replaced(&two, b"b.pdf", b"a.csv");
    let garbage = [gzip(TEXT), b"<html>".to_vec()].concat();
    let at = gzip(TEXT).len();
    let sparse = {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNUSparse);
        header.set_path("a.csv").expect("a short name");
        header.set_size(0);
        header.as_gnu_mut().expect("it is GNU's").set_real_size(0);
        header.set_cksum();
        let mut out = Builder::new(Vec::new());
        out.append(&header, &b""[..]).expect("writes to memory");
        out.into_inner().expect("writes to memory")
    };
    let long_name = {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNULongName);
        header.set_path("././@LongLink").expect("a short name");
        header.set_size(2 << 20);
        header.set_cksum();
        let mut out = Builder::new(Vec::new());
        out.append(&header, &vec![b'x'; 2 << 20][..]).expect("writes to memory");
        out.into_inner().expect("writes to memory")
    };
    for (what, bytes, want) in [
        ("cut gzip", cut(gzip(&long)), "f can't be unpacked: it is cut short"),
        ("gzip without its end", gzip(TEXT)[..at - 4].to_vec(), "f can't be unpacked: it is cut short"),
        ("gzip with a page behind", garbage, &format!("f can't be unpacked: at byte {at} stands something that is not gzip")),
        (
            "gzip of another checksum",
            patched(&gzip(TEXT), b"\x1f\x8b", false, at - 8, b"zz"),
            "corrupt gzip stream does not have a matching checksum",
        ),
        ("cut zstd", cut(zstd(&long)), "f can't be unpacked: "),
        ("zstd with text behind", [zstd(TEXT), b"text".to_vec()].concat(), "f can't be unpacked: "),
        ("cut bzip2", cut(bzip2(&long)), "f can't be unpacked: it is cut short"),
        ("bzip2 with text behind", [bzip2(TEXT), b"text".to_vec()].concat(), "f can't be unpacked: "),
        ("cut xz", cut(xz(&long)), "f can't be unpacked: it is cut short"),
        ("xz with text behind", [xz(TEXT), b"text".to_vec()].concat(), "f can't be unpacked: "),
        (
            "cut zip",
            cut(deflated.clone()),
            "f can't be unpacked: the directory at its end is missing: it is cut short, or no zip archive",
        ),
        ("zip without its first bytes' order", patched(&deflated, b"a.csv", false, 1000, b"????"), "f/a.csv can't be unpacked: "),
        (
            "wrong CRC",
            patched(&zipped, CENTRAL, false, 16, b"zzzz"),
            "f/a.csv can't be unpacked: its checksum (CRC-32) is another one than is declared",
        ),
        (
            "changed byte",
            replaced(&zipped, b"1,2", b"1,3"),
            "f/a.csv can't be unpacked: its checksum (CRC-32) is another one than is declared",
        ),
        (
            "declared too large",
            patched(&deflated, CENTRAL, false, 24, &(long.len() as u32 + 1).to_le_bytes()),
            &format!("f/a.csv can't be unpacked: it is said to have {} bytes and has {}", long.len() + 1, long.len()),
        ),
        (
            "declared too small",
            patched(&deflated, CENTRAL, false, 24, &7_u32.to_le_bytes()),
            "f/a.csv can't be unpacked: it is said to have 7 bytes and has more",
        ),
        ("overlap", overlapping, "f can't be unpacked: its members overlap, as those of a zip bomb do"),
        ("overlap under another name", shares, "f can't be unpacked: its members overlap, as those of a zip bomb do"),
        ("one name twice", renamed, "f can't be unpacked: two of its members have the same name"),
        (
            "one name in two spellings",
            zip(&[("./a.csv", TEXT), ("a.csv", TEXT)]),
            "f can't be unpacked: two of its members are named \"a.csv\"",
        ),
        ("encrypted", patched(&patched(&zipped, CENTRAL, false, 8, &[1]), LOCAL, false, 6, &[1]), "f/a.csv is encrypted"),
        (
            "traversal",
            replaced(&zip(&[("xx/a.csv", TEXT)]), b"xx/a.csv", b"../a.csv"),
            "f holds a member named \"../a.csv\", which leads out of the archive; nothing of it is read",
        ),
        (
            "absolute",
            replaced(&zip(&[("x/a.csv", TEXT)]), b"x/a.csv", b"//a.csv"),
            "f holds a member named \"//a.csv\", which leads out of the archive; nothing of it is read",
        ),
        (
            "tar traversal",
            tar(&[("../a.csv", TEXT)]),
            "f holds a member named \"../a.csv\", which leads out of the archive; nothing of it is read",
        ),
        (
            "tar absolute",
            tar(&[("/a.csv", TEXT)]),
            "f holds a member named \"/a.csv\", which leads out of the archive; nothing of it is read",
        ),
        ("tar twice", tar(&[("a.csv", TEXT), ("a.csv", TEXT)]), "f can't be unpacked: two of its members are named \"a.csv\""),
        (
            "tar cut between members",
            tarred[..1024].to_vec(),
            "f can't be unpacked: it ends without the mark of its end: it is cut short",
        ),
        (
            "tar cut within a member",
            tarred[..515].to_vec(),
            "f can't be unpacked: it ends without the mark of its end: it is cut short",
        ),
        ("tar cut within a header", tarred[..1100].to_vec(), "f can't be unpacked: "),
        ("two tars", [tarred.clone(), tarred.clone()].concat(), "f can't be unpacked: behind its end stands another archive"),
        ("sparse tar", sparse, "f/a.csv is a sparse file, which is not read"),
        ("tar with a name of 2 MB", long_name, "f can't be unpacked: a member's headers are longer than 1048576 bytes"),
        ("7z", b"7z\xbc\xaf\x27\x1c\0".to_vec(), "f is a 7z archive, which no table is made of"),
    ] {
        let got = Bench::new().shown(&bytes, None);
        assert!(got.strip_prefix("error: ").is_some_and(|e| e.contains(want)), "{what}: {got}");
    }
}

/// An archive cut anywhere is refused, and one with any bit flipped is refused or reads the same: where a packing has a checksum, no
/// damage gives other bytes. (The first bytes, by which a packing is known, are left alone.)
#[test]
fn no_damage_gives_other_bytes() {
    let text = b"id,name\n1,english\n2,\xe4\xb8\xad\xe5\x9b\xbd\xe4\xba\xba\n".repeat(3);
    let tarred = tar(&[("a.csv", &text)]);
    for (what, packed, known, is_checked) in [
        ("gzip", gzip(&text), 2, true),
        ("bzip2", bzip2(&text), 8, true),
        ("xz", xz(&text), 6, true),
        ("zip", zip_by(CompressionMethod::DEFLATE, &[("a.csv", &text)]), 4, true),
        ("stored zip", zip(&[("a.csv", &text)]), 4, true),
        ("zstd", zstd(&text), 4, false),
        ("tar", tarred[..2048].to_vec(), 512, false),
    ] {
        let bench = Bench::new();
        let read = |bytes: &[u8]| match bench.open(bytes, None) {
            (Ok(plains), _) => Some(std::fs::read(&plains[0].path).expect("it was unpacked")),
            (Err(e), _) => {
                assert_eq!(e.kind(), Kind::SourceInvalid, "{what}: {e}");
                None
            }
        };
        assert_eq!(read(&packed), Some(text.clone()), "{what}");
        for end in (known..packed.len()).step_by(if what == "tar" { 64 } else { 1 }) {
            // A tar's end mark is of two blocks, of which one is enough.
            let whole = what == "tar" && end >= 1536;
            assert_eq!(read(&packed[..end]).is_some(), whole, "{what} cut at {end}");
        }
        for bit in (known * 8..packed.len() * 8).step_by(if is_checked { 3 } else { 97 }) {
            let mut flipped = packed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Some(read) = read(&flipped) {
                assert!(read == text || !is_checked, "{what} with bit {bit} flipped");
            }
        }
    }
}

#[test]
fn bombs_are_refused_before_they_are_large() {
    let zeros = vec![0; 80 << 20];
    let limits = [
        ("gzip", gzip(&zeros), "f unpacks to more than 20 times its size and is taken for a bomb"),
        (
            "zip",
            zip_by(CompressionMethod::DEFLATE, &[("a.csv", &zeros)]),
            "f unpacks to more than 20 times its size and is taken for a bomb",
        ),
        ("gzip in gzip", gzip(&gzip(&zeros)), "f unpacks to more than 20 times its size and is taken for a bomb"),
    ];
    for (what, bytes, want) in limits {
        let mut bench = Bench::new();
        bench.options.max_ratio = 20;
        assert_eq!(bench.shown(&bytes, None), format!("error: {want}"), "{what}");
        let size: u64 = std::fs::read_dir(bench.folder.path())
            .expect("lists")
            .map(|e| e.and_then(|e| e.metadata()).map_or(0, |m| m.len()))
            .sum();
        assert!(size < 70 << 20, "{what}: {size} bytes were written");
    }
    let text = vec![b'x'; 3000];
    for (what, set, want) in [
        ("file", &(|o: &mut Options| o.max_file_bytes = 2000) as &dyn Fn(&mut Options), "f/a.csv is larger than 2000 bytes"),
        ("archive", &|o| o.max_archive_bytes = 5000, "f unpacks to more than 5000 bytes"),
        ("members", &|o| o.max_members = 1, "f holds more than 1 members"),
        ("nesting", &|o| o.max_nesting = 1, "f/b.csv.gz is packed more than 1 times over"),
    ] {
        let bytes = zip_by(CompressionMethod::DEFLATE, &[("a.csv", &text), ("b.csv.gz", &gzip(&text))]);
        let mut bench = Bench::new();
        set(&mut bench.options);
        assert_eq!(bench.shown(&bytes, Some("*")), format!("error: {want}"), "{what}");
        assert!(Bench::new().shown(&bytes, Some("*")).starts_with("f/a.csv csv: xxx"));
    }
}

/// A quine, an archive that holds itself, is of any depth: here one of ten.
#[test]
fn nesting_ends() {
    let nested = (0..10).fold(gzip(TEXT), |inner, _| zip(&[("a.zip", &inner)]));
    assert_eq!(Bench::new().shown(&nested, None), "error: f/a.zip/a.zip/a.zip/a.zip is packed more than 4 times over");
}

#[test]
fn a_hundred_thousand_members() {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::STORE);
    for i in 0..100_000 {
        out.start_file(format!("{i}.csv"), options).expect("a new name");
    }
    let bytes = out.finish().expect("writes to memory").into_inner();
    let mut bench = Bench::new();
    assert_eq!(bench.shown(&bytes, Some("99999.csv")), "f/99999.csv csv: ");
    let e = bench.open(&bytes, None).0.expect_err("which one?");
    assert!(e.detail().is_some_and(|d| d.ends_with("and 99980 more.")), "{:?}", e.detail());
    // Far over the limit, not even the directory is read to its end.
    for max in [99_999, 10] {
        bench.options.max_members = max;
        assert_eq!(bench.shown(&bytes, Some("1.csv")), format!("error: f holds more than {max} members"));
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
    for (bytes, want) in [(broken, both()), (broken_tar.clone(), both()), (gzip(&broken_tar), None), (TEXT.to_vec(), None)] {
        std::fs::write(&path, bytes).expect("writes");
        assert_eq!(list(&path, &bench.options).expect("it is read"), want);
    }
}
