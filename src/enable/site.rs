//! Brings a machine into a state, piece by piece, and says of each piece whether it had to be changed.
//!
//! Each piece is looked at first: what is as it should be is left alone, so that the same order given
//! twice changes nothing the second time. What somebody else has written is never overwritten unless
//! that was asked for, and then kept beside it. A rehearsal looks at everything and touches nothing.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    problem::Problem,
    tools::{self, Account},
};
use crate::sys::{
    file::{self, FileError, Mode},
    owner::AsOwner,
    process,
};

/// How long another `enable` is waited for: longer than one waits for a service.
const PATIENCE: Duration = Duration::from_mins(2);

/// What of a file is read for comparison.
const LARGEST: u64 = 1 << 20;

/// How the work is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Look, and touch nothing.
    pub dry_run: bool,
    /// Replace files that differ from what they should be.
    pub replace: bool,
}

/// One piece of the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about: `file`, `user`, `service`...
    pub kind: &'static str,
    /// A sentence, in the past; of a rehearsal, in the conditional.
    pub text: String,
    /// Whether something was, or would be, changed.
    pub changed: bool,
}

/// See the module.
pub struct Site<'a> {
    manner: Manner,
    steps: Vec<Step>,
    warnings: Vec<String>,
    tell: &'a dyn Fn(&Step),
    warn: &'a dyn Fn(&str),
}

impl<'a> Site<'a> {
    /// This machine. `tell` is called for each step, `warn` for each warning, as it comes.
    pub fn new(manner: Manner, tell: &'a dyn Fn(&Step), warn: &'a dyn Fn(&str)) -> Self {
        Self {
            manner,
            steps: Vec::new(),
            warnings: Vec::new(),
            tell,
            warn,
        }
    }

    /// Whether this is a rehearsal.
    pub fn is_rehearsal(&self) -> bool {
        self.manner.dry_run
    }

    /// Keeps others that would change this machine at the same time waiting, while it is held. Who is not
    /// root changes nothing that they do.
    pub(super) fn turn(&self) -> Result<Option<File>, Problem> {
        if self.is_rehearsal() || !process::is_root() {
            return Ok(None);
        }
        let lock = Path::new("/run/mcollective-enable.lock");
        file::lock(lock, PATIENCE).map(Some).map_err(|error| {
            let busy = matches!(&error, FileError::Io { source, .. } if source.kind() == io::ErrorKind::WouldBlock);
            let problem = Problem::from(error);
            if busy {
                problem.hint("another `mcollective enable` is at work on this machine")
            } else {
                problem
            }
        })
    }

    /// Whether files that differ are replaced.
    pub(super) fn replaces(&self) -> bool {
        self.manner.replace
    }

    /// How much was, or would be, changed so far.
    pub(super) fn count(&self) -> usize {
        self.steps.iter().filter(|step| step.changed).count()
    }

    /// What was done.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What should be known.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether anything was, or would be, changed.
    pub fn changed(&self) -> bool {
        self.steps.iter().any(|step| step.changed)
    }

    /// Something that was tried, and holds.
    pub fn proven(&mut self, text: impl Into<String>) {
        self.fine("proof", text);
    }

