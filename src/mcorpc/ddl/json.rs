//! DDLs as Choria has them, in JSON: agents (`$schema` v1) and data plugins.
//!
//! What that format does not have (a usage text, what happens on a timeout) is left out, but for
//! `on_timeout`, which a reader that does not know it passes over.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Action, Aggregate, Ddl, Display, Input, InputType, Kind, Metadata, OnTimeout, Output, Query,
    Validation,
};

/// A DDL that can't be read: which part, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A part is not as it must be.
    #[error("{part}: {what}")]
    Part {
        /// Which.
        part: String,
        /// What is wrong.
        what: String,
    },
    /// It is no JSON.
    #[error("{line}:{column}: {what}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// The character in it, counted from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
}

#[derive(Deserialize)]
struct File {
    metadata: Option<Value>,
    #[serde(default)]
    actions: Vec<Value>,
    query: Option<Value>,
    #[serde(default)]
    output: Map<String, Value>,
    #[serde(default)]
    capabilities: Vec<String>,
}

#[derive(Deserialize)]
struct FileAction {
    action: String,
    description: String,
    #[serde(default)]
    input: Map<String, Value>,
    #[serde(default)]
    output: Map<String, Value>,
    #[serde(default)]
    display: Option<Display>,
    #[serde(default)]
    aggregate: Option<Vec<FileAggregate>>,
    #[serde(default)]
    on_timeout: OnTimeout,
}

#[derive(Deserialize)]
struct FileAggregate {
    function: String,
    args: Vec<Value>,
}

