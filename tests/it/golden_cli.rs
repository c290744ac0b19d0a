//! What the original's `mco` printed, command by command, and what ours prints against our agents,
//! with the original's exit codes (`--exit-codes legacy`).
//!
//! Rows come in any order, times and ids differ, and so do colours and progress bars where there is
//! no terminal: all else has to be the same, but for what is listed below with the reason.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ended, Fleet, Node, OnTerminal, program};

/// Why ours prints or does something else, by name of the recording.
const DIFFERENT: [(&str, i32, &str); 47] = [
    (
        "bad-password",
        0,
        "a certificate says who we are, and no password",
    ),
    ("broker-down", 1, "the original tries for ever"),
    ("package-status-swapped", 0, PACKAGE),
    ("color-off", 2, NO_ACTIVEMQ),
    ("completion-agents", 0, OTHER_AGENTS),
    ("completion-applications", 0, OTHER_AGENTS),
    ("facts-help-piped", 0, HELP),
    ("facts-help-tty", 0, HELP),
    (
        "find-fact-structured",
        0,
        "dotted names lead into structured facts",
    ),
    ("find-help-tty", 0, HELP),
    ("find-limit-bad", 0, CHANCE),
    ("help", 0, HELP),
    ("help-ping", 0, HELP),
    ("help-rpc", 0, HELP),
    ("inventory", 0, OTHER_AGENTS),
    ("inventory-help-piped", 0, HELP),
    ("inventory-script", 1, "scripts are Ruby"),
    ("no-arguments", 0, OTHER_AGENTS),
    ("package-help-piped", 0, HELP),
    ("ping-help-piped", 0, HELP),
    ("ping-help-tty", 0, HELP),
    (
        "ping-none",
        4,
        "who was named and did not answer is named again",
    ),
    ("plugin-doc", 0, OTHER_AGENTS),
    ("plugin-doc-list", 0, "the original fails"),
    ("plugin-doc-puppet", 0, "ours has more inputs and outputs"),
    ("plugin-generate-no-arg", 1, "only DDLs are made"),
    ("plugin-help-tty", 0, HELP),
    ("puppet-count-j", 0, JSON),
    ("puppet-enable-again", 0, IDEMPOTENT),
    ("puppet-status-j", 0, JSON),
    ("rpc-daemon-stats", 0, OTHER_AGENTS),
    ("rpc-inventory", 0, OTHER_AGENTS),
    ("rpc-inventory-j", 0, OTHER_AGENTS),
    ("rpc-ping-limit-2", 0, CHANCE),
    (
        "rpc-ping-limit-pct",
        0,
        "chance; the original counts whom it did not ask",
    ),
    ("service-help-piped", 0, HELP),
    ("service-help-tty", 0, HELP),
    ("service-status", 2, NO_ACTIVEMQ),
    ("service-status-f", 2, NO_ACTIVEMQ),
    ("service-status-tty", 2, NO_ACTIVEMQ),
    ("service-status-v", 2, NO_ACTIVEMQ),
    ("shell-run", 1, NO_SHELL),
    ("shell-run-exit", 1, NO_SHELL),
    ("shell-run-tail", 1, NO_SHELL),
    ("shell-start-list", 1, NO_SHELL),
    ("version", 0, "no failure, and our version"),
    ("package-status-absent", 0, PACKAGE),
];

/// It may come out the same.
const CHANCE: &str = "chance";
const HELP: &str = "help has words of its own, is printed wherever it goes, and is no failure";
const IDEMPOTENT: &str = "what is already as it is wanted is a success";
const JSON: &str = "JSON where the original had none";
const NO_ACTIVEMQ: &str = "no service activemq here; tests/nodes has real services";
const NO_SHELL: &str = "there is no agent shell";
const PACKAGE: &str = "the original prints `foo-purged.`, and no architecture on Debian";
const OTHER_AGENTS: &str = "other agents and another version";

const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cli");

