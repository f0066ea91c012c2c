//! Shapefiles (ESRI's white paper of July 1998): a geometry and its attributes, record by record. What cannot be read of one record is
//! told and the others are kept.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use encoding_rs::WINDOWS_1252;
use shapefile::header::Header;
use shapefile::{NO_DATA, Point, PointM, PointZ, PolygonRing, ReadableShape, Shape, ShapeType};

use super::dbf::{Entry, Table};
use super::wkt::{self, Geometry, Position};
use super::{Source, geometry_column};
use crate::error::{Error, Kind, Result};
use crate::snapshot::cells::{CellKind, Fault, MAX_SPAN};
use crate::snapshot::spool::{Spool, Writer};
use crate::snapshot::stop::Stop;

/// The bytes before the first record.
const HEADER_BYTES: u64 = 100;

/// A record's shape takes at most this many bytes.
const MAX_SHAPE: u64 = 256 << 20;

/// A `.prj` or `.cpg` is shorter than this, in bytes.
const MAX_NOTE: u64 = 1 << 16;

/// Reads the shapefile into a spool at `target`. `beside`: the files that belong to the `.shp`, by their endings in lower case.
pub(super) fn spool(
    shp: &Path,
    beside: &[(String, PathBuf)],
    source: Source<'_>,
    encoding: Option<&str>,
    target: &Path,
    warnings: &mut Vec<String>,
) -> Result<Spool> {
    let place = source.url;
    let part = |ending: &str| beside.iter().find(|(e, _)| e == ending).map(|(_, path)| path.as_path());
    let mut shapes = Shapes::open(shp, place)?;
    let mut table = match part("dbf") {
        Some(dbf) => Some(attributes(dbf, part("cpg"), source, encoding, warnings)?),
        None => {
            warnings.push(format!("{place} has no .dbf beside it: only geometries are read"));
            None
        }
    };
    let names: Vec<String> = table.iter().flat_map(Table::names).map(str::to_owned).collect();
    let geometry = names.len();
    let mut out = Writer::create(target)?;
    let mut line = 0_u64;
    loop {
        if line.is_multiple_of(1024) {
            source.stop.check()?;
        }
        let shape = shapes.next(source.stop)?;
        let record = table.as_mut().map(Table::next).transpose()?;
        let stays = match (&shape, record) {
            (None, None | Some(None)) => break,
            (Some(_), None) => true,
            (Some(_), Some(Some(stays))) => stays,
            (Some(_), Some(None)) => return Err(uneven(place, "more shapes than records")),
            (None, Some(Some(_))) => return Err(uneven(place, "more records than shapes")),
        };
        line += 1;
        if !stays {
            out.fault(&Fault {
                line,
                column: None,
                raw: table.as_ref().map_or_else(String::new, Table::raw),
                expected: "a record".to_owned(),
                reason: "the record is marked as deleted".to_owned(),
            })?;
            continue;
        }
        out.begin(line);
        let mut faults = Vec::new();
        let mut bad = |column, raw: String, expected: &str, reason: String| {
            faults.push(Fault { line, column: Some(column), raw, expected: expected.to_owned(), reason });
        };
        if let Some(table) = &table {
            for column in 0..geometry {
                match table.entry(column) {
                    Entry::Blank => {}
                    Entry::Value(kind, text) => out.text(column, kind, &text),
                    Entry::Bad(raw, what) => bad(column, raw, what, format!("is not {what}")),
                }
            }
        }
        match shape {
            Some(Ok(Some(shape))) => {
                let text = shape.text();
                if text.len() > MAX_SPAN || !shape.is_finite() {
                    bad(
                        geometry,
                        String::new(),
                        "a geometry",
                        "the shape is too long or has coordinates that are no numbers".to_owned(),
                    );
                } else {
                    out.text(geometry, CellKind::Plain, &text);
                }
            }
            Some(Ok(None)) | None => {}
            Some(Err(reason)) => bad(geometry, String::new(), "a geometry", reason),
        }
        faults.iter().try_for_each(|fault| out.fault(fault))?;
        out.end()?;
    }
    let columns: Vec<(usize, String)> = names.into_iter().chain([geometry_column()]).enumerate().collect();
    let crs = match part("prj") {
        Some(prj) => crs(prj, place, warnings)?,
        None => None,
    };
    if crs.is_none() && shapes.beyond_degrees {
        warnings
            .push(format!("{place} does not say (in a .prj) what its coordinates are, and they are no longitudes and latitudes"));
    }
    Ok(out.finish(&columns)?.with_crs(crs))
}

