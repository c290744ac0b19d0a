//! Whom a request means: compound filters, lists of nodes, limits and batches, end to end.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::Stdio,
};

use crate::support::{Ended, Fleet, mco, program};

/// Runs `mco` with something on standard input.
fn piped(fleet: &Fleet, words: &[&str], input: &str) -> Ended {
    let mut child = std::process::Command::new(program())
        .env_clear()
        .arg("mco")
        .args(words)
        .arg("--config")
        .arg(fleet.path("client.cfg"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended without reading.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap().into()
}

/// What `mco find` finds, by name.
fn find(fleet: &Fleet, words: &[&str]) -> Vec<String> {
    let ended = fleet.mco(["find"].iter().chain(words));
    assert!(matches!(ended.code, Some(0 | 1)), "{ended:#?}");
    assert_eq!(ended.code == Some(1), ended.stdout.is_empty(), "{ended:#?}");
    ended.sorted().into_iter().map(str::to_owned).collect()
}

#[test]
fn compound_filters_choose_nodes() {
    let fleet = Fleet::start(4);
    assert_eq!(find(&fleet, &["-S", "country=uk and role=web"]), ["node1"]);
    assert_eq!(
        find(&fleet, &["-S", "common and !(country=uk or role=db)"]),
        ["node3", "node4"]
    );
    assert_eq!(
        find(&fleet, &["-S", "fstat(\"/etc/passwd\").size>1"]).len(),
        4
    );
    assert_eq!(
        find(&fleet, &["--select", "role=web", "-S", "not country=us"]),
        ["node1"]
    );
    assert_eq!(
        find(&fleet, &["-I", "node1", "-I", "node2", "-S", "role=db"]),
        ["node2"]
    );
}

#[test]
fn a_broken_compound_filter_is_shown_where_it_breaks() {
    let nowhere = std::path::Path::new("/nonexistent/client.cfg");
    mco(nowhere, ["find", "-S", "country=uk)"])
        .exits(64)
        .complains(
            "Missing parenthesis found while parsing -S input:\n  country=uk)\n            ^ ",
        );
    mco(
        nowhere,
        ["rpc", "rpcutil", "ping", "-S", "country=uk and and"],
    )
    .exits(64)
    .complains("Parse errors found while parsing -S input:");
    mco(nowhere, ["ping", "-S", "fstatt('/').size>1"])
        .exits(64)
        .complains("Can't find DDL for data plugin 'fstatt_data'\nhint: did you mean `fstat`?");
    mco(
        nowhere,
        ["find", "-S", "country=uk)", "--exit-codes", "legacy"],
    )
    .exits(1);
}

#[test]
fn filters_are_described_without_a_broker() {
    let nowhere = std::path::Path::new("/nonexistent/client.cfg");
    let ended = mco(
        nowhere,
        [
            "describe_filter",
            "-F",
            "a=>1",
            "-S",
            "x and not (b=2 or /y/)",
        ],
    )
    .exits(0);
    assert_eq!(
        ended.stdout,
        "-F filter expands to the following fact comparisons:\n\n  Check if fact 'a' >= '1'\n\n\
         -S Query expands to the following instructions:\n\n  Check if class 'x' is present on the host\n  \
         AND\n  NOT\n  (\n    Check if fact 'b' = '2'\n    OR\n    \
         Check if class '/y/' is present on the host\n  )\n\n"
    );
    assert_eq!(mco(nowhere, ["describe_filter"]).exits(0).stdout, "");
    let form = |form: &str| {
        let words = ["describe_filter", "-F", "a=1", "-S", "x or y", "-o", form];
        mco(nowhere, words).exits(0)
    };
    assert_eq!(
        form("table").stdout,
        "Filter  Check\n-F      Check if fact 'a' == '1'\n\
         -S      Check if class 'x' is present on the host\n-S      OR\n\
         -S      Check if class 'y' is present on the host\n"
    );
    let nobody = form("senders").complains("no node was asked, so there are no senders");
    assert_eq!(nobody.stdout, "");
    form("yaml").says("application: describe_filter\n");
}

#[test]
fn lists_name_the_nodes() {
    let fleet = Fleet::start(3);
    let list = fleet.path("hosts.txt");
    fs::write(&list, "# two\nnode1\n\nnode3\n").unwrap();
    let list = list.to_str().unwrap();
    assert_eq!(find(&fleet, &["--nodes", list]), ["node1", "node3"]);
    assert_eq!(
        find(&fleet, &["--dm", "flatfile", "--do", list, "-I", "/[34]/"]),
        ["node3"]
    );
    assert_eq!(
        find(&fleet, &["--nodes", list, "-F", "country=mt"]),
        ["node3"]
    );
    let senders = fleet
        .mco(["rpc", "rpcutil", "ping", "-C", "role::db", "-j"])
        .exits(0)
        .stdout;
    piped(&fleet, &["find", "--nodes", "-"], &senders)
        .exits(0)
        .says("node2\n");
    piped(
        &fleet,
        &["find", "--dm", "stdin", "--do", "text"],
        "node1\n",
    )
    .exits(0)
    .says("node1\n");
    // Nobody on the list is nobody, and never everybody.
    let nobody = piped(&fleet, &["rpc", "rpcutil", "ping", "--nodes", "-"], "[]").exits(1);
    assert!(!nobody.stdout.contains("node"), "{nobody:#?}");
    // What is ours alone need not be named as a list.
    assert_eq!(piped(&fleet, &["find"], "node1\n").sorted(), ["node1"]);
    piped(&fleet, &["rpc", "rpcutil", "ping"], "node1\nnode2\n")
        .exits(0)
        .says("2 / 2 hosts");
    piped(&fleet, &["ping"], "node1\n")
        .exits(0)
        .says("1 replies");
    piped(&fleet, &["rpc", "rpcutil", "ping"], " \n")
        .exits(64)
        .complains("contained only whitespace");
    piped(&fleet, &["rpc", "rpcutil", "ping"], "y; n\n").exits(64);
    fs::write(list, "node1\ngone\n").unwrap();
    fleet
        .mco(["rpc", "rpcutil", "ping", "--nodes", list, "--dt", "0.2"])
        .exits(2)
        .says("No response from:\n\n    gone");
    assert_eq!(find(&fleet, &["--dm", "mc", "--dt", "0.5"]).len(), 3);
    let wrong = |words: &[&str], why: &str| {
        fleet
            .mco(["find"].iter().chain(words))
            .exits(64)
            .complains(why);
    };
    wrong(
        &["--nodes", list, "--dm", "mc"],
        "Cannot mix --disc-method, --disc-option and --nodes",
    );
    wrong(
        &["--nodes", "/nonexistent"],
        "Cannot read the discovery file /nonexistent",
    );
    wrong(&["--dm", "nosuch"], "Unknown discovery method nosuch");
    wrong(
        &["--dm", "flatfile"],
        "The flatfile discovery method needs a path to a text file",
    );
    fs::write(list, "a b\n").unwrap();
    wrong(
        &["--nodes", list],
        "Identities can only match /^[\\w\\.\\-]+$/: line 1",
    );
}

#[test]
fn a_misspelt_fact_is_told_of() {
    let fleet = Fleet::start(2);
    let filtered = |words: &[&str]| fleet.mco(["find"].iter().chain(words)).exits(1).stderr;
    let hint = "did you mean `country`?\n";
    assert!(filtered(&["-F", "contry=uk"]).ends_with(hint));
    assert!(filtered(&["-S", "role=web and contry=uk"]).ends_with(hint));
    let nested = filtered(&["-F", "os.famly=Debian"]);
    assert!(nested.ends_with("has no fact `os.famly`; did you mean `os.family`?\n"));
    for words in [
        &["-F", "country=zz"][..],
        &["-F", "contry=uk", "-q"],
        &["-C", "contry"],
    ] {
        assert!(!filtered(words).contains("did you mean"), "{words:?}");
    }
    fleet
        .mco(["facts", "contry"])
        .exits(0)
        .says("No values found for fact contry")
        .complains(hint);
}

/// The nodes that a request reached, by their JSON.
fn senders(ended: &Ended) -> Vec<String> {
    let rows: Vec<serde_json::Value> = serde_json::from_str(&ended.stdout).unwrap();
    rows.iter()
        .map(|row| row["sender"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn limits_and_batches_divide_the_fleet() {
    let fleet = Fleet::start(4);
    let ping = |words: &[&str]| -> Vec<String> {
        let ended = fleet.mco(["rpc", "rpcutil", "ping", "-j"].iter().chain(words));
        senders(&ended.exits(0))
    };
    assert_eq!(ping(&["-1"]).len(), 1);
    assert_eq!(ping(&["--limit", "50%"]).len(), 2);
    assert_eq!(ping(&["--ln", "9"]).len(), 4);
    assert_eq!(ping(&["--limit", "1", "-C", "role::db"]), ["node2"]);
    assert_eq!(
        ping(&["--limit", "1", "-I", "node3", "-I", "node4"]),
        ["node3"]
    );
    let drawn = ping(&["--limit", "2", "--limit-seed", "7", "--sort"]);
    assert_eq!(
        ping(&["--limit", "2", "--limit-seed", "7", "--sort"]),
        drawn
    );
    assert_eq!(
        ping(&["--batch", "3", "--batch-sleep", "0.01", "--sort"]),
        ["node1", "node2", "node3", "node4"]
    );
    assert_eq!(
        ping(&["--batch", "34%", "--batch-sleep", "0", "--limit", "3"]).len(),
        3
    );
    fleet
        .mco([
            "rpc",
            "rpcutil",
            "ping",
            "--batch",
            "1",
            "--batch-sleep",
            "0",
        ])
        .exits(0)
        .says("Finished processing 4 / 4 hosts");
    fleet
        .mco(["rpc", "rpcutil", "ping", "-1", "-F", "country=zz"])
        .exits(1);
    // Nobody was discovered where the operator named everybody, in batches too.
    let gone = ["rpc", "rpcutil", "ping", "--dt", "0.1", "-I", "gone"];
    for words in [&[][..], &["--batch", "1"], &["-1"]] {
        fleet.mco(gone.iter().chain(words)).exits(4);
    }
    assert_eq!(find(&fleet, &["--limit", "2"]).len(), 2);
    let wrong = |words: &[&str], why: &str| {
        let words = ["rpc", "rpcutil", "ping"].iter().chain(words);
        fleet.mco(words).exits(64).complains(why);
    };
    wrong(&["--limit", "x"], "Invalid limit specified: x");
    wrong(&["--limit", "0"], "Invalid limit specified: 0");
    wrong(&["--batch", "0%"], "a number of nodes or a percentage");
    wrong(
        &["--batch", "2", "--nr"],
        "Cannot bypass result processing for batched requests",
    );
}

#[test]
fn a_dry_run_asks_nobody() {
    let fleet = Fleet::start(2);
    let ended = fleet
        .mco([
            "rpc",
            "rpcutil",
            "get_fact",
            "fact=role",
            "--dry-run",
            "--batch",
            "1",
        ])
        .exits(0);
    assert!(
        ended.stdout.contains(
            "Dry run: rpcutil#get_fact would be sent to 2 nodes, in 2 batches of up to 1, 1s apart\n\n    \
             fact = \"role\"\n\nNodes:\n\n    node1 "
        ),
        "{ended:#?}"
    );
    assert!(!ended.stdout.contains("web"), "{ended:#?}");
    fleet
        .mco(["rpc", "rpcutil", "ping", "--dry-run", "-F", "country=zz"])
        .exits(1)
        .says("would be sent to 0 nodes");
}

#[test]
fn plugins_are_documented_without_a_broker() {
    let nowhere = std::path::Path::new("/nonexistent/client.cfg");
    mco(nowhere, ["plugin", "doc"]).exits(0).says(
        "Please specify a plugin. Available plugins are:\n\nAgents:\n",
    )
    .says("\n  rpcutil                   General helpful actions that expose stats and internals to SimpleRPC clients\n")
    .says("\n\nValidator Plugins:\n  array                     Validates that a value is included in a list\n");
    mco(nowhere, ["plugin", "doc", "agent/rpcutil"])
        .exits(0)
        .says("rpcutil\n=======\n\nGeneral helpful actions")
        .says("\n   get_config_item action:\n   -----------------------\n");
    mco(nowhere, ["plugin", "doc", "mc"])
        .exits(0)
        .says("DISCOVERY METHOD CAPABILITIES:\n      Filter based on configuration");
    let form = |words: &[&str], form: &str| {
        mco(nowhere, [&["plugin", "doc", "-o", form], words].concat()).exits(0)
    };
    form(&[], "table")
        .says("Type       Name ")
        .says("\nagent      rpcutil ");
    form(&[], "jsonl").says("{\"type\":\"data\",\"name\":\"fstat\",");
    form(&[], "senders").complains("no node was asked");
    let rows = form(&["agent/service"], "table");
    let rows = rows.says("\naction  stop").says("\ninput   stop.service");
    assert!(rows.stdout.lines().all(|row| row.len() < 200), "{rows:#?}");
    form(&["rpcutil"], "yaml").says("metadata:\n  name: rpcutil\n");
    form(&["rpcutil"], "json").says("{\"$schema\":\"https://choria.io/");
    mco(
        nowhere,
        ["plugin", "generate", "ddl", "service", "-o", "json"],
    )
    .exits(64)
    .complains("`--format ruby|json` says how a DDL is written");
    mco(nowhere, ["plugin", "doc", "nosuch"])
        .exits(64)
        .complains("Could not find a plugin named 'nosuch' in any supported plugin type");
    mco(nowhere, ["plugin"])
        .exits(64)
        .complains("No action specified, please run 'mco help plugin' for help");
}

#[test]
fn who_was_not_asked_before_the_interrupt_is_named() {
    let fleet = Fleet::start(2);
    let mut child = std::process::Command::new(program())
        .env_clear()
        .args([
            "mco", "rpc", "rpcutil", "ping", "-I", "node1", "-I", "node2",
        ])
        .args(["--batch", "1", "--batch-sleep", "600", "--config"])
        .arg(fleet.path("client.cfg"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("node1") {
        line.clear();
        assert_ne!(
            stdout.read_line(&mut line).unwrap(),
            0,
            "it ended too early"
        );
    }
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-s", "INT", &pid])
        .status();
    assert!(killed.unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("Not asked:\n\n    node2 "), "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Runs a shell's line with `$MCO` and `$CFG`.
fn shell(fleet: &Fleet, line: &str) -> Ended {
    let mut command = std::process::Command::new("sh");
    command
        .arg("-c")
        .arg(line)
        .env("MCO", program())
        .env("CFG", fleet.path("client.cfg"))
        .stdin(Stdio::null());
    command.output().unwrap().into()
}

#[test]
fn a_call_goes_to_the_nodes_that_another_call_names() {
    let fleet = Fleet::start(3);
    let rpc = "$MCO mco rpc -c $CFG rpcutil";
    let chained = format!("{rpc} ping -j -F country=de | {rpc} get_fact fact=role");
    let ended = shell(&fleet, &chained).exits(0).says("1 / 1 hosts");
    assert!(ended.stdout.contains("node2 "), "{ended:#?}");
    // The first has ended long before the second looks.
    let ended = shell(
        &fleet,
        &format!("{rpc} ping -j -F country=de > $CFG.json; cat $CFG.json | {rpc} ping"),
    );
    ended.exits(0).says("1 / 1 hosts");
    shell(&fleet, &format!("{rpc} ping -j -F country=zz | {rpc} ping")).exits(1);
    shell(
        &fleet,
        &format!("echo node1 | {{ read -r x; printf 'node1\\n' | {rpc} ping; }}"),
    )
    .exits(0)
    .says("1 / 1 hosts");
    // Whoever reads the rest, it is not for us to take, and everybody is too many.
    let rest = "printf 'node1\\nnode2\\n' | { read -r x;";
    shell(
        &fleet,
        &format!("{rest} {rpc} ping; code=$?; cat; exit $code; }}"),
    )
    .exits(64)
    .complains("--nodes -")
    .says("node2\n");
    let list = fleet.path("list");
    fs::write(&list, "node1\n").unwrap();
    let mut command = fleet.command(["rpc", "rpcutil", "ping"]);
    command.stdin(fs::File::open(&list).unwrap());
    Ended::from(command.output().unwrap())
        .exits(0)
        .says("1 / 1 hosts");
    // `<(command)` names a pipe, too.
    for list in ["-", "/dev/stdin"] {
        shell(&fleet, &format!("echo node1 | {rpc} ping --nodes {list}"))
            .exits(0)
            .says("1 / 1 hosts");
    }
    shell(&fleet, &format!("{rpc} ping --nodes /dev/null")).exits(1);
}

#[test]
fn an_inherited_pipe_neither_hangs_a_call_nor_is_eaten() {
    let fleet = Fleet::start(1);
    let rpc = "$MCO mco rpc -c $CFG rpcutil";
    // Somebody holds the other end open and says nothing.
    shell(
        &fleet,
        &format!("mkfifo $CFG.pipe; exec 3<>$CFG.pipe; {rpc} ping <&3"),
    )
    .exits(0);
    let looped = format!("printf 'node1\\nnode1\\n' | while read -r n; do {rpc} ping -I $n; done");
    let ended = shell(&fleet, &looped).exits(0);
    assert_eq!(ended.stdout.matches("1 / 1 hosts").count(), 2, "{ended:#?}");
    let looped =
        format!("printf 'a\\nb\\n' >$CFG.list; while read -r n; do {rpc} ping; done <$CFG.list");
    let ended = shell(&fleet, &looped).exits(0);
    assert_eq!(ended.stdout.matches("1 / 1 hosts").count(), 2, "{ended:#?}");
}

#[test]
fn the_other_end_of_a_pipeline_is_waited_for() {
    let fleet = Fleet::start(2);
    let call_in = |wrapper: &str, producer: &str, words: &str| {
        let line = format!(
            "{producer} | {wrapper} {} mco {words} -c client.cfg",
            program().display()
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &line])
            .current_dir(fleet.path(""))
            .env("HOME", fleet.path(""))
            .stdin(Stdio::null())
            .output();
        Ended::from(output.unwrap()).exits(0)
    };
    let call = |producer: &str, words: &str| call_in("", producer, words);
    // Later than anybody waits for what may never come.
    let slow = "(sleep 0.3; echo '[\"node2\"]')";
    let ended = call(slow, "rpc rpcutil get_fact fact=role -o senders");
    assert_eq!(ended.stdout, "node2\n");
    // Every application asks whom the pipe names, whoever stands in between and however late it is.
    for producer in [
        "echo node2 | tee /dev/null",
        "printf 'node1\\nnode2\\n' | grep 2",
        "(sleep 0.3; echo node2) | cat",
    ] {
        call(producer, "puppet disable --dry-run").says("would be sent to 1 node\n");
        let ended = call_in("timeout 60 nice", producer, "ping -j");
        assert!(ended.stdout.contains("node2"), "{ended:#?}");
        assert!(!ended.stdout.contains("node1"), "{ended:#?}");
    }
    // What stands between has its standard input for its command alone.
    let ended = call_in("timeout 60 timeout 60", slow, "find");
    assert_eq!(ended.stdout, "node2\n");
    call(slow, "puppet disable --dry-run").says("would be sent to 1 node\n");
    assert_eq!(call("(sleep 0.3; echo node1)", "find").stdout, "node1\n");
}

/// Who pipes names in and has none does not mean everybody.
#[test]
fn an_empty_pipe_or_file_of_a_shell_asks_nobody() {
    let fleet = Fleet::start(2);
    let mco = "$MCO mco";
    for line in [
        format!(": | {mco} rpc -c $CFG rpcutil ping"),
        format!("echo node1 | grep nobody | {mco} find -c $CFG"),
        format!("{mco} find -c $CFG -F country=zz | {mco} puppet -c $CFG disable"),
        format!("{mco} find --nosuch 2>/dev/null | {mco} ping -c $CFG"),
        format!(
            "{mco} find -c $CFG -F country=zz | (sleep 0.3; exec {mco} rpc -c $CFG rpcutil ping)"
        ),
        format!(": >$CFG.empty; exec {mco} facts -c $CFG country <$CFG.empty"),
    ] {
        let ended = shell(&fleet, &line).exits(64);
        assert!(ended.stdout.is_empty(), "{line}: {ended:#?}");
        assert!(
            ended.stderr.contains("only whitespace"),
            "{line}: {ended:#?}"
        );
        assert!(ended.stderr.contains("</dev/null"), "{line}: {ended:#?}");
    }
    // A name may be meant for a command before or after this one.
    for line in [
        format!("echo node1 | (sleep 0.1; {mco} puppet disable -c $CFG; true)"),
        format!("echo node1 >$CFG.list; exec <$CFG.list; {mco} puppet disable -c $CFG; true"),
    ] {
        let ended = shell(&fleet, &line);
        assert!(
            ended.stderr.contains("nothing says whom to ask"),
            "{ended:#?}"
        );
    }
    shell(
        &fleet,
        &format!("yes | head -3 | {mco} service -c $CFG cron restart"),
    )
    .exits(64)
    .complains("y is no node's name\nhint: to be asked nothing say `--yes`");
    // Nobody has said anything by these.
    for line in [
        format!("{mco} rpc -c $CFG rpcutil ping </dev/null"),
        format!("{mco} rpc -c $CFG rpcutil ping <&-"),
        format!(": | ({mco} rpc -c $CFG rpcutil ping; true)"),
    ] {
        shell(&fleet, &line).exits(0).says("2 / 2 hosts");
    }
    // Other programs give whatever they start a pipe, and write nothing.
    piped(&fleet, &["rpc", "rpcutil", "ping"], "")
        .exits(0)
        .says("2 / 2 hosts");
    let looped =
        format!("{mco} find -c $CFG | while read -r n; do {mco} ping -c $CFG -I $n -j; done");
    let ended = shell(&fleet, &looped).exits(0);
    assert_eq!(ended.stdout.matches("\"schema\"").count(), 2, "{ended:#?}");
}
