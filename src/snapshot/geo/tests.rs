//! Shapefiles and KML made here, read to their cells.

use std::io::Write as _;

use shapefile::{
    Multipatch, NO_DATA, Patch, Point, PointM, PointZ, Polygon, PolygonRing, Polyline, PolylineZ, ShapeWriter, record::EsriShape,
};
use zip::write::SimpleFileOptions;

use super::*;
use crate::snapshot::archive::{self, Guard};
use crate::snapshot::cells::{Cell, CellKind};
use crate::snapshot::spool::Reader;

/// A `.shp` of shapes.
fn shp<S: EsriShape>(shapes: &[S]) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let mut writer = ShapeWriter::new(&mut out);
    shapes.iter().for_each(|shape| writer.write_shape(shape).expect("writes to memory"));
    writer.finalize().expect("writes to memory");
    drop(writer);
    out.into_inner()
}

/// A `.dbf` of fields (`N` letter, length) and records; a record that starts with `*` is deleted.
fn dbf(driver: u8, fields: &[(&str, u8, u8)], records: &[&[u8]]) -> Vec<u8> {
    let header = 33 + 32 * fields.len();
    let record: usize = 1 + fields.iter().map(|f| usize::from(f.2)).sum::<usize>();
    let mut out = vec![3, 120, 1, 1];
    out.extend((records.len() as u32).to_le_bytes());
    out.extend((header as u16).to_le_bytes());
    out.extend((record as u16).to_le_bytes());
    out.extend([0; 17]);
    out.push(driver);
    out.extend([0; 2]);
    for (name, kind, len) in fields {
        let mut field = [0; 32];
        field[..name.len()].copy_from_slice(name.as_bytes());
        (field[11], field[16]) = (*kind, *len);
        out.extend(field);
    }
    out.push(0x0d);
    for given in records {
        let mut bytes = given.to_vec();
        bytes.resize(record, b' ');
        out.extend(bytes);
    }
    out.push(0x1a);
    out
}

fn pack(path: &Path, parts: &[(&str, &[u8])]) {
    let mut out = zip::ZipWriter::new(std::fs::File::create(path).expect("is made"));
    for (name, bytes) in parts {
        out.start_file(*name, SimpleFileOptions::default()).expect("begins");
        out.write_all(bytes).expect("writes");
    }
    out.finish().expect("ends");
}

/// The columns, then rows as `line: a|b`, then faults as `line! reason`.
fn shown(spool: &Spool) -> Result<String> {
    let mut reader = Reader::open(spool, "t", 0)?;
    let mut out = vec![reader.names().join("|").replace(ADDED, "+")];
    let mut faults = Vec::new();
    while let Some(cells) = reader.next()? {
        for (row, line) in cells.lines.iter().enumerate() {
            let value =
                |c: usize| cells.column(c).nth(row).map_or_else(String::new, |c| format!("{}{}", mark(c.kind), value_of(c)));
            out.push(format!("{line}: {}", (0..cells.width).map(value).collect::<Vec<_>>().join("|")));
        }
        faults.extend(cells.faults.iter().map(|f| {
            let column = f.column.map_or_else(String::new, |c| format!(" in {}", cells.names[c].replace(ADDED, "+")));
            format!("{}! {}{column}", f.line, f.reason)
        }));
    }
    out.extend(faults);
    Ok(out.join("; "))
}

/// What is wrong with a cell stands among the faults.
fn value_of(cell: Cell<'_>) -> &str {
    if cell.kind == CellKind::Absent { "" } else { cell.text }
}

fn mark(kind: CellKind) -> &'static str {
    match kind {
        CellKind::String => "'",
        CellKind::Undecodable => "?",
        CellKind::Absent | CellKind::Plain | CellKind::Scalar | CellKind::Nested => "",
    }
}

/// What is read of an archive with these parts.
fn check(parts: &[(&str, &[u8])], member: Option<&str>, want: &str) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.zip");
    pack(&path, parts);
    let (options, stop) = (Options { max_columns: 20, ..Options::new(dir.path().to_owned()) }, Stop::default());
    let distribution = Distribution::default();
    let mut warnings = Vec::new();
    let bytes = std::fs::metadata(&path).expect("was written").len();
    let guard = Guard::new("t.zip", bytes, 0, &options, &stop, dir.path());
    let plains = archive::open(&path, "t.zip", "t.zip", member, &guard, &mut warnings).expect("opens");
    let [plain] = plains.as_slice() else { panic!("one table: {plains:?}") };
    assert_eq!(plain.format, Some(crate::descriptor::Format::Shapefile));
    let source = Source { url: &plain.label, options: &options, stop: &stop };
    let spool = shapefile(&plain.path, &plain.beside, source, &distribution, &dir.path().join("spool"), &mut warnings);
    let shown = spool.and_then(|spool| {
        let crs = spool.crs.as_ref().map_or_else(String::new, |crs| format!(" [{crs}]"));
        Ok(shown(&spool)? + &crs)
    });
    let got = shown.unwrap_or_else(|e| e.to_string());
    assert_eq!(warnings.iter().fold(got, |got, w| format!("{got} !! {w}")), want);
}

