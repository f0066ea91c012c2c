//! Languages: the BCP 47 tag (RFC 5646) of what is published as one.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{last_part, plain};

/// The BCP 47 tag that a text means where that is certain, such as `en`, `en-US` or `zh-Hans`: a tag in any spelling, ISO 639's codes of two
/// or three letters, a URI of the EU's list or of the Library of Congress, a name in English or in the language itself.
pub fn language(text: &str) -> Option<String> {
    static BY_WORD: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        LANGUAGES.iter().flat_map(|(tag, words)| words.iter().map(|word| (*word, *tag)).chain([(*tag, *tag)])).collect()
    });
    let word = plain(last_part(text));
    if let Some(tag) = BY_WORD.get(word.as_str()) {
        return Some((*tag).to_owned());
    }
    let (language, rest) = word.split_once(['-', '_'])?;
    match (BY_WORD.get(language), BY_WORD.get(rest)) {
        (Some(tag), _) if language.len() <= 3 => subtags(rest).map(|rest| format!("{tag}-{rest}")),
        // Turned around, as `us-EN` is published.
        (None, Some(tag)) if rest.len() == 2 && language.len() == 2 => subtags(language).map(|region| format!("{tag}-{region}")),
        (Some(_) | None, _) => None,
    }
}

/// The code of three letters of the EU's list (<http://publications.europa.eu/resource/authority/language>) for a text that means a language,
/// such as `DEU`.
pub fn language_code(text: &str) -> Option<String> {
    let tag = language(text)?;
    let base = tag.split('-').next().unwrap_or(&tag);
    let (_, words) = LANGUAGES.iter().find(|(listed, _)| *listed == base)?;
    words.first().map(|code| code.to_ascii_uppercase())
}

/// The subtags behind a language in their usual spelling: scripts as `Hans`, regions as `US` or `419`. `None` when one is neither.
fn subtags(rest: &str) -> Option<String> {
    let spelled = rest.split(['-', '_']).map(|part| {
        let is_word = part.bytes().all(|b| b.is_ascii_alphabetic());
        match part.len() {
            2 if is_word => Some(part.to_ascii_uppercase()),
            3 if part.bytes().all(|b| b.is_ascii_digit()) => Some(part.to_owned()),
            4 if is_word => Some(format!("{}{}", part[..1].to_ascii_uppercase(), &part[1..])),
            _ => None,
        }
    });
    spelled.collect::<Option<Vec<_>>>().map(|parts| parts.join("-"))
}

/// By tag: ISO 639-2 and 639-3 codes and names, in lower case and without accents.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("ar", &["ara", "arabic", "العربية"]),
    ("bg", &["bul", "bulgarian"]),
    ("bn", &["ben", "bengali"]),
    ("bs", &["bos", "bosnian"]),
    ("ca", &["cat", "catalan", "catala"]),
    ("cs", &["ces", "cze", "czech", "cestina"]),
    ("cy", &["cym", "wel", "welsh", "cymraeg"]),
    ("da", &["dan", "danish", "dansk"]),
    ("de", &["deu", "ger", "german", "deutsch", "allemand"]),
    ("el", &["ell", "gre", "greek", "ελληνικα"]),
    ("en", &["eng", "english", "anglais", "ingles", "英语", "英文"]),
    ("es", &["spa", "spanish", "espanol", "castellano", "espagnol"]),
    ("et", &["est", "estonian", "eesti"]),
    ("eu", &["eus", "baq", "basque", "euskara"]),
    ("fa", &["fas", "per", "persian"]),
    ("fi", &["fin", "finnish", "suomi"]),
    ("fr", &["fra", "fre", "french", "francais"]),
    ("ga", &["gle", "irish", "gaeilge"]),
    ("gl", &["glg", "galician", "galego"]),
    ("he", &["heb", "hebrew"]),
    ("hi", &["hin", "hindi"]),
    ("hr", &["hrv", "croatian", "hrvatski"]),
    ("hu", &["hun", "hungarian", "magyar"]),
    ("id", &["ind", "indonesian", "bahasa indonesia"]),
    ("is", &["isl", "ice", "icelandic"]),
    ("it", &["ita", "italian", "italiano", "italien"]),
    ("ja", &["jpn", "japanese", "日本語", "日语"]),
    ("ka", &["kat", "geo", "georgian"]),
    ("kk", &["kaz", "kazakh"]),
    ("ko", &["kor", "korean", "한국어"]),
    ("lb", &["ltz", "luxembourgish"]),
    ("lt", &["lit", "lithuanian", "lietuviu"]),
    ("lv", &["lav", "latvian", "latviesu"]),
    ("mk", &["mkd", "mac", "macedonian"]),
    ("ms", &["msa", "may", "malay"]),
    ("mt", &["mlt", "maltese", "malti"]),
    ("nb", &["nob", "bokmal", "norwegian bokmal"]),
    ("nl", &["nld", "dut", "dutch", "nederlands"]),
    ("nn", &["nno", "nynorsk", "norwegian nynorsk"]),
    ("no", &["nor", "norwegian", "norsk"]),
    ("oc", &["oci", "occitan"]),
    ("pl", &["pol", "polish", "polski"]),
    ("pt", &["por", "portuguese", "portugues", "portugais"]),
    ("rm", &["roh", "romansh"]),
    ("ro", &["ron", "rum", "romanian", "romana"]),
    ("ru", &["rus", "russian", "русскии"]),
    ("sk", &["slk", "slo", "slovak", "slovencina"]),
    ("sl", &["slv", "slovenian", "slovene", "slovenscina"]),
    ("sq", &["sqi", "alb", "albanian", "shqip"]),
    ("sr", &["srp", "serbian", "srpski"]),
    ("sv", &["swe", "swedish", "svenska"]),
    ("sw", &["swa", "swahili"]),
    ("ta", &["tam", "tamil"]),
    ("th", &["tha", "thai"]),
    ("tr", &["tur", "turkish", "turkce"]),
    ("uk", &["ukr", "ukrainian", "украінська"]),
    ("ur", &["urd", "urdu"]),
    ("vi", &["vie", "vietnamese"]),
    ("zh", &["zho", "chi", "chinese", "中文", "汉语"]),
    ("zh-Hans", &["简体中文", "simplified chinese", "chinese (simplified)"]),
    ("zh-Hant", &["繁體中文", "繁体中文", "traditional chinese", "chinese (traditional)"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_one_language() {
        let mut seen = HashMap::new();
        for (tag, words) in LANGUAGES {
            for word in words.iter().chain([tag]) {
                assert_eq!(seen.insert(*word, *tag), None, "{word} stands twice");
                assert!(language(word).is_some_and(|found| found == *tag), "{word} is not found");
            }
        }
    }

    #[test]
    fn tags_are_spelled_as_they_are_registered() {
        for (text, want) in [
            ("en-us", Some("en-US")),
            ("en_GB", Some("en-GB")),
            ("zh-hans", Some("zh-Hans")),
            ("zh_hant_TW", Some("zh-Hant-TW")),
            ("es-419", Some("es-419")),
            ("us-EN", Some("en-US")),
            ("ENG", Some("en")),
            (" Français ", Some("fr")),
            ("http://publications.europa.eu/resource/authority/language/DEU", Some("de")),
            ("http://id.loc.gov/vocabulary/iso639-1/ca", Some("ca")),
            ("en, ar", None),
            ("sp-US", None),
            ("xx", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(language(text).as_deref(), want, "{text}");
        }
    }
}
