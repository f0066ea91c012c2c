//! A resource of a CKAN package.

use serde_json::Value;

use super::super::{json, kept, link, settle};
use super::columns::columns;
use super::package::text;
use crate::descriptor::format::{Shape, essence, stem};
use crate::descriptor::property::Properties;
use crate::descriptor::{Compression, Distribution, Place};

/// Reads a resource; `None`, with the reason reported, when it leads nowhere.
pub(super) fn resource(mut of: Properties<'_>, place: &Place) -> Option<Distribution> {
    let title = text(&mut of, "name").or_else(|| text(&mut of, "title"));
    let access_url = text(&mut of, "access_url");
    let url = text(&mut of, "url");
    let file = text(&mut of, "download_url").or_else(|| url.filter(|url| Some(url) != access_url.as_ref()));
    let mut distribution = Distribution { title, access_url, ..Distribution::default() };
    if let Some(file) = file {
        link(&mut distribution, place, &file);
    }
    if distribution.paths.is_empty() && distribution.access_url.is_none() {
        return of.left_out("url", "the resource has no \"url\"");
    }
    distribution.description = text(&mut of, "description");
    distribution.declared_format = text(&mut of, "format");
    distribution.media_type = text(&mut of, "mimetype");
    distribution.issued = text(&mut of, "issued").or_else(|| of.words("created"));
    distribution.modified = ["modified", "last_modified", "metadata_modified"].iter().find_map(|key| text(&mut of, key));
    distribution.licenses = json::licences(&mut of, "license");
    distribution.conforms_to = json::texts(&mut of, "conforms_to");
    distribution.described_by = text(&mut of, "described_by");
    distribution.bytes = bytes(&mut of);
    distribution.hash = hash(&mut of);
    columns(&mut of, &mut distribution);
    settle(&mut distribution);
    if distribution.compression.is_none() {
        distribution.compression = ["package_format", "compress_format"].iter().find_map(|key| packing(&mut of, key));
    }
    let of_path = |paths: &[String]| paths.first().map(|path| stem(path).to_owned()).filter(|stem| !stem.trim().is_empty());
    distribution.name = match &distribution.title {
        Some(title) => title.clone(),
        None => of_path(&distribution.paths).or_else(|| of.label("id")).unwrap_or_else(|| "resource".to_owned()),
    };
    distribution.extra.extend(kept::of_distribution(of.rest()));
    Some(distribution)
}

/// A length in bytes; other words for it stay.
fn bytes(of: &mut Properties<'_>) -> Option<u64> {
    let size = of.take("size")?;
    let bytes = json::count(&size);
    if bytes.is_none() && size.as_str().is_none_or(|size| !size.trim().is_empty()) {
        of.keep("size", size);
    }
    bytes
}

/// A checksum, whose algorithm is told or seen by its length.
fn hash(of: &mut Properties<'_>) -> Option<String> {
    let hash = of.words("hash")?;
    let algorithm = text(of, "hash_algorithm").unwrap_or_default();
    let by_length = match hash.len() {
        _ if !algorithm.is_empty() || hash.contains(':') => "",
        40 => "sha1",
        64 => "sha256",
        128 => "sha512",
        _ => "",
    };
    Some(json::hash(if by_length.is_empty() { &algorithm } else { by_length }, &hash))
}

/// What the DCAT extension says of packing, by file type or media type.
fn packing(of: &mut Properties<'_>, key: &str) -> Option<Compression> {
    let word = of.words(key)?;
    let shape = Shape::of_media_type(essence(&word)).or_else(|| Shape::of_word(&word));
    of.keep(key, Value::String(word));
    shape.and_then(|shape| shape.compression)
}
