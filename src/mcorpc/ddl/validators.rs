//! The validators: each looks at one value and says what it must be.

use core::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::mcorpc::pattern;

/// What a value must be and isn't.
type Checked = Result<(), String>;

/// The names by which a DDL may ask for a validator.
pub const NAMES: [&str; 9] = [
    "ipv4address",
    "ipv6address",
    "package_name",
    "puppet_resource",
    "puppet_server_address",
    "puppet_tags",
    "puppet_variable",
    "service_name",
    "shellsafe",
];

/// Whether there is a validator or a type of this name.
pub fn is_known(name: &str) -> bool {
    is_type(name) || NAMES.contains(&name) || name == "ipaddress"
}

/// Checks with the validator, or for the type, of this name.
pub fn named(value: &Value, name: &str) -> Checked {
    if is_type(name) {
        return typecheck(value, name);
    }
    let check: fn(&str) -> Checked = match name {
        "ipv4address" => ipv4address,
        "ipv6address" => ipv6address,
        // Choria's, either of the two.
        "ipaddress" => |text| ipv4address(text).or_else(|_| ipv6address(text)),
        "package_name" => package_name,
        "puppet_resource" => puppet_resource,
        "puppet_server_address" => puppet_server_address,
        "puppet_tags" => puppet_tags,
        "puppet_variable" => puppet_variable,
        "service_name" => service_name,
        "shellsafe" => shellsafe,
        _ => return Err(format!("Unknown validator: '{name}'.")),
    };
    typecheck(value, "string")?;
    check(value.as_str().unwrap_or_default())
}

fn is_type(name: &str) -> bool {
    [
        "array", "boolean", "float", "hash", "integer", "number", "string",
    ]
    .contains(&name)
}

/// Whether a value is of the type that DDLs call this.
pub fn typecheck(value: &Value, kind: &str) -> Checked {
    let fits = match kind {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "float" => value.is_f64(),
        "hash" => value.is_object(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("value should be a {kind}"))
    }
}

/// Whether a text has no more than so many characters; 0 means any number.
pub fn length(value: &Value, most: usize) -> Checked {
    let text = value.as_str().unwrap_or_default();
    if most > 0 && text.len() > most && text.chars().count() > most {
        return Err(format!("Input string is longer than {most} character(s)"));
    }
    Ok(())
}

/// Whether a text matches, with `^` and `$` at the ends of the whole text.
pub fn regex(value: &Value, pattern: &str) -> Checked {
    let regex = pattern::guard(pattern).map_err(|error| error.to_string())?;
    require(
        value.as_str().is_some_and(|text| regex.is_match(text)),
        || format!("value should match {pattern}"),
    )
}

/// Whether it is one of these texts.
pub fn one_of(value: &Value, texts: &[String]) -> Checked {
    require(
        value
            .as_str()
            .is_some_and(|text| texts.iter().any(|one| one == text)),
        || format!("value should be one of {}", texts.join(", ")),
    )
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Nothing in it that a shell would act upon. What it lets pass is the original's and is not
/// enough to hand a text to a shell: programs are run without one.
fn shellsafe(text: &str) -> Checked {
    ["`", "$", ";", "|", "&&", ">", "<"]
        .into_iter()
        .find(|bad| text.contains(bad))
        .map_or(Ok(()), |bad| {
            Err(format!("value should not have {bad} in it"))
        })
}

fn ipv4address(text: &str) -> Checked {
    let valid = with_prefix(text, 32, |address| address.parse::<Ipv4Addr>().is_ok());
    require(valid, || "value should be an ipv4 address".to_owned())
}

fn ipv6address(text: &str) -> Checked {
    let valid = with_prefix(text, 128, |address| address.parse::<Ipv6Addr>().is_ok());
    require(valid, || "value should be an ipv6 address".to_owned())
}

/// Ruby's `IPAddr` takes networks too, `10.0.0.0/8`.
fn with_prefix(text: &str, most: u8, is_address: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        Some((address, prefix)) => {
            is_address(address)
                && prefix.bytes().all(|b| b.is_ascii_digit())
                && prefix.parse::<u8>().is_ok_and(|bits| bits <= most)
        }
        None => is_address(text),
    }
}

