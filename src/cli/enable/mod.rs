//! `mcollective enable`: the roles of a machine, tokens and revocation on the broker, how a machine
//! stands, the demo, and the switch in `pe.conf`.

mod demo;
mod roles;
mod status;
mod token;

use super::{
    CommandError, Exit, pe_conf,
    render::{Colour, Out, json},
    tree::{EnableArgs, EnableRole},
};
use crate::enable::{Kind, Problem};

/// Does what the options name.
pub(super) fn run(args: &EnableArgs) -> Result<Exit, CommandError> {
    match (&args.role, &args.pe_conf.pe_conf, &args.demo) {
        (Some(EnableRole::Broker(plan)), ..) => roles::broker(plan),
        (Some(EnableRole::Agent(plan)), ..) => roles::agent(plan),
        (Some(EnableRole::Client(plan)), ..) => roles::client(plan),
        (Some(EnableRole::Status(args)), ..) => status::run(args),
        (Some(EnableRole::Token(args)), ..) => token::run(args),
        (Some(EnableRole::Revoke(args)), ..) => token::revoke(args),
        (None, Some(file), _) => pe_conf::run(file, &args.pe_conf),
        (None, None, Some(dir)) => demo::run(dir, args),
        (None, None, None) => {
            Err(CommandError::usage("nothing to do").hint("see `mcollective enable --help`"))
        }
    }
}

/// Prints a document.
fn print(value: &serde_json::Value) -> Result<(), CommandError> {
    let mut out = Out::new(Colour::Never, false);
    json::print(&mut out, value)?;
    Ok(out.flush()?)
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        let exit = match problem.kind {
            Kind::Config => Exit::Config,
            Kind::Failed => Exit::Software,
            Kind::Refused => Exit::Refused,
            Kind::Unavailable => Exit::Unavailable,
            Kind::Usage => Exit::Usage,
        };
        let error = Self::new(exit, problem.message);
        if problem.hint.is_empty() {
            error
        } else {
            error.hint(problem.hint)
        }
    }
}
