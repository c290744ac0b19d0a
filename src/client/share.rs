//! A number of nodes, or a share of them: `10` or `25%`.

use std::str::FromStr;

/// A number of nodes, or a share of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many.
    Count(usize),
    /// So many of a hundred.
    Percent(u32),
}

/// A text that is neither; whoever asks for it says what is valid there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoShare;

impl FromStr for Share {
    type Err = NoShare;

    fn from_str(text: &str) -> Result<Self, NoShare> {
        let digits = text.strip_suffix('%').unwrap_or(text);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoShare);
        }
        if digits.len() < text.len() {
            digits.parse().map(Self::Percent).map_err(|_| NoShare)
        } else {
            digits.parse().map(Self::Count).map_err(|_| NoShare)
        }
    }
}

impl Share {
    /// Whether it is nothing at all.
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Count(0) | Self::Percent(0))
    }

    /// At most so many of `total`: rounded down, but at least one where there is one.
    pub fn at_most(self, total: usize) -> usize {
        let wanted = match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (Self::hundredths(total, percent) / 100).max(1),
        };
        wanted.min(total)
    }

    /// So many of `total` and not one more: rounded down, to none if need be.
    pub fn allowed(self, total: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => Self::hundredths(total, percent) / 100,
        }
    }

    /// The size of a part of `total`: rounded up, and never zero.
    pub fn part(self, total: usize) -> usize {
        match self {
            Self::Count(count) => count.max(1),
            Self::Percent(percent) => Self::hundredths(total, percent).div_ceil(100).max(1),
        }
    }

    fn hundredths(total: usize, percent: u32) -> usize {
        total.saturating_mul(usize::try_from(percent).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_round_down_and_batches_up() {
        let share = |text: &str| text.parse::<Share>().unwrap();
        assert_eq!(share("2").at_most(5), 2);
        assert_eq!(share("9").at_most(5), 5);
        assert_eq!(share("50%").at_most(5), 2);
        assert_eq!(share("1%").at_most(5), 1);
        assert_eq!(share("1%").at_most(0), 0);
        assert_eq!(share("300%").at_most(5), 5);
        assert_eq!(share("50%").part(5), 3);
        assert_eq!(share("1%").part(5), 1);
        assert_eq!(share("7").part(5), 7);
        assert_eq!(share("10%").allowed(19), 1);
        assert_eq!(share("10%").allowed(9), 0);
        assert_eq!(share("3").allowed(2), 3);
        for bad in [
            "",
            "%",
            "-1",
            "1.5",
            "ten",
            "5%%",
            "5 %",
            "99999999999999999999",
        ] {
            assert_eq!(bad.parse::<Share>(), Err(NoShare), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_usable_as_sizes(percent in any::<u32>(), total in any::<usize>()) {
            prop_assert!(Share::Percent(percent).part(total) > 0);
            prop_assert!(Share::Percent(percent).at_most(total) <= total);
        }
    }
}
