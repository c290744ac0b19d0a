//! What was asked of this node, what was decided, and how it ended, for those who look at it later.
//!
//! Each request that is meant for this node has two records with its id: the decision, before
//! anything runs, with its filter, its inputs (secrets left out) and the rule that decided; and the outcome. A
//! decision without outcome is an action during which the daemon ended. In the original's format
//! (`rpcauditprovider = logfile`) the first is the original's line; denials, rules and outcomes,
//! which the original did not note, are in lines like it.
//!
//! Where a record can't be written, that is an error in the log, and the audit itself tells later how
//! many are missing; where it is required, nothing runs meanwhile.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::dispatch::End;
use crate::{
    config::{Audit as Settings, AuditFormat},
    mcorpc::{
        ddl::{Action, redact::redacted},
        inspect,
        request::Request,
    },
    security::Verified,
    sys::{
        journal::{Journal, JournalError},
        refusals::Refusals,
    },
    text,
};

/// Bytes of a filter, and of inputs that nothing is run with, in a record: who is denied must not push
/// what others did out of the files.
const LONGEST: usize = 4096;

/// Name and address of a connection.
const LONGEST_NAME: usize = 300;

/// Bytes of inputs that something is run with.
const LONGEST_RUN: usize = 64 << 10;

/// The audit file.
#[derive(Debug)]
pub(super) struct Audit {
    settings: Settings,
    journal: Journal,
    /// Records that could not be written since the last that could.
    missing: Mutex<u64>,
    refusals: Arc<Refusals>,
}

/// What was decided.
#[derive(Debug)]
pub(super) struct Decided<'a> {
    /// By whose connection it came, and from where.
    pub(super) from: Option<&'a str>,
    /// In a word: `allowed`, `denied`, `invalid`, `no_agent`.
    pub(super) decision: &'a str,
    /// By what.
    pub(super) rule: &'a str,
    /// What the request asks for, where that is known.
    pub(super) action: Option<&'a Action>,
}

impl Audit {
    /// Tries the file at once, so that a fault is known before anybody asks for something.
    pub(super) fn new(settings: &Settings, refusals: &Arc<Refusals>) -> Self {
        let audit = Self {
            journal: journal(settings),
            settings: settings.clone(),
            missing: Mutex::default(),
            refusals: Arc::clone(refusals),
        };
        if let Err(error) = audit.journal.check() {
            audit.complain(&error);
        }
        audit
    }

    /// Whether this is the audit of these settings.
    pub(super) fn has(&self, settings: &Settings) -> bool {
        self.settings == *settings
    }

    /// Notes what was decided. Tells whether it may be acted upon.
    pub(super) fn decided(
        &self,
        request: &Verified<Request>,
        decided: &Decided<'_>,
        now_ms: u64,
    ) -> bool {
        let (caller, asked) = (request.caller(), request.value());
        let data = redacted(decided.action, &asked.data);
        let longest = match decided.decision {
            "allowed" => LONGEST_RUN,
            _ => LONGEST,
        };
        let line = match self.settings.format {
            AuditFormat::Json => json_line(&json!({
                "time": time(now_ms),
                "type": "decision",
                "id": asked.id,
                "caller": caller,
                "sender": asked.sender,
                "connection": decided.from.map(|from| text::excerpt(from, LONGEST_NAME)),
                "collective": asked.collective,
                "agent": asked.agent,
                "action": asked.action,
                "data": cut(json!(data), longest),
                "filter": cut(json!(asked.filter), LONGEST),
                "requested": time(asked.time_ms),
                "decision": decided.decision,
                "rule": decided.rule,
            })),
            AuditFormat::Original => {
                let mut data = data;
                data.insert("process_results".to_owned(), asked.want_reply.into());
                // Behind the caller the original has the host that its request names.
                let address = decided.from.and_then(|from| from.rsplit_once('@'));
                let address = address.and_then(|(_, address)| address.parse::<IpAddr>().ok());
                let host = address.map_or_else(|| asked.sender.to_string(), |ip| ip.to_string());
                // The original notes only what may run. Who reads its lines knows them by `reqtime`.
                let (decision, rule) = match decided.decision {
                    "allowed" => (String::new(), String::new()),
                    other => (
                        format!("decision={other} "),
                        format!(" rule={}", decided.rule),
                    ),
                };
                format!(
                    "{} reqid={}: {decision}reqtime={} caller={caller}@{} agent={} action={} data={}{rule}",
                    original_time(now_ms),
                    asked.id,
                    asked.time_ms / 1000,
                    host,
                    asked.agent,
                    asked.action,
                    text::excerpt(&inspect::outputs(&data), longest),
                )
            }
        };
        self.write(&line, now_ms) || !self.settings.required
    }

