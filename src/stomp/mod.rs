//! STOMP 1.0, 1.1 and 1.2 frames as bytes, and nothing that reads a socket or a clock.
//!
//! `decode` takes frames off a buffer, `encode` writes them, `headers` finds a header in a frame
//! without copying it, `destination` knows MCollective's addresses, `heartbeat` keeps the two
//! deadlines of a session. Broker and connector are built on these.

mod command;
mod decode;
pub mod destination;
mod encode;
mod frame;
mod headers;
pub mod heartbeat;

pub use command::Command;
pub use decode::{DecodeError, Decoder, Item, Limits};
pub use encode::{Encoder, escape};
pub use frame::{Frame, Version};
pub use headers::{HeaderError, Headers};
