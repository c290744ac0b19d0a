//! Holds how packages were wanted against how they are, and says what is missing.

use super::{Changed, Failure, FailureKind, failure, unexpected};
use crate::{
    node::package::{ABSENT, Change, JobState, PackageName, PackageProvider, Record, Status, Verb},
    sys::command::Ended,
};

/// The end where nothing is to be done, which may be a failure in the original's words.
pub(super) fn already(
    provider: &dyn PackageProvider,
    change: &Change,
    before: &[Status],
    strict: bool,
) -> Result<Option<Changed>, Failure> {
    let is_done = |status: &Status| match (change.verb, &change.version) {
        (Verb::Install, Some(version)) => provider.has_version(status, version),
        (Verb::Install, None) => status.installed,
        (Verb::Update, _) => !status.installed,
        // What was removed half way has to be removed, though the original takes it for away.
        (Verb::Uninstall, _) => !status.installed && (strict || status.half_way().is_none()),
        // What is removed may have left its configuration.
        (Verb::Purge, _) => !status.installed && (strict || !has_remains(status)),
    };
    let why = match change.verb {
        Verb::Install => "Package is already installed",
        _ => "Package is not present on the system",
    };
    // There is nothing to update. And who is strict means each of several.
    let fails = change.verb == Verb::Update || (strict && change.version.is_none());
    if fails && let Some(at) = before.iter().position(is_done) {
        let name = change.packages.get(at).filter(|_| before.len() > 1);
        let message = match name {
            Some(name) => format!("{name}: {why}"),
            None => why.to_owned(),
        };
        return Err(Failure {
            status: before.to_vec(),
            ..unexpected(message)
        });
    }
    Ok(before.iter().all(is_done).then(|| Changed {
        after: before.to_vec(),
        changed: false,
        also: Vec::new(),
        output: None,
    }))
}

/// The change as the manager is told: what is not there is not to be removed. It might take such a
/// name for something else (apt takes `bar+` for a wish to install bar).
pub(super) fn for_manager(change: &Change, before: &[Status]) -> Change {
    let is_there = |status: &Status| match change.verb {
        Verb::Install | Verb::Update => true,
        Verb::Uninstall => status.installed || status.half_way().is_some(),
        Verb::Purge => status.installed || has_remains(status),
    };
    let there = change.packages.iter().zip(before);
    let there = there.filter(|(_, status)| is_there(status));
    Change {
        packages: there.map(|(package, _)| package.clone()).collect(),
        ..change.clone()
    }
}

/// Whether something is left of a package that is not installed.
pub(super) fn has_remains(status: &Status) -> bool {
    // Other managers know nothing of what is not installed.
    status.details.contains_key("desired") && status.ensure == ABSENT
}

/// Whether a package is as a change wanted it; of an update only the manager knows that.
fn is_reached(provider: &dyn PackageProvider, change: &Change, status: &Status) -> bool {
    match (change.verb, &change.version) {
        (Verb::Install, Some(version)) => provider.has_version(status, version),
        (Verb::Install, None) | (Verb::Update, _) => status.installed,
        (Verb::Uninstall, _) => !status.installed && status.half_way().is_none(),
        (Verb::Purge, _) => !status.installed && !has_remains(status),
    }
}

/// Those of the packages asked for that a run should have changed, has not, and that nobody has
/// brought there since.
pub(super) fn unchanged(
    provider: &dyn PackageProvider,
    record: &Record,
    state: &JobState,
    asked: &[PackageName],
    statuses: &[Status],
) -> Vec<String> {
    let Some(change) = Change::read(&record.what) else {
        return Vec::new();
    };
    if matches!(state, JobState::Ended(ended) if provider.succeeded(ended)) {
        return Vec::new();
    }
    let is_open = |package: &PackageName, status: &Status| {
        change.packages.contains(package)
            && !record.settled.iter().any(|name| name == package.as_str())
            // An old version is one too.
            && (change.verb == Verb::Update || !is_reached(provider, &change, status))
    };
    let asked = asked.iter().zip(statuses);
    asked
        .filter(|(package, status)| is_open(package, status))
        .map(|(package, status)| {
            let name = status.details.get("name").cloned();
            name.unwrap_or_else(|| package.to_string())
        })
        .collect()
}

/// What is not as it was wanted, though the manager has done its work.
pub(super) fn missed(
    provider: &dyn PackageProvider,
    change: &Change,
    after: &[Status],
) -> Option<String> {
    let (package, status) = change
        .packages
        .iter()
        .zip(after)
        .find(|(_, status)| !is_reached(provider, change, status))?;
    let text = format!("{package} {}", status.describe());
    if change.verb != Verb::Install || status.installed || status.details.contains_key("desired") {
        return Some(text);
    }
    let name = provider.name();
    Some(format!(
        "{text}, though {name} ended well: is it a name that other packages provide?"
    ))
}

/// `Could not install 'foo': WHY`.
pub(super) fn could_not(change: &Change, why: &str, kind: FailureKind) -> String {
    let (verb, names) = (change.verb.as_str(), quoted(&change.packages));
    match kind {
        FailureKind::StillRunning => format!("still running: {verb} of {names}: {why}"),
        _ => format!("Could not {verb} {names}: {why}"),
    }
}

/// `'foo', 'bar'`
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a PackageName>) -> String {
    let names = names.into_iter().map(|name| format!("'{name}'"));
    names.collect::<Vec<_>>().join(", ")
}

/// Why a change failed of which the manager says so: it may be as it was wanted all the same, and
/// the fault of others.
pub(super) fn failed(
    provider: &dyn PackageProvider,
    change: &Change,
    name: &str,
    ended: &Ended,
    after: &[Status],
    is_done: bool,
) -> String {
    let mut why = failure(provider, name, ended);
    let broken = provider.broken(ended).into_iter();
    let broken: Vec<String> = broken
        .filter(|package| !after.iter().any(|status| status.is_called(package)))
        .map(|package| format!("'{package}'"))
        .collect();
    if !broken.is_empty() {
        let (broken, remedy) = (broken.join(", "), provider.remedy());
        why = format!("{broken}, which was not asked for, is broken: {why}; {remedy}");
    }
    if is_done {
        let (verb, names) = (change.verb.as_str(), quoted(&change.packages));
        return format!("{verb} of {names} is done, but {why}");
    }
    could_not(change, &why, FailureKind::Unexpected)
}
