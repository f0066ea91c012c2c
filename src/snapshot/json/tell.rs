//! Telling: whether a text is JSON by how it begins, whatever it is called.

use serde::de::IgnoredAny;

use super::special;

/// A text's beginning, and whether that is all of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::snapshot) struct Start<'a> {
    text: &'a str,
    whole: bool,
}

impl<'a> Start<'a> {
    /// Of the first bytes of a text; those of a character that is cut off at their end are left out.
    pub(in crate::snapshot) fn of(head: &'a [u8], whole: bool) -> Self {
        let end = std::str::from_utf8(head).map_or_else(|e| e.valid_up_to(), str::len);
        let text = std::str::from_utf8(&head[..end]).unwrap_or_default();
        // A record separator begins each text of a sequence (RFC 7464).
        Self { text: text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{1e}' || c == '\u{feff}'), whole }
    }

    /// Where the first value ends, inner `None` when it goes on behind the beginning; `None` when this is not JSON.
    fn value(&self) -> Option<Option<usize>> {
        let numbers = special::replace(self.text, std::iter::once(0..self.text.len()));
        let text = numbers.as_ref().map_or(self.text, |replaced| &replaced.text);
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        match values.next()? {
            Ok(IgnoredAny) => Some(Some(values.byte_offset())),
            Err(e) => (e.is_eof() && !self.whole).then_some(None),
        }
    }

    /// Whether an array of records begins here.
    fn is_table(&self) -> bool {
        self.text.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'))
    }

    /// Whether a text that is said to be something else is JSON: objects, or an array of objects or arrays, with nothing else behind the
    /// first value on its line.
    pub(in crate::snapshot) fn is_json(&self) -> bool {
        let inner = |open: char| self.text.strip_prefix(open).and_then(|rest| rest.trim_start().chars().next());
        if inner('{') != Some('"') && !matches!(inner('['), Some('{' | '[')) {
            return false;
        }
        match self.value() {
            None => false,
            Some(None) => true,
            Some(Some(end)) => {
                let rest = &self.text[end..];
                let next = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{1e}');
                let behind_comma = next.strip_prefix(',').map_or("\n", |rest| &rest[..rest.len() - rest.trim_start().len()]);
                next.is_empty() || next.starts_with(['{', '[']) || next.starts_with(',') && behind_comma.contains('\n')
            }
        }
    }

    /// Whether a text that is said to be JSON is delimited: it begins with no array, object or other value of JSON, and its first line of
    /// several has a delimiter. Pages and other documents count too, as their names are known where delimited text is read.
    pub(in crate::snapshot) fn is_delimited(&self) -> bool {
        if self.text.starts_with('<') {
            return true;
        }
        if self.text.is_empty() || self.text.starts_with(['{', '[']) {
            return false;
        }
        let Some((first, rest)) = self.text.split_once('\n') else { return false };
        let line = first.trim_end().trim_end_matches(',');
        let is_value = Start { text: line, whole: true }.value() == Some(Some(line.len()));
        let goes_on = rest.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| !line.starts_with('{'));
        first.contains([',', ';', '\t', '|']) && !is_value && goes_on
    }

    /// Whether a text that is said to have one record a line has not: its first value goes on over the end of its line, or is an array
    /// of records and the only value.
    pub(in crate::snapshot) fn is_over_lines(&self) -> bool {
        let line = self.text.find('\n');
        match self.value() {
            None => false,
            Some(None) => line.is_some() || self.is_table(),
            Some(Some(end)) => {
                line.is_some_and(|line| line < end) || self.whole && self.is_table() && self.text[end..].trim().is_empty()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_by_how_they_begin() {
        // Whether the text is all: then JSON in place of something else, something else in place of JSON, and JSON in place of lines.
        for (text, whole, want) in [
            ("[{\"id\":1},\n{\"id\":2}]", true, "json over"),
            ("[{\"id\":1},{\"id\":2}]\n", true, "json over"),
            ("[{\"id\":1},{\"id\":", false, "json over"),
            ("[[\"a\"],[1]]", true, "json"),
            ("\u{1e}{\"a\":NaN}\n\u{1e}{\"a\":2}\n", true, "json"),
            ("{\"a\":1},\n{\"a\":2}", true, "json"),
            ("{\"a\":1}{\"a\":2}", true, "json"),
            ("{\n\"a\":1\n}", true, "json over"),
            ("{\"a\":{\n\"b\":", false, "json over"),
            ("{\"a\":", true, ""),
            ("{\"a\":1},5\n", true, ""),
            ("{\"a\":1},{\"b\":1}\n", true, ""),
            ("[id],[name]\n1,2\n", true, ""),
            ("[1,2],[3]\n", true, ""),
            ("{a},b\n", true, ""),
            ("id,name\n1,a\n", true, "delimited"),
            ("\"id\";\"name\"\n1;a\n", true, "delimited"),
            ("<html>", true, "delimited"),
            ("1\n2\n", true, ""),
            ("\"x, y\"\n\"z\"\n", true, ""),
            ("garbage, here\n{\"a\":1}\n", true, ""),
            ("call({\"a\":1,\"b\":2});", true, ""),
            ("", true, ""),
        ] {
            let start = Start::of(text.as_bytes(), whole);
            let of = [(start.is_json(), "json"), (start.is_delimited(), "delimited"), (start.is_over_lines(), "over")];
            let got: Vec<&str> = of.iter().filter(|(is, _)| *is).map(|(_, what)| *what).collect();
            assert_eq!(got.join(" "), want, "{text:?}");
        }
    }
}
