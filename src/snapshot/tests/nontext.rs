//! The whole way of files that are no text, or text with places or nested values in it, to typed columns.

use std::io::Write as _;

use super::*;

/// The table of a file's bytes, and the comment and system of its geometries.
async fn table(distribution: Distribution, name: &str, bytes: &[u8]) -> (Vec<String>, String) {
    let bench = Bench::new();
    bench.put(name, bytes).await;
    let distribution = Distribution { paths: vec![format!("mem://{name}")], ..distribution };
    let snapshot = bench.touch(&distribution).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(
        snapshot.rows_read,
        snapshot.rows + bench.snapshots.rejects(&snapshot).expect("kept").filter(whole).count() as u64
    );
    let geometry = snapshot.schema.field_with_name("geometry").map(|f| f.metadata().clone()).unwrap_or_default();
    let told = |key: &str| geometry.get(key).map_or("-", String::as_str).to_owned();
    let told = [told(field_key::LOGICAL), told(field_key::CRS), told(field_key::COMMENT)].join(" ");
    (show(&snapshot), told)
}

fn whole(reject: &Result<Reject>) -> bool {
    reject.as_ref().is_ok_and(|r| r.column.is_none())
}

#[tokio::test]
async fn kml_plain_and_zipped() {
    let text = "<kml><Document><Placemark><name>a</name><ExtendedData><Data name='n'><value>1</value></Data></ExtendedData>\
                <Point><coordinates>1,2</coordinates></Point></Placemark><Placemark><name>b</name></Placemark>\
                <Placemark><name>c</nam></Placemark></Document></kml>";
    let want = ["name Utf8View, n Int64, geometry Utf8View", "a|1|POINT (1 2)", "b|NULL|NULL"];
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    packed.start_file("doc.kml", zip::write::SimpleFileOptions::default()).expect("begins");
    packed.write_all(text.as_bytes()).expect("writes to memory");
    let packed = packed.finish().expect("writes to memory").into_inner();
    let kml = || Distribution { format: Some(Format::Kml), ..Distribution::default() };
    for (distribution, name, bytes) in
        [(kml(), "a.kml", text.as_bytes()), (Distribution::default(), "a.xml", text.as_bytes()), (kml(), "a.kmz", &packed)]
    {
        assert_eq!(table(distribution, name, bytes).await, (want.map(str::to_owned).to_vec(), "wkt - -".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn geojson_tells_its_coordinates() {
    let json = br#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:3857"}},"features":[
        {"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}}]}"#;
    let got = table(Distribution { format: Some(Format::GeoJson), ..Distribution::default() }, "a.geojson", json).await;
    let want = ["a Int64, geometry Utf8View", "1|POINT (1 2)"].map(str::to_owned).to_vec();
    assert_eq!(got, (want, "wkt EPSG:3857 coordinates in EPSG:3857".to_owned()));
}

#[tokio::test]
async fn a_declared_path_is_a_typed_column() {
    let json = br#"[{"id":1,"at":{"day":"2020-01-31","note":{"x":1}}},{"id":2,"at":{"day":"soon"}}]"#;
    let column = |name: &str, kind| Column { name: name.into(), kind, ..Column::default() };
    let schema =
        Schema { columns: vec![column("at.day", ColumnKind::Date)], fields_match: FieldsMatch::Subset, ..Schema::default() };
    let (rows, _) = table(Distribution { format: Some(Format::Json), schema, ..Distribution::default() }, "a.json", json).await;
    assert_eq!(rows, ["id Int64, at.day Date32, at.note Utf8View", "1|2020-01-31|{\"x\":1}", "2|NULL|NULL"]);
}