#[test]
fn shapefiles() {
    let points = shp(&[Point::new(1.0, 2.5), Point::new(-3.0, 4.0), Point::new(0.0, 0.0)]);
    let fields = [("id", b'N', 5), ("name", b'C', 8), ("day", b'D', 8), ("ok", b'L', 1)];
    let records: [&[u8]; 3] = [b"     1Caf\xc3\xa9   20200131T", b"*    2gone    20200131F", b"   0x3\xff       20201331?"];
    let table = dbf(0, &fields, &records);
    let columns = "id|name|day|ok|+geometry";
    check(
        &[("d/a.SHP", &points), ("d/a.dbf", &table), ("d/A.cpg", b"UTF-8"), ("d/a.prj", b"GEOGCS[\"WGS 84\"]\n")],
        None,
        &format!(
            "{columns}; 1: 1|'Café|'2020-01-31|true|POINT (1 2.5); 3: |?\u{fffd}|||POINT (0 0); 2! the record is marked as deleted; \
             3! is not a number in id; 3! is not a date in day [GEOGCS[\"WGS 84\"]]"
        ),
    );
    let one = shp(&[Point::new(1.0, 2.0)]);
    let plain = |driver, text: &[u8]| dbf(driver, &[("t", b'C', 6), ("m", b'M', 10)], &[&[b" ", text].concat()]);
    let memo = "t.zip/a.shp has fields of kinds that are not read: m (M)";
    for (driver, text, want) in [
        (0x4d, &b"\xce\xe4\xba\xba"[..], format!("t|+geometry; 1: '武汉|POINT (1 2) !! {memo}")),
        (0x57, b"caf\xc3\xa9", format!("t|+geometry; 1: 'café|POINT (1 2) !! {memo}")),
        (
            0x57,
            b"caf\xe9",
            format!(
                "t|+geometry; 1: 'café|POINT (1 2) !! t.zip/a.shp does not say its encoding: its texts are read as windows-1252, \
                 a guess !! {memo}"
            ),
        ),
    ] {
        check(&[("a.shp", &one), ("a.dbf", &plain(driver, text))], None, &want);
    }
    check(&[("a.shp", &one)], None, "+geometry; 1: POINT (1 2) !! t.zip/a.shp has no .dbf beside it: only geometries are read");
    check(
        &[("a.shp", &one), ("a.prj", b"PROJCS[\"R\xe9seau\"]")],
        None,
        "+geometry; 1: POINT (1 2) [PROJCS[\"Réseau\"]] !! t.zip/a.shp has no .dbf beside it: only geometries are read",
    );
    let uneven = "t.zip/a.shp has more shapes than records: its parts do not belong together or are cut short";
    check(&[("a.shp", &points), ("a.dbf", &plain(0, b"x"))], None, &format!("{uneven} !! {memo}"));
    check(
        &[("a.shp", &points), ("b.shp", &one)],
        Some("b.*"),
        "+geometry; 1: POINT (1 2) !! t.zip/b.shp has no .dbf beside it: only geometries are read",
    );
}

