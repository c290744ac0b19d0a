//! Names to addresses, by the system's resolver, off the runtime's threads.
//!
//! getaddrinfo blocks, and can't be called off. So it has a thread of its own, which nobody joins:
//! on a runtime's blocking pool a name server that does not answer would hold up the end of the
//! process. `localhost` is answered here, because without /etc/hosts the resolver does not know it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::sync::oneshot;

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The resolver says so, or could not ask.
    #[error("{0}")]
    Lookup(String),
    /// No thread can be started.
    #[error("no thread for the lookup: {0}")]
    Thread(#[source] io::Error),
}

/// The addresses of a name or of an address, at least one. There is no limit of time: drop the future.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
    if let Some(addresses) = known(host) {
        let with_port = |address| SocketAddr::new(address, port);
        return Ok(addresses.into_iter().map(with_port).collect());
    }
    let (answer, answered) = oneshot::channel();
    let host = host.to_owned();
    std::thread::Builder::new()
        .name("resolve".into())
        .stack_size(STACK)
        .spawn(move || {
            // The asker may be gone by now, which is no error.
            drop(answer.send(lookup(&host, port)));
        })
        .map_err(ResolveError::Thread)?;
    answered
        .await
        .unwrap_or_else(|_| Err(ResolveError::Lookup("the lookup broke off".into())))
}

/// What needs no resolver: an address, or `localhost` and the names under it (RFC 6761, 6.3).
fn known(host: &str) -> Option<Vec<IpAddr>> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = bare.parse() {
        return Some(vec![address]);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    (name == "localhost" || name.ends_with(".localhost")).then(|| {
        vec![
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ]
    })
}

#[allow(clippy::disallowed_methods)] // here is the one place that may call it
fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
    use std::net::ToSocketAddrs as _;

    let found: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| ResolveError::Lookup(in_short(&error)))?
        .collect();
    if found.is_empty() {
        return Err(ResolveError::Lookup("it has no address".into()));
    }
    Ok(found)
}

/// The resolver's words without what std says before them.
fn in_short(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once("failed to lookup address information: ") {
        Some((_, reason)) => reason.to_owned(),
        None => text,
    }
}

/// Enough for glibc's resolver, which keeps its answers on the stack.
const STACK: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_and_addresses_need_no_resolver() {
        for name in ["localhost", "LOCALHOST", "localhost.", "broker.localhost"] {
            let found = resolve(name, 7).await.unwrap();
            assert_eq!(
                found,
                ["[::1]:7".parse().unwrap(), "127.0.0.1:7".parse().unwrap()],
                "{name}"
            );
        }
        for (name, address) in [
            ("192.0.2.1", "192.0.2.1:7"),
            ("::1", "[::1]:7"),
            ("[::1]", "[::1]:7"),
        ] {
            assert_eq!(resolve(name, 7).await.unwrap(), [address.parse().unwrap()]);
        }
        assert!(known("notlocalhost").is_none());
    }

    #[tokio::test]
    async fn a_name_without_address_says_so_in_short() {
        // A label of more than 63 bytes can't be asked for, so no name server is needed.
        let error = resolve(&"a".repeat(70), 7).await.unwrap_err().to_string();
        assert!(
            !error.is_empty() && !error.contains("failed to lookup"),
            "{error}"
        );
    }
}
