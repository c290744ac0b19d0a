//! The provider `pki`: messages are signed with the certificates that a fleet has anyway.
//!
//! A body is a JWS in compact form (RFC 7515): a header with algorithm, type and certificates, the
//! message in JSON, the signature over both. What arrives is judged in this order, cheap before
//! dear and nothing read before it is vouched for: size and form, certificates, caller, signature,
//! and only then the message itself.

mod algorithm;
mod callers;
mod chain;
mod fault;
mod json;
mod jws;
mod known;
mod payload;
mod settings;
mod signer;

use std::time::SystemTime;

use arc_swap::ArcSwap;
use aws_lc_rs::digest;
use bytes::Bytes;
use rustls::pki_types::CertificateDer;

pub use callers::{CallerRule, RuleError};
pub use payload::Registration;
pub use settings::{LoadError, Settings};

use self::{
    callers::command_name,
    chain::{Chains, Holder},
    fault::Fault,
    jws::{Jws, Kind},
    signer::Signer,
};
use super::{ReplyError, RequestError, SecurityProvider, SignError, SignedRequest, Verified};
use crate::{
    mcorpc::{
        names::{CallerId, Identity},
        reply::Reply,
        request::Request,
    },
    tls,
};

/// The provider `pki` of one process.
pub struct Pki {
    settings: Settings,
    /// Our certificate's common name.
    name: String,
    caller: CallerId,
    files: ArcSwap<Loaded>,
}

/// What the files say.
struct Loaded {
    name: String,
    signer: Signer,
    chains: Chains,
}

impl Pki {
    /// Loads all files, for a process that is the node of its identity.
    pub fn load(settings: Settings) -> Result<Self, LoadError> {
        let pki = Self::load_client(settings)?;
        if pki.name != pki.settings.identity.as_str() {
            return Err(LoadError::Identity {
                identity: pki.settings.identity,
                name: pki.name,
                cert: pki.settings.cert,
            });
        }
        Ok(pki)
    }

    /// Loads all files, for a process that only commands: an operator's certificate carries the
    /// operator's name, whatever machine it is used on.
    pub fn load_client(settings: Settings) -> Result<Self, LoadError> {
        let files = Loaded::read(&settings, SystemTime::now())?;
        let pin = files.signer.pin();
        let caller = command_name(&settings.clients, &files.name, pin);
        let caller = CallerId::new(caller).map_err(|error| LoadError::Chain {
            cert: settings.cert.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            name: files.name.clone(),
            caller,
            settings,
            files: ArcSwap::from_pointee(files),
        })
    }

    /// Reads the files again. Where one can't be used, all stay as they were.
    pub fn reload(&self) -> Result<(), LoadError> {
        let files = Loaded::read(&self.settings, SystemTime::now())?;
        if files.name != self.name {
            return Err(LoadError::Renamed {
                cert: self.settings.cert.clone(),
                old: self.name.clone(),
                new: files.name,
            });
        }
        self.files.store(files.into());
        Ok(())
    }

    /// Which node, or client, we are.
    pub fn identity(&self) -> &Identity {
        &self.settings.identity
    }

    /// Until when our own certificate is valid.
    pub fn valid_until(&self) -> SystemTime {
        self.files.load().signer.valid_until()
    }

    /// Signs what a node tells of itself unasked.
    pub fn sign_registration(&self, registration: &Registration) -> Result<Bytes, SignError> {
        let payload = payload::registration(registration).map_err(SignError)?;
        self.sign(Kind::Registration, &payload)
    }

    /// Verifies what a node tells of itself; only that node may.
    pub fn verify_registration(
        &self,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Registration, ReplyError> {
        let files = self.files.load();
        let (jws, holder) = files.by_node(Kind::Registration, body, now)?;
        let registration = payload::read_registration(&jws.payload()?).map_err(Fault::Form)?;
        own_word(&holder, &registration.sender)?;
        Ok(registration)
    }

    fn sign(&self, kind: Kind, payload: &[u8]) -> Result<Bytes, SignError> {
        let body = self.files.load().signer.sign(kind, payload)?;
        Ok(Bytes::from(body))
    }
}

impl SecurityProvider for Pki {
    fn caller(&self) -> &CallerId {
        &self.caller
    }

    fn sign_request(&self, request: &Request) -> Result<SignedRequest, SignError> {
        let payload = payload::request(request).map_err(SignError)?;
        let body = self.sign(Kind::Request, &payload)?;
        let digest = sha256(&body);
        Ok(SignedRequest { body, digest })
    }

    fn verify_request(
        &self,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified<Request>, RequestError> {
        let jws = Jws::split(Kind::Request, body)?;
        let files = self.files.load();
        let holder = files.chains.of_caller(jws.certificates(), now)?;
        let rules = &self.settings.clients;
        let Some(caller) = callers::judge(rules, &holder, files.chains.callers_apart()) else {
            let known = callers::resembles(rules, &holder);
            let (name, pin) = (holder.name, holder.pin.to_string());
            return Err(if known {
                RequestError::OtherKey { name, pin }
            } else {
                RequestError::NotACaller { name }
            });
        };
        holder.check_signature(&jws)?;
        let request = payload::read_request(&jws.payload()?).map_err(Fault::Form)?;
        Ok(Verified::new(request, caller, sha256(body)))
    }

    fn sign_reply(&self, reply: &Reply, request_digest: &[u8; 32]) -> Result<Bytes, SignError> {
        let payload = payload::reply(reply, request_digest).map_err(SignError)?;
        self.sign(Kind::Reply, &payload)
    }

    fn verify_reply(
        &self,
        body: &[u8],
        request_digests: &dyn Fn(&[u8; 32]) -> bool,
        now: SystemTime,
    ) -> Result<Reply, ReplyError> {
        let files = self.files.load();
        let (jws, holder) = files.by_node(Kind::Reply, body, now)?;
        let (reply, digest) = payload::read_reply(&jws.payload()?).map_err(Fault::Form)?;
        own_word(&holder, &reply.sender)?;
        if !request_digests(&digest) {
            return Err(ReplyError::OtherRequest);
        }
        Ok(reply)
    }
}

impl Loaded {
    fn read(settings: &Settings, now: SystemTime) -> Result<Self, LoadError> {
        let own = tls::Certified::load(&settings.cert, &settings.key)?;
        own.check_time(now)?;
        let signer = Signer::new(&own).map_err(|error| error.at(settings))?;
        Ok(Self {
            name: own.common_name()?,
            signer,
            chains: Chains::load(&settings.ca, settings.client_ca.as_deref(), &settings.crl)?,
        })
    }

    /// Form, certificates and signature of what a node sent.
    fn by_node<'a>(
        &self,
        kind: Kind,
        body: &'a [u8],
        now: SystemTime,
    ) -> Result<(Jws<'a>, Holder), Fault> {
        let jws = Jws::split(kind, body)?;
        let holder = self.chains.of_node(jws.certificates(), now)?;
        holder.check_signature(&jws)?;
        Ok((jws, holder))
    }
}

/// A node speaks for itself and for nobody else.
fn own_word(holder: &Holder, sender: &Identity) -> Result<(), ReplyError> {
    if holder.name == sender.as_str() {
        return Ok(());
    }
    Err(ReplyError::Impostor {
        name: holder.name.clone(),
        sender: sender.clone(),
    })
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    sum
}

/// Certificates as a message carries them, the signer's first.
type Certificates = [CertificateDer<'static>];

#[cfg(test)]
mod released;
#[cfg(test)]
mod tests;
