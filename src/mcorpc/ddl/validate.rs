//! Whether a request is what the DDL allows. The texts are the original's: its users know them,
//! and its clients tell outcomes by them.

use serde_json::{Map, Value};

use super::{Action, Ddl, Input, InputType, Query, Validation, validators};
use crate::mcorpc::{pattern, similar};

/// Why a request is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DdlError {
    /// An input is not what it must be.
    #[error("Cannot validate input {input}: {reason}")]
    Invalid {
        /// Which.
        input: String,
        /// What it must be.
        reason: String,
    },
    /// A required input is missing.
    #[error("Action {action} needs a {input} argument")]
    Missing {
        /// The action that needs it.
        action: String,
        /// Which.
        input: String,
    },
    /// A data plugin is asked nothing and needs a question.
    #[error("Data plugin {plugin} needs a query argument")]
    MissingQuery {
        /// The plugin.
        plugin: String,
    },
    /// There is no such action.
    #[error("Attempted to call action {action} for {agent} but it's not declared in the DDL{}",
            similar.as_ref().map(|name| format!(", did you mean {name}?")).unwrap_or_default())]
    UndeclaredAction {
        /// The agent that lacks it.
        agent: String,
        /// Which.
        action: String,
        /// One that there is and that is named much alike; only a client looks for it.
        similar: Option<String>,
    },
}

impl Ddl {
    /// The action of this name, or the original's error.
    pub fn declared_action(&self, name: &str) -> Result<&Action, DdlError> {
        self.find_action(name)
            .ok_or_else(|| DdlError::UndeclaredAction {
                agent: self.name.clone(),
                action: name.chars().take(80).collect(),
                similar: None,
            })
    }

    /// As [`Self::declared_action`], for a person who may have mistyped it.
    pub fn wanted_action(&self, name: &str) -> Result<&Action, DdlError> {
        self.declared_action(name).map_err(|error| match error {
            DdlError::UndeclaredAction { agent, action, .. } => {
                let names = self.actions.iter().map(|action| &action.name);
                let similar = similar::closest(name, names).map(str::to_owned);
                DdlError::UndeclaredAction {
                    agent,
                    action,
                    similar,
                }
            }
            error => error,
        })
    }

