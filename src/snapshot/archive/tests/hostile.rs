//! Archives that are damaged or hostile: cut, flipped, overlapping, climbing, and far larger inside than outside.

use super::*;

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
    let shape = zip(&[("r.shp", b"\0\0\x27\x0a\0\0\0\0"), ("r.dbf", b"d")]);
    let encrypted_part = patched(&patched(&shape, CENTRAL, true, 8, &[1]), LOCAL, true, 6, &[1]);
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
        // Without its attributes a Shapefile would be a table of fewer columns.
        ("encrypted attributes", encrypted_part, "f/r.dbf is encrypted"),
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
    let too_long = "f can't be unpacked: its directory is damaged, or longer than the 1058816 bytes that 10 members take";
    for (max, want) in [(99_999, "f holds more than 99999 members"), (10, too_long)] {
        bench.options.max_members = max;
        assert_eq!(bench.shown(&bytes, Some("1.csv")), format!("error: {want}"));
    }
}
