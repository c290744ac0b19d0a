//! The broker's settings from its configuration file.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::settings::{Listen, Settings, Times, Tls};
use crate::{config, sys, tls};

impl Settings {
    /// The certificates that these settings hold.
    pub fn certificates(&self) -> Certificates {
        let tls = self.listen.iter().find_map(|listen| listen.tls.as_ref());
        Certificates(tls.map(|tls| Arc::clone(&tls.config)))
    }

    /// What `broker.cfg` says. Loads the certificates.
    pub fn from_config(config: &config::BrokerConfig) -> Result<Self, tls::Error> {
        let tls = match &config.tls {
            None => None,
            Some(files) => Some(Tls {
                config: Arc::new(ArcSwap::new(tls::server_config(files)?)),
                peer_name: |certificate| tls::common_name(certificate).ok(),
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
            limits: config.limits,
            times: Times::default(),
        })
    }
}

/// The certificates of a running broker, to be replaced without dropping anybody: connections made
/// from then on see the new ones.
#[derive(Clone)]
pub struct Certificates(Option<Arc<ArcSwap<rustls::ServerConfig>>>);

impl Certificates {
    /// Reads the files again. Where one can't be used, all stay as they were.
    pub fn reload(&self, config: &config::BrokerConfig) -> Result<(), tls::Error> {
        if let (Some(current), Some(files)) = (&self.0, &config.tls) {
            current.store(tls::server_config(files)?);
        }
        Ok(())
    }
}
