//! Certificates, keys and revocation lists that were written anew, noticed by themselves.

use std::path::PathBuf;

use super::runner::Runner;
use crate::{config, sys::file};

/// The files of the security provider, and which of them were read.
#[derive(Debug)]
pub(super) struct Renewal {
    files: Vec<PathBuf>,
    read: Vec<Option<file::Stamp>>,
    /// Why the newer ones could not be taken, so that it is said once.
    refused: Option<String>,
}

impl Renewal {
    /// The files as they are now.
    pub(super) fn of(pki: &config::Pki) -> Self {
        let single = [&pki.cert, &pki.key];
        let files: Vec<PathBuf> = single
            .into_iter()
            .chain(&pki.ca)
            .chain(&pki.crl)
            .chain(&pki.client_ca)
            .cloned()
            .collect();
        Self {
            read: stamps(&files),
            files,
            refused: None,
        }
    }
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
}
