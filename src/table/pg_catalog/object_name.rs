//! The names that PostgreSQL makes for keys and their indexes: `trips_pkey`, `trips_stop_id_fkey`, cut to what a name can hold
//! (`makeObjectName` of its `indexcmds.c`).

use crate::name::{MAX_BYTES, clip};

/// The least bytes that are left of a table's name when it is cut: half of what stands before a label, less a character.
pub const LEAST_CUT: usize = 24;

/// `name1_name2_label`; of what is too long the longer name is cut first.
pub fn of(name1: &str, name2: Option<&str>, label: &str) -> String {
    let second = name2.unwrap_or_default();
    let available = MAX_BYTES.saturating_sub(label.len() + 1 + usize::from(name2.is_some()));
    let (mut first_bytes, mut second_bytes) = (name1.len(), second.len());
    while first_bytes + second_bytes > available {
        if first_bytes > second_bytes { first_bytes -= 1 } else { second_bytes -= 1 }
    }
    let first = clip(name1, first_bytes);
    match name2 {
        Some(_) => format!("{first}_{}_{label}", clip(second, second_bytes)),
        None => format!("{first}_{label}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_as_postgresql_cuts_them() {
        let (a, b) = ("a".repeat(63), "b".repeat(40));
        assert_eq!(of("trips", None, "pkey"), "trips_pkey");
        assert_eq!(of("trips", Some("stop_id"), "fkey1"), "trips_stop_id_fkey1");
        assert_eq!(of(&a, None, "pkey"), format!("{}_pkey", &a[..58]));
        assert_eq!(of(&a, Some("id"), "fkey"), format!("{}_id_fkey", &a[..55]));
        assert_eq!(of(&a, Some(&b), "fkey"), format!("{}_{}_fkey", &a[..29], &b[..28]));
        // A character is cut as a whole.
        assert_eq!(of(&"\u{e9}".repeat(31), None, "pkey"), format!("{}_pkey", "\u{e9}".repeat(29)));
        assert!(of(&a, Some(&a), "fkey12345").len() <= MAX_BYTES);
    }
}
