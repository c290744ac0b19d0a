//! What is read, what is refused, and that a change is one.

use proptest::prelude::*;

use super::*;

const KEY: &str = "pe_install::disable_mco";

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error:?} in {text:?}"))
}

fn found(text: &str) -> Option<Found> {
    parse(text).setting(KEY).map(|setting| setting.found)
}

#[allow(clippy::unnecessary_wraps, reason = "as `found` gives it")]
fn set_to(value: bool) -> Option<Found> {
    Some(Found::Plain(Plain::Bool(value)))
}

/// What Puppet Enterprise's installer writes, and what people add.
const PE: &str = r#"//-----------------------------------------------------------------------------
// Puppet Enterprise installer configuration file
//-----------------------------------------------------------------------------
{
    # MANDATORY CONFIGURATION
    "console_admin_password": "secret # no comment"
    "puppet_enterprise::puppet_master_host": "%{::trusted.certname}"

    "pe_install::puppet_master_dnsaltnames": ["puppet", "puppet.example.net"] // all of them
    "pe_install::disable_mco": true
    "puppet_enterprise::profile::console::hosts": [
        { name: "a", port: 443 },
    ],
}
"#;

#[test]
fn a_real_pe_conf_is_read() {
    let document = parse(PE);
    let setting = document.setting(KEY).unwrap();
    assert_eq!(setting.found, Found::Plain(Plain::Bool(true)));
    assert_eq!(
        setting.at,
        Position {
            line: 10,
            column: 5
        }
    );
    assert_eq!(
        document.with(KEY, false),
        PE.replace("disable_mco\": true", "disable_mco\": false")
    );
}

#[test]
fn every_way_to_write_it_is_understood() {
    for text in [
        "\"pe_install::disable_mco\": false",
        "\"pe_install::disable_mco\" = false",
        "\"pe_install::disable_mco\":false,",
        "pe_install::disable_mco: false",
        "pe_install::disable_mco:false",
        "pe_install::disable_mco=false # true",
        "{pe_install::disable_mco = false}",
        "{\r\n  \"pe_install::disable_mco\" : false\r\n}\r\n",
        "\u{feff}\"pe_install::disable_mco\": false",
        "\u{feff}{ \"pe_install::disable_mco\": false }",
        "a = 1, \"pe_install::disable_mco\": false, b = 2",
        "\"pe_install::disable_mco\":\n  // below\n  false\n",
        "\"pe_install::disable_mco\" # so\n : false",
        "\"pe_install\\u003a:disable_mco\": false",
        "\"pe_install\"\"::disable_mco\": false",
        "\"pe_install::disable_mco\": true\n\"pe_install::disable_mco\": false",
        "\"pe_install::disable_mco\": {a: 1}\n\"pe_install::disable_mco\": false",
        "off: false\n\"pe_install::disable_mco\": ${off}",
        "\"pe_install::disable_mco\": ${a.b}, a { b: true }, a.b = false",
        "\"pe_install::disable_mco\": ${a.b}, a: ${c}, c { b: false }",
        "\"pe_install::disable_mco\": false\n\"pe_install::disable_mco\": ${?NOT_SET}",
        "a: \"\"\"\n\"pe_install::disable_mco\": true\"\"\"\"\n\"pe_install::disable_mco\": false",
        "a: \"# { [\", b: x//\"pe_install::disable_mco\": true\n\"pe_install::disable_mco\": false",
    ] {
        assert_eq!(found(text), set_to(false), "{text:?}");
    }
}

#[test]
fn what_only_looks_like_it_is_another_key() {
    for text in [
        "",
        "\u{feff}",
        "# \"pe_install::disable_mco\": false",
        "a { \"pe_install::disable_mco\": false }",
        "a.\"pe_install::disable_mco\": false",
        "\"a.pe_install::disable_mco\": false",
        "\"PE_install::disable_mco\": false",
        "pe_install.disable_mco: false",
        "pe_install { disable_mco: false }",
        "a: [{ \"pe_install::disable_mco\": false }]",
        "\"pe_install::disable_mco\": ${?NOT_SET}",
    ] {
        assert_eq!(found(text), None, "{text:?}");
    }
    let place = parse("\npe_install { disable_mco: false }").place(&["pe_install", "disable_mco"]);
    assert_eq!(place.unwrap().line, 2);
}

