//! The two deadlines of a session with heart-beats (STOMP 1.1 and 1.2, "Heart-beating").

use std::time::{Duration, Instant};

/// What one side of a session offers: how often it can send, how often it wants to hear.
/// Zero is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The shortest time between heart-beats that it can send, in milliseconds.
    pub send_ms: u32,
    /// The longest time between heart-beats that it wants to bear, in milliseconds.
    pub receive_ms: u32,
}

impl Offer {
    /// Reads a `heart-beat` header, `<send>,<receive>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (send, receive) = text.split_once(',')?;
        Some(Self {
            send_ms: send.trim().parse().ok()?,
            receive_ms: receive.trim().parse().ok()?,
        })
    }

    /// What is agreed with a peer that made the offer `other`.
    pub fn agree(self, other: Self) -> Agreement {
        let either = |ours: u32, theirs: u32| {
            (ours > 0 && theirs > 0).then(|| Duration::from_millis(u64::from(ours.max(theirs))))
        };
        Agreement {
            send: either(self.send_ms, other.receive_ms),
            receive: either(self.receive_ms, other.send_ms),
        }
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{}", self.send_ms, self.receive_ms)
    }
}

/// What both sides agreed on, seen from ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// We send something at least this often.
    pub send: Option<Duration>,
    /// The peer sends something at least this often.
    pub receive: Option<Duration>,
}

/// Watches one session.
#[derive(Clone, Copy, Debug)]
pub struct HeartBeat {
    agreement: Agreement,
    sent: Instant,
    received: Instant,
}

/// What a session's clock asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send a line end.
    Send,
    /// The peer has been silent for twice the agreed time: the session is dead.
    Dead,
}

impl HeartBeat {
    /// Starts both clocks.
    pub fn new(agreement: Agreement, now: Instant) -> Self {
        Self {
            agreement,
            sent: now,
            received: now,
        }
    }

    /// Notes that bytes were sent.
    pub fn handle_sent(&mut self, now: Instant) {
        self.sent = now;
    }

    /// Notes that bytes arrived.
    pub fn handle_received(&mut self, now: Instant) {
        self.received = now;
    }

    /// What is due, if anything. Tolerates twice the agreed silence, for delays on the way.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        if let Some(receive) = self.agreement.receive
            && now.saturating_duration_since(self.received) >= receive * 2
        {
            return Some(Due::Dead);
        }
        if let Some(send) = self.agreement.send
            && now.saturating_duration_since(self.sent) >= send
        {
            self.sent = now;
            return Some(Due::Send);
        }
        None
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let send = self.agreement.send.map(|every| self.sent + every);
        let dead = self
            .agreement
            .receive
            .map(|every| self.received + every * 2);
        match (send, dead) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_wish_counts_and_zero_is_never() {
        let ours = Offer {
            send_ms: 10_000,
            receive_ms: 20_000,
        };
        let theirs = Offer::parse("30500, 29500").unwrap();
        assert_eq!(
            ours.agree(theirs),
            Agreement {
                send: Some(Duration::from_millis(29_500)),
                receive: Some(Duration::from_millis(30_500))
            }
        );
        assert_eq!(ours.agree(Offer::default()), Agreement::default());
        for bad in ["", "1", "a,b", "-1,2", "99999999999,1"] {
            assert_eq!(Offer::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn sends_in_time_and_notices_silence() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let agreement = Agreement {
            send: Some(Duration::from_millis(100)),
            receive: Some(Duration::from_millis(150)),
        };
        let mut session = HeartBeat::new(agreement, start);
        assert_eq!(session.poll_timeout(), Some(after(100)));
        assert_eq!(session.handle_timeout(after(99)), None);
        assert_eq!(session.handle_timeout(after(100)), Some(Due::Send));
        session.handle_received(after(120));
        assert_eq!(session.handle_timeout(after(200)), Some(Due::Send));
        assert_eq!(session.handle_timeout(after(420)), Some(Due::Dead));
    }
}
