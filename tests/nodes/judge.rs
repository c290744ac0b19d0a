//! What must hold of every call, whatever happened meanwhile. Pure: calls, notes and what was
//! disturbed come in, and what is wrong comes out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    call::{Made, Question, Whom},
    notes::Notes,
    told::Told,
};

/// What was left in peace while a call was under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peace {
    /// The broker, and with it the client's way to it.
    pub(crate) broker: bool,
    /// Agents, each with its way to the broker.
    pub(crate) agents: BTreeSet<&'static str>,
}

/// Judges one call to a fleet of these agents by what it told.
pub(crate) fn call(made: &Made, agents: &[&'static str], peace: &Peace) -> Vec<String> {
    let mut wrong = Vec::new();
    if made.overdue {
        return vec!["did not end".into()];
    }
    if made.code == Some(UNAVAILABLE) {
        if peace.broker {
            wrong.push("says that the broker is away, and it was not".into());
        }
        return wrong;
    }
    let told = match Told::read(made) {
        Ok(told) => told,
        Err(error) => return vec![error],
    };
    names(made, &told, agents, &mut wrong);
    own_words(&told, &mut wrong);
    code(made, &told, &mut wrong);
    if let Some((answered, addressed)) = told.counts {
        let named = told.names().len();
        if (answered, addressed) != (told.answers.len(), named) {
            wrong.push(format!(
                "counts {answered} / {addressed} and names {} / {named}",
                told.answers.len()
            ));
        }
    }
    if peace.broker {
        undisturbed(made, &told, peace, &mut wrong);
    }
    wrong
}

/// Each addressed node once, and nobody else.
fn names(made: &Made, told: &Told, agents: &[&'static str], wrong: &mut Vec<String>) {
    let agents: HashSet<&str> = agents.iter().copied().collect();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for name in told.names() {
        *times.entry(name).or_default() += 1;
    }
    for (name, times) in &times {
        if *times > 1 {
            wrong.push(format!("names {name} {times} times"));
        }
        if !agents.contains(name) {
            wrong.push(format!("names {name}, which does not exist"));
        }
    }
    match &made.asked.whom {
        Whom::All => {}
        Whom::Filter(meant) => {
            // One that refuses, as it was paused, has not looked at the filter.
            for answer in told.answers.iter().filter(|answer| answer.ok) {
                if !meant.contains(&answer.name.as_str()) {
                    wrong.push(format!("{} answered and is not meant", answer.name));
                }
            }
        }
        Whom::Named(meant) => {
            for name in meant {
                if !times.contains_key(name) {
                    wrong.push(format!("does not name {name}"));
                }
            }
            for name in times.keys().filter(|name| !meant.contains(name)) {
                wrong.push(format!("names {name}, which was not addressed"));
            }
        }
    }
    if !told.unexpected.is_empty() {
        wrong.push(format!("unexpected answers of {:?}", told.unexpected));
    }
}

/// An answer is of the node whose name it bears, and to this call.
fn own_words(told: &Told, wrong: &mut Vec<String>) {
    for answer in &told.answers {
        if let Some(whoami) = answer.whoami.as_ref().filter(|name| **name != answer.name) {
            wrong.push(format!("{} answered as {}", whoami, answer.name));
        }
        if answer.echoes == Some(false) {
            wrong.push(format!("{} answers another call", answer.name));
        }
    }
}

const UNAVAILABLE: i32 = 69;

/// The exit code is the one that what was told stands for.
fn code(made: &Made, told: &Told, wrong: &mut Vec<String>) {
    let answered = !told.answers.is_empty();
    let all_ok = told.answers.iter().all(|answer| answer.ok) && told.silent.is_empty();
    let named = matches!(made.asked.whom, Whom::Named(_));
    let right: &[i32] = match (made.asked.question, answered, told.silent.is_empty()) {
        // For `find` one node is enough.
        (Question::Find, true, _) if told.answers.iter().any(|answer| answer.ok) => &[0],
        (_, true, _) if all_ok => &[0],
        (_, true, _) => &[2],
        // The original's ping makes no discovery, so for it nobody is always 4.
        (Question::Ping, false, _) => &[4],
        // Nobody is there, or the broker went before it could say who is.
        (_, false, true) if !named => &[1, 4],
        (_, false, _) if named => &[4],
        (_, false, _) => &[3],
    };
    if !made.code.is_some_and(|code| right.contains(&code)) {
        wrong.push(format!("exits with {:?}, not {right:?}", made.code));
    }
}

/// Who had no trouble answers, whatever troubles others.
fn undisturbed(made: &Made, told: &Told, peace: &Peace, wrong: &mut Vec<String>) {
    let named: HashSet<&str> = told.names().into_iter().collect();
    let ok = told.answers.iter().filter(|answer| answer.ok);
    let ok: HashSet<&str> = ok.map(|answer| answer.name.as_str()).collect();
    for name in &peace.agents {
        let meant = match &made.asked.whom {
            Whom::All => true,
            Whom::Filter(meant) | Whom::Named(meant) => meant.contains(name),
        };
        if meant && !ok.contains(name) {
            wrong.push(format!("no answer of {name}, which had no trouble"));
        }
        if !meant && named.contains(name) {
            wrong.push(format!(
                "names {name}, which had no trouble and is not meant"
            ));
        }
    }
}

/// Judges all calls by what the nodes ran.
pub(crate) fn runs(calls: &[Made], notes: &Notes) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut times: HashMap<(&str, &str), u32> = HashMap::new();
    for run in &notes.runs {
        let times = times.entry((&run.node, &run.id)).or_default();
        *times += 1;
        if *times == 2 {
            let mark = run.mark.clone().unwrap_or_default();
            wrong.push((mark, format!("{} ran {} twice", run.node, run.id)));
        }
    }
    for made in calls {
        let mark = &made.asked.mark;
        let mut say = |what: String| wrong.push((mark.clone(), what));
        let told = Told::read(made).unwrap_or_default();
        let names = told.names();
        let mut ran: BTreeMap<&str, u32> = BTreeMap::new();
        for run in notes.of(mark) {
            *ran.entry(&run.node).or_default() += 1;
            if run.at_ms > made.ended_ms {
                let late = run.at_ms - made.ended_ms;
                say(format!("{} ran it {late} ms after its end", run.node));
            }
            if !names.contains(&run.node.as_str()) {
                say(format!("{} ran it, and it is not named", run.node));
            }
        }
        for (node, _) in ran.iter().filter(|(_, times)| **times > 1) {
            say(format!("{node} ran it twice, under two ids"));
        }
        let leaves_notes = matches!(made.asked.question, Question::Json | Question::Text);
        for answer in told
            .answers
            .iter()
            .filter(|answer| leaves_notes && answer.ok)
        {
            if !ran.contains_key(answer.name.as_str()) {
                say(format!("{} answered and has not run it", answer.name));
            }
        }
    }
    wrong
}
