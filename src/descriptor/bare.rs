//! Files that nobody described: each becomes a dataset, and a folder's files of the same shape become one. The listing is
//! the caller's; nothing is opened here.

use std::collections::{BTreeMap, BTreeSet};

use super::format::{self, Shape};
use super::{Dataset, Distribution, Format, members};

/// A file found below a catalog's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BareFile {
    /// Relative to the catalog's folder, with `/` between its parts.
    pub path: String,
    /// Its first line, where [`wants_head`] asks for it and it could be read: it tells which files are parts of one table.
    pub head: Option<Vec<u8>>,
    /// The data files of an archive ([`is_archive`]), as far as it could be listed ([`members::sort`]). One of several is a dataset of
    /// as many distributions, one of none is no dataset.
    pub members: Option<Vec<String>>,
}

/// The dataset of one file that nobody described: an absolute path, or a URL.
pub fn dataset_of(place: &str) -> Dataset {
    let (identifier, name) = (format::file_name(place).to_owned(), format::stem(place).to_owned());
    let distributions = vec![distribution(&name, vec![place.to_owned()], Shape::of_path(place))];
    Dataset { identifier, title: Some(name.clone()), name, distributions, ..Dataset::default() }
}

/// Whether a file of this name becomes a table when nothing describes it.
pub fn is_served(path: &str) -> bool {
    let shape = Shape::of_path(path);
    (shape.is_served() || shape.is_archive()) && !members::is_about(path)
}

/// Files that are no data and that nobody takes for any, by their endings: texts about data, pictures, programs, settings, sums.
const NO_DATA: &[&str] = &[
    "rst",
    "adoc",
    "tex",
    "bib",
    "epub",
    "odp",
    "odg",
    "css",
    "js",
    "ts",
    "jsx",
    "tsx",
    "py",
    "pyc",
    "ipynb",
    "r",
    "rmd",
    "qmd",
    "rs",
    "go",
    "c",
    "h",
    "cpp",
    "java",
    "jl",
    "rb",
    "pl",
    "php",
    "sh",
    "bash",
    "bat",
    "ps1",
    "sql",
    "do",
    "webp",
    "bmp",
    "ico",
    "eps",
    "ai",
    "psd",
    "avi",
    "mov",
    "webm",
    "wav",
    "ogg",
    "woff",
    "woff2",
    "ttf",
    "yml",
    "yaml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "env",
    "lock",
    "log",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "crc",
    "sig",
    "bak",
    "tmp",
    "swp",
    "part",
    "crdownload",
    "qgz",
    "qgs",
    "lyr",
    "sld",
    "css",
    "map",
    "class",
    "jar",
    "so",
    "o",
    "whl",
];

/// The same, by their whole names.
const NO_DATA_NAMES: &[&str] = &[
    "makefile",
    "dockerfile",
    "authors",
    "contributors",
    "contributing",
    "citation",
    "news",
    "install",
    "todo",
    "version",
    "history",
    "credits",
    "manifest",
    "codeowners",
    "md5sums",
    "sha1sums",
    "sha256sums",
    "checksums",
    "cname",
];

/// Files of a folder that nothing describes and that are not read, which may well be data: what to do with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread<'a> {
    /// The first of them.
    pub path: &'a str,
    pub message: String,
}

/// Those among `paths` that are not read as their names say nothing of a format that is known, one for each folder and ending. What is no
/// data beyond doubt, such as a licence, a picture or a program, is left out, and so are the parts of Shapefiles.
pub fn unread<'a>(paths: &[&'a str]) -> Vec<Unread<'a>> {
    let folder = |path: &'a str| path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let shapes: BTreeSet<String> = paths.iter().filter(|p| format::lower_ending(p) == "shp").map(|p| shape_stem(p)).collect();
    let mut groups: BTreeMap<(&str, String), Vec<&'a str>> = BTreeMap::new();
    for path in paths.iter().filter(|path| may_be_data(path)) {
        if !shapes.contains(&shape_stem(path)) {
            groups.entry((folder(path), format::lower_ending(path))).or_default().push(path);
        }
    }
    let tell = |((_, ending), files): ((&str, String), Vec<&'a str>)| {
        let what = match (ending.as_str(), files.len()) {
            ("", 1) => "its name has no ending that tells its format, so no table is made of it".to_owned(),
            ("", n) => format!(
                "its name, and those of {} more files here, have no ending that tells their format, so no tables are made of them",
                n - 1
            ),
            (ending, 1) => format!("no table is made of a file that ends in .{ending}"),
            (ending, n) => format!("no tables are made of files that end in .{ending}: this one and {} more here", n - 1),
        };
        let message = format!(
            "{what}; if it is data in a format that is read, rename it (as to .csv), or name it with its \"format\" in a datapackage.json"
        );
        Unread { path: files[0], message }
    };
    groups.into_iter().map(tell).collect()
}

