//! What an agent knows of its machine, and does to it.
//!
//! Facts and classes decide whether a request means this node, and data plugins answer what a
//! filter asks for. All of it reads files and may block for a moment: off the async tasks with it.
//! `service` and `package` know the managers of services and packages; what those run is data
//! (`program`), and what they print is read by pure code.

mod birth;
pub mod classes;
pub mod data;
pub mod facts;
pub mod package;
pub mod program;
pub mod puppet;
pub mod service;
