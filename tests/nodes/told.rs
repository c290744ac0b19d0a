//! What a call told its operator: who answered what, and who did not.

use serde_json::Value;

use crate::call::{Made, Question};

/// What was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) answers: Vec<Answer>,
    pub(crate) silent: Vec<String>,
    pub(crate) unexpected: Vec<String>,
    /// The two numbers of `Finished processing`, where it was said.
    pub(crate) counts: Option<(usize, usize)>,
}

/// A node's answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) ok: bool,
    /// The node's own name and the call's mark, as far as the answer holds them.
    pub(crate) whoami: Option<String>,
    pub(crate) echoes: Option<bool>,
}

impl Told {
    /// Reads a call's output.
    pub(crate) fn read(made: &Made) -> Result<Self, String> {
        match made.asked.question {
            Question::Json | Question::Find if made.asked.in_full => in_full(made),
            Question::Json => json(made),
            Question::Ping => in_full(made),
            Question::Find => Ok(find(made)),
            Question::Text => text(made),
        }
    }

    /// Every name, as often as it was told.
    pub(crate) fn names(&self) -> Vec<&str> {
        let answers = self.answers.iter().map(|answer| answer.name.as_str());
        answers
            .chain(self.silent.iter().map(String::as_str))
            .collect()
    }

    fn add_stderr(&mut self, made: &Made) {
        for line in made.stderr.lines() {
            if let Some(names) = line.strip_prefix("No response from: ") {
                self.silent.extend(names.split(", ").map(str::to_owned));
            }
        }
    }

    /// Nodes that would not: `NAME: OUTCOME: MESSAGE`, where answers are names only.
    fn add_unwilling(&mut self, made: &Made) {
        for line in made.stderr.lines() {
            let mut words = line.splitn(3, ": ");
            if let (Some(name), Some(outcome), Some(_)) = (words.next(), words.next(), words.next())
                && !["error", "warning", "hint", "No response from"].contains(&name)
                && OUTCOMES.contains(&outcome)
            {
                self.answers.push(Answer::of(name, false));
            }
        }
    }
}

const OUTCOMES: [&str; 7] = [
    "failed",
    "denied",
    "invalid",
    "timeout",
    "still_running",
    "no_agent",
    "refused",
];

impl Answer {
    pub(crate) fn of(name: &str, ok: bool) -> Self {
        Self {
            name: name.to_owned(),
            ok,
            whoami: None,
            echoes: None,
        }
    }
}

fn parsed(made: &Made) -> Result<Value, String> {
    serde_json::from_str(&made.stdout).map_err(|error| format!("the output is no JSON: {error}"))
}

fn string(value: &Value) -> Result<String, String> {
    let text = value.as_str();
    text.map(str::to_owned)
        .ok_or_else(|| format!("{value} is no text"))
}

fn json(made: &Made) -> Result<Told, String> {
    let mut told = Told::default();
    let rows = parsed(made)?;
    for row in rows.as_array().ok_or("the output is no array")? {
        let ok = row["statuscode"] == 0;
        let values = &row["data"]["values"];
        told.answers.push(Answer {
            name: string(&row["sender"])?,
            ok,
            whoami: ok.then(|| string(&values["whoami"])).transpose()?,
            echoes: ok.then(|| values.get(&made.asked.mark).is_some()),
        });
    }
    told.add_stderr(made);
    Ok(told)
}

/// `-o json`, which is the same for every application.
fn in_full(made: &Made) -> Result<Told, String> {
    let mut told = Told::default();
    let value = parsed(made)?;
    for reply in value["replies"].as_array().ok_or("there are no replies")? {
        let ok = reply["outcome"] == "ok";
        let values = reply["data"]["values"].as_object().filter(|_| ok);
        told.answers.push(Answer {
            whoami: values.map(|values| string(&values["whoami"])).transpose()?,
            echoes: values.map(|values| values.contains_key(&made.asked.mark)),
            ..Answer::of(&string(&reply["sender"])?, ok)
        });
    }
    let silent = value["no_response"].as_array();
    for node in silent.ok_or("there is no no_response")? {
        told.silent.push(string(&node["sender"])?);
    }
    Ok(told)
}

fn find(made: &Made) -> Told {
    let mut told = Told::default();
    for name in made.stdout.lines() {
        told.answers.push(Answer::of(name, true));
    }
    told.add_unwilling(made);
    told.add_stderr(made);
    told
}

/// What a person reads: a block a node, then figures, then lists of names.
fn text(made: &Made) -> Result<Told, String> {
    let mut told = Told::default();
    let mut list: Option<bool> = None;
    for line in made.stdout.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["No", "response", "from:"] => list = Some(true),
            ["Unexpected", "response", "from:"] => list = Some(false),
            [
                "Finished",
                "processing",
                answered,
                "/",
                addressed,
                "hosts",
                ..,
            ] => {
                let number = |text: &str| text.parse().map_err(|_| format!("in {line:?}"));
                told.counts = Some((number(answered)?, number(addressed)?));
            }
            names if list.is_some() => {
                let names = names.iter().map(|name| (*name).to_owned());
                if list == Some(true) {
                    told.silent.extend(names);
                } else {
                    told.unexpected.extend(names);
                }
            }
            [name, status @ ..] if !line.starts_with(' ') => {
                told.answers.push(Answer {
                    name: (*name).to_owned(),
                    ok: status.is_empty(),
                    whoami: None,
                    echoes: None,
                });
            }
            _ => {
                let Some(answer) = told.answers.last_mut().filter(|answer| answer.ok) else {
                    continue;
                };
                // Values: {"whoami"=>"a1", "mark"=>nil}
                if let Some((_, rest)) = line.split_once("\"whoami\"=>\"") {
                    answer.whoami = rest.split('"').next().map(str::to_owned);
                    answer.echoes = Some(false);
                }
                if line.contains(&format!("\"{}\"=>nil", made.asked.mark)) {
                    answer.echoes = Some(true);
                }
            }
        }
    }
    Ok(told)
}
