//! How results look. `format` names the forms, `view` prints any of them: text is the original's,
//! because people and scripts know it, and `report` is the documented model of the others. What
//! nodes say is escaped before it reaches a terminal.

pub(crate) mod columns;
pub(crate) mod format;
pub(crate) mod graph;
pub(crate) mod json;
pub(crate) mod local;
pub(crate) mod out;
pub(crate) mod pretty;
pub(crate) mod progress;
pub(crate) mod rehearsal;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod stats;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod view;
pub(crate) mod yaml;

pub(crate) use format::Form;
pub use format::Format;
pub use out::Colour;
pub(crate) use out::Out;
pub(crate) use view::View;
