//! Keeps the name service of a static glibc from loading anything.
//!
//! Even a statically linked glibc obeys `/etc/nsswitch.conf` and loads the modules named there,
//! which bring a second, dynamic libc into the process: an unknown user on a machine with
//! `passwd: files systemd` then ends it with a crash. Pinned, it reads files and asks DNS itself.
//! The price: no users from LDAP or SSSD, no mDNS. Who needs those asks `getent` as a child.
#![allow(unsafe_code, reason = "a call that glibc offers and no crate wraps")]

/// A name service database could not be pinned.
#[derive(Debug, thiserror::Error)]
#[error("the name service database `{0}` can't be pinned to files")]
pub struct PinError(&'static str);

/// Pins the name service to files and DNS. Call it first in `main`, before any other thread runs.
pub fn pin() -> Result<(), PinError> {
    #[cfg(target_env = "gnu")]
    for (database, sources) in DATABASES {
        // SAFETY: both are NUL-terminated and static, glibc copies what it keeps, and the function
        // takes the name service's own lock.
        let result = unsafe { __nss_configure_lookup(database.as_ptr(), sources.as_ptr()) };
        if result != 0 {
            return Err(PinError(database.to_str().unwrap_or("?")));
        }
    }
    Ok(())
}

#[cfg(target_env = "gnu")]
const DATABASES: [(&std::ffi::CStr, &std::ffi::CStr); 11] = [
    (c"passwd", c"files"),
    (c"group", c"files"),
    (c"initgroups", c"files"),
    (c"shadow", c"files"),
    (c"gshadow", c"files"),
    (c"services", c"files"),
    (c"protocols", c"files"),
    (c"networks", c"files"),
    (c"rpc", c"files"),
    (c"netgroup", c"files"),
    (c"hosts", c"files dns"),
];

#[cfg(target_env = "gnu")]
unsafe extern "C" {
    fn __nss_configure_lookup(
        database: *const std::ffi::c_char,
        sources: *const std::ffi::c_char,
    ) -> std::ffi::c_int;
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_database_is_known_to_this_libc() {
        super::pin().unwrap();
    }
}
