//! Files that are no text: a workbook, a shapefile in its archive and KML are told by their bytes, whatever they are called, and become
//! spools of rows. How each is read stands in `sheet` and `geo`.

use std::path::{Path, PathBuf};

use super::decode::Text;
use super::spool::Spool;
use super::stop::Stop;
use super::{Options, geo, sheet};
use crate::descriptor::Distribution;
use crate::error::Result;

/// What a file turned out to be.
pub(super) enum Found {
    /// Rows, taken out of it.
    Rows(Spool),
    /// An archive around this file, unpacked.
    Inner(PathBuf),
    /// Nothing that is known here.
    Other,
}

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
    /// What the file at `path` is: the raw one, or what was unpacked of it.
    pub(super) fn file(&self, path: &Path, warnings: &mut Vec<String>) -> Result<Found> {
        if let Some(office) = sheet::office(path)? {
            let source = sheet::Source { path, url: self.label, options: self.options, stop: self.stop };
            return sheet::spool(source, office, self.distribution, &self.target, warnings).map(Found::Rows);
        }
        Ok(match geo::open(path, self.geographic(), self.distribution, &self.target, warnings)? {
            Some(geo::Found::Shapefile(spool)) => Found::Rows(spool),
            Some(geo::Found::Kml(path)) => Found::Inner(path),
            None => Found::Other,
        })
    }

    /// The rows of a text that is one only outside.
    pub(super) fn text(&self, text: &Text) -> Result<Option<Spool>> {
        if !geo::is_kml(text, self.distribution)? {
            return Ok(None);
        }
        geo::placemarks(text, self.geographic(), &self.target).map(Some)
    }

    fn geographic(&self) -> geo::Source<'_> {
        geo::Source { url: self.label, options: self.options, stop: self.stop }
    }
}
