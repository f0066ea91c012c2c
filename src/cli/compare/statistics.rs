//! Times of repeated runs, and ratios of them.

/// The median of some numbers; the mean of the middle two of an even count. `None` of none.
pub(super) fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// How far the runs lie apart: the median of their distances from the median, as a share of it. It heeds no single outlier.
pub(super) fn spread(numbers: &[f64]) -> Option<f64> {
    let center = median(numbers)?;
    let distances: Vec<f64> = numbers.iter().map(|n| (n - center).abs()).collect();
    let apart = median(&distances)?;
    Some(if center > 0.0 { apart / center } else { 0.0 })
}

/// The geometric mean of positive ratios: 2 and 1/2 make 1. `None` of none.
pub(super) fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    if ratios.is_empty() {
        return None;
    }
    Some((ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_runs() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!((median(&[]), spread(&[])), (None, None));
        assert_eq!(spread(&[10.0, 11.0, 9.0, 10.0, 500.0]), Some(0.1));
        assert_eq!(spread(&[0.0, 0.0]), Some(0.0));
    }

    #[test]
    fn a_half_and_a_double_cancel_out() {
        let mean = geometric_mean(&[2.0, 0.5, 1.0]).expect("there are ratios");
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean(&[]), None);
    }
}
