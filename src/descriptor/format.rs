//! Which format and packing a file has by what is said of it: a declared word, a media type, its name's ending. Its bytes
//! are not looked at.

use super::terms;

/// The formats that become tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text of any delimiter (CSV, TSV, pipe-separated).
    Csv,
    /// An array of records, or an object that holds one under the dialect's `property`.
    Json,
    /// One JSON record a line.
    NdJson,
    GeoJson,
    Parquet,
    /// Arrow IPC, file or stream (Feather v2).
    Arrow,
    Avro,
    Orc,
    /// A spreadsheet of any kind: xlsx, xlsm, xlsb, xls, ods.
    Workbook,
    /// The `.shp` of a zip archive with the files beside it.
    Shapefile,
    Kml,
}

impl Format {
    /// The word that a descriptor declares it with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::GeoJson => "geojson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Avro => "avro",
            Self::Orc => "orc",
            Self::Workbook => "xlsx",
            Self::Shapefile => "shp",
            Self::Kml => "kml",
        }
    }
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    /// A zip archive: of one member, or of those that [`Distribution::member`] names.
    Zip,
    /// A tar archive, itself packed or not, read as a zip archive is.
    Tar,
}

impl Compression {
    /// The word that a descriptor declares it with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
            Self::Bzip2 => "bz2",
            Self::Xz => "xz",
            Self::Zip => "zip",
            Self::Tar => "tar",
        }
    }
}

/// What a word, a media type or an ending tells; either part may stay open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) format: Option<Format>,
    pub(super) compression: Option<Compression>,
    /// Delimited by tabs.
    pub(super) tabs: bool,
}

impl Shape {
    const fn of(format: Format) -> Self {
        Self { format: Some(format), compression: None, tabs: false }
    }

    const fn packed(compression: Compression) -> Self {
        Self { format: None, compression: Some(compression), tabs: false }
    }

    /// A declared format such as `csv`, `.arrow`, `GeoJSON` or `csv.gz`, or one of the EU's list of file types.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        let word = essence(word).trim().to_ascii_lowercase();
        let mut inner = word.trim_start_matches('.');
        let mut packings = Vec::new();
        while let Some((rest, packing)) = inner.rsplit_once('.') {
            packings.push(by_ending(packing)?.compression);
            inner = rest;
        }
        Some(packings.into_iter().rev().fold(by_ending(inner)?, Self::packed_in))
    }

    /// A media type, its parameters aside (IANA's registry, and what portals write in place of it).
    pub(super) fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match essence.as_str() {
            "text/csv" | "application/csv" | "application/vnd.ms-excel.csv" | "text/x-csv" => Self::of(Format::Csv),
            "text/tab-separated-values" | "text/tsv" => Self { tabs: true, ..Self::of(Format::Csv) },
            "application/json" | "text/json" => Self::of(Format::Json),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
                Self::of(Format::NdJson)
            }
            "application/geo+json" | "application/vnd.geo+json" | "text/geojson" | "application/geojson" => {
                Self::of(Format::GeoJson)
            }
            "application/vnd.apache.parquet" | "application/parquet" | "application/x-parquet" => Self::of(Format::Parquet),
            "application/vnd.apache.arrow.file" | "application/vnd.apache.arrow.stream" => Self::of(Format::Arrow),
            "application/avro" | "avro/binary" | "application/vnd.apache.avro" => Self::of(Format::Avro),
            "application/vnd.apache.orc" | "application/orc" => Self::of(Format::Orc),
            "application/vnd.ms-excel"
            | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            | "application/vnd.ms-excel.sheet.macroenabled.12"
            | "application/vnd.ms-excel.sheet.binary.macroenabled.12"
            | "application/vnd.oasis.opendocument.spreadsheet" => Self::of(Format::Workbook),
            "application/vnd.shp" | "x-gis/x-shapefile" | "application/x-shapefile" => Self::of(Format::Shapefile),
            "application/vnd.google-earth.kml+xml" => Self::of(Format::Kml),
            "application/vnd.google-earth.kmz" => Self { compression: Some(Compression::Zip), ..Self::of(Format::Kml) },
            "application/gzip" | "application/x-gzip" => Self::packed(Compression::Gzip),
            "application/zstd" => Self::packed(Compression::Zstd),
            "application/x-bzip2" | "application/bzip2" => Self::packed(Compression::Bzip2),
            "application/x-xz" => Self::packed(Compression::Xz),
            "application/x-tar" | "application/x-gtar" => Self::packed(Compression::Tar),
            "application/zip" | "application/x-zip-compressed" => Self::packed(Compression::Zip),
            _ => return None,
        })
    }

    /// What people call a format, such as `Esri Shapefile` or `Zipped CSV`.
    fn of_phrase(phrase: &str) -> Option<Self> {
        let lower = phrase.trim().to_lowercase();
        let zipped =
            lower.strip_prefix("zipped ").or_else(|| lower.strip_suffix(" (zip)")).or_else(|| lower.strip_suffix(" (zipped)"));
        let inner = zipped.unwrap_or(&lower);
        let shape = Self::of_word(inner).or_else(|| Self::of_media_type(terms::media_type(inner)?))?;
        Some(if zipped.is_some() { shape.packed_in(Some(Compression::Zip)) } else { shape })
    }

    /// The ending of a path or URL, which may be of two parts (`.csv.gz`, `.geo.json`). Query and fragment are no part of it.
    pub(super) fn of_path(path: &str) -> Self {
        let name = file_name(path).to_ascii_lowercase();
        let mut inner = name.as_str();
        let mut packings = Vec::new();
        // A loop, as a published name may end in any number of packings.
        let innermost = loop {
            let Some((stem, ending)) = inner.rsplit_once('.') else { break Self::default() };
            let Some(shape) = by_ending(ending) else { break Self::default() };
            match shape.format {
                Some(Format::Json) if stem.ends_with(".geo") => break Self::of(Format::GeoJson),
                Some(_) => break shape,
                None => packings.push(shape.compression),
            }
            inner = stem;
        };
        packings.into_iter().rev().fold(innermost, Self::packed_in)
    }

    /// The same in one more packing. An archive stays one, packed or not: `.tar.gz` is a tar archive.
    fn packed_in(self, packing: Option<Compression>) -> Self {
        match self.compression {
            Some(Compression::Tar | Compression::Zip) => self,
            Some(Compression::Gzip | Compression::Zstd | Compression::Bzip2 | Compression::Xz) | None => {
                Self { compression: packing, ..self }
            }
        }
    }

    /// Whether it is an archive, which holds files of their own names.
    pub(super) fn is_archive(self) -> bool {
        matches!(self.compression, Some(Compression::Zip | Compression::Tar))
    }

    /// Whether a table can be made of it.
    pub(super) fn is_served(self) -> bool {
        self.format.is_some()
    }
}

