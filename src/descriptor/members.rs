//! The files of an archive by their names: which hold data, which a descriptor means, and the distributions that an archive
//! of several tables becomes. How archives are read is not known here.

use std::collections::{HashMap, HashSet};

use super::format::{self, Shape};
use super::pattern::Pattern;
use super::{Compression, Distribution, Format};

/// Stems of files that tell of the data beside them.
const ABOUT: &[&str] = &["license", "licence", "notice", "changelog", "copying", "requirements", "robots", "datapackage"];

/// Beginnings of such stems, in the languages that they are met in.
const READ_ME: &[&str] = &["readme", "read_me", "read me", "lisezmoi", "liesmich", "leesmij", "leggimi", "leame"];

/// What operating systems leave in archives: nothing that anybody published.
const CLUTTER: &[&str] = &["thumbs.db", "desktop.ini"];

/// Endings that are known to be no data: a file of unknown ending may be, when it is the only one.
const OTHER: &[&str] = &[
    "pdf", "doc", "docx", "ppt", "pptx", "odt", "rtf", "md", "htm", "html", "xml", "xsd", "jpg", "jpeg", "png", "gif", "tif",
    "tiff", "svg", "mp3", "mp4", "exe", "dll",
];

/// More data files than this are not made tables of their own: they are parts of a few, which a descriptor has to name.
pub const MOST_PARTS: usize = 1000;

/// What belongs to a `.shp` of the same stem (ESRI's technical description of 1998, and what programs add to it).
const SHAPEFILE: &[&str] = &[
    "dbf", "shx", "prj", "cpg", "cst", "sbn", "sbx", "qix", "qpj", "qmd", "fbn", "fbx", "ain", "aih", "ixs", "mxs", "atx", "xml",
];

/// An archive's files, told apart by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Those that a table can be made of, in the order of their names.
    pub data: Vec<String>,
    /// Those that are no data, such as a licence or a PDF. Hidden files and parts of Shapefiles are in neither list.
    pub left_out: Vec<String>,
}

/// Tells data from what else is in an archive. `names` are of files, with `/` between their parts. A file of unknown ending is data
/// when it is the only one.
pub fn sort<'a>(names: impl IntoIterator<Item = &'a str>) -> Sorted {
    let mut names: Vec<&str> = names.into_iter().filter(|name| !is_clutter(name)).collect();
    names.sort_unstable();
    leave_out_shape_parts(&mut names);
    let (data, left_out): (Vec<&str>, Vec<&str>) = match names.as_slice() {
        [only] if !is_about(only) && !is_other(only) => (vec![*only], Vec::new()),
        _ => names.iter().partition(|name| is_data(name)),
    };
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    Sorted { data: owned(data), left_out: owned(left_out) }
}

/// Leaves out what belongs to a Shapefile among them; its `.shp` stays.
pub(super) fn leave_out_shape_parts(names: &mut Vec<&str>) {
    let shapes: HashSet<String> = names.iter().filter_map(|name| lower_stem(name, "shp")).collect();
    names.retain(|name| !SHAPEFILE.iter().any(|ending| lower_stem(name, ending).is_some_and(|stem| belongs(&shapes, &stem))));
}

/// `roads` and, of `roads.shp.xml`, `roads.shp`.
fn belongs(shapes: &HashSet<String>, stem: &str) -> bool {
    shapes.contains(stem) || stem.strip_suffix(".shp").is_some_and(|shape| shapes.contains(shape))
}

/// The name without its ending in lower case, when it has this ending.
fn lower_stem(name: &str, ending: &str) -> Option<String> {
    let (stem, its) = name.rsplit_once('.')?;
    its.eq_ignore_ascii_case(ending).then(|| stem.to_lowercase())
}

/// Whether a file is a part of the Shapefile `shp`, which is a name that ends in `.shp`.
pub fn is_beside(shp: &str, name: &str) -> bool {
    let Some(stem) = lower_stem(shp, "shp") else { return false };
    SHAPEFILE.iter().any(|ending| lower_stem(name, ending).is_some_and(|its| its == stem))
}

fn is_data(name: &str) -> bool {
    let shape = Shape::of_path(name);
    (shape.format.is_some() || shape.compression.is_some()) && !is_about(name)
}

