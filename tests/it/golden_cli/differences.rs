//! In what our client differs from the recordings on purpose, by name and with the reason.

use regex::Regex;
use serde_json::{Map, Value};

use super::{
    normal::{masked, normal, plain, without},
    recorded::Recording,
};
use crate::support::Ended;

/// What is expected of a recording.
pub(super) struct Expected {
    /// The exit code, where it is not the original's.
    pub(super) code: Option<i32>,
    pub(super) output: Output,
}

/// What is expected to be printed.
#[derive(Clone, Copy)]
pub(super) enum Output {
    /// What the original printed; where it gave up, its complaint on standard error.
    Same,
    /// The same, but for the values of these labels.
    But(&'static [&'static str]),
    /// The same of as many nodes, but others: whichever a choice by chance came upon.
    OtherNodes,
    /// What the original can't have said: these texts are in what is printed.
    Ours(&'static [&'static str]),
    /// Help, a version, or what was an error: it ends with 0 and has these texts.
    Answer(&'static [&'static str]),
    /// The same where the original had gone on.
    GaveUp(&'static [&'static str]),
    /// The document that `--output json` prints, as the original had no array.
    Document,
}

/// Names of recordings, the exit code where it is another, what is printed, and why.
type Difference = (&'static [&'static str], Option<i32>, Output, &'static str);

const USAGE: Option<i32> = Some(64);

