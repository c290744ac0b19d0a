//! Every file that is read, times every way in which it can be broken, times every action: an answer
//! soon, a sentence that says what is wrong, and nothing that is not so.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    time::{Duration, Instant},
};

use super::*;
use crate::node::data::{DataPlugin as _, PuppetData, ResourceData};

/// What is at a file's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Missing,
    /// A link that leads nowhere, which is as good as nothing.
    Dangling,
    /// A link to itself.
    Loop,
    Directory,
    FullDirectory,
    Fifo,
    /// A link to a device without end.
    Device,
    Sparse,
    Unreadable,
    Bytes(&'static [u8]),
    Text(&'static str),
    OwnPid,
    ParentPid,
    /// Half of what was there.
    Half,
    DeepYaml,
}

const WAYS: [Way; 30] = [
    Way::Missing,
    Way::Dangling,
    Way::Loop,
    Way::Directory,
    Way::FullDirectory,
    Way::Fifo,
    Way::Device,
    Way::Sparse,
    Way::Unreadable,
    Way::OwnPid,
    Way::ParentPid,
    Way::Half,
    Way::DeepYaml,
    Way::Bytes(b""),
    Way::Bytes(b"\0\0\0\0\0\0\0\0"),
    Way::Bytes(b"\x7fELF\x02\x01\x01\x00\xff\xfe\n"),
    Way::Bytes(b"\xff\xfe4\x007\x001\x001\x00"),
    Way::Text("\u{feff}"),
    Way::Text("  "),
    Way::Text("garbage\r\n"),
    Way::Text("4194399\n"),
    Way::Text("99999999999999999999\n"),
    Way::Text("-1\n"),
    Way::Text("0\n"),
    Way::Text("1\n"),
    Way::Text("[]\n"),
    Way::Text("null\n"),
    Way::Text("--- !ruby/object:Puppet::Transaction::Report {}\n"),
    Way::Text("<!DOCTYPE html><html>&a; *b {{ %x\n"),
    Way::Text("time: &a [*a]\n"),
];

impl Way {
    /// Whether it is as good as nothing.
    const fn is_nothing(self) -> bool {
        matches!(self, Self::Missing | Self::Dangling)
    }

    fn make(self, path: &Path) {
        let before = match self {
            Self::Half => fs::read(path).unwrap_or_default(),
            _ => Vec::new(),
        };
        clear(path);
        match self {
            Self::Missing => {}
            Self::Dangling => symlink("/nonexistent/file", path).unwrap(),
            Self::Loop => symlink(path, path).unwrap(),
            Self::Directory => fs::create_dir(path).unwrap(),
            Self::FullDirectory => fs::create_dir_all(path.join("within")).unwrap(),
            Self::Fifo => file::make_fifo(path),
            Self::Device => symlink("/dev/zero", path).unwrap(),
            Self::Sparse => File::create(path).unwrap().set_len(1 << 30).unwrap(),
            Self::Unreadable => {
                put(path, b"garbage\n");
                fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
            }
            Self::Bytes(bytes) => put(path, bytes),
            Self::Text(text) => put(path, text.as_bytes()),
            Self::OwnPid => put(path, std::process::id().to_string().as_bytes()),
            Self::ParentPid => {
                let parent = std::os::unix::process::parent_id();
                put(path, parent.to_string().as_bytes());
            }
            Self::Half => put(path, before.get(..before.len() / 2).unwrap()),
            Self::DeepYaml => put(path, format!("time: {}\n", "[".repeat(10_000)).as_bytes()),
        }
    }
}

fn put(path: &Path, bytes: &[u8]) {
    file::write_atomic(path, bytes, Mode::Exactly(0o644)).unwrap();
}

fn clear(path: &Path) {
    if path.is_symlink() || !path.is_dir() {
        drop(fs::remove_file(path));
    } else {
        fs::remove_dir_all(path).unwrap();
    }
}

/// What Puppet, and we, have left on a machine where all is well.
const WELL: [(&str, &str); 5] = [
    (
        "lastrunfile",
        "---\nversion:\n  config: 1795479548\n  puppet: 7.23.0\nresources:\n  changed: 2\n  failed: 0\n  total: 9\n\
         time:\n  total: 0.5\n  last_run: 1795479548\nchanges:\n  total: 2\n",
    ),
    (
        "lastrunreport",
        "--- !ruby/object:Puppet::Transaction::Report\nlogs:\n- level: notice\n  message: hello\n  source: Puppet\n",
    ),
    ("resourcefile", "file[/etc/motd]\nuser[root]\n"),
    ("puppet-run.json", ""),
    ("puppet-settings.json", ""),
];

const LOCKS: [&str; 3] = [
    "agent_catalog_run_lockfile",
    "agent_disabled_lockfile",
    "pidfile",
];

struct Machine {
    node: Node,
    config: String,
    slowest: Duration,
}

impl Machine {
    fn new() -> Self {
        let node = Node::new("[ $1 = config ] && exit 1; exit 0", "");
        let dir = node.path("").display().to_string();
        let mut config = format!(
            "plugin.puppet.command = {dir}/puppet agent\nplugin.puppet.resource_type_whitelist = file\n"
        );
        for setting in puppet::Paths::SETTINGS {
            writeln!(config, "plugin.puppet.{setting} = {dir}/{setting}").unwrap();
        }
        let node = Node {
            host: node.site.host_of(&config),
            ..node
        };
        Self {
            node,
            config,
            slowest: Duration::ZERO,
        }
    }

    fn restart(&mut self) {
        self.node.host = self.node.site.host_of(&self.config);
    }

    fn heal(&self) {
        for lock in LOCKS {
            clear(&self.node.path(lock));
        }
        for (name, text) in WELL {
            clear(&self.node.path(name));
            if !text.is_empty() {
                put(&self.node.path(name), text.as_bytes());
            }
        }
    }

    async fn call(&mut self, action: &str, inputs: Value) -> Result<Outputs, ActionError> {
        let begun = Instant::now();
        let answer = self.node.call(action, inputs).await;
        self.slowest = self.slowest.max(begun.elapsed());
        answer
    }

    async fn status(&mut self) -> Outputs {
        self.call("status", json!({})).await.unwrap()
    }
}

fn text<'a>(outputs: &'a Outputs, name: &str) -> &'a str {
    outputs
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[tokio::test]
async fn every_broken_file_is_a_sentence_and_no_wrong_claim() {
    let mut machine = Machine::new();
    for name in WELL.map(|(name, _)| name).into_iter().chain(LOCKS) {
        for way in WAYS {
            machine.heal();
            // What this daemon knows itself hides what it has noted.
            if name.starts_with("puppet-") {
                machine.restart();
            }
            way.make(&machine.node.path(name));
            looks(&mut machine, name, way).await;
            switches(&mut machine, name, way).await;
            if name == "resourcefile" {
                resources(&mut machine, way).await;
            } else {
                runs(&mut machine, name, way).await;
            }
        }
    }
    assert!(
        machine.slowest < Duration::from_secs(10),
        "{:?}",
        machine.slowest
    );
}

