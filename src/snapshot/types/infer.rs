//! Inference: from what was seen of a column to the type that its cells prove, and to what its user should know where they prove
//! none. What is seen, and how, stands in `seen`.

use std::sync::Arc;

use super::calendar::{Order, Orders};
use super::marks::{Style, Styles, Unit};
use super::seen::{BOOL, Broke, DATE, DURATION, Dates, Facts, NUMBER, Numbers, PAIRS, Seen, TIME};
use super::token::Tokens;
use super::{DateFormat, Parse, Writing};

/// The most decimals of an amount of money.
const MOST_DECIMALS: usize = 9;

/// The most digits of a decimal.
const DIGITS: usize = 38;

/// The most digits of decimals of which a billion can be summed, and averaged to four decimals more, within [`DIGITS`]: beyond, `sum` wraps
/// around without a word.
const SUMMABLE: usize = 25;

/// The most different words for "no value" that one column has. With more, they are values.
const MOST_TOKENS: u32 = 3;

/// How much must speak for marks between digits (see [`super::marks::Written::proof`]): one value alone is no proof.
const PROOF: u64 = 2;

/// The type that the cells prove.
pub(super) struct Inferred {
    pub(super) parse: Parse,
    /// The words that are taken as missing.
    pub(super) tokens: Tokens,
    /// What every number bears.
    pub(super) unit: Option<&'static str>,
    pub(super) warning: Option<String>,
}

impl Inferred {
    fn text(warning: Option<String>) -> Self {
        Self { parse: Parse::Text, tokens: Tokens::default(), unit: None, warning }
    }

    fn of(parse: Parse, tokens: Tokens) -> Self {
        let warning = (tokens.len() > 0).then(|| {
            let words: Vec<String> = tokens.words().map(|word| format!("\"{word}\"")).collect();
            let are = if words.len() == 1 { "is" } else { "are" };
            format!("{} {are} taken as missing, since every other value is {}", words.join(", "), parse.expected_with_article())
        });
        Self { parse, tokens, unit: None, warning }
    }

    /// With something to tell ahead of what there is.
    fn told(self, first: String) -> Self {
        let warning = match self.warning {
            Some(warning) => format!("{first}; {warning}"),
            None => first,
        };
        Self { warning: Some(warning), ..self }
    }
}

impl Seen {
    /// The type that every cell has; text when there is none.
    pub(super) fn infer(&self) -> Inferred {
        if self.nested {
            return Inferred { parse: Parse::Json(super::JsonShape::Any), ..Inferred::text(None) };
        }
        if self.alive == 0 && self.dates.counts.is_none() && self.dates.kinds() > 1 {
            let warning = "stays text, since dates with and without a time of day or an offset stand in it";
            return Inferred::text(Some(warning.to_owned()));
        }
        if self.values == 0 || self.alive == 0 || self.tokens.len() > MOST_TOKENS {
            return Inferred::text(self.broke.as_ref().and_then(Broke::warning));
        }
        if self.alive & BOOL != 0
            && let Some(parse) = self.bool()
        {
            return Inferred::of(parse, self.tokens);
        }
        if self.alive & NUMBER != 0 {
            return match self.numbers.parse(self.values) {
                Ok(parse) => {
                    // Beside infinities NaN is what a calculation gave.
                    let tokens = if self.numbers.special { self.tokens.without_nan() } else { self.tokens };
                    let inferred = Inferred { unit: self.numbers.unit.and_then(Unit::mark), ..Inferred::of(parse, tokens) };
                    let inferred = self.rounded(&inferred.parse).into_iter().fold(inferred, Inferred::told);
                    match Style::first(self.numbers.styles).filter(|_| self.numbers.styles & Style::POINTS == 0) {
                        Some(comma) => {
                            inferred.told(format!("its numbers are read with decimals behind a comma, like {}", comma.name()))
                        }
                        None => inferred,
                    }
                }
                Err(warning) => Inferred::text(warning),
            };
        }
        if self.alive & DATE != 0 {
            return match self.dates.parse() {
                Ok(parse) => {
                    let doubt = (self.dates.orders.count_ones() > 1).then(|| {
                        let (_, name) = parse.in_words();
                        format!("its dates are read as {name}: the other way round, many years would have one day or two")
                    });
                    let inferred = Inferred::of(parse, self.tokens);
                    doubt.into_iter().fold(inferred, Inferred::told)
                }
                Err(warning) => Inferred::text(warning),
            };
        }
        if self.alive & TIME != 0 {
            return Inferred::of(Parse::Time(None), self.tokens);
        }
        match self.duration() {
            Some(parse) if self.alive & DURATION != 0 && self.timed => Inferred::of(parse, self.tokens),
            Some(_) | None => Inferred::text(None),
        }
    }

