//! Where the names of the nodes come from: everybody who is there, or a list.
//!
//! `flatfile` and `stdin` read lists and are pure; reading files is left to whoever has the path.

pub mod flatfile;
pub mod stdin;

use crate::mcorpc::{
    filter::Filter,
    names::{Identity, NameError},
    pattern,
};

/// Where the names of the nodes come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The broker says who is connected.
    #[default]
    Broker,
    /// Nobody is asked who is there; whoever answers within the discovery timeout is.
    Broadcast,
    /// A list. Everybody on it counts as addressed, as far as `-I` does not rule it out.
    List(Vec<Identity>),
}

/// A list of nodes that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A name that can't be one.
    #[error(
        "Identities can only match /^[\\w\\.\\-]+$/: {what} is {:?}",
        crate::text::excerpt(text, 100)
    )]
    Name {
        /// Where it stands.
        what: String,
        /// What stands there.
        text: String,
    },
    /// Nothing was piped in.
    #[error("data piped on STDIN contained only whitespace - could not discover hosts from it.")]
    Empty,
    /// What `--output table` prints, whose header would be taken for a node.
    #[error("a table is no list of nodes")]
    Table,
    /// The text is no JSON.
    #[error("JSON hosts list cannot be read: {0}")]
    Json(String),
    /// JSON, but no array.
    #[error("JSON hosts list is not an array")]
    NotAnArray,
    /// An array of something else.
    #[error("JSON host list is not an array of Hashes: element {0} is something else")]
    NotHashes(usize),
    /// An object that names nobody.
    #[error(
        "JSON host list does not have senders in it: element {0} has no `sender` or `certname`"
    )]
    NoSender(usize),
}

/// Those of a list whom the identity filter does not rule out.
pub fn chosen(names: &[Identity], filter: &Filter) -> Vec<Identity> {
    let is = |wanted: &str, name: &Identity| match pattern::from_slashed(wanted) {
        Some(Ok(regex)) => regex.is_match(name.as_str()),
        // A regex that can't be used is refused by the nodes, who know best; it is left to them.
        Some(Err(_)) => true,
        None => wanted == name.as_str(),
    };
    let wanted = &filter.identity;
    let mut names: Vec<Identity> = names
        .iter()
        .filter(|name| wanted.is_empty() || wanted.iter().any(|wanted| is(wanted, name)))
        .cloned()
        .collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn identity(text: &str, what: impl FnOnce() -> String) -> Result<Identity, ListError> {
    Identity::new(text).map_err(|_: NameError| ListError::Name {
        what: what(),
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_narrowed_by_identities_and_names_nobody_twice() {
        let names: Vec<Identity> = ["b", "a", "b", "c"]
            .map(|name| Identity::new(name).unwrap())
            .to_vec();
        let of = |identity: &[&str]| -> Vec<String> {
            let filter = Filter {
                identity: identity.iter().map(ToString::to_string).collect(),
                ..Filter::default()
            };
            let chosen = chosen(&names, &filter);
            chosen.iter().map(ToString::to_string).collect()
        };
        assert_eq!(of(&[]), ["b", "a", "c"]);
        assert_eq!(of(&["a", "/^c/", "d"]), ["a", "c"]);
    }
}
