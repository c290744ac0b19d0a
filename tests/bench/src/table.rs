//! Tables of many results: the median of all runs, and its ratio to the limit server's.
//!
//! A ratio is taken within one run, where both had the same machine; of these the median is shown,
//! with the least and the most. Processor time is a run's median round; seconds are its quietest
//! round, as whatever else runs on the machine only ever adds to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use serde_json::Value;

use crate::{Result, rounds::median};

/// What the limit server's results are labelled.
const FLOOR: &str = "limit-server";

/// What this project's broker's results are labelled.
const OURS: &str = "mcollective";

/// What NATS's results are labelled.
const NATS: &str = "nats-server";

/// One column of the table.
struct Column {
    title: &'static str,
    /// Where the figure is, as a JSON pointer.
    figure: &'static str,
    digits: usize,
}

const CPU: Column = Column {
    title: "broker CPU a round, ms",
    figure: "/broadcast/broker_cpu_ms/median",
    digits: 1,
};
const FIRST: Column = Column {
    title: "first reply, ms",
    figure: "/broadcast/first_ms/min",
    digits: 1,
};
const LAST: Column = Column {
    title: "last reply, ms",
    figure: "/broadcast/last_ms/min",
    digits: 1,
};
const CONNECT: Column = Column {
    title: "connect all, s",
    figure: "/connect/seconds",
    digits: 2,
};
const MEMORY: Column = Column {
    title: "KiB a connection",
    figure: "/memory_after_rounds/rss_kib_per_connection",
    digits: 1,
};
const DIRECTED: Column = Column {
    title: "directed replies/s",
    figure: "/directed/replies_per_s/max",
    digits: 0,
};
const STORM: Column = Column {
    title: "all back after a restart, s",
    figure: "/storm/seconds",
    digits: 2,
};

const COLUMNS: [Column; 7] = [CPU, FIRST, LAST, CONNECT, MEMORY, DIRECTED, STORM];

/// What a broker should reach: a column, and the most that its ratio to another may be.
const TARGETS: [(Column, &str, Bound); 7] = [
    (CPU, FLOOR, Bound::Most(1.5)),
    (LAST, FLOOR, Bound::Most(1.3)),
    (FIRST, FLOOR, Bound::Most(1.0)),
    (CONNECT, FLOOR, Bound::Most(1.5)),
    (STORM, FLOOR, Bound::Most(2.0)),
    (DIRECTED, NATS, Bound::Least(1.0)),
    (MEMORY, "", Bound::Most(20.0)),
];

#[derive(Clone, Copy)]
enum Bound {
    Most(f64),
    Least(f64),
}

const IN_MEMORY: [Column; 8] = [
    Column {
        title: "broker's heap, KiB a connection",
        figure: "/memory_connected/broker_heap_kib_per_connection",
        digits: 1,
    },
    Column {
        title: "after rounds",
        figure: "/memory_after_rounds/broker_heap_kib_per_connection",
        digits: 1,
    },
    Column {
        title: "whole process, RSS",
        figure: "/memory_after_rounds/process_rss_kib_per_connection",
        digits: 1,
    },
    CPU,
    FIRST,
    LAST,
    CONNECT,
    Column {
        title: "broker CPU to connect all, s",
        figure: "/connect/broker_cpu_s",
        digits: 1,
    },
];

/// One measurement.
struct Outcome {
    label: String,
    agents: u64,
    run: u64,
    tls: bool,
    all: Value,
}

/// Reads every `.json` of the directory and prints what is in them.
pub(crate) fn print(dir: &Path) -> Result<()> {
    let mut outcomes = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let all: Value = serde_json::from_str(&fs::read_to_string(&path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            match Outcome::read(all) {
                Ok(outcome) => outcomes.push(outcome),
                Err(problem) => println!("Left out {}: {problem}\n", path.display()),
            }
        }
    }
    let (in_memory, sockets): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .partition(|outcome| outcome.label == "in-memory");
    if !sockets.is_empty() {
        println!("{}\n{}", over_sockets(&sockets), targets(&sockets));
    }
    if !in_memory.is_empty() {
        println!("{}", over_memory(&in_memory));
    }
    Ok(())
}

