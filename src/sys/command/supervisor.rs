//! The task behind a running command: waits for its end, or brings it about.
//!
//! The program stays unreaped until nothing of its session is left, as a process id can't be given
//! to somebody else before: no signal can reach a stranger. Its end is noticed by SIGCHLD and asked
//! with `WNOWAIT`; newer ways need newer kernels than the nodes of an old fleet have.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Child, ExitStatus},
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::wait::{Id, WaitPidFlag, WaitStatus, waitid},
    unistd::Pid,
};
use tokio::{signal::unix::Signal, sync::oneshot, time::Instant};

use super::{Capture, Ended, Hold, Status};
use crate::sys::process::{self, Force};

pub(super) struct Supervisor {
    pub(super) leader: Leader,
    /// SIGCHLD, from before the program was started.
    pub(super) children: Signal,
    /// An order to stop; closed when nobody waits any more.
    pub(super) orders: oneshot::Receiver<()>,
    pub(super) grace: Duration,
    pub(super) output: Capture,
    pub(super) ended: oneshot::Sender<Ended>,
    pub(super) hold: Option<Hold>,
}

impl Supervisor {
    pub(super) async fn run(mut self) {
        let leave = self.leader.leave;
        let stopped = tokio::select! {
            // A command that has ended is not stopped.
            biased;
            () = self.leader.ended(&mut self.children) => false,
            () = unwanted(&mut self.orders, leave) => true,
            () = self.output.keep_small() => false,
        };
        if stopped {
            self.stop().await;
        }
        let status = self.leader.reap();
        let [stdout, stderr] = self.output.finish().await;
        let ended = Ended {
            status,
            stopped,
            stdout,
            stderr,
        };
        drop(self.hold);
        // Nobody may be waiting.
        self.ended.send(ended).ok();
    }

    /// Ends everything in the session. Returns when nothing of it is alive.
    async fn stop(&mut self) {
        self.leader.signal(Force::Ask);
        let until = Instant::now() + self.grace;
        let mut pause = FIRST_LOOK;
        let mut killing = false;
        loop {
            if self.leader.has_ended() && self.leader.groups().is_empty() {
                return;
            }
            if killing || Instant::now() >= until {
                // Again and again: who is killed may just have had a child.
                self.leader.signal(Force::Kill);
                if !killing {
                    (killing, pause) = (true, FIRST_LOOK);
                }
            }
            // Only the end of the leader is told; the others are looked at.
            let next = if killing {
                Instant::now() + pause
            } else {
                until.min(Instant::now() + pause)
            };
            tokio::select! {
                _ = self.children.recv() => {}
                () = tokio::time::sleep_until(next) => {}
            }
            pause = (pause * 2).min(LAST_LOOK);
        }
    }
}

/// Returns when the command is to be stopped.
async fn unwanted(orders: &mut oneshot::Receiver<()>, leave: bool) {
    if orders.await.is_err() && leave {
        std::future::pending::<()>().await;
    }
}

/// The program itself, which leads a session.
pub(super) struct Leader {
    child: Child,
    leave: bool,
    reaped: bool,
}

impl Leader {
    pub(super) const fn new(child: Child, leave: bool) -> Self {
        Self {
            child,
            leave,
            reaped: false,
        }
    }

    async fn ended(&self, children: &mut Signal) {
        while !self.has_ended() {
            if children.recv().await.is_none() {
                // The runtime's driver is gone, and so will this task be.
                return std::future::pending().await;
            }
        }
    }

    /// Whether it has ended; it is not reaped by that.
    fn has_ended(&self) -> bool {
        let Ok(pid) = i32::try_from(self.child.id()) else {
            return true;
        };
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        loop {
            match waitid(Id::Pid(Pid::from_raw(pid)), look) {
                Ok(WaitStatus::StillAlive) => return false,
                Err(Errno::EINTR) => {}
                // Ended, or reaped by somebody else.
                Ok(_) | Err(_) => return true,
            }
        }
    }

    /// The process groups of the session in which somebody is alive.
    fn groups(&self) -> Vec<u32> {
        process::session_groups(self.child.id()).unwrap_or_default()
    }

    fn signal(&self, force: Force) {
        let mut groups = self.groups();
        if !groups.contains(&self.child.id()) {
            groups.push(self.child.id());
        }
        for group in groups {
            // A group that is gone already is what was wanted, and no other error is possible for
            // a process that is ours, or for root.
            if let Err(error) = process::end_group(group, force) {
                tracing::warn!("can't end process group {group}: {error}");
            }
        }
    }

    fn reap(&mut self) -> Status {
        self.reaped = true;
        self.child
            .try_wait()
            .ok()
            .flatten()
            .map_or(Status::Unknown, status)
    }
}

impl Drop for Leader {
    /// The runtime is ending: nobody can wait any more.
    fn drop(&mut self) {
        if self.reaped || self.leave {
            return;
        }
        self.signal(Force::Kill);
        // If it takes its time, it is reaped by whoever inherits it from us.
        drop(self.child.try_wait());
    }
}

fn status(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Exited(code),
        (None, Some(signal)) => Status::Signalled(signal),
        (None, None) => Status::Unknown,
    }
}

/// The first look at a session that is being stopped comes after this, and each later one after
/// twice the time.
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LAST_LOOK: Duration = Duration::from_secs(1);
