//! How long ago something was, in the original's words.

/// `1 day 2 hours 3 minutes 04 seconds`.
pub fn words(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let seconds = seconds % 60;
    let day = if days == 1 { "day" } else { "days" };
    if days > 0 {
        format!("{days} {day} {hours} hours {minutes} minutes {seconds:02} seconds")
    } else if hours > 0 {
        format!("{hours} hours {minutes} minutes {seconds:02} seconds")
    } else if minutes > 0 {
        format!("{minutes} minutes {seconds:02} seconds")
    } else {
        format!("{seconds:02} seconds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_originals() {
        for (seconds, expected) in [
            (-5, "00 seconds"),
            (0, "00 seconds"),
            (59, "59 seconds"),
            (725, "12 minutes 05 seconds"),
            (3600, "1 hours 0 minutes 00 seconds"),
            (86_400, "1 day 0 hours 0 minutes 00 seconds"),
            (3 * 86_400 + 3610, "3 days 1 hours 0 minutes 10 seconds"),
        ] {
            assert_eq!(words(seconds), expected);
        }
        assert!(!words(i64::MAX).is_empty() && !words(i64::MIN).is_empty());
    }
}
