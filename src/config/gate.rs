//! Whether this machine's Puppet Enterprise lets MCollective run: asked by every role before it
//! begins.
//!
//! A machine without a `pe.conf` has no gate. `MCOLLECTIVE_PE_CONF` names one more file to obey;
//! it never takes the place of the usual one, so nobody gets past that by a variable.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::{
    Environment,
    pe_conf::{DecidedBy, Decision, KEY, PeConf, PeConfError, USUAL},
};

/// The variable that names a further `pe.conf`.
pub const VARIABLE: &str = "MCOLLECTIVE_PE_CONF";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The client. A `pe.conf` holds passwords, and who gives commands is not root: what it may not
    /// read does not stop it.
    Client,
    /// A daemon, or `enable`.
    Daemon,
}

/// Why nothing may run.
#[derive(Debug)]
pub enum Closed {
    /// Disabled.
    Disabled {
        /// The `pe.conf`.
        file: PathBuf,
        /// What decides in it.
        decision: Decision,
    },
    /// A `pe.conf` that can't be understood or read.
    Unclear(PeConfError),
}

/// Asks every `pe.conf` of this machine. What is worth knowing though it does not stop anybody comes
/// back in sentences.
pub fn pass(asking: Asking, environment: Environment<'_>) -> Result<Vec<String>, Closed> {
    let further = environment(VARIABLE).filter(|path| !path.is_empty());
    let mut notes = Vec::new();
    for file in std::iter::once(USUAL).chain(further.as_deref()) {
        notes.extend(pass_one(asking, Path::new(file))?);
    }
    Ok(notes)
}

fn pass_one(asking: Asking, file: &Path) -> Result<Vec<String>, Closed> {
    let pe_conf = match PeConf::read_if_there(file) {
        Ok(Some(pe_conf)) => pe_conf,
        Ok(None) => return Ok(Vec::new()),
        Err(error) => {
            return match error.kind {
                Some(io::ErrorKind::PermissionDenied) if asking == Asking::Client => {
                    Ok(vec![format!("{error}, so it was not asked")])
                }
                _ => Err(Closed::Unclear(error)),
            };
        }
    };
    let decision = pe_conf.decision().map_err(Closed::Unclear)?;
    if !decision.enabled {
        return Err(Closed::Disabled {
            file: file.into(),
            decision,
        });
    }
    let doubts = decision.doubts.into_iter();
    Ok(doubts
        .map(|doubt| format!("{}: {doubt}", file.display()))
        .collect())
}

impl Closed {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::Disabled { file, decision } => {
                let mut hint = format!(
                    "`mcollective enable --pe-conf {}` sets it to false",
                    file.display()
                );
                for doubt in &decision.doubts {
                    hint.push_str("; ");
                    hint.push_str(doubt);
                }
                hint
            }
            Self::Unclear(error) => error.right.clone(),
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled { file, decision } => {
                let file = file.display();
                match &decision.by {
                    DecidedBy::Setting(at) => write!(
                        f,
                        "{file}:{}:{}: \"{KEY}\" is true, so MCollective is disabled on this machine",
                        at.line, at.column
                    ),
                    _ => write!(
                        f,
                        "{file}: \"{KEY}\" is not set, so MCollective is disabled on this machine"
                    ),
                }
            }
            Self::Unclear(error) => write!(
                f,
                "{error}, so it can't be told whether MCollective is enabled on this machine"
            ),
        }
    }
}

