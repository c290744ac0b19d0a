//! `mco puppet` against a fleet whose Puppet is a program that leaves the files that Puppet leaves.
//! The real one is in `puppet_real`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Fleet, Node, OnTerminal};

/// A Puppet as far as its files go. What it does is in files beside it: `wait` is a file that a run
/// waits for the end of, `result` is what it comes to.
const PUPPET: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
if [ "$1" = config ]; then
  echo asked >>asked
  shift 4
  for name; do echo "$name = $PWD/$name"; done
  exit 0
fi
echo "$@" >>runs
echo $$ >agent_catalog_run_lockfile
while [ -e wait ]; do sleep 0.02; done
result=$(cat result)
changed=0; failed=0
case $result in
  changed) changed=2;;
  failed) failed=1;;
  crash) kill -9 $$;;
  error) rm agent_catalog_run_lockfile; echo "Error: no route to puppet" >&2; exit 1;;
esac
count=$(($(cat count 2>/dev/null || echo 0) + 1))
echo $count >count
cat >lastrunfile.new <<END
---
version:
  config: 17
  puppet: 7.23.0
resources:
  changed: $changed
  corrective_change: 0
  failed: $failed
  failed_to_restart: 0
  out_of_sync: $changed
  total: 9
time:
  config_retrieval: 0.5
  total: 1.25
  last_run: $((1795479548 + count))
changes:
  total: $changed
events:
  failure: $failed
END
mv lastrunfile.new lastrunfile
rm agent_catalog_run_lockfile
"#;

struct Site {
    dir: TempDir,
    fleet: Fleet,
}

impl Site {
    /// Nodes whose runs come to this.
    fn of(results: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let nodes: Vec<Node> = results
            .iter()
            .enumerate()
            .map(|(at, result)| {
                let home = dir.path().join(format!("node{}", at + 1));
                fs::create_dir_all(&home).unwrap();
                fs::write(home.join("result"), result).unwrap();
                let program = home.join("puppet");
                fs::write(&program, PUPPET).unwrap();
                fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
                Node {
                    extra: format!("plugin.puppet.command = {} agent\n", program.display()),
                    ..Node::default()
                }
            })
            .collect();
        Self {
            fleet: Fleet::with(&nodes),
            dir,
        }
    }

    fn put(&self, node: usize, name: &str, text: &str) {
        fs::write(self.dir.path().join(format!("node{node}")).join(name), text).unwrap();
    }

    fn read(&self, node: usize, name: &str) -> String {
        let path = self.dir.path().join(format!("node{node}")).join(name);
        fs::read_to_string(path).unwrap_or_default()
    }

    fn remove(&self, node: usize, name: &str) {
        fs::remove_file(self.dir.path().join(format!("node{node}")).join(name)).unwrap();
    }

