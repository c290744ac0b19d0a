//! What a key has in the end: the last setting counts, objects merge, references lead on.

use super::{Document, Field, Item, ItemKind, Kind, Object, Plain, Position};

/// How many references are followed for one key. Each may cost a pass over the file.
const MOST: u32 = 16;

/// What a key is set to, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where the setting that counts begins.
    pub at: Position,
    /// What it is set to.
    pub found: Found,
    /// Whether an `include` that is not followed comes after it, and could say otherwise.
    pub include_after: Option<Position>,
}

/// What a key is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A value.
    Plain(Plain),
    /// `{...}`.
    Object,
    /// What is joined of parts, some of them references.
    Joined,
    /// A reference to what this file does not set.
    Unset,
    /// References that lead in a circle, or too far.
    Endless,
}

/// What a search in an object came to.
enum Outcome {
    /// A setting that begins at this byte decides.
    Set(usize, Found),
    /// It is decided that there is nothing: something else stands in the object's place.
    Gone,
    /// Nothing is said of it.
    Silent,
}

impl Document {
    /// What the outermost object has under a key, which is one name.
    pub fn setting(&self, key: &str) -> Option<Setting> {
        let mut steps = MOST;
        let path = [key.to_owned()];
        match search(&self.root, &self.root, &path, &mut steps) {
            Outcome::Set(at, found) => Some(Setting {
                at: self.position(at),
                found,
                include_after: self.include_after(at),
            }),
            Outcome::Gone | Outcome::Silent => None,
        }
    }

    /// Where a path of several names is set, for who meant another key.
    pub fn place(&self, path: &[&str]) -> Option<Position> {
        let mut steps = MOST;
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        match search(&self.root, &self.root, &path, &mut steps) {
            Outcome::Set(at, _) => Some(self.position(at)),
            Outcome::Gone | Outcome::Silent => None,
        }
    }

    fn include_after(&self, at: usize) -> Option<Position> {
        let items = self.root.items.iter().rev();
        let include = items
            .take_while(|item| item.at > at)
            .find(|item| matches!(item.kind, ItemKind::Include))?;
        Some(self.position(include.at))
    }
}

/// Looks for a path, from the last item to the first.
fn search(root: &Object, object: &Object, path: &[String], steps: &mut u32) -> Outcome {
    for item in object.items.iter().rev() {
        let ItemKind::Field(field) = &item.kind else {
            continue;
        };
        match one(root, item, field, path, steps) {
            Outcome::Silent => {}
            decided => return decided,
        }
    }
    Outcome::Silent
}

/// What one field says of a path.
fn one(root: &Object, item: &Item, field: &Field, path: &[String], steps: &mut u32) -> Outcome {
    if let Some(below) = field.path.strip_prefix(path)
        && !below.is_empty()
    {
        return Outcome::Set(item.at, Found::Object);
    }
    let Some(rest) = path.strip_prefix(field.path.as_slice()) else {
        return Outcome::Silent;
    };
    match &field.value.kind {
        Kind::Reference {
            path: other,
            optional,
        } => {
            let Some(left) = steps.checked_sub(1) else {
                return Outcome::Set(item.at, Found::Endless);
            };
            *steps = left;
            let path = [other.as_slice(), rest].concat();
            match search(root, root, &path, steps) {
                Outcome::Set(_, found) => Outcome::Set(item.at, found),
                Outcome::Gone | Outcome::Silent if *optional || !rest.is_empty() => Outcome::Silent,
                Outcome::Gone | Outcome::Silent => Outcome::Set(item.at, Found::Unset),
            }
        }
        Kind::Joined => Outcome::Set(item.at, Found::Joined),
        Kind::Plain(plain) if rest.is_empty() => Outcome::Set(item.at, Found::Plain(*plain)),
        Kind::Plain(_) => Outcome::Gone,
        Kind::Object(_) if rest.is_empty() => Outcome::Set(item.at, Found::Object),
        Kind::Object(inner) => search(root, inner, rest, steps),
    }
}
