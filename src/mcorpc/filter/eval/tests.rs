//! The original's answers, example by example, and properties.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mcorpc::filter::{compound, parse};

#[derive(Default)]
struct Host {
    asked: Cell<u32>,
}

impl Node for Host {
    fn identity(&self) -> &'static str {
        "web1.example.net"
    }

    fn agents(&self) -> Cow<'_, [String]> {
        vec!["rpcutil".to_owned(), "service".to_owned()].into()
    }

    fn classes(&self) -> Cow<'_, [String]> {
        vec!["apache".to_owned(), "role::web".to_owned(), "t".to_owned()].into()
    }

    fn fact(&self, name: &str) -> Option<Value> {
        Some(match name {
            "country" => json!("uk"),
            "role" => json!("web"),
            "os.family" => json!("Debian"),
            "month" => json!("08"),
            _ => return None,
        })
    }

    fn data(&self, plugin: &str, query: Option<&str>) -> Result<Map<String, Value>, DataError> {
        self.asked.set(self.asked.get() + 1);
        match (plugin, query) {
            ("fstat", Some("/etc/hosts")) => Ok(Map::from_iter([
                ("size".to_owned(), json!(220)),
                ("output".to_owned(), json!("present")),
            ])),
            ("fstat", Some(path)) => Err(DataError::Failed(format!("no {path}"))),
            ("fstat", None) => Err(DataError::Invalid("fstat needs a path".to_owned())),
            _ => Err(DataError::UnknownPlugin),
        }
    }
}

fn compound(text: &str) -> Result<bool, EvalError> {
    let compound = vec![parse::expression(text).unwrap()];
    Filter {
        compound,
        ..Filter::default()
    }
    .matches(&Host::default())
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn an_empty_filter_means_everybody() {
    assert_eq!(Filter::default().matches(&Host::default()), Ok(true));
}

#[test]
fn simple_kinds() {
    type Words = &'static [&'static str];
    let table: [(Words, Words, Words, Words, bool); 16] = [
        (&["web1.example.net"], &[], &[], &[], true),
        (&["WEB1.example.net"], &[], &[], &[], false),
        (&["/^web/"], &[], &[], &[], true),
        // Alternatives, and more than one may hold.
        (&["db1", "/web/", "web1.example.net"], &[], &[], &[], true),
        (&["db1", "db2"], &[], &[], &[], false),
        (&[], &["rpcutil", "/^serv/"], &[], &[], true),
        (&[], &["rpcutil", "package"], &[], &[], false),
        (&[], &["mcollective"], &[], &[], true),
        (&[], &[], &["apache", "/role::/"], &[], true),
        (&[], &[], &["apach"], &[], false),
        (&[], &[], &[], &["country=uk", "role=/^w/"], true),
        (&[], &[], &[], &["country=uk", "role=db"], false),
        (&[], &[], &[], &["nosuch!=x"], false),
        (&[], &[], &[], &["os.family=Debian"], true),
        (&["web1.example.net"], &[], &[], &["role=db"], false),
        (&["/web1/"], &["service"], &["t"], &["role=web"], true),
    ];
    for (identity, agent, cf_class, facts, expected) in table {
        let filter = Filter {
            identity: strings(identity),
            agent: strings(agent),
            cf_class: strings(cf_class),
            fact: facts.iter().map(|fact| fact.parse().unwrap()).collect(),
            compound: Vec::new(),
        };
        assert_eq!(filter.matches(&Host::default()), Ok(expected), "{filter:?}");
    }
}

#[test]
fn a_bad_regex_is_an_error_with_its_text() {
    let filter = Filter {
        cf_class: strings(&["/(a/"]),
        ..Filter::default()
    };
    let error = filter.matches(&Host::default()).unwrap_err().to_string();
    assert!(error.contains("/(a/"), "{error}");
    // Not looked at where the node isn't meant anyhow.
    let filter = Filter {
        identity: strings(&["db1"]),
        ..filter
    };
    assert_eq!(filter.matches(&Host::default()), Ok(false));
}

