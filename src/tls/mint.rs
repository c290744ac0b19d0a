//! A small certificate authority: creates itself, issues, revokes.
//!
//! Everything is ECDSA on P-256, which every peer reads and which costs a tenth of RSA. It returns
//! PEM and stores nothing: where files lie, who may read them and which serials were given out is
//! its owner's business.

mod template;

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use self::template::{SKEW, alt_name, lifetime, params, span};
use super::{
    keys,
    names::{self, Validity},
};

/// Minting failed.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The authority's own certificate or key can't be used.
    #[error("the authority's certificate or key can't be used: {0}")]
    Authority(String),
    /// The common name is not allowed.
    #[error("{0:?} can't be a certificate's name; letters, digits, `_`, `.` and `-` can")]
    CommonName(String),
    /// The library refused.
    #[error("the certificate can't be made: {0}")]
    Library(#[from] rcgen::Error),
    /// The machine has no randomness.
    #[error("the system gives no random numbers")]
    Random,
    /// A subject alternative name is neither DNS name nor address.
    #[error("{0:?} is neither a DNS name nor an IP address")]
    SubjectAltName(String),
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A broker: is dialled, and may dial.
    Broker,
    /// A person or program that commands.
    Client,
    /// A machine that is commanded.
    Node,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Pair {
    /// The certificate.
    pub cert_pem: String,
    /// Its private key, PKCS#8, unencrypted.
    pub key_pem: String,
}

/// One revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its serial number, as [`names::serial`] has it.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub at: SystemTime,
}

/// A new private key, in PEM.
pub fn new_key() -> Result<String, MintError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem())
}

/// The public half of a private key in PEM, as `SubjectPublicKeyInfo` in DER.
pub fn public_key_info(key_pem: &str) -> Result<Vec<u8>, MintError> {
    Ok(KeyPair::from_pem(key_pem)?.subject_public_key_info())
}

/// A request for a certificate (a CSR) under a name, signed with its key, in DER.
pub fn request(common_name: &str, key_pem: &str) -> Result<Vec<u8>, MintError> {
    let key = KeyPair::from_pem(key_pem)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    Ok(params.serialize_request(&key)?.der().to_vec())
}

/// A certificate authority with its key.
pub struct CertificateAuthority {
    cert_pem: String,
    key_pem: String,
    validity: Validity,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    /// Makes a new authority of this name. It can sign end certificates only.
    pub fn create(name: &str, days: u32) -> Result<Self, MintError> {
        Self::create_at(name, days, SystemTime::now())
    }

    pub(crate) fn create_at(name: &str, days: u32, now: SystemTime) -> Result<Self, MintError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(name, None, lifetime(now, days))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let certificate = params.self_signed(&key)?;
        Self::load(&certificate.pem(), &key.serialize_pem())
    }

    /// Takes up an authority that was made before (by this or by other software).
    pub fn load(cert_pem: &str, key_pem: &str) -> Result<Self, MintError> {
        let unusable = |error: &dyn ToString| MintError::Authority(error.to_string());
        let key = KeyPair::from_pem(key_pem).map_err(|error| unusable(&error))?;
        let certificate =
            CertificateDer::from_pem_slice(cert_pem.as_bytes()).map_err(|e| unusable(&e))?;
        let validity = names::validity(&certificate).map_err(|error| unusable(&error))?;
        let pin = keys::key_pin(&certificate).map_err(|error| unusable(&error))?;
        if pin != keys::KeyPin::of(&key.subject_public_key_info()) {
            return Err(unusable(
                &"the private key does not belong to the certificate",
            ));
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|e| unusable(&e))?;
        Ok(Self {
            cert_pem: cert_pem.to_owned(),
            key_pem: key_pem.to_owned(),
            validity,
            issuer,
        })
    }

    /// The authority's certificate.
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// The authority's private key. Whoever has it can be anybody.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Makes a key and a certificate for it. A broker without `sans` gets its common name as the
    /// only one; it is what clients compare with the name that they dial.
    pub fn issue(
        &self,
        role: Role,
        common_name: &str,
        sans: &[String],
        days: u32,
    ) -> Result<Pair, MintError> {
        self.issue_at(role, common_name, sans, days, SystemTime::now())
    }

    pub(crate) fn issue_at(
        &self,
        role: Role,
        common_name: &str,
        sans: &[String],
        days: u32,
        now: SystemTime,
    ) -> Result<Pair, MintError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let cert_pem = self.certify(&key, role, common_name, sans, lifetime(now, days))?;
        let key_pem = key.serialize_pem();
        Ok(Pair { cert_pem, key_pem })
    }

    /// A certificate for somebody else's public key, given as `SubjectPublicKeyInfo` in DER. Of a
    /// request for a certificate nothing but name and key should get here.
    pub fn issue_for(
        &self,
        public_key_info: &[u8],
        role: Role,
        common_name: &str,
        sans: &[String],
        life: Duration,
        now: SystemTime,
    ) -> Result<String, MintError> {
        let key = rcgen::SubjectPublicKeyInfo::from_der(public_key_info)?;
        self.certify(&key, role, common_name, sans, span(now, life))
    }

    /// A certificate in PEM.
    pub(crate) fn certify(
        &self,
        key: &impl PublicKeyData,
        role: Role,
        common_name: &str,
        sans: &[String],
        validity: Validity,
    ) -> Result<String, MintError> {
        if !names::is_name(common_name) {
            let shown = common_name.chars().take(80).collect();
            return Err(MintError::CommonName(shown));
        }
        // One that outlives its authority would break one day without a reason in sight.
        let not_after = validity.not_after.min(self.validity.not_after);
        let validity = Validity {
            not_after,
            ..validity
        };
        // A node that took a name before it became a client's must not become that client.
        let unit = (role == Role::Node).then_some(names::NODES);
        let mut params = params(common_name, unit, validity)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = match role {
            Role::Broker => vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ],
            Role::Client | Role::Node => vec![ExtendedKeyUsagePurpose::ClientAuth],
        };
        let own_name = [common_name.to_owned()];
        let sans = match role {
            Role::Broker if sans.is_empty() => &own_name,
            _ => sans,
        };
        params.subject_alt_names = sans
            .iter()
            .map(|san| alt_name(san))
            .collect::<Result<_, _>>()?;
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }

    /// The list of what was revoked, in PEM. `number` must grow with each list; `days` is how long
    /// readers may wait for the next.
    pub fn revocation_list(
        &self,
        revoked: &[Revocation],
        number: u64,
        days: u32,
    ) -> Result<String, MintError> {
        self.revocation_list_at(revoked, number, days, SystemTime::now())
    }

    pub(crate) fn revocation_list_at(
        &self,
        revoked: &[Revocation],
        number: u64,
        days: u32,
        now: SystemTime,
    ) -> Result<String, MintError> {
        let until = lifetime(now, days.max(1)).not_after;
        let list = CertificateRevocationListParams {
            this_update: (now - SKEW).into(),
            next_update: until.into(),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .iter()
                .map(|revocation| RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&revocation.serial),
                    revocation_time: revocation.at.into(),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.pem()?)
    }
}
