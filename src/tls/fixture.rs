//! For tests: authorities and certificates in a temporary directory.

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::{
    Authorities, Files,
    mint::{CertificateAuthority, Pair, Revocation, Role},
    names,
};

/// A directory with a CA in it.
pub(crate) struct Fixture {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) ca: CertificateAuthority,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let fixture = Self {
            dir: tempfile::tempdir().unwrap(),
            // Old enough for certificates that have expired since.
            ca: CertificateAuthority::create_at("test-ca", 3650, ago(400)).unwrap(),
        };
        fixture.write("ca.pem", fixture.ca.cert_pem());
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    pub(crate) fn write_pair(&self, name: &str, pair: &Pair) -> Files {
        Files {
            cert: self.write(&format!("{name}.pem"), &pair.cert_pem),
            key: self.write(&format!("{name}.key"), &pair.key_pem),
            ca: Authorities::Files(vec![self.path("ca.pem")]),
            crl: vec![],
        }
    }

    /// Issues a certificate and writes it to files of its name.
    pub(crate) fn issue(&self, role: Role, name: &str) -> Files {
        self.write_pair(name, &self.ca.issue(role, name, &[], 30).unwrap())
    }

    /// One that was valid for 30 days, 300 days ago.
    pub(crate) fn issue_expired(&self, role: Role, name: &str) -> Files {
        let pair = self.ca.issue_at(role, name, &[], 30, ago(300)).unwrap();
        self.write_pair(name, &pair)
    }

    /// Writes a list that revokes these.
    pub(crate) fn revoke(&self, number: u64, files: &[&Files]) -> PathBuf {
        let revoked: Vec<_> = files
            .iter()
            .map(|files| Revocation {
                serial: names::serial(&certificate(files)).unwrap(),
                at: SystemTime::now(),
            })
            .collect();
        let list = self.ca.revocation_list(&revoked, number, 30).unwrap();
        self.write("crl.pem", &list)
    }
}

pub(crate) fn certificate(files: &Files) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(&files.cert).unwrap()
}

pub(crate) fn ago(days: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)
}
