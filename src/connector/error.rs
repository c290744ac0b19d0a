//! What failed, with which broker, and what it means for an exit code. The causes are `problem`'s.

use std::fmt;

use super::{Server, problem::Problem};

/// A connection that can't be made, was lost, or won't take a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The connection was closed by us.
    #[error("the connection to the broker was closed")]
    Closed,
    /// The deadline of a message passed first.
    #[error("not sent in time{}", since(last.as_deref()))]
    Deadline {
        /// Why there was no connection, where there was none.
        last: Option<Box<Self>>,
    },
    /// A session had begun and was lost. Whether the broker handled what was under way is not known.
    #[error("lost the connection to broker {server}: {problem}")]
    Lost {
        /// Which broker.
        server: Address,
        /// What happened.
        problem: Problem,
    },
    /// There is no broker to connect to.
    #[error("no broker is configured")]
    NoServers,
    /// None of several brokers can be reached.
    #[error("cannot reach any of {} brokers: {}", .0.len(), each(.0))]
    Pool(Vec<(Address, Problem)>),
    /// The broker refused this one message, in these words.
    #[error("the broker refused the message: {message}")]
    Refused {
        /// The broker's words.
        message: String,
    },
    /// A broker can't be reached.
    #[error("cannot reach broker {server}: {problem}")]
    Unreachable {
        /// Which broker.
        server: Address,
        /// What happened.
        problem: Problem,
    },
}

/// What an error means for an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// 69: nobody there, or not now.
    Unreachable,
    /// 77: somebody is there, and the two do not trust each other.
    Refused,
    /// 78: our own configuration or files.
    Config,
}

impl Error {
    /// What it means for an exit code. Of several brokers the most telling counts: one that is
    /// down says less than one that refuses us.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Closed => Kind::Unreachable,
            Self::Deadline { last } => last.as_ref().map_or(Kind::Unreachable, |last| last.kind()),
            Self::Lost { problem, .. } | Self::Unreachable { problem, .. } => problem.kind(),
            Self::NoServers => Kind::Config,
            Self::Pool(tried) => tried
                .iter()
                .map(|(_, problem)| problem.kind())
                .max()
                .unwrap_or(Kind::Unreachable),
            Self::Refused { .. } => Kind::Refused,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Closed => None,
            Self::Deadline { last } => last.as_ref().and_then(|last| last.hint()),
            Self::Lost { server, problem } | Self::Unreachable { server, problem } => {
                Some(problem.hint(server))
            }
            Self::NoServers => {
                Some("name one: plugin.activemq.pool.size = 1, plugin.activemq.pool.1.host".into())
            }
            Self::Pool(tried) => tried
                .iter()
                .rev()
                .max_by_key(|(_, problem)| problem.kind())
                .map(|(server, problem)| format!("{server}: {}", problem.hint(server))),
            Self::Refused { .. } => Some(
                "the broker's own log says which of its rules decided: see `clients` and the \
                 collectives in its broker.cfg"
                    .into(),
            ),
        }
    }

    /// One error for a round in which every server failed.
    pub(super) fn round(mut tried: Vec<(Address, Problem)>) -> Self {
        match tried.pop() {
            None => Self::NoServers,
            Some((server, problem)) if tried.is_empty() => Self::Unreachable { server, problem },
            Some(last) => {
                tried.push(last);
                Self::Pool(tried)
            }
        }
    }
}

/// Host and port of a broker, as a person writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or address, as configured.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl From<&Server> for Address {
    fn from(server: &Server) -> Self {
        Self {
            host: server.host.clone(),
            port: server.port,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') && !self.host.starts_with('[') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn since(last: Option<&Error>) -> String {
    last.map(|last| format!(": {last}")).unwrap_or_default()
}

fn each(tried: &[(Address, Problem)]) -> String {
    let each: Vec<String> = tried
        .iter()
        .map(|(server, problem)| format!("{server}: {problem}"))
        .collect();
    each.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::Distrust;

    fn at(host: &str) -> Address {
        Address {
            host: host.into(),
            port: 61613,
        }
    }

    #[test]
    fn one_broker_is_named_and_several_are_listed() {
        assert_eq!(
            Error::round(vec![(at("::1"), Problem::Refused)]).to_string(),
            "cannot reach broker [::1]:61613: connection refused"
        );
        let pool = Error::round(vec![
            (at("a"), Problem::Refused),
            (at("b"), Problem::Distrust(Distrust::Expired)),
        ]);
        assert_eq!(
            pool.to_string(),
            "cannot reach any of 2 brokers: a:61613: connection refused; b:61613: its certificate has expired"
        );
        assert_eq!(Error::round(Vec::new()), Error::NoServers);
    }

    #[test]
    fn the_most_telling_of_a_pool_decides_code_and_hint() {
        let mut tried = vec![
            (at("a"), Problem::Refused),
            (at("b"), Problem::Distrust(Distrust::Expired)),
            (at("c"), Problem::ClosedEarly),
        ];
        assert_eq!(Error::Pool(tried.clone()).kind(), Kind::Refused);
        let hint = Error::Pool(tried.clone()).hint().unwrap();
        assert!(hint.starts_with("b:61613: "), "{hint}");
        tried.push((at("d"), Problem::Files { reason: "x".into() }));
        assert_eq!(Error::Pool(tried).kind(), Kind::Config);
    }

    #[test]
    fn a_deadline_says_why_there_was_no_connection() {
        let last = Error::round(vec![(at("a"), Problem::Refused)]);
        let error = Error::Deadline {
            last: Some(Box::new(last)),
        };
        assert_eq!(
            error.to_string(),
            "not sent in time: cannot reach broker a:61613: connection refused"
        );
        assert!(error.hint().unwrap().contains("61613"));
        assert_eq!(
            Error::Deadline { last: None }.to_string(),
            "not sent in time"
        );
    }
}
