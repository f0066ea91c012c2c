//! Front matter: YAML between two rules above a table, as CSVY has it. It is left out, and no key of it is read.

/// How many bytes the front matter at the start of a text takes, its last line end included; 0 where there is none, or where it does not
/// end within the text.
pub(super) fn matter(text: &[u8]) -> usize {
    let mut lines = text.split_inclusive(|b| *b == b'\n');
    let Some(first) = lines.next().filter(|line| line.trim_ascii_end() == b"---") else { return 0 };
    let (mut len, mut keys) = (first.len(), 0);
    for line in lines {
        len += line.len();
        let line = line.trim_ascii_end();
        match line {
            b"---" | b"..." => return if keys > 0 { len } else { 0 },
            [] | [b'#' | b' ' | b'\t' | b'-', ..] => {}
            _ if is_key(line) => keys += 1,
            _ => return 0,
        }
    }
    0
}

/// Whether a line begins with a key: `title: births`, `"a": 1`.
fn is_key(line: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    let (key, behind) = line.split_at(colon);
    !key.is_empty() && !key.contains(&b',') && matches!(behind.get(1), None | Some(b' ' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_ends_at_its_rule() {
        for (text, want) in [
            ("---\nname: x\nfields:\n- name: a\n  type: integer\n\n# note\n---\na,b\n", "a,b\n"),
            ("---\r\nx: {a: 1, b: 2}\r\n...\r\na,b\r\n", "a,b\r\n"),
            ("---\n---\na,b\n", "---\n---\na,b\n"),
            ("---\nname: x\na,b\n1,2\n---\n", "---\nname: x\na,b\n1,2\n---\n"),
            ("---\nname: x\n", "---\nname: x\n"),
            ("a,b\n---\nx: y\n---\n", "a,b\n---\nx: y\n---\n"),
            ("", ""),
        ] {
            assert_eq!(&text[matter(text.as_bytes())..], want, "{text:?}");
        }
    }
}
