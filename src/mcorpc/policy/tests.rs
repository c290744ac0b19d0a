//! The rules one by one, and that no text opens what it does not say it opens.

use proptest::prelude::*;
use serde_json::json;

use super::*;

struct Web;

impl Node for Web {
    fn identity(&self) -> &'static str {
        "web1"
    }

    fn agents(&self) -> Cow<'_, [String]> {
        vec!["rpcutil".to_owned()].into()
    }

    fn classes(&self) -> Cow<'_, [String]> {
        vec!["apache".to_owned(), "role::web".to_owned()].into()
    }

    fn fact(&self, name: &str) -> Option<Value> {
        Some(match name {
            "country" => json!("uk"),
            "num" => json!("12"),
            "month" => json!("08"),
            "os.family" => json!("Debian"),
            _ => return None,
        })
    }

    fn data(&self, plugin: &str, query: Option<&str>) -> Result<Map<String, Value>, DataError> {
        match (plugin, query) {
            ("fstat", Some("/etc/hosts")) => Ok(Map::from_iter([("size".to_owned(), json!(220))])),
            ("fstat", _) => Err(DataError::Failed("no such file".to_owned())),
            _ => Err(DataError::UnknownPlugin),
        }
    }
}

pub(super) fn groups() -> Groups {
    let (groups, warnings) =
        Groups::parse("# staff\r\n\nops cert=ann cert=bob\r\nweb.team-1 cert=cat\n");
    assert_eq!(warnings, []);
    groups
}

fn parse(text: &str) -> (Policy, Vec<Warning>) {
    Policy::parse(text, &groups(), false)
}

pub(super) fn decide(policy: &Policy, caller: &str, action: &str) -> Decision {
    policy.decide(&caller.parse().unwrap(), &action.parse().unwrap(), &Web)
}

/// What cert=ann's `stop` comes to.
fn ann_stops(text: &str) -> bool {
    decide(&parse(text).0, "cert=ann", "stop").allowed
}

fn warnings(text: &str) -> usize {
    parse(text).1.len()
}

#[test]
fn the_first_rule_that_matches_decides() {
    let text = "policy default deny\n\n# comment\n  # another\n\
                deny\tcert=eve\t*\t*\t*\nallow\tcert=eve ops\tstatus stop\t*\t*\n\
                allow\t*\tstatus\t\t*\t*\nallow\tweb.team-1\t*\t*\n";
    let (policy, warnings) = parse(text);
    assert_eq!(warnings, []);
    for (caller, action, allowed, by) in [
        ("cert=eve", "status", false, DecidedBy::Rule(5)),
        ("cert=ann", "stop", true, DecidedBy::Rule(6)),
        ("cert=bob", "status", true, DecidedBy::Rule(6)),
        ("cert=dan", "status", true, DecidedBy::Rule(7)),
        ("cert=dan", "stop", false, DecidedBy::Default(Some(1))),
        ("cert=cat", "start", true, DecidedBy::Rule(8)),
        // Names are compared whole.
        ("cert=an", "stop", false, DecidedBy::Default(Some(1))),
        ("cert=anna", "stop", false, DecidedBy::Default(Some(1))),
        ("cert=ann", "sto", false, DecidedBy::Default(Some(1))),
        ("user=ops", "stop", false, DecidedBy::Default(Some(1))),
    ] {
        let decision = decide(&policy, caller, action);
        assert_eq!(
            (decision.allowed, decision.by),
            (allowed, by),
            "{caller} {action}"
        );
        assert_eq!(decision.doubts, []);
    }
}

#[test]
fn the_default() {
    for (text, unset, allowed, warned) in [
        ("", false, false, 1),
        ("", true, false, 1),
        ("# all of it\n\n", true, false, 1),
        ("allow\tcert=bob\t*\t*\n", true, true, 1),
        ("allow\tcert=bob\t*\t*\n", false, false, 0),
        ("policy default allow", false, true, 0),
        ("policy  default\tallow # all", false, true, 0),
        ("policy default allow\r\n", false, true, 0),
        ("\u{feff}policy default allow", false, true, 0),
        ("policy default deny", true, false, 0),
        ("policy default allow\npolicy default deny", false, false, 0),
        ("policy default deny\npolicy default allow", false, true, 0),
        ("policy default Allow", true, false, 1),
        ("policy default allow-not", true, false, 1),
        ("policy default allow cert=ann", true, false, 1),
        ("policy default", true, false, 1),
        (
            "deny\tcert=ann\tstop\tcountry=\u{fffd}\npolicy default allow",
            true,
            false,
            1,
        ),
        (
            "allow\tcert=ann\tstop\tcountry=\u{fffd}\npolicy default deny",
            true,
            false,
            1,
        ),
        ("policy defualt deny", true, false, 1),
        (" policy default allow", true, false, 1),
        ("Policy default allow", true, false, 1),
    ] {
        let (policy, warnings) = Policy::parse(text, &groups(), unset);
        assert_eq!(
            decide(&policy, "cert=ann", "stop").allowed,
            allowed,
            "{text:?}"
        );
        assert_eq!(warnings.len(), warned, "{text:?} {warnings:?}");
    }
}