    /// Whether a data plugin may be asked this.
    pub fn validate_query(&self, query: Option<&Value>) -> Result<(), DdlError> {
        let input = self
            .query
            .as_ref()
            .and_then(|Query { input, .. }| input.as_ref());
        match (input, query) {
            (Some(input), Some(query)) => input.validate(query),
            (Some(input), None) if !input.optional => Err(DdlError::MissingQuery {
                plugin: self.name.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl Action {
    /// Fills in the defaults of what is missing and required; the client's part.
    pub fn fill_defaults(&self, data: &mut Map<String, Value>) {
        for input in self.inputs.iter().filter(|input| !input.optional) {
            if let Some(default) = input.default.as_ref().filter(|value| !value.is_null()) {
                data.entry(input.name.as_str())
                    .or_insert_with(|| default.clone());
            }
        }
    }

    /// Whether all that is required is there, and all that is declared is as declared. What is not
    /// declared passes, as in the original; see [`Self::undeclared`].
    pub fn validate(&self, data: &Map<String, Value>) -> Result<(), DdlError> {
        self.complete(data)?;
        self.given(data)
            .try_for_each(|(input, value)| input.validate(value))
    }

    /// As [`Self::validate`], for a client whose nodes may have validators and regular expressions
    /// that it does not have: what only they can check passes, and is given back with the reason.
    pub fn validate_for_nodes<'a>(
        &'a self,
        data: &Map<String, Value>,
    ) -> Result<Vec<(&'a Input, String)>, DdlError> {
        self.complete(data)?;
        let mut left = Vec::new();
        for (input, value) in self.given(data) {
            match input.left_to_nodes() {
                Some(reason) => left.push((input, reason)),
                None => input.validate(value)?,
            }
        }
        Ok(left)
    }

    /// Whether all that is required is there.
    fn complete(&self, data: &Map<String, Value>) -> Result<(), DdlError> {
        let missing = |input: &&Input| !input.optional && !data.contains_key(&input.name);
        self.inputs.iter().find(missing).map_or(Ok(()), |input| {
            Err(DdlError::Missing {
                action: self.name.clone(),
                input: input.name.clone(),
            })
        })
    }

    /// The declared inputs that are there.
    fn given<'a, 'b>(
        &'a self,
        data: &'b Map<String, Value>,
    ) -> impl Iterator<Item = (&'a Input, &'b Value)> {
        let inputs = self.inputs.iter();
        inputs.filter_map(|input| Some((input, data.get(&input.name)?)))
    }

    /// The inputs that the DDL does not know.
    pub fn undeclared<'a>(&self, data: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
        data.keys()
            .map(String::as_str)
            .filter(|name| *name != "process_results" && self.input_named(name).is_none())
    }

    /// The declared input whose name is nearest to this one, of those that are not given.
    pub fn similar_input(&self, name: &str, data: &Map<String, Value>) -> Option<&str> {
        let names = self.inputs.iter().map(|input| &input.name);
        similar::closest(name, names.filter(|name| !data.contains_key(*name)))
    }
}

impl Input {
    /// Why it can't be said here what it may be, if that is so.
    fn left_to_nodes(&self) -> Option<String> {
        match &self.kind {
            InputType::String {
                validation: Validation::Pattern(pattern),
                ..
            } => pattern::guard(pattern).err().map(|error| error.to_string()),
            InputType::Validator(name)
            | InputType::String {
                validation: Validation::Named(name),
                ..
            } if !validators::is_known(name) => Some(format!("there is no validator {name} here")),
            _ => None,
        }
    }

    /// Whether a value is what this input may be.
    pub fn validate(&self, value: &Value) -> Result<(), DdlError> {
        let checked = match &self.kind {
            InputType::List(texts) => validators::one_of(value, texts),
            InputType::String {
                validation,
                maxlength,
            } => validators::typecheck(value, "string")
                .and_then(|()| validators::length(value, *maxlength))
                .and_then(|()| match validation {
                    Validation::Named(name) => validators::named(value, name),
                    Validation::OneOf(texts) => validators::one_of(value, texts),
                    Validation::Pattern(pattern) => validators::regex(value, pattern),
                }),
            InputType::Validator(name) => validators::named(value, name),
            kind => validators::typecheck(value, kind.as_str()),
        };
        checked.map_err(|reason| DdlError::Invalid {
            input: self.name.clone(),
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcorpc::ddl::builtin;
    use serde_json::json;

    fn data(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else {
            panic!("{value}")
        };
        map
    }

    #[test]
    fn texts_are_the_originals() {
        let ddl = builtin::rpcutil();
        let error = ddl.declared_action("nosuch").unwrap_err().to_string();
        assert_eq!(
            error,
            "Attempted to call action nosuch for rpcutil but it's not declared in the DDL"
        );
        assert!(
            ddl.wanted_action("pingg")
                .unwrap_err()
                .to_string()
                .ends_with("did you mean ping?")
        );
        let action = ddl.declared_action("get_fact").unwrap();
        for (given, expected) in [
            (json!({}), "Action get_fact needs a fact argument"),
            (
                json!({"fact": 1}),
                "Cannot validate input fact: value should be a string",
            ),
            (
                json!({"fact": null}),
                "Cannot validate input fact: value should be a string",
            ),
            (
                json!({"fact": "a".repeat(41)}),
                "Cannot validate input fact: Input string is longer than 40 character(s)",
            ),
            (
                json!({"fact": "os\nrm -rf /"}),
                r"Cannot validate input fact: value should match ^[\w\-\.]+$",
            ),
        ] {
            let error = action
                .validate(&data(given.clone()))
                .unwrap_err()
                .to_string();
            assert_eq!(error, expected, "{given}");
        }
        let good = data(json!({"fact": "os.family", "bogus": 1}));
        assert_eq!(action.validate(&good), Ok(()));
        assert_eq!(action.undeclared(&good).collect::<Vec<_>>(), ["bogus"]);
        assert_eq!(action.similar_input("facr", &data(json!({}))), Some("fact"));
        assert_eq!(action.similar_input("facr", &good), None, "it is there");
        // Lengths are in characters.
        let wide = Input::new("x", "", "", InputType::matching("^.+$", 2));
        assert_eq!(wide.validate(&json!("éé")), Ok(()));
    }

    #[test]
    fn every_type_is_checked() {
        let boolean =
            |kind: InputType, value: Value| Input::new("x", "", "", kind).validate(&value).is_ok();
        let one_of = || InputType::one_of(&["a", "b"]);
        for (kind, value, expected) in [
            (InputType::Boolean, json!(true), true),
            (InputType::Boolean, json!("true"), false),
            (InputType::Integer, json!(1), true),
            (InputType::Integer, json!(1.0), false),
            (InputType::Float, json!(1.0), true),
            (InputType::Float, json!(1), false),
            (InputType::Number, json!(1), true),
            (InputType::Number, json!(1.5), true),
            (InputType::Number, json!("1"), false),
            (one_of(), json!("b"), true),
            (one_of(), json!("c"), false),
            (InputType::Array, json!([1]), true),
            (InputType::Array, json!({}), false),
            (InputType::Hash, json!({}), true),
            (InputType::Validator("shellsafe".into()), json!("a b"), true),
            (
                InputType::Validator("shellsafe".into()),
                json!("a;b"),
                false,
            ),
            (InputType::Validator("nosuch".into()), json!("a"), false),
            (
                InputType::matching("^.+$", 0),
                json!("x".repeat(9999)),
                true,
            ),
            (InputType::matching("[", 0), json!("x"), false), // a DDL's fault must not let all pass
        ] {
            assert_eq!(
                boolean(kind.clone(), value.clone()),
                expected,
                "{kind:?} {value}"
            );
        }
    }

    #[test]
    fn what_only_nodes_can_check_is_left_to_them() {
        let action = Action::new("run", "")
            .input(Input::new(
                "task",
                "",
                "",
                InputType::text("bolt_task_name", 9),
            ))
            .input(Input::new("kind", "", "", InputType::Validator("kind".into())).optional())
            .input(Input::new("path", "", "", InputType::matching("^(?!/etc)", 9)).optional())
            .input(Input::new("user", "", "", InputType::text("shellsafe", 9)).optional());
        let given = data(json!({"task": "a", "kind": 1, "path": "/etc", "user": "ann"}));
        let left: Vec<String> = action
            .validate_for_nodes(&given)
            .unwrap()
            .into_iter()
            .map(|(input, reason)| format!("{}: {reason}", input.name))
            .collect();
        assert_eq!(
            left[..2],
            [
                "task: there is no validator bolt_task_name here",
                "kind: there is no validator kind here",
            ]
        );
        assert!(left[2].starts_with("path: the regular expression /^(?!/etc)/ can't be used"));
        assert!(
            action.validate(&given).is_err(),
            "a node must know all that it checks"
        );
        let unsafe_user = data(json!({"task": "a", "user": "$a"}));
        assert!(action.validate_for_nodes(&unsafe_user).is_err());
        assert!(action.validate_for_nodes(&data(json!({}))).is_err());
    }

    #[test]
    fn defaults_are_for_what_is_required_and_missing() {
        let action = Action::new("a", "")
            .input(Input::new("one", "", "", InputType::Integer).or(1))
            .input(
                Input::new("two", "", "", InputType::Integer)
                    .or(2)
                    .optional(),
            )
            .input(Input::new("three", "", "", InputType::Integer))
            .input(Input::new("four", "", "", InputType::Integer).or(4));
        let mut given = data(json!({"four": 5}));
        action.fill_defaults(&mut given);
        assert_eq!(given, data(json!({"four": 5, "one": 1})));
        assert_eq!(
            action.validate(&given).unwrap_err().to_string(),
            "Action a needs a three argument"
        );
    }

    #[test]
    fn queries_are_checked() {
        let own = |query| {
            Ddl::new(
                super::super::Kind::Data,
                super::super::Metadata::own("x", "", 1),
            )
            .query(query)
        };
        let kind = || InputType::matching(r"^\w+$", 5);
        let asked = own(Query::new("").input("", "", kind()));
        assert!(asked.validate_query(None).is_err());
        assert!(asked.validate_query(Some(&json!("abc"))).is_ok());
        assert!(asked.validate_query(Some(&json!("a b"))).is_err());
        let optional = own(Query::new("").input("", "", kind()).optional());
        assert!(optional.validate_query(None).is_ok());
        assert!(own(Query::new("")).validate_query(None).is_ok());
    }
}
