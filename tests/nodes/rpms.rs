//! The agent `package` with a real dnf, a real zypper and a real rpm database, on a machine of Debian,
//! which has them all.

use serde_json::json;

use crate::{
    fleet::Fleet,
    machine::{Reply, configure, mco, rpc},
};

const NODE: &str = "a1";

/// Packages in several versions, one that fails after it was unpacked, and one that needs another;
/// and a repository of them.
const REPOSITORY: &str = r#"
make() {
    cat >"/srv/$1.spec" <<SPEC
Name: $1
Version: $2
Release: 1
Summary: $1
License: none
BuildArch: noarch
$3
%description
A package for tests.
%install
mkdir -p %{buildroot}/etc
echo "made for $2" >%{buildroot}/etc/$1.conf
$4
%files
%config(noreplace) /etc/$1.conf
SPEC
    rpmbuild -bb --quiet --define '_topdir /srv/build' --define '_rpmdir /srv/rpms' "/srv/$1.spec"
}
make shell 1.0 'Provides: /bin/sh' ''
make foo 1.0 '' ''
make foo 2.0 'Epoch: 1' ''
make foo 3.0 'Epoch: 1' ''
make needy 1.0 'Requires: foo' ''
make bad 1.0 '' '%pre
echo the moon is out of reach >&2
exit 3'
make broken 1.0 'Requires: the-moon' ''
make sad 1.0 '' '%post
echo the moon is down >&2
exit 4'
createrepo_c -q /srv/rpms
"#;

const DNF: &str = r"
mkdir -p /etc/yum.repos.d
printf '[local]\nname=local\nbaseurl=file:///srv/rpms\ngpgcheck=0\nmetadata_expire=0\n' \
    >/etc/yum.repos.d/local.repo
# It does not know by itself which Debian this is.
echo releasever=12 >>/etc/dnf/dnf.conf
";

