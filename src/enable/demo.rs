//! A fleet to try: a CA, a broker, agents with facts of their own, and a client, below one
//! directory and on the loopback address.
//!
//! `layout` is pure and says what the files contain; this file writes them, starts the processes
//! and stops them again. Waiting for the fleet to answer is the caller's: it takes a client.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::layout::{self, Part, shell_word};
use crate::{
    sys::{self, file::Mode, process::Force},
    tls,
};

/// A demo's directory.
#[derive(Clone, Debug)]
pub struct Demo {
    dir: PathBuf,
    program: PathBuf,
}

/// What went wrong with a demo.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It runs already.
    #[error("the demo in {} runs already, with {agents} agents", .dir.display())]
    AlreadyRuns {
        /// Its directory.
        dir: PathBuf,
        /// How many agents.
        agents: usize,
        /// This program.
        program: PathBuf,
    },
    /// A process ended at once.
    #[error("{part} ended at once: {last}")]
    Ended {
        /// Which.
        part: String,
        /// The last line of its log.
        last: String,
    },
    /// A file was written, and is now not what it should be.
    #[error(transparent)]
    Certificate(#[from] tls::Error),
    /// Files can't be written.
    #[error(transparent)]
    File(#[from] sys::file::FileError),
    /// A file can't be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory's name can't stand in a configuration.
    #[error("{0:?} has a line end in its name")]
    LineEnd(PathBuf),
    /// Certificates can't be made.
    #[error("cannot make the certificates: {0}")]
    Mint(#[from] tls::mint::MintError),
    /// A certificate in the directory has no name.
    #[error("{}: {}", .0.display(), .1)]
    Name(PathBuf, tls::NameError),
    /// Not all of it runs.
    #[error("of the demo in {} only {running} of {all} processes run", .dir.display())]
    Partly {
        /// Its directory.
        dir: PathBuf,
        /// How many processes there are.
        running: usize,
        /// How many there should be.
        all: usize,
        /// This program.
        program: PathBuf,
    },
    /// Somebody listens on the port.
    #[error("port {port} on 127.0.0.1 is taken")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// Processes did not end.
    #[error("{} did not end: {}", if .0.len() == 1 { "a process" } else { "processes" }, .0.join(", "))]
    StillRuns(Vec<String>),
    /// The directory holds something else.
    #[error("{} is not empty and no demo", .0.display())]
    Strange(PathBuf),
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::AlreadyRuns { dir, program, .. } => format!(
                "try `{} ping`, or stop it with `{} enable --demo {} --stop`",
                shell_word(&dir.join("mco")),
                shell_word(program),
                shell_word(dir)
            ),
            Self::Ended { .. } => "the log in the demo's directory has more".to_owned(),
            Self::Certificate(_) | Self::Name(..) => {
                "something has changed the demo's files: remove the directory and begin again"
                    .to_owned()
            }
            Self::File(_) | Self::Io { .. } => {
                "choose a directory that you may write to".to_owned()
            }
            Self::LineEnd(_) => "name another directory with `--demo DIR`".to_owned(),
            Self::Partly { dir, program, .. } => format!(
                "stop the rest with `{} enable --demo {} --stop`, and start it again",
                shell_word(program),
                shell_word(dir)
            ),
            Self::StillRuns(_) => "end them by hand, then repeat `--stop`".to_owned(),
            Self::Mint(_) => "report this as a fault, with the line above".to_owned(),
            Self::PortTaken { .. } => "choose another with `--port P`".to_owned(),
            Self::Strange(_) => "name a new or empty directory with `--demo DIR`".to_owned(),
        }
    }
}

