//! Lists of names as SQL writes them: `schema.name`, `a, "B c"`. Which names there are is not known here.

/// The names of a text, without their quotes: those that have none are folded, as SQL reads them. What stands outside of quotes may
/// have blanks around it.
pub fn split(text: &str, separator: char) -> Vec<String> {
    let (mut names, mut name) = (Vec::new(), String::new());
    let (mut in_quotes, mut blanks) = (false, String::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if in_quotes && chars.next_if_eq(&'"').is_some() => name.push('"'),
            '"' => in_quotes = !in_quotes,
            c if in_quotes => name.push(c),
            c if c == separator => {
                names.push(std::mem::take(&mut name));
                blanks.clear();
            }
            c if c.is_whitespace() => blanks.push(c),
            c => {
                let within = std::mem::take(&mut blanks);
                if !name.is_empty() {
                    name.push_str(&within);
                }
                name.push(c.to_ascii_lowercase());
            }
        }
    }
    names.push(name);
    names
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_are_read_as_sql_reads_them() {
        for (text, separator, want) in [
            ("Trips", '.', vec!["trips"]),
            (" transport . trips ", '.', vec!["transport", "trips"]),
            ("\"A.b\".\"c\"\"d\"", '.', vec!["A.b", "c\"d"]),
            ("Transport,\"Health, too\" , x y", ',', vec!["transport", "Health, too", "x y"]),
            ("\"\"", ',', vec![""]),
            ("", ',', vec![""]),
        ] {
            assert_eq!(split(text, separator), want, "{text}");
        }
    }
}
