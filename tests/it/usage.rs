//! Wrong command lines are explained, right ones are understood however they are written, and help
//! is there for all of it.

use crate::support::{Ended, Fleet, program, run};

/// Runs `mco` without a configuration: it must not come so far as to miss one.
fn wrong(line: &str) -> Ended {
    let words = line.split(' ').filter(|word| !word.is_empty());
    let ended = run(std::iter::once("mco").chain(words)).exits(64);
    assert_eq!(ended.stdout, "");
    ended
}

#[test]
fn mistakes_are_told_with_what_was_probably_meant() {
    for (line, error, hint) in [
        (
            "png",
            "there is no application \"png\"",
            "did you mean `ping`?",
        ),
        (
            "xyzzy",
            "there is no application \"xyzzy\"",
            "`mco help` lists them",
        ),
        (
            "help pnig",
            "there is no application \"pnig\"",
            "did you mean `ping`?",
        ),
        (
            "ping --grph",
            "invalid option: --grph",
            "did you mean `--graph`?",
        ),
        (
            "ping --xyzzy",
            "invalid option: --xyzzy",
            "see `mco help ping`",
        ),
        ("ping -Z", "invalid option: -Z", "see `mco help ping`"),
        (
            "ping --disc",
            "ambiguous option: --disc",
            "it may be `--disc-method`, `--disc-option`, `--discovery-timeout`",
        ),
        (
            "ping -t",
            "missing argument: --timeout",
            "`--timeout SECONDS` takes a value",
        ),
        (
            "ping --json=yes",
            "needless argument: --json=yes",
            "`--json` takes no value",
        ),
        (
            "find web1",
            "\"web1\" is one word too many",
            "to name a node say `-I web1`",
        ),
        (
            "rpc --display al a b",
            "invalid argument: --display al: it has to be one of ok, all, failed",
            "did you mean `all`?",
        ),
        (
            "service httpd stauts",
            "Action has to be one of start, stop, restart or status",
            "did you mean `status`?",
        ),
        (
            "service restrat httpd",
            "Action has to be one of start, stop, restart or status",
            "did you mean `restart`?",
        ),
        (
            "rpc rpcutl ping",
            "Can't find DDL for agent plugin 'rpcutl'",
            "did you mean `rpcutil`?",
        ),
        (
            "rpc rpcutil get_fact fct=x",
            "rpcutil#get_fact declares no input `fct`",
            "did you mean `fact`?",
        ),
        (
            "rpc rpcutil get_fact",
            "Action get_fact needs a fact argument",
            "inputs of get_fact: fact",
        ),
    ] {
        assert_eq!(
            wrong(line).stderr,
            format!("error: {error}\nhint: {hint}\n"),
            "{line}"
        );
    }
}

#[test]
fn options_say_what_they_need() {
    wrong("rpc rpcutil pnig").complains("not declared in the DDL, did you mean ping?");
    wrong("rpc a b --dt -1").complains("argument: --discovery-timeout -1: a number of seconds");
    for line in ["find -I //", "find -C /", "find -W //"] {
        wrong(line).complains(" is empty\nhint: leave the option out to mean every node");
    }
    wrong("find -S country=/[/").complains("the regular expression");
    wrong("inventory web1 -I web2").complains("a node is named already, and -I names another");
    wrong("rpc a b -t 0").complains("invalid argument: --timeout 0: a number of seconds above 0");
    wrong("rpc a b --batch -5").complains("invalid argument: --batch -5: a number of nodes");
    wrong("rpc -t abc").complains("invalid argument: --timeout abc: a number of seconds");
    wrong("puppet runonce --wait=0").complains("invalid argument: --wait 0: a number of seconds");
    run(["ping"])
        .exits(64)
        .complains("there is no role \"ping\"\nhint: did you mean `mcollective mco ping`?");
    run(["mco", "png", "--exit-codes", "legacy"]).exits(1);
    run(["enable", "foo"])
        .exits(64)
        .complains("`enable` has no command \"foo\"\nhint: see `mcollective enable --help`");
    run(["enable", "token", "lsit"])
        .exits(64)
        .complains("`enable token` has no command \"lsit\"\nhint: did you mean `list`?");
}

