//! Outputs that the original's agents did not have. Where its rows and arrays are expected, they
//! are left out, or shown where a node says anything there.

use serde_json::Value;

/// When an output is shown there.
#[derive(Clone, Copy)]
enum Shown {
    /// Where it says anything, as it tells what the original could not.
    IfAny,
    /// Never: the forms that show all have it.
    InFull,
}

/// Agent, actions, output.
const OWN: [(&str, &[&str], &str, Shown); 15] = [
    (
        "service",
        &["status", "start", "stop", "restart"],
        "state",
        Shown::InFull,
    ),
    (
        "service",
        &["start", "stop", "restart"],
        "changed",
        Shown::InFull,
    ),
    (
        "service",
        &["start", "stop", "restart"],
        "log",
        Shown::IfAny,
    ),
    (
        "puppet",
        &["enable", "disable", "runonce"],
        "changed",
        Shown::InFull,
    ),
    ("puppet", &["status"], "run", Shown::IfAny),
    ("puppet", &["status"], "run_request", Shown::InFull),
    ("puppet", &["last_run_summary"], "run_result", Shown::InFull),
    ("puppet", &["last_run_summary"], "problem", Shown::IfAny),
    ("package", &PACKAGES, "changed", Shown::InFull),
    ("package", &PACKAGES, "architecture", Shown::InFull),
    ("package", &["status"], "architecture", Shown::InFull),
    ("package", &PACKAGES, "exitcode", Shown::IfAny),
    ("package", &PACKAGES, "packages", Shown::IfAny),
    ("package", &["status"], "packages", Shown::IfAny),
    ("package", &["status"], "run", Shown::IfAny),
];

const PACKAGES: [&str; 4] = ["install", "update", "uninstall", "purge"];

/// Whether an output with this value belongs to what the original shows.
pub fn shows(agent: &str, action: &str, output: &str, value: &Value) -> bool {
    let own = OWN.iter().find(|(of, actions, name, _)| {
        *of == agent && actions.contains(&action) && *name == output
    });
    match own {
        None => true,
        Some((.., Shown::IfAny)) => !value.is_null(),
        Some((.., Shown::InFull)) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcorpc::ddl::builtin;

    #[test]
    fn all_of_them_are_declared() {
        for (agent, actions, output, _) in OWN {
            let ddl = builtin::agent(agent).unwrap();
            for action in actions {
                let action = ddl.find_action(action).unwrap();
                assert!(action.output_named(output).is_some(), "{agent} {output}");
            }
        }
    }

    #[test]
    fn what_the_original_had_is_always_shown() {
        assert!(shows("puppet", "resource", "changed", &json!(true)));
        assert!(shows("service", "status", "status", &json!("running")));
        assert!(!shows("service", "status", "state", &json!("running")));
        assert!(!shows("puppet", "status", "run", &Value::Null));
        assert!(shows("puppet", "status", "run", &json!({"id": 1})));
        assert!(shows("nosuch", "start", "changed", &json!(true)));
    }
}
