//! What the lines say, and what happens where they can't be written.

use std::{fs, time::SystemTime};

use super::*;
use crate::{
    agent::testing::Site,
    mcorpc::{
        ddl::{Input, InputType},
        filter::FactFilter,
        reply::{Outcome, StatusCode},
    },
    security::SecurityProvider as _,
};

struct Rig {
    site: Site,
    audit: Audit,
}

impl Rig {
    fn new(format: AuditFormat, required: bool) -> Self {
        let site = Site::new();
        let settings = Settings {
            file: site.fixture.path("audit.log"),
            format,
            max_size: 1 << 20,
            keep: 1,
            required,
            sync: required,
        };
        let audit = Audit::new(&settings, &Arc::default());
        Self { site, audit }
    }

    /// A request with a secret that is decided and ends.
    fn tell(&self, decision: &str) -> bool {
        self.tell_of("uk", decision)
    }

    /// The same to the nodes of this country.
    fn tell_of(&self, country: &str, decision: &str) -> bool {
        let mut request = crate::agent::testing::request("r1", "tester", "kill");
        request.data = json!({"pin": "hunter2", "name": "a\n\u{9b}b"})
            .as_object()
            .unwrap()
            .clone();
        request.time_ms = 1_795_435_340_000;
        request.filter.fact.push(FactFilter {
            fact: "country".to_owned(),
            value: country.to_owned(),
            operator: "==".to_owned(),
        });
        let signed = self.site.operator.sign_request(&request).unwrap();
        let verified = self
            .site
            .node
            .verify_request(&signed.body, SystemTime::now());
        let verified = verified.unwrap();
        let pin = Input::new("pin", "", "", InputType::matching(".", 9));
        let action = Action::new("kill", "").input(Input {
            sensitive: true,
            ..pin
        });
        let decided = Decided {
            from: Some("console@192.0.2.7"),
            decision,
            rule: "/etc/m/policies/tester.policy:3",
            action: Some(&action),
        };
        let noted = self.audit.decided(&verified, &decided, 1_795_435_340_250);
        let end = End {
            outcome: Outcome::Ok,
            code: StatusCode::OK,
            message: "OK".to_owned(),
            data: serde_json::Map::new(),
        };
        let took = Duration::from_millis(12);
        self.audit
            .ended(&verified, &end, took, decided.rule, 1_795_435_340_262);
        noted
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.site.fixture.path("audit.log")).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_decision_and_an_outcome_with_one_id() {
    let rig = Rig::new(AuditFormat::Json, true);
    assert!(rig.tell("allowed"));
    assert_eq!(
        rig.lines(),
        [
            r#"{"time":"2026-11-23T12:02:20.250Z","type":"decision","id":"r1","caller":"cert=peadmin","sender":"peadmin","connection":"console@192.0.2.7","collective":"mcollective","agent":"tester","action":"kill","data":{"pin":"***","name":"a\n\u009bb"},"filter":{"fact":[{"fact":"country","value":"uk","operator":"=="}]},"requested":"2026-11-23T12:02:20.000Z","decision":"allowed","rule":"/etc/m/policies/tester.policy:3"}"#,
            r#"{"time":"2026-11-23T12:02:20.262Z","type":"outcome","id":"r1","caller":"cert=peadmin","agent":"tester","action":"kill","outcome":"ok","statuscode":0,"duration_ms":12}"#,
        ]
    );
}

#[test]
fn a_long_filter_is_cut_and_says_so() {
    let rig = Rig::new(AuditFormat::Json, true);
    let country = "\u{9b}日".repeat(10_000);
    assert!(rig.tell_of(&country, "allowed"));
    let lines = rig.lines();
    assert!(lines[0].len() < 12_000, "{}", lines[0].len());
    let record: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(record["filter"]["bytes"], 50_056);
    let start = record["filter"]["cut"].as_str().unwrap();
    assert!(start.starts_with("{\"fact\":[{\"fact\":\"country\",\"value\":\"\u{9b}日"));
    assert_eq!(record["filter"].as_object().unwrap().len(), 2);
}

#[test]
fn the_originals_line_and_what_it_lacked() {
    let rig = Rig::new(AuditFormat::Original, false);
    rig.tell("allowed");
    rig.tell("denied");
    let line = "[2026-11-23 12:02:20 UTC] reqid=r1: reqtime=1795435340 caller=cert=peadmin@192.0.2.7 agent=tester \
                action=kill data={:pin=>\"***\", :name=>\"a\\n\\u009Bb\", :process_results=>true}";
    let outcome = "[2026-11-23 12:02:20 UTC] reqid=r1: caller=cert=peadmin outcome=ok statuscode=0 duration_ms=12 \
                   rule=/etc/m/policies/tester.policy:3";
    let denied = line.replace("r1: ", "r1: decision=denied ");
    let denied = format!("{denied} rule=/etc/m/policies/tester.policy:3");
    assert_eq!(rig.lines(), [line, outcome, &denied, outcome]);
}

#[test]
fn what_could_not_be_written_is_counted_and_told_later() {
    for (required, goes_on) in [(true, false), (false, true)] {
        let rig = Rig::new(AuditFormat::Json, required);
        let file = rig.site.fixture.path("audit.log");
        std::os::unix::fs::symlink(rig.site.fixture.path("ca.pem"), &file).unwrap();
        assert_eq!(rig.tell("allowed"), goes_on);
        assert_eq!(*rig.audit.missing.lock().unwrap(), 2);
        fs::remove_file(&file).unwrap();
        assert!(rig.tell("allowed"));
        let lines = rig.lines();
        assert!(
            lines[0].ends_with(r#""type":"gap","missing":2}"#),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 3);
    }
}