#[test]
fn shapes_of_each_kind() {
    let z = |x: f64, y: f64, m: f64| PointZ::new(x, y, 9.0, m);
    let square = |x: f64, side: f64| {
        vec![Point::new(x, x), Point::new(x, x + side), Point::new(x + side, x + side), Point::new(x + side, x), Point::new(x, x)]
    };
    let polygon = Polygon::with_rings(vec![
        PolygonRing::Outer(square(0.0, 5.0)),
        PolygonRing::Inner(square(1.0, 1.0)),
        PolygonRing::Outer(square(10.0, 1.0)),
    ]);
    for (bytes, want) in [
        (shp(&[PointM::new(1.0, 2.0, 3.0)]), "1: POINT M (1 2 3)"),
        (shp(&[z(1.0, 2.0, NO_DATA)]), "1: POINT Z (1 2 9)"),
        (shp(&[PolylineZ::new(vec![z(0.0, 0.0, 1.0), z(1.0, 1.0, NO_DATA)])]), "1: LINESTRING ZM (0 0 9 1, 1 1 9 NaN)"),
        (
            shp(&[Polyline::with_parts(vec![square(0.0, 1.0), square(2.0, 1.0)])]),
            "1: MULTILINESTRING ((0 0, 0 1, 1 1, 1 0, 0 0), (2 2, 2 3, 3 3, 3 2, 2 2))",
        ),
        (
            shp(&[polygon]),
            "1: MULTIPOLYGON (((0 0, 0 5, 5 5, 5 0, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1)), ((10 10, 10 11, 11 11, 11 10, 10 10)))",
        ),
    ] {
        let alone = "t.zip/a.shp has no .dbf beside it: only geometries are read";
        check(&[("a.shp", &bytes)], None, &format!("+geometry; {want} !! {alone}"));
    }
    let patch = shp(&[Multipatch::new(Patch::TriangleStrip(vec![z(0.0, 0.0, 0.0), z(1.0, 0.0, 0.0), z(0.0, 1.0, 0.0)]))]);
    check(&[("a.shp", &patch)], None, "t.zip/a.shp holds multipatches, surfaces in space that are not read");
    let mut null = shp(&[Point::new(1.0, 2.0), Point::new(3.0, 4.0)]);
    // The first record becomes a null shape of the same length, the second claims more than there is.
    null[108..112].copy_from_slice(&[0; 4]);
    let alone = "t.zip/a.shp has no .dbf beside it: only geometries are read";
    check(&[("a.shp", &null)], None, &format!("+geometry; 1: ; 2: POINT (3 4) !! {alone}"));
    null[132..136].copy_from_slice(&u32::MAX.to_be_bytes());
    check(&[("a.shp", &null)], None, &format!("t.zip/a.shp: a record says that it has 8589934590 bytes !! {alone}"));
    let mut odd = shp(&[Point::new(1.0, 2.0), Point::new(3.0, 4.0)]);
    odd[108] = 77;
    let said = "1! the shape can't be read: The code ' 77 ' does not correspond to any of the ShapeType code defined by ESRI in +geometry";
    check(&[("a.shp", &odd)], None, &format!("+geometry; 1: ; 2: POINT (3 4); {said} !! {alone}"));
    check(
        &[("a.shp", b"short")],
        None,
        "t.zip/a.shp is not a shapefile: The file code ' 1936224114 ' is invalid, is this a Shapefile ?",
    );
}

/// What is read of a KML text.
fn kml(text: &str) -> String {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.kml");
    std::fs::write(&path, text).expect("writes");
    let of = Text { path, skip: 0, bytes: text.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    if !is_kml(&of, &Distribution::default()).expect("reads") {
        return "no kml".to_owned();
    }
    let (options, stop) = (Options { max_columns: 9, ..Options::new(dir.path().to_owned()) }, Stop::default());
    let source = Source { url: "t.kml", options: &options, stop: &stop };
    let mut warnings = Vec::new();
    let spool = placemarks(&of, source, &dir.path().join("spool"), &mut warnings);
    let told = spool.and_then(|spool| shown(&spool)).unwrap_or_else(|e| e.to_string());
    [vec![told], warnings].concat().join(" !! ")
}

#[test]
fn bytes_that_are_no_text_are_rejects_of_their_values() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.kml");
    for (bytes, want) in [
        (
            &b"<kml><Placemark><name>a\xa9b</name><description>\xc3\xa9</description></Placemark></kml>"[..],
            "name|description|+geometry; 1: |\u{e9}|; 1! byte 23 of the file (\\xA9) is not UTF-8 in name",
        ),
        (
            b"<?xml version='1.0' encoding='windows-1252'?><kml><Placemark><name>\x80 50</name></Placemark></kml>",
            "name|+geometry; 1: \u{20ac} 50|",
        ),
        (
            b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><kml><Placemark><name>\x95\x5c</name></Placemark></kml>",
            "name|+geometry; 1: \u{8868}|",
        ),
        (
            b"<kml><Folder><name>\xc3\xa9\xc3\xa9\xa9</name><Placemark><name>b</name><ExtendedData><Data name='a\xff'><value>1</value></Data></ExtendedData></Placemark></Folder></kml>",
            "name|a\\xFF|folder|+geometry; 1: b|1||; 1! byte 23 of the file (\\xA9) is not UTF-8 in folder",
        ),
        (
            b"<kml><Placemark><name>\xc3\xa9\xff</nam></Placemark></kml>",
            "+geometry; 1! the placemark can't be read: </nam> ends what did not begin",
        ),
    ] {
        std::fs::write(&path, bytes).expect("writes");
        let (options, stop) = (Options { max_columns: 9, ..Options::new(dir.path().to_owned()) }, Stop::default());
        let text = crate::snapshot::decode::decode(&path, "t.kml", None, &dir.path().join("text"), &stop, &mut Vec::new());
        let source = Source { url: "t.kml", options: &options, stop: &stop };
        let spool = placemarks(&text.expect("is text"), source, &dir.path().join("spool"), &mut Vec::new());
        assert_eq!(shown(&spool.expect("is read")).expect("is read"), want, "{}", bytes.escape_ascii());
    }
}

