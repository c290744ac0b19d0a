//! What an agent knows of its machine, and does to it.
//!
//! Facts and classes decide whether a request means this node, and data plugins answer what a
//! filter asks for. All of it reads files and may block for a moment: off the async tasks with it.

pub mod classes;
pub mod data;
pub mod facts;
pub mod puppet;
