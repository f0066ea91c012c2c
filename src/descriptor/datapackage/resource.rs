//! A package's resource: its files, their format and packing, and what is said of them.

use serde_json::Value;

use super::{dialect, schema};
use crate::descriptor::format::{self, Shape};
use crate::descriptor::property::Properties;
use crate::descriptor::{Compression, Distribution, Extra, Place};

/// Reads a resource; `None`, with the reason reported, when no table can be made of it.
pub(super) fn resource(mut resource: Properties<'_>, place: &Place) -> Option<Distribution> {
    let access_url = resource.words_of(&["accessURL", "dcat:accessURL"]);
    let paths = paths(&mut resource, place, access_url.is_some())?;
    let media_type = resource.words_of(&["mediatype", "dcat:mediaType", "mediaType"]);
    let declared_format = resource.words_of(&["format", "dct:format"]);
    let shape = shape(&resource, declared_format.as_deref(), media_type.as_deref(), &paths);
    let compression = match resource.words("compression").filter(|word| !matches!(word.as_str(), "no" | "none")) {
        None => shape.compression,
        Some(word) => Some(declared_compression(&resource, &word)?),
    };

    let mut left = Extra::new();
    let mut dialect = dialect::dialect(&mut resource, &mut left);
    if shape.tabs && dialect.delimiter.is_none() {
        dialect.delimiter = Some('\t');
    }
    let schema = schema::schema(&mut resource, &mut left);
    let distribution = Distribution {
        name: resource.label("name").unwrap_or_else(|| paths.first().map_or("", |path| format::stem(path)).to_owned()),
        title: resource.words("title"),
        description: resource.words("description"),
        access_url,
        format: shape.format,
        declared_format: declared_format.filter(|word| shape.format.is_none_or(|format| format.name() != word)),
        media_type,
        compression,
        member: resource.words("innerpath"),
        encoding: resource.words("encoding"),
        dialect,
        schema,
        licenses: super::licenses(&mut resource),
        issued: resource.words_of(super::ISSUED),
        modified: resource.words_of(super::MODIFIED),
        conforms_to: super::texts_of(&mut resource, super::CONFORMS_TO),
        described_by: resource.words_of(&["describedBy", "dct:describedBy"]),
        bytes: resource.count("bytes"),
        hash: resource.words("hash"),
        refresh: super::refresh(&mut resource),
        strict: resource.flag(super::STRICT),
        paths,
        extra: Extra::new(),
    };
    left.extend(resource.rest());
    Some(Distribution { extra: left, ..distribution })
}

/// The files by absolute path or URL: at least one, unless the resource may do with a URL that leads to them. One that can't be used takes
/// the resource with it: a part of a table must not look like the whole.
fn paths(resource: &mut Properties<'_>, place: &Place, may_lack: bool) -> Option<Vec<String>> {
    // Version 1's drafts had `url` beside `path`.
    let key = if resource.has("path") || !resource.has("url") { "path" } else { "url" };
    let (published, is_list) = match resource.take(key) {
        Some(Value::String(path)) => (vec![Value::String(path)], false),
        Some(Value::Array(paths)) => (paths, true),
        Some(other) => return resource.left_out(key, &format!("expected a path or a list of paths, found {other}")),
        None if resource.has("data") => {
            return resource
                .left_out("data", "data inside of a descriptor is not served; put it into a file and give its \"path\"");
        }
        None if may_lack => return Some(Vec::new()),
        None => return resource.left_out("path", "the resource has no \"path\""),
    };
    if published.is_empty() {
        return resource.left_out(key, "the list of paths is empty");
    }
    let mut paths = Vec::with_capacity(published.len());
    for (i, path) in published.iter().enumerate() {
        let at = if is_list { format!("{key}/{i}") } else { key.to_owned() };
        match path.as_str().map(|path| place.resolve(path)) {
            Some(Ok(path)) => paths.push(path),
            Some(Err(why)) => return resource.left_out(&at, &why),
            None => return resource.left_out(&at, "expected a path"),
        }
    }
    Some(paths)
}

/// The format as declared, else by media type, else by the first telling ending. What is declared and not read is told: the resource is
/// listed, and no table is made of it.
fn shape(resource: &Properties<'_>, word: Option<&str>, media_type: Option<&str>, paths: &[String]) -> Shape {
    format::told(word, media_type, paths).unwrap_or_else(|word| {
        let known = "csv, tsv, json, ndjson, geojson, parquet, arrow, avro, orc, xlsx, xls, ods, shp and kml";
        resource.problem("format", format!("the format \"{word}\" is not served; served are {known}; no table is made of it"));
        Shape::default()
    })
}

fn declared_compression(resource: &Properties<'_>, word: &str) -> Option<Compression> {
    format::compression(word).or_else(|| {
        resource.left_out("compression", &format!("the compression \"{word}\" is not read; gz, zst, bz2, xz, zip and tar are"))
    })
}