    /// A pair of words for yes and no: both were seen, or those of `true` and `false`, which mean nothing else.
    fn bool(&self) -> Option<Parse> {
        let both = |i: &usize| *i == 0 || self.words >> (2 * i) & 0b11 == 0b11;
        let pair = (0..PAIRS.len()).filter(|i| self.alive & (1 << i) != 0).find(both)?;
        Some(Parse::Bool(super::Words::Pair(PAIRS[pair])))
    }

    /// A number as declared: a double unless its decimals would be lost in one and a decimal keeps them.
    pub(super) fn declared_number(&self) -> Parse {
        let n = self.numbers.facts(&self.numbers.point);
        n.fraction(Writing::Plain, self.numbers.special).unwrap_or(Parse::Double(Writing::Plain))
    }

    /// What to tell where `parse` loses digits.
    pub(super) fn rounded(&self, parse: &Parse) -> Option<String> {
        let lost = self.numbers.facts(self.numbers.marked()).lost;
        (matches!(parse, Parse::Double(_)) && lost > 0).then(|| {
            let are = if lost == 1 { "one of its numbers is".to_owned() } else { format!("{lost} of its numbers are") };
            format!("{are} rounded to the 15 to 17 digits that a double keeps; declare string to have them as they are written")
        })
    }

    /// The type of durations; `None` when they need both months and what is shorter, which no type of a file holds together.
    pub(super) fn duration(&self) -> Option<Parse> {
        (!(self.months && self.shorter)).then_some(Parse::Duration { months: self.months })
    }

    /// The order that most dates can be read in; `None` without dates, and when as many can be read with day and month the other way round.
    fn likely_order(&self) -> Option<Order> {
        let Some(counts) = &self.dates.counts else {
            // Seen before it was known to be declared.
            let mut left = Order::of(self.dates.settled(self.dates.orders)).filter(|_| self.dates.kinds() > 0);
            return left.next().filter(|_| left.next().is_none());
        };
        let count = |order: Order| counts[order as usize];
        let likely: Vec<Order> = Order::of(self.dates.settled(Orders::MAX)).collect();
        let best = likely.iter().fold(Order::YmdDash, |best, o| if count(*o) > count(best) { *o } else { best });
        let settled = likely.into_iter().filter(|o| best.is_swapped(*o)).all(|o| count(o) < count(best));
        (settled && count(best) > 0).then_some(best)
    }

    /// The format of declared dates without a pattern: each file's likely order, else that of all files, else ISO 8601.
    pub(super) fn likely_format(&self, files: &[Option<&Self>]) -> DateFormat {
        let whole = self.likely_order().unwrap_or(Order::YmdDash);
        let each: Arc<[Order]> = files.iter().map(|seen| seen.and_then(Self::likely_order).unwrap_or(whole)).collect();
        if each.iter().all(|order| *order == whole) { DateFormat::Order(whole) } else { DateFormat::PerFile(each) }
    }

    /// A declared timestamp without a pattern: order and zone as most values have them.
    pub(super) fn declared_timestamp(&self, files: &[Option<&Self>]) -> Parse {
        let d = &self.dates;
        Parse::Timestamp {
            format: self.likely_format(files),
            zoned: d.zoned > d.naive,
            bare: d.alone > 0 && d.zoned + d.naive == 0,
        }
    }

    /// The type of these cells alone and its format, in words; `None` when there are no values or they alone do not settle it.
    pub(in crate::snapshot) fn in_words(&self) -> Option<(&'static str, String)> {
        let parse = self.infer().parse;
        let unsettled = matches!(parse, Parse::Text) && self.alive & (DATE | NUMBER) != 0;
        (self.values > 0 && !unsettled).then(|| parse.in_words())
    }

    /// The orders that the dates of this file can be read in; `None` when it has no dates, an error when it has something else.
    fn date_orders(&self) -> Result<Option<Orders>, ()> {
        match (self.values, self.alive & DATE) {
            (0, _) => Ok(None),
            (_, 0) => Err(()),
            (_, _) => Ok(Some(self.dates.settled(self.dates.orders))),
        }
    }
}

