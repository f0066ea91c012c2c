//! What was seen of a column's numbers: the styles that read every one, and what a type must hold to keep them all.

use serde::{Deserialize, Serialize};

use crate::snapshot::types::marks::{self, Style, Styles, Unit};
use crate::snapshot::types::number::{self, Shape};

/// What was seen of the numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::snapshot::types) struct Numbers {
    /// The styles that read every one.
    pub(in crate::snapshot::types) styles: Styles,
    /// Of numbers without a mark between digits, which are the same in every style.
    pub(in crate::snapshot::types) unmarked: Facts,
    /// Of the others, as they read with decimals behind a point.
    pub(in crate::snapshot::types) point: Facts,
    /// Of the others, as they read with decimals behind a comma.
    pub(in crate::snapshot::types) comma: Facts,
    pub(in crate::snapshot::types) unit: Option<Unit>,
    /// Not all have the same unit.
    pub(in crate::snapshot::types) mixed: bool,
    /// Some are not in plain writing.
    pub(in crate::snapshot::types) dressed: bool,
    /// Some are in parentheses, some are not.
    pub(in crate::snapshot::types) enclosed: bool,
    pub(in crate::snapshot::types) open: bool,
    /// Some bear a `+`, some are negative.
    pub(in crate::snapshot::types) plus: bool,
    pub(in crate::snapshot::types) minus: bool,
    /// A point or a comma stands between digits.
    pub(in crate::snapshot::types) parted: bool,
    /// Infinity, or a declared `NaN`.
    pub(in crate::snapshot::types) special: bool,
    /// `NaN` where nothing is declared: a number where infinities stand beside it, else a word.
    pub(in crate::snapshot::types) nan: bool,
    /// How many may be codes as well ([`Shape::may_be_code`]), and that some can be nothing but numbers with decimals or an exponent.
    #[serde(default)]
    pub(in crate::snapshot::types) codes: u64,
    #[serde(default)]
    pub(in crate::snapshot::types) floats: bool,
    /// How many have marks between digits that plain writing has not.
    pub(in crate::snapshot::types) marked: u64,
    /// How much speaks for those marks, with decimals behind a point and behind a comma (see [`marks::Written::proof`]).
    pub(in crate::snapshot::types) point_proof: u64,
    pub(in crate::snapshot::types) comma_proof: u64,
    /// Commas do not part the fields of the file.
    pub(in crate::snapshot::types) commas_free: bool,
}

/// What a type for numbers must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot::types) struct Facts {
    pub(in crate::snapshot::types) fraction: bool,
    /// How many whole ones are beyond 64 bits.
    pub(in crate::snapshot::types) too_large: u64,
    /// How many a double comes near, and does not hold to the last digit.
    pub(in crate::snapshot::types) lost: u64,
    pub(in crate::snapshot::types) exponent: bool,
    /// Some value is beyond what a double can come near.
    pub(in crate::snapshot::types) far: bool,
    /// The most digits before the point.
    pub(in crate::snapshot::types) whole: usize,
    /// The most digits behind it.
    pub(in crate::snapshot::types) scale: usize,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            styles: Styles::MAX,
            unmarked: Facts::default(),
            point: Facts::default(),
            comma: Facts::default(),
            unit: None,
            mixed: false,
            dressed: false,
            enclosed: false,
            open: false,
            plus: false,
            minus: false,
            parted: false,
            special: false,
            nan: false,
            codes: 0,
            floats: false,
            marked: 0,
            point_proof: 0,
            comma_proof: 0,
            commas_free: false,
        }
    }
}