#[test]
fn other_values_are_told_apart() {
    use Plain::{List, Null, Number, Text};
    for (value, expected) in [
        ("\"false\"", Found::Plain(Text)),
        ("\"\"\"false\"\"\"", Found::Plain(Text)),
        ("off", Found::Plain(Text)),
        ("False", Found::Plain(Text)),
        ("false false", Found::Plain(Text)),
        ("0", Found::Plain(Number)),
        ("-1.5e3", Found::Plain(Number)),
        ("null", Found::Plain(Null)),
        ("[false]", Found::Plain(List)),
        ("[1] [2]", Found::Plain(List)),
        ("{ a: false }", Found::Object),
        ("{ a: 1 } { b: 2 }", Found::Object),
        ("${x} true", Found::Joined),
        ("${x}", Found::Unset),
        ("${x.y}", Found::Unset),
        ("${\"pe_install::disable_mco\"}", Found::Endless),
    ] {
        let text = format!("\"{KEY}\": {value}");
        assert_eq!(found(&text), Some(expected), "{text}");
        for wanted in [true, false] {
            assert_eq!(
                parse(&text).with(KEY, wanted),
                format!("\"{KEY}\": {wanted}")
            );
        }
    }
    assert_eq!(
        found("\"pe_install::disable_mco\" += false"),
        Some(Found::Plain(List))
    );
    assert_eq!(
        found("\"pe_install::disable_mco\": false\n\"pe_install::disable_mco\".a: 1"),
        Some(Found::Object)
    );
}

#[test]
fn an_include_after_it_is_noted() {
    let include = "include required(file(\"x.conf\"))";
    let setting = |text: &str| parse(text).setting(KEY).unwrap().include_after;
    assert_eq!(setting(&format!("{include}\n\"{KEY}\": true")), None);
    assert_eq!(
        setting(&format!("\"{KEY}\": true\n  {include}")),
        Some(Position { line: 2, column: 3 })
    );
    let place = parse("include: 1\ninclude.a = 2\n include \"x\"").include();
    assert_eq!(place, Some(Position { line: 3, column: 2 }));
}

#[test]
fn a_setting_is_added_as_the_file_is_written() {
    let set = format!("\"{KEY}\": false");
    for (before, after) in [
        ("", format!("{set}\n")),
        ("\u{feff}", format!("\u{feff}{set}\n")),
        ("a: 1\n", format!("a: 1\n{set}\n")),
        ("a: 1", format!("a: 1\n{set}")),
        ("a: 1\r\n# b", format!("a: 1\r\n# b\r\n{set}")),
        ("{}", format!("{{ {set} }}")),
        ("{\n}\n", format!("{{\n  {set}\n}}\n")),
        ("{ a: 1 }", format!("{{ a: 1, {set} }}")),
        ("{a: 1,}", format!("{{a: 1, {set} }}")),
        (
            "{\n\t\"a\": 1 # one\n\t# two\n}\n",
            format!("{{\n\t\"a\": 1 # one\n\t# two\n\t{set}\n}}\n"),
        ),
        (
            "{\r\n    \"a\": 1,\r\n    \"b\": 2 // two\r\n}",
            format!("{{\r\n    \"a\": 1,\r\n    \"b\": 2, // two\r\n    {set}\r\n}}"),
        ),
        ("{ a: 1\n , }", format!("{{ a: 1\n ,  {set} }}")),
        (
            "\"pe_install::disable_mco\".a: 1\n",
            format!("\"pe_install::disable_mco\".a: 1\n{set}\n"),
        ),
        (
            "\"pe_install::disable_mco\" { a: 1 } # c",
            "\"pe_install::disable_mco\" : false # c".into(),
        ),
        (
            "\"pe_install::disable_mco\" += 1",
            "\"pe_install::disable_mco\" : false".into(),
        ),
    ] {
        let changed = parse(before).with(KEY, false);
        assert_eq!(changed, after, "{before:?}");
        assert_eq!(found(&changed), set_to(false), "{before:?}");
    }
}

