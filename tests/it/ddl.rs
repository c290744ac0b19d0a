//! DDL files: found below `libdir`, explained, used, written, and loaded by the original itself where
//! it is installed.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use super::support::{Ended, Fleet, mco};

/// The `libdir` of the tests.
fn libdir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/libdir")
}

/// A client that knows a `libdir` and nothing else.
struct Client(tempfile::TempDir);

impl Client {
    fn new(libdir: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("libdir = {}\n", libdir.display());
        fs::write(dir.path().join("client.cfg"), text).unwrap();
        Self(dir)
    }

    fn mco<const N: usize>(&self, words: [&str; N]) -> Ended {
        mco(&self.0.path().join("client.cfg"), words)
    }
}

#[test]
fn files_are_explained_as_what_is_compiled_in() {
    let client = Client::new(&libdir());
    for name in [
        "agent/web",
        "agent/tasks",
        "data/load",
        "discovery/inventory",
        "aggregate/histogram",
    ] {
        let expected = libdir().join(format!("{}.txt", name.replace('/', "-")));
        let printed = client.mco(["plugin", "doc", name]).exits(0).stdout;
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&expected, &printed).unwrap();
        }
        assert_eq!(printed, fs::read_to_string(&expected).unwrap(), "{name}");
    }
    let list = client.mco(["plugin", "doc"]).exits(0);
    for row in [
        "  web                       Looks after the web servers\n",
        "  load                      The load of the machine\n",
        "  site_list                 Validates that a value is a list of sites\n",
        "  rpcutil                   General helpful actions",
        "Plugin Load Errors:\n  agent/broken              ",
        "agent/broken.ddl:5:34: programs are not run from a DDL\n",
    ] {
        assert!(
            list.stdout.contains(row),
            "{row:?} is not in {}",
            list.stdout
        );
    }
    client
        .mco(["plugin", "doc", "broken"])
        .exits(78)
        .complains("broken.ddl:5:34: programs are not run from a DDL\nhint: a DDL in JSON");
    client
        .mco(["plugin", "doc", "--json"])
        .exits(0)
        .says(r#""type":"data","name":"load""#);
    client
        .mco(["plugin", "doc", "wbe"])
        .exits(64)
        .complains("hint: did you mean `web`?");
    client
        .mco(["plugin", "package", "."])
        .exits(64)
        .complains("there is nothing to package")
        .complains("hint: put NAME.ddl");
    client
        .mco(["plugin", "generate", "agent", "x"])
        .exits(64)
        .complains("generate ddl");
    client
        .mco(["plugin", "generate"])
        .exits(64)
        .complains("generate ddl");
}

#[test]
fn a_ddl_is_written_in_both_formats_and_read_again() {
    let client = Client::new(&libdir());
    for (name, format, golden) in [
        ("web", "ruby", "web.out.ddl"),
        ("web", "json", "web.out.json"),
        ("rpcutil", "ruby", "rpcutil.out.ddl"),
        ("data/load", "json", "load.out.json"),
    ] {
        let written = client
            .mco(["plugin", "generate", "ddl", name, "--format", format])
            .exits(0)
            .stdout;
        let golden = libdir().join(golden);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&golden, &written).unwrap();
        }
        assert_eq!(
            written,
            fs::read_to_string(&golden).unwrap(),
            "{name} {format}"
        );
    }
    // What is written of a file is the file's equal.
    let again = tempfile::tempdir().unwrap();
    let agents = again.path().join("mcollective/agent");
    fs::create_dir_all(&agents).unwrap();
    fs::copy(libdir().join("web.out.ddl"), agents.join("web.ddl")).unwrap();
    fs::copy(libdir().join("web.out.json"), agents.join("webj.json")).unwrap();
    let client = Client::new(again.path());
    let explained = fs::read_to_string(libdir().join("agent-web.txt")).unwrap();
    assert_eq!(
        client.mco(["plugin", "doc", "web"]).exits(0).stdout,
        explained
    );
    let actions = |text: &str| text[text.find("ACTIONS").unwrap()..].to_owned();
    let from_json = client.mco(["plugin", "doc", "webj"]).exits(0).stdout;
    assert_eq!(actions(&from_json), actions(&explained));
    client
        .mco(["plugin", "generate", "ddl", "web", "--format", "yaml"])
        .exits(64)
        .complains("`ruby` or `json`, not as `yaml`");
    client
        .mco(["plugin", "doc", "web", "--format", "json"])
        .exits(64)
        .complains("is for `mco plugin generate ddl`");
}

