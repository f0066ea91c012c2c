//! Column names: as published to the letter, but trimmed, on one line, never empty and never twice.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::columns::ADDED;

/// A published name on one line: blanks around it are taken off, and line ends, tabs and other control characters within it become one
/// blank, together with the blanks beside them. A name that a format [`ADDED`] stays as it is.
pub(super) fn plain(published: &str) -> Cow<'_, str> {
    if published.starts_with(ADDED) {
        return Cow::Borrowed(published);
    }
    let is_space = |c: char| c == ' ' || c.is_control();
    let name = published.trim_matches(is_space);
    if !name.contains(char::is_control) {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(from) = rest.find(is_space) {
        let blanks = &rest[from..];
        let len = blanks.find(|c| !is_space(c)).unwrap_or(blanks.len());
        out.push_str(&rest[..from]);
        out.push_str(if blanks[..len].contains(char::is_control) { " " } else { &blanks[..len] });
        rest = &blanks[len..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The names of a table's columns, and for each the published one where it differs. Each is a [`plain`] one; an empty one becomes
/// `column_N` (its 1-based place), a second `name` becomes `name_2`.
pub(super) fn unique(published: &[String]) -> (Vec<String>, Vec<Option<String>>) {
    let plain: Vec<Cow<'_, str>> = published.iter().map(|p| plain(p)).collect();
    let plain: Vec<&str> = plain.iter().map(Cow::as_ref).collect();
    let mut taken: HashSet<String> = plain.iter().filter(|p| !p.is_empty()).map(|p| (*p).to_owned()).collect();
    // The number that the next of a name may get: all before it are taken.
    let mut next: HashMap<&str, usize> = HashMap::new();
    let mut names = Vec::with_capacity(plain.len());
    for (i, name) in plain.iter().enumerate() {
        let name = if name.is_empty() {
            free(&format!("column_{}", i + 1), &mut 1, &mut taken)
        } else if let Some(from) = next.get_mut(name) {
            free(name, from, &mut taken)
        } else {
            next.insert(*name, 2);
            (*name).to_owned()
        };
        names.push(name);
    }
    let originals = published.iter().zip(&names).map(|(p, n)| (p != n).then(|| p.clone())).collect();
    (names, originals)
}

/// The first of `name` (when `from` is 1), `name_2`, `name_3` and so on that is not taken; it then is, and `from` is behind it.
fn free(name: &str, from: &mut usize, taken: &mut HashSet<String>) -> String {
    loop {
        let candidate = if *from == 1 { name.to_owned() } else { format!("{name}_{from}") };
        *from += 1;
        if taken.insert(candidate.clone()) {
            return candidate;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_never_empty() {
        for (published, want) in [
            (&["id", "", "id", "id"][..], &["id", "column_2", "id_2", "id_3"][..]),
            (&["a", "a", "a_2"], &["a", "a_3", "a_2"]),
            (&["a", "a", "a_3", "a"], &["a", "a_2", "a_3", "a_4"]),
            (&["column_2", ""], &["column_2", "column_2_2"]),
            (&[" Test", "PM_US Post", "番号　"], &["Test", "PM_US Post", "番号　"]),
            (
                &["\t\n\u{b}\u{c}\r start \t\r\n end \n", "b  c", "Full-time \nequivalent"],
                &["start end", "b  c", "Full-time equivalent"],
            ),
            (&["\n", "\t"], &["column_1", "column_2"]),
        ] {
            let published: Vec<String> = published.iter().map(|p| (*p).to_owned()).collect();
            assert_eq!(unique(&published).0, want);
        }
        assert_eq!(unique(&[" Test".to_owned()]).1, [Some(" Test".to_owned())]);
    }
}
