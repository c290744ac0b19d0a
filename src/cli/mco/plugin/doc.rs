//! `mco plugin doc`.

use serde_json::json;

use super::catalogue;
use crate::{
    cli::{
        CommandError, Exit,
        mco::ddls::Ddls,
        render::{
            Out, json as print,
            out::{Paint, safe, safe_line},
        },
        tree::{General, PluginArgs},
    },
    mcorpc::ddl::{Kind, doc, json},
};

/// Lists all plugins, by kind.
pub(super) fn list(args: &PluginArgs, general: &General) -> Result<Exit, CommandError> {
    let ddls = Ddls::find_or_warn(general);
    let mut out = Out::new(general.color, true);
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
    if args.json {
        let row = |(kind, (name, description)): (Kind, (String, String))| json!({"type": kind, "name": name, "description": description});
        let rows = groups
            .into_iter()
            .flat_map(|(kind, rows)| rows.into_iter().map(move |one| (kind, one)));
        let error = |(name, error): (String, String)| json!({"plugin": name, "error": error});
        let document = json!({
            "plugins": rows.map(row).collect::<Vec<_>>(),
            "errors": errors.into_iter().map(error).collect::<Vec<_>>(),
        });
        print::print(&mut out, &document)?;
        out.flush()?;
        return Ok(Exit::Ok);
    }
    out.line("Please specify a plugin. Available plugins are:\n")?;
    for (kind, rows) in groups {
        out.line(format!("{}:", catalogue::title(kind)))?;
        for (name, description) in rows {
            out.line(format!("  {name:<25} {}", safe_line(&description)))?;
        }
        out.line("")?;
    }
    if !errors.is_empty() {
        out.line("Plugin Load Errors:")?;
        for (name, error) in errors {
            let error = out.painted(Paint::Yellow, &safe_line(&error));
            out.line(format!("  {name:<25} {error}"))?;
        }
        out.line("")?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

/// Explains one plugin.
pub(super) fn one(args: &PluginArgs, general: &General, name: &str) -> Result<Exit, CommandError> {
    let ddl = catalogue::find(&Ddls::find_or_warn(general), name)?;
    let mut out = Out::new(general.color, true);
    if args.json {
        out.line(json::write(&ddl).trim_end())?;
    } else {
        // The document ends its lines itself.
        out.line(safe(doc::render(&ddl).trim_end_matches('\n')))?;
        out.line("")?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}
