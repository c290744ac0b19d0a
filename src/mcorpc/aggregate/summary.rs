//! `summary`: how often each value occurs. Of an array each element counts.

use std::collections::HashMap;

use serde_json::Value;

use super::{Aggregate, AggregateError, Rows, format::Format};
use crate::mcorpc::inspect::inspect;

/// Counts values.
pub(super) struct Counter {
    format: Option<Format>,
    /// How wide the default format pads, if not to the longest.
    width: Option<usize>,
    counts: HashMap<String, u64>,
}

impl Counter {
    pub(super) fn new(format: Option<&str>) -> Result<Self, AggregateError> {
        Ok(Self {
            format: format.map(Format::new).transpose()?,
            width: None,
            counts: HashMap::new(),
        })
    }

    pub(super) fn padded_to(mut self, width: usize) -> Self {
        self.width = Some(width);
        self
    }

    pub(super) fn count(&mut self, text: String) {
        *self.counts.entry(text).or_default() += 1;
    }
}

impl Aggregate for Counter {
    fn add(&mut self, value: &Value) -> Result<(), AggregateError> {
        match value {
            Value::Array(values) => {
                for value in values.iter().filter(|value| !value.is_null()) {
                    self.count(text(value));
                }
            }
            Value::Null => {}
            value => self.count(text(value)),
        }
        Ok(())
    }

    fn summarize(&self) -> Rows {
        if self.counts.is_empty() {
            return Rows::Empty;
        }
        let mut counts: Vec<_> = self
            .counts
            .iter()
            .map(|(text, count)| (text.clone(), *count))
            .collect();
        // Values that occur equally often come by name, so that a run prints as the last did.
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let longest = counts.iter().map(|(text, _)| text.chars().count()).max();
        let width = self.width.or(longest).unwrap_or(0);
        let line = |(text, count): &(String, u64)| match &self.format {
            Some(format) => format.pair(text, *count),
            None => format!("{} = {count}", crate::text::right(text, width)),
        };
        Rows::Counts {
            lines: counts.iter().map(line).collect(),
            counts,
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => inspect(value),
    }
}
