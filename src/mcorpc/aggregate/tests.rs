//! Every function, its formats and its failures.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mcorpc::ddl::{Action, Aggregate as Declared};

fn results(aggregate: Declared, values: &[Value]) -> Result<Rows, AggregateError> {
    let action = Action::new("a", "")
        .output("x", "", "The X")
        .summarize(aggregate);
    let mut aggregates = Aggregates::new(&action);
    for value in values {
        aggregates.add(&Map::from_iter([("x".to_owned(), value.clone())]));
    }
    let summary = aggregates.summarize().remove(0);
    assert_eq!(
        (summary.output.as_str(), summary.title.as_str()),
        ("x", "The X")
    );
    summary.result
}

fn lines(aggregate: Declared, values: &[Value]) -> Vec<String> {
    results(aggregate, values).unwrap().lines().to_vec()
}

#[test]
fn counts_are_aligned_and_sorted() {
    let values = [
        json!("stopped"),
        json!("running"),
        json!("running"),
        json!(null),
    ];
    let summary = Declared::summary("x");
    assert_eq!(
        lines(summary.clone(), &values),
        ["running = 2", "stopped = 1"]
    );
    let arrays = [json!(["rpcutil", "discovery"]), json!(["rpcutil", null])];
    assert_eq!(
        lines(summary.clone(), &arrays),
        ["  rpcutil = 2", "discovery = 1"]
    );
    let mixed = [json!(true), json!(1), json!({"a": 1}), json!("true")];
    assert_eq!(
        lines(summary.clone(), &mixed),
        ["    true = 2", "       1 = 1", "{\"a\"=>1} = 1"]
    );
    assert_eq!(
        lines(summary.clone().format("%s: %03d"), &values),
        ["running: 002", "stopped: 001"]
    );
    assert_eq!(results(summary, &[json!(null)]), Ok(Rows::Empty));
}

#[test]
fn booleans_have_labels() {
    let values = [json!(true), json!(false), json!(true)];
    assert_eq!(
        lines(
            Declared::boolean_summary("x", "enabled", "disabled"),
            &values
        ),
        ["enabled = 2", "disabled = 1"]
    );
    assert_eq!(
        lines(Declared::new("boolean_summary", "x"), &values),
        [" True = 2", "False = 1"]
    );
    assert_eq!(
        lines(Declared::new("boolean_summary", "x"), &values[..1]),
        [" True = 1"]
    );
}

#[test]
fn numbers_are_added_and_averaged() {
    let values = [json!(1), json!(2), json!(null), json!(4.5)];
    assert_eq!(
        lines(Declared::new("sum", "x"), &values),
        ["Sum of x: 7.500000"]
    );
    assert_eq!(
        lines(Declared::average("x"), &values),
        ["Average of x: 2.500000"]
    );
    // The original drops this fraction.
    let whole = Declared::average("x").format("Average: %0.2f");
    assert_eq!(lines(whole, &[json!(1), json!(2)]), ["Average: 1.50"]);
    assert_eq!(results(Declared::average("x"), &[]), Ok(Rows::Empty));
    assert_eq!(results(Declared::new("sum", "x"), &[]), Ok(Rows::Empty));
}

/// Lines that the original's client was recorded with; what occurs equally often it has in any order.
#[test]
fn lines_are_the_originals() {
    let enabled = Declared::boolean_summary("x", "enabled", "disabled");
    let running = Declared::boolean_summary("x", "running", "stopped");
    let agents = json!([
        "rpcutil",
        "discovery",
        "service",
        "shell",
        "puppet",
        "package"
    ]);
    for (aggregate, value, nodes, recorded) in [
        (
            Declared::summary("x"),
            agents,
            1,
            "  rpcutil = 1|discovery = 1|  service = 1|    shell = 1|   puppet = 1|  package = 1",
        ),
        (Declared::summary("x"), json!("2.12.5"), 1, "2.12.5 = 1"),
        (
            Declared::summary("x"),
            json!(["mcollective"]),
            4,
            "mcollective = 4",
        ),
        (Declared::summary("x"), json!(false), 4, "false = 4"),
        (Declared::summary("x"), json!("purged"), 4, "purged = 4"),
        (Declared::summary("x"), json!(null), 4, ""),
        (enabled, json!(true), 4, "enabled = 4"),
        (running, json!(false), 4, "stopped = 4"),
    ] {
        let mut printed = lines(aggregate, &vec![value.clone(); nodes]);
        let mut recorded: Vec<&str> = recorded.split_terminator('|').collect();
        printed.sort_unstable();
        recorded.sort_unstable();
        assert_eq!(printed, recorded, "{value}");
    }
}

#[test]
fn what_fails_fails_alone() {
    let error = results(Declared::average("x"), &[json!(1), json!("a"), json!(2)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "exception raised while processing result data: average needs numbers, not \"a\""
    );
    assert!(matches!(
        results(Declared::new("chart", "x"), &[]),
        Err(AggregateError::UnknownFunction(_))
    ));
    assert!(matches!(
        results(Declared::average("x").format("%q"), &[]),
        Err(AggregateError::Format(_))
    ));
    let action = Action::new("a", "")
        .output("b", "", "B")
        .summarize(Declared::summary("nosuch"))
        .summarize(Declared::summary("b"));
    let mut aggregates = Aggregates::new(&action);
    aggregates.add(&Map::from_iter([("b".to_owned(), json!("ok"))]));
    let summaries = aggregates.summarize();
    assert_eq!(summaries[0].result.as_ref().unwrap().lines(), ["ok = 1"]);
    assert_eq!(
        summaries[1].result.as_ref().unwrap_err().to_string(),
        "unspecified output 'nosuch' for the action"
    );
}

proptest! {
    #[test]
    fn counts_add_up(values in prop::collection::vec("[ab]{0,2}", 0..40)) {
        let values: Vec<_> = values.into_iter().map(Value::from).collect();
        match results(Declared::summary("x"), &values).unwrap() {
            Rows::Empty => prop_assert!(values.is_empty()),
            Rows::Counts { counts, .. } => {
                let total: u64 = counts.iter().map(|(_, count)| count).sum();
                prop_assert_eq!(total, values.len() as u64);
                prop_assert!(counts.is_sorted_by(|a, b| a.1 >= b.1));
            }
            Rows::Number { .. } => prop_assert!(false),
        }
    }
}
