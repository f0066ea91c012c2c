//! Geometries as PostGIS has them: well-known text and binary, with a reference system's number (EWKT, EWKB), GeoJSON, and what can be told of
//! their points. Pure functions of single values; columns of them are the engine's, and how they are sent `pg_value`'s.

mod ewkb;
mod geojson;
mod number;
mod shape;
mod wkt;

pub use ewkb::{from_hex, put as put_ewkb, put_hex, put_iso, read as from_ewkb};
pub use geojson::put as put_geojson;
pub use shape::{Body, Bounds, Kind, Shape};
pub use wkt::{put as put_text, read as from_text};

use crate::error::{Error, Kind as ErrorKind, Result};

/// Geometries in each other that are read; more is an attack on the stack.
const MOST_NESTED: usize = 64;

/// Reads what `geometry`'s input function does: well-known text with or without `SRID=n;`, or EWKB in hexadecimal digits. `srid` is that of what
/// names none. [`ErrorKind::InvalidGeometry`] in PostGIS's words.
pub fn read(text: &str, srid: i32) -> Result<Shape> {
    let trimmed = text.trim_start();
    let mut shape = if trimmed.starts_with('0') { from_hex(trimmed.trim_end())? } else { from_text(text)? };
    if shape.srid == 0 {
        shape.srid = srid;
    }
    Ok(shape)
}

/// The number of a coordinate reference system as files name it: `EPSG:4326`, `urn:ogc:def:crs:EPSG::4326`, well-known text with an
/// `AUTHORITY`; 0 where none is told. Names of the common ones are known too, for shapefiles' have nothing else.
pub fn srid_of(crs: &str) -> i32 {
    let after = |mark: &str| crs.rfind(mark).and_then(|at| crs.get(at + mark.len()..));
    let number = |text: &str| -> Option<i32> {
        let digits = text.trim_start_matches(['"', ',', ':', ' ']);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse().ok().filter(|n| *n > 0)
    };
    if let Some(found) = ["EPSG\"", "EPSG:", "epsg:", "EPSG/"].iter().find_map(|mark| number(after(mark)?)) {
        return found;
    }
    let name = crs.split('"').nth(1).unwrap_or(crs).to_ascii_lowercase().replace([' ', '_', '-'], "");
    let is = |names: &[&str]| names.iter().any(|n| name == *n || name == format!("gcs{n}"));
    if is(&["wgs84", "wgs1984", "crs84", "ogc:crs84"]) || name.ends_with("crs84") {
        4326
    } else if is(&["wgs1984webmercatorauxiliarysphere", "wgs84/pseudomercator", "popularvisualisationcrs/mercator"]) {
        3857
    } else if is(&["chinageodeticcoordinatesystem2000", "cgcs2000", "chinageodeticcoordinatesystem"]) {
        4490
    } else {
        0
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidGeometry, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PostGIS 3.3 gives of texts: EWKB in hexadecimal digits, ST_AsText, ST_AsEWKT.
    #[test]
    fn geometries_are_read_and_written_as_postgis_does() {
        for (text, hex, wkt, ewkt) in [
            ("POINT(1 2)", "0101000000000000000000F03F0000000000000040", "POINT(1 2)", "POINT(1 2)"),
            ("POINT EMPTY", "0101000000000000000000F87F000000000000F87F", "POINT EMPTY", "POINT EMPTY"),
            ("point z (1 2 3)", "0101000080000000000000F03F00000000000000400000000000000840", "POINT Z (1 2 3)", "POINT(1 2 3)"),
            ("POINTM(1 2 3)", "0101000040000000000000F03F00000000000000400000000000000840", "POINT M (1 2 3)", "POINTM(1 2 3)"),
            (
                "POINT(1 2 3 4)",
                "01010000C0000000000000F03F000000000000004000000000000008400000000000001040",
                "POINT ZM (1 2 3 4)",
                "POINT(1 2 3 4)",
            ),
            (
                "SRID=4326;POINT(121.47 31.23)",
                "0101000020E6100000AE47E17A145E5E407B14AE47E13A3F40",
                "POINT(121.47 31.23)",
                "SRID=4326;POINT(121.47 31.23)",
            ),
            (
                "LINESTRING(0 0,1 1.5)",
                "01020000000200000000000000000000000000000000000000000000000000F03F000000000000F83F",
                "LINESTRING(0 0,1 1.5)",
                "LINESTRING(0 0,1 1.5)",
            ),
            ("POLYGON EMPTY", "010300000000000000", "POLYGON EMPTY", "POLYGON EMPTY"),
            (
                "MULTIPOINT(EMPTY,(1 2))",
                "0104000000020000000101000000000000000000F87F000000000000F87F0101000000000000000000F03F0000000000000040",
                "MULTIPOINT(EMPTY,(1 2))",
                "MULTIPOINT(EMPTY,1 2)",
            ),
            (
                "MULTIPOINT M (1 2 3)",
                "0104000040010000000101000040000000000000F03F00000000000000400000000000000840",
                "MULTIPOINT M ((1 2 3))",
                "MULTIPOINTM(1 2 3)",
            ),
            (
                "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
                "0107000000020000000101000000000000000000F03F000000000000004001020000000200000000000000000000000000000000000000000000000000F03F000000000000F03F",
                "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
                "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
            ),
            ("MULTIPOINT Z EMPTY", "010400008000000000", "MULTIPOINT Z EMPTY", "MULTIPOINT EMPTY"),
        ] {
            let shape = read(text, 0).expect(text);
            let (mut found, mut shown, mut extended) = (Vec::new(), String::new(), String::new());
            put_hex(&shape, &mut found);
            put_text(&shape, false, None, &mut shown);
            put_text(&shape, true, None, &mut extended);
            assert_eq!((found.as_slice(), shown.as_str(), extended.as_str()), (hex.as_bytes(), wkt, ewkt), "{text}");
            assert_eq!(read(hex, 0).expect(hex), shape, "{text}");
        }
    }

    #[test]
    fn what_is_no_geometry_is_told_in_postgis_words() {
        let deep = "GEOMETRYCOLLECTION(".repeat(100_000);
        for (text, words) in [
            ("PONT(1 2)", "parse error - invalid geometry"),
            ("", "parse error - invalid geometry"),
            ("POINT(1 2", "parse error - invalid geometry"),
            ("POINT(1)", "parse error - invalid geometry"),
            ("LINESTRING(1 2)", "geometry requires more points"),
            ("POLYGON((0 0,0 1,1 1,1 0))", "geometry contains non-closed rings"),
            ("LINESTRING(1 2,3 4 5)", "can not mix dimensionality in a geometry"),
            ("01010", "Invalid hex string, length (5) has to be a multiple of two!"),
            ("0101000000000000000000F03F", "WKB structure does not match expected size!"),
            ("0104000000FFFFFFFF", "WKB structure does not match expected size!"),
            (&deep, "parse error - invalid geometry"),
            ("POINT(1 2)\u{e9}", "parse error - invalid geometry"),
        ] {
            assert_eq!(read(text, 0).expect_err(words).message(), words, "{}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn reference_systems_are_known_by_number_or_name() {
        for (crs, want) in [
            ("EPSG:3857", 3857),
            ("urn:ogc:def:crs:EPSG::4490", 4490),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
            (r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]]"#, 4326),
            (r#"PROJCS["x",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32651"]]"#, 32651),
            (r#"PROJCS["Shanghai_City"]"#, 0),
            ("", 0),
        ] {
            assert_eq!(srid_of(crs), want, "{crs}");
        }
    }
}
