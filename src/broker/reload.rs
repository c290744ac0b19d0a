//! Other rules for a running broker: nobody is dropped who is still allowed.
//!
//! New rules count at once for whoever comes. A connection notices them when it wakes for any
//! reason; those that have nothing to do are woken a few at a time, as each has its certificate
//! checked again, which for a whole fleet at once would hold up its messages.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{control::Control, hub::Hub, settings::Settings};

/// Connections woken in one go.
const AT_ONCE: usize = 32;

/// The time between two goes.
const PAUSE: Duration = Duration::from_millis(10);

impl Control {
    /// Lets other settings hold. Gives what of them can't change while the broker runs, in words.
    /// Has to be called within a tokio runtime.
    pub fn reload(&self, settings: Settings) -> Vec<String> {
        let mut remarks = Vec::new();
        let hub = &self.hub;
        let old = hub.rules();
        let mut settings = settings;
        let addresses = |settings: &Settings| -> Vec<_> {
            let listen = settings.listen.iter();
            listen.map(|l| (l.address, l.tls.is_some())).collect()
        };
        if addresses(&settings) != addresses(&old.settings) {
            remarks.push(
                "listen and plain_listen stay as they are until the broker is started again".into(),
            );
        }
        let tls = |settings: &Settings| {
            let mut listen = settings.listen.iter();
            listen.find_map(|l| l.tls.clone())
        };
        if let (Some(new), Some(_)) = (tls(&settings), tls(&old.settings)) {
            for listen in &old.settings.listen {
                if let Some(tls) = &listen.tls {
                    tls.server.store(new.server.load_full());
                }
            }
        }
        settings.listen.clone_from(&old.settings.listen);
        settings.name.clone_from(&old.settings.name);
        let newer_list = settings.revocations != old.settings.revocations;
        hub.replace_rules(old.next(settings));
        if newer_list {
            self.spread_revocations();
        }
        tokio::spawn(wake(Arc::clone(hub)));
        remarks
    }
}

/// Lets every connection look at the rules.
async fn wake(hub: Arc<Hub>) {
    let outbounds = hub.router().outbounds();
    for few in outbounds.chunks(AT_ONCE) {
        for outbound in few {
            outbound.wake();
        }
        sleep(PAUSE).await;
    }
}
