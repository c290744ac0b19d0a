//! Whether a verified request is to be acted upon. Sans-IO, and in the order that costs least:
//! time, replay, collective, target, filter, agent.

use super::choosing::asks;
use crate::{
    mcorpc::{
        filter,
        names::{Collective, Identity},
        reply::{Outcome, StatusCode},
        request::Request,
    },
    security::{
        Verified,
        replay::{Refusal, Window},
    },
};

/// What is to be done with a verified request.
#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// Run it.
    Run,
    /// Answer without running it.
    Answer {
        /// How this node ended.
        outcome: Outcome,
        /// The original's code.
        code: StatusCode,
        /// What the caller reads.
        message: String,
    },
    /// Its filter asks data plugins, which is for [`Shared::choose`](super::shared::Shared::choose).
    Ask,
    /// Leave it: it is not for this node.
    Ignore(&'static str),
    /// Answer that it is refused.
    Refuse(Refusal),
}

/// What this node is, as far as requests ask for it.
pub(super) struct Gate<'a> {
    pub(super) identity: &'a Identity,
    pub(super) collectives: &'a [Collective],
    pub(super) node: &'a dyn filter::Node,
}

impl Gate<'_> {
    /// Decides. A request that gets as far as the window is remembered there.
    pub(super) fn decide(
        &self,
        request: &Verified<Request>,
        window: &mut Window,
        arrival: Arrival,
    ) -> Decision {
        let caller = request.caller();
        let request = request.value();
        // Who is not addressed says nothing, not even that a clock is wrong.
        if !self.collectives.contains(&request.collective) {
            return Decision::Ignore("another collective");
        }
        if let Some(targets) = &request.targets
            && !targets.contains(self.identity)
        {
            return Decision::Ignore("directed to other nodes");
        }
        // The window would allow for clocks that differ; this is one clock's measure.
        if arrival.late_ms > request.ttl_ms {
            return Decision::Refuse(Refusal::Late {
                by_ms: arrival.late_ms,
            });
        }
        let admitted = window.admit(
            caller,
            &request.id,
            request.time_ms,
            request.ttl_ms,
            arrival.now_ms,
        );
        if let Err(refusal) = admitted {
            return Decision::Refuse(refusal);
        }
        if asks(&request.filter) {
            return Decision::Ask;
        }
        choose(request, self.node)
    }
}

/// Decides by the filter and the agents of a node.
pub(super) fn choose(request: &Request, node: &dyn filter::Node) -> Decision {
    match request.filter.matches(node) {
        Ok(true) => {}
        Ok(false) if request.want_nomatch => {
            return Decision::Answer {
                outcome: Outcome::Nomatch,
                code: StatusCode::OK,
                message: String::new(),
            };
        }
        Ok(false) => return Decision::Ignore("the filter does not choose this node"),
        Err(error) => {
            return Decision::Answer {
                outcome: Outcome::Invalid,
                code: StatusCode::INVALID_DATA,
                message: format!("Cannot evaluate the filter: {error}"),
            };
        }
    }
    if node
        .agents()
        .iter()
        .any(|name| name == request.agent.as_str())
    {
        return Decision::Run;
    }
    Decision::Answer {
        outcome: Outcome::NoAgent,
        code: StatusCode::UNKNOWN_ERROR,
        message: format!("There is no agent '{}' on this node", request.agent),
    }
}

/// When a request is here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// By this node's clock.
    pub(super) now_ms: u64,
    /// How long it may have been on its way from the broker, as far as is known.
    pub(super) late_ms: u64,
}
