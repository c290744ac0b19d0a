//! How results look: rows, footers, colours, JSON. The layout is the original's, because people
//! and scripts know it; what nodes say is escaped before it reaches a terminal.

pub(crate) mod columns;
pub(crate) mod graph;
pub(crate) mod inspect;
pub(crate) mod json;
pub(crate) mod out;
pub(crate) mod progress;
pub(crate) mod rehearsal;
pub(crate) mod results;
pub(crate) mod stats;
pub(crate) mod summary;

pub use out::Colour;
pub(crate) use out::Out;
