//! `mco rpc AGENT ACTION k=v...`: any action of any agent.

use super::{Options, Session, filters, plan, targeting};
use crate::{
    cli::{
        CommandError, Exit,
        render::{json, results, stats, summary},
        tree::{DisplayMode, General, RpcArgs},
        voice::complain,
    },
    mcorpc::ddl::Display,
};

/// Calls.
pub(super) fn run(args: &RpcArgs, general: &General) -> Result<Exit, CommandError> {
    let words = Words::read(args)?;
    if args.no_results
        && args
            .common
            .batches
            .batch
            .is_some_and(|size| !size.is_zero())
    {
        return Err(
            CommandError::usage("Cannot bypass result processing for batched requests")
                .hint("leave out `--no-results` or `--batch`"),
        );
    }
    let filter = filters::filter(&args.filters)?;
    let ddl = plan::ddl(&words.agent)?;
    let action = plan::action(&words.action)?;
    let inputs = plan::inputs(ddl, &action, &words.inputs)?;
    let options = Options {
        general,
        common: &args.common,
        progress: !args.rpc.json && !args.rpc.no_progress,
    };
    Session::run(&options, async |session| {
        let mut call = session.plan(ddl, &action, inputs, filter)?;
        call.want_reply = !args.no_results;
        let listed = &args.common.discovery;
        if call.filter.is_empty()
            && listed.nodes.is_none()
            && listed.disc_method.is_none()
            && targeting::unread_input()
        {
            // The original would have asked the nodes that the pipe names; everybody is too many.
            return Err(CommandError::usage(
                "standard input has data, and nothing says whom to ask",
            )
            .hint("name the nodes with `--nodes -`, or ask everybody with `</dev/null`"));
        }
        let declared = ddl.find_action(action.as_str());
        let display = match args.rpc.display {
            Some(DisplayMode::Ok) => Display::Ok,
            Some(DisplayMode::Failed) => Display::Failed,
            Some(DisplayMode::All) => Display::Always,
            None => declared.map_or(Display::Failed, |action| action.display),
        };
        let (json, verbose) = (args.rpc.json, session.verbose);
        if !json && call.want_reply {
            session.out.line("")?;
        }
        let account = session
            .call(&call, |out, answer| {
                if json {
                    return Ok(());
                }
                if verbose {
                    results::verbose(out, answer)?;
                } else {
                    results::answer(out, answer, declared, display)?;
                }
                out.flush()
            })
            .await?;
        let out = &mut session.out;
        if args.no_results {
            out.line(format!("Request sent with id: {}", account.id))?;
            return Ok(Exit::Ok);
        }
        if json {
            json::array(out, &account, &action)?;
            // The array is the original's, and has no place for them.
            if let Some(line) = stats::silent(&account) {
                complain(line);
            }
            return Ok(session.exit(&account));
        }
        if account.addressed() == 0 && account.interrupted.is_none() {
            out.flush()?;
            complain("No request was acted upon: no node matched");
            return Ok(session.exit(&account));
        }
        out.line("")?;
        if let Some(action) = declared {
            summary::print(out, action, &account)?;
        }
        if verbose {
            stats::verbose(
                out,
                &account,
                &format!("{}#{action} call stats", ddl.name()),
            )?;
        } else {
            stats::short(out, &account)?;
        }
        stats::missing(out, &account)?;
        Ok(session.exit(&account))
    })
}

/// Agent, action and inputs, wherever on the command line they stood.
struct Words {
    agent: String,
    action: String,
    inputs: Vec<(String, String)>,
}

impl Words {
    fn read(args: &RpcArgs) -> Result<Self, CommandError> {
        let mut words = args.words.iter().cloned();
        let mut take = |option: &Option<String>| match option {
            Some(name) => Some(name.clone()),
            None => words.next(),
        };
        let (Some(agent), Some(action)) = (take(&args.agent), take(&args.action)) else {
            return Err(
                CommandError::usage("No agent, action and arguments specified")
                    .hint("for example `mco rpc rpcutil ping`"),
            );
        };
        let inputs = words
            .chain(args.arg.iter().cloned())
            .map(|word| match word.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    Ok((key.to_owned(), value.to_owned()))
                }
                _ => Err(CommandError::usage(format!("Could not parse --arg {word}"))
                    .hint("inputs are given as `key=value`")),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            agent,
            action,
            inputs,
        })
    }
}
