//! How a wanted run is to be begun: the original's table of decisions, without a look at anything.

use serde_json::{Value, json};

use super::Options;
use crate::mcorpc::ddl::validators;

/// What is wanted of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// At once, without splay.
    pub force: bool,
    /// Another server, also with a port.
    pub server: Option<String>,
    /// Only what has one of these tags.
    pub tags: Vec<String>,
    /// Without changes, or with them.
    pub noop: Option<bool>,
    /// After a random time, or at once.
    pub splay: Option<bool>,
    /// At most after so many seconds.
    pub splaylimit: Option<u32>,
    /// Another environment.
    pub environment: Option<String>,
    /// Whatever the schedules say.
    pub ignoreschedules: bool,
    /// From the catalog of the last run, or from a new one.
    pub use_cached_catalog: Option<bool>,
}

/// What Puppet is doing, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// Why runs are forbidden.
    pub disabled: Option<String>,
    /// A run is under way.
    pub running: bool,
    /// The daemon that waits.
    pub daemon: Option<u32>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Tell this daemon to run.
    Signal(u32),
    /// Start a process with these arguments behind its command.
    Start(Vec<String>),
    /// A run is under way.
    Busy,
    /// Nothing, for this reason.
    Refuse(String),
}

/// What a run that is started always gets.
const ALWAYS: [&str; 5] = [
    "--onetime",
    "--no-daemonize",
    "--color=false",
    "--show_diff",
    "--verbose",
];

/// Decides, in the original's order.
pub fn decide(wish: &Wish, situation: &Situation, options: &Options) -> Decision {
    if let Some(reason) = &situation.disabled {
        return Decision::Refuse(format!("Puppet is disabled: '{reason}'"));
    }
    if wish.server.is_some() && !options.allow_server_override {
        return Decision::Refuse(
            "Passing 'server' option is not allowed in module configuration".into(),
        );
    }
    if situation.running {
        return Decision::Busy;
    }
    let signal = situation.daemon.filter(|_| options.signal_daemon);
    let arguments = match arguments(wish, signal.is_none(), options) {
        Ok(arguments) => arguments,
        Err(why) => return Decision::Refuse(why),
    };
    match signal {
        None => Decision::Start(
            ALWAYS
                .map(str::to_owned)
                .into_iter()
                .chain(arguments)
                .collect(),
        ),
        Some(daemon) if arguments.is_empty() => Decision::Signal(daemon),
        Some(_) => Decision::Refuse(
            "Cannot specify any custom puppet options when the daemon is running".into(),
        ),
    }
}

/// What a run gets in addition. Splay is of no use to a daemon, which is only told.
fn arguments(wish: &Wish, splays: bool, options: &Options) -> Result<Vec<String>, String> {
    let mut arguments = Vec::new();
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
    if !wish.tags.is_empty() {
        for tag in &wish.tags {
            valid(tag, "puppet_tags").map_err(|_| format!("Invalid tag '{tag}' specified"))?;
        }
        add(&["--tags", &wish.tags.join(",")]);
    }
    if splays {
        let splay = if wish.force { Some(false) } else { wish.splay };
        let splay = splay.unwrap_or(options.splay && !wish.force);
        match (splay, wish.splaylimit) {
            (true, limit) => {
                let limit = limit.unwrap_or(options.splaylimit).to_string();
                add(&["--splay", "--splaylimit", &limit]);
            }
            (false, Some(limit)) if !wish.force => {
                add(&["--no-splay", "--splaylimit", &limit.to_string()]);
            }
            (false, _) => add(&["--no-splay"]),
        }
    }
    switch(wish.noop, ["--noop", "--no-noop"], &mut add);
    if let Some(environment) = &wish.environment {
        valid(environment, "puppet_variable")
            .map_err(|_| format!("Invalid environment '{environment}' specified"))?;
        add(&["--environment", environment]);
    }
    if let Some(server) = &wish.server {
        valid(server, "puppet_server_address")?;
        let (host, port) = host_and_port(server);
        add(&["--server", host]);
        if let Some(port) = port {
            add(&["--masterport", port]);
        }
    }
    if wish.ignoreschedules {
        add(&["--ignoreschedules"]);
    }
    let cached = ["--use_cached_catalog", "--no-use_cached_catalog"];
    switch(wish.use_cached_catalog, cached, &mut add);
    Ok(arguments)
}

fn switch(wanted: Option<bool>, [yes, no]: [&str; 2], add: &mut impl FnMut(&[&str])) {
    match wanted {
        Some(true) => add(&[yes]),
        Some(false) => add(&[no]),
        None => {}
    }
}

