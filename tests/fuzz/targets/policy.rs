//! Any text is read as a policy, and one that nowhere says `allow` allows nothing.
//!
//! A line `%` parts the file of groups, which comes first, from the policy.

use mcollective::mcorpc::{
    names::{ActionName, CallerId},
    policy::{DecidedBy, Groups, Policy},
};

use super::filter::Example;

/// Checks one policy.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (groups, rules) = text.split_once("%\n").unwrap_or(("", &text));
    let (groups, warnings) = Groups::parse(groups);
    assert!(warnings.iter().all(|warning| warning.line > 0));
    for allow_unset in [false, true] {
        let (policy, warnings) = Policy::parse(rules, &groups, allow_unset);
        let lines = rules.split('\n').count();
        assert!(
            warnings
                .iter()
                .all(|warning| (1..=lines).contains(&warning.line))
        );
        for caller in ["cert=ann", "cert=bob"] {
            let caller = CallerId::new(caller).unwrap();
            for action in ["status", "restart"] {
                let action = ActionName::new(action).unwrap();
                let decision = policy.decide(&caller, &action, &Example);
                assert!(decision.by.line().is_none_or(|line| line <= lines));
                if !allow_unset && decision.allowed {
                    assert!(rules.to_lowercase().contains("allow"));
                    assert!(!matches!(decision.by, DecidedBy::Doubt(_)));
                }
            }
        }
    }
}
