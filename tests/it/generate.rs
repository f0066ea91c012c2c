//! The synthetic city: what is shipped under `datasets/city` is what the generator writes, to the byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The scale of the shipped city. To make it anew: `rm -r datasets/city && stoa generate --scale 0.002 datasets/city`.
pub const SHIPPED_SCALE: f64 = 0.002;

/// What the shipped city may weigh.
const MOST_BYTES: u64 = 3_000_000;

#[test]
fn the_shipped_city_is_what_the_generator_writes() {
    let made = tempfile::tempdir().expect("a temporary folder");
    let summary = stoa::generate::generate(made.path(), SHIPPED_SCALE, &|_| ()).expect("the city is written");
    let shipped = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/city"));
    let made = files(made.path());
    assert_eq!(shipped.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>(), "other files are shipped than are made");
    for (path, bytes) in &made {
        assert!(shipped[path] == *bytes, "datasets/city/{} differs from what is made at scale {SHIPPED_SCALE}", path.display());
    }
    assert_eq!(summary.bytes, made.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    assert!(summary.bytes < MOST_BYTES, "{} bytes are shipped", summary.bytes);
}

#[test]
fn the_sizes_follow_the_scale_and_progress_is_told() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let done = std::cell::RefCell::new(Vec::new());
    let summary = stoa::generate::generate(dir.path(), 0.0005, &|step| {
        if step.done {
            done.borrow_mut().push((step.file.to_path_buf(), step.rows));
        }
    })
    .expect("the city is written");
    let done = done.into_inner();
    assert_eq!((summary.datasets, summary.files), (18, done.len() as u64));
    assert_eq!(summary.rows, done.iter().map(|(_, rows)| rows).sum::<u64>());
    let trips = done.iter().filter(|(file, _)| file.starts_with("transport/metro_trips")).map(|(_, rows)| rows).sum::<u64>();
    assert_eq!(trips, 5_000);
}

/// Every file under a folder by its path there.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    walkdir::WalkDir::new(dir)
        .into_iter()
        .map(|entry| entry.expect("the folder can be listed"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(dir).expect("listed from there").to_path_buf();
            (path, std::fs::read(entry.path()).expect("a file can be read"))
        })
        .collect()
}
