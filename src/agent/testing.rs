//! For tests: a node with its certificates, requests that it takes, and an agent that does what a
//! test wants.

use std::{future::Future, sync::Arc, time::SystemTime};

use serde_json::Map;

use super::{
    action::{ActionCall, ActionError, Agent, Outputs, Running},
    host::Host,
    shared::fact_source,
};
use crate::{
    config::{Document, ServerConfig},
    mcorpc::{
        ddl::{Action, Ddl, Kind, Metadata},
        filter::Filter,
        names::Identity,
        request::Request,
    },
    security::{
        SecurityProvider as _, SignedRequest, Verified,
        pki::{CallerRule, Pki, Settings},
    },
    sys::clock,
    tls::{Files, fixture::Fixture, mint::Role},
};

/// A node called `node1`, and an operator called `peadmin`.
pub(super) struct Site {
    pub(super) fixture: Fixture,
    pub(super) operator_files: Files,
    pub(super) operator: Pki,
    pub(super) node: Pki,
}

impl Site {
    pub(super) fn new() -> Self {
        let fixture = Fixture::new();
        let pki = |files: &Files, name: &str| {
            Pki::load(Settings {
                identity: Identity::new(name).unwrap(),
                cert: files.cert.clone(),
                key: files.key.clone(),
                ca: vec![fixture.path("ca.pem")],
                crl: vec![],
                client_ca: None,
                clients: CallerRule::parse_list("peadmin").unwrap(),
            })
            .unwrap()
        };
        let operator_files = fixture.issue(Role::Client, "peadmin");
        let operator = pki(&operator_files, "peadmin");
        let node = pki(&fixture.issue(Role::Node, "node1"), "node1");
        Self {
            fixture,
            operator_files,
            operator,
            node,
        }
    }

    /// What a `server.cfg` with these lines after the necessary ones says. Its broker is nowhere.
    pub(super) fn config(&self, extra: &str) -> ServerConfig {
        self.config_for(1, extra)
    }

    /// The same for a broker at this port.
    pub(super) fn config_for(&self, port: u16, extra: &str) -> ServerConfig {
        self.write_config(port, extra);
        let file = self.fixture.path("server.cfg");
        ServerConfig::load(&file, &|_| None).unwrap()
    }

    /// Writes it, good or bad.
    pub(super) fn write_config(&self, port: u16, extra: &str) {
        self.fixture.write("server.cfg", &self.text(port, extra));
    }

    fn text(&self, port: u16, extra: &str) -> String {
        let dir = self.fixture.dir.path().display();
        format!(
            "connector = activemq\nplugin.activemq.pool.size = 1\nplugin.activemq.pool.1.host = localhost\n\
             plugin.activemq.pool.1.port = {port}\nplugin.pki.cert = {dir}/node1.pem\nplugin.pki.key = {dir}/node1.key\n\
             plugin.pki.ca = {dir}/ca.pem\nplugin.pki.clients = peadmin\nplugin.yaml = {dir}/facts.yaml\n\
             classesfile = {dir}/classes.txt\nstatedir = {dir}\n{extra}"
        )
    }

    /// The node without agents, told this besides.
    pub(super) fn host_of(&self, extra: &str) -> Arc<Host> {
        self.host_with(vec![], self.config(extra))
    }

    /// The node with these agents.
    pub(super) fn host(&self, agents: Vec<Arc<dyn Agent>>) -> Arc<Host> {
        // Several tests may do so at once: nothing is written.
        let file = self.fixture.path("server.cfg");
        let document = Document::parse(&file, self.text(1, "").as_bytes());
        let config = ServerConfig::read(&document, &|_| None).unwrap();
        self.host_with(agents, config)
    }

    fn host_with(&self, agents: Vec<Arc<dyn Agent>>, config: ServerConfig) -> Arc<Host> {
        let facts = fact_source(&config);
        let identity = self.node.identity().clone();
        Arc::new(Host::new(identity, config, agents, facts))
    }

    /// A request of the operator, verified by the node.
    pub(super) fn request(&self, id: &str, agent: &str, action: &str) -> Verified<Request> {
        let signed = self.signed(id, agent, action);
        self.node
            .verify_request(&signed.body, SystemTime::now())
            .unwrap()
    }

    /// A request of the operator.
    pub(super) fn signed(&self, id: &str, agent: &str, action: &str) -> SignedRequest {
        self.operator
            .sign_request(&request(id, agent, action))
            .unwrap()
    }
}

/// A request to everybody with an agent.
pub(super) fn request(id: &str, agent: &str, action: &str) -> Request {
    Request {
        id: id.parse().unwrap(),
        collective: "mcollective".parse().unwrap(),
        agent: agent.parse().unwrap(),
        action: action.parse().unwrap(),
        data: Map::new(),
        filter: Filter::default(),
        targets: None,
        sender: "peadmin".parse().unwrap(),
        reply_to: Some(REPLY_TO.to_owned()),
        time_ms: clock::now_ms(),
        ttl_ms: 60_000,
        want_reply: true,
        want_nomatch: true,
    }
}

/// Where the operator awaits replies.
pub(super) const REPLY_TO: &str = "/queue/mcollective.reply.peadmin_1.1";

/// The agent `tester`. Its action `kill` is stopped when it takes longer than a second, and `leave`
/// is left; both do the same.
pub(super) struct Tester<F> {
    ddl: Ddl,
    run: F,
}

impl<F, R> Tester<F>
where
    F: Fn(ActionCall) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Outputs, ActionError>> + Send + 'static,
{
    pub(super) fn agent(run: F) -> Arc<dyn Agent> {
        let ddl = Ddl::new(Kind::Agent, Metadata::own("tester", "Does as told", 1))
            .action(Action::new("kill", "Is stopped").output("said", "What it says", "Said"))
            .action(Action::new("leave", "Is left").leave_on_timeout());
        Arc::new(Self { ddl, run })
    }
}

impl<F, R> Agent for Tester<F>
where
    F: Fn(ActionCall) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Outputs, ActionError>> + Send + 'static,
{
    fn ddl(&self) -> &Ddl {
        &self.ddl
    }

    fn call(&self, call: ActionCall) -> Running {
        Box::pin((self.run)(call))
    }
}