fn attributes(
    dbf: &Path,
    cpg: Option<&Path>,
    source: Source<'_>,
    encoding: Option<&str>,
    warnings: &mut Vec<String>,
) -> Result<Table> {
    let cpg = cpg.map(note).transpose()?.flatten();
    let table = Table::open(dbf, source, encoding, cpg.as_deref())?;
    let place = source.url;
    if table.guessed {
        warnings.push(format!("{place} does not say its encoding: its texts are read as {}, a guess", table.encoding()));
    }
    if !table.left_out.is_empty() {
        warnings.push(format!("{place} has fields of kinds that are not read: {}", table.left_out.join(", ")));
    }
    Ok(table)
}

fn uneven(place: &str, what: &str) -> Error {
    Error::new(Kind::SourceInvalid, format!("{place} has {what}: its parts do not belong together or are cut short"))
}

/// The coordinate reference system's well-known text, as published.
fn crs(prj: &Path, place: &str, warnings: &mut Vec<String>) -> Result<Option<String>> {
    let Some(text) = note(prj)? else {
        warnings.push(format!("{place} has a .prj of more than {MAX_NOTE} bytes beside it, which is not read"));
        return Ok(None);
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A short text beside the shapefile: UTF-8, else windows-1252, as older programs write names in it. `None` when it is too long.
fn note(path: &Path) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_NOTE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_NOTE {
        return Ok(None);
    }
    Ok(Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => WINDOWS_1252.decode_without_bom_handling(e.as_bytes()).0.into_owned(),
    }))
}

/// Reads the shapes of a `.shp` one by one.
struct Shapes {
    input: BufReader<File>,
    /// Bytes that are left, by the file's size and by its header.
    left: u64,
    /// Its bounds, by its header, are none of degrees.
    beyond_degrees: bool,
    place: String,
}

impl Shapes {
    fn open(path: &Path, place: &str) -> Result<Self> {
        let invalid = |what: &str| Error::new(Kind::SourceInvalid, format!("{place} is not a shapefile: {what}"));
        let size = std::fs::metadata(path)?.len();
        let mut input = BufReader::with_capacity(1 << 18, File::open(path)?);
        let header = Header::read_from(&mut input).map_err(|e| invalid(&e.to_string()))?;
        if header.shape_type == ShapeType::Multipatch {
            let message = format!("{place} holds multipatches, surfaces in space that are not read");
            return Err(Error::new(Kind::SourceInvalid, message).with_hint("Publish it with polygons."));
        }
        let declared = u64::try_from(header.file_length).unwrap_or(0) * 2;
        if declared > size {
            return Err(invalid(&format!("it says that it has {declared} bytes and has {size}")));
        }
        let (min, max) = (header.bbox.min, header.bbox.max);
        let beyond_degrees = min.x < -360.0 || max.x > 360.0 || min.y < -90.0 || max.y > 90.0;
        Ok(Self { input, left: declared.saturating_sub(HEADER_BYTES), beyond_degrees, place: place.to_owned() })
    }

