//! What the agents noted of what they ran: the audit says which request and with what data, the log
//! says to the microsecond when it began.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

/// Everything that all nodes ran.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) runs: Vec<Run>,
    /// Which of them are of a call, by its mark.
    of: HashMap<String, Vec<usize>>,
}

/// One action that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) node: String,
    pub(crate) id: String,
    pub(crate) at_ms: u64,
    /// The mark of its call; none where the node's end came before the audit's line.
    pub(crate) mark: Option<String>,
}

impl Notes {
    /// Reads the log and the audit of each node.
    pub(crate) fn read<'a>(nodes: impl IntoIterator<Item = (&'a str, String, String)>) -> Self {
        let mut runs = Vec::new();
        let mut marks = HashMap::new();
        for (node, log, audit) in nodes {
            runs.extend(log.lines().filter_map(|line| begun(node, line)));
            marks.extend(audit.lines().filter_map(marked));
        }
        for run in &mut runs {
            run.mark = marks.get(&run.id).cloned();
        }
        let mut of: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, run) in runs.iter().enumerate() {
            if let Some(mark) = &run.mark {
                of.entry(mark.clone()).or_default().push(at);
            }
        }
        Self { runs, of }
    }

    /// The runs of a call.
    pub(crate) fn of(&self, mark: &str) -> impl Iterator<Item = &Run> {
        let of = self.of.get(mark).into_iter().flatten();
        of.map(|at| &self.runs[*at])
    }
}

/// `TIME  INFO rpcutil#get_facts caller=... sender=... id=...`
fn begun(node: &str, line: &str) -> Option<Run> {
    let mut words = line.split_whitespace();
    let time = humantime::parse_rfc3339(words.next()?).ok()?;
    line.contains(" rpcutil#").then_some(())?;
    let id = words.find_map(|word| word.strip_prefix("id="))?;
    Some(Run {
        node: node.to_owned(),
        id: id.to_owned(),
        at_ms: ms(time),
        mark: None,
    })
}

/// `{"type":"decision","id":ID,...,"data":{"facts":"whoami,MARK"},...}`
fn marked(line: &str) -> Option<(String, String)> {
    let record: Value = serde_json::from_str(line).ok()?;
    let (_, mark) = record["data"]["facts"].as_str()?.split_once("whoami,")?;
    Some((record["id"].as_str()?.to_owned(), mark.to_owned()))
}

fn ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap()
}
