//! The printed DDL is the original's to the letter.

use super::*;
use crate::mcorpc::ddl::{Metadata, builtin};

/// What the original prints for its own `rpcutil`.
const RPCUTIL: &str = include_str!("rpcutil.txt");

#[test]
fn agents_look_as_they_did() {
    assert_eq!(render(builtin::rpcutil()), RPCUTIL);
}

#[test]
fn defaults_and_lists_are_shown() {
    let ddl = Ddl::new(Kind::Agent, Metadata::own("x", "An example", 1))
        .usage("Use it well\n")
        .action(
            Action::new("go", "Goes")
                .input(
                    Input::new(
                        "how",
                        "How",
                        "How to go",
                        InputType::one_of(&["fast", "slow"]),
                    )
                    .or("slow"),
                )
                .output_or("b", "B", "Bee", false)
                .output_or("a", "A", "Ay", -1),
        );
    let text = render(&ddl);
    assert!(
        text.contains("\n   Use it well\n\nACTIONS:\n========\n   go\n"),
        "{text}"
    );
    let action = "
           how:
              Description: How to go
                   Prompt: How
                     Type: list
                 Optional: false
             Valid Values: fast, slow
            Default Value: slow


       OUTPUT:
           a:
              Description: A
               Display As: Ay
            Default Value: -1

           b:
              Description: B
               Display As: Bee

";
    assert!(text.ends_with(action), "{text}");
}

#[test]
fn other_kinds_have_their_own_sections() {
    let about = || Metadata::own("x", "An example", 2);
    let mc = Ddl::new(Kind::Discovery, about()).capabilities(&["identity", "classes"]);
    assert!(render(&mc).ends_with(
        "\nDISCOVERY METHOD CAPABILITIES:
      Filter based on configuration management classes
      Filter based on mcollective identity
"
    ));
    let data = Ddl::new(Kind::Data, about()).query(
        Query::new("Looks")
            .input("What", "What to look at", InputType::text("shellsafe", 9))
            .output("there", "Whether it is there", "There"),
    );
    let expected = "
QUERY FUNCTION INPUT:

              Description: What to look at
                   Prompt: What
                     Type: string
               Validation: shellsafe
                   Length: 9

QUERY FUNCTION OUTPUT:

           there:
              Description: Whether it is there
               Display As: There

";
    assert!(render(&data).ends_with(expected), "{}", render(&data));
    let mut nothing = data;
    nothing.query = Some(Query::new("Looks"));
    let text = render(&nothing);
    let expected =
        "INPUT:\n\n    This plugin does not take any input\n\nQUERY FUNCTION OUTPUT:\n\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn usage_fits_a_terminal() {
    let long = "word ".repeat(20);
    let usage = format!("\n  {long}\n\n{}\n", "x".repeat(90));
    let ddl = Ddl::new(Kind::Validator, Metadata::own("x", "y", 1)).usage(&usage);
    let text = render(&ddl);
    let fifteen = "word ".repeat(15);
    let five = "word ".repeat(5);
    let expected = format!(
        "\n\n\n     {}\n     {}\n\n   {}\n",
        fifteen.trim_end(),
        five.trim_end(),
        "x".repeat(90)
    );
    assert!(text.ends_with(&expected), "{text}");
}
