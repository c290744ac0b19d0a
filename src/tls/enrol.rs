//! How a machine asks a broker for a certificate: one line of JSON each way, within TLS.
//!
//! Neither side believes the other before it has proven that it knows the token's secret: by an HMAC
//! over what it says and over this very connection (RFC 5705's exporter), so that nothing can be used a
//! second time. Pure: lines come in and go out.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer as _};

use super::{
    mint::{self, MintError},
    names,
    token::{Secret, Token},
};

/// The protocols' names in ALPN: joining without a certificate, renewing with one.
pub const ALPN_JOIN: &[u8] = b"mco-join/1";
/// See [`ALPN_JOIN`].
pub const ALPN_RENEW: &[u8] = b"mco-renew/1";

/// The most that a request and an answer may have.
pub const MAX_REQUEST: usize = 16 << 10;
/// See [`MAX_REQUEST`].
pub const MAX_ANSWER: usize = 8 << 20;

/// What both sides take from the connection.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-mcollective-join";

/// Bytes taken from the connection.
pub type Exporter = [u8; 32];

const VERSION: u32 = 1;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not what belongs there.
    #[error("what came is no {0}")]
    Strange(&'static str),
    /// The other side is newer.
    #[error(
        "the other side speaks version {0} of this protocol, and here it is {VERSION}: use the same program on both"
    )]
    Newer(u32),
    /// The other side does not know the secret, or the line was changed on its way.
    #[error("the other side has not proven that it knows this token")]
    Unproven,
}

/// A line, whoever sends it.
#[derive(Serialize, Deserialize)]
struct Line {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// A request's CSR, or an answer.
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
}

impl Line {
    fn read(bytes: &[u8], what: &'static str) -> Result<Self, LineError> {
        // The version before the rest, which may be another's.
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        let strange = |_| LineError::Strange(what);
        let Versioned { v } = serde_json::from_slice(bytes).map_err(strange)?;
        if v != VERSION {
            return Err(LineError::Newer(v));
        }
        serde_json::from_slice(bytes).map_err(strange)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    fn is_proven(&self, secret: &Secret, label: &str, exporter: &Exporter) -> bool {
        let proof = self
            .proof
            .as_ref()
            .and_then(|proof| BASE64.decode(proof).ok());
        let text = covered(label, exporter, &self.body);
        proof.is_some_and(|proof| hmac::verify(&secret.key(), &text, &proof).is_ok())
    }
}

const REQUEST: &str = "mco-join/1 request";
const ANSWER: &str = "mco-join/1 answer";

fn covered(label: &str, exporter: &Exporter, body: &str) -> Vec<u8> {
    [label.as_bytes(), b"\0", exporter, body.as_bytes()].concat()
}

fn prove(secret: &Secret, label: &str, exporter: &Exporter, body: &str) -> String {
    BASE64.encode(hmac::sign(&secret.key(), &covered(label, exporter, body)))
}

/// A request, as the broker reads it. Nothing in it is believed yet.
#[derive(Debug)]
pub struct Request {
    line: Line,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// What a certificate is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) name: String,
    /// `SubjectPublicKeyInfo` in DER.
    pub(super) key: Vec<u8>,
}

impl Request {
    /// Asks for a certificate under a name, for a key in PEM.
    pub fn write(
        token: &Token,
        name: &str,
        key_pem: &str,
        exporter: &Exporter,
    ) -> Result<Vec<u8>, MintError> {
        let body = BASE64.encode(mint::request(name, key_pem)?);
        let line = Line {
            v: VERSION,
            token: Some(token.id().to_owned()),
            proof: Some(prove(token.secret(), REQUEST, exporter, &body)),
            body,
        };
        Ok(line.bytes())
    }

    /// Reads one.
    pub fn read(bytes: &[u8]) -> Result<Self, LineError> {
        let line = Line::read(bytes, "request for a certificate")?;
        Ok(Self { line })
    }

    pub(super) fn token(&self) -> &str {
        self.line.token.as_deref().unwrap_or_default()
    }

    pub(super) fn is_proven(&self, secret: &Secret, exporter: &Exporter) -> bool {
        self.line.is_proven(secret, REQUEST, exporter)
    }

    /// What is asked for: of the CSR its name and its key, once its own signature has shown that the
    /// key is the asker's. Everything else in it counts for nothing.
    pub(super) fn wish(&self) -> Result<Wish, String> {
        let der = BASE64
            .decode(&self.line.body)
            .map_err(|_| "the CSR is not in base64".to_owned())?;
        let (rest, csr) = X509CertificationRequest::from_der(&der)
            .map_err(|_| "the CSR can't be read".to_owned())?;
        if !rest.is_empty() {
            return Err("something follows the CSR".into());
        }
        csr.verify_signature()
            .map_err(|_| "the CSR is not signed with its own key".to_owned())?;
        let info = &csr.certification_request_info;
        Ok(Wish {
            name: names::only_name(&info.subject).map_err(|error| error.to_string())?,
            key: info.subject_pki.raw.to_vec(),
        })
    }
}

/// What a broker answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A certificate.
    Granted {
        /// The certificate, in PEM.
        cert: String,
        /// The authority's, in PEM.
        ca: String,
        /// The authority's revocation list, in PEM.
        crl: String,
    },
    /// None.
    Refused {
        /// Why.
        why: String,
        /// What to do.
        hint: String,
    },
}

impl Answer {
    /// A refusal.
    pub fn refused(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused {
            why: why.into(),
            hint: hint.into(),
        }
    }

