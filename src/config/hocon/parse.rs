//! HOCON's grammar: objects, keys, values.

use super::{DEEPEST, Error, Field, Item, ItemKind, Kind, Object, Plain, Value, scan::Scanner};

const KEY: &str = "a setting is written `\"NAME\": VALUE`";
const QUOTE: &str = "a text with such characters stands in double quotes";

/// Reads a whole text.
pub(super) fn document(text: &str) -> Result<Object, Error> {
    let mut scanner = Scanner::new(text);
    scanner.skip_lines();
    if scanner.sees("[") {
        return Err(scanner.error("a list is no configuration", KEY));
    }
    if !scanner.sees("{") {
        return object(&mut scanner, None, 0);
    }
    let open = scanner.at;
    scanner.at += 1;
    let root = object(&mut scanner, Some(open), 1)?;
    scanner.skip_lines();
    match scanner.peek() {
        None => Ok(root),
        Some(c) => Err(scanner.error(
            format!("`{}` after the last `}}`", c.escape_default()),
            "the file ends with it",
        )),
    }
}

/// The items up to the closing brace, or to the end where there was no opening one.
fn object(scanner: &mut Scanner<'_>, open: Option<usize>, depth: usize) -> Result<Object, Error> {
    let mut items = Vec::new();
    loop {
        scanner.skip_lines();
        let at = scanner.at;
        match (scanner.peek(), open) {
            (None, None) => {
                return Ok(Object {
                    items,
                    braces: None,
                });
            }
            (None, Some(open)) => {
                return Err(unclosed(scanner, open, "{", "it is closed with `}`"));
            }
            (Some('}'), Some(open)) => {
                scanner.at += 1;
                return Ok(Object {
                    items,
                    braces: Some((open, at)),
                });
            }
            (Some('}'), None) => {
                return Err(scanner.error("`}` without a `{` before it", "leave it out"));
            }
            (Some(','), _) => {
                return Err(scanner.error("a comma without a setting before it", "leave it out"));
            }
            _ => {}
        }
        let kind = if include(scanner)? {
            ItemKind::Include
        } else {
            ItemKind::Field(field(scanner, depth)?)
        };
        let end = scanner.at;
        let comma = separator(scanner, '}')?;
        items.push(Item {
            at,
            end,
            comma,
            kind,
        });
    }
}

fn unclosed(scanner: &Scanner<'_>, open: usize, what: &str, right: &'static str) -> Error {
    let line = scanner.line_of(open);
    scanner.error(
        format!("the file ends, and `{what}` of line {line} is open"),
        right,
    )
}

/// What must stand between two items: a comma or a line end. Whether it is a comma.
fn separator(scanner: &mut Scanner<'_>, close: char) -> Result<bool, Error> {
    let line_end = scanner.skip_lines();
    match scanner.peek() {
        Some(',') => {
            scanner.at += 1;
            Ok(true)
        }
        None => Ok(false),
        Some(c) if line_end || c == close => Ok(false),
        Some(c) => Err(scanner.error(
            format!("`{}` can't follow a value", c.escape_default()),
            "settings stand on lines of their own, or with commas between them",
        )),
    }
}

/// `include "FILE"`, `include required(url("..."))` and the like; whether there was one.
fn include(scanner: &mut Scanner<'_>) -> Result<bool, Error> {
    const FORMS: [&str; 5] = ["required(", "file(", "url(", "classpath(", "package("];
    let start = scanner.at;
    if scanner.word(|c| c == '.') != "include" {
        scanner.at = start;
        return Ok(false);
    }
    scanner.skip_blanks();
    let mut open = 0;
    while let Some(form) = FORMS.into_iter().find(|form| scanner.sees(form)) {
        scanner.at += form.len();
        scanner.skip_blanks();
        open += 1;
    }
    if !scanner.sees("\"") {
        // A key of this name.
        scanner.at = start;
        return Ok(false);
    }
    scanner.quoted()?;
    for _ in 0..open {
        scanner.skip_blanks();
        if !scanner.take(")") {
            return Err(scanner.error("an `include` that does not end", "it ends with `)`"));
        }
    }
    Ok(true)
}

fn field(scanner: &mut Scanner<'_>, depth: usize) -> Result<Field, Error> {
    let start = scanner.at;
    let path = path(scanner)?;
    scanner.skip_lines();
    let operator = scanner.at;
    let assigned = scanner.take(":") || scanner.take("=");
    let appended = !assigned && scanner.take("+=");
    if !assigned && !appended && !scanner.sees("{") {
        // Not which: half of a broken line may be a password.
        return Err(scanner.error_at(start, "a key without a value", KEY));
    }
    scanner.skip_lines();
    let mut value = value(scanner, depth)?;
    if appended {
        value.kind = Kind::Plain(Plain::List);
    }
    Ok(Field {
        path,
        assigned,
        operator,
        value,
    })
}

