//! The options of `mcollective enable`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{EnableOutput, PeConfArgs};

/// `mcollective enable`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    group = clap::ArgGroup::new("what").required(true).args(["demo", "pe_conf"]),
    after_help = "Examples:\n  mcollective enable broker                  on one machine: it prints what to type on all others\n  \
        mcollective enable agent --join TOKEN      on every other one\n  \
        mcollective enable status                  how this machine stands, and what is wrong with it\n  \
        mcollective enable --demo /tmp/fleet --nodes 5\n  mcollective enable --demo /tmp/fleet --stop\n  \
        mcollective enable --pe-conf /etc/puppetlabs/enterprise/conf.d/pe.conf\n  \
        mcollective enable --pe-conf /etc/puppetlabs/enterprise/conf.d/pe.conf --check\n\n\
        A pe.conf is HOCON; in it only \"pe_install::disable_mco\" in the outermost object counts, and of several the last. \
        `include` is not followed. The old file is kept as FILE.bak (FILE.bak.1, ...), mode and owner stay, and of a \
        symbolic link the file that it leads to is changed.\n\nEnvironment:\n  \
        MCOLLECTIVE_PE_CONF  one more pe.conf that broker, agent and mco obey, beside\n                       \
        /etc/puppetlabs/enterprise/conf.d/pe.conf"
)]
pub struct EnableArgs {
    /// The machine's role.
    #[command(subcommand)]
    pub role: Option<EnableRole>,
    /// Make a fleet to try below DIR: a CA, a broker, agents and a client, all on this machine
    #[arg(long, value_name = "DIR")]
    pub demo: Option<PathBuf>,
    /// How many agents [default: as before, or 3]
    #[arg(long, conflicts_with = "pe_conf", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub nodes: Option<u16>,
    /// Port of the demo's broker, on the loopback address [default: as before, or 61613]
    #[arg(long, conflicts_with = "pe_conf", value_name = "P", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Stop the demo's processes and leave its files
    #[arg(long, conflicts_with_all = ["nodes", "port", "pe_conf"])]
    pub stop: bool,
    /// The switch in Puppet Enterprise.
    #[command(flatten)]
    pub pe_conf: PeConfArgs,
}

/// What `enable` makes of a machine.
#[derive(Debug, Subcommand)]
pub enum EnableRole {
    /// Make this machine the broker, with a certificate authority of its own or with Puppet's
    Broker(BrokerPlan),
    /// Make this machine a node: join it to a broker with a token, or with Puppet's certificate
    Agent(NodePlan),
    /// Give an operator on this machine a key and a configuration for `mco`
    Client(ClientPlan),
    /// Say which roles this machine has, how they do, and what is wrong
    Status(StatusArgs),
    /// Make, list and revoke the tokens with which machines join; on the broker
    #[command(subcommand)]
    Token(TokenArgs),
    /// Revoke all certificates of a name: it is cut off, and can't come back; on the broker
    Revoke(RevokeArgs),
}

/// How the work is done, and how it is told.
#[derive(Args, Clone, Copy, Debug)]
pub struct Work {
    /// Say what would be done, and touch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write files anew that are there and differ; what was there is kept beside them
    #[arg(long)]
    pub replace: bool,
    /// Exit with 2 where something was changed, and with 0 only where all was well already
    #[arg(long)]
    pub detailed_exitcodes: bool,
    /// How to say it
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: EnableOutput,
}

/// Where certificates come from, where no token says it.
#[derive(Args, Clone, Debug)]
pub struct Source {
    /// Whose authority signs [default: Puppet's where this machine has its certificate, else our own]
    #[arg(long, value_name = "WHOSE")]
    pub ca: Option<Whose>,
    /// Puppet's directory of certificates [default: as Puppet has it]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub puppet_ssl: Option<PathBuf>,
}

/// Whose authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Whose {
    /// One of our own
    Own,
    /// Puppet's
    Puppet,
}

