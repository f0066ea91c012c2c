//! Which tables a file holds: an archive's data files and a workbook's sheets are told apart as those of a bare folder are. What is
//! remote is fetched once, and read from the copy.

use std::path::Path;

use crate::descriptor::members::{self, MOST_PARTS};
use crate::descriptor::{Compression, Distribution, Format, sheets};
use crate::error::{Error, Kind, Result};
use crate::snapshot;
use crate::store::{self, Stores};

/// What a file holds.
pub(super) struct Found {
    /// One at least.
    pub(super) tables: Vec<Distribution>,
    /// What is in none of them.
    pub(super) warnings: Vec<String>,
}

/// The tables of the file at `place`, of which `whole` is what its name tells; and the stores to read it by.
pub(super) async fn look(
    mut store: store::Options,
    options: &snapshot::Options,
    place: &str,
    whole: Distribution,
    scratch: &Path,
) -> Result<(store::Options, Found)> {
    if matches!(whole.format, Some(Format::Parquet | Format::Arrow)) && whole.compression.is_none() {
        // Read in parts, where it stands.
        return Ok((store, Found { tables: vec![whole], warnings: Vec::new() }));
    }
    let objects = Stores::new(store.clone())?.resolve(place).await?;
    let [object] = objects.as_slice() else {
        // A glob, or the files below a prefix: one table.
        return Ok((store, Found { tables: vec![whole], warnings: Vec::new() }));
    };
    let copy = scratch.join("published");
    let file = snapshot::at_hand(object, &copy, options).await?;
    if file == copy {
        let copy = copy.to_str().ok_or_else(|| Error::new(Kind::Config, format!("the path {} is not UTF-8", copy.display())))?;
        store.mirrors.push((place.to_owned(), copy.to_owned()));
    }
    let (options, place, scratch) = (options.clone(), place.to_owned(), scratch.to_owned());
    let listed = tokio::task::spawn_blocking(move || tables(&file, &place, whole, &options, &scratch)).await;
    let listed = listed.map_err(|e| Error::new(Kind::Internal, "listing a file failed inside").caused_by(e))?;
    Ok((store, listed?))
}

/// The tables of a file of this machine, which was published at `place`.
fn tables(file: &Path, place: &str, whole: Distribution, options: &snapshot::Options, scratch: &Path) -> Result<Found> {
    let mut warnings = Vec::new();
    // A copy's own path means nothing to anybody.
    let is_named = |e: Error| if file == Path::new(place) { e } else { e.within(place) };
    let names = match whole.compression {
        // One that is packed as a whole tells nothing before it is unpacked.
        Some(Compression::Tar) => snapshot::members_unpacked(file, options, scratch).map_err(is_named)?,
        Some(Compression::Zip | Compression::Gzip | Compression::Zstd | Compression::Bzip2 | Compression::Xz) | None => {
            snapshot::members(file, options).map_err(is_named)?
        }
    };
    if let Some(names) = names {
        let sorted = members::sort(names.iter().map(String::as_str));
        match sorted.data.as_slice() {
            [_, _, ..] if sorted.data.len() > MOST_PARTS => {
                let message = format!("{place} holds {} data files, more than are described one by one", sorted.data.len());
                return Err(Error::new(Kind::SourceInvalid, message)
                    .with_hint("Name those of a table in a descriptor: \"innerpath\": \"*.csv\"."));
            }
            [_, _, ..] => {
                if !sorted.left_out.is_empty() {
                    warnings.push(format!("{place} holds files that make no table: {}", sorted.left_out.join(", ")));
                }
                return Ok(Found { tables: members::split(&whole, true, &sorted.data), warnings });
            }
            [only] => {
                let format = whole.format.or_else(|| members::format_of(only));
                return Ok(Found { tables: vec![Distribution { format, ..whole }], warnings });
            }
            // Reading it says what there is in place of data.
            [] => return Ok(Found { tables: vec![whole], warnings }),
        }
    }
    // A download by a number has no name to tell that it is a workbook.
    let may_be_workbook = whole.format.is_none() && whole.compression.is_none();
    let as_workbook = Distribution { format: Some(Format::Workbook), ..whole.clone() };
    if (sheets::may_be_split(&whole) || may_be_workbook)
        && let Some(names) = snapshot::sheets(file, options).map_err(is_named)?
    {
        return Ok(Found { tables: sheets::split(&as_workbook, true, &names), warnings });
    }
    Ok(Found { tables: vec![whole], warnings })
}