/// Fields for facts and classes that hold, or do not hold, on the node.
#[test]
fn facts_and_classes() {
    for (nodes, holds) in [
        ("*", true), // four fields; dead in the original
        ("*\t*", true),
        ("country=uk\t*", true),
        ("country=de\t*", false),
        ("country==uk num=12\t*", true),
        ("country=uk num=13\t*", false),
        ("num>2\t*", true), // as a number, and not as text
        ("num>=12\t*", true),
        ("num<=11\t*", false),
        ("country!=de\t*", true),
        ("country=~^u\t*", true),
        ("country=/^(u|d)/\t*", true),
        ("nosuch!=x\t*", false),
        ("os.family=Debian\t*", true),
        ("*\tapache", true),
        ("*\tapache role::web", true),
        ("*\tapache role::db", false),
        ("*\t/^role::(web|db)$/", true),
        ("country=uk\trole::db", false),
        ("country=uk and apache", true),
        ("country=uk apache", true),
        ("!country=uk", false),
        ("not (country=de or country=uk)\t*", false),
        ("country=de or country=uk\t*", true),
        ("country=uk and num=1 or apache", true),
        ("(country=uk or nosuch) and nosuch\t*", false),
        ("*\tapache and !role::db", true),
        ("fstat('/etc/hosts').size>100\t*", true),
        ("fstat('/etc/hosts').size=1\t*", false),
        ("country=uk\t*\r", true),
        ("country=uk\t*\t", true),
    ] {
        let decision = |effect: &str| {
            let (policy, _) = parse(&format!("{effect}\t*\t*\t{nodes}\n"));
            decide(&policy, "cert=ann", "stop")
        };
        let by = if holds {
            DecidedBy::Rule(1)
        } else {
            DecidedBy::Default(None)
        };
        assert_eq!(decision("allow").allowed, holds, "{nodes}");
        assert_eq!(
            (decision("deny").by, decision("allow").by),
            (by, by),
            "{nodes}"
        );
    }
}

/// The same doubtful rule allows nothing and denies.
#[test]
fn doubt_denies() {
    for rule in [
        // Callers and actions.
        "nosuchgroup\t*\t*\t*",
        "* cert=bob\t*\t*\t*",
        "cert=*\t*\t*\t*",
        "cert=ann,cert=bob\t*\t*\t*",
        "ann\t*\t*\t*",
        "*\tst*\t*\t*",
        "*\tstatus,stop\t*\t*",
        // Fields.
        "*\t*\t*\t*\t*",
        "*\t*\tapache\t*",
        "*\t*\tcountry = uk\t*",
        "*\t*\t*\tcountry=uk",
        "*\t*\t* *\t*",
        // Expressions.
        "*\t*\tcountry=uk and",
        "*\t*\t(country=uk",
        "*\t*\tcountry=uk or apache and nosuch",
        "*\t*\tcountry=/(/\t*",
        "*\t*\t!country=/(/\t*",
        "*\t*\t*\t/(/",
        "*\t*\tfact(x).value=1\t*",
    ] {
        for (effect, allowed) in [("allow", false), ("deny", false)] {
            let text = format!("{effect}\t{rule}\npolicy default deny\n");
            assert_eq!(ann_stops(&text), allowed, "{text}");
            assert!(warnings(&text) > 0, "{text}");
        }
        let open = format!("deny\t{rule}\npolicy default allow\n");
        let decision = decide(&parse(&open).0, "cert=ann", "stop");
        assert_eq!(
            (decision.allowed, decision.by),
            (false, DecidedBy::Doubt(1)),
            "{open}"
        );
        // A doubtful rule to allow does not keep another from allowing.
        assert!(ann_stops(&format!(
            "allow\t{rule}\nallow\tcert=ann\tstop\t*\n"
        )));
    }
}

#[test]
fn doubt_is_confined_to_whom_a_rule_names() {
    let (policy, _) = parse("deny\tcert=eve\tstop\t(\t*\npolicy default allow\n");
    assert!(!decide(&policy, "cert=eve", "stop").allowed);
    assert!(decide(&policy, "cert=eve", "status").allowed);
    assert!(decide(&policy, "cert=ann", "stop").allowed);
}