impl Outcome {
    fn read(all: Value) -> std::result::Result<Self, String> {
        if let Some(problem) = all["problem"].as_str() {
            return Err(problem.to_owned());
        }
        if let Some((fault, times)) = all["faults"].as_object().and_then(|all| all.iter().next()) {
            return Err(format!("{fault} ({times} times)"));
        }
        let rounds = [&all["broadcast"], &all["directed"]];
        if rounds.iter().any(|rounds| rounds["exact"] == false) {
            return Err("replies were lost or came twice".into());
        }
        let number = |name: &str| all[name].as_u64();
        Ok(Self {
            label: all["label"].as_str().unwrap_or_default().to_owned(),
            agents: number("agents").ok_or("it has no agents")?,
            run: number("run").unwrap_or(1),
            tls: all["tls"] == true,
            all,
        })
    }

    fn figure(&self, column: &Column) -> Option<f64> {
        self.all.pointer(column.figure)?.as_f64()
    }
}

/// The runs of one broker with one size of fleet, by number.
struct Runs<'a>(BTreeMap<u64, &'a Outcome>);

impl<'a> Runs<'a> {
    fn of(all: &'a [Outcome], label: &str, agents: u64) -> Self {
        let chosen = all
            .iter()
            .filter(|outcome| outcome.label == label && outcome.agents == agents);
        Self(chosen.map(|outcome| (outcome.run, outcome)).collect())
    }

    fn figures(&self, column: &Column) -> Vec<f64> {
        sorted(self.0.values().filter_map(|outcome| outcome.figure(column)))
    }

