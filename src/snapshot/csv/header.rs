//! Headers: of a table's first rows, which are titles and notes, which name the columns, and where the values begin. It works on rows
//! of text, whatever format they came from.

use super::look::{Look, is_absent, is_code, is_year};
use super::titles::{TOP, keyed, leading_titles, short_rows};

/// Rows that are looked at for what the columns hold.
const BODY: usize = 500;

/// What stands above a table's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::snapshot) struct Head {
    /// Rows before the header (or before the values, when there is no header) that are titles and notes.
    pub(in crate::snapshot) titles: usize,
    /// Rows that name the columns, behind the titles; 0 when nothing does.
    pub(in crate::snapshot) header: usize,
    /// Rows between the header and the first row of the table that are neither.
    pub(in crate::snapshot) between: usize,
}

/// What most of a column's filled cells look like, where they are values of one kind.
pub(in crate::snapshot) struct Profile {
    look: Option<Look>,
    years: bool,
}

impl Profile {
    /// What values of the column look like; `None` when they are words, or not of one look.
    pub(in crate::snapshot) fn look(&self) -> Option<Look> {
        self.look
    }
}

/// Finds the head of a table in its first rows. `width` is the number of cells that most rows have.
///
/// Rows at the top that fill one cell at most are titles, and so are shorter ones above a full row of names. Where columns hold values of one kind, the values begin at the first row
/// that has such a value in such a column, and the header is what stands above it: one row, or several when the upper one leaves
/// gaps that the lower ones fill, or when each lower one has words over every column of values, or over some of them and nothing else. A row of years over values that
/// are no years names columns too. Where no column tells, the first row is the header unless it holds values itself.
pub(in crate::snapshot) fn head<S: AsRef<str>>(rows: &[Vec<S>], width: usize) -> Head {
    if let Some(head) = keyed(rows, width) {
        return head;
    }
    let profiles = profiles(rows, width);
    let short = short_rows(rows, width);
    let mut titles = leading_titles(rows, width).max(short);
    // Pairs above a small table are many of the rows that were looked at.
    let profiles = if short > 0 && titles + 1 < rows.len() { self::profiles(&rows[titles + 1..], width) } else { profiles };
    let top = rows.len().min(titles + TOP);
    if titles >= rows.len() {
        return Head { header: usize::from(!rows.is_empty()), ..Head::default() };
    }
    if rows.len() - titles > 2 && are_labels(&rows[titles], &rows[titles + 1], &rows[titles + 2..]) {
        return Head { titles, header: 2, between: 0 };
    }
    if profiles.iter().all(|p| p.look.is_none()) || rows.len() - titles < 2 {
        let names = &rows[titles];
        let values = looks(names).filter(|l| l.is_value()).count();
        let years = names.iter().filter(|c| is_year(c.as_ref())).count();
        let header = values == 0 || (years == values && years > 1 && years < names.len());
        return Head { titles, header: usize::from(header), between: 0 };
    }
    let is_filling = |i: usize| i > titles && fills(&rows[i - 1], &rows[i], &profiles, &rows[i + 1..]);
    let is_first = |i: &usize| is_body(&rows[*i], &profiles, (*i == titles).then(|| &rows[i + 1..])) && !is_filling(*i);
    let Some(body) = (titles..top).find(is_first) else {
        return Head { titles, header: 1, between: 0 };
    };
    if body == titles {
        return Head { titles, header: 0, between: 0 };
    }
    // An empty row parts what stands above: the part that names the most columns is the header.
    let mut start = titles;
    let mut covered = 0;
    for from in (titles..body).filter(|i| *i == titles || is_empty(&rows[i - 1])) {
        let part = || rows[from..body].iter().take_while(|r| !is_empty(r));
        if from > titles && is_table(&rows[start..from]) {
            break;
        }
        let named = cover(part());
        // Names right above the values go before a title that is as wide as they are.
        let is_below = named == covered && from > titles && from + 1 == body && are_names(&rows[from], &profiles, &rows[body..]);
        if named > covered || is_below {
            (start, covered) = (from, named);
        }
    }
    titles = start;
    let first = &rows[titles];
    // In a small table the header's rows are many of those that were looked at.
    let below = rows[body..].iter().filter(|r| !is_empty(r)).count();
    let profiles = if below > 2 { self::profiles(&rows[body..], width) } else { profiles };
    let is_lower = |i: &usize| {
        let (upper, row, below) = (&rows[i - 1], &rows[*i], &rows[body..]);
        names(row, &profiles, below) && !are_absent(row, &profiles)
            || fills(upper, row, &profiles, below)
            || complements(upper, row, below)
    };
    let lower = (titles + 1..body).take_while(is_lower).count();
    let has_gaps = cover(rows[titles..=titles].iter()) < cover(rows[titles..=titles + lower].iter()) || has_twins(first);
    let over_all = rows[titles + 1..=titles + lower].iter().all(|row| is_second(row, &profiles, below));
    Head { titles, header: if has_gaps || over_all { 1 + lower } else { 1 }, between: 0 }
}

