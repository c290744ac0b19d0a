//! The broker's settings from its configuration file.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;

use super::settings::{Listen, Settings, Times, Tls};
use crate::{
    config, sys,
    tls::{
        self,
        authority::{Authority, AuthorityError},
    },
};

/// The certificates or the authority can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The authority.
    #[error("ca_dir: {0}")]
    Authority(#[from] AuthorityError),
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] tls::Error),
}

/// Opens the authority.
fn authority(config: &config::BrokerConfig) -> Result<Option<Arc<Authority>>, AuthorityError> {
    let dir = config.ca_dir.as_deref();
    Ok(dir.map(Authority::open).transpose()?.map(Arc::new))
}

/// The list that agents are to take: that of our own authority, which this broker obeys itself.
fn revocations(authority: &Authority) -> Option<Bytes> {
    match sys::file::read(&authority.crl_path(), LARGEST_LIST) {
        Ok(list) => Some(list.into()),
        Err(error) => {
            tracing::error!("agents hear of no revocations: {error}");
            None
        }
    }
}

/// A revocation list has to fit a frame.
const LARGEST_LIST: u64 = 4 << 20;

impl Settings {
    /// What `broker.cfg` says. Loads the certificates, and the authority where there is one.
    pub fn from_config(config: &config::BrokerConfig) -> Result<Self, LoadError> {
        let authority = authority(config)?;
        let tls = match config.tls_files() {
            None => None,
            Some(files) => Some(Tls {
                server: Arc::new(ArcSwap::from_pointee(tls::server(&files)?)),
                peer_name: |certificate| tls::common_name(certificate).ok(),
                is_nodes: tls::is_nodes,
            }),
        };
        let secure = config.listen.iter().map(|address| Listen {
            address: *address,
            tls: tls.clone(),
        });
        let plain = config.plain_listen.iter().map(|address| Listen {
            address: *address,
            tls: None,
        });
        Ok(Self {
            name: sys::host::name(),
            listen: secure.chain(plain).collect(),
            clients: config.clients.clone(),
            nodes: config.nodes.clone().unwrap_or_default(),
            collectives: config
                .collectives
                .iter()
                .map(|(names, collectives)| {
                    (
                        names.clone(),
                        collectives.iter().map(ToString::to_string).collect(),
                    )
                })
                .collect(),
            identity_check: config.identity_check,
            revocations: authority.as_deref().and_then(revocations),
            authority,
            limits: config.limits,
            times: Times::default(),
        })
    }
}