/// Endings of files that no table is made of and that portals publish beside data: texts, pictures, sounds, graphs of other kinds.
const NOT_READ: &[&str] = &[
    "pdf", "doc", "docx", "odt", "rtf", "ppt", "pptx", "odp", "html", "htm", "xhtml", "xml", "xsd", "rdf", "ttl", "nt", "owl",
    "md", "png", "jpg", "jpeg", "gif", "svg", "tif", "tiff", "jp2", "mp3", "mp4", "mpg", "mov", "avi", "gpkg", "gml", "gdb",
    "topojson", "qgz", "dwg", "dxf", "nc", "h5", "hdf", "grib", "sav", "dta", "mdb", "accdb", "exe", "7z", "rar",
];

/// Media types that say nothing but that there are bytes or text.
const VAGUE_TYPES: &[&str] = &["application/octet-stream", "binary/octet-stream", "text/plain", "application/download", "*/*"];

/// What is said of files, put together: a declared word first, then the media type, then the first ending that tells.
///
/// The error is the declared word when it means nothing that is read and no ending says better.
pub(super) fn told<'w>(word: Option<&'w str>, media_type: Option<&str>, paths: &[String]) -> Result<Shape, &'w str> {
    let by_ending = paths.iter().map(|path| Shape::of_path(path)).find(|shape| *shape != Shape::default()).unwrap_or_default();
    let word = word.filter(|word| !is_vague(word));
    let declared = word
        .and_then(|word| Shape::of_word(word).or_else(|| Shape::of_media_type(essence(word))).or_else(|| Shape::of_phrase(word)));
    let by_type = media_type.and_then(|media_type| Shape::of_media_type(essence(media_type)));
    // Many a server calls a CSV Excel's, as that opens it.
    let by_type = by_type.filter(|shape| (shape.format, by_ending.format) != (Some(Format::Workbook), Some(Format::Csv)));
    let format = declared.into_iter().chain(by_type).find(|shape| shape.is_served());
    match (format, word) {
        (Some(shape), _) => Ok(Shape { compression: shape.compression.or(by_ending.compression), ..shape }),
        // An ending is believed over a word that says nothing here, but for `.json`, which many formats share (TopoJSON).
        (None, Some(word)) if declared.is_none() && matches!(by_ending.format, None | Some(Format::Json)) => Err(word),
        (None, _) => {
            let compression = declared.or(by_type).and_then(|shape| shape.compression).or(by_ending.compression);
            Ok(Shape { compression, ..by_ending })
        }
    }
}

