//! Whom a request means: compound filters, lists of nodes, limits and batches, end to end.

use crate::support::{Fleet, mco};

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
}
