//! Titles: the rows above a table's header that do not name its columns, and keys with their values between names and rows. They are told by
//! their shape, and the header by `header`.

use super::header::{Head, extent, filled, fills, has_twins, is_body, is_empty, looks, names, profiles};
use super::look::Look;

/// Rows that are looked at for where the values begin.
pub(super) const TOP: usize = 40;

/// Keys above a table that is as wide as they are, at least.
const KEYS: usize = 3;

/// What the first column of a series is called.
const PERIODS: &[&str] = &[
    "year",
    "date",
    "time",
    "period",
    "month",
    "quarter",
    "day",
    "week",
    "time_period",
    "jahr",
    "datum",
    "zeit",
    "monat",
    "quartal",
    "année",
    "annee",
    "periode",
    "mois",
    "trimestre",
    "fecha",
    "año",
    "mes",
    "anno",
    "data",
    "ano",
    "mês",
    "rok",
    "år",
];

/// Rows at the top that fill one cell at most of a table that has several, when a row that fills half of its cells comes after them.
pub(super) fn leading_titles<S: AsRef<str>>(rows: &[Vec<S>], width: usize) -> usize {
    let is_title = |r: &Vec<S>| (filled(r) <= 1 && width > 2) || (r.len() <= 1 && width == 2);
    let count = rows.iter().take_while(|r| is_title(r)).count();
    match rows.get(count) {
        Some(next) if filled(next) * 2 >= width && count + 1 < rows.len() => count,
        Some(_) | None => 0,
    }
}

/// Rows at the top that are titles for being shorter than the first full row, which names columns: pairs of a key and a value, mostly, or a title
/// in two cells. They have cells from the first column on without a gap, the first of them no value, and say nothing of a column that is not named below as well.
pub(super) fn short_rows<S: AsRef<str>>(rows: &[Vec<S>], width: usize) -> usize {
    let is_padded = |row: &Vec<S>| width > 3 && row.len() >= width && (1..=2).contains(&extent(row));
    let is_short = |row: &Vec<S>| filled(row) <= 1 || filled(row) == extent(row) && (row.len() < width || is_padded(row));
    let count = rows.iter().take(TOP).take_while(|row| is_short(row)).count();
    let (above, below) = rows.split_at(count);
    let Some((full, below)) = below.split_first().filter(|(_, below)| width > 2 && !below.is_empty()) else { return 0 };
    if above.is_empty() {
        return 0;
    }
    let profiles = &profiles(below, width)[..];
    let is_apart = above.last().is_some_and(|last| is_empty(last));
    let are_names = match is_body(full, profiles, Some(below)) {
        true => false,
        false => {
            let has_words = filled(full) * 2 >= width && !looks(full).any(Look::is_value);
            names(full, profiles, below) || is_apart && has_words
        }
    };
    let second = below.first().filter(|row| names(row, profiles, &below[1..]) || fills(full, row, profiles, &below[1..]));
    let is_named = |column: usize| {
        let holds = |row: &Vec<S>| row.get(column).is_some_and(|c| !c.as_ref().trim().is_empty());
        holds(full) || second.is_some_and(holds)
    };
    let is_title = |row: &Vec<S>| !Look::of(row[0].as_ref()).is_value() && (0..extent(row)).all(is_named);
    let are_titles = above.iter().filter(|row| filled(row) > 1).all(is_title);
    let needs_gap = above.iter().any(|row| filled(row) > 1 && is_padded(row));
    if are_names && are_titles && !has_twins(full) && (is_apart || !needs_gap) { count } else { 0 }
}