#[rustfmt::skip]
const DIFFERENCES: &[Difference] = &[
    // Exit codes of DESIGN.md 6, with the original's complaint.
    (&["completion-no-arg", "find-bad-data", "find-bad-fact", "find-collective-unknown", "find-dm-unknown",
       "package-bad-action", "package-no-arg", "plugin-doc-fstat", "plugin-doc-service", "plugin-doc-unknown",
       "puppet-no-action", "puppet-runall-missing", "puppet-runonce-bad", "puppet-runonce-bad-tags",
       "rpc-bad-argument", "rpc-bad-timeout", "rpc-invalid-argument", "rpc-no-agent",
       "rpc-unknown-action", "rpc-unknown-agent", "service-bad-action", "service-no-service"],
     USAGE, Output::Same, "64 is for a wrong command line"),
    (&["inventory-no-node"], USAGE, Output::Ours(&["Need to specify either a node name or other options"]),
     "64; there are no scripts to speak of"),
    (&["rpc-ping-display-none"], USAGE, Output::Ours(&["--display none: it has to be one of ok, all, failed"]),
     "64; said as of every other option"),
    (&["find-bad-filter-2"], USAGE,
     Output::Ours(&["Missing parenthesis found while parsing -S input:\n  country=uk)\n            ^ "]),
     "64; a caret in place of colour"),
    (&["find-bad-filter"], USAGE, Output::Ours(&["country=uk and and\n                 ^^^ "]),
     "64; the original asked all nodes, and they choked"),
    (&["rpc-ping-F-bad"], USAGE, Output::Ours(&["the regular expression /[/ can't be used"]),
     "64; the original asked all nodes, and they choked"),
    (&["find-compound-agent"], USAGE, Output::Ours(&["'agent()' does not return a 'present' value"]),
     "64; the original failed while it complained"),
    (&["bad-config"], Some(78), Output::Ours(&["error: /nonexistent: can't be read"]), "78 is for the configuration"),
    (&["broker-down-timeout"], Some(69), Output::Ours(&["cannot reach broker localhost:1: connection refused"]),
     "69 is for a broker out of reach"),
    (&["broker-down"], Some(69), Output::GaveUp(&["cannot reach broker localhost:1: connection refused"]),
     "69; a client that nobody stops gives up by itself"),
    (&["inventory-none"], Some(4), Output::Same, "4: no discovery was made and none answered"),
    (&["rpc-ping-absent"], Some(2), Output::Same, "2: some node did not answer"),
    (&["facts-help-piped", "facts-help-tty", "find-help-tty", "inventory-help-piped", "package-help-piped",
       "ping-help-piped", "ping-help-tty", "plugin-help-tty", "service-help-piped", "service-help-tty"],
     Some(0), Output::Answer(&["Usage: mco ", "Examples:"]), "--help ends with 0, also in a pipe"),
    (&["version"], Some(0), Output::Answer(&["mco "]), "--version ends with 0"),
    (&["help-ping", "help-rpc"], None, Output::Ours(&["Usage: mco ", "Examples:"]), "the help is another"),

    // What was wrong already, and is none now.
    (&["puppet-enable-again"], Some(0), Output::Answer(&["   enabled = 1\n"]),
     "enabled already is a success without change"),
    (&["find-fact-structured", "amq/find-fact-structured"], Some(0), Output::Answer(&["node1.example.net\n", "node2.example.net\n"]),
     "a dotted name leads into structures"),
    (&["plugin-doc-list"], Some(0), Output::Answer(&["{\"plugins\":["]), "documentation has forms for scripts, too"),
    (&["amq/find-compound-data-not-numeric"], Some(2), Output::Ours(&["the value 1 can't be compared with \"true\""]),
     "2: nodes say what the original's kept to themselves"),

    // What is shown besides, or more truly.
    (&["puppet-count-j", "puppet-status-j"], None, Output::Document, "every application has -j"),
    (&["ping-none"], None, Output::Ours(&["No responses received\n", "No response from:\n\n    nosuch.example.net"]),
     "every node that was named is accounted for"),
    (&["rpc-ping-limit-pct"], None, Output::Ours(&["Finished processing 2 / 2 hosts in "]),
     "who was left out by a limit is not missing"),

    (&["amq/puppet-last-run-summary"], None, Output::But(&["Since Last Run"]), "it is some time ago"),
    (&["amq/puppet-runall"], Some(2), Output::Ours(&[": Running all nodes with a concurrency of 2\n", ": Found 2 enabled nodes\n"]),
     "2: runs are waited for, and this Puppet does nothing"),

    // By chance.
    (&["find-limit-bad", "rpc-ping-limit-2", "amq/rpc-limit-one"], None, Output::OtherNodes,
     "which nodes answer first, or are drawn, is not promised"),

    // A daemon's own values.
    (&["inventory"], None,
     Output::But(&["Version", "Config File", "Process ID", "Total Messages", "Messages Passed Filters", "Messages Filtered",
                   "Replies Sent", "Agents", "Data Plugins"]),
     "another daemon with other agents"),
    (&["rpc-inventory", "rpc-inventory-j", "amq/rpc-inventory", "amq/rpc-agent-inventory"], None,
     Output::But(&["Agents", "Data Plugins", "Version", "agents", "data_plugins", "version"]),
     "another daemon with other agents"),
    (&["rpc-daemon-stats"], None,
     Output::Ours(&["   Security Validated: ", "                Times: {", "\nSummary of Agents:\n", "\nSummary of Version:\n"]),
     "another daemon with other agents"),

    // Of the client's own.
    (&["completion-agents"], None, Output::Ours(&["puppet\n", "rpcutil\n", "service\n"]), "there are other agents"),
    (&["completion-applications"], None,
     Output::Ours(&["find:Find hosts using the discovery system matching filter criteria\n", "rpc:Generic RPC agent client application\n"]),
     "there are other applications"),
    (&["help"], None, Output::Ours(&["\n  find            Find hosts using the discovery system matching filter criteria\n"]),
     "there are other applications"),
    (&["no-arguments"], None, Output::Ours(&["usage: mco command <options>", "Known commands:"]), "there are other applications"),
    (&["plugin-doc"], None,
     Output::Ours(&["Agents:\n", "  rpcutil                   General helpful actions", "Data Queries:\n", "Discovery Methods:\n",
                    "  shellsafe                 Validates that a string is shellsafe"]),
     "there are other plugins"),
    (&["plugin-doc-puppet"], None, Output::Ours(&["   disable, enable, last_run_summary, resource, runonce, status\n"]),
     "our agent has more inputs and outputs"),
    (&["plugin-generate-no-arg"], USAGE, Output::Ours(&["what can be generated is a DDL"]), "64; plugins are not Ruby here"),
    (&["inventory-script"], USAGE, Output::GaveUp(&["--template '{identity}: {facts.role}'"]),
     "scripts are Ruby; what to say in place of one is told"),
];