#[derive(Deserialize)]
struct FileInput {
    prompt: String,
    description: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    optional: bool,
    default: Option<Value>,
    #[serde(default)]
    sensitive: bool,
    validation: Option<String>,
    #[serde(default)]
    maxlength: usize,
    list: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct FileOutput {
    description: String,
    display_as: String,
    default: Option<Value>,
}

/// Reads the DDL of the plugin that is called `name`.
pub fn read(kind: Kind, name: &str, text: &str) -> Result<Ddl, JsonError> {
    let file: File = serde_json::from_str(text).map_err(|error| JsonError::Syntax {
        line: error.line(),
        column: error.column(),
        what: reason(&error),
    })?;
    let metadata = file
        .metadata
        .ok_or_else(|| part_error("metadata", "it is missing"))?;
    let mut ddl = Ddl::new(kind, part::<Metadata>("metadata", metadata)?);
    name.clone_into(&mut ddl.name);
    for (at, value) in file.actions.into_iter().enumerate() {
        ddl.actions.push(action(at, value)?);
    }
    if kind == Kind::Data {
        let input = file.query.filter(|query| !query.is_null());
        ddl.query = Some(Query {
            description: ddl.metadata.description.clone(),
            input: input
                .map(|value| input_of("query", "query", value))
                .transpose()?,
            outputs: outputs("", file.output)?,
        });
    }
    ddl.capabilities = file.capabilities;
    Ok(ddl)
}

/// What the library says, without the place that it adds.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

fn part_error(part: impl Into<String>, what: impl Into<String>) -> JsonError {
    JsonError::Part {
        part: part.into(),
        what: what.into(),
    }
}

fn part<T: for<'de> Deserialize<'de>>(name: &str, value: Value) -> Result<T, JsonError> {
    serde_json::from_value(value).map_err(|error| part_error(name, reason(&error)))
}

fn action(at: usize, value: Value) -> Result<Action, JsonError> {
    let name = value.get("action").and_then(Value::as_str);
    let named = name.map_or_else(|| format!("actions[{at}]"), |name| format!("action {name}"));
    let file: FileAction = part(&named, value)?;
    let mut action = Action::new(&file.action, &file.description);
    action.display = file.display.unwrap_or_default();
    action.on_timeout = file.on_timeout;
    for (name, value) in file.input {
        let part = format!("{named}: input {name}");
        action.inputs.push(input_of(&part, &name, value)?);
    }
    action.outputs = outputs(&format!("{named}: "), file.output)?;
    for file in file.aggregate.unwrap_or_default() {
        let part = format!("{named}: aggregate {}", file.function);
        action.aggregates.push(aggregate(&part, file)?);
    }
    Ok(action)
}

fn aggregate(part: &str, file: FileAggregate) -> Result<Aggregate, JsonError> {
    let wrong = || {
        part_error(
            part,
            "`args` is [\"output\"] or [\"output\", {\"format\": \"text\"}]",
        )
    };
    let mut args = file.args.into_iter();
    let (Some(Value::String(output)), rest, None) = (args.next(), args.next(), args.next()) else {
        return Err(wrong());
    };
    let mut aggregate = Aggregate::new(&file.function, &output);
    match rest {
        Some(Value::Object(mut rest)) => {
            if let Some(Value::String(format)) = rest.remove("format") {
                aggregate.format = Some(format);
            }
            aggregate.args = rest;
        }
        None | Some(Value::Null) => {}
        Some(_) => return Err(wrong()),
    }
    Ok(aggregate)
}

fn outputs(before: &str, outputs: Map<String, Value>) -> Result<Vec<Output>, JsonError> {
    let output = |(name, value): (String, Value)| {
        let file: FileOutput = part(&format!("{before}output {name}"), value)?;
        Ok(Output {
            name,
            description: file.description,
            display_as: file.display_as,
            default: file.default,
        })
    };
    outputs.into_iter().map(output).collect()
}

fn input_of(part_name: &str, name: &str, value: Value) -> Result<Input, JsonError> {
    let file: FileInput = part(part_name, value)?;
    let kind = match file.kind.to_ascii_lowercase().as_str() {
        "array" => InputType::Array,
        "boolean" => InputType::Boolean,
        "float" => InputType::Float,
        "hash" => InputType::Hash,
        "integer" => InputType::Integer,
        "number" => InputType::Number,
        "list" => match file.list {
            Some(list) => InputType::List(list),
            None => return Err(part_error(part_name, "it is a list, and `list` is missing")),
        },
        "string" => InputType::String {
            validation: validation(file.validation.unwrap_or_default()),
            maxlength: file.maxlength,
        },
        _ => InputType::Validator(file.kind),
    };
    Ok(Input {
        name: name.to_owned(),
        prompt: file.prompt,
        description: file.description,
        kind,
        optional: file.optional,
        default: file.default,
        sensitive: file.sensitive,
    })
}

/// A plain word is a validator's name, and anything else a regular expression.
fn validation(text: String) -> Validation {
    if is_word(&text) {
        Validation::Named(text)
    } else {
        Validation::Pattern(text)
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Writes a DDL as JSON.
pub fn write(ddl: &Ddl) -> String {
    // A map has no key that is not a text, so this can't fail.
    let mut text = serde_json::to_string_pretty(&document(ddl)).unwrap_or_default();
    text.push('\n');
    text
}

/// The DDL as an object.
pub fn document(ddl: &Ddl) -> Value {
    let mut metadata = ddl.metadata.clone();
    // It is by this name that Choria calls it.
    ddl.name.clone_into(&mut metadata.name);
    let mut file = Map::new();
    if matches!(ddl.kind, Kind::Agent | Kind::Data) {
        let kind = ddl.kind.as_str();
        let schema = format!("https://choria.io/schemas/mcorpc/ddl/v1/{kind}.json");
        file.insert("$schema".to_owned(), schema.into());
    }
    file.insert("metadata".to_owned(), json!(metadata));
    if ddl.kind == Kind::Agent {
        let actions = ddl.actions.iter().map(action_value);
        file.insert("actions".to_owned(), actions.collect());
    }
    if let Some(query) = &ddl.query {
        let input = query.input.as_ref().map(input_value);
        file.insert("query".to_owned(), json!(input));
        file.insert("output".to_owned(), outputs_value(&query.outputs));
    }
    if !ddl.capabilities.is_empty() {
        file.insert("capabilities".to_owned(), json!(ddl.capabilities));
    }
    Value::Object(file)
}

fn action_value(action: &Action) -> Value {
    let inputs = action
        .inputs
        .iter()
        .map(|input| (input.name.clone(), input_value(input)));
    let mut value = json!({
        "action": action.name,
        "description": action.description,
        "display": action.display,
        "input": inputs.collect::<Map<_, _>>(),
        "output": outputs_value(&action.outputs),
    });
    if !action.aggregates.is_empty() {
        value["aggregate"] = action.aggregates.iter().map(aggregate_value).collect();
    }
    if action.on_timeout != OnTimeout::default() {
        value["on_timeout"] = json!(action.on_timeout);
    }
    value
}

fn aggregate_value(aggregate: &Aggregate) -> Value {
    let mut rest = aggregate.args.clone();
    if let Some(format) = &aggregate.format {
        rest.insert("format".to_owned(), format.as_str().into());
    }
    let args = if rest.is_empty() {
        json!([aggregate.output])
    } else {
        json!([aggregate.output, rest])
    };
    json!({"function": aggregate.function, "args": args})
}

fn outputs_value(outputs: &[Output]) -> Value {
    let outputs = outputs.iter().map(|output| {
        let mut value = json!({
            "description": output.description,
            "display_as": output.display_as,
        });
        if let Some(default) = &output.default {
            value["default"] = default.clone();
        }
        (output.name.clone(), value)
    });
    Value::Object(outputs.collect())
}

fn input_value(input: &Input) -> Value {
    let kind = match &input.kind {
        // As Choria writes these two.
        InputType::Array => "Array",
        InputType::Hash => "Hash",
        kind => kind.as_str(),
    };
    let mut value = json!({
        "prompt": input.prompt,
        "description": input.description,
        "type": kind,
        "optional": input.optional,
    });
    if let Some(default) = &input.default {
        value["default"] = default.clone();
    }
    if input.sensitive {
        value["sensitive"] = true.into();
    }
    match &input.kind {
        InputType::List(texts) => value["list"] = json!(texts),
        InputType::String {
            validation,
            maxlength,
        } => {
            value["validation"] = pattern(validation).into();
            value["maxlength"] = json!(maxlength);
        }
        _ => {}
    }
    value
}

fn pattern(validation: &Validation) -> String {
    match validation {
        Validation::Named(name) => name.clone(),
        // It must not look like a validator's name.
        Validation::Pattern(pattern) if is_word(pattern) => format!("({pattern})"),
        Validation::Pattern(pattern) => pattern.clone(),
        Validation::OneOf(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| regex::escape(text)).collect();
            format!("^({})$", texts.join("|"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcorpc::ddl::builtin;

    #[test]
    fn what_is_written_is_read() {
        for ddl in builtin::agents() {
            assert_eq!(read(Kind::Agent, &ddl.name, &write(ddl)).as_ref(), Ok(ddl));
        }
        let metadata = Metadata::own("x", "An example", 9);
        let ddl = Ddl::new(Kind::Agent, metadata.clone()).action(
            Action::new("go", "Goes")
                .display(Display::Ok)
                .leave_on_timeout()
                .input(Input::new("a", "A", "a", InputType::Array).or(json!([1])))
                .input(Input::new("h", "H", "h", InputType::Hash).optional())
                .input(Input::new("l", "L", "l", InputType::one_of(&["x", "y"])))
                .input(Input::new(
                    "v",
                    "V",
                    "v",
                    InputType::Validator("port".into()),
                ))
                .input(Input::new("s", "S", "s", InputType::text("shellsafe", 9)))
                .output_or("o", "O", "Oh", false)
                .summarize(Aggregate::average("o").format("%d"))
                .summarize(Aggregate::boolean_summary("o", "on", "off")),
        );
        assert_eq!(read(Kind::Agent, "x", &write(&ddl)), Ok(ddl));
        let mut ddl = Ddl::new(Kind::Data, metadata);
        let query = Query::new("An example")
            .input("Q", "q", InputType::matching("^.$", 1))
            .output("o", "O", "Oh");
        ddl.query = Some(query);
        assert_eq!(read(Kind::Data, "x", &write(&ddl)), Ok(ddl));
    }

    #[test]
    fn choria_writes_more_and_that_is_passed_over() {
        let text = r#"{"$schema": "x", "more": 1,
            "metadata": {"name": "a", "description": "b", "author": "c", "license": "d", "version": "1",
                         "url": "e", "timeout": 5, "provider": "external", "service": true},
            "actions": [{"action": "run", "description": "f", "display": "always", "aggregate": null,
                "input": {"z": {"prompt": "p", "description": "d", "type": "String", "optional": true,
                                "default": null, "validation": "bolt_task_name", "maxlength": 0},
                          "a": {"prompt": "p", "description": "d", "type": "string", "validation": "."}},
                "output": {"o": {"description": "d", "display_as": "O", "type": "integer"}}}]}"#;
        let ddl = read(Kind::Agent, "a", text).unwrap();
        let names: Vec<&str> = ddl.actions[0]
            .inputs
            .iter()
            .map(|i| i.name.as_str())
            .collect();
        assert_eq!(names, ["z", "a"], "the order is the file's");
        assert_eq!(
            ddl.actions[0].inputs[0].kind,
            InputType::text("bolt_task_name", 0)
        );
        assert_eq!(ddl.actions[0].inputs[0].default, None);
        assert_eq!(ddl.actions[0].inputs[1].kind, InputType::matching(".", 0));
    }

    #[test]
    fn faults_are_named() {
        let metadata = r#""metadata": {"name": "a", "description": "b", "author": "c", "license": "d",
            "version": "1", "url": "e", "timeout": 5}"#;
        for (text, expected) in [
            ("", "1:0: EOF while parsing a value"),
            ("{\n  \"actions\": [}", "2:15: expected value"),
            ("{}", "metadata: it is missing"),
            (
                r#"{"metadata": {"name": "a"}}"#,
                "metadata: missing field `description`",
            ),
            (
                &format!(r#"{{{metadata}, "actions": [{{}}]}}"#),
                "actions[0]: missing field `action`",
            ),
            (
                &format!(
                    r#"{{{metadata}, "actions": [{{"action": "go", "description": "d", "display": "no"}}]}}"#
                ),
                "action go: unknown variant `no`, expected one of `always`, `failed`, `ok`",
            ),
            (
                &format!(
                    r#"{{{metadata}, "actions": [{{"action": "go", "description": "d", "input": {{
                        "x": {{"prompt": "p", "description": "d", "type": "list"}}}}}}]}}"#
                ),
                "action go: input x: it is a list, and `list` is missing",
            ),
            (
                &format!(
                    r#"{{{metadata}, "actions": [{{"action": "go", "description": "d",
                        "aggregate": [{{"function": "sum", "args": [1]}}]}}]}}"#
                ),
                "action go: aggregate sum: `args` is [\"output\"] or [\"output\", {\"format\": \"text\"}]",
            ),
        ] {
            assert_eq!(
                read(Kind::Agent, "a", text).unwrap_err().to_string(),
                expected
            );
        }
    }
}