#[test]
fn completion_lists_what_files_declare() {
    let client = Client::new(&libdir());
    let list = |words: &[&str]| {
        let words = ["completion"].iter().chain(words);
        mco(&client.0.path().join("client.cfg"), words)
            .exits(0)
            .stdout
    };
    assert_eq!(
        list(&["--list-agents"]),
        "broken\npackage\npuppet\npuppetral\nrpcutil\nservice\ntasks\nweb\n"
    );
    assert_eq!(
        list(&["--list-agents", "-v"]),
        "package:Install and uninstall software packages\npuppet:Run Puppet agent, get its status, and enable/disable it\n\
         puppetral:View and edit resources with Puppet's resource abstraction layer\n\
         rpcutil:General helpful actions that expose stats and internals to SimpleRPC clients\n\
         service:Start and stop system services\n\
         tasks:Runs tasks\nweb:Looks after the web servers\n"
    );
    let web = ["--agent", "web"];
    assert_eq!(
        list(&[&["--list-actions"], &web[..]].concat()),
        "restart\nstart\nstop\ntraffic\n"
    );
    let restart = ["--agent", "web", "--action", "restart"];
    assert_eq!(
        list(&[&["--list-inputs", "-v"], &restart[..]].concat()),
        "how:What becomes of requests under way\nsite:The site to restart\n"
    );
    let how = [&["--list-values", "--input", "how"], &restart[..]].concat();
    assert_eq!(list(&how), "graceful\nhard\n");
    let site = [&["--list-values", "--input", "site"], &restart[..]].concat();
    assert_eq!(list(&site), "");
    for nothing in [
        &["--list-actions", "--agent", "nosuch"][..],
        &["--list-actions", "--agent", "broken"],
        &["--list-inputs", "--agent", "web", "--action", "nosuch"],
    ] {
        assert_eq!(list(nothing), "");
    }
    assert!(list(&["--list-plugins"]).contains("\ndata/load\n"));
    // A configuration that can't be read must not spoil a completion.
    let nowhere = Path::new("/nonexistent/client.cfg");
    let agents = mco(nowhere, ["completion", "--list-agents"])
        .exits(0)
        .stdout;
    assert!(agents.contains("rpcutil\n"), "{agents}");
}

/// The original's own recorded answers.
#[test]
fn completion_answers_as_the_original() {
    let client = Client::new(Path::new("/nonexistent"));
    assert_eq!(
        client
            .mco(["completion", "--agent", "rpcutil", "--list-actions", "-v"])
            .exits(0)
            .stdout,
        "agent_inventory:Inventory of all agents on the server\n\
         collective_info:Info about the main and sub collectives\n\
         daemon_stats:Get statistics from the running daemon\n\
         get_config_item:Get the active value of a specific config property\n\
         get_data:Get data from a data plugin\n\
         get_fact:Retrieve a single fact from the fact store\n\
         get_facts:Retrieve multiple facts from the fact store\n\
         inventory:System Inventory\n\
         ping:Responds to requests for PING with PONG\n"
    );
    let inputs = [
        "completion",
        "--agent",
        "rpcutil",
        "--action",
        "get_fact",
        "--list-inputs",
        "-v",
    ];
    assert_eq!(
        client.mco(inputs).exits(0).stdout,
        "fact:The fact to retrieve\n"
    );
    let mut config = client.mco(["completion"]);
    config = config.exits(64);
    config.complains("Please choose either --list-[agents|actions|inputs|applications]");
}