#[test]
fn help_and_versions_are_answers() {
    let listed = run(["mco", "help"]).exits(0).stdout;
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        let help = run(["mco", "help", name]).exits(0).stdout;
        let ended = run(["mco", name, "--help"]).exits(0);
        let called_so = help.replace("Usage: mco ", "Usage: mcollective mco ");
        assert_eq!(ended.stdout.trim_end(), called_so.trim_end(), "{name}");
        if name != "help" {
            assert!(help.contains("Examples:\n  mco "), "{name}: {help}");
        }
        assert!(!help.contains('\u{1b}'), "{help}");
    }
    for words in [
        &["mco", "--version"][..],
        &["mco", "ping", "--version"],
        &["mco", "-V"],
    ] {
        let version = format!("mco {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(run(words).exits(0).stdout, version);
    }
    run(["mco", "--help"]).exits(0).says("Exit codes:\n  0 ");
    run(["mco"])
        .exits(0)
        .says("Known commands:\n\n   completion           describe_filter");
    let painted = run(["mco", "ping", "--help", "--color", "always"]).exits(0);
    assert!(painted.stdout.contains('\u{1b}'));
}

#[test]
fn options_are_understood_however_they_are_written() {
    let fleet = Fleet::start(2);
    let one = |words: &[&str]| {
        let ended = fleet
            .mco(["rpc", "rpcutil", "ping"].iter().chain(words))
            .exits(0);
        assert!(
            ended.stdout.contains("1 / 1 hosts"),
            "{words:?}: {ended:#?}"
        );
    };
    one(&["--with-fact", "country=de"]);
    one(&["--with_f=country=de"]);
    one(&["-Fcountry=de", "-t10"]);
    one(&["--wf", "country=de", "--publish_timeout", "2", "--np"]);
    one(&["-qF", "country=de", "--limit-nodes=9", "--display=all"]);
    // Lists add up, and of the others the last counts.
    one(&[
        "-F",
        "country=/./",
        "-F",
        "role=db",
        "-t",
        "1",
        "--timeout=9",
    ]);
    fleet
        .mco(["-v", "ping", "--", "-F"])
        .exits(64)
        .complains("\"-F\" is one word too many");
    let words = [
        "rpc", "--arg", "fact=a_b", "--action", "get_fact", "-a", "rpcutil", "-j",
    ];
    fleet.mco(words).exits(0).says("\"fact\":\"a_b\"");
}

#[test]
fn extra_options_come_before_those_that_are_typed() {
    let fleet = Fleet::start(2);
    let config = fleet.path("client.cfg");
    let extra = |extra: &str, words: &[&str]| -> Ended {
        let extra = format!("-c '{}' {extra}", config.display());
        let mut command = std::process::Command::new(program());
        command.env_clear().env("MCOLLECTIVE_EXTRA_OPTS", extra);
        command.arg("mco").args(words).output().unwrap().into()
    };
    let ended = extra(
        "-F country=/u|d/ --np -o table",
        &["find", "-o", "text", "-F", "role=db"],
    );
    assert_eq!(ended.exits(0).stdout, "node2\n");
    extra("-t 5", &["plugin", "doc"]).exits(0);
    extra("-t 5 --np", &["completion", "--list-agents"]).exits(0);
    extra("-t 5", &["help"]).exits(0);
    extra("'", &["ping"])
        .exits(64)
        .complains("MCOLLECTIVE_EXTRA_OPTS ends within a quote");
    extra("--exit-codes legacy", &["rpc", "nosuch", "ping"]).exits(1);
    extra("--exit-codes legacy", &["nosuch"]).exits(1);
    extra("--exit-codes legacy", &["nosuch", "--exit-codes=full"]).exits(64);
    let two = extra("-1 -t 5", &["find", "--limit", "2"]).exits(0);
    assert_eq!(two.sorted(), ["node1", "node2"]);
    let one = extra("--limit 2", &["find", "-1"]).exits(0);
    assert_eq!(one.sorted().len(), 1);
}
