//! systemd, asked and told through `systemctl`.

use super::{Along, Condition, ServiceName, ServiceProvider, State, Verb};
use crate::{
    node::program::{Program, failure},
    sys::command::Ended,
};

/// Talks to systemd.
pub(super) struct Systemd;

const SYSTEMCTL: &str = "systemctl";

/// What is asked of a unit.
const PROPERTIES: &str = "LoadState,ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,\
                          NeedDaemonReload,Type,RemainAfterExit,NRestarts,MainPID";

/// By which of its properties a unit that is stopped stops others (systemd.unit(5): `Requires=`,
/// `Requisite=`, `BindsTo=` and `PartOf=`, seen from the other end, and `PropagatesStopTo=`), and
/// whose they are.
const ALONG: &str = "MainPID,RequiredBy,RequisiteOf,BoundBy,ConsistsOf,PropagatesStopTo";

/// What ends the machine, or all but a shell on it: with it ends whatever is wanted of the agent.
/// systemd.special(7), without what is a unit's for itself.
const ENDS: [&str; 27] = [
    "ctrl-alt-del.target",
    "emergency.service",
    "emergency.target",
    "exit.target",
    "final.target",
    "halt.target",
    "hibernate.target",
    "hybrid-sleep.target",
    "kexec.target",
    "poweroff.target",
    "reboot.target",
    "rescue.service",
    "rescue.target",
    "runlevel0.target",
    "runlevel1.target",
    "runlevel6.target",
    "shutdown.target",
    "soft-reboot.target",
    "suspend-then-hibernate.target",
    "suspend.target",
    "systemd-exit.service",
    "systemd-halt.service",
    "systemd-kexec.service",
    "systemd-poweroff.service",
    "systemd-reboot.service",
    "systemd-soft-reboot.service",
    "umount.target",
];

impl ServiceProvider for Systemd {
    fn name(&self) -> &'static str {
        "systemd"
    }

    fn ask(&self, service: &ServiceName) -> Program {
        let property = format!("--property={PROPERTIES}");
        Program::new(SYSTEMCTL).args(["show", &property, "--", service.as_str()])
    }

    fn read(&self, service: &ServiceName, ended: &Ended) -> Result<State, String> {
        if ended.is_success() {
            Unit::parse(&ended.stdout.text())
                .state()
                .ok_or_else(|| "systemctl did not tell the state".to_owned())
        } else if service.as_str().ends_with('@') || service.as_str().contains("@.") {
            let name = service.as_str().trim_end_matches(".service");
            Err(format!(
                "that is a template; name one made of it, such as `{name}NAME`"
            ))
        } else {
            Err(failure(SYSTEMCTL, ended))
        }
    }

    fn act(&self, verb: Verb, service: &ServiceName, state: &State) -> Vec<Program> {
        let mut programs = Vec::new();
        if state.needs_reload && verb != Verb::Stop {
            programs.push(Program::new(SYSTEMCTL).args(["daemon-reload"]));
        }
        programs.push(Program::new(SYSTEMCTL).args([
            "--no-ask-password",
            verb.as_str(),
            "--",
            service.as_str(),
        ]));
        programs
    }

    fn log(&self, service: &ServiceName) -> Option<Program> {
        let unit = format!("--unit={service}");
        let words = ["--quiet", "--no-pager", "--output=cat", "--lines=10"];
        Some(Program::new("journalctl").args(words).args([unit]))
    }

    fn restart_us(&self, service: &ServiceName) -> Option<Program> {
        let words = [
            "--no-ask-password",
            "--no-block",
            "restart",
            "--",
            service.as_str(),
        ];
        Some(Program::new(SYSTEMCTL).args(words))
    }

    fn ask_along(&self, names: &[String]) -> Option<Program> {
        let property = format!("--property={ALONG}");
        let program = Program::new(SYSTEMCTL).args(["show", &property, "--"]);
        Some(program.args(names).long_output())
    }

    fn ends_machine(&self, service: &ServiceName) -> bool {
        let name = service.as_str();
        ENDS.contains(&name) || ENDS.contains(&&*format!("{name}.service"))
    }

    fn read_along(&self, ended: &Ended) -> Along {
        let text = ended.stdout.text();
        let us = format!("MainPID={}", std::process::id());
        let lists = text.lines().filter(|line| !line.starts_with("MainPID="));
        let lists = lists.filter_map(|line| line.split_once('='));
        Along {
            is_us: text.lines().any(|line| line == us),
            names: lists
                .flat_map(|(_, names)| names.split_whitespace())
                .map(str::to_owned)
                .collect(),
        }
    }

    fn unmask(&self, service: &ServiceName) -> String {
        format!("`systemctl unmask {service}` on the node allows it to be started")
    }
}

