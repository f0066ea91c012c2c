//! Files that nobody described: each becomes a dataset, and a folder's files of the same shape become one. The listing is
//! the caller's; nothing is opened here.

use std::collections::{BTreeMap, BTreeSet};

use super::format::{self, Shape};
use super::partition;
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
/// top that share folder, ending and shape are one dataset; partitions (`year=2024/`) are no folders of their own. The theme is the first
/// folder's name.
pub fn datasets(root: &str, files: &[BareFile]) -> Vec<Dataset> {
    let mut folders: BTreeMap<&str, BTreeMap<String, Vec<&BareFile>>> = BTreeMap::new();
    let has_data = |file: &&BareFile| file.members.as_ref().is_none_or(|members| !members.is_empty());
    for file in files.iter().filter(|file| is_served(&file.path)).filter(has_data) {
        let (folder, _) = partition::split(&file.path);
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

impl Group<'_> {
    /// Whether its files are all that the folder's partitions hold, of which there may be one so far.
    fn is_partitioned(&self) -> bool {
        is_partitioned(self.files[0])
    }
}

fn is_partitioned(file: &BareFile) -> bool {
    !partition::split(&file.path).1.is_empty()
}

fn folder_datasets(root: &str, folder: &str, endings: &BTreeMap<String, Vec<&BareFile>>) -> Vec<Dataset> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (ending, files) in endings {
        let first = groups.len();
        let mut files = files.clone();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        for file in files {
            let pattern = pattern(format::stem(&file.path));
            // At the top each file that stands in no partition is a table of its own.
            let may_fit = |group: &Group<'_>| !folder.is_empty() || group.is_partitioned() && is_partitioned(file);
            let fits = |group: &&mut Group<'_>| may_fit(group) && are_parts(group.files[0], file, group.pattern == pattern);
            match groups[first..].iter_mut().find(fits) {
                Some(group) => group.files.push(file),
                None => groups.push(Group { ending, pattern, files: vec![file] }),
            }
        }
    }
    let is_whole = |group: &Group<'_>| group.files.len() > 1 || group.is_partitioned();
    let several = groups.iter().filter(|group| is_whole(group)).count() > 1;
    let folder_name = format::file_name(if folder.is_empty() { root } else { folder });
    let of_group = |group: &Group<'_>| {
        let Group { ending, files, .. } = group;
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let first = paths[0];
        let (identifier, name) = match (is_whole(group), several) {
            (false, _) => (first.to_owned(), format::stem(first).to_owned()),
            (true, false) => (if folder.is_empty() { "." } else { folder }.to_owned(), folder_name.to_owned()),
            (true, true) => (format!("{folder}/*{ending}#{first}"), format!("{folder_name} {}", shared_words(&paths, ending))),
        };
        dataset(root, identifier, name, files)
    };
    groups.iter().map(of_group).collect()
}

/// Whether two files of one folder and ending are parts of one table: their first lines are equal; or their names differ in
/// digits only (`is_series`), as those of days and years do, and the first lines, where known, share at least half of the columns of the
/// narrower one (published series gain columns over time). In partitions either is enough, and names tell nothing: programs make them. An
/// archive of several tables is a part of none.
fn are_parts(a: &BareFile, b: &BareFile, is_series: bool) -> bool {
    if is_several(a) || is_several(b) {
        return false;
    }
    match (is_partitioned(a), is_partitioned(b)) {
        (true, true) => {
            return is_series || a.head.as_ref().zip(b.head.as_ref()).is_none_or(|(a, b)| a == b || share_columns(a, b));
        }
        // What stands beside partitions may well be all of them in one.
        (true, false) | (false, true) => return false,
        (false, false) => {}
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
    let (folder, _) = partition::split(&first.path);
    let themes = folder.split('/').next().filter(|theme| !theme.is_empty()).map(str::to_owned).into_iter().collect();
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
    Dataset { identifier, title: Some(name.clone()), name, themes, distributions, ..Dataset::default() }
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
        let of_file = |(path, _): &(&str, &str)| format::file_name(path).contains('.');
        let file = |entry: &&str| match entry.rsplit_once('=').filter(of_file) {
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
            format!("{}.{}: {}", d.theme().unwrap_or("-"), d.name, paths.join(" "))
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
    fn partitions_are_parts_of_one_table() {
        let hive = ["t/y=1/m=1/a.csv=x,y", "t/y=1/m=2/b-7.csv=y,x,z", "t/y=2/c.csv=x,y"];
        check(&hive, &["t.t: t/y=1/m=1/a.csv t/y=1/m=2/b-7.csv t/y=2/c.csv"]);
        check(&["t/d/y=1/a.parquet", "t/d/y=2/b.parquet"], &["t.d: t/d/y=1/a.parquet t/d/y=2/b.parquet"]);
        check(&["y=1/a.parquet"], &["-.r: y=1/a.parquet"]);
        check(&["a.csv=x", "y=1/b.csv=x", "z.csv=x"], &["-.r: y=1/b.csv", "-.a: a.csv", "-.z: z.csv"]);
        check(&["t/y=1/a.csv=x", "t/k.csv=p,q"], &["t.t: t/y=1/a.csv", "t.k: t/k.csv"]);
        check(&["t/y=1/a.csv=x", "t/all.csv=x"], &["t.t: t/y=1/a.csv", "t.all: t/all.csv"]);
        check(&["t/y=1/a.json", "t/1.csv=a", "t/2.csv=a"], &["t.t csv: t/1.csv t/2.csv", "t.t a: t/y=1/a.json"]);
        check(&["t/y=1/stops.csv=a,b", "t/y=2/trips.csv=c,d"], &["t.t stops: t/y=1/stops.csv", "t.t trips: t/y=2/trips.csv"]);
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
            assert_eq!((of.dialect.delimiter, dataset.theme()), (place.contains("tsv").then_some('\t'), None));
        }
    }
}
