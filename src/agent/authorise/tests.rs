//! Files that come, change, go and can't be read.

use std::{borrow::Cow, fs};

use serde_json::{Map, Value};
use tempfile::TempDir;

use super::*;
use crate::{mcorpc::filter::DataError, sys::file::Mode};

struct Anywhere;

impl Node for Anywhere {
    fn identity(&self) -> &'static str {
        "node1"
    }

    fn agents(&self) -> Cow<'_, [String]> {
        Vec::new().into()
    }

    fn classes(&self) -> Cow<'_, [String]> {
        Vec::new().into()
    }

    fn fact(&self, _: &str) -> Option<Value> {
        None
    }

    fn data(&self, _: &str, _: Option<&str>) -> Result<Map<String, Value>, DataError> {
        Err(DataError::UnknownPlugin)
    }
}

struct Site {
    dir: TempDir,
    settings: Authorization,
}

impl Site {
    fn new(allow_unconfigured: bool, default_policy: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = Authorization {
            policies: dir.path().to_owned(),
            allow_unconfigured,
            default_policy: default_policy.map(str::to_owned),
            compat: false,
        };
        Self { dir, settings }
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        file::write_atomic(&path, text.as_bytes(), Mode::Exactly(0o644)).unwrap();
    }

    fn authoriser(&self) -> Authoriser {
        Authoriser::new(self.settings.clone())
    }
}

fn decide(authoriser: &Authoriser, call: &str) -> Verdict {
    let words: Vec<&str> = call.split(' ').collect();
    let [caller, agent, action] = words[..] else {
        panic!("{call}");
    };
    authoriser.decide(
        &caller.parse().unwrap(),
        &agent.parse().unwrap(),
        &action.parse().unwrap(),
        &Anywhere,
    )
}

fn allows(authoriser: &Authoriser, call: &str) -> bool {
    decide(authoriser, call).allowed
}

#[test]
fn the_agents_own_policy_then_the_default_then_the_setting() {
    let site = Site::new(true, None);
    site.put(
        "service.policy",
        "allow\tcert=ann\tstatus\t*\t*\npolicy default deny\n",
    );
    let authoriser = site.authoriser();
    assert!(allows(&authoriser, "cert=ann service status"));
    assert!(!allows(&authoriser, "cert=ann service stop"));
    assert!(!allows(&authoriser, "cert=an service status"));
    assert!(allows(&authoriser, "cert=eve puppet runonce"));
    assert!(!allows(
        &Site::new(false, None).authoriser(),
        "cert=eve puppet runonce"
    ));

    let site = Site::new(true, Some("usual"));
    site.put(
        "usual.policy",
        "allow\tcert=bob\t*\t*\t*\npolicy default deny\n",
    );
    site.put("service.policy", "policy default deny\n");
    let authoriser = site.authoriser();
    assert!(allows(&authoriser, "cert=bob puppet runonce"));
    assert!(!allows(&authoriser, "cert=ann puppet runonce"));
    assert!(!allows(&authoriser, "cert=bob service status"));
    // Nothing was said of nodes that have lost it: they do not open.
    fs::remove_file(site.dir.path().join("usual.policy")).unwrap();
    let verdict = decide(&authoriser, "cert=bob puppet runonce");
    assert!(!verdict.allowed && verdict.why.to_string().contains("usual.policy"));
    assert_eq!(check_policies(&site.settings).len(), 1);
}

#[test]
fn discovery_needs_no_policy() {
    let site = Site::new(false, None);
    site.put("discovery.policy", "policy default deny\n");
    assert_eq!(
        decide(&site.authoriser(), "cert=eve discovery discover").why,
        Why::Exempt
    );
}

#[test]
fn a_verdict_names_file_and_line() {
    let site = Site::new(false, None);
    site.put(
        "service.policy",
        "# who\ndeny\tcert=eve\t*\t*\npolicy default allow\n",
    );
    let authoriser = site.authoriser();
    let why = decide(&authoriser, "cert=eve service stop").why.to_string();
    assert!(why.ends_with("/service.policy:2"), "{why}");
    let why = decide(&authoriser, "cert=ann service stop").why.to_string();
    assert!(why.ends_with("/service.policy:3, the default"), "{why}");
}

#[test]
fn changed_files_are_read_again() {
    let site = Site::new(false, None);
    let authoriser = site.authoriser();
    let call = "cert=ann service stop";
    assert!(!allows(&authoriser, call));
    site.put("service.policy", "allow\tops\tstop\t*\t*\n");
    assert!(!allows(&authoriser, call));
    site.put("groups", "ops cert=ann\n");
    assert!(allows(&authoriser, call));
    site.put("groups", "ops cert=bob\n");
    assert!(!allows(&authoriser, call));
    site.put("service.policy", "allow\t*\tstop\t*\t*\n");
    assert!(allows(&authoriser, call));
    fs::remove_file(site.dir.path().join("service.policy")).unwrap();
    assert!(!allows(&authoriser, call));
}

#[test]
fn what_cannot_be_read_denies() {
    let site = Site::new(true, None);
    let path = |name: &str| site.dir.path().join(name);
    fs::create_dir(path("service.policy")).unwrap();
    std::os::unix::fs::symlink("nowhere", path("puppet.policy")).unwrap();
    file::make_fifo(&path("package.policy"));
    site.put("rpcutil.policy", "deny\tops\t*\t*\npolicy default allow\n");
    fs::create_dir(path("groups")).unwrap();
    let authoriser = site.authoriser();
    for agent in ["service", "puppet", "package"] {
        let verdict = decide(&authoriser, &format!("cert=ann {agent} status"));
        assert!(!verdict.allowed, "{agent}");
        assert!(matches!(verdict.why, Why::Unreadable(_)), "{agent}");
    }
    assert!(!allows(&authoriser, "cert=ann rpcutil ping"));
    assert!(allows(&authoriser, "cert=ann shell run"));
    // Each of the files, and the rule that names a group.
    assert_eq!(check_policies(&site.settings).len(), 5);
}

#[test]
fn policies_that_are_all_gone_are_told_of() {
    let site = Site::new(true, None);
    assert_eq!(check_policies(&site.settings), [""; 0]);
    fs::remove_dir_all(site.dir.path()).unwrap();
    let faults = check_policies(&site.settings);
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].contains("whatever callers ask is allowed"),
        "{faults:?}"
    );
    let deny = Authorization {
        allow_unconfigured: false,
        ..site.settings
    };
    assert!(check_policies(&deny)[0].ends_with("is denied"));
}