/// The media type or file type in a URI of IANA's registry or of the EU's list of file types; other texts as they are.
pub(super) fn essence(text: &str) -> &str {
    for list in ["/media-types/", "/file-type/"] {
        if let Some((_, name)) = text.rsplit_once(list) {
            return name;
        }
    }
    text
}

/// Whether a table may be made of files of which this is said.
pub(super) fn may_be_read(format: Option<Format>, word: Option<&str>, media_type: Option<&str>, paths: &[String]) -> bool {
    if format.is_some() {
        return true;
    }
    let says_otherwise = |media_type: &str| {
        let essence = essence(media_type).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Shape::of_media_type(&essence).is_none() && !VAGUE_TYPES.contains(&essence.as_str())
    };
    told(word, media_type, paths).is_ok_and(|shape| {
        shape != Shape::default()
            || !media_type.is_some_and(says_otherwise)
                && !paths.iter().any(|path| NOT_READ.contains(&lower_ending(path).as_str()))
    })
}

/// Words that say nothing of a file but that it is one; the ending decides.
pub(super) fn is_vague(word: &str) -> bool {
    matches!(
        word.trim().to_ascii_lowercase().as_str(),
        "file" | "data" | "text" | "plain" | "binary" | "api" | "other" | "unknown"
    )
}

/// A compression by its declared name; `None` when it is not one that is read.
pub(super) fn compression(word: &str) -> Option<Compression> {
    Shape::of_word(word).filter(|shape| !shape.is_served()).and_then(|shape| shape.compression)
}

/// A compression by a word, a media type, or a URI of one.
pub(super) fn packing(text: &str) -> Option<Compression> {
    let word = essence(text);
    compression(word).or_else(|| Shape::of_media_type(word).and_then(|shape| shape.compression))
}

/// The last part of a path or URL.
pub(super) fn file_name(path: &str) -> &str {
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.split(['?', '#']).next().unwrap_or(rest),
        None => path,
    };
    path.rsplit('/').next().unwrap_or(path)
}

/// The ending of a path in lower case, without its dot; empty when there is none.
pub(super) fn lower_ending(path: &str) -> String {
    let (stem, ending) = file_name(path).rsplit_once('.').unwrap_or_default();
    if stem.is_empty() { String::new() } else { ending.to_lowercase() }
}

/// The last part of a path or URL without the endings that are known here: `trips` of `trips.csv.gz`.
pub(super) fn stem(path: &str) -> &str {
    let mut name = file_name(path);
    while let Some((stem, ending)) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
        match by_ending(&ending.to_ascii_lowercase()) {
            None => break,
            Some(Shape { format: Some(Format::Json), .. }) => return stem.strip_suffix(".geo").unwrap_or(stem),
            Some(Shape { format: Some(_), .. }) => return stem,
            Some(Shape { format: None, .. }) => name = stem,
        }
    }
    name
}