/// Whether a file by this name tells of the data beside it and is none itself.
pub(super) fn is_about(name: &str) -> bool {
    let stem = format::stem(name).to_lowercase();
    ABOUT.contains(&stem.as_str()) || READ_ME.iter().any(|start| stem.starts_with(start))
}

/// Whether a file's ending says that it is no data.
pub(super) fn is_other(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| OTHER.contains(&ending.to_lowercase().as_str()))
}

/// Whether a file is one that operating systems leave behind.
pub(super) fn is_clutter(name: &str) -> bool {
    let hidden = |part: &str| part.starts_with('.') || part == "__MACOSX";
    name.split('/').any(hidden) || CLUTTER.contains(&format::file_name(name).to_lowercase().as_str())
}

/// The format that a file's name tells, whatever it is packed in.
pub fn format_of(name: &str) -> Option<Format> {
    Shape::of_path(name).format
}

/// Which of an archive's files a descriptor means: the one of this name, else those that the glob matches.
#[derive(Debug)]
pub struct Wanted {
    text: String,
    /// `None` for a text that is no glob.
    glob: Option<Pattern>,
}

impl Wanted {
    /// `*` and `?` stay within a folder, `**` does not; a text whose brackets do not close is a plain name.
    pub fn new(text: &str) -> Self {
        let text = text.trim_start_matches("./").to_owned();
        Self { glob: Pattern::parse(&text).ok(), text }
    }

    /// The names that are meant, in order.
    pub fn select<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        if let Some(found) = names.iter().find(|name| **name == self.text) {
            return vec![*found];
        }
        let matches = |name: &&str| self.glob.as_ref().is_some_and(|glob| glob.matches(name)) && !is_clutter(name);
        names.into_iter().filter(matches).collect()
    }

    /// What is left of the pattern within the archive `name`, when it leads into that: `b.csv` of `a.zip/b.csv`.
    pub fn within(&self, name: &str) -> Option<Self> {
        self.text.strip_prefix(name)?.strip_prefix('/').filter(|rest| !rest.is_empty()).map(Self::new)
    }
}

/// Whether the distribution is one archive whose files may each be a table: nothing is said of them yet.
pub fn may_be_split(distribution: &Distribution) -> bool {
    let is_archive = matches!(distribution.compression, Some(Compression::Zip | Compression::Tar));
    let of_one = distribution.member.is_none() && distribution.schema.columns.is_empty();
    is_archive && of_one && distribution.paths.len() == 1 && distribution.format != Some(Format::Workbook)
}

/// A distribution for each data file of the archive that `whole` is. `alone`: it is its dataset's only one, and the parts need no
/// name but their own.
pub fn split(whole: &Distribution, alone: bool, data: &[String]) -> Vec<Distribution> {
    let part = |(member, name): (&String, String)| {
        let shape = Shape::of_path(member);
        let mut part = Distribution {
            title: Some(match &whole.title {
                Some(title) => format!("{title}: {member}"),
                None => member.clone(),
            }),
            name: if alone { name } else { format!("{} {name}", whole.name) },
            member: Some(member.clone()),
            format: shape.format.or(whole.format),
            // What is said of the whole file is not true of its parts.
            bytes: None,
            ..whole.clone()
        };
        if shape.tabs && part.dialect.delimiter.is_none() {
            part.dialect.delimiter = Some('\t');
        }
        part
    };
    data.iter().zip(part_names(data)).map(part).collect()
}

