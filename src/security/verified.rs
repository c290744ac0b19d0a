//! The proof that a signature held.

use crate::mcorpc::names::CallerId;

/// A value whose signature was checked, and by whom it was made. Only a security provider makes
/// one, and an agent runs nothing else: forgetting to verify does not compile.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    value: T,
    caller: CallerId,
    digest: [u8; 32],
}

impl<T> Verified<T> {
    pub(in crate::security) const fn new(value: T, caller: CallerId, digest: [u8; 32]) -> Self {
        Self {
            value,
            caller,
            digest,
        }
    }

    /// What was signed.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Who signed it.
    pub const fn caller(&self) -> &CallerId {
        &self.caller
    }

    /// SHA-256 of the signed bytes as received; a reply names it.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}
