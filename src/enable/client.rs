//! Gives an operator what `mco` needs: a key that only the operator can read, and a configuration.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    enrol::{self, Ask},
    machine::{self, Authority, check_name, own_broker},
    problem::Problem,
    site::{Site, keep_all},
    texts::{self, Reach},
    tools::{self, Account},
};
use crate::{
    sys::{file, paths, process},
    tls::{self, Authorities, Files, authority, mint::Role},
};

/// How the operator is called where nothing else is said, as in Puppet Enterprise.
pub const USUAL: &str = "peadmin";

/// Puppet Enterprise's certificate that signs requests, what policies know it as, and that of its
/// console.
const PE_SIGNING: &str = "pe-internal-peadmin-mcollective-client";
pub(super) const PE_CONSOLE: &str = "pe-internal-puppet-console-mcollective-client";

/// Whom nodes obey in Puppet Enterprise.
pub const PE_CALLERS: [&str; 2] = [
    "pe-internal-peadmin-mcollective-client=peadmin-public",
    "pe-internal-puppet-console-mcollective-client=puppet-dashboard-public",
];

/// The days of an operator's certificate.
const DAYS: u32 = 365;

/// What of a certificate, a key or a list of keys is read.
const LARGEST: u64 = 1 << 20;

/// Where the configuration of a user of this machine is.
pub(super) fn dotfile(user: &str) -> Option<PathBuf> {
    Some(tools::account(user)?.home.join(".mcollective"))
}

/// The configuration of the usual operator, where that is a user of this machine.
pub fn usual_file() -> Option<PathBuf> {
    dotfile(USUAL).filter(|file| file.exists())
}

/// Whether this machine is a master of Puppet Enterprise.
pub fn is_pe() -> bool {
    Path::new("/opt/puppetlabs/server/pe_version").exists()
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The name in the certificate.
    pub name: Option<String>,
    /// The user of this machine; the name, if not said.
    pub user: Option<String>,
    /// A token of the broker.
    pub join: Option<String>,
    /// The broker, where there is no token: `HOST` or `HOST:PORT`.
    pub broker: Option<String>,
    /// Certificate, key and authorities, where they are apart from Puppet's.
    pub files: Option<(PathBuf, PathBuf, PathBuf)>,
    /// Which authority.
    pub authority: Option<Authority>,
    /// Puppet's directory of certificates.
    pub puppet_ssl: Option<PathBuf>,
    /// Whether to begin with a new key.
    pub new_key: bool,
    /// SSH keys that may log in as the operator.
    pub authorized_keys: Option<PathBuf>,
}

/// One who may command.
#[derive(Debug)]
pub struct Operator {
    /// The name in the certificate.
    pub name: String,
    /// The name with the pin of the key, as `plugin.pki.clients` has it.
    pub caller: Option<String>,
    /// The configuration on this machine.
    pub config: Option<PathBuf>,
    /// Whether the key is of this moment, so that no node can know it yet.
    pub is_new: bool,
}

/// Does it.
pub fn enable(order: &Order, site: &mut Site<'_>) -> Result<Operator, Problem> {
    let name = order.name.as_deref().unwrap_or(USUAL);
    check_name(name, "an operator's name")?;
    if let Some(token) = &order.join {
        enrol::parse(token, Role::Client)?;
    }
    let _turn = site.turn()?;
    // The broker's own machine.
    let own = own_broker()
        .filter(|_| order.broker.is_none() && order.authority != Some(Authority::Puppet));
    let way = match (&order.join, &own) {
        (Some(token), _) => Way::Ask(Ask::Token(token)),
        (None, Some(own)) => Way::Ask(Ask::Broker(own)),
        (None, None) => Way::Given(enrol::broker(order.broker.as_deref())?, given(order, name)?),
    };
    let home = Home::of(order.user.as_deref().unwrap_or(name), site)?;
    home.admit(order.authorized_keys.as_deref(), site)?;
    let (address, pairs) = match way {
        Way::Given(address, pairs) => (address, pairs),
        Way::Ask(ask) => {
            let files = home.files(name);
            let place = enrol::Place {
                cert: &files.cert,
                key: &files.key,
                ca: &home.dir.join("ca.pem"),
                crl: None,
                owner: &home.account,
                new_key: order.new_key,
            };
            let before = caller(&files.cert, &files.key).ok();
            let joined = enrol::certify(ask, Role::Client, name, &place, site)?;
            let reach = Reach {
                host: joined.host,
                port: joined.port,
                files,
                renewed: true,
            };
            let operator = home.finish(name, &reach, None, site)?;
            match &operator.caller {
                Some(caller) if operator.caller != before => site.warn(unknown(caller)),
                _ => {}
            }
            return Ok(operator);
        }
    };
    for pair in &pairs {
        home.copy(pair, site)?;
    }
    let (host, port) = address;
    let [connection, rest @ ..] = &pairs[..] else {
        return Err(Problem::failed("there is no certificate"));
    };
    let reach = Reach {
        host,
        port,
        files: home.files(&connection.name),
        renewed: false,
    };
    let signing = rest.first().map(|pair| home.files(&pair.name));
    let signing = signing.as_ref().map(|files| (&*files.cert, &*files.key));
    home.finish(name, &reach, signing, site)
}

