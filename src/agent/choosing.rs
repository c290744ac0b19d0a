//! Filters that ask data plugins. A plugin may read a large file or run a program, and a filter may
//! ask hundreds of times, so that is done beside the daemon's loop, for a few requests at a time, and
//! not for long: a caller must not be able to silence a node by a question. And whoever may not ask
//! data plugins by an action may not ask them by a filter.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::{
    admission::{self, Decision},
    host::Host,
    shared::Shared,
};
use crate::{
    mcorpc::{
        filter::{self, DataError, Filter, Token},
        names::{ActionName, AgentName},
        reply::{Outcome, StatusCode},
        request::Request,
    },
    security::Verified,
};

/// How long the data plugins of one filter may be asked. The longest question takes as long again.
const BUDGET: Duration = Duration::from_secs(3);

/// How many filters are decided at a time, and how many more may wait for that.
const AT_ONCE: usize = 2;
const WAITING: usize = 16;

const BUSY: &str = "too busy: many filters ask this node's data plugins; send it again later";

/// The places for filters, and the turns of those that have one.
#[derive(Debug)]
pub(super) struct Choosing {
    places: Semaphore,
    turns: Semaphore,
}

impl Default for Choosing {
    fn default() -> Self {
        Self {
            places: Semaphore::new(AT_ONCE + WAITING),
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

/// Whether a filter asks data plugins.
pub(super) fn asks(filter: &Filter) -> bool {
    let mut tokens = filter.compound.iter().flatten();
    tokens.any(|token| matches!(token, Token::Function(_)))
}

impl Shared {
    /// What becomes of a request with such a filter.
    pub(super) async fn choose(&self, request: &Verified<Request>) -> Decision {
        if let Some(denied) = self.may_not_ask(request).await {
            return denied;
        }
        let choosing = &self.choosing;
        let Ok(_place) = choosing.places.try_acquire() else {
            return Decision::Answer {
                outcome: Outcome::Refused,
                code: StatusCode::UNKNOWN_ERROR,
                message: BUSY.to_owned(),
            };
        };
        // It is never closed.
        let _turn = choosing.turns.acquire().await;
        let (host, asked) = (Arc::clone(&self.host), request.value().clone());
        let decision = tokio::task::spawn_blocking(move || {
            let node = Asked {
                host: &host,
                until: Instant::now() + BUDGET,
                answers: RefCell::default(),
            };
            admission::choose(&asked, &node)
        });
        let decision = decision.await;
        decision.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    async fn may_not_ask(&self, request: &Verified<Request>) -> Option<Decision> {
        let agent = AgentName::new("rpcutil").ok()?;
        let action = ActionName::new("get_data").ok()?;
        let verdict = self.verdict(request.caller(), &agent, &action).await?;
        (!verdict.allowed).then(|| Decision::Answer {
            outcome: Outcome::Denied,
            code: StatusCode::UNKNOWN_ERROR,
            message: format!(
                "You are not authorized to ask data plugins in a filter: rpcutil#get_data is denied by {}",
                verdict.why
            ),
        })
    }
}

/// This node, of which each question is asked once, and none after a time.
struct Asked<'a> {
    host: &'a Host,
    until: Instant,
    answers: RefCell<HashMap<(String, Option<String>), Answer>>,
}

type Answer = Result<Map<String, Value>, DataError>;

impl filter::Node for Asked<'_> {
    fn identity(&self) -> &str {
        filter::Node::identity(self.host)
    }

    fn agents(&self) -> Cow<'_, [String]> {
        filter::Node::agents(self.host)
    }

    fn classes(&self) -> Cow<'_, [String]> {
        filter::Node::classes(self.host)
    }

    fn fact(&self, name: &str) -> Option<Value> {
        filter::Node::fact(self.host, name)
    }

    fn data(&self, plugin: &str, query: Option<&str>) -> Answer {
        let key = (plugin.to_owned(), query.map(str::to_owned));
        if let Some(known) = self.answers.borrow().get(&key) {
            return known.clone();
        }
        if Instant::now() >= self.until {
            return Err(DataError::Failed(format!(
                "the questions of this filter take longer than {} s",
                BUDGET.as_secs()
            )));
        }
        let answer = filter::Node::data(self.host, plugin, query);
        self.answers.borrow_mut().insert(key, answer.clone());
        answer
    }
}