#[test]
fn agents_that_are_not_compiled_in_can_be_called() {
    let fleet = Fleet::start(1);
    let libdir = format!("libdir = {}\nconnector =", libdir().display());
    let config = fleet.client_with("ddl.cfg", &[("connector =", &libdir)]);
    let refused = |words: &[&str], why: &str| {
        mco(&config, ["rpc"].iter().chain(words))
            .exits(64)
            .complains(why);
    };
    refused(
        &["wbe", "stop", "site=shop"],
        "Can't find DDL for agent plugin 'wbe'\nhint: did you mean `web`?",
    );
    refused(
        &["web", "stpo", "site=shop"],
        "not declared in the DDL, did you mean stop?",
    );
    refused(&["web", "stop"], "Action stop needs a site argument");
    refused(
        &["web", "stop", "sit=shop"],
        "web#stop declares no input `sit`\nhint: did you mean `site`?",
    );
    refused(
        &["web", "stop", "site=Shop"],
        "Cannot validate input site: value should match ^[a-z][a-z0-9-]*$",
    );
    refused(
        &["web", "restart", "site=a", "how=maybe"],
        "Cannot validate input how: value should be one of graceful, hard",
    );
    refused(
        &["web", "traffic", "detail=maybe"],
        "maybe does not look like a boolean argument",
    );
    refused(
        &["tasks", "run", "task=x", "arguments=1"],
        "1 does not look like a hash in JSON",
    );
    mco(&config, ["rpc", "broken", "uptime"])
        .exits(78)
        .complains("broken.ddl:5:34: programs are not run from a DDL");
    // What only the nodes can check, and what nobody declared, is sent with a word about it; and a
    // node without the agent says so.
    mco(&config, ["rpc", "web", "traffic", "sites=1,2", "colour=red", "-I", "node1"])
        .exits(2)
        .says("No Such Agent")
        .complains("warning: web#traffic declares no input `colour`; it is sent as it is, as a text")
        .complains("warning: whether `sites` is valid is left to the nodes: there is no validator site_list here");
    // Defaults are filled in.
    mco(
        &config,
        [
            "rpc",
            "web",
            "restart",
            "site=shop",
            "-I",
            "node1",
            "--dry-run",
        ],
    )
    .exits(0)
    .says("graceful");
    // What can be asked in filters, too.
    let find = |filter: &str| mco(&config, ["find", "-S", filter]);
    find("load('5').load < 4").exits(1);
    find("load('6').load < 4")
        .exits(64)
        .complains("value should be one of 1, 5, 15");
    find("load('5').laod < 4").exits(64).complains(
        "Data plugin 'load()' does not return a 'laod' value\nhint: did you mean `load`?",
    );
    find("fstat('/etc/hosts').sise = 1")
        .exits(64)
        .complains("did you mean `size`?");
    find("lod('5').load < 4")
        .exits(64)
        .complains("did you mean `load`?");
}

