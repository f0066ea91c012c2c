//! Seeing many values at once that are written the way most published numbers and dates are. It comes to what seeing each of them would;
//! which values are written so is not looked at here.

use super::{DATE, Kinds, NUMBER, Numbers, Order, Seen, Style, Unit};

/// Numbers without exponent and of at most 15 digits, with a point or without any mark.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::snapshot::types) struct PlainNumbers {
    pub(in crate::snapshot::types) values: u64,
    /// Some are negative.
    pub(in crate::snapshot::types) minus: bool,
    /// Those without a point, and the most digits of one.
    pub(in crate::snapshot::types) integers: u64,
    pub(in crate::snapshot::types) whole: usize,
    /// The most digits before and behind the point of the others.
    pub(in crate::snapshot::types) before: usize,
    pub(in crate::snapshot::types) behind: usize,
    /// Those that could be thousands with a mark between, one to three digits before and three behind, and the most digits before it.
    pub(in crate::snapshot::types) thousands: u64,
    pub(in crate::snapshot::types) thousands_whole: usize,
    /// Some have a point and could not be thousands.
    pub(in crate::snapshot::types) certain: bool,
}

impl Seen {
    /// Takes in numbers in plain writing. False, with nothing taken in, when the column can't have such numbers any more.
    pub(in crate::snapshot::types) fn saw_numbers(&mut self, plain: &PlainNumbers) -> bool {
        if self.looks_for_nothing() {
            return true;
        }
        let lost = plain.values > plain.integers && self.numbers.styles & Style::POINTS == 0;
        if lost || !self.saw_only(NUMBER, plain.values) {
            return false;
        }
        if plain.values > 0 {
            self.numbers.see_plain(plain, self.look.declared);
        }
        true
    }

    /// Takes in dates as `YYYY-MM-DD`, with a time of day as `HH:MM:SS` when `timed`. False, with nothing taken in, when the column can't
    /// have such dates any more.
    pub(in crate::snapshot::types) fn saw_iso(&mut self, values: u64, timed: bool) -> bool {
        if self.looks_for_nothing() {
            return true;
        }
        let other_kind = if timed { self.dates.alone } else { self.dates.naive } + self.dates.zoned > 0;
        let lost = self.dates.orders & Order::YmdDash.bit() == 0 || self.dates.counts.is_some() || other_kind;
        if lost || !self.saw_only(DATE, values) {
            return false;
        }
        if values > 0 {
            self.dates.orders = Order::YmdDash.bit();
            *(if timed { &mut self.dates.naive } else { &mut self.dates.alone }) += values;
        }
        true
    }

    /// Whether the declared type says all, so that no cell is looked at.
    fn looks_for_nothing(&self) -> bool {
        self.look.declared && self.alive == 0
    }

    /// Takes in values that can only be of one type.
    fn saw_only(&mut self, kind: Kinds, values: u64) -> bool {
        if self.alive & kind == 0 {
            return false;
        }
        if values > 0 {
            self.alive = kind;
            self.values += values;
        }
        true
    }
}

impl Numbers {
    /// What [`Self::see`] does with each of them.
    fn see_plain(&mut self, plain: &PlainNumbers, declared: bool) {
        self.bears(Unit::Bare);
        self.open = true;
        self.minus |= plain.minus;
        self.unmarked.whole = self.unmarked.whole.max(plain.whole);
        if plain.values == plain.integers {
            return;
        }
        self.parted = true;
        self.point.fraction = true;
        self.point.whole = self.point.whole.max(plain.before);
        self.point.scale = self.point.scale.max(plain.behind);
        self.floats |= plain.certain || declared;
        let mut fits = Style::POINTS;
        if plain.thousands > 0 && !declared {
            self.comma.whole = self.comma.whole.max(plain.thousands_whole + 3);
            self.comma_proof += plain.thousands;
            if !plain.certain {
                fits |= Style::PointComma.bit();
            }
        }
        self.styles &= fits;
    }
}
