//! From a verified request to its answer: authorise, run, audit, reply.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    action::Agent,
    admission::Decision as Admitted,
    audit::Decided,
    authorise::Verdict,
    dispatch::{self, End},
    shared::Shared,
    stats::Counter,
};
use crate::{
    connector::{Connection, Outgoing, activemq},
    mcorpc::{
        names::{ActionName, AgentName, CallerId},
        reply::{Outcome, Reply, StatusCode},
        request::Request,
    },
    security::{SecurityProvider as _, Verified, replay::Refusal},
    stomp::destination::{Destination, MAX_ADDRESS},
    sys, text,
};

/// How long a reply waits for a broker that is away: after it nobody waits for the reply.
const REPLY_PATIENCE: Duration = Duration::from_secs(30);

/// How long policies may take: what they ask has three seconds, and a disk that hangs has no end.
const DECISION: Duration = Duration::from_secs(10);

/// What a caller is told for whose request it took too long to find out whether it may run.
pub(super) const TOO_LATE: &str =
    "the request has expired while this node found out whether it is to run it";

/// What a caller is told whose request can't be noted.
const NOT_AUDITED: &str =
    "this node has to note all requests and can't; its log says why, and nothing runs until it can";

/// What is to be done with a request, and why.
struct Decision {
    /// The agent that is to act, or the answer without it.
    answer: Result<Arc<dyn Agent>, End>,
    /// What decided.
    rule: String,
}

/// A verified request, and what is to be done with it.
pub(super) struct Job {
    pub(super) request: Verified<Request>,
    /// Whose connection sent it, where the broker says so.
    pub(super) from: Option<String>,
    /// Nobody waits for it any longer than until then.
    pub(super) until: Instant,
    pub(super) next: Next,
}

/// What is to be done with a request.
pub(super) enum Next {
    /// Find out by data plugins whether it is for this node.
    Ask,
    /// Run it.
    Run,
    /// Answer without running anything.
    Answer(Known),
}

/// The request is left without an answer: it is for other nodes.
pub(super) struct NotForUs;

/// An answer that is known.
pub(super) struct Known {
    pub(super) end: End,
    /// What kind of end the log counts it as.
    pub(super) kind: &'static str,
}

impl Known {
    /// The node will not look at the request.
    pub(super) fn refused(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            end: End {
                outcome: Outcome::Refused,
                code: StatusCode::UNKNOWN_ERROR,
                message: message.into(),
                data: serde_json::Map::new(),
            },
            kind,
        }
    }
}

impl Shared {
    /// Counts what was decided, and tells what is to be done.
    pub(super) fn settle(
        &self,
        request: &Verified<Request>,
        decision: Admitted,
    ) -> Result<Next, NotForUs> {
        let stats = self.host.stats();
        let known = match decision {
            Admitted::Ask => return Ok(Next::Ask),
            Admitted::Run => {
                stats.count(Counter::Passed);
                return Ok(Next::Run);
            }
            Admitted::Ignore(why) => {
                stats.count(Counter::Filtered);
                tracing::debug!(id = %request.value().id, "ignored: {why}");
                return Err(NotForUs);
            }
            Admitted::Refuse(refusal) => {
                stats.count(match refusal {
                    Refusal::Expired | Refusal::Late { .. } => Counter::Expired,
                    Refusal::Replayed => Counter::Replayed,
                    _ => Counter::Refused,
                });
                Known::refused(refusal.kind(), refusal.to_string())
            }
            Admitted::Answer {
                outcome,
                code,
                message,
            } => {
                stats.count(match outcome {
                    Outcome::Nomatch => Counter::Filtered,
                    _ => Counter::Passed,
                });
                let end = End {
                    outcome,
                    code,
                    message,
                    data: serde_json::Map::new(),
                };
                Known {
                    end,
                    kind: outcome.as_str(),
                }
            }
        };
        Ok(Next::Answer(known))
    }