/// Whether a row of words below names, such as units, belongs to them: it stands over all columns of values, two and more, or over some of them
/// with nothing in the others. `below` is the number of rows of values.
fn is_second<S: AsRef<str>>(row: &[S], profiles: &[Profile], below: usize) -> bool {
    let (values, words) = agreement(row, profiles);
    let typed = profiles.iter().filter(|p| p.look.is_some()).count();
    let all = typed > 1 && (values, words) == (0, typed) && (below > 2 || below == 2 && !has_twins(row));
    // A word in the first column alone heads the rows below it.
    all || extent(row) > 1 && words > 0 && words < profiles.len() && filled(row) == words
}

/// Whether rows are a table of their own: names, and values in the first cell of all rows below them, two and more.
fn is_table<S: AsRef<str>>(rows: &[Vec<S>]) -> bool {
    let mut held = rows.iter().filter(|r| !is_empty(r));
    let are_names = held.next().is_some_and(|r| filled(r) > 1 && !looks(r).any(Look::is_value));
    let below: Vec<&Vec<S>> = held.collect();
    are_names && below.len() > 1 && below.iter().all(|r| filled(r) > 1 && Look::of(r[0].as_ref()).is_value())
}

/// Whether a row has names in all cells, over all columns of values, and no units.
fn are_names<S: AsRef<str>>(row: &[S], profiles: &[Profile], below: &[Vec<S>]) -> bool {
    let is_name =
        |c: &S| Look::of(c.as_ref()) == Look::Word && !is_absent(c.as_ref()) && !c.as_ref().contains(['(', '[', '%', '/', '°']);
    row.len() == profiles.len() && row.iter().all(is_name) && names(row, profiles, below)
}

/// Whether all words over columns of values say that a value is missing there.
fn are_absent<S: AsRef<str>>(row: &[S], profiles: &[Profile]) -> bool {
    let mut words = words_over_values(row, profiles).peekable();
    words.peek().is_some() && words.all(|(_, word)| is_absent(word))
}

/// Whether a row has words, two and more, where the one above it has gaps, and gaps where that one is filled, as no row below has.
fn complements<S: AsRef<str>>(upper: &[S], row: &[S], below: &[Vec<S>]) -> bool {
    let is_word = |c: &S| Look::of(c.as_ref()) == Look::Word;
    let is_gap = |c: &S| c.as_ref().trim().is_empty();
    let is_alike = |other: &Vec<S>| filled(other) > 1 && other.iter().zip(row).all(|(other, own)| is_gap(other) || !is_gap(own));
    upper.len() == row.len()
        && !below.iter().any(is_alike)
        && filled(upper) > 1
        && filled(row) > 1
        && upper.iter().zip(row).all(|(upper, own)| if is_gap(upper) { is_word(own) } else { is_gap(own) })
}

/// Whether a row says in words what the codes above it stand for: below codes in capitals alone, one with a digit or `_` in it, it has small
/// letters in all cells, several words in one, and in two columns at least no digit where all rows below have one. However few these are, it names columns then.
fn are_labels<S: AsRef<str>>(codes: &[S], row: &[S], below: &[Vec<S>]) -> bool {
    let is_label = |c: &S| c.as_ref().contains(char::is_lowercase) && !Look::of(c.as_ref()).is_value();
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let contrasts = |column: usize| {
        let mut cells =
            below.iter().filter_map(|r| r.get(column)).map(AsRef::as_ref).filter(|c| Look::of(c) != Look::Empty).peekable();
        !has_digit(row[column].as_ref()) && cells.peek().is_some() && cells.all(has_digit)
    };
    codes.len() > 1
        && codes.len() == row.len()
        && codes.iter().all(|c| is_code(c.as_ref()))
        && codes.iter().any(|c| c.as_ref().contains(|c: char| c.is_ascii_digit() || c == '_'))
        && row.iter().any(|c| c.as_ref().trim().contains([' ', '!']))
        && row.iter().all(is_label)
        && (0..row.len()).filter(|column| contrasts(*column)).count() > 1
}

