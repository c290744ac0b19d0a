//! What apt and dpkg print while they change packages: what they do, and why they fail.

use std::collections::HashSet;

use super::super::effect::{Done, Effect};
use crate::{
    node::program::{cite, last_words},
    sys::command::Ended,
};

/// What dpkg has done; the last, where it was at a package more than once.
pub(super) fn effects(ended: &Ended) -> Vec<Effect> {
    let (text, errors) = (ended.stdout.text(), ended.stderr.text());
    // What was begun at these was taken back.
    let broken = broken(ended);
    let mut seen = HashSet::new();
    let lines = text.lines().rev();
    let mut effects: Vec<Effect> = lines
        .filter_map(|line| read_effect(line, &errors))
        .filter(|effect| effect.done != Done::Removed || !broken.contains(&effect.package))
        .filter(|effect| seen.insert(effect.package.clone()))
        .collect();
    effects.reverse();
    effects
}

/// `Removing foo (2.0) ...`, `Unpacking foo (2.0) ...`, `Unpacking foo (2.0) over (1.0) ...`.
fn read_effect(line: &str, errors: &str) -> Option<Effect> {
    let (verb, rest) = line.split_once(' ')?;
    let (package, rest) = rest.split_once(" (")?;
    let (version, rest) = rest.split_once(')')?;
    if package.contains(' ') {
        return None;
    }
    match verb {
        "Removing" => Some(Effect::of(package, Done::Removed, version)),
        "Unpacking" => {
            let old = rest.strip_prefix(" over (").and_then(|rest| {
                let (old, _) = rest.split_once(')')?;
                Some(old)
            });
            let Some(old) = old else {
                return Some(Effect::of(package, Done::Installed, version));
            };
            let warning = format!("downgrading {package} from ");
            let done = if errors.contains(&warning) {
                Done::Downgraded
            } else {
                Done::Upgraded
            };
            (old != version).then(|| Effect::new(package, done, Some(old), Some(version)))
        }
        _ => None,
    }
}

/// Why they failed: apt tells on standard output what can't be had, and dpkg repeats itself.
pub(super) fn words(ended: &Ended) -> Option<String> {
    let (text, errors) = (ended.stdout.text(), ended.stderr.text());
    let reasons = if is_no_version(&errors) {
        // It says besides that there is no such package at all.
        Vec::new()
    } else {
        reasons(&text)
    };
    let errors = without_noise(&errors);
    let lines = reasons.iter().chain(&errors).map(String::as_str);
    cite(lines).or_else(|| last_words(ended))
}

/// The lines below those that say what they are about.
fn reasons(text: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut below = None;
    for line in text.lines() {
        if let Some(prefix) = below.filter(|_| line.starts_with(' ')) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let line = words.join(" ").replacen(" : ", ": ", 1);
            reasons.push(format!("{prefix}{line}"));
            continue;
        }
        let found = REASONS.iter().find(|(words, _)| line.contains(words));
        below = found.map(|(_, prefix)| *prefix);
        if below.is_some() && line.starts_with("Package ") {
            reasons.push(line.to_owned());
        }
    }
    reasons.truncate(MOST_REASONS);
    reasons
}

/// And what is to be said before each line.
const REASONS: [(&str, &str); 6] = [
    ("packages have unmet dependencies:", ""),
    (" is a virtual package provided by:", ""),
    (
        " is not available, but is referred to by another package",
        "",
    ),
    ("The following held packages will be changed:", "on hold: "),
    (
        "This should NOT be done unless you know exactly what you are doing!",
        "essential: ",
    ),
    (
        "The following packages cannot be authenticated!",
        "not authenticated: ",
    ),
];
const MOST_REASONS: usize = 5;

/// Whether there is no such version of a package: `E: Version '9' for 'foo' was not found`.
pub(super) fn is_no_version(errors: &str) -> bool {
    let mut lines = errors.lines();
    lines.any(|line| line.starts_with("E: Version '") && line.ends_with("' was not found"))
}

/// The packages of which there is a newer version that is not taken.
pub(super) fn kept_back(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut below = false;
    for line in text.lines() {
        if below && line.starts_with(' ') {
            names.extend(line.split_ascii_whitespace());
        } else {
            below = KEPT_BACK.contains(&line);
        }
    }
    names
}

const KEPT_BACK: [&str; 2] = [
    "The following packages have been kept back:",
    "The following upgrades have been deferred due to phasing:",
];