#[test]
fn broken_files_are_told_with_place_and_remedy() {
    for (text, at, message) in [
        (
            "a: [1\n",
            (2, 1),
            "the file ends, and `[` of line 1 is open",
        ),
        (
            "{\n a: 1\n",
            (3, 1),
            "the file ends, and `{` of line 1 is open",
        ),
        ("a: 1\n}", (2, 1), "`}` without a `{` before it"),
        ("{ a: 1 } b", (1, 10), "`b` after the last `}`"),
        (
            "a: 1\nö: \"x\nb: 2",
            (2, 4),
            "a text that does not end on its line",
        ),
        (
            "a: \"\"\"x\n\"\"",
            (1, 4),
            "a text in three quotes that does not end",
        ),
        ("a\nb: 1", (1, 1), "a key without a value"),
        ("a:\n", (2, 1), "the value is missing"),
        ("a: ,", (1, 4), "`,` stands where a value should"),
        ("a: 1,, b: 2", (1, 6), "a comma without a setting before it"),
        ("a: 1 b: 2", (1, 7), "`:` can't stand in a value"),
        ("a: @", (1, 4), "`@` can't stand in a value"),
        ("a: \"\\q\"", (1, 5), "a backslash before what needs none"),
        (
            "a: \"\\u12\"",
            (1, 5),
            "`\\u` without four hexadecimal digits",
        ),
        ("a: ${b", (1, 7), "`${` that does not end"),
        ("a..b: 1", (1, 3), "no name before the dot"),
        ("a.: 1", (1, 3), "`:` can't stand where a key begins"),
        ("[1]", (1, 1), "a list is no configuration"),
        (": 1", (1, 1), "`:` can't stand where a key begins"),
        (
            "include file(\"x\"",
            (1, 17),
            "an `include` that does not end",
        ),
        ("a::b", (1, 1), "a key without a value"),
        ("a: [1 {}]x]", (1, 11), "`]` can't follow a value"),
    ] {
        let error = Document::parse(text.as_bytes()).unwrap_err();
        let place = (error.at.line, error.at.column);
        assert_eq!((place, error.message.as_str()), (at, message), "{text:?}");
        assert!(!error.right.is_empty());
    }
    let error = Document::parse(b"\"password\" hunter2\n").unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
    let error = Document::parse(b"a: 1\nb: \xff").unwrap_err();
    assert_eq!((error.at.line, error.at.column), (2, 4));
}

#[test]
fn depth_and_references_are_bounded() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        let nested = |depth: usize| format!("a: {}1{}", open.repeat(depth), close.repeat(depth));
        parse(&nested(DEEPEST));
        for depth in [DEEPEST + 1, 100_000] {
            let error = Document::parse(nested(depth).as_bytes()).unwrap_err();
            assert!(error.message.contains("are open"), "{error:?}");
        }
    }
    let error = Document::parse("a.".repeat(100_000).as_bytes()).unwrap_err();
    assert!(error.message.contains("names"), "{error:?}");
    // Every reference leads to as many again.
    let circle: String =
        "\"pe_install::disable_mco\": ${?x}\nx: ${?\"pe_install::disable_mco\"}\n".repeat(1000);
    assert_eq!(found(&circle), Some(Found::Endless));
    let name = ["a"; DEEPEST].join(".");
    let deep = format!(
        "\"{KEY}\": ${{{name}}}\n{}${{{name}}}{}",
        "a {".repeat(63) + "a: ",
        "}".repeat(63)
    );
    assert_eq!(found(&deep), Some(Found::Endless));
}

