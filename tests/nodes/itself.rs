//! Whether the judge notices: calls and notes written by hand, each with one thing wrong.

use crate::{
    call::{Asked, Made, Question, Whom},
    chance::Chance,
    endurance,
    fleet::AGENTS,
    judge::{self, Peace},
    notes::Notes,
    pulse::Pulse,
    storm,
    told::Told,
};

/// All of it, run everywhere and in no time.
pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "itself::every_form_of_output_is_read",
        every_form_of_output_is_read,
    ),
    (
        "itself::a_sound_call_passes_the_judge",
        a_sound_call_passes_the_judge,
    ),
    (
        "itself::a_wrong_call_does_not_pass",
        a_wrong_call_does_not_pass,
    ),
    (
        "itself::a_call_that_fails_in_peace_does_not_pass",
        a_call_that_fails_in_peace_does_not_pass,
    ),
    (
        "itself::a_wrong_run_does_not_pass",
        a_wrong_run_does_not_pass,
    ),
    (
        "itself::a_machine_that_stands_still_is_noticed",
        a_machine_that_stands_still_is_noticed,
    ),
    (
        "itself::the_same_seed_brings_the_same_faults",
        the_same_seed_brings_the_same_faults,
    ),
];

fn made(question: Question, whom: Whom, code: i32, stdout: &str, stderr: &str) -> Made {
    Made {
        asked: Asked {
            question,
            whom,
            ..Asked::named("call-7", &[], 2)
        },
        began_ms: 1_000_000,
        ended_ms: 1_002_000,
        overdue: false,
        code: Some(code),
        stdout: stdout.into(),
        stderr: stderr.into(),
    }
}

fn row(sender: &str, whoami: &str, mark: &str) -> String {
    format!(
        r#"{{"sender":"{sender}","statuscode":0,"data":{{"values":{{"whoami":"{whoami}","{mark}":null}}}}}}"#
    )
}

fn rows(names: &[&str]) -> String {
    let rows: Vec<String> = names.iter().map(|name| row(name, name, "call-7")).collect();
    format!("[{}]", rows.join(","))
}

const REFUSED: &str = r#"[{"sender":"a1","statuscode":5,"data":{}}]"#;

