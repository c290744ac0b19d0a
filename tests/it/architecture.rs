//! Holds the house: imports only go down, and what belongs to the ground stays there.
//!
//! The source is read as text, without comments and strings. That is enough, because a path to
//! another part of the house always begins with `crate::` here; `super::super` may not leave a part.

use std::{collections::BTreeSet, fs, path::Path};

/// Each part and the parts that it may import; all may import `text`.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("sys", &[]),
    ("stomp", &[]),
    ("mcorpc", &[]),
    ("tls", &["stomp", "mcorpc", "sys"]),
    ("security", &["tls", "stomp", "mcorpc", "sys"]),
    ("connector", &["tls", "stomp", "mcorpc", "sys"]),
    ("node", &["stomp", "mcorpc", "sys"]),
    (
        "config",
        &[
            "connector",
            "security",
            "tls",
            "node",
            "stomp",
            "mcorpc",
            "sys",
        ],
    ),
    ("broker", &["config", "tls", "stomp", "sys"]),
    (
        "agent",
        &[
            "config",
            "connector",
            "security",
            "tls",
            "node",
            "stomp",
            "mcorpc",
            "sys",
        ],
    ),
    (
        "client",
        &[
            "config",
            "connector",
            "security",
            "tls",
            "node",
            "stomp",
            "mcorpc",
            "sys",
        ],
    ),
    (
        "enable",
        &[
            "config",
            "connector",
            "security",
            "tls",
            "node",
            "stomp",
            "mcorpc",
            "sys",
        ],
    ),
    (
        "cli",
        &[
            "agent",
            "broker",
            "client",
            "config",
            "connector",
            "enable",
            "mcorpc",
            "node",
            "security",
            "stomp",
            "sys",
            "tls",
        ],
    ),
];

/// Parts that know no runtime, file, network or clock, and what would be one.
const PURE: &[&str] = &["stomp", "mcorpc", "text"];
const IMPURE: &[&str] = &[
    "tokio",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
];

/// What only the ground may touch.
const GROUND_ONLY: &[&str] = &["unsafe", "nix::", "sysinfo"];

/// Lines of a file without its tests.
const LONGEST: usize = 600;

#[test]
fn the_house_holds() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&source, &mut files);
    assert!(files.len() > 20, "the source is where it is looked for");
    let mut broken = Vec::new();
    let mut parts = BTreeSet::new();
    for path in files {
        let name = path.strip_prefix(&source).unwrap().to_str().unwrap();
        parts.extend(name.split_once('/').map(|(part, _)| part.to_owned()));
        broken.extend(check(name, &fs::read_to_string(&path).unwrap()));
    }
    let table: BTreeSet<String> = MAY_IMPORT
        .iter()
        .map(|(part, _)| (*part).to_owned())
        .collect();
    assert_eq!(
        parts, table,
        "the parts of the house, and those that the table knows"
    );
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// What a file breaks. `name` is its path under `src`.
fn check(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut say = |what: String| broken.push(format!("src/{name}: {what}"));
    if !text.starts_with("//!") {
        say("does not begin with `//!`".into());
    }
    // Tests may use what they need, but stay below their own storey all the same.
    let tests_at = text
        .find("\n#[cfg(test)]\nmod tests {")
        .unwrap_or(text.len());
    let is_test = name.ends_with("/tests.rs") || name.contains("/tests/");
    let length = text[..tests_at].lines().count();
    if length > LONGEST && !is_test {
        say(format!(
            "has {length} lines without its tests; {LONGEST} are the most"
        ));
    }
    let code = strip(text);
    let part = name.split_once('/').map_or("", |(part, _)| part);
    if part.is_empty() {
        // The top: `main.rs` may use everything, and `lib.rs` names the parts.
        if !["main.rs", "lib.rs"].contains(&name) {
            say("belongs into a part of the house".into());
        }
        for word in GROUND_ONLY.iter().filter(|word| has(&code, word)) {
            say(format!("uses `{word}`, which belongs to `sys`"));
        }
        return broken;
    }
    let Some((_, may)) = MAY_IMPORT.iter().find(|(known, _)| *known == part) else {
        say(format!("`{part}` is in no storey of the table"));
        return broken;
    };
    for import in imports(&code) {
        let known = MAY_IMPORT.iter().any(|(known, _)| *known == import);
        let may = import == "text" || may.contains(&import.as_str());
        if import != part && !(known && may) {
            say(format!("`{part}` may not import `crate::{import}`"));
        }
    }
    // From a/b/c.rs the root is three steps up; from a/b/mod.rs one step less.
    let module = name.trim_end_matches("/mod.rs").trim_end_matches(".rs");
    let up = "super::".repeat(module.split('/').count());
    if has(&strip(&text[..tests_at]), &up) {
        say(format!("leaves its part by `{up}`; write `crate::`"));
    }
    if part != "sys" {
        for word in GROUND_ONLY.iter().filter(|word| has(&code, word)) {
            say(format!("uses `{word}`, which belongs to `sys`"));
        }
    }
    if PURE.contains(&part) && !is_test {
        let code = strip(&text[..tests_at]);
        let expanded: Vec<String> = paths(&code);
        for word in IMPURE {
            let named = has(&code, word) || expanded.iter().any(|path| has(path, word));
            if named {
                say(format!("`{part}` is pure and uses `{word}`"));
            }
        }
    }
    broken
}

