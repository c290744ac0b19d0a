//! The footer under results: how many were waited for, how long it took, who stayed silent.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    columns,
    out::{Out, Paint, safe_line},
};
use crate::{
    cli::voice::complain,
    client::{Account, Answer, Interrupt},
    mcorpc::{names::Identity, reply::Outcome},
    sys::clock::Local,
};

/// `Finished processing R / D hosts in T ms`.
pub(crate) fn short(out: &mut Out, account: &Account) -> io::Result<()> {
    // Who was meant, and left out when the call was ended, is missing.
    let (answered, addressed) = (
        account.answers.len(),
        account.addressed() + account.unasked.len(),
    );
    let paint = if answered >= addressed {
        Paint::Green
    } else {
        Paint::Red
    };
    let count = |out: &Out, n: usize| out.painted(paint, &n.to_string());
    let (answered, addressed) = (count(out, answered), count(out, addressed));
    out.line(format!(
        "\nFinished processing {answered} / {addressed} hosts in {} ms\n",
        milliseconds(account.elapsed)
    ))
}

/// The figures of `-v`, under a caption.
pub(crate) fn verbose(out: &mut Out, account: &Account, caption: &str) -> io::Result<()> {
    let passed = account
        .answers
        .iter()
        .filter(|answer| answer.reply.outcome == Outcome::Ok)
        .count();
    let caption = out.painted(Paint::Yellow, &format!("---- {caption} ----"));
    out.line(format!("\n{caption}"))?;
    let total = account.discovery + account.elapsed;
    let rows = [
        (
            "Nodes",
            format!("{} / {}", account.addressed(), account.answers.len()),
        ),
        (
            "Pass / Fail",
            format!("{passed} / {}", account.answers.len() - passed),
        ),
        ("Start Time", local_time(account.started)),
        (
            "Discovery Time",
            format!("{}ms", milliseconds(account.discovery)),
        ),
        ("Agent Time", format!("{}ms", milliseconds(account.elapsed))),
        ("Total Time", format!("{}ms", milliseconds(total))),
    ];
    for (label, value) in rows {
        out.line(format!("{label:>16}: {value}"))?;
    }
    out.line("")
}

/// Who did not answer, who answered unasked, and whether the wait was cut short.
pub(crate) fn missing(out: &mut Out, account: &Account) -> io::Result<()> {
    let silent: Vec<&Identity> = account
        .no_response
        .iter()
        .map(|silent| &silent.node)
        .collect();
    list(out, "No response from:", &silent)?;
    let mut unasked: Vec<&Identity> = account.unasked.iter().collect();
    unasked.sort();
    list(out, "Not asked:", &unasked)?;
    let mut unexpected: Vec<&Identity> = account
        .unexpected
        .iter()
        .map(|answer| &answer.reply.sender)
        .collect();
    unexpected.sort();
    list(out, "Unexpected response from:", &unexpected)?;
    match cut_short(account) {
        Some(why) => out.line(format!("{why}\n")),
        None => Ok(()),
    }
}

fn cut_short(account: &Account) -> Option<&'static str> {
    Some(match account.interrupted? {
        Interrupt::Interrupted => "Interrupted: nodes without a response may still act",
        Interrupt::Terminated => "Terminated: nodes without a response may still act",
    })
}

/// The same in a line or two on standard error, where standard output has no place for it.
pub(crate) fn complain_of_silence(account: &Account) {
    if let Some(line) = silent(account) {
        complain(line);
    }
    if let Some(line) = names("Not asked", &account.unasked) {
        complain(line);
    }
    if let Some(why) = cut_short(account) {
        complain(why);
    }
}

/// Who did not answer, as one line, where there is anybody.
fn silent(account: &Account) -> Option<String> {
    let silent: Vec<&Identity> = account
        .no_response
        .iter()
        .map(|silent| &silent.node)
        .collect();
    names("No response from", &silent)
}

/// Some names on one line, and how many there are where that is not all.
pub(crate) fn names<S: AsRef<str>>(title: &str, names: &[S]) -> Option<String> {
    const SHOWN: usize = 10;
    let some: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let some = some.join(", ");
    match names.len() {
        0 => None,
        1..=SHOWN => Some(format!("{title}: {some}")),
        more => Some(format!("{title} {more} nodes, among them: {some}")),
    }
}

/// A node that answered and would not, or could not, do what was asked, as a line for standard error.
pub(crate) fn unwilling(answer: &Answer) -> String {
    let reply = &answer.reply;
    format!(
        "{}: {}: {}",
        reply.sender,
        reply.outcome,
        safe_line(&reply.statusmsg)
    )
}

fn list(out: &mut Out, title: &str, names: &[&Identity]) -> io::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let title = out.painted(Paint::Red, title);
    out.line(format!("\n{title}\n"))?;
    for line in columns::names(names, "    ") {
        out.line(line)?;
    }
    out.line("")
}

/// As the original prints times: milliseconds with two decimals.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

/// As scripts read times: `2026-11-23T12:13:02+00:00`.
pub(crate) fn timestamp(time: SystemTime) -> String {
    local(time).map_or_else(String::new, |local| {
        format!(
            "{}{}",
            local.to_string().replace(' ', "T"),
            local.offset_text()
        )
    })
}

/// As Ruby prints times: local, with the offset from UTC.
pub(crate) fn local_time(time: SystemTime) -> String {
    local(time).map_or_else(String::new, |local| {
        format!("{local} {}", local.offset_text().replace(':', ""))
    })
}

fn local(time: SystemTime) -> Option<Local> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).ok().and_then(Local::at)
}
