//! A DDL as a file that the original reads.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::mcorpc::ddl::{
    Action, Aggregate, Ddl, Display, Input, InputType, Kind, Metadata, Output, Query, Validation,
};

/// Writes a DDL as the original's Ruby. What happens on a timeout has no place in it.
pub fn write(ddl: &Ddl) -> String {
    let mut out = String::new();
    // Writing to a String can't fail.
    let _: fmt::Result = write_ddl(&mut out, ddl);
    out
}

fn write_ddl(out: &mut String, ddl: &Ddl) -> fmt::Result {
    metadata(out, &ddl.metadata)?;
    if let Some(version) = &ddl.requires {
        writeln!(out, "\nrequires :mcollective => {}", quoted(version))?;
    }
    if !ddl.usage.is_empty() {
        writeln!(out, "\nusage {}", usage(&ddl.usage))?;
    }
    for one in &ddl.actions {
        action(out, one)?;
    }
    if let Some(one) = &ddl.query {
        query(out, one)?;
    }
    if ddl.kind == Kind::Discovery {
        let names: Vec<String> = ddl.capabilities.iter().map(|name| symbol(name)).collect();
        out.push_str("\ndiscovery do\n");
        if !names.is_empty() {
            writeln!(out, "  capabilities [{}]", names.join(", "))?;
        }
        out.push_str("end\n");
    }
    Ok(())
}

/// A usage as lines, where they can stand as they are.
fn usage(text: &str) -> String {
    const END: &str = "END_OF_USAGE";
    let plain = text.ends_with('\n')
        && !text.chars().any(|c| c != '\n' && c.is_control())
        && !text.lines().any(|line| line.trim_start() == END);
    if plain {
        format!("<<-'{END}'\n{text}{END}")
    } else {
        quoted(text)
    }
}

/// Pairs under one another, the arrows too.
fn pairs(out: &mut String, start: &str, pairs: &[(&str, String)]) -> fmt::Result {
    let margin = " ".repeat(start.len());
    for (at, (key, value)) in pairs.iter().enumerate() {
        let before = if at == 0 { start } else { &margin };
        let comma = if at + 1 < pairs.len() { "," } else { "" };
        writeln!(out, "{before}:{key:<11} => {value}{comma}")?;
    }
    Ok(())
}

fn metadata(out: &mut String, about: &Metadata) -> fmt::Result {
    pairs(
        out,
        "metadata ",
        &[
            ("name", quoted(&about.name)),
            ("description", quoted(&about.description)),
            ("author", quoted(&about.author)),
            ("license", quoted(&about.license)),
            ("version", quoted(&about.version)),
            ("url", quoted(&about.url)),
            ("timeout", about.timeout.to_string()),
        ],
    )
}

fn action(out: &mut String, action: &Action) -> fmt::Result {
    writeln!(
        out,
        "\naction {}, :description => {} do",
        quoted(&action.name),
        quoted(&action.description)
    )?;
    let display = match action.display {
        Display::Always => "always",
        Display::Failed => "failed",
        Display::Ok => "ok",
    };
    writeln!(out, "  display :{display}")?;
    for one in &action.inputs {
        input(out, one)?;
    }
    for one in &action.outputs {
        output(out, one)?;
    }
    if !action.aggregates.is_empty() {
        out.push_str("\n  summarize do\n");
        for one in &action.aggregates {
            writeln!(out, "    aggregate {}", aggregate(one))?;
        }
        out.push_str("  end\n");
    }
    out.push_str("end\n");
    Ok(())
}

fn query(out: &mut String, query: &Query) -> fmt::Result {
    let description = quoted(&query.description);
    writeln!(out, "\ndataquery :description => {description} do")?;
    if let Some(one) = &query.input {
        input(out, one)?;
    }
    for one in &query.outputs {
        output(out, one)?;
    }
    out.push_str("end\n");
    Ok(())
}

fn input(out: &mut String, input: &Input) -> fmt::Result {
    writeln!(out, "\n  input {},", symbol(&input.name))?;
    let mut given = vec![
        ("prompt", quoted(&input.prompt)),
        ("description", quoted(&input.description)),
        ("type", symbol(input.kind.as_str())),
    ];
    match &input.kind {
        InputType::List(texts) => given.push(("list", list(texts))),
        InputType::String {
            validation,
            maxlength,
        } => {
            let validation = match validation {
                Validation::Named(name) => symbol(name),
                Validation::OneOf(texts) => list(texts),
                Validation::Pattern(pattern) => quoted(pattern),
            };
            given.push(("validation", validation));
            given.push(("maxlength", maxlength.to_string()));
        }
        _ => {}
    }
    given.push(("optional", input.optional.to_string()));
    if let Some(default) = &input.default {
        given.push(("default", value(default)));
    }
    if input.sensitive {
        given.push(("sensitive", "true".to_owned()));
    }
    pairs(out, "        ", &given)
}

fn output(out: &mut String, output: &Output) -> fmt::Result {
    writeln!(out, "\n  output {},", symbol(&output.name))?;
    let mut given = vec![
        ("description", quoted(&output.description)),
        ("display_as", quoted(&output.display_as)),
    ];
    if let Some(default) = &output.default {
        given.push(("default", value(default)));
    }
    pairs(out, "         ", &given)
}

fn aggregate(aggregate: &Aggregate) -> String {
    let mut given: Vec<String> = aggregate
        .args
        .iter()
        .map(|(key, json)| format!("{} => {}", symbol(key), value(json)))
        .collect();
    if let Some(format) = &aggregate.format {
        given.push(format!(":format => {}", quoted(format)));
    }
    let rest = if given.is_empty() {
        String::new()
    } else {
        format!(", {{{}}}", given.join(", "))
    };
    format!(
        "{}({}{rest})",
        aggregate.function,
        symbol(&aggregate.output)
    )
}

fn value(json: &Value) -> String {
    match json {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => json.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(value).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, json)| format!("{} => {}", quoted(key), value(json)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn symbol(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        format!(":{name}")
    } else {
        format!(":{}", double_quoted(name))
    }
}

/// A text. Single quotes where they do, as nothing has to be escaped in them but themselves.
fn quoted(text: &str) -> String {
    let plain = !text.chars().any(|c| c == '\n' || c.is_control());
    if plain && (text.contains(['"', '#']) || text.contains('\\')) {
        let inside = text.replace('\\', "\\\\").replace('\'', "\\'");
        format!("'{inside}'")
    } else {
        double_quoted(text)
    }
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '#' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                // Writing to a String can't fail.
                let _: fmt::Result = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
