//! What a node tells of itself unasked, to whoever subscribes to the agent `registration`: the list
//! of its agents, or also its facts, classes and collectives. The names are those of the original's
//! plugins; the message is signed, as replies are.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value, json};
use tokio::{task::JoinHandle, time::Instant};

use super::{host::Host, shared::Shared, splay};
use crate::{
    config::{self, RegistrationKind},
    connector::{Connection, Outgoing, activemq},
    mcorpc::names::AgentName,
    security::pki,
    sys,
};

/// When it is told the next time.
#[derive(Debug)]
pub(super) struct Registrar {
    settings: config::Registration,
    due: Instant,
    telling: Option<JoinHandle<()>>,
}

impl Registrar {
    /// As the configuration has it; none where it wants no registration.
    pub(super) fn new(settings: Option<&config::Registration>) -> Option<Self> {
        let settings = settings?.clone();
        Some(Self {
            due: Instant::now() + first(&settings),
            settings,
            telling: None,
        })
    }

    /// The same after the configuration was read again: what has not changed keeps its time.
    pub(super) fn renewed(
        old: Option<Self>,
        settings: Option<&config::Registration>,
    ) -> Option<Self> {
        old.filter(|old| Some(&old.settings) == settings)
            .or_else(|| Self::new(settings))
    }

    pub(super) const fn due(&self) -> Instant {
        self.due
    }

    /// Tells it, in a task of its own. While the last word waits for a broker there is no other.
    pub(super) fn tell(&mut self, shared: &Arc<Shared>, connection: &Connection) {
        self.due = Instant::now() + self.settings.interval;
        if self
            .telling
            .as_ref()
            .is_some_and(|task| !task.is_finished())
        {
            return;
        }
        let (shared, connection) = (Arc::clone(shared), connection.clone());
        let telling = tell(shared, connection, self.settings.clone());
        self.telling = Some(tokio::spawn(telling));
    }
}

/// How long to wait at the start: a part of the interval by chance, so that a fleet which starts
/// together does not tell together; nothing without `registration_splay`, as in the original.
fn first(settings: &config::Registration) -> Duration {
    if settings.splay {
        splay::part_of(settings.interval)
    } else {
        Duration::ZERO
    }
}

async fn tell(shared: Arc<Shared>, connection: Connection, settings: config::Registration) {
    let host = Arc::clone(&shared.host);
    let kind = settings.kind;
    // Facts are read from files.
    let data = match tokio::task::spawn_blocking(move || data(&host, kind)).await {
        Ok(data) => data,
        Err(panic) => return tracing::error!("registration panicked: {panic}"),
    };
    let registration = pki::Registration {
        sender: shared.host.identity().clone(),
        time_ms: sys::clock::now_ms(),
        data,
    };
    let body = match shared.provider.sign_registration(&registration) {
        Ok(body) => body,
        Err(error) => return tracing::error!("no registration: {error}"),
    };
    let Ok(agent) = AgentName::new("registration") else {
        return;
    };
    let ttl = shared.host.config().common.ttl;
    let sent = connection
        .send(Outgoing {
            destination: activemq::agent_topic(&settings.collective, &agent),
            headers: activemq::reply_headers(shared.host.identity(), SystemTime::now(), ttl),
            body,
            deadline: Some(Instant::now() + settings.interval),
            ..Outgoing::default()
        })
        .await;
    match sent {
        Ok(_) => tracing::debug!("registered with {}", settings.collective),
        Err(error) => tracing::warn!("the registration was not sent: {error}"),
    }
}

fn data(host: &Host, kind: RegistrationKind) -> Map<String, Value> {
    let mut data = Map::from_iter([("agentlist".to_owned(), json!(host.agent_names()))]);
    if kind == RegistrationKind::Meta {
        let mut collectives = host.collectives().to_vec();
        collectives.sort();
        data.extend([
            ("identity".to_owned(), json!(host.identity())),
            ("facts".to_owned(), Value::Object(host.facts())),
            ("classes".to_owned(), json!(host.classes().to_vec())),
            ("collectives".to_owned(), json!(collectives)),
        ]);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agent::{agents, testing::Site},
        mcorpc::ddl::builtin,
    };

    fn settings(extra: &str) -> config::Registration {
        let site = Site::new();
        let extra = format!("registerinterval = 600\n{extra}");
        site.config(&extra).registration.unwrap()
    }

    #[test]
    fn a_node_tells_its_agents_or_all_about_itself() {
        let site = Site::new();
        site.fixture.write("facts.yaml", "os:\n  family: Debian\n");
        site.fixture.write("classes.txt", "common\nrole::web\n");
        let host = site.host(agents::builtin());
        let names: Vec<&str> = builtin::agents().iter().map(|ddl| ddl.name()).collect();
        let short = json!({ "agentlist": names });
        let told = |kind| Value::Object(data(&host, kind));
        assert_eq!(told(RegistrationKind::Agentlist), short);
        let long = json!({
            "agentlist": names,
            "identity": "node1",
            "facts": {"os": {"family": "Debian"}},
            "classes": ["common", "role::web"],
            "collectives": ["mcollective"],
        });
        assert_eq!(told(RegistrationKind::Meta), long);
    }

    #[test]
    fn a_splay_is_a_part_of_the_interval() {
        let splay = settings("registration_splay = yes\n");
        assert!(first(&splay) < splay.interval);
        assert_eq!(first(&settings("")), Duration::ZERO);
    }

    #[tokio::test]
    async fn what_has_not_changed_keeps_its_time() {
        let (plain, meta) = (settings(""), settings("registration = Meta\n"));
        assert!(Registrar::new(None).is_none());
        let registrar = Registrar::new(Some(&plain)).map(|mut registrar| {
            registrar.due += Duration::from_mins(5);
            registrar
        });
        let due = registrar.as_ref().unwrap().due();
        let registrar = Registrar::renewed(registrar, Some(&plain));
        assert_eq!(registrar.as_ref().unwrap().due(), due);
        let registrar = Registrar::renewed(registrar, Some(&meta));
        assert!(registrar.as_ref().unwrap().due() < due);
        assert!(Registrar::renewed(registrar, None).is_none());
    }
}
