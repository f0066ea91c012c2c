//! Geographic files: a shapefile in its archive and the placemarks of KML become spools of rows, with geometries as well-known text
//! in a column behind those that were published. Which members of an archive belong together is
//! found in `archive`; the parts of a shapefile are read in `shp` and `dbf`.

mod dbf;
mod kml;
mod shp;
mod stand_in;
mod wkt;

use std::path::{Path, PathBuf};

use super::Options;
use super::columns::ADDED;
use super::decode::Text;
use super::spool::Spool;
use super::stop::Stop;
use crate::descriptor::{Distribution, Format};
use crate::error::Result;

/// What reading a geographic file needs to know of where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) url: &'a str,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
}

/// Reads a shapefile into a spool at `target`. `beside`: the files that belong to the `.shp`, by their endings in lower case.
pub(super) fn shapefile(
    shp: &Path,
    beside: &[(String, PathBuf)],
    source: Source<'_>,
    distribution: &Distribution,
    target: &Path,
    warnings: &mut Vec<String>,
) -> Result<Spool> {
    shp::spool(shp, beside, source, distribution.encoding.as_deref(), target, warnings)
}

/// Whether a text is KML, by what is declared or by its root element.
pub(super) fn is_kml(text: &Text, distribution: &Distribution) -> Result<bool> {
    match distribution.format {
        Some(Format::Kml) | None => kml::is_kml(text),
        Some(
            Format::Csv
            | Format::Json
            | Format::NdJson
            | Format::GeoJson
            | Format::Parquet
            | Format::Arrow
            | Format::Avro
            | Format::Orc
            | Format::Workbook
            | Format::Shapefile,
        ) => Ok(false),
    }
}

/// Reads the placemarks of a KML text into a spool at `target`.
pub(super) fn placemarks(text: &Text, source: Source<'_>, target: &Path, warnings: &mut Vec<String>) -> Result<Spool> {
    kml::spool(text, source, target, warnings)
}

/// The geometry's column, placed behind the others.
fn geometry_column() -> String {
    format!("{ADDED}geometry")
}

#[cfg(test)]
mod tests;
