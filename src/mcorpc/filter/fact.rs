//! What an operator types after `-F` and `-W`.
//!
//! The name ends at the first operator, as the manual of the original says. (The original itself
//! looks for `=>` anywhere first and reads `path=a=>b` as a fact named `path=a`, which no node has.)

use std::str::FromStr;

use super::FactFilter;

/// A text that is no comparison of a fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Could not parse fact {text} it does not appear to be in a valid format: {reason}; \
     write name=value, name=/regex/, or one of < <= > >= != == =~ in place of ="
)]
pub struct FactError {
    /// What was given.
    pub text: String,
    /// What it lacks.
    pub reason: &'static str,
}

/// What is written, the longest first, and what it says on the wire.
const OPERATORS: [(&str, &str); 10] = [
    ("=>", ">="),
    ("=<", "<="),
    ("<=", "<="),
    (">=", ">="),
    ("!=", "!="),
    ("==", "=="),
    ("=~", "=~"),
    ("<", "<"),
    (">", ">"),
    ("=", "=="),
];

impl FromStr for FactFilter {
    type Err = FactError;

    fn from_str(text: &str) -> Result<Self, FactError> {
        let refuse = |reason| FactError {
            text: text.to_owned(),
            reason,
        };
        let at = text
            .char_indices()
            .find(|&(at, c)| c == ' ' || operator(text.get(at..).unwrap_or_default()).is_some())
            .map_or(text.len(), |(at, _)| at);
        let (fact, rest) = text.split_at(at);
        if fact.is_empty() {
            return Err(refuse("it has no name"));
        }
        let Some((written, operator, value)) = operator(rest.trim_start_matches(' ')) else {
            return Err(refuse("it has no operator"));
        };
        let value = value.trim_start_matches(' ');
        if value.is_empty() {
            return Err(refuse("it has no value"));
        }
        let regex =
            written == "=" && value.len() > 2 && value.starts_with('/') && value.ends_with('/');
        Ok(Self {
            fact: fact.to_owned(),
            value: value.to_owned(),
            operator: if regex { "=~" } else { operator }.to_owned(),
        })
    }
}

/// The operator that the text begins with: as written, as sent, and what follows it.
fn operator(text: &str) -> Option<(&'static str, &'static str, &str)> {
    OPERATORS
        .iter()
        .find_map(|&(written, sent)| Some((written, sent, text.strip_prefix(written)?)))
}

/// One word after `-W`: a fact where it reads as one, or else a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// As `-F`.
    Fact(FactFilter),
    /// As `-C`.
    Class(String),
}

/// Takes the text after `-W` apart at blanks.
pub fn words(text: &str) -> impl Iterator<Item = Word> {
    text.split_whitespace().map(|word| {
        // A class's regex may hold an equals sign; no fact's name begins with a slash.
        if word.starts_with('/') {
            return Word::Class(word.to_owned());
        }
        word.parse()
            .map_or_else(|_| Word::Class(word.to_owned()), Word::Fact)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    /// The original's rules, one after another.
    fn by_the_book(text: &str) -> Option<(String, String, String)> {
        let rules = [
            (r"^([^ ]+?)[ ]*=>[ ]*(.+)", ">="),
            (r"^([^ ]+?)[ ]*=<[ ]*(.+)", "<="),
            (r"^([^ ]+?)[ ]*(?<op><=|>=|<|>|!=|==|=~)[ ]*(.+)", ""),
            (r"^(.+?)[ ]*=[ ]*(/.+/)$", "=~"),
            (r"^([^= ]+?)[ ]*=[ ]*(.+)", "=="),
        ];
        rules.iter().find_map(|(rule, operator)| {
            let found = Regex::new(rule).unwrap().captures(text)?;
            let operator = found.name("op").map_or(*operator, |op| op.as_str());
            let value = &found[found.len() - 1];
            Some((found[1].to_owned(), operator.to_owned(), value.to_owned()))
        })
    }

    fn parsed(text: &str) -> Option<(String, String, String)> {
        let fact: FactFilter = text.parse().ok()?;
        Some((fact.fact, fact.operator, fact.value))
    }

    #[test]
    fn every_operator_is_read() {
        for (text, fact, operator, value) in [
            ("a=>1", "a", ">=", "1"),
            ("a =< 1", "a", "<=", "1"),
            ("a <= 1 ", "a", "<=", "1 "),
            ("a>=1", "a", ">=", "1"),
            ("a < 1", "a", "<", "1"),
            ("a>1", "a", ">", "1"),
            ("a!=b c", "a", "!=", "b c"),
            ("a==b", "a", "==", "b"),
            ("a =~ ^b", "a", "=~", "^b"),
            ("a = /b c/", "a", "=~", "/b c/"),
            ("a=b", "a", "==", "b"),
            ("os.family = RedHat", "os.family", "==", "RedHat"),
            ("path=/etc/hosts", "path", "==", "/etc/hosts"),
            // Where the original would take the operator in the value for the fact's.
            ("url=http://x/?a==b", "url", "==", "http://x/?a==b"),
            ("path=a=>b", "path", "==", "a=>b"),
        ] {
            let got = parsed(text).unwrap();
            assert_eq!(got, (fact.into(), operator.into(), value.into()), "{text}");
        }
    }

    #[test]
    fn what_is_no_fact_says_what_it_lacks() {
        for (text, reason) in [
            ("country", "no operator"),
            ("a b=c", "no operator"),
            ("=b", "no name"),
            (" a=b", "no name"),
            ("a=", "no value"),
            ("a= ", "no value"),
            ("", "no name"),
        ] {
            let error = text.parse::<FactFilter>().unwrap_err();
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
        let error = "country".parse::<FactFilter>().unwrap_err().to_string();
        assert!(error.starts_with(
            "Could not parse fact country it does not appear to be in a valid format"
        ));
    }

    #[test]
    fn words_are_facts_or_classes() {
        let words: Vec<_> = words("  role::web os=debian\t/a=b/ ").collect();
        let fact = "os=debian".parse().unwrap();
        assert_eq!(
            words,
            [
                Word::Class("role::web".into()),
                Word::Fact(fact),
                Word::Class("/a=b/".into())
            ]
        );
    }

    proptest! {
        #[test]
        fn agrees_with_the_original(
            text in r"[a-z.!~]{1,3} {0,2}(=>|=<|<=|>=|<|>|!=|==|=~|=|) {0,2}(/[a-z]{0,2}/|[a-z!~/ ]{0,4})"
        ) {
            match by_the_book(&text) {
                // Names that no fact has, and operators without a value.
                Some((fact, _, value))
                    if fact.contains([' ', '=', '<', '>', '!'])
                        || ["", "<", ">", "=", "~"].contains(&value.trim()) => {}
                book => prop_assert_eq!(parsed(&text), book),
            }
        }

        #[test]
        fn any_text_is_survived(text in ".*") {
            drop(text.parse::<FactFilter>());
            let _: usize = words(&text).count();
        }
    }
}
