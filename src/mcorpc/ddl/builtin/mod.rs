//! The DDLs of what is compiled in, one file each. Texts of agents that the original has are the
//! original's: scripts and people read them.

mod data;
mod discovery;
mod others;
mod own;
mod package;
mod puppet;
mod puppetral;
mod rpcutil;
mod service;

pub use discovery::discovery;
pub use own::shows;
pub use package::package;
pub use puppet::puppet;
pub use puppetral::puppetral;
pub use rpcutil::rpcutil;
pub use service::service;

use std::sync::LazyLock;

use super::{Ddl, Input, InputType, Kind};

/// The agents that are compiled in, sorted by name.
pub fn agents() -> [&'static Ddl; 6] {
    [
        discovery(),
        package(),
        puppet(),
        puppetral(),
        rpcutil(),
        service(),
    ]
}

/// The agent of this name.
pub fn agent(name: &str) -> Option<&'static Ddl> {
    agents().into_iter().find(|ddl| ddl.name == name)
}

/// The input by which a caller says that what is already as it is wanted (running, installed) is a
/// success. Requests of the original never have it, and get the original's failures; our client
/// sends it unless told otherwise.
pub const IDEMPOTENT: &str = "idempotent";

/// Its declaration.
fn idempotent() -> Input {
    Input::new(
        IDEMPOTENT,
        "Idempotent",
        "Whether it is a success when nothing has to be changed",
        InputType::Boolean,
    )
    .optional()
}

/// What can be asked of nodes in filters, sorted by name.
pub fn queries() -> &'static [Ddl] {
    static QUERIES: LazyLock<Vec<Ddl>> = LazyLock::new(data::queries);
    &QUERIES
}

/// The data query of this name.
pub fn query(name: &str) -> Option<&'static Ddl> {
    queries().iter().find(|ddl| ddl.name == name)
}

/// All that is compiled in of a kind, sorted by name.
pub fn plugins(kind: Kind) -> Vec<&'static Ddl> {
    static OTHERS: LazyLock<Vec<Ddl>> = LazyLock::new(others::others);
    match kind {
        Kind::Agent => agents().to_vec(),
        Kind::Data => queries().iter().collect(),
        kind => OTHERS.iter().filter(|ddl| ddl.kind == kind).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcorpc::{
        aggregate,
        ddl::{OnTimeout, json, ruby, validators},
    };

    #[test]
    fn what_works_is_declared_and_sorted() {
        for kind in Kind::ALL {
            let names: Vec<&str> = plugins(kind).iter().map(|ddl| ddl.name()).collect();
            assert!(names.is_sorted() && !names.is_empty(), "{kind:?} {names:?}");
            let working: Vec<&str> = match kind {
                Kind::Aggregate => aggregate::FUNCTIONS.to_vec(),
                Kind::Validator => validators::NAMES.to_vec(),
                _ => continue,
            };
            for name in working {
                assert!(names.contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn all_of_it_is_written_and_read() {
        for ddl in Kind::ALL.into_iter().flat_map(plugins) {
            let text = ruby::write(ddl);
            // The original has no word for what is left to go on.
            let mut known = ddl.clone();
            for action in &mut known.actions {
                action.on_timeout = OnTimeout::default();
            }
            assert_eq!(
                ruby::read(ddl.kind, &ddl.name, &text).as_ref(),
                Ok(&known),
                "{text}"
            );
            let text = json::write(ddl);
            let read = json::read(ddl.kind, &ddl.name, &text).unwrap();
            assert_eq!(
                (&read.actions, read.query.is_some()),
                (&ddl.actions, ddl.query.is_some())
            );
        }
    }
    #[test]
    fn all_that_the_original_refuses_to_do_twice_can_be_told_not_to() {
        let told = agents().into_iter().flat_map(|ddl| {
            let actions = ddl.actions.iter();
            actions
                .filter(|action| action.input_named(IDEMPOTENT).is_some())
                .map(|action| format!("{} {}", ddl.name, action.name))
        });
        let mut told: Vec<String> = told.collect();
        told.sort();
        assert_eq!(
            told,
            [
                "package install",
                "package purge",
                "package uninstall",
                "package update",
                "puppet disable",
                "puppet enable",
                "puppet runonce",
                "service restart",
                "service start",
                "service stop",
            ]
        );
    }
}