    fn is_there(&self, node: usize, name: &str) -> bool {
        Path::new(&self.dir.path().join(format!("node{node}")).join(name)).exists()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn puppet_is_switched_off_and_on() {
    let site = Site::of(&["changed", "changed"]);
    let fleet = &site.fleet;
    fleet
        .mco(["puppet", "status"])
        .exits(0)
        .says("   node1: Currently stopped; never run\n")
        .says("Summary of Enabled:\n\n   enabled = 2\n")
        .says("Finished processing 2 / 2 hosts in ");
    fleet
        .mco(["puppet", "disable", "rebuilding", "it", "-I", "node1"])
        .exits(0);
    assert_eq!(
        json(&site.read(1, "agent_disabled_lockfile"))["disabled_message"],
        "rebuilding it"
    );
    assert!(!site.is_there(2, "agent_disabled_lockfile"));
    // Once more is no failure, unless that is asked for, or it is asked as the original asks.
    fleet
        .mco(["puppet", "disable", "again"])
        .exits(0)
        .says("disabled = 2\n");
    fleet
        .mco(["puppet", "disable", "again", "--strict"])
        .exits(2)
        .says("   Could not disable Puppet: Already disabled\n");
    fleet
        .mco(["rpc", "puppet", "disable", "idempotent=false"])
        .exits(2)
        .says("Already disabled");
    fleet
        .mco(["puppet", "status", "-I", "node1", "-o", "table"])
        .exits(0)
        .says("node1  disabled: rebuilding it  no ");
    fleet
        .mco(["puppet", "runonce", "-I", "node1"])
        .exits(2)
        .says("   Puppet is disabled: 'rebuilding it'\n");
    fleet
        .mco(["puppet", "count"])
        .exits(0)
        .says("Total Puppet nodes: 2\n\n          Nodes currently enabled: 0\n         Nodes currently disabled: 2\n\n");
    fleet
        .mco(["find", "-S", "puppet().enabled=false"])
        .exits(0)
        .says("node1\n");
    fleet.mco(["puppet", "enable"]).exits(0).says("enabled = 2");
    fleet.mco(["puppet", "enable"]).exits(0);
    fleet
        .mco(["puppet", "enable", "--strict"])
        .exits(2)
        .says("Already enabled");
    assert_eq!(
        site.read(1, "asked"),
        "asked\n",
        "Puppet is asked once where its files are"
    );
}

#[test]
fn runs_are_followed_to_their_end() {
    let site = Site::of(&["changed", "unchanged", "failed", "crash", "error"]);
    let ended = site
        .fleet
        .mco(["puppet", "runonce", "--wait", "--force", "--tags", "a,b"])
        .exits(2);
    for (node, result) in [
        (1, "changed"),
        (2, "unchanged"),
        (3, "failed"),
        (4, "failed"),
        (5, "failed"),
    ] {
        let line = format!("node{node} {result} after ");
        assert!(
            ended.stdout.contains(&line),
            "{line:?} is not in {ended:#?}"
        );
        assert!(
            ended.stdout.contains(&format!("\nnode{node}  {result} ")),
            "{ended:#?}"
        );
    }
    let ended = ended
        .says("1 changed, 1 unchanged, 3 failed\n")
        .says("Error: no route to puppet");
    assert!(ended.stdout.contains("1 resources failed"), "{ended:#?}");
    assert!(
        site.read(1, "runs")
            .starts_with("agent --onetime --no-daemonize --color=false ")
    );
    assert!(
        site.read(1, "runs")
            .trim()
            .ends_with("--tags a,b --no-splay")
    );
    let document = site
        .fleet
        .mco(["puppet", "runonce", "--wait", "-I", "node1", "-o", "json"])
        .exits(0);
    let document = json(&document.stdout);
    assert_eq!(document["replies"][0]["data"]["result"], "changed");
    assert_eq!(document["runs"]["changed"], 1);
    let summary = site.fleet.mco(["puppet", "summary"]).exits(0);
    let summary = summary
        .says("Summary statistics for 3 nodes:\n")
        .says("2 more have no figures");
    assert!(
        summary.stdout.contains(
            "                  Total resources: ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  min: 9.0    avg: 9.0"
        ),
        "{summary:#?}"
    );
    // What only our own client makes use of is in documents of our own.
    let asked = |form: &[&str]| {
        let words = ["rpc", "puppet", "status", "-I", "node1"];
        let words = words.iter().chain(form);
        let status = site.fleet.mco(words).exits(0);
        status.stdout.contains("run_request")
    };
    assert!(asked(&["-o", "json"]) && !asked(&["-j"]) && !asked(&[]));
    site.fleet
        .mco(["rpc", "puppet", "last_run_summary", "-I", "node1", "-v"])
        .exits(0)
        .says(":run_result=>\"changed\"");
}

#[test]
fn what_is_not_whole_is_told_and_not_counted() {
    let site = Site::of(&["changed", "unchanged"]);
    let fleet = &site.fleet;
    fleet
        .mco(["puppet", "runonce", "--wait", "--force"])
        .exits(0);
    // As a machine that lost its power may have it.
    let summary = site.read(1, "lastrunfile");
    let (half, _) = summary.split_once("5479549").unwrap();
    site.put(1, "lastrunfile", half);
    site.put(1, "resourcefile", "file[/etc/mo");
    fleet
        .mco(["puppet", "status"])
        .exits(0)
        .says("   node1: Currently stopped; last run unknown: lastrunfile is cut off\n")
        .says("   node2: Currently stopped; last completed run ");
    let table = fleet
        .mco(["puppet", "status", "-o", "table", "-I", "node1"])
        .exits(0)
        .stdout;
    assert!(table.contains("  unknown   Currently stopped; "), "{table}");
    fleet
        .mco(["puppet", "count"])
        .exits(0)
        .says("Nodes currently enabled: 2\n");
    fleet
        .mco(["puppet", "summary"])
        .exits(0)
        .says("Summary statistics for 1 nodes:\n")
        .says("1 more have no figures: Puppet has not completed a run there, or nobody can tell\n");
    let told = ["rpc", "puppet", "last_run_summary", "-I", "node1"];
    let told = fleet.mco(told).exits(0);
    told.says("Problem: lastrunfile is cut off; resourcefile is cut off\n")
        .says("Failed Resources: -1\n");
    for managed in ["true", "false"] {
        let words = format!("resource('file[/etc/motd]').managed={managed}");
        fleet.mco(["find", "-I", "node1", "-S", &words]).exits(1);
    }
    let words = "resource('file[/etc/motd]').managed=false";
    fleet.mco(["find", "-S", words]).exits(0).says("node2\n");
    fleet
        .mco(["puppet", "runonce", "--wait", "--force", "-I", "node1"])
        .exits(0)
        .says("node1 changed after ");
}

#[test]
fn a_run_under_way_is_waited_for_and_outlives_the_agent() {
    let mut site = Site::of(&["changed"]);
    site.put(1, "wait", "");
    site.fleet.mco(["puppet", "runonce", "--force"]).exits(0);
    site.fleet
        .mco(["puppet", "runonce"])
        .exits(0)
        .says("Puppet is currently applying a catalog, cannot run now\n");
    site.fleet
        .mco(["puppet", "runonce", "--strict"])
        .exits(2)
        .says("   Puppet is currently applying a catalog, cannot run now\n");
    assert_eq!(site.read(1, "runs").lines().count(), 1);
    site.fleet.agents[0].signal(nix::sys::signal::Signal::SIGTERM);
    site.fleet.agents[0].wait();
    assert!(
        site.is_there(1, "agent_catalog_run_lockfile"),
        "the run goes on"
    );
    site.fleet.restart_agent(0);
    site.fleet
        .mco(["puppet", "status"])
        .exits(0)
        .says("Currently applying a catalog; never run");
    site.fleet
        .mco(["puppet", "runonce", "--wait", "--strict"])
        .exits(2)
        .says("node1 failed after ")
        .says("cannot run now");
    let waiting = site
        .fleet
        .command(["puppet", "runonce", "--wait", "--noop"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    site.remove(1, "wait");
    let ended = crate::support::Ended::from(waiting.wait_with_output().unwrap()).exits(0);
    assert!(ended.stdout.contains("node1 changed after "), "{ended:#?}");
    // It was no run of ours: what was ordered came after it.
    assert_eq!(site.read(1, "runs").lines().count(), 2);
}

#[allow(clippy::too_many_lines, reason = "one fleet for all")]
#[test]
fn all_run_a_few_at_a_time() {
    let site = Site::of(&["changed", "unchanged", "failed", "changed", "changed"]);
    site.fleet
        .mco(["puppet", "disable", "-I", "node5"])
        .exits(0);
    let order = site
        .fleet
        .mco(["puppet", "runall", "2", "--dry-run"])
        .exits(0);
    assert_eq!(
        order
            .stdout
            .lines()
            .filter(|line| line.starts_with("node"))
            .count(),
        4,
        "{order:#?}"
    );
    // It ends, also where the runs would not.
    let words = [
        "puppet",
        "runall",
        "2",
        "--dry-run",
        "--rerun",
        "60",
        "-o",
        "json",
    ];
    let order = json(&site.fleet.mco(words).exits(0).stdout);
    assert_eq!(order["nodes"].as_array().unwrap().len(), 4, "{order}");
    assert_eq!(site.read(1, "runs"), "");
    let ended = site.fleet.mco(["puppet", "runall", "2"]).exits(2);
    let ended = ended
        .says(": Running all nodes with a concurrency of 2\n")
        .says(": Found 4 enabled nodes\n")
        .says("2 changed, 1 unchanged, 1 failed\n");
    assert!(
        ended.stdout.contains(": node2 unchanged after "),
        "{ended:#?}"
    );
    assert!(site.read(1, "runs").contains("--no-splay"));
    assert_eq!(site.read(5, "runs"), "");
    // One after the other, and no more after the failure.
    let stopped = site.fleet.mco([
        "puppet",
        "runall",
        "1",
        "--max-fail",
        "0",
        "-I",
        "node3",
        "-I",
        "node4",
        "-o",
        "json",
    ]);
    let stopped = stopped.exits(2).complains("Stopped: ");
    let document = json(&stopped.stdout);
    assert_eq!(document["ended"], "max_fail", "{document}");
    assert_eq!(document["runs"]["not_asked"], 1, "{document}");
    // The rest is in a list that can be given back.
    let list = site.dir.path().join("untouched").display().to_string();
    let words = [
        "puppet",
        "runall",
        "1",
        "--max-fail",
        "0",
        "--untouched",
        &list,
    ];
    site.fleet
        .mco(words.into_iter().chain(["-I", "node3", "-I", "node4"]))
        .exits(2)
        .says("node4  not_asked")
        .says("1 failed, 1 not asked\n")
        .complains("Not asked: 1 node; ask them with `--nodes ");
    let runs = site.read(4, "runs").lines().count();
    site.fleet
        .mco(["puppet", "runall", "1", "--nodes", &list])
        .exits(0)
        .says("1 changed\n");
    assert_eq!(site.read(4, "runs").lines().count(), runs + 1);
}

#[test]
fn what_makes_no_sense_is_said_and_not_sent() {
    let site = Site::of(&["changed"]);
    for (words, message) in [
        (
            vec!["runall"],
            "The runall command needs a concurrency limit",
        ),
        (vec!["runall", "0"], "has to be greater than 0"),
        (vec!["runal", "1"], "did you mean `runall`?"),
        (vec![], "Please specify a command."),
        (
            vec!["runonce", "--force", "--splay"],
            "Cannot set splay when forcing runs",
        ),
        (
            vec!["runonce", "--tags", "a b"],
            "Cannot validate input tags",
        ),
        (vec!["status", "--rerun", "3"], "--rerun is for runall"),
        (
            vec!["resource", "file"],
            "The resource command needs a name",
        ),
    ] {
        let words = ["puppet"].into_iter().chain(words);
        site.fleet.mco(words).exits(64).complains(message);
    }
}

#[test]
fn an_agent_that_is_killed_during_its_run_is_not_lost() {
    let mut site = Site::of(&["changed", "failed"]);
    for node in [1, 2] {
        site.put(node, "wait", "");
    }
    let all = begun(&site, &["puppet", "runall", "2"]);
    for node in [1, 2] {
        until(|| site.is_there(node, "agent_catalog_run_lockfile"));
        // Who asked for the run is noted a moment after it began. One that dies in that moment is told
        // to run again, which does no harm.
        let note = site.fleet.path(&format!("node{node}/puppet-run.json"));
        until(|| note.exists());
        site.fleet.agents[node - 1].signal(nix::sys::signal::Signal::SIGKILL);
        site.fleet.agents[node - 1].wait();
        // Its run goes on, and ends while nobody is there to see it.
        site.remove(node, "wait");
        until(|| site.is_there(node, "lastrunfile"));
        site.fleet.restart_agent(node - 1);
    }
    let ended = crate::support::Ended::from(all.wait_with_output().unwrap()).exits(2);
    let ended = ended.says("1 changed, 1 failed\n");
    assert!(ended.stdout.contains("node1 changed after "), "{ended:#?}");
    assert_eq!(site.read(1, "runs").lines().count(), 1);
}

#[test]
fn a_run_of_somebody_elses_is_not_taken_for_the_one_that_was_ordered() {
    use nix::sys::signal::Signal;
    let site = Site::of(&["changed", "unchanged"]);
    site.put(1, "wait", "");
    let all = begun(&site, &["puppet", "runall", "1"]);
    until(|| site.is_there(1, "agent_catalog_run_lockfile"));
    // node2 does not answer when it is told to run, and Puppet runs there by itself.
    site.fleet.agents[1].signal(Signal::SIGSTOP);
    site.put(2, "wait", "");
    let mut another = std::process::Command::new(site.dir.path().join("node2/puppet"))
        .arg("by itself")
        .spawn()
        .unwrap();
    until(|| site.is_there(2, "agent_catalog_run_lockfile"));
    site.remove(1, "wait");
    until(|| !site.is_there(1, "agent_catalog_run_lockfile"));
    // Until it has been told, and not been heard.
    std::thread::park_timeout(Duration::from_secs(8));
    site.fleet.agents[1].signal(Signal::SIGCONT);
    std::thread::park_timeout(Duration::from_secs(3));
    site.remove(2, "wait");
    assert!(another.wait().unwrap().success());
    let ended = crate::support::Ended::from(all.wait_with_output().unwrap()).exits(0);
    assert!(
        ended.stdout.contains("node2 unchanged after "),
        "{ended:#?}"
    );
    let runs = site.read(2, "runs");
    assert_eq!(runs.lines().count(), 2, "{runs}");
    assert!(runs.starts_with("by itself\nagent --onetime "), "{runs}");
}

#[test]
fn people_see_who_runs_and_each_node_as_it_ends() {
    let site = Site::of(&["unchanged", "changed"]);
    site.put(1, "wait", "");
    let mut seen = OnTerminal::spawn(site.fleet.command(["puppet", "runall", "2"]));
    seen.wait_for("node2 \u{1b}[33mchanged\u{1b}[0m after ");
    // The bar counts ends, and names those that run.
    seen.wait_for(" 1 / 2  node1");
    assert!(site.is_there(1, "agent_catalog_run_lockfile"));
    site.remove(1, "wait");
    seen.wait_for("node1 \u{1b}[32munchanged\u{1b}[0m after ");
    let (seen, code) = seen.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("1 changed, 1 unchanged\r\n"), "{seen:?}");
}

#[test]
fn runs_go_on_and_on_until_somebody_ends_it() {
    let site = Site::of(&["unchanged"]);
    let all = begun(&site, &["puppet", "runall", "1", "--rerun", "1"]);
    until(|| site.read(1, "runs").lines().count() >= 2);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(all.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let ended = crate::support::Ended::from(all.wait_with_output().unwrap()).exits(130);
    let ended = ended.says(
        ": Performing ongoing Puppet run management with a minimum runtime of 1 seconds between loops\n",
    );
    assert!(
        ended.stdout.matches(": Found 1 enabled node\n").count() >= 2,
        "{ended:#?}"
    );
}

/// `mco`, under way.
fn begun(site: &Site, words: &[&str]) -> std::process::Child {
    let mut command = site.fleet.command(words);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command.spawn().unwrap()
}

fn until(holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < end, "it does not become so");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
