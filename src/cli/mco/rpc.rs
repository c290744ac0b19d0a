//! `mco rpc AGENT ACTION k=v...`: any action of any agent.

use std::io;

use serde_json::Value;

use super::{Options, Session, ddls, filters, plan};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, View, results, stats, summary},
        tree::{DisplayMode, General, RpcArgs},
        voice::complain,
    },
    client::{Account, Answer},
    mcorpc::{
        ddl::{Action, Display},
        names::ActionName,
    },
    stomp::destination::{Destination, MAX_ADDRESS},
};

/// Calls.
pub(super) fn run(args: &RpcArgs, general: &General) -> Result<Exit, CommandError> {
    let words = Words::read(args)?;
    let fire_and_forget = args.no_results || args.reply_to.is_some();
    if fire_and_forget
        && args
            .common
            .batches
            .batch
            .is_some_and(|size| !size.is_zero())
    {
        return Err(
            CommandError::usage("Cannot bypass result processing for batched requests")
                .hint("leave out `--batch`, or else `--no-results` and `--reply-to`"),
        );
    }
    if let Some(target) = &args.reply_to
        && !is_reply_target(target)
    {
        return Err(
            CommandError::usage(format!("{target:?} is no address for replies")).hint(
                "give `--reply-to` a queue or a topic of your own: `/queue/NAME`, `/topic/NAME`",
            ),
        );
    }
    let filter = filters::filter(general, &args.filters)?;
    let ddl = ddls::agent(general, &words.agent)?;
    let ddl = ddl.as_ref();
    let action = plan::action(&words.action)?;
    let inputs = plan::inputs(ddl, &action, &words.inputs)?;
    let options = Options {
        general,
        common: &args.common,
        progress: true,
    };
    Session::run(&options, async |session| {
        let mut call = session.plan(ddl, &action, inputs, filter)?;
        call.want_reply = !args.no_results;
        call.reply_to.clone_from(&args.reply_to);
        if args.ask && !args.yes {
            let unfiltered = if session.is_unfiltered(&call) {
                " unfiltered"
            } else {
                ""
            };
            let what = format!("run {}#{action}{unfiltered}", ddl.name());
            session.confirm(&call, &what).await?;
        }
        let declared = ddl.find_action(action.as_str());
        if fire_and_forget {
            let account = session
                .show(&call, &mut Sent(call.reply_to.clone()))
                .await?;
            return Ok(account.interrupted.map_or(Exit::Ok, Exit::from));
        }
        let display = match args.common.output.display {
            Some(DisplayMode::Ok) => Display::Ok,
            Some(DisplayMode::Failed) => Display::Failed,
            Some(DisplayMode::All) => Display::Always,
            None => declared.map_or(Display::Failed, |action| action.display),
        };
        let mut view = Results {
            caption: format!("{}#{action} call stats", ddl.name()),
            declared,
            display,
            narrowed: args.common.output.display.is_some(),
            verbose: session.verbose,
        };
        let account = session.show(&call, &mut view).await?;
        Ok(session.exit(&account))
    })
}

/// What every node answered.
struct Results<'a> {
    caption: String,
    declared: Option<&'a Action>,
    display: Display,
    /// Whether the operator said which results to show.
    narrowed: bool,
    verbose: bool,
}

impl View for Results<'_> {
    fn name(&self) -> &'static str {
        "rpc"
    }

    fn begin(&mut self, out: &mut Out) -> io::Result<()> {
        out.line("")
    }

    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()> {
        if self.verbose {
            results::verbose(out, answer)
        } else {
            results::answer(out, answer, self.declared, self.display)
        }
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        if account.addressed() == 0 && account.unasked.is_empty() && account.interrupted.is_none() {
            out.flush()?;
            complain("No request was acted upon: no node matched");
            return Ok(());
        }
        out.line("")?;
        if let Some(action) = self.declared {
            summary::print(out, action, account)?;
        }
        if self.verbose {
            stats::verbose(out, account, &self.caption)?;
        } else {
            stats::short(out, account)?;
        }
        stats::missing(out, account)
    }

    fn declared(&self) -> Option<&Action> {
        self.declared
    }

    fn shows(&self, answer: &Answer) -> bool {
        !self.narrowed || results::shown(answer, self.display)
    }

    fn shows_failures(&self) -> bool {
        true
    }

    fn array(&self, account: &Account, action: &ActionName) -> Option<Value> {
        Some(results::array(account, action))
    }
}

/// That a request was sent, and nothing of what became of it.
struct Sent(Option<String>);

impl View for Sent {
    fn name(&self) -> &'static str {
        "rpc"
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        let replies = self.0.as_ref();
        let replies = replies.map_or_else(String::new, |target| format!(" replies to {target}"));
        out.line(format!("Request sent with id: {}{replies}", account.id))
    }
}

/// Whether nodes may answer there: where agents listen, an answer would look like a request.
fn is_reply_target(target: &str) -> bool {
    target.len() <= MAX_ADDRESS
        && Destination::parse(target).is_some_and(|known| known.is_for_replies())
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