#[test]
fn what_fails_when_it_is_asked_denies_and_is_told() {
    for nodes in [
        "nosuch('x').y=1\t*",
        "!nosuch('x').y=1\t*", // true in the original
        "fstat('/gone').size=1\t*",
        "!fstat('/etc/hosts').nosuch=1\t*",
        "month<9\t*",
        "fstat('/etc/hosts').size=big",
    ] {
        for effect in ["allow", "deny"] {
            let default = if effect == "deny" { "allow" } else { "deny" };
            let text = format!("# a\n{effect}\t*\t*\t{nodes}\npolicy default {default}\n");
            let (policy, warnings) = parse(&text);
            // What can be seen before anybody calls.
            assert_eq!(
                warnings.len(),
                usize::from(nodes.contains("nosuch(")),
                "{text}"
            );
            let decision = decide(&policy, "cert=ann", "stop");
            assert!(!decision.allowed, "{text}");
            assert_eq!(decision.doubts.len(), 1, "{text}");
            assert_eq!(decision.doubts[0].line, 2);
        }
    }
}

/// A node that could not read what it is.
struct Forgetful;

impl Node for Forgetful {
    fn identity(&self) -> &'static str {
        "web1"
    }

    fn agents(&self) -> Cow<'_, [String]> {
        Vec::new().into()
    }

    fn classes(&self) -> Cow<'_, [String]> {
        Vec::new().into()
    }

    fn classes_or_doubt(&self) -> (Cow<'_, [String]>, Option<String>) {
        (self.classes(), Some("classes.txt is gone".to_owned()))
    }

    fn fact(&self, _: &str) -> Option<Value> {
        None
    }

    fn fact_or_doubt(&self, name: &str) -> (Option<Value>, Option<String>) {
        (self.fact(name), Some("facts.yaml is broken".to_owned()))
    }

    fn data(&self, _: &str, _: Option<&str>) -> Result<Map<String, Value>, DataError> {
        Err(DataError::UnknownPlugin)
    }
}

#[test]
fn what_a_node_does_not_know_of_itself_denies_and_is_told() {
    for (nodes, why) in [
        ("*\tapache", "classes"),
        ("*\tnot apache", "classes"),
        ("not role::db", "classes"),
        ("country=uk\t*", "facts"),
        ("not country=uk\t*", "facts"),
        ("country!=uk\t*", "facts"),
    ] {
        for effect in ["allow", "deny"] {
            let default = if effect == "deny" { "allow" } else { "deny" };
            let text = format!("{effect}\t*\t*\t{nodes}\npolicy default {default}\n");
            let (caller, action) = ("cert=ann".parse().unwrap(), "stop".parse().unwrap());
            let decision = parse(&text).0.decide(&caller, &action, &Forgetful);
            assert!(!decision.allowed, "{text}");
            let [doubt] = &decision.doubts[..] else {
                panic!("{text}: {:?}", decision.doubts)
            };
            let told = format!("not all {why} of this node are known: ");
            assert!(doubt.message.starts_with(&told), "{doubt:?}");
        }
    }
    // Who does not ask is not in doubt.
    let text = "allow\t*\t*\t*\npolicy default deny\n";
    let (caller, action) = ("cert=ann".parse().unwrap(), "stop".parse().unwrap());
    assert!(parse(text).0.decide(&caller, &action, &Forgetful).allowed);
}

#[test]
fn a_line_that_is_no_rule_never_opens() {
    for line in [
        "deny cert=ann stop * *",
        "deny cert=ann\tstop\t*\t*",
        " deny\tcert=ann\tstop\t*\t*",
        "Deny\tcert=ann\tstop\t*\t*",
        "dney\tcert=ann\tstop\t*\t*",
        "deny\tcert=ann\tstop",
        "deny\t\t\t",
        "deny",
        "\u{0}",
    ] {
        let text = format!("{line}\nallow\tcert=ann\tstop\t*\t*\npolicy default allow\n");
        assert!(!ann_stops(&text), "{line:?}");
        assert_eq!(warnings(&text), 1, "{line:?}");
    }
    for line in [
        "allow cert=ann stop * *",
        " allow\tcert=ann\tstop\t*\t*",
        "Allow\tcert=ann\tstop\t*\t*",
        "allow\tcert=ann\tstop",
        "allow",
    ] {
        assert!(!ann_stops(line), "{line:?}");
        assert_eq!(warnings(line), 1, "{line:?}");
        assert!(
            ann_stops(&format!("{line}\npolicy default allow")),
            "{line:?}"
        );
    }
}

