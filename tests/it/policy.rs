//! Policies hold: who may run what, node by node, and what a caller and the log see of a denial.

use std::fs;

use mcollective::sys::file::{self, Mode};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Fleet, Node, mco, run};

const AUTHORIZATION: &str = "rpcauthorization = 1\nrpcauthprovider = action_policy\n";
const DENIED: &str = "You are not authorized to call this agent or action.";

/// Nodes in these countries that note every request, with a policy for `rpcutil`.
fn fleet(countries: &[&str], policy: Option<&str>) -> Fleet {
    let nodes: Vec<Node> = countries
        .iter()
        .map(|country| Node {
            facts: format!("country: {country}\n"),
            classes: "common\n".to_owned(),
            extra: format!(
                "{AUTHORIZATION}rpcaudit = 1\nrpcauditprovider = logfile\n\
                 plugin.rpcaudit.logfile = audit.log\n"
            ),
            ..Node::default()
        })
        .collect();
    let fleet = Fleet::with(&nodes);
    if let Some(policy) = policy {
        for at in 1..=countries.len() {
            put(&fleet, &format!("node{at}/policies/rpcutil.policy"), policy);
        }
    }
    fleet
}

fn put(fleet: &Fleet, name: &str, text: &str) {
    let path = fleet.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    file::write_atomic(&path, text.as_bytes(), Mode::Exactly(0o644)).unwrap();
}

