//! What published catalogs hold of terms, and how much of it is understood.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use walkdir::WalkDir;

use super::*;
use crate::descriptor::{AccessRights, License};

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/catalog");

/// The texts under every key in the JSON files of the catalogs (prefixes of the keys aside), with how often each stands there.
static PUBLISHED: LazyLock<BTreeMap<(String, String), usize>> = LazyLock::new(|| {
    let mut found = BTreeMap::new();
    for entry in WalkDir::new(CATALOG).into_iter().map(|entry| entry.expect("the shared data is there")) {
        let is_json = entry.path().extension().is_some_and(|ending| ending == "json" || ending == "jsonld");
        if !is_json || entry.file_type().is_dir() || entry.path().starts_with(Path::new(CATALOG).join("stac")) {
            continue;
        }
        let bytes = std::fs::read(entry.path()).expect("it is a file");
        if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
            walk(&value, &mut found);
        }
    }
    found
});

fn walk(value: &Value, found: &mut BTreeMap<(String, String), usize>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                let name = key.rsplit([':', '#', '/']).next().unwrap_or(key);
                for text in texts(value) {
                    *found.entry((name.to_owned(), text.to_owned())).or_default() += 1;
                }
                walk(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => {
            ["@id", "@value", "name", "path", "title"].iter().filter_map(|key| map.get(*key)?.as_str()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// How many of the texts published under these keys that say something are understood, and how many there are.
fn understood(keys: &[&str], is_known: impl Fn(&str) -> bool) -> (usize, usize) {
    let told = PUBLISHED.iter().filter(|((key, text), _)| keys.contains(&key.as_str()) && !text.trim().is_empty());
    told.fold((0, 0), |(known, all), ((_, text), n)| (known + if is_known(text) { *n } else { 0 }, all + n))
}

// The one that is left is a key in a table of keys.
#[test]
fn published_frequencies_are_understood() {
    assert_eq!(understood(&["accrualPeriodicity", "frequency"], |text| Frequency::of_words(text).is_some()), (707, 708));
}

// The rest are names of programmes, such as `Card Services Program`, and of charts.
#[test]
fn published_themes_are_understood_where_they_are_themes() {
    assert_eq!(understood(&["theme", "superTheme"], |text| Theme::of_words(text).is_some()), (346, 686));
}

// Of the rest, half are works of the US government, which SPDX has no identifier for; then come those without a version, and terms of one publisher.
#[test]
fn published_licences_are_understood_where_they_have_a_version() {
    let known = |text: &str| licence(&License { name: Some(text.to_owned()), ..License::default() }).is_some();
    assert_eq!(understood(&["license", "licenses", "license_id", "license_title", "license_url"], known), (738, 2885));
}

// The rest are names of no type that IANA or others know, such as `notareal/type`.
#[test]
fn published_media_types_are_understood() {
    assert_eq!(
        understood(&["mediaType", "mediatype", "mimetype", "encodingFormat"], |text| media_type(text).is_some()),
        (6045, 6054)
    );
}

// The rest are services (2,267 say `API`), words for two types (`Excel`) and the formats of columns.
#[test]
fn published_formats_have_media_types() {
    assert_eq!(understood(&["format"], |text| media_type(text).is_some()), (3406, 5805));
}

// The rest are lists of several in one text, and countries in place of languages.
#[test]
fn published_languages_are_understood() {
    assert_eq!(understood(&["language", "inLanguage"], |text| language(text).is_some()), (1200, 1223));
}

#[test]
fn published_access_levels_are_understood() {
    assert_eq!(understood(&["accessLevel", "accessRights"], |text| AccessRights::of_words(text).is_some()), (2461, 2461));
}

#[test]
fn themes_of_other_lists_are_the_eus() {
    for (text, code) in [
        ("http://publications.europa.eu/resource/authority/data-theme/HEAL", Some("HEAL")),
        ("AGRI", Some("AGRI")),
        ("Éducation, culture et sport", Some("EDUC")),
        ("Bevölkerung und Gesellschaft", Some("SOCI")),
        ("transportation", Some("TRAN")),
        ("经济建设", Some("ECON")),
        ("资源环境", Some("ENVI")),
        ("教育科技", Some("EDUC")),
        ("道路交通", Some("TRAN")),
        ("社会发展", Some("SOCI")),
        ("公共安全", Some("JUST")),
        ("文化休闲", Some("EDUC")),
        ("卫生健康", Some("HEAL")),
        ("民生服务", Some("SOCI")),
        ("机构团体", Some("GOVE")),
        ("城市建设", Some("REGI")),
        ("信用服务", Some("ECON")),
        ("運輸・観光", Some("TRAN")),
        ("http://inspire.ec.europa.eu/theme/hb", Some("ENVI")),
        ("http://datos.gob.es/kos/sector-publico/sector/deporte", Some("EDUC")),
        ("Energy & Environment", None),
        ("geospatial", None),
        ("Top 10", None),
        ("https://example.org/health", None),
        ("", None),
    ] {
        assert_eq!(Theme::of_words(text).map(Theme::code), code, "{text}");
    }
}

#[test]
fn frequencies_have_a_code_an_interval_and_a_length() {
    for (text, want) in [
        ("R/P1D", Some(("DAILY", Some("R/P1D"), Some(1.0)))),
        ("P1Y", Some(("ANNUAL", Some("R/P1Y"), Some(365.0)))),
        ("R/P3.5D", Some(("WEEKLY_2", Some("R/P3.5D"), Some(3.5)))),
        ("R/P0.5M", Some(("MONTHLY_2", Some("R/P0.5M"), Some(15.0)))),
        ("R/P4D", Some(("OTHER", Some("R/P4D"), Some(4.0)))),
        ("R/P7D", Some(("WEEKLY", Some("R/P7D"), Some(7.0)))),
        ("http://publications.europa.eu/resource/authority/frequency/MONTHLY", Some(("MONTHLY", Some("R/P1M"), Some(30.0)))),
        ("http://purl.org/cld/freq/threeTimesAMonth", Some(("MONTHLY_3", Some("R/P0.33M"), Some(10.0)))),
        ("freq:bimonthly", Some(("BIMONTHLY", Some("R/P2M"), Some(60.0)))),
        ("Semi-Annually", Some(("ANNUAL_2", Some("R/P6M"), Some(182.5)))),
        ("每周", Some(("WEEKLY", Some("R/P1W"), Some(7.0)))),
        ("每季度", Some(("QUARTERLY", Some("R/P3M"), Some(90.0)))),
        ("实时", Some(("UPDATE_CONT", Some("R/PT1S"), Some(1.0 / 86_400.0)))),
        ("不定期", Some(("IRREG", None, None))),
        ("Ponctuelle", Some(("NEVER", None, None))),
        ("Trimestrielle", Some(("QUARTERLY", Some("R/P3M"), Some(90.0)))),
        ("R/P", None),
        ("sometimes", None),
        ("", None),
    ] {
        let got = Frequency::of_words(text);
        assert_eq!(got.as_ref().map(|f| (f.code, f.iso.as_deref(), f.days())), want, "{text}");
    }
}

#[test]
fn licences_are_identified_where_that_is_certain() {
    for (text, id) in [
        ("https://creativecommons.org/publicdomain/zero/1.0/", Some("CC0-1.0")),
        ("http://creativecommons.org/licenses/by/3.0/", Some("CC-BY-3.0")),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/deed.fr", Some("CC-BY-NC-SA-4.0")),
        ("https://creativecommons.org/licenses/by/3.0/at/legalcode", Some("CC-BY-3.0-AT")),
        ("https://creativecommons.org/licenses/by-nd-nc/1.0/", Some("CC-BY-NC-ND-1.0")),
        ("https://creativecommons.org/licenses/by/3.0/fr/", None),
        ("Creative Commons Attribution 4.0 International", Some("CC-BY-4.0")),
        ("Creative Commons Attribution-NonCommercial-NoDerivatives 3.0", Some("CC-BY-NC-ND-3.0")),
        ("Creative Commons Attribution", None),
        ("cc-by", None),
        ("cc-zero", Some("CC0-1.0")),
        ("CC BY-SA 4.0", Some("CC-BY-SA-4.0")),
        ("cc-by-4.0", Some("CC-BY-4.0")),
        ("http://publications.europa.eu/resource/authority/licence/CC_BYNCND_3_0", Some("CC-BY-NC-ND-3.0")),
        ("http://publications.europa.eu/resource/authority/licence/CC_BY_4_0", Some("CC-BY-4.0")),
        ("http://publications.europa.eu/resource/authority/licence/COM_REUSE", None),
        ("OKD Compliant::Open Data Commons Open Database License (ODbL)", Some("ODbL-1.0")),
        ("https://opendatacommons.org/licenses/odbl/1-0/", Some("ODbL-1.0")),
        ("odc-pddl", Some("PDDL-1.0")),
        ("lov2", Some("etalab-2.0")),
        ("Licence Ouverte Version 2.0", Some("etalab-2.0")),
        ("Licence Ouverte Version 1.0", None),
        ("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", Some("OGL-UK-3.0")),
        ("uk-ogl", None),
        ("http://dcat-ap.de/def/licenses/dl-by-de/2.0", Some("DL-DE-BY-2.0")),
        ("https://spdx.org/licenses/BSD-3-Clause.html", Some("BSD-3-Clause")),
        ("bsd-3-clause", Some("BSD-3-Clause")),
        ("https://www.usa.gov/government-works", None),
        ("other-open", None),
        ("notspecified", None),
    ] {
        for license in [
            License { name: Some(text.to_owned()), ..License::default() },
            License { title: Some(text.to_owned()), ..License::default() },
            License { path: Some(text.to_owned()), ..License::default() },
        ] {
            assert_eq!(licence(&license), id, "{license:?}");
        }
    }
    let text = |text: &str| Some(text.to_owned());
    let two = License { name: text("cc-by-4.0"), title: None, path: text("http://creativecommons.org/licenses/by/3.0/") };
    assert_eq!(licence(&two), None, "a name and an address that contradict each other");
}

#[test]
fn formats_have_one_media_type() {
    for (text, want) in [
        ("CSV", Some("text/csv")),
        (".arrow", Some("application/vnd.apache.arrow.file")),
        ("http://www.iana.org/assignments/media-types/text/csv", Some("text/csv")),
        ("http://publications.europa.eu/resource/authority/file-type/GEOJSON", Some("application/geo+json")),
        ("text/csv; charset=utf-8", Some("text/csv")),
        ("Esri Shapefile", Some("application/vnd.shp")),
        ("API", None),
        ("notareal/type", None),
        ("", None),
    ] {
        assert_eq!(media_type(text), want, "{text}");
    }
}
