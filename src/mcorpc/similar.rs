//! "Did you mean ...?": the nearest of the names that there are.

/// The candidate that is nearest to `name`, if one is near enough to be what was meant.
///
/// Near is up to a third of the name's letters wrong, swapped, missing or too many.
pub fn closest<'a, I, S>(name: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a S>,
    S: AsRef<str> + ?Sized + 'a,
{
    let name: Vec<char> = name.chars().take(MAX_LENGTH).collect();
    let limit = (name.len() / 3).max(1);
    candidates
        .into_iter()
        .map(AsRef::as_ref)
        .filter(|candidate| candidate.chars().count().abs_diff(name.len()) <= limit)
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names are short, and a long text is no misspelling of one.
const MAX_LENGTH: usize = 100;

/// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().take(MAX_LENGTH + 1).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX - 1);
            let mut cost = (at(&above, j) + usize::from(x != y))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["status", "restart", "start", "stop"];
        assert_eq!(closest("statsu", &names[..]), Some("status"));
        assert_eq!(closest("strat", &names[..]), Some("start"));
        assert_eq!(closest("restrat", &names[..]), Some("restart"));
        assert_eq!(closest("stp", &names[..]), Some("stop"));
        assert_eq!(closest("purge", &names[..]), None);
        assert_eq!(closest("", &names[..]), None);
        assert_eq!(closest("x", &["y".to_owned()]), None);
        assert_eq!(closest(&"start".repeat(100_000), &names[..]), None);
    }

    #[test]
    fn counts_edits() {
        let count = |a: &str, b| distance(&a.chars().collect::<Vec<_>>(), b);
        for (a, b, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
            ("é", "e", 1),
        ] {
            assert_eq!(count(a, b), edits, "{a:?} {b:?}");
        }
    }
}
