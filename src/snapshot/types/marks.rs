//! How numbers are written for people: thousands parted, decimals behind a comma, a unit or a currency beside the digits,
//! parentheses for what is negative. What a plain number is worth is not known here.

mod declared;

pub(super) use self::declared::Declared;

use serde::{Deserialize, Serialize};

/// What can stand between digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sep {
    Comma,
    Point,
    /// A blank of any width: U+0020, U+00A0, U+2007, U+2009, U+202F.
    Blank,
    /// `'` or U+2019.
    Apostrophe,
}

/// What parts the groups of thousands, and what the decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `1234.5`
    Plain,
    /// `1,234.5`; also in India's groups, `12,34,567.5`
    CommaPoint,
    /// `1.234,5`
    PointComma,
    /// `1 234,5`
    BlankComma,
    /// `1 234.5`
    BlankPoint,
    /// `1'234.5`
    ApostrophePoint,
    /// `1'234,5`
    ApostropheComma,
    /// `1234,5`
    Comma,
}

/// The styles in which a text can be read, as bits.
pub(super) type Styles = u8;

impl Style {
    pub(super) const ALL: [Self; 8] = [
        Self::Plain,
        Self::CommaPoint,
        Self::PointComma,
        Self::BlankComma,
        Self::BlankPoint,
        Self::ApostrophePoint,
        Self::ApostropheComma,
        Self::Comma,
    ];

    /// The styles whose decimals follow a point.
    pub(super) const POINTS: Styles =
        Self::Plain.bit() | Self::CommaPoint.bit() | Self::BlankPoint.bit() | Self::ApostrophePoint.bit();

    /// The styles whose decimals follow a comma.
    pub(super) const COMMAS: Styles = !Self::POINTS;

    pub(super) const fn bit(self) -> Styles {
        1 << self as u8
    }

    /// The first of the styles.
    pub(super) fn first(styles: Styles) -> Option<Self> {
        Self::ALL.into_iter().find(|s| styles & s.bit() != 0)
    }

    const fn group(self) -> Option<Sep> {
        match self {
            Self::Plain | Self::Comma => None,
            Self::CommaPoint => Some(Sep::Comma),
            Self::PointComma => Some(Sep::Point),
            Self::BlankComma | Self::BlankPoint => Some(Sep::Blank),
            Self::ApostrophePoint | Self::ApostropheComma => Some(Sep::Apostrophe),
        }
    }

    const fn decimal(self) -> Sep {
        match self {
            Self::Plain | Self::CommaPoint | Self::BlankPoint | Self::ApostrophePoint => Sep::Point,
            Self::PointComma | Self::BlankComma | Self::ApostropheComma | Self::Comma => Sep::Comma,
        }
    }

    /// An example, as messages show the style.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "1234.5",
            Self::CommaPoint => "1,234.5",
            Self::PointComma => "1.234,5",
            Self::BlankComma => "1 234,5",
            Self::BlankPoint => "1 234.5",
            Self::ApostrophePoint => "1'234.5",
            Self::ApostropheComma => "1'234,5",
            Self::Comma => "1234,5",
        }
    }
}

/// What stands beside the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Unit {
    Bare,
    Percent,
    /// A place in [`CURRENCIES`].
    Currency(u8),
}

/// Currency marks before or behind an amount; those that begin another one stand behind it.
const CURRENCIES: [&str; 58] = [
    "US$", "AU$", "CA$", "HK$", "NT$", "NZ$", "A$", "C$", "R$", "S$", "$", "£", "€", "¥", "￥", "￡", "₹", "₽", "₩", "₺", "₴",
    "₫", "₪", "฿", "₱", "₦", "₡", "₲", "₵", "₸", "₼", "₾", "元", "円", "원", "zł", "Kč", "kr", "Ft", "Rs.", "Rs", "USD", "EUR",
    "GBP", "CHF", "JPY", "CNY", "HKD", "AUD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK", "INR", "BRL", "MXN",
];

impl Unit {
    /// The mark as published; `None` for a bare number.
    pub(super) fn mark(self) -> Option<&'static str> {
        match self {
            Self::Bare => None,
            Self::Percent => Some("%"),
            Self::Currency(i) => CURRENCIES.get(usize::from(i)).copied(),
        }
    }
}

/// A number taken out of what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    /// Digits and what stands between them.
    body: &'a str,
    pub(super) negative: bool,
    /// It bears a `+`.
    pub(super) plus: bool,
    /// It is negative because parentheses say so.
    pub(super) enclosed: bool,
    pub(super) unit: Unit,
}

