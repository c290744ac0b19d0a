//! The nodes that a call left out because it ended between two batches, as a list for `--nodes`.

use std::{
    fmt::{Display, Write as _},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{CommandError, Exit, render::stats::timestamp, voice::complain},
    client::{Account, Call},
    sys::{self, file::Mode},
};

/// How many lists are kept where the operator names no file.
const KEPT: usize = 20;

/// Writes the list, and says where it is. A file that the operator named is written even if the
/// list is empty, so that no older list is taken for it. Without a file and a home there is only
/// what the call shows.
pub(super) fn note(
    call: &Call,
    account: &Account,
    file: Option<&Path>,
) -> Result<(), CommandError> {
    let names: Vec<&str> = account.unasked.iter().map(AsRef::as_ref).collect();
    let path = match file {
        Some(file) => write(file, &list(call, account, &names))
            .map(|()| file.to_path_buf())
            .map_err(|why| CommandError::new(Exit::Software, cannot(&why)))?,
        None if names.is_empty() => return Ok(()),
        None => {
            let kept = place(account.id.as_str()).and_then(|path| {
                write(&path, &list(call, account, &names))?;
                Ok(path)
            });
            match kept {
                Ok(path) => path,
                Err(why) => {
                    complain(format_args!("warning: {}", cannot(&why)));
                    return Ok(());
                }
            }
        }
    };
    if !names.is_empty() {
        complain(format_args!(
            "Not asked: {}; ask them with `--nodes {}`",
            nodes(names.len()),
            path.display()
        ));
    }
    Ok(())
}

/// Refuses a file that can't be written, before anybody is asked anything.
pub(super) fn check(file: &Path) -> Result<(), CommandError> {
    let checked = sys::file::check_writable(file);
    checked.map_err(|why| CommandError::usage(cannot(&why)))
}

/// Why `--max-fail` ended a call between two batches.
pub(super) fn stopped(failures: usize, allowed: usize) -> String {
    format!(
        "Stopped: {} failed or did not answer, and --max-fail allows {allowed}",
        nodes(failures)
    )
}

fn nodes(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} node{plural}")
}

fn cannot(why: &dyn Display) -> String {
    format!("cannot write the list of nodes that were not asked: {why}")
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    sys::file::write_atomic(path, text.as_bytes(), Mode::KeepOr(0o600))
        .map_err(|error| error.to_string())
}

fn list(call: &Call, account: &Account, names: &[&str]) -> String {
    let mut text = format!(
        "# Not asked by {}#{}, request {}, of {}\n",
        call.agent,
        call.action,
        account.id,
        timestamp(account.started)
    );
    for name in names {
        let _infallible = writeln!(text, "{name}");
    }
    text
}

/// A new file in the state directory, where only the newest lists stay.
fn place(id: &str) -> Result<PathBuf, String> {
    let state = sys::paths::state_dir().ok_or("HOME is not set, or is not this user's")?;
    let dir = state.join("untouched");
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    forget_old(&dir, KEPT - 1);
    Ok(dir.join(format!("{id}.nodes")))
}

/// Removes all lists but the newest.
fn forget_old(dir: &Path, keep: usize) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let mut lists: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "nodes"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    lists.sort();
    let old = lists.len().saturating_sub(keep);
    for (_, path) in lists.into_iter().take(old) {
        // One that can't be removed does no harm.
        drop(fs::remove_file(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_lists_stay() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.nodes", "b.nodes", "c.nodes", "mine.txt"] {
            sys::file::write_new(&dir.path().join(name), b"", 0o600).unwrap();
        }
        forget_old(dir.path(), 1);
        let left = fs::read_dir(dir.path()).unwrap().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(left.contains(&"mine.txt".into()));
        forget_old(&dir.path().join("none"), 0);
    }
}
