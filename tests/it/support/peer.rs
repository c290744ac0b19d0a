//! A peer of a broker that speaks STOMP by hand, over TLS: for what no client of ours would do.

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

/// How long a broker may be silent before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to a broker.
pub(crate) struct Peer {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
    /// Frames that came before the one that was waited for.
    early: VecDeque<String>,
}

impl Peer {
    /// Over this connection; TLS begins with the first frame.
    pub(crate) fn over(stream: TcpStream, config: Arc<ClientConfig>) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let server = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(config, server).unwrap();
        Self {
            stream: StreamOwned::new(tls, stream),
            buffer: Vec::new(),
            early: VecDeque::new(),
        }
    }

    /// Finishes the TLS handshake.
    pub(crate) fn shake_hands(&mut self) -> io::Result<()> {
        while self.stream.conn.is_handshaking() {
            self.stream.conn.complete_io(&mut self.stream.sock)?;
        }
        Ok(())
    }

    /// Bytes of this connection that only its two ends know.
    pub(crate) fn exporter(&self, label: &[u8]) -> [u8; 32] {
        let exported = self
            .stream
            .conn
            .export_keying_material([0; 32], label, None);
        exported.unwrap()
    }

    /// All that comes until the broker hangs up.
    pub(crate) fn rest(&mut self) -> String {
        let mut text = Vec::new();
        // However it ends.
        drop(self.stream.read_to_end(&mut text));
        String::from_utf8(text).unwrap()
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub(crate) fn send(&mut self, text: &str) {
        self.try_send(text).unwrap();
    }

    /// The same, where the broker may have hung up.
    pub(crate) fn try_send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes())?;
        self.stream.flush()
    }

    /// CONNECT and its answer; `headers` are lines.
    #[track_caller]
    pub(crate) fn connect_with(&mut self, headers: &str) {
        self.send(&format!("CONNECT\naccept-version:1.1\n{headers}\n\0"));
        let welcome = self.frame();
        assert!(welcome.starts_with("CONNECTED\n"), "{welcome}");
    }

    /// Subscribes, and waits until the broker has done so.
    #[track_caller]
    pub(crate) fn subscribe(&mut self, destination: &str) {
        self.subscribe_with(destination, "");
    }

    /// The same with more headers, as lines.
    #[track_caller]
    pub(crate) fn subscribe_with(&mut self, destination: &str, headers: &str) {
        self.send(&format!(
            "SUBSCRIBE\nid:{destination}\ndestination:{destination}\nreceipt:subscribed\n{headers}\n\0"
        ));
        self.receipt("subscribed");
    }

    /// Sends a message; `headers` are lines.
    #[track_caller]
    pub(crate) fn publish(&mut self, destination: &str, headers: &str, body: &str) {
        self.send(&format!(
            "SEND\ndestination:{destination}\n{headers}\n{body}\0"
        ));
    }

    /// Sends a message and gives the number of deliveries.
    #[track_caller]
    pub(crate) fn deliver(&mut self, destination: &str, headers: &str, body: &str) -> usize {
        self.publish(destination, &format!("receipt:1\n{headers}"), body);
        let receipt = self.receipt("1");
        let (_, deliveries) = receipt.split_once("\ndeliveries:").expect(&receipt);
        deliveries.lines().next().unwrap().parse().unwrap()
    }

    /// Waits for a receipt; what comes before it is kept.
    #[track_caller]
    fn receipt(&mut self, id: &str) -> String {
        loop {
            let frame = self.read_frame().unwrap().expect("the broker hung up");
            if frame.contains(&format!("\nreceipt-id:{id}\n")) {
                return frame;
            }
            self.early.push_back(frame);
        }
    }

    /// The next frame, without the NUL.
    #[track_caller]
    pub(crate) fn frame(&mut self) -> String {
        let frame = self.try_frame().unwrap();
        frame.expect("the broker hung up")
    }

    /// The next frame; none at the end of the stream.
    pub(crate) fn try_frame(&mut self) -> io::Result<Option<String>> {
        match self.early.pop_front() {
            Some(frame) => Ok(Some(frame)),
            None => self.read_frame(),
        }
    }

    fn read_frame(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == 0) {
                let frame: Vec<u8> = self.buffer.drain(..=end).collect();
                let text = String::from_utf8_lossy(&frame);
                let text = text.trim_start_matches('\n').trim_end_matches('\0');
                return Ok(Some(text.to_owned()));
            }
            let mut bytes = [0; 16 * 1024];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(count) => self.buffer.extend(&bytes[..count]),
                // A broker that has cut us does not always say goodbye in TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes everything up to the end of the stream, and gives the last frame.
    #[track_caller]
    pub(crate) fn last_frame(&mut self) -> Option<String> {
        let mut last = None;
        while let Some(frame) = self.try_frame().unwrap() {
            last = Some(frame);
        }
        last
    }

    /// Waits for an ERROR frame that holds a text, and for the end of the session.
    #[track_caller]
    pub(crate) fn is_told(&mut self, text: &str) -> String {
        let last = self.last_frame().expect("not a word");
        assert!(last.starts_with("ERROR\n"), "{last}");
        assert!(last.contains(text), "{text:?} is not in {last}");
        last
    }
}
