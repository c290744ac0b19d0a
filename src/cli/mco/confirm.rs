//! The question before a change: how many nodes it means, and some of them by name.

use std::io::{BufRead as _, Write as _, stderr, stdin};

use tokio::sync::oneshot;

use crate::{
    cli::{CommandError, Exit},
    mcorpc::names::Identity,
    sys::terminal,
};

/// How many nodes the question names.
const SAMPLE: usize = 5;

/// Asks whether to go on. `what` follows "Do you really want to". Where nobody can answer, the
/// answer is no, and the hint tells how to say yes beforehand.
pub(super) async fn ask(what: &str, nodes: &[Identity]) -> Result<(), CommandError> {
    let question = question(what, nodes);
    if !(terminal::stdin_is_terminal() && terminal::stderr_is_terminal()) {
        let message = format!("{question} Nobody can answer here, so nothing was sent");
        return Err(CommandError::usage(message).hint("say yes beforehand with `--yes`"));
    }
    // Where nobody reads it, nobody answers.
    drop(write!(stderr(), "{question} (y/n): "));
    drop(stderr().flush());
    match answer().await {
        Some(line) if is_yes(&line) => Ok(()),
        _ => Err(CommandError::new(Exit::NobodyMatched, String::new())),
    }
}

/// A line of standard input. It is read by a thread that nobody waits for: a read from a terminal
/// can't be called off, and a signal must end the program all the same.
async fn answer() -> Option<String> {
    let (send, receive) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = stdin().lock().read_line(&mut line);
        // The program may have been ended meanwhile.
        drop(send.send(read.ok().map(|_| line)));
    });
    receive.await.ok()?
}

fn question(what: &str, nodes: &[Identity]) -> String {
    let names: Vec<&str> = nodes.iter().take(SAMPLE).map(Identity::as_str).collect();
    let mut names = names.join(", ");
    if nodes.len() > SAMPLE {
        names = format!("{names} and {} more", nodes.len() - SAMPLE);
    }
    let count = nodes.len();
    let plural = if count == 1 { "" } else { "s" };
    format!("Do you really want to {what} on {count} node{plural} ({names})?")
}

fn is_yes(line: &str) -> bool {
    let word = line.trim();
    word.eq_ignore_ascii_case("y") || word.eq_ignore_ascii_case("yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_names_how_many_and_some() {
        let nodes: Vec<Identity> = (1..=7)
            .map(|n| Identity::new(format!("web{n}")).unwrap())
            .collect();
        assert_eq!(
            question("restart httpd", &nodes),
            "Do you really want to restart httpd on 7 nodes (web1, web2, web3, web4, web5 and 2 more)?"
        );
        assert_eq!(
            question("restart httpd", &nodes[..1]),
            "Do you really want to restart httpd on 1 node (web1)?"
        );
    }

    #[test]
    fn yes_is_yes_and_everything_else_is_no() {
        for yes in ["y\n", "Y\r\n", "yes\n", " YES "] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yeah\n", "y y"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
