//! The command line as a tree of options. Help, completions and man pages are made from it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::render::{Colour, Format};

mod enable;
mod machine;
mod manual;
mod options;
mod pe_conf;
mod puppet;

pub use enable::{
    AuthorityPlace, BrokerPlan, ClientPlan, EnableArgs, EnableRole, NodePlan, RevokeArgs, Running,
    Source, StatusArgs, TokenArgs, TokenCreate, TokenRole, Whose, Work,
};
pub use machine::{Changing, PackageArgs, ServiceArgs};
pub use options::{Batches, Common, Discovery, DisplayMode, HostFilters, Limits, Output};
pub use pe_conf::{EnableOutput, PeConfArgs};
pub use puppet::PuppetArgs;

/// MCollective as one file: invoke predefined actions, in parallel, on any number of machines
#[derive(Debug, Parser)]
#[command(
    name = "mcollective",
    version,
    args_override_self = true,
    infer_long_args = true,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Through a link named `mco` it is `mcollective mco`.\n\nExamples:\n  \
        mcollective enable --demo /tmp/fleet   a broker and three agents to try\n  \
        mcollective mco ping                   who is there\n  \
        mcollective mco help                   what can be asked of nodes"
)]
pub struct Program {
    /// What to be.
    #[command(subcommand)]
    pub role: Role,
}

/// The roles of the one file.
#[allow(clippy::large_enum_variant, reason = "there is one, made once")]
#[derive(Debug, Subcommand)]
pub enum Role {
    /// Run the broker, which routes messages between clients and nodes
    Broker(BrokerArgs),
    /// Run the agent, which carries out authorised requests on this node
    Agent(AgentArgs),
    /// Send requests to nodes and show what came back
    Mco(Box<Mco>),
    /// Make machines ready for their roles, and see how they stand; `--demo` makes a fleet to try on this
    /// one, `--pe-conf` switches MCollective on in Puppet Enterprise
    Enable(Box<EnableArgs>),
    /// Write completions and man pages below a directory
    #[command(hide = true)]
    Generate {
        /// The directory that gets `completions` and `man`.
        dir: PathBuf,
    },
    /// Read everything that can be known of this machine, and print it
    #[command(hide = true)]
    Probe,
}

/// How much a daemon says, and where its configuration is.
#[derive(Args, Debug)]
pub struct DaemonArgs {
    /// Configuration file [default: the first that can be read of the usual places]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read the configuration, name every fault in it, and exit: 0 if there is none, 78 otherwise
    #[arg(long)]
    pub check_config: bool,
    /// Write the process id into this file, and remove it at the end
    #[arg(long, value_name = "FILE")]
    pub pidfile: Option<PathBuf>,
}

/// `mcollective broker`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mcollective broker\n  mcollective broker -c ./broker.cfg --check-config\n\nFiles:\n  \
    broker.cfg in /etc/puppetlabs/mcollective, /etc/mcollective, then the user's configuration directory\n\n\
    Exit codes:\n  0   ended by a signal, or the configuration is right\n  69  an address can't be listened on\n  \
    78  the configuration is wrong, or switched off"
)]
pub struct BrokerArgs {
    /// Options of every daemon.
    #[command(flatten)]
    pub daemon: DaemonArgs,
}

/// `mcollective agent`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mcollective agent\n  mcollective agent -c ./server.cfg --check-config\n\nFiles:\n  \
    server.cfg in /etc/puppetlabs/mcollective, /etc/mcollective, then the user's configuration directory;\n  \
    plugin.d/*.cfg beside it\n\n\
    Exit codes:\n  0   ended by a signal, or the configuration is right\n  70  it can't start or go on, and the log says why\n  \
    78  the configuration is wrong, or switched off"
)]
pub struct AgentArgs {
    /// Options of every daemon.
    #[command(flatten)]
    pub daemon: DaemonArgs,
    /// Accepted as the original has it; the agent always runs in the foreground
    #[arg(long, hide = true)]
    pub no_daemonize: bool,
}

/// Send requests to nodes and show what came back
#[derive(Debug, Parser)]
#[command(
    name = "mco",
    version,
    propagate_version = true,
    args_override_self = true,
    infer_long_args = true,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = manual::BRIEF,
    after_long_help = manual::MCO
)]
pub struct Mco {
    /// Options of every application.
    #[command(flatten)]
    pub general: General,
    /// The application.
    #[command(subcommand)]
    pub application: Option<Application>,
}

