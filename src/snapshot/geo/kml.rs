//! KML (OGC 12-007r2): each placemark is a row of its name, description, extended data and geometry, with the folders it stands in. The
//! text is walked over tag by tag and placemarks are parsed one at a time, so that a broken one is told and the others are kept.
//! How things are drawn (styles, views, overlays) is no data and left out.

mod fragment;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use indexmap::IndexMap;
use kml::Kml;
use kml::types::{Coord, Element, Geometry as Shape, LinearRing, Placemark};

use self::fragment::parse;
use super::stand_in::StandIns;
use super::wkt::{Geometry, Position};
use super::{Source, geometry_column};
use crate::error::{Error, Kind, Result};
use crate::snapshot::cells::{CellKind, Fault};
use crate::snapshot::columns::too_many_columns;
use crate::snapshot::decode::Text;
use crate::snapshot::spool::{Spool, Writer};
use crate::snapshot::tags::Tags;

/// Elements within each other are followed this far.
const MAX_DEPTH: usize = 64;

/// What a value with undecodable bytes was to be.
const TEXT: &str = "text in the file's encoding";

/// How much of a placemark that can't be read is kept in its reject.
const RAW_LIMIT: usize = 2000;

/// Links whose places a message tells.
const TOLD_LINKS: usize = 3;

/// The folders' column.
const FOLDER: &str = "folder";

/// Members of a placemark that say how it is drawn.
const DRAWN: [&str; 8] = ["Style", "StyleMap", "LookAt", "Camera", "Region", "visibility", "open", "balloonVisibility"];

/// Geometries of Google's extension and models, which have no well-known text.
const UNREAD: [&str; 3] = ["Track", "MultiTrack", "Model"];

/// Whether the text's root element is KML's.
pub(super) fn is_kml(text: &Text) -> Result<bool> {
    let mut file = File::open(&text.path)?;
    file.seek(SeekFrom::Start(text.skip))?;
    let mut head = Vec::new();
    file.take(1 << 16).read_to_end(&mut head)?;
    if head.trim_ascii_start().first() != Some(&b'<') {
        return Ok(false);
    }
    let mut tags = Tags::new(head.as_slice(), "");
    let root = matches!(tags.next(), Ok(Some(tag)) if tag.local_name() == b"kml");
    Ok(root)
}

/// Reads the placemarks into a spool at `target`.
///
/// What links to other files stands elsewhere: of links beside placemarks `warnings` tells, and a text of links alone is an error.
pub(super) fn spool(text: &Text, source: Source<'_>, target: &Path, warnings: &mut Vec<String>) -> Result<Spool> {
    let mut file = File::open(&text.path)?;
    file.seek(SeekFrom::Start(text.skip))?;
    let mut tags = Tags::new(BufReader::with_capacity(1 << 18, file), source.url);
    let stand_ins = StandIns::of(text);
    let mut reading = Reading { source, stand_ins, columns: IndexMap::new(), out: Writer::create(target)?, folders: Vec::new() };
    let (mut depth, mut ended, mut placemarks) = (0, false, false);
    let mut links = Links::default();
    loop {
        source.stop.check()?;
        let Some(tag) = tags.next()? else { break };
        let (closing, empty) = (tag.closing, tag.empty);
        let name = tag.local_name().to_vec();
        ended |= (closing || empty) && name == b"kml";
        match name.as_slice() {
            b"Placemark" if !closing && !empty => {
                let (line, start) = (tags.line(), tags.start());
                let fragment = stand_ins.marked(whole(&mut tags, source, b"Placemark")?, start);
                reading.placemark(&fragment, line)?;
                placemarks = true;
                continue;
            }
            b"NetworkLink" if !closing && !empty => {
                links.add(&whole(&mut tags, source, b"NetworkLink")?);
                continue;
            }
            b"Folder" if closing => {
                reading.folders.pop();
            }
            b"Folder" if !empty => reading.folders.push((depth + 1, None)),
            b"name" if !closing && !empty => {
                let is_folders = reading.folders.last().is_some_and(|(at, name)| *at == depth && name.is_none());
                if is_folders {
                    let start = tags.start();
                    let fragment = stand_ins.marked(whole(&mut tags, source, b"name")?, start);
                    if let (Some((_, name)), Ok(Kml::Element(element))) = (reading.folders.last_mut(), parse(&fragment)) {
                        *name = element.content;
                    }
                    continue;
                }
            }
            _ => {}
        }
        depth = if closing { depth.saturating_sub(1) } else { depth + usize::from(!empty) };
        if depth > MAX_DEPTH {
            return Err(too_deep(source.url, tags.line()));
        }
    }
    if !ended {
        let message = format!("{}, line {}: the text ends before the element kml does: it is cut short", source.url, tags.line());
        return Err(Error::new(Kind::SourceInvalid, message));
    }
    if links.count > 0 && !placemarks {
        let message = format!("{} holds no placemarks but {}", source.url, links.told());
        return Err(Error::new(Kind::SourceInvalid, message).with_hint("Describe the files that it links to in its place."));
    }
    if links.count > 0 {
        warnings.push(format!("{} holds {}, which are not followed", source.url, links.told()));
    }
    reading.finish()
}

