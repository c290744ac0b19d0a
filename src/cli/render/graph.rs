//! How times are spread, as bars on one line.

use std::collections::BTreeMap;

/// What one bar stands for, in milliseconds, where there is room for it.
const STEP: f64 = 50.0;

const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];

/// One bar for every 50 ms from the shortest to the longest time; for a multiple of that, where
/// the bars would be more than `width`.
pub(crate) fn bars(times: &[f64], width: usize) -> String {
    let longest = times.iter().copied().fold(0.0, f64::max);
    let mut step = STEP;
    // Doubling ends: a step above the longest time leaves one bar.
    while count(times, step) > width.max(1) && step <= longest {
        step *= 2.0;
    }
    let mut buckets: BTreeMap<u64, usize> = BTreeMap::new();
    for time in times {
        *buckets.entry(bucket(*time, step)).or_default() += 1;
    }
    let (Some(first), Some(last)) = (
        buckets.keys().next().copied(),
        buckets.keys().next_back().copied(),
    ) else {
        return String::new();
    };
    let most = buckets.values().copied().max().unwrap_or(1);
    (first..=last)
        .map(|at| {
            let here = buckets.get(&at).copied().unwrap_or(0);
            // Rounded: 6 * here / most.
            let height = (12 * here + most) / (2 * most);
            BARS.get(height).copied().unwrap_or('▇')
        })
        .collect()
}

/// How values are spread, as the original draws them: so many bars from the least to the most, each
/// one wider than its part of the way by 1, so that what hardly differs stays together. Values that do
/// not differ at all are a flat line, and what is there is seen.
pub(crate) fn spread(values: &[f64], buckets: usize) -> String {
    let (Some(least), Some(most)) = (
        values.iter().copied().reduce(f64::min),
        values.iter().copied().reduce(f64::max),
    ) else {
        return String::new();
    };
    let mut counts = vec![0_usize; buckets];
    #[allow(clippy::cast_precision_loss, reason = "a few buckets")]
    let width = (most - least) / buckets as f64 + 1.0;
    for value in values.iter().filter(|_| most > least) {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "such a cast saturates, and the last bucket takes what is beyond"
        )]
        let at = ((value - least) / width) as usize;
        if let Some(count) = counts.get_mut(at.min(buckets.saturating_sub(1))) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    counts
        .iter()
        .map(|&here| {
            // Rounded: 6 * here / most.
            let height = (12 * here + most) / (2 * most);
            let height = height.max(usize::from(here > 0));
            BARS.get(height).copied().unwrap_or('▇')
        })
        .collect()
}

fn count(times: &[f64], step: f64) -> usize {
    let buckets = times.iter().map(|time| bucket(*time, step));
    let (first, last) = buckets.fold((u64::MAX, 0), |(first, last), at| {
        (first.min(at), last.max(at))
    });
    usize::try_from(last.saturating_sub(first))
        .unwrap_or(usize::MAX)
        .saturating_add(1)
}

/// Times are rounded up to the next step, and no time at all is the first.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a cast saturates, and waits are far below"
)]
fn bucket(time: f64, step: f64) -> u64 {
    ((time / step).ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_the_originals() {
        assert_eq!(bars(&[31.46, 74.01, 75.72, 77.21], 30), "▃▇");
        assert_eq!(bars(&[10.0], 30), "▇");
        assert_eq!(bars(&[10.0, 210.0], 30), "▇▁▁▁▇");
        assert_eq!(bars(&[], 30), "");
    }

    #[test]
    fn values_are_spread_as_the_original_spreads_them() {
        assert_eq!(spread(&[0.0, 1.0, 2.0, 100.0], 5), "▇▁▁▁▃");
        assert_eq!(spread(&[0.5, 0.9], 5), "▇▁▁▁▁");
        assert_eq!(spread(&[7.0, 7.0], 4), "▁▁▁▁");
        assert_eq!(spread(&[], 4), "");
        let many: Vec<f64> = (0..1000).map(|_| 1.0).chain([20.0]).collect();
        assert_eq!(spread(&many, 3), "▇▁▂", "one of a thousand is seen");
    }

    #[test]
    fn it_fits_the_window() {
        let times: Vec<f64> = (0..100).map(|n| f64::from(n) * 100.0).collect();
        for width in [1, 2, 7, 80, 1000] {
            let drawn = bars(&times, width).chars().count();
            assert!((1..=width).contains(&drawn), "{drawn} in {width}");
        }
        assert!(!bars(&times, 0).is_empty());
    }
}
