//! Ruby's regular expressions in Rust's: the dialect that operators, DDLs and Ruby clients write.
//!
//! Patterns arrive in requests, so they are compiled with limits on size and nesting, and Rust's
//! engine takes linear time whatever they say. What it can't do (look-around, back-references) is
//! an error that names the pattern; it is never matched differently. The dialects differ in small
//! things, which [`translate`] evens out: `\w \d \s` are ASCII in Ruby, `\h` is a hexadecimal
//! digit, `\Z` allows a last newline, and the flag `m` lets the dot match newlines.

use regex::{Regex, RegexBuilder};

/// A pattern that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression /{pattern}/ can't be used: {reason}")]
pub struct PatternError {
    /// The pattern, shortened.
    pub pattern: String,
    /// What is wrong with it, in a line.
    pub reason: String,
}

/// Compiled patterns may use this much memory; `[\w.-]{1,255}` takes some tens of kilobytes.
const MAX_COMPILED: usize = 1 << 20;
const MAX_NESTING: u32 = 50;
const MAX_PATTERN: usize = 4096;

/// A pattern that is searched for anywhere; `^` and `$` stand at every line, as in Ruby.
pub fn search(pattern: &str) -> Result<Regex, PatternError> {
    compile(pattern, "", true)
}

/// As [`search`], with Ruby's flags `i`, `m` and `x`.
pub fn search_with(pattern: &str, flags: &str) -> Result<Regex, PatternError> {
    compile(pattern, flags, true)
}

/// A pattern that guards an input: `^` and `$` stand at the ends of the whole text only.
///
/// With Ruby's anchors `^\w+$` lets `"ok\nrm -rf /"` pass.
pub fn guard(pattern: &str) -> Result<Regex, PatternError> {
    compile(pattern, "", false)
}

/// A filter's word that begins with a slash is a pattern; all slashes are taken out of it, as the
/// original does.
pub fn from_slashed(word: &str) -> Option<Result<Regex, PatternError>> {
    word.starts_with('/')
        .then(|| search(&word.replace('/', "")))
}

/// Takes `/body/flags` apart. A text without enclosing slashes is all body.
pub(crate) fn split_slashed(text: &str) -> (&str, &str) {
    text.strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
        .filter(|(body, flags)| {
            !body.is_empty() && flags.chars().all(|c| matches!(c, 'i' | 'm' | 'x'))
        })
        .unwrap_or((text, ""))
}

fn compile(pattern: &str, flags: &str, per_line: bool) -> Result<Regex, PatternError> {
    let refuse = |reason: String| PatternError {
        pattern: pattern.chars().take(80).collect(),
        reason,
    };
    if pattern.len() > MAX_PATTERN {
        return Err(refuse(format!("it is longer than {MAX_PATTERN} bytes")));
    }
    RegexBuilder::new(&translate(pattern))
        .multi_line(per_line)
        .case_insensitive(flags.contains('i'))
        .dot_matches_new_line(flags.contains('m'))
        .ignore_whitespace(flags.contains('x'))
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| refuse(one_line(&error)))
}

/// The library's explanation without its drawing of the pattern.
fn one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    let mut depth = 0_u32; // of brackets
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('w') => out.push_str("[0-9A-Za-z_]"),
                Some('W') => out.push_str("[^0-9A-Za-z_]"),
                Some('d') => out.push_str("[0-9]"),
                Some('D') => out.push_str("[^0-9]"),
                Some('s') => out.push_str(r"[ \t\r\n\f\v]"),
                Some('S') => out.push_str(r"[^ \t\r\n\f\v]"),
                Some('h') => out.push_str("[0-9A-Fa-f]"),
                Some('H') => out.push_str("[^0-9A-Fa-f]"),
                Some('Z') if depth == 0 => out.push_str(r"(?:\n?\z)"),
                Some('e') => out.push_str(r"\x1b"),
                // Escaped for no reason, which Rust's library forbids for these two.
                Some(c @ ('<' | '>')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => out.push('\\'),
            },
            '[' => {
                depth += 1;
                out.push('[');
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            '(' if depth == 0 && chars.peek() == Some(&'?') => {
                out.push('(');
                // `(?m-ix:`: the letters up to something that is no flag.
                while let Some(c) = chars.next_if(|c| matches!(c, '?' | 'm' | 'i' | 'x' | '-')) {
                    out.push(if c == 'm' { 's' } else { c });
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> bool {
        search(pattern).unwrap().is_match(text)
    }

    #[test]
    fn the_dialect_is_rubys() {
        assert!(found("^b$", "a\nb\nc"));
        assert!(!found("A", "a"));
        assert!(found(r"\A\h+\Z", "beef\n"));
        assert!(!found(r"^\w+$", "é"));
        assert!(found(r"^[\w\-\.]+$", "a-b.c"));
        assert!(found(r"(?m:a.b)", "a\nb"));
        assert!(!found(r"a.b", "a\nb"));
        assert!(found("(?-mix:a)", "a"));
        assert!(found(r"\/etc\/\<x\>", "/etc/<x>"));
        assert!(search_with("A", "i").unwrap().is_match("a"));
        for bad in [
            "(?=a)",
            r"(a)\1",
            "(",
            "a{1000}{1000}",
            &"(".repeat(60),
            "\\",
        ] {
            let error = search(bad).unwrap_err().to_string();
            assert!(!error.contains('\n'), "{error}");
        }
        assert!(search(&"a".repeat(5000)).is_err());
    }

    #[test]
    fn a_guard_looks_at_the_whole_text() {
        let guard = guard(r"^\w+$").unwrap();
        assert!(guard.is_match("ok"));
        assert!(!guard.is_match("ok\nrm -rf /"));
        assert!(!guard.is_match("ok\n"));
        assert!(!super::guard("(?m)^.+$").unwrap().is_match(""));
    }

    #[test]
    fn slashes_mark_a_pattern() {
        assert!(from_slashed("web").is_none());
        assert!(from_slashed("/^w/e/b").unwrap().unwrap().is_match("web1"));
        assert_eq!(split_slashed("/a/b/i"), ("a/b", "i"));
        assert_eq!(split_slashed("/etc/hosts"), ("/etc/hosts", ""));
        assert_eq!(split_slashed("//"), ("//", ""));
        assert_eq!(split_slashed("a"), ("a", ""));
    }
}
