//! Truth values joined by `not`, `and`, `or` and parentheses, without recursion: how deep
//! parentheses go is the sender's choice.

use super::EvalError;

/// An expression that is being read from left to right.
#[derive(Default)]
pub(super) struct Truth {
    values: Vec<bool>,
    pending: Vec<Pending>,
    /// Whether the last thing was a value, so that an operator must follow.
    complete: bool,
}

/// What waits for its right side, the loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Open,
    Or,
    And,
    Not,
}

const NO_OPERATOR: EvalError = EvalError::Malformed("`and` or `or` is missing");
const NO_VALUE: EvalError = EvalError::Malformed("a statement is missing");
const UNBALANCED: EvalError = EvalError::Malformed("parentheses do not match");

impl Truth {
    pub(super) fn value(&mut self, value: bool) -> Result<(), EvalError> {
        self.expect_value()?;
        self.values.push(value);
        self.complete = true;
        self.settle(Pending::Not);
        Ok(())
    }

    pub(super) fn not(&mut self) -> Result<(), EvalError> {
        self.expect_value()?;
        self.pending.push(Pending::Not);
        Ok(())
    }

    pub(super) fn open(&mut self) -> Result<(), EvalError> {
        self.expect_value()?;
        self.pending.push(Pending::Open);
        Ok(())
    }

    pub(super) fn close(&mut self) -> Result<(), EvalError> {
        self.expect_operator(NO_VALUE)?;
        self.settle(Pending::Or);
        if self.pending.pop() != Some(Pending::Open) {
            return Err(UNBALANCED);
        }
        self.settle(Pending::Not);
        Ok(())
    }

    pub(super) fn and(&mut self) -> Result<(), EvalError> {
        self.join(Pending::And)
    }

    pub(super) fn or(&mut self) -> Result<(), EvalError> {
        self.join(Pending::Or)
    }

    pub(super) fn finish(mut self) -> Result<bool, EvalError> {
        self.expect_operator(NO_VALUE)?;
        self.settle(Pending::Or);
        match (self.values.as_slice(), self.pending.as_slice()) {
            ([value], []) => Ok(*value),
            _ => Err(UNBALANCED),
        }
    }

    fn join(&mut self, operator: Pending) -> Result<(), EvalError> {
        self.expect_operator(NO_VALUE)?;
        self.settle(operator);
        self.pending.push(operator);
        self.complete = false;
        Ok(())
    }

    /// Applies what binds as tightly as this, or more so.
    fn settle(&mut self, down_to: Pending) {
        while let Some(operator) = self.pending.pop_if(|operator| *operator >= down_to) {
            let Some(right) = self.values.pop() else {
                return;
            };
            let value = match operator {
                Pending::Not => !right,
                Pending::And => self.values.pop().unwrap_or(false) && right,
                Pending::Or => self.values.pop().unwrap_or(false) || right,
                Pending::Open => right,
            };
            self.values.push(value);
        }
    }

    fn expect_value(&self) -> Result<(), EvalError> {
        if self.complete {
            Err(NO_OPERATOR)
        } else {
            Ok(())
        }
    }

    fn expect_operator(&self, otherwise: EvalError) -> Result<(), EvalError> {
        if self.complete {
            Ok(())
        } else {
            Err(otherwise)
        }
    }
}