fn recorded(name: &str, kind: &str) -> String {
    let path = Path::new(RECORDINGS).join(format!("{name}.{kind}"));
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// The fleet of the recordings.
struct Recorded {
    fleet: Fleet,
    /// Puppet's files, a directory for each node.
    _puppet: TempDir,
}

impl Recorded {
    fn start() -> Self {
        let puppet = tempfile::tempdir().unwrap();
        let nodes: Vec<Node> = (0..4).map(|at| node(at, puppet.path())).collect();
        let fleet = Fleet::with(&nodes);
        let root = fleet.path("");
        for name in ["bin", "client"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::copy(root.join("client.cfg"), root.join("client/client.cfg")).unwrap();
        // As the recordings call it; some name a configuration of their own.
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in\n*\" --config \"*) ;;\n*) set -- \"$@\" --config {}/client.cfg ;;\n\
             esac\nexec {} mco \"$@\" --exit-codes legacy\n",
            root.display(),
            program().display(),
        );
        write_program(&root.join("bin/mco"), &script);
        Self {
            fleet,
            _puppet: puppet,
        }
    }

    /// Runs a recorded command line; `mco` in it is ours.
    fn run(&self, name: &str) -> Ended {
        let root = self.fleet.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        let mut command = Command::new("sh");
        command
            .args(["-c", &recorded(name, "cmd").replace("REF_ROOT", root)])
            .env_clear()
            .env("HOME", root)
            .env("PATH", format!("{root}/bin:/usr/bin:/bin"));
        if !name.ends_with("-tty") {
            return command.stdin(Stdio::null()).output().unwrap().into();
        }
        let (stdout, code) = OnTerminal::spawn(command).end();
        Ended {
            code,
            stdout,
            stderr: String::new(),
        }
    }

    /// Runs it, and tells what is not as it was.
    fn compare(&self, name: &str) -> Option<String> {
        let ours = self.run(name);
        let theirs = recorded(name, "stdout");
        let their_code: i32 = recorded(name, "rc").trim().parse().unwrap();
        let other = DIFFERENT.iter().find(|(other, ..)| *other == name);
        let code = other.map_or(their_code, |(_, code, _)| *code);
        let same = code == their_code && form(&theirs) == form(&ours.stdout);
        let wanted = match other {
            None => same,
            Some((.., why)) => !same || *why == CHANCE,
        };
        if wanted && ours.code == Some(code) {
            return None;
        }
        let how = if other.is_some() { "not as" } else { "as" };
        Some(format!(
            "{name}: exit code {code}, {how}\n{theirs}\nand was {ours:#?}"
        ))
    }
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Facts, classes and Puppet's files of the node at this place.
fn node(at: usize, puppet: &Path) -> Node {
    let number = at + 1;
    let country = ["uk", "de", "mt", "us"][at];
    let role = ["web", "db", "mail"][at % 3];
    let puppet = puppet.join(number.to_string());
    fs::create_dir(&puppet).unwrap();
    // Each of its files has the name of the setting that tells where it is.
    let program = puppet.join("puppet");
    write_program(&program, PUPPET);
    fs::write(puppet.join("lastrunfile"), SUMMARY).unwrap();
    let managed = "file[/etc/motd]\nfile[/tmp/x]\nservice[ssh]\n";
    fs::write(puppet.join("resourcefile"), managed).unwrap();
    Node {
        facts: format!(
            "hostname: node{number}\nfqdn: node{number}.example.net\nosfamily: Debian\n\
             operatingsystem: Debian\noperatingsystemrelease: '12.11'\ncountry: {country}\nrole: {role}\n\
             ipaddress: 10.0.0.{number}\nprocessorcount: {number}\nmemorysize_mb: '{memory}.50'\n\
             is_virtual: true\nmotto: zwölf Boxkämpfer\nos:\n  family: Debian\n  release:\n    major: '12'\n    \
             full: '12.11'\nmountpoints:\n- /\n- /var\n",
            memory = 2048 * number,
        ),
        classes: format!("common\nmcollective\nrole::{role}\napache\n"),
        extra: format!(
            "plugin.puppet.command = {} agent\nplugin.puppet.splay = false\n",
            program.display()
        ),
        domain: ".example.net",
    }
}

/// What has to be the same: paragraphs in any order, their lines in any order, without what differs
/// from run to run.
fn form(text: &str) -> BTreeMap<String, usize> {
    static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let masks = [
            (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
            (r"\r\n", "\n"),
            (r"(?m)^warning: the broker was started .*\n", ""),
            // Progress.
            (r"(?m)^.*\r", ""),
            (r"(?m)^[0-9]+ / [0-9]+$", ""),
            (r"(?m)^.*\[ [=> ]+\] [0-9]+ / [0-9]+$", ""),
            (r"(?m)^Discovering hosts using the mc method .*$", ""),
            (r"[0-9]+(\.[0-9]+)? ?ms", "T ms"),
            (r"time=.*", "time=T"),
            (
                r"max: .* min: .* avg: .*ms.*|max: [0-9.]+ min: [0-9.]+ avg: [0-9.]+",
                "max: T",
            ),
            (r"max: T[ ▁▂▃▄▅▆▇█]*", "max: T"),
            (r"[0-9]+\.[0-9]+ seconds", "T seconds"),
            (r"[0-9 a-z]+ seconds ago", "T ago"),
            (r"(?m)^( *Time since last run .*)min:.*$", "${1}T"),
            (r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]+( [+-][0-9]+)?", "DATE"),
            (r"\b[0-9]{10}\b", "DATE"),
            (r"_age: [0-9]+", "_age: T"),
            (r"id: [0-9a-f]{32}", "id: ID"),
            (r"(size|mode|md5): [0-9a-f]+", "${1}: FILE'S"),
        ];
        masks
            .map(|(pattern, mask)| (Regex::new(pattern).unwrap(), mask))
            .to_vec()
    });
    let mut text = text.to_owned();
    for (pattern, mask) in MASKS.iter() {
        text = pattern.replace_all(&text, *mask).into_owned();
    }
    let text = text.replace("\":DATE", "\":0");
    let mut paragraphs = BTreeMap::new();
    let parts: Vec<String> = match serde_json::from_str(&text) {
        Ok(Value::Array(rows)) => rows.iter().map(ToString::to_string).collect(),
        _ => text.split("\n\n").map(str::to_owned).collect(),
    };
    for part in parts {
        let lines = part.lines().map(str::trim_end);
        let mut lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        if !lines.is_empty() {
            *paragraphs.entry(lines.join("\n")).or_default() += 1;
        }
    }
    paragraphs
}

/// Puppet's agents change in this order, as they did then.
const STEPS: [&[&str]; 3] = [
    &[
        "puppet-status",
        "puppet-count",
        "puppet-summary",
        "puppet-enable-again",
    ],
    &[
        "puppet-runonce-disabled",
        "puppet-status-disabled",
        "puppet-enable",
    ],
    &["puppet-runonce-tags", "puppet-runonce"],
];

#[test]
fn everything_else_is_as_it_was() {
    let fleet = Recorded::start();
    let mut names: Vec<String> = fs::read_dir(RECORDINGS)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".cmd").map(str::to_owned)
        })
        .filter(|name| !STEPS.concat().contains(&name.as_str()))
        .collect();
    assert!(names.len() > 120, "{names:?}");
    // Some read a file that another has written.
    names.sort();
    let wrong: Vec<String> = names
        .iter()
        .filter_map(|name| fleet.compare(name))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn puppet_is_as_it_was() {
    let fleet = Recorded::start();
    let mco = |words: &[&str]| fleet.fleet.mco(words).exits(0);
    let mut wrong = Vec::new();
    let mut compare =
        |names: &[&str]| wrong.extend(names.iter().filter_map(|name| fleet.compare(name)));
    compare(STEPS[0]);
    mco(&[
        "puppet",
        "disable",
        "maintenance",
        "window",
        "-I",
        "node1.example.net",
    ]);
    compare(STEPS[1]);
    compare(STEPS[2]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Says where its files are, and else does nothing.
const PUPPET: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
if [ "$1" = config ]; then
  shift 4
  for name; do echo "$name = $PWD/$name"; done
fi
"#;

/// Of a run long ago.
const SUMMARY: &str = "---
version:
  config: 1500000000
  puppet: 7.23.0
resources:
  changed: 0
  corrective_change: 0
  failed: 0
  failed_to_restart: 0
  out_of_sync: 0
  restarted: 0
  scheduled: 0
  skipped: 0
  total: 3
time:
  config_retrieval: 0.75
  file: 0.02
  service: 0.11
  total: 0.88
  last_run: 1500000100
changes:
  total: 0
events:
  failure: 0
  success: 0
  total: 0
";
