//! What Ruby's YAML makes of a text, and what is refused.

use std::fmt::Write as _;

use serde_json::json;

use super::*;

fn facts(text: &str) -> Value {
    Value::Object(parse(text).unwrap())
}

#[test]
fn a_facts_file_reads_as_ruby_reads_it() {
    let text = "---
hostname: node1
operatingsystemrelease: '12.11'
memorysize_mb: '2048.50'
plain: 2048.50
processorcount: 1
is_virtual: true
quoted: \"yes\"
bare: yes
none:
tilde: ~
empty: ''
motto: zwölf Boxkämpfer
:symbol: :value
1: one
os:
  family: Debian
  release:
    major: '12'
mountpoints:
- /
- /var
- 10.4
script: |
  a
  b
";
    let expected = json!({
        "hostname": "node1", "operatingsystemrelease": "12.11", "memorysize_mb": "2048.50",
        "plain": "2048.5", "processorcount": "1", "is_virtual": "true", "quoted": "yes",
        "bare": "true", "none": "", "tilde": "", "empty": "", "motto": "zwölf Boxkämpfer",
        "symbol": "value", "1": "one", "os": {"family": "Debian", "release": {"major": "12"}},
        "mountpoints": ["/", "/var", "10.4"], "script": "a\nb\n",
    });
    assert_eq!(facts(text), expected);
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    assert_eq!(facts("a: 1\nb: 2\na: 3\n"), json!({"a": "3", "b": "2"}));
}

#[test]
fn aliases_and_merges_are_followed() {
    let text = "base: &b {x: 1, y: 2}\nsame: *b\nmore:\n  <<: *b\n  y: 3\nboth:\n  <<: [{x: 1}, {x: 2, z: 4}]\n";
    let expected = json!({
        "base": {"x": "1", "y": "2"}, "same": {"x": "1", "y": "2"},
        "more": {"x": "1", "y": "3"}, "both": {"x": "1", "z": "4"},
    });
    assert_eq!(facts(text), expected);
    assert_eq!(facts("<<: 1\n"), json!({"<<": "1"}));
}

#[test]
fn ruby_objects_are_read_as_what_they_wrap() {
    let text = "--- !ruby/object:Puppet::Node::Facts\nname: web1\nvalues:\n  role: web\n  !ruby/sym _timestamp: x\n";
    assert_eq!(facts(text), json!({"role": "web", "_timestamp": "x"}));
    let text = "a: !ruby/object:Whatever\n  b: 1\nc: !ruby/symbol d\ne: !!str 010\nf: !!int '7'\ng: !foo yes\nvalues: {x: y}\n";
    let expected =
        json!({"a": {"b": "1"}, "c": "d", "e": "010", "f": "7", "g": "yes", "values": {"x": "y"}});
    assert_eq!(facts(text), expected);
    assert_eq!(facts("a: !binary |-\n  enfDtmxm\n"), json!({"a": "zwölf"}));
    assert_eq!(facts("a: !binary '%%'\n"), json!({"a": "%%"}));
}

#[test]
fn nothing_is_no_error_and_a_list_is_one() {
    for empty in [
        "",
        "---\n",
        "# only a comment\n",
        "--- ~\n",
        "{}",
        "---\n...\n",
    ] {
        assert_eq!(facts(empty), json!({}), "{empty:?}");
    }
    for other in ["- a\n", "text", "--- [1]\n"] {
        assert!(matches!(parse(other), Err(YamlError::NotMap)), "{other:?}");
    }
    assert_eq!(facts("a: 1\n---\nb: 2\n"), json!({"a": "1"}));
}

#[test]
fn bombs_are_refused() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let list = [format!("*a{}", level - 1).as_str(); 9].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{list}]").unwrap();
    }
    assert!(matches!(parse(&laughs), Err(YamlError::TooLarge)));
    // One long text, many times.
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        ["*a"; 100].join(", ")
    );
    assert!(matches!(parse(&long), Err(YamlError::TooLarge)));
    // A chain that gets deeper with every alias.
    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..200 {
        writeln!(chain, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(matches!(parse(&chain), Err(YamlError::TooLarge)));
}

#[test]
fn depth_and_circles_are_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        for depth in [60, 100, 100_000] {
            let text = format!("a: {}x{}\n", open.repeat(depth), close.repeat(depth));
            assert_eq!(parse(&text).is_ok(), depth == 60, "{depth}");
        }
    }
    let lines: Vec<_> = (0..500)
        .map(|level| {
            " ".repeat(level)
                + "a:
"
        })
        .collect();
    let deep = lines.concat();
    assert!(parse(&deep).is_err());
    assert!(matches!(parse("a: &a [*a]\n"), Err(YamlError::Circular)));
}

#[test]
fn a_syntax_error_says_where() {
    let error = parse("a: 1\nb: [\n").unwrap_err();
    assert!(error.to_string().contains("line"), "{error}");
    assert!(parse("a: *nowhere\n").is_err());
    assert!(parse("\u{0}\u{1}\u{2}").is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[-a-c:*&!<>|\\[\\]{}'\"#? \n\t%@`,.0-9~\\\\]{0,80}") {
        let _facts = parse(&text);
    }

    #[test]
    fn json_is_read_as_it_is(key in "[a-z]{1,8}", value in "[ -~äöü]{0,20}") {
        let text = json!({&key: &value}).to_string();
        proptest::prop_assert_eq!(facts(&text), json!({&key: value}));
    }
}