    /// Says something that should be known.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        (self.warn)(&text);
        self.warnings.push(text);
    }

    /// Something that is as it should be.
    pub(super) fn fine(&mut self, kind: &'static str, text: impl Into<String>) {
        self.note(kind, text.into(), false);
    }

    /// Does something, or in a rehearsal says that it would be done. `done` and `would` are the same
    /// in both tenses; `object` follows.
    pub(super) fn act<T>(
        &mut self,
        kind: &'static str,
        (done, would): (&str, &str),
        object: impl std::fmt::Display,
        work: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        if self.manner.dry_run {
            self.note(kind, format!("would {would} {object}"), true);
            return Ok(None);
        }
        let result = work()?;
        self.note(kind, format!("{done} {object}"), true);
        Ok(Some(result))
    }

    fn note(&mut self, kind: &'static str, text: String, changed: bool) {
        let step = Step {
            kind,
            text,
            changed,
        };
        (self.tell)(&step);
        self.steps.push(step);
    }

    /// A directory with at most these rights for others. One that is there keeps what it has, but for
    /// the owner's own directories, which are closed as they should be.
    pub(super) fn directory(
        &mut self,
        path: &Path,
        mode: u32,
        owner: &Account,
    ) -> Result<(), Problem> {
        match fs::metadata(path) {
            Ok(there) if !there.is_dir() => Err(Problem::config(format_args!(
                "{} is there and no directory",
                path.display()
            ))),
            Ok(there) if owner.uid == there.uid() || owner.is_root() => Ok(()),
            Ok(_) => self
                .act(
                    "directory",
                    ("gave", "give"),
                    format_args!("{} to {}", path.display(), owner.name),
                    || {
                        let _owner = along(path)?;
                        give(path, owner)
                    },
                )
                .map(drop),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self
                .act("directory", ("made", "make"), path.display(), || {
                    let _owner = along(path)?;
                    fs::DirBuilder::new()
                        .recursive(true)
                        .mode(0o755)
                        .create(path)
                        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
                        .map_err(|error| Problem::io(path, "make", &error))?;
                    give(path, owner)
                })
                .map(drop),
            Err(error) => Err(Problem::io(path, "look at", &error)),
        }
    }

    /// A file that people may change: one that is there and differs stays, unless it is to be
    /// replaced. Gives whether the file has this text now, or would have.
    pub(super) fn config(
        &mut self,
        path: &Path,
        text: &str,
        mode: u32,
        owner: &Account,
    ) -> Result<bool, Problem> {
        let there = match file::read(path, LARGEST) {
            Ok(there) => there,
            Err(error) if error.is_not_found() => {
                self.act("file", ("wrote", "write"), path.display(), || {
                    write(path, text.as_bytes(), mode, owner)
                })?;
                return Ok(true);
            }
            // What can't be read may be the one that a rehearsal by somebody else is about.
            Err(error) => return Err(error.into()),
        };
        if there == text.as_bytes() {
            self.fine("file", format!("{} is as it should be", path.display()));
            return Ok(true);
        }
        if !self.manner.replace {
            self.fine(
                "file",
                format!("{} was there and stays as it is", path.display()),
            );
            self.warn(format!(
                "{} differs from what was asked for, which is not in force: `--replace` writes it anew, and keeps \
                 the old one beside it as .bak",
                path.display()
            ));
            return Ok(false);
        }
        self.act(
            "file",
            ("replaced", "replace"),
            format_args!("{}, and keep what was there beside it", path.display()),
            || {
                let _owner = along(path)?;
                let kept = keep(path)?;
                write(path, text.as_bytes(), mode, owner).inspect_err(|_| {
                    if !path.exists() {
                        let _as_well_as_can_be = fs::rename(&kept, path);
                    }
                })
            },
        )?;
        let there = String::from_utf8_lossy(&there);
        let gone = only_in(&there, text);
        if !gone.is_empty() {
            self.warn(format!(
                "{} has no longer what the old one had: {}; take what is to stay from the one that is kept",
                path.display(),
                gone.join(", ")
            ));
        }
        Ok(true)
    }

    /// A file that is ours alone, such as a unit or a certificate.
    pub(super) fn own_file(
        &mut self,
        path: &Path,
        text: &str,
        mode: u32,
        owner: &Account,
    ) -> Result<bool, Problem> {
        if file::read(path, LARGEST).is_ok_and(|there| there == text.as_bytes()) {
            self.fine("file", format!("{} is as it should be", path.display()));
            return Ok(false);
        }
        self.act("file", ("wrote", "write"), path.display(), || {
            write(path, text.as_bytes(), mode, owner)
        })?;
        Ok(true)
    }

    /// Takes a file of ours away.
    pub(super) fn no_file(&mut self, path: &Path) -> Result<bool, Problem> {
        if fs::symlink_metadata(path).is_err() {
            return Ok(false);
        }
        self.act("file", ("removed", "remove"), path.display(), || {
            let _owner = along(path)?;
            fs::remove_file(path).map_err(|error| Problem::io(path, "remove", &error))
        })?;
        Ok(true)
    }

    /// A user of the system, made where there is none of this name.
    pub(super) fn user(
        &mut self,
        name: &str,
        home: &Path,
        login: bool,
    ) -> Result<Account, Problem> {
        if let Some(account) = tools::account(name) {
            self.fine("user", format!("the user {name} is there"));
            return Ok(account);
        }
        let made = self.act(
            "user",
            ("made", "make"),
            format_args!("the system user {name}"),
            || tools::add_user(name, home, login),
        )?;
        // A rehearsal has nobody to give anything to.
        Ok(made.unwrap_or_else(|| Account {
            name: name.into(),
            home: home.into(),
            uid: u32::MAX,
            gid: u32::MAX,
        }))
    }
}

/// Writes a file with its owner, which nobody else ever could read.
fn write(path: &Path, bytes: &[u8], mode: u32, owner: &Account) -> Result<(), Problem> {
    let there = along(path)?;
    if there.is_another() && path.is_symlink() {
        return Err(Problem::config(format_args!(
            "{} is a symbolic link in a directory that is not root's",
            path.display()
        ))
        .hint("remove it: root does not follow links that others have made"));
    }
    file::write_atomic(path, bytes, Mode::Exactly(mode))?;
    give(path, owner)
}

/// Root changes nothing by way of what others could have laid out: there it works as they.
pub(super) fn along(path: &Path) -> Result<AsOwner, Problem> {
    AsOwner::along(path).map_err(|error| Problem::io(path, "write to", &error))
}

