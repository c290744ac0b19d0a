//! What the options and the configuration say of whom to ask: the method of discovery with the list
//! that it needs, limits, batches.

use std::{io::Read as _, path::Path, time::Duration};

use crate::{
    cli::{
        CommandError,
        tree::{Batches, Common, Discovery, Limits},
    },
    client::{
        Batch, Choice, Limit, Share, Targets,
        discovery::{
            ListError, Source, flatfile,
            stdin::{self, Form},
        },
    },
    config::{ClientConfig, LimitMethod},
    mcorpc::{names::Identity, similar},
    sys::{
        self,
        upstream::{self, Input},
    },
};

/// A list of nodes may be so long.
const LONGEST_LIST: u64 = 64 << 20;

/// The discovery methods that there are.
pub(super) const METHODS: [&str; 4] = ["broker", "mc", "flatfile", "stdin"];

/// Reads what the operator wants. Lists are read here, before anybody is connected to.
pub(super) fn targets(
    common: &Common,
    config: &ClientConfig,
    input: Input,
) -> Result<Targets, CommandError> {
    let batch = batch(&common.batches, config);
    let max_fail = common.batches.max_fail;
    if max_fail.is_some() && batch.is_none() {
        return Err(CommandError::usage(
            "--max-fail has no effect where all nodes are asked at once",
        )
        .hint("ask them in batches with `--batch SIZE`"));
    }
    Ok(Targets {
        source: source(&common.discovery, config, input)?,
        limit: limit(&common.limits, config)?,
        batch,
        max_fail,
    })
}

/// What standard input is to a command with these options; where they say whom to ask it is nothing.
pub(super) fn input(options: &Discovery) -> Input {
    if options.nodes.is_some() || options.disc_method.is_some() || !options.disc_option.is_empty() {
        return Input::Nothing;
    }
    upstream::input(PATIENCE)
}

fn source(
    options: &Discovery,
    config: &ClientConfig,
    input: Input,
) -> Result<Source, CommandError> {
    // What is piped here is nearer than what a file says for every call.
    if input == Input::Ours {
        return from_stdin(Form::Auto);
    }
    if let Some(file) = &options.nodes {
        if options.disc_method.is_some() || !options.disc_option.is_empty() {
            return Err(
                CommandError::usage("Cannot mix --disc-method, --disc-option and --nodes")
                    .hint("`--nodes FILE` alone is `--disc-method flatfile --disc-option FILE`"),
            );
        }
        return if file == "-" {
            from_stdin(Form::Auto)
        } else {
            from_file(file)
        };
    }
    let given = options.disc_method.as_deref();
    // In a configuration `mc` is only the original's default, which our broker's list replaces.
    let configured = config
        .discovery_method
        .as_deref()
        .filter(|name| *name != "mc");
    let option = options
        .disc_option
        .last()
        .or_else(|| config.discovery_options.last());
    let method = given.or(configured).unwrap_or("broker");
    if !options.disc_option.is_empty() && ["broker", "mc"].contains(&method) {
        return Err(CommandError::usage(format!(
            "the discovery method {method} takes no --disc-option"
        ))
        .hint("`--disc-method flatfile --disc-option FILE`, or `--nodes FILE`, reads a list"));
    }
    match method {
        "broker" => Ok(Source::Broker),
        "mc" => Ok(Source::Broadcast),
        "flatfile" => match option {
            Some(file) => from_file(file),
            None => Err(CommandError::usage(
                "The flatfile discovery method needs a path to a text file",
            )
            .hint("give it with `--disc-option FILE`, or use `--nodes FILE`")),
        },
        "stdin" => {
            let form = option.map_or(Ok(Form::Auto), |text| text.parse());
            from_stdin(form.map_err(super::plan::usage)?)
        }
        other => {
            let error = CommandError::usage(format!("Unknown discovery method {other}"));
            Err(match similar::closest(other, &METHODS) {
                Some(close) => error.hint(format!("did you mean `{close}`?")),
                None => error.hint(format!("the methods are {}", METHODS.join(", "))),
            })
        }
    }
}

/// How long the other end of a pipe may take to show what it is.
const PATIENCE: Duration = Duration::from_millis(50);

/// That something waits on standard input which may be a list for us, and may not.
pub(super) fn unclear() -> CommandError {
    CommandError::usage("standard input has data, and nothing says whom to ask")
        .hint("name the nodes with `--nodes -`, or ask everybody with `</dev/null`")
}

fn from_file(file: &str) -> Result<Source, CommandError> {
    let text = sys::file::read_named_text(Path::new(file), LONGEST_LIST).map_err(|error| {
        CommandError::usage(format!("Cannot read the discovery file {file}: {error}"))
    })?;
    list(file, flatfile::parse(&text))
}

fn from_stdin(form: Form) -> Result<Source, CommandError> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST_LIST + 1)
        .read_to_string(&mut text)
        .map_err(|error| CommandError::usage(format!("Cannot read standard input: {error}")))?;
    // Half a list would be taken for the whole.
    if text.len() as u64 > LONGEST_LIST {
        return Err(CommandError::usage(format!(
            "standard input is larger than {LONGEST_LIST} bytes"
        )));
    }
    list("standard input", stdin::parse(&text, form))
}

fn list(place: &str, names: Result<Vec<Identity>, ListError>) -> Result<Source, CommandError> {
    let names = names.map_err(|error| {
        let empty = matches!(error, ListError::Empty);
        CommandError::usage(format!("{place}: {error}")).hint(if empty {
            "who wrote to it named nobody, or failed; with `</dev/null` everybody is asked"
        } else {
            "a list has one name a line, as `-o senders` prints it; from standard input also JSON, as \
             `-j`, `-o json` and `-o jsonl` do"
        })
    })?;
    let is_yes = |name: &Identity| ["y", "yes"].contains(&&*name.as_str().to_ascii_lowercase());
    if !names.is_empty() && names.iter().all(is_yes) {
        return Err(
            CommandError::usage(format!("{place}: {} is no node's name", names[0]))
                .hint("to be asked nothing say `--yes`"),
        );
    }
    Ok(Source::List(names))
}

fn limit(options: &Limits, config: &ClientConfig) -> Result<Option<Limit>, CommandError> {
    let share = if options.one {
        Some(Share::Count(1))
    } else {
        options.limit
    };
    let Some(share) = share else {
        return Ok(None);
    };
    let choice = match (options.limit_seed, config.limit_method) {
        // A seed has no other meaning than to draw by it.
        (Some(seed), _) => Choice::Random(seed),
        (None, LimitMethod::Random) => Choice::Random(any_seed()?),
        (None, LimitMethod::First) => Choice::First,
    };
    Ok(Some(Limit { share, choice }))
}

fn any_seed() -> Result<u64, CommandError> {
    let mut bytes = [0u8; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        CommandError::new(
            crate::cli::Exit::Software,
            "the system has no random numbers",
        )
    })?;
    Ok(u64::from_ne_bytes(bytes))
}

fn batch(options: &Batches, config: &ClientConfig) -> Option<Batch> {
    let configured = usize::try_from(config.batch_size).unwrap_or(usize::MAX);
    let size = options.batch.unwrap_or(Share::Count(configured));
    (!size.is_zero()).then(|| Batch {
        size,
        pause: options
            .batch_sleep
            .map_or(config.batch_sleep, Duration::from_secs_f64),
    })
}