impl Demo {
    /// The demo in a directory, which need not exist yet.
    pub fn new(dir: &Path) -> Result<Self, Error> {
        if dir.as_os_str().as_encoded_bytes().contains(&b'\n') {
            return Err(Error::LineEnd(dir.to_owned()));
        }
        // One directory has one name, whichever link or slash it was given with: its processes are
        // told by it.
        let real = fs::canonicalize(dir).or_else(|_| std::path::absolute(dir));
        let real = real.map_err(|source| Error::Io {
            path: dir.to_owned(),
            source,
        })?;
        let dir = real.components().collect();
        let program = std::env::current_exe().map_err(|source| Error::Io {
            path: "this program".into(),
            source,
        })?;
        Ok(Self { dir, program })
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// This program, of which the demo is made.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The client's configuration.
    pub fn client_config(&self) -> PathBuf {
        self.dir.join("client.cfg")
    }

    /// The number of nodes and the port of a demo that was made here before.
    pub fn made(&self) -> Option<(u16, u16)> {
        let text = fs::read_to_string(self.dir.join("broker.cfg")).ok()?;
        let port = layout::port(&text)?;
        let made = |number: &u16| {
            let node = layout::Node::number(*number);
            self.dir.join(node.name()).join("server.cfg").exists()
        };
        let nodes = (1..=u16::MAX).take_while(made).last()?;
        Some((nodes, port))
    }

    /// Makes every file that is not there yet; with another port than before, the configurations
    /// are written again.
    pub fn make(&self, nodes: u16, port: u16) -> Result<(), Error> {
        self.check_stopped()?;
        let fresh = self.made().is_none_or(|(_, before)| before != port);
        let marker = self.dir.join("ca");
        if self.dir.exists() && !marker.exists() {
            let mut entries = fs::read_dir(&self.dir).map_err(self.io(&self.dir))?;
            if entries.next().is_some() {
                return Err(Error::Strange(self.dir.clone()));
            }
        }
        port_is_free(port)?;
        for dir in ["ca", "ssl", "run", "log"] {
            let path = self.dir.join(dir);
            fs::create_dir_all(&path).map_err(self.io(&path))?;
        }
        let authority = self.authority()?;
        let sans = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        self.certificate(&authority, tls::mint::Role::Broker, "broker", &sans)?;
        self.certificate(&authority, tls::mint::Role::Client, "peadmin", &[])?;
        self.keep(
            "broker.cfg",
            fresh,
            &layout::broker_cfg(&self.dir, port),
            0o644,
        )?;
        let commander = self.commander()?;
        self.keep(
            "client.cfg",
            fresh,
            &layout::client_cfg(&self.dir, port, &commander),
            0o644,
        )?;
        self.write("mco", &layout::mco_script(&self.program, &self.dir), 0o755)?;
        for number in 1..=nodes {
            let node = layout::Node::number(number);
            let dir = self.dir.join(node.name());
            fs::create_dir_all(&dir).map_err(self.io(&dir))?;
            self.certificate(&authority, tls::mint::Role::Node, node.identity(), &[])?;
            self.keep(
                format!("{}/server.cfg", node.name()),
                fresh,
                &node.server_cfg(&self.dir, port, &commander),
                0o644,
            )?;
            self.keep(
                format!("{}/facts.yaml", node.name()),
                false,
                &node.facts_yaml(),
                0o644,
            )?;
            self.keep(
                format!("{}/classes.txt", node.name()),
                false,
                &node.classes_txt(),
                0o644,
            )?;
        }
        Ok(())
    }

    /// An error if it runs, wholly or in part.
    fn check_stopped(&self) -> Result<(), Error> {
        let running = self.running().len();
        let all = 1 + self.pidfiles().filter(|(name, _)| name != "broker").count();
        let (dir, program) = (self.dir.clone(), self.program.clone());
        match running {
            0 => Ok(()),
            running if running < all => Err(Error::Partly {
                dir,
                running,
                all,
                program,
            }),
            running => Err(Error::AlreadyRuns {
                dir,
                agents: running - 1,
                program,
            }),
        }
    }

    /// Starts the broker, or the agents.
    pub fn start(&self, part: Part, nodes: u16) -> Result<Vec<Started>, Error> {
        match part {
            Part::Broker => {
                let config = self.dir.join("broker.cfg");
                Ok(vec![self.spawn("broker", "broker", &config)?])
            }
            Part::Agents => (1..=nodes)
                .map(|number| {
                    let node = layout::Node::number(number);
                    let config = self.dir.join(node.name()).join("server.cfg");
                    self.spawn("agent", node.name(), &config)
                })
                .collect(),
        }
    }

    fn spawn(&self, role: &str, name: &str, config: &Path) -> Result<Started, Error> {
        let log = self.dir.join("log").join(format!("{name}.log"));
        let file = fs::File::create(&log).map_err(self.io(&log))?;
        let pidfile = self.dir.join("run").join(format!("{name}.pid"));
        let mut command = Command::new(&self.program);
        command
            .arg(role)
            .arg("--config")
            .arg(config)
            .arg("--pidfile")
            .arg(&pidfile)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        // Its own process group: Ctrl-C at this terminal is not meant for the fleet.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(self.io(&self.program))?;
        // Known to `--stop` even if we end before the process has come that far.
        sys::file::write_atomic(
            &pidfile,
            child.id().to_string().as_bytes(),
            Mode::Exactly(0o644),
        )?;
        Ok(Started {
            part: name.to_owned(),
            child,
            log,
        })
    }

    /// The processes of this demo that live: name and process id.
    pub fn running(&self) -> Vec<(String, u32)> {
        let mut running: Vec<_> = self
            .pidfiles()
            .filter(|(_, pid)| self.is_ours(*pid))
            .collect();
        running.sort();
        running
    }

    /// Name and process id of everything that was started and not stopped.
    fn pidfiles(&self) -> impl Iterator<Item = (String, u32)> {
        let entries = fs::read_dir(self.dir.join("run")).into_iter().flatten();
        entries.filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_stem()?.to_str()?.to_owned();
            let pid = fs::read_to_string(&path).ok()?.trim().parse().ok()?;
            Some((name, pid))
        })
    }

    /// Whether a process id, perhaps used again since, is a process that this demo started.
    fn is_ours(&self, pid: u32) -> bool {
        let Ok(words) = fs::read(format!("/proc/{pid}/cmdline")) else {
            return false;
        };
        let dir = self.dir.as_os_str().as_encoded_bytes();
        words.split(|byte| *byte == 0).any(|word| {
            word.strip_prefix(dir)
                .is_some_and(|rest| rest.starts_with(b"/"))
        })
    }

    /// Stops everything; returns how many processes there were.
    pub fn stop(&self, grace: Duration) -> Result<usize, Error> {
        let running = self.running();
        // Agents first, so that they can say goodbye to their broker.
        for agents in [true, false] {
            let some: Vec<u32> = running
                .iter()
                .filter(|(name, _)| (name != "broker") == agents)
                .map(|(_, pid)| *pid)
                .collect();
            for pid in &some {
                end(*pid, Force::Ask);
            }
            let until = Instant::now() + grace;
            for pid in some {
                if !sys::process::wait_gone(pid, until) {
                    end(pid, Force::Kill);
                    sys::process::wait_gone(pid, Instant::now() + grace);
                }
            }
        }
        let left: Vec<String> = self.running().into_iter().map(|(name, _)| name).collect();
        if !left.is_empty() {
            return Err(Error::StillRuns(left));
        }
        let run = self.dir.join("run");
        if run.exists() {
            fs::remove_dir_all(&run).map_err(self.io(&run))?;
        }
        Ok(running.len())
    }

    /// The operator's certificate name with the pin of its key.
    fn commander(&self) -> Result<String, Error> {
        let (cert, key) = (
            self.dir.join("ssl/peadmin.pem"),
            self.dir.join("ssl/peadmin-key.pem"),
        );
        let pair = tls::Certified::load(&cert, &key)?;
        let pin = tls::key_pin(pair.leaf()).map_err(|error| Error::Name(cert, error))?;
        Ok(format!("peadmin@{pin}"))
    }

    fn authority(&self) -> Result<tls::mint::CertificateAuthority, Error> {
        let (cert, key) = (self.dir.join("ca/ca.pem"), self.dir.join("ca/ca-key.pem"));
        if let (Ok(cert), Ok(key)) = (fs::read_to_string(&cert), fs::read_to_string(&key)) {
            return Ok(tls::mint::CertificateAuthority::load(&cert, &key)?);
        }
        let authority =
            tls::mint::CertificateAuthority::create("MCollective demo CA", layout::DAYS)?;
        self.write("ca/ca-key.pem", authority.key_pem(), 0o600)?;
        self.write("ca/ca.pem", authority.cert_pem(), 0o644)?;
        Ok(authority)
    }

    fn certificate(
        &self,
        authority: &tls::mint::CertificateAuthority,
        role: tls::mint::Role,
        name: &str,
        sans: &[String],
    ) -> Result<(), Error> {
        let (cert, key) = (format!("ssl/{name}.pem"), format!("ssl/{name}-key.pem"));
        if self.dir.join(&cert).exists() && self.dir.join(&key).exists() {
            return Ok(());
        }
        let pair = authority.issue(role, name, sans, layout::DAYS)?;
        self.write(key, &pair.key_pem, 0o600)?;
        self.write(cert, &pair.cert_pem, 0o644)
    }

    /// Writes a file that is not there, or is to be written again.
    fn keep(
        &self,
        name: impl AsRef<Path>,
        again: bool,
        text: &str,
        mode: u32,
    ) -> Result<(), Error> {
        if !again && self.dir.join(name.as_ref()).exists() {
            return Ok(());
        }
        self.write(name, text, mode)
    }

    fn write(&self, name: impl AsRef<Path>, text: &str, mode: u32) -> Result<(), Error> {
        let path = self.dir.join(name);
        Ok(sys::file::write_atomic(
            &path,
            text.as_bytes(),
            Mode::Exactly(mode),
        )?)
    }

    #[allow(clippy::unused_self)] // reads as `self.io(path)` beside the calls that it belongs to
    fn io(&self, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    }
}

/// A process that was started.
#[derive(Debug)]
pub struct Started {
    part: String,
    child: Child,
    log: PathBuf,
}

impl Started {
    /// An error if the process has ended already.
    pub fn check(&mut self) -> Result<(), Error> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(Error::Ended {
                part: self.part.clone(),
                last: last_line(&self.log),
            }),
        }
    }
}

/// What we start leads a group of its own; what somebody else started in its place need not.
fn end(pid: u32, force: Force) {
    let group = sys::process::end_group(pid, force);
    if let Err(error) = group.and_then(|()| sys::process::end(pid, force)) {
        tracing::warn!("cannot end process {pid}: {error}");
    }
}

fn last_line(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .rev()
        .find(|line| line.starts_with("error: "))
        .or_else(|| text.lines().last())
        .map_or_else(|| format!("{} is empty", path.display()), str::to_owned)
}

fn port_is_free(port: u16) -> Result<(), Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::PortTaken { port }),
    }
}