    /// Notes how it ended.
    pub(super) fn ended(
        &self,
        request: &Verified<Request>,
        end: &End,
        took: Duration,
        rule: &str,
        now_ms: u64,
    ) {
        let (caller, asked) = (request.caller(), request.value());
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let line = match self.settings.format {
            AuditFormat::Json => json_line(&json!({
                "time": time(now_ms),
                "type": "outcome",
                "id": asked.id,
                "caller": caller,
                "agent": asked.agent,
                "action": asked.action,
                "outcome": end.outcome,
                "statuscode": end.code,
                "duration_ms": took_ms,
            })),
            AuditFormat::Original => format!(
                "{} reqid={}: caller={caller} outcome={} statuscode={} duration_ms={took_ms} rule={rule}",
                original_time(now_ms),
                asked.id,
                end.outcome,
                end.code.0,
            ),
        };
        self.write(&line, now_ms);
    }

    /// Writes a record, after a word on those that are missing. Tells whether it is written.
    fn write(&self, line: &str, now_ms: u64) -> bool {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self
            .tell_gap(&mut missing, now_ms)
            .and_then(|()| self.journal.append(line));
        if let Err(error) = &written {
            *missing += 1;
            self.complain(error);
        }
        written.is_ok()
    }

    fn tell_gap(&self, missing: &mut u64, now_ms: u64) -> Result<(), JournalError> {
        if *missing > 0 {
            self.journal.append(&match self.settings.format {
                AuditFormat::Json => json_line(&json!({
                    "time": time(now_ms), "type": "gap", "missing": *missing
                })),
                AuditFormat::Original => format!("{} missing={missing}", original_time(now_ms)),
            })?;
            tracing::warn!("the audit goes on; {missing} records are missing");
            *missing = 0;
        }
        Ok(())
    }

    fn complain(&self, error: &JournalError) {
        let follows = if self.settings.required {
            "requests are refused until it can be written"
        } else {
            "requests run without being noted"
        };
        let write = || tracing::error!("the audit has stopped: {error}; {follows}");
        self.refusals.log("not audited", write);
    }
}

/// What is wrong with the file of an audit, if anything is.
pub fn check_audit(settings: &Settings) -> Result<(), JournalError> {
    journal(settings).check()
}

fn journal(settings: &Settings) -> Journal {
    Journal {
        path: settings.file.clone(),
        max_size: settings.max_size,
        keep: settings.keep,
        sync: settings.sync,
    }
}

/// What a request says. What is too long is cut, and says so.
fn cut(whole: Value, longest: usize) -> Value {
    let text = whole.to_string();
    if text.len() <= longest {
        return whole;
    }
    let start = text.floor_char_boundary(longest);
    json!({"cut": text.get(..start), "bytes": text.len()})
}

fn json_line(record: &Value) -> String {
    inspect::escaped_json(&record.to_string())
}

fn time(ms: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(ms);
    humantime::format_rfc3339_millis(time).to_string()
}

/// As the original writes it.
fn original_time(ms: u64) -> String {
    let time = time(ms).replace('T', " ");
    let seconds = time.split('.').next().unwrap_or_default();
    format!("[{seconds} UTC]")
}

#[cfg(test)]
mod tests;