#[allow(clippy::too_many_lines, reason = "one fleet for all")]
pub(crate) fn dnf_does_as_it_is_told() {
    let fleet = Fleet::start();
    configure(
        &fleet,
        NODE,
        "plugin.package.provider = dnf\nplugin.package.lock_wait = 4\n",
    );
    fleet.lab.shell(NODE, REPOSITORY);
    fleet.lab.shell(NODE, DNF);
    let call = |words: &[&str]| -> Reply { rpc(&fleet, NODE, &[&["package"], words].concat()) };
    let shell = |line: &str| fleet.lab.shell(NODE, line);
    let (changed, unchanged) = (("changed", json!(true)), ("changed", json!(false)));
    let ensure = |version: &str| ("ensure", json!(version));

    call(&["status", "package=foo"]).is(0, "OK", &[ensure("purged"), ("provider", json!("dnf"))]);
    call(&["install", "package=foo", "version=1.0"])
        .is(
            0,
            "OK",
            &[ensure("1.0-1"), ("arch", json!("noarch")), changed.clone()],
        )
        .is(
            0,
            "OK",
            &[
                ("epoch", json!("0")),
                ("release", json!("1")),
                ("version", json!("1.0")),
            ],
        );
    call(&["install", "package=foo"]).is(0, "OK", std::slice::from_ref(&unchanged));
    call(&["install", "package=foo", "version=1.0-1"]).is(
        0,
        "OK",
        std::slice::from_ref(&unchanged),
    );
    call(&["install", "package=foo", "idempotent=false"]).is(
        5,
        "Package is already installed",
        &[ensure("1.0-1")],
    );
    // What there is to update, and how.
    for action in ["checkupdates", "yum_checkupdates"] {
        let reply = call(&[action]);
        assert_eq!(reply.data["exitcode"], 100, "{reply:#?}");
        let row = &reply.data["outdated_packages"][0];
        assert_eq!(
            (&row["package"], &row["version"], &row["repo"]),
            (&json!("foo.noarch"), &json!("1:3.0-1"), &json!("local")),
            "{reply:#?}"
        );
    }
    mco(&fleet, &["package", "checkupdates", "-I", NODE])
        .is(0, &["a1    foo.noarch  1.0-1    1:3.0-1    local\n"]);
    // A file that was changed by hand stays.
    shell("echo by hand >/etc/foo.conf");
    call(&["install", "package=foo", "version=1:2.0-1"]).is(0, "OK", &[ensure("1:2.0-1")]);
    call(&["update", "package=foo"]).is(0, "OK", &[ensure("1:3.0-1"), changed.clone()]);
    call(&["update", "package=foo"]).is(0, "OK", &[ensure("1:3.0-1"), unchanged]);
    call(&["install", "package=foo", "version=2.0"]).is(
        0,
        "OK",
        &[ensure("1:2.0-1"), changed.clone()],
    );
    assert_eq!(shell("cat /etc/foo.conf"), "by hand\n");
    // A package that others need stays when it is uninstalled, and takes them along when it is purged.
    call(&["install", "package=needy"]).is(0, "OK", std::slice::from_ref(&changed));
    call(&["uninstall", "package=foo"]).is(
        5,
        "foo is needed by (installed) needy-1.0-1",
        &[ensure("1:2.0-1")],
    );
    let also = json!([{"package": "needy", "done": "removed", "from": "1.0-1", "to": null}]);
    call(&["purge", "package=foo"]).is(
        0,
        "OK",
        &[ensure("purged"), changed.clone(), ("also", also)],
    );
    call(&["status", "package=needy"]).is(0, "OK", &[ensure("purged")]);
    call(&["install", "package=foo,needy"]).is(
        0,
        "OK",
        &[("ensure", json!(["1:3.0-1", "1.0-1"])), changed.clone()],
    );
    call(&["uninstall", "package=foo,needy"]).is(
        0,
        "OK",
        &[("ensure", json!(["purged", "purged"])), changed],
    );
    // What goes wrong.
    call(&["install", "package=nosuch"]).is(
        5,
        "Could not install 'nosuch': dnf ended with exit code 1: ",
        &[("exitcode", json!(1))],
    );
    call(&["install", "package=foo", "version=9"]).is(5, "Unable to find a match: foo-9", &[]);
    call(&["install", "package=bad"]).is(
        5,
        "Error in PREIN scriptlet in rpm package bad; Error: Transaction failed",
        &[ensure("purged"), ("exitcode", json!(1))],
    );
    // Who holds the lock: for all that dnf knows, the first process.
    shell("printf 1 >/var/cache/dnf/metadata_lock.pid");
    call(&["install", "package=foo"]).is(
        5,
        "process 1 (systemd) holds the lock; dnf ended with exit code 200: ",
        &[("exitcode", json!(200))],
    );
    call(&["checkupdates"]).is(5, "process 1 (systemd) holds the lock; ", &[]);
    shell("rm /var/cache/dnf/metadata_lock.pid");
    // Figures of the original.
    let printed = |line: &str| json!(shell(line).trim());
    call(&["count"]).is(0, "OK", &[("output", printed("rpm -qa | wc -l"))]);
    call(&["md5"]).is(
        0,
        "OK",
        &[("output", printed("rpm -qa | md5sum | cut -d' ' -f1"))],
    );
    call(&["yum_clean", "mode=metadata"]).is(0, "OK", &[("exitcode", json!(0))]);
}

const ZYPPER: &str = r"
mkdir -p /etc/zypp/repos.d /etc/rpm
printf '[local]\nname=Local Packages\nbaseurl=file:///srv/rpms\ngpgcheck=0\nautorefresh=1\n' \
    >/etc/zypp/repos.d/local.repo
# Where zypper and all others have the database, and Debian's rpm alone does not.
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
";

