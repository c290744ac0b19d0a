//! What was found to hold, remembered: a fleet's callers are few, and a chain costs more to verify
//! than a signature.

use std::collections::HashMap;

use super::{Certificates, chain::Holder, sha256};

/// Chains that were found to hold, the most recently used. Two generations: when the young one is
/// full it becomes the old one, and what was not asked for since then is forgotten.
#[derive(Default)]
pub(super) struct Known {
    young: HashMap<[u8; 32], Holder>,
    old: HashMap<[u8; 32], Holder>,
}

/// Entries a generation; one takes some 300 bytes.
const GENERATION: usize = 1024;

impl Known {
    pub(super) fn get(&mut self, fingerprint: &[u8; 32]) -> Option<Holder> {
        if let Some(holder) = self.young.get(fingerprint) {
            return Some(holder.clone());
        }
        let holder = self.old.remove(fingerprint)?;
        self.insert(*fingerprint, holder.clone());
        Some(holder)
    }

    pub(super) fn insert(&mut self, fingerprint: [u8; 32], holder: Holder) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(fingerprint, holder);
    }
}

/// Of all certificates together, each with its length.
pub(super) fn fingerprint(certificates: &Certificates) -> [u8; 32] {
    let mut all = Vec::new();
    for certificate in certificates {
        all.extend_from_slice(&certificate.len().to_be_bytes());
        all.extend_from_slice(certificate);
    }
    sha256(&all)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::SystemTime};

    use super::*;
    use crate::{security::pki::algorithm::Algorithm, tls::Validity};

    #[test]
    fn what_is_known_is_bounded_and_keeps_what_is_used() {
        let now = SystemTime::now();
        let holder = Holder {
            name: "n".into(),
            pin: format!("sha256:{}", "0".repeat(64)).parse().unwrap(),
            by_client_ca: false,
            algorithm: Algorithm::Es256,
            key: Arc::from([]),
            validity: Validity {
                not_before: now,
                not_after: now,
            },
        };
        let mut known = Known::default();
        let key = |i: usize| sha256(&i.to_be_bytes());
        for i in 0..10 * GENERATION {
            known.insert(key(i), holder.clone());
            assert!(known.get(&key(0)).is_some(), "{i}");
        }
        assert!(known.get(&key(1)).is_none());
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION);
    }
}