/// Links to other files (`NetworkLink`, 12).
#[derive(Default)]
struct Links {
    count: usize,
    /// Where the first of them lead.
    places: Vec<String>,
}

impl Links {
    fn add(&mut self, fragment: &str) {
        self.count += 1;
        if self.places.len() == TOLD_LINKS {
            return;
        }
        let inside = fragment.split_once("<href>").and_then(|(_, rest)| rest.split_once("</href>"));
        self.places.extend(inside.map(|(place, _)| crate::name::clip(place.trim(), RAW_LIMIT).to_owned()));
    }

    fn told(&self) -> String {
        let places = if self.places.is_empty() { String::new() } else { format!(" (to {})", self.places.join(", ")) };
        format!("{} links to other files{places}", self.count)
    }
}

/// An element as it stands in the text, from its start tag, which was the last, to its end.
fn whole<R: BufRead>(tags: &mut Tags<'_, R>, source: Source<'_>, name: &[u8]) -> Result<String> {
    tags.keep(source.options.max_field_bytes);
    loop {
        let line = tags.line();
        match tags.next()? {
            Some(tag) if tag.closing && tag.local_name() == name => break,
            Some(_) => {}
            None => {
                let name = String::from_utf8_lossy(name);
                return Err(Error::new(
                    Kind::SourceInvalid,
                    format!("{}, line {line}: the text ends inside a {name}", source.url),
                ));
            }
        }
    }
    String::from_utf8(tags.kept())
        .map_err(|_| Error::new(Kind::SourceChanged, format!("{} changed while it was read", source.url)))
}

fn too_deep(url: &str, line: u64) -> Error {
    Error::new(Kind::SourceInvalid, format!("{url}, line {line}: elements are nested more than {MAX_DEPTH} deep"))
}

/// What is known while the text is walked over.
struct Reading<'a> {
    source: Source<'a>,
    stand_ins: StandIns<'a>,
    /// By name, in the order in which they were met.
    columns: IndexMap<String, ()>,
    out: Writer,
    /// The folders around, each with its depth and its name once that is known.
    folders: Vec<(usize, Option<String>)>,
}

impl Reading<'_> {
    fn placemark(&mut self, fragment: &str, line: u64) -> Result<()> {
        let (placemark, broken) = match fragment::placemark(fragment) {
            Ok(parsed) => parsed,
            Err(reason) => return self.reject(fragment, line, &reason),
        };
        let mut values: IndexMap<String, String> = IndexMap::new();
        let mut unread = None;
        collect(&placemark, &mut values, &mut unread);
        if values.keys().any(|name| self.stand_ins.reason(name).is_some()) {
            let marked = std::mem::take(&mut values);
            marked.iter().for_each(|(name, value)| add(&mut values, self.stand_ins.unmarked(name).into_owned(), value));
        }
        let folders: Vec<&str> = self.folders.iter().filter_map(|(_, name)| name.as_deref()).collect();
        if !folders.is_empty() {
            put(&mut values, FOLDER, &folders.join("/"));
        }
        let geometry = placemark.geometry.as_ref().map(geometry);
        let mut faults = Vec::new();
        self.out.begin(line);
        for (name, value) in values.iter().filter(|(_, value)| !value.trim().is_empty()) {
            let column = self.column(name)?;
            match self.stand_ins.reason(value) {
                None => self.out.text(column, CellKind::Plain, value.trim()),
                Some(reason) => {
                    let raw = self.stand_ins.unmarked(value.trim()).into_owned();
                    faults.push(Fault { line, column: Some(column), raw, expected: TEXT.to_owned(), reason });
                }
            }
        }
        let reason = match geometry {
            Some(Ok(shape)) if shape.is_finite() => {
                let column = self.column(&geometry_column())?;
                self.out.text(column, CellKind::Plain, &shape.text());
                None
            }
            Some(Ok(_)) => Some("a coordinate is not a number".to_owned()),
            Some(Err(reason)) => Some(reason),
            None => broken
                .map(|reason| format!("the geometry can't be read: {}", self.stand_ins.unmarked(&reason)))
                .or_else(|| unread.map(|name| format!("a {name} has no well-known text"))),
        };
        if let Some(reason) = reason {
            let column = Some(self.column(&geometry_column())?);
            let (raw, expected) = (self.clipped(fragment), "a geometry".to_owned());
            faults.push(Fault { line, column, raw, expected, reason });
        }
        faults.iter().try_for_each(|fault| self.out.fault(fault))?;
        self.out.end()
    }

    fn reject(&mut self, fragment: &str, line: u64, reason: &str) -> Result<()> {
        let (raw, expected) = (self.clipped(fragment), "a placemark".to_owned());
        let reason = format!("the placemark can't be read: {}", self.stand_ins.unmarked(reason));
        self.out.fault(&Fault { line, column: None, raw, expected, reason })
    }

    /// The start of a fragment, for a reject.
    fn clipped(&self, fragment: &str) -> String {
        crate::name::clip(&self.stand_ins.unmarked(fragment), RAW_LIMIT).to_owned()
    }

    fn column(&mut self, name: &str) -> Result<usize> {
        if let Some(column) = self.columns.get_index_of(name) {
            return Ok(column);
        }
        if self.columns.len() >= self.source.options.max_columns {
            return Err(too_many_columns(self.source.url, self.source.options.max_columns));
        }
        Ok(self.columns.insert_full(name.to_owned(), ()).0)
    }

    fn finish(mut self) -> Result<Spool> {
        self.column(&geometry_column())?;
        let columns: Vec<(usize, String)> = self.columns.into_keys().enumerate().collect();
        self.out.finish(&columns)
    }
}