/// A lower-case ending without its dot.
fn by_ending(ending: &str) -> Option<Shape> {
    Some(match ending {
        "csv" | "txt" | "dat" | "psv" | "ssv" | "csvy" => Shape::of(Format::Csv),
        "tsv" | "tab" => Shape { tabs: true, ..Shape::of(Format::Csv) },
        "json" => Shape::of(Format::Json),
        "ndjson" | "jsonl" | "jsonlines" => Shape::of(Format::NdJson),
        "geojson" | "geojsonl" | "geojsons" | "geojsonseq" | "ndgeojson" => Shape::of(Format::GeoJson),
        "parquet" | "geoparquet" => Shape::of(Format::Parquet),
        "arrow" | "feather" | "ipc" | "arrows" => Shape::of(Format::Arrow),
        "avro" => Shape::of(Format::Avro),
        "orc" => Shape::of(Format::Orc),
        "xlsx" | "xlsm" | "xlsb" | "xls" | "ods" => Shape::of(Format::Workbook),
        "shp" => Shape::of(Format::Shapefile),
        "kml" => Shape::of(Format::Kml),
        "kmz" => Shape { compression: Some(Compression::Zip), ..Shape::of(Format::Kml) },
        "gz" | "gzip" => Shape::packed(Compression::Gzip),
        "zst" | "zstd" => Shape::packed(Compression::Zstd),
        "bz2" | "bzip2" => Shape::packed(Compression::Bzip2),
        "xz" => Shape::packed(Compression::Xz),
        "zip" => Shape::packed(Compression::Zip),
        "tar" | "tgz" | "tbz" | "tbz2" | "txz" | "tzst" => Shape::packed(Compression::Tar),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_format_by_its_ending() {
        use Compression::{Gzip, Tar, Xz, Zip, Zstd};
        for (path, format, compression, stem) in [
            ("/d/a.csv", Some(Format::Csv), None, "a"),
            ("/d.x/A.B.CSV.GZ", Some(Format::Csv), Some(Gzip), "A.B"),
            ("https://x.org/e/rows.csv?accessType=a/b.json#c", Some(Format::Csv), None, "rows"),
            ("/d/zones.geo.json", Some(Format::GeoJson), None, "zones"),
            ("/d/zones.geojson.zst", Some(Format::GeoJson), Some(Zstd), "zones"),
            ("/d/trips.zip", None, Some(Zip), "trips"),
            ("/d/trips.tar.gz", None, Some(Tar), "trips"),
            ("/d/trips.tgz", None, Some(Tar), "trips"),
            ("/d/trips.csv.xz", Some(Format::Csv), Some(Xz), "trips"),
            ("/d/trips.csv.zip", Some(Format::Csv), Some(Zip), "trips"),
            ("/d/*.ndjson", Some(Format::NdJson), None, "*"),
            ("/d/a.ssv", Some(Format::Csv), None, "a"),
            ("/d/a.csvy", Some(Format::Csv), None, "a"),
            ("/d/a.geojsonl.gz", Some(Format::GeoJson), Some(Gzip), "a"),
            ("/d/a.geojsons", Some(Format::GeoJson), None, "a"),
            ("/d/a.ndgeojson", Some(Format::GeoJson), None, "a"),
            ("/d/x.xlsx", Some(Format::Workbook), None, "x"),
            ("/d/x.kmz", Some(Format::Kml), Some(Zip), "x"),
            ("/d/x.pdf", None, None, "x.pdf"),
            ("/d/.csv", Some(Format::Csv), None, ".csv"),
            ("/d/README", None, None, "README"),
        ] {
            let shape = Shape::of_path(path);
            assert_eq!((shape.format, shape.compression, self::stem(path)), (format, compression, stem), "{path}");
        }
    }

    #[test]
    fn declared_words_and_media_types_tell_too() {
        for (word, format, compression) in [
            ("CSV", Some(Format::Csv), None),
            (".arrow", Some(Format::Arrow), None),
            ("csv.gz", Some(Format::Csv), Some(Compression::Gzip)),
            ("zip", None, Some(Compression::Zip)),
            ("tar.bz2", None, Some(Compression::Tar)),
        ] {
            assert_eq!(Shape::of_word(word).map(|s| (s.format, s.compression)), Some((format, compression)), "{word}");
        }
        assert_eq!(Shape::of_word("topojson"), None);
        assert_eq!(Shape::of_media_type("Text/CSV; charset=utf-8").and_then(|s| s.format), Some(Format::Csv));
        assert_eq!(Shape::of_media_type("image/png"), None);
    }

    #[test]
    fn phrases_tell_and_excel_may_stand_for_csv() {
        let told = |word: Option<&'static str>, media_type: Option<&str>, path: &str| {
            told(word, media_type, &[path.to_owned()]).map(|shape| (shape.format, shape.compression))
        };
        let (zip, excel) = (Some(Compression::Zip), Some("application/vnd.ms-excel"));
        assert_eq!(told(Some("Esri Shapefile"), None, "https://x.org/a"), Ok((Some(Format::Shapefile), None)));
        assert_eq!(told(Some("Zipped CSV"), Some("application/zip"), "https://x.org/a"), Ok((Some(Format::Csv), zip)));
        assert_eq!(told(None, excel, "https://x.org/a.csv"), Ok((Some(Format::Csv), None)));
        assert_eq!(told(None, excel, "https://x.org/a"), Ok((Some(Format::Workbook), None)));
        assert_eq!(told(Some("Interactive on-screen"), None, "https://x.org/a"), Err("Interactive on-screen"));
    }

    #[test]
    fn any_number_of_endings_is_read() {
        let packed = format!("csv{}", ".gz".repeat(300_000));
        let gzip = (Some(Format::Csv), Some(Compression::Gzip));
        assert_eq!(Shape::of_word(&packed).map(|s| (s.format, s.compression)), Some(gzip));
        let path = format!("/d/a.{packed}");
        let shape = Shape::of_path(&path);
        assert_eq!(((shape.format, shape.compression), stem(&path)), (gzip, "a"));
    }
}
