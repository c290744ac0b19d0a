//! What a demo's files contain. Pure, so that it can be read and tested without a disk.

use std::path::Path;

/// How long the demo's certificates hold.
pub(super) const DAYS: u32 = 365;

/// What is started together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The broker.
    Broker,
    /// The agents.
    Agents,
}

/// One of the demo's nodes.
pub(super) struct Node {
    number: u16,
    name: String,
    identity: String,
}

/// Facts of the nodes, in turn: where they stand and what they are.
const COUNTRIES: [&str; 4] = ["uk", "de", "mt", "us"];
const ROLES: [&str; 3] = ["web", "db", "mail"];

impl Node {
    pub(super) fn number(number: u16) -> Self {
        Self {
            number,
            name: format!("node{number}"),
            identity: format!("node{number}.demo"),
        }
    }

    /// Its directory.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its identity, which its certificate names.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    fn turn<'a>(&self, of: &[&'a str]) -> &'a str {
        of.get(usize::from(self.number - 1) % of.len())
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn server_cfg(&self, dir: &Path, port: u16, commander: &str) -> String {
        let (name, identity, dir) = (&self.name, &self.identity, dir.display());
        format!(
            "# The agent of {identity}.\n\
             identity = {identity}\n\
             {COMMON}\
             classesfile = {dir}/{name}/classes.txt\n\
             statedir = {dir}/{name}\n\
             factsource = yaml\n\
             plugin.yaml = {dir}/{name}/facts.yaml\n\
             \n{connector}\n{security}",
            connector = connector(&dir.to_string(), port, identity),
            security = security(commander),
        )
    }

    pub(super) fn facts_yaml(&self) -> String {
        let (country, role) = (self.turn(&COUNTRIES), self.turn(&ROLES));
        format!(
            "---\ncountry: {country}\nrole: {role}\nfqdn: {identity}\nhostname: {name}\n\
             processorcount: {processors}\nos:\n  family: Debian\n  name: Debian\n  release:\n    \
             major: \"12\"\n    full: \"12.11\"\nmountpoints:\n- /\n- /var\n",
            identity = self.identity,
            name = self.name,
            processors = 1 << (self.number % 4),
        )
    }

    pub(super) fn classes_txt(&self) -> String {
        format!("common\nmcollective\nrole::{}\n", self.turn(&ROLES))
    }
}

const COMMON: &str = "collectives = mcollective\nmain_collective = mcollective\n";

pub(super) fn broker_cfg(dir: &Path, port: u16) -> String {
    let dir = dir.display();
    format!(
        "# The broker. Every part has a certificate of the demo's CA; peadmin's may command.\n\
         listen = 127.0.0.1:{port}\n\
         ssl.cert = {dir}/ssl/broker.pem\n\
         ssl.key = {dir}/ssl/broker-key.pem\n\
         ssl.ca = {dir}/ca/ca.pem\n\
         clients = peadmin\n"
    )
}

/// The port in the text of a demo's `broker.cfg`.
pub(super) fn port(broker_cfg: &str) -> Option<u16> {
    let mut lines = broker_cfg.lines();
    let address = lines.find_map(|line| line.strip_prefix("listen = "))?;
    address.rsplit(':').next()?.parse().ok()
}

pub(super) fn client_cfg(dir: &Path, port: u16, commander: &str) -> String {
    format!(
        "# The operator's side.\n{COMMON}\n{connector}\n{security}",
        connector = connector(&dir.display().to_string(), port, "peadmin"),
        security = security(commander),
    )
}

fn connector(dir: &str, port: u16, name: &str) -> String {
    format!(
        "connector = activemq\n\
         plugin.activemq.pool.size = 1\n\
         plugin.activemq.pool.1.host = localhost\n\
         plugin.activemq.pool.1.port = {port}\n\
         plugin.activemq.pool.1.ssl = true\n\
         plugin.activemq.pool.1.ssl.cert = {dir}/ssl/{name}.pem\n\
         plugin.activemq.pool.1.ssl.key = {dir}/ssl/{name}-key.pem\n\
         plugin.activemq.pool.1.ssl.ca = {dir}/ca/ca.pem\n"
    )
}

/// The certificate of the connection signs too. Only the key of `commander` is obeyed: a pin, so
/// that whoever can sign certificates for nodes can't make himself an operator.
fn security(commander: &str) -> String {
    format!("securityprovider = pki\nplugin.pki.clients = {commander}\n")
}

/// A path as one word of a shell's command line, in quotes where it needs them.
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    if text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `DIR/mco`: the client with the demo's configuration.
pub(super) fn mco_script(program: &Path, dir: &Path) -> String {
    format!(
        "#!/bin/sh\n# mco, talking to this demo's fleet.\nexec {} mco --config {} \"$@\"\n",
        shell_word(program),
        shell_word(&dir.join("client.cfg")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_as_it_was_written() {
        assert_eq!(port(&broker_cfg(Path::new("/d"), 1234)), Some(1234));
        assert_eq!(port(""), None);
    }

    #[test]
    fn nodes_differ() {
        let (one, two) = (Node::number(1), Node::number(2));
        assert!(one.facts_yaml().contains("country: uk\nrole: web\n"));
        assert!(two.facts_yaml().contains("country: de\nrole: db\n"));
        assert!(two.classes_txt().contains("role::db"));
        let cfg = two.server_cfg(Path::new("/d"), 1234, "peadmin@sha256:00");
        assert!(cfg.contains("identity = node2.demo\n") && cfg.contains("pool.1.port = 1234\n"));
        assert!(
            cfg.contains("plugin.pki.clients = peadmin@sha256:00\n"),
            "{cfg}"
        );
        assert!(
            cfg.contains("ssl.key = /d/ssl/node2.demo-key.pem\n"),
            "{cfg}"
        );
    }

    #[test]
    fn a_strange_directory_is_quoted() {
        let script = mco_script(Path::new("/bin/mcollective"), Path::new("/it's"));
        assert!(script.contains(r"'/it'\''s/client.cfg'"), "{script}");
    }
}
