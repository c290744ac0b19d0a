//! A DDL as text, as `mco plugin doc` prints it.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::{Action, Ddl, Input, InputType, Kind, Output, Query, Validation};

/// Prints a DDL.
pub fn render(ddl: &Ddl) -> String {
    let mut out = String::new();
    // Writing to a String can't fail.
    let _: fmt::Result = write_ddl(&mut out, ddl);
    out
}

fn write_ddl(out: &mut String, ddl: &Ddl) -> fmt::Result {
    let about = &ddl.metadata;
    writeln!(out, "{}\n{}\n", about.name, underline(&about.name, '='))?;
    writeln!(out, "{}\n", about.description)?;
    for (label, value) in [
        ("Author", &about.author),
        ("Version", &about.version),
        ("License", &about.license),
        ("Timeout", &about.timeout.to_string()),
        ("Home Page", &about.url),
    ] {
        writeln!(out, "{label:>12}: {value}")?;
    }
    if let Some(version) = &ddl.requires {
        writeln!(out, "\n   Requires MCollective {version} or newer")?;
    }
    if !ddl.usage.is_empty() {
        out.push('\n');
        for line in aligned(&ddl.usage) {
            writeln!(out, "{line}")?;
        }
    }
    match ddl.kind {
        Kind::Agent => write_actions(out, &ddl.actions),
        Kind::Data => match &ddl.query {
            Some(query) => write_query(out, query),
            None => Ok(()),
        },
        Kind::Discovery => write_capabilities(out, &ddl.capabilities),
        _ => Ok(()),
    }
}

fn write_actions(out: &mut String, actions: &[Action]) -> fmt::Result {
    let actions = sorted(actions, |action| &action.name);
    let names: Vec<_> = actions.iter().map(|action| action.name.as_str()).collect();
    writeln!(out, "\nACTIONS:\n========\n   {}\n", names.join(", "))?;
    for action in actions {
        let title = format!("{} action:", action.name);
        writeln!(out, "   {title}\n   {}", underline(&title, '-'))?;
        writeln!(out, "       {}\n\n       INPUT:", action.description)?;
        if action.inputs.is_empty() {
            writeln!(out, "          This action does not have any inputs\n")?;
        } else {
            for input in sorted(&action.inputs, |input| &input.name) {
                write_input(out, input)?;
            }
            out.push('\n');
        }
        writeln!(out, "       OUTPUT:")?;
        write_outputs(out, &action.outputs)?;
    }
    Ok(())
}

fn write_query(out: &mut String, query: &Query) -> fmt::Result {
    writeln!(out, "\nQUERY FUNCTION INPUT:\n")?;
    match &query.input {
        Some(input) => {
            line(out, "Description", &input.description)?;
            line(out, "Prompt", &input.prompt)?;
            line(out, "Type", input.kind.as_str())?;
            write_limits(out, input)?;
            // The original is silent of it.
            if input.optional {
                line(out, "Optional", "true")?;
            }
        }
        None => writeln!(out, "    This plugin does not take any input")?,
    }
    writeln!(out, "\nQUERY FUNCTION OUTPUT:\n")?;
    write_outputs(out, &query.outputs)
}

fn write_input(out: &mut String, input: &Input) -> fmt::Result {
    writeln!(out, "           {}:", input.name)?;
    line(out, "Description", &input.description)?;
    line(out, "Prompt", &input.prompt)?;
    line(out, "Type", input.kind.as_str())?;
    line(out, "Optional", &input.optional.to_string())?;
    write_limits(out, input)?;
    out.push('\n');
    Ok(())
}

fn write_limits(out: &mut String, input: &Input) -> fmt::Result {
    match &input.kind {
        InputType::String {
            validation,
            maxlength,
        } => {
            let text = match validation {
                Validation::Named(text) | Validation::Pattern(text) => text,
                Validation::OneOf(texts) => &texts.join(", "),
            };
            line(out, "Validation", text)?;
            line(out, "Length", &maxlength.to_string())?;
        }
        InputType::List(texts) => line(out, "Valid Values", &texts.join(", "))?,
        _ => {}
    }
    write_default(out, input.default.as_ref())
}

fn write_outputs(out: &mut String, outputs: &[Output]) -> fmt::Result {
    for output in sorted(outputs, |output| &output.name) {
        writeln!(out, "           {}:", output.name)?;
        line(out, "Description", &output.description)?;
        line(out, "Display As", &output.display_as)?;
        write_default(out, output.default.as_ref())?;
        out.push('\n');
    }
    Ok(())
}

/// The original shows no default that is nil or false.
fn write_default(out: &mut String, default: Option<&Value>) -> fmt::Result {
    match default {
        None | Some(Value::Null | Value::Bool(false)) => Ok(()),
        Some(Value::String(text)) => line(out, "Default Value", text),
        Some(value) => line(out, "Default Value", &value.to_string()),
    }
}

fn write_capabilities(out: &mut String, capabilities: &[String]) -> fmt::Result {
    writeln!(out, "\nDISCOVERY METHOD CAPABILITIES:")?;
    for (name, sentence) in [
        (
            "classes",
            "Filter based on configuration management classes",
        ),
        ("facts", "Filter based on system facts"),
        ("identity", "Filter based on mcollective identity"),
        ("agents", "Filter based on mcollective agents"),
        ("compound", "Compound filters combining classes and facts"),
    ] {
        if capabilities.iter().any(|capability| capability == name) {
            writeln!(out, "      {sentence}")?;
        }
    }
    Ok(())
}

fn line(out: &mut String, label: &str, value: &str) -> fmt::Result {
    writeln!(out, "{label:>25}: {value}")
}

/// A text with a margin, its lines no longer than a terminal's; a line that goes on keeps its
/// indentation.
fn aligned(text: &str) -> Vec<String> {
    const WIDTH: usize = 77;
    let mut lines = Vec::new();
    for line in text.trim_end().lines() {
        let words = line.trim_start();
        let indentation = line.get(..line.len() - words.len()).unwrap_or_default();
        let mut current = String::new();
        for word in words.split(' ') {
            let length = current.chars().count() + 1 + word.chars().count();
            if !current.trim().is_empty() && length > WIDTH {
                lines.push(current);
                current = format!("{indentation}{word}");
            } else if current.is_empty() {
                current = format!("{indentation}{word}");
            } else {
                current.push(' ');
                current.push_str(word);
            }
        }
        lines.push(current);
    }
    lines
        .into_iter()
        .map(|line| format!("   {line}").trim_end().to_owned())
        .collect()
}

fn underline(text: &str, with: char) -> String {
    text.chars().map(|_| with).collect()
}

fn sorted<T>(items: &[T], name: impl Fn(&T) -> &str) -> Vec<&T> {
    let mut items: Vec<_> = items.iter().collect();
    items.sort_by(|a, b| name(a).cmp(name(b)));
    items
}

#[cfg(test)]
mod tests;
