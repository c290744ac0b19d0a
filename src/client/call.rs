//! Sends one request and gathers what comes back.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Map, Value};
use tokio::sync::{mpsc, watch};

use super::{Account, Answer, Error, Gather, Heard, Presence, error::UNTOLD, state::CallState};
use crate::{
    connector::{self, Connection, Event, Message, Outgoing, Policy, ServerInfo, activemq},
    mcorpc::{
        filter::Filter,
        names::{ActionName, AgentName, Collective, Identity, RequestId},
        request::Request,
    },
    security::{SecurityProvider, SignError},
    stomp::destination::{MAX_DIRECTED, PRESENCE_HEADER},
};

/// The agent that every node has, and that answers who is there.
pub(super) const DISCOVERY: &str = "discovery";

/// What is to be asked, of whom, and how long to wait.
#[derive(Clone, Debug)]
pub struct Call {
    /// The agent.
    pub agent: AgentName,
    /// The action.
    pub action: ActionName,
    /// Its inputs.
    pub data: Map<String, Value>,
    /// Which nodes are meant.
    pub filter: Filter,
    /// In which collective.
    pub collective: Collective,
    /// Everybody, or nodes by name.
    pub addressing: Addressing,
    /// How long to wait for answers.
    pub wait: Duration,
    /// How long the request may be acted upon; never longer than the wait.
    pub ttl: Duration,
    /// How long to wait for a node that is named but not connected, and for nodes to announce
    /// themselves where the broker can't list them.
    pub discovery_wait: Duration,
    /// Whether answers are wanted at all.
    pub want_reply: bool,
    /// A reply address of the operator's own; answers go there and none is gathered here.
    pub reply_to: Option<String>,
}

/// Whom a request is sent to.
#[derive(Clone, Debug)]
pub enum Addressing {
    /// Every node of the collective that has the agent; the filter decides.
    Broadcast,
    /// The same, without asking the broker who is there: answers are taken until the time is over.
    Unlisted,
    /// These nodes, as far as the filter chooses them.
    Directed(Vec<Identity>),
}

/// Why a wait was ended by the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

/// What a call reports while it waits.
#[derive(Debug)]
pub enum Progress<'a> {
    /// It is known who is waited for.
    Addressed {
        /// How many nodes, in later groups too.
        nodes: usize,
        /// Who has not spoken.
        gather: &'a Gather,
    },
    /// An addressed node answered.
    Answer {
        /// The answer.
        answer: &'a Answer,
        /// How many have spoken with it, in earlier groups too.
        spoken: usize,
        /// Who has not.
        gather: &'a Gather,
    },
    /// A reply was received that is nobody's, or to something else.
    Rejected(String),
    /// The connection was lost, and with it what was on its way; or whom to wait for.
    Lost(String),
    /// These nodes lost the broker; they may come back and answer.
    Gone(Vec<Identity>),
    /// The agents of these nodes were ended, and others run there that know nothing of the request.
    Restarted(Vec<Identity>),
}

/// A connected client.
pub struct Client {
    connection: Connection,
    events: mpsc::Receiver<Event>,
    provider: Arc<dyn SecurityProvider>,
    identity: Identity,
    broker: ServerInfo,
    /// What only this client knows, for its reply addresses.
    nonce: RequestId,
    sequence: u64,
    stop: watch::Receiver<Option<Interrupt>>,
}

impl Client {
    /// Connects to the first broker of the pool that takes us, if one does `within` this time.
    pub async fn connect(
        settings: connector::Settings,
        identity: Identity,
        provider: Arc<dyn SecurityProvider>,
        within: Duration,
        stop: watch::Receiver<Option<Interrupt>>,
    ) -> Result<Self, Error> {
        let headers = vec![("mc-security".to_owned(), "pki".to_owned())];
        let policy = Policy::FailFast { within };
        let (connection, events) = Connection::start(settings, identity.clone(), headers, policy);
        let broker = connection.connected().await?;
        Ok(Self {
            connection,
            events,
            provider,
            identity,
            broker,
            nonce: new_request_id()?,
            sequence: 0,
            stop,
        })
    }

    /// The broker that we are connected to.
    pub fn broker(&self) -> &ServerInfo {
        &self.broker
    }

    /// Why the operator ended it, if that has happened.
    pub(super) fn interrupted(&self) -> Option<Interrupt> {
        *self.stop.borrow()
    }