/// The values of a placemark by the names of their columns; `unread` gets the name of a geometry that is not read.
fn collect(placemark: &Placemark, values: &mut IndexMap<String, String>, unread: &mut Option<String>) {
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            put(values, name, value);
        }
    };
    put("id", placemark.attrs.get("id").map(String::as_str));
    put("name", placemark.name.as_deref());
    put("description", placemark.description.as_deref());
    for child in &placemark.children {
        if child.name == "ExtendedData" {
            for data in &child.children {
                let named = |element: &Element| element.attrs.get("name").cloned().unwrap_or_else(|| element.name.clone());
                match data.name.as_str() {
                    "Data" => {
                        let value = data.children.iter().find(|c| c.name == "value");
                        put(&named(data), value.and_then(|v| v.content.as_deref()));
                    }
                    "SchemaData" => data.children.iter().for_each(|simple| put(&named(simple), simple.content.as_deref())),
                    _ => put(&data.name, data.content.as_deref()),
                }
            }
        } else if UNREAD.contains(&child.name.as_str()) {
            *unread = Some(child.name.clone());
        } else if !DRAWN.contains(&child.name.as_str()) {
            put(&child.name, child.content.as_deref());
            for inner in &child.children {
                put(&format!("{}.{}", child.name, inner.name), inner.content.as_deref());
            }
        }
    }
}

/// Adds a value; of several under one name each has a line.
fn put(values: &mut IndexMap<String, String>, name: &str, value: &str) {
    add(values, unescaped(name), value);
}

fn add(values: &mut IndexMap<String, String>, name: String, value: &str) {
    let known = values.entry(name).or_default();
    if !known.is_empty() {
        known.push('\n');
    }
    known.push_str(value);
}

/// An attribute's text.
fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&amp;", "&")
}

fn position(c: &Coord) -> Position {
    Position { x: c.x, y: c.y, z: c.z, m: None }
}

fn positions(coords: &[Coord]) -> Vec<Position> {
    coords.iter().map(position).collect()
}

fn geometry(shape: &Shape) -> Result<Geometry, String> {
    let ring = |ring: &LinearRing| positions(&ring.coords);
    Ok(match shape {
        Shape::Point(point) => Geometry::Point(position(&point.coord)),
        Shape::LineString(line) => Geometry::Line(positions(&line.coords)),
        Shape::LinearRing(line) => Geometry::Line(positions(&line.coords)),
        Shape::Polygon(polygon) => {
            let outer = Some(ring(&polygon.outer)).filter(|outer| !outer.is_empty());
            Geometry::Polygon(outer.into_iter().chain(polygon.inner.iter().map(ring)).collect())
        }
        Shape::MultiGeometry(several) => {
            let parts = several.geometries.iter().map(geometry).collect::<Result<Vec<Geometry>, String>>()?;
            joined(parts)
        }
        Shape::Element(element) => return Err(format!("a {} has no well-known text", element.name)),
        // The parser's list of kinds may grow.
        _ => return Err("it is not a kind of geometry that is read".to_owned()),
    })
}

/// Parts of one kind as the kind of several; others as a collection.
fn joined(parts: Vec<Geometry>) -> Geometry {
    let (mut points, mut lines, mut polygons) = (Vec::new(), Vec::new(), Vec::new());
    for part in &parts {
        match part {
            Geometry::Point(p) => points.push(*p),
            Geometry::Line(l) => lines.push(l.clone()),
            Geometry::Polygon(p) => polygons.push(p.clone()),
            Geometry::MultiPoint(_) | Geometry::MultiLine(_) | Geometry::MultiPolygon(_) | Geometry::Collection(_) => {}
        }
    }
    match parts.len() {
        0 => Geometry::Collection(parts),
        n if n == points.len() => Geometry::MultiPoint(points),
        n if n == lines.len() => Geometry::MultiLine(lines),
        n if n == polygons.len() => Geometry::MultiPolygon(polygons),
        _ => Geometry::Collection(parts),
    }
}
