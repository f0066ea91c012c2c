//! Licences: the SPDX identifier (<https://spdx.org/licenses>) of what is published as one, by name, title or address.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::plain;
use crate::descriptor::License;

/// The SPDX identifier of a licence where that is certain: `None` for one without a version where there are several, for one that SPDX
/// does not list, and where its name and its address mean different ones.
pub fn licence(licence: &License) -> Option<&'static str> {
    let told = [&licence.name, &licence.path, &licence.title];
    let mut found = told.into_iter().flatten().filter_map(|text| of_text(text));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

fn of_text(text: &str) -> Option<&'static str> {
    static BY_TEXT: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
        let others = OTHERS.iter().flat_map(|(id, texts)| texts.iter().chain([id]).map(|text| (key(text), *id)));
        others.chain(CREATIVE_COMMONS.iter().map(|id| (key(id), *id))).collect()
    });
    // A page of terms in whole is no name.
    if text.len() > 300 {
        return None;
    }
    let text = key(text);
    BY_TEXT.get(&text).copied().or_else(|| creative_commons(&text))
}

/// A text as the tables are looked up by: lower case, without the address's scheme, `www.` and ending, blanks in place of marks.
fn key(text: &str) -> String {
    let text = plain(text.trim());
    let text = text.strip_prefix("okd compliant::").or_else(|| text.strip_prefix("osi approved::")).unwrap_or(&text);
    let (text, is_address) = match text.split_once("://") {
        Some((_, rest)) => (rest.strip_prefix("www.").unwrap_or(rest), true),
        None => (text, false),
    };
    // Lists whose last part is a name.
    let lists = [
        "spdx.org/licenses/",
        "/authority/licence/",
        "dcat-ap.de/def/licenses/",
        "/vocab/license/todo/",
        "opendefinition.org/licenses/",
    ];
    let listed = lists.iter().find_map(|list| text.split_once(list)).map(|(_, name)| name);
    let is_address = is_address && listed.is_none();
    let text = listed.unwrap_or(text).trim_end_matches('/');
    let text = [".html", ".htm", ".txt", ".json", "/legalcode"]
        .into_iter()
        .fold(text, |text, end| text.strip_suffix(end).unwrap_or(text));
    let text = if is_address { text.split(['?', '#']).next().unwrap_or(text) } else { text };
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '+').map(|word| word.trim_matches('.'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A licence of Creative Commons by the words of its name or address, which must all be known.
fn creative_commons(key: &str) -> Option<&'static str> {
    let rest = ["creativecommons.org licenses ", "creativecommons.org publicdomain ", "creative commons ", "cc "]
        .into_iter()
        .find_map(|start| key.strip_prefix(start))?;
    let (mut by, mut nc, mut nd, mut sa) = (false, false, false, false);
    let (mut zero, mut mark) = (false, false);
    let (mut version, mut port) = (None, None);
    let rest = [
        "non commercial",
        "share alike",
        "no derivatives",
        "no derivative works",
        "no derivs",
        "public domain mark",
        "3 0",
        "4 0",
        "2 0",
        "2 5",
    ]
    .into_iter()
    .fold(format!(" {rest} "), |rest, words| {
        let joined =
            if words.starts_with(|c: char| c.is_ascii_digit()) { words.replace(' ', ".") } else { words.replace(' ', "") };
        rest.replace(&format!(" {words} "), &format!(" {joined} "))
    });
    // Pages in a language of their own: `deed.fr`.
    for word in rest.split_whitespace().filter(|word| !word.starts_with("deed")) {
        match word {
            "by" | "attribution" | "namensnennung" | "reconocimiento" | "attribuzione" => by = true,
            "nc" | "noncommercial" => nc = true,
            "nd" | "noderivatives" | "noderivs" | "noderivativeworks" => nd = true,
            "sa" | "sharealike" => sa = true,
            "bync" => (by, nc) = (true, true),
            "bynd" => (by, nd) = (true, true),
            "bysa" => (by, sa) = (true, true),
            "byncnd" | "byndnc" => (by, nc, nd) = (true, true, true),
            "byncsa" => (by, nc, sa) = (true, true, true),
            "zero" | "cc0" | "cczero" | "0" => zero = true,
            "mark" | "pdm" | "publicdomainmark" => mark = true,
            "1.0" | "2.0" | "2.1" | "2.5" | "3.0" | "4.0" => version = Some(word),
            "3" | "v3.0" => version = Some("3.0"),
            "4" | "v4.0" => version = Some("4.0"),
            "international" | "unported" | "generic" | "license" | "licence" | "public" | "universal" | "dedication"
            | "domain" | "creative" | "commons" | "cc" | "version" | "lizenz" | "the" => {}
            port_of if PORTS.contains(&port_of) && port.is_none() => port = Some(port_of),
            _ => return None,
        }
    }
    let id = match (zero, mark, by) {
        (true, false, false) => format!("cc0-{}", version.unwrap_or("1.0")),
        (false, true, false) => format!("cc-pdm-{}", version.unwrap_or("1.0")),
        (false, false, true) => {
            let parts = [(nc, "-nc"), (nd, "-nd"), (sa, "-sa")].into_iter().filter(|(has, _)| *has).map(|(_, part)| part);
            format!("cc-by{}-{}{}", parts.collect::<String>(), version?, port.map(|port| format!("-{port}")).unwrap_or_default())
        }
        _ => return None,
    };
    CREATIVE_COMMONS.iter().find(|listed| listed.eq_ignore_ascii_case(&id)).copied()
}

/// Where licences of Creative Commons were fitted to a country's law, as SPDX lists them and as others do.
const PORTS: &[&str] =
    &["at", "au", "de", "igo", "nl", "us", "fr", "uk", "jp", "es", "it", "ch", "ie", "nz", "ca", "br", "pt", "tw", "cn", "hk"];

/// SPDX's identifiers of what Creative Commons made.
const CREATIVE_COMMONS: &[&str] = &[
    "CC0-1.0",
    "CC-PDDC",
    "CC-PDM-1.0",
    "CC-BY-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-2.5-AU",
    "CC-BY-3.0",
    "CC-BY-3.0-AT",
    "CC-BY-3.0-AU",
    "CC-BY-3.0-DE",
    "CC-BY-3.0-IGO",
    "CC-BY-3.0-NL",
    "CC-BY-3.0-US",
    "CC-BY-4.0",
    "CC-BY-NC-1.0",
    "CC-BY-NC-2.0",
    "CC-BY-NC-2.5",
    "CC-BY-NC-3.0",
    "CC-BY-NC-3.0-DE",
    "CC-BY-NC-4.0",
    "CC-BY-NC-ND-1.0",
    "CC-BY-NC-ND-2.0",
    "CC-BY-NC-ND-2.5",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-3.0-DE",
    "CC-BY-NC-ND-3.0-IGO",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-1.0",
    "CC-BY-NC-SA-2.0",
    "CC-BY-NC-SA-2.0-DE",
    "CC-BY-NC-SA-2.0-FR",
    "CC-BY-NC-SA-2.0-UK",
    "CC-BY-NC-SA-2.5",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-3.0-DE",
    "CC-BY-NC-SA-3.0-IGO",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-1.0",
    "CC-BY-ND-2.0",
    "CC-BY-ND-2.5",
    "CC-BY-ND-3.0",
    "CC-BY-ND-3.0-DE",
    "CC-BY-ND-4.0",
    "CC-BY-SA-1.0",
    "CC-BY-SA-2.0",
    "CC-BY-SA-2.0-UK",
    "CC-BY-SA-2.1-JP",
    "CC-BY-SA-2.5",
    "CC-BY-SA-3.0",
    "CC-BY-SA-3.0-AT",
    "CC-BY-SA-3.0-DE",
    "CC-BY-SA-3.0-IGO",
    "CC-BY-SA-4.0",
];

/// Other licences in use for data: SPDX's identifier, then other names, EU codes and addresses.
const OTHERS: &[(&str, &[&str])] = &[
    ("CC0-1.0", &["CC0", "cc-zero", "cczero", "CC0 1.0", "CC0 1.0 Universal", "Creative Commons CCZero"]),
    ("CC-BY-4.0", &["cc-by/4.0", "CC BY 4.0", "CCBY4.0"]),
    ("CC-BY-SA-4.0", &["cc-by-sa/4.0"]),
    ("CC-BY-NC-4.0", &["cc-by-nc/4.0"]),
    ("CC-BY-ND-4.0", &["cc-by-nd/4.0"]),
    (
        "PDDL-1.0",
        &[
            "PDDL",
            "odc-pddl",
            "ODC_PDDL",
            "odcpddl",
            "odc-pddl-1.0",
            "Open Data Commons Public Domain Dedication and Licence (PDDL)",
            "Open Data Commons Public Domain Dedication and License",
            "Open Data Commons Public Domain Dedication and License v1.0",
            "Open Data Commons Public Domain Dedication & License 1.0",
            "https://opendatacommons.org/licenses/pddl/",
            "https://opendatacommons.org/licenses/pddl/1-0/",
            "https://opendatacommons.org/licenses/pddl/1.0/",
        ],
    ),
    (
        "ODC-By-1.0",
        &[
            "odc-by",
            "ODC_BY",
            "odby",
            "Open Data Commons Attribution License",
            "Open Data Commons Attribution License 1.0",
            "Open Data Commons Attribution License v1.0",
            "https://opendatacommons.org/licenses/by/",
            "https://opendatacommons.org/licenses/by/1-0/",
            "https://opendatacommons.org/licenses/by/1.0/",
        ],
    ),
    (
        "ODbL-1.0",
        &[
            "odbl",
            "odc-odbl",
            "ODC_BL",
            "ODC-ODbL",
            "Open Data Commons Open Database License (ODbL)",
            "Open Data Commons Open Database License",
            "Open Database License",
            "Open Database License (ODbL)",
            "Open Database License (ODbL) v1.0",
            "Open Data Commons Open Database License 1.0",
            "Open Data Commons Open Database License v1.0",
            "https://opendatacommons.org/licenses/odbl/",
            "https://opendatacommons.org/licenses/odbl/1-0/",
            "https://opendatacommons.org/licenses/odbl/1.0/",
            "https://opendatacommons.org/licenses/odbl/summary/",
            "Licence ODbL",
        ],
    ),
    (
        "OGL-UK-1.0",
        &[
            "OGL_1_0",
            "Open Government Licence v1.0",
            "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/1/",
        ],
    ),
    (
        "OGL-UK-2.0",
        &[
            "OGL_2_0",
            "Open Government Licence v2.0",
            "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/2/",
        ],
    ),
    (
        "OGL-UK-3.0",
        &[
            "OGL_3_0",
            "OGL v3",
            "OGL v3.0",
            "Open Government Licence v3.0",
            "Open Government Licence v3",
            "Open Government Licence 3.0",
            "Open Government Licence v3.0 (UK)",
            "Open Government Licence 3.0 (United Kingdom)",
            "UK Open Government Licence v3.0",
            "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        ],
    ),
    (
        "OGL-Canada-2.0",
        &[
            "ca-ogl-lgo",
            "Open Government Licence - Canada",
            "Open Government License - Canada",
            "https://open.canada.ca/en/open-government-licence-canada",
            "https://ouvert.canada.ca/fr/licence-du-gouvernement-ouvert-canada",
            "Licence du gouvernement ouvert – Canada",
        ],
    ),
    (
        "etalab-2.0",
        &[
            "lov2",
            "Licence Ouverte / Open Licence version 2.0",
            "Licence Ouverte v2.0",
            "Licence Ouverte v2.0 (Etalab)",
            "Licence Ouverte Version 2.0",
            "Licence Ouverte 2.0",
            "Open Licence 2.0",
            "Etalab Open License 2.0",
            "FR_LO_2_0",
            "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf",
            "https://github.com/etalab/licence-ouverte/blob/master/LO.md",
            "https://www.etalab.gouv.fr/licence-version-2-de-la-licence-ouverte-suite-a-la-consultation",
        ],
    ),
    (
        "DL-DE-BY-2.0",
        &[
            "dl-de-by-2.0",
            "dl-de/by-2-0",
            "dl-by-de/2.0",
            "DLDE_BY_2_0",
            "Datenlizenz Deutschland – Namensnennung – Version 2.0",
            "Datenlizenz Deutschland Namensnennung 2.0",
            "https://www.govdata.de/dl-de/by-2-0",
        ],
    ),
    (
        "DL-DE-ZERO-2.0",
        &[
            "dl-de-zero-2.0",
            "dl-de/zero-2-0",
            "dl-zero-de/2.0",
            "Datenlizenz Deutschland – Zero – Version 2.0",
            "Datenlizenz Deutschland Zero 2.0",
            "https://www.govdata.de/dl-de/zero-2-0",
        ],
    ),
    ("NLOD-1.0", &["https://data.norge.no/nlod/no/1.0", "https://data.norge.no/nlod/en/1.0"]),
    (
        "NLOD-2.0",
        &[
            "NLOD_2_0",
            "https://data.norge.no/nlod/no/2.0",
            "https://data.norge.no/nlod/en/2.0",
            "Norsk lisens for offentlige data (NLOD) 2.0",
        ],
    ),
    ("OGDL-Taiwan-1.0", &["政府資料開放授權條款-第1版", "https://data.gov.tw/license"]),
    ("CDLA-Permissive-1.0", &["https://cdla.io/permissive-1-0/", "https://cdla.dev/permissive-1-0/"]),
    ("CDLA-Permissive-2.0", &["https://cdla.dev/permissive-2-0/"]),
    ("CDLA-Sharing-1.0", &["https://cdla.io/sharing-1-0/", "https://cdla.dev/sharing-1-0/"]),
    ("C-UDA-1.0", &[]),
    ("O-UDA-1.0", &[]),
    ("EUPL-1.0", &["EUPL_1_0"]),
    ("EUPL-1.1", &["EUPL_1_1"]),
    (
        "EUPL-1.2",
        &["EUPL_1_2", "European Union Public Licence 1.2", "https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12"],
    ),
    (
        "MIT",
        &[
            "MIT License",
            "The MIT License",
            "mit-license",
            "https://opensource.org/licenses/MIT",
            "https://opensource.org/license/mit",
        ],
    ),
    ("MIT-0", &["MIT No Attribution", "https://opensource.org/licenses/MIT-0", "https://opensource.org/license/mit-0"]),
    ("ISC", &["ISC License", "https://opensource.org/licenses/ISC"]),
    ("0BSD", &["https://opensource.org/licenses/0BSD"]),
    (
        "BSD-2-Clause",
        &["BSD 2-Clause License", "https://opensource.org/licenses/BSD-2-Clause", "https://opensource.org/license/bsd-2-clause"],
    ),
    (
        "BSD-3-Clause",
        &[
            "BSD 3-Clause License",
            "The 3-Clause BSD License",
            "https://opensource.org/licenses/BSD-3-Clause",
            "https://opensource.org/license/bsd-3-clause",
        ],
    ),
    (
        "Apache-2.0",
        &[
            "APACHE_2_0",
            "Apache 2.0",
            "Apache License 2.0",
            "Apache License, Version 2.0",
            "https://www.apache.org/licenses/LICENSE-2.0",
            "https://opensource.org/licenses/Apache-2.0",
        ],
    ),
    ("MPL-2.0", &["MPL_2_0", "Mozilla Public License 2.0", "https://www.mozilla.org/en-US/MPL/2.0/"]),
    ("GPL-2.0-only", &["GPL-2.0", "GPL_2_0", "gpl-2.0", "https://www.gnu.org/licenses/old-licenses/gpl-2.0"]),
    ("GPL-2.0-or-later", &["GPL-2.0+"]),
    (
        "GPL-3.0-only",
        &["GPL-3.0", "GPL_3_0", "gpl/3.0", "GNU General Public License version 3.0", "https://www.gnu.org/licenses/gpl-3.0"],
    ),
    ("GPL-3.0-or-later", &["GPL-3.0+"]),
    ("LGPL-2.1-only", &["LGPL-2.1", "LGPL_2_1", "https://www.gnu.org/licenses/old-licenses/lgpl-2.1"]),
    ("LGPL-3.0-only", &["LGPL-3.0", "LGPL_3_0", "https://www.gnu.org/licenses/lgpl-3.0"]),
    ("AGPL-3.0-only", &["AGPL-3.0", "AGPL_3_0", "https://www.gnu.org/licenses/agpl-3.0"]),
    ("GFDL-1.2-only", &["GFDL-1.2"]),
    ("GFDL-1.3-only", &["GFDL-1.3", "https://www.gnu.org/licenses/fdl-1.3"]),
    ("Unlicense", &["The Unlicense", "https://unlicense.org"]),
    ("WTFPL", &["http://www.wtfpl.net"]),
];
