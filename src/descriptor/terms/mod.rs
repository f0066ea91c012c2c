//! What published terms mean, by the code lists they are taken from: themes, frequencies, licences, media types, languages. Each
//! function reads a text as published and answers where that is certain; the published text itself stays where it was.

mod frequency;
mod language;
mod licence;
mod media;
mod theme;

pub use frequency::Frequency;
pub use language::{language, language_code};
pub use licence::licence;
pub use media::media_type;
pub use theme::Theme;

use unicode_normalization::UnicodeNormalization;

/// A text as the tables here are looked up by: lower case, marks and widths folded, words parted by single blanks, and without the
/// small words that join others (`and`, `et`, `und`).
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in plain(text).split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| !word.is_empty()) {
        if matches!(word, "and" | "et" | "und" | "y" | "e" | "en" | "the") && !out.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Lower case, without accents, full-width letters as plain ones.
fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let is_accent = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    text.nfkd().filter(|c| !is_accent(c)).nfc().collect::<String>().to_lowercase()
}

/// The last part of a URI's path or its fragment; other texts as they are.
fn last_part(text: &str) -> &str {
    let text = text.trim();
    match text.split_once("://") {
        Some((_, rest)) => rest.trim_end_matches(['/', '#']).rsplit(['/', '#']).next().unwrap_or(rest),
        None => text,
    }
}

#[cfg(test)]
mod tests;