/// Name and pin of a key, as `plugin.pki.clients` has them.
fn caller(cert: &Path, key: &Path) -> Result<String, Problem> {
    let pair = tls::Certified::load(cert, key).map_err(Problem::config)?;
    let name = pair.common_name().map_err(Problem::config)?;
    let pin = tls::key_pin(pair.leaf()).map_err(Problem::config)?;
    Ok(format!("{name}@{pin}"))
}

/// What nodes have to be told of a new key.
pub(super) fn unknown(caller: &str) -> String {
    let name = caller.split('@').next().unwrap_or(caller);
    format!(
        "nodes that joined before do not obey {name} by this key: add {caller} to plugin.pki.clients in \
         their server.cfg"
    )
}

/// How an operator gets a certificate.
enum Way<'a> {
    /// By an authority of ours.
    Ask(Ask<'a>),
    /// The broker, and certificates that are there: that of the connection, and one that signs.
    Given((String, u16), Vec<Pair>),
}

/// A certificate with its key, and whom to trust.
struct Pair {
    name: String,
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

/// Certificates that are there: named, or Puppet's. In Puppet Enterprise the connection is the master's,
/// and the operator's key signs.
fn given(order: &Order, name: &str) -> Result<Vec<Pair>, Problem> {
    if let Some((cert, key, ca)) = &order.files {
        tls::Certified::load(cert, key).map_err(Problem::config)?;
        return Ok(vec![Pair {
            name: name.into(),
            cert: cert.clone(),
            key: key.clone(),
            ca: ca.clone(),
        }]);
    }
    let Some(puppet) = machine::puppet(order.authority, order.puppet_ssl.as_deref())? else {
        return Err(Problem::usage("it is not said how the operator gets a certificate").hint(
            "give `--join TOKEN` (`mcollective enable token create --role client` on the broker makes one), or `--cert`, `--key` and `--ca-file`",
        ));
    };
    let names = if is_pe() {
        vec![puppet.certname.as_str(), PE_SIGNING]
    } else {
        vec![name]
    };
    let pair = |name: &str| {
        puppet.load(name)?;
        Ok(Pair {
            name: name.into(),
            cert: puppet.cert(name),
            key: puppet.key(name),
            ca: puppet.ca(),
        })
    };
    names.into_iter().map(pair).collect()
}

/// Whether a certificate is of another authority than this.
pub(super) fn is_of_another(
    pair: &tls::Certified,
    authority: Option<&authority::Authority>,
) -> bool {
    !authority.is_some_and(|authority| authority.has_signed(pair.leaf()))
}

/// An operator whose key is made here and signed by the authority on this machine.
pub(super) fn from_authority(
    authority: Option<&authority::Authority>,
    name: &str,
    host: &str,
    port: u16,
    site: &mut Site<'_>,
) -> Result<Operator, Problem> {
    let home = Home::of(name, site)?;
    let files = home.files(name);
    let there = tls::Certified::load(&files.cert, &files.key);
    let other = there
        .as_ref()
        .is_ok_and(|pair| is_of_another(pair, authority));
    if other && !site.replaces() {
        return Err(Problem::config(format_args!(
            "{name} has a certificate of another broker's authority, {}",
            files.cert.display()
        ))
        .hint(
            "`--replace` makes one of this broker's, and keeps what was there beside it as .bak",
        ));
    }
    let fresh = !other && there.is_ok_and(|pair| pair.check_time(SystemTime::now()).is_ok());
    let made = if fresh {
        site.fine("certificate", format!("{name} has a certificate"));
        None
    } else {
        site.act(
            "certificate",
            ("made", "make"),
            format_args!("a key and a certificate for {name}"),
            || match authority {
                Some(authority) => Ok(authority.issue(Role::Client, name, &[], DAYS)?),
                None => Err(Problem::failed("there is no authority")),
            },
        )?
    };
    if let (Some(pair), Some(authority)) = (&made, authority) {
        let ca = home.dir.join("ca.pem");
        if other {
            keep_all([&*files.key, &*files.cert, &*ca])?;
        }
        site.own_file(&files.key, &pair.key_pem, 0o600, &home.account)?;
        site.own_file(&files.cert, &pair.cert_pem, 0o644, &home.account)?;
        site.own_file(&ca, authority.cert_pem(), 0o644, &home.account)?;
    }
    let reach = Reach {
        host: host.into(),
        port,
        files,
        renewed: true,
    };
    let operator = home.finish(name, &reach, None, site)?;
    Ok(Operator {
        is_new: made.is_some(),
        ..operator
    })
}

/// Where an operator's files are.
struct Home {
    account: Account,
    config: PathBuf,
    dir: PathBuf,
}

impl Home {
    /// That of a user, who is made where root asks for it; somebody else has only the own one.
    fn of(user: &str, site: &mut Site<'_>) -> Result<Self, Problem> {
        let account = if process::is_root() {
            let home = Path::new("/var/lib").join(user);
            let account = site.user(user, &home, true)?;
            // Whoever was interrupted while it was made has left it to root.
            if account.home == home {
                site.directory(&home, 0o755, &account)?;
            }
            account
        } else {
            let (uid, gid) = process::effective_ids();
            let home = paths::home().ok_or_else(|| Problem::config("HOME is not set"))?;
            Account {
                name: "you".into(),
                home,
                uid,
                gid,
            }
        };
        let (config, dir) = (
            account.home.join(".mcollective"),
            account.home.join(".mcollective.d"),
        );
        // Whoever owns the directory could have root write elsewhere by a link.
        for path in [&config, &dir, &account.home.join(".ssh")] {
            if process::is_root() && !account.is_root() && path.is_symlink() {
                return Err(
                    Problem::config(format_args!("{} is a symbolic link", path.display()))
                        .hint("remove it: root does not follow links that others have made"),
                );
            }
        }
        site.directory(&dir, 0o700, &account)?;
        Ok(Self {
            account,
            config,
            dir,
        })
    }

