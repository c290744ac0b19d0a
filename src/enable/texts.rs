//! What the configurations contain that `enable` writes. Pure: everything is decided before.

use std::{
    fmt::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::tls::{Authorities, Files};

/// How an agent or a client reaches the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// The broker's name.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// The certificate to show, and whom to trust.
    pub(super) files: Files,
    /// Whether the broker renews the certificate and tells of revocations: it has the authority.
    pub(super) renewed: bool,
}

/// What a `broker.cfg` says.
pub(super) struct Broker<'a> {
    pub(super) listen: &'a str,
    pub(super) files: &'a Files,
    /// The directory of the authority, where it is our own.
    pub(super) authority: Option<&'a Path>,
    /// Who may command.
    pub(super) clients: &'a [String],
}

impl Broker<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "# Written by `mcollective enable broker`; `mcollective broker --check-config` looks it over.\n\
             listen = {}\n\
             ssl.cert = {}\nssl.key = {}\nssl.ca = {}\n",
            self.listen,
            self.files.cert.display(),
            self.files.key.display(),
            list(authorities(self.files)),
        );
        if !self.files.crl.is_empty() {
            line(
                &mut text,
                format_args!("ssl.crl = {}\n", list(&self.files.crl)),
            );
        }
        if let Some(dir) = self.authority {
            line(
                &mut text,
                format_args!(
                    "# The authority that signs for whoever joins with a token.\nca_dir = {}\n",
                    dir.display()
                ),
            );
        }
        text + &format!(
            "# Certificates of these names may send requests; every other one is a node's.\nclients = {}\n",
            self.clients.join(", ")
        )
    }
}

/// What a `server.cfg` says.
pub(super) struct Agent<'a> {
    pub(super) identity: &'a str,
    pub(super) reach: &'a Reach,
    /// Whom the node obeys.
    pub(super) callers: &'a [String],
    /// A file of facts; without one the machine itself is asked.
    pub(super) facts: Option<&'a Path>,
    pub(super) classes: &'a Path,
}

impl Agent<'_> {
    pub(super) fn text(&self) -> String {
        let facts = match self.facts {
            Some(file) => format!("factsource = yaml\nplugin.yaml = {}\n", file.display()),
            None => "# Of this machine itself, named as Facter names them.\nfactsource = native\n"
                .into(),
        };
        format!(
            "# Written by `mcollective enable agent`; `mcollective agent --check-config` looks it over.\n\
             identity = {}\n{COLLECTIVES}{facts}classesfile = {}\n\n{}\n\
             # Whose requests this node obeys.\nplugin.pki.clients = {}\n\n\
             # What they may do: as policies/AGENT.policy says, and all where there is none.\n\
             rpcauthorization = 1\nrpcauthprovider = action_policy\n\
             plugin.actionpolicy.allow_unconfigured = 1\n\n\
             # Every request and how it ended.\nrpcaudit = 1\nrpcauditprovider = logfile\n\
             plugin.rpcaudit.logfile = {AUDIT}\n",
            self.identity,
            self.classes.display(),
            connection(self.reach),
            self.callers.join(", "),
        )
    }
}

/// The policy of the agent `package` that Puppet Enterprise comes with: what is installed and what is
/// not stays as it is. That counts and sums, which change nothing, are allowed is ours.
pub(super) const PACKAGE_POLICY: &str = "\
# Written once by `mcollective enable agent`, and yours: packages may be looked at and updated.
# To have them installed and removed too, add `install uninstall purge`, or take this file away.
# A line: allow or deny, callers, actions, facts, classes, with tabs in between; the first that fits.
policy default deny
allow\t*\tstatus count md5 update checkupdates apt_update apt_checkupdates yum_clean yum_checkupdates\t*\t*
";

/// Where an agent notes requests.
pub(super) const AUDIT: &str = "/var/log/mcollective/audit.log";

const COLLECTIVES: &str = "main_collective = mcollective\ncollectives = mcollective\n";

