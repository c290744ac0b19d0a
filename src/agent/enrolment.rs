//! Has the broker renew the connection's certificate well before it ends, and takes newer revocation
//! lists from it. What is written is taken up by `renewal`, as whatever else changes on disk.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    runner::Runner,
    splay::{part_for, part_of},
};
use crate::{
    connector::{Message, enrol},
    stomp::destination::REVOCATIONS,
    sys::file::{self, Mode},
    tls::{self, Certified, Validity},
};

/// How long the broker may take to renew a certificate.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time between two attempts, of which half is by chance.
const AGAIN: Duration = Duration::from_mins(20);

/// A revocation list is not larger.
const LARGEST_LIST: u64 = 16 << 20;

/// When to try next.
#[derive(Debug, Default)]
pub(super) struct Enrolment {
    next: Arc<Mutex<Option<Instant>>>,
}

impl Enrolment {
    fn is_due(&self) -> bool {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.is_none_or(|next| Instant::now() >= next)
    }

    fn wait(&self) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = Some(Instant::now() + AGAIN / 2 + part_of(AGAIN / 2));
    }
}

impl Runner {
    /// Begins to renew the certificate, if it is time.
    pub(super) fn renew_in_time(&self) {
        let config = self.shared.host.config();
        let server = config.common.connector.pool.first();
        let Some((server, files)) = server.and_then(|s| Some((s, s.tls.as_ref()?))) else {
            return;
        };
        let identity = self.shared.host.identity().to_string();
        if !config.common.security.pki.renew || !self.enrolment.is_due() {
            return;
        }
        let Ok(pair) = Certified::load(&files.cert, &files.key) else {
            return;
        };
        // Nodes that have joined together do not come together: some come earlier.
        let early = |life: Duration| part_for(life / 12, &identity);
        if !enrol::is_due(&pair, SystemTime::now(), early) {
            return;
        }
        self.enrolment.wait();
        let server = server.clone();
        tokio::spawn(async move {
            match enrol::renew_file(&server, PATIENCE).await {
                Ok(()) => tracing::info!("the broker has renewed the certificate of this node"),
                Err(error) => {
                    let Validity {
                        not_before,
                        not_after,
                    } = pair.validity();
                    let span = |from| not_after.duration_since(from).unwrap_or_default();
                    let left = span(SystemTime::now());
                    let hours = left.as_secs() / 3600;
                    let said = format!(
                        "the certificate of this node, which ends in {hours} h, can't be renewed: {error}"
                    );
                    // Before that it may well work the next time.
                    if left < span(not_before) / 6 {
                        tracing::warn!("{said}");
                    } else {
                        tracing::info!("{said}");
                    }
                }
            }
        });
    }

    /// Takes a revocation list that the broker sends, if it is newer than the one that is here; whether
    /// the message was one.
    pub(super) fn take_revocations(&mut self, message: &Message) -> bool {
        let pki = &self.shared.host.config().common.security.pki;
        if !pki.crl_updates || message.destination != REVOCATIONS {
            return false;
        }
        let server = self.shared.host.config().common.connector.pool.first();
        let Some(files) = server.and_then(|server| server.tls.as_ref()) else {
            return true;
        };
        let Some(path) = files.crl.first().cloned() else {
            return true;
        };
        let there = file::read(&path, LARGEST_LIST).unwrap_or_default();
        match tls::newer_list(&there, &message.body, &files.ca) {
            Ok(false) => {}
            Ok(true) => match file::write_atomic(&path, &message.body, Mode::KeepOr(0o644)) {
                Ok(()) => self.renew_certificates(),
                Err(error) => tracing::error!("the newer revocation list is not kept: {error}"),
            },
            Err(why) => tracing::warn!("refused a revocation list of the broker: {why}"),
        }
        true
    }
}