#[test]
fn placemarks_are_rows() {
    let head = "<?xml version='1.0'?><kml xmlns='http://www.opengis.net/kml/2.2'><Document><name>D</name>";
    let tail = "</Document></kml>";
    for (body, want) in [
        (
            "<Placemark id='p'><name>A &amp; B</name><description><![CDATA[<b>x</b>]]></description><styleUrl>#s</styleUrl>\
             <ExtendedData><Data name='n&amp;m'><displayName>N</displayName><value><![CDATA[a<1]]></value></Data>\
             <SchemaData><SimpleData name='s'>007</SimpleData></SchemaData></ExtendedData>\
             <TimeStamp><when>2020-01-31</when></TimeStamp><Point><coordinates> 1.5,2,3 </coordinates></Point></Placemark>\
             <Placemark><name>B</name></Placemark>",
            "id|name|description|n&m|s|TimeStamp.when|+geometry; \
             1: p|A & B|<b>x</b>|a<1|007|2020-01-31|POINT Z (1.5 2 3); 1: |B|||||",
        ),
        (
            "<Folder><name>F</name><Folder><name>G</name>\n<Placemark><LineString><coordinates>0,0 1,1</coordinates></LineString>\
             </Placemark></Folder><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 0,1 0,0</coordinates>\
             </LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>",
            "folder|+geometry; 2: F/G|LINESTRING (0 0, 1 1); 2: F|POLYGON ((0 0, 1 0, 0 1, 0 0))",
        ),
        (
            "<Placemark><MultiGeometry><Point><coordinates>0,0</coordinates></Point><Point><coordinates>1,1</coordinates></Point>\
             </MultiGeometry></Placemark><Placemark><MultiGeometry><Point><coordinates>0,0</coordinates></Point>\
             <LineString><coordinates>0,0 1,1</coordinates></LineString></MultiGeometry></Placemark>",
            "+geometry; 1: MULTIPOINT ((0 0), (1 1)); 1: GEOMETRYCOLLECTION (POINT (0 0), LINESTRING (0 0, 1 1))",
        ),
        (
            "<Placemark><name>a</name></Placemark>\n<Placemark><name>b</nam></Placemark>\n<Placemark><Point><coordinates> </coordinates>\
             </Point></Placemark>\n<Placemark><Point/><name>c</name></Placemark>\n<Placemark><MultiGeometry><Point/>\
             <Point><coordinates>x,1</coordinates></Point></MultiGeometry><name>e</name></Placemark><Placemark><name>d</name><gx:Track xmlns:gx='g'><when>1</when></gx:Track></Placemark>",
            "name|+geometry; 1: a|; 3: |; 4: c|; 5: e|; 5: d|; 2! the placemark can't be read: </nam> ends what did not begin; \
             3! the geometry can't be read: a point has no coordinates in +geometry; \
             5! the geometry can't be read: Error parsing number from: x in +geometry; 5! a Track has no well-known text in +geometry",
        ),
        ("<Placemark><name>a", "t.kml, line 1: the text ends inside a Placemark"),
        (
            "<NetworkLink><name>n</name><Link><href>https://x.org/a.kml</href></Link></NetworkLink><Folder><NetworkLink><Url>\
             <href>b.kml</href></Url></NetworkLink></Folder>",
            "t.kml holds no placemarks but 2 links to other files (to https://x.org/a.kml, b.kml)",
        ),
        (
            "<NetworkLink/><NetworkLink><Link/></NetworkLink><Placemark><name>a</name></Placemark>",
            "name|+geometry; 1: a| !! t.kml holds 1 links to other files, which are not followed",
        ),
    ] {
        assert_eq!(kml(&format!("{head}{body}{tail}")), want);
    }
    let deep = "<Folder>".repeat(100);
    assert_eq!(kml(&format!("{head}{deep}")), "t.kml, line 1: elements are nested more than 64 deep");
    let deep =
        format!("{head}<Placemark>{}{}</Placemark>{tail}", "<MultiGeometry>".repeat(9000), "</MultiGeometry>".repeat(9000));
    assert!(kml(&deep).ends_with("the geometry can't be read: elements are nested more than 64 deep in +geometry"));
    assert_eq!(kml("<html><body/></html>"), "no kml");
    assert_eq!(kml(&format!("{head}{tail}")), "+geometry");
    // Cut between two placemarks, which no placemark shows.
    let cut = format!("{head}<Placemark><name>a</name></Placemark>\n");
    assert_eq!(kml(&cut), "t.kml, line 2: the text ends before the element kml does: it is cut short");
    let own = "<Folder><name>F</name><Placemark><ExtendedData><Data name='folder'><value>own</value></Data></ExtendedData></Placemark></Folder>";
    assert_eq!(kml(&format!("{head}{own}{tail}")), "folder|+geometry; 1: own\nF|");
}
