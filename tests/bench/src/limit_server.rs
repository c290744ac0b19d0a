//! The floor: what any broker of this protocol has to do at least.
//!
//! It keeps TLS connections with client certificates, copies whole frames and knows nothing of
//! roles, limits, lifetimes or lost peers. Of a frame it looks at the end and the first header. A
//! broadcast is encrypted and written by the task that received it, connection by connection; what
//! goes to the client is collected while its task is busy, and written together.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use memchr::{memchr, memmem};
use rustls::{ServerConfig, ServerConnection};
use tokio::{
    io::Interest,
    net::{TcpSocket, TcpStream},
    sync::Notify,
    time::interval,
};

use crate::{Result, pki::Pki, session::HEARTBEAT, usage};

/// Where it listens.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// ADDRESS:PORT
    #[arg(long, default_value = "127.0.0.1:61613")]
    listen: SocketAddr,
    /// What `pki` has made
    #[arg(long)]
    pki: PathBuf,
}

/// Serves until it is killed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    usage::open_files(0)?;
    let tls = Pki::load(&args.pki)?.server()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(listen(args.listen, tls))
}

async fn listen(address: SocketAddr, tls: Arc<ServerConfig>) -> Result<ExitCode> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(4096)?;
    let everybody = Arc::new(Everybody::default());
    tokio::spawn(Arc::clone(&everybody).heartbeats());
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let mut tls = ServerConnection::new(Arc::clone(&tls))?;
        tls.set_buffer_limit(None);
        let everybody = Arc::clone(&everybody);
        let peer = Arc::new(Peer {
            socket,
            tls: Mutex::new(tls),
            replies: Mutex::default(),
            wake: Notify::new(),
        });
        tokio::spawn(async move {
            // That a peer has gone is its own business.
            drop(peer.serve(&everybody).await);
            everybody.forget(&peer);
        });
    }
}

/// One connection.
struct Peer {
    socket: TcpStream,
    tls: Mutex<ServerConnection>,
    /// What is to be sent to the client.
    replies: Mutex<Vec<u8>>,
    /// There are replies, or something that the socket did not take.
    wake: Notify,
}

/// The socket as the standard library's.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the socket was ready.
fn ready(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        other => other.map(Some),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Peer {
    /// Encrypts and writes at once; what the socket does not take is left to the peer's own task.
    fn send(&self, bytes: &[u8]) {
        let mut tls = lock(&self.tls);
        let rest = tls
            .writer()
            .write_all(bytes)
            .and_then(|()| self.flush(&mut tls));
        if !matches!(rest, Ok(false)) {
            self.wake.notify_one();
        }
    }

    /// Whether something is left.
    fn flush(&self, tls: &mut ServerConnection) -> io::Result<bool> {
        while tls.wants_write() {
            if ready(tls.write_tls(&mut Socket(&self.socket)))?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn serve(self: &Arc<Self>, everybody: &Everybody) -> io::Result<()> {
        let mut plain = Vec::new();
        loop {
            let replies = std::mem::take(&mut *lock(&self.replies));
            if !replies.is_empty() {
                self.send(&replies);
            }
            let mut interest = Interest::READABLE;
            if self.flush(&mut lock(&self.tls))? {
                interest |= Interest::WRITABLE;
            }
            tokio::select! {
                ready = self.socket.ready(interest) => drop(ready?),
                () = self.wake.notified() => continue,
            }
            while let Some(read) = self.read(&mut plain)? {
                if read == 0 {
                    return Ok(());
                }
                self.frames(everybody, &mut plain);
            }
        }
    }

    /// Reads once and decrypts what came; `None` where nothing is there.
    fn read(&self, plain: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let mut tls = lock(&self.tls);
        let read = ready(tls.read_tls(&mut Socket(&self.socket)))?;
        if read.is_some() {
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            let before = plain.len();
            plain.resize(before + state.plaintext_bytes_to_read(), 0);
            tls.reader()
                .read_exact(plain.get_mut(before..).unwrap_or_default())?;
        }
        self.flush(&mut tls)?;
        Ok(read)
    }

    /// Hands on whole frames; the rest stays.
    fn frames(self: &Arc<Self>, everybody: &Everybody, plain: &mut Vec<u8>) {
        let mut done = 0;
        while let Some(end) = memchr(0, plain.get(done..).unwrap_or_default()) {
            let frame = plain.get(done..=done + end).unwrap_or_default();
            everybody.frame(self, frame.trim_ascii_start());
            done += end + 1;
        }
        plain.drain(..done);
        if plain.iter().all(|byte| *byte == b'\n') {
            *plain = Vec::new();
        }
    }
}

/// All connections that have subscribed.
#[derive(Default)]
struct Everybody {
    /// By number.
    nodes: RwLock<Vec<Option<Arc<Peer>>>>,
    client: RwLock<Option<Arc<Peer>>>,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// The number in the first `prefix<digits>` of a frame.
fn number_after(frame: &[u8], prefix: &[u8]) -> Option<usize> {
    let at = memmem::find(frame, prefix)? + prefix.len();
    let digits = frame
        .get(at..)?
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

impl Everybody {
    /// A frame with its NUL.
    fn frame(&self, from: &Arc<Peer>, frame: &[u8]) {
        if let Some(rest) = frame.strip_prefix(b"SEND\n") {
            self.copy(rest);
        } else if frame.starts_with(b"CONNECT\n") {
            from.send(b"CONNECTED\nversion:1.1\nheart-beat:10000,10000\n\n\0");
        } else if memmem::find(frame, b"\nreceipt:").is_some() {
            match number_after(frame, b"mc_identity = 'node") {
                None => *write(&self.client) = Some(Arc::clone(from)),
                Some(number) => {
                    let mut nodes = write(&self.nodes);
                    if nodes.len() <= number {
                        nodes.resize(number + 1, None);
                    }
                    if let Some(place) = nodes.get_mut(number) {
                        *place = Some(Arc::clone(from));
                    }
                }
            }
            from.send(b"RECEIPT\nreceipt-id:settled\n\n\0");
        }
    }

    /// Copies a SEND, from its first header on, to whom it is for.
    fn copy(&self, rest: &[u8]) {
        if rest.starts_with(b"destination:/queue/mcollective.reply.") {
            if let Some(client) = &*read(&self.client) {
                let mut replies = lock(&client.replies);
                replies.extend_from_slice(b"MESSAGE\n");
                replies.extend_from_slice(rest);
                drop(replies);
                client.wake.notify_one();
            }
            return;
        }
        let message = [b"MESSAGE\n", rest].concat();
        if rest.starts_with(b"destination:/topic/") {
            for node in read(&self.nodes).iter().flatten() {
                node.send(&message);
            }
        } else if let Some(number) = number_after(rest, b"\nmc_identity:node")
            && let Some(Some(node)) = read(&self.nodes).get(number)
        {
            node.send(&message);
        }
    }

    fn forget(&self, peer: &Arc<Peer>) {
        let is_it = |known: &mut Arc<Peer>| Arc::ptr_eq(known, peer);
        for place in write(&self.nodes).iter_mut() {
            drop(place.take_if(is_it));
        }
        drop(write(&self.client).take_if(is_it));
    }

    /// A line end to each node in every period, spread over it.
    async fn heartbeats(self: Arc<Self>) {
        const PARTS: u32 = 200;
        let mut tick = interval(HEARTBEAT / PARTS);
        for part in (0..PARTS as usize).cycle() {
            tick.tick().await;
            let nodes = read(&self.nodes);
            for node in nodes.iter().skip(part).step_by(PARTS as usize).flatten() {
                node.send(b"\n");
            }
        }
    }
}