/// Whether the words stand in the code on their own.
fn has(code: &str, words: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(words).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + words.len()..].chars().next();
        // `x::nix::y` is not the crate, and `unsafe_code` not the word.
        !before.is_some_and(|c| is_name(c) || c == ':')
            && (words.ends_with(':') || !after.is_some_and(is_name))
    })
}

/// The parts of the house that code names.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for path in paths(code) {
        if let Some(rest) = path.strip_prefix("crate::") {
            let first = rest.split("::").next().unwrap_or_default();
            found.insert(first.trim().to_owned());
        }
    }
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        if end > 0 {
            found.insert(rest[..end].to_owned());
        }
    }
    found
}

/// Every path of every `use`, its braces multiplied out.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let starts = code[..at]
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || c == ')');
        let Some(end) = code[at..].find(';').filter(|_| starts) else {
            continue;
        };
        let tree: String = code[at + 4..at + end].split_whitespace().collect();
        expand("", &tree, &mut paths);
    }
    paths
}

/// Multiplies out `a::{b, c::{d, e}}`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let Some(open) = tree.find('{') else {
        paths.push(format!("{prefix}{tree}"));
        return;
    };
    let prefix = format!("{prefix}{}", &tree[..open]);
    let (mut depth, mut start) = (0_u32, open + 1);
    for (at, c) in tree.char_indices().skip(open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 1) || (c == '}' && depth == 0) {
            if start < at {
                expand(&prefix, &tree[start..at], paths);
            }
            start = at + 1;
        }
    }
}

/// The code without its comments, texts and characters.
fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(end) =
            raw_text(rest).filter(|_| !out.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        {
            end
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.push(' ');
        rest = &rest[skipped..];
    }
    out
}

/// The length of `r#"..."#` where one begins here.
fn raw_text(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix("br").or(text.strip_prefix('r'))?;
    let body = hashes.trim_start_matches('#');
    let close = format!("\"{}", "#".repeat(hashes.len() - body.len()));
    let end = body.strip_prefix('"')?.find(&close)?;
    Some(text.len() - body.len() + 1 + end + close.len())
}

/// The length of a text up to its closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether a quote begins a character, and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

