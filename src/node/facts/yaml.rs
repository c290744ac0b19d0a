//! Facts written in YAML, as Ruby's loader reads them.
//!
//! Works on the parser's events, since only there is it known whether a scalar was quoted: `yes` is
//! true, `"yes"` is text. Ruby's object tags are read as what they wrap; nothing is ever made of a
//! tag. Aliases are allowed, and what they expand to is counted, so that no small file becomes a
//! large fact.

use std::collections::HashMap;

use base64::Engine as _;
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Value};

use super::plain;

/// Why a text gives no facts.
#[derive(Debug, thiserror::Error)]
pub enum YamlError {
    /// An alias stands inside of what it names.
    #[error("an alias refers to the structure that it stands in")]
    Circular,
    /// The top is a list or a scalar.
    #[error("the document is not a map of facts")]
    NotMap,
    /// Not YAML.
    #[error("{0}")]
    Syntax(#[from] ScanError),
    /// More than facts ever are, perhaps by aliases of aliases.
    #[error("more than {MAX_NODES} values, {MAX_BYTES} bytes or {MAX_DEPTH} levels")]
    TooLarge,
}

/// Reads the first document as a map of facts, every leaf as text. An empty document has none.
pub fn parse(text: &str) -> Result<Map<String, Value>, YamlError> {
    let options = granit_parser::options! { emit_comments: false };
    let mut tree = Tree::default();
    for event in Parser::new_from_str_with_options(text, options) {
        match event?.0 {
            Event::Scalar(text, style, anchor, tag) => {
                let text = scalar(&text, style, tag.as_deref());
                tree.add(Value::String(text), anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => tree.open(Node::List(Vec::new()), anchor)?,
            Event::MappingStart(_, anchor, tag) => {
                tree.wrapped |= tree.open.is_empty() && tag.is_some_and(|tag| is_node_facts(&tag));
                tree.open(Node::Map(Map::new(), None), anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => tree.close()?,
            Event::Alias(anchor) => tree.alias(anchor)?,
            Event::DocumentEnd => break,
            _ => {}
        }
    }
    tree.into_facts()
}

/// A tree of values while it grows. Not recursive: depth is the file's to choose.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, Cost)>,
    cost: Cost,
    root: Option<Value>,
    /// The facts are inside of Puppet's own object, under `values`.
    wrapped: bool,
}

/// A list or map that has not ended yet.
struct Open {
    node: Node,
    anchor: usize,
    /// What had been spent before it began.
    before: Cost,
}

enum Node {
    List(Vec<Value>),
    /// Entries, and a key that waits for its value.
    Map(Map<String, Value>, Option<String>),
}

#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    bytes: usize,
}

impl Tree {
    fn open(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(YamlError::TooLarge);
        }
        let before = self.cost;
        self.spend(Cost { nodes: 1, bytes: 0 })?;
        self.open.push(Open {
            node,
            anchor,
            before,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(Open {
            node,
            anchor,
            before,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let value = match node {
            Node::List(list) => Value::Array(list),
            Node::Map(map, _) => Value::Object(map),
        };
        let cost = Cost {
            nodes: self.cost.nodes - before.nodes,
            bytes: self.cost.bytes - before.bytes,
        };
        self.remember(anchor, &value, cost)?;
        self.place(value);
        Ok(())
    }

    fn add(&mut self, value: Value, anchor: usize) -> Result<(), YamlError> {
        let cost = Cost {
            nodes: 1,
            bytes: value.as_str().map_or(0, str::len),
        };
        self.spend(cost)?;
        self.remember(anchor, &value, cost)?;
        self.place(value);
        Ok(())
    }

    fn alias(&mut self, anchor: usize) -> Result<(), YamlError> {
        // The parser knows every anchor; one without a value is still open.
        let (value, cost) = self.anchors.get(&anchor).ok_or(YamlError::Circular)?;
        let (cost, depth) = (*cost, depth(value));
        if self.open.len() + depth > MAX_DEPTH {
            return Err(YamlError::TooLarge);
        }
        self.spend(cost)?;
        if let Some((value, _)) = self.anchors.get(&anchor) {
            self.place(value.clone());
        }
        Ok(())
    }

    /// Keeps a copy for aliases, which is paid for as well.
    fn remember(&mut self, anchor: usize, value: &Value, cost: Cost) -> Result<(), YamlError> {
        if anchor != 0 {
            self.spend(cost)?;
            self.anchors.insert(anchor, (value.clone(), cost));
        }
        Ok(())
    }

    fn spend(&mut self, cost: Cost) -> Result<(), YamlError> {
        self.cost.nodes = self.cost.nodes.saturating_add(cost.nodes);
        self.cost.bytes = self.cost.bytes.saturating_add(cost.bytes);
        let within = self.cost.nodes <= MAX_NODES && self.cost.bytes <= MAX_BYTES;
        within.then_some(()).ok_or(YamlError::TooLarge)
    }

    fn place(&mut self, value: Value) {
        match self.open.last_mut().map(|open| &mut open.node) {
            None => self.root = Some(value),
            Some(Node::List(list)) => list.push(value),
            Some(Node::Map(map, waiting)) => match waiting.take() {
                None => *waiting = Some(key_text(value)),
                Some(key) if key == "<<" => merge(map, value),
                Some(key) => drop(map.insert(key, value)),
            },
        }
    }

    fn into_facts(self) -> Result<Map<String, Value>, YamlError> {
        let mut map = match self.root {
            Some(Value::Object(map)) => map,
            Some(Value::String(text)) if text.is_empty() => return Ok(Map::new()),
            None => return Ok(Map::new()),
            Some(_) => return Err(YamlError::NotMap),
        };
        match map.get_mut("values").map(Value::take) {
            Some(Value::Object(values)) if self.wrapped => Ok(values),
            Some(values) => {
                map.insert("values".into(), values);
                Ok(map)
            }
            None => Ok(map),
        }
    }
}

/// `<<` takes entries over from a map or a list of maps, of which the first wins.
fn merge(map: &mut Map<String, Value>, value: Value) {
    match value {
        Value::Object(entries) => map.extend(entries),
        Value::Array(list) if list.iter().all(Value::is_object) => {
            for value in list.into_iter().rev() {
                merge(map, value);
            }
        }
        other => drop(map.insert("<<".into(), other)),
    }
}

/// A structure as a key is rare and of no use; it is kept as text, so that the rest can be read.
fn key_text(key: Value) -> String {
    match key {
        Value::String(text) => text,
        structure => structure.to_string(),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> String {
    let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
    match tag.as_deref() {
        Some("!binary" | "tag:yaml.org,2002:binary") => binary(text),
        Some("tag:yaml.org,2002:int" | "tag:yaml.org,2002:float" | "tag:yaml.org,2002:bool") => {
            plain::text(text)
        }
        None if style == ScalarStyle::Plain => plain::text(text),
        _ => text.into(),
    }
}

fn binary(text: &str) -> String {
    let packed: String = text.split_ascii_whitespace().collect();
    match base64::engine::general_purpose::STANDARD.decode(packed) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => text.into(),
    }
}

/// What `puppet facts` and old masters write.
fn is_node_facts(tag: &Tag) -> bool {
    tag.suffix().ends_with("object:Puppet::Node::Facts")
}

fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => map.values().map(depth).max().unwrap_or(0),
        _ => return 0,
    }
}

const MAX_BYTES: usize = 32 << 20;
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 500_000;

#[cfg(test)]
mod tests;
