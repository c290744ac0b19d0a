//! The RPC language of `MCollective`: what a request and a reply say, whom a filter means, what a
//! DDL allows, who may do what. Pure: no tokio, no files, no clock.

pub mod aggregate;
pub mod ddl;
pub mod filter;
pub mod inspect;
pub mod names;
pub mod pattern;
pub mod policy;
pub mod reply;
pub mod request;
pub mod similar;