/// A key, or what stands in `${...}`: names between dots.
fn path(scanner: &mut Scanner<'_>) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut name = String::new();
    // Whether there is a name, which may be empty where it is quoted; and whether it ends bare.
    let (mut begun, mut bare) = (false, false);
    loop {
        let blanks = scanner.at;
        scanner.skip_blanks();
        let blanks = scanner.since(blanks);
        if scanner.sees("\"") {
            if begun {
                name.push_str(blanks);
            }
            name.push_str(&scanner.quoted()?);
            (begun, bare) = (true, false);
        } else if scanner.sees(".") {
            if !begun {
                return Err(scanner.error("no name before the dot", QUOTE));
            }
            scanner.at += 1;
            names.push(std::mem::take(&mut name));
            (begun, bare) = (false, false);
            if names.len() >= DEEPEST {
                return Err(
                    scanner.error(format!("a key of more than {DEEPEST} names"), "write fewer")
                );
            }
        } else if bare && blanks.is_empty() && names_go_on(scanner.rest()) {
            scanner.at += 2;
            name.push_str("::");
        } else {
            let word = scanner.word(|c| c == '.');
            if word.is_empty() {
                break;
            }
            if begun {
                name.push_str(blanks);
            }
            name.push_str(word);
            (begun, bare) = (true, true);
        }
    }
    if !begun {
        return Err(match scanner.peek() {
            Some(c) if c != '\n' => scanner.error(
                format!("`{}` can't stand where a key begins", c.escape_default()),
                KEY,
            ),
            _ => scanner.error("the key is not complete", KEY),
        });
    }
    names.push(name);
    Ok(names)
}

/// Whether `::` and a further part of a name follow.
fn names_go_on(rest: &str) -> bool {
    rest.strip_prefix("::")
        .and_then(|rest| rest.chars().next())
        .is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// A value: one part, or several that are joined.
fn value(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, Error> {
    let start = scanner.at;
    let mut end = start;
    let mut kind = None;
    while let Some(part) = part(scanner, depth)? {
        end = scanner.at;
        kind = Some(match kind {
            None => part,
            Some(before) => joined(before, part),
        });
        scanner.skip_blanks();
    }
    scanner.at = end;
    match kind {
        Some(kind) => Ok(Value {
            span: start..end,
            kind,
        }),
        None => match scanner.peek() {
            Some(c) if c != '\n' => Err(scanner.error(
                format!("`{}` stands where a value should", c.escape_default()),
                QUOTE,
            )),
            _ => Err(scanner.error("the value is missing", KEY)),
        },
    }
}

fn joined(before: Kind, part: Kind) -> Kind {
    match (before, part) {
        // The fields of both, in order.
        (Kind::Object(mut before), Kind::Object(part)) => {
            before.items.extend(part.items);
            Kind::Object(before)
        }
        (Kind::Plain(Plain::List), Kind::Plain(Plain::List)) => Kind::Plain(Plain::List),
        (Kind::Plain(_), Kind::Plain(_)) => Kind::Plain(Plain::Text),
        _ => Kind::Joined,
    }
}

/// The next part of a value; none where it ends.
fn part(scanner: &mut Scanner<'_>, depth: usize) -> Result<Option<Kind>, Error> {
    let open = scanner.at;
    let Some(c) = scanner.peek() else {
        return Ok(None);
    };
    if matches!(c, '\n' | ',' | '}' | ']') || scanner.sees_comment() {
        return Ok(None);
    }
    if matches!(c, '{' | '[') && depth >= DEEPEST {
        return Err(scanner.error(
            format!("more than {DEEPEST} braces and brackets are open"),
            "write it flatter",
        ));
    }
    if scanner.take("{") {
        return object(scanner, Some(open), depth + 1).map(|object| Some(Kind::Object(object)));
    }
    if scanner.take("[") {
        list(scanner, open, depth + 1)?;
        return Ok(Some(Kind::Plain(Plain::List)));
    }
    if c == '"' {
        scanner.quoted()?;
        return Ok(Some(Kind::Plain(Plain::Text)));
    }
    if scanner.take("${") {
        let optional = scanner.take("?");
        let path = path(scanner)?;
        scanner.skip_blanks();
        if !scanner.take("}") {
            return Err(scanner.error("`${` that does not end", "it ends with `}`"));
        }
        return Ok(Some(Kind::Reference { path, optional }));
    }
    let word = scanner.word(|_| false);
    Ok(Some(Kind::Plain(match word {
        "" => {
            let right = match c {
                ':' | '=' => {
                    "settings stand on lines of their own, and texts with it in double quotes"
                }
                _ => QUOTE,
            };
            return Err(scanner.error(
                format!("`{}` can't stand in a value", c.escape_default()),
                right,
            ));
        }
        "true" => Plain::Bool(true),
        "false" => Plain::Bool(false),
        "null" => Plain::Null,
        number if is_number(number) => Plain::Number,
        _ => Plain::Text,
    })))
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

fn list(scanner: &mut Scanner<'_>, open: usize, depth: usize) -> Result<(), Error> {
    loop {
        scanner.skip_lines();
        match scanner.peek() {
            None => return Err(unclosed(scanner, open, "[", "it is closed with `]`")),
            Some(']') => {
                scanner.at += 1;
                return Ok(());
            }
            Some(',') => {
                return Err(scanner.error("a comma without a value before it", "leave it out"));
            }
            Some(_) => {
                value(scanner, depth)?;
                separator(scanner, ']')?;
            }
        }
    }
}
