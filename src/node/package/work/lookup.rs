//! Whether there are packages of the names that are to be installed, before a manager is told to.

use super::{Failure, FailureKind, could_not, failure, run, unexpected, wanted::quoted};
use crate::{
    node::package::{Change, PackageName, PackageProvider, Status},
    sys::command::{Ended, Launcher},
};

/// Makes sure that the manager can't take names for something else.
pub(super) async fn look_up(
    provider: &dyn PackageProvider,
    launcher: &Launcher,
    change: &Change,
    before: &[Status],
) -> Result<(), Failure> {
    let missing = change.packages.iter().zip(before);
    let missing = missing.filter(|(_, status)| !status.installed);
    let missing: Vec<&PackageName> = missing.map(|(package, _)| package).collect();
    let program = provider.look_up(&missing).filter(|_| !missing.is_empty());
    let Some(program) = program else {
        return Ok(());
    };
    let ended = run(launcher, &program).await?;
    let listed = ended.stdout.text();
    let why = if ended.is_success() {
        let unknown = missing.into_iter();
        let unknown: Vec<_> = unknown
            .filter(|name| !provider.knows(name, &listed))
            .collect();
        match unknown.as_slice() {
            [] => return Ok(()),
            [one] => unknown_one(provider, launcher, one).await?,
            several => format!(
                "{} knows no packages {}",
                provider.name(),
                quoted(several.iter().copied())
            ),
        }
    } else {
        failure(provider, &program.name(), &ended)
    };
    Err(Failure {
        status: before.to_vec(),
        ..unexpected(could_not(change, &why, FailureKind::Unexpected))
    })
}

/// That there is no such package, and which ones stand for it.
async fn unknown_one(
    provider: &dyn PackageProvider,
    launcher: &Launcher,
    package: &PackageName,
) -> Result<String, Failure> {
    let text = format!("{} knows no package '{package}'", provider.name());
    let Some(program) = provider.find_providers(package) else {
        return Ok(text);
    };
    let listed = run(launcher, &program).await?.stdout.text();
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    let names: Vec<&str> = names.take(MOST_PROVIDERS).collect();
    Ok(match names.as_slice() {
        [] => format!("{text}; are its lists of packages up to date?"),
        names => format!(
            "{text}, but what provides it: name one of {}",
            names.join(", ")
        ),
    })
}

/// Which versions there are, where a change failed for want of one.
pub(super) async fn versions(
    provider: &dyn PackageProvider,
    launcher: &Launcher,
    change: &Change,
    ended: &Ended,
) -> String {
    let program = match change.packages.as_slice() {
        [package] => provider.find_versions(package, ended),
        _ => None,
    };
    let Some(program) = program else {
        return String::new();
    };
    let listed = run(launcher, &program).await;
    let Ok(listed) = listed.map(|ended| ended.stdout.text()) else {
        // It only adds to an error.
        return String::new();
    };
    let mut versions: Vec<&str> = Vec::new();
    for version in listed.lines().filter_map(|line| line.split('|').nth(1)) {
        if !versions.contains(&version.trim()) && versions.len() < MOST_PROVIDERS {
            versions.push(version.trim());
        }
    }
    if versions.is_empty() {
        return "; no version can be had of it".to_owned();
    }
    format!("; there is {}", versions.join(", "))
}

/// How many packages, or versions, are named in the place of one that there is not.
const MOST_PROVIDERS: usize = 10;