fn valid(text: &str, validator: &str) -> Result<(), String> {
    let value: Value = json!(text);
    // An option is not what a name or a tag can be.
    if text.starts_with('-') {
        return Err(format!("'{text}' is an option"));
    }
    validators::named(&value, validator)
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, `v6`.
fn host_and_port(server: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = server
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, rest.strip_prefix(':'));
    }
    match server.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (server, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(signal_daemon: bool) -> Options {
        Options {
            signal_daemon,
            ..Options::default()
        }
    }

    fn start(arguments: &str) -> Decision {
        let more = arguments.split_ascii_whitespace().map(str::to_owned);
        Decision::Start(ALWAYS.map(str::to_owned).into_iter().chain(more).collect())
    }

    fn refuse(why: &str) -> Decision {
        Decision::Refuse(why.into())
    }

    #[test]
    fn disabled_before_server_before_busy_before_the_rest() {
        let mut situation = Situation {
            disabled: Some("x".into()),
            running: true,
            daemon: Some(7),
        };
        let mut wish = Wish {
            server: Some("a b".into()),
            environment: Some("-x".into()),
            ..Wish::default()
        };
        let mut options = options(true);
        assert_eq!(
            decide(&wish, &situation, &options),
            refuse("Puppet is disabled: 'x'")
        );
        situation.disabled = None;
        assert_eq!(
            decide(&wish, &situation, &options),
            refuse("Passing 'server' option is not allowed in module configuration")
        );
        options.allow_server_override = true;
        assert_eq!(decide(&wish, &situation, &options), Decision::Busy);
        situation.running = false;
        assert_eq!(
            decide(&wish, &situation, &options),
            refuse("Invalid environment '-x' specified")
        );
        wish.environment = None;
        assert_eq!(
            decide(&wish, &situation, &options),
            refuse("The hostname 'a b' is not a valid hostname")
        );
    }

    #[test]
    fn a_daemon_is_told_where_that_is_wanted() {
        let daemon = Situation {
            daemon: Some(7),
            ..Situation::default()
        };
        let none = Situation::default();
        let plain = Wish::default();
        let force = Wish {
            force: true,
            ..Wish::default()
        };
        let splay = Wish {
            splay: Some(true),
            splaylimit: Some(5),
            ..Wish::default()
        };
        let noop = Wish {
            noop: Some(true),
            ..Wish::default()
        };
        for (wish, situation, signal, expected) in [
            (&plain, &daemon, true, Decision::Signal(7)),
            (&force, &daemon, true, Decision::Signal(7)),
            (&splay, &daemon, true, Decision::Signal(7)),
            (
                &noop,
                &daemon,
                true,
                refuse("Cannot specify any custom puppet options when the daemon is running"),
            ),
            (&plain, &daemon, false, start("--splay --splaylimit 30")),
            (&force, &daemon, false, start("--no-splay")),
            (
                &noop,
                &daemon,
                false,
                start("--splay --splaylimit 30 --noop"),
            ),
            (&plain, &none, true, start("--splay --splaylimit 30")),
            (&force, &none, true, start("--no-splay")),
            (&splay, &none, true, start("--splay --splaylimit 5")),
        ] {
            assert_eq!(
                decide(wish, situation, &options(signal)),
                expected,
                "{wish:?} {situation:?} {signal}"
            );
        }
        let calm = Options {
            splay: false,
            ..Options::default()
        };
        assert_eq!(decide(&plain, &none, &calm), start("--no-splay"));
        let limit = Wish {
            splaylimit: Some(9),
            ..Wish::default()
        };
        assert_eq!(
            decide(&limit, &none, &calm),
            start("--no-splay --splaylimit 9")
        );
    }

    #[test]
    fn options_come_in_the_originals_order() {
        let wish = Wish {
            force: true,
            server: Some("puppet.example.net:8141".into()),
            tags: vec!["web".into(), "a::b".into()],
            noop: Some(false),
            environment: Some("dev".into()),
            ignoreschedules: true,
            use_cached_catalog: Some(false),
            ..Wish::default()
        };
        let options = Options {
            allow_server_override: true,
            ..Options::default()
        };
        assert_eq!(
            decide(&wish, &Situation::default(), &options),
            start(
                "--tags web,a::b --no-splay --no-noop --environment dev --server puppet.example.net \
                 --masterport 8141 --ignoreschedules --no-use_cached_catalog"
            )
        );
    }

    #[test]
    fn nothing_of_a_request_becomes_an_option() {
        let options = Options {
            allow_server_override: true,
            ..Options::default()
        };
        let refused = |wish: Wish| decide(&wish, &Situation::default(), &options);
        for bad in ["-x", "a b", "a;b", "", "a\nb", "--exec"] {
            let tag = Wish {
                tags: vec![bad.into()],
                ..Wish::default()
            };
            assert_eq!(
                refused(tag),
                refuse(&format!("Invalid tag '{bad}' specified"))
            );
            let environment = Wish {
                environment: Some(bad.into()),
                ..Wish::default()
            };
            assert!(matches!(refused(environment), Decision::Refuse(_)), "{bad}");
            let server = Wish {
                server: Some(bad.into()),
                ..Wish::default()
            };
            assert!(matches!(refused(server), Decision::Refuse(_)), "{bad}");
        }
    }

    #[test]
    fn servers_are_taken_apart() {
        for (server, expected) in [
            ("puppet", ("puppet", None)),
            ("puppet:8140", ("puppet", Some("8140"))),
            ("[::1]:8140", ("::1", Some("8140"))),
            ("[::1]", ("::1", None)),
            ("fe80::1", ("fe80::1", None)),
        ] {
            assert_eq!(host_and_port(server), expected);
        }
    }
}
