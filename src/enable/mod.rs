//! Rollout: what makes a machine ready for its role.
//!
//! `broker`, `agent` and `client` know what a role needs, `enrol` joins with a token, `puppet_ca` finds
//! Puppet's certificates, `texts` has the configurations, `service` the units. All of them order what
//! is to be from `site`, which looks at each piece first, changes what differs and says so (`tools` are the machine's own
//! programs). `tokens` has what a broker's tokens tell, `status`
//! looks at a machine and names what is wrong with it. `demo` is a whole fleet on one machine, `pe_conf`
//! the switch in Puppet Enterprise's `pe.conf`.

pub mod agent;
pub mod broker;
pub mod client;
pub mod demo;
mod enrol;
mod layout;
pub mod machine;
pub mod pe_conf;
mod problem;
pub mod puppet_ca;
pub mod service;
pub mod site;
pub mod status;
mod texts;
pub mod tokens;
mod tools;

pub use layout::{Part, shell_word};
pub use machine::Authority;
pub use problem::{Kind, Problem};
pub use site::{Manner, Site, Step};