/// What only looks.
async fn looks(machine: &mut Machine, name: &str, way: Way) {
    let what = format!("{name} {way:?}");
    let status = machine.status().await;
    let message = text(&status, "message");
    let is_lock = name == "agent_disabled_lockfile";
    let disabled = is_lock && !way.is_nothing() && way != Way::Loop;
    let enabled = (!(is_lock && way == Way::Loop)).then_some(!disabled);
    assert_eq!(
        (
            &status["applying"],
            &status["daemon_present"],
            &status["enabled"]
        ),
        (&json!(false), &json!(false), &json!(enabled)),
        "{what}: {message}"
    );
    let word = if disabled { "disabled" } else { "stopped" };
    assert!(
        message.starts_with(&format!("Currently {word}; ")),
        "{what}: {message}"
    );
    assert_eq!(
        text(&status, "disable_message").is_empty(),
        !disabled,
        "{what}"
    );
    // A sentence where something is wrong, and nothing where all is well.
    let expected = match name {
        "lastrunfile" if way.is_nothing() => "; never run",
        "lastrunfile" => "; last run unknown: ",
        "agent_catalog_run_lockfile" if !way.is_nothing() => "the run lock ",
        "pidfile" if !way.is_nothing() => "the daemon's pid file ",
        "agent_disabled_lockfile" if way == Way::Loop => {
            "nobody can tell whether runs are forbidden: "
        }
        _ => " ago",
    };
    assert!(message.contains(expected), "{what}: {message}");
    if expected == " ago" {
        assert!(message.ends_with(expected), "{what}: {message}");
    }

    let summary = machine
        .call("last_run_summary", json!({"logs": true}))
        .await;
    let summary = summary.unwrap();
    let problem = text(&summary, "problem");
    let is_read = ["lastrunfile", "lastrunreport", "resourcefile"].contains(&name);
    let well = !is_read || (way.is_nothing() && name == "resourcefile");
    assert_eq!(problem.is_empty(), well, "{what}: {problem}");
    if name == "lastrunfile" {
        assert_eq!(summary["run_result"], Value::Null, "{what}");
        let failed = if way.is_nothing() { 0 } else { -1 };
        assert_eq!(summary["failed_resources"], json!(failed), "{what}");
    } else {
        assert_eq!(summary["run_result"], json!("changed"), "{what}");
        assert_eq!(summary["total_resources"], json!(9), "{what}");
    }

    let puppet = machine.node.host.puppet();
    let data = PuppetData::new(Arc::clone(puppet)).query(None).unwrap();
    assert_eq!(data["status"], json!(word), "{what}");
    let plugin = ResourceData::new(Arc::clone(puppet));
    let data = plugin.query(Some("file[/etc/motd]")).unwrap();
    let managed = match name {
        "resourcefile" if way.is_nothing() => Some(&json!(false)),
        "resourcefile" => None,
        _ => Some(&json!(true)),
    };
    assert_eq!(data.get("managed"), managed, "{what}");
    let unknown = !way.is_nothing() && ["lastrunfile", "resourcefile"].contains(&name);
    assert_eq!(data.contains_key("problem"), unknown, "{what}");
}

