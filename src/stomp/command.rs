//! The first line of a frame.

/// A command of STOMP 1.0 to 1.2, client's and server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Opens a session.
    Connect,
    /// The same, since 1.1.
    Stomp,
    /// The server's answer to it.
    Connected,
    /// Carries a message to the server.
    Send,
    /// Asks for the messages of a destination.
    Subscribe,
    /// Ends that.
    Unsubscribe,
    /// Acknowledges a message.
    Ack,
    /// Refuses a message.
    Nack,
    /// Begins a transaction.
    Begin,
    /// Commits one.
    Commit,
    /// Aborts one.
    Abort,
    /// Ends the session.
    Disconnect,
    /// Carries a message to a subscriber.
    Message,
    /// Says that a frame with a `receipt` header was handled.
    Receipt,
    /// Says what went wrong.
    Error,
}

impl Command {
    /// Every command, for tables and tests.
    pub const ALL: [Self; 15] = [
        Self::Connect,
        Self::Stomp,
        Self::Connected,
        Self::Send,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Ack,
        Self::Nack,
        Self::Begin,
        Self::Commit,
        Self::Abort,
        Self::Disconnect,
        Self::Message,
        Self::Receipt,
        Self::Error,
    ];

    /// The command's line, without its line end.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Connected => "CONNECTED",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
            Self::Message => "MESSAGE",
            Self::Receipt => "RECEIPT",
            Self::Error => "ERROR",
        }
    }

    /// The command that a line names; commands are case sensitive.
    pub fn from_bytes(line: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|command| command.as_str().as_bytes() == line)
    }
}
