//! Which standard a document is in, by its first bytes and its name; and where the list of a portal's interface starts.

use super::Standard;

/// How many names deep a document is looked into.
const DEPTH: usize = 5;

/// The standard of a document by its `head`, its first bytes (64 KiB are enough), and its path or URL. `None` when it is none of them.
pub fn detect(head: &[u8], location: &str) -> Option<Standard> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start();
    match text.bytes().next()? {
        b'{' | b'[' if !text.starts_with("[[") => json(&Seen::of(text), text).or_else(|| by_location(location)),
        _ => graph_or_list(text, location),
    }
}

impl Standard {
    /// Where a portal's interface starts its list, by the portal's `root`, such as `https://data.example.org`. `None` for what is no
    /// portal's interface. The lists are in an order that does not change while their pages are read, as far as the interface has one.
    pub fn first(self, root: &str) -> Option<String> {
        let root = root.split(['?', '#']).next().unwrap_or(root).trim_end_matches('/');
        let host = root.split("://").nth(1)?.split(['/', ':']).next()?;
        Some(match self {
            Self::Ckan => format!("{root}/api/3/action/package_search?sort=id+asc&rows=1000&start=0"),
            Self::Socrata => {
                format!("{root}/api/catalog/v1?domains={host}&search_context={host}&order=dataset_id&limit=1000&offset=0")
            }
            Self::Udata => format!("{root}/api/1/datasets/?sort=created&page=1&page_size=100"),
            Self::Opendatasoft => format!("{root}/api/explore/v2.1/catalog/datasets?limit=100&offset=0"),
            Self::DcatUs => format!("{root}/data.json"),
            Self::DataPackage => format!("{root}/datapackage.json"),
            Self::Dcat | Self::Stac | Self::Csvw | Self::SchemaOrg | Self::UrlList | Self::Shanghai => return None,
        })
    }
}

/// What a document in JSON is, by the names of its members.
fn json(seen: &Seen, text: &str) -> Option<Standard> {
    let context = |part: &str| seen.says("@context", part);
    let conforms = |part: &str| seen.says("conformsTo", part) || seen.says("dcterms:conformsTo", part);
    let of_project_open_data = |part: &str| context(part) || conforms(part) || seen.says("describedBy", part);
    Some(if seen.has_any(&["stac_version", "collections/stac_version", "features/stac_version"]) {
        Standard::Stac
    } else if context("ns/csvw") || seen.has_any(&["tableSchema/columns", "tables/tableSchema"]) {
        Standard::Csvw
    } else if seen.ends_with("data_domain") || seen.ends_with("cou_theme_cls") {
        Standard::Shanghai
    } else if seen.has_any(&["resultSetSize", "results/resource/columns_field_name"]) {
        Standard::Socrata
    } else if seen.has_any(&["results/dataset_id", "datasets/dataset/dataset_id", "datasets/datasetid", "dataset_id"]) {
        Standard::Opendatasoft
    } else if ["project-open-data", "dcat-us", "DCAT-US"].into_iter().any(of_project_open_data) {
        Standard::DcatUs
    } else if seen.tells("@context", "schema.org")
        || seen.tells("@context/@vocab", "schema.org")
        || context("mlcommons.org/croissant")
    {
        Standard::SchemaOrg
    } else if let Some(standard) = linked(text).filter(|_| seen.starts_with("@") || seen.starts_with("http://")) {
        standard
    } else if seen.has("success") && seen.starts_with("result") {
        Standard::Ckan
    } else if is_udata(seen, "data/") || is_udata(seen, "") || seen.has("datasets/dataset/slug") {
        Standard::Udata
    } else if seen.has_any(&["$schema", "profile", "resources/path", "resources/data"]) && seen.starts_with("resources") {
        Standard::DataPackage
    } else if seen.starts_with("dataset/") || seen.has("dataset") || seen.starts_with("distribution") {
        Standard::DcatUs
    } else if ["", "result/", "results/", "packages/"].iter().any(|list| is_package(seen, list)) {
        Standard::Ckan
    } else if seen.starts_with("resources") {
        Standard::DataPackage
    } else {
        return None;
    })
}

