//! Whom one trusts: authorities, and what they have revoked.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject as _},
};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

use super::{
    certificates::{certificates, damaged, damaged_pem},
    error::{Error, read},
    files::Authorities,
    names,
};

/// Authorities and revocation lists, as loaded.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The authorities.
    pub roots: Arc<RootCertStore>,
    /// One list an issuer and scope, the newest.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
}

impl Trust {
    /// Loads all files. A single one that can't be used refuses the whole: less trust than was
    /// configured would be noticed too late, and fewer revocations not at all.
    pub fn load(authorities: &Authorities, crl: &[PathBuf]) -> Result<Self, Error> {
        Ok(Self {
            roots: Arc::new(roots(authorities)?),
            crls: revocations(crl)?,
        })
    }
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    match authorities {
        Authorities::Webpki => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Authorities::Files(paths) => {
            for path in paths {
                for certificate in certificates(path, WHAT_CA)? {
                    store
                        .add(certificate)
                        .map_err(|error| damaged(path, WHAT_CA, &error))?;
                }
            }
        }
    }
    if store.is_empty() {
        return Err(Error::NoAuthority);
    }
    Ok(store)
}

const WHAT_CA: &str = "CA certificate";
const WHAT_CRL: &str = "certificate revocation list";

fn revocations(paths: &[PathBuf]) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let mut newest: Vec<Revocations> = Vec::new();
    for path in paths {
        let text = read(path, WHAT_CRL)?;
        let mut found = false;
        for der in CertificateRevocationListDer::pem_slice_iter(&text) {
            let der = der.map_err(|error| damaged_pem(path, WHAT_CRL, &error))?;
            found = true;
            let list = Revocations::read(der).map_err(|error| damaged(path, WHAT_CRL, &error))?;
            // The verifiers look into the first list that fits, so an old one must not stand
            // before a newer.
            match newest.iter_mut().find(|other| other.scope == list.scope) {
                Some(other) if other.age < list.age => *other = list,
                Some(_) => {}
                None => newest.push(list),
            }
        }
        if !found {
            return Err(Error::NoPem {
                path: path.clone(),
                what: WHAT_CRL,
            });
        }
    }
    Ok(newest.into_iter().map(|list| list.der).collect())
}

/// One revocation list.
struct Revocations {
    der: CertificateRevocationListDer<'static>,
    /// Issuer, and the distribution point where the list is for a part of its certificates.
    scope: (Vec<u8>, Option<Vec<u8>>),
    /// When it was made, and its number as length and digits.
    age: (i64, usize, Vec<u8>),
}

impl Revocations {
    fn read(der: CertificateRevocationListDer<'static>) -> Result<Self, String> {
        // What the verifiers would refuse at each handshake is refused here, once.
        webpki::BorrowedCertRevocationList::from_der(&der).map_err(|error| error.to_string())?;
        let (_, list) = CertificateRevocationList::from_der(&der).map_err(|e| e.to_string())?;
        let point = list
            .extensions()
            .iter()
            .find(|extension| extension.oid == ISSUING_DISTRIBUTION_POINT)
            .map(|extension| extension.value.to_vec());
        let scope = (list.issuer().as_raw().to_vec(), point);
        let number = list
            .crl_number()
            .map(x509_parser::num_bigint::BigUint::to_bytes_be);
        let number = number.unwrap_or_default();
        let age = (list.last_update().timestamp(), number.len(), number);
        Ok(Self { der, scope, age })
    }
}

/// The number of the first list of a PEM text, where it fits.
pub(super) fn list_number(pem: &[u8]) -> Option<u64> {
    let der = CertificateRevocationListDer::from_pem_slice(pem).ok()?;
    number(&der)
}

fn number(der: &[u8]) -> Option<u64> {
    let (_, list) = CertificateRevocationList::from_der(der).ok()?;
    let bytes = list.crl_number()?.to_bytes_be();
    let bytes = bytes.get(..).filter(|bytes| bytes.len() <= 8)?;
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

/// Looks whether a certificate in PEM can be used: for this name and key, and signed by one of these
/// authorities, in PEM. Otherwise says what is wrong, to be read after "a certificate that".
pub fn check_issued(
    pem: &str,
    authorities: &str,
    name: &str,
    public_key_info: &[u8],
) -> Result<(), &'static str> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| "can't be read")?;
    let certificate = names::parse(&der).map_err(|_| "can't be read")?;
    if names::common_name(&der).ok().as_deref() != Some(name) {
        return Err("is for another name");
    }
    if certificate.public_key().raw != public_key_info {
        return Err("is for another key");
    }
    if is_signed_by(&der, authorities) {
        Ok(())
    } else {
        Err("none of the authorities here has signed")
    }
}

/// Whether one of these authorities, in PEM, has signed a certificate.
pub(super) fn is_signed_by(certificate: &CertificateDer<'_>, authorities: &str) -> bool {
    let Ok(certificate) = names::parse(certificate) else {
        return false;
    };
    CertificateDer::pem_slice_iter(authorities.as_bytes())
        .flatten()
        .any(|authority| {
            names::parse(&authority).is_ok_and(|authority| {
                authority.subject().as_raw() == certificate.issuer().as_raw()
                    && certificate
                        .verify_signature(Some(authority.public_key()))
                        .is_ok()
            })
        })
}

/// Whether a list that was offered is to take the place of the one that is there: it is signed by one
/// of these authorities, for the same issuer, and has a higher number. An error says what is wrong.
pub fn newer_list(there: &[u8], offered: &[u8], authorities: &Authorities) -> Result<bool, String> {
    let read = |pem: &[u8]| {
        let der = CertificateRevocationListDer::from_pem_slice(pem).map_err(|e| e.to_string())?;
        Revocations::read(der)
    };
    let offered = read(offered)?;
    let Authorities::Files(paths) = authorities else {
        return Err("public authorities publish no such list".into());
    };
    let (_, list) = CertificateRevocationList::from_der(&offered.der).map_err(|e| e.to_string())?;
    let mut signed = false;
    for path in paths {
        for certificate in certificates(path, WHAT_CA).map_err(|error| error.to_string())? {
            let authority = names::parse(&certificate).map_err(|error| error.to_string())?;
            signed |= authority.subject().as_raw() == list.issuer().as_raw()
                && list.verify_signature(authority.public_key()).is_ok();
        }
    }
    if !signed {
        return Err("none of the authorities here has signed it".into());
    }
    let Ok(there) = read(there) else {
        return Ok(true);
    };
    if there.scope != offered.scope {
        return Err("it is another authority's than the one that is here".into());
    }
    Ok(number(&there.der) < number(&offered.der))
}

const ISSUING_DISTRIBUTION_POINT: x509_parser::oid_registry::Oid<'static> =
    x509_parser::oid_registry::OID_X509_EXT_ISSUER_DISTRIBUTION_POINT;
