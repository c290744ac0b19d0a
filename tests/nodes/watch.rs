//! Makes calls in a loop while something happens to the fleet, and judges every one of them.

use std::{
    cell::Cell,
    collections::BTreeSet,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    call::{Asked, Made, Running},
    chance::Chance,
    clock,
    fault::{Fault, Kind, Target},
    fleet::{BROKER, Fleet, PATIENCE},
    judge::{self, Peace},
    notes::Notes,
    pulse::Pulse,
    told::Told,
};

/// What happens while calls are made.
pub(crate) struct Watch<'a> {
    test: &'a str,
    pub(crate) fleet: &'a Fleet,
    calls: Mutex<Vec<Made>>,
    weather: Mutex<Vec<Trouble>>,
    marks: AtomicU64,
    over: AtomicBool,
    faults: Cell<u32>,
    slowest: Cell<Duration>,
    pulse: Pulse,
}

/// A time in which something was wrong.
struct Trouble {
    target: Target,
    from_ms: u64,
    /// Until everybody was seen again.
    until_ms: Option<u64>,
}

/// How many calls are under way at the same time.
const CALLERS: u64 = 2;

/// Runs `steps` on a new fleet while calls are made, and fails if any of them was not as it must be.
pub(crate) fn watched(test: &str, seed: u64, steps: impl FnOnce(&Watch<'_>)) {
    watched_on(&Fleet::start(), test, seed, steps);
}

/// The same on this fleet.
pub(crate) fn watched_on(fleet: &Fleet, test: &str, seed: u64, steps: impl FnOnce(&Watch<'_>)) {
    let watch = Watch {
        test,
        fleet,
        calls: Mutex::default(),
        weather: Mutex::default(),
        marks: AtomicU64::new(0),
        over: AtomicBool::new(false),
        faults: Cell::new(0),
        slowest: Cell::default(),
        pulse: Pulse::default(),
    };
    let shared = Shared {
        fleet,
        calls: &watch.calls,
        marks: &watch.marks,
        over: &watch.over,
    };
    std::thread::scope(|scope| {
        let _end = EndOfCalls(&watch.over);
        for caller in 0..CALLERS {
            let chance = Chance::new(seed ^ (caller + 1));
            scope.spawn(move || shared.call_in_a_loop(chance));
        }
        let (pulse, over) = (&watch.pulse, &watch.over);
        for processor in Pulse::processors() {
            scope.spawn(move || pulse.watch(processor, over));
        }
        watch.whole();
        steps(&watch);
        watch.whole();
    });
    watch.finish();
}

/// What the callers' threads need.
#[derive(Clone, Copy)]
struct Shared<'a> {
    fleet: &'a Fleet,
    calls: &'a Mutex<Vec<Made>>,
    marks: &'a AtomicU64,
    over: &'a AtomicBool,
}

/// Ends the callers also where a step panics.
struct EndOfCalls<'a>(&'a AtomicBool);

impl Drop for EndOfCalls<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Shared<'_> {
    fn mark(&self) -> String {
        format!("call-{}", self.marks.fetch_add(1, Ordering::Relaxed))
    }

    fn make(&self, asked: Asked) -> Made {
        let made = asked.make(self.fleet);
        self.calls.lock().unwrap().push(made.clone());
        made
    }

    fn call_in_a_loop(&self, mut chance: Chance) {
        while !self.over.load(Ordering::Relaxed) {
            self.make(Asked::any(self.mark(), &self.fleet.agents, &mut chance));
            // Leave the machine some air: this is no measure of speed.
            let pause = u64::try_from(chance.below(100)).unwrap();
            std::thread::sleep(Duration::from_millis(20 + pause));
        }
    }
}