fn without_noise(errors: &str) -> Vec<String> {
    let by_dpkg = errors.contains(BY_DPKG);
    let mut lines: Vec<String> = Vec::new();
    let mut is_list = false;
    let mut unfetched = 0;
    for line in errors.lines() {
        is_list = line == LIST || (is_list && line.starts_with(' '));
        unfetched += usize::from(line.starts_with(UNFETCHED));
        let is_noise = is_list
            || NOISE.iter().any(|words| line.starts_with(words))
            || DETAILS.iter().any(|words| line.starts_with(words))
            || (by_dpkg && line.starts_with("E: Sub-process "))
            || (unfetched > MOST_REASONS && line.starts_with(UNFETCHED));
        if is_noise {
            continue;
        }
        if line.starts_with(INTERRUPTED) {
            lines.push(MEND_FIRST.to_owned());
            continue;
        }
        match lines.last_mut() {
            // The sentence goes on.
            Some(last) if last.starts_with(BY_DPKG) && line.starts_with(' ') => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// The packages of the list with which dpkg ends; or of the archives.
pub(super) fn broken(ended: &Ended) -> Vec<String> {
    let errors = ended.stderr.text();
    let below = errors.lines().skip_while(|line| *line != LIST).skip(1);
    let names = below.map_while(|line| line.strip_prefix(' '));
    names
        .map(|name| match name.rsplit_once('/') {
            Some((_, file)) => file.split('_').next().unwrap_or(file).to_owned(),
            None => name.to_owned(),
        })
        .collect()
}

const LIST: &str = "Errors were encountered while processing:";
const BY_DPKG: &str = "dpkg: error processing ";

/// One of these is as good as a hundred.
const UNFETCHED: &str = "E: Failed to fetch ";

/// It tells to run something, and not where.
const INTERRUPTED: &str = "E: dpkg was interrupted, you must manually run ";
const MEND_FIRST: &str = "dpkg was interrupted in the midst of an earlier change, and changes nothing \
     until somebody has run `dpkg --configure -a` as root on the node itself";

/// What apt says below a file that is not what it should be.
const DETAILS: [&str; 4] = [
    "   Hashes of ",
    "    - ",
    "   Last modification reported:",
    "   Release file created at:",
];

/// What is of no interest to who wants to know why.
const NOISE: [&str; 4] = [
    "debconf: delaying package configuration",
    "dpkg: warning: downgrading ",
    "dpkg: too many errors, stopping",
    "Processing was halted because",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    /// From Debian 12, as all below.
    const REMOVES: &str = "The following packages will be REMOVED:\n  foo needy\n\
        The following NEW packages will be installed:\n  rival\n\
        debconf: delaying package configuration, since apt-utils is not installed\n\
        (Reading database ... 13282 files and directories currently installed.)\n\
        Removing needy (2.0) ...\nRemoving foo (1:2.0-1) ...\n\
        Selecting previously unselected package rival.\n\
        Preparing to unpack /srv/repo/./rival_1.0_all.deb ...\n\
        Unpacking rival (1.0) ...\n\
        Unpacking libc6:i386 (2.36) over (2.35) ...\n\
        Unpacking same (1) over (1) ...\n\
        Unpacking nat (1.0) over (2.0) ...\n\
        Setting up rival (1.0) ...\n\
        Purging configuration files for old (1.0) ...\n\
        Removing 'diversion of /bin/x to /bin/y by z' (1)\n";

    fn rows(ended: &Ended) -> Vec<String> {
        let row = |effect: Effect| {
            let version = |version: Option<String>| version.unwrap_or_default();
            let (from, to) = (version(effect.from), version(effect.to));
            format!("{} {} {from}>{to}", effect.done.as_str(), effect.package)
        };
        effects(ended).into_iter().map(row).collect()
    }

    #[test]
    fn dpkg_tells_what_it_does() {
        let warned = "dpkg: warning: downgrading nat from 2.0 to 1.0\n";
        assert_eq!(
            rows(&ended(0, REMOVES, warned)),
            [
                "removed needy 2.0>",
                "removed foo 1:2.0-1>",
                "installed rival >1.0",
                "upgraded libc6:i386 2.35>2.36",
                "downgraded nat 2.0>1.0",
            ]
        );
        let stays = format!("{LIST}\n badrm\n");
        let again = "Removing badrm (1.0) ...\nRemoving x (1) ...\nUnpacking x (2) ...\n";
        assert_eq!(rows(&ended(100, again, &stays)), ["installed x >2"]);
    }

    #[test]
    fn what_can_not_be_had_is_told_on_standard_output() {
        let unmet = "Reading state information...\n\
            The following information may help to resolve the situation:\n\n\
            The following packages have unmet dependencies:\n \
            unmet : Depends: the-moon (>= 3) but it is not installable\n         \
            Recommends: cheese but it is not going to be installed\n";
        let held = "E: Unable to correct problems, you have held broken packages.\n";
        assert_eq!(
            words(&ended(100, unmet, held)).unwrap(),
            "unmet: Depends: the-moon (>= 3) but it is not installable; \
             Recommends: cheese but it is not going to be installed; \
             E: Unable to correct problems, you have held broken packages."
        );
        let virtual_one =
            "Package virt is a virtual package provided by:\n  rival 1.0\n  prov2 1.0\n\nmore\n";
        assert_eq!(
            words(&ended(100, virtual_one, "E: no candidate\n")).unwrap(),
            "Package virt is a virtual package provided by:; rival 1.0; prov2 1.0; E: no candidate"
        );
        let several = "The following held packages will be changed:\n  nat x\n\
            WARNING: The following essential packages will be removed.\n\
            This should NOT be done unless you know exactly what you are doing!\n  bash\n\
            WARNING: The following packages cannot be authenticated!\n  foo\n1 downgraded\n";
        assert_eq!(
            words(&ended(100, several, "E: Held\n")).unwrap(),
            "on hold: nat x; essential: bash; not authenticated: foo; E: Held"
        );
        assert_eq!(words(&ended(100, "said\n", "")).unwrap(), "said");
    }

    #[test]
    fn what_is_not_what_it_should_be_is_named_without_its_hashes() {
        let file = |name: &str| {
            format!(
                "{UNFETCHED}file:/srv/repo/./{name}_1.0_all.deb  Hash Sum mismatch\n   \
                 Hashes of expected file:\n    - SHA256:0b6dee4d74a0e7e6\n    - Filesize:800 [weak]\n   \
                 Hashes of received file:\n    - SHA256:0f1635b5e545aa2f\n    - Filesize:300 [weak]\n   \
                 Last modification reported: Mon, 30 Nov 2026 00:46:57 +0000\n"
            )
        };
        let end =
            "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?";
        let one = format!("{}{end}\n", file("trunc"));
        assert_eq!(
            words(&ended(100, "", &one)).unwrap(),
            format!("{UNFETCHED}file:/srv/repo/./trunc_1.0_all.deb  Hash Sum mismatch; {end}")
        );
        let many: String = (0..50).map(|number| file(&format!("p{number}"))).collect();
        let many = words(&ended(100, "", &format!("{many}{end}\n"))).unwrap();
        assert!(
            many.starts_with(&format!("{UNFETCHED}file:/srv/repo/./p0_")) && many.ends_with(end),
            "{many}"
        );
    }

    #[test]
    fn what_is_no_version_is_a_package_all_the_same() {
        let text = "Package foo is not available, but is referred to by another package.\n\
            This may mean that the package is missing, has been obsoleted, or\n\
            is only available from another source\n\n";
        let error = "E: Version '9' for 'foo' was not found";
        assert_eq!(words(&ended(100, text, error)).unwrap(), error);
        assert!(is_no_version(error) && !is_no_version("E: Unable to locate package foo"));
    }

    #[test]
    fn an_interrupted_dpkg_is_mended_on_the_node() {
        let error = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. \n";
        assert_eq!(words(&ended(100, "", error)).unwrap(), MEND_FIRST);
    }

    #[test]
    fn what_is_held_is_kept_back() {
        let text = "Calculating upgrade...\nThe following packages have been kept back:\n  foo libx:i386\n  bar\n\
            The following upgrades have been deferred due to phasing:\n  phased\n\
            The following packages will be upgraded:\n  bash\n";
        assert_eq!(kept_back(text), ["foo", "libx:i386", "bar", "phased"]);
        assert!(kept_back("Calculating upgrade...\n").is_empty());
    }

    #[test]
    fn dpkg_names_what_is_broken() {
        let errors = format!(
            "debconf: delaying package configuration, since apt-utils is not installed\n\
             the moon is out of reach\n\
             {BY_DPKG}package bad (--configure):\n \
             installed bad package post-installation script subprocess returned error exit status 3\n\
             {LIST}\n bad\n libc6:i386\n /srv/repo/./badpre_1.0_all.deb\n\
             E: Sub-process /usr/bin/dpkg returned an error code (1)\n"
        );
        let failed = ended(100, "Setting up bad (1.0) ...\n", &errors);
        assert_eq!(broken(&failed), ["bad", "libc6:i386", "badpre"]);
        assert_eq!(
            words(&failed).unwrap(),
            "the moon is out of reach; dpkg: error processing package bad (--configure): \
             installed bad package post-installation script subprocess returned error exit status 3"
        );
        let other = ended(100, "", "E: Sub-process /usr/bin/dpkg received signal\n");
        assert_eq!(
            (broken(&other).len(), words(&other).unwrap()),
            (0, "E: Sub-process /usr/bin/dpkg received signal".to_owned())
        );
    }
}
