//! `mco plugin generate ddl`: a plugin's DDL for other programs, such as a Ruby client that is to
//! drive our agents.

use super::catalogue;
use crate::{
    cli::{
        CommandError, Exit,
        mco::ddls::Ddls,
        render::Out,
        tree::{General, PluginArgs},
    },
    mcorpc::ddl::{Ddl, Kind, json, ruby},
};

/// Writes the DDL of a plugin. A name that several kinds have is the agent's.
pub(super) fn ddl(args: &PluginArgs, general: &General, name: &str) -> Result<Exit, CommandError> {
    let write: fn(&Ddl) -> String = match args.format.as_deref() {
        None | Some("ruby") => ruby::write,
        Some("json") => json::write,
        Some(other) => {
            return Err(CommandError::usage(format!(
                "a DDL is written as `ruby` or `json`, not as `{other}`"
            )));
        }
    };
    let ddls = Ddls::find_or_warn(general);
    let ddl = match ddls.get(Kind::Agent, name) {
        Some(ddl) if catalogue::is_listed(Kind::Agent, name) => ddl?,
        _ => catalogue::find(&ddls, name)?,
    };
    let mut out = Out::new(general.color, true);
    out.line(write(&ddl).trim_end())?;
    out.flush()?;
    Ok(Exit::Ok)
}