/// JSON-LD that names its terms in full or by prefixes.
fn linked(text: &str) -> Option<Standard> {
    if text.contains("w3.org/ns/dcat") || text.contains("dcat:") || text.contains("dcat-ap") {
        return Some(Standard::Dcat);
    }
    text.contains("schema.org").then_some(Standard::SchemaOrg)
}

fn is_udata(seen: &Seen, at: &str) -> bool {
    let has = |name: &str| seen.has(&format!("{at}{name}"));
    has("slug") && (has("last_modified") || has("frequency") || has("organization/slug"))
}

/// Whether there is a member that only CKAN's packages have, with or without resources.
fn is_package(seen: &Seen, at: &str) -> bool {
    let own = [
        "notes",
        "owner_org",
        "license_id",
        "metadata_modified",
        "num_resources",
        "extras/key",
        "tags/name",
        "resources/package_id",
    ];
    own.iter().any(|name| seen.has(&format!("{at}{name}")))
}

/// What the address of an interface tells where a document does not, such as one of an empty list.
fn by_location(location: &str) -> Option<Standard> {
    let path = location.split(['?', '#']).next().unwrap_or(location);
    let parts = [
        ("/api/3/action/", Standard::Ckan),
        ("/api/action/", Standard::Ckan),
        ("/api/catalog/v1", Standard::Socrata),
        ("/api/1/datasets", Standard::Udata),
        ("/api/2/datasets", Standard::Udata),
        ("/api/explore/v2", Standard::Opendatasoft),
        ("/api/datasets/1.0/", Standard::Opendatasoft),
    ];
    if let Some((_, standard)) = parts.iter().find(|(part, _)| path.contains(part)) {
        return Some(*standard);
    }
    match path.rsplit('/').next().unwrap_or(path) {
        "data.json" => Some(Standard::DcatUs),
        name if name.ends_with("datapackage.json") => Some(Standard::DataPackage),
        name if name.ends_with("-metadata.json") => Some(Standard::Csvw),
        _ => None,
    }
}

/// RDF in a syntax of its own, or lines with URLs in them.
fn graph_or_list(text: &str, location: &str) -> Option<Standard> {
    let path = location.split(['?', '#']).next().unwrap_or(location);
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_markup = ["<?xml", "<!", "<rdf:", "<RDF"].iter().any(|start| text.starts_with(start));
    if is_markup && text.contains("22-rdf-syntax-ns#") {
        return Some(Standard::Dcat);
    }
    if text.starts_with('<') && page_tells(text) {
        return Some(Standard::SchemaOrg);
    }
    if text.starts_with("<?xml") || text.starts_with("<!") {
        return None;
    }
    let is_turtle = |line: &str| {
        let first = line.split_whitespace().next().unwrap_or_default();
        let is_node = first.starts_with("_:") || first.starts_with('<') && first.ends_with('>') && first.contains(':');
        ["@prefix", "@base", "prefix", "base"].contains(&first.to_ascii_lowercase().as_str()) && line.contains('<')
            || is_node && line.split_whitespace().count() > 2
    };
    let first = lines().find(|line| !line.starts_with('#'));
    if first.is_some_and(is_turtle) || first.is_some() && ["ttl", "nt", "n3"].contains(&ending) {
        return Some(Standard::Dcat);
    }
    let may_list = matches!(ending.to_ascii_lowercase().as_str(), "csv" | "tsv" | "txt" | "lst" | "list" | "urls" | "");
    let is_list = may_list && !text.starts_with('<') && !text.contains('\0') && lines().take(20).any(|line| line.contains("://"));
    is_list.then_some(Standard::UrlList)
}

/// Whether a web page tells machines of a dataset; many tell of themselves only.
fn page_tells(text: &str) -> bool {
    let Some((_, told)) = text.split_once("application/ld+json") else { return false };
    let is_cut = told.rsplit("application/ld+json").next().is_some_and(|last| !last.contains("</script>"));
    told.contains("schema.org") && (is_cut || told.contains("\"Dataset\"") || told.contains("\"DataCatalog\""))
}

/// The members of the start of a JSON text, by the names that lead to them, lists passed over.
#[derive(Default)]
struct Seen {
    /// Names joined by `/`, and a text that stands there.
    members: Vec<(String, String)>,
}

