//! A call to chosen nodes: find out who is meant, take as many as wanted, ask them in groups, and
//! give one account of it all.

use std::time::{Duration, Instant};

use serde_json::Map;

use super::{
    Account, Addressing, Call, Client, Error, Interrupt, Limit, Progress, Share, Silence, Silent,
    call::{DISCOVERY, new_request_id},
    discovery::{self, Source},
};
use crate::mcorpc::{
    filter::Filter,
    names::{ActionName, AgentName, Identity},
};

/// Which nodes a call goes to, and how.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Where their names come from.
    pub source: Source,
    /// How many of them are asked; none is all.
    pub limit: Option<Limit>,
    /// In groups of which size; none is all at once.
    pub batch: Option<Batch>,
    /// How many may fail before no further group is asked; none is any number.
    pub max_fail: Option<Share>,
}

/// Groups that are asked one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batch {
    /// How many nodes at once.
    pub size: Share,
    /// The pause between two groups.
    pub pause: Duration,
}

/// Whom discovery found.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    /// Who is asked, in the order in which they answered or stand in the list.
    pub names: Vec<Identity>,
    /// Who did not say whether it is meant, where that matters: enough others may be.
    pub silent: Vec<Silent>,
    /// Who said that it is not meant.
    pub nomatch: Vec<Identity>,
    /// How long it took.
    pub took: Duration,
    /// Why it ended before its time, if it did.
    pub interrupted: Option<Interrupt>,
}

