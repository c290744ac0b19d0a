//! Tells agents which certificates count no more: the list of our own authority, to each that
//! subscribes at once, and to all when there is a newer one.

use super::{control::Control, effect::Subscribe, hub::Hub, message::Message, table::ConnectionId};
use crate::stomp::destination::REVOCATIONS;

impl Hub {
    /// The list as a message, where there is one.
    fn revocations(&self) -> Option<Message> {
        let rules = self.rules();
        let list = rules.settings.revocations.as_ref()?;
        let id = format!("revocations-{}", rules.generation);
        let times = &rules.settings.times;
        Some(Message::own(
            REVOCATIONS,
            &id,
            "application/x-pem-file",
            list,
            times,
        ))
    }

    /// Tells whoever has just subscribed.
    pub(super) fn tell_revocations(&self, to: ConnectionId, wish: &Subscribe) {
        if wish.destination != REVOCATIONS {
            return;
        }
        if let Some(message) = self.revocations() {
            self.router().tell(to, REVOCATIONS, &message);
        }
    }
}

impl Control {
    /// Tells all agents.
    pub(super) fn spread_revocations(&self) {
        if let Some(message) = self.hub.revocations() {
            let receivers = self.hub.router().receivers(REVOCATIONS);
            receivers.push(&message.bytes);
        }
    }
}
