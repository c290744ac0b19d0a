//! Declaring in code what a DDL file would declare, and about as readably.

use serde_json::{Map, Value};

use super::{
    Action, Aggregate, Ddl, Display, Input, InputType, Kind, Metadata, OnTimeout, Output, Query,
    Validation,
};

impl Ddl {
    /// Begins a declaration.
    pub fn new(kind: Kind, metadata: Metadata) -> Self {
        Self {
            kind,
            name: metadata.name.clone(),
            metadata,
            usage: String::new(),
            actions: Vec::new(),
            query: None,
            capabilities: Vec::new(),
            requires: None,
        }
    }

    /// By which name it is called, where its title is another.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Says how it is used.
    #[must_use]
    pub fn usage(mut self, text: &str) -> Self {
        text.clone_into(&mut self.usage);
        self
    }

    /// Declares an action.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Declares what a data plugin is asked and answers.
    #[must_use]
    pub fn query(mut self, query: Query) -> Self {
        self.query = Some(query);
        self
    }

    /// Declares what a discovery method can filter on.
    #[must_use]
    pub fn capabilities(mut self, capabilities: &[&str]) -> Self {
        self.capabilities = strings(capabilities);
        self
    }
}

impl Metadata {
    /// What is our own: everything but these is the same for all that is compiled in.
    pub fn own(name: &str, description: &str, timeout: u64) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            author: "The MCollective authors".to_owned(),
            license: "Apache-2.0".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            url: "https://docs.puppetlabs.com/mcollective/".to_owned(),
            timeout,
        }
    }
}

impl Action {
    /// Begins an action.
    pub fn new(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            ..Self::default()
        }
    }

    /// Every reply is shown, not only failures.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.display = Display::Always;
        self
    }

    /// Which replies are shown.
    #[must_use]
    pub fn display(mut self, display: Display) -> Self {
        self.display = display;
        self
    }

    /// It goes on when it takes too long.
    #[must_use]
    pub fn leave_on_timeout(mut self) -> Self {
        self.on_timeout = OnTimeout::Leave;
        self
    }

    /// Declares an input.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    /// Declares an output.
    #[must_use]
    pub fn output(mut self, name: &str, description: &str, display_as: &str) -> Self {
        self.outputs
            .push(Output::new(name, description, display_as));
        self
    }

    /// Declares an output that has a default.
    #[must_use]
    pub fn output_or(
        mut self,
        name: &str,
        description: &str,
        display_as: &str,
        default: impl Into<Value>,
    ) -> Self {
        let mut output = Output::new(name, description, display_as);
        output.default = Some(default.into());
        self.outputs.push(output);
        self
    }

    /// Has the replies summarised.
    #[must_use]
    pub fn summarize(mut self, aggregate: Aggregate) -> Self {
        self.aggregates.push(aggregate);
        self
    }
}

impl Input {
    /// A required input.
    pub fn new(name: &str, prompt: &str, description: &str, kind: InputType) -> Self {
        Self {
            name: name.to_owned(),
            prompt: prompt.to_owned(),
            description: description.to_owned(),
            kind,
            optional: false,
            default: None,
            sensitive: false,
        }
    }

    /// It may be left out.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// What it is where it is left out.
    #[must_use]
    pub fn or(mut self, default: impl Into<Value>) -> Self {
        self.default = Some(default.into());
        self
    }
}

impl InputType {
    /// A text that a regex describes, up to so many characters.
    pub fn matching(pattern: &str, maxlength: usize) -> Self {
        let validation = Validation::Pattern(pattern.to_owned());
        Self::String {
            validation,
            maxlength,
        }
    }

    /// A text that a validator accepts, up to so many characters.
    pub fn text(validator: &str, maxlength: usize) -> Self {
        let validation = Validation::Named(validator.to_owned());
        Self::String {
            validation,
            maxlength,
        }
    }

    /// One of these texts.
    pub fn one_of(texts: &[&str]) -> Self {
        Self::List(strings(texts))
    }
}

impl Output {
    /// An output without a default.
    pub fn new(name: &str, description: &str, display_as: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            display_as: display_as.to_owned(),
            default: None,
        }
    }
}

impl Aggregate {
    /// A function over an output.
    pub fn new(function: &str, output: &str) -> Self {
        Self {
            function: function.to_owned(),
            output: output.to_owned(),
            args: Map::new(),
            format: None,
        }
    }

    /// How its lines are printed.
    #[must_use]
    pub fn format(mut self, format: &str) -> Self {
        self.format = Some(format.to_owned());
        self
    }

    /// How often each value occurs.
    pub fn summary(output: &str) -> Self {
        Self::new("summary", output)
    }

    /// The mean.
    pub fn average(output: &str) -> Self {
        Self::new("average", output)
    }

    /// How often true and false occur, under other names.
    pub fn boolean_summary(output: &str, yes: &str, no: &str) -> Self {
        let mut aggregate = Self::new("boolean_summary", output);
        aggregate.args.insert("true".to_owned(), yes.into());
        aggregate.args.insert("false".to_owned(), no.into());
        aggregate
    }
}

impl Query {
    /// Begins what a data plugin answers.
    pub fn new(description: &str) -> Self {
        Self {
            description: description.to_owned(),
            ..Self::default()
        }
    }

    /// Declares what it is asked.
    #[must_use]
    pub fn input(mut self, prompt: &str, description: &str, kind: InputType) -> Self {
        self.input = Some(Input::new("query", prompt, description, kind));
        self
    }

    /// It may also be asked nothing.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.input = self.input.map(Input::optional);
        self
    }

    /// Declares an output.
    #[must_use]
    pub fn output(mut self, name: &str, description: &str, display_as: &str) -> Self {
        self.outputs
            .push(Output::new(name, description, display_as));
        self
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
