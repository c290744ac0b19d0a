//! Puppet's own certificates, used where they lie.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::problem::Problem;
use crate::{
    sys::{file, host},
    tls,
};

/// Where Puppet keeps its settings, and its certificates unless they say otherwise: its own packages'
/// places, then Debian's.
const PLACES: [(&str, &str); 2] = [
    ("/etc/puppetlabs/puppet", "/etc/puppetlabs/puppet/ssl"),
    ("/etc/puppet", "/var/lib/puppet/ssl"),
];

/// What Puppet has on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PuppetCa {
    /// The directory of the certificates.
    pub ssl: PathBuf,
    /// The name in this machine's certificate.
    pub certname: String,
    /// Whether the machine signs certificates, and does so for everybody who asks.
    pub autosigns: bool,
}

impl PuppetCa {
    /// Looks for it; `ssl` names the directory. There is none without a certificate of this machine.
    pub fn find(root: &Path, ssl: Option<&Path>) -> Option<Self> {
        let at = |path: &str| root.join(path.trim_start_matches('/'));
        PLACES.iter().find_map(|(confdir, usual)| {
            let confdir = at(confdir);
            let conf = file::read_lossy(&confdir.join("puppet.conf"), 1 << 20).unwrap_or_default();
            let set = setting(&conf, "ssldir").filter(|dir| dir.starts_with('/'));
            let ssl = match ssl {
                Some(ssl) => ssl.to_owned(),
                None => at(set.as_deref().unwrap_or(usual)),
            };
            let certname = setting(&conf, "certname")
                .unwrap_or_else(|| host::fqdn_at(root, &host::name()).to_lowercase());
            let certname = [certname]
                .into_iter()
                .find(|name| ssl.join(format!("certs/{name}.pem")).exists())
                .or_else(|| only_one(&ssl.join("private_keys")))?;
            let found = Self {
                autosigns: autosigns(&confdir, &conf),
                ssl,
                certname,
            };
            found.cert(&found.certname).exists().then_some(found)
        })
    }

    /// A certificate by its name.
    pub fn cert(&self, name: &str) -> PathBuf {
        self.ssl.join(format!("certs/{name}.pem"))
    }

    /// Its key.
    pub fn key(&self, name: &str) -> PathBuf {
        self.ssl.join(format!("private_keys/{name}.pem"))
    }

    /// The authorities.
    pub fn ca(&self) -> PathBuf {
        self.ssl.join("certs/ca.pem")
    }

    /// The revocation list, where Puppet has fetched one.
    pub fn crl(&self) -> Option<PathBuf> {
        let file = self.ssl.join("crl.pem");
        file.exists().then_some(file)
    }

    /// The files of a TLS end under a name.
    pub fn files(&self, name: &str) -> tls::Files {
        tls::Files {
            cert: self.cert(name),
            key: self.key(name),
            ca: tls::Authorities::Files(vec![self.ca()]),
            crl: self.crl().into_iter().collect(),
        }
    }

    /// Loads a certificate with its key, and says what is wrong with it.
    pub(super) fn load(&self, name: &str) -> Result<tls::Certified, Problem> {
        let pair = tls::Certified::load(&self.cert(name), &self.key(name)).map_err(|error| {
            Problem::config(error).hint(format!(
                "is Puppet set up here? `puppetserver ca generate --certname {name}` makes a certificate on Puppet's CA"
            ))
        })?;
        pair.check_time(SystemTime::now())
            .map_err(Problem::config)?;
        Ok(pair)
    }

    /// The names that a certificate can be dialled by.
    pub(super) fn names(&self, name: &str) -> Result<Vec<String>, Problem> {
        let pair = self.load(name)?;
        tls::subject_alt_names(pair.leaf()).map_err(|error| {
            Problem::config(format_args!("{}: {error}", self.cert(name).display()))
        })
    }
}

/// A setting of puppet.conf: the agent's, else that of all.
fn setting(conf: &str, wanted: &str) -> Option<String> {
    let mut section = "main";
    let (mut main, mut agent) = (None, None);
    for line in conf.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=') {
            if key.trim() != wanted {
                continue;
            }
            let value = Some(value.trim().to_owned()).filter(|value| !value.contains('$'));
            match section {
                "agent" => agent = value,
                "main" => main = value,
                _ => {}
            }
        }
    }
    agent.or(main)
}

/// Whether Puppet's CA signs what anybody asks for. A program that decides is taken at its word.
fn autosigns(confdir: &Path, conf: &str) -> bool {
    let naive = conf
        .lines()
        .filter_map(|line| line.split_once('='))
        .any(|(key, value)| key.trim() == "autosign" && value.trim() == "true");
    let list = file::read_lossy(&confdir.join("autosign.conf"), 1 << 20).unwrap_or_default();
    naive || list.lines().any(|line| line.trim() == "*")
}

/// The name of the only file of a directory, without `.pem`.
fn only_one(dir: &Path) -> Option<String> {
    let mut names = fs::read_dir(dir).ok()?.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".pem").map(str::to_owned)
    });
    let name = names.next()?;
    names.next().is_none().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        file::write_new(path, b"", 0o600).unwrap();
    }

    #[test]
    fn the_agents_own_setting_counts_first() {
        let conf = "certname = a\n[server]\ncertname = s\n[agent]\ncertname = b\n[main]\nssldir = $vardir/ssl\n";
        assert_eq!(setting(conf, "certname").as_deref(), Some("b"));
        assert_eq!(setting(conf, "ssldir"), None);
    }

    #[test]
    fn both_layouts_are_found_and_a_machine_without_a_certificate_has_none() {
        for (confdir, ssl) in PLACES {
            let root = tempfile::tempdir().unwrap();
            let at = |path: &str| root.path().join(path.trim_start_matches('/'));
            let (confdir, ssl) = (at(confdir), at(ssl));
            fs::create_dir_all(&confdir).unwrap();
            assert_eq!(PuppetCa::find(root.path(), None), None);
            touch(&ssl.join("private_keys/web1.example.net.pem"));
            touch(&ssl.join("certs/web1.example.net.pem"));
            let found = PuppetCa::find(root.path(), None).unwrap();
            assert_eq!(
                (&*found.certname, found.autosigns),
                ("web1.example.net", false)
            );
            assert_eq!(found.ssl, ssl);
            file::write_new(&confdir.join("autosign.conf"), b"*\n", 0o600).unwrap();
            assert!(PuppetCa::find(root.path(), None).unwrap().autosigns);
        }
    }
}
