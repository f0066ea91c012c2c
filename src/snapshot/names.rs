//! Column names: as published to the letter, but trimmed, never empty and never twice.

use std::collections::HashSet;

/// The names of a table's columns, and for each the published one where it differs. Blanks around a name are taken off, an empty one
/// becomes `column_N` (its 1-based place), a second `name` becomes `name_2`.
pub(super) fn unique(published: &[String]) -> (Vec<String>, Vec<Option<String>>) {
    let plain: Vec<&str> = published.iter().map(|p| p.trim_ascii()).collect();
    let mut taken: HashSet<String> = plain.iter().filter(|p| !p.is_empty()).map(|p| (*p).to_owned()).collect();
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(plain.len());
    for (i, name) in plain.iter().enumerate() {
        let name = if name.is_empty() {
            free(&format!("column_{}", i + 1), 1, &mut taken)
        } else if seen.insert(*name) {
            (*name).to_owned()
        } else {
            free(name, 2, &mut taken)
        };
        names.push(name);
    }
    let originals = published.iter().zip(&names).map(|(p, n)| (p != n).then(|| p.clone())).collect();
    (names, originals)
}

/// The first of `name` (when `from` is 1), `name_2`, `name_3` and so on that is not taken; it then is.
fn free(name: &str, from: usize, taken: &mut HashSet<String>) -> String {
    let mut n = from;
    loop {
        let candidate = if n == 1 { name.to_owned() } else { format!("{name}_{n}") };
        if taken.insert(candidate.clone()) {
            return candidate;
        }
        n += 1;
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
            (&["column_2", ""], &["column_2", "column_2_2"]),
            (&[" Test", "PM_US Post", "番号　"], &["Test", "PM_US Post", "番号　"]),
        ] {
            let published: Vec<String> = published.iter().map(|p| (*p).to_owned()).collect();
            assert_eq!(unique(&published).0, want);
        }
        assert_eq!(unique(&[" Test".to_owned()]).1, [Some(" Test".to_owned())]);
    }
}