/// What the files are called: their stems, with the folders that they do not all share, and with the ending where it alone tells two
/// apart.
fn part_names(data: &[String]) -> Vec<String> {
    let folder = |name: &str| name.rfind('/').map_or(0, |end| end + 1);
    let shared = data.iter().map(|name| &name[..folder(name)]).reduce(|shared, folder| {
        let same = shared.split_inclusive('/').zip(folder.split_inclusive('/')).take_while(|(a, b)| a == b);
        &shared[..same.map(|(part, _)| part.len()).sum()]
    });
    let shared = shared.map_or(0, str::len);
    let name = |name: &String| {
        let own = &name[shared..];
        format!("{}{}", &own[..folder(own)].replace('/', " "), format::stem(own))
    };
    let names: Vec<String> = data.iter().map(name).collect();
    let mut counts: HashMap<&str, usize> = HashMap::with_capacity(names.len());
    names.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let full = |name: &String| name[shared..].replace(['/', '.'], " ");
    names.iter().zip(data).map(|(short, name)| if counts[short.as_str()] > 1 { full(name) } else { short.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(names: &[String]) -> String {
        names.join(" ")
    }

    #[test]
    fn data_is_told_from_the_rest() {
        for (names, data, left_out) in [
            ("b.csv a.csv readme.pdf metadata.xml", "a.csv b.csv", "metadata.xml readme.pdf"),
            ("stops.txt README.txt LICENSE ReadMe_2020.csv", "stops.txt", "LICENSE README.txt ReadMe_2020.csv"),
            ("__MACOSX/._a.csv a.csv .DS_Store d/.hidden/b.csv Thumbs.db", "a.csv", ""),
            ("2020.csv.gz inner.zip photo.jpg", "2020.csv.gz inner.zip", "photo.jpg"),
            ("d/Roads.shp d/roads.dbf d/roads.SHX d/roads.prj d/roads.shp.xml d/about.html", "d/Roads.shp", "d/about.html"),
            ("alone.dbf", "alone.dbf", ""),
            ("table", "table", ""),
            ("table other", "", "other table"),
            ("about.PDF", "", "about.PDF"),
            ("README.txt", "", "README.txt"),
            ("", "", ""),
        ] {
            let sorted = sort(names.split(' ').filter(|name| !name.is_empty()));
            assert_eq!((joined(&sorted.data), joined(&sorted.left_out)), (data.to_owned(), left_out.to_owned()), "{names}");
        }
        assert!(is_beside("d/Roads.shp", "d/roads.DBF") && !is_beside("d/Roads.shp", "roads.dbf"));
    }

    #[test]
    fn a_pattern_is_a_name_or_a_glob() {
        let names = ["a.csv", "b[1].csv", "d/c.csv", "e.txt", ".f.csv", "in.zip"];
        for (pattern, want) in [
            ("a.csv", "a.csv"),
            ("./a.csv", "a.csv"),
            ("b[1].csv", "b[1].csv"),
            ("*.csv", "a.csv b[1].csv"),
            ("**/*.csv", "a.csv b[1].csv d/c.csv"),
            ("[ae].*", "a.csv e.txt"),
            ("a[", ""),
            ("x.csv", ""),
        ] {
            assert_eq!(Wanted::new(pattern).select(names).join(" "), want, "{pattern}");
        }
        let inner = Wanted::new("in.zip/*.csv").within("in.zip").map(|p| p.select(["x.csv", "y.txt"]).join(" "));
        assert_eq!(inner.as_deref(), Some("x.csv"));
        assert!(Wanted::new("in.zip").within("in.zip").is_none());
    }

    #[test]
    fn parts_are_named_by_what_tells_them_apart() {
        for (members, want) in [
            (&["agency.txt", "stops.txt"][..], "agency|stops"),
            (&["gtfs/agency.txt", "gtfs/stops.txt"], "agency|stops"),
            (&["x/2019/a.csv", "x/2020/a.csv"], "2019 a|2020 a"),
            (&["a.csv", "a.json", "b.csv.gz"], "a csv|a json|b"),
        ] {
            let members: Vec<String> = members.iter().map(|m| (*m).to_owned()).collect();
            assert_eq!(part_names(&members).join("|"), want);
        }
        let whole = Distribution { name: "w".into(), title: Some("W".into()), ..Distribution::default() };
        let parts = split(&whole, false, &["a.tsv".to_owned(), "b.shp".to_owned()]);
        let shown = |p: &Distribution| format!("{} {:?} {:?} {:?}", p.name, p.title, p.format, p.dialect.delimiter);
        assert_eq!(shown(&parts[0]), r#"w a Some("W: a.tsv") Some(Csv) Some('\t')"#);
        assert_eq!(shown(&parts[1]), r#"w b Some("W: b.shp") Some(Shapefile) None"#);
    }
}