/// Options of every application, also before its name.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "General Options")]
pub struct General {
    /// Configuration file [default: ~/.mcollective, then client.cfg in the usual places]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more: all results, figures, what was received and could not be taken
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours
    #[arg(
        long,
        alias = "colour",
        global = true,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: Colour,
    /// Which exit codes to use: those of `man mco`, or the original's
    #[arg(
        long,
        global = true,
        value_name = "SET",
        default_value = "full",
        hide_default_value = true
    )]
    pub exit_codes: ExitCodes,
}

impl General {
    /// What would have been typed with `--config FILE` alone.
    pub fn with_config(config: PathBuf) -> Self {
        Self {
            config: Some(config),
            verbose: false,
            color: Colour::default(),
            exit_codes: ExitCodes::default(),
        }
    }
}

/// Which exit codes a script expects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExitCodes {
    /// Every end has its own.
    #[default]
    Full,
    /// The original's: all errors are 1, and some nodes' silence is 0.
    Legacy,
}

/// The applications of `mco`.
#[derive(Debug, Subcommand)]
pub enum Application {
    /// Ping all nodes
    Ping(PingArgs),
    /// Find hosts using the discovery system matching filter criteria
    Find(FindArgs),
    /// Generic RPC agent client application
    Rpc(RpcArgs),
    /// Reports on usage for a specific fact
    Facts(FactsArgs),
    /// General reporting tool for nodes, collectives and subcollectives
    Inventory(InventoryArgs),
    /// Schedule runs, enable, disable and interrogate the Puppet Agent
    Puppet(Box<PuppetArgs>),
    /// Install, uninstall, update, purge and perform other actions to packages
    Package(PackageArgs),
    /// Manages system services
    Service(ServiceArgs),
    /// Display human readable interpretation of filters
    #[command(name = "describe_filter", alias = "describe-filter")]
    DescribeFilter(DescribeFilterArgs),
    /// Documentation of the plugins: agents, data queries, validators and others
    Plugin(PluginArgs),
    /// Explain which line of a node's policies decides a call
    Policy(PolicyArgs),
    /// Application list and help
    Help {
        /// The application to explain
        application: Option<String>,
    },
    /// Helper for shell completion systems
    Completion(CompletionArgs),
}

/// `mco ping`.
#[derive(Args, Debug)]
#[command(
    next_help_heading = "Application Options",
    after_help = "Examples:\n  mco ping\n  mco ping -F os.family=Debian\n  mco ping --json"
)]
pub struct PingArgs {
    /// Shows a graph of the time distribution: one bar for every 50 ms, or fewer that fit
    #[arg(short, long)]
    pub graph: bool,
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}

/// `mco find`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mco find -C role::web\n  mco find -W 'role::web country=de' --json"
)]
pub struct FindArgs {
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}

/// `mco rpc`.
#[derive(Args, Debug)]
#[command(
    next_help_heading = "Application Options",
    after_help = "Examples:\n  mco rpc rpcutil ping\n  mco rpc rpcutil get_fact fact=os.family -C role::web\n  mco rpc --agent rpcutil --action inventory -I web1.example.net --json"
)]
pub struct RpcArgs {
    /// The agent, the action, and inputs as `key=value`
    #[arg(value_name = "AGENT ACTION [KEY=VALUE]...", help_heading = None::<&str>)]
    pub words: Vec<String>,
    /// Agent to call
    #[arg(short, long)]
    pub agent: Option<String>,
    /// Action to call
    #[arg(long)]
    pub action: Option<String>,
    /// Arguments to pass to agent
    #[arg(long, alias = "argument", value_name = "KEY=VALUE")]
    pub arg: Vec<String>,
    /// Do not process results, just send request
    #[arg(long, visible_alias = "nr")]
    pub no_results: bool,
    /// Set a custom target for replies, `/queue/NAME` or `/topic/NAME`; none is waited for here
    #[arg(long, value_name = "TARGET", conflicts_with = "no_results")]
    pub reply_to: Option<String>,
    /// Say how many nodes would get the request, and ask before it is sent
    #[arg(long)]
    pub ask: bool,
    /// Answer that question with yes
    #[arg(short, long)]
    pub yes: bool,
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}

/// `mco facts`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mco facts os.family\n  mco facts country -v -C role::web")]
pub struct FactsArgs {
    /// The fact to report for
    pub fact: Option<String>,
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}