impl Client {
    /// Makes a call to the chosen nodes.
    pub async fn call_targets(
        &mut self,
        call: &Call,
        targets: &Targets,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Account, Error> {
        let listed = match &targets.source {
            Source::Broker | Source::Broadcast => None,
            Source::List(names) => Some(discovery::chosen(names, &call.filter)),
        };
        if targets.limit.is_none() && targets.batch.is_none() {
            match (&listed, &targets.source) {
                (Some(names), _) => {
                    let mut account = self.call(&directed(call, names.clone()), progress).await?;
                    account.discovered = true;
                    return Ok(account);
                }
                (None, Source::Broadcast) if call.agent.as_str() == DISCOVERY => {
                    return self.call(&unlisted(call), progress).await;
                }
                (None, Source::Broadcast) => {}
                (None, _) => return self.call(call, progress).await,
            }
        }
        // Nodes that `-I` spells out are given, however many of them are asked at once.
        let given = listed.is_none() && matches!(call.addressing, Addressing::Directed(_));
        let discovered = self.discover(call, targets, progress).await?;
        let mut account = self.ask(call, targets, &discovered.names, progress).await?;
        account.discovered = !given;
        account.discovery += discovered.took;
        account.nomatch.extend(discovered.nomatch);
        account.interrupted = account.interrupted.or(discovered.interrupted);
        // They may be meant, and did not do what was asked.
        account.no_response.extend(discovered.silent);
        account.no_response.sort();
        Ok(account)
    }

    /// Finds out whom a call would go to, and sends it to nobody.
    pub async fn discover(
        &mut self,
        call: &Call,
        targets: &Targets,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Discovered, Error> {
        let addressing = match &targets.source {
            Source::List(names) => Addressing::Directed(discovery::chosen(names, &call.filter)),
            Source::Broker | Source::Broadcast => call.addressing.clone(),
        };
        let mut discovered = match addressing {
            Addressing::Directed(names) if only_names(&call.filter) => Discovered {
                names,
                ..Discovered::default()
            },
            addressing => {
                self.who_matches(call, targets, addressing, progress)
                    .await?
            }
        };
        if let Some(limit) = targets.limit {
            if limit.is_met_by(discovered.names.len()) {
                discovered.silent.clear();
            }
            discovered.names = limit.choose(discovered.names);
        }
        Ok(discovered)
    }

    async fn who_matches(
        &mut self,
        call: &Call,
        targets: &Targets,
        addressing: Addressing,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Discovered, Error> {
        let mut ping = Call {
            data: Map::new(),
            wait: call.discovery_wait,
            ttl: call.discovery_wait,
            want_reply: true,
            reply_to: None,
            addressing,
            ..call.clone()
        };
        if ping.agent.as_str() != DISCOVERY {
            ping.filter.agent.push(ping.agent.to_string());
            ping.agent = AgentName::new(DISCOVERY)?;
        }
        ping.action = ActionName::new("ping")?;
        if targets.source == Source::Broadcast {
            ping = unlisted(&ping);
        }
        let begun = Instant::now();
        let account = self
            .call(&ping, &mut |event| {
                if let Progress::Rejected(_) | Progress::Lost(_) = event {
                    progress(event);
                }
            })
            .await?;
        Ok(Discovered {
            names: account
                .answers
                .into_iter()
                .map(|answer| answer.reply.sender)
                .collect(),
            silent: account
                .no_response
                .into_iter()
                .map(|silent| match silent.why {
                    Silence::Timeout => Silent {
                        why: Silence::Undiscovered,
                        ..silent
                    },
                    _ => silent,
                })
                .collect(),
            nomatch: account.nomatch,
            took: begun.elapsed(),
            interrupted: account.interrupted,
        })
    }

    /// Asks these nodes, in groups where that is wanted. All of it is one request, by its id.
    async fn ask(
        &mut self,
        call: &Call,
        targets: &Targets,
        names: &[Identity],
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Account, Error> {
        let mut account = Account::empty(new_request_id()?);
        let size = targets
            .batch
            .map_or(names.len().max(1), |batch| batch.size.part(names.len()));
        let pause = targets.batch.map_or(Duration::ZERO, |batch| batch.pause);
        let may_fail = targets.max_fail.map(|share| share.allowed(names.len()));
        account.interrupted = self.interrupted();
        let mut refused = false;
        for (at, group) in names.chunks(size).enumerate() {
            account.gave_up_after = may_fail.filter(|most| account.failures() > *most);
            if account.gave_up_after.is_none() && account.interrupted.is_none() && at > 0 {
                match self.pause(pause).await {
                    Ok(interrupted) => account.interrupted = interrupted,
                    // Those before are still to be accounted for.
                    Err(error) => {
                        progress(Progress::Lost(error.to_string()));
                        (refused, account.lost) = (true, true);
                    }
                }
            }
            if refused || account.interrupted.is_some() || account.gave_up_after.is_some() {
                account.unasked.extend_from_slice(group);
                continue;
            }
            let before = at * size;
            let mut group_progress = |event: Progress<'_>| match event {
                Progress::Addressed { gather, .. } => progress(Progress::Addressed {
                    nodes: names.len(),
                    gather,
                }),
                Progress::Answer {
                    answer,
                    spoken,
                    gather,
                } => progress(Progress::Answer {
                    answer,
                    spoken: before + spoken,
                    gather,
                }),
                other => progress(other),
            };
            let call = directed(call, group.to_vec());
            let id = account.id.clone();
            match self.call_as(id, &call, &mut group_progress).await {
                Ok(asked) => account.add(asked),
                Err(error) if at > 0 => {
                    progress(Progress::Lost(error.to_string()));
                    (refused, account.lost) = (true, true);
                    // They may have been asked.
                    let silent = group.iter().cloned().map(|node| Silent {
                        node,
                        why: Silence::Timeout,
                    });
                    account.no_response.extend(silent);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(account)
    }
}

fn directed(call: &Call, names: Vec<Identity>) -> Call {
    Call {
        addressing: Addressing::Directed(names),
        ..call.clone()
    }
}

/// The same without the broker's list, which ends when the discovery timeout does.
fn unlisted(call: &Call) -> Call {
    Call {
        addressing: match &call.addressing {
            Addressing::Broadcast => Addressing::Unlisted,
            other => other.clone(),
        },
        wait: call.wait.min(call.discovery_wait),
        ttl: call.ttl.min(call.discovery_wait),
        ..call.clone()
    }
}

/// Whether a filter asks nothing that only the nodes know.
fn only_names(filter: &Filter) -> bool {
    let Filter {
        fact,
        cf_class,
        agent,
        identity: _,
        compound,
    } = filter;
    fact.is_empty() && cf_class.is_empty() && agent.is_empty() && compound.is_empty()
}
