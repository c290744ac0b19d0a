//! Whether a person is watching, and how wide the window is.
#![allow(unsafe_code, reason = "the ioctl that asks a terminal for its size")]

use std::{
    env,
    io::{self, IsTerminal as _},
    os::fd::AsRawFd,
};

use nix::libc;

/// Whether standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Columns of the terminal on standard output, or else on standard error; `COLUMNS` wins.
/// `None` where neither is a terminal.
pub fn width() -> Option<usize> {
    let ask = || columns(&io::stdout()).or_else(|| columns(&io::stderr()));
    let terminal = stdout_is_terminal() || stderr_is_terminal();
    terminal.then(|| given(env::var("COLUMNS").ok().as_deref()).or_else(ask))?
}

fn given(text: Option<&str>) -> Option<usize> {
    text?
        .trim()
        .parse()
        .ok()
        .filter(|columns| (1..=10_000).contains(columns))
}

fn columns(terminal: &impl AsRawFd) -> Option<usize> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one `winsize`, which `size` is, and keeps no pointer to it.
    let result = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) };
    (result == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_the_environment_must_make_sense() {
        assert_eq!(given(Some("100")), Some(100));
        for bad in [
            Some("0"),
            Some("wide"),
            Some("-1"),
            Some("99999999"),
            Some(""),
            None,
        ] {
            assert_eq!(given(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_file_has_no_columns() {
        assert_eq!(columns(&std::fs::File::open("/dev/null").unwrap()), None);
    }
}
