//! `mco plugin`: what there is, what each can do, and its DDL for others to read. It talks to nobody.

mod catalogue;
mod doc;
mod generate;

use crate::cli::{
    CommandError, Exit,
    tree::{General, PluginArgs},
};

/// Runs one of its actions.
pub(super) fn run(args: &PluginArgs, general: &General) -> Result<Exit, CommandError> {
    const HELP: &str = "please run 'mco help plugin' for help";
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    if let (Some(format), false) = (&args.format, matches!(words[..], ["generate", "ddl", ..])) {
        let what = format!("`--format {format}` is for `mco plugin generate ddl`");
        return Err(CommandError::usage(what));
    }
    if args.output.is_some() && words.first() == Some(&"generate") {
        return Err(CommandError::usage("`--output` is for `mco plugin doc`")
            .hint("`--format ruby|json` says how a DDL is written"));
    }
    match words[..] {
        ["doc"] => doc::list(args, general),
        ["doc", name] => doc::one(args, general, name),
        ["generate", "ddl", name] => generate::ddl(args, general, name),
        ["generate", "ddl"] => Err(CommandError::usage("No plugin specified")
            .hint("for example `mco plugin generate ddl rpcutil --format ruby`")),
        ["generate", "agent" | "data", ..] => Err(CommandError::usage(
            "there are no skeletons of plugins in Ruby here, since agents do not run Ruby",
        )
        .hint("`mco plugin generate ddl PLUGIN --format ruby|json` writes a DDL to begin with")),
        ["generate", ..] => Err(CommandError::usage("what can be generated is a DDL")
            .hint("`mco plugin generate ddl PLUGIN --format ruby|json`")),
        [action @ ("package" | "info"), ..] => Err(CommandError::usage(format!(
            "there is nothing to {action}: agents are compiled in, and what a client needs of others is their DDL"
        ))
        .hint(
            "put NAME.ddl or NAME.json into mcollective/agent below a directory of `libdir` in \
             client.cfg",
        )),
        ["doc", _, extra, ..] => Err(CommandError::usage(format!(
            "`mco plugin doc` explains one plugin, and `{extra}` is a second"
        ))),
        [other, ..] => Err(CommandError::usage(format!("Invalid action {other}, {HELP}"))),
        [] => Err(CommandError::usage(format!("No action specified, {HELP}"))),
    }
}
