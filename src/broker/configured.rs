//! The broker's settings from its configuration file.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::settings::{Listen, Settings, Times, Tls};
use crate::{config, sys, tls};

impl Settings {
    /// What `broker.cfg` says. Loads the certificates.
    pub fn from_config(config: &config::BrokerConfig) -> Result<Self, tls::Error> {
        let tls = match &config.tls {
            None => None,
            Some(files) => Some(Tls {
                server: Arc::new(ArcSwap::from_pointee(tls::server(files)?)),
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