    /// The next shape, `None` at the end; a shape of no geometry is `Ok(None)`, one that can't be read is its reason.
    fn next(&mut self, stop: &Stop) -> Result<Option<Result<Option<Geometry>, String>>> {
        if self.left < 8 {
            return Ok(None);
        }
        let cut = |_| Error::new(Kind::SourceInvalid, format!("{} is cut short", self.place));
        let mut head = [0; 8];
        self.input.read_exact(&mut head).map_err(cut)?;
        let words = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let bytes = u64::from(words) * 2;
        if bytes + 8 > self.left || bytes > MAX_SHAPE {
            return Err(Error::new(Kind::SourceInvalid, format!("{}: a record says that it has {bytes} bytes", self.place)));
        }
        let mut content = Vec::new();
        (&mut self.input).take(bytes).read_to_end(&mut content)?;
        if content.len() as u64 != bytes {
            return Err(Error::new(Kind::SourceInvalid, format!("{} is cut short", self.place)));
        }
        self.left -= bytes + 8;
        let size = i32::try_from(bytes).expect("a shape is at most 256 MB");
        let shape = Shape::read_from(&mut Cursor::new(content.as_slice()), size);
        match shape {
            Ok(shape) => geometry(shape, stop).map(Some),
            Err(e) => Ok(Some(Err(format!("the shape can't be read: {e}")))),
        }
    }
}

fn plain(p: &Point) -> Position {
    Position { x: p.x, y: p.y, z: None, m: None }
}

/// Measures below this stand for none (white paper, "Numeric Types").
fn measure(m: f64) -> Option<f64> {
    (m > NO_DATA && m.is_finite()).then_some(m)
}

fn measured(p: &PointM) -> Position {
    Position { x: p.x, y: p.y, z: None, m: measure(p.m) }
}

fn high(p: &PointZ) -> Position {
    Position { x: p.x, y: p.y, z: Some(p.z), m: measure(p.m) }
}

fn positions<P>(points: &[P], of: fn(&P) -> Position) -> Vec<Position> {
    points.iter().map(of).collect()
}

fn lines<P>(parts: &[Vec<P>], of: fn(&P) -> Position) -> Geometry {
    let mut lines: Vec<Vec<Position>> = parts.iter().map(|part| positions(part, of)).collect();
    if lines.len() == 1 { Geometry::Line(lines.remove(0)) } else { Geometry::MultiLine(lines) }
}

fn rings<P>(rings: &[PolygonRing<P>], of: fn(&P) -> Position, stop: &Stop) -> Result<Geometry> {
    let ring = |ring: &PolygonRing<P>| match ring {
        PolygonRing::Outer(points) => (true, positions(points, of)),
        PolygonRing::Inner(points) => (false, positions(points, of)),
    };
    wkt::polygons(rings.iter().map(ring).collect(), stop)
}

/// A shape's geometry, or why it has none that is read.
fn geometry(shape: Shape, stop: &Stop) -> Result<Result<Option<Geometry>, String>> {
    Ok(Ok(Some(match &shape {
        Shape::NullShape => return Ok(Ok(None)),
        Shape::Point(p) => Geometry::Point(plain(p)),
        Shape::PointM(p) => Geometry::Point(measured(p)),
        Shape::PointZ(p) => Geometry::Point(high(p)),
        Shape::Multipoint(s) => Geometry::MultiPoint(positions(s.points(), plain)),
        Shape::MultipointM(s) => Geometry::MultiPoint(positions(s.points(), measured)),
        Shape::MultipointZ(s) => Geometry::MultiPoint(positions(s.points(), high)),
        Shape::Polyline(s) => lines(s.parts(), plain),
        Shape::PolylineM(s) => lines(s.parts(), measured),
        Shape::PolylineZ(s) => lines(s.parts(), high),
        Shape::Polygon(s) => rings(s.rings(), plain, stop)?,
        Shape::PolygonM(s) => rings(s.rings(), measured, stop)?,
        Shape::PolygonZ(s) => rings(s.rings(), high, stop)?,
        Shape::Multipatch(_) => return Ok(Err("the shape is a multipatch, a surface in space that is not read".to_owned())),
    })))
}