#[test]
fn compound_expressions() {
    for (text, expected) in [
        ("country=uk and role=web", true),
        ("country=uk and role=db", false),
        ("apache and !(country=uk or role=db)", false),
        ("apache and !(country=de or role=db)", true),
        ("t or x and x", true), // `and` binds tighter
        ("(t or x) and x", false),
        ("!x and t", true),
        ("not t or t", true),
        ("!(!t)", true),
        ("/^role::/", true),
        ("role=/^w/", true),
        (r#"fstat("/etc/hosts").size>1"#, true),
        (r#"fstat("/etc/hosts").output=/pres/"#, true),
        (r#"!fstat("/etc/hosts").unknown=1"#, true),
        // A plugin that is not there, or that may not be asked this, chooses nobody.
        ("nosuch().x=1", false),
        ("!nosuch().x=1", false),
        ("t or nosuch().x=1", false),
        ("t or fstat().size=1", false),
    ] {
        assert_eq!(compound(text), Ok(expected), "{text}");
    }
    assert!(compound("month>=10").is_err()); // 08 is no octal number
    let error = compound("fstat('/nosuch').size=1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the data plugin fstat failed: no /nosuch"
    );
    assert!(matches!(
        compound(r#"fstat("/etc/hosts").size=big"#),
        Err(EvalError::Type { .. })
    ));
}

#[test]
fn every_data_function_is_asked() {
    let tokens =
        parse::expression(r#"t or fstat("/etc/hosts").size=1 or x and fstat("/etc/hosts").size=2"#);
    let host = Host::default();
    assert_eq!(expression(&host, &tokens.unwrap()), Ok(true));
    assert_eq!(host.asked.get(), 2);
}

#[test]
fn what_ruby_clients_send_by_mistake() {
    let host = Host::default();
    for (text, expected) in [
        ("role==web", Some(false)),
        ("role>/^w/", Some(true)), // a slash makes it a regex
        ("role=~/web/", Some(false)),
        ("role!=db", Some(false)),
        ("role=>web", Some(false)),
        ("role=web=x", Some(true)), // what follows is lost
        ("role=", None),
        ("=", None),
        ("=web", Some(false)),
    ] {
        assert_eq!(statement(&host, text).ok(), expected, "{text}");
    }
}

#[test]
fn malformed_tokens_are_errors() {
    use Token::{And, Close, Not, Open, Or};
    let class = || Token::Statement("t".to_owned());
    let host = Host::default();
    assert_eq!(expression(&host, &[]), Ok(false));
    for tokens in [
        vec![And],
        vec![class(), And],
        vec![class(), class()],
        vec![Or, class()],
        vec![Open, class()],
        vec![class(), Close],
        vec![Open, Close],
        vec![Not],
        vec![class(), Not, class()],
        vec![class(), Open, class(), Close],
        vec![Close, Open],
    ] {
        assert!(
            matches!(expression(&host, &tokens), Err(EvalError::Malformed(_))),
            "{tokens:?}"
        );
    }
    let compound = vec![vec![class(); 1000], vec![class(); 1001]];
    let filter = Filter {
        compound,
        ..Filter::default()
    };
    assert!(filter.matches(&host).is_err());
}

/// An expression as a tree, to compare with.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(bool),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Tree {
    fn truth(&self) -> bool {
        match self {
            Self::Leaf(value) => *value,
            Self::Not(inner) => !inner.truth(),
            Self::And(a, b) => a.truth() && b.truth(),
            Self::Or(a, b) => a.truth() || b.truth(),
        }
    }

    /// Tokens with parentheses only where they are needed. 0: or, 1: and, 2: not.
    fn tokens(&self, binding: u8, out: &mut Vec<Token>) {
        let own = match self {
            Self::Leaf(_) => 3,
            Self::Not(_) => 2,
            Self::And(..) => 1,
            Self::Or(..) => 0,
        };
        if own < binding {
            out.push(Token::Open);
        }
        match self {
            Self::Leaf(value) => {
                out.push(Token::Statement(if *value { "t" } else { "f" }.to_owned()));
            }
            Self::Not(inner) => {
                out.push(Token::Not);
                inner.tokens(2, out);
            }
            Self::And(a, b) | Self::Or(a, b) => {
                a.tokens(own, out);
                out.push(if own == 1 { Token::And } else { Token::Or });
                b.tokens(own, out);
            }
        }
        if own < binding {
            out.push(Token::Close);
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    any::<bool>()
        .prop_map(Tree::Leaf)
        .prop_recursive(6, 40, 2, |inner| {
            let pair = (inner.clone(), inner.clone());
            prop_oneof![
                inner.prop_map(|a| Tree::Not(Box::new(a))),
                pair.clone()
                    .prop_map(|(a, b)| Tree::And(Box::new(a), Box::new(b))),
                pair.prop_map(|(a, b)| Tree::Or(Box::new(a), Box::new(b))),
            ]
        })
}

fn any_token() -> impl Strategy<Value = Token> {
    prop_oneof![
        Just(Token::And),
        Just(Token::Or),
        Just(Token::Not),
        Just(Token::Open),
        Just(Token::Close),
        ".{0,4}".prop_map(Token::Statement),
    ]
}

proptest! {
    #[test]
    fn agrees_with_the_tree(tree in tree()) {
        let mut tokens = Vec::new();
        tree.tokens(0, &mut tokens);
        prop_assert_eq!(expression(&Host::default(), &tokens), Ok(tree.truth()));
        // And through text.
        let read = parse::expression(&compound::print(&tokens));
        prop_assert_eq!(read.as_ref(), Ok(&tokens));
    }

    #[test]
    fn any_tokens_are_survived(tokens in prop::collection::vec(any_token(), 0..12)) {
        drop(expression(&Host::default(), &tokens));
    }
}
