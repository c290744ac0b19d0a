//! The machine's own programs that `enable` needs: for users and for services.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::problem::Problem;
use crate::sys::file;

/// A user of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// How it is called.
    pub(super) name: String,
    /// Where it lives.
    pub(super) home: PathBuf,
    /// Its number.
    pub(super) uid: u32,
    /// Its group.
    pub(super) gid: u32,
}

impl Account {
    /// The administrator.
    pub(super) fn root() -> Self {
        Self {
            name: "root".into(),
            home: "/root".into(),
            uid: 0,
            gid: 0,
        }
    }

    /// Whether this is the administrator.
    pub(super) const fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// Runs a program to its end. What it says comes back; a failure has its last words.
pub(super) fn run(program: &str, arguments: &[&str]) -> Result<String, Problem> {
    let output = Command::new(program)
        .args(arguments)
        .env_clear()
        .env(
            "PATH",
            "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
        )
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Problem::failed(format_args!("can't run {program}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    Err(Problem::failed(format_args!(
        "`{program} {}` failed: {}",
        arguments.join(" "),
        if said.is_empty() {
            "it says nothing".into()
        } else {
            said.join("; ")
        }
    )))
}

/// A moment between two looks at what another process does.
#[allow(
    clippy::disallowed_methods,
    reason = "systemd has nothing to wait on without its bus"
)]
pub(super) fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(100));
}

/// A user by its name: of the files, else by `getent`, which asks the other name services.
pub(super) fn account(name: &str) -> Option<Account> {
    let passwd = file::read_lossy(Path::new("/etc/passwd"), 16 << 20).unwrap_or_default();
    let find = |text: &str| text.lines().find_map(|line| parse(line, name));
    find(&passwd).or_else(|| find(&run("getent", &["passwd", name]).ok()?))
}

fn parse(line: &str, name: &str) -> Option<Account> {
    let mut fields = line.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
    let home = fields.nth(1).filter(|home| home.starts_with('/'))?;
    Some(Account {
        name: name.into(),
        home: home.into(),
        uid,
        gid,
    })
}

/// Makes a system user with a group of its own: by `useradd`, or where that is missing, busybox's
/// `adduser`.
pub(super) fn add_user(name: &str, home: &Path, login: bool) -> Result<Account, Problem> {
    let home = home.display().to_string();
    let shell = if !login {
        "/usr/sbin/nologin"
    } else if Path::new("/bin/bash").exists() {
        "/bin/bash"
    } else {
        "/bin/sh"
    };
    let has = |program: &str| {
        ["/usr/sbin", "/sbin"]
            .iter()
            .any(|dir| Path::new(dir).join(program).exists())
    };
    if has("useradd") {
        let create = if login {
            "--create-home"
        } else {
            "--no-create-home"
        };
        let words = [
            "--system",
            "--user-group",
            "--home-dir",
            &home,
            create,
            "--shell",
            shell,
        ];
        run("useradd", &[&words[..], &[name]].concat())?;
    } else {
        let mut words = vec!["-S", "-D", "-h", &home, "-s", shell, "-G", name];
        words.extend((!login).then_some("-H"));
        run("addgroup", &["-S", name])?;
        run("adduser", &[&words[..], &[name]].concat())?;
    }
    account(name).ok_or_else(|| {
        Problem::failed(format_args!(
            "the user {name} was made, and is not in /etc/passwd"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let line = "peadmin:x:997:996::/var/lib/peadmin:/bin/bash";
        let account = parse(line, "peadmin").unwrap();
        assert_eq!((account.uid, account.gid), (997, 996));
        assert_eq!(account.home, Path::new("/var/lib/peadmin"));
        for (line, name) in [(line, "pe"), ("peadmin:x:997", "peadmin"), ("", "peadmin")] {
            assert_eq!(parse(line, name), None, "{line}");
        }
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        assert_eq!(run("echo", &["a", "b"]).unwrap(), "a b\n");
        let problem = run("ls", &["/there/is/nothing"]).unwrap_err();
        assert!(
            problem.message.contains("No such file"),
            "{}",
            problem.message
        );
        let problem = run("no-such-program", &[]).unwrap_err();
        assert!(problem.message.starts_with("can't run no-such-program"));
    }
}
