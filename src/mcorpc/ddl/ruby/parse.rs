//! The grammar of statements, and what all of the grammar stands on.

use super::{
    RubyError,
    cursor::{At, Cursor, is_name},
    literal::shorten,
    syntax::{Arm, Expression, ExpressionKind, Statement, StatementKind},
};

/// So deep may blocks, brackets and conditions be nested.
const MAX_DEPTH: usize = 40;

/// Words that begin Ruby which a DDL has no use for.
pub(super) const NOT_FOR_DDLS: [&str; 17] = [
    "BEGIN", "END", "alias", "begin", "break", "case", "class", "def", "for", "lambda", "load",
    "module", "proc", "require", "return", "while", "yield",
];

/// Reads statements off a text.
pub(super) struct Parser<'a> {
    pub(super) cursor: Cursor<'a>,
    /// The local variables that are known here: a name that is one is no call.
    pub(super) variables: Vec<String>,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            cursor: Cursor::new(text),
            variables: Vec::new(),
            depth: 0,
        }
    }

    /// A parser for a text inside this one.
    pub(super) fn nested<'b>(&self, text: &'b str) -> Parser<'b> {
        Parser {
            cursor: Cursor::new(text),
            variables: self.variables.clone(),
            depth: self.depth,
        }
    }

    /// The whole file.
    pub(super) fn file(mut self) -> Result<Vec<Statement>, RubyError> {
        let statements = self.statements()?;
        match self.cursor.peek() {
            None => Ok(statements),
            Some('}') => self
                .cursor
                .refuse(self.cursor.at(), "this } closes nothing"),
            Some(_) => {
                let at = self.cursor.at();
                let word = self.cursor.name().unwrap_or_default();
                self.cursor
                    .refuse(at, format!("this `{word}` closes nothing"))
            }
        }
    }

    /// Statements up to the end, or to a word or bracket that closes what they stand in.
    fn statements(&mut self) -> Result<Vec<Statement>, RubyError> {
        let mut statements = Vec::new();
        loop {
            self.cursor.skip_lines();
            if self.cursor.take(";") {
                continue;
            }
            if self.cursor.peek().is_none_or(|c| c == '}') || self.closing_word().is_some() {
                return Ok(statements);
            }
            statements.push(self.statement()?);
            self.end_of_statement()?;
        }
    }

    fn closing_word(&self) -> Option<&'static str> {
        ["end", "else", "elsif"]
            .into_iter()
            .find(|word| self.at_word(word))
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.cursor
            .rest()
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|c| is_name(c) || matches!(c, '?' | '!' | ':')))
    }

    fn end_of_statement(&mut self) -> Result<(), RubyError> {
        self.cursor.skip_blanks();
        match self.cursor.peek() {
            None | Some('\n' | '#' | '}' | ';') => Ok(()),
            _ if self.closing_word().is_some() => Ok(()),
            _ => {
                let at = self.cursor.at();
                let found = self.found();
                self.cursor.refuse(
                    at,
                    format!(
                        "expected the end of the line, found {found} (is a comma missing before it?)"
                    ),
                )
            }
        }
    }

    /// What stands here, for a message.
    pub(super) fn found(&self) -> String {
        let rest = self.cursor.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || c == ',')
            .unwrap_or(rest.len());
        match rest.get(..end) {
            _ if rest.is_empty() => "the end of the file".to_owned(),
            Some("") | None => match rest.chars().next() {
                Some(',') => "`,`".to_owned(),
                _ => "the end of the line".to_owned(),
            },
            Some(word) => format!("`{}`", shorten(word)),
        }
    }

    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, RubyError>,
    ) -> Result<T, RubyError> {
        if self.depth >= MAX_DEPTH {
            let what = format!("nested more than {MAX_DEPTH} deep");
            return self.cursor.refuse(self.cursor.at(), what);
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn statement(&mut self) -> Result<Statement, RubyError> {
        self.deeper(|parser| {
            let statement = parser.simple_statement()?;
            parser.cursor.skip_blanks();
            let at = parser.cursor.at();
            for (word, wanted) in [("if", true), ("unless", false)] {
                if parser.cursor.take_word(word) {
                    parser.cursor.skip_blanks();
                    let condition = parser.condition(wanted)?;
                    let kind = StatementKind::If(vec![(Some(condition), vec![statement])]);
                    return Ok(Statement { at, kind });
                }
            }
            Ok(statement)
        })
    }

    fn simple_statement(&mut self) -> Result<Statement, RubyError> {
        let at = self.cursor.at();
        for (word, wanted) in [("if", true), ("unless", false)] {
            if self.cursor.take_word(word) {
                let kind = StatementKind::If(self.arms(wanted)?);
                return Ok(Statement { at, kind });
            }
        }
        if self.at_word("do") {
            let what = "this `do` stands alone; it belongs on the line of what it is for";
            return self.cursor.refuse(at, what);
        }
        if let Some(word) = NOT_FOR_DDLS.into_iter().find(|word| self.at_word(word)) {
            return self.cursor.refuse(
                at,
                format!(
                    "`{word}` is Ruby that is not carried out here: a DDL declares, and may have lists with \
                     each, conditions, and texts with #{{...}}"
                ),
            );
        }
        let is_call = self
            .cursor
            .peek()
            .is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && !["nil", "true", "false", "not"]
                .iter()
                .any(|word| self.at_word(word));
        if !is_call {
            return self.each(at);
        }
        let name = self.cursor.name().unwrap_or_default().to_owned();
        let after_name = self.cursor.at();
        self.cursor.skip_blanks();
        let rest = self.cursor.rest();
        let assigns = rest
            .strip_prefix('=')
            .is_some_and(|rest| !rest.starts_with(['=', '>', '~']));
        if assigns {
            self.cursor.next();
            self.cursor.skip_lines();
            let value = self.expression()?;
            self.variables.push(name.clone());
            let kind = StatementKind::Assign(name, value);
            return Ok(Statement { at, kind });
        }
        if self.variables.contains(&name) {
            let variable = Expression {
                at,
                kind: ExpressionKind::Variable(name),
            };
            let list = self.methods(variable)?;
            return self.each_of(at, list);
        }
        if after_name == self.cursor.at() && rest.starts_with('.') {
            let what = format!("there is no variable `{name}`");
            return self.cursor.refuse(at, what);
        }
        let parenthesised = after_name == self.cursor.at() && self.cursor.take("(");
        let arguments = if parenthesised {
            self.arguments(Some(')'))?
        } else {
            self.arguments(None)?
        };
        let bare = arguments.values.is_empty() && arguments.pairs.is_empty();
        self.cursor.skip_blanks();
        let braces = (parenthesised || bare) && self.cursor.peek() == Some('{');
        let block = if braces || self.at_word("do") {
            Some(self.block()?.1)
        } else {
            None
        };
        let kind = StatementKind::Call {
            name,
            arguments,
            block,
        };
        Ok(Statement { at, kind })
    }

    /// Conditions and what follows them, up to `end`.
    fn arms(&mut self, wanted: bool) -> Result<Vec<Arm>, RubyError> {
        let start = self.cursor.at();
        self.cursor.skip_blanks();
        let condition = self.condition(wanted)?;
        self.cursor.skip_blanks();
        self.cursor.take_word("then");
        let mut arms = vec![(Some(condition), self.statements()?)];
        loop {
            self.cursor.skip_lines();
            if self.cursor.take_word("end") {
                return Ok(arms);
            } else if self.cursor.take_word("elsif") {
                self.cursor.skip_blanks();
                let condition = self.condition(true)?;
                self.cursor.skip_blanks();
                self.cursor.take_word("then");
                arms.push((Some(condition), self.statements()?));
            } else if self.cursor.take_word("else") {
                arms.push((None, self.statements()?));
            } else {
                return self.unclosed(start);
            }
        }
    }

    fn condition(&mut self, wanted: bool) -> Result<Expression, RubyError> {
        let condition = self.expression()?;
        if wanted {
            return Ok(condition);
        }
        let at = condition.at;
        let kind = ExpressionKind::Not(Box::new(condition));
        Ok(Expression { at, kind })
    }

    fn unclosed<T>(&self, start: At) -> Result<T, RubyError> {
        let what = match self.cursor.peek() {
            None => "the file ends, and what begins here still lacks its `end`".to_owned(),
            Some(_) => format!(
                "what begins here is to be closed by `end`, not by {}",
                self.found()
            ),
        };
        self.cursor.refuse(start, what)
    }

    /// A list, and `.each` with a block.
    fn each(&mut self, at: At) -> Result<Statement, RubyError> {
        let list = self.expression()?;
        self.each_of(at, list)
    }

    fn each_of(&mut self, at: At, list: Expression) -> Result<Statement, RubyError> {
        if !self.at_each() {
            self.cursor.skip_blanks();
            let what = match &list.kind {
                _ if self.cursor.starts_with("=>") => {
                    "this belongs to nothing; is a comma missing at the end of the line before?"
                }
                ExpressionKind::Method(..) => {
                    "the only method that a statement can begin with is `each`"
                }
                _ => {
                    "a value by itself declares nothing; expected a statement such as `action` or `input`"
                }
            };
            return self.cursor.refuse(at, what);
        }
        self.cursor.take(".each");
        self.cursor.skip_blanks();
        let (names, body) = self.block()?;
        let kind = StatementKind::Each { list, names, body };
        Ok(Statement { at, kind })
    }

    pub(super) fn at_each(&self) -> bool {
        self.cursor
            .rest()
            .strip_prefix(".each")
            .is_some_and(|rest| !rest.starts_with(is_name))
    }

    /// `do |name, name| ... end` or `{ |name| ... }`.
    fn block(&mut self) -> Result<(Vec<String>, Vec<Statement>), RubyError> {
        let start = self.cursor.at();
        let braces = self.cursor.take("{");
        if !braces && !self.cursor.take_word("do") {
            let found = self.found();
            return self.cursor.refuse(
                start,
                format!("expected a block, `do ... end`, found {found}"),
            );
        }
        self.cursor.skip_blanks();
        let mut names = Vec::new();
        if self.cursor.take("|") {
            loop {
                self.cursor.skip_blanks();
                let at = self.cursor.at();
                match self.cursor.name() {
                    Some(name) => names.push(name.to_owned()),
                    None => return self.cursor.refuse(at, "expected a block's variable"),
                }
                self.cursor.skip_blanks();
                if self.cursor.take("|") {
                    break;
                }
                if !self.cursor.take(",") {
                    let at = self.cursor.at();
                    return self
                        .cursor
                        .refuse(at, "expected | after a block's variables");
                }
            }
        }
        let known = self.variables.len();
        self.variables.extend(names.iter().cloned());
        let body = self.statements()?;
        self.variables.truncate(known);
        let closed = if braces {
            self.cursor.take("}")
        } else {
            self.cursor.take_word("end")
        };
        if closed {
            return Ok((names, body));
        }
        if braces {
            return self.cursor.refuse(start, "this { is not closed by }");
        }
        self.unclosed(start)
    }
}
