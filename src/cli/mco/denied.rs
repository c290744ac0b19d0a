//! Where to look when nodes deny a call: a denial does not say which rule made it, as whoever may
//! not call need not know, and to strangers nodes say nothing at all; who keeps the nodes can ask
//! there.

use crate::{
    client::{Account, Call, Silence},
    mcorpc::reply::Outcome,
};

/// What tells the reason on a node that has denied the call, or may have.
pub(super) fn hint(call: &Call, account: &Account) -> Option<String> {
    let mut answers = account.answers.iter().map(|answer| &answer.reply);
    let Some(denied) = answers.find(|reply| reply.outcome == Outcome::Denied) else {
        return unheard(account);
    };
    let (agent, action) = if denied.statusmsg.contains("rpcutil#get_data") {
        // What the filter asks has a policy of its own.
        ("rpcutil", "get_data")
    } else {
        (call.agent.as_str(), call.action.as_str())
    };
    Some(format!(
        "hint: {} has a policy against it: `mco policy check {agent} {action} --caller {}` there tells which line decides",
        denied.sender, denied.caller
    ))
}

/// Where not one of those that are connected said a word.
fn unheard(account: &Account) -> Option<String> {
    let silent = &account.no_response;
    let heard = !account.answers.is_empty() || !account.nomatch.is_empty();
    let connected = silent.iter().any(|node| node.why == Silence::Timeout);
    let waited = account.interrupted.is_none() && !account.lost;
    (connected && !heard && waited).then(|| {
        "hint: nodes say nothing to a caller whom they do not obey (`plugin.pki.clients`), but in their logs".to_owned()
    })
}
