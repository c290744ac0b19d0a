//! Gives memory back that this process does not need just now.
#![allow(
    unsafe_code,
    reason = "the program's own segments, and the allocator's own call"
)]

use std::{
    ffi::{c_int, c_void},
    ptr, slice,
};

use nix::libc;

// Only linked, for the call below: the binding of the crate is behind a feature that has much else.
use libmimalloc_sys as _;

unsafe extern "C" {
    fn mi_collect(force: bool);
}

/// Returns free memory of this thread to the kernel, and forgets the pages of the program file.
///
/// What starting up has touched of the file stays mapped otherwise, several megabytes of it, whether
/// or not it is ever needed again. A page that is needed comes back from the page cache when it is
/// touched, which is where it was all the time.
pub fn give_back() {
    // SAFETY: may be called at any time; without the allocator's use it finds nothing to do.
    unsafe { mi_collect(true) };
    let mut done = 0_usize;
    // SAFETY: the callback fits, and `done` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(forget_pages), (&raw mut done).cast()) };
    tracing::trace!("forgot {done} bytes of the program file");
}

/// Forgets the pages of the first object, which is the program, that nobody can have written to.
unsafe extern "C" fn forget_pages(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    done: *mut c_void,
) -> c_int {
    // SAFETY: the C library gives a valid structure whose headers it keeps mapped.
    let info = unsafe { &*info };
    if info.dlpi_phdr.is_null() {
        return 1;
    }
    // SAFETY: as above; the count belongs to the pointer.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    for header in headers {
        let Some((start, length)) = clean_range(info.dlpi_addr, header) else {
            continue;
        };
        let start = ptr::with_exposed_provenance_mut::<c_void>(start);
        // SAFETY: the range lies in a private mapping of the program file which was never writable
        // (and a position-independent program has no relocations there), so that each page reads
        // the same when it is mapped again.
        let forgotten = unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) } == 0;
        if forgotten {
            // SAFETY: it points to the caller's number.
            unsafe { *done.cast::<usize>() += length };
        }
    }
    // The next objects are not ours.
    1
}

/// Start and length of the whole pages of a segment that is loaded and not writable.
fn clean_range(base: u64, header: &libc::Elf64_Phdr) -> Option<(usize, usize)> {
    if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
        return None;
    }
    let begin = base.checked_add(header.p_vaddr)?;
    let end = begin.checked_add(header.p_filesz)?;
    // A page at either end may be shared with a neighbour that is written to.
    let (start, end) = (begin.next_multiple_of(PAGE), end / PAGE * PAGE);
    let length = end.checked_sub(start).filter(|length| *length > 0)?;
    Some((start.try_into().ok()?, length.try_into().ok()?))
}

/// Pages of x86-64.
const PAGE: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process;

    static TEXT: &str = "constant data of the program file";

    #[test]
    fn everything_is_still_there_afterwards() {
        let calls: [&dyn Fn() -> u32; 2] = [&|| 1, &|| 2];
        let sum = || calls.iter().map(|call| call()).sum::<u32>();
        assert_eq!(sum(), 3);
        for _ in 0..3 {
            give_back();
            assert_eq!(sum(), 3);
            assert_eq!(TEXT, format!("constant {} of the program file", "data"));
            assert!(process::resident_bytes().unwrap() > 100_000);
        }
    }

    #[test]
    fn only_whole_pages_that_nobody_writes_to_are_forgotten() {
        let header = |p_type, p_flags, p_vaddr, p_filesz| libc::Elf64_Phdr {
            p_type,
            p_flags,
            p_offset: 0,
            p_vaddr,
            p_paddr: 0,
            p_filesz,
            p_memsz: p_filesz,
            p_align: 4096,
        };
        let range = |header| clean_range(0x10_0000, &header);
        let (load, read) = (libc::PT_LOAD, libc::PF_R);
        assert_eq!(
            range(header(load, read, 0, 0x2fff)),
            Some((0x10_0000, 0x2000))
        );
        assert_eq!(
            range(header(load, read, 0x10, 0x3000)),
            Some((0x10_1000, 0x2000))
        );
        assert_eq!(range(header(load, read, 0x10, 0x1000)), None);
        assert_eq!(range(header(load, read | libc::PF_W, 0, 0x3000)), None);
        assert_eq!(range(header(libc::PT_NOTE, read, 0, 0x3000)), None);
        assert_eq!(range(header(load, read, u64::MAX, 0x3000)), None);
    }
}
