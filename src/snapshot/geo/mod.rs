//! Geographic files: a shapefile in its archive and the placemarks of KML become spools of rows, with geometries as well-known text
//! in a column behind those that were published. Which members of an archive belong together is found in `package`; the parts of a
//! shapefile are read in `shp` and `dbf`.

mod dbf;
mod kml;
mod package;
mod shp;
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

/// What an archive holds, when that is geographic.
pub(super) enum Found {
    /// A shapefile, read.
    Shapefile(Spool),
    /// The KML of a KMZ, unpacked to this file.
    Kml(PathBuf),
}

/// Looks into a file for a shapefile or a KMZ; `None` when it is no archive of either. What has to be unpacked is put beside
/// `target`, which takes the spool.
pub(super) fn open(
    path: &Path,
    source: Source<'_>,
    distribution: &Distribution,
    target: &Path,
    warnings: &mut Vec<String>,
) -> Result<Option<Found>> {
    let (shapefiles, placemarks) = match distribution.format {
        Some(Format::Shapefile) => (true, false),
        Some(Format::Kml) => (false, true),
        None => (true, true),
        Some(
            Format::Csv
            | Format::Json
            | Format::NdJson
            | Format::GeoJson
            | Format::Parquet
            | Format::Arrow
            | Format::Avro
            | Format::Orc
            | Format::Workbook,
        ) => return Ok(None),
    };
    let Some(mut package) = package::Package::open(path, source)? else { return Ok(None) };
    let member = distribution.member.as_deref();
    if shapefiles && let Some(parts) = package.shapefile(member)? {
        let (shp, beside) = package.unpack(&parts, target)?;
        let label = format!("{}/{}", source.url, parts.0);
        let within = Source { url: &label, ..source };
        return shapefile(&shp, &beside, within, distribution, target, warnings).map(Found::Shapefile).map(Some);
    }
    if placemarks && let Some(member) = package.kml(member)? {
        return package.unpack_one(&member, &target.with_extension("kml")).map(Found::Kml).map(Some);
    }
    Ok(None)
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
pub(super) fn placemarks(text: &Text, source: Source<'_>, target: &Path) -> Result<Spool> {
    kml::spool(text, source, target)
}

/// The geometry's column, placed behind the others.
fn geometry_column() -> String {
    format!("{ADDED}geometry")
}

#[cfg(test)]
mod tests;