/// Dates that are written otherwise in each file: a format for each, where each settles its own or the others settle whether day or
/// month comes first. `whole` is of all `files`. `None` when it is not dates that the files differ in; an error says what to tell the user.
pub(super) fn dates_by_file(whole: &Seen, files: &[Option<&Seen>]) -> Option<Result<Inferred, String>> {
    let orders: Vec<Option<Orders>> =
        files.iter().map(|seen| seen.map_or(Ok(None), |s| s.date_orders())).collect::<Result<_, _>>().ok()?;
    if whole.values == 0 || whole.tokens.len() > MOST_TOKENS || whole.dates.are_buddhist() {
        return None;
    }
    if whole.dates.kinds() != 1 {
        return Some(Err("stays text, since some of its files have a time of day with each date and others do not".to_owned()));
    }
    let settled = |orders: Orders| (orders.count_ones() == 1).then(|| Order::of(orders).next()).flatten();
    let mut day_first = orders.iter().flatten().filter_map(|o| settled(*o)?.day_first());
    let first = day_first.next().filter(|first| day_first.all(|other| other == *first));
    let mut formats = Vec::with_capacity(files.len());
    // A file without dates has the format of another: any would do.
    let mut before = orders.iter().flatten().find_map(|o| settled(*o)).unwrap_or(Order::YmdDash);
    for of_file in &orders {
        let order = match of_file {
            None => Some(before),
            Some(orders) => settled(*orders).or_else(|| Order::of(*orders).find(|o| first.is_some() && o.day_first() == first)),
        };
        let Some(order) = order else {
            return Some(Err(
                "stays text, since neither does each of its files settle whether day or month comes first, nor do the \
                             others; declare a format to settle it"
                    .to_owned(),
            ));
        };
        formats.push(order);
        before = order;
    }
    let format = DateFormat::PerFile(Arc::from(formats));
    let warning = format!("its files write dates as {}; each file is read in its own way", format.names().join(" and as "));
    let parse = whole.dates.of_format(format);
    Some(Ok(Inferred::of(parse, whole.tokens).told(warning)))
}

/// What to tell of numbers that are written otherwise in each file, so that together they are text; `None` when some file has something else,
/// or when it is not their writing that they differ in.
pub(super) fn numbers_by_file(files: &[Option<&Seen>]) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for seen in files.iter().flatten().filter(|seen| seen.values > 0) {
        let inferred = seen.infer();
        let (Parse::Integer(_) | Parse::Double(_) | Parse::Decimal { .. }) = inferred.parse else { return None };
        // Numbers without a mark are the same in every writing.
        let (_, name) = inferred.parse.in_words();
        if seen.numbers.styles != Styles::MAX && !names.contains(&name) {
            names.push(name);
        }
    }
    (names.len() > 1).then(|| {
        let names = names.join(" and as ");
        format!("stays text, since its files write numbers as {names}; declare groupChar and decimalChar")
    })
}

impl Numbers {
    /// All that were read with this part of them.
    fn facts(&self, marked: &Facts) -> Facts {
        let mut facts = self.unmarked;
        facts.merge(*marked);
        facts
    }

    /// What was seen of the numbers with marks, in the reading that they have.
    fn marked(&self) -> &Facts {
        if self.styles & Style::POINTS != 0 { &self.point } else { &self.comma }
    }

