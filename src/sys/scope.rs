//! What is to outlive the systemd service that this process is. When a service is stopped or
//! restarted, systemd ends all that it has begun, unless its unit says `KillMode=process`. What is
//! started through `systemd-run --scope` keeps its process id, and has a place of its own.

use std::path::Path;

use super::{file, process};

/// What to put before a command that must go on when this service is stopped. Nothing where systemd
/// does not run us, or can't be asked for it.
pub fn outliving() -> Vec<String> {
    let apart = process::is_root()
        && Path::new("/run/systemd/system").is_dir()
        && file::read_lossy(Path::new("/proc/self/cgroup"), LARGEST)
            .is_ok_and(|groups| is_of_a_service(&groups));
    let program = PROGRAMS.into_iter().find(|path| Path::new(path).is_file());
    match program.filter(|_| apart) {
        Some(program) => [program, "--scope", "--quiet", "--"]
            .map(str::to_owned)
            .to_vec(),
        None => Vec::new(),
    }
}

/// Whether `systemd-run` says that it has started nothing: then its command has not run at all.
pub fn has_failed(code: Option<i32>, stderr: &str) -> bool {
    code == Some(1) && stderr.trim_start().starts_with("Failed to ")
}

const PROGRAMS: [&str; 2] = ["/usr/bin/systemd-run", "/bin/systemd-run"];

/// A line for each hierarchy: `0::/system.slice/mcollective.service`.
fn is_of_a_service(groups: &str) -> bool {
    groups.lines().any(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let systemds = matches!(parts.next(), Some("" | "name=systemd"));
        let path = parts.next().unwrap_or_default();
        let kinds = path.rsplit('/').filter_map(|part| part.rsplit_once('.'));
        let mut units = kinds
            .map(|(_, kind)| kind)
            .filter(|kind| ["service", "scope"].contains(kind));
        systemds && units.next() == Some("service")
    })
}

const LARGEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_told_from_sessions_and_containers() {
        for (groups, expected) in [
            ("0::/system.slice/mcollective.service\n", true),
            ("0::/system.slice/mcollective.service/sub\n", true),
            (
                "4:cpu:/\n1:name=systemd:/system.slice/mcollective.service\n0::/x\n",
                true,
            ),
            ("4:cpu:/system.slice/mcollective.service\n0::/\n", false),
            ("0::/user.slice/user-0.slice/session-3.scope\n", false),
            (
                "0::/user.slice/user-1.slice/user@1.service/app.slice/run-1.scope\n",
                false,
            ),
            ("0::/\n", false),
            ("", false),
        ] {
            assert_eq!(is_of_a_service(groups), expected, "{groups:?}");
        }
    }

    #[test]
    fn its_own_failure_is_told_from_that_of_a_command() {
        let said = "Failed to start transient scope unit: Connection refused\n";
        assert!(has_failed(Some(1), said));
        assert!(!has_failed(Some(2), said));
        assert!(!has_failed(Some(1), "Error: Failed to apply catalog\n"));
        assert!(!has_failed(None, ""));
    }
}