/// A path without the endings of a part of a Shapefile, in lower case.
fn shape_stem(path: &str) -> String {
    let lower = path.to_lowercase();
    let stem = lower.rsplit_once('.').map_or(lower.as_str(), |(stem, _)| stem);
    stem.strip_suffix(".shp").unwrap_or(stem).to_owned()
}

/// Whether a file that is not read by its name may hold data all the same.
fn may_be_data(path: &str) -> bool {
    let name = format::file_name(path).to_lowercase();
    let ending = format::lower_ending(path);
    // XML is data where nothing describes it, beside other files in an archive it mostly is not.
    let is_other = members::is_other(path) && ending != "xml" || NO_DATA.contains(&ending.as_str());
    let is_clutter = name.starts_with(['.', '_', '~']) || name.ends_with('~') || name == "thumbs.db" || name == "desktop.ini";
    let shape = Shape::of_path(path);
    let is_known = shape.is_served() || shape.compression.is_some() && shape.is_archive();
    !is_known && !is_other && !is_clutter && !members::is_about(path) && !NO_DATA_NAMES.contains(&name.as_str())
}

/// Whether a file of this name is an archive, whose files may each be a table.
pub fn is_archive(path: &str) -> bool {
    Shape::of_path(path).is_archive()
}

/// Whether [`BareFile::head`] would tell the file's shape: it is delimited text, not packed, and not at the top, where every file
/// is a table of its own.
pub fn wants_head(path: &str) -> bool {
    let shape = Shape::of_path(path);
    path.contains('/') && shape.format == Some(Format::Csv) && shape.compression.is_none()
}

/// The datasets of a listing below the folder `root` (absolute, no `/` at its end), in the order of their identifiers. Files below the
/// top that share folder, ending and shape are one dataset. The theme is the first folder's name.
pub fn datasets(root: &str, files: &[BareFile]) -> Vec<Dataset> {
    let mut folders: BTreeMap<&str, BTreeMap<String, Vec<&BareFile>>> = BTreeMap::new();
    let has_data = |file: &&BareFile| file.members.as_ref().is_none_or(|members| !members.is_empty());
    for file in files.iter().filter(|file| is_served(&file.path)).filter(has_data) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().entry(ending(&file.path)).or_default().push(file);
    }
    let of_folder = |(folder, endings): (&&str, &BTreeMap<String, Vec<&BareFile>>)| folder_datasets(root, folder, endings);
    let mut datasets: Vec<Dataset> = folders.iter().flat_map(of_folder).collect();
    datasets.sort_by(|a, b| a.identifier.cmp(&b.identifier));
    datasets
}

fn ending(path: &str) -> String {
    format::file_name(path)[format::stem(path).len()..].to_lowercase()
}

/// Files that are parts of one table.
struct Group<'a> {
    ending: &'a str,
    /// Of the first file's name.
    pattern: String,
    /// Never empty.
    files: Vec<&'a BareFile>,
}

fn folder_datasets(root: &str, folder: &str, endings: &BTreeMap<String, Vec<&BareFile>>) -> Vec<Dataset> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (ending, files) in endings {
        let first = groups.len();
        let mut files = files.clone();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        for file in files {
            let pattern = pattern(format::stem(&file.path));
            // At the top each file is a table of its own.
            let fits = |group: &&mut Group<'_>| !folder.is_empty() && are_parts(group.files[0], file, group.pattern == pattern);
            match groups[first..].iter_mut().find(fits) {
                Some(group) => group.files.push(file),
                None => groups.push(Group { ending, pattern, files: vec![file] }),
            }
        }
    }
    let several = groups.iter().filter(|group| group.files.len() > 1).count() > 1;
    let folder_name = format::file_name(folder);
    let of_group = |Group { ending, files, .. }: &Group<'_>| {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let first = paths[0];
        let (identifier, name) = match (paths.len(), several) {
            (1, _) => (first.to_owned(), format::stem(first).to_owned()),
            (_, false) => (folder.to_owned(), folder_name.to_owned()),
            (_, true) => (format!("{folder}/*{ending}#{first}"), format!("{folder_name} {}", shared_words(&paths, ending))),
        };
        dataset(root, identifier, name, files)
    };
    groups.iter().map(of_group).collect()
}

