//! Catalogs as other platforms read them: what the program writes is valid by the standards' own schemas, and nothing of it is lost on the way
//! through another state.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::harness::{program, root, shared_data};

/// A format, what else its options say, and how its files end.
const FORMATS: [(&str, &[&str], &str); 7] = [
    ("dcat-ap", &[], "ttl"),
    ("dcat-ap", &["--syntax", "json-ld"], "jsonld"),
    ("dcat-us", &[], "json"),
    ("datapackage", &[], "d"),
    ("ckan", &[], "json"),
    ("schema-org", &[], "json"),
    ("csv", &[], "csv"),
];

const ENDPOINT: &str = "postgres://data.example.org:5432/city";

/// Runs the program on a state; what it says on standard output and on standard error.
fn stoa(state: &Path, words: &[&str]) -> (bool, String, String) {
    let mut command = program(env!("CARGO_BIN_EXE_stoa"));
    command.args(words).arg("--state").arg(state);
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    (status.success(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Writes a catalog, which is called the same whatever its name.
fn export(state: &Path, name: &str, format: (&str, &[&str]), to: &Path, more: &[&str]) -> String {
    let mut words = vec!["catalog", "export", name, "--format", format.0, "--output", text(to), "--endpoint", ENDPOINT];
    words.extend(["--title", "The catalog", "--contact", "Open Data <open@example.org>"]);
    words.extend(format.1);
    words.extend(more);
    let (ok, _, said) = stoa(state, &words);
    assert!(ok, "{words:?}: {said}");
    said
}

/// The files of an export: itself, or those in its folders.
fn files(path: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(path).sort_by_file_name().into_iter().map(|entry| entry.expect("it can be listed"));
    walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// What the validator of a format says of an export; nothing of a valid one.
fn faults(format: &str, path: &Path) -> String {
    let python = root().join("tests/.venv/bin/python");
    let ran = program(&python).arg(root().join("tests/export/validate.py")).arg(format).args(files(path)).output();
    let Output { status, stdout, stderr } = ran.unwrap_or_else(|e| panic!("{}: {e}; tests/run puts it there", python.display()));
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.success(), said.is_empty(), "{said}");
    said
}

/// Names within an export and what stands there.
fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
    let name = |file: &Path| text(file.strip_prefix(path).expect("it stands within")).to_owned();
    files(path).iter().map(|file| (name(file), fs::read(file).expect("it was written"))).collect()
}

/// Exports the catalog of a state in every format, validates it, reads it into another state and exports it from there.
fn round(state: &Path, name: &str, more: &[&str], is_lacking: &[&str]) {
    let (out, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for (i, (format, options, ending)) in FORMATS.into_iter().enumerate() {
        let (first, again) = (out.path().join(format!("{i}.{ending}")), out.path().join(format!("{i}.again.{ending}")));
        let said = export(state, name, (format, options), &first, more);
        assert_eq!(said.contains("which the standard demands"), is_lacking.contains(&format), "{format}: {said}");
        if !is_lacking.contains(&format) {
            assert_eq!(faults(format, &first), "", "{name} as {format} {options:?}");
        }
        let back = format!("back{i}");
        let (ok, said, e) = stoa(other.path(), &["catalog", "add", &back, text(&first)]);
        assert!(ok && !said.contains("problems"), "{name} as {format}: {said}{e}");
        export(other.path(), &back, (format, options), &again, &[]);
        assert!(contents(&first) == contents(&again), "{name} as {format} {options:?}: other bytes after it was read");
    }
}

#[test]
fn the_bundled_catalog_goes_out_and_comes_back() {
    let state = tempfile::tempdir().expect("a folder");
    let catalog = format!("open={}", text(&root().join("datasets")));
    // Files of this machine are no resources that others could have.
    round(state.path(), "open", &["--catalog", &catalog], &["datapackage"]);
}

#[test]
fn an_agency_s_catalog_goes_out_and_comes_back() {
    let state = tempfile::tempdir().expect("a folder");
    let file = shared_data().join("catalog/data.json/cms.json");
    let (ok, said, e) = stoa(state.path(), &["catalog", "add", "cms", text(&file)]);
    assert!(ok && said.starts_with("cms: 139 datasets, 2233 tables"), "{said}{e}");
    round(state.path(), "cms", &[], &[]);
}

/// A change of a valid document that makes it another one.
fn damaged(format: &str, document: &str) -> String {
    let (of, with) = match format {
        "dcat-ap" => ("dcat:accessURL", "dcat:otherURL"),
        "dcat-us" => ("\"accessLevel\":\"public\"", "\"accessLevel\":\"secret\""),
        "datapackage" => ("\"path\":", "\"way\":"),
        "ckan" => ("\"state\":\"active\"", "\"state\":7"),
        "schema-org" => ("\"contentUrl\"", "\"downloadUrl\""),
        _ => ("\r\nair,", "\r\n,"),
    };
    assert!(document.contains(of), "{format} has no {of}");
    document.replacen(of, with, usize::MAX)
}

#[test]
fn a_damaged_document_is_refused() {
    let (state, out) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let list = out.path().join("data.json");
    let record = r#"{"title": "Air", "identifier": "air", "accessLevel": "public", "keyword": ["a"], "modified": "2026-01-31",
        "distribution": [{"downloadURL": "https://data.example.org/air.csv", "mediaType": "text/csv"}]}"#;
    let catalog = format!(r#"{{"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": [{record}]}}"#);
    fs::write(&list, catalog).expect("there is room");
    let (ok, said, e) = stoa(state.path(), &["catalog", "add", "air", text(&list)]);
    assert!(ok, "{said}{e}");
    for (i, (format, options, ending)) in FORMATS.into_iter().enumerate() {
        let path = out.path().join(format!("{i}.{ending}"));
        export(state.path(), "air", (format, options), &path, &[]);
        assert_eq!(faults(format, &path), "", "{format}");
        let file = files(&path).remove(0);
        let document = fs::read_to_string(&file).expect("it is a text");
        fs::write(&file, damaged(format, &document)).expect("there is room");
        assert_ne!(faults(format, &path), "", "{format} {options:?}");
    }
}

#[test]
fn what_can_t_be_written_is_told() {
    let state = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.csv"), "a\n1\n").expect("there is room");
    let catalog = format!("open={}", text(folder.path()));
    for (words, told) in [
        (vec!["--format", "xml"], "--format does not take \"xml\""),
        (vec!["--format", "csv", "--syntax", "turtle"], "--syntax says nothing of --format csv"),
        (vec!["--format", "csv", "--endpoint", "https://x.org"], "--endpoint does not take \"https://x.org\""),
        (vec!["--format", "datapackage"], "and need a folder"),
        (vec!["--format", "datapackage", "--output", text(folder.path())], "is there and is no empty folder"),
    ] {
        let mut all = vec!["catalog", "export", "--catalog", &catalog];
        all.extend(words);
        let (ok, _, said) = stoa(state.path(), &all);
        assert!(!ok && said.contains(told) && said.contains("\nhint: "), "{all:?}: {said}");
    }
}

#[test]
fn a_dataset_is_shown_by_any_of_its_names() {
    let state = tempfile::tempdir().expect("a folder");
    let catalog = format!("open={}", text(&root().join("datasets")));
    let show = |name: &str, more: &[&str]| {
        let mut words = vec!["show", name, "--catalog", &catalog];
        words.extend(more);
        stoa(state.path(), &words)
    };
    let (ok, first, e) = show("transport.metro_trips", &[]);
    assert!(ok, "{e}");
    for line in
        ["title:         Metro trips (synthetic)", "frequency:     ANNUAL (published: R/P1Y)", "  table:  transport.metro_trips"]
    {
        assert!(first.lines().any(|told| told == line), "{line}: {first}");
    }
    for name in ["open.Transport.Metro_Trips", "metro_trips", "\"transport\".\"metro_trips\"", "Metro trips (synthetic)"] {
        assert_eq!(show(name, &[]), (true, first.clone(), String::new()), "{name}");
    }
    let (_, json, _) = show("metro_trips", &["--json"]);
    let facts: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(facts["distributions"][0]["table"][0], "transport.metro_trips");
    assert_eq!(facts["distributions"][0]["columns"][6]["unit"], "CNY");
    let (ok, _, said) = show("transport.metro_trip", &[]);
    assert!(!ok && said.contains("no dataset of open is") && said.contains("Near are: transport.metro_trips"), "{said}");
}
