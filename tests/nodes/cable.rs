//! Connections that break without a word: a cable that is pulled out, packets that are lost on the
//! way. Nobody is told, so only the heart-beats can tell.

use crate::{
    call::Asked,
    clock,
    fault::{
        Kind::{Cut, Mute},
        Target,
    },
    fleet::{BROKER, Fleet, PATIENCE},
    told::Told,
    watch::{Watch, watched},
};

/// A break that is shorter than a heart-beat's silence breaks nothing, and brings nothing late.
pub(crate) fn a_short_break_breaks_no_connection() {
    watched("cable-short", 31, |watch| {
        let pids = watch.pids();
        let seen = watch.fleet.log("a1").len();
        for kind in [Cut, Mute] {
            let fault = watch.begin("a1", kind);
            let mark = watch.mark();
            let made = watch.call(Asked::named(&mark, &["a1", "a2"], 1));
            assert_eq!(Told::read(&made).unwrap().silent, ["a1"], "{made}");
            watch.end(fault);
            watch.whole();
            assert!(!watch.ran("a1", &mark), "{made}");
        }
        assert_eq!(watch.pids(), pids, "nobody was started again");
        let log = watch.fleet.log("a1");
        let lost = log[seen..]
            .lines()
            .find(|line| line.contains("lost the connection"));
        assert_eq!(lost, None, "the connection outlived it");
    });
}

/// What the client sent into a cut cable does not arrive when nobody waits for it any more.
pub(crate) fn what_was_sent_into_a_cut_cable_is_not_run_later() {
    watched("cable-client", 32, |watch| {
        for kind in [Cut, Mute] {
            let mark = watch.mark();
            let call = watch.begin_call(Asked {
                one_by_one: true,
                ..Asked::named(&mark, &["a1", "a2"], 1)
            });
            watch.wait_until_ran("a1", &mark);
            let fault = watch.begin(BROKER, kind);
            let made = watch.end_call(call);
            assert_eq!(Told::read(&made).unwrap().silent, ["a2"], "{made}");
            watch.end(fault);
            watch.whole();
            assert!(!watch.ran("a2", &mark), "{made}");
        }
    });
}

/// Both sides notice a dead connection by its silence, and the agent is back by itself.
pub(crate) fn a_dead_connection_is_noticed_by_its_silence() {
    watched("cable-long", 33, |watch| {
        let pids = watch.pids();
        for kind in [Cut, Mute] {
            let seen = watch.fleet.log("a1").len();
            let fault = watch.begin("a1", kind);
            watch.fleet.wait_for_log("a1", seen, "nothing was heard");
            wait_until_gone(watch, "a1");
            let made = watch.call(Asked::named(&watch.mark(), &["a1", "a2"], 2));
            assert_eq!(Told::read(&made).unwrap().silent, ["a1"], "{made}");
            watch.end(fault);
            watch.whole();
        }
        // Only what the agent sends is lost: it hears the broker, which hears nothing.
        watch.trouble(Target::Agent("a1"));
        lose_what_is_sent(watch.fleet, "a1", BROKER);
        wait_until_gone(watch, "a1");
        send_again(watch.fleet, "a1", BROKER);
        watch.whole();
        // And the other way round.
        let seen = watch.fleet.log("a1").len();
        watch.trouble(Target::Agent("a1"));
        lose_what_is_sent(watch.fleet, BROKER, "a1");
        watch.fleet.wait_for_log("a1", seen, "nothing was heard");
        send_again(watch.fleet, BROKER, "a1");
        watch.whole();
        assert_eq!(watch.pids(), pids, "nobody was started again");
    });
}

/// The broker does not list the node any more.
fn wait_until_gone(watch: &Watch<'_>, name: &str) {
    clock::wait_for(&format!("a list without {name}"), PATIENCE, || {
        let made = watch.call(Asked::find(&watch.mark()));
        let told = Told::read(&made).unwrap_or_default();
        let gone = made.code == Some(0) && !told.names().contains(&name);
        gone.then_some(())
    });
}

/// A node's packets to another go to a card that is not there.
fn lose_what_is_sent(fleet: &Fleet, from: &str, to: &str) {
    let line = format!(
        "ip neigh replace {} lladdr 02:00:00:00:00:99 dev eth0 nud permanent",
        fleet.address(to)
    );
    fleet.lab.shell(from, &line);
}

fn send_again(fleet: &Fleet, from: &str, to: &str) {
    let line = format!("ip neigh del {} dev eth0", fleet.address(to));
    fleet.lab.shell(from, &line);
}