pub(super) fn give(path: &Path, owner: &Account) -> Result<(), Problem> {
    let there = fs::metadata(path).map_err(|error| Problem::io(path, "look at", &error))?;
    if (there.uid(), there.gid()) == (owner.uid, owner.gid) {
        return Ok(());
    }
    chown(path, Some(owner.uid), Some(owner.gid))
        .map_err(|error| Problem::io(path, "change the owner of", &error))
}

/// Keeps each of these that is there.
pub(super) fn keep_all<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<(), Problem> {
    for path in paths {
        if path.exists() {
            let _owner = along(path)?;
            keep(path)?;
        }
    }
    Ok(())
}

/// Keeps a file under the first free name beside it.
pub(super) fn keep(path: &Path) -> Result<PathBuf, Problem> {
    for number in 0..100 {
        let mut name = path.as_os_str().to_owned();
        name.push(".bak");
        if number > 0 {
            name.push(format!(".{number}"));
        }
        let backup = PathBuf::from(name);
        match fs::hard_link(path, &backup) {
            Ok(()) => return Ok(backup),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Linux makes no second name of what is another's (`fs.protected_hardlinks`).
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    && backup.symlink_metadata().is_err() =>
            {
                return fs::rename(path, &backup)
                    .map(|()| backup)
                    .map_err(|error| Problem::io(path, "move", &error));
            }
            Err(error) => return Err(Problem::io(&backup, "make", &error)),
        }
    }
    Err(Problem::config(format_args!(
        "there are a hundred copies of {} beside it",
        path.display()
    ))
    .hint("remove those that are not needed"))
}

/// The settings of one configuration that another does not have.
fn only_in<'a>(one: &'a str, other: &str) -> Vec<&'a str> {
    fn keys(text: &str) -> impl Iterator<Item = &str> {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.split_once('=')?.0.trim()))
    }
    let there: BTreeSet<&str> = keys(other).collect();
    let gone: BTreeSet<&str> = keys(one).filter(|key| !there.contains(key)).collect();
    gone.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(manner: Manner, order: impl FnOnce(&mut Site<'_>)) -> Vec<(String, bool)> {
        let quiet = (|_: &Step| {}, |_: &str| {});
        let mut site = Site::new(manner, &quiet.0, &quiet.1);
        order(&mut site);
        let steps = site.steps().iter();
        steps.map(|s| (s.text.clone(), s.changed)).collect()
    }

    fn me() -> Account {
        let (uid, gid) = process::effective_ids();
        Account {
            name: "me".into(),
            home: "/".into(),
            uid,
            gid,
        }
    }

    #[test]
    fn what_a_new_configuration_lacks_is_named() {
        let old = "# c = 1\nplugin.audit.required = 1\nidentity=web1\n b = 2\nno setting\n";
        assert_eq!(
            only_in(old, "identity = web2\n#b = 2\n"),
            ["b", "plugin.audit.required"]
        );
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.cfg");
        let warned = std::cell::RefCell::new(Vec::new());
        let warn = |warning: &str| warned.borrow_mut().push(warning.to_owned());
        let manner = Manner {
            dry_run: false,
            replace: true,
        };
        for text in ["a = 1\nb = 2\n", "a = 3\n", "a = 4\n"] {
            let mut site = Site::new(manner, &|_| {}, &warn);
            assert!(site.config(&file, text, 0o640, &me()).unwrap());
        }
        let warned = warned.borrow();
        let [warning] = &warned[..] else {
            panic!("{warned:?}")
        };
        assert!(
            warning.contains("no longer what the old one had: b;"),
            "{warning}"
        );
    }

    #[test]
    fn the_same_order_twice_changes_once_and_a_rehearsal_never() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("etc");
        let file = sub.join("a.cfg");
        let rehearsal = Manner {
            dry_run: true,
            replace: false,
        };
        let order = |site: &mut Site<'_>| {
            site.directory(&sub, 0o750, &me()).unwrap();
            assert!(site.config(&file, "a = 1\n", 0o640, &me()).unwrap());
        };
        let said = work(rehearsal, order);
        assert!(
            said.iter()
                .all(|(text, changed)| text.starts_with("would ") && *changed)
        );
        assert!(!sub.exists());
        assert!(work(Manner::default(), order).iter().all(|step| step.1));
        assert_eq!(fs::metadata(&sub).unwrap().mode() & 0o7777, 0o750);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert!(!work(Manner::default(), order).iter().any(|step| step.1));
    }

    #[test]
    fn what_somebody_wrote_stays_unless_it_is_to_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.cfg");
        file::write_new(&path, b"mine\n", 0o600).unwrap();
        let order = |site: &mut Site<'_>| {
            site.config(&path, "theirs\n", 0o644, &me()).unwrap();
        };
        assert!(
            work(Manner::default(), order)[0]
                .0
                .contains("stays as it is")
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine\n");
        let replace = Manner {
            dry_run: false,
            replace: true,
        };
        assert!(work(replace, order)[0].1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs\n");
        let kept = dir.path().join("a.cfg.bak");
        assert_eq!(fs::read_to_string(kept).unwrap(), "mine\n");
    }
}
