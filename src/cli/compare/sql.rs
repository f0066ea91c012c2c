//! What has to be known of a query's text without planning it: where its statements end, and whether it asks for an order.

/// The text with a blank in place of every byte of a literal, a quoted name or a comment. What is not closed goes to the end.
fn bare(sql: &str) -> Vec<u8> {
    let mut bytes = sql.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &sql.as_bytes()[at..];
        let length = match rest {
            [b'\'', ..] => quoted(rest, b'\''),
            [b'"', ..] => quoted(rest, b'"'),
            [b'-', b'-', ..] => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => commented(rest),
            [b'$', ..] => dollars(rest),
            _ => 0,
        };
        bytes[at..at + length].fill(b' ');
        at += length.max(1);
    }
    bytes
}

/// The length of a literal or name whose quotes are doubled within it.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < text.len() {
        if text[at] == quote {
            if text.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    text.len()
}

/// The length of a comment, which may hold others.
fn commented(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a literal in dollars; 0 for a parameter.
fn dollars(text: &[u8]) -> usize {
    let Some(tag) = text[1..].iter().position(|b| *b == b'$') else { return 0 };
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || !b.is_ascii();
    if !text[1..=tag].iter().all(is_word) || text[1].is_ascii_digit() {
        return 0;
    }
    let mark = &text[..tag + 2];
    let body = &text[mark.len()..];
    body.windows(mark.len()).position(|w| w == mark).map_or(text.len(), |at| at + 2 * mark.len())
}

/// The statements of a text, without the semicolons between them and without those that are empty.
pub(super) fn statements(sql: &str) -> Vec<&str> {
    let bare = bare(sql);
    let mut from = 0;
    let ends = bare.iter().enumerate().filter(|(_, b)| **b == b';').map(|(at, _)| at).chain([sql.len()]);
    ends.filter_map(|to| {
        let range = from..to;
        from = to + 1;
        let is_empty = bare[range.clone()].iter().all(u8::is_ascii_whitespace);
        // A text in quotes alone is blank here, and no statement either.
        (!is_empty).then(|| sql[range].trim())
    })
    .collect()
}

/// Whether the rows are asked for in an order: an ORDER BY stands outside of all parentheses.
pub(super) fn is_ordered(sql: &str) -> bool {
    let bare = bare(sql);
    let mut depth = 0_i32;
    let outside: String = bare
        .iter()
        .map(|b| {
            depth += i32::from(*b == b'(') - i32::from(*b == b')');
            if depth == 0 && b.is_ascii() { char::from(b.to_ascii_lowercase()) } else { ' ' }
        })
        .collect();
    let words: Vec<&str> = outside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    words.windows(2).any(|pair| pair == ["order", "by"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_outside_of_quotes() {
        for (sql, want) in [
            ("select 1; select ';' -- ;\n; ", vec!["select 1", "select ';' -- ;"]),
            ("select $a$ ; $a$, $1 /* ; /* ; */ ; */", vec!["select $a$ ; $a$, $1 /* ; /* ; */ ; */"]),
            ("select \"a;\"\"b\", 'it''s;'", vec!["select \"a;\"\"b\", 'it''s;'"]),
            ("-- nothing\n;;", vec![]),
            ("select 'open; ", vec!["select 'open;"]),
            ("select 名 from \"表;\"; select '区'", vec!["select 名 from \"表;\"", "select '区'"]),
        ] {
            assert_eq!(statements(sql), want, "{sql}");
        }
    }

    #[test]
    fn only_an_order_of_the_whole_counts() {
        for (sql, want) in [
            ("select a from t order by a", true),
            ("select a from t ORDER\n BY 1 limit 3", true),
            ("select rank() over (order by a) from t", false),
            ("select a from (select a from t order by a limit 3) x", false),
            ("select 'order by' as \"order by\" from t -- order by", false),
            ("select border, bytes from t", false),
        ] {
            assert_eq!(is_ordered(sql), want, "{sql}");
        }
    }
}
