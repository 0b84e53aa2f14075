//! Numbers as they are reported.

/// A count, a moment or a length of time.
#[expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^53")]
pub(crate) const fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Of values in ascending order; NaN of none.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (count, middle) if count % 2 == 1 => sorted[middle],
        (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[1.0, 2.0, 9.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[1.0, 2.0, 4.0, 9.0]) - 3.0).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
