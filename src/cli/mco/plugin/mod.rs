//! `mco plugin doc`: what there is, and what each can do. It talks to nobody.

mod catalogue;

use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, out::safe},
        tree::{General, PluginArgs},
    },
    mcorpc::{ddl::doc, similar},
};

use catalogue::{GROUPS, Plugin, plugins};

/// Explains.
pub(super) fn run(args: &PluginArgs, general: &General) -> Result<Exit, CommandError> {
    let help = "please run 'mco help plugin' for help";
    match args.action.as_deref() {
        Some("doc") => {}
        Some(action @ ("generate" | "info" | "package")) => {
            return Err(CommandError::usage(format!(
                "plugins are compiled in, so there is nothing to {action}"
            ))
            .hint("`mco plugin doc` lists them"));
        }
        Some(other) => {
            return Err(CommandError::usage(format!(
                "Invalid action {other}, {help}"
            )));
        }
        None => return Err(CommandError::usage(format!("No action specified, {help}"))),
    }
    let plugins = plugins();
    let mut out = Out::new(general.color, true);
    match &args.plugin {
        None => list(&mut out, &plugins)?,
        Some(name) => {
            let plugin = find(&plugins, name)?;
            // The document ends its lines itself.
            out.line(safe(doc::render(&plugin.ddl).trim_end_matches('\n')))?;
            out.line("")?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn list(out: &mut Out, plugins: &[Plugin]) -> std::io::Result<()> {
    out.line("Please specify a plugin. Available plugins are:\n")?;
    for (kind, title) in GROUPS {
        out.line(format!("{title}:"))?;
        for plugin in plugins.iter().filter(|plugin| plugin.kind == kind) {
            out.line(format!(
                "  {:<25} {}",
                plugin.name, plugin.ddl.metadata.description
            ))?;
        }
        out.line("")?;
    }
    Ok(())
}

/// The one plugin of this name, which may say its type: `agent/rpcutil`.
fn find<'a>(plugins: &'a [Plugin], wanted: &str) -> Result<&'a Plugin, CommandError> {
    let (kind, name) = match wanted.split_once('/') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, wanted),
    };
    let mut found = plugins
        .iter()
        .filter(|plugin| plugin.name == name && kind.is_none_or(|kind| kind == plugin.kind));
    match (found.next(), found.next()) {
        (Some(plugin), None) => Ok(plugin),
        (Some(first), Some(_)) => Err(CommandError::usage(format!(
            "Duplicate plugin name found, please specify a full path like {}/{name}",
            first.kind
        ))),
        (None, _) => {
            let error = CommandError::usage(match kind {
                Some(kind) => format!("Could not find a '{kind}' plugin named '{name}'"),
                None => {
                    format!("Could not find a plugin named '{name}' in any supported plugin type")
                }
            });
            let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name.as_str()).collect();
            Err(match similar::closest(name, &names) {
                Some(close) if close != name => error.hint(format!("did you mean `{close}`?")),
                _ => error.hint("`mco plugin doc` lists them"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcorpc::ddl::{Ddl, Kind, Metadata};

    fn plugin(kind: &'static str, name: &str) -> Plugin {
        Plugin {
            kind,
            name: name.to_owned(),
            ddl: Ddl::new(Kind::Validator, Metadata::own(name, "", 1)),
        }
    }

    #[test]
    fn a_name_that_two_have_needs_its_type() {
        let plugins = [plugin("agent", "puppet"), plugin("data", "puppet")];
        let wrong = |name| find(&plugins, name).err().unwrap().to_string();
        assert_eq!(find(&plugins, "data/puppet").unwrap().kind, "data");
        assert_eq!(
            wrong("puppet"),
            "Duplicate plugin name found, please specify a full path like agent/puppet"
        );
        assert_eq!(
            wrong("pupet"),
            "Could not find a plugin named 'pupet' in any supported plugin type\nhint: did you mean `puppet`?"
        );
        assert!(
            wrong("nosuch/puppet").starts_with("Could not find a 'nosuch' plugin named 'puppet'")
        );
    }

    #[test]
    fn connectors_and_validators_show_who_made_them_and_no_more() {
        let plugins = plugins();
        let text = doc::render(&find(&plugins, "validator/shellsafe").unwrap().ddl);
        assert!(
            text.starts_with("shellsafe\n=========\n\nValidates that a string is shellsafe\n\n")
        );
        assert!(
            text.trim_end()
                .ends_with("https://docs.puppetlabs.com/mcollective/")
        );
    }
}