impl Watch<'_> {
    fn shared(&self) -> Shared<'_> {
        Shared {
            fleet: self.fleet,
            calls: &self.calls,
            marks: &self.marks,
            over: &self.over,
        }
    }

    /// A mark for a call of the test's own.
    pub(crate) fn mark(&self) -> String {
        self.shared().mark()
    }

    /// Makes a call that is judged with the others.
    pub(crate) fn call(&self, asked: Asked) -> Made {
        self.shared().make(asked)
    }

    /// Begins a call, of which the end is taken by [`Self::end_call`].
    pub(crate) fn begin_call(&self, asked: Asked) -> Running {
        asked.start(self.fleet)
    }

    /// Waits for the end of a call, which is judged with the others.
    pub(crate) fn end_call(&self, running: Running) -> Made {
        let made = running.wait();
        self.calls.lock().unwrap().push(made.clone());
        made
    }

    /// Whether a node has run a call until now.
    pub(crate) fn ran(&self, name: &str, mark: &str) -> bool {
        self.notes().of(mark).any(|run| run.node == name)
    }

    /// Waits until a node has run a call.
    #[track_caller]
    pub(crate) fn wait_until_ran(&self, name: &str, mark: &str) {
        clock::wait_for(&format!("{name} runs {mark}"), PATIENCE, || {
            self.ran(name, mark).then_some(())
        });
    }

    /// From now on something is wrong with this target, until all is whole again.
    pub(crate) fn trouble(&self, target: Target) {
        self.faults.set(self.faults.get() + 1);
        self.weather.lock().unwrap().push(Trouble {
            target,
            from_ms: clock::now_ms(),
            until_ms: None,
        });
    }

    /// Brings a fault about.
    pub(crate) fn begin(&self, node: &'static str, kind: Kind) -> Fault {
        let fault = Fault { node, kind };
        if kind.disturbs() {
            self.trouble(fault.target());
        }
        fault.begin(self.fleet);
        fault
    }

    /// Ends a fault.
    pub(crate) fn end(&self, fault: Fault) {
        fault.end(self.fleet);
    }

    /// The processes of all daemons.
    pub(crate) fn pids(&self) -> Vec<Option<u32>> {
        let names = self.fleet.agents.iter().chain([&BROKER]);
        names.map(|name| self.fleet.main_pid(name)).collect()
    }

    /// Waits until everybody answers, without doing anything for it, and says how long that took.
    #[track_caller]
    pub(crate) fn whole(&self) -> Duration {
        let began = Instant::now();
        loop {
            let made = self.call(Asked::ping(&self.mark()));
            let told = Told::read(&made).unwrap_or_default();
            if made.code == Some(0) && told.answers.len() == self.fleet.agents.len() {
                break;
            }
            if began.elapsed() > PATIENCE {
                let kept = self.fleet.keep_logs(self.test);
                panic!(
                    "{}: the fleet is not whole within {PATIENCE:?}: {made}\nthe nodes' logs are in {}",
                    self.test,
                    kept.display()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let took = began.elapsed();
        self.slowest.set(self.slowest.get().max(took));
        let now = clock::now_ms();
        for trouble in &mut *self.weather.lock().unwrap() {
            trouble.until_ms.get_or_insert(now);
        }
        took
    }

    /// What had peace during a call.
    fn peace(&self, made: &Made) -> Peace {
        if self.pulse.stood(made.began_ms, made.ended_ms) {
            return Peace::default();
        }
        let weather = self.weather.lock().unwrap();
        let troubled: Vec<Target> = weather
            .iter()
            .filter(|trouble| {
                trouble.from_ms <= made.ended_ms
                    && trouble.until_ms.is_none_or(|until| until >= made.began_ms)
            })
            .map(|trouble| trouble.target)
            .collect();
        let agents = self.fleet.agents.iter().copied();
        Peace {
            broker: !troubled.contains(&Target::Broker),
            agents: agents
                .filter(|name| !troubled.iter().any(|target| target.has(name)))
                .collect::<BTreeSet<_>>(),
        }
    }

    /// Notes of what the nodes ran until now.
    pub(crate) fn notes(&self) -> Notes {
        let agents = self.fleet.agents.iter();
        Notes::read(agents.map(|name| (*name, self.fleet.log(name), self.fleet.audit(name))))
    }

    /// Judges all calls, and says what was done.
    fn finish(&self) {
        let calls = self.calls.lock().unwrap();
        let notes = self.notes();
        let mut wrong: Vec<(String, String)> = calls
            .iter()
            .flat_map(|made| {
                let faults = judge::call(made, &self.fleet.agents, &self.peace(made));
                faults
                    .into_iter()
                    .map(|what| (made.asked.mark.clone(), what))
            })
            .collect();
        wrong.extend(judge::runs(&calls, &notes));
        for name in self.fleet.agents.iter().chain([&BROKER]) {
            if let Some(line) = self
                .fleet
                .log(name)
                .lines()
                .find(|line| line.contains("panicked"))
            {
                wrong.push((String::new(), format!("{name}: {line}")));
            }
        }
        let told: Vec<Told> = calls
            .iter()
            .filter_map(|made| Told::read(made).ok())
            .collect();
        println!(
            "{}: {} calls, {} answers, {} times no response, {} times no broker, {} faults, {} runs; \
             whole again within {:.1} s; {} violations",
            self.test,
            calls.len(),
            told.iter().map(|told| told.answers.len()).sum::<usize>(),
            told.iter().map(|told| told.silent.len()).sum::<usize>(),
            calls.iter().filter(|made| made.code == Some(69)).count(),
            self.faults.get(),
            notes.runs.len(),
            self.slowest.get().as_secs_f64(),
            wrong.len(),
        );
        if let Some(stood) = self.pulse.told() {
            println!("{}: {stood}", self.test);
        }
        if wrong.is_empty() {
            return;
        }
        let mut text = String::new();
        for (mark, what) in &wrong {
            writeln!(text, "* {what}").unwrap();
            if let Some(made) = calls.iter().find(|made| made.asked.mark == *mark) {
                writeln!(text, "  {made}").unwrap();
            }
        }
        println!("{text}");
        let kept = self.fleet.keep_logs(self.test);
        panic!(
            "{} violations; the nodes' logs are in {}",
            wrong.len(),
            kept.display()
        );
    }
}
