//! What operators do with Puppet, on three nodes of one machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    server::Server,
    support::{Ended, Fleet, Node},
};

/// Three catalogs: one that changes a file that is missing, one that fails, one that takes as long
/// as a file is there.
fn manifest(dir: &Path) -> String {
    let at = dir.display();
    format!(
        "node node1 {{ class {{ 'web': }} }}\n\
         class web {{ file {{ '{at}/made': content => 'by Puppet' }} }}\n\
         node node2 {{ exec {{ '/bin/false': }} }}\n\
         node node3 {{ exec {{ \"/bin/sh -c 'while [ -e {at}/wait ]; do sleep 0.1; done'\": }} }}\n"
    )
}

struct Site {
    dir: tempfile::TempDir,
    fleet: Fleet,
    _server: Server,
}

impl Site {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(&dir.path().join("server"), &manifest(dir.path()));
        let nodes: Vec<Node> = (1..=3)
            .map(|at| {
                let home = dir.path().join(format!("node{at}"));
                fs::create_dir_all(&home).unwrap();
                // Over a connection that is kept the server lets an agent wait half a minute for its
                // certificate.
                let text = format!(
                    "[main]\nhttp_keepalive_timeout = 0\ncertname = node{at}\nserver = localhost\nkeylength = 2048\nserverport = {port}\nconfdir = {home}\n\
                     vardir = {home}/var\nssldir = {home}/ssl\nrundir = {home}/run\nlogdir = {home}/log\n\
                     publicdir = {home}/public\n[agent]\nlastrunfile = {home}/elsewhere.yaml\nusecacheonfailure = false\n",
                    port = server.port,
                    home = home.display(),
                );
                fs::write(home.join("puppet.conf"), text).unwrap();
                Node {
                    extra: format!(
                        "plugin.puppet.config = {}/puppet.conf\nplugin.puppet.resource_type_whitelist = file\n\
                         plugin.puppet.resource_allow_managed_resources = no\n",
                        home.display()
                    ),
                    ..Node::default()
                }
            })
            .collect();
        Self {
            fleet: Fleet::with(&nodes),
            _server: server,
            dir,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn mco(&self, words: &str) -> Ended {
        self.fleet.mco(words.split_ascii_whitespace())
    }

    /// Data of the one answer; `-o json` has our own outputs too.
    fn data(&self, words: &str) -> Value {
        let ended = self.mco(&format!("{words} -o json")).exits(0);
        serde_json::from_str::<Value>(&ended.stdout).unwrap()["replies"][0]["data"].clone()
    }

    /// Waits until this holds of a node's status.
    fn until(&self, node: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_mins(2);
        loop {
            let status = self.data(&format!("rpc puppet status -I {node}"));
            if holds(&status) {
                return status;
            }
            assert!(Instant::now() < end, "{status}");
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }
}

/// Ends what a test has started.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(crate) fn a_real_puppet_does_as_told() {
    let begun = Instant::now();
    let step = |what: &str| println!("{:>4} s: {what}", begun.elapsed().as_secs());
    let site = Site::start();
    step("the server and three agents are up");
    runs_end_as_they_should(&site);
    step("runs");
    one_resource_leaves_the_rest_alone(&site);
    step("resources");
    broken_files_are_sentences(&site);
    step("broken files");
    a_run_that_is_killed_is_noticed(&site);
    step("a run that is killed");
    a_daemon_is_told(&site);
    step("a daemon");
}

fn runs_end_as_they_should(site: &Site) {
    site.mco("puppet status")
        .exits(0)
        .says("   node1: Currently stopped; never run\n");
    let ended = site
        .mco("puppet runonce --wait=300 --force -I node1 -I node2")
        .exits(2);
    let ended = ended
        .says("node1 changed after ")
        .says("node2 failed after ")
        .says("1 resources failed");
    println!("{}", ended.stdout);
    assert_eq!(fs::read_to_string(site.path("made")).unwrap(), "by Puppet");
    // The configuration has moved the file, and Puppet was asked.
    assert!(site.path("node1/elsewhere.yaml").exists());
    let summary = site.data("rpc puppet last_run_summary logs=true -I node2");
    assert_eq!(
        (&summary["run_result"], &summary["failed_resources"]),
        (&"failed".into(), &1.into())
    );
    let logs = summary["logs"].as_array().unwrap();
    assert!(
        logs.iter()
            .any(|line| line["msg"].as_str().unwrap().contains("/bin/false")),
        "{logs:?}"
    );
    assert_eq!(
        site.data("rpc puppet last_run_summary -I node1")["type_distribution"]["File"],
        1
    );
    site.mco(
        "find -S resource('file[MADE]').managed=true"
            .replace("MADE", &site.path("made").display().to_string())
            .as_str(),
    )
    .exits(0)
    .says("node1\n");
    site.mco("puppet runall 2 -F nosuch=fact").exits(1);
    let all = site
        .mco("puppet runall 2")
        .exits(2)
        .says("node1 unchanged after ")
        .says("node3 changed after ")
        .says("1 changed, 1 unchanged, 1 failed\n");
    println!("{}", all.stdout);
    println!("{}", site.mco("puppet summary").exits(0).stdout);
    println!("{}", site.mco("puppet count").exits(0).stdout);
}

fn one_resource_leaves_the_rest_alone(site: &Site) {
    let classes = fs::read_to_string(site.path("node1/var/state/classes.txt")).unwrap();
    let file = site.path("by hand").display().to_string();
    let words = [
        "puppet",
        "resource",
        "file",
        &file,
        "content=it's $x",
        "-I",
        "node1",
    ];
    site.fleet.mco(words).exits(0).says("   Changed = 1\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "it's $x");
    site.fleet.mco(words).exits(0).says("   No Change = 1\n");
    let other = site.path("another").display().to_string();
    site.mco(&format!(
        "puppet resource file {other} path={other}.d content=x -I node1"
    ))
    .exits(2)
    .says("the property path would make it another file");
    assert!(!site.path("another").exists() && !site.path("another.d").exists());
    site.mco("puppet resource host a ip=192.0.2.1 -I node1")
        .exits(2)
        .says("The host type is not listed in the type whitelist");
    let managed = site.path("made").display().to_string();
    site.mco(&format!(
        "puppet resource file {managed} content=x -I node1"
    ))
    .exits(2)
    .says("refusing to create conflicting states");
    assert_eq!(
        fs::read_to_string(site.path("node1/var/state/classes.txt")).unwrap(),
        classes
    );
    let root = site.data("rpc puppetral find type=user title=root -I node1");
    assert_eq!(
        (&root["type"], &root["parameters"]["home"]),
        (&"User".into(), &"/root".into())
    );
    let users = site.data("rpc puppetral search type=user -I node1");
    assert!(
        users["result"]
            .as_array()
            .unwrap()
            .iter()
            .any(|user| user["title"] == "root")
    );
}

/// What a machine that lost its power may have instead of what Puppet wrote; and directories, which
/// Puppet itself can't do with.
fn broken_files_are_sentences(site: &Site) {
    let state = site.path("node1/var/state");
    let files = [
        site.path("node1/elsewhere.yaml"),
        state.join("last_run_report.yaml"),
        state.join("resources.txt"),
        state.join("classes.txt"),
        state.join("state.yaml"),
        state.join("agent_catalog_run.lock"),
        site.path("node1/run/agent.pid"),
        site.fleet.path("node1/puppet-run.json"),
    ];
    for zeros in [0, 4096] {
        for file in &files {
            fs::write(file, vec![0; zeros]).unwrap();
        }
        let status = site.data("rpc puppet status -I node1");
        println!("{}", status["message"]);
        let message = status["message"].as_str().unwrap();
        for part in [
            "Currently stopped; last run unknown: elsewhere.yaml is ",
            "; the run lock ",
            "; the daemon's pid file ",
        ] {
            assert!(message.contains(part), "{message}");
        }
        let summary = site.data("rpc puppet last_run_summary logs=true -I node1");
        println!("{}", summary["problem"]);
        assert_eq!(summary["run_result"], Value::Null);
        let managed = format!("resource('file[{}]')", site.path("made").display());
        for value in ["true", "false"] {
            site.mco(&format!("find -I node1 -S {managed}.managed={value}"))
                .exits(1);
        }
        let ended = site
            .mco("puppet runonce --wait=300 --force -I node1")
            .exits(0);
        println!("{}", ended.says("node1 unchanged after ").stdout);
        let status = site.data("rpc puppet status -I node1");
        let message = status["message"].as_str().unwrap();
        assert!(
            message.starts_with("Currently stopped; last completed run "),
            "{message}"
        );
        assert_eq!(
            site.data("rpc puppet last_run_summary logs=true -I node1")["problem"],
            Value::Null
        );
        site.mco(&format!("find -I node1 -S {managed}.managed=true"))
            .exits(0)
            .says("node1\n");
    }
    for file in &files {
        drop(fs::remove_file(file));
        fs::create_dir(file).unwrap();
    }
    let message = site.data("rpc puppet status -I node1")["message"].clone();
    println!("{message}");
    // Its end is known, though nothing of it could be written down.
    let ended = site
        .mco("puppet runonce --wait=300 --force -I node1")
        .exits(2)
        .says("node1 failed after ");
    println!("{}", ended.stdout);
    for file in &files {
        drop(fs::remove_dir_all(file));
    }
    site.mco("puppet runonce --wait=300 --force -I node1")
        .exits(0)
        .says("node1 unchanged after ");
}

fn a_run_that_is_killed_is_noticed(site: &Site) {
    fs::write(site.path("wait"), "").unwrap();
    site.mco("puppet runonce --force -I node3").exits(0);
    site.until("node3", |status| status["applying"] == true);
    site.mco("puppet runonce --strict -I node3")
        .exits(2)
        .says("currently applying a catalog");
    let lock = site.path("node3/var/state/agent_catalog_run.lock");
    let pid: i32 = fs::read_to_string(&lock).unwrap().trim().parse().unwrap();
    let leader: Value = serde_json::from_str(
        &fs::read_to_string(site.fleet.path("node3/puppet-run.json")).unwrap(),
    )
    .unwrap();
    for pid in [pid, i32::try_from(leader["pid"].as_i64().unwrap()).unwrap()] {
        // One of the two may be gone with the other.
        let pid = nix::unistd::Pid::from_raw(pid);
        let _gone = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    }
    fs::remove_file(site.path("wait")).unwrap();
    let status = site.until("node3", |status| status["run"]["state"] == "ended");
    assert_eq!(status["run"]["exitcode"], Value::Null);
    let message = status["message"].as_str().unwrap();
    assert!(
        message.contains("the run lock was left behind by process "),
        "{message}"
    );
    // Puppet itself clears its lock away.
    site.mco("puppet runonce --wait=300 --force -I node3")
        .exits(0)
        .says("node3 changed after ");
}

fn a_daemon_is_told(site: &Site) {
    let before = site.data("rpc puppet status -I node1")["lastrun"].clone();
    let daemon = Command::new("puppet")
        .args(["agent", "--no-daemonize", "--runinterval=1d", "--logdest"])
        .arg(site.path("daemon.log"))
        .arg("--config")
        .arg(site.path("node1/puppet.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let daemon = Guard(daemon);
    // It runs at once when it starts.
    site.until("node1", |status| {
        status["idling"] == true && status["lastrun"] != before
    });
    fs::remove_file(site.path("made")).unwrap();
    site.mco("puppet runonce --wait=120 -I node1")
        .exits(0)
        .says("node1 changed after ");
    assert!(site.path("made").exists());
    let status = site.until("node1", |status| status["idling"] == true);
    assert_eq!(status["run"]["signalled"], true);
    site.mco("puppet runonce --noop -I node1")
        .exits(2)
        .says("Cannot specify any custom puppet options when the daemon is running");
    drop(daemon);
    site.mco("puppet status -I node1")
        .exits(0)
        .says("the daemon's pid file was left behind by process ");
}
