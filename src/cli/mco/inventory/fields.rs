//! What `--fields` and `--template` name of a node.

use serde_json::{Map, Value};

use crate::{
    cli::{CommandError, render::view::cell},
    mcorpc::{names::Identity, similar},
    node::facts::Facts,
};

/// What there is beside facts.
const NAMES: [&str; 8] = [
    "identity",
    "version",
    "main_collective",
    "collectives",
    "agents",
    "data_plugins",
    "classes",
    "facts",
];

/// One thing that a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// As the operator wrote it.
    pub(super) name: String,
    fact: Option<String>,
}

/// What a node said of itself.
pub(super) struct Said<'a> {
    identity: &'a Identity,
    data: &'a Map<String, Value>,
    facts: Facts,
}

/// A line for each node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field {
        field: Field,
        width: usize,
        right: bool,
    },
}

/// No window is so wide.
const WIDEST: usize = 1000;

impl<'a> Said<'a> {
    pub(super) fn new(identity: &'a Identity, data: &'a Map<String, Value>) -> Self {
        let facts = data.get("facts").and_then(Value::as_object);
        Self {
            identity,
            data,
            facts: Facts::new(facts.cloned().unwrap_or_default()),
        }
    }

    /// The value of a field; null where the node has no such fact.
    pub(super) fn value(&self, field: &Field) -> Value {
        match (&field.fact, field.name.as_str()) {
            (Some(fact), _) => self.facts.get(fact).cloned().unwrap_or_default(),
            (None, "identity") => self.identity.as_str().into(),
            (None, name) => self.data.get(name).cloned().unwrap_or_default(),
        }
    }
}

impl Field {
    fn read(name: &str) -> Result<Self, CommandError> {
        let name = name.trim();
        let fact = name.strip_prefix("facts.").filter(|fact| !fact.is_empty());
        if fact.is_none() && !NAMES.contains(&name) {
            let error = CommandError::usage(format!("a node has no field {name:?}"));
            return Err(match similar::closest(name, &NAMES) {
                Some(close) => error.hint(format!("did you mean `{close}`?")),
                None => error.hint(format!("there are {} and facts.NAME", NAMES.join(", "))),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            fact: fact.map(str::to_owned),
        })
    }
}

impl Line {
    /// From a list between commas: what they name, between tabs.
    pub(super) fn fields(list: &str) -> Result<Self, CommandError> {
        let mut pieces = Vec::new();
        for name in list.split(',') {
            if !pieces.is_empty() {
                pieces.push(Piece::Text("\t".to_owned()));
            }
            pieces.push(Piece::Field {
                field: Field::read(name)?,
                width: 0,
                right: false,
            });
        }
        Ok(Self { pieces })
    }

    /// From a text with fields in braces. A brace is written twice, a tab `\t`, a line end `\n`.
    pub(super) fn template(text: &str) -> Result<Self, CommandError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    plain.push(c);
                }
                '{' => {
                    let mut closed = false;
                    let inside = chars.by_ref().take_while(|c| {
                        closed = *c == '}';
                        !closed
                    });
                    let inner: String = inside.collect();
                    if !closed {
                        return Err(CommandError::usage(format!(
                            "the template does not close `{{{inner}`"
                        ))
                        .hint("write `{{` to have a brace printed"));
                    }
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(placed(&inner)?);
                }
                '}' => {
                    return Err(
                        CommandError::usage("the template has a `}` without its `{`")
                            .hint("write `}}` to have one printed"),
                    );
                }
                '\\' => match chars.next() {
                    Some('t') => plain.push('\t'),
                    Some('n') => plain.push('\n'),
                    Some('\\') | None => plain.push('\\'),
                    Some(other) => plain.extend(['\\', other]),
                },
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// The fields, in their order.
    pub(super) fn named(&self) -> impl Iterator<Item = &Field> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Field { field, .. } => Some(field),
        })
    }

    /// The line of one node. `safe` makes what the node said fit for a line of a terminal.
    pub(super) fn text(&self, said: &Said<'_>, safe: impl Fn(&str) -> String) -> String {
        let mut line = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Field {
                    field,
                    width,
                    right,
                } => {
                    let value = safe(&cell(Some(&said.value(field))));
                    let blanks = width.saturating_sub(value.chars().count());
                    let blanks = std::iter::repeat_n(' ', blanks);
                    if *right {
                        line.extend(blanks);
                        line.push_str(&value);
                    } else {
                        line.push_str(&value);
                        line.extend(blanks);
                    }
                }
            }
        }
        line
    }
}

/// What stands between braces: `FIELD`, `FIELD:WIDTH`, `FIELD:>WIDTH`.
fn placed(inner: &str) -> Result<Piece, CommandError> {
    let (name, layout) = inner.split_once(':').unwrap_or((inner, ""));
    let (right, width) = match layout.strip_prefix('>') {
        Some(width) => (true, width),
        None => (false, layout),
    };
    let width = match width {
        "" => 0,
        width => width
            .parse()
            .ok()
            .filter(|width| *width <= WIDEST)
            .ok_or_else(|| {
                CommandError::usage(format!("{layout:?} in the template is no width"))
                    .hint("write `{FIELD:30}`, or `{FIELD:>30}` to have it on the right")
            })?,
    };
    Ok(Piece::Field {
        field: Field::read(name)?,
        width,
        right,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(line: &Line) -> String {
        let identity = Identity::new("web1").unwrap();
        let data = json!({
            "version": "0.1.0",
            "classes": ["common", "role::web"],
            "facts": {"role": "web", "os": {"family": "Debian", "n": [1, {"a": null}]}, "a.b": "x"},
        });
        let said = Said::new(&identity, data.as_object().unwrap());
        line.text(&said, str::to_uppercase)
    }

    #[test]
    fn fields_stand_between_tabs() {
        let fields = |list| line(&Line::fields(list).unwrap());
        assert_eq!(
            fields("identity, facts.os.family,facts.a.b,facts.none,classes"),
            "WEB1\tDEBIAN\tX\t\tCOMMON, ROLE::WEB"
        );
        assert_eq!(
            fields("facts.os"),
            r#"{"FAMILY"=>"DEBIAN", "N"=>[1, {"A"=>NIL}]}"#
        );
    }

    #[test]
    fn templates_place_fields() {
        let template = |text| line(&Line::template(text).unwrap());
        assert_eq!(template(r"{identity}:\t{facts.role}\n"), "WEB1:\tWEB\n");
        assert_eq!(template("[{identity:6}|{version:>7}]"), "[WEB1  |  0.1.0]");
        assert_eq!(template("{{{identity}}} é"), "{WEB1} é");
        assert_eq!(template(""), "");
    }

    #[test]
    fn mistakes_are_told() {
        let wrong = |text| Line::template(text).unwrap_err().to_string();
        assert_eq!(
            wrong("{identty}"),
            "a node has no field \"identty\"\nhint: did you mean `identity`?"
        );
        assert!(wrong("{}").starts_with("a node has no field \"\""));
        assert!(wrong("{facts.}").starts_with("a node has no field"));
        assert!(wrong("a}").contains("write `}}`"));
        assert!(wrong("{identity:wide}").contains("is no width"));
        assert!(wrong("{identity:99999999}").contains("is no width"));
        assert!(Line::fields("identity,,version").is_err());
        assert!(wrong("a {identity").starts_with("the template does not close `{identity`"));
    }
}
