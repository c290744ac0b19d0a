//! What waits in a pipe on standard input, found out without reading it: a pipe that was merely
//! inherited must neither hang a command nor lose what is meant for somebody else.
#![allow(
    unsafe_code,
    reason = "tee(2), which copies out of a pipe without taking"
)]

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _},
    os::{
        fd::{AsFd as _, AsRawFd as _},
        unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _},
    },
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

/// What is at the other end of standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piped {
    /// Another process of this program writes to it.
    FromUs,
    /// No pipe, or nothing in it yet.
    Nothing,
    /// Something else has written; these are its first bytes, still unread.
    Waiting(Vec<u8>),
    /// The same, and nobody but us can be meant to read it: a file, a pipe whose writer has ended, or
    /// one from another process of our pipeline.
    Whole(Vec<u8>),
}

/// How often to look whether the other end has become one of us: a shell starts both ends of a
/// pipe at once, and ours may be the faster.
const STEP: u8 = 5;

/// Looks at standard input, for so long while there is nothing to see; where that is any time at all
/// and it is the end of a pipeline, until there is.
pub fn piped(patience: Duration) -> Piped {
    look(patience).unwrap_or(Piped::Nothing)
}

fn look(patience: Duration) -> io::Result<Piped> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let about = input.metadata()?;
    let inherited = is_inherited();
    if about.file_type().is_file() && !inherited {
        let text = rest_of_file(&input)?;
        return Ok(if text.is_empty() {
            Piped::Nothing
        } else {
            Piped::Whole(text)
        });
    }
    if !about.file_type().is_fifo() {
        return Ok(Piped::Nothing);
    }
    let end = Instant::now() + patience;
    let mut expected = false;
    loop {
        match writer(about.ino()) {
            Some(Writer::Us) => return Ok(Piped::FromUs),
            // A pipeline: what its other end has to say is meant for us, however late it comes.
            Some(Writer::Neighbour) => expected = !inherited && !patience.is_zero(),
            None => {}
        }
        let mut waited = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut waited, PollTimeout::from(STEP))?;
        let events = waited.first().and_then(PollFd::revents);
        let events = events.unwrap_or(PollFlags::empty());
        if ready > 0 && events.contains(PollFlags::POLLIN) {
            let ended = expected
                || (!inherited && (events.contains(PollFlags::POLLHUP) || ends_by(&input, end)?));
            let text = first_bytes(&input)?;
            return Ok(if ended {
                Piped::Whole(text)
            } else {
                Piped::Waiting(text)
            });
        }
        // A closed pipe stays as it is.
        if ready > 0 || (!expected && Instant::now() >= end) {
            return Ok(Piped::Nothing);
        }
    }
}

/// Whether the last writer to a pipe goes away by then.
fn ends_by(input: &File, end: Instant) -> io::Result<bool> {
    let left = end.saturating_duration_since(Instant::now());
    // Without events asked for, only the end is one.
    let mut waited = [PollFd::new(input.as_fd(), PollFlags::empty())];
    let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
    Ok(poll(&mut waited, left)? > 0)
}

/// Whether standard input is our parent's, who may want to read on, as the shell of a `while read`
/// does. Where that can't be told it is.
fn is_inherited() -> bool {
    let input = |process: &str| fs::read_link(format!("/proc/{process}/fd/0"));
    match (input("self"), input(&starter())) {
        (Ok(ours), Ok(parents)) => ours == parents,
        _ => true,
    }
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

/// Who has a pipe as its standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// A process of this program.
    Us,
    /// Another one, and not our parent: that one may hold the pipe and never write.
    Neighbour,
}

fn writer(pipe: u64) -> Option<Writer> {
    let program = fs::metadata("/proc/self/exe").ok()?;
    let parent = starter();
    let wanted = format!("pipe:[{pipe}]");
    let writes = |process: &Path| {
        fs::read_link(process.join("fd/1"))
            .is_ok_and(|target| target.as_os_str() == wanted.as_str())
    };
    let is_ours = |process: &Path| {
        fs::metadata(process.join("exe"))
            .is_ok_and(|exe| (exe.dev(), exe.ino()) == (program.dev(), program.ino()))
    };
    let mut found = None;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name();
        let number = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        if !number || !writes(&entry.path()) {
            continue;
        }
        if is_ours(&entry.path()) {
            return Some(Writer::Us);
        }
        if name.as_encoded_bytes() != parent.as_bytes() {
            found = Some(Writer::Neighbour);
        }
    }
    found
}

/// How much of the beginning is looked at.
const MOST: usize = 256;

/// The first bytes of what is left of a file, which is not read on.
fn rest_of_file(mut input: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; MOST];
    let count = input.read_at(&mut bytes, input.stream_position()?)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// The first bytes of what is in the pipe, which stays in it.
fn first_bytes(input: &File) -> io::Result<Vec<u8>> {
    let (reader, writer) = io::pipe()?;
    // SAFETY: both descriptors are open pipes during the call, which touches no memory of ours.
    let copied = unsafe {
        libc::tee(
            input.as_raw_fd(),
            writer.as_raw_fd(),
            MOST,
            libc::SPLICE_F_NONBLOCK,
        )
    };
    if copied < 0 {
        return Err(io::Error::last_os_error());
    }
    drop(writer);
    let mut bytes = Vec::with_capacity(MOST);
    reader.take(MOST as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn looking_takes_nothing() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"[\"web1\"]\n").unwrap();
        drop(writer);
        let mut input = File::from(std::os::fd::OwnedFd::from(reader));
        assert_eq!(first_bytes(&input).unwrap(), b"[\"web1\"]\n");
        let mut text = String::new();
        input.read_to_string(&mut text).unwrap();
        assert_eq!(text, "[\"web1\"]\n");
    }

    #[test]
    fn a_file_is_looked_at_from_where_it_was_read_to() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\ntwo\n").unwrap();
        file.seek(io::SeekFrom::Start(4)).unwrap();
        assert_eq!(rest_of_file(&file).unwrap(), b"two\n");
        assert_eq!(file.stream_position().unwrap(), 4);
        file.seek(io::SeekFrom::End(0)).unwrap();
        assert_eq!(rest_of_file(&file).unwrap(), b"");
    }

    #[test]
    fn a_pipe_of_another_program_is_not_ours() {
        let (reader, _writer) = io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(reader));
        assert_eq!(writer(pipe.metadata().unwrap().ino()), None);
    }
}