    /// This broker's figure by another's, run by run.
    fn ratios(&self, other: &Self, column: &Column) -> Vec<f64> {
        sorted(self.0.iter().filter_map(|(run, ours)| {
            let theirs = other.0.get(run)?.figure(column)?;
            (theirs > 0.0).then_some(ours.figure(column)? / theirs)
        }))
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn over_sockets(all: &[Outcome]) -> String {
    let mut text = head("N | broker", &COLUMNS);
    for agents in sizes(all) {
        let floor = Runs::of(all, FLOOR, agents);
        for label in labels(all) {
            let runs = Runs::of(all, label, agents);
            if runs.0.is_empty() {
                continue;
            }
            let _ = write!(text, "| {} | {label} |", thousands(agents as f64, 0));
            for column in &COLUMNS {
                let _ = write!(text, " {} |", cell(column, &runs.figures(column)));
                if label != FLOOR
                    && let Some(ratio) = range(&runs.ratios(&floor, column))
                {
                    text.truncate(text.len() - 2);
                    let _ = write!(text, ", {ratio} |");
                }
            }
            text.push('\n');
        }
    }
    text
}

fn over_memory(all: &[Outcome]) -> String {
    let mut text = head("N | TLS", &IN_MEMORY);
    for agents in sizes(all) {
        for tls in [false, true] {
            let chosen = |outcome: &&Outcome| outcome.agents == agents && outcome.tls == tls;
            let runs: Vec<_> = all.iter().filter(chosen).collect();
            if runs.is_empty() {
                continue;
            }
            let word = if tls { "with" } else { "without" };
            let _ = write!(text, "| {} | {word} |", thousands(agents as f64, 0));
            for column in &IN_MEMORY {
                let figures = sorted(runs.iter().filter_map(|outcome| outcome.figure(column)));
                let _ = write!(text, " {} |", cell(column, &figures));
            }
            text.push('\n');
        }
    }
    text
}

/// Each target, and whether it is reached.
fn targets(all: &[Outcome]) -> String {
    let mut text = String::new();
    for agents in sizes(all) {
        let ours = Runs::of(all, OURS, agents);
        for (column, other, bound) in &TARGETS {
            let (values, unit) = if other.is_empty() {
                (ours.figures(column), String::new())
            } else {
                let theirs = Runs::of(all, other, agents);
                (ours.ratios(&theirs, column), format!(" of {other}'s"))
            };
            let Some(value) = median(&values) else {
                continue;
            };
            let (reached, words) = match bound {
                Bound::Most(most) => (value <= *most, format!("at most {most}")),
                Bound::Least(least) => (value >= *least, format!("at least {least}")),
            };
            let verdict = if reached { "reached" } else { "MISSED" };
            let _ = writeln!(
                text,
                "N = {agents}: {}: {value:.2}{unit}, should be {words}: {verdict}",
                column.title
            );
        }
    }
    text
}

fn head(first: &str, columns: &[Column]) -> String {
    let titles: Vec<_> = columns.iter().map(|column| column.title).collect();
    let rule = "---|".repeat(columns.len() + 2);
    format!("| {first} | {} |\n|{rule}\n", titles.join(" | "))
}

fn cell(column: &Column, figures: &[f64]) -> String {
    median(figures).map_or_else(String::new, |figure| thousands(figure, column.digits))
}

/// `1.18x (1.02-1.59)`.
fn range(ratios: &[f64]) -> Option<String> {
    let (least, most) = (ratios.first()?, ratios.last()?);
    Some(format!("{:.2}x ({least:.2}-{most:.2})", median(ratios)?))
}

/// With a comma after thousands.
fn thousands(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn sizes(all: &[Outcome]) -> BTreeSet<u64> {
    all.iter().map(|outcome| outcome.agents).collect()
}

/// The floor first.
fn labels(all: &[Outcome]) -> Vec<&str> {
    let labels: BTreeSet<_> = all.iter().map(|outcome| &*outcome.label).collect();
    let (floor, others): (Vec<_>, Vec<_>) = labels.into_iter().partition(|label| *label == FLOOR);
    [floor, others].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcome(label: &str, run: u64, cpu: f64) -> Outcome {
        Outcome::read(json!({
            "label": label, "run": run, "agents": 5000, "tls": true, "problem": null,
            "faults": {}, "broadcast": {"exact": true, "broker_cpu_ms": {"median": cpu}},
        }))
        .unwrap()
    }

    #[test]
    fn ratios_are_of_the_same_run() {
        let all = [
            outcome(FLOOR, 1, 10.0),
            outcome(FLOOR, 2, 20.0),
            outcome(FLOOR, 3, 1000.0),
            outcome(OURS, 1, 12.0),
            outcome(OURS, 2, 32.0),
            outcome(OURS, 3, 1400.0),
        ];
        let text = over_sockets(&all);
        let rows: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(rows[0], "| 5,000 | limit-server | 20.0 |  |  |  |  |  |  |");
        assert!(
            rows[1].starts_with("| 5,000 | mcollective | 32.0, 1.40x (1.20-1.60) |"),
            "{text}"
        );
        assert_eq!(
            targets(&all),
            "N = 5000: broker CPU a round, ms: 1.40 of limit-server's, should be at most 1.5: \
             reached\n"
        );
    }

    #[test]
    fn what_went_wrong_is_left_out() {
        let wrong = |all: Value| Outcome::read(all).err().unwrap();
        assert_eq!(wrong(json!({"problem": "no broker"})), "no broker");
        assert!(wrong(json!({"faults": {"cut off": 3}})).contains("cut off"));
        assert!(wrong(json!({"broadcast": {"exact": false}})).contains("lost"));
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(50_000.4, 0), "50,000");
        assert_eq!(thousands(999.96, 1), "1,000.0");
        assert_eq!(thousands(13.25, 1), "13.2");
    }
}
