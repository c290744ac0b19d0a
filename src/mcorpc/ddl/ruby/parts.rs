//! The parts of a model, each from what its statement was given.

use serde_json::Map;

use super::{RubyError, properties::Properties, refuse, value::Value};
use crate::mcorpc::ddl::{
    Aggregate, COMPATIBLE_VERSION, Display, Input, InputType, Metadata, Output, Validation, newer,
};

pub(super) fn metadata(properties: &mut Properties<'_>) -> Result<Metadata, RubyError> {
    Ok(Metadata {
        name: properties.text("name")?,
        description: properties.text("description")?,
        author: properties.text("author")?,
        license: properties.text("license")?,
        version: properties.text("version")?,
        url: properties.text("url")?,
        timeout: properties.number("timeout")?,
    })
}

pub(super) fn requires(properties: &Properties<'_>) -> Result<String, RubyError> {
    let form = "requires :mcollective => \"2.2.1\"";
    let [(key, value, at)] = properties.pairs.as_slice() else {
        let what = format!("`requires` is written `{form}`");
        return refuse(properties.text, properties.at, what);
    };
    let (true, Some(version)) = (key == "mcollective", value.to_text()) else {
        let what = format!("only a version of mcollective can be required: `{form}`");
        return refuse(properties.text, *at, what);
    };
    if newer(&version, COMPATIBLE_VERSION) {
        let what = format!(
            "it requires MCollective {version} or newer, and this program does what {COMPATIBLE_VERSION} did"
        );
        return refuse(properties.text, *at, what);
    }
    Ok(version)
}

pub(super) fn display(properties: &Properties<'_>) -> Result<Display, RubyError> {
    let name = match properties.values.as_slice() {
        [value] => value.as_name(),
        _ => None,
    };
    match name {
        Some("ok") => Ok(Display::Ok),
        Some("failed") => Ok(Display::Failed),
        // What it left out, the sender, nobody wants to miss.
        Some("always" | "flatten") => Ok(Display::Always),
        _ => refuse(
            properties.text,
            properties.at,
            "`display` is :ok, :failed or :always",
        ),
    }
}

pub(super) fn input(
    properties: &mut Properties<'_>,
    needs_optional: bool,
) -> Result<Input, RubyError> {
    let name = properties.name_value("input :name, :prompt => \"text\", ...")?;
    let prompt = properties.text("prompt")?;
    let description = properties.text("description")?;
    if needs_optional {
        properties.required("optional")?;
    }
    let is = |key| {
        properties
            .get(key)
            .is_some_and(|(_, value, _)| value.is_true())
    };
    Ok(Input {
        name,
        prompt,
        description,
        kind: input_type(properties)?,
        optional: is("optional"),
        default: properties.default()?,
        sensitive: is("sensitive"),
    })
}

fn input_type(properties: &Properties<'_>) -> Result<InputType, RubyError> {
    let (_, value, at) = properties.required("type")?;
    let Some(name) = value.as_name() else {
        let what =
            "`:type` is :string, :list, :boolean, :integer, :float, :number, or a validator's name";
        return refuse(properties.text, *at, what);
    };
    Ok(match name {
        "Array" | "array" => InputType::Array,
        "boolean" => InputType::Boolean,
        "float" => InputType::Float,
        "Hash" | "hash" => InputType::Hash,
        "integer" => InputType::Integer,
        "number" => InputType::Number,
        "list" => InputType::List(list(properties)?),
        // As a text it is no type to the original, but a check of its own.
        "string" if matches!(value, Value::Text(_)) && properties.get("validation").is_none() => {
            InputType::Validator(name.to_owned())
        }
        "string" => InputType::String {
            validation: validation(properties)?,
            maxlength: usize::try_from(properties.number("maxlength")?).unwrap_or(usize::MAX),
        },
        other => InputType::Validator(other.to_owned()),
    })
}

fn list(properties: &Properties<'_>) -> Result<Vec<String>, RubyError> {
    let (_, value, at) = properties.required("list")?;
    match value {
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(Value::to_text).collect();
            match texts {
                Some(texts) => Ok(texts),
                None => refuse(properties.text, *at, "`:list` is a list of texts"),
            }
        }
        value => {
            let what = format!("`:list` needs a list of texts, not {}", value.kind());
            refuse(properties.text, *at, what)
        }
    }
}

fn validation(properties: &Properties<'_>) -> Result<Validation, RubyError> {
    let (_, value, at) = properties.required("validation")?;
    Ok(match value {
        Value::Text(pattern) => Validation::Pattern(pattern.clone()),
        Value::Symbol(name) => Validation::Named(name.clone()),
        Value::Regex { source, flags } => {
            let flags: String = flags
                .chars()
                .filter(|c| matches!(c, 'i' | 'm' | 'x'))
                .collect();
            Validation::Pattern(if flags.is_empty() {
                source.clone()
            } else {
                format!("(?{flags}:{source})")
            })
        }
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(Value::to_text).collect();
            match texts {
                Some(texts) => Validation::OneOf(texts),
                None => return refuse(properties.text, *at, "`:validation` as a list has texts"),
            }
        }
        // The original checks nothing then.
        Value::Nil | Value::Bool(_) => Validation::Pattern(String::new()),
        value => {
            let what = format!(
                "`:validation` is a regular expression, a validator's name or a list, not {}",
                value.kind()
            );
            return refuse(properties.text, *at, what);
        }
    })
}

pub(super) fn output(properties: &mut Properties<'_>) -> Result<Output, RubyError> {
    Ok(Output {
        name: properties.name_value("output :name, :description => \"text\", ...")?,
        description: properties.text("description")?,
        display_as: properties.text("display_as")?,
        default: properties.default()?,
    })
}

pub(super) fn aggregate(properties: &Properties<'_>) -> Result<Aggregate, RubyError> {
    let wrong = || {
        refuse(
            properties.text,
            properties.at,
            "`aggregate` is written `aggregate summary(:output)` or `aggregate average(:output, :format => \"%d\")`",
        )
    };
    let [Value::Call(function, arguments)] = properties.values.as_slice() else {
        return wrong();
    };
    let (output, rest) = match arguments.as_slice() {
        [output] => (output, None),
        [output, Value::Hash(rest)] => (output, Some(rest)),
        _ => return wrong(),
    };
    let Some(output) = output.as_name() else {
        return wrong();
    };
    let mut aggregate = Aggregate::new(function, output);
    let mut args = Map::new();
    for (key, value) in rest.into_iter().flatten() {
        let (Some(key), Some(json)) = (key.to_text(), value.to_json()) else {
            return wrong();
        };
        if key == "format" {
            aggregate.format = value.to_text();
        } else {
            args.insert(key, json);
        }
    }
    aggregate.args = args;
    // Behind the function the original takes a format and forgets it; it is what was meant.
    if let (None, Some((_, format, _))) = (&aggregate.format, properties.get("format")) {
        aggregate.format = format.to_text().filter(|text| !text.is_empty());
    }
    Ok(aggregate)
}