    /// Runs what is to be run, and answers.
    pub(super) async fn work(self: Arc<Self>, mut job: Job, connection: Connection) {
        if !self.can_answer(&job) {
            return;
        }
        let known = loop {
            match job.next {
                Next::Ask => match self.settle(&job.request, self.choose(&job.request).await) {
                    Ok(next) => job.next = next,
                    Err(NotForUs) => return,
                },
                Next::Run => break None,
                Next::Answer(known) => break Some(known),
            }
        };
        let request = &job.request;
        let (end, kind) = match known {
            // Not meant for this node, or counted and logged: who repeats requests fills no audit.
            Some(Known { end, kind })
                if matches!(end.outcome, Outcome::Nomatch | Outcome::Refused) =>
            {
                (end, kind)
            }
            known => {
                let from = job.from.as_deref();
                self.on_record(request, from, job.until, known).await
            }
        };
        // The receipt of a refusal tells how the broker's clock stands, in case that was the cause.
        let doubted = end.outcome == Outcome::Refused;
        let asked = request.value();
        self.log_refusal(request, job.from.as_deref(), &end, kind);
        let Some(reply_to) = asked.reply_to.as_ref().filter(|_| asked.want_reply) else {
            return;
        };
        let reply = self.reply(asked, request.caller(), end);
        let body = match self.provider.sign_reply(&reply, request.digest()) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(id = %asked.id, "no answer: {error}");
                return;
            }
        };
        let asked_at = sys::clock::since_boot_ms();
        let sent = connection
            .send(Outgoing {
                destination: reply_to.clone(),
                headers: activemq::reply_headers(
                    self.host.identity(),
                    SystemTime::now(),
                    REPLY_PATIENCE,
                ),
                targets: Vec::new(),
                body,
                receipt: doubted,
                deadline: Some(Instant::now() + REPLY_PATIENCE),
            })
            .await;
        match sent {
            Ok(receipt) => {
                self.host.stats().count(Counter::Replies);
                if let Some(at) = receipt.and_then(|receipt| receipt.at) {
                    let now_ms = sys::clock::since_boot_ms();
                    self.transit().observe_receipt(at, asked_at, now_ms);
                }
            }
            Err(error) => tracing::warn!(id = %asked.id, "the answer was not sent: {error}"),
        }
    }

    /// Whether the answer may go where the request wants it. A broker ends the session of who sends
    /// elsewhere: whoever may only ask for little could cut off a whole fleet.
    fn can_answer(&self, job: &Job) -> bool {
        let asked = job.request.value();
        let Some(address) = &asked.reply_to else {
            return true;
        };
        let known = Destination::parse(address).filter(Destination::is_for_replies);
        let can = known.is_some_and(|known| {
            let ours = |name: &str| self.host.collectives().iter().any(|c| c.as_str() == name);
            known.collective().is_none_or(ours)
        });
        let can = can && address.len() <= MAX_ADDRESS && !address.contains(text::is_control);
        if !can {
            self.host.stats().count(Counter::Refused);
            let connection = job.from.as_ref().map(tracing::field::display);
            self.refusals.log("reply address", || {
                tracing::warn!(
                    caller = %job.request.caller(), sender = %asked.sender, id = %asked.id,
                    agent = %asked.agent, connection,
                    "refused: {} is no address for replies", text::excerpt(address, 255)
                );
            });
        }
        can
    }

    /// Decides, notes it, runs what is to be run, and notes how it ended.
    async fn on_record(
        &self,
        request: &Verified<Request>,
        from: Option<&str>,
        until: Instant,
        known: Option<Known>,
    ) -> (End, &'static str) {
        let began = Instant::now();
        let Decision { answer, rule } = match known {
            Some(Known { end, .. }) => Decision {
                rule: end.message.clone(),
                answer: Err(end),
            },
            None => self.decide(request).await,
        };
        // What a filter or a policy asks may take seconds.
        if answer.is_ok() && Instant::now() > until {
            self.host.stats().count(Counter::Expired);
            let Known { end, kind } = Known::refused("expired", TOO_LATE);
            return (end, kind);
        }
        let asked = request.value();
        if let Some(audit) = &self.audit {
            let agent = self.host.agent(asked.agent.as_str());
            let decided = Decided {
                from,
                decision: answer
                    .as_ref()
                    .map_or_else(|end| end.outcome.as_str(), |_| "allowed"),
                rule: &rule,
                action: agent.and_then(|agent| agent.ddl().find_action(asked.action.as_str())),
            };
            let noted = audit.decided(request, &decided, sys::clock::now_ms());
            if answer.is_ok() && !noted {
                let Known { end, kind } = Known::refused("not audited", NOT_AUDITED);
                return (end, kind);
            }
        }
        let end = match answer {
            Ok(agent) => self.run(agent, request).await,
            Err(end) => end,
        };
        if let Some(audit) = &self.audit {
            audit.ended(request, &end, began.elapsed(), &rule, sys::clock::now_ms());
        }
        (end, "too busy")
    }

    /// The agent that is to run, or how the call ends otherwise.
    async fn decide(&self, request: &Verified<Request>) -> Decision {
        let asked = request.value();
        let Some(agent) = self.host.agent(asked.agent.as_str()) else {
            let end = End {
                outcome: Outcome::NoAgent,
                code: StatusCode::UNKNOWN_ERROR,
                message: format!("There is no agent '{}' on this node", asked.agent),
                data: serde_json::Map::new(),
            };
            let rule = end.message.clone();
            return Decision {
                answer: Err(end),
                rule,
            };
        };
        let caller = request.caller();
        let Some(verdict) = self.verdict(caller, &asked.agent, &asked.action).await else {
            return Decision {
                answer: Ok(Arc::clone(agent)),
                rule: "there are no policies (`rpcauthorization` is off)".to_owned(),
            };
        };
        let rule = verdict.why.to_string();
        if verdict.allowed {
            tracing::debug!(id = %asked.id, "allowed by {rule}");
            return Decision {
                answer: Ok(Arc::clone(agent)),
                rule,
            };
        }
        self.refusals.log("denied", || {
            tracing::warn!(
                caller = %caller, sender = %asked.sender, id = %asked.id,
                agent = %asked.agent, action = %asked.action, "denied by {rule}"
            );
        });
        // This comes before the inputs are looked at: who may not call learns nothing of what would
        // be valid.
        let end = End {
            outcome: Outcome::Denied,
            code: StatusCode::ABORTED,
            message: "You are not authorized to call this agent or action.".to_owned(),
            data: serde_json::Map::new(),
        };
        Decision {
            answer: Err(end),
            rule,
        }
    }

    /// What the policies say, where there are any. What goes wrong with them denies.
    pub(super) async fn verdict(
        &self,
        caller: &CallerId,
        agent: &AgentName,
        action: &ActionName,
    ) -> Option<Verdict> {
        let authoriser = Arc::clone(self.authoriser.as_ref()?);
        // Every discovery comes by here, and needs no thread.
        if let Some(exempt) = Verdict::exempt(agent) {
            return Some(exempt);
        }
        let (host, caller) = (Arc::clone(&self.host), caller.clone());
        let (agent, action) = (agent.clone(), action.clone());
        let decided = async {
            // It is never closed.
            let turn = Arc::clone(&authoriser.turns).acquire_owned().await;
            let decided = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                authoriser.decide(&caller, &agent, &action, &*host)
            });
            decided.await.ok()
        };
        let decided = tokio::time::timeout(DECISION, decided).await;
        Some(decided.ok().flatten().unwrap_or_else(Verdict::failed))
    }

    async fn run(&self, agent: Arc<dyn Agent>, request: &Verified<Request>) -> End {
        let asked = request.value();
        if asked.agent.as_str() != "discovery" {
            tracing::info!(
                caller = %request.caller(), sender = %asked.sender, id = %asked.id,
                "{}#{}", asked.agent, asked.action
            );
        }
        dispatch::run(agent, request, Arc::clone(&self.host), &self.cap).await
    }

    /// One line for what was not run, unless a policy has denied it, which has a line of its own.
    /// Whoever repeats a request is not the one who signed it, but has a connection.
    fn log_refusal(
        &self,
        request: &Verified<Request>,
        from: Option<&str>,
        end: &End,
        kind: &'static str,
    ) {
        let outcome = end.outcome;
        let asked = request.value();
        let connection = from.map(tracing::field::display);
        let kind = match outcome {
            Outcome::Refused => kind,
            Outcome::Invalid | Outcome::NoAgent => outcome.as_str(),
            _ => return,
        };
        self.refusals.log(kind, || {
            tracing::warn!(
                caller = %request.caller(), sender = %asked.sender, id = %asked.id,
                agent = %asked.agent, connection, "{outcome}: {}", end.message
            );
        });
    }

    fn reply(&self, request: &Request, caller: &CallerId, end: End) -> Reply {
        Reply {
            id: request.id.clone(),
            caller: caller.clone(),
            agent: request.agent.clone(),
            sender: self.host.identity().clone(),
            outcome: end.outcome,
            statuscode: end.code,
            statusmsg: end.message,
            data: end.data,
            time_ms: sys::clock::now_ms(),
        }
    }
}