impl Seen {
    /// Goes over brackets and texts only: what comes in may end anywhere.
    fn of(text: &str) -> Self {
        let mut seen = Self::default();
        // The name of each object's member that is gone through; `None` for lists.
        let mut within: Vec<Option<&str>> = Vec::new();
        let mut expects_name = false;
        let mut rest = text;
        while let Some(at) = rest.find(['{', '[', '}', ']', '"', ',']) {
            let byte = rest.as_bytes()[at];
            rest = &rest[at + 1..];
            match byte {
                b'{' => within.push(Some("")),
                b'[' => within.push(None),
                b'}' | b']' => drop(within.pop()),
                b'"' => {
                    let Some((string, after)) = quoted(rest) else { break };
                    rest = after;
                    match within.last_mut() {
                        Some(Some(name)) if expects_name => {
                            *name = string;
                            seen.add(&within, "");
                        }
                        _ => seen.add(&within, string),
                    }
                }
                _ => {}
            }
            expects_name = matches!(byte, b'{' | b',') && matches!(within.last(), Some(Some(_)));
        }
        seen
    }

    fn add(&mut self, within: &[Option<&str>], text: &str) {
        let names: Vec<&str> = within.iter().copied().flatten().take(DEPTH + 1).collect();
        if names.len() <= DEPTH {
            self.members.push((names.join("/"), text.to_owned()));
        }
    }

    fn has(&self, path: &str) -> bool {
        self.members.iter().any(|(at, _)| at == path)
    }

    fn has_any(&self, paths: &[&str]) -> bool {
        paths.iter().any(|path| self.has(path))
    }

    fn starts_with(&self, path: &str) -> bool {
        self.members.iter().any(|(at, _)| at.starts_with(path))
    }

    /// Whether a member of this name is anywhere.
    fn ends_with(&self, name: &str) -> bool {
        self.members.iter().any(|(at, _)| at.rsplit('/').next() == Some(name))
    }

    /// Whether a text with this part stands at the member.
    fn tells(&self, path: &str, part: &str) -> bool {
        self.members.iter().any(|(at, text)| at == path && text.contains(part))
    }

    /// Whether a text with this part stands at or below the member.
    fn says(&self, path: &str, part: &str) -> bool {
        self.members.iter().any(|(at, text)| at.starts_with(path) && text.contains(part))
    }
}

