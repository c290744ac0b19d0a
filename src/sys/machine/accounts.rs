//! Who this process runs as, from the files alone: the name service is no place for a daemon.

use super::{Account, Root};
use crate::sys::process;

/// The effective user and group, with names where the files have them.
pub(super) fn current(root: &Root) -> Account {
    let (uid, gid) = process::effective_ids();
    Account {
        uid,
        gid,
        user: name_of(&root.text("etc/passwd"), uid),
        group: name_of(&root.text("etc/group"), gid),
    }
}

/// `name:password:number:...`, in both files.
fn name_of(table: &str, number: u32) -> Option<String> {
    let mut rows = table.lines().map(|line| line.split(':'));
    rows.find_map(|mut fields| {
        let name = fields.next()?;
        let matches = fields.nth(1)?.parse() == Ok(number);
        (matches && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_number_counts() {
        let table =
            "# users\nroot:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\nme:x:7:";
        assert_eq!(name_of(table, 0).as_deref(), Some("root"));
        assert_eq!(name_of(table, 7).as_deref(), Some("me"));
        assert_eq!(name_of(table, 8), None);
    }
}
