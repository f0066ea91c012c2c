//! Packages: which members of a zip archive make a shapefile, and which is the KML of a KMZ; and their way out of it. What they hold is
//! not looked at.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use globset::Glob;
use zip::ZipArchive;

use super::Source;
use crate::error::{Error, Kind, Result};
use crate::snapshot::unpack::too_large;

/// A package may be this many times smaller than a member of it; beyond, it is taken for a bomb. Below the free size that does not matter.
const MAX_RATIO: u64 = 2000;
const RATIO_FREE: u64 = 64 << 20;

/// An open archive.
pub(super) struct Package<'a> {
    source: Source<'a>,
    archive: ZipArchive<BufReader<File>>,
    /// Of the files in it, without what macOS adds.
    names: Vec<String>,
    packed_bytes: u64,
}

/// A shapefile's `.shp`, and by their endings the members that belong to it.
pub(super) type Parts = (String, Vec<(String, String)>);

impl<'a> Package<'a> {
    /// `None` when the file is no zip archive that can be listed.
    pub(super) fn open(path: &Path, source: Source<'a>) -> Result<Option<Self>> {
        let mut head = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut head)?;
        if head != b"PK\x03\x04" {
            return Ok(None);
        }
        let Ok(mut archive) = ZipArchive::new(BufReader::new(File::open(path)?)) else { return Ok(None) };
        let mut names = Vec::new();
        for i in 0..archive.len() {
            let member = archive.by_index_raw(i).map_err(|e| damaged(source.url, &e))?;
            let name = member.name().map_err(|e| damaged(source.url, &e))?.into_owned();
            if member.is_file() && !name.starts_with("__MACOSX/") {
                names.push(name);
            }
        }
        Ok(Some(Self { source, archive, names, packed_bytes: std::fs::metadata(path)?.len() }))
    }

    /// The shapefile that `member` names, by path or glob, else the only one; `None` when there is none.
    pub(super) fn shapefile(&self, member: Option<&str>) -> Result<Option<Parts>> {
        let Some(shp) = self.only("shp", member, "shapefiles")? else { return Ok(None) };
        let stem = &shp[..shp.len() - "shp".len()];
        let beside = ["dbf", "cpg", "prj"].iter().filter_map(|ending| {
            let wanted = format!("{stem}{ending}");
            self.names.iter().find(|name| name.eq_ignore_ascii_case(&wanted)).map(|name| ((*ending).to_owned(), name.clone()))
        });
        let beside = beside.collect();
        Ok(Some((shp, beside)))
    }

    /// The KML that `member` names, else `doc.kml`, else the only one; `None` when there is none.
    pub(super) fn kml(&self, member: Option<&str>) -> Result<Option<String>> {
        // The root file of a KMZ is the first KML in it, by custom of this name (KML reference, "KMZ files").
        let root = self.names.iter().find(|name| name.eq_ignore_ascii_case("doc.kml"));
        match (member, root) {
            (None, Some(root)) => Ok(Some(root.clone())),
            (_, _) => self.only("kml", member, "KML files"),
        }
    }

    fn only(&self, ending: &str, member: Option<&str>, what: &str) -> Result<Option<String>> {
        let url = self.source.url;
        let has_ending = |name: &&String| name.rsplit_once('.').is_some_and(|(_, e)| e.eq_ignore_ascii_case(ending));
        let all: Vec<&String> = self.names.iter().filter(has_ending).collect();
        let matcher = match member {
            Some(pattern) => Some((
                pattern,
                Glob::new(pattern)
                    .map_err(|e| Error::new(Kind::Descriptor, format!("{url}: \"{pattern}\" is not a pattern: {e}")))?,
            )),
            None => None,
        };
        let is_meant = |name: &&&String| match &matcher {
            Some((pattern, glob)) => name.as_str() == *pattern || glob.compile_matcher().is_match(name.as_str()),
            None => true,
        };
        match all.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            [only] => Ok(Some((**only).clone())),
            several => {
                let names: Vec<&str> = several.iter().take(20).map(|name| name.as_str()).collect();
                let message = format!("{url} is an archive of {} {what}, and a table is made of one", several.len());
                Err(Error::new(Kind::SourceInvalid, message)
                    .with_detail(format!("It holds {}.", names.join(", ")))
                    .with_hint(format!("Declare a resource for each, with \"innerpath\": {:?}.", names[0])))
            }
        }
    }

    /// Unpacks the parts to files beside `target`: the `.shp`, and those that belong to it.
    pub(super) fn unpack(&mut self, (shp, beside): &Parts, target: &Path) -> Result<(PathBuf, Vec<(String, PathBuf)>)> {
        let mut unpacked = Vec::new();
        for (ending, name) in beside {
            unpacked.push((ending.clone(), self.unpack_one(name, &target.with_extension(ending))?));
        }
        Ok((self.unpack_one(shp, &target.with_extension("shp"))?, unpacked))
    }

    /// Unpacks one member to `target`, within the bounds on size and ratio.
    pub(super) fn unpack_one(&mut self, name: &str, target: &Path) -> Result<PathBuf> {
        let Source { url, options, stop } = self.source;
        let mut member = self.archive.by_name(name).map_err(|e| damaged(url, &e))?;
        let mut out = File::create(target)?;
        let mut buffer = vec![0; 1 << 18];
        let mut bytes = 0_u64;
        loop {
            stop.check()?;
            let n = member.read(&mut buffer).map_err(|e| damaged(url, &e))?;
            if n == 0 {
                return Ok(target.to_owned());
            }
            bytes += n as u64;
            if bytes > options.max_file_bytes {
                return Err(too_large(url, options.max_file_bytes));
            }
            if bytes > RATIO_FREE && bytes / self.packed_bytes.max(1) > MAX_RATIO {
                let message = format!("{url} unpacks to more than {MAX_RATIO} times its size");
                return Err(Error::new(Kind::SourceInvalid, message));
            }
            out.write_all(&buffer[..n])?;
        }
    }
}

fn damaged(url: &str, e: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::SourceInvalid, format!("{url} can't be unpacked: {e}"))
}
