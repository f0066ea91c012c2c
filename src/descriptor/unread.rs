//! Files of a folder that nothing describes and of which no table is made, though they may well be data: the user is told of them. Which
//! files are tables is known in `bare`.

use std::collections::BTreeMap;

use super::format;
use super::{bare, members, pattern};

/// Files that are no data and that nobody takes for any, by their endings: texts about data, pictures, programs, settings, sums.
const NO_DATA: &[&str] = &[
    "rst", "adoc", "tex", "bib", "epub", "odp", "odg", "css", "js", "ts", "jsx", "tsx", "py", "pyc", "ipynb", "r", "rmd", "qmd",
    "rs", "go", "c", "h", "cpp", "java", "jl", "rb", "pl", "php", "sh", "bash", "bat", "ps1", "sql", "do", "webp", "bmp", "ico",
    "eps", "ai", "psd", "avi", "mov", "webm", "wav", "ogg", "woff", "woff2", "ttf", "yml", "yaml", "toml", "ini", "cfg", "conf",
    "env", "lock", "log", "md5", "sha1", "sha256", "sha512", "crc", "sig", "bak", "tmp", "swp", "part", "qgz", "qgs", "lyr",
    "sld", "map", "class", "jar", "so", "o", "whl",
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

/// Files that are not read and may be data: what to do with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread<'a> {
    /// The first of them.
    pub path: &'a str,
    pub message: String,
}

/// Those among `paths`, which are all files of some folders, that are not read since their names say nothing of a format that is known: one
/// for each folder and ending. What is no data beyond doubt, such as a licence, a picture or a program, is left out, and so are the parts of
/// Shapefiles.
pub fn unread<'a>(paths: &[&'a str]) -> Vec<Unread<'a>> {
    let mut paths = paths.to_vec();
    members::leave_out_shape_parts(&mut paths);
    let mut groups: BTreeMap<(&str, String), Vec<&'a str>> = BTreeMap::new();
    for path in paths.into_iter().filter(|path| may_be_data(path)) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        groups.entry((folder, format::lower_ending(path))).or_default().push(path);
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

/// Whether a file that is not read by its name may hold data all the same.
fn may_be_data(path: &str) -> bool {
    let name = format::file_name(path);
    let ending = format::lower_ending(path);
    // XML is data where nothing describes it, beside other files in an archive it mostly is not.
    let is_other = members::is_other(name) && ending != "xml" || NO_DATA.contains(&ending.as_str());
    let is_clutter = pattern::is_hidden(name) || name.starts_with('~') || name.ends_with('~') || members::is_clutter(name);
    let is_about = members::is_about(name) || NO_DATA_NAMES.contains(&name.to_lowercase().as_str());
    !bare::is_served(path) && !is_other && !is_clutter && !is_about
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "r/roads.gpkg",
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
            "r/roads.gpkg: no table is made of a fi",
        ];
        assert_eq!(told, want);
        assert!(unread(&listing).iter().any(|u| u.message.contains("this one and 1 more here")));
    }
}