    /// As a line. Without a secret, which is so where TLS vouches for both sides or the token is not
    /// known, it has no proof.
    pub(super) fn write(&self, secret: Option<&Secret>, exporter: &Exporter) -> Vec<u8> {
        let body = serde_json::to_string(self).unwrap_or_default();
        let line = Line {
            v: VERSION,
            token: None,
            proof: secret.map(|secret| prove(secret, ANSWER, exporter, &body)),
            body,
        };
        line.bytes()
    }

    /// As a line, for a peer that TLS vouches for.
    pub fn write_plain(&self) -> Vec<u8> {
        self.write(None, &[0; 32])
    }

    /// Reads the answer to a request with a token. A refusal may come without a proof; it is no more
    /// than a connection that ends.
    pub fn read(bytes: &[u8], token: &Token, exporter: &Exporter) -> Result<Self, LineError> {
        let line = Line::read(bytes, "answer")?;
        let proven = line.is_proven(token.secret(), ANSWER, exporter);
        match Self::body(&line)? {
            Self::Granted { .. } if !proven => Err(LineError::Unproven),
            answer => Ok(answer),
        }
    }

    /// Reads the answer of a peer that TLS vouches for.
    pub fn read_plain(bytes: &[u8]) -> Result<Self, LineError> {
        Self::body(&Line::read(bytes, "answer")?)
    }

    fn body(line: &Line) -> Result<Self, LineError> {
        serde_json::from_str(&line.body).map_err(|_| LineError::Strange("answer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{KeyPin, mint::Role};

    fn token() -> Token {
        let pin: KeyPin = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        Token::new(Role::Node, "broker", pin, Vec::new()).unwrap()
    }

    #[test]
    fn a_request_is_read_as_it_was_meant_and_proven_on_its_own_connection_only() {
        let (token, other) = (token(), token());
        let key = mint::new_key().unwrap();
        let line = Request::write(&token, "web1", &key, &[7; 32]).unwrap();
        assert!(line.len() < MAX_REQUEST && line.ends_with(b"\n"));
        let request = Request::read(&line).unwrap();
        assert_eq!(request.token(), token.id());
        assert!(request.is_proven(token.secret(), &[7; 32]));
        assert!(
            !request.is_proven(token.secret(), &[8; 32]),
            "another connection"
        );
        assert!(
            !request.is_proven(other.secret(), &[7; 32]),
            "another token"
        );
        let wish = request.wish().unwrap();
        assert_eq!(wish.name, "web1");
        assert_eq!(wish.key, mint::public_key_info(&key).unwrap());
    }

    #[test]
    fn a_csr_of_somebody_elses_key_is_none() {
        let key = mint::new_key().unwrap();
        let mut der = mint::request("web1", &key).unwrap();
        let last = der.len() - 1;
        der[last] ^= 1;
        let line = Line {
            v: 1,
            token: None,
            body: BASE64.encode(der),
            proof: None,
        };
        let request = Request { line };
        assert!(request.wish().unwrap_err().contains("not signed"));
    }

    #[test]
    fn an_answer_counts_only_with_its_proof() {
        let (token, exporter) = (token(), [3; 32]);
        let granted = Answer::Granted {
            cert: "c".into(),
            ca: "a".into(),
            crl: "l".into(),
        };
        let line = granted.write(Some(token.secret()), &exporter);
        assert_eq!(Answer::read(&line, &token, &exporter), Ok(granted.clone()));
        assert_eq!(
            Answer::read(&line, &token, &[4; 32]),
            Err(LineError::Unproven)
        );
        let changed = String::from_utf8(line)
            .unwrap()
            .replace("\\\"c\\\"", "\\\"x\\\"");
        let changed = Answer::read(changed.as_bytes(), &token, &exporter);
        assert_eq!(changed, Err(LineError::Unproven));
        let plain = granted.write_plain();
        assert_eq!(
            Answer::read(&plain, &token, &exporter),
            Err(LineError::Unproven)
        );
        let no = Answer::refused("no", "");
        assert_eq!(Answer::read(&no.write_plain(), &token, &exporter), Ok(no));
    }

    #[test]
    fn what_is_no_line_of_ours_is_refused_with_a_word() {
        for (bytes, expected) in [
            (&b""[..], LineError::Strange("answer")),
            (b"[]", LineError::Strange("answer")),
            (b"{\"v\":1}", LineError::Strange("answer")),
            (b"{\"v\":2,\"new\":true}", LineError::Newer(2)),
            (b"\x15\x03\x01", LineError::Strange("answer")),
        ] {
            assert_eq!(Answer::read_plain(bytes), Err(expected), "{bytes:?}");
        }
    }

    proptest::proptest! {
        /// Whatever a CSR is made into, it says what it said, or nothing: some bits around the
        /// signature mean nothing.
        #[test]
        fn a_damaged_csr_says_nothing_else(damage in proptest::collection::vec((0_usize..400, 0_u8..), 1..4)) {
            static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let make = || mint::request("web1", &mint::new_key().unwrap()).unwrap();
            let mut der = DER.get_or_init(make).clone();
            let body = BASE64.encode(&der);
            let line = Line { v: 1, token: None, body, proof: None };
            let meant = Request { line }.wish();
            proptest::prop_assert_eq!(&meant.as_ref().unwrap().name, "web1");
            for (at, byte) in damage {
                let at = at % der.len();
                der[at] = byte;
            }
            let body = BASE64.encode(&der);
            let line = Line { v: 1, token: None, body, proof: None };
            let wish = Request { line }.wish();
            proptest::prop_assert!(wish.is_err() || wish == meant);
        }
    }
}
