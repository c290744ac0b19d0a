//! Which settings hold secrets, so that no log, error or reply shows them.

/// Parts of a key's name that make its value a secret. The paths of key files are among them: they
/// are nobody's business either.
const MARKS: [&str; 6] = ["pass", "psk", "secret", "token", "private", "key"];

/// Stands for a secret.
pub(super) const REDACTED: &str = "***";

/// Whether the setting may hold a secret.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    MARKS.iter().any(|mark| key.contains(mark))
}

/// The value, unless it may be a secret.
pub(super) fn redacted<'a>(key: &str, value: &'a str) -> &'a str {
    if is_secret(key) { REDACTED } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_what_may_be_secret_and_nothing_else() {
        for key in [
            "plugin.activemq.pool.1.password",
            "plugin.psk",
            "plugin.pki.key",
            "plugin.ssl_client_private",
            "plugin.x.API_TOKEN",
        ] {
            assert_eq!(redacted(key, "hunter2"), "***", "{key}");
        }
        for key in [
            "identity",
            "plugin.activemq.pool.1.user",
            "plugin.pki.ca",
            "keeplogs",
            "ttl",
        ] {
            assert_eq!(redacted(key, "value"), "value", "{key}");
        }
    }
}
