//! Summaries of the replies of many nodes, made by the client: how often each value occurs, sums,
//! means.
//!
//! An action's DDL says which outputs are summarised and how. [`Aggregates`] takes the data of
//! every reply, failed ones included since they may carry data, and gives one [`Summary`] each.
//! A function that can't go on fails alone. A value that a reply does not have is left out; the
//! original gives up a whole sum or mean for it.

mod average;
mod boolean_summary;
mod format;
mod sum;
mod summary;

use serde_json::{Map, Value};

use super::ddl;

/// One function over one output.
pub trait Aggregate: Send {
    /// Takes the output of one reply.
    fn add(&mut self, value: &Value) -> Result<(), AggregateError>;

    /// What it comes to.
    fn summarize(&self) -> Rows;
}

/// What a function comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// How often each value occurs, the most frequent first.
    Counts {
        /// The value, as it is shown, and how often it occurs.
        counts: Vec<(String, u64)>,
        /// The same as lines of text.
        lines: Vec<String>,
    },
    /// No reply had a value.
    Empty,
    /// A single number.
    Number {
        /// The number.
        value: f64,
        /// The same as a line of text.
        line: String,
    },
}

impl Rows {
    /// As lines of text; none where no reply had a value.
    pub fn lines(&self) -> &[String] {
        match self {
            Self::Counts { lines, .. } => lines,
            Self::Empty => &[],
            Self::Number { line, .. } => std::slice::from_ref(line),
        }
    }
}

/// What is shown of one function.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The output that is summarised.
    pub output: String,
    /// What people see in place of its name: `Summary of <title>:`.
    pub title: String,
    /// What it comes to, or why it comes to nothing.
    pub result: Result<Rows, AggregateError>,
}

/// Why a function comes to nothing; shown after `Could not compute summary - `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AggregateError {
    /// A reply has a value that the function can't take.
    #[error(
        "exception raised while processing result data: {function} needs {wanted}, not {value}"
    )]
    Data {
        /// The function.
        function: &'static str,
        /// What it needs.
        wanted: &'static str,
        /// What it got, shortened.
        value: String,
    },
    /// The format of the DDL can't be used.
    #[error("exception raised while processing startup hook: the format {0:?} can't be used")]
    Format(String),
    /// There is no such function.
    #[error("exception raised while processing startup hook: there is no aggregate function {0:?}")]
    UnknownFunction(String),
    /// The DDL declares no such output.
    #[error("unspecified output '{0}' for the action")]
    UnspecifiedOutput(String),
}

/// All functions of an action.
pub struct Aggregates {
    running: Vec<Running>,
}

struct Running {
    output: String,
    title: String,
    state: Result<Box<dyn Aggregate>, AggregateError>,
}

impl Aggregates {
    /// Begins the summaries of an action.
    pub fn new(action: &ddl::Action) -> Self {
        let running = action.aggregates.iter().map(|aggregate| {
            let output = action.output_named(&aggregate.output);
            Running {
                output: aggregate.output.clone(),
                title: output
                    .map_or(&aggregate.output, |output| &output.display_as)
                    .clone(),
                state: match output {
                    Some(_) => function(aggregate),
                    None => Err(AggregateError::UnspecifiedOutput(aggregate.output.clone())),
                },
            }
        });
        Self {
            running: running.collect(),
        }
    }

    /// Takes the data of one reply.
    pub fn add(&mut self, data: &Map<String, Value>) {
        for running in &mut self.running {
            if let (Ok(function), Some(value)) = (&mut running.state, data.get(&running.output))
                && !value.is_null()
                && let Err(error) = function.add(value)
            {
                running.state = Err(error);
            }
        }
    }

    /// What all of them come to, by the outputs' names.
    pub fn summarize(&self) -> Vec<Summary> {
        let mut summaries: Vec<_> = self
            .running
            .iter()
            .map(|running| Summary {
                output: running.output.clone(),
                title: running.title.clone(),
                result: running
                    .state
                    .as_ref()
                    .map(|function| function.summarize())
                    .map_err(Clone::clone),
            })
            .collect();
        summaries.sort_by(|a, b| a.output.cmp(&b.output));
        summaries
    }
}

/// The functions that there are.
pub const FUNCTIONS: [&str; 4] = ["average", "boolean_summary", "sum", "summary"];

fn function(aggregate: &ddl::Aggregate) -> Result<Box<dyn Aggregate>, AggregateError> {
    let format = aggregate.format.as_deref();
    Ok(match aggregate.function.as_str() {
        "average" => Box::new(average::Average::new(&aggregate.output, format)?),
        "boolean_summary" => Box::new(boolean_summary::BooleanSummary::new(
            &aggregate.args,
            format,
        )?),
        "sum" => Box::new(sum::Sum::new(&aggregate.output, format)?),
        "summary" => Box::new(summary::Counter::new(format)?),
        other => return Err(AggregateError::UnknownFunction(other.to_owned())),
    })
}

/// A reply's number, or an error that shows what it is.
fn number(function: &'static str, value: &Value) -> Result<f64, AggregateError> {
    value.as_f64().ok_or_else(|| AggregateError::Data {
        function,
        wanted: "numbers",
        value: value.to_string().chars().take(80).collect(),
    })
}

#[cfg(test)]
mod tests;