impl std::error::Error for Closed {}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;
    use crate::sys::file::{Mode, write_atomic};

    /// A Puppet Enterprise in a temporary directory.
    fn machine(pe_conf: Option<&str>) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("enterprise/conf.d")).unwrap();
        fs::create_dir_all(dir.path().join("mcollective")).unwrap();
        let file = dir.path().join("enterprise/conf.d/pe.conf");
        if let Some(text) = pe_conf {
            write_atomic(&file, text.as_bytes(), Mode::Exactly(0o600)).unwrap();
        }
        (dir, file)
    }

    fn said(asking: Asking, file: &Path) -> Result<Vec<String>, String> {
        pass_one(asking, file).map_err(|closed| {
            let name = file.display().to_string();
            format!("{closed}; {}", closed.hint()).replace(&name, "PE")
        })
    }

    #[test]
    fn false_opens_and_everything_else_names_what_decides() {
        for (text, expected) in [
            ("\"pe_install::disable_mco\": false", Ok(())),
            ("a: 1\npe_install::disable_mco = false # now", Ok(())),
            (
                "a: 1\n  \"pe_install::disable_mco\": true",
                Err(
                    "PE:2:3: \"pe_install::disable_mco\" is true, so MCollective is disabled on this machine; \
                     `mcollective enable --pe-conf PE` sets it to false",
                ),
            ),
            (
                "a: 1\n",
                Err(
                    "PE: \"pe_install::disable_mco\" is not set, so MCollective is disabled on this machine; \
                     `mcollective enable --pe-conf PE` sets it to false",
                ),
            ),
            (
                "\"pe_install::disable_mco\": \"false\"",
                Err(
                    "PE:1:1: \"pe_install::disable_mco\" is a text, so it can't be told whether MCollective is enabled \
                     on this machine; it has to be true or false, without quotes",
                ),
            ),
            (
                "a: [1\n",
                Err(
                    "PE:2:1: the file ends, and `[` of line 1 is open, so it can't be told whether MCollective is \
                     enabled on this machine; it is closed with `]`",
                ),
            ),
        ] {
            let (_dir, file) = machine(Some(text));
            for asking in [Asking::Client, Asking::Daemon] {
                let said = said(asking, &file).map(drop);
                assert_eq!(
                    said.as_ref().map_err(String::as_str),
                    expected.as_ref().map_err(|e| *e),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn no_file_is_no_gate_and_a_strange_one_is() {
        let (dir, file) = machine(None);
        assert_eq!(said(Asking::Daemon, &file), Ok(Vec::new()));
        let below = file.join("pe.conf");
        write_atomic(
            &file,
            b"\"pe_install::disable_mco\": false",
            Mode::Exactly(0o600),
        )
        .unwrap();
        assert_eq!(said(Asking::Daemon, &below), Ok(Vec::new()));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let error = said(Asking::Client, &file).unwrap_err();
        assert!(error.starts_with("PE is a directory, so"), "{error}");
        // A link that leads nowhere is no file either.
        fs::remove_dir(&file).unwrap();
        symlink(dir.path().join("none"), &file).unwrap();
        assert_eq!(said(Asking::Daemon, &file), Ok(Vec::new()));
    }

    #[test]
    fn an_upgraded_puppet_enterprise_keeps_what_it_had() {
        let (dir, file) = machine(Some("a: 1\n"));
        assert!(said(Asking::Client, &file).is_err());
        let server = dir.path().join("mcollective/server.cfg");
        write_atomic(&server, b"", Mode::Exactly(0o600)).unwrap();
        assert_eq!(said(Asking::Client, &file), Ok(Vec::new()));
        let decision = PeConf::read(&file).unwrap().decision().unwrap();
        assert_eq!(decision.by, DecidedBy::Kept(server));
        // But what is said counts.
        let text = b"\"pe_install::disable_mco\": true";
        write_atomic(&file, text, Mode::Exactly(0o600)).unwrap();
        assert!(said(Asking::Client, &file).is_err());
    }

    #[test]
    fn what_the_client_may_not_read_does_not_stop_it() {
        let (_dir, file) = machine(Some("\"pe_install::disable_mco\": true"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).unwrap();
        if fs::File::open(&file).is_ok() {
            return; // root may read anything; `tests/it` has this with another user
        }
        let notes = said(Asking::Client, &file).unwrap();
        assert!(notes[0].ends_with("may not be read by this user, so it was not asked"));
        let error = said(Asking::Daemon, &file).unwrap_err();
        assert!(error.contains("may not be read by this user"), "{error}");
    }

    #[test]
    fn a_variable_can_only_add_a_gate() {
        let (_dir, file) = machine(Some("\"pe_install::disable_mco\": true"));
        let name = file.display().to_string();
        let environment = |variable: &str| (variable == VARIABLE).then(|| name.clone());
        assert!(pass(Asking::Client, &environment).is_err());
        if !Path::new(USUAL).exists() {
            assert!(pass(Asking::Client, &|_| None).is_ok());
            assert!(pass(Asking::Client, &|_| Some(String::new())).is_ok());
        }
    }
}
