//! `sum`: all values added up.

use serde_json::Value;

use super::{Aggregate, AggregateError, Rows, format::Format, number};

pub(super) struct Sum {
    format: Format,
    sum: Option<f64>,
}

impl Sum {
    pub(super) fn new(output: &str, format: Option<&str>) -> Result<Self, AggregateError> {
        let format = Format::or(format, "Sum of ", output)?;
        Ok(Self { format, sum: None })
    }
}

impl Aggregate for Sum {
    fn add(&mut self, value: &Value) -> Result<(), AggregateError> {
        let value = number("sum", value)?;
        self.sum = Some(self.sum.unwrap_or(0.0) + value);
        Ok(())
    }

    fn summarize(&self) -> Rows {
        self.sum.map_or(Rows::Empty, |value| Rows::Number {
            value,
            line: self.format.number(value),
        })
    }
}