/// Whether Ruby and the original are there; says so where they are not.
fn original_is_installed(test: &str) -> bool {
    let found = Command::new("ruby")
        .args(["-e", "require 'mcollective'"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        // Past the test runner, which would keep it.
        let line = format!("SKIPPED: {test}: Ruby's mcollective is not installed\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    found
}

fn load_by_the_original(libdir: &Path, types: &str) -> usize {
    let output = Command::new("ruby")
        .arg("-W0")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/load_ddls.rb"))
        .arg(libdir)
        .arg(types)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap()
}

/// Writes the DDLs of plugins in both formats, one beside the other.
fn write_both(client: &Client, plugins: &[(&str, String, &str)], libdir: &Path) {
    for (kind, name, file) in plugins {
        let folder = libdir.join("mcollective").join(kind);
        fs::create_dir_all(&folder).unwrap();
        for (format, extension) in [("ruby", "ddl"), ("json", "json")] {
            let plugin = format!("{kind}/{name}");
            let written = client.mco(["plugin", "generate", "ddl", &plugin, "--format", format]);
            let path = folder.join(format!("{file}.{extension}"));
            fs::write(path, written.exits(0).stdout).unwrap();
        }
    }
}

#[test]
fn the_original_loads_what_we_write() {
    if !original_is_installed("the_original_loads_what_we_write") {
        return;
    }
    let client = Client::new(&libdir());
    let listed = client.mco(["completion", "--list-plugins"]).exits(0).stdout;
    let mut plugins = Vec::new();
    for line in listed.lines() {
        let (kind, name) = line.split_once('/').unwrap();
        let known = ["agent", "data", "discovery"].contains(&kind);
        // One can't be read, one has a type that the original refuses in every request.
        if known && !["broken", "discovery", "tasks"].contains(&name) {
            // The original goes by the name of the file alone, but for data queries.
            let file = if kind == "data" { "_data" } else { "" };
            plugins.push((kind, name.to_owned(), file));
        }
    }
    let names: Vec<String> = plugins
        .iter()
        .map(|(_, name, suffix)| format!("{name}{suffix}"))
        .collect();
    let plugins: Vec<(&str, String, &str)> = plugins
        .iter()
        .zip(&names)
        .map(|((kind, name, _), file)| (*kind, name.clone(), file.as_str()))
        .collect();
    let written = tempfile::tempdir().unwrap();
    write_both(&client, &plugins, written.path());
    let count = load_by_the_original(written.path(), "agent,data,discovery");
    assert_eq!(count, plugins.len());
    assert!(count >= 13, "{count}");
}

#[test]
fn we_read_what_the_original_has() {
    if !original_is_installed("we_read_what_the_original_has") {
        return;
    }
    let found = Command::new("ruby")
        .args(["-e", "require 'mcollective'; puts $LOAD_PATH.find { |d| File.exist?(d + '/mcollective/agent/rpcutil.ddl') }"])
        .output()
        .unwrap();
    let theirs = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim());
    let copy = tempfile::tempdir().unwrap();
    // Under other names, as what is compiled in would win.
    let mut plugins = Vec::new();
    for kind in ["agent", "data", "discovery"] {
        let folder = copy.path().join("mcollective").join(kind);
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(theirs.join("mcollective").join(kind)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "ddl") {
                let stem = format!("their_{}", path.file_stem().unwrap().to_str().unwrap());
                fs::copy(&path, folder.join(format!("{stem}.ddl"))).unwrap();
                let name = stem.strip_suffix("_data").unwrap_or(&stem).to_owned();
                plugins.push((kind, name, stem));
            }
        }
    }
    let client = Client::new(copy.path());
    for (kind, name, file) in &plugins {
        let plugin = format!("{kind}/{name}");
        let json = client.mco(["plugin", "generate", "ddl", &plugin, "--format", "json"]);
        let path = copy.path().join("mcollective").join(kind);
        fs::write(path.join(format!("{file}.json")), json.exits(0).stdout).unwrap();
    }
    let count = load_by_the_original(copy.path(), "agent,data,discovery");
    assert_eq!(count, plugins.len());
    // Our own is theirs, field by field.
    let shown = |name: &str| client.mco(["plugin", "doc", name]).exits(0).stdout;
    assert_eq!(shown("agent/rpcutil"), shown("agent/their_rpcutil"));
    for name in ["agent", "collective", "fact", "fstat"] {
        assert_eq!(
            shown(&format!("data/{name}")),
            shown(&format!("data/their_{name}"))
        );
    }
    assert_eq!(shown("discovery/mc"), shown("discovery/their_mc"));
}