    /// Waits, and goes on reading meanwhile; a signal ends it.
    pub async fn pause(&mut self, time: Duration) -> Result<Option<Interrupt>, Error> {
        let until = tokio::time::Instant::now() + time;
        loop {
            tokio::select! {
                biased;
                Ok(why) = self.stop.wait_for(Option::is_some) => return Ok(*why),
                event = self.events.recv() => match event {
                    Some(Event::BrokerError { message }) => return Err(Error::Refused(message)),
                    Some(Event::Disconnected { error, retry_in: None }) => return Err(error.into()),
                    Some(_) => {}
                    None => return Ok(None),
                },
                () = tokio::time::sleep_until(until) => return Ok(None),
            }
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.connection.close(Duration::from_millis(500)).await;
    }

    /// Makes one call and waits until everybody addressed has spoken, or the time is over.
    pub async fn call(
        &mut self,
        call: &Call,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Account, Error> {
        self.call_as(new_request_id()?, call, progress).await
    }

    /// The same under an id of which other nodes may have been asked before.
    pub(super) async fn call_as(
        &mut self,
        id: RequestId,
        call: &Call,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Account, Error> {
        let begun = Instant::now();
        self.sequence += 1;
        let address = activemq::reply_address(
            &call.collective,
            &self.identity,
            self.nonce.as_str(),
            self.sequence,
        );
        self.connection.subscribe(&address, None).await?;
        let mut state = CallState::new(id, address);
        let outcome = self.run(call, &mut state, begun, progress).await;
        self.connection.unsubscribe(&state.address).await;
        outcome?;
        Ok(state.into_account())
    }

    async fn run(
        &mut self,
        call: &Call,
        state: &mut CallState,
        begun: Instant,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), Error> {
        match &call.addressing {
            Addressing::Directed(names) => {
                let (present, absent) = self
                    .who_is_here(call, state, names, begun, progress)
                    .await?;
                state.sent_after(begun);
                self.send(call, state, Some(&present), call.ttl)?;
                // A node that comes too late must not act on what nobody waits for any more.
                self.send(
                    call,
                    state,
                    Some(&absent),
                    call.discovery_wait.min(call.ttl),
                )?;
                state.gather = Gather::directed(names.iter().cloned());
                state.absent = absent.into_iter().collect();
            }
            Addressing::Broadcast if self.broker.is_ours() => {
                // The broker lists those whom it gives the request: neither more nor less.
                self.hear_presence(call, state).await?;
                state.sent_after(begun);
                self.send(call, state, None, call.ttl)?;
            }
            Addressing::Broadcast | Addressing::Unlisted => {
                state.sent_after(begun);
                self.send(call, state, None, call.ttl)?;
            }
        }
        if !call.want_reply || call.reply_to.is_some() {
            while let Some(sent) = state.sending.join_next().await {
                sent.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
            }
            return Ok(());
        }
        if state.gather.addressed() > 0 {
            progress(addressed(&state.gather));
        }
        self.gather(call, state, progress).await
    }

    /// Splits names into those that the broker sees and those that it does not.
    async fn who_is_here(
        &mut self,
        call: &Call,
        state: &mut CallState,
        names: &[Identity],
        begun: Instant,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(Vec<Identity>, Vec<Identity>), Error> {
        if !self.broker.is_ours() {
            return Ok((names.to_vec(), Vec::new()));
        }
        self.ask_presence(call, state).await?;
        let until = begun + call.discovery_wait;
        while state.present.is_none() && state.interrupted.is_none() {
            if !self.step(state, until, progress).await? {
                break;
            }
        }
        let Some(present) = state.present.take() else {
            return Ok((Vec::new(), names.to_vec()));
        };
        state.watch.begin(&present.nodes);
        let answering = present.answering(&call.collective, &call.agent);
        let here: HashSet<&Identity> = answering.map(|node| &node.identity).collect();
        Ok(names.iter().cloned().partition(|name| here.contains(name)))
    }

    async fn ask_presence(&mut self, call: &Call, state: &mut CallState) -> Result<(), Error> {
        let address = self.hear_presence(call, state).await?;
        let outgoing = Outgoing {
            destination: "/broker/presence".to_owned(),
            headers: vec![
                ("reply-to".to_owned(), address),
                ("collective".to_owned(), call.collective.to_string()),
            ],
            deadline: Some((Instant::now() + call.wait).into()),
            ..Outgoing::default()
        };
        self.connection.send(outgoing).await?;
        Ok(())
    }

    /// Makes ready for the broker's list, and says where it has to be sent.
    async fn hear_presence(&self, call: &Call, state: &mut CallState) -> Result<String, Error> {
        let address =
            activemq::reply_address(&call.collective, &self.identity, self.nonce.as_str(), 0);
        self.connection.subscribe(&address, None).await?;
        state.presence_address = Some(address.clone());
        Ok(address)
    }

    /// Signs, and starts to send: one broadcast, or one message for each group of targets. Replies
    /// are taken meanwhile: a broker that is not read from stops reading, too.
    fn send(
        &self,
        call: &Call,
        state: &mut CallState,
        targets: Option<&[Identity]>,
        ttl: Duration,
    ) -> Result<(), Error> {
        // An answer that can't be here in time is better not begun.
        let ttl = ttl / 20 * 19;
        let groups: Vec<Option<&[Identity]>> = match targets {
            None => vec![None],
            Some(names) => names.chunks(MAX_DIRECTED).map(Some).collect(),
        };
        let mut messages = Vec::with_capacity(groups.len());
        for group in groups {
            let reply_to = call.reply_to.as_ref().unwrap_or(&state.address);
            let request = Request {
                id: state.id.clone(),
                collective: call.collective.clone(),
                agent: call.agent.clone(),
                action: call.action.clone(),
                data: call.data.clone(),
                filter: call.filter.clone(),
                targets: group.map(<[Identity]>::to_vec),
                sender: self.identity.clone(),
                reply_to: call.want_reply.then(|| reply_to.clone()),
                time_ms: crate::sys::clock::now_ms(),
                ttl_ms: u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX),
                want_reply: call.want_reply,
                want_nomatch: call.want_reply && call.reply_to.is_none(),
            };
            let signed = self.provider.sign_request(&request)?;
            state.digests.insert(signed.digest);
            let mut headers = activemq::request_headers(
                &self.identity,
                SystemTime::now(),
                ttl,
                request.reply_to.as_deref(),
            );
            if let (None, Some(address)) = (group, &state.presence_address) {
                headers.push((PRESENCE_HEADER.to_owned(), address.clone()));
            }
            messages.push(Outgoing {
                destination: match group {
                    None => activemq::agent_topic(&call.collective, &call.agent),
                    Some(_) => activemq::directed(&call.collective),
                },
                headers,
                targets: request.targets.unwrap_or_default(),
                body: signed.body,
                receipt: false,
                deadline: Some((Instant::now() + ttl).into()),
            });
        }
        let connection = self.connection.clone();
        state.sending.spawn(async move {
            // One that is lost says nothing of the others.
            let mut outcome = Ok(());
            for message in messages {
                outcome = outcome.and(connection.send(message).await.map(drop));
            }
            outcome
        });
        Ok(())
    }

    /// Takes messages until everybody has spoken or the time is over.
    async fn gather(
        &mut self,
        call: &Call,
        state: &mut CallState,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), Error> {
        let end = state.sent + call.wait;
        let end_of_absent = state.sent + call.discovery_wait;
        let mut next_look = state.sent + LOOK;
        while !state.gather.is_complete() && state.interrupted.is_none() {
            let until = if state.only_absent_missing() {
                end_of_absent.min(end)
            } else {
                end
            };
            let watches = self.broker.is_ours() && state.gather.is_known();
            let pause = if watches { next_look.min(until) } else { until };
            if !self.step(state, pause, progress).await? {
                if Instant::now() < pause || pause == until {
                    break;
                }
                next_look = Instant::now() + LOOK;
                // Without the list they are waited for as before.
                drop(self.ask_presence(call, state).await);
            }
            let Some(present) = state.present.take() else {
                continue;
            };
            if state.gather.is_known() {
                if look(state, &present, progress) {
                    continue;
                }
                break;
            }
            state.discovered = true;
            state.discovery = state.sent.elapsed();
            state.watch.begin(&present.nodes);
            let answering = present.answering(&call.collective, &call.agent);
            let answering = answering.map(|node| node.identity.clone());
            state.gather.expect(answering);
            progress(addressed(&state.gather));
        }
        let awaits_list = self.broker.is_ours() && matches!(call.addressing, Addressing::Broadcast);
        if awaits_list && !state.gather.is_known() && state.interrupted.is_none() {
            if state.answers.is_empty() {
                return Err(Error::Unaccounted {
                    why: state.lost.take(),
                    in_earnest: call.agent.as_str() != DISCOVERY,
                });
            }
            state.is_open = true;
            progress(Progress::Lost(UNTOLD.to_owned()));
        }
        Ok(())
    }

    /// Takes one event; false once `until` has come.
    async fn step(
        &mut self,
        state: &mut CallState,
        until: Instant,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<bool, Error> {
        let event = tokio::select! {
            event = self.events.recv() => event,
            Ok(why) = self.stop.wait_for(Option::is_some) => {
                state.interrupted = *why;
                return Ok(true);
            }
            Some(sent) = state.sending.join_next() => {
                // A panic of the sending task is nothing that can be gone on with.
                let sent = sent.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
                let Err(error) = sent else {
                    return Ok(true);
                };
                // What was lost on its way may have arrived all the same, and who was meant by name
                // has to be named: the account goes on.
                let perhaps_sent = matches!(error, connector::Error::Lost { .. });
                if !perhaps_sent && !state.gather.is_known() {
                    return Err(error.into());
                }
                progress(Progress::Lost(error.to_string()));
                state.lost = Some(error);
                return Ok(true);
            }
            () = tokio::time::sleep_until(until.into()) => return Ok(false),
        };
        match event {
            Some(Event::Message(message)) => {
                self.take(state, &message, progress);
            }
            // Whoever was asked is still to be accounted for, beside those that have spoken.
            Some(Event::BrokerError { message }) if !state.answers.is_empty() => {
                progress(Progress::Lost(Error::Refused(message).to_string()));
            }
            Some(Event::BrokerError { message }) => return Err(Error::Refused(message)),
            Some(Event::Disconnected {
                error,
                retry_in: None,
            }) if !state.gather.is_known() => return Err(error.into()),
            Some(Event::Disconnected { error, retry_in }) => {
                progress(Progress::Lost(error.to_string()));
                state.lost = Some(error);
                return Ok(retry_in.is_some());
            }
            Some(Event::Connected(_) | Event::Time(_)) => {}
            None => return Ok(false),
        }
        Ok(true)
    }

    fn take(
        &self,
        state: &mut CallState,
        message: &Message,
        progress: &mut dyn FnMut(Progress<'_>),
    ) {
        if state.presence_address.as_deref() == Some(message.destination.as_str()) {
            if !message.is_brokers {
                state.rejected += 1;
                let why = "a list of who is connected that is not the broker's".to_owned();
                progress(Progress::Rejected(why));
                return;
            }
            match Presence::parse(&message.body) {
                Ok(presence) => state.present = Some(presence),
                // Nobody knows whom to wait for, which must not look as if nobody were there.
                Err(why) => progress(Progress::Lost(format!(
                    "the broker's list of who is connected can't be read: {why}"
                ))),
            }
            return;
        }
        if message.destination != state.address {
            // A late answer to an earlier call of this process.
            return;
        }
        let ours = |digest: &[u8; 32]| state.digests.contains(digest);
        let verified = self
            .provider
            .verify_reply(&message.body, &ours, SystemTime::now());
        let reply = match verified {
            Ok(reply) if reply.id == state.id => reply,
            refused => {
                state.rejected += 1;
                progress(Progress::Rejected(match refused {
                    Ok(reply) => format!("{} answers another request", reply.sender),
                    Err(error) => error.to_string(),
                }));
                return;
            }
        };
        let heard = state.gather.handle_reply(&reply);
        let answer = Answer {
            reply,
            after: state.sent.elapsed(),
        };
        match heard {
            Heard::Answer => {
                progress(Progress::Answer {
                    answer: &answer,
                    spoken: state.gather.addressed() - state.gather.missing_count(),
                    gather: &state.gather,
                });
                state.answers.push(answer);
            }
            Heard::Unexpected => state.unexpected.push(answer),
            Heard::Nomatch | Heard::Duplicate => {}
        }
    }
}

/// Holds a later list against who is waited for; false where nobody of them will answer.
fn look(state: &mut CallState, present: &Presence, progress: &mut dyn FnMut(Progress<'_>)) -> bool {
    let missing = state.gather.missing();
    let news = state.watch.look(&present.nodes, &missing);
    if !news.gone.is_empty() {
        progress(Progress::Gone(news.gone));
    }
    if !news.restarted.is_empty() {
        progress(Progress::Restarted(news.restarted));
    }
    !state.watch.gives_up(&missing)
}

/// How often the broker is asked whether those that are waited for are still there.
const LOOK: Duration = Duration::from_secs(5);

fn addressed(gather: &Gather) -> Progress<'_> {
    Progress::Addressed {
        nodes: gather.addressed(),
        gather,
    }
}

pub(super) fn new_request_id() -> Result<RequestId, SignError> {
    let mut bytes = [0u8; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| SignError("the system has no random numbers".to_owned()))?;
    Ok(RequestId::from_random(bytes))
}

#[cfg(test)]
mod tests;