/// What services have in common.
#[derive(Args, Clone, Copy, Debug)]
pub struct Running {
    /// Write everything, and start nothing
    #[arg(long)]
    pub no_start: bool,
    /// Stop and disable the original's daemons that did this work
    #[arg(long)]
    pub stop_old: bool,
    /// Stop the service and take it away; configuration, keys and data stay
    #[arg(long)]
    pub disable: bool,
}

/// `mcollective enable broker`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mcollective enable broker\n  mcollective enable broker --name broker.example.net --client peadmin --client deploy\n  \
        mcollective enable broker --dry-run\n  mcollective enable broker --disable\n\nFiles:\n  \
        broker.cfg in /etc/puppetlabs/mcollective or /etc/mcollective; certificates, authority and tokens below\n  \
        /var/lib/mcollective-broker; the service is mcollective-broker\n\nExit codes:\n  \
        0   done, or done already (see --detailed-exitcodes)\n  70  something did not come to be\n  \
        78  what is there stands in the way, or pe.conf disables MCollective"
)]
pub struct BrokerPlan {
    /// The name that nodes dial; its certificate bears it [default: as it is, or this machine's]
    #[arg(long, value_name = "HOST")]
    pub name: Option<String>,
    /// A further name or address that nodes dial
    #[arg(long, value_name = "NAME")]
    pub san: Vec<String>,
    /// Where to listen [default: as it does, or 0.0.0.0:61613]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listen)]
    pub listen: Option<SocketAddr>,
    /// Who may command: for NAME a key is made on this machine, NAME@sha256:PIN has one elsewhere
    /// [default: peadmin]
    #[arg(long, value_name = "NAME")]
    pub client: Vec<String>,
    /// Certificates.
    #[command(flatten)]
    pub source: Source,
    /// The service.
    #[command(flatten)]
    pub running: Running,
    /// How.
    #[command(flatten)]
    pub work: Work,
}

/// `mcollective enable agent`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mcollective enable agent --join mcoj1.eyJ...\n  \
        mcollective enable agent --join - <token        the token does not show in `ps`\n  \
        mcollective enable agent --broker puppet.example.net --caller peadmin@sha256:...\n  \
        mcollective enable agent --disable\n\nFiles:\n  \
        server.cfg and ssl/ in /etc/puppetlabs/mcollective or /etc/mcollective; the service is mcollective-agent\n\nEnvironment:\n  \
        MCOLLECTIVE_JOIN_TOKEN  the token, where neither --join nor --broker is given\n\nExit codes:\n  \
        0   done, or done already (see --detailed-exitcodes)\n  69  the broker can't be reached\n  \
        70  something did not come to be\n  77  the broker refused, or is not the token's\n  \
        78  what is there stands in the way, or pe.conf disables MCollective"
)]
pub struct NodePlan {
    /// The token that `mcollective enable broker` printed; `-` reads it from standard input, @FILE
    /// from a file
    #[arg(long, value_name = "TOKEN")]
    pub join: Option<String>,
    /// The broker, where certificates are Puppet's
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "join")]
    pub broker: Option<String>,
    /// Begin with a new key, as after a revocation; the old one is kept beside it
    #[arg(long)]
    pub new_key: bool,
    /// The name of this node [default: the machine's, or that in Puppet's certificate]
    #[arg(long, value_name = "NAME")]
    pub identity: Option<String>,
    /// Whom to obey: NAME, better NAME@sha256:PIN [default: whom the token names; peadmin]
    #[arg(long, value_name = "NAME")]
    pub caller: Vec<String>,
    /// Certificates.
    #[command(flatten)]
    pub source: Source,
    /// The service.
    #[command(flatten)]
    pub running: Running,
    /// How.
    #[command(flatten)]
    pub work: Work,
}

/// `mcollective enable client`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mcollective enable client --join TOKEN\n  \
        mcollective enable client --broker puppet.example.net --authorized-key ~/.ssh/id_ed25519.pub\n\nFiles:\n  \
        ~/.mcollective and ~/.mcollective.d of the user, which nobody else can read\n\nEnvironment:\n  \
        MCOLLECTIVE_JOIN_TOKEN  the token, where neither --join nor --broker is given\n\nExit codes:\n  \
        0   done, or done already (see --detailed-exitcodes)\n  69  the broker can't be reached\n  \
        70  something did not come to be\n  77  the broker refused, or is not the token's\n  \
        78  what is there stands in the way, or pe.conf disables MCollective")]
