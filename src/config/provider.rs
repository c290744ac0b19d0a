//! The security provider that a configuration describes.

use super::Pki;
use crate::{
    mcorpc::names::{Identity, NameError},
    security::pki::{self, CallerRule, LoadError, RuleError, Settings},
    tls,
};

/// The provider can't be made.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// `plugin.pki.clients` is not what it should be.
    #[error("plugin.pki.clients: {0}")]
    Clients(#[from] RuleError),
    /// The certificate's name is no identity.
    #[error(transparent)]
    Identity(#[from] NameError),
    /// Files can't be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The certificate can't be read.
    #[error(transparent)]
    Tls(#[from] tls::Error),
}

impl Pki {
    /// The provider of a node, whose identity is its certificate's name.
    pub fn node(&self, identity: Option<&Identity>) -> Result<pki::Pki, ProviderError> {
        Ok(pki::Pki::load(self.settings(identity)?)?)
    }

    /// The provider of a client, whose certificate carries the operator's name.
    pub fn client(&self, identity: Option<&Identity>) -> Result<pki::Pki, ProviderError> {
        Ok(pki::Pki::load_client(self.settings(identity)?)?)
    }

    /// Whom a node with this configuration obeys.
    pub fn caller_rules(&self) -> Result<Vec<CallerRule>, RuleError> {
        CallerRule::parse_list(&self.clients.join(","))
    }

    fn settings(&self, identity: Option<&Identity>) -> Result<Settings, ProviderError> {
        let identity = match identity {
            Some(identity) => identity.clone(),
            None => Identity::new(tls::Certified::load(&self.cert, &self.key)?.common_name()?)?,
        };
        Ok(Settings {
            identity,
            cert: self.cert.clone(),
            key: self.key.clone(),
            ca: self.ca.clone(),
            crl: self.crl.clone(),
            client_ca: (!self.client_ca.is_empty()).then(|| self.client_ca.clone()),
            clients: self.caller_rules()?,
        })
    }
}