#[allow(clippy::too_many_lines, reason = "one fleet for all")]
pub(crate) fn zypper_does_as_it_is_told() {
    let fleet = Fleet::start();
    configure(
        &fleet,
        NODE,
        "plugin.package.provider = zypper\nplugin.package.lock_wait = 3\n",
    );
    fleet.lab.shell(NODE, REPOSITORY);
    fleet.lab.shell(NODE, ZYPPER);
    let call = |words: &[&str]| -> Reply { rpc(&fleet, NODE, &[&["package"], words].concat()) };
    let shell = |line: &str| fleet.lab.shell(NODE, line);
    let (changed, unchanged) = ([("changed", json!(true))], [("changed", json!(false))]);
    let ensure = |version: &str| ("ensure", json!(version));

    // It can't read a database with nothing in it.
    call(&["install", "package=shell"]).is(0, "OK", &changed);
    call(&["status", "package=foo"]).is(
        0,
        "OK",
        &[ensure("absent"), ("provider", json!("zypper"))],
    );
    call(&["install", "package=foo", "version=1.0"])
        .is(0, "OK", &[ensure("1.0-1"), ("arch", json!("noarch"))])
        .is(0, "OK", &changed);
    call(&["install", "package=foo"]).is(0, "OK", &unchanged);
    let updates = |exit: i64| {
        let reply = call(&["checkupdates"]).is(0, "OK", &[("exitcode", json!(exit))]);
        let row = &reply.data["outdated_packages"][0];
        assert_eq!(
            (
                &row["package"],
                &row["current"],
                &row["version"],
                &row["repo"]
            ),
            (
                &json!("foo"),
                &json!("1.0-1"),
                &json!("1:3.0-1"),
                &json!("Local Packages")
            ),
            "{reply:#?}"
        );
    };
    updates(0);
    // A file that was changed by hand stays.
    shell("echo by hand >/etc/foo.conf");
    call(&["install", "package=foo", "version=1:2.0-1"]).is(0, "OK", &[ensure("1:2.0-1")]);
    call(&["update", "package=foo"]).is(0, "OK", &[ensure("1:3.0-1"), changed[0].clone()]);
    call(&["update", "package=foo"]).is(0, "OK", &[ensure("1:3.0-1"), unchanged[0].clone()]);
    let none = call(&["checkupdates"]).is(0, "OK", &[]);
    assert_eq!(none.data["outdated_packages"], json!([]), "{none:#?}");
    call(&["install", "package=foo", "version=1:2.0"]).is(0, "OK", &[ensure("1:2.0-1")]);
    assert_eq!(shell("cat /etc/foo.conf"), "by hand\n");
    // What needs a package goes with it, and several come at once.
    call(&["install", "package=needy"]).is(0, "OK", &changed);
    let also = json!([{"package": "needy", "done": "removed", "from": "1.0-1", "to": null}]);
    call(&["uninstall", "package=foo"]).is(0, "OK", &[ensure("absent"), ("also", also)]);
    call(&["status", "package=needy"]).is(0, "OK", &[ensure("absent")]);
    call(&["install", "package=foo,needy"]).is(
        0,
        "OK",
        &[("ensure", json!(["1:3.0-1", "1.0-1"])), changed[0].clone()],
    );
    call(&["purge", "package=foo,needy"]).is(
        0,
        "OK",
        &[("ensure", json!(["absent", "absent"])), changed[0].clone()],
    );
    // What goes wrong says why.
    call(&["install", "package=nosuch"]).is(
        5,
        "zypper ended with exit code 104: No provider of 'nosuch' found.",
        &[("exitcode", json!(104))],
    );
    call(&["install", "package=foo", "version=9"]).is(5, "No provider of 'foo=9' found.", &[]);
    call(&["install", "package=bad"]).is(
        5,
        "the moon is out of reach; error: %prein(bad-1.0-1.noarch) scriptlet failed, exit status 3",
        &[ensure("absent"), ("exitcode", json!(8))],
    );
    call(&["install", "package=broken"]).is(
        5,
        "nothing provides the-moon needed by broken-1.0-1.noarch",
        &[ensure("absent"), ("exitcode", json!(4))],
    );
    call(&["install", "package=sad"]).is(
        5,
        "the moon is down; warning: %post(sad-1.0-1.noarch) scriptlet failed, exit status 4",
        &[
            ensure("1.0-1"),
            ("exitcode", json!(107)),
            changed[0].clone(),
        ],
    );
    // A repository that is away is no failure of what came from another.
    shell(
        "printf '[gone]\nname=gone\nbaseurl=file:///srv/gone\nautorefresh=1\n' \
         >/etc/zypp/repos.d/gone.repo",
    );
    call(&["install", "package=foo", "version=1.0"]).is(0, "OK", &[ensure("1.0-1")]);
    updates(106);
    mco(&fleet, &["package", "checkupdates", "-I", NODE])
        .is(0, &["   a1: warning: Repository 'gone' is invalid.\n"]);
    shell("rm /etc/zypp/repos.d/gone.repo");
    // Who holds the lock.
    shell("systemd-run -q --unit=holder perl -e 'sleep 600'");
    let pid = shell("systemctl show -p MainPID --value holder | tee /run/zypp.pid");
    let holder = format!("process {} (/usr/bin/perl) holds the lock", pid.trim());
    call(&["update", "package=foo"]).is(5, &holder, &[("exitcode", json!(7))]);
    shell("systemctl stop holder");
    call(&["update", "package=foo"]).is(0, "OK", &[ensure("1:3.0-1")]);
    let printed = |line: &str| json!(shell(line).trim());
    call(&["count"]).is(0, "OK", &[("output", printed("rpm -qa | wc -l"))]);
}