fn named(names: &[&'static str]) -> Whom {
    Whom::Named(names.to_vec())
}

/// Everything had peace, or nothing but these agents.
fn peace(agents: &[&'static str]) -> Peace {
    Peace {
        broker: true,
        agents: agents.iter().copied().collect(),
    }
}

const TEXT: &str = "
a1                                       
   Values: {\"whoami\"=>\"a1\", \"call-7\"=>nil}

a2                                       Refused
   the request has expired


Finished processing 2 / 3 hosts in 2000.79 ms


No response from:

    a3                                                                                          

";

fn every_form_of_output_is_read() {
    for made in [
        made(Question::Text, Whom::All, 2, TEXT, ""),
        made(
            Question::Json,
            Whom::All,
            2,
            &format!(
                r#"[{},{{"sender":"a2","statuscode":5,"data":{{}}}}]"#,
                row("a1", "a1", "call-7")
            ),
            "warning: the broker is young\nNo response from: a3\n",
        ),
        made(
            Question::Ping,
            Whom::All,
            2,
            r#"{"replies":[{"sender":"a1","outcome":"ok"},{"sender":"a2","outcome":"refused"}],
                "no_response":[{"sender":"a3"}]}"#,
            "",
        ),
        made(
            Question::Find,
            Whom::All,
            0,
            "a1\n",
            "a2: refused: too late\nNo response from: a3\n",
        ),
    ] {
        let told = Told::read(&made).unwrap();
        let answers: Vec<(&str, bool)> = told
            .answers
            .iter()
            .map(|answer| (answer.name.as_str(), answer.ok))
            .collect();
        assert_eq!(answers, [("a1", true), ("a2", false)], "{made}");
        assert_eq!(told.silent, ["a3"], "{made}");
        assert_eq!(
            judge::call(&made, &AGENTS, &peace(&["a1"])),
            [""; 0],
            "{made}"
        );
    }
    let garbled = made(Question::Json, Whom::All, 0, "[", "");
    assert!(Told::read(&garbled).is_err());
}

fn a_sound_call_passes_the_judge() {
    for (made, peace) in [
        (
            made(Question::Json, Whom::All, 0, &rows(&AGENTS), ""),
            peace(&AGENTS),
        ),
        (
            made(
                Question::Json,
                Whom::Filter(vec!["a2"]),
                0,
                &rows(&["a2"]),
                "",
            ),
            peace(&AGENTS),
        ),
        (
            made(
                Question::Json,
                named(&["a1", "a2"]),
                4,
                "[]",
                "No response from: a1, a2",
            ),
            peace(&["a3"]),
        ),
        (
            made(Question::Json, Whom::All, 3, "[]", "No response from: a1"),
            Peace::default(),
        ),
        // Nobody is there yet, or the broker went before it could say who.
        (
            made(Question::Json, Whom::All, 1, "[]", ""),
            Peace::default(),
        ),
        (
            made(Question::Json, Whom::All, 69, "", ""),
            Peace::default(),
        ),
    ] {
        assert_eq!(judge::call(&made, &AGENTS, &peace), [""; 0], "{made}");
    }
}

fn a_wrong_call_does_not_pass() {
    let json = |whom: Whom, code, names: &[&str], stderr: &str| {
        made(Question::Json, whom, code, &rows(names), stderr)
    };
    let wrong = [
        (
            json(Whom::All, 0, &["a1", "a2", "a1"], ""),
            "names a1 2 times",
        ),
        (
            json(named(&["a1"]), 2, &["a1"], "No response from: a1"),
            "names a1 2 times",
        ),
        (
            json(Whom::All, 0, &["a9"], ""),
            "names a9, which does not exist",
        ),
        (
            json(Whom::Filter(vec!["a1"]), 0, &["a1", "a2"], ""),
            "a2 answered and is not meant",
        ),
        (
            json(named(&["a1", "a2"]), 0, &["a1"], ""),
            "does not name a2",
        ),
        (
            json(named(&["a1"]), 0, &["a1", "a2"], ""),
            "names a2, which was not addressed",
        ),
        (
            made(
                Question::Json,
                Whom::All,
                0,
                &format!("[{}]", row("a1", "a2", "call-7")),
                "",
            ),
            "a2 answered as a1",
        ),
        (
            made(
                Question::Json,
                Whom::All,
                0,
                &format!("[{}]", row("a1", "a1", "call-6")),
                "",
            ),
            "a1 answers another call",
        ),
        (
            json(Whom::All, 0, &["a1"], "No response from: a2"),
            "exits with Some(0), not [2]",
        ),
        (
            made(Question::Json, Whom::All, 0, REFUSED, ""),
            "exits with Some(0), not [2]",
        ),
        (
            json(named(&["a1"]), 3, &[], "No response from: a1"),
            "exits with Some(3), not [4]",
        ),
        (
            made(Question::Find, Whom::All, 1, "", "No response from: a1"),
            "exits with Some(1), not [3]",
        ),
        (
            made(
                Question::Text,
                Whom::All,
                2,
                &TEXT.replace("2 / 3", "3 / 3"),
                "",
            ),
            "counts 3 / 3 and names 2 / 3",
        ),
        (
            made(Question::Json, Whom::All, 77, "", "refused"),
            "no JSON",
        ),
    ];
    for (made, expected) in wrong {
        let found = judge::call(&made, &AGENTS, &Peace::default()).join("; ");
        assert!(found.contains(expected), "{made}\n{found}");
    }
}

fn a_call_that_fails_in_peace_does_not_pass() {
    let all = peace(&AGENTS);
    for (made, expected) in [
        (
            made(Question::Json, Whom::All, 69, "", ""),
            "says that the broker is away",
        ),
        (
            made(Question::Json, Whom::All, 0, &rows(&["a1", "a2"]), ""),
            "no answer of a3, which had no trouble",
        ),
        (
            made(
                Question::Json,
                Whom::Filter(vec!["a1"]),
                2,
                &rows(&["a1"]),
                "No response from: a2",
            ),
            "names a2, which had no trouble and is not meant",
        ),
        (
            Made {
                overdue: true,
                ..made(Question::Json, Whom::All, 0, &rows(&AGENTS), "")
            },
            "did not end",
        ),
    ] {
        let found = judge::call(&made, &AGENTS, &all).join("; ");
        assert!(found.contains(expected), "{made}\n{found}");
    }
}

/// What a node notes of a run that began so many milliseconds after the call did.
fn noted(node: &'static str, id: &str, after_ms: u64) -> (&'static str, String, String) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_000_000 + after_ms);
    let time = humantime::format_rfc3339_micros(time);
    (
        node,
        format!(
            "{time}  INFO connected broker=b\n\
             {time}  INFO rpcutil#get_facts caller=cert=peadmin sender=peadmin id={id}\n"
        ),
        format!(
            "{{\"type\":\"decision\",\"id\":\"{id}\",\"data\":{{\"facts\":\"whoami,call-7\"}}}}\n\
             {{\"type\":\"outcome\",\"id\":\"{id}\",\"outcome\":\"ok\"}}\n"
        ),
    )
}

