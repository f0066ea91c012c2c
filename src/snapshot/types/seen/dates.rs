//! What was seen of a column's dates: the orders that every one can be read in, and whether a time and an offset follow.

use serde::{Deserialize, Serialize};

use crate::snapshot::types::calendar::{self, Order, Orders};
use crate::snapshot::types::clock;

/// What was seen of the dates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::snapshot::types) struct Dates {
    /// The orders that every one can be read in.
    pub(in crate::snapshot::types) orders: Orders,
    /// For each order of [`Order::ALL`], how many can be read in it; only where a date is declared.
    pub(in crate::snapshot::types) counts: Option<Box<[u64; Order::ALL.len()]>>,
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
        if let Some(counts) = &mut self.counts {
            Order::of(orders).for_each(|order| counts[order as usize] += 1);
        }
        match clock.map(|c| c.offset) {
            None => self.alone += 1,
            Some(None) => self.naive += 1,
            Some(Some(_)) => self.zoned += 1,
        }
        self.orders &= orders;
        self.orders != 0 && self.kinds() == 1
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
        self.alone += other.alone;
        self.zoned += other.zoned;
        self.naive += other.naive;
    }
}
