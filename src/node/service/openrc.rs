//! `OpenRC`, as Alpine and Gentoo have it.

use super::{Condition, ServiceName, ServiceProvider, State, Verb, sysv};
use crate::{node::program::Program, sys::command::Ended};

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
        let (condition, detail) = match word {
            Some("started") => (Condition::Running, ""),
            Some("starting") => (Condition::Starting, ""),
            Some("stopping") => (Condition::Stopping, ""),
            Some("stopped") => (Condition::Stopped, ""),
            Some("inactive") => (Condition::Stopped, "inactive"),
            Some("crashed") => (Condition::Failed, "crashed"),
            // Only its supervisor has died.
            Some("unsupervised") => (Condition::Running, "unsupervised"),
            // Scripts with a `status` of their own, and those of others.
            _ => return sysv::read(RC_SERVICE, ended),
        };
        Ok(State::new(condition).with(detail))
    }

    fn act(&self, verb: Verb, service: &ServiceName, state: &State) -> Vec<Program> {
        let run = |verb: &str| {
            Program::new(RC_SERVICE)
                .args(["--nocolor", "--", service.as_str(), verb])
                .starting_daemons()
        };
        // What crashed counts as started: it would not be started again before that is forgotten,
        // and can't be stopped.
        let forget =
            (state.condition == Condition::Failed && verb != Verb::Stop).then(|| run("zap"));
        forget.into_iter().chain([run(verb.as_str())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    /// From `OpenRC` 0.45 on Debian 12, and older ones, which wrote to standard output.
    #[test]
    fn the_states_that_openrc_tells() {
        let service = ServiceName::new("nginx").unwrap();
        for (code, output, error, expected) in [
            (0, " * status: started\n", "", "running"),
            (
                64,
                "",
                " * status: unsupervised\n",
                "running (unsupervised)",
            ),
            (3, " * status: stopped\n", "", "stopped"),
            (0, " * status: stopped\n", "", "stopped"),
            (32, "", " * status: crashed\n", "failed (crashed)"),
            (8, "", " * status: starting\n", "still starting"),
            (4, "", " * status: stopping\n", "still stopping"),
            (16, "", " * status: inactive\n", "stopped (inactive)"),
            (0, "nginx is running.\n", "", "running"),
            (
                1,
                "nginx is not running ... failed!\n",
                "",
                "failed (nginx is not running ... failed!)",
            ),
            (3, "nginx is not running ... failed!\n", "", "stopped"),
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
        let words = |verb, condition| -> Vec<String> {
            let programs = OpenRc.act(verb, &service, &State::new(condition));
            let last = |program: Program| program.arguments.last().cloned();
            programs.into_iter().filter_map(last).collect()
        };
        assert_eq!(words(Verb::Start, Condition::Stopped), ["start"]);
        assert_eq!(words(Verb::Start, Condition::Failed), ["zap", "start"]);
        assert_eq!(words(Verb::Restart, Condition::Failed), ["zap", "restart"]);
        assert_eq!(words(Verb::Stop, Condition::Failed), ["stop"]);
    }
}
