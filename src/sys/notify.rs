//! Tells systemd how a service is doing (`sd_notify`): ready, stopping, alive, and a line of text.
//!
//! Outside systemd every call does nothing. Sending never fails the caller: a service does its work
//! whether or not somebody listens. It waits for a moment where the manager has more to read than it
//! can hold, which is ten messages on some machines: without `READY=1` a service is taken for one
//! that does not start, and without `WATCHDOG=1` for dead.

use std::{
    env,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram},
    },
    process,
    time::Duration,
};

use crate::text;

/// The line to the service manager.
#[derive(Debug, Default)]
pub struct Notifier {
    line: Option<(UnixDatagram, SocketAddr)>,
}

/// How long the manager may be busy.
const PATIENCE: Duration = Duration::from_secs(1);

impl Notifier {
    /// The service manager that started this process, if it wants to be told.
    pub fn from_env() -> Self {
        env::var("NOTIFY_SOCKET").map_or_else(|_| Self::default(), |name| Self::to(&name))
    }

    /// A manager that listens at `name`: a path, or `@` and an abstract name.
    pub fn to(name: &str) -> Self {
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(name),
        };
        let open = || -> std::io::Result<_> {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok((socket, address?))
        };
        Self { line: open().ok() }
    }

    /// The service does its work from now on.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// The service begins to read its configuration again, and is `ready` when that is done. For
    /// units of `Type=notify-reload`.
    pub fn reloading(&self) {
        let now = super::clock::monotonic_us();
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={now}"));
    }

    /// The service is ending on purpose.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// The service is alive; due every `watchdog_interval`.
    pub fn watchdog(&self) {
        self.send("WATCHDOG=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&self, text: &str) {
        self.send(&format!("STATUS={}", text::line(text)));
    }

    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.line {
            // A manager that is gone or hangs is not this service's concern.
            let _sent = socket.send_to_addr(message.as_bytes(), address);
        }
    }
}

/// How often the manager has to hear that the service is alive, if it watches this process: four
/// times in the time after which it takes the service for dead, as a word may be lost, and one at its
/// very end may come too late.
pub fn watchdog_interval() -> Option<Duration> {
    let variable = |name| env::var(name).ok();
    interval(
        variable("WATCHDOG_USEC").as_deref(),
        variable("WATCHDOG_PID").as_deref(),
    )
}

fn interval(micros: Option<&str>, pid: Option<&str>) -> Option<Duration> {
    let ours = pid.is_none_or(|pid| pid.parse() == Ok(process::id()));
    let micros = micros?.parse().ok().filter(|micros| *micros > 0 && ours)?;
    Some(Duration::from_micros(micros) / 4)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_manager_hears_each_message() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::to(path.to_str().unwrap());
        notifier.ready();
        notifier.status("two\nlines");
        notifier.watchdog();
        notifier.stopping();
        notifier.reloading();
        let mut buffer = [0; 64];
        for expected in ["READY=1", r"STATUS=two\nlines", "WATCHDOG=1", "STOPPING=1"] {
            let length = manager.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], expected.as_bytes());
        }
        let length = manager.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let since = text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(since.parse::<u64>().unwrap() > 0);
    }

    #[test]
    fn a_busy_manager_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        // More than it can hold.
        let held: usize = fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen")
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        manager.set_read_timeout(Some(PATIENCE * 10)).unwrap();
        let notifier = Notifier::to(path.to_str().unwrap());
        for _ in 0..held {
            notifier.watchdog();
        }
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 64];
            for _ in 0..held + 5 {
                manager.recv(&mut buffer).unwrap();
            }
        });
        for _ in 0..5 {
            notifier.watchdog();
        }
        reader.join().unwrap();
    }

    #[test]
    fn an_abstract_name_is_understood() {
        let name = format!("mco-notify-test-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        Notifier::to(&format!("@{name}")).ready();
        let mut buffer = [0; 64];
        assert_eq!(manager.recv(&mut buffer).unwrap(), 7);
    }

    #[test]
    fn nobody_listening_is_no_error() {
        Notifier::default().ready();
        Notifier::to("/nonexistent/socket").ready();
        Notifier::to(&"x".repeat(500)).ready();
    }

    #[test]
    fn the_watchdog_is_only_for_the_process_it_names() {
        let pid = process::id().to_string();
        assert_eq!(
            interval(Some("3000000"), None),
            Some(Duration::from_millis(750))
        );
        assert_eq!(
            interval(Some("3000000"), Some(&pid)),
            Some(Duration::from_millis(750))
        );
        assert_eq!(interval(Some("3000000"), Some("1")), None);
        assert_eq!(interval(Some("0"), None), None);
        assert_eq!(interval(Some("soon"), None), None);
        assert_eq!(interval(None, None), None);
    }
}
