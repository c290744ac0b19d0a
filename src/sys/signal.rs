//! The signals that a role listens to, as one stream.
//!
//! What a signal means is the role's business; here they only get names.
#![allow(unsafe_code, reason = "setting a signal's disposition")]

use std::io;

use nix::sys::signal::{SigHandler, Signal as Number, signal};
use tokio::signal::unix::{self, SignalKind};

/// Something that the outside asks of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// INT: a person pressed ^C.
    Interrupt,
    /// TERM: stop.
    Terminate,
    /// HUP: read the configuration and the certificates again.
    Reload,
    /// USR1: in the original, load the agents again.
    Usr1,
    /// USR2: in the original, go to the next log level.
    Usr2,
}

impl Signal {
    /// Whether the process is asked to end.
    pub fn is_stop(self) -> bool {
        matches!(self, Self::Interrupt | Self::Terminate)
    }

    /// The exit status that a shell reports of a process ended by this signal.
    pub fn exit_status(self) -> u8 {
        128 + match self {
            Self::Reload => 1,
            Self::Interrupt => 2,
            Self::Usr1 => 10,
            Self::Usr2 => 12,
            Self::Terminate => 15,
        }
    }
}

/// The signals as they come in. From `listen` on none of them ends the process by itself.
#[derive(Debug)]
pub struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    reload: unix::Signal,
    usr1: unix::Signal,
    usr2: unix::Signal,
}

impl Signals {
    /// Begins to listen. Needs a tokio runtime with IO enabled.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            reload: unix::signal(SignalKind::hangup())?,
            usr1: unix::signal(SignalKind::user_defined1())?,
            usr2: unix::signal(SignalKind::user_defined2())?,
        })
    }

    /// Waits for the next one. Safe to drop and call again: no signal is lost.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            Some(()) = self.terminate.recv() => Signal::Terminate,
            Some(()) = self.interrupt.recv() => Signal::Interrupt,
            Some(()) = self.reload.recv() => Signal::Reload,
            Some(()) = self.usr1.recv() => Signal::Usr1,
            Some(()) = self.usr2.recv() => Signal::Usr2,
            // The streams end with the runtime's driver, and then nobody polls this any more.
            else => std::future::pending().await,
        }
    }
}

/// Lets a closed pipe end the process without a word, as `mco ... | head` expects. For the client
/// only: in a daemon a peer that hangs up must be an error of one write.
pub fn default_sigpipe() -> io::Result<()> {
    // SAFETY: the default action is no handler, so nothing can run in a signal's context.
    unsafe { signal(Number::SIGPIPE, SigHandler::SigDfl) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn signals_arrive_under_their_names() {
        let mut signals = Signals::listen().unwrap();
        for (number, name) in [
            (Number::SIGHUP, Signal::Reload),
            (Number::SIGUSR1, Signal::Usr1),
            (Number::SIGUSR2, Signal::Usr2),
            (Number::SIGINT, Signal::Interrupt),
            (Number::SIGTERM, Signal::Terminate),
        ] {
            nix::sys::signal::raise(number).unwrap();
            assert_eq!(signals.next().await, name);
            assert_eq!(i32::from(name.exit_status()), 128 + number as i32);
        }
    }

    #[test]
    fn only_int_and_term_stop() {
        let all = [
            Signal::Interrupt,
            Signal::Terminate,
            Signal::Reload,
            Signal::Usr1,
            Signal::Usr2,
        ];
        let stops: Vec<_> = all.into_iter().filter(|signal| signal.is_stop()).collect();
        assert_eq!(stops, [Signal::Interrupt, Signal::Terminate]);
    }
}
