//! What holds of every standard: no damage ends a reading, and links and formats mean the same.

use std::path::PathBuf;

use walkdir::WalkDir;

use super::*;

/// The catalogues of the shared data and the fixtures, but for those as long as they are many.
fn catalogues() -> impl Iterator<Item = PathBuf> {
    let roots =
        ["/../shared/data/catalog", "/tests/fixtures/catalogs"].map(|root| format!("{}{root}", env!("CARGO_MANIFEST_DIR")));
    let files = roots.into_iter().flat_map(|root| WalkDir::new(root).sort_by_file_name()).filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file() && entry.metadata().is_ok_and(|file| file.len() < 20_000));
    files.map(walkdir::DirEntry::into_path).filter(|path| !path.to_string_lossy().contains("owid-datasets"))
}

#[test]
fn no_damage_to_a_document_ends_the_reading() {
    let mut count = 0;
    for path in catalogues() {
        let bytes = std::fs::read(&path).expect("it can be read");
        let Some(standard) = detect(&bytes, &path.to_string_lossy()) else { continue };
        for i in 0..12 {
            let at = bytes.len() * i / 12;
            let mut cut = bytes.clone();
            cut.truncate(at);
            let mut changed = bytes.clone();
            changed[at] = b"{}[]\",:\xff0"[i % 9];
            let mut lacking = bytes.clone();
            lacking.drain(at..(at + 7).min(bytes.len()));
            for damaged in [cut, changed, lacking] {
                let mut sink = Gathered::default();
                read(standard, &mut damaged.as_slice(), "https://x.org/catalog.json", &mut sink)
                    .expect("bytes do not fail to be read");
                count += sink.datasets.len() + sink.problems.len();
            }
        }
        for other in Standard::ALL {
            let mut sink = Gathered::default();
            read(other, &mut bytes.as_slice(), "https://x.org/catalog.json", &mut sink).expect("bytes do not fail to be read");
        }
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn data_packages_are_catalogues_too() {
    let (vega, page) = shared(Standard::DataPackage, "vega/datapackage.json");
    // 73 resources (README).
    assert_eq!((vega.datasets.len(), vega.datasets[0].distributions.len(), page), (1, 73, Page::default()));
    let root = format!("{}/../shared/data/catalog/owid-datasets", env!("CARGO_MANIFEST_DIR"));
    let root = std::fs::canonicalize(root).expect("the shared data is there");
    let files = WalkDir::new(root).into_iter().filter_map(Result::ok).filter(|entry| entry.file_name() == "datapackage.json");
    let (mut datasets, mut distributions, mut problems) = (0, 0, 0);
    for entry in files {
        let path = entry.path().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).expect("it can be read");
        assert_eq!(detect(&bytes, &path), Some(Standard::DataPackage), "{path}");
        let mut sink = Gathered::default();
        read(Standard::DataPackage, &mut bytes.as_slice(), &path, &mut sink).expect("it can be read");
        datasets += sink.datasets.len();
        distributions += sink.datasets.iter().map(|dataset| dataset.distributions.len()).sum::<usize>();
        problems += sink.problems.len();
    }
    // A folder for each of 220 (README: 660 files, three to a folder).
    assert_eq!((datasets, distributions, problems), (220, 220, 0));
}

#[test]
fn links_lead_to_files_or_are_kept() {
    let web = Place::of_file("https://x.org/a/data.json");
    let folder = Place::of_file("/srv/open/data.json");
    for (place, published, path) in [
        (&web, "b.csv", Some("https://x.org/a/b.csv")),
        (&web, "/b.csv", Some("https://x.org/b.csv")),
        (&web, "../b.csv", Some("https://x.org/b.csv")),
        (&web, "//y.org/b.csv", Some("https://y.org/b.csv")),
        (&web, " https://y.org/b.csv ", Some("https://y.org/b.csv")),
        (&web, "ftp://y.org/b.csv", None),
        (&web, "file:///etc/passwd", None),
        (&web, "file:/etc/passwd", None),
        (&web, "mailto:a@y.org", None),
        (&folder, "b.csv", Some("/srv/open/b.csv")),
        (&folder, "/etc/passwd", None),
        (&folder, "../b.csv", None),
        (&folder, "https://y.org/b.csv", Some("https://y.org/b.csv")),
    ] {
        let mut distribution = Distribution::default();
        link(&mut distribution, place, published);
        assert_eq!(distribution.paths.first().map(String::as_str), path, "{published}");
        assert_eq!(distribution.access_url.as_deref(), path.is_none().then_some(published), "{published}");
    }
}

#[test]
fn what_is_said_of_a_file_decides() {
    let settled = |word: Option<&str>, path: Option<&str>, access: Option<&str>| {
        let mut distribution = Distribution {
            declared_format: word.map(str::to_owned),
            paths: path.map(str::to_owned).into_iter().collect(),
            access_url: access.map(str::to_owned),
            ..Distribution::default()
        };
        settle(&mut distribution);
        let is_table = distribution.is_table();
        (distribution.format.map(super::super::Format::name), distribution.declared_format, distribution.paths.len(), is_table)
    };
    let url = Some("https://x.org/get?id=1");
    assert_eq!(settled(Some("csv"), url, None), (Some("csv"), None, 1, true));
    assert_eq!(settled(Some("CSV"), url, None), (Some("csv"), Some("CSV".to_owned()), 1, true));
    assert_eq!(settled(Some("CSV"), None, url), (Some("csv"), Some("CSV".to_owned()), 1, true));
    assert_eq!(settled(Some("HTML"), None, url), (None, Some("HTML".to_owned()), 0, false));
    assert_eq!(settled(None, None, url), (None, None, 0, false));
    assert_eq!(settled(None, None, Some("https://x.org/a.csv")), (Some("csv"), None, 1, true));
    assert_eq!(settled(Some("PDF"), Some("https://x.org/a.pdf"), None), (None, Some("PDF".to_owned()), 1, false));
}