    /// The type that keeps every number of `values` as it is written; an error says what to tell the user, if anything.
    fn parse(&self, values: u64) -> Result<Parse, Option<String>> {
        let (points, commas) = (self.styles & Style::POINTS, self.styles & Style::COMMAS);
        if self.nan && !self.special {
            return Err(None);
        }
        if self.codes > 0 && !self.floats {
            return Err((self.codes * 10 <= values).then(|| {
                "stays text, since whole numbers with an exponent, like 12E4, may be codes; declare number if they are none"
                    .to_owned()
            }));
        }
        if self.mixed {
            return Err(Some("stays text, since its numbers do not all bear the same unit or currency".to_owned()));
        }
        if points != 0 && commas != 0 && self.parted {
            return Err(Some(
                "stays text, since a mark in its numbers can part thousands or decimals; declare groupChar and decimalChar to settle it"
                    .to_owned(),
            ));
        }
        let (styles, marked) = (if points != 0 { points } else { commas }, self.marked());
        let style = Style::first(styles).ok_or(None)?;
        let proof = if points != 0 {
            self.point_proof
        } else if self.commas_free {
            self.marked.max(self.comma_proof)
        } else {
            self.comma_proof
        };
        if style != Style::Plain && proof < PROOF {
            let (name, marked) = (style.name(), self.marked);
            if marked * 2 >= values {
                return Err(Some(format!(
                    "stays text, since too little proves that its numbers are written like {name}; declare groupChar and decimalChar to settle it"
                )));
            }
            // Where most values are whole, the few others are rather lists than numbers.
            return Err(told_of_many(values, marked, || {
                format!("written like {name} or lists; declare number with groupChar and decimalChar if they are numbers")
            }));
        }
        // Numbers in parentheses only are those of notes, whole ones with a plus only those of telephones.
        if (self.enclosed && !self.open) || (self.plus && !self.minus && !self.facts(marked).fraction) {
            return Err(None);
        }
        let writing = if style == Style::Plain && !self.dressed { Writing::Plain } else { Writing::Marked(style) };
        let money = matches!(self.unit, Some(Unit::Currency(_)));
        let facts = self.facts(marked);
        facts.parse(writing, self.special, money).ok_or_else(|| {
            // Only of whole ones, plainly written, a declared number keeps all digits.
            let are_kept = style == Style::Plain && !(self.dressed || self.special || facts.fraction) && facts.whole <= DIGITS;
            told_of_many(values, facts.too_large, || "beyond what bigint holds; declare number to have them exactly".to_owned())
                .filter(|_| are_kept)
        })
    }
}

/// What to tell where a few numbers keep many others from a type; nothing where many are as they.
fn told_of_many(values: u64, few: u64, are: impl FnOnce() -> String) -> Option<String> {
    (few > 0 && values.saturating_sub(few) >= Broke::MANY && few * 10 <= values)
        .then(|| format!("stays text: {} of its values are plain numbers, and {few} {}", values - few, are()))
}

impl Facts {
    /// `None` when no type keeps every number.
    fn parse(&self, writing: Writing, special: bool, money: bool) -> Option<Parse> {
        if !self.fraction && !special {
            return (self.too_large == 0).then_some(Parse::Integer(writing));
        }
        if money && self.scale <= MOST_DECIMALS && self.fits_decimal(DIGITS, special) {
            return Some(Parse::Decimal { scale: self.scale, writing });
        }
        self.fraction(writing, special)
    }

    /// The type of numbers with decimals: a double where it loses nothing; else a decimal that can be calculated with; else a double that comes
    /// near, which is told. `None` when no type does.
    fn fraction(&self, writing: Writing, special: bool) -> Option<Parse> {
        let is_near = self.whole <= 15 && !self.far;
        if (self.lost == 0 && !self.far) || (is_near && !self.fits_decimal(SUMMABLE, special)) {
            return Some(Parse::Double(writing));
        }
        self.fits_decimal(DIGITS, special).then_some(Parse::Decimal { scale: self.scale, writing })
    }

    fn fits_decimal(&self, digits: usize, special: bool) -> bool {
        !self.exponent && !special && self.whole + self.scale <= digits
    }
}

impl Dates {
    /// The one order left; an error with what to tell the user when there is none, or when day and month can't be told apart.
    fn parse(&self) -> Result<Parse, Option<String>> {
        if self.are_buddhist() {
            let warning = "stays text, since the years of all its dates are 2400 to 2600, as the Buddhist era counts them, 543 ahead; declare date \
                           if they are of the common era";
            return Err(Some(warning.to_owned()));
        }
        let left: Vec<Order> = Order::of(self.settled(self.orders)).collect();
        let order = match left.as_slice() {
            [order] => *order,
            [] => return Err(None),
            several => {
                let names: Vec<&str> = several.iter().map(|order| order.name()).collect();
                let names = names.join(" and as ");
                return Err(Some(format!("stays text, since the dates can be read as {names}; declare a format to settle it")));
            }
        };
        Ok(self.of_format(DateFormat::Order(order)))
    }

    fn of_format(&self, format: DateFormat) -> Parse {
        if self.alone > 0 { Parse::Date(format) } else { Parse::Timestamp { format, zoned: self.zoned > 0, bare: false } }
    }
}
