//! Asks a broker for a certificate: with a token, for a machine that has none yet; with the one that is
//! about to end, for a newer one.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Address, Error, Kind, Server, classify, dial,
    problem::{Problem, Stage},
};
use crate::{
    sys::file::{self, Mode},
    text,
    tls::{
        self, Authorities, Certified, Token,
        enrol::{ALPN_RENEW, Answer, EXPORTER_LABEL, Exporter, LineError, MAX_ANSWER, Request},
    },
};

/// What a broker gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The certificate.
    pub cert_pem: String,
    /// The authority's.
    pub ca_pem: String,
    /// Its revocation list.
    pub crl_pem: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The broker can't be reached, or not trusted.
    #[error(transparent)]
    Broker(#[from] Error),
    /// It takes nobody in.
    #[error("broker {0} takes in nobody now")]
    Closed(Address),
    /// It is not the token's.
    #[error(
        "broker {0} does not have the authority that the token names: is somebody between, or was the authority made anew?"
    )]
    Stranger(Address),
    /// What it says can't be understood or believed.
    #[error("broker {0}: {1}")]
    Line(Address, LineError),
    /// It says no.
    #[error("the broker refused: {why}")]
    Refused {
        /// Why.
        why: String,
        /// What to do.
        hint: String,
    },
    /// Our own key or files can't be used.
    #[error("{0}")]
    Key(String),
    /// What it gave can't be used here.
    #[error("broker {0} gave a certificate that {1}")]
    Useless(Address, &'static str),
}

impl EnrolError {
    /// What it means for an exit code.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Broker(error) => error.kind(),
            Self::Key(_) => Kind::Config,
            Self::Closed(_)
            | Self::Stranger(_)
            | Self::Line(..)
            | Self::Refused { .. }
            | Self::Useless(..) => Kind::Refused,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Broker(error) => error.hint(),
            Self::Closed(_) => Some(
                "no token counts any more: `mcollective enable token create` on the broker makes one"
                    .into(),
            ),
            Self::Stranger(_) => Some("have a token made on that broker".into()),
            Self::Refused { hint, .. } if !hint.is_empty() => Some(hint.clone()),
            Self::Key(_) => Some("remove the key's file: a new one is made".into()),
            Self::Useless(..) => Some("use the same program on both sides".into()),
            Self::Line(..) | Self::Refused { .. } => None,
        }
    }
}

/// Joins: a certificate under a name, for a key in PEM that stays here.
pub async fn join(
    token: &Token,
    name: &str,
    key_pem: &str,
    within: Duration,
) -> Result<Joined, EnrolError> {
    let (host, port) = token.broker();
    let host = host.to_owned();
    let address = Address { host, port };
    let until = Instant::now() + within;
    let fails = unreachable(&address);
    let config =
        tls::join_config(token.ca()).map_err(|error| EnrolError::Key(error.to_string()))?;
    let mut stream = match open(config, &address, until, within)
        .await
        .map_err(&fails)?
    {
        Err(error) => return Err(misses(&error, &address)),
        Ok(stream) => stream,
    };
    let mut exporter: Exporter = [0; 32];
    stream
        .get_ref()
        .1
        .export_keying_material(&mut exporter, EXPORTER_LABEL, None)
        .map_err(|error| EnrolError::Key(error.to_string()))?;
    let request = Request::write(token, name, key_pem, &exporter)
        .map_err(|error| EnrolError::Key(error.to_string()))?;
    let line = exchange(&mut stream, &request, until, within)
        .await
        .map_err(&fails)?;
    let answer = Answer::read(&line, token, &exporter);
    let joined = granted(answer.map_err(|error| EnrolError::Line(address.clone(), error))?)?;
    // What is kept decides whom this machine believes from now on.
    if tls::pem_pin(&joined.ca_pem) != Some(token.ca()) {
        return Err(EnrolError::Stranger(address));
    }
    let key =
        tls::mint::public_key_info(key_pem).map_err(|error| EnrolError::Key(error.to_string()))?;
    match tls::check_issued(&joined.cert_pem, &joined.ca_pem, name, &key) {
        Ok(()) => Ok(joined),
        Err(why) => Err(EnrolError::Useless(address, why)),
    }
}

/// Renews the certificate that a connection to this broker would show.
pub async fn renew(server: &Server, within: Duration) -> Result<Joined, EnrolError> {
    let address = Address::from(server);
    let until = Instant::now() + within;
    let fails = unreachable(&address);
    let Some(files) = &server.tls else {
        return Err(EnrolError::Key("the connection has no TLS".into()));
    };
    let config = tls::client_config(files).map_err(|error| EnrolError::Key(error.to_string()))?;
    let config = tls::with_protocol(&config, ALPN_RENEW);
    let mut stream = match open(config, &address, until, within)
        .await
        .map_err(&fails)?
    {
        Err(error) if is_closed(&error) => return Err(EnrolError::Closed(address)),
        Err(error) => return Err(fails(classify::handshake(&error, Some(files)))),
        Ok(stream) => stream,
    };
    let line = exchange(&mut stream, b"{}\n", until, within)
        .await
        .map_err(&fails)?;
    granted(Answer::read_plain(&line).map_err(|error| EnrolError::Line(address, error))?)
}