/// The text up to the closing quote, escapes as they are, and what follows; `None` when it does not end.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(['"', '\\'])?;
        if text.as_bytes()[at] == b'"' {
            return Some((&text[..at], &text[at + 1..]));
        }
        // Over the mark and the character that follows it.
        from = at + 1 + text[at + 1..].chars().next()?.len_utf8();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_of_the_shared_data_is_told() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/catalog");
        let mut wrong = Vec::new();
        for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
            let entry = entry.expect("the shared data can be listed");
            let path = entry.path().to_string_lossy().into_owned();
            if !entry.file_type().is_file() || path.contains("/owid-datasets/") && !path.ends_with("datapackage.json") {
                continue;
            }
            let mut head = std::fs::read(&path).expect("it can be read");
            head.truncate(64 << 10);
            let file = path.strip_prefix(root).unwrap_or(&path).trim_start_matches('/');
            let told = detect(&head, &path).map(Standard::name);
            let expected = expected(file);
            if told != expected {
                wrong.push(format!("{file}: {told:?} for {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// By the folders and what their files hold.
    fn expected(file: &str) -> Option<&'static str> {
        let (folder, name) = file.split_once('/')?;
        match folder {
            "ckanext-datajson" | "data.json" | "dcat-us-harvester" | "pydatajson" if name.ends_with(".json") => Some("dcat-us"),
            "owid-datasets" | "vega" => Some("datapackage"),
            "udata" => Some("udata"),
            "udata-harvest" if name == "evian.json" => Some("dcat-us"),
            "udata-harvest" => Some("dcat"),
            "ckanext-dcat" => match name {
                "ckan/catalog.json" | "ckan/catalog_datasets_list.json" | "ckan/dataset.json" | "dcat/catalog_pod.jsonld" => {
                    Some("dcat-us")
                }
                "croissant/full_croissant_dataset.jsonld" => Some("schema-org"),
                _ if name.starts_with("ckan/") => Some("ckan"),
                _ => Some("dcat"),
            },
            "stac" if name.ends_with(".json") => Some("stac"),
            "csvw" if name.ends_with("-standard.json") || name.ends_with("-minimal.json") => None,
            "csvw" if name.ends_with(".json") => Some("csvw"),
            // Events with their pages' URLs, which may be a list of files as well.
            "csvw" if name == "events-listing.csv" => Some("url-list"),
            "dataportals" if name == "portals.csv" => Some("url-list"),
            "dataportals" => Some("ckan"),
            _ => None,
        }
    }

    #[test]
    fn interfaces_are_told_by_their_answers() {
        for (text, location, standard) in [
            (r#"{"help": "", "success": true, "result": {"count": 0, "results": []}}"#, "x", Some(Standard::Ckan)),
            (r#"{"results": [{"resource": {"name": "a"}}], "resultSetSize": 1}"#, "x", Some(Standard::Socrata)),
            (
                r#"{"results": [], "total_count": 0}"#,
                "https://x.org/api/explore/v2.1/catalog/datasets?x",
                Some(Standard::Opendatasoft),
            ),
            (r#"{"total_count": 1, "results": [{"dataset_id": "a", "metas": {}}]}"#, "x", Some(Standard::Opendatasoft)),
            (r#"{"data": [{"id": "1", "slug": "a", "frequency": "daily"}], "next_page": null}"#, "x", Some(Standard::Udata)),
            (r#"[{"dataset_name": "公交", "data_domain": "道路交通"}]"#, "x", Some(Standard::Shanghai)),
            ("{\"id\": 1, \"metadata_modified\": \"\"}\n{\"id\": 2}", "dump.jsonl", Some(Standard::Ckan)),
            // Prefixes are no vocabulary: DCAT's often stand beside others.
            (
                r#"{"@context": {"schema": "http://schema.org/", "dcat": "http://www.w3.org/ns/dcat#"}, "@type": "dcat:Catalog"}"#,
                "x",
                Some(Standard::Dcat),
            ),
            (r#"{"@context": {"schema": "http://schema.org/"}, "@type": "schema:Dataset"}"#, "x", Some(Standard::SchemaOrg)),
            (
                r#"{"@context": ["https://schema.org", {"dcat": "http://www.w3.org/ns/dcat#"}], "@type": "Dataset"}"#,
                "x",
                Some(Standard::SchemaOrg),
            ),
            ("PREFIX dcat: <http://www.w3.org/ns/dcat#>\n", "x", Some(Standard::Dcat)),
            ("<https://a.org/x> <https://b.org/y> \"z\" .", "x", Some(Standard::Dcat)),
            ("title,url\na,https://x.org/a.csv\n", "list.csv", Some(Standard::UrlList)),
            ("{\"a\": \"\\\"", "x", None),
            ("<!DOCTYPE html><html>", "https://data.example.org", None),
            (
                r#"<html><script type="application/ld+json">{"@context": "https://schema.org", "@type": "WebSite"}</script>"#,
                "x",
                None,
            ),
            (
                r#"<html><script type="application/ld+json">{"@context": "https://schema.org", "@type": "Dataset"}</script>"#,
                "x",
                Some(Standard::SchemaOrg),
            ),
            (
                "<html><script type=\"application/ld+json\">{\"@context\": \"https://schema.org\"",
                "https://x.org/a",
                Some(Standard::SchemaOrg),
            ),
            ("", "x", None),
            ("\"\\", "x", None),
        ] {
            assert_eq!(detect(text.as_bytes(), location), standard, "{text}");
        }
    }

    #[test]
    fn portals_start_their_lists() {
        let first = Standard::Ckan.first("https://data.example.org/de/");
        assert_eq!(
            first.as_deref(),
            Some("https://data.example.org/de/api/3/action/package_search?sort=id+asc&rows=1000&start=0")
        );
        assert_eq!(Standard::Ckan.first("/srv/data"), None);
        assert_eq!(Standard::Stac.first("https://data.example.org"), None);
    }
}
