//! `OpenRC`, as Alpine and Gentoo have it.

use super::{Condition, ServiceName, ServiceProvider, State, Verb};
use crate::{
    node::program::{Program, failure},
    sys::command::Ended,
};

/// Talks to `OpenRC`.
pub(super) struct OpenRc;

const RC_SERVICE: &str = "rc-service";

impl ServiceProvider for OpenRc {
    fn name(&self) -> &'static str {
        "openrc"
    }

    fn ask(&self, service: &ServiceName) -> Program {
        Program::new(RC_SERVICE).args(["--nocolor", "--", service.as_str(), "status"])
    }

    /// By what it says, as versions differ in exit codes: ` * status: started`.
    fn read(&self, _service: &ServiceName, ended: &Ended) -> Result<State, String> {
        let text = format!("{}\n{}", ended.stdout.text(), ended.stderr.text());
        if text.contains("does not exist") {
            return Ok(State::new(Condition::Unknown));
        }
        let word = text
            .lines()
            .find_map(|line| line.split_once("status:"))
            .map(|(_, word)| word.trim());
        let condition = match word {
            Some("started") => Condition::Running,
            Some("starting") => Condition::Starting,
            Some("stopping") => Condition::Stopping,
            Some("stopped" | "inactive") => Condition::Stopped,
            Some("crashed") => Condition::Failed,
            // Scripts with a `status` of their own follow the Linux Standard Base.
            _ => match ended.status {
                crate::sys::command::Status::Exited(0) => Condition::Running,
                crate::sys::command::Status::Exited(3) => Condition::Stopped,
                crate::sys::command::Status::Exited(32) => Condition::Failed,
                _ => return Err(failure(RC_SERVICE, ended)),
            },
        };
        let detail = if word == Some("crashed") {
            "crashed"
        } else {
            ""
        };
        Ok(State::new(condition).with(detail))
    }

    fn act(&self, verb: Verb, service: &ServiceName, state: &State) -> Vec<Program> {
        let run = |verb: &str| {
            Program::new(RC_SERVICE)
                .args(["--nocolor", "--", service.as_str(), verb])
                .starting_daemons()
        };
        // What crashed counts as started, and would not be started again before it is forgotten.
        let forget =
            (state.condition == Condition::Failed && verb == Verb::Start).then(|| run("zap"));
        forget.into_iter().chain([run(verb.as_str())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    #[test]
    fn the_states_that_openrc_tells() {
        let service = ServiceName::new("nginx").unwrap();
        for (code, output, error, expected) in [
            (0, " * status: started\n", "", "running"),
            (3, " * status: stopped\n", "", "stopped"),
            (0, " * status: stopped\n", "", "stopped"),
            (32, " * status: crashed\n", "", "failed (crashed)"),
            (8, " * status: starting\n", "", "still starting"),
            (0, "nginx is running\n", "", "running"),
            (
                1,
                "",
                " * rc-service: service `nginx' does not exist\n",
                "not known here",
            ),
        ] {
            let state = OpenRc.read(&service, &ended(code, output, error)).unwrap();
            assert_eq!(state.describe(), expected, "{output}{error}");
        }
        assert!(OpenRc.read(&service, &ended(1, "", "no\n")).is_err());
        let words = |verb, condition| -> Vec<String> {
            let programs = OpenRc.act(verb, &service, &State::new(condition));
            let last = |program: Program| program.arguments.last().cloned();
            programs.into_iter().filter_map(last).collect()
        };
        assert_eq!(words(Verb::Start, Condition::Stopped), ["start"]);
        assert_eq!(words(Verb::Start, Condition::Failed), ["zap", "start"]);
        assert_eq!(words(Verb::Stop, Condition::Failed), ["stop"]);
    }
}
