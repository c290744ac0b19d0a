//! Whether standard input is meant for this command, found out without reading it: what was merely
//! inherited must neither hang a command nor lose what is meant for somebody else, and a list of
//! nodes that is meant for it must never be passed over.

use std::{
    fs::{self, File},
    io::{self, Seek as _},
    os::{
        fd::{AsFd as _, AsRawFd as _},
        unix::fs::{FileTypeExt as _, MetadataExt as _},
    },
    path::Path,
    time::{Duration, Instant},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What standard input is to this command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing: no pipe and no file, or one that nobody has written to.
    Nothing,
    /// Something waits that may be meant for another: our parent has that pipe or file, too, or the
    /// pipe's end is not in sight.
    Unclear,
    /// A pipe or a file that was made for this command, to be read to its end.
    Ours,
}

/// Looks at standard input, and takes nothing out of it. Where it can't be seen who it is for, the
/// other end has so much time to write.
pub fn input(patience: Duration) -> Input {
    look(patience).unwrap_or(Input::Nothing)
}

fn look(patience: Duration) -> io::Result<Input> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let about = input.metadata()?;
    let maker = maker();
    if about.file_type().is_file() {
        // Some shells take on what follows `<` themselves. What has been read from is theirs.
        let untouched = about.len() > 0 && (&input).stream_position()? == 0;
        return Ok(match maker {
            Some(_) => Input::Ours,
            None if untouched => Input::Unclear,
            None => Input::Nothing,
        });
    }
    if !about.file_type().is_fifo() {
        return Ok(Input::Nothing);
    }
    // A name may stand for a pipe that others keep open.
    let in_pipeline = maker == Some(Maker::Shell) && !has_name(&input);
    if in_pipeline || (maker.is_some() && is_written_by_us(about.ino())) {
        return Ok(Input::Ours);
    }
    let end = Instant::now() + patience;
    let mut waited = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    poll(
        &mut waited,
        PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO),
    )?;
    let events = waited[0].revents().unwrap_or(PollFlags::empty());
    if !events.contains(PollFlags::POLLIN) {
        return Ok(Input::Nothing);
    }
    let ended = events.contains(PollFlags::POLLHUP) || ends_by(&input, end)?;
    Ok(match maker {
        Some(_) if ended => Input::Ours,
        _ => Input::Unclear,
    })
}

/// Whether the last writer to a pipe goes away by then.
fn ends_by(input: &File, end: Instant) -> io::Result<bool> {
    let left = end.saturating_duration_since(Instant::now());
    // Without events asked for, only the end is one.
    let mut waited = [PollFd::new(input.as_fd(), PollFlags::empty())];
    let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
    Ok(poll(&mut waited, left)? > 0)
}

/// Who gave us a standard input other than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// By `|` or `<`: somebody wanted this command to read it.
    Shell,
    /// Many programs give a pipe to whatever they start, and write nothing.
    Program,
}

/// Finds out who made our standard input for us. Nobody did where it is our parent's: that one may
/// want to read on, as the shell of a `while read` does. So it is where that can't be told.
fn maker() -> Option<Maker> {
    let input = |process: &str| fs::read_link(format!("/proc/{process}/fd/0"));
    let starter = starter();
    let (Ok(ours), Ok(parents)) = (input("self"), input(&starter)) else {
        return None;
    };
    if ours == parents {
        return None;
    }
    let name = fs::read_to_string(format!("/proc/{starter}/comm")).unwrap_or_default();
    Some(if SHELLS.contains(&name.trim_end()) {
        Maker::Shell
    } else {
        Maker::Program
    })
}

const SHELLS: [&str; 14] = [
    "sh", "bash", "dash", "zsh", "fish", "ksh", "ksh93", "mksh", "ash", "busybox", "yash", "csh",
    "tcsh", "rbash",
];

fn has_name(pipe: &File) -> bool {
    let link = fs::read_link(format!("/proc/self/fd/{}", pipe.as_raw_fd()));
    !link.is_ok_and(|link| link.as_os_str().as_encoded_bytes().starts_with(b"pipe:"))
}

/// Programs that run one command, and leave their standard input to it.
const WRAPPERS: [&str; 5] = ["timeout", "sudo", "doas", "time", "strace"];

/// How many of them may stand one in the other; `sudo` alone may be two.
const MOST_WRAPPERS: usize = 6;

/// Our parent, or who started the wrapper around us.
fn starter() -> String {
    let read = |process: &str, what: &str| fs::read_to_string(format!("/proc/{process}/{what}"));
    let mut process = std::os::unix::process::parent_id().to_string();
    for _ in 0..MOST_WRAPPERS {
        let name = read(&process, "comm").unwrap_or_default();
        if !WRAPPERS.contains(&name.trim_end()) {
            break;
        }
        let about = read(&process, "stat").unwrap_or_default();
        // State and parent stand behind the name, which may hold anything.
        let behind = about.rsplit(')').next().unwrap_or_default();
        match behind.split_whitespace().nth(1) {
            Some(parent) => parent.clone_into(&mut process),
            None => break,
        }
    }
    process
}

/// Whether a process of this program has the pipe as its standard output.
fn is_written_by_us(pipe: u64) -> bool {
    let Ok(program) = fs::metadata("/proc/self/exe") else {
        return false;
    };
    let wanted = format!("pipe:[{pipe}]");
    let writes = |process: &Path| {
        fs::read_link(process.join("fd/1"))
            .is_ok_and(|target| target.as_os_str() == wanted.as_str())
    };
    let is_ours = |process: &Path| {
        fs::metadata(process.join("exe"))
            .is_ok_and(|exe| (exe.dev(), exe.ino()) == (program.dev(), program.ino()))
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .iter()
                .all(u8::is_ascii_digit)
        })
        .any(|entry| writes(&entry.path()) && is_ours(&entry.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_has_no_name_and_is_not_ours() {
        let (reader, _writer) = io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(reader));
        assert!(!has_name(&pipe));
        assert!(!is_written_by_us(pipe.metadata().unwrap().ino()));
        assert!(has_name(&tempfile::tempfile().unwrap()));
    }
}