/// Whether two files of one folder and ending are parts of one table: their first lines are equal; or their names differ in
/// digits only (`is_series`), as those of days and years do, and the first lines, where known, share at least half of the columns of the
/// narrower one (published series gain columns over time). An archive of several tables is a part of none.
fn are_parts(a: &BareFile, b: &BareFile, is_series: bool) -> bool {
    if is_several(a) || is_several(b) {
        return false;
    }
    match (&a.head, &b.head) {
        (Some(a), Some(b)) if a == b => true,
        (Some(a), Some(b)) => is_series && share_columns(a, b),
        (None, None) => is_series,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn is_several(file: &BareFile) -> bool {
    file.members.as_ref().is_some_and(|members| members.len() > 1)
}

/// A name with each run of digits as one `#`.
fn pattern(stem: &str) -> String {
    let mut out = String::with_capacity(stem.len());
    for c in stem.chars() {
        if !c.is_numeric() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

fn share_columns(a: &[u8], b: &[u8]) -> bool {
    let (a, b) = (columns(a), columns(b));
    2 * a.intersection(&b).count() >= a.len().min(b.len())
}

/// The names in a header by their letters and digits, whatever stands between them (`Last Update`, `last_update`). Bytes beyond
/// ASCII count as letters, as the encoding is not known.
fn columns(head: &[u8]) -> BTreeSet<Vec<u8>> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let name = |cell: &[u8]| cell.iter().filter(|byte| is_letter(byte)).map(u8::to_ascii_lowercase).collect::<Vec<u8>>();
    head.split(|byte| b",;\t|".contains(byte)).map(name).filter(|name| !name.is_empty()).collect()
}

/// What tells one of a folder's groups from the others: the beginning that its names share, else the ending.
fn shared_words(paths: &[&str], ending: &str) -> String {
    let shared = paths.iter().map(|path| format::stem(path)).reduce(|shared, stem| {
        let same = shared.char_indices().zip(stem.chars()).find(|((_, a), b)| a != b).map(|((i, _), _)| i);
        &shared[..same.unwrap_or(shared.len().min(stem.len()))]
    });
    let words = shared.unwrap_or_default().trim_end_matches(|c: char| !c.is_alphabetic());
    if words.is_empty() { ending.trim_start_matches('.').to_owned() } else { words.to_owned() }
}

fn dataset(root: &str, identifier: String, name: String, files: &[&BareFile]) -> Dataset {
    let first = files[0];
    let shape = Shape::of_path(&first.path);
    let theme = first.path.split_once('/').map(|(theme, _)| theme.to_owned());
    let inner = match first.members.as_deref() {
        Some([only]) => members::format_of(only),
        Some(_) | None => None,
    };
    let paths = files.iter().map(|file| format!("{root}/{}", file.path)).collect();
    let distribution = distribution(&name, paths, Shape { format: shape.format.or(inner), ..shape });
    let distributions = match &first.members {
        Some(members) if (2..=members::MOST_PARTS).contains(&members.len()) => members::split(&distribution, true, members),
        Some(_) | None => vec![distribution],
    };
    Dataset { identifier, title: Some(name.clone()), name, theme, distributions, ..Dataset::default() }
}

fn distribution(name: &str, paths: Vec<String>, shape: Shape) -> Distribution {
    let Shape { format, compression, tabs } = shape;
    let mut distribution = Distribution { name: name.to_owned(), paths, format, compression, ..Distribution::default() };
    distribution.dialect.delimiter = tabs.then_some('\t');
    distribution
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `path`, `path=head` or `archive=its members` each; the datasets as `theme.name: files`, with the members that are tables of
    /// their own.
    fn check(listing: &[&str], want: &[&str]) {
        let file = |entry: &&str| match entry.split_once('=') {
            Some((path, members)) if is_archive(path) => {
                let members = members.split_whitespace().map(str::to_owned).collect();
                BareFile { path: path.to_owned(), members: Some(members), ..BareFile::default() }
            }
            Some((path, head)) => BareFile { path: path.to_owned(), head: Some(head.into()), ..BareFile::default() },
            None => BareFile { path: (*entry).to_owned(), ..BareFile::default() },
        };
        let files: Vec<BareFile> = listing.iter().map(file).collect();
        let shown = |d: &Dataset| {
            let mut paths: Vec<&str> = d.distributions[0].paths.iter().map(|p| p.trim_start_matches("/r/")).collect();
            paths.extend(d.distributions.iter().filter_map(|part| part.member.as_deref()));
            format!("{}.{}: {}", d.theme.as_deref().unwrap_or("-"), d.name, paths.join(" "))
        };
        assert_eq!(datasets("/r", &files).iter().map(shown).collect::<Vec<_>>(), want);
    }

    #[test]
    fn files_become_datasets() {
        check(&["a.csv", "b.csv", "README.txt", "notes.pdf"], &["-.a: a.csv", "-.b: b.csv"]);
        check(
            &["health/a.csv=x,y", "health/b.csv=x,y", "health/c.csv=z"],
            &["health.health: health/a.csv health/b.csv", "health.c: health/c.csv"],
        );
        check(
            &["t/y/2020.json", "t/y/2019.json", "t/y/key.json", "t/y/x 1.csv.gz"],
            &["t.y: t/y/2019.json t/y/2020.json", "t.key: t/y/key.json", "t.x 1: t/y/x 1.csv.gz"],
        );
        check(&["d/1.csv=a", "d/2.csv=a", "d/1.json", "d/2.json"], &["d.d csv: d/1.csv d/2.csv", "d.d json: d/1.json d/2.json"]);
        check(
            &["気象/気温_01.csv=日,度", "気象/気温_02.csv=日,度", "気象/雨_1.csv=日", "気象/雨_2.csv=日"],
            &["気象.気象 気温: 気象/気温_01.csv 気象/気温_02.csv", "気象.気象 雨: 気象/雨_1.csv 気象/雨_2.csv"],
        );
        check(
            &["t/bart.zip=stops.txt trips.txt", "t/pictures.zip=", "t/a.tar.gz", "t/b.csv.zip=b.csv"],
            &["t.a: t/a.tar.gz", "t.b: t/b.csv.zip", "t.bart: t/bart.zip stops.txt trips.txt"],
        );
        check(
            &["y/2019.zip=data.csv", "y/2020.zip=data.csv", "y/2021.zip=a.csv b.csv"],
            &["y.y: y/2019.zip y/2020.zip", "y.2021: y/2021.zip a.csv b.csv"],
        );
        let drifted = ["c/1-20.csv=Last Update;n", "c/2-20.csv=last_update,n,m", "c/3.csv=x", "c/4-20.csv=p,q"];
        check(&drifted, &["c.c: c/1-20.csv c/2-20.csv", "c.3: c/3.csv", "c.4-20: c/4-20.csv"]);
    }

    #[test]
    fn what_may_be_data_is_told() {
        let listing = [
            "table",
            "d/a.gpkg",
            "d/b.gpkg",
            "e/c.gpkg",
            "x.dbf",
            "README",
            "README.md",
            "LICENSE",
            "readme.txt",
            "a.csv",
            "b.zip",
            "Makefile",
            "p.PNG",
            "s.py",
            "_SUCCESS",
            "n.pdf",
            "r/roads.shp",
            "r/Roads.dbf",
            "r/roads.shp.xml",
            "data.xml",
            "LICENCE.txt",
            "k.topojson",
            "notes.gz",
            "citation.cff",
        ];
        let told: Vec<String> = unread(&listing).iter().map(|u| format!("{}: {}", u.path, &u.message[..24])).collect();
        let want = [
            "table: its name has no ending t",
            "citation.cff: no table is made of a fi",
            "x.dbf: no table is made of a fi",
            "notes.gz: no table is made of a fi",
            "k.topojson: no table is made of a fi",
            "data.xml: no table is made of a fi",
            "d/a.gpkg: no tables are made of fi",
            "e/c.gpkg: no table is made of a fi",
        ];
        let mut want: Vec<&str> = want.to_vec();
        let mut told: Vec<&str> = told.iter().map(String::as_str).collect();
        told.sort_unstable();
        want.sort_unstable();
        assert_eq!(told, want);
        assert!(unread(&listing).iter().any(|u| u.message.contains("this one and 1 more here")));
    }

    #[test]
    fn a_place_alone_is_a_dataset() {
        for (place, identifier, name) in [
            ("/d/trips.tsv.gz", "trips.tsv.gz", "trips"),
            ("trips.csv", "trips.csv", "trips"),
            ("https://x.org/e/rows.csv?of=a/b.json&v=1", "rows.csv", "rows"),
        ] {
            let dataset = dataset_of(place);
            let of = &dataset.distributions[0];
            assert_eq!((dataset.identifier.as_str(), dataset.name.as_str(), of.name.as_str()), (identifier, name, name));
            assert_eq!((of.paths.as_slice(), of.format), ([place.to_owned()].as_slice(), Some(Format::Csv)));
            assert_eq!((of.dialect.delimiter, dataset.theme), (place.contains("tsv").then_some('\t'), None));
        }
    }
}