/// Whether it is time to renew a certificate: a third of its life is left, and as much more as `early`
/// makes of that life.
pub fn is_due(pair: &Certified, now: SystemTime, early: impl FnOnce(Duration) -> Duration) -> bool {
    let validity = pair.validity();
    let life = validity.not_after.duration_since(validity.not_before);
    let life = life.unwrap_or_default();
    let left = validity.not_after.duration_since(now).unwrap_or_default();
    left <= life / 3 + early(life)
}

const NOT_OURS: &str = "none of the authorities here has signed";

/// A file of certificates is not larger.
const LARGEST_FILE: u64 = 16 << 20;

/// Renews the certificate of a connection, and writes the new one over the old.
pub async fn renew_file(server: &Server, within: Duration) -> Result<(), EnrolError> {
    let unusable = |error: &dyn ToString| EnrolError::Key(error.to_string());
    let Some(files) = &server.tls else {
        return Err(unusable(&"the connection has no TLS"));
    };
    let old = Certified::load(&files.cert, &files.key).map_err(|error| unusable(&error))?;
    let new = renew(server, within).await?;
    // Another name or key, or another authority, would cut us off.
    let name = old.common_name().map_err(|error| unusable(&error))?;
    let key = tls::public_key_info(old.leaf()).map_err(|error| unusable(&error))?;
    let address = Address::from(server);
    let Authorities::Files(authorities) = &files.ca else {
        return Err(EnrolError::Useless(address, NOT_OURS));
    };
    let mut answer = Err(NOT_OURS);
    for path in authorities {
        let trusted = file::read_text(path, LARGEST_FILE).map_err(|error| unusable(&error))?;
        answer = answer.or_else(|_| tls::check_issued(&new.cert_pem, &trusted, &name, &key));
    }
    answer.map_err(|why| EnrolError::Useless(address, why))?;
    file::write_atomic(&files.cert, new.cert_pem.as_bytes(), Mode::KeepOr(0o644))
        .map_err(|error| unusable(&error))
}

fn granted(answer: Answer) -> Result<Joined, EnrolError> {
    match answer {
        Answer::Granted { cert, ca, crl } => Ok(Joined {
            cert_pem: cert,
            ca_pem: ca,
            crl_pem: crl,
        }),
        Answer::Refused { why, hint } => {
            // They are for a terminal.
            let [why, hint] = [why, hint].map(|text| text::line(&text));
            Err(EnrolError::Refused { why, hint })
        }
    }
}

/// Connects. What is wrong with the handshake itself means something else to each who asks.
async fn open(
    config: Arc<rustls::ClientConfig>,
    address: &Address,
    until: Instant,
    within: Duration,
) -> Result<io::Result<TlsStream<TcpStream>>, Problem> {
    let name = dial::server_name(&address.host)?;
    let tcp = dial::tcp(&address.host, address.port, until, within).await?;
    let connecting = TlsConnector::from(config).connect(name, tcp);
    let shaken = timeout_at(until, connecting).await;
    shaken.map_err(|_| late(Stage::Handshake, within))
}

/// Sends a line, and reads one.
async fn exchange(
    stream: &mut TlsStream<TcpStream>,
    request: &[u8],
    until: Instant,
    within: Duration,
) -> Result<Vec<u8>, Problem> {
    let work = async {
        stream.write_all(request).await?;
        stream.flush().await?;
        let mut line = Vec::new();
        let mut bounded = stream.take(MAX_ANSWER as u64);
        while line.last() != Some(&b'\n') {
            if bounded.read_buf(&mut line).await? == 0 {
                break;
            }
        }
        Ok(line)
    };
    match timeout_at(until, work).await {
        Err(_) => Err(late(Stage::Answer, within)),
        Ok(Err(error)) => Err(classify::stream(&error, None)),
        Ok(Ok(line)) if line.last() != Some(&b'\n') => Err(Problem::Hangup),
        Ok(Ok(line)) => Ok(line),
    }
}

fn unreachable(address: &Address) -> impl Fn(Problem) -> EnrolError + use<> {
    let server = address.clone();
    move |problem| {
        let server = server.clone();
        EnrolError::Broker(Error::Unreachable { server, problem })
    }
}

const fn late(stage: Stage, after: Duration) -> Problem {
    Problem::Timeout { stage, after }
}

/// Why there was no handshake with a broker that is known by its authority's key alone.
fn misses(error: &io::Error, address: &Address) -> EnrolError {
    if is_closed(error) {
        return EnrolError::Closed(address.clone());
    }
    match cause(error) {
        Some(rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature,
        )) => EnrolError::Stranger(address.clone()),
        _ => unreachable(address)(classify::handshake(error, None)),
    }
}

/// Whether the other end knows nothing of the protocol that was asked for.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        cause(error),
        Some(
            rustls::Error::NoApplicationProtocol
                | rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)
        )
    )
}

fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
