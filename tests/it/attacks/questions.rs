//! Filters that ask data plugins: of what costs much, or of what is nobody's business.

use std::{
    fs::{self, File},
    thread,
};

use crate::support::{Fleet, Node, mco};

/// So many questions, each of which takes a part of a second.
const QUESTIONS: usize = 600;
const BYTES: u64 = 8 << 20;

#[test]
fn a_filter_that_asks_for_long_keeps_nobody_waiting() {
    let fleet = Fleet::start(2);
    let file = |number: usize| fleet.path(&format!("large{number}"));
    // It is all holes, and takes its time all the same. No question is asked twice.
    File::create(file(0)).unwrap().set_len(BYTES).unwrap();
    for number in 1..QUESTIONS {
        fs::hard_link(file(0), file(number)).unwrap();
    }
    let questions = (0..QUESTIONS)
        .map(|number| format!("fstat('{}').md5=x", file(number).display()))
        .collect::<Vec<_>>();
    let filter = questions.join(" or ");
    let large = file(0).display().to_string();
    let large = large.trim_end_matches('0').to_owned();
    let config = fleet.path("client.cfg");
    let asking = thread::spawn(move || {
        let words = [
            "find", "-S", &filter, "-o", "json", "--dt", "20", "-t", "20",
        ];
        mco(&config, words)
    });
    // Once it has begun, as what is asked after it would wait for its end.
    let opened = |pid: u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        files
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .any(|target| target.to_string_lossy().starts_with(&large))
    };
    while !fleet.agents.iter().all(|agent| opened(agent.pid())) {
        assert!(!asking.is_finished(), "nothing was asked");
        thread::yield_now();
    }
    fleet
        .mco(["rpc", "rpcutil", "ping"])
        .exits(0)
        .says("Finished processing 2 / 2 hosts");
    assert!(!asking.is_finished(), "it was no long question");
    let ended = asking.join().unwrap();
    assert!(
        ended
            .stdout
            .contains("the questions of this filter take longer than 3 s"),
        "{ended:#?}"
    );
}

#[test]
fn a_filter_asks_nothing_that_an_action_may_not() {
    let node = Node {
        extra: "rpcauthorization = 1\nrpcauthprovider = action_policy\n\
                plugin.actionpolicy.allow_unconfigured = 1\n\
                rpcaudit = 1\nrpcauditprovider = logfile\nplugin.rpcaudit.logfile = audit.log\n"
            .to_owned(),
        ..Node::default()
    };
    let fleet = Fleet::with(&[node]);
    let asked = ["find", "-S", "fstat('/etc/passwd').size>0"];
    fleet.mco(asked).exits(0).says("node1");
    let policies = fleet.path("node1/policies");
    fs::create_dir_all(&policies).unwrap();
    fs::write(
        policies.join("rpcutil.policy"),
        "policy default allow\ndeny\tcert=peadmin\tget_data\t*\t*\n",
    )
    .unwrap();
    let ended = fleet.mco(asked);
    assert!(ended.stdout.is_empty(), "{ended:#?}");
    ended.complains("denied: You are not authorized to ask data plugins in a filter");
    // Facts and classes are no questions.
    fleet.mco(["find", "-I", "/node/"]).exits(0).says("node1");
    let audit = fs::read_to_string(fleet.path("node1/audit.log")).unwrap();
    assert!(audit.contains("\"decision\":\"denied\""), "{audit}");
}