#[test]
fn a_broken_house_is_noticed() {
    for (name, text, expected) in [
        ("stomp/a.rs", "fn a() {}", "does not begin"),
        (
            "stomp/a.rs",
            "//! x\nuse crate::tls;",
            "may not import `crate::tls`",
        ),
        (
            "broker/a.rs",
            "//! x\nuse crate::mcorpc::names::Identity;",
            "`crate::mcorpc`",
        ),
        (
            "broker/a.rs",
            "//! x\nuse crate::{tls, security::{self}};",
            "`crate::security`",
        ),
        (
            "agent/a.rs",
            "//! x\nuse crate::{config::{\n    a, b::{c},\n}, client};",
            "`crate::client`",
        ),
        (
            "tls/a.rs",
            "//! x\nfn a() { crate::connector::b() }",
            "`crate::connector`",
        ),
        (
            "config/a.rs",
            "//! x\npub(crate) use crate::cli::x;",
            "`crate::cli`",
        ),
        (
            "tls/a.rs",
            "//! x\nuse crate::CONSTANT;",
            "`crate::CONSTANT`",
        ),
        (
            "tls/a.rs",
            "//! x\nuse super::super::agent::x;",
            "leaves its part",
        ),
        (
            "tls/a.rs",
            "//! x\n#[cfg(test)]\nmod tests {\nuse crate::agent;\n}",
            "`crate::agent`",
        ),
        (
            "mcorpc/a.rs",
            "//! x\nuse tokio::time;",
            "pure and uses `tokio`",
        ),
        (
            "mcorpc/a.rs",
            "//! x\nuse std::{fmt, fs};",
            "pure and uses `std::fs`",
        ),
        (
            "stomp/a.rs",
            "//! x\nfn a() { Instant::now(); }",
            "pure and uses `Instant::now`",
        ),
        (
            "tls/a.rs",
            "//! x\nfn a() { unsafe { b() } }",
            "`unsafe`, which",
        ),
        ("agent/a.rs", "//! x\nuse nix::unistd;", "`nix::`, which"),
        (
            "agent/a.rs",
            "//! x\nfn a() { sysinfo::System::new() }",
            "`sysinfo`, which",
        ),
        (
            "main.rs",
            "//! x\nfn main() { unsafe {} }",
            "`unsafe`, which",
        ),
        ("kitchen/a.rs", "//! x", "in no storey"),
        ("kitchen.rs", "//! x", "belongs into a part"),
        ("tls/mod.rs", "//! x\nuse super::agent;", "leaves its part"),
    ] {
        let broken = check(name, text).join("\n");
        assert!(broken.contains(expected), "{name}: {text}\n{broken}");
    }
    let long = format!("//! x\n{}", "\n".repeat(LONGEST));
    assert!(check("tls/a.rs", &long)[0].contains("lines"));
}

#[test]
fn a_sound_house_is_left_alone() {
    for (name, text) in [
        (
            "broker/a.rs",
            "//! x\nuse crate::{\n    config::{self, Limits},\n    stomp::Frame,\n};\nuse crate::broker::b;",
        ),
        (
            "tls/a.rs",
            "//! use crate::cli;\n// unsafe nix::\nconst A: &str = \"use crate::cli; unsafe\";",
        ),
        (
            "tls/a.rs",
            "//! x\nfn a<'a>(b: &'a str) -> char { '\"' } /* unsafe */",
        ),
        (
            "tls/a.rs",
            "//! x\nconst A: &str = r#\"\"unsafe\"\"#; fn b() { for_unsafe() }",
        ),
        (
            "mcorpc/a.rs",
            "//! x\nuse std::time::{Duration, SystemTime};\n#[cfg(test)]\nmod tests {\nuse std::fs;\n}",
        ),
        ("sys/a.rs", "//! x\nuse nix::unistd; fn a() { unsafe {} }"),
        ("tls/a/b.rs", "//! x\nuse super::super::Files;"),
        ("tls/mod.rs", "//! x\npub(super) fn a() {}"),
        ("cli/a.rs", "//! x\nuse crate::{agent, broker, enable};"),
    ] {
        assert_eq!(check(name, text), Vec::<String>::new(), "{name}: {text}");
    }
    let tested = format!(
        "//! x\n\n#[cfg(test)]\nmod tests {{{}}}",
        "\n".repeat(LONGEST)
    );
    assert_eq!(check("tls/a.rs", &tested), Vec::<String>::new());
}