/// Takes sign, parentheses, percent and currency off; `None` when something else is left than digits with marks between them.
pub(super) fn written(text: &str) -> Option<Written<'_>> {
    let mut rest = text.trim();
    let (mut negative, mut plus, mut enclosed, mut unit) = (false, false, false, None);
    loop {
        let before = rest.len();
        if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')).filter(|_| !negative && !plus) {
            (rest, negative, enclosed) = (inner.trim(), true, true);
        }
        if let Some(after) = rest.strip_prefix(['-', '−']).filter(|_| !negative && !plus) {
            (rest, negative) = (after.trim_start(), true);
        }
        if let Some(after) = rest.strip_prefix('+').filter(|_| !negative && !plus) {
            (rest, plus) = (after, true);
        }
        if unit.is_none()
            && let Some((i, after)) = CURRENCIES.iter().enumerate().find_map(|(i, mark)| Some((i, rest.strip_prefix(mark)?)))
        {
            rest = after.trim_start();
            unit = Some(Unit::Currency(i as u8));
        }
        if rest.len() == before {
            break;
        }
    }
    if let Some(before) = rest.strip_suffix('-').filter(|_| !negative && !plus) {
        (rest, negative) = (before.trim_end(), true);
    }
    if unit.is_none() {
        if let Some(before) = rest.strip_suffix('%') {
            (rest, unit) = (before.trim_end(), Some(Unit::Percent));
        } else if let Some((i, before)) = CURRENCIES.iter().enumerate().find_map(|(i, mark)| Some((i, rest.strip_suffix(mark)?)))
        {
            (rest, unit) = (before.trim_end(), Some(Unit::Currency(i as u8)));
        }
    }
    let starts = matches!(rest.as_bytes(), [b'0'..=b'9', ..] | [b'.' | b',', b'0'..=b'9', ..]);
    let ends = rest.as_bytes().last().is_some_and(u8::is_ascii_digit);
    (starts && ends).then_some(Written { body: rest, negative, plus, enclosed, unit: unit.unwrap_or(Unit::Bare) })
}

/// The longest number that is taken apart, in digits; no type holds more.
const LONGEST: usize = 46;

/// A number in plain writing: a sign, digits, a point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    bytes: [u8; LONGEST + 2],
    len: usize,
}

impl Plain {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }
}

/// What stands between digits, one by one; `None` for anything else.
fn separator(text: &str) -> Option<(Sep, &str)> {
    let c = text.chars().next()?;
    let sep = match c {
        ',' => Sep::Comma,
        '.' => Sep::Point,
        ' ' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' => Sep::Blank,
        '\'' | '\u{2019}' => Sep::Apostrophe,
        _ => return None,
    };
    Some((sep, &text[c.len_utf8()..]))
}

impl Written<'_> {
    /// The styles that read it.
    pub(super) fn styles(&self) -> Styles {
        let mut lengths = [0_usize; 16];
        let mut seps = [Sep::Comma; 16];
        let (mut rest, mut n) = (self.body, 0);
        loop {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            lengths[n] = digits;
            rest = &rest[digits..];
            if rest.is_empty() {
                break;
            }
            let Some((sep, after)) = separator(rest).filter(|_| n < 15) else { return 0 };
            seps[n] = sep;
            n += 1;
            rest = after;
        }
        let (lengths, seps) = (&lengths[..=n], &seps[..n]);
        if lengths.iter().sum::<usize>() > LONGEST {
            return 0;
        }
        Style::ALL.iter().filter(|style| fits(**style, lengths, seps)).map(|style| style.bit()).sum()
    }

    /// Whether a point or a comma stands between digits.
    pub(super) fn is_parted(&self) -> bool {
        self.body.contains([',', '.'])
    }

    /// How much the text speaks for being a number of the style: 2 where it can be nothing else, for it has both marks or a unit; 1 where its
    /// groups or its decimals are those of a number; 0 for what may as well be a list of two codes (`2,4`), and for plain writing.
    pub(super) fn proof(&self, style: Style) -> u64 {
        if self.unit != Unit::Bare || (self.body.contains('.') && self.body.contains(',')) {
            return 2;
        }
        let mut parts = self.body.split(',');
        match (style.decimal(), parts.next(), parts.next()) {
            (Sep::Comma, Some(whole), Some(decimals)) if whole.bytes().all(|b| b.is_ascii_digit()) => {
                let small = whole == "0" && decimals.len() > 1;
                u64::from(small || decimals.len() > 3 || (decimals.starts_with('0') && decimals.len() > 1))
            }
            (_, _, _) => u64::from(self.styles() & Style::Plain.bit() == 0),
        }
    }

    /// The number in plain writing, read in `style`, which must be one of its [`Self::styles`].
    pub(super) fn plain(&self, style: Style) -> Plain {
        let mut out = Plain { bytes: [0; LONGEST + 2], len: 0 };
        if self.negative {
            out.push(b'-');
        }
        let decimal = if style.decimal() == Sep::Point { b'.' } else { b',' };
        for byte in self.body.bytes() {
            if byte.is_ascii_digit() {
                out.push(byte);
            } else if byte == decimal {
                out.push(b'.');
            }
        }
        out
    }
}

