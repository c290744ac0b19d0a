//! MCollective as one file: the map of the house.
//!
//! An operator's `mco` signs a request and sends it to a **broker**, the broker copies it to the
//! **agents** that subscribe to its destination, and each agent verifies it, decides by its filter
//! whether it is meant, runs the action and sends a signed reply to the client's reply address.
//!
//! # Storeys
//!
//! Imports only go down; `tests/it/architecture.rs` holds it.
//!
//! ```text
//! TOP     cli                            what a person types and sees
//! ENGINE  broker  agent  client  enable  one per role; engines do not import each other
//!         config                         files and environment -> settings with a meaning
//! PORT    connector                      how a process reaches a broker
//!         security                       who signed this
//!         tls                            certificates and trust
//!         node                           what an agent knows of its machine
//! PURE    stomp                          frames: no tokio, no files, no clock
//!         mcorpc                         requests, replies, filters, DDL: likewise
//!         text                           what somebody else wrote, made fit to be shown: likewise
//! GROUND  sys                            the only home of `unsafe`, nix and sysinfo
//! ```
//!
//! Everybody may import `text`. The broker imports only `stomp`, `tls`, `config` and `sys` besides: it carries bytes and can't look into
//! a body by accident. `agent` runs a `security::Verified<Request>` and nothing else, and only a
//! security provider can make one.
//!
//! # Words
//!
//! * **identity**: the name of a node. **caller**: who signed a request. **TLS name**: the common
//!   name of the certificate that a connection presented. They are never mixed up.
//! * **agent**: a named set of **actions** (`rpcutil`, `service`), described by its **DDL**; also
//!   the daemon that hosts them.
//! * **collective**: a namespace of destinations; nodes and clients may be in several.
//! * **filter**: facts, classes, agents and identities that a node must match to be meant.
//! * **outcome**: how an addressed node ended: ok, failed, denied, ..., `no_response`.
//! * **presence**: the broker's list of who is connected, taken from subscriptions alone.

pub mod agent;
pub mod broker;
pub mod cli;
pub mod client;
pub mod config;
pub mod connector;
pub mod enable;
pub mod mcorpc;
pub mod node;
pub mod security;
pub mod stomp;
pub mod sys;
pub mod text;
pub mod tls;