/// One name a column out of several header rows, each part once, joined by `joint`. A cell of an upper row that stands over a gap
/// spans it, up to where that row or one above it begins something else, as far as lower rows have names there.
pub(in crate::snapshot) fn join<S: AsRef<str>>(rows: &[Vec<S>], joint: &str) -> Vec<String> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: usize, column: usize| rows[row].get(column).map_or("", |c| c.as_ref().trim());
    let mut filled: Vec<Vec<&str>> = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let mut out: Vec<&str> = Vec::with_capacity(width);
        for column in 0..width {
            let own = cell(row, column);
            let named_below = (row + 1..rows.len()).any(|below| !cell(below, column).is_empty());
            let begins_above = (0..row).any(|above| !cell(above, column).is_empty());
            let left = out.last().copied().unwrap_or("");
            out.push(if own.is_empty() && named_below && !begins_above { left } else { own });
        }
        filled.push(out);
    }
    let name = |column: usize| {
        let mut parts: Vec<&str> = Vec::with_capacity(rows.len());
        for part in filled.iter().map(|row| row[column]).filter(|part| !part.is_empty()) {
            if parts.last() != Some(&part) {
                parts.push(part);
            }
        }
        parts.join(joint)
    };
    (0..width).map(name).collect()
}

pub(super) fn looks<S: AsRef<str>>(row: &[S]) -> impl Iterator<Item = Look> {
    row.iter().map(|c| Look::of(c.as_ref()))
}

/// How many cells hold something.
pub(in crate::snapshot) fn filled<S: AsRef<str>>(row: &[S]) -> usize {
    row.iter().filter(|c| !c.as_ref().trim().is_empty()).count()
}

pub(super) fn is_empty<S: AsRef<str>>(row: &[S]) -> bool {
    filled(row) == 0
}

/// How many columns hold something in one of the rows.
fn cover<'a, S: AsRef<str> + 'a>(rows: impl Iterator<Item = &'a Vec<S>>) -> usize {
    let mut columns = Vec::new();
    for row in rows {
        columns.resize(columns.len().max(row.len()), false);
        row.iter().zip(&mut columns).for_each(|(c, named)| *named |= !c.as_ref().trim().is_empty());
    }
    columns.into_iter().filter(|named| *named).count()
}