impl Numbers {
    /// Whether the text is a number that can be read as all before it. A declared number has one writing, so has one of JSON.
    pub(super) fn see(&mut self, text: &str, declared: bool, json: bool) -> bool {
        if let Some(shape) = number::shape(text.as_bytes()) {
            self.bears(Unit::Bare);
            self.open = true;
            self.minus |= text.starts_with('-');
            if shape.integer {
                self.unmarked.see(text, shape);
                return true;
            }
            self.parted |= !json;
            self.point.see(text, shape);
            let thousands = shape.scale == 3 && (1..=3).contains(&shape.whole) && !(shape.exponent || json || declared);
            let fits = if thousands {
                self.comma.whole = self.comma.whole.max(shape.whole + 3);
                self.comma_proof += 1;
                Style::POINTS | Style::PointComma.bit()
            } else if shape.exponent {
                Style::Plain.bit()
            } else {
                Style::POINTS
            };
            let is_code = shape.may_be_code && !(json || declared);
            self.codes += u64::from(is_code);
            self.floats |= !(is_code || thousands);
            self.styles &= fits;
            return self.styles != 0;
        }
        if let Some(value) = number::double(text, true).filter(|v| !v.is_finite()) {
            self.special |= declared || value.is_infinite();
            self.nan |= !declared && value.is_nan();
            self.styles &= Style::Plain.bit();
            return self.styles != 0;
        }
        !declared && !json && self.see_marked(text)
    }

    /// A number that is not in plain writing.
    fn see_marked(&mut self, text: &str) -> bool {
        let Some(written) = marks::written(text) else { return false };
        let styles = written.styles() & self.styles;
        let mut fits = 0;
        let readings =
            [(Style::POINTS, &mut self.point, &mut self.point_proof), (Style::COMMAS, &mut self.comma, &mut self.comma_proof)];
        for (decimal, facts, proof) in readings {
            let Some(style) = Style::first(styles & decimal) else { continue };
            let plain = written.plain(style);
            if let Some(shape) = number::shape(plain.text().as_bytes()) {
                facts.see(plain.text(), shape);
                *proof += written.proof(style);
                fits |= styles & decimal;
            }
        }
        self.styles &= fits;
        self.bears(written.unit);
        self.dressed = true;
        self.enclosed |= written.enclosed;
        self.open |= !written.enclosed;
        self.plus |= written.plus;
        self.minus |= written.negative;
        self.parted |= written.is_parted();
        self.marked += u64::from(written.styles() & Style::Plain.bit() == 0);
        fits != 0
    }

    pub(super) fn bears(&mut self, unit: Unit) {
        match self.unit {
            None => self.unit = Some(unit),
            Some(before) => self.mixed |= before != unit,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.styles &= other.styles;
        self.unmarked.merge(other.unmarked);
        self.point.merge(other.point);
        self.comma.merge(other.comma);
        self.mixed |= other.mixed;
        if let Some(unit) = other.unit {
            self.bears(unit);
        }
        self.dressed |= other.dressed;
        self.enclosed |= other.enclosed;
        self.open |= other.open;
        self.plus |= other.plus;
        self.minus |= other.minus;
        self.parted |= other.parted;
        self.special |= other.special;
        self.nan |= other.nan;
        self.codes += other.codes;
        self.floats |= other.floats;
        self.marked += other.marked;
        self.point_proof += other.point_proof;
        self.comma_proof += other.comma_proof;
        self.commas_free |= other.commas_free;
    }
}

impl Facts {
    fn see(&mut self, text: &str, shape: Shape) {
        self.fraction |= !shape.integer;
        self.exponent |= shape.exponent;
        self.whole = self.whole.max(shape.whole);
        self.scale = self.scale.max(shape.scale);
        if shape.integer && shape.whole > 18 {
            self.too_large += u64::from(number::integer(text.as_bytes()).is_none());
        }
        if !number::fits_double(text, shape) {
            let near = number::near_double(text, shape);
            self.lost += u64::from(near);
            self.far |= !near;
        }
    }

    /// Of both.
    pub(in crate::snapshot::types) fn merge(&mut self, other: Self) {
        self.fraction |= other.fraction;
        self.too_large += other.too_large;
        self.lost += other.lost;
        self.exponent |= other.exponent;
        self.far |= other.far;
        self.whole = self.whole.max(other.whole);
        self.scale = self.scale.max(other.scale);
    }
}
