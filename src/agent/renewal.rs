//! Certificates, keys and revocation lists that were written anew, noticed by themselves.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::PathBuf,
    time::Duration,
};

use tokio::time::Instant;

use super::{runner::Runner, splay};
use crate::{
    config,
    connector::{self, Connection},
    sys::file,
};

/// The files of the security provider, which of them were read, and what is shown to the broker.
#[derive(Debug)]
pub(super) struct Renewal {
    files: Vec<PathBuf>,
    read: Vec<Option<file::Stamp>>,
    /// Why the newer ones could not be taken, so that it is said once.
    refused: Option<String>,
    shown: Shown,
    /// When to connect anew.
    due: Option<Instant>,
}

/// The certificates that connections show. A broker may stop to trust those of connections that
/// stand, so these are made anew before: all nodes within some time, and each by chance.
#[derive(Debug)]
struct Shown {
    files: Vec<PathBuf>,
    /// What stands for what was in them.
    digest: u64,
    within: Duration,
}

impl Renewal {
    /// The files as they are now.
    pub(super) fn of(pki: &config::Pki, connector: &connector::Settings) -> Self {
        let shown = Shown::of(connector);
        let single = [&pki.cert, &pki.key];
        let files: Vec<PathBuf> = single
            .into_iter()
            .chain(&pki.ca)
            .chain(&pki.crl)
            .chain(&pki.client_ca)
            .chain(&shown.files)
            .cloned()
            .collect();
        Self {
            read: stamps(&files),
            files,
            refused: None,
            shown,
            due: None,
        }
    }

    /// The same files, or others, after a configuration was read again.
    pub(super) fn after(mut self, before: &Self) -> Self {
        self.due = before.due;
        if self.shown.digest != before.shown.digest {
            self.connect_anew();
        }
        self
    }

    /// When to connect anew.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    fn connect_anew(&mut self) {
        let soon = Instant::now() + splay::part_of(self.shown.within);
        self.due.get_or_insert(soon);
    }
}

impl Shown {
    fn of(connector: &connector::Settings) -> Self {
        let tls = connector
            .pool
            .iter()
            .filter_map(|server| server.tls.as_ref());
        let mut files: Vec<PathBuf> = tls.map(|files| files.cert.clone()).collect();
        files.dedup();
        let interval = connector.heartbeat_interval;
        Self {
            digest: digest(&files),
            files,
            // The broker hears from everybody twice in that time anyway.
            within: if interval.is_zero() {
                WITHIN
            } else {
                interval * 2
            },
        }
    }
}

/// Where there are no heart-beats.
const WITHIN: Duration = Duration::from_mins(1);

/// The longest file of certificates.
const LONGEST: u64 = 1 << 20;

fn digest(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in files {
        file::read_text(path, LONGEST).ok().hash(&mut hasher);
    }
    hasher.finish()
}

fn stamps(files: &[PathBuf]) -> Vec<Option<file::Stamp>> {
    files.iter().map(|path| file::stamp(path)).collect()
}

impl Runner {
    /// Takes the files if they have changed. A renewal that is half written is tried again.
    pub(super) fn renew_certificates(&mut self) {
        let renewal = &mut self.certificates;
        let stamps = stamps(&renewal.files);
        if stamps == renewal.read {
            return;
        }
        match self.shared.provider.reload() {
            Ok(()) => {
                (renewal.read, renewal.refused) = (stamps, None);
                let digest = digest(&renewal.shown.files);
                if std::mem::replace(&mut renewal.shown.digest, digest) != digest {
                    renewal.connect_anew();
                }
                tracing::info!(
                    "certificates, keys and revocation lists have changed and were read again"
                );
            }
            Err(error) => {
                let error = error.to_string();
                if renewal.refused.as_ref() != Some(&error) {
                    tracing::error!("the old certificates stay in force: {error}");
                }
                renewal.refused = Some(error);
            }
        }
    }

    /// Makes a new connection with the new certificate, in the place of the one that there is.
    pub(super) fn connect_anew(&mut self, connection: &Connection) {
        let again = Instant::now() + BUSY;
        self.certificates.due = (!connection.renew()).then_some(again);
    }
}

/// When a connection that is busy is told again.
const BUSY: Duration = Duration::from_secs(1);
