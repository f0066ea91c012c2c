//! Files that are no text: a workbook, a shapefile in its archive and KML are told by their bytes, whatever they are called, and become
//! spools of rows. How each is read stands in `sheet` and `geo`.

use std::path::PathBuf;

use super::archive::Plain;
use super::decode::Text;
use super::spool::Spool;
use super::stop::Stop;
use super::{Options, geo, sheet};
use crate::descriptor::{Distribution, Format};
use crate::error::Result;

/// Looks into one file of a distribution, and into what is in it.
pub(super) struct Looker<'a> {
    /// Where the file was published, for messages and rejects.
    pub(super) label: &'a str,
    pub(super) distribution: &'a Distribution,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
    /// Where a spool goes; what has to be unpacked for it is put beside.
    pub(super) target: PathBuf,
}

impl Looker<'_> {
    /// The rows of a file that is no text; `None` when it is none of those that are known here.
    pub(super) fn file(&self, plain: &Plain, warnings: &mut Vec<String>) -> Result<Option<Spool>> {
        if let Some(office) = sheet::office(&plain.path)? {
            let source = sheet::Source { path: &plain.path, url: self.label, options: self.options, stop: self.stop };
            return sheet::spool(source, office, self.distribution, &self.target, warnings).map(Some);
        }
        if plain.format == Some(Format::Shapefile) {
            let (shp, beside) = (&plain.path, &plain.beside);
            return geo::shapefile(shp, beside, self.geographic(), self.distribution, &self.target, warnings).map(Some);
        }
        Ok(None)
    }

    /// The rows of a text that is one only outside.
    pub(super) fn text(&self, text: &Text, warnings: &mut Vec<String>) -> Result<Option<Spool>> {
        if !geo::is_kml(text, self.distribution)? {
            return Ok(None);
        }
        geo::placemarks(text, self.geographic(), &self.target, warnings).map(Some)
    }

    fn geographic(&self) -> geo::Source<'_> {
        geo::Source { url: self.label, options: self.options, stop: self.stop }
    }
}