/// Whether groups of these lengths with these separators between them are a number of the style.
fn fits(style: Style, lengths: &[usize], seps: &[Sep]) -> bool {
    let whole = match seps.split_last() {
        Some((last, before)) if *last == style.decimal() && before.iter().all(|s| *s != style.decimal()) => before.len(),
        Some(_) | None => seps.len(),
    };
    if whole == 0 {
        // At least one digit follows the decimal mark, by the rule for the body's last byte.
        return true;
    }
    let Some((group, (first, inner))) = style.group().zip(lengths[..=whole].split_first()) else { return false };
    let Some((last, inner)) = inner.split_last() else { return false };
    let thousands = (1..=3).contains(first) && inner.iter().all(|l| *l == 3);
    let lakhs = style == Style::CommaPoint && (1..=2).contains(first) && !inner.is_empty() && inner.iter().all(|l| *l == 2);
    seps[..whole].iter().all(|s| *s == group) && *last == 3 && (thousands || lakhs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(text: &str) -> String {
        let Some(w) = written(text) else { return "none".to_owned() };
        let styles = w.styles();
        let mut plain: Vec<String> = Vec::new();
        for style in Style::ALL.into_iter().filter(|s| styles & s.bit() != 0) {
            let text = w.plain(style).text().to_owned();
            if !plain.contains(&text) {
                plain.push(text);
            }
        }
        format!("{}{}", plain.join(" or "), w.unit.mark().map(|m| format!(" [{m}]")).unwrap_or_default())
    }

    #[test]
    fn every_reading_of_a_number() {
        for (text, want) in [
            ("1,234", "1234 or 1.234"),
            ("23.824", "23.824 or 23824"),
            ("1,7", "1.7"),
            ("0,611553068", "0.611553068"),
            ("200.000.000", "200000000"),
            ("229,932.50", "229932.50"),
            ("1.234,5", "1234.5"),
            ("1 234", "1234"),
            ("1\u{a0}234\u{a0}567,8", "1234567.8"),
            ("1'234.50", "1234.50"),
            ("12,34,567.5", "1234567.5"),
            ("1,23", "1.23"),
            ("£4,814,973.35", "4814973.35 [£]"),
            ("-$5.00", "-5.00 [$]"),
            ("US$ 5.00", "5.00 [US$]"),
            ("($1,234.50)", "-1234.50 [$]"),
            ("$(5.00)", "-5.00 [$]"),
            ("+1.25", "1.25"),
            ("+-1", "none"),
            ("$4.00 ", "4.00 [$]"),
            ("12,50 €", "12.50 [€]"),
            ("95%", "95 [%]"),
            ("−3.5 %", "-3.5 [%]"),
            ("5.00-", "-5.00"),
            ("12 34", ""),
            ("1,23,4", ""),
            ("1.2.3", ""),
            ("1,234.567.8", ""),
            ("£", "none"),
            ("12a", "none"),
            ("5.", "none"),
            ("1-2", ""),
        ] {
            assert_eq!(readings(text), want, "{text}");
        }
    }

    #[test]
    fn some_numbers_are_no_lists() {
        for (text, point, comma) in [
            ("2,4", 0, 0),
            ("12,50", 0, 0),
            ("12,05", 0, 1),
            ("0,61", 0, 1),
            ("0,5", 0, 0),
            ("6,92641", 0, 1),
            ("1,234", 1, 0),
            ("1,234.5", 2, 2),
            ("1 234", 1, 1),
            ("1.234.567", 1, 1),
            ("7,5 %", 2, 2),
        ] {
            let written = written(text).expect(text);
            let proof = |styles| Style::first(written.styles() & styles).map_or(0, |style| written.proof(style));
            let of = |styles, want: u64| if written.styles() & styles == 0 { want } else { proof(styles) };
            assert_eq!((of(Style::POINTS, point), of(Style::COMMAS, comma)), (point, comma), "{text}");
        }
    }
}
