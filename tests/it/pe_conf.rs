//! The switch in Puppet Enterprise's `pe.conf`: set, shown, and obeyed by every role.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{Ended, Fleet, command, program};

const TEXT: &str = "# Puppet Enterprise\r\n{\r\n\t\"a::b\": \"x # y\",  // kept\r\n\t\"pe_install::disable_mco\":   true # why\r\n}";

/// A directory like Puppet Enterprise's, with a `pe.conf`.
struct Machine {
    dir: tempfile::TempDir,
    file: PathBuf,
}

impl Machine {
    fn with(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("enterprise/conf.d/pe.conf");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        Self { dir, file }
    }

    /// `mcollective enable --pe-conf` with this file.
    fn enable(&self, words: &[&str]) -> Ended {
        let mut command = command(self.dir.path());
        command
            .args(["enable", "--pe-conf"])
            .arg(&self.file)
            .args(words);
        command.output().unwrap().into()
    }

    /// The program on this machine.
    fn run(&self, words: &[&str]) -> Ended {
        self.command().args(words).output().unwrap().into()
    }

    fn command(&self) -> Command {
        let mut command = command(self.dir.path());
        command.env("MCOLLECTIVE_PE_CONF", &self.file);
        command
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }

    /// The names beside it.
    fn beside(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.file.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

#[test]
fn it_sets_one_value_and_keeps_the_rest() {
    let machine = Machine::with(TEXT);
    if is_root() {
        chown(&machine.file, Some(12), Some(34)).unwrap();
    }
    let before = fs::metadata(&machine.file).unwrap();
    machine
        .enable(&["--check"])
        .exits(1)
        .says("pe.conf:4: \"pe_install::disable_mco\" is true");
    machine.enable(&["--dry-run"]).exits(0).says("would get");
    assert_eq!(
        (machine.text().as_str(), machine.beside()),
        (TEXT, vec!["pe.conf".into()])
    );
    machine.enable(&[]).exits(0).says("is kept as");
    assert_eq!(machine.text(), TEXT.replace("true", "false"));
    assert_eq!(
        fs::read_to_string(machine.file.with_extension("conf.bak")).unwrap(),
        TEXT
    );
    for name in ["pe.conf", "pe.conf.bak"] {
        let after = fs::metadata(machine.file.with_file_name(name)).unwrap();
        assert_eq!(
            (after.mode(), after.uid(), after.gid()),
            (before.mode(), before.uid(), before.gid()),
            "{name}"
        );
    }
    machine.enable(&["--check"]).exits(0).says("enabled: ");
    machine.enable(&[]).exits(0).says("nothing was changed");
    machine.enable(&["--disable"]).exits(0);
    assert_eq!(machine.text(), TEXT);
    assert_eq!(
        machine.beside(),
        ["pe.conf", "pe.conf.bak", "pe.conf.bak.1"]
    );
}

#[test]
fn scripts_get_a_document() {
    let machine = Machine::with("a: 1\n");
    let checked = machine.enable(&["--check", "-o", "json"]).exits(1);
    let value = json(&checked);
    assert_eq!(
        (&value["enabled"], &value["decided_by"]),
        (&false.into(), &"default".into())
    );
    assert_eq!(value["line"], Value::Null);
    let changed = json(&machine.enable(&["-o", "json"]).exits(0));
    assert_eq!(
        (&changed["changed"], &changed["line"]),
        (&true.into(), &2.into())
    );
    assert!(changed["backup"].as_str().unwrap().ends_with("pe.conf.bak"));
    let again = json(&machine.enable(&["-o", "json"]).exits(0));
    assert_eq!(
        (&again["changed"], &again["backup"]),
        (&false.into(), &Value::Null)
    );
    let value = json(&machine.enable(&["--check", "-o", "json"]).exits(0));
    assert_eq!(
        (&value["decided_by"], &value["line"]),
        (&"setting".into(), &2.into())
    );
    // An upgraded Puppet Enterprise.
    fs::write(&machine.file, "").unwrap();
    fs::create_dir(machine.dir.path().join("mcollective")).unwrap();
    fs::write(machine.dir.path().join("mcollective/server.cfg"), "").unwrap();
    let value = json(&machine.enable(&["--check", "-o", "json"]).exits(0));
    assert_eq!(value["decided_by"], "configuration");
    assert!(
        value["configuration"]
            .as_str()
            .unwrap()
            .ends_with("mcollective/server.cfg")
    );
}

#[test]
fn doubts_are_said() {
    let machine = Machine::with("\"pe_install::disable_mco\": false\ninclude \"more.conf\"\n");
    machine
        .enable(&["--check"])
        .exits(0)
        .complains("line 2 includes another file");
    let machine = Machine::with("pe_install { disable_mco: false }\n");
    machine
        .enable(&["--check"])
        .exits(1)
        .complains("which is another key");
    machine
        .run(&["agent"])
        .exits(78)
        .complains("which is another key");
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_touched() {
    for (text, at, words) in [
        ("a: [1,\n", "pe.conf:2:1", "`[` of line 1 is open"),
        (
            "a: 1\n  b = \"x\n",
            "pe.conf:2:7",
            "does not end on its line",
        ),
    ] {
        let machine = Machine::with(text);
        for options in [&["--check"][..], &[], &["--disable"]] {
            machine
                .enable(options)
                .exits(78)
                .complains(at)
                .complains(words)
                .complains("\nhint: ");
        }
        machine
            .run(&["agent"])
            .exits(78)
            .complains(at)
            .complains("can't be told whether");
        assert_eq!(
            (machine.text().as_str(), machine.beside()),
            (text, vec!["pe.conf".into()])
        );
    }
    for value in ["\"false\"", "no", "0", "null", "[false]", "{}", "${other}"] {
        let machine = Machine::with(&format!("\n\"pe_install::disable_mco\": {value}\n"));
        machine
            .enable(&["--check"])
            .exits(78)
            .complains("pe.conf:2:1: \"pe_install::disable_mco\"")
            .complains("true or false, without quotes");
        machine
            .run(&["mco", "ping"])
            .exits(78)
            .complains("pe.conf:2:1");
        machine.enable(&[]).exits(0);
        assert_eq!(machine.text(), "\n\"pe_install::disable_mco\": false\n");
    }
    let machine = Machine::with(TEXT);
    let home = machine.dir.path();
    symlink("nowhere", home.join("link")).unwrap();
    for (path, words) in [
        ("none", "is not there"),
        ("enterprise", "is a directory"),
        ("link", "a symbolic link to a file that is not there"),
    ] {
        let mut command = command(home);
        command.args(["enable", "--pe-conf"]).arg(home.join(path));
        Ended::from(command.output().unwrap())
            .exits(78)
            .complains(words)
            .complains("hint: ");
    }
    for words in [
        &["enable"][..],
        &["enable", "--check"],
        &["enable", "--demo", "/tmp/x", "--pe-conf", "/tmp/y"],
        &["enable", "--pe-conf", "/tmp/y", "--check", "--disable"],
        &["enable", "--pe-conf", "/tmp/y", "--stop"],
    ] {
        machine.run(words).exits(64);
    }
}

#[test]
fn a_link_stays_one() {
    let machine = Machine::with(TEXT);
    let link = machine.dir.path().join("link");
    symlink(&machine.file, &link).unwrap();
    let mut command = command(machine.dir.path());
    command.args(["enable", "--pe-conf"]).arg(&link);
    Ended::from(command.output().unwrap())
        .exits(0)
        .says("is a symbolic link to");
    assert!(link.is_symlink());
    assert_eq!(machine.text(), TEXT.replace("true", "false"));
}

#[test]
fn a_disk_that_takes_nothing_keeps_the_file_whole() {
    let machine = Machine::with(TEXT);
    let folder = machine.file.parent().unwrap();
    let ended: Ended = if is_root() {
        let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || exit 99; exec \"$2\" enable --pe-conf \"$1/pe.conf\"";
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", script, "sh"])
            .args([folder, &program()])
            .output();
        let output = output.unwrap();
        if output.status.code() == Some(99) {
            eprintln!(
                "skipped: no mounts here: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            return;
        }
        output.into()
    } else {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
        let ended = machine.enable(&[]);
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        ended
    };
    ended
        .exits(78)
        .complains("nothing was changed")
        .complains("hint: ");
    assert_eq!(
        (machine.text().as_str(), machine.beside()),
        (TEXT, vec!["pe.conf".into()])
    );
}

#[test]
fn every_role_obeys_it() {
    let machine = Machine::with(TEXT);
    for words in [
        &["broker"][..],
        &["agent"],
        &["mco", "ping"],
        &["mco", "rpc", "rpcutil", "ping"],
    ] {
        machine
            .run(words)
            .exits(78)
            .complains("pe.conf:4:2: \"pe_install::disable_mco\" is true")
            .complains("`mcollective enable --pe-conf ");
    }
    machine
        .run(&["mco", "ping", "--exit-codes", "legacy"])
        .exits(1);
    let demo = machine.dir.path().join("demo");
    let demo = demo.to_str().unwrap();
    machine.run(&["enable", "--demo", demo]).exits(78);
    assert!(!Path::new(demo).join("log").exists());
    for words in [
        &["--help"][..],
        &["--version"],
        &["broker", "--help"],
        &["mco", "help"],
        &["mco", "help", "ping"],
        &["mco", "--version"],
        &["mco", "plugin", "doc", "rpcutil"],
        &[
            "mco", "plugin", "generate", "ddl", "rpcutil", "--format", "ruby",
        ],
        &["mco", "describe_filter", "-C", "a"],
        &["mco", "help", "policy"],
        &["mco", "completion", "--list-agents"],
    ] {
        machine.run(words).exits(0);
    }
    let fleet = Fleet::start(1);
    // A check of the configuration is no run, and says it.
    let config = fleet.path("broker.cfg");
    let check = ["broker", "--check-config", "-c", config.to_str().unwrap()];
    machine
        .run(&check)
        .exits(0)
        .says("so MCollective is disabled on this machine\nThe configuration can be used");
    let config = fleet.path("client.cfg");
    let config = config.to_str().unwrap();
    let ping = ["mco", "ping", "--config", config];
    machine.run(&ping).exits(78);
    machine.enable(&[]).exits(0);
    machine.run(&ping).exits(0);
}

#[test]
fn who_may_not_read_it_is_the_client_and_asks_nobody() {
    let machine = Machine::with(TEXT);
    let fleet = Fleet::start(1);
    let home = machine.dir.path();
    // For another user: root may read everything.
    let copy = home.join("mcollective-program");
    fs::copy(program(), &copy).unwrap();
    fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&machine.file, fs::Permissions::from_mode(0o000)).unwrap();
    let own = home.join("own");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(fleet.path(""))
        .arg(&own)
        .status()
        .unwrap();
    assert!(copied.success());
    let config = fs::read_to_string(fleet.path("client.cfg")).unwrap();
    let config = config.replace(
        fleet.path("").to_str().unwrap().trim_end_matches('/'),
        own.to_str().unwrap(),
    );
    fs::write(home.join("client.cfg"), config).unwrap();
    let public = Command::new("chmod")
        .args(["-R", "a+rX"])
        .arg(&own)
        .arg(home.join("client.cfg"))
        .status()
        .unwrap();
    assert!(public.success());
    let run = |words: &[&str]| -> Ended {
        let mut command = Command::new(&copy);
        command
            .env_clear()
            .env("HOME", home)
            .env("MCOLLECTIVE_PE_CONF", &machine.file)
            .args(words);
        if is_root() {
            command.uid(65534).gid(65534);
        }
        command.output().unwrap().into()
    };
    let config = home.join("client.cfg");
    let config = config.to_str().unwrap();
    let ended = run(&["mco", "ping", "--config", config]).exits(0);
    assert!(!ended.stderr.contains("pe.conf"), "{ended:#?}");
    run(&["mco", "ping", "-v", "--config", config])
        .exits(0)
        .complains("may not be read by this user, so it was not asked");
    run(&["agent"])
        .exits(78)
        .complains("may not be read by this user");
}
