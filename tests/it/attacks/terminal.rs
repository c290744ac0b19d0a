//! What a node says does not drive the operator's terminal.

use super::site::Site;

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
