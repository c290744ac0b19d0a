//! Which of two versions of rpm packages is the older, as rpm has it: `yum` wants to be told
//! whether it is to upgrade or to downgrade.

use std::cmp::Ordering;

/// Compares `[EPOCH:]VERSION[-RELEASE]`. What one of them leaves out does not count.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Parts::of(left), Parts::of(right));
    let both = |a: Option<&str>, b: Option<&str>| match (a, b) {
        (Some(a), Some(b)) => segments(a, b),
        _ => Ordering::Equal,
    };
    // Who writes no epoch means the package as it is called.
    both(left.epoch, right.epoch)
        .then_with(|| segments(left.version, right.version))
        .then_with(|| both(left.release, right.release))
}

/// The parts of a version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) epoch: Option<&'a str>,
    pub(super) version: &'a str,
    pub(super) release: Option<&'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => (Some(epoch), rest),
            None => (None, text),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (rest, None),
        };
        Self {
            epoch,
            version,
            release,
        }
    }
}

/// rpm's own order: runs of digits as numbers, of letters as texts; `~` comes before the end, `^`
/// after it; everything else only separates.
fn segments(mut left: &str, mut right: &str) -> Ordering {
    loop {
        let separates = |c: char| !c.is_ascii_alphanumeric() && c != '~' && c != '^';
        left = left.trim_start_matches(separates);
        right = right.trim_start_matches(separates);
        for (sign, has, lacks) in [
            ('~', Ordering::Less, Ordering::Greater),
            ('^', Ordering::Greater, Ordering::Less),
        ] {
            match (left.strip_prefix(sign), right.strip_prefix(sign)) {
                (Some(l), Some(r)) => return segments(l, r),
                // A caret is later than the end, and earlier than any segment.
                (Some(_), None) if sign == '^' && !right.is_empty() => return Ordering::Less,
                (None, Some(_)) if sign == '^' && !left.is_empty() => return Ordering::Greater,
                (Some(_), None) => return has,
                (None, Some(_)) => return lacks,
                (None, None) => {}
            }
        }
        let (Some(l), Some(r)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len());
        };
        let numbers = l.is_ascii_digit();
        if numbers != r.is_ascii_digit() {
            return if numbers {
                Ordering::Greater
            } else {
                Ordering::Less
            };
        }
        let run = |text: &'_ str| -> usize {
            text.find(|c: char| !c.is_ascii_alphanumeric() || c.is_ascii_digit() != numbers)
                .unwrap_or(text.len())
        };
        let (l, l_rest) = left.split_at(run(left));
        let (r, r_rest) = right.split_at(run(right));
        let order = if numbers {
            let (l, r) = (l.trim_start_matches('0'), r.trim_start_matches('0'));
            l.len().cmp(&r.len()).then_with(|| l.cmp(r))
        } else {
            l.cmp(r)
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (l_rest, r_rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_the_order_of_rpm() {
        for pair in [
            ["1.0", "1.0.1"],
            ["1.9", "1.10"],
            ["1.0a", "1.0.1"],
            ["1.0~rc1", "1.0"],
            ["1.0", "1.0^git1"],
            ["1.0^git1", "1.0.1"],
            ["1.0~rc1^git1", "1.0"],
            ["5.16.1.3-1", "6.0.0-1"],
            ["1.0-1.el7", "1.0-2.el7"],
            ["0:2.0", "1:1.0"],
            ["alpha", "1"],
            ["a", "b"],
            ["1.a", "1.1"],
        ] {
            let [less, more] = pair;
            assert_eq!(compare(less, more), Ordering::Less, "{pair:?}");
            assert_eq!(compare(more, less), Ordering::Greater, "{pair:?}");
        }
        for [left, right] in [
            ["1.05", "1.5"],
            ["1.0", "1.0-3"],
            ["1.0-3", "2:1.0-3"],
            ["1_0", "1.0"],
            ["", ""],
        ] {
            assert_eq!(compare(left, right), Ordering::Equal, "{left} {right}");
        }
    }
}
