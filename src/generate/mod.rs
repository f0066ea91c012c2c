//! A synthetic city, published the way real ones publish, and the tables of two benchmarks: the same bytes for the same scale on every machine.
//! What is written stands here and below; how published files are read is unknown here.

mod calendar;
mod city;
mod clickbench;
mod environment;
mod health;
mod metro;
mod output;
mod package;
mod random;
mod reference;
mod tpch;
mod transport;

use std::path::Path;

pub use clickbench::clickbench;
pub use output::{Step, Summary};
pub use tpch::tpch;

use crate::error::{Error, Kind, Result};
use city::City;
use output::Output;

/// Metro trips at scale 1; the other sizes follow it.
pub const TRIPS_AT_SCALE_1: u64 = 10_000_000;

/// The largest scale that is taken: a billion trips.
pub const MAX_SCALE: f64 = 100.0;

/// Writes the city's datasets under `dir` as `THEME/DATASET/datapackage.json` with the data files beside it.
///
/// `scale` is the number of metro trips in units of [`TRIPS_AT_SCALE_1`]; counts of events shrink with it, the length of the
/// dense hourly series with its root, and reference tables keep their size. `progress` hears of each file when it is begun,
/// every 100 000 rows and when it is done. Files that stand there under the same names are replaced, others are left alone;
/// nothing is held in memory beyond an hour of trips.
///
/// Fails with [`Kind::InvalidParameter`] unless `scale` is above 0 and at most [`MAX_SCALE`], and with [`Kind::Io`] or
/// [`Kind::DiskFull`] when a file can't be written.
///
/// ```
/// let dir = tempfile::tempdir()?;
/// let summary = stoa::generate::generate(dir.path(), 0.0001, &|_| ())?;
/// assert!(dir.path().join("transport/metro_trips/datapackage.json").exists());
/// assert_eq!(summary.datasets, 18);
/// # Ok::<(), stoa::Error>(())
/// ```
pub fn generate(dir: &Path, scale: f64, progress: &dyn Fn(Step<'_>)) -> Result<Summary> {
    check(scale)?;
    let city = City::new(scale);
    let mut out = Output::new(dir, progress);
    metro::write(&city, &mut out)?;
    transport::write(&city, &mut out)?;
    health::write(&city, &mut out)?;
    environment::write(&city, &mut out)?;
    reference::write(&city, &mut out)?;
    Ok(out.summary())
}

fn check(scale: f64) -> Result<()> {
    if scale > 0.0 && scale <= MAX_SCALE {
        return Ok(());
    }
    Err(Error::new(Kind::InvalidParameter, format!("the scale {scale} is out of range"))
        .with_hint(format!("Give a number above 0 and at most {MAX_SCALE}; 1 makes {TRIPS_AT_SCALE_1} metro trips.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_out_of_range_is_refused_by_name() {
        for scale in [0.0, -1.0, 101.0, f64::NAN, f64::INFINITY] {
            let error =
                generate(Path::new("unused"), scale, &|_| ()).expect_err("the scale is checked before anything is written");
            assert_eq!(error.kind(), Kind::InvalidParameter, "{scale}");
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(dir.path().join("transport"), "").expect("a file where a folder should be");
        let error = generate(dir.path(), 0.0001, &|_| ()).expect_err("a file is in the way");
        assert_eq!(error.kind(), Kind::Io);
        assert!(error.message().contains("transport"), "{error}");
    }
}
