//! Media types: IANA's name (<https://www.iana.org/assignments/media-types>) of a format as published, or a name in use where IANA has none.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::plain;
use crate::descriptor::format;

/// The media type that a text means where that is certain: a media type in any of its spellings, a word such as `CSV` or `Esri Shapefile`, an
/// ending, or a URI of IANA's registry or of the EU's list of file types.
pub fn media_type(text: &str) -> Option<&'static str> {
    static BY_WORD: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        TYPES
            .iter()
            .flat_map(|(media_type, words)| words.iter().map(|word| (*word, *media_type)).chain([(*media_type, *media_type)]))
            .collect()
    });
    let text = format::essence(text).split(';').next().unwrap_or_default();
    let text = plain(text.trim().trim_start_matches('.'));
    // DCAT-US 3 lists under a folder of that name what its vocabulary is yet to hold.
    let text = text.strip_prefix("todo/").unwrap_or(&text);
    BY_WORD.get(text).copied()
}

/// By media type: what else it is called, in lower case.
const TYPES: &[(&str, &[&str])] = &[
    (
        "text/csv",
        &[
            "csv",
            "application/csv",
            "text/x-csv",
            "application/vnd.ms-excel.csv",
            "comma separated values",
            "comma-separated values",
            "csv file",
            "csv (utf-8)",
        ],
    ),
    ("text/tab-separated-values", &["tsv", "tab", "text/tsv"]),
    ("text/plain", &["txt", "text", "plain text", "plain", "ascii"]),
    (
        "text/html",
        &[
            "html",
            "htm",
            "web page",
            "webpage",
            "website",
            "page web",
            "www",
            "htmlpage",
            "www:link-1.0-http--link",
            "xhtml",
            "application/xhtml+xml",
        ],
    ),
    ("text/markdown", &["md", "markdown"]),
    ("text/calendar", &["ics", "ical", "icalendar"]),
    ("text/turtle", &["ttl", "turtle", "rdf_turtle", "application/x-turtle"]),
    ("text/n3", &["n3", "rdf_n3"]),
    ("application/n-triples", &["nt", "n-triples", "rdf_n_triples"]),
    ("application/n-quads", &["nq", "n-quads", "rdf_n_quads"]),
    ("application/trig", &["trig", "rdf_trig"]),
    ("application/rdf+xml", &["rdf", "rdf/xml", "rdf_xml", "owl"]),
    ("application/ld+json", &["json-ld", "jsonld", "json_ld"]),
    ("application/json", &["json", "text/json", "application/x-json"]),
    (
        "application/x-ndjson",
        &["ndjson", "jsonl", "jsonlines", "json lines", "application/ndjson", "application/jsonl", "application/x-jsonlines"],
    ),
    ("application/geo+json", &["geojson", "geo json", "application/vnd.geo+json", "text/geojson", "application/geojson"]),
    ("application/geo+json-seq", &["geojsonl", "geojsonseq", "geojsons"]),
    ("application/topo+json", &["topojson", "text/topojson"]),
    ("application/xml", &["xml", "text/xml"]),
    ("application/gml+xml", &["gml", "application/gml"]),
    ("application/gpx+xml", &["gpx"]),
    ("application/vnd.google-earth.kml+xml", &["kml", "kml/xml", "application/vnd.google-earth.kml"]),
    ("application/vnd.google-earth.kmz", &["kmz"]),
    (
        "application/vnd.shp",
        &[
            "shp",
            "shapefile",
            "esri shapefile",
            "shape",
            "x-gis/x-shapefile",
            "application/x-shapefile",
            "esri shape file",
            "shape file",
        ],
    ),
    ("application/geopackage+sqlite3", &["gpkg", "geopackage"]),
    ("application/vnd.apache.parquet", &["parquet", "geoparquet", "application/parquet", "application/x-parquet"]),
    ("application/vnd.apache.arrow.file", &["arrow", "feather", "ipc"]),
    ("application/vnd.apache.arrow.stream", &["arrows"]),
    ("application/avro", &["avro", "avro/binary", "application/vnd.apache.avro"]),
    ("application/vnd.apache.orc", &["orc", "application/orc"]),
    ("application/vnd.ms-excel", &["xls", "ms excel", "application/excel", "application/x-excel", "application/msexcel"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx", "xslx", "excel (xlsx)", "office open xml"]),
    ("application/vnd.ms-excel.sheet.macroenabled.12", &["xlsm"]),
    ("application/vnd.ms-excel.sheet.binary.macroenabled.12", &["xlsb"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/vnd.oasis.opendocument.presentation", &["odp"]),
    ("application/msword", &["doc"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.ms-powerpoint", &["ppt"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    ("application/pdf", &["pdf"]),
    ("application/rtf", &["rtf", "text/rtf"]),
    ("application/rss+xml", &["rss", "rss+xml"]),
    ("application/atom+xml", &["atom"]),
    ("application/zip", &["zip", "application/x-zip", "application/x-zip-compressed"]),
    ("application/gzip", &["gz", "gzip", "application/x-gzip"]),
    ("application/zstd", &["zst", "zstd"]),
    ("application/x-bzip2", &["bz2", "bzip2", "application/bzip2"]),
    ("application/x-xz", &["xz"]),
    ("application/x-tar", &["tar", "application/x-gtar"]),
    ("application/x-7z-compressed", &["7z", "7zip"]),
    ("application/vnd.rar", &["rar", "application/x-rar-compressed"]),
    ("application/sql", &["sql", "text/x-sql"]),
    ("application/vnd.sqlite3", &["sqlite", "sqlite3", "application/x-sqlite3"]),
    ("application/sparql-query", &["sparql", "sparqlq"]),
    ("application/x-netcdf", &["netcdf", "nc", "cdf"]),
    ("application/x-hdf5", &["hdf5", "h5"]),
    ("application/vnd.las", &["las"]),
    ("application/vnd.laszip", &["laz"]),
    ("application/x-erdas-hfa", &[]),
    ("application/http", &[]),
    ("application/octet-stream", &["binary/octet-stream", "bin", "binary"]),
    ("application/x-protobuf", &["pbf", "protobuf", "gtfs-rt", "gtfs realtime", "gtfsrt"]),
    ("application/vnd.ogc.wms_xml", &[]),
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg", "image/jpg"]),
    ("image/gif", &["gif"]),
    ("image/svg+xml", &["svg"]),
    ("image/tiff", &["tif", "tiff", "geotiff", "image/geotiff"]),
    ("image/jp2", &["jp2", "jpeg2000"]),
    ("audio/mpeg", &["mp3"]),
    ("video/mp4", &["mp4"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_one_media_type() {
        let mut seen = HashMap::new();
        for (media_type, words) in TYPES {
            for word in words.iter().chain([media_type]) {
                assert_eq!(*word, plain(word), "{word} is not in lower case");
                assert_eq!(seen.insert(*word, *media_type), None, "{word} stands twice");
            }
        }
    }
}
