//! What must hold for any bytes. Each module has one `check`, which panics where it does not hold;
//! `cargo fuzz` and `tests/it/fuzz.rs` feed the same functions.

pub mod config;
pub mod ddl;
pub mod filter;
pub mod frames;
pub mod headers;
pub mod hocon;
pub mod jws;
pub mod policy;
pub mod state;
pub mod yaml;

/// Takes bytes off the front; zeros where there are none left.
fn take<const N: usize>(data: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    let (front, rest) = data.split_at(N.min(data.len()));
    taken[..front.len()].copy_from_slice(front);
    *data = rest;
    taken
}