/// The head of a table of which the first rows are keys with their values, as wide as the table: words stand in the first column, and then
/// digits alone begin it, over columns of numbers. The last of them is the header when it names a period, else the first that has a value.
pub(super) fn keyed<S: AsRef<str>>(rows: &[Vec<S>], width: usize) -> Option<Head> {
    let first = |row: &Vec<S>| row.first().map_or("", |c| c.as_ref().trim()).to_owned();
    let is_key = |row: &Vec<S>| {
        is_empty(row) || row.len() == width && Look::of(&first(row)) == Look::Word && !begins_with_digit(&first(row))
    };
    let keys = rows.iter().take(TOP).take_while(|row| is_key(row)).count();
    let (above, below) = rows.split_at(keys);
    let above: Vec<(usize, &Vec<S>)> = above.iter().enumerate().filter(|(_, row)| !is_empty(row)).collect();
    let has_value = |row: &Vec<S>| row[1..].iter().any(|c| Look::of(c.as_ref()).is_value());
    if width < 2 || above.len() < KEYS || below.len() < above.len() || width > 2 && !above.iter().any(|(_, row)| has_value(row)) {
        return None;
    }
    // What holds numbers as the rows below do is one of them, though a word begins it: `Total`, `unknown`.
    let is_numbers = |row: &Vec<S>| {
        let looks = || row[1..].iter().map(|c| Look::of(c.as_ref()));
        looks().any(|look| look == Look::Number) && looks().all(|look| matches!(look, Look::Number | Look::Empty))
    };
    if above[1..].iter().filter(|(_, row)| is_numbers(row)).count() * 2 >= above.len() - 1 {
        return None;
    }
    let mut names: Vec<String> = above.iter().map(|(_, row)| first(row)).collect();
    names.sort_unstable();
    let are_unique = names.windows(2).all(|pair| pair[0] != pair[1]);
    let is_row = |row: &Vec<S>| is_empty(row) || begins_with_digit(&first(row));
    let are_numbers = |column: usize| {
        let mut cells = below.iter().filter_map(|r| r.get(column)).map(|c| Look::of(c.as_ref()));
        cells.all(|look| matches!(look, Look::Number | Look::Empty))
    };
    if !are_unique || !below.iter().all(is_row) || !(1..width).all(are_numbers) {
        return None;
    }
    let (last, row) = *above.last()?;
    let is_header = PERIODS.contains(&first(row).to_lowercase().as_str()) && !has_value(row);
    let first_pair = above.iter().find(|(_, row)| filled(row) > 1).map(|(i, _)| *i)?;
    let titles = if is_header { last } else { first_pair };
    Some(Head { titles, header: 1, between: keys - titles - 1 })
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_wide_as_the_table() {
        let rows =
            |text: &str| -> Vec<Vec<String>> { text.split('\n').map(|l| l.split('|').map(str::to_owned).collect()).collect() };
        let series = "1971|4.1\n1972|4.3\n1971 Q1|3.8\n1971 FEB|";
        for (above, below, width, want) in [
            ("Title|Rate\nCDID|MGSX\nPreUnit|\nRelease date|14-11-2023", series, 2, Some((0, 3))),
            ("Title|Rate\nCDID|MGSX\nUnit|%\nYear|Value", series, 2, Some((3, 0))),
            ("Title|Rate|Level\nCDID|A|B\nDate|12-01-2023|12-01-2023", "1971|1|2\n1972|3|4\n1973|5|6", 3, Some((0, 2))),
            ("F1 RATES|\nTitle|Rate\nUnit|%", series, 2, Some((1, 1))),
            // Two rows may both name columns, words go on below, and three names may be three rows of a header.
            ("Title|Rate\nCDID|MGSX", series, 2, None),
            ("Title|Rate\nCDID|MGSX\nUnit|%", "1971|4\nTotal|4\n1972|5", 2, None),
            // Rows that words begin among those that digits do.
            ("age|n\nAll|500\nUnknown|3", "0-4|10\n5-9|20\n10-14|13", 2, None),
            ("id|n\nx|missing\ny|unknown", "1|4\n2|5\n3|none", 2, None),
            ("a|b|c\nd|e|f\ng|h|i", "1|1|2\n2|3|4\n3|5|6", 3, None),
        ] {
            let found = keyed(&rows(&format!("{above}\n{below}")), width).map(|head| (head.titles, head.between));
            assert_eq!(found, want, "{above:?}");
        }
    }
}