/// A text of HOCON, made of everything there is.
fn hocon() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        3 => Just("\"pe_install::disable_mco\"".to_owned()),
        1 => Just("pe_install::disable_mco".to_owned()),
        1 => Just("\"pe_install::disable_mco\".below".to_owned()),
        3 => "[a-z]{1,3}(\\.[a-z]{1,2}){0,2}",
        1 => "\"[ -!#-\\[\\]-~é]{0,6}\"",
    ];
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("\"true\" x".to_owned()),
        Just("\"\"\"a\n\"b\" # }\"\"\"".to_owned()),
        Just("${?a.b}".to_owned()),
        Just("${x} [1]".to_owned()),
        "[a-z0-9-]{1,6}",
        "\"[ -!#-\\[\\]-~ü]{0,8}\"",
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|all| format!("[{}]", all.join(", "))),
            prop::collection::vec(inner, 0..3).prop_map(|all| {
                let all: Vec<String> = all.iter().map(|value| format!("k = {value}")).collect();
                format!("{{\n{}}}", all.join("\n"))
            }),
        ]
    });
    let operator = prop_oneof![Just(": "), Just("="), Just(" += "), Just(" :\n\t")];
    let field =
        (key, operator, value).prop_map(|(key, operator, value)| format!("{key}{operator}{value}"));
    let item = prop_oneof![9 => field, 1 => Just("include \"other.conf\"".to_owned())];
    let between = prop_oneof![
        Just("\n"),
        Just(" # a comment, \"\n"),
        Just(","),
        Just(" ,\n  "),
        Just("\n\n// { \n"),
        Just("\n, "),
    ];
    let items = prop::collection::vec((item, between), 0..6);
    (items, 0..4_u8, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(items, form, bom, crlf, cut)| {
            let items: Vec<&str> = items
                .iter()
                .flat_map(|(item, between)| [item.as_str(), between])
                .collect();
            let mut body = items.concat();
            if cut {
                body.truncate(body.trim_end_matches([',', ' ', '\n']).len());
            }
            let mut text = match form {
                0 => body,
                1 => format!("{{{body}\n}}"),
                2 => format!("# head\n{{\n  {body}}}\n"),
                _ => format!("{body}\n# the end"),
            };
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            if bom { format!("\u{feff}{text}") } else { text }
        },
    )
}

/// The bytes that mean something, for comparing where only blanks and commas may be new.
fn solid(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != ',')
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_is_set_is_read_and_all_else_stays(text in hocon(), value: bool) {
        // A cut may have left a comment that swallows the brace; such a text is none.
        let Ok(document) = Document::parse(text.as_bytes()) else {
            return Ok(());
        };
        let changed = document.with(KEY, value);
        prop_assert_eq!(found(&changed), set_to(value), "{:?}", changed);
        prop_assert_eq!(&parse(&changed).with(KEY, value), &changed, "the same again is no change");
        let same = text.bytes().zip(changed.bytes()).take_while(|(a, b)| a == b).count();
        let last = document.root.items.iter().rev().find_map(|item| match &item.kind {
            ItemKind::Field(field) if field.path[0] == KEY => Some(field),
            _ => None,
        });
        if let Some(field) = last.filter(|field| field.path.len() == 1) {
            prop_assert!(same >= field.operator);
            prop_assert!(changed.ends_with(&text[field.value.span.end..]));
            let shorter = changed.len() - (text.len() - field.value.span.end) - field.operator;
            prop_assert!(shorter <= ":\r\n\t false".len());
        } else {
            // Whatever was there is there, in its order; new are the setting, and what parts it.
            let mut old = text.bytes().peekable();
            for byte in changed.bytes() {
                old.next_if_eq(&byte);
            }
            prop_assert_eq!(old.next(), None);
            let setting = format!("\"{KEY}\":{value}");
            let at = solid(&changed).rfind(&setting).unwrap();
            let mut without = solid(&changed);
            without.replace_range(at..at + setting.len(), "");
            prop_assert_eq!(without, solid(&text));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-c{}\\[\\]:=+,.\"#/$?\\\\ \n\r\t\u{feff}]{0,40}") {
        if let Ok(document) = Document::parse(text.as_bytes()) {
            for value in [true, false] {
                prop_assert_eq!(found(&document.with(KEY, value)), set_to(value));
            }
        }
    }
}
