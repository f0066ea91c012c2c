//! Normal forms: what two columns must have in common to be joined, however each writes it; and their hash, which is the same in every
//! build and on every machine.

use unicode_normalization::UnicodeNormalization;

/// The longest normal form of a value that a join is made by, in bytes: what is longer is prose.
pub(super) const LONGEST: usize = 200;

/// The most digits of a number that its value is told of.
const DIGITS: usize = 18;

/// How a text was written that has a normal form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) upper: bool,
    pub(super) lower: bool,
    /// Zeros stand before its digits.
    pub(super) padded: bool,
    /// Blanks stand around it.
    pub(super) blanks: bool,
    /// The number that it is.
    pub(super) number: Option<i64>,
    /// A date as ISO 8601 writes it, `2020-01-31`.
    pub(super) date: bool,
}

/// Writes the normal form of a text into `out`: without blanks around it, widths folded (NFKC), in lower case, and of digits alone without
/// the zeros before them. An empty one is no value.
pub(super) fn text(raw: &str, out: &mut String) -> Written {
    out.clear();
    let trimmed = raw.trim();
    let mut written = Written { blanks: trimmed.len() != raw.len(), ..Written::default() };
    let is_digits = trimmed.bytes().all(|b| b.is_ascii_digit()) && !trimmed.is_empty();
    if is_digits {
        let plain = trimmed.trim_start_matches('0');
        let plain = if plain.is_empty() { "0" } else { plain };
        written.padded = plain.len() != trimmed.len();
        written.number = if plain.len() <= DIGITS { plain.parse().ok() } else { None };
        out.push_str(plain);
        return written;
    }
    if trimmed.is_ascii() {
        for b in trimmed.bytes() {
            written.upper |= b.is_ascii_uppercase();
            written.lower |= b.is_ascii_lowercase();
            out.push(char::from(b.to_ascii_lowercase()));
        }
        written.date = is_date(out.as_bytes());
        written.number = out.strip_prefix('-').and_then(whole);
    } else {
        for c in trimmed.nfkc() {
            written.upper |= c.is_uppercase();
            written.lower |= c.is_lowercase();
            out.extend(c.to_lowercase());
        }
    }
    written
}

/// The number below zero whose digits these are, written as an integer is shown.
fn whole(digits: &str) -> Option<i64> {
    let plain = !digits.starts_with('0') && digits.len() <= DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse::<i64>().ok().map(|n| -n) } else { None }
}

fn is_date(text: &[u8]) -> bool {
    let form = b"dddd-dd-dd";
    text.len() == form.len() && text.iter().zip(form).all(|(b, f)| if *f == b'd' { b.is_ascii_digit() } else { b == f })
}

/// The hash of a normal form: FNV-1a over its bytes, then MurmurHash3's finalizer, which spreads the last bytes over all 64 bits.
pub(super) fn hash(normal: &[u8]) -> u64 {
    let fnv = normal.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    let mut h = fnv ^ (fnv >> 33);
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_has_one_form() {
        let form = |raw: &str| {
            let mut out = String::new();
            text(raw, &mut out);
            out
        };
        for (a, b) in
            [("07", "7"), ("000", "0"), (" CN ", "cn"), ("ＡＢ１", "ab1"), ("Straße", "STRAßE"), ("上海", "上海"), ("７", "7")]
        {
            assert_eq!(form(a), form(b), "{a} {b}");
        }
        for (a, b) in [("7", "70"), ("a-1", "a1"), ("", "0"), ("0x7", "7"), ("1.0", "1")] {
            assert_ne!(form(a), form(b), "{a} {b}");
        }
    }

    #[test]
    fn how_it_was_written_is_told() {
        let mut out = String::new();
        let mut of = |raw: &str| text(raw, &mut out);
        assert_eq!((of("0310104").padded, of("310104").number, of("-12").number), (true, Some(310_104), Some(-12)));
        assert_eq!((of("-0").number, of("1234567890123456789").number), (None, None));
        assert_eq!((of("USA").upper, of("USA").lower, of("u1").lower), (true, false, true));
        assert_eq!((of("2020-01-31").date, of("2020-1-31").date, of(" x").blanks), (true, false, true));
    }

    /// Sketches of other machines and of older builds stand beside new ones.
    #[test]
    fn hashes_never_change() {
        let of = |text: &str| format!("{:016x}", hash(text.as_bytes()));
        assert_eq!(
            (of(""), of("7"), of("上海")),
            ("efd01f60ba992926".into(), "cf48ffa9f52ba797".into(), "e6624f58ac10fdad".into())
        );
    }
}
