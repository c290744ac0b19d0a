//! Daemons and machines that end in the middle of a call, and come back.

use crate::{
    call::Asked,
    fault::Kind::{self, Kill, Pause, Power, Restart},
    fleet::{AGENTS, BROKER},
    told::Told,
    watch::{Watch, watched},
};

/// An agent that is killed, restarted or without power in the middle of a call.
pub(crate) fn an_agent_that_ends_is_named_and_comes_back() {
    watched("crash-agent", 21, |watch| {
        for kind in [Kill, Restart, Power] {
            // It has the request and has not read it.
            watch.begin("a1", Pause);
            let mark = watch.mark();
            let call = watch.begin_call(Asked::named(&mark, &["a1", "a2"], 3));
            watch.wait_until_ran("a2", &mark);
            let fault = watch.begin("a1", kind);
            let made = watch.end_call(call);
            assert!(matches!(made.code, Some(0 | 2)), "{made}");
            watch.end(fault);
            watch.whole();
        }
    });
}

/// A broker that is killed, restarted or without power in the middle of a call.
pub(crate) fn a_broker_that_ends_costs_no_call_its_account() {
    watched("crash-broker", 22, |watch| {
        let agents = agents(watch);
        for kind in [Kill, Restart, Power] {
            broker_ends(watch, kind);
        }
        assert_eq!(self::agents(watch), agents, "no agent was started again");
    });
}

fn agents(watch: &Watch<'_>) -> Vec<Option<u32>> {
    AGENTS.map(|name| watch.fleet.main_pid(name)).to_vec()
}

fn broker_ends(watch: &Watch<'_>, kind: Kind) {
    // The call waits for it, so it is under way for sure.
    let paused = watch.begin("a1", Pause);
    let mark = watch.mark();
    let call = watch.begin_call(Asked::named(&mark, &["a1", "a2"], 6));
    watch.wait_until_ran("a2", &mark);
    let fault = watch.begin(BROKER, kind);
    watch.end(fault);
    watch.end(paused);
    let made = watch.end_call(call);
    // Sent is sent: whoever was meant is named, whether or not its answer found the way.
    let told = Told::read(&made).unwrap_or_default();
    let mut names = told.names();
    names.sort_unstable();
    assert_eq!(names, ["a1", "a2"], "{made}");
    watch.whole();
}
