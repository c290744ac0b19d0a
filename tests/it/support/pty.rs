//! The program on a terminal.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use nix::{
    pty::{Winsize, openpty},
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A process whose input, output and errors are one terminal of 100 columns.
pub(crate) struct OnTerminal {
    child: Child,
    master: File,
    seen: String,
}

impl OnTerminal {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let size = Winsize {
            ws_row: 30,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).unwrap();
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = command
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .unwrap();
        // The command holds them too, and an end is only seen when nobody does.
        drop(command);
        Self {
            child,
            master: pty.master.into(),
            seen: String::new(),
        }
    }

    /// Reads until a text has come.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.read(), "no {text:?} in {:?}", self.seen);
        }
    }

    /// Types.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// Everything until it ends, and its exit code.
    pub(crate) fn end(mut self) -> (String, Option<i32>) {
        while self.read() {}
        (self.seen, self.child.wait().unwrap().code())
    }

    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        // A terminal without processes is an error, and that is the end.
        let count = self.master.read(&mut bytes).unwrap_or(0);
        self.seen += &String::from_utf8_lossy(&bytes[..count]);
        count > 0
    }
}