pub(super) fn has_twins<S: AsRef<str>>(row: &[S]) -> bool {
    let mut names: Vec<&str> = row.iter().map(|c| c.as_ref().trim()).filter(|c| !c.is_empty()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// Cells up to the last that holds something.
pub(super) fn extent<S: AsRef<str>>(row: &[S]) -> usize {
    row.iter().rposition(|c| !c.as_ref().trim().is_empty()).map_or(0, |i| i + 1)
}

/// Whether a row goes on with the names of the one above it, whatever else it holds: that one leaves gaps from its first cell on, two and more,
/// and here are words in all of them, over a column of values too. Codes stand beside such words.
pub(super) fn fills<S: AsRef<str>>(upper: &[S], row: &[S], profiles: &[Profile], below: &[Vec<S>]) -> bool {
    let gaps = upper.iter().take_while(|c| c.as_ref().trim().is_empty()).count();
    let is_word = |c: &S| Look::of(c.as_ref()) == Look::Word;
    let over = || words_over_values(row, profiles).filter(|(column, _)| *column < gaps);
    let are_words = gaps > 1 && gaps < upper.len() && row.len() >= upper.len() && row[..gaps].iter().all(is_word);
    are_words && over().count() > 0 && !over().any(|(column, word)| holds(below, column, word))
}

/// What the columns hold, by the rows of the second half: titles and headers stand in the first.
pub(in crate::snapshot) fn profiles<S: AsRef<str>>(rows: &[Vec<S>], width: usize) -> Vec<Profile> {
    // Notes and headings among the rows say nothing of the columns.
    let held: Vec<&Vec<S>> = rows.iter().filter(|r| !is_empty(r)).collect();
    let is_full = |r: &&&Vec<S>| r.len() >= width && (filled(r) > 1 || width < 3);
    let full: Vec<&Vec<S>> = held.iter().filter(is_full).copied().collect();
    let rows = if full.len() > 1 && full.len() * 4 >= held.len() { full } else { held };
    let body = &rows[rows.len() / 2..];
    // Of a small table, that half begins with the header's lower rows: words behind gaps in the first cells.
    let is_lower = |r: &&&Vec<S>| r.len() > 1 && r[0].as_ref().trim().is_empty() && !looks(r).any(Look::is_value);
    let lower = body.iter().take_while(is_lower).count();
    let body = if lower < body.len() { &body[lower..] } else { body };
    let body = &body[..body.len().min(BODY)];
    let profile = |column: usize| {
        let cells = || body.iter().filter_map(|r| r.get(column)).map(AsRef::as_ref);
        let mut counts = [(Look::Number, 0), (Look::Moment, 0), (Look::Boolean, 0)];
        let mut all = 0;
        for look in cells().map(Look::of).filter(|l| *l != Look::Empty) {
            all += 1;
            counts.iter_mut().filter(|(l, _)| *l == look).for_each(|(_, n)| *n += 1);
        }
        let most = counts.into_iter().max_by_key(|(_, n)| *n).filter(|(_, n)| *n > 0 && n * 5 >= all * 4);
        let years = cells().filter(|c| is_year(c)).count();
        Profile { look: most.map(|(look, _)| look), years: years * 5 >= all * 4 }
    };
    (0..width).map(profile).collect()
}

/// In columns of values: how many cells of the row are such values, and how many are words.
pub(in crate::snapshot) fn agreement<S: AsRef<str>>(row: &[S], profiles: &[Profile]) -> (usize, usize) {
    let mut found = (0, 0);
    for (cell, profile) in row.iter().zip(profiles) {
        let look = Look::of(cell.as_ref());
        found.0 += usize::from(profile.look == Some(look));
        found.1 += usize::from(profile.look.is_some() && look == Look::Word);
    }
    found
}

/// Whether the row holds values. The first row, told by the rows `below` it, does when nothing in it is a name: words that its columns
/// also hold below are none.
pub(super) fn is_body<S: AsRef<str>>(row: &[S], profiles: &[Profile], below: Option<&[Vec<S>]>) -> bool {
    let (values, words) = agreement(row, profiles);
    let no_names = || match below {
        Some(below) => words_over_values(row, profiles).all(|(column, word)| holds(below, column, word)),
        None => values >= words,
    };
    values > 0 && !has_years(row, profiles) && no_names()
}

/// The words that stand in columns of values.
fn words_over_values<'a, S: AsRef<str>>(row: &'a [S], profiles: &'a [Profile]) -> impl Iterator<Item = (usize, &'a str)> {
    let of_values = row.iter().enumerate().filter(|(i, _)| profiles.get(*i).is_some_and(|p| p.look.is_some()));
    of_values.map(|(i, c)| (i, c.as_ref().trim())).filter(|(_, c)| Look::of(c) == Look::Word)
}

fn holds<S: AsRef<str>>(rows: &[Vec<S>], column: usize, text: &str) -> bool {
    rows.iter().filter_map(|r| r.get(column)).any(|c| c.as_ref().trim() == text)
}

/// Whether the row's values are years, two and more, over columns that hold something else.
fn has_years<S: AsRef<str>>(row: &[S], profiles: &[Profile]) -> bool {
    let values = looks(row).filter(|l| l.is_value()).count();
    let years = row.iter().enumerate().filter(|(_, c)| is_year(c.as_ref()));
    let (mut all, mut over_others) = (0, 0);
    for (column, _) in years {
        all += 1;
        over_others += usize::from(profiles.get(column).is_none_or(|p| !p.years));
    }
    all > 1 && all == values && over_others * 2 >= all
}

/// Whether the row stands over columns of values with words or years, and these words are not what the columns also hold.
pub(super) fn names<S: AsRef<str>>(row: &[S], profiles: &[Profile], below: &[Vec<S>]) -> bool {
    let (values, words) = agreement(row, profiles);
    if has_years(row, profiles) {
        return true;
    }
    values == 0 && words > 0 && !words_over_values(row, profiles).any(|(column, word)| holds(below, column, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<&str>> {
        text.trim_end_matches('\n').split('\n').map(|l| l.split('|').collect()).collect()
    }

    #[test]
    fn heads() {
        for (text, width, titles, header) in [
            ("id|name\n1|x", 2, 0, 1),
            ("name|city\nx|y", 2, 0, 1),
            ("1|x\n2|y", 2, 0, 0),
            ("100022|b\n1|2", 2, 0, 1),
            ("Country|1/22/20|1/23/20\nIT|0|1", 3, 0, 1),
            ("03/12/20|03/13/20||PDT\n03/12/20|03/13/20||PDT", 4, 0, 0),
            ("a|b", 2, 0, 1),
            ("1|2", 2, 0, 0),
            ("id|100022\nid1|TRUE", 2, 0, 1),
            ("Country|2010|2011\nIT|0.5|1", 3, 0, 1),
            ("country|from|to\nFR|1950|2000\nIT|1960|2001\nDE|1970|1999", 3, 0, 1),
            ("2B|410|AER|2965\n2B|410|ASF|2966", 4, 0, 0),
            ("id\n01\n002", 1, 0, 1),
            ("410|CR2\n411|319\n412|738\n413|CR2\n414|321\n415|320\n416|747\n417|777\n418|320", 2, 0, 0),
            ("Title||\n||\na|b|c\n1|2|3", 3, 2, 1),
            ("Title\na|b\n1|2", 2, 1, 1),
            ("a||\n1|2|3", 3, 0, 1),
            ("Title||", 3, 0, 1),
            // Two header rows, with and without gaps in the first.
            ("control||fire|\nX|Y|X|Y\n1.5|2|3|4\n2.5|3|4|5\n3.5|4||", 4, 0, 2),
            ("time|speed\n(s)|(m/s)\n0.1|5\n0.2|6\n0.3|7", 2, 0, 2),
            // One column of words over values does not make a row of data a header.
            ("id|n\nx|missing\ny|4\nz|5\nq|missing", 2, 0, 1),
            ("LP|Name|No\nA|Group|\nA1|Sub|\nA2|Sub|300\n|Sub|301\nA3|Sub|302", 3, 0, 1),
            // Titles in several cells, parted from the header by an empty row.
            ("||T|2011|\n||in EUR||\n||||\n||A|B|C\n||x|y|z\nNo|Name|||\n0|In:|||\n1|q|3|4|5\n2|r|4|5|6\n3|s|1|2|3", 5, 3, 3),
            (
                "T|||\n|||\n||2013-14|2012-13\nSegment|Staff|Total|Total\n|||Restated\nx|609|672|641\ny|116|119|115\nz|1|2|3\nq|4|5|6",
                4,
                2,
                3,
            ),
            // Titles in two cells, and pairs above the table: blank lines have no cells.
            ("Report|2023\nid|name|v\n1|a|2.5\n2|b|3.5\n3|c|4.5", 3, 1, 1),
            ("Report|2023\n\nid|name|v\n1|a|2.5\n2|b|3.5\n3|c|4.5", 3, 2, 1),
            ("Report|2023\n\nname|town|v\na|x|p\nb|y|q\nc|z|r", 3, 2, 1),
            ("Source|W|\n\nUpdated|2023-12-18|\n\nName|Code|1960|1961|\nA|B|5.5|6.5|\nC|D|7.5|8.5|", 5, 4, 1),
            ("Station|O\nLatitude|45.3\nId|61\n\nDate|Year|Max\n2023-01-01|2023|1.5\n2023-01-02|2023|2.5", 3, 4, 1),
            ("Station|O||\nLatitude|45.3||\n|||\nDate|Year|Max|Min\n2023-01-01|2023|1.5|1\n2023-01-02|2023|2.5|1", 4, 3, 1),
            ("A|x\nB|1\n|||N|S\ncode|time|unit|00|01\n11|1960y|p|5|6\n12|1961y|p|7|8\n13|1962y|p|7|8", 5, 2, 2),
            // A title as wide as the names, behind which a blank line stands; units are none, and a table is no title.
            ("Geo|Y|Z\n\nid|day|v\n1|a|2.5\n2|b|3.5\n3|c|4.5", 3, 2, 1),
            ("id|day|v\n\n(n)|(d)|(m)\n1|a|2.5\n2|b|3.5\n3|c|4.5", 3, 0, 1),
            ("id|v\n1|2\n2|3\n\ncode|name|price\nx|y|2.5\nz|w|3.5", 3, 0, 1),
            // A shorter row that names a column, or is all there is to name them, is none.
            ("Region|Staff\n|2019|2020|2021\nDE|15|6|7\nFR|18|9|10\nIT|18|9|10", 4, 0, 2),
            ("a|b\nx|1|2\ny|3|4\nz|5|6", 3, 0, 1),
            ("a|b\nx|y|z\np|q|r", 3, 0, 1),
            ("T|n\nName|n|n\nx|1|2\ny|3|4\nz|5|6", 3, 0, 2),
            // Labels below codes, however few rows follow; and words of a row that are none.
            ("G_ID|NAME|B1\nGeo|Area Name|Total\n01|x|5", 3, 0, 2),
            ("ID|REF\nunknown|none\nA1|5\nA2|6", 2, 0, 1),
            ("G_ID|REF\nunknown|none\nA1|5\nA2|6", 2, 0, 1),
            // Lower rows of a small table that are blank over its keys, and rows that complement each other.
            ("|2020|2020|2021\n|m|w|m\n|n|n|n\nK|1|2|3\nL|4|5|6", 4, 0, 3),
            ("Nr|Area|Valid|\n||A|B\n||x|y\n1|P|5|6\n2|Q|7|8", 4, 0, 3),
            ("||2021|2022\nState|Sex||\nN|M|4000|4050\nN|F|4000|4050\nThe office", 4, 0, 2),
            ("|2021|2022\nNorth||\na|1|2\nb|3|4", 3, 0, 1),
            ("Land|M|F\n|(000)|(000)\nDE|1|2\nFR|1|2\nIT|3|4", 3, 0, 2),
            // What says that a value is missing names nothing.
            ("id|name|v\n||NA\n1|a|5\n2|b|6", 3, 0, 1),
            // A row of units with gaps.
            ("date|temp|wind\n|degC|m/s\n2023-01-01|1.5|3\n2023-01-02|2.5|4\n2023-01-03|2.5|4", 3, 0, 2),
            ("place|temp|share\n|degC|%\nx|1.5|3\ny|2.5|4", 3, 0, 2),
            ("code|name|n\nCode|Name|Number\n65000|x|5\n63000|y|6", 3, 0, 2),
            ("a|b\nx|x\n1|2\n3|4", 2, 0, 1),
            ("date|v\nJanuary|\n2023-01-01|5\n2023-01-02|6", 2, 0, 1),
            ("name|from|to\nx||unknown\ny|2000|2001\nz|2002|2003", 3, 0, 1),
            ("|a|b\nTotal|1|2\n0|3|4\n1|5|6\n2|7|8", 3, 0, 1),
            ("Region:|D|||\n||||\n|1985|1993|2000|2001\nA||||\n b|.|379|575|1\n c|.|1|1|2", 5, 2, 1),
        ] {
            assert_eq!(head(&rows(text), width), Head { titles, header, between: 0 }, "{text:?}");
        }
    }

    #[test]
    fn several_rows_make_one_name() {
        for (text, want) in [
            ("control||fire|\nX|Y|X|Y", &["control X", "control Y", "fire X", "fire Y"][..]),
            (
                "Org|Staff||||All||Note\n||A||B|||\n||n|fte|n|n|fte|",
                &["Org", "Staff", "Staff A n", "Staff A fte", "Staff B n", "All n", "All fte", "Note"],
            ),
            ("|2013|2012\nName|Total|Total\n||Restated", &["Name", "2013 Total", "2012 Total Restated"]),
            ("a|b\na|c", &["a", "b c"]),
        ] {
            assert_eq!(join(&rows(text), " "), want, "{text:?}");
        }
    }
}