/// What locks and unlocks, twice each.
async fn switches(machine: &mut Machine, name: &str, way: Way) {
    let what = format!("{name} {way:?}");
    let is_lock = name == "agent_disabled_lockfile";
    let idempotent = json!({"idempotent": true, "message": "by test"});
    if !(is_lock && way == Way::Loop) {
        let outputs = machine.call("disable", idempotent.clone()).await;
        let outputs = outputs.unwrap_or_else(|error| panic!("{what}: {error}"));
        let locked = !is_lock || way.is_nothing();
        assert_eq!(outputs["changed"], json!(locked), "{what}");
        assert_eq!(machine.status().await["enabled"], json!(false), "{what}");
    }
    match machine.call("enable", idempotent.clone()).await {
        Ok(outputs) => assert_eq!(outputs["enabled"], json!(true), "{what}"),
        // Nobody removes what somebody has put there.
        Err(error) => {
            assert!(is_lock && way == Way::FullDirectory, "{what}: {error}");
            assert!(
                error.message.contains("Directory not empty"),
                "{what}: {error}"
            );
            clear(&machine.node.path(name));
        }
    }
    let again = machine.call("enable", idempotent).await.unwrap();
    assert_eq!(again["changed"], json!(false), "{what}");
    way.make(&machine.node.path(name));
}

async fn runs(machine: &mut Machine, name: &str, way: Way) {
    let what = format!("{name} {way:?}");
    let run = machine.call("runonce", json!({"idempotent": true})).await;
    let is_lock = name == "agent_disabled_lockfile";
    if is_lock && !way.is_nothing() && way != Way::Loop {
        let error = run.unwrap_err();
        assert!(
            error.message.starts_with("Puppet is disabled: '"),
            "{what}: {error}"
        );
        return;
    }
    let outputs = run.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(outputs["changed"], json!(true), "{what}");
    assert!(
        text(&outputs, "summary").starts_with("Started a Puppet run"),
        "{what}"
    );
}

async fn resources(machine: &mut Machine, way: Way) {
    let inputs = json!({"type": "file", "name": "/tmp/x", "ensure": "present"});
    let ended = machine.call("resource", inputs).await;
    if way.is_nothing() {
        assert_eq!(ended.unwrap()["changed"], json!(false), "{way:?}");
        return;
    }
    let error = ended.unwrap_err().message;
    assert!(
        error.starts_with("Puppet may be managing the resource 'File[/tmp/x]', as ")
            && error.contains("resourcefile"),
        "{way:?}: {error}"
    );
}
