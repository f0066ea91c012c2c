//! A made-up portal's `data.json`: as many datasets as wanted, each of three distributions with twenty columns, the same for the same number.

use std::io::{self, Write};

/// Datasets of the theme `transport`, however many there are in all: what is asked of one theme can only be compared where it is the same.
pub const TRANSPORT: usize = 100;

/// The other themes share the rest.
const THEMES: [&str; 12] = [
    "Agriculture",
    "Economy",
    "Education",
    "Energy",
    "Environment",
    "Government",
    "Health",
    "International",
    "Justice",
    "Regions",
    "Population",
    "Science",
];

/// Every so many datasets, as far as [`RARE`] of them, one tells of [`QUESTION`].
pub const QUESTION: &str = "gamma radiation";
const RARE: usize = 50;

/// A word that one of ten datasets has.
pub const COMMON: &str = "survey";

/// The file beside the document that all distributions lead to: its name, and its columns.
pub const FILE: &str = "table.csv";
pub const COLUMNS: usize = 20;

/// The text of [`FILE`].
pub fn file() -> String {
    let line = |cell: &dyn Fn(usize) -> String| (0..COLUMNS).map(cell).collect::<Vec<_>>().join(",") + "\n";
    let rows = (0..10).map(|row| line(&|column| (row * column).to_string()));
    std::iter::once(line(&|column| format!("column_{column}"))).chain(rows).collect()
}

/// The name of a dataset's table: that of its first distribution.
pub fn table(dataset: usize) -> String {
    format!("{}_table_0", title(dataset).to_lowercase().replace(' ', "_"))
}

/// Numbers without an order, the same for the same seed (SplitMix64).
fn mixed(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

/// A word of two to four syllables: one of some thousands, the low ones more often.
fn word(seed: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "ve"];
    let number = mixed(seed) % 4096;
    let number = number * (mixed(seed ^ 0xff) % 4096) / 4096;
    let mut word = String::new();
    let mut left = number + 16;
    while left > 0 {
        word.push_str(SYLLABLES[(left % 16) as usize]);
        left /= 16;
    }
    word
}

fn title(dataset: usize) -> String {
    let seed = dataset as u64 * 64;
    format!("{} {} {dataset}", word(seed), word(seed + 1))
}

/// Writes the document. `with_columns`: the columns are told too, as Argentina's profile of DCAT-US does.
pub fn write(out: &mut dyn Write, datasets: usize, with_columns: bool) -> io::Result<()> {
    write!(out, r#"{{"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "title": "Synthetic", "dataset": ["#)?;
    for dataset in 0..datasets {
        out.write_all(if dataset == 0 { b"\n" } else { b",\n" })?;
        one(out, dataset, datasets, with_columns)?;
    }
    write!(out, "\n]}}")
}

fn one(out: &mut dyn Write, dataset: usize, datasets: usize, with_columns: bool) -> io::Result<()> {
    let seed = dataset as u64 * 64;
    let theme = if dataset < TRANSPORT { "Transport" } else { THEMES[dataset % THEMES.len()] };
    let description: Vec<String> = (2..22).map(|n| word(seed + n)).collect();
    let rare = dataset.is_multiple_of((datasets / RARE).max(1)) && dataset / (datasets / RARE).max(1) < RARE;
    let rare = if rare { QUESTION } else { "" };
    let common = if mixed(seed).is_multiple_of(10) { COMMON } else { "" };
    let (year, month) = (2000 + mixed(seed + 30) % 25, 1 + mixed(seed + 31) % 12);
    write!(
        out,
        r#"{{"@type": "dcat:Dataset", "identifier": "synthetic-{dataset:07}", "title": "{}", "description": "{} {rare} {common}",
"keyword": ["{}", "{}", "{}"], "theme": ["{theme}"], "modified": "{year}-{month:02}-01", "accrualPeriodicity": "R/P1M",
"publisher": {{"@type": "org:Organization", "name": "Office of {}"}}, "accessLevel": "public",
"contactPoint": {{"fn": "The {} desk", "hasEmail": "mailto:desk{}@example.org"}},
"license": "https://creativecommons.org/licenses/by/4.0/", "landingPage": "https://portal.example.org/d/{dataset}",
"spatial": "{}", "bureauCode": ["015:11"], "programCode": ["015:001"], "distribution": ["#,
        title(dataset),
        description.join(" "),
        word(seed + 22),
        word(seed + 23),
        word(seed + 24),
        word(mixed(seed + 25) % 200),
        word(seed + 26),
        dataset % 50,
        word(seed + 27),
    )?;
    for part in 0..3 {
        let comma = if part > 0 { "," } else { "" };
        write!(out, r#"{comma}{{"title": "Table {part}", "downloadURL": "{FILE}", "mediaType": "text/csv""#)?;
        if with_columns {
            write!(out, r#", "field": ["#)?;
            for column in 0..COLUMNS {
                let comma = if column > 0 { "," } else { "" };
                write!(
                    out,
                    r#"{comma}{{"title": "column_{column}", "type": "integer", "description": "{}"}}"#,
                    word(seed + column as u64)
                )?;
            }
            write!(out, "]")?;
        }
        write!(out, "}}")?;
    }
    write!(out, "]}}")
}
