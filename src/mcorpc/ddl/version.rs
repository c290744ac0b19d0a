//! Versions of the original that DDLs ask for.

/// The version of the original whose behaviour this program has.
pub const COMPATIBLE_VERSION: &str = "2.12.5";

/// Whether the first version is newer than the second, number by number.
pub(crate) fn newer(wanted: &str, there: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().unwrap_or(u64::MAX))
            .collect()
    };
    numbers(wanted) > numbers(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(newer("2.13", "2.12.5"));
        assert!(newer("2.12.10", "2.12.5"));
        assert!(newer("10", "2.12.5"));
        assert!(!newer("2.12.5", "2.12.5"));
        assert!(!newer("2.2.1", "2.12.5"));
        assert!(!newer("", "2.12.5"));
    }
}
