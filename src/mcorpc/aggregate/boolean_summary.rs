//! `boolean_summary`: how often true and false occur, under the labels that the DDL gives them.

use serde_json::{Map, Value};

use super::{Aggregate, AggregateError, Rows, summary::Counter};

pub(super) struct BooleanSummary {
    yes: String,
    no: String,
    counter: Counter,
}

impl BooleanSummary {
    pub(super) fn new(
        labels: &Map<String, Value>,
        format: Option<&str>,
    ) -> Result<Self, AggregateError> {
        let label = |name: &str, otherwise: &str| {
            let label = labels.get(name).and_then(Value::as_str);
            label.unwrap_or(otherwise).to_owned()
        };
        Ok(Self {
            yes: label("true", "True"),
            no: label("false", "False"),
            // As the original has it, whatever the labels.
            counter: Counter::new(format)?.padded_to(5),
        })
    }
}

impl Aggregate for BooleanSummary {
    fn add(&mut self, value: &Value) -> Result<(), AggregateError> {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            match value {
                Value::Bool(false) => self.counter.count(self.no.clone()),
                // As Ruby has it, what is neither nil nor false is true.
                Value::Null => {}
                _ => self.counter.count(self.yes.clone()),
            }
        }
        Ok(())
    }

    fn summarize(&self) -> Rows {
        self.counter.summarize()
    }
}
