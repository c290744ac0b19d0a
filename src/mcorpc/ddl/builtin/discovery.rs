//! `discovery`: the agent that answers `ping`. In the original it has no DDL and is no RPC agent;
//! here it is declared all the same, so that inventories show it.

use std::sync::LazyLock;

use crate::mcorpc::ddl::{Action, Ddl, Kind, Metadata};

static DDL: LazyLock<Ddl> = LazyLock::new(|| {
    Ddl::new(
        Kind::Agent,
        Metadata::own("discovery", "Answers who is there", 5),
    )
    .action(
        Action::new("ping", "Answers ping with pong")
            .always()
            .output("pong", "The answer", "Answer"),
    )
});

/// The DDL of the agent `discovery`.
pub fn discovery() -> &'static Ddl {
    &DDL
}
