//! Where to look when nodes deny a call: a denial does not say which rule made it, as whoever may
//! not call need not know; who keeps the nodes can ask there.

use crate::{
    client::{Account, Call},
    mcorpc::reply::Outcome,
};

/// What tells the reason on a node that has denied the call, if one has.
pub(super) fn hint(call: &Call, account: &Account) -> Option<String> {
    let mut answers = account.answers.iter().map(|answer| &answer.reply);
    let denied = answers.find(|reply| reply.outcome == Outcome::Denied)?;
    let (agent, action) = (&call.agent, &call.action);
    Some(format!(
        "hint: {} has a policy against it: `mco policy check {agent} {action} --caller {}` there tells which line decides",
        denied.sender, denied.caller
    ))
}