#[test]
fn warnings_say_what_is_right() {
    let (_, warnings) = parse("\nallow cert=ann stop * *\nallow\tcert=ann\tstop\tnum>=2\t*\n");
    assert_eq!(warnings[0].line, 2);
    let right = "allow<TAB>cert=ann<TAB>stop<TAB>*<TAB>*";
    assert!(
        warnings[0].message.contains(right),
        "{}",
        warnings[0].message
    );
    // It works here and is dead in the original, which a mixed fleet has to know.
    assert_eq!(warnings[1].line, 3);
    assert!(
        warnings[1].message.contains("`>=`"),
        "{}",
        warnings[1].message
    );
    let (_, warnings) = parse("allow\t\u{1b}[31m\t*\t*");
    assert!(!warnings[0].message.contains('\u{1b}'));
}

#[test]
fn rules_that_nothing_gets_as_far_as_are_told() {
    let text = "allow\tcert=ann\t*\t*\t*\ndeny\t*\t*\t*\t*\nallow\tcert=bob\t*\t*\t*\n";
    let (policy, warnings) = parse(text);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].line, 3);
    assert_eq!(
        warnings[0].message,
        "the rule can never match: line 2 decides every call before it"
    );
    assert!(!decide(&policy, "cert=bob", "stop").allowed);
}

#[test]
fn groups_hold_whole_callers() {
    let text =
        "ops cert=ann\nops cert=bob\nwild cert=* cert=cat\nb@d cert=ann\nnobody\nnested ops\n";
    let (groups, warnings) = Groups::parse(text);
    let lines: Vec<usize> = warnings.iter().map(|warning| warning.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6]);
    let allowed = |rule: &str, caller: &str| {
        decide(&Policy::parse(rule, &groups, true).0, caller, "stop").allowed
    };
    let only = |group: &str| format!("allow\t{group}\t*\t*\npolicy default deny");
    let but = |group: &str| format!("deny\t{group}\t*\t*\npolicy default allow");
    assert!(allowed(&only("ops"), "cert=bob"));
    assert!(!allowed(&only("ops"), "cert=ann")); // the later line replaces the earlier
    assert!(allowed(&but("ops"), "cert=ann"));
    assert!(allowed(&only("wild"), "cert=cat"));
    assert!(!allowed(&only("wild"), "cert=dan") && !allowed(&but("wild"), "cert=dan"));
    assert!(!allowed(&only("nobody"), "cert=ann") && allowed(&but("nobody"), "cert=ann"));
    assert!(!allowed(&only("nested"), "cert=bob") && !allowed(&but("nested"), "cert=bob"));
    assert!(!allowed(&only("b@d"), "cert=ann") && !allowed(&but("b@d"), "cert=ann"));
}

/// Texts that are nearly policies.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "allow",
        "deny",
        "policy",
        "default",
        "\t",
        "\t",
        "\t",
        " ",
        "\n",
        "\r\n",
        "*",
        "cert=ann",
        "ops",
        "stop",
        "country=uk",
        "apache",
        "and",
        "or",
        "not",
        "!",
        "(",
        ")",
        "/",
        "=",
        ">=",
        "'",
        "fstat('/etc/hosts').size",
        "#",
        "\u{feff}",
        "é",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in prop_oneof![any::<String>(), nearly()]) {
        let (groups, _) = Groups::parse(&text);
        let (policy, warnings) = Policy::parse(&text, &groups, true);
        let lines = text.split('\n').count();
        prop_assert!(warnings.iter().all(|warning| (1..=lines).contains(&warning.line)));
        decide(&policy, "cert=ann", "stop");
    }

    #[test]
    fn what_never_says_allow_never_allows(text in nearly()) {
        let text = text.replace("allow", "deny");
        prop_assert!(!ann_stops(&text));
    }

    #[test]
    fn a_rule_to_deny_never_opens(text in nearly(), nodes in "[a-z=()!\t ]{1,12}") {
        let with = format!("deny\t*\t*\t{nodes}\n{text}");
        prop_assert!(!ann_stops(&with) || ann_stops(&text), "{with:?}");
    }

    #[test]
    fn a_line_without_tabs_never_opens(text in nearly(), line in "[a-z=* ]{0,20}") {
        prop_assume!(!line.trim_start().starts_with("policy"));
        let with = format!("{line}\n{text}");
        prop_assert!(!ann_stops(&with) || ann_stops(&text), "{with:?}");
    }
}
