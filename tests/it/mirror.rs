//! Where the published files of `datasets/real` stand in `../shared/data`: its MANIFEST.csv, turned into `--mirror PREFIX=URL`
//! pairs. Serving them is the test server's business.

use std::collections::{BTreeMap, BTreeSet};

/// Which column of MANIFEST.csv is which.
const PATH: usize = 0;
const ROWS: usize = 2;
const REPOSITORY: usize = 6;
const SOURCE_PATH: usize = 7;
const COMMIT: usize = 8;

/// One pair for each folder that was copied under its own file names, one for each other file: the published prefix, and the
/// place under `to` (a URL without a slash at its end, such as `http://127.0.0.1:8080` or `file:///data`) that stands for it.
/// Both are percent-encoded; the longest prefix that fits a URL is the one to take.
pub fn pairs(manifest: &str, to: &str) -> Vec<(String, String)> {
    let mut folders: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for line in manifest.lines().skip(1) {
        let fields = fields(line);
        let url = format!(
            "https://raw.githubusercontent.com/{}/{}/{}",
            fields[REPOSITORY],
            fields[COMMIT],
            encoded(&fields[SOURCE_PATH])
        );
        let place = format!("{to}/{}", encoded(&fields[PATH]));
        folders.entry(folder(&url).to_string()).or_default().push((url, place));
    }
    let mut pairs = Vec::new();
    for (published, files) in folders {
        let places: BTreeSet<&str> = files.iter().map(|(_, place)| folder(place)).collect();
        let same_names = files.iter().all(|(url, place)| url[published.len()..] == place[folder(place).len()..]);
        match places.first() {
            Some(place) if places.len() == 1 && same_names => pairs.push((published, (*place).to_string())),
            _ => pairs.extend(files),
        }
    }
    pairs
}

/// The rows of each copied file that the manifest counts, by the file's path under `../shared/data`.
pub fn counted(manifest: &str) -> BTreeMap<String, u64> {
    let counted = |line: &str| {
        let fields = fields(line);
        Some((fields[PATH].clone(), fields[ROWS].parse().ok()?))
    };
    manifest.lines().skip(1).filter_map(counted).collect()
}

/// The manifest's text.
pub fn manifest() -> String {
    std::fs::read_to_string(crate::harness::shared_data().join("MANIFEST.csv")).expect("the manifest stands beside the data")
}

/// The place that stands for a URL.
pub fn place(pairs: &[(String, String)], url: &str) -> Option<String> {
    let (prefix, place) =
        pairs.iter().filter(|(prefix, _)| url.starts_with(prefix.as_str())).max_by_key(|(prefix, _)| prefix.len())?;
    Some(format!("{place}{}", &url[prefix.len()..]))
}

/// A percent-encoded path as its file is named.
pub fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&hex, 16).expect("percent-encoding is two digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("paths are UTF-8")
}

/// Everything up to the last slash, with it.
fn folder(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
}

/// A path with all but RFC 3986's unreserved characters and the slash percent-encoded.
fn encoded(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The fields of one line of CSV; the manifest has no line breaks inside of quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().expect("one field from the start").push(c),
        }
    }
    fields
}

mod tests {
    use serde_json::Value;

    use super::*;
    use crate::harness::{root, shared_data};

    #[test]
    fn folders_are_taken_whole_and_renamed_files_one_by_one() {
        let manifest = "path,..\n\
            a/x y.csv,1,1,,,,o/r,d/x y.csv,c0,\"l, m\"\n\
            a/z.csv,1,1,,,,o/r,d/z.csv,c0,l\n\
            b/new.csv,1,1,,,,o/s,old.csv,c1,l\n";
        let pairs = pairs(manifest, "http://h");
        let url = |path: &str| format!("https://raw.githubusercontent.com/{path}");
        assert_eq!(pairs, [(url("o/r/c0/d/"), "http://h/a/".into()), (url("o/s/c1/old.csv"), "http://h/b/new.csv".into())]);
        assert_eq!(place(&pairs, &url("o/r/c0/d/x%20y.csv")).as_deref(), Some("http://h/a/x%20y.csv"));
        assert_eq!(place(&pairs, &url("o/other")), None);
    }

    #[test]
    fn every_published_file_that_was_copied_is_found_by_its_url() {
        let pairs = pairs(&manifest(), "");
        let mut found = 0;
        for descriptor in descriptors() {
            for url in urls(&descriptor).iter().filter(|url| url.starts_with("https://raw.githubusercontent.com/")) {
                let place = place(&pairs, url).unwrap_or_else(|| panic!("nothing stands for {url}"));
                assert!(shared_data().join(decoded(&place[1..])).is_file(), "{url} is not at {place}");
                found += 1;
            }
        }
        assert!(found > 100, "only {found} published files were looked up");
    }

    #[test]
    fn every_real_dataset_names_its_licence_publisher_and_columns() {
        let descriptors = descriptors();
        assert!(descriptors.len() >= 25, "{} real datasets", descriptors.len());
        for d in &descriptors {
            let name = d["name"].as_str().expect("a dataset has a name");
            assert!(d["licenses"][0]["title"].is_string(), "{name} has no licence");
            assert!(d["publisher"]["name"].is_string(), "{name} has no publisher");
            assert!(["transport", "health", "environment", "reference"].iter().any(|t| d["theme"] == *t), "{name} has no theme");
            for resource in d["resources"].as_array().expect("a dataset has resources") {
                assert!(!resource["schema"]["fields"].is_null(), "{name} declares no columns of {}", resource["name"]);
            }
        }
    }

    fn descriptors() -> Vec<Value> {
        let real = root().join("datasets/real");
        walkdir::WalkDir::new(real)
            .sort_by_file_name()
            .into_iter()
            .map(|entry| entry.expect("datasets/real can be listed"))
            .filter(|entry| entry.file_name() == "datapackage.json")
            .map(|entry| {
                let text = std::fs::read_to_string(entry.path()).expect("a descriptor can be read");
                serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", entry.path().display()))
            })
            .collect()
    }

    fn urls(descriptor: &Value) -> Vec<&str> {
        let paths = descriptor["resources"].as_array().into_iter().flatten().map(|r| &r["path"]);
        paths
            .flat_map(|path| path.as_array().map_or(std::slice::from_ref(path), Vec::as_slice))
            .filter_map(Value::as_str)
            .collect()
    }
}