pub struct ClientPlan {
    /// A token for clients: `mcollective enable token create --role client` on the broker makes one;
    /// `-` reads it from standard input, @FILE from a file
    #[arg(long, value_name = "TOKEN")]
    pub join: Option<String>,
    /// The broker, where there is no token
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "join")]
    pub broker: Option<String>,
    /// Begin with a new key, as after a revocation; the old one is kept beside it
    #[arg(long)]
    pub new_key: bool,
    /// The name in the operator's certificate [default: peadmin]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The user of this machine who commands; made where there is none [default: the name]
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// SSH public keys that may log in as this user
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub authorized_key: Option<PathBuf>,
    /// A certificate that is there, in PEM
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca_file"], value_hint = ValueHint::FilePath)]
    pub cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "cert", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// The authorities to trust
    #[arg(long, value_name = "FILE", requires = "cert", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Certificates.
    #[command(flatten)]
    pub source: Source,
    /// How.
    #[command(flatten)]
    pub work: Work,
}

/// `mcollective enable status`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mcollective enable status\n  mcollective enable status -o json\n\nExit codes:\n  \
        0  nothing is wrong\n  2  something is, and is named"
)]
pub struct StatusArgs {
    /// How to say it
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: EnableOutput,
}

/// `mcollective enable token`.
#[derive(Debug, Subcommand)]
pub enum TokenArgs {
    /// Make a token, and print what to type on the machines that are to join
    Create(TokenCreate),
    /// List the tokens that there are, without their secrets
    List(TokenList),
    /// Revoke a token: nobody joins with it any more
    Revoke(TokenRevoke),
}

/// Where the authority is.
#[derive(Args, Debug)]
pub struct AuthorityPlace {
    /// The broker's configuration, which names the authority [default: the first of the usual places]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// How to say it
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: EnableOutput,
}

/// `mcollective enable token create`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mcollective enable token create --uses 50 --expires 2h\n  \
        mcollective enable token create --name 'web*.example.net'\n  \
        mcollective enable token create --role client --name deploy --uses 1"
)]
pub struct TokenCreate {
    /// For whom
    #[arg(long, value_name = "ROLE", default_value = "node")]
    pub role: TokenRole,
    /// Which names may join: a name, or a pattern with `*` [default: any for nodes, peadmin for clients]
    #[arg(long, value_name = "NAME")]
    pub name: Vec<String>,
    /// How many may join [default: 1000 nodes, 1 client]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub uses: Option<u32>,
    /// How long it counts
    #[arg(long, value_name = "TIME", default_value = "1day", value_parser = humantime::parse_duration)]
    pub expires: Duration,
    /// The name that nodes dial, and the port [default: those of the broker]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub broker: Option<String>,
    /// Where.
    #[command(flatten)]
    pub place: AuthorityPlace,
}

/// Whom a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenRole {
    /// Machines that are commanded
    Node,
    /// Those who command
    Client,
}

/// `mcollective enable token list`.
#[derive(Args, Debug)]
pub struct TokenList {
    /// Where.
    #[command(flatten)]
    pub place: AuthorityPlace,
}

/// `mcollective enable token revoke`.
#[derive(Args, Debug)]
pub struct TokenRevoke {
    /// The token's number, as `list` shows it
    pub id: String,
    /// Where.
    #[command(flatten)]
    pub place: AuthorityPlace,
}

/// `mcollective enable revoke`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mcollective enable revoke web1.example.net")]
pub struct RevokeArgs {
    /// The name in the certificates
    pub name: String,
    /// Where.
    #[command(flatten)]
    pub place: AuthorityPlace,
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "an address and a port are needed, as in 0.0.0.0:61613 or [::]:61613".to_owned()
    })
}
