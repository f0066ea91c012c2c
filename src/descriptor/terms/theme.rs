//! Themes: the EU's authority list of data themes, and which of them other lists and words mean.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{folded, last_part};

/// The EU authority list's data themes (<http://publications.europa.eu/resource/authority/data-theme>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    Agriculture,
    Economy,
    Education,
    Energy,
    Environment,
    Government,
    Health,
    International,
    Justice,
    Regions,
    Society,
    Science,
    Transport,
    Provisional,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Agriculture,
        Self::Economy,
        Self::Education,
        Self::Energy,
        Self::Environment,
        Self::Government,
        Self::Health,
        Self::International,
        Self::Justice,
        Self::Regions,
        Self::Society,
        Self::Science,
        Self::Transport,
        Self::Provisional,
    ];

    /// The theme that a text means where that is certain: a code, URI or title of the EU's list, one of Shanghai's twelve fields, a topic
    /// of ISO 19115 or INSPIRE, or a word in use. `None` for the rest, as for a text that means two themes.
    pub fn of_words(text: &str) -> Option<Self> {
        static BY_WORDS: LazyLock<HashMap<String, Theme>> = LazyLock::new(|| {
            let pairs = words().map(|(word, theme)| (folded(word), theme));
            pairs
                .chain(Theme::ALL.into_iter().flat_map(|theme| [(folded(theme.code()), theme), (folded(theme.title()), theme)]))
                .collect()
        });
        if let Some((_, inspire)) = text.rsplit_once("inspire.ec.europa.eu/theme/") {
            return INSPIRE.iter().find(|(_, codes)| codes.contains(&inspire.trim_end_matches('/'))).map(|(theme, _)| *theme);
        }
        // A page about something tells by its last part as little as a thesaurus's number does.
        let is_list = |list: &str| text.contains(list);
        let is_uri = text.contains("://");
        if is_uri && !LISTS.iter().any(|list| is_list(list)) {
            return None;
        }
        BY_WORDS.get(&folded(last_part(text))).copied()
    }

    /// The EU's code, such as `TRAN`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Agriculture => "AGRI",
            Self::Economy => "ECON",
            Self::Education => "EDUC",
            Self::Energy => "ENER",
            Self::Environment => "ENVI",
            Self::Government => "GOVE",
            Self::Health => "HEAL",
            Self::International => "INTR",
            Self::Justice => "JUST",
            Self::Regions => "REGI",
            Self::Society => "SOCI",
            Self::Science => "TECH",
            Self::Transport => "TRAN",
            Self::Provisional => "OP_DATPRO",
        }
    }

    /// One word for it: what a schema is named.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agriculture => "agriculture",
            Self::Economy => "economy",
            Self::Education => "education",
            Self::Energy => "energy",
            Self::Environment => "environment",
            Self::Government => "government",
            Self::Health => "health",
            Self::International => "international",
            Self::Justice => "justice",
            Self::Regions => "regions",
            Self::Society => "society",
            Self::Science => "science",
            Self::Transport => "transport",
            Self::Provisional => "provisional",
        }
    }

    /// Its title in English.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Agriculture => "Agriculture, fisheries, forestry and food",
            Self::Economy => "Economy and finance",
            Self::Education => "Education, culture and sport",
            Self::Energy => "Energy",
            Self::Environment => "Environment",
            Self::Government => "Government and public sector",
            Self::Health => "Health",
            Self::International => "International issues",
            Self::Justice => "Justice, legal system and public safety",
            Self::Regions => "Regions and cities",
            Self::Society => "Population and society",
            Self::Science => "Science and technology",
            Self::Transport => "Transport",
            Self::Provisional => "Provisional data",
        }
    }

    /// Its URI.
    pub fn uri(self) -> String {
        format!("http://publications.europa.eu/resource/authority/data-theme/{}", self.code())
    }
}

/// Lists of themes whose URIs end in a code or a word that is looked up here.
const LISTS: &[&str] = &[
    "/authority/data-theme/",
    "/vocab/data-theme/",
    "/metadata-codelist/TopicCategory/",
    "MD_TopicCategoryCode",
    "/kos/sector-publico/sector/",
];

/// INSPIRE's themes (<https://inspire.ec.europa.eu/theme>) that stand in one of the EU's.
const INSPIRE: &[(Theme, &[&str])] = &[
    (Theme::Agriculture, &["af"]),
    (Theme::Energy, &["er"]),
    (Theme::Environment, &["ac", "br", "ef", "hb", "hy", "mf", "nz", "of", "ps", "sd", "sr"]),
    (Theme::Government, &["us"]),
    (Theme::Health, &["hh"]),
    (Theme::Regions, &["ad", "au", "bu", "cp", "gn", "lu"]),
    (Theme::Society, &["pd"]),
    (Theme::Transport, &["tn"]),
];

/// A line for some words: a theme's code, a colon, the words with bars between them.
const WORDS: &str = include_str!("themes.txt");

/// The words that mean a theme, each with it.
fn words() -> impl Iterator<Item = (&'static str, Theme)> {
    let lines = WORDS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    lines.flat_map(|(code, words)| {
        let theme = Theme::ALL.into_iter().find(|theme| theme.code() == code);
        words.split(" | ").filter_map(move |word| Some((word, theme?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_one_theme() {
        let mut seen: HashMap<String, Theme> = HashMap::new();
        for (word, theme) in words() {
            let before = seen.insert(folded(word), theme);
            assert!(before.is_none_or(|before| before == theme), "{word:?} stands in {before:?} and {theme:?}");
        }
        let lines = WORDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let known = |line: &str| Theme::ALL.into_iter().any(|theme| line.starts_with(&format!("{}: ", theme.code())));
        assert!(lines.into_iter().all(known), "each line starts with a code");
        for theme in Theme::ALL {
            assert_eq!(seen.get(&folded(theme.title())).copied().unwrap_or(theme), theme);
            for text in [theme.code(), theme.title(), &theme.uri()] {
                assert_eq!(Theme::of_words(text), Some(theme), "{text}");
            }
        }
    }
}
