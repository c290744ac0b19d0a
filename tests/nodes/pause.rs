//! Daemons that stand still for a while (SIGSTOP), as on a machine that is suspended or swaps.

use crate::{
    call::Asked,
    clock,
    fault::Kind::Pause,
    fleet::{BROKER, PATIENCE},
    told::Told,
    watch::watched,
};

/// An agent that goes on in time answers; one that goes on too late runs nothing of what it missed.
pub(crate) fn an_agent_answers_in_time_or_does_nothing() {
    watched("pause-agent", 11, |watch| {
        let pids = watch.pids();
        let paused = watch.begin("a1", Pause);
        let mark = watch.mark();
        let call = watch.begin_call(Asked::named(&mark, &["a1", "a2"], 10));
        watch.wait_until_ran("a2", &mark);
        watch.end(paused);
        let made = watch.end_call(call);
        assert_eq!(made.code, Some(0), "{made}");
        watch.whole();

        let paused = watch.begin("a1", Pause);
        let mark = watch.mark();
        let made = watch.call(Asked::named(&mark, &["a1", "a2"], 3));
        assert_eq!(made.code, Some(2), "{made}");
        assert_eq!(Told::read(&made).unwrap().silent, ["a1"], "{made}");
        watch.end(paused);
        // It answers what came later by the same connection, so it has read this one too.
        watch.whole();
        assert!(!watch.ran("a1", &mark), "{made}");
        assert_eq!(watch.pids(), pids, "nobody was started again");
    });
}

/// What waits in a paused broker is of no use to anybody once its sender has given up.
pub(crate) fn a_broker_does_not_deliver_what_nobody_waits_for() {
    watched("pause-broker", 12, |watch| {
        // An answer that is on its way when the broker stands still is not lost.
        let agent = watch.begin("a1", Pause);
        let mark = watch.mark();
        let call = watch.begin_call(Asked::named(&mark, &["a1", "a2"], 10));
        watch.wait_until_ran("a2", &mark);
        let broker = watch.begin(BROKER, Pause);
        watch.end(agent);
        watch.wait_until_ran("a1", &mark);
        watch.end(broker);
        let made = watch.end_call(call);
        assert_eq!(made.code, Some(0), "{made}");
        watch.whole();

        let mark = watch.mark();
        let call = watch.begin_call(Asked {
            one_by_one: true,
            ..Asked::named(&mark, &["a1", "a2"], 3)
        });
        watch.wait_until_ran("a1", &mark);
        let broker = watch.begin(BROKER, Pause);
        let made = watch.end_call(call);
        assert_eq!(Told::read(&made).unwrap().silent, ["a2"], "{made}");
        watch.end(broker);
        watch.whole();
        assert!(!watch.ran("a2", &mark), "{made}");
    });
}

/// systemd's watchdog starts an agent that stands still for good, and leaves those in peace that work.
pub(crate) fn the_watchdog_starts_what_stands_still() {
    watched("watchdog", 13, |watch| {
        let drop_in = "/etc/systemd/system/mcollective-agent.service.d";
        watch.fleet.lab.shell(
            "a1",
            &format!(
                "mkdir -p {drop_in}
                 printf '[Service]\\nWatchdogSec=1\\nTimeoutAbortSec=1\\n' >{drop_in}/watchdog.conf
                 systemctl daemon-reload"
            ),
        );
        watch.begin("a1", crate::fault::Kind::Restart);
        watch.whole();
        let pid = watch.fleet.main_pid("a1");
        // Some of the watchdog's intervals.
        std::thread::sleep(std::time::Duration::from_secs(5));
        assert_eq!(watch.fleet.main_pid("a1"), pid, "it was started again");
        watch.begin("a1", Pause);
        clock::wait_for("another process", PATIENCE, || {
            let now = watch.fleet.main_pid("a1");
            (now.is_some() && now != pid).then_some(())
        });
        watch.whole();
    });
}
