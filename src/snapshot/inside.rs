//! Inside: which tables a published file may hold, before any of them is read: an archive's files, a workbook's sheets. Which of them
//! are data is not decided here.

use std::path::{Path, PathBuf};

use super::fetch::fetch;
use super::stop::Stop;
use super::{Options, archive, sheet};
use crate::error::Result;
use crate::store::Object;

/// The names of the files in a local archive, by its directory or headers alone, with `/` between their parts. `None` for what is no
/// archive, for one packed as a whole (`.tar.gz`) that is too large to be unpacked for its names, and for office documents. The errors are those of the
/// first touch: an archive that can't be read, or that holds more than `options` allow.
pub fn members(path: &Path, options: &Options) -> Result<Option<Vec<String>>> {
    archive::list(path, options)
}

/// The same, and an archive that is packed as a whole is, however large, unpacked into the folder `scratch` to be listed. It blocks.
pub fn members_unpacked(path: &Path, options: &Options, scratch: &Path) -> Result<Option<Vec<String>>> {
    archive::list_unpacked(path, options, &Stop::default(), scratch)
}

/// The sheets of a workbook on this machine that are tables, in its order: those that are visible and hold something. `None` when the
/// file is no workbook. What `options` bound is bounded here too; it blocks.
pub fn sheets(path: &Path, options: &Options) -> Result<Option<Vec<String>>> {
    let Some(office) = sheet::office(path)? else { return Ok(None) };
    let url = path.to_string_lossy();
    let stop = Stop::default();
    sheet::sheets(sheet::Source { path, url: &url, options, stop: &stop }, office).map(Some)
}

/// A published object as a file of this machine: the file that it is, else a copy at `target`. An error when it is larger than `options`
/// allow.
pub async fn at_hand(object: &Object, target: &Path, options: &Options) -> Result<PathBuf> {
    if object.meta.size > options.max_file_bytes {
        return Err(archive::too_large(&object.url, options.max_file_bytes));
    }
    Ok(fetch(object, target, |_| {}).await?.path)
}
