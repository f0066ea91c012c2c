//! Criteria that look at the data: its stars, its age, and what was measured of its tables.

use chrono::{DateTime, NaiveDate, Utc};

use super::metadata::{is_data, is_licensed, is_linked, is_open};
use super::{Facts, Score, TableFacts};
use crate::descriptor::Dataset;
use crate::descriptor::terms::Frequency;

/// Periods that data may be late without being stale, and those at which it is.
const IN_TIME: f64 = 1.5;
const STALE: f64 = 3.0;

const NEVER_READ: &str = "none of its tables was read yet";
const NO_TABLES: &str = "it has no tables";

/// The part of the tables that could be read, of those that were asked for.
pub(super) fn readable(facts: &Facts<'_>) -> Score {
    let asked: Vec<bool> = facts.tables.iter().filter_map(|t| t.readable).collect();
    let reason = if facts.tables.is_empty() { NO_TABLES } else { NEVER_READ };
    Score::part(asked.iter().filter(|readable| **readable).count(), asked.len(), reason)
}

pub(super) fn stars(dataset: &Dataset) -> Score {
    let stars = dataset.distributions.iter().map(|d| {
        let steps = [is_licensed(dataset, d), is_data(d), is_open(d), is_linked(d)];
        steps.iter().take_while(|step| **step).count()
    });
    match stars.max() {
        Some(stars) => Score { value: Some(stars.to_string()), met: Ok(stars as f64 / 5.0) },
        None => Score::unknown("it has no distributions"),
    }
}

pub(super) fn freshness(dataset: &Dataset, now: DateTime<Utc>) -> Score {
    let changed = dataset.distributions.iter().filter_map(|d| d.modified.as_deref()).chain(dataset.modified.as_deref());
    let changed = changed.filter_map(day).max();
    let Some(published) = dataset.accrual_periodicity.as_deref() else { return Score::unknown("no frequency is declared") };
    let Some(frequency) = Frequency::of_words(published) else {
        return Score::unknown("the declared frequency is not understood");
    };
    if matches!(frequency.code, "NEVER" | "NOT_PLANNED") {
        return Score { value: Some(frequency.code.to_owned()), met: Ok(1.0) };
    }
    let Some(period) = frequency.days() else { return Score::unknown("the declared frequency has no period") };
    let Some(changed) = changed else { return Score::unknown("no date of the last change is published") };
    let age = (now.date_naive() - changed).num_days().max(0);
    let periods = age as f64 / period.max(1.0);
    let met = ((STALE - periods) / (STALE - IN_TIME)).clamp(0.0, 1.0);
    Score { value: Some(format!("{changed}, {age} days ago, {}", frequency.code)), met: Ok(met) }
}

/// The day of a published date: its year, month and day, the first where less is told.
fn day(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let date = text.get(..10).unwrap_or(text);
    let whole = [date.to_owned(), format!("{date}-01"), format!("{date}-01-01")];
    whole.iter().find_map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
}

/// The part of `of` that is left of what some tables tell.
fn left(told: impl Iterator<Item = (u64, u64)>, reason: &'static str, words: &str) -> Score {
    let (of, lost) = told.fold((0_u64, 0_u64), |(of, lost), (a, b)| (of.saturating_add(a), lost.saturating_add(b)));
    if of == 0 {
        return Score::unknown(reason);
    }
    let met = (1.0 - lost as f64 / of as f64).max(0.0);
    Score { value: Some(format!("{lost} {words} {of}")), met: Ok(met) }
}

pub(super) fn completeness(tables: &[TableFacts]) -> Score {
    left(tables.iter().filter_map(|t| t.cells), "none of its tables was measured yet", "cells without a value of")
}

pub(super) fn rejects(tables: &[TableFacts]) -> Score {
    left(tables.iter().filter_map(|t| t.rejects), NEVER_READ, "rejects in rows")
}

pub(super) fn documentation(tables: &[TableFacts]) -> Score {
    let told = tables.iter().filter_map(|t| t.columns).map(|(all, told)| (all, all.saturating_sub(told)));
    left(told, "its columns are neither declared nor known", "columns unexplained of")
}

pub(super) fn stability(tables: &[TableFacts]) -> Score {
    left(tables.iter().filter_map(|t| t.drifted), NEVER_READ, "columns differ of")
}