/// `mco inventory`.
#[derive(Args, Debug)]
#[command(
    next_help_heading = "Application Options",
    group = clap::ArgGroup::new("report").multiple(false),
    after_help = "Fields: identity, version, main_collective, collectives, agents, data_plugins, classes, facts.NAME\n\n\
        Examples:\n  mco inventory web1.example.net\n  mco inventory --list-collectives\n  \
        mco inventory --collective-graph fleet.dot\n  \
        mco inventory --fields identity,facts.os.family,classes -o table -C role::web\n  \
        mco inventory --template '{identity:30} {facts.os.release.full}'"
)]
pub struct InventoryArgs {
    /// The node to report on
    #[arg(help_heading = None::<&str>)]
    pub node: Option<String>,
    /// List all known collectives
    #[arg(long, visible_alias = "lc", group = "report", conflicts_with = "node")]
    pub list_collectives: bool,
    /// Create a DOT graph of all collectives
    #[arg(
        long,
        visible_aliases = ["cg", "map"],
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        group = "report",
        conflicts_with = "node"
    )]
    pub collective_graph: Option<PathBuf>,
    /// Print these of every node on a line, between tabs
    #[arg(long, value_name = "FIELD,...", group = "report")]
    pub fields: Option<String>,
    /// Print a line for every node: text with fields in braces, `{FIELD}`, `{FIELD:WIDTH}`, `{FIELD:>WIDTH}`
    #[arg(long, value_name = "TEXT", group = "report")]
    pub template: Option<String>,
    /// The original's Ruby scripts, which can't be run
    #[arg(long, value_name = "FILE", group = "report", hide = true)]
    pub script: Option<PathBuf>,
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}

/// `mco describe_filter`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mco describe_filter -S 'country=uk and not (role=db or apache)'\n  \
        mco describe_filter -W 'role::web country=de'"
)]
pub struct DescribeFilterArgs {
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}

/// `mco plugin`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mco plugin doc\n  mco plugin doc rpcutil\n  mco plugin doc data/fstat\n  \
        mco plugin generate ddl service --format ruby >service.ddl\n\nPlugins are those that are compiled in, and those whose \
        DDL lies below a directory of `libdir` of client.cfg: DIRECTORY/mcollective/TYPE/NAME.ddl or NAME.json. What is compiled \
        in wins."
)]
pub struct PluginArgs {
    /// `doc [PLUGIN]` explains a plugin, given as NAME or TYPE/NAME, or lists all;
    /// `generate ddl PLUGIN` writes its DDL
    #[arg(value_name = "ACTION")]
    pub words: Vec<String>,
    /// Which DDL to write: the original's or Choria's
    #[arg(long, value_name = "ruby|json")]
    pub format: Option<String>,
    /// In which form to explain: text, json, jsonl, table, senders (nobody), yaml
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        overrides_with = "json",
        hide_possible_values = true
    )]
    pub output: Option<Format>,
    /// Explain in JSON
    #[arg(short, long, overrides_with = "output")]
    pub json: bool,
}

/// `mco policy`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mco policy check service restart --caller cert=ann\n  \
        mco policy check puppet runonce --caller cert=deploy --facts web1.yaml -c ./server.cfg\n\n\
        It talks to nobody: it reads the policies beside the server.cfg that `-c` names, or that of this machine, as its agent does. \
        Data functions are asked on the node alone, so that a rule with one is in doubt here.\n\n\
        Exit codes:\n  0   allowed\n  1   denied\n  78  the configuration is wrong"
)]
pub struct PolicyArgs {
    /// `check AGENT ACTION` says whether the caller may run the action, and which line decides
    #[arg(value_name = "ACTION")]
    pub words: Vec<String>,
    /// Who calls, as policies name it: cert=NAME
    #[arg(long, value_name = "CALLER")]
    pub caller: Option<String>,
    /// The node's facts, in YAML or JSON [default: those of server.cfg]
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
    /// The node's classes, one a line [default: those of server.cfg]
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// Explain in JSON
    #[arg(short, long)]
    pub json: bool,
}

/// `mco completion`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mco completion --list-agents\n  mco completion --list-actions --agent rpcutil"
)]
pub struct CompletionArgs {
    /// List the applications
    #[arg(long)]
    pub list_applications: bool,
    /// List all known agents
    #[arg(long)]
    pub list_agents: bool,
    /// List the actions of an agent
    #[arg(long)]
    pub list_actions: bool,
    /// List the inputs of an action
    #[arg(long)]
    pub list_inputs: bool,
    /// List the values that an input may have, where its DDL lists them
    #[arg(long)]
    pub list_values: bool,
    /// List what `mco plugin doc` explains
    #[arg(long)]
    pub list_plugins: bool,
    /// The agent
    #[arg(long)]
    pub agent: Option<String>,
    /// The action
    #[arg(long)]
    pub action: Option<String>,
    /// The input
    #[arg(long)]
    pub input: Option<String>,
    /// List what may stand in the place of the last word of a command line; for the shells' scripts
    #[arg(long, hide = true)]
    pub words: bool,
    /// The words of that command line after `mco`
    #[arg(last = true, hide = true, requires = "words")]
    pub line: Vec<String>,
}
