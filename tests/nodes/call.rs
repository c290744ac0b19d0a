//! One call of `mco`: what was asked, and how it ended, as the operator saw it.

use std::{
    fmt,
    fs::File,
    io::{Read as _, Seek as _},
    process::Child,
    time::{Duration, Instant},
};

use crate::{chance::Chance, clock, fleet::Fleet};

/// What is asked. All but `Ping` and `Find` leave a line in each node's audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// `mco rpc ... -j`
    Json,
    /// `mco rpc ...`, as a person reads it.
    Text,
    /// `mco ping -j`
    Ping,
    /// `mco find`
    Find,
}

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Everybody.
    All,
    /// Whom a fact chooses.
    Filter(Vec<&'static str>),
    /// These, by name.
    Named(Vec<&'static str>),
}

/// A call to be made.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// A fact that no node has and no other call asks for: by it a node's notes tell the call.
    pub(crate) mark: String,
    pub(crate) question: Question,
    pub(crate) whom: Whom,
    /// How long to wait for answers, in seconds.
    pub(crate) wait: u32,
    /// One node after the other, with a second in between.
    pub(crate) one_by_one: bool,
    /// In the form that has every name, however many did not answer.
    pub(crate) in_full: bool,
}

/// A call that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) asked: Asked,
    pub(crate) began_ms: u64,
    pub(crate) ended_ms: u64,
    /// It went on after its time, until it was killed.
    pub(crate) overdue: bool,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// How long to wait for a broker, and for nodes that are named and not there, in seconds. This is no
/// measure of speed: a broker that has not answered by then is stuck.
const CONNECTION: u32 = 10;
const ABSENT: u32 = 1;

/// What a call may take beyond its own limits on a busy machine, before it counts as endless.
const SLACK: Duration = Duration::from_secs(20);

/// A call under way.
pub(crate) struct Running {
    asked: Asked,
    child: Child,
    /// Its output and its errors. A pipe would have to be read meanwhile.
    said: [File; 2],
    began: Instant,
    began_ms: u64,
}

impl Asked {
    /// `mco rpc rpcutil get_facts` of nodes by name.
    pub(crate) fn named(mark: &str, names: &[&'static str], wait: u32) -> Self {
        Self {
            mark: mark.to_owned(),
            question: Question::Json,
            whom: Whom::Named(names.to_vec()),
            wait,
            one_by_one: false,
            in_full: false,
        }
    }

    /// `mco find` of everybody.
    pub(crate) fn find(mark: &str) -> Self {
        Self {
            question: Question::Find,
            whom: Whom::All,
            ..Self::named(mark, &[], 2)
        }
    }

    /// `mco ping` of everybody.
    pub(crate) fn ping(mark: &str) -> Self {
        Self {
            question: Question::Ping,
            ..Self::find(mark)
        }
    }

    /// Anything of any of these.
    pub(crate) fn any(mark: String, agents: &[&'static str], chance: &mut Chance) -> Self {
        use Question::{Find, Json, Ping, Text};
        Self {
            mark,
            question: *chance.pick(&[Json, Json, Json, Text, Text, Ping, Find]),
            whom: match chance.below(3) {
                0 => Whom::All,
                1 => Whom::Filter(chance.some(agents)),
                _ => Whom::Named(chance.some(agents)),
            },
            in_full: agents.len() > 10,
            // Of many agents on one machine some come late without any fault.
            wait: *chance.pick(&[2, 3]) + if agents.len() > 10 { 3 } else { 0 },
            ..Self::find("")
        }
    }

    /// The words of the command line after `mco`.
    fn words(&self) -> Vec<String> {
        let facts = format!("facts=whoami,{}", self.mark);
        let mut words: Vec<String> = match self.question {
            Question::Json | Question::Text => vec!["rpc", "rpcutil", "get_facts", &facts],
            Question::Ping => vec!["ping", "-j"],
            Question::Find => vec!["find"],
        }
        .into_iter()
        .map(str::to_owned)
        .collect();
        match self.question {
            Question::Json | Question::Find if self.in_full => {
                words.extend(["-o", "json"].map(str::to_owned));
            }
            Question::Json => words.push("-j".into()),
            _ => {}
        }
        match &self.whom {
            Whom::All => {}
            Whom::Filter(names) => {
                words.extend(["-F".into(), format!("whoami=/^({})$/", names.join("|"))]);
            }
            Whom::Named(names) => {
                for name in names {
                    words.extend(["-I".into(), (*name).into()]);
                }
            }
        }
        for (option, seconds) in [
            ("-t", self.wait),
            ("--dt", ABSENT),
            ("--connection-timeout", CONNECTION),
        ] {
            words.extend([option.into(), seconds.to_string()]);
        }
        if self.one_by_one {
            words.extend(["--batch", "1", "--batch-sleep", "1"].map(str::to_owned));
        }
        words
    }

    /// Begins the call.
    pub(crate) fn start(self, fleet: &Fleet) -> Running {
        let said = [(); 2].map(|()| tempfile::tempfile().unwrap());
        let [stdout, stderr] = [&said[0], &said[1]].map(|file| file.try_clone().unwrap());
        let mut command = fleet.lab.program();
        command
            .env("HOME", fleet.home())
            .arg("mco")
            .args(self.words())
            .arg("--config")
            .arg(fleet.client_cfg())
            .stdout(stdout)
            .stderr(stderr);
        let (began, began_ms) = (Instant::now(), clock::now_ms());
        Running {
            child: command.spawn().unwrap(),
            asked: self,
            said,
            began,
            began_ms,
        }
    }

    /// Makes the call.
    pub(crate) fn make(self, fleet: &Fleet) -> Made {
        self.start(fleet).wait()
    }
}

impl Running {
    /// Waits for the end, but not for ever.
    pub(crate) fn wait(mut self) -> Made {
        let rounds = match &self.asked.whom {
            Whom::Named(names) if self.asked.one_by_one => u32::try_from(names.len()).unwrap(),
            _ => 1,
        };
        let seconds = CONNECTION + (ABSENT + self.asked.wait + 1) * rounds;
        let limit = Duration::from_secs(seconds.into()) + SLACK;
        let (status, overdue) = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break (status, false);
            }
            if self.began.elapsed() > limit {
                self.child.kill().unwrap();
                break (self.child.wait().unwrap(), true);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let ended_ms = clock::now_ms();
        let [stdout, stderr] = self.said.map(|mut file| {
            let mut text = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut text).unwrap();
            text
        });
        Made {
            asked: self.asked,
            began_ms: self.began_ms,
            ended_ms,
            overdue,
            code: status.code(),
            stdout,
            stderr,
        }
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mco {} [{} to {}, {} ms] exit {:?}\n    stdout: {}\n    stderr: {}",
            self.asked.words().join(" "),
            self.began_ms,
            self.ended_ms,
            self.ended_ms - self.began_ms,
            self.code,
            self.stdout.trim().replace('\n', "\n            "),
            self.stderr.trim().replace('\n', "\n            "),
        )
    }
}