fn a_wrong_run_does_not_pass() {
    let call = made(
        Question::Json,
        named(&["a1", "a2"]),
        2,
        &rows(&["a1"]),
        "No response from: a2",
    );
    for (notes, expected) in [
        (vec![noted("a1", "x", 10)], ""),
        // It ran, and its answer was lost: that is no fault.
        (vec![noted("a1", "x", 10), noted("a2", "x", 1_999)], ""),
        (vec![], "a1 answered and has not run it"),
        (
            vec![noted("a1", "x", 10), noted("a2", "x", 2_001)],
            "a2 ran it 1 ms after its end",
        ),
        (
            vec![noted("a1", "x", 10), noted("a1", "x", 20)],
            "a1 ran x twice",
        ),
        (
            vec![noted("a1", "x", 10), noted("a1", "y", 20)],
            "a1 ran it twice, under two ids",
        ),
        (
            vec![noted("a1", "x", 10), noted("a3", "x", 10)],
            "a3 ran it, and it is not named",
        ),
    ] {
        let found = judge::runs(std::slice::from_ref(&call), &Notes::read(notes));
        let found: Vec<String> = found.into_iter().map(|(_, what)| what).collect();
        if expected.is_empty() {
            assert_eq!(found, [""; 0]);
        } else {
            assert!(found.iter().any(|what| what == expected), "{found:?}");
        }
    }
}

fn a_machine_that_stands_still_is_noticed() {
    let pulse = Pulse::default();
    assert_eq!(pulse.told(), None);
    pulse.note(2000, 2700);
    for (from, until, stood) in [
        (1000, 1999, false),
        (1000, 2000, true),
        (2100, 2200, true),
        (2700, 9000, true),
        (2701, 9000, false),
    ] {
        assert_eq!(pulse.stood(from, until), stood, "{from} to {until}");
    }
    assert!(pulse.told().unwrap().contains("700 ms"));
}

fn the_same_seed_brings_the_same_faults() {
    let agents = ["a1", "a2", "a3", "crowd-1", "crowd-2", "crowd-3"];
    let plans = |seed| {
        let mut chance = Chance::new(seed);
        (0..20)
            .flat_map(|_| {
                [
                    storm::plan(&mut chance),
                    endurance::plan(&agents, &mut chance),
                ]
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(plans(1), plans(1));
    assert_ne!(plans(1), plans(2));
    for plan in plans(3) {
        let mut nodes: Vec<&str> = plan.iter().map(|(fault, ..)| fault.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        assert_eq!(nodes.len(), plan.len(), "a node has one fault at a time");
    }
}
