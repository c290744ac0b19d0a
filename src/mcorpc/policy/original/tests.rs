//! What the original was seen to do with such lines.

use super::{
    super::tests::{decide, groups},
    *,
};

/// What cert=john's `stop` comes to on a node in the uk with the class `apache`.
fn john_stops(text: &str) -> bool {
    let (policy, _) = parse(text, &groups(), false);
    decide(&policy, "cert=john", "stop").allowed
}

#[test]
fn its_faults_are_kept() {
    for (rule, matches) in [
        ("cert=john\tstop\t*\t*", true),
        // A caller is searched in the text.
        ("cert=johnny\tstop\t*\t*", true),
        ("cert=jo\tstop\t*\t*", false),
        ("* cert=ann\tstop\t*\t*", false),
        ("ops cert=john\tstart stop\t*\t*", true),
        ("ops\tstop\t*\t*", false),
        ("*\tsto\t*\t*", false),
        // Four fields.
        ("*\t*\t*", false),
        ("*\t*\tapache", true),
        ("*\t*\tcountry=uk and apache", true),
        // Operators.
        ("*\t*\tcountry=uk\tapache", true),
        ("*\t*\tcountry=de\t*", false),
        ("*\t*\tnum=12\t*", true),
        ("*\t*\tnum>2\t*", false), // as texts
        ("*\t*\tnum<2\t*", true),
        ("*\t*\tnum>=12\t*", false),
        ("*\t*\tnum<=12\t*", false),
        ("*\t*\tnum==12\t*", false),
        ("*\t*\tnum!=13\t*", false),
        ("*\t*\tcountry=~uk\t*", false),
        ("*\t*\tcountry=/uk/\t*", false),
        ("*\t*\tnosuch<a\t*", true),
        ("*\t*\tapache\t*", false),
        ("*\t*\t*\tcountry=uk", false),
        ("*\t*\t*\t/^role::/", true),
        ("*\t*\t*\tapache role::db", false),
        // More than five: the last are the classes.
        ("*\t*\t*\tnosuch\tapache", true),
        // Left to right.
        ("*\t*\tapache or apache and nosuch", false),
        ("*\t*\tnosuch and apache or apache", true),
        ("*\t*\tapache or (apache and nosuch)", true),
        ("*\t*\tnot nosuch and apache", true),
        ("*\t*\tnot (apache or nosuch)", false),
        // Data.
        ("*\t*\tfstat('/etc/hosts').size=220", true),
        ("*\t*\tnosuch('x').y=1", false),
        ("*\t*\t!fstat('/gone').y=1", true),
        // The end of a line is part of its last field.
        ("*\t*\t*\tapache\r", true),
        ("*\t*\t*\t*\r", false),
    ] {
        let allow = format!("allow\t{rule}\npolicy default deny\n");
        assert_eq!(john_stops(&allow), matches, "{rule:?}");
        let deny = format!("deny\t{rule}\npolicy default allow\n");
        assert_eq!(john_stops(&deny), !matches, "{rule:?}");
    }
}

#[test]
fn lines_that_it_skips_and_lines_that_end_it() {
    for (text, allowed) in [
        ("deny cert=john stop * *\nallow\t*\t*\t*\t*", true),
        (" deny\t*\t*\t*\t*\nallow\t*\t*\t*\t*", true),
        ("policy default allow-not", true),
        ("policy default allow\r", true),
        ("policy\tdefault  allow", true),
        ("policydefault allow", false),
        ("policy default Allow", false),
        ("policy default allow\npolicy default no", false),
        // An expression that can't be read is an error, and an error denies.
        ("allow\t*\t*\tcountry=uk num=12\nallow\t*\t*\t*\t*", false),
        ("deny\t*\tstart\tcountry=uk num=12\nallow\t*\t*\t*\t*", true),
    ] {
        assert_eq!(john_stops(text), allowed, "{text:?}");
    }
    let (_, warnings) = parse("x\nallow\t*\t*\t*\n", &groups(), false);
    assert_eq!(warnings.len(), 2);
}
