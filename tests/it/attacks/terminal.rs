//! What a node says does not drive the operator's terminal, and what a peer says not the broker's log.

use super::site::Site;
use crate::support::Solo;

#[test]
fn escape_sequences_are_shown_and_not_obeyed() {
    let facts = "country: \"uk\\e]0;gone\\a\\e[2J\\x9b1m\\r\\u202e\"\n\"na\\eme\": x\n";
    let site = Site::with(facts);
    for words in [
        &["facts", "country"][..],
        &["facts", "country", "-v"],
        &["inventory", "node1"],
        &["inventory", "--fields", "identity,facts.country"],
        &["rpc", "rpcutil", "get_fact", "fact=country"],
        &["rpc", "rpcutil", "get_fact", "fact=country", "-v"],
        &["rpc", "rpcutil", "get_fact", "fact=country", "-j"],
        &["rpc", "rpcutil", "inventory"],
    ] {
        let forms: &[&[&str]] = if words.contains(&"-j") {
            &[&[]]
        } else {
            &[
                &[],
                &["-o", "json"],
                &["-o", "jsonl"],
                &["-o", "yaml"],
                &["-o", "table"],
            ]
        };
        for form in forms {
            let ended = site.fleet.mco(words.iter().chain(*form)).exits(0);
            for text in [&ended.stdout, &ended.stderr] {
                let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
                assert!(!text.contains(obeyed), "{words:?} {form:?} {text:?}");
                assert!(!text.contains('\u{202e}'), "{words:?} {form:?} {text:?}");
            }
            assert!(ended.stdout.contains("uk"), "{ended:#?}");
        }
    }
}

/// One long text is shown, and widens nothing without bound.
#[test]
fn a_long_text_of_one_node_stops_no_report_of_the_others() {
    let long = "x".repeat(70_000);
    let site = Site::with(&format!("country: {long}\n"));
    for words in [
        &["facts", "country"][..],
        &["inventory", "node1"],
        &["inventory", "--fields", "identity,facts.country"],
        &["rpc", "rpcutil", "get_fact", "fact=country"],
        &["rpc", "rpcutil", "inventory"],
    ] {
        for form in ["", "text", "json", "jsonl", "yaml", "table"] {
            let form: &[&str] = if form.is_empty() {
                &["-v"]
            } else {
                &["-o", form]
            };
            let ended = site.fleet.mco(words.iter().chain(form)).exits(0);
            assert!(
                ended.stdout.contains(&long),
                "{words:?} {form:?} {:.400}",
                ended.stdout
            );
            assert!(ended.stdout.len() < 1_000_000, "{words:?} {form:?}");
        }
    }
}

/// What a peer names comes back to it, and stands in the log for an operator to read: neither is more
/// than one line, or holds what a terminal obeys.
#[test]
fn a_name_on_the_wire_neither_steers_a_terminal_nor_ends_a_line() {
    let mut broker = Solo::start("");
    for (destination, logged) in [
        (
            "/queue/a\\n2026-01-01 INFO forged\x1b]0;gone\x07\u{9b}1m\u{202e}",
            true,
        ),
        ("nowhere\\nforged\x1b[2J\r\u{202e}", false),
    ] {
        let mut peer = broker.quiet("mallory");
        peer.send("CONNECT\naccept-version:1.2\n\n\0");
        assert!(peer.frame().starts_with("CONNECTED\n"));
        peer.send(&format!("SUBSCRIBE\nid:1\ndestination:{destination}\n\n\0"));
        let frame = peer.frame();
        assert!(frame.starts_with("ERROR\n"), "{frame:?}");
        let mut said = vec![super::site::body(&frame).to_owned()];
        if logged {
            said.push(broker.daemon.wait_for("refused: "));
        }
        for text in said {
            assert!(text.contains("forged\\u{1b}"), "{text:?}");
            let steers = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!text.contains(steers), "{text:?}");
        }
    }
    assert_eq!(broker.daemon.times_said("2026-01-01 INFO forged"), 1);
}