/// The properties of a unit.
struct Unit<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Unit<'a> {
    fn parse(text: &'a str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| line.split_once('='))
                .collect(),
        )
    }

    fn get(&self, key: &str) -> &'a str {
        let found = self.0.iter().find(|(name, _)| *name == key);
        found.map_or("", |(_, value)| value.trim())
    }

    fn number(&self, key: &str) -> u32 {
        self.get(key).parse().unwrap_or(0)
    }

    fn state(&self) -> Option<State> {
        let loaded = self.get("LoadState");
        let state = match (self.get("ActiveState"), loaded) {
            ("", _) => return None,
            // As `systemctl is-active` counts.
            ("active" | "reloading" | "refreshing", _) => {
                State::new(Condition::Running).with(match self.number("NRestarts") {
                    0 => String::new(),
                    1 => "restarted once by systemd".to_owned(),
                    times => format!("restarted {times} times by systemd"),
                })
            }
            (_, "not-found") => State::new(Condition::Unknown),
            ("activating", _) if self.get("SubState").starts_with("auto-restart") => {
                State::new(Condition::Restarting).with(self.result())
            }
            ("activating", _) => State::new(Condition::Starting),
            ("deactivating", _) => State::new(Condition::Stopping),
            (_, "masked") => State::new(Condition::Masked),
            ("failed", _) => State::new(Condition::Failed).with(self.result()),
            (_, "bad-setting" | "error") => {
                State::new(Condition::Failed).with("its unit file can't be used")
            }
            _ => State::new(Condition::Stopped),
        };
        Some(State {
            needs_reload: self.get("NeedDaemonReload") == "yes",
            runs_once: self.get("Type") == "oneshot"
                && self.get("RemainAfterExit") != "yes"
                && self.get("Result") == "success",
            restarts: self.number("NRestarts"),
            is_us: self.number("MainPID") == std::process::id(),
            ..state
        })
    }

    /// Why it failed: `exit-code, status 3`, `signal, number 9`, `timeout`.
    fn result(&self) -> String {
        let result = match self.get("Result") {
            "success" => "",
            result => result,
        };
        let number = self.get("ExecMainStatus");
        match (self.get("ExecMainCode"), number) {
            // The codes are those of `waitid`: exited, killed, killed with a dump.
            ("1", number) if number != "0" && !number.is_empty() && !result.is_empty() => {
                format!("{result}, status {number}")
            }
            ("2" | "3", number) if !number.is_empty() && !result.is_empty() => {
                format!("{result}, number {number}")
            }
            _ => result.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    fn name() -> ServiceName {
        ServiceName::new("nginx").unwrap()
    }

    fn state(text: &str) -> State {
        Systemd.read(&name(), &ended(0, text, "")).unwrap()
    }

    #[test]
    fn the_states_that_systemd_tells() {
        for (properties, expected) in [
            (
                "LoadState=loaded ActiveState=active SubState=running",
                "running",
            ),
            (
                "LoadState=loaded ActiveState=active SubState=exited NRestarts=0",
                "running",
            ),
            (
                "LoadState=loaded ActiveState=active SubState=running NRestarts=7",
                "running (restarted 7 times by systemd)",
            ),
            (
                "LoadState=loaded ActiveState=reloading SubState=reload",
                "running",
            ),
            (
                "LoadState=masked ActiveState=active SubState=running",
                "running",
            ),
            (
                "LoadState=not-found ActiveState=active SubState=running",
                "running",
            ),
            (
                "LoadState=loaded ActiveState=inactive SubState=dead Result=success",
                "stopped",
            ),
            (
                "LoadState=not-found ActiveState=inactive SubState=dead",
                "not known here",
            ),
            (
                "LoadState=masked ActiveState=inactive SubState=dead",
                "masked",
            ),
            (
                "LoadState=masked ActiveState=failed SubState=failed",
                "masked",
            ),
            (
                "LoadState=loaded ActiveState=failed SubState=failed Result=exit-code ExecMainCode=1 ExecMainStatus=3",
                "failed (exit-code, status 3)",
            ),
            (
                "LoadState=loaded ActiveState=failed SubState=failed Result=signal ExecMainCode=2 ExecMainStatus=9",
                "failed (signal, number 9)",
            ),
            (
                "LoadState=loaded ActiveState=failed SubState=failed Result=timeout ExecMainCode=1 ExecMainStatus=0",
                "failed (timeout)",
            ),
            (
                "LoadState=loaded ActiveState=activating SubState=auto-restart Result=exit-code ExecMainCode=1 ExecMainStatus=1",
                "started again and again, as it ends each time (exit-code, status 1)",
            ),
            (
                "LoadState=loaded ActiveState=activating SubState=start",
                "still starting",
            ),
            (
                "LoadState=loaded ActiveState=deactivating SubState=stop-sigterm",
                "still stopping",
            ),
            (
                "LoadState=bad-setting ActiveState=inactive SubState=dead",
                "failed (its unit file can't be used)",
            ),
        ] {
            let text = properties.replace(' ', "\n") + "\n";
            assert_eq!(state(&text).describe(), expected, "{properties}");
        }
        for text in ["", "nonsense", "LoadState=loaded\n"] {
            assert!(
                Systemd.read(&name(), &ended(0, text, "")).is_err(),
                "{text:?}"
            );
        }
        let lost = ended(
            1,
            "",
            "Failed to connect to bus: No such file or directory\n",
        );
        assert_eq!(
            Systemd.read(&name(), &lost).unwrap_err(),
            "systemctl ended with exit code 1: Failed to connect to bus: No such file or directory"
        );
    }

    #[test]
    fn the_end_of_the_machine_is_no_service() {
        let ends = |name| Systemd.ends_machine(&ServiceName::new(name).unwrap());
        assert!(ends("poweroff.target") && ends("systemd-reboot") && ends("rescue.service"));
        assert!(!ends("cron") && !ends("multi-user.target") && !ends("poweroff"));
    }

    #[test]
    fn what_needs_a_unit_is_read() {
        let us = format!("MainPID={}\n", std::process::id());
        let read = |text: &str| Systemd.read_along(&ended(0, text, ""));
        let along = read(
            "RequiredBy=a.service b.mount\nRequisiteOf=\nBoundBy=\nConsistsOf=c.target\n\n\
             MainPID=1\nRequiredBy=\nBoundBy=d.service\n",
        );
        assert_eq!(
            along,
            Along {
                is_us: false,
                names: ["a.service", "b.mount", "c.target", "d.service"]
                    .map(str::to_owned)
                    .to_vec(),
            }
        );
        assert!(read(&format!("MainPID=1\n\n{us}RequiredBy=\n")).is_us);
        assert_eq!(read("MainPID=0\nRequiredBy=\n"), Along::default());
    }

    #[test]
    fn a_template_is_no_service() {
        let said = "Failed to get properties: Unit name getty@.service is neither a valid invocation ID nor unit name.";
        for name in ["getty@", "getty@.service"] {
            let read = Systemd.read(&ServiceName::new(name).unwrap(), &ended(1, "", said));
            assert_eq!(
                read.unwrap_err(),
                "that is a template; name one made of it, such as `getty@NAME`"
            );
        }
    }

    #[test]
    fn what_runs_once_may_end() {
        let once = "LoadState=loaded\nActiveState=inactive\nType=oneshot\nRemainAfterExit=no\n";
        assert!(state(&format!("{once}Result=success\n")).runs_once);
        assert!(!state(&format!("{once}Result=exit-code\n")).runs_once);
        let stays = once.replace("Exit=no", "Exit=yes");
        assert!(!state(&format!("{stays}Result=success\n")).runs_once);
    }

    #[test]
    fn files_are_read_again_only_where_systemd_asks_for_it() {
        let fresh = state("ActiveState=inactive\nNeedDaemonReload=no\n");
        let stale = state("ActiveState=inactive\nNeedDaemonReload=yes\n");
        let words = |verb, state: &State| -> Vec<Vec<String>> {
            let programs = Systemd.act(verb, &name(), state);
            programs
                .into_iter()
                .map(|program| program.arguments)
                .collect()
        };
        let start = ["--no-ask-password", "start", "--", "nginx"];
        assert_eq!(words(Verb::Start, &fresh), [start]);
        assert_eq!(
            words(Verb::Start, &stale),
            [
                vec!["daemon-reload".to_owned()],
                start.map(str::to_owned).to_vec()
            ]
        );
        assert_eq!(words(Verb::Restart, &stale).len(), 2);
        assert_eq!(words(Verb::Stop, &stale).len(), 1);
    }
}
