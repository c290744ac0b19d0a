//! Where and how an agent notes each request: `rpcaudit`, `plugin.rpcaudit.logfile`, and
//! `plugin.audit.*`, which the original does not know.

use std::path::PathBuf;

use super::reader::Reader;

/// Where and how each request is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The file.
    pub file: PathBuf,
    /// What its lines look like.
    pub format: AuditFormat,
    /// Bytes at which it is rotated.
    pub max_size: u64,
    /// How many old ones are kept; with none it is never rotated.
    pub keep: u32,
    /// Whether requests are refused that can't be noted.
    pub required: bool,
    /// Whether a record has to be on the disk before anything runs.
    pub sync: bool,
}

/// What the lines of an audit look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFormat {
    /// One JSON object a line.
    Json,
    /// The original's lines, and what it did not note in the same manner.
    Original,
}

/// Reads the settings of the audit.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Audit> {
    let wanted = reader.flag("rpcaudit", false);
    if wanted {
        if !reader.has("rpcauditprovider") {
            reader.missing("rpcauditprovider", "logfile");
        }
        reader.choice("rpcauditprovider", &[("logfile", ())], ());
    }
    let file = reader.path("plugin.rpcaudit.logfile");
    let formats = [
        ("json", AuditFormat::Json),
        ("original", AuditFormat::Original),
    ];
    let audit = Audit {
        file: file
            .unwrap_or_else(|| "/var/log/puppetlabs/mcollective/mcollective-audit.log".into()),
        format: reader.choice("plugin.audit.format", &formats, AuditFormat::Json),
        max_size: reader.size("plugin.audit.max_size", 10 << 20, 4096),
        keep: reader.integer("plugin.audit.keep", 10, 0, 1000),
        required: reader.flag("plugin.audit.required", false),
        sync: reader.flag("plugin.audit.sync", false),
    };
    if audit.required && !wanted {
        let message = "`plugin.audit.required` is set, and there is no audit";
        let right = "add `rpcaudit = 1` and `rpcauditprovider = logfile`";
        reader.fault("plugin.audit.required", message, right);
    }
    wanted.then_some(audit)
}
