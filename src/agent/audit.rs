//! One line for each request that was decided: who asked what, and what became of it.
//!
//! The line is the original's (`rpcauditprovider = logfile`) with the data as JSON, and with the
//! outcome at its end: the original never noted a denial.

use std::{
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use super::dispatch::End;
use crate::{mcorpc::request::Request, security::Verified, sys};

/// The audit file.
#[derive(Debug)]
pub(super) struct Audit {
    file: PathBuf,
}

impl Audit {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Notes a request and how it ended.
    pub(super) fn note(&self, request: &Verified<Request>, end: &End, now_ms: u64) {
        let line = line(request, end, now_ms);
        if let Err(error) = sys::file::append_line(&self.file, &line, 0o640) {
            tracing::error!("cannot write the audit: {error}");
        }
    }
}

fn line(verified: &Verified<Request>, end: &End, now_ms: u64) -> String {
    let request = verified.value();
    let time = UNIX_EPOCH + Duration::from_millis(now_ms);
    let time = humantime::format_rfc3339_seconds(time)
        .to_string()
        .replace('T', " ")
        .replace('Z', " UTC");
    let data = serde_json::Value::Object(request.data.clone());
    format!(
        "[{time}] reqid={}: reqtime={} caller={}@{} agent={} action={} data={data} outcome={}",
        request.id,
        request.time_ms / 1000,
        verified.caller(),
        request.sender,
        request.agent,
        request.action,
        end.outcome,
    )
}
