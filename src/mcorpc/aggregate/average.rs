//! `average`: the mean. (The original's drops the fraction where all values are whole numbers.)

use serde_json::Value;

use super::{Aggregate, AggregateError, Rows, format::Format, number};

pub(super) struct Average {
    format: Format,
    sum: f64,
    count: u32,
}

impl Average {
    pub(super) fn new(output: &str, format: Option<&str>) -> Result<Self, AggregateError> {
        let format = Format::or(format, "Average of ", output)?;
        Ok(Self {
            format,
            sum: 0.0,
            count: 0,
        })
    }
}

impl Aggregate for Average {
    fn add(&mut self, value: &Value) -> Result<(), AggregateError> {
        self.sum += number("average", value)?;
        self.count += 1;
        Ok(())
    }

    fn summarize(&self) -> Rows {
        if self.count == 0 {
            return Rows::Empty;
        }
        let value = self.sum / f64::from(self.count);
        Rows::Number {
            value,
            line: self.format.number(value),
        }
    }
}
