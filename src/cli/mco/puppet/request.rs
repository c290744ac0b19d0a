//! The inputs of an action from what was typed.

use serde_json::{Map, Value, json};

use crate::cli::{CommandError, tree::PuppetArgs};

/// `disable`: the message may be typed without quotes.
pub(super) fn disable(words: &[&str]) -> Map<String, Value> {
    let mut inputs = Map::new();
    if !words.is_empty() {
        inputs.insert("message".to_owned(), words.join(" ").into());
    }
    inputs
}

/// `runonce`, and every single run of `runall`.
pub(super) fn run(args: &PuppetArgs) -> Result<Map<String, Value>, CommandError> {
    if args.force && (args.splay || args.no_splay) {
        return Err(CommandError::usage("Cannot set splay when forcing runs"));
    }
    if args.force && args.splaylimit.is_some() {
        return Err(CommandError::usage(
            "Cannot set splaylimit when forcing runs",
        ));
    }
    // Not left to clap, as the original complains of `--force` first.
    if args.splay && args.no_splay {
        return Err(CommandError::usage(
            "--splay and --no-splay can't be used together",
        ));
    }
    let switch = |yes: bool, no: bool| (yes || no).then_some(yes);
    let given = [
        ("force", args.force.then(|| json!(true))),
        ("server", args.server.as_ref().map(|server| json!(server))),
        (
            "tags",
            (!args.tags.is_empty()).then(|| json!(args.tags.join(","))),
        ),
        ("noop", switch(args.noop, args.no_noop).map(Value::from)),
        (
            "environment",
            args.environment.as_ref().map(|name| json!(name)),
        ),
        ("splay", switch(args.splay, args.no_splay).map(Value::from)),
        ("splaylimit", args.splaylimit.map(Value::from)),
        (
            "use_cached_catalog",
            switch(args.use_cached_catalog, args.no_use_cached_catalog).map(Value::from),
        ),
        ("ignoreschedules", args.ignoreschedules.then(|| json!(true))),
    ];
    let given = given.into_iter();
    Ok(given
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect())
}

/// `resource TYPE NAME key=value...`.
pub(super) fn resource(words: &[&str]) -> Result<Map<String, Value>, CommandError> {
    let missing = |what: &str| {
        CommandError::usage(format!("The resource command needs a {what} to operate on"))
            .hint("for example `mco puppet resource host db1 ip=192.0.2.7 ensure=present`")
    };
    let mut words = words.iter();
    let kind = words.next().ok_or_else(|| missing("type"))?;
    let name = words.next().ok_or_else(|| missing("name"))?;
    let mut inputs = Map::new();
    for word in words {
        match word.split_once('=') {
            Some((key, value)) if !key.is_empty() && !["type", "name"].contains(&key) => {
                inputs.insert(key.to_owned(), value.into());
            }
            _ => {
                return Err(
                    CommandError::usage(format!("Could not parse argument '{word}'"))
                        .hint("properties are given as `key=value`"),
                );
            }
        }
    }
    inputs.insert("type".to_owned(), (*kind).into());
    inputs.insert("name".to_owned(), (*name).into());
    Ok(inputs)
}

/// `runall N`.
pub(super) fn concurrency(words: &[&str]) -> Result<usize, CommandError> {
    let hint = "for example `mco puppet runall 10`";
    let error = |message: String| CommandError::usage(message).hint(hint);
    match words {
        [] => Err(error(
            "The runall command needs a concurrency limit".to_owned(),
        )),
        [text] => match text.parse() {
            Ok(0) => Err(error(
                "The concurrency for the runall command has to be greater than 0".to_owned(),
            )),
            Ok(limit) => Ok(limit),
            Err(_) => Err(error(format!("`{text}` is no number of nodes"))),
        },
        [_, word, ..] => Err(error(format!("`{word}` is one word too many"))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::tree::{Application, Mco};

    fn args(line: &str) -> PuppetArgs {
        let words = ["mco", "puppet"]
            .into_iter()
            .chain(line.split_ascii_whitespace());
        match Mco::try_parse_from(words).unwrap().application {
            Some(Application::Puppet(args)) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_become_inputs() {
        let inputs = |line: &str| Value::Object(run(&args(line)).unwrap());
        assert_eq!(inputs("runonce"), json!({}));
        assert_eq!(inputs("runonce --force"), json!({"force": true}));
        assert_eq!(
            inputs(
                "runonce --tags a --tag b,c --no-noop --splay --splaylimit 3 --environment dev \
                 --no-use-cached-catalog --ignoreschedules --server puppet:8140"
            ),
            json!({
                "server": "puppet:8140", "tags": "a,b,c", "noop": false, "environment": "dev", "splay": true,
                "splaylimit": 3, "use_cached_catalog": false, "ignoreschedules": true,
            })
        );
        let both = run(&args("runonce --splay --no-splay")).unwrap_err();
        assert!(both.to_string().ends_with("can't be used together"));
        for name in ["noop", "use-cached-catalog"] {
            let line = format!("mco puppet runonce --{name} --no-{name}");
            let error = Mco::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
        }
        for line in ["runonce --force --splay", "runonce --force --splaylimit 3"] {
            let error = run(&args(line)).unwrap_err().to_string();
            assert!(error.ends_with("when forcing runs"), "{error}");
        }
        assert_eq!(args("runonce --wait").wait.unwrap().as_secs(), 3600);
        assert_eq!(args("runonce --wait=7").wait.unwrap().as_secs(), 7);
        assert_eq!(args("runonce").wait, None);
    }

    #[test]
    fn words_are_read() {
        let message = disable(&["a", "b"]);
        assert_eq!(Value::Object(message), json!({"message": "a b"}));
        let inputs = resource(&["File", "/tmp/x", "content=a=b", "mode="]).unwrap();
        assert_eq!(
            Value::Object(inputs),
            json!({"content": "a=b", "mode": "", "type": "File", "name": "/tmp/x"})
        );
        for (words, expected) in [
            (vec![], "needs a type"),
            (vec!["file"], "needs a name"),
            (vec!["file", "x", "y"], "Could not parse argument 'y'"),
            (
                vec!["file", "x", "type=y"],
                "Could not parse argument 'type=y'",
            ),
        ] {
            assert!(resource(&words).unwrap_err().to_string().contains(expected));
        }
        assert_eq!(concurrency(&["3"]).unwrap(), 3);
        for words in [vec![], vec!["0"], vec!["-1"], vec!["x"], vec!["1", "2"]] {
            assert!(concurrency(&words).is_err(), "{words:?}");
        }
    }
}
