//! What was seen of a column's dates: the orders that every one can be read in, and whether a time and an offset follow.

use serde::{Deserialize, Serialize};

use crate::snapshot::types::calendar::{self, Order, Orders};
use crate::snapshot::types::clock;

/// Days that periods begin or end on, and what is no day.
const PERIODS: u32 = 1 | 1 << 1 | 1 << 15 | 0b1111 << 28;

/// What was seen of the dates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::snapshot::types) struct Dates {
    /// The orders that every one can be read in.
    pub(in crate::snapshot::types) orders: Orders,
    /// For each order at its place, how many can be read in it; only where a date is declared.
    pub(in crate::snapshot::types) counts: Option<Box<[u64; Order::COUNT]>>,
    /// The first and the last numbers of those with three numbers of two digits, as bits.
    pub(in crate::snapshot::types) ends: [u32; 2],
    /// Those whose year may be of the Buddhist era (see [`calendar::Dateish::may_be_buddhist`]).
    #[serde(default)]
    pub(in crate::snapshot::types) buddhist: u64,
    /// Without a time of day.
    pub(in crate::snapshot::types) alone: u64,
    /// With a time and an offset.
    pub(in crate::snapshot::types) zoned: u64,
    /// With a time and no offset.
    pub(in crate::snapshot::types) naive: u64,
}

impl Dates {
    /// Notes the orders, and whether a time and a zone follow; false when the text is no date at all, for which nothing is noted, or not
    /// of one kind and order with those before it.
    pub(super) fn see(&mut self, text: &[u8]) -> bool {
        let Some(date) = calendar::dateish(text) else { return false };
        let clock = match date.rest() {
            [] => None,
            rest => match clock::clock_after_date(rest) {
                Some(clock) => Some(clock),
                None => return false,
            },
        };
        let orders = date.orders();
        if orders == 0 {
            return false;
        }
        self.ends.iter_mut().zip(date.short_ends()).for_each(|(seen, end)| *seen |= end);
        if let Some(counts) = &mut self.counts {
            Order::of(orders).for_each(|order| counts[order as usize] += 1);
        }
        self.buddhist += u64::from(date.may_be_buddhist());
        match clock.map(|c| c.offset) {
            None => self.alone += 1,
            Some(None) => self.naive += 1,
            Some(Some(_)) => self.zoned += 1,
        }
        self.orders &= orders;
        self.orders != 0 && self.kinds() == 1
    }

    /// Those of `orders` that the numbers speak for: where one end of all dates takes more values than there are months, and the other is
    /// one or two numbers that no period begins or ends on, the latter is the year.
    pub(in crate::snapshot::types) fn settled(&self, orders: Orders) -> Orders {
        let few = |ends: u32| ends & PERIODS == 0 && matches!(ends.count_ones(), 1 | 2);
        let many = |ends: u32| ends.count_ones() > 12;
        let [first, last] = self.ends;
        let left = if few(first) && many(last) {
            orders & Order::SHORT_FIRST
        } else if few(last) && many(first) {
            orders & !Order::SHORT_FIRST
        } else {
            orders
        };
        if left == 0 { orders } else { left }
    }

    /// Whether no year is of the common era, for all that is known.
    pub(in crate::snapshot::types) fn are_buddhist(&self) -> bool {
        self.buddhist > 0 && self.buddhist == self.alone + self.zoned + self.naive
    }

    /// How many kinds there are of dates: alone, with a time, with a time and an offset.
    pub(in crate::snapshot::types) fn kinds(&self) -> u8 {
        u8::from(self.alone > 0) + u8::from(self.naive > 0) + u8::from(self.zoned > 0)
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.orders &= other.orders;
        if let (Some(counts), Some(others)) = (&mut self.counts, &other.counts) {
            counts.iter_mut().zip(others.iter()).for_each(|(count, more)| *count += more);
        }
        self.ends.iter_mut().zip(other.ends).for_each(|(seen, end)| *seen |= end);
        self.buddhist += other.buddhist;
        self.alone += other.alone;
        self.zoned += other.zoned;
        self.naive += other.naive;
    }
}