/// What a client's configuration says.
pub(super) fn client(reach: &Reach, signing: Option<(&Path, &Path)>) -> String {
    let mut text = format!(
        "# Written by `mcollective enable client`.\n{COLLECTIVES}\n{}",
        connection(reach)
    );
    if let Some((cert, key)) = signing {
        line(
            &mut text,
            format_args!(
                "# Requests are signed with another key than the connection's.\n\
             plugin.pki.cert = {}\nplugin.pki.key = {}\n",
                cert.display(),
                key.display()
            ),
        );
    }
    text
}

fn connection(reach: &Reach) -> String {
    let (one, files) = ("plugin.activemq.pool.1", &reach.files);
    let mut text = format!(
        "connector = activemq\nplugin.activemq.pool.size = 1\n\
         {one}.host = {}\n{one}.port = {}\n{one}.ssl = yes\n\
         {one}.ssl.cert = {}\n{one}.ssl.key = {}\n{one}.ssl.ca = {}\n",
        reach.host,
        reach.port,
        files.cert.display(),
        files.key.display(),
        list(authorities(files)),
    );
    if !files.crl.is_empty() {
        line(
            &mut text,
            format_args!("{one}.ssl.crl = {}\n", list(&files.crl)),
        );
    }
    text += "securityprovider = pki\n";
    if reach.renewed {
        text += "# The broker has the authority, and renews this certificate before it ends.\nplugin.pki.renew = yes\n";
        if !files.crl.is_empty() {
            text += "# It tells of those that were revoked, too.\nplugin.pki.crl_updates = yes\n";
        }
    }
    text
}

/// Adds to a text.
fn line(text: &mut String, more: fmt::Arguments<'_>) {
    // A text takes everything.
    let _taken = text.write_fmt(more);
}

fn authorities(files: &Files) -> &[PathBuf] {
    match &files.ca {
        Authorities::Files(files) => files,
        Authorities::Webpki => &[],
    }
}

fn list(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    files.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{BrokerConfig, ClientConfig, Document, ServerConfig};

    fn reach(renewed: bool) -> Reach {
        Reach {
            host: "broker.example.net".into(),
            port: 7000,
            files: Files {
                cert: "/s/cert.pem".into(),
                key: "/s/key.pem".into(),
                ca: Authorities::Files(vec!["/s/ca.pem".into()]),
                crl: vec!["/s/crl.pem".into()],
            },
            renewed,
        }
    }

    fn document(text: &str) -> Document {
        Document::parse(Path::new("/e/x.cfg"), text.as_bytes())
    }

    #[test]
    fn what_is_written_reads_as_it_was_meant_and_warns_of_nothing() {
        let (reach, callers) = (reach(true), ["peadmin".to_owned()]);
        let agent = Agent {
            identity: "web1",
            reach: &reach,
            callers: &callers,
            facts: None,
            classes: Path::new("/e/classes.txt"),
        };
        let read = ServerConfig::read(&document(&agent.text()), &|_| None).unwrap();
        assert_eq!(read.common.warnings, []);
        let server = &read.common.connector.pool[0];
        assert_eq!((&*server.host, server.port), ("broker.example.net", 7000));
        assert_eq!(server.tls.as_ref(), Some(&reach.files));
        assert_eq!(read.common.security.pki.clients, callers);
        assert_eq!(read.audit.unwrap().file, Path::new(AUDIT));
        let authorization = read.authorization.unwrap();
        assert_eq!(authorization.policies, Path::new("/e/policies"));
        assert!(authorization.allow_unconfigured);

        let broker = Broker {
            listen: "0.0.0.0:7000",
            files: &reach.files,
            authority: Some(Path::new("/ca")),
            clients: &callers,
        };
        let read = BrokerConfig::read(&document(&broker.text())).unwrap();
        assert_eq!(read.warnings, []);
        assert_eq!(read.tls.as_ref(), Some(&reach.files));

        let text = client(&reach, Some((Path::new("/k/c.pem"), Path::new("/k/k.pem"))));
        let read = ClientConfig::read(&document(&text), &|_| None).unwrap();
        assert_eq!(read.common.warnings, []);
        assert_eq!(read.common.security.pki.key, Path::new("/k/k.pem"));
    }
}