#[test]
fn a_fact_decides_where_an_action_may_run() {
    let policy = "policy default deny\nallow\tcert=peadmin\tping\tcountry=uk\tcommon\n";
    let mut fleet = fleet(&["uk", "de"], Some(policy));
    let ended = fleet
        .mco(["rpc", "rpcutil", "ping", "-j", "-I", "/node/"])
        .exits(2);
    let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let code = |sender: &str| {
        let row = rows.iter().find(|row| row["sender"] == sender).unwrap();
        (
            row["statuscode"].as_i64().unwrap(),
            row["statusmsg"].clone(),
        )
    };
    assert_eq!(code("node1"), (0, "OK".into()));
    assert_eq!(code("node2"), (1, DENIED.into()));

    let ended = fleet.mco(["rpc", "rpcutil", "ping"]).exits(2);
    let row = format!("{:<40} Request Aborted\n   {DENIED}\n", "node2");
    assert!(ended.stdout.contains(&row), "{ended:#?}");
    ended.complains(
        "hint: node2 has a policy against it: `mco policy check rpcutil ping --caller cert=peadmin` there tells which line decides\n",
    );

    // What is denied is logged with the line that decided, and audited.
    let line = fleet.agents[1].wait_for("denied by");
    for part in [
        "caller=cert=peadmin",
        "agent=rpcutil",
        "action=ping",
        "id=",
        "sender=",
        "rpcutil.policy:1, the default",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    let audit = fs::read_to_string(fleet.path("node2/audit.log")).unwrap();
    let [decision, outcome] = audit.lines().collect::<Vec<_>>()[..2] else {
        panic!("{audit}");
    };
    assert!(
        decision.contains(r#""decision":"denied","rule":"/"#),
        "{audit}"
    );
    assert!(
        decision.ends_with(r#"/rpcutil.policy:1, the default"}"#),
        "{audit}"
    );
    assert!(outcome.contains(r#""outcome":"denied""#), "{audit}");

    // A changed policy holds from the next request on.
    put(&fleet, "node2/policies/groups", "ops cert=peadmin\n");
    let policy = "policy default deny\nallow\tops\tping get_fact\t*\n";
    put(&fleet, "node2/policies/rpcutil.policy", policy);
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(0);
}

/// A rule may ask Puppet before anybody has asked it where its files are.
#[test]
fn what_a_policy_asks_of_puppet_is_decided_and_on_record() {
    let rule = "allow\t*\tping\tpuppet().enabled=true\npolicy default deny\n";
    let node = Node {
        extra: format!(
            "{AUTHORIZATION}rpcaudit = 1\nrpcauditprovider = logfile\n\
             plugin.rpcaudit.logfile = audit.log\nplugin.puppet.command = /bin/false agent\n"
        ),
        ..Node::default()
    };
    let fleet = Fleet::with(&[node]);
    put(&fleet, "node1/policies/rpcutil.policy", rule);
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(0);
    let audit = fs::read_to_string(fleet.path("node1/audit.log")).unwrap();
    let record: Value = serde_json::from_str(audit.lines().next().unwrap()).unwrap();
    assert_eq!(record["decision"], "allowed", "{audit}");
}

/// Puppet writes its classes anew with each run, and a policy may be asked meanwhile.
#[test]
fn a_node_that_does_not_know_its_classes_denies_what_they_decide() {
    let mut fleet = fleet(
        &["uk"],
        Some("policy default deny\nallow\t*\tping\tnot role::db\n"),
    );
    let classes = fleet.path("node1/classes.txt");
    assert!(classes.exists());
    let ping = || fleet.mco(["rpc", "rpcutil", "ping"]);
    ping().exits(0);
    put(&fleet, "node1/classes.txt", "");
    ping().exits(2).says(DENIED);
    fs::remove_file(&classes).unwrap();
    ping().exits(2).says(DENIED);
    put(&fleet, "node1/classes.txt", "role::web\n");
    ping().exits(0);
    fleet.agents[0].wait_for("not all classes of this node are known: ");
}

#[test]
fn without_a_policy_all_is_denied_but_discovery() {
    let fleet = fleet(&["uk"], None);
    fleet.mco(["ping"]).exits(0);
    fleet
        .mco(["find", "-F", "country=uk"])
        .exits(0)
        .says("node1");
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(2).says(DENIED);
}

#[test]
fn check_config_lists_what_is_wrong_in_policies() {
    let fleet = fleet(&["uk"], Some("allow cert=peadmin * * *\n"));
    put(&fleet, "node1/policies/groups", "ops ann\n");
    put(
        &fleet,
        "node1/policies/service.policy",
        "policy default allow\ndeny\tcert=ann\tstop restrat\t*\t*\n",
    );
    put(
        &fleet,
        "node1/policies/servce.policy",
        "policy default deny\n",
    );
    let config = fleet.path("node1/server.cfg");
    let words = [
        "agent".as_ref(),
        "--check-config".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
    ];
    run(words)
        .exits(0)
        .says("policies/rpcutil.policy:1: the line can't be read")
        .says("policies/groups:1: `ann` is no caller")
        .says(
            "policies/service.policy:2: `restrat` is no action of service, so it matches nothing; \
             its actions are ",
        )
        .says("policies/servce.policy: there is no agent `servce` here");
}

#[test]
fn which_line_decides_is_explained() {
    let policy = "policy default deny\n# staff\ndeny\tcert=eve\t*\t*\t*\nallow\tcert=ann\tstop\t*\t*\n\
                  allow\tcert=ann\tping\tcountry=de\t*\nallow\tops\tping\tcountry=uk\tcommon\n";
    let fleet = fleet(&["uk"], Some(policy));
    put(&fleet, "node1/policies/groups", "ops cert=ann\n");
    let config = fleet.path("node1/server.cfg");
    let text = fs::read_to_string(&config).unwrap() + "plugin.pki.clients = peadmin, ann, an\n";
    put(&fleet, "node1/server.cfg", &text);
    let check = |words: &[&str]| {
        let mut all = vec!["mco", "policy", "check", "rpcutil", "ping", "-c"];
        all.push(config.to_str().unwrap());
        run(all.iter().chain(words))
    };
    let ended = check(&["--caller", "cert=ann"]).exits(0);
    let expected = "    3: deny  cert=eve  *  *  *  (other callers)\n    4: allow  cert=ann  stop  *  *  (other actions)\n    \
                    5: allow  cert=ann  ping  country=de  *  (other facts or classes)\n    \
                    6: allow  ops  ping  country=uk  common  (matches)\n";
    let (first, rest) = ended.stdout.split_once('\n').unwrap();
    assert!(
        first.starts_with("allowed by /") && first.ends_with("/rpcutil.policy:6"),
        "{first}"
    );
    assert_eq!(rest, expected);
    // On another node.
    put(&fleet, "other.yaml", "country: de\n");
    let other = fleet.path("other.yaml");
    let other = ["--facts", other.to_str().unwrap()];
    check(&["--caller", "cert=ann", other[0], other[1]])
        .exits(0)
        .says("/rpcutil.policy:5\n");
    let ended = check(&["--caller", "cert=an", "--json"]).exits(1);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["decision"], "denied");
    assert!(
        document["rule"]
            .as_str()
            .unwrap()
            .ends_with("/rpcutil.policy:1, the default")
    );
    assert_eq!(document["certain"], true);
    put(
        &fleet,
        "node1/policies/rpcutil.policy",
        "allow\tcert=ann\tping\tpuppet().enabled=true\npolicy default deny\n",
    );
    check(&["--caller", "cert=ann"])
        .exits(1)
        .says("(it can't be said whether it matches)")
        .complains("the running agent may know");
    // Whom the node does not obey no line lets in.
    check(&["--caller", "cert=bob"])
        .exits(1)
        .says("denied by `plugin.pki.clients` of /")
        .says("in which nobody is known as cert=bob; otherwise denied by /");
    check(&["--caller", "nobody at all"]).exits(64);
    check(&["--caller", "cert=ann", "--facts", "/nowhere"])
        .exits(78)
        .complains("/nowhere");
}

/// What an application may do hangs on its certificate, and on nothing that it says.
#[test]
fn two_applications_have_two_sets_of_rights() {
    let mut fleet = fleet(&["uk"], None);
    fleet.issue(mcollective::tls::mint::Role::Client, "deploy");
    let append = |name: &str, line: &str| {
        let text = fs::read_to_string(fleet.path(name)).unwrap() + line;
        put(&fleet, name, &text);
    };
    append("broker.cfg", "clients = peadmin, deploy\n");
    append(
        "node1/server.cfg",
        "plugin.pki.clients = peadmin, deploy=releases\n",
    );
    let policy = "policy default deny\nallow\tcert=peadmin\tping\t*\t*\nallow\tcert=releases\tget_fact\t*\t*\n";
    put(&fleet, "node1/policies/rpcutil.policy", policy);
    fleet.broker.signal(Signal::SIGHUP);
    fleet.broker.wait_for("read again");
    fleet.agents[0].signal(Signal::SIGHUP);
    fleet.agents[0].wait_for("read again");
    let deploy = fleet.client_with("deploy.cfg", &[("peadmin", "deploy")]);
    // Who it says it is makes no difference.
    let posing = fs::read_to_string(&deploy).unwrap() + "identity = peadmin\n";
    put(&fleet, "posing.cfg", &posing);
    let posing = fleet.path("posing.cfg");
    let (ping, fact): (&[&str], &[&str]) = (
        &["rpc", "rpcutil", "ping"],
        &["rpc", "rpcutil", "get_fact", "fact=country"],
    );
    fleet.mco(ping).exits(0);
    fleet.mco(fact).exits(2).says(DENIED);
    mco(&deploy, ping).exits(2).says(DENIED);
    mco(&deploy, fact).exits(0);
    let ended = mco(&posing, ping);
    assert!(ended.code != Some(0), "{ended:#?}");
    let line = fleet.agents[0].wait_for("denied by");
    assert!(line.contains("caller=cert=peadmin"), "{line}");
    let line = fleet.agents[0].wait_for("denied by");
    assert!(line.contains("caller=cert=releases"), "{line}");
}