fn only(text: &str, others: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

fn service_name(text: &str) -> Checked {
    require(only(text, ".-_:@"), || {
        format!("{text} is not a valid service name")
    })
}

fn package_name(text: &str) -> Checked {
    require(only(text, ".-_"), || {
        format!("{text} is not a valid package name")
    })
}

fn puppet_variable(text: &str) -> Checked {
    shellsafe(text)?;
    require(only(text, "_"), || {
        format!("Invalid variable name '{text}' specified")
    })
}

fn puppet_tags(text: &str) -> Checked {
    shellsafe(text)?;
    text.split(',')
        .flat_map(|tag| tag.split("::"))
        .try_for_each(puppet_variable)
}

fn puppet_resource(text: &str) -> Checked {
    let valid = text
        .strip_suffix(']')
        .and_then(|text| text.split_once('['))
        .is_some_and(|(kind, name)| only(kind, "_") && !name.is_empty() && !name.contains('\n'));
    require(valid, || {
        format!("'{text}' is not a valid resource name, such as Service[httpd]")
    })
}

fn puppet_server_address(text: &str) -> Checked {
    shellsafe(text)?;
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok(());
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => (
            None,
            port.strip_prefix(':')
                .or((!port.is_empty()).then_some(port)),
        ),
        _ => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    if let Some(host) = host {
        let valid = host.split('.').all(|label| {
            only(label, "-") && !label.starts_with('-') && !label.ends_with('-') && label.len() < 64
        });
        require(valid, || {
            format!("The hostname '{host}' is not a valid hostname")
        })?;
    }
    match port {
        None => Ok(()),
        Some(port) => require(
            port.bytes().all(|b| b.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|port| port > 0),
            || format!("The port '{port}' is not a valid puppet master port"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn each_accepts_and_refuses() {
        let table: [(&str, &[&str], &[&str]); 9] = [
            (
                "shellsafe",
                &["a b", "a&b", "'x'", "(a)", "", "a\nb"],
                &["`a`", "$a", "a;b", "a|b", "a&&b", ">a", "<a"],
            ),
            (
                "ipv4address",
                &["10.0.0.1", "10.0.0.0/8"],
                &[
                    "10.0.0",
                    "::1",
                    "a",
                    "10.0.0.1/33",
                    "1.1.1.1/+8",
                    "1.1.1.1\n",
                ],
            ),
            (
                "ipv6address",
                &["::1", "fe80::/10"],
                &["10.0.0.1", "::g", "::1/129"],
            ),
            (
                "service_name",
                &["httpd", "getty@tty1", "a:b.c-d_e"],
                &["", "a b", "a%b", "a\nb", "a/b", "é"],
            ),
            (
                "package_name",
                &["libc6", "a.b-c_d"],
                &["g++", "", "a b", "a@b"],
            ),
            (
                "puppet_variable",
                &["a", "production_1"],
                &["", "a-b", "a b", "$a", "a::b"],
            ),
            (
                "puppet_tags",
                &["a", "a,b::c"],
                &["a, b", "a-b", "a,,b", "", "a:b", "::a"],
            ),
            (
                "puppet_resource",
                &["Service[httpd]", "file[/a b]"],
                &["Service", "A::B[x]", "a[]", "a[b]\n", "[b]", "a[b]c"],
            ),
            (
                "puppet_server_address",
                &[
                    "puppet",
                    "puppet.example.net:8140",
                    "10.0.0.1",
                    "[::1]:8140",
                    "[::1]",
                    "fe80::1",
                ],
                &[
                    "",
                    "pup pet",
                    "puppet:",
                    "puppet:0",
                    "puppet:65536",
                    "puppet:81x",
                    "[::1]8140x",
                    "-a",
                    "a..b",
                    "a;b",
                    "[::1]:",
                ],
            ),
        ];
        assert_eq!(table.len(), NAMES.len());
        for (name, good, bad) in table {
            for text in good {
                assert_eq!(named(&json!(text), name), Ok(()), "{name} {text:?}");
            }
            for text in bad {
                assert!(named(&json!(text), name).is_err(), "{name} {text:?}");
            }
            assert_eq!(
                named(&json!(1), name),
                Err("value should be a string".to_owned())
            );
        }
    }

    #[test]
    fn texts_are_the_originals() {
        for (name, text, expected) in [
            ("shellsafe", "a&&b", "value should not have && in it"),
            ("service_name", "a%b", "a%b is not a valid service name"),
            ("ipv4address", "x", "value should be an ipv4 address"),
            (
                "puppet_variable",
                "a-b",
                "Invalid variable name 'a-b' specified",
            ),
            (
                "puppet_server_address",
                "a:x",
                "The port 'x' is not a valid puppet master port",
            ),
            ("nosuch", "x", "Unknown validator: 'nosuch'."),
        ] {
            assert_eq!(named(&json!(text), name), Err(expected.to_owned()));
        }
        let texts = ["a".to_owned(), "b".to_owned()];
        assert_eq!(
            one_of(&json!("c"), &texts),
            Err("value should be one of a, b".to_owned())
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in r".*|[a-z:\[\]./0-9]{0,12}") {
            for name in NAMES {
                drop(named(&json!(text), name));
            }
        }
    }
}
