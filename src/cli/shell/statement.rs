//! Where a statement ends: at a `;` outside of quotes, comments and dollar quotes (section 4.1 of PostgreSQL's manual).

/// The bytes of `text` up to and with the first `;` that ends a statement; `None` while it is unfinished.
pub(super) fn end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at = match bytes[at] {
            b';' => return Some(at + 1),
            b'\'' => {
                let escapes = at > 0 && bytes[at - 1].eq_ignore_ascii_case(&b'e') && !(at > 1 && is_word(bytes[at - 2]));
                quoted(bytes, at + 1, b'\'', escapes)?
            }
            b'"' => quoted(bytes, at + 1, b'"', false)?,
            b'-' if bytes[at..].starts_with(b"--") => at + text[at..].find('\n')?,
            b'/' if bytes[at..].starts_with(b"/*") => comment(bytes, at + 2)?,
            b'$' if at == 0 || !is_word(bytes[at - 1]) => match tag(&text[at..]) {
                Some(tag) => at + tag.len() + text[at + tag.len()..].find(tag)? + tag.len(),
                None => at + 1,
            },
            _ => at + 1,
        };
    }
    None
}

/// Whether there is nothing but blanks and comments.
pub(super) fn is_blank(text: &str) -> bool {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("--") {
        return rest.split_once('\n').is_none_or(|(_, rest)| is_blank(rest));
    }
    if text.starts_with("/*") {
        return comment(text.as_bytes(), 2).is_some_and(|end| is_blank(&text[end..]));
    }
    text.is_empty()
}

/// Behind the closing `quote`; a doubled one is part of the text, and so is one behind a backslash when `escapes`.
fn quoted(bytes: &[u8], mut at: usize, quote: u8, escapes: bool) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'\\' if escapes => at += 2,
            b if b == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            b if b == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Behind the end of a comment, which may hold others.
fn comment(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 1;
    while depth > 0 {
        match bytes.get(at..at + 2)? {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    Some(at)
}

/// `$$` or `$word$` at the start of `text`.
fn tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 1;
    let word = &text[1..end];
    let fits = !word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c == '_' || c.is_alphanumeric());
    fits.then(|| &text[..=end])
}

/// Letters beyond ASCII are parts of words too.
fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_their_semicolon() {
        for (text, first) in [
            ("select 1; select 2;", Some("select 1;")),
            ("select ';', \"a;b\";", Some("select ';', \"a;b\";")),
            ("select 'it''s;';x", Some("select 'it''s;';")),
            (r"select e'\';';x", Some(r"select e'\';';")),
            (r"select '\';x", Some(r"select '\';")),
            ("select 1 -- a; b\n;", Some("select 1 -- a; b\n;")),
            ("select /* ; /* ; */ ; */ 1;", Some("select /* ; /* ; */ ; */ 1;")),
            ("select $$;$$;", Some("select $$;$$;")),
            ("select $a$ $$;$a$ ;", Some("select $a$ $$;$a$ ;")),
            ("select $1;", Some("select $1;")),
            ("select 天$1;", Some("select 天$1;")),
            ("select 1", None),
            ("select ';", None),
            ("select 1 -- ;", None),
            ("select /* ;", None),
            (r"select e'\", None),
            ("", None),
        ] {
            assert_eq!(end(text).map(|at| &text[..at]), first, "{text}");
        }
    }

    #[test]
    fn blanks_and_comments_are_no_statement() {
        for (text, blank) in
            [("", true), (" \n", true), ("-- a\n  /* b */ ", true), ("-- a", true), ("/* a", false), ("x", false)]
        {
            assert_eq!(is_blank(text), blank, "{text}");
        }
    }
}
