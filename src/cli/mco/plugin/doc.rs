//! `mco plugin doc`.

use std::fmt::Write as _;

use serde_json::json;

use super::catalogue;
use crate::{
    cli::{
        CommandError, Exit,
        mco::ddls::Ddls,
        render::{
            Form, Out,
            local::Local,
            out::{Paint, safe, safe_line},
            table::Table,
        },
        tree::{General, PluginArgs},
    },
    mcorpc::ddl::{Ddl, Kind, doc, json},
};

/// Lists all plugins, by kind.
pub(super) fn list(args: &PluginArgs, general: &General) -> Result<Exit, CommandError> {
    let ddls = Ddls::find_or_warn(general);
    let mut groups = Vec::new();
    let mut errors = Vec::new();
    for kind in Kind::ALL {
        let mut rows = Vec::new();
        for known in ddls.all(kind) {
            match known.ddl {
                Ok(_) if !catalogue::is_listed(kind, &known.name) => {}
                Ok(ddl) => rows.push((known.name, ddl.metadata.description.clone())),
                Err(error) => errors.push((format!("{}/{}", kind.as_str(), known.name), error)),
            }
        }
        groups.push((kind, rows));
    }
    let mut out = Out::new(general.color, true);
    let mut text = "Please specify a plugin. Available plugins are:\n\n".to_owned();
    let mut table = Table::new(["Type", "Name", "Description"]);
    let (mut plugins, mut broken) = (Vec::new(), Vec::new());
    for (kind, rows) in groups {
        let _infallible = writeln!(text, "{}:", catalogue::title(kind));
        for (name, description) in rows {
            let _infallible = writeln!(text, "  {name:<25} {}", safe_line(&description));
            table.push([kind.as_str(), &name, &description]);
            plugins.push(json!({"type": kind, "name": name, "description": description}));
        }
        text.push('\n');
    }
    if !errors.is_empty() {
        text.push_str("Plugin Load Errors:\n");
        for (name, error) in errors {
            let painted = out.painted(Paint::Yellow, &safe_line(&error));
            let _infallible = writeln!(text, "  {name:<25} {painted}");
            broken.push(json!({"plugin": name, "error": error}));
        }
        text.push('\n');
    }
    let known = Local {
        lines: [&plugins[..], &broken].concat(),
        document: json!({"plugins": plugins, "errors": broken}),
        table,
    };
    known.show(&mut out, Form::of(args.output, args.json), &text)?;
    Ok(Exit::Ok)
}

/// Explains one plugin.
pub(super) fn one(args: &PluginArgs, general: &General, name: &str) -> Result<Exit, CommandError> {
    let ddl = catalogue::find(&Ddls::find_or_warn(general), name)?;
    let mut out = Out::new(general.color, true);
    let known = Local {
        document: json::document(&ddl),
        lines: Vec::new(),
        table: parts(&ddl),
    };
    // The document ends its lines itself.
    let text = format!("{}\n\n", safe(doc::render(&ddl).trim_end_matches('\n')));
    known.show(&mut out, Form::of(args.output, args.json), &text)?;
    Ok(Exit::Ok)
}

/// Everything that it declares, a row each.
fn parts(ddl: &Ddl) -> Table {
    let mut table = Table::new(["Part", "Name", "Description"]);
    table.push([ddl.kind.as_str(), &ddl.name, &ddl.metadata.description]);
    let mut push = |part: &str, owner: &str, name: &str, text: &str| {
        let name = [owner, name].join(if owner.is_empty() { "" } else { "." });
        table.push([part, &name, text]);
    };
    for action in &ddl.actions {
        push("action", "", &action.name, &action.description);
        for input in &action.inputs {
            push("input", &action.name, &input.name, &input.description);
        }
        for output in &action.outputs {
            push("output", &action.name, &output.name, &output.description);
        }
    }
    if let Some(query) = &ddl.query {
        if let Some(input) = &query.input {
            push("input", "", &input.name, &input.description);
        }
        for output in &query.outputs {
            push("output", "", &output.name, &output.description);
        }
    }
    table
}
