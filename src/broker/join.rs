//! Gives certificates to those who come for one: to whoever has a token, and to whoever has one that
//! is about to end. One request, one answer, and the connection is over; it is never a session.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustls::server::ClientHello;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::server::TlsStream;

use super::hub::Hub;
use crate::{
    sys::refusals::Refusals,
    tls::{
        authority::{Authority, AuthorityError},
        common_name,
        enrol::{ALPN_JOIN, ALPN_RENEW, Answer, EXPORTER_LABEL, Exporter, MAX_REQUEST, Request},
    },
};

/// How long the whole may take after the handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a request may take. It is sent with the last words of the handshake, and who is silent
/// holds up others who come with a token.
const REQUEST: Duration = Duration::from_secs(3);

/// How many are served at once; others wait for their turn, within their time. Those who join and those
/// who renew do not wait for each other: who joins need not be anybody.
const AT_ONCE: usize = 16;

/// How long what is known of the tokens is believed: whoever connects without a certificate must not
/// have us read files each time.
const BELIEVED: Duration = Duration::from_millis(200);

/// What somebody comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A first certificate.
    Join,
    /// A newer one.
    Renew,
}

/// Those who come for a certificate.
#[derive(Debug)]
pub(crate) struct Joiners {
    joining: Semaphore,
    renewing: Semaphore,
    /// Whether there was a token that counts, and when.
    open: Mutex<Option<(Instant, bool)>>,
}

impl Default for Joiners {
    fn default() -> Self {
        Self {
            joining: Semaphore::new(AT_ONCE),
            renewing: Semaphore::new(AT_ONCE),
            open: Mutex::default(),
        }
    }
}

impl Joiners {
    fn is_open(&self, authority: &Authority, refusals: &Refusals) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match *open {
            Some((at, known)) if at.elapsed() < BELIEVED => known,
            _ => {
                let known = authority.has_live_token().unwrap_or_else(|error| {
                    refusals.log("nobody can join", || {
                        tracing::error!("nobody can join: {error}");
                    });
                    false
                });
                *open = Some((Instant::now(), known));
                known
            }
        }
    }
}

/// What the first words of a handshake ask for. Without a token that counts nobody is let in who shows
/// no certificate.
pub(crate) fn wish(hello: &ClientHello<'_>, authority: &Authority, hub: &Hub) -> Option<Wish> {
    let mut protocols = hello.alpn()?;
    let asks = protocols.find_map(|protocol| match protocol {
        ALPN_JOIN => Some(Wish::Join),
        ALPN_RENEW => Some(Wish::Renew),
        _ => None,
    })?;
    (asks == Wish::Renew || hub.joiners.is_open(authority, &hub.refusals)).then_some(asks)
}

/// Answers one request.
pub(crate) async fn serve(
    mut stream: Box<TlsStream<TcpStream>>,
    wish: Wish,
    from: SocketAddr,
    hub: Arc<Hub>,
) {
    let work = async {
        let joiners = &hub.joiners;
        let turns = match wish {
            Wish::Join => &joiners.joining,
            Wish::Renew => &joiners.renewing,
        };
        let Ok(_turn) = turns.acquire().await else {
            return;
        };
        let line = match timeout(REQUEST, read(&mut stream)).await {
            Ok(Some(line)) => line,
            Ok(None) => return refused(&hub, from, "what came was no request"),
            Err(_) => return refused(&hub, from, "the request took too long"),
        };
        let answer = match wish {
            Wish::Join => join(&stream, line, from, &hub).await,
            Wish::Renew => renew(&stream, from, &hub).await,
        };
        if let Some(answer) = answer {
            // Whoever is gone comes again.
            drop(stream.write_all(&answer).await);
            drop(stream.shutdown().await);
        }
    };
    if timeout(PATIENCE, work).await.is_err() {
        refused(&hub, from, "the request took too long");
    }
}

/// A line, whole and not too long.
async fn read(stream: &mut TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let mut bounded = stream.take(MAX_REQUEST as u64);
    while line.last() != Some(&b'\n') {
        if bounded.read_buf(&mut line).await.ok()? == 0 {
            return None;
        }
    }
    Some(line)
}

async fn join(
    stream: &TlsStream<TcpStream>,
    line: Vec<u8>,
    from: SocketAddr,
    hub: &Arc<Hub>,
) -> Option<Vec<u8>> {
    let request = match Request::read(&line) {
        Ok(request) => request,
        Err(error) => {
            refused(hub, from, &error.to_string());
            return Some(Answer::refused(error.to_string(), "").write_plain());
        }
    };
    let mut exporter: Exporter = [0; 32];
    let session = stream.get_ref().1;
    session
        .export_keying_material(&mut exporter, EXPORTER_LABEL, None)
        .ok()?;
    let rules = hub.rules();
    let authority = Arc::clone(rules.settings.authority.as_ref()?);
    // It waits for the disk.
    let enrolled = tokio::task::spawn_blocking(move || {
        let reserved = |name: &str| rules.access.resembles_client(name);
        authority.enrol(&request, &exporter, &reserved)
    });
    let enrolled = enrolled.await.ok()?;
    let (name, token) = (
        enrolled.name.unwrap_or_default(),
        enrolled.token.unwrap_or_default(),
    );
    match enrolled.refused {
        None => {
            hub.metrics.joined.increase();
            tracing::info!("{name} has joined from {from} with token {token}");
        }
        Some(why) if token.is_empty() => refused(hub, from, &why),
        Some(why) => refused(hub, from, &format!("{name} with token {token}: {why}")),
    }
    Some(enrolled.answer)
}

async fn renew(stream: &TlsStream<TcpStream>, from: SocketAddr, hub: &Arc<Hub>) -> Option<Vec<u8>> {
    let leaf = stream
        .get_ref()
        .1
        .peer_certificates()?
        .first()?
        .clone()
        .into_owned();
    let name = common_name(&leaf).ok()?;
    let authority = Arc::clone(hub.rules().settings.authority.as_ref()?);
    let renewed = tokio::task::spawn_blocking(move || {
        let cert = authority.renew(&leaf)?;
        Ok::<_, AuthorityError>((cert, authority.cert_pem().to_owned()))
    });
    let answer = match renewed.await.ok()? {
        Ok((Some(renewed), ca)) => {
            // Whoever asks again has the same again.
            if renewed.is_new {
                hub.metrics.renewed.increase();
                tracing::info!("renewed the certificate of {name} for {from}");
            }
            let cert = renewed.cert_pem;
            // The list comes by another way.
            let crl = String::new();
            Answer::Granted { cert, ca, crl }
        }
        Ok((None, _)) => {
            refused(
                hub,
                from,
                &format!("{name}: that certificate is revoked, or not on record here"),
            );
            Answer::refused(
                "the authority has no record of this certificate, or has revoked it",
                "join again with a token, and with `--new-key` where it was revoked",
            )
        }
        Err(error) => {
            tracing::error!("the certificate of {name} can't be renewed: {error}");
            Answer::refused(
                "the broker's authority can't sign now",
                "the broker's log says why",
            )
        }
    };
    Some(answer.write_plain())
}

fn refused(hub: &Hub, from: SocketAddr, why: &str) {
    hub.metrics.joins_refused.increase();
    hub.refusals.log("certificates refused", || {
        tracing::warn!("gave {from} no certificate: {why}");
    });
}