    /// The certificate, its key and whom to trust.
    fn files(&self, name: &str) -> Files {
        Files {
            cert: self.dir.join(format!("{name}.pem")),
            key: self.dir.join(format!("{name}-key.pem")),
            ca: Authorities::Files(vec![self.dir.join("ca.pem")]),
            crl: Vec::new(),
        }
    }

    /// Copies certificate, key and authorities to where the operator, and nobody else, can read them.
    fn copy(&self, pair: &Pair, site: &mut Site<'_>) -> Result<(), Problem> {
        let files = self.files(&pair.name);
        for (from, to, mode) in [
            (&pair.key, &files.key, 0o600),
            (&pair.cert, &files.cert, 0o644),
            (&pair.ca, &self.dir.join("ca.pem"), 0o644),
        ] {
            let text = file::read_text(from, LARGEST)?;
            site.own_file(to, &text, mode, &self.account)?;
        }
        Ok(())
    }

    /// Writes the configuration, and says by which key the operator is known.
    fn finish(
        &self,
        name: &str,
        reach: &Reach,
        signing: Option<(&Path, &Path)>,
        site: &mut Site<'_>,
    ) -> Result<Operator, Problem> {
        site.config(
            &self.config,
            &texts::client(reach, signing),
            0o600,
            &self.account,
        )?;
        let (cert, key) = signing.unwrap_or((&reach.files.cert, &reach.files.key));
        let caller = match caller(cert, key) {
            Ok(caller) => {
                site.fine("caller", format!("requests are signed by {caller}"));
                Some(caller)
            }
            Err(_) if site.is_rehearsal() => None,
            Err(error) => return Err(error),
        };
        Ok(Operator {
            name: name.into(),
            caller,
            config: Some(self.config.clone()),
            is_new: false,
        })
    }

    /// Lets those who hold these SSH keys log in.
    fn admit(&self, keys: Option<&Path>, site: &mut Site<'_>) -> Result<(), Problem> {
        let Some(keys) = keys else { return Ok(()) };
        let wanted = file::read_text(keys, LARGEST)?;
        let dir = self.account.home.join(".ssh");
        let list = dir.join("authorized_keys");
        if list.is_symlink() {
            return Err(Problem::config(format_args!(
                "{} is a symbolic link",
                list.display()
            )));
        }
        let there = match file::read_text(&list, LARGEST) {
            Ok(there) => there,
            Err(error) if error.is_not_found() => String::new(),
            Err(error) => return Err(error.into()),
        };
        let missing = missing_keys(&wanted, &there).map_err(|line| {
            Problem::usage(format_args!(
                "{}:{line}: this is no SSH public key",
                keys.display()
            ))
        })?;
        if missing.is_empty() {
            site.fine("key", format!("{} has these keys", list.display()));
            return Ok(());
        }
        site.directory(&dir, 0o700, &self.account)?;
        let mut text = there;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        for key in missing {
            text += key;
            text.push('\n');
        }
        site.own_file(&list, &text, 0o600, &self.account).map(drop)
    }
}

/// The keys of a list that another has not; the number of a line that is none.
fn missing_keys<'a>(wanted: &'a str, there: &str) -> Result<Vec<&'a str>, usize> {
    let kinds = ["ssh-", "ecdsa-", "sk-"];
    let mut missing = Vec::new();
    for (number, line) in wanted.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words = line.split_whitespace();
        if !words
            .clone()
            .any(|word| kinds.iter().any(|kind| word.starts_with(kind)))
        {
            return Err(number + 1);
        }
        if !there.lines().any(|other| other.trim() == line) {
            missing.push(line);
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_added_once_and_nothing_else_is() {
        let there = "ssh-ed25519 AAAA ann\n";
        let wanted = "# ours\n\nssh-ed25519 AAAA ann\nfrom=\"10.0.0.0/8\" ssh-rsa BBBB bob\n";
        let missing = missing_keys(wanted, there).unwrap();
        assert_eq!(missing, ["from=\"10.0.0.0/8\" ssh-rsa BBBB bob"]);
        let private = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
        assert_eq!(missing_keys(private, there), Err(1));
    }
}
