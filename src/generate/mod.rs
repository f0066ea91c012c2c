//! The synthetic city's datasets, written to a folder.

use std::path::PathBuf;

use crate::error::{Error, Kind, Result};

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// 1 has ten million trips.
    pub scale: f64,
    /// The folder to write to.
    pub dir: PathBuf,
}

/// Writes the city.
pub fn generate(options: &Options) -> Result<()> {
    Err(Error::new(Kind::Unsupported, format!("no city is written to {} yet", options.dir.display())))
}
