//! Floats as their bits say them, and where their shortest digits meet a neighbour's.

/// The most factors of five in a number below 2^55.
const MOST_FIVES: i32 = 23;

/// A float's magnitude: `mantissa * 2^exponent`.
pub struct Binary {
    pub mantissa: u64,
    pub exponent: i32,
    /// Whether the float below is twice as close as the one above.
    is_power: bool,
}

impl From<f64> for Binary {
    #[inline]
    fn from(value: f64) -> Self {
        let bits = value.to_bits();
        Self::new(bits & ((1 << 52) - 1), ((bits >> 52) & 0x7ff) as i32, 52)
    }
}

impl From<f32> for Binary {
    #[inline]
    fn from(value: f32) -> Self {
        let bits = value.to_bits();
        Self::new(u64::from(bits & ((1 << 23) - 1)), ((bits >> 23) & 0xff) as i32, 23)
    }
}

impl Binary {
    /// From the stored fraction of `width` bits and the stored exponent.
    fn new(fraction: u64, exponent: i32, width: u32) -> Self {
        // The bias, and the fraction's bits behind the point.
        let lowest = if width == 52 { -1074 } else { -149 };
        if exponent == 0 {
            return Self { mantissa: fraction, exponent: lowest, is_power: false };
        }
        Self { mantissa: fraction | 1 << width, exponent: lowest + exponent - 1, is_power: fraction == 0 && exponent > 1 }
    }

    /// Whether the float lies in the middle between two neighbours of the last digit, which stands for `10^place`.
    pub fn is_tie(&self, place: i32) -> bool {
        if self.mantissa == 0 {
            return false;
        }
        // An odd multiple of half of 10^place is an odd multiple of 5^place * 2^(place - 1).
        let twos = self.mantissa.trailing_zeros();
        self.exponent + twos as i32 == place - 1
            && place <= MOST_FIVES
            && (place <= 0 || (self.mantissa >> twos).is_multiple_of(5u64.pow(place as u32)))
    }

    /// Whether half of `10^place` less is still this float; at a power of two it may not be.
    pub fn has_room_below(&self, place: i32) -> bool {
        !self.is_power || 10f64.powi(place) < 2f64.powi(self.exponent - 1)
    }

    /// Whether `digits * 10^place` lies on the border to a neighbouring float.
    pub fn is_border(&self, digits: &[u8], place: i32) -> bool {
        // A border is an odd multiple of a power of two, so its fives must stand in that odd number. Below the integers, where
        // `place` is negative, a border has more digits than the shortest text.
        if !self.mantissa.is_multiple_of(2) || self.exponent <= 0 || !(0..=MOST_FIVES).contains(&place) {
            return false;
        }
        let number = digits.iter().fold(0u128, |n, d| n * 10 + u128::from(d - b'0')) * 5u128.pow(place as u32);
        let border = (number >> number.trailing_zeros(), number.trailing_zeros() as i32 + place);
        let mantissa = u128::from(self.mantissa);
        let below = if self.is_power { (4 * mantissa - 1, self.exponent - 2) } else { (2 * mantissa - 1, self.exponent - 1) };
        border == (2 * mantissa + 1, self.exponent - 1) || border == below
    }
}
