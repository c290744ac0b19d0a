//! Whether certificates hold: chain, time, revocation, purpose.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, UnixTime},
};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
};

use super::{
    Certificates,
    algorithm::Algorithm,
    fault::Fault,
    jws::Jws,
    known::{Known, fingerprint},
};
use crate::tls::{self, Authorities, KeyPin, Trust, Validity};

/// The holder of a certificate that holds.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    /// The certificate's common name.
    pub(super) name: String,
    /// Its key's fingerprint.
    pub(super) pin: KeyPin,
    /// Whether it is by the callers' own authority.
    pub(super) by_client_ca: bool,
    pub(super) algorithm: Algorithm,
    pub(super) key: Arc<[u8]>,
    /// The time in which the whole chain is valid.
    pub(super) validity: Validity,
}

impl Holder {
    /// Whether the holder made this signature.
    pub(super) fn check_signature(&self, jws: &Jws<'_>) -> Result<(), Fault> {
        if jws.check(self.algorithm, &self.key)? {
            return Ok(());
        }
        let name = self.name.clone();
        Err(Fault::Signature { name })
    }
}

/// The authorities of nodes and of callers.
pub(super) struct Chains {
    nodes: Verifier,
    clients: Option<Verifier>,
}

impl Chains {
    pub(super) fn load(
        ca: &[PathBuf],
        client_ca: Option<&[PathBuf]>,
        crl: &[PathBuf],
    ) -> Result<Self, tls::Error> {
        let clients = client_ca.map(|ca| Verifier::load(ca, crl)).transpose()?;
        Ok(Self {
            nodes: Verifier::load(ca, crl)?,
            clients,
        })
    }

    /// Whether callers have an authority of their own.
    pub(super) const fn callers_apart(&self) -> bool {
        self.clients.is_some()
    }

    pub(super) fn of_node(
        &self,
        certificates: &Certificates,
        now: SystemTime,
    ) -> Result<Holder, Fault> {
        self.nodes.verify(certificates, now)
    }

    /// Under the callers' own authority, or under the nodes': a pinned key may have a certificate
    /// of either.
    pub(super) fn of_caller(
        &self,
        certificates: &Certificates,
        now: SystemTime,
    ) -> Result<Holder, Fault> {
        let Some(clients) = &self.clients else {
            return self.nodes.verify(certificates, now);
        };
        match clients.verify(certificates, now) {
            Ok(holder) => Ok(Holder {
                by_client_ca: true,
                ..holder
            }),
            Err(fault) => self.nodes.verify(certificates, now).map_err(|_| fault),
        }
    }
}

/// One set of authorities, their revocations, and the chains that were found to hold under them.
/// It is made anew whenever a file changes, so nothing remembered outlives a revocation.
struct Verifier {
    roots: Arc<RootCertStore>,
    crls: Vec<CertRevocationList<'static>>,
    known: Mutex<Known>,
}

impl Verifier {
    fn load(ca: &[PathBuf], crl: &[PathBuf]) -> Result<Self, tls::Error> {
        let trust = Trust::load(&Authorities::Files(ca.to_vec()), crl)?;
        let crls = trust
            .crls
            .iter()
            // `Trust` has parsed each before.
            .filter_map(|crl| OwnedCertRevocationList::from_der(crl).ok())
            .map(CertRevocationList::from)
            .collect();
        Ok(Self {
            roots: trust.roots,
            crls,
            known: Mutex::default(),
        })
    }

    fn verify(&self, certificates: &Certificates, now: SystemTime) -> Result<Holder, Fault> {
        let fingerprint = fingerprint(certificates);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(holder) = known().get(&fingerprint)
            && holder.validity.contains(now)
        {
            return Ok(holder);
        }
        let holder = self.verify_anew(certificates, now)?;
        known().insert(fingerprint, holder.clone());
        Ok(holder)
    }

    fn verify_anew(&self, certificates: &Certificates, now: SystemTime) -> Result<Holder, Fault> {
        let refused = |name: &str, reason: String| Fault::Certificate {
            name: name.to_owned(),
            reason,
        };
        let Some((leaf, intermediates)) = certificates.split_first() else {
            return Err(Fault::Form("no certificate".into()));
        };
        let name = tls::common_name(leaf).map_err(|error| refused("", error.to_string()))?;
        let refused = |reason: String| refused(&name, reason);
        let validity = self
            .chain_validity(leaf, intermediates, now)
            .map_err(|error| refused(explain(&error)))?;
        let key = tls::public_key(leaf).map_err(|error| refused(error.to_string()))?;
        let algorithm = Algorithm::of(&key).map_err(refused)?;
        Ok(Holder {
            pin: key.pin,
            by_client_ca: false,
            algorithm,
            key: key.bytes.into(),
            validity,
            name,
        })
    }

    /// Verifies the chain, and says when all of it is valid.
    fn chain_validity(
        &self,
        leaf: &CertificateDer<'static>,
        intermediates: &Certificates,
        now: SystemTime,
    ) -> Result<Validity, webpki::Error> {
        let since = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let crls: Vec<_> = self.crls.iter().collect();
        // As in TLS: an authority without a list has revoked nobody, and an old list still
        // revokes.
        let revocation = RevocationOptionsBuilder::new(&crls).ok().map(|options| {
            options
                .with_depth(RevocationCheckDepth::Chain)
                .with_status_policy(UnknownStatusPolicy::Allow)
                .with_expiration_policy(ExpirationPolicy::Ignore)
                .build()
        });
        let end_entity = EndEntityCert::try_from(leaf)?;
        let path = end_entity.verify_for_usage(
            tls::provider().signature_verification_algorithms.all,
            &self.roots.roots,
            intermediates,
            UnixTime::since_unix_epoch(since),
            KeyUsage::client_auth(),
            revocation,
            None,
        )?;
        let valid = |certificate: &CertificateDer<'_>| {
            tls::validity(certificate).map_err(|_| webpki::Error::BadDerTime)
        };
        path.intermediate_certificates()
            .try_fold(valid(leaf)?, |validity, certificate| {
                Ok(validity.and(valid(&certificate.der())?))
            })
    }
}

fn explain(error: &webpki::Error) -> String {
    use webpki::Error;
    match error {
        Error::CaUsedAsEndEntity => "it is an authority's own certificate".into(),
        Error::CertExpired { .. } => "it has expired".into(),
        Error::CertNotValidYet { .. } => "it is not valid yet".into(),
        Error::CertRevoked => "it was revoked".into(),
        Error::RequiredEkuNotFoundContext(_) => "it is not for client authentication".into(),
        Error::UnknownIssuer => "its authority is not trusted here".into(),
        Error::InvalidSignatureForPublicKey => {
            "its authority's name is trusted here, but with another key".into()
        }
        error => error.to_string(),
    }
}
