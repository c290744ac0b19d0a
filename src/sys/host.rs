//! What this machine is called, without asking anybody else.
//!
//! No DNS: a daemon must know its name before the network is up. `/etc/hosts` and the search domain
//! of `/etc/resolv.conf` are looked at, as far as they are there.

use std::path::Path;

use super::file;

/// The name that the kernel was given; `localhost` where it has none.
pub fn name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .filter(|name| !name.is_empty() && name != "(none)")
        .unwrap_or_else(|| "localhost".into())
}

/// The name with its domain, where the machine knows one; else the bare name.
pub fn fqdn() -> String {
    fqdn_at(Path::new("/"), &name())
}

/// As `fqdn`, with the files looked up under another root.
pub fn fqdn_at(root: &Path, name: &str) -> String {
    if name.contains('.') {
        return name.into();
    }
    let read = |path| file::read_lossy(&root.join(path), LIMIT).unwrap_or_default();
    if let Some(full) = canonical(&read("etc/hosts"), name) {
        return full;
    }
    match search_domain(&read("etc/resolv.conf")) {
        Some(domain) => format!("{name}.{domain}"),
        None => name.into(),
    }
}

/// The first name with a dot on the line of `/etc/hosts` that names this host.
fn canonical(hosts: &str, name: &str) -> Option<String> {
    let lines = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    lines
        .filter(|line| line.split_whitespace().skip(1).any(|word| word == name))
        .flat_map(|line| line.split_whitespace().skip(1))
        .find(|word| {
            word.strip_prefix(name)
                .is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'))
        })
        .map(Into::into)
}

/// The local domain of `/etc/resolv.conf`; the last line that says something counts.
fn search_domain(resolv: &str) -> Option<String> {
    let mut domains = resolv.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        matches!(words.next()?, "domain" | "search").then(|| words.next())?
    });
    domains
        .next_back()
        .map(|domain| domain.trim_matches('.').to_owned())
        .filter(|d| !d.is_empty())
}

const LIMIT: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_knows_the_domain() {
        let hosts =
            "127.0.0.1 localhost\n127.0.1.1 web1.example.net web1 # here\n::1 web10.x web10";
        assert_eq!(
            canonical(hosts, "web1").as_deref(),
            Some("web1.example.net")
        );
        assert_eq!(canonical(hosts, "web"), None);
        assert_eq!(canonical("127.0.0.1 localhost web1", "web1"), None);
    }

    #[test]
    fn the_last_search_line_counts() {
        assert_eq!(
            search_domain("domain a.net\nsearch b.net c.net\n").as_deref(),
            Some("b.net")
        );
        assert_eq!(search_domain("search .\nnameserver 1.1.1.1"), None);
        assert_eq!(search_domain(""), None);
    }

    #[test]
    fn files_that_are_not_there_leave_the_bare_name() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(fqdn_at(empty.path(), "web1"), "web1");
        assert_eq!(
            fqdn_at(empty.path(), "web1.example.net"),
            "web1.example.net"
        );
        assert!(!name().is_empty());
    }
}