/// Recordings of what we do not have, with the reason.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("shell-", "no agent here runs any command that it is given"),
    (
        "broker-forbidden-destination",
        "our broker lets every client into its collectives",
    ),
    (
        "broker-bad-password",
        "our broker knows its peers by certificates, never by passwords",
    ),
    (
        "bad-password",
        "our broker knows its peers by certificates, never by passwords",
    ),
];

pub(super) fn expected(name: &str) -> Expected {
    let difference = DIFFERENCES.iter().find(|(names, ..)| names.contains(&name));
    match difference {
        Some((_, code, output, _)) => Expected {
            code: *code,
            output: *output,
        },
        None => Expected {
            code: None,
            output: Output::Same,
        },
    }
}

/// The names of all that differ.
pub(super) fn listed() -> impl Iterator<Item = &'static str> {
    DIFFERENCES.iter().flat_map(|(names, ..)| *names).copied()
}

impl Output {
    /// Whether it is only looked whether some texts are there.
    pub(super) const fn is_ours(self) -> bool {
        !matches!(self, Self::Same | Self::But(_) | Self::OtherNodes)
    }

    /// What ours has to end with under `--exit-codes legacy`.
    pub(super) const fn legacy_code(self, code: i32) -> i32 {
        match self {
            Self::Answer(_) => 0,
            Self::GaveUp(_) => 1,
            _ => code,
        }
    }

    /// What is wrong with what ours printed.
    pub(super) fn check(self, recording: &Recording, ours: &Ended) -> Vec<String> {
        match self {
            Self::Same => same(recording, ours, &[]),
            Self::But(labels) => same(recording, ours, labels),
            Self::OtherNodes => {
                let (theirs, ours) = (any_node(&recording.stdout), any_node(&ours.stdout));
                let differ =
                    (theirs != ours).then(|| format!("expected {theirs:#?}\nbut it was {ours:#?}"));
                differ.into_iter().collect()
            }
            Self::Ours(texts) | Self::Answer(texts) | Self::GaveUp(texts) => texts
                .iter()
                .filter(|text| !ours.stdout.contains(*text) && !ours.stderr.contains(*text))
                .map(|text| format!("{text:?} is missing"))
                .collect(),
            Self::Document => {
                let document = serde_json::from_str::<Value>(&ours.stdout);
                match document {
                    Ok(document) if document["schema"] == 1 => Vec::new(),
                    _ => vec!["no document".to_owned()],
                }
            }
        }
    }
}

fn same(recording: &Recording, ours: &Ended, labels: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let tidy = |text: &str| normal(&without(&plain(text), labels));
    if let Some(theirs) = array(&recording.stdout, labels) {
        let ours = array(&ours.stdout, labels);
        if ours.as_ref() != Some(&theirs) {
            wrong.push(format!("expected {theirs:#?}\nbut it was {ours:#?}"));
        }
    } else {
        let (theirs, ours) = (tidy(&recording.stdout), tidy(&ours.stdout));
        if theirs != ours {
            wrong.push(format!("expected {theirs:#?}\nbut it was {ours:#?}"));
        }
    }
    if let Some(complaint) = recording.complaint()
        && !ours.stderr.contains(&complaint)
    {
        wrong.push(format!("no complaint {complaint:?}"));
    }
    wrong
}

/// The array that `-j` prints, an element a line, by sender.
fn array(text: &str, labels: &[&str]) -> Option<Vec<String>> {
    let mut array: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
    for element in &mut array {
        if let Some(Value::Object(data)) = element.get_mut("data") {
            for label in labels {
                data.insert((*label).to_owned(), Value::Null);
            }
        }
    }
    let mut lines: Vec<String> = array
        .iter()
        .map(|element| masked(&serde_json::to_string(element).unwrap()))
        .collect();
    lines.sort();
    Some(lines)
}

/// What is left when all nodes have the same name.
fn any_node(text: &str) -> Vec<String> {
    let node = Regex::new(r"\bnode\d").unwrap();
    normal(&node.replace_all(text, "node1"))
}
