//! Init scripts, through the `service` command where there is one.

use std::path::PathBuf;

use super::{Condition, ServiceName, ServiceProvider, State, Verb};
use crate::{
    node::program::{Program, failure, first_file, last_words},
    sys::command::{Ended, Status},
};

/// Runs init scripts.
pub(super) struct SysV {
    command: PathBuf,
    scripts: Vec<PathBuf>,
}

/// Where distributions have the command, and the scripts.
pub(super) const COMMANDS: [&str; 3] = ["/usr/sbin/service", "/sbin/service", "/usr/bin/service"];
const SCRIPTS: [&str; 2] = ["/etc/init.d", "/etc/rc.d/init.d"];

impl SysV {
    /// With this command, or that of the machine.
    pub(super) fn new(command: Option<PathBuf>) -> Self {
        let usual = || first_file(&COMMANDS).unwrap_or("/sbin/service").into();
        Self {
            command: command.unwrap_or_else(usual),
            scripts: SCRIPTS.map(PathBuf::from).to_vec(),
        }
    }

    fn run(&self, service: &ServiceName, verb: &str) -> Program {
        Program::new(&self.command)
            .args([service.as_str(), verb])
            .starting_daemons()
    }
}

impl ServiceProvider for SysV {
    fn name(&self) -> &'static str {
        "service"
    }

    fn runner(&self) -> &'static str {
        "its init script"
    }

    fn is_known(&self, service: &ServiceName) -> bool {
        // A name has no slash, so it can't leave the directory.
        let script = |directory: &PathBuf| directory.join(service.as_str());
        self.scripts
            .iter()
            .map(script)
            .any(|script| script.is_file())
    }

    fn ask(&self, service: &ServiceName) -> Program {
        self.run(service, "status")
    }

    fn read(&self, _service: &ServiceName, ended: &Ended) -> Result<State, String> {
        read("the init script", ended)
    }

    fn act(&self, verb: Verb, service: &ServiceName, _state: &State) -> Vec<Program> {
        vec![self.run(service, verb.as_str())]
    }
}

/// What an init script says of its service: the exit codes are those of the Linux Standard Base.
pub(super) fn read(name: &str, ended: &Ended) -> Result<State, String> {
    let said = last_words(ended).unwrap_or_default();
    match ended.status {
        Status::Exited(0) => Ok(State::new(Condition::Running)),
        Status::Exited(1 | 2) => Ok(State::new(Condition::Failed).with(said)),
        // Where a script has no `status`, it says how it is used, and means neither.
        Status::Exited(_) => Ok(State::new(Condition::Stopped)),
        _ => Err(failure(name, ended)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    #[test]
    fn scripts_are_asked_by_their_exit_code() {
        let service = ServiceName::new("cron").unwrap();
        let provider = SysV::new(None);
        for (code, output, expected) in [
            (0, "cron is running.\n", "running"),
            (
                1,
                "dead but pid file exists\n",
                "failed (dead but pid file exists)",
            ),
            (3, "cron is not running ... failed!\n", "stopped"),
            (4, "", "stopped"),
        ] {
            let state = provider.read(&service, &ended(code, output, "")).unwrap();
            assert_eq!(state.describe(), expected);
        }
        let killed = Ended {
            status: Status::Signalled(9),
            ..Ended::default()
        };
        assert!(provider.read(&service, &killed).is_err());
        let program = &provider.act(Verb::Restart, &service, &State::new(Condition::Running))[0];
        assert_eq!(program.arguments, ["cron", "restart"]);
        assert!(program.starts_daemons);
    }

    #[test]
    fn a_service_without_a_script_is_not_known() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        crate::sys::file::write_new(&dir.path().join("cron"), b"", 0o755).unwrap();
        let provider = SysV {
            command: "/sbin/service".into(),
            scripts: vec!["/nonexistent".into(), dir.path().into()],
        };
        let known = |name| provider.is_known(&ServiceName::new(name).unwrap());
        assert!(known("cron"));
        assert!(!known("folder") && !known("nosuch"));
    }
}
