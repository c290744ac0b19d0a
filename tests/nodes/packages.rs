//! The agent `package` on a machine with a real apt, and a repository of packages of every kind.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fleet::{Fleet, PATIENCE, unit},
    machine::{Reply, configure, mco, rpc},
};

const NODE: &str = "a1";

/// Makes a package: its name, its version, what is done after it was unpacked, and more about it.
const MAKE: &str = r#"
make() {
    dir=/srv/make/$1-$2
    mkdir -p "$dir/DEBIAN" "$dir/etc" "$dir/usr/share/$1"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Tests <t@example.com>\nDescription: %s\n' \
        "$1" "$2" "$1" >"$dir/DEBIAN/control"
    if [ -n "$4" ]; then echo "$4" >>"$dir/DEBIAN/control"; fi
    echo "version $2" >"$dir/usr/share/$1/version"
    echo "made for $2" >"$dir/etc/$1.conf"
    echo "/etc/$1.conf" >"$dir/DEBIAN/conffiles"
    if [ -n "$3" ]; then
        printf '#!/bin/sh\n%s\n' "$3" >"$dir/DEBIAN/postinst"
        chmod 755 "$dir/DEBIAN/postinst"
    fi
    dpkg-deb --build --root-owner-group "$dir" /srv/repo >/dev/null
}
publish() {
    cd /srv/repo
    for file in *.deb; do
        dpkg-deb -f "$file"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$file" "$(stat -c %s "$file")" \
            "$(sha256sum "$file" | cut -d' ' -f1)"
    done >Packages
}
mkdir -p /srv/repo
"#;

/// Holds the lock that apt takes first, in the way it does: `flock` is another kind.
const HOLD: &str = r#"systemd-run -q --unit=holder --service-type=exec perl -e '
    open F, ">", "/var/lib/dpkg/lock-frontend" or die;
    my $all = pack("ssx4qqix4", 1, 0, 0, 0, 0);
    fcntl(F, 6, $all) or die;
    open G, ">", "/run/held"; close G;
    sleep 600'
for _ in $(seq 100); do [ -e /run/held ] || sleep 0.1; done
[ -e /run/held ] || { systemctl status holder; exit 1; }"#;

struct Packages {
    fleet: Fleet,
}

impl Packages {
    fn shell(&self, line: &str) -> String {
        self.fleet.lab.shell(NODE, line)
    }

    /// What our own client sends.
    #[track_caller]
    fn call(&self, words: &[&str]) -> Reply {
        rpc(&self.fleet, NODE, &[&["package"], words].concat())
    }

    #[track_caller]
    fn make(&self, name: &str, version: &str, after: &str, more: &str) {
        let line = format!("{MAKE}make {name} {version} '{after}' '{more}'; publish");
        self.shell(&line);
    }

    #[track_caller]
    fn mco(&self, words: &[&str], code: i32, printed: &[&str]) {
        let words = [&["package"], words, &["-I", NODE]].concat();
        mco(&self.fleet, &words).is(code, printed);
    }
}

pub(crate) fn apt_does_as_it_is_told() {
    let packages = Packages {
        fleet: Fleet::start(),
    };
    configure(
        &packages.fleet,
        NODE,
        "plugin.package.wait = 120\nplugin.package.lock_wait = 4\n",
    );
    packages.shell(
        "rm -rf /etc/apt/sources.list.d; \
         echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list",
    );
    for (name, version, after, more) in [
        ("foo", "1.0", "", ""),
        ("foo", "2.0", "", ""),
        ("bar", "1:1.5-2", "", ""),
        (
            "bad",
            "1.0",
            "echo the moon is out of reach >&2; exit 3",
            "",
        ),
        (
            "slow",
            "1.0",
            "while [ ! -e /run/go ]; do sleep 0.2; done",
            "",
        ),
        ("needy", "1.0", "", "Depends: foo"),
        ("rival", "1.0", "", "Conflicts: foo\nProvides: virtual"),
        ("unmet", "1.0", "", "Depends: the-moon (>= 3)"),
        ("broken", "1.0", "", ""),
        ("stays", "1.0", "", ""),
    ] {
        packages.make(name, version, after, more);
    }
    let reply = packages.call(&["apt_update"]);
    assert_eq!(reply.data["exitcode"], 0, "{reply:#?}");
    versions_come_and_go(&packages);
    others_that_are_changed_are_told(&packages);
    what_is_as_wanted_is_left_alone(&packages);
    what_goes_wrong_says_why(&packages);
    what_is_broken_is_named(&packages);
    figures_are_those_of_the_original(&packages);
    a_lock_is_waited_for(&packages);
    a_run_outlives_the_agent(&packages);
}

fn versions_come_and_go(packages: &Packages) {
    let changed = ("changed", json!(true));
    let ensure = |version: &str| ("ensure", json!(version));
    packages.call(&["status", "package=foo"]).is(
        0,
        "OK",
        &[ensure("purged"), ("name", json!("foo"))],
    );
    packages
        .call(&["install", "package=foo", "version=1.0"])
        .is(
            0,
            "OK",
            &[
                ensure("1.0"),
                ("architecture", json!("all")),
                changed.clone(),
            ],
        )
        .is(
            0,
            "OK",
            &[("provider", json!("apt")), ("status", json!("installed"))],
        );
    // There is a newer one.
    let reply = packages.call(&["checkupdates"]);
    let row = &reply.data["outdated_packages"][0];
    assert_eq!(row["package"], "foo", "{reply:#?}");
    assert_eq!(
        (&row["current"], &row["version"]),
        (&json!("1.0"), &json!("2.0"))
    );
    assert_eq!(reply.data["package_manager"], "apt");
    packages.mco(
        &["checkupdates"],
        0,
        &["Node  Package  Current  Available  Repo\na1    foo      1.0      2.0  "],
    );
    // A file that was changed by hand stays, though the package has a new one.
    packages.shell("echo by hand >/etc/foo.conf");
    packages
        .call(&["update", "package=foo"])
        .is(0, "OK", &[ensure("2.0"), changed.clone()]);
    assert_eq!(packages.shell("cat /etc/foo.conf"), "by hand\n");
    packages.call(&["update", "package=foo"]).is(
        0,
        "OK",
        &[ensure("2.0"), ("changed", json!(false))],
    );
    packages
        .call(&["install", "package=foo", "version=1.0"])
        .is(0, "OK", &[ensure("1.0"), changed.clone()]);
    assert_eq!(
        packages.shell("cat /usr/share/foo/version /etc/foo.conf"),
        "version 1.0\nby hand\n"
    );
    // Filters ask the same.
    let find = |query: &str, code| {
        let found = mco(&packages.fleet, &["find", "-I", NODE, "-S", query]);
        found.is(code, &[]);
    };
    find("package('foo').status=1.0", 0);
    find("package('foo').installed=true", 0);
    find("package('bar').installed=true", 1);
    packages
        .call(&["uninstall", "package=foo"])
        .is(0, "OK", &[ensure("absent"), changed.clone()]);
    assert_eq!(packages.shell("cat /etc/foo.conf"), "by hand\n");
    packages
        .call(&["purge", "package=foo"])
        .is(0, "OK", &[ensure("purged"), changed.clone()]);
    packages.shell("[ ! -e /etc/foo.conf ]");
    // Several at once.
    let reply = packages.call(&["install", "package=foo,bar"]).is(
        0,
        "OK",
        &[("ensure", json!(["2.0", "1:1.5-2"])), changed],
    );
    assert_eq!(reply.data["packages"][1]["name"], "bar", "{reply:#?}");
    packages.mco(
        &["status", "foo", "bar", "nosuch"],
        0,
        &["   a1: foo-2.0.\n       bar-1:1.5-2.\n       nosuch-purged.\n"],
    );
    packages.mco(
        &["status", "foo", "nosuch", "-o", "table"],
        0,
        &[
            "Node  Outcome  Package  Ensure  Arch  Message\n",
            "a1    ok       foo      2.0     all\n",
            "a1    ok       nosuch   purged  -\n",
        ],
    );
    packages.mco(&["foo", "bar", "purge"], 0, &["\n   purged = 2\n"]);
}

fn others_that_are_changed_are_told(packages: &Packages) {
    let row = |package: &str, done: &str, from: Value, to: Value| json!({"package": package, "done": done, "from": from, "to": to});
    let also = |rows: &[Value]| ("also", json!(rows));
    packages.call(&["install", "package=needy"]).is(
        0,
        "OK",
        &[also(&[row("foo", "installed", json!(null), json!("2.0"))])],
    );
    packages.mco(
        &["install", "rival"],
        0,
        &["   a1: also removed: needy 1.0, foo 2.0\n"],
    );
    // Both of them were named, and it was not.
    packages.call(&["install", "package=needy,foo"]).is(
        0,
        "OK",
        &[also(&[row("rival", "removed", json!("1.0"), json!(null))])],
    );
    packages.mco(
        &["install", "rival", "-o", "table"],
        0,
        &["a1    ok       rival    1.0     all   true     also removed: needy 1.0, foo 2.0\n"],
    );
    packages
        .call(&["install", "package=needy,foo"])
        .is(0, "OK", &[("changed", json!(true))]);
    packages.call(&["install", "package=virtual"]).is(
        5,
        "apt knows no package 'virtual', but what provides it: name one of rival",
        &[("changed", json!(false))],
    );
    // What is for all architectures is for this one.
    packages.mco(&["purge", "needy", "foo"], 0, &[]);
    for (action, ensure) in [("install", "2.0"), ("status", "2.0"), ("purge", "purged")] {
        let native = packages.shell("dpkg --print-architecture");
        let name = format!("package=foo:{}", native.trim());
        packages
            .call(&[action, &name])
            .is(0, "OK", &[("ensure", json!(ensure))]);
    }
    // What is on hold has no row, and is not forgotten.
    packages.mco(&["install", "foo", "--version", "1.0"], 0, &[]);
    packages.shell("apt-mark hold foo");
    packages.mco(
        &["checkupdates"],
        0,
        &["   a1: warning: kept back, though there is a newer version: foo\n"],
    );
    packages.shell("apt-mark unhold foo");
    packages.mco(&["purge", "foo"], 0, &[]);
    // Away without being asked for, and there is nothing to update.
    packages.mco(
        &["checkupdates"],
        0,
        &["Nothing to update on 1 of 1 nodes\n"],
    );
    packages.shell("mv /srv/repo/Packages /srv/repo/Packages.away");
    packages.mco(
        &["checkupdates"],
        0,
        &["   a1: warning: apt has no lists of packages, `apt_update` fetches them\n"],
    );
    packages.mco(
        &["checkupdates", "-o", "table"],
        0,
        &[
            "Node  Package  Current  Available  Repo  Message\n",
            "a1    -        -        -          -     warning: apt has no lists of packages",
        ],
    );
    packages.shell("mv /srv/repo/Packages.away /srv/repo/Packages");
}

fn what_is_as_wanted_is_left_alone(packages: &Packages) {
    let left = [("changed", json!(false))];
    packages.mco(
        &["install", "foo", "--version", "1.0"],
        0,
        &["\n   1.0 = 1\n"],
    );
    packages
        .call(&["install", "package=foo"])
        .is(0, "OK", &left);
    packages
        .call(&["install", "package=foo", "version=1.0"])
        .is(0, "OK", &left);
    packages
        .call(&["install", "package=foo", "idempotent=false"])
        .is(
            5,
            "Package is already installed",
            &[("ensure", json!("1.0"))],
        );
    packages.mco(
        &["install", "foo"],
        0,
        &["Nothing had to be changed on 1 of 1 nodes\n"],
    );
    packages.mco(
        &["install", "foo", "--strict"],
        2,
        &["   a1: Package is already installed\n"],
    );
    packages.mco(&["foo", "status"], 0, &["   a1: foo-1.0.\n"]);
    for action in ["uninstall", "purge"] {
        packages
            .call(&[action, "package=nosuch"])
            .is(0, "OK", &left);
        packages
            .call(&[action, "package=nosuch", "idempotent=false"])
            .is(5, "Package is not present on the system", &[]);
    }
    packages.call(&["update", "package=nosuch"]).is(
        5,
        "Package is not present on the system",
        &[("ensure", json!("purged"))],
    );
    // Who can't say anything of a package has a row for it all the same.
    packages.mco(
        &["install", "foo:any", "-o", "table"],
        2,
        &["a1    invalid  foo:any  -       -     false    foo:any is not a valid package name for apt: what stands after the colon is no architecture"],
    );
    // Nobody is asked, so nothing is done.
    mco(&packages.fleet, &["package", "foo", "purge"]).is(64, &[]);
    packages.mco(&["foo", "status"], 0, &["   a1: foo-1.0.\n"]);
}

fn what_goes_wrong_says_why(packages: &Packages) {
    packages.call(&["install", "package=foo,nosuch"]).is(
        5,
        "Could not install 'foo', 'nosuch': apt knows no package 'nosuch'; ",
        &[("ensure", json!(["1.0", "purged"]))],
    );
    packages.call(&["install", "package=unmet"]).is(
        5,
        "apt-get ended with exit code 100: unmet: Depends: the-moon (>= 3) but it is not installable; E: ",
        &[("ensure", json!("purged")), ("exitcode", json!(100))],
    );
    packages
        .call(&["install", "package=foo", "version=7.7"])
        .is(
            5,
            "Could not install 'foo': apt-get ended with exit code 100: E: Version '7.7' for 'foo' was not found; there is 2.0, 1.0",
            &[("ensure", json!("1.0"))],
        );
    let reply = packages.call(&["install", "package=bad"]).is(
        5,
        "Could not install 'bad': apt-get ended with exit code 100: ",
        &[("ensure", json!("absent")), ("changed", json!(true))],
    );
    assert!(
        reply.message.contains("the moon is out of reach"),
        "{reply:#?}"
    );
    packages.mco(
        &["bad", "status"],
        0,
        &["   a1: bad-absent.\n       | half-configured: its configuration was begun, and is not finished\n       | `install bad`, begun "],
    );
    packages.mco(
        &["bad", "status", "-o", "table"],
        0,
        &[" half-configured: its configuration was begun, and is not finished; `install bad`, begun "],
    );
    // Others are not to blame for it.
    packages
        .call(&["install", "package=bar"])
        .is(
            5,
            "install of 'bar' is done, but 'bad', which was not asked for, is broken: apt-get ended with exit code 100: the moon is out of reach",
            &[("ensure", json!("1:1.5-2")), ("changed", json!(true))],
        )
        .is(5, "`dpkg --configure -a` or `apt-get -f install` on the node", &[]);
    packages
        .call(&["purge", "package=bad,bar"])
        .is(0, "OK", &[]);
    // What apt would take for something else.
    packages.mco(&["uninstall", "foo", "bar+"], 0, &[]);
    packages.mco(&["bar", "status"], 0, &["   a1: bar-purged."]);
    packages.mco(&["install", "foo", "--version", "1.0"], 0, &[]);
    packages
        .call(&["install", "package=foo-"])
        .is(4, "Cannot validate input package", &[]);
    packages
        .call(&["install", "package=--purge"])
        .is(4, "Cannot validate input package", &[]);
    for name in ["package=f.o", "package=foo+"] {
        packages
            .call(&["install", name])
            .is(5, "apt knows no package '", &[]);
    }
    packages.mco(&["foo", "status"], 0, &["   a1: foo-1.0.\n"]);
    packages
        .call(&["install", "package=foo,bar", "version=1.0"])
        .is(
            4,
            "a version can only be given for the installation of one package",
            &[],
        );
    // The image has one, which is not what this machine is made with.
    packages.shell("rm -f /usr/bin/dnf /usr/bin/yum");
    for action in ["yum_clean", "yum_checkupdates"] {
        packages
            .call(&[action])
            .is(5, "Cannot find yum at /usr/bin/yum", &[]);
    }
    packages.shell("mv /srv/repo/Packages /srv/repo/Packages.away");
    packages
        .call(&["apt_update"])
        .is(5, "apt-get update failed, exit code was 100: ", &[]);
    packages.shell("mv /srv/repo/Packages.away /srv/repo/Packages");
}

/// Files that are not whole, scripts that fail, and a dpkg that was interrupted.
fn what_is_broken_is_named(packages: &Packages) {
    packages.shell("truncate -s 300 /srv/repo/broken_1.0_all.deb");
    packages.call(&["install", "package=broken"]).is(
        5,
        "exit code 100: E: Failed to fetch file:/srv/repo/./broken_1.0_all.deb  Hash Sum mismatch; E: Unable to fetch",
        &[("ensure", json!("purged")), ("changed", json!(false))],
    );
    // It is neither there nor away, and the next call does not take it for away.
    packages
        .call(&["install", "package=stays"])
        .is(0, "OK", &[]);
    packages.shell(
        "printf '#!/bin/sh\\n[ -e /run/leave ] || exit 4\\n' >/var/lib/dpkg/info/stays.postrm; \
         chmod 755 /var/lib/dpkg/info/stays.postrm",
    );
    for _ in 0..2 {
        packages.call(&["uninstall", "package=stays"]).is(
            5,
            "Could not uninstall 'stays': apt-get ended with exit code 100: ",
            &[
                ("ensure", json!("absent")),
                ("status", json!("half-installed")),
            ],
        );
    }
    packages.shell("touch /run/leave");
    packages
        .call(&["uninstall", "package=stays"])
        .is(0, "OK", &[("changed", json!(true))]);
    packages.call(&["purge", "package=stays"]).is(0, "OK", &[]);
    // As after a power cut.
    packages.shell("touch /var/lib/dpkg/updates/0000");
    packages.call(&["install", "package=bar"]).is(
        5,
        "until somebody has run `dpkg --configure -a` as root on the node itself",
        &[("changed", json!(false))],
    );
    packages.shell("dpkg --configure -a");
    packages.call(&["install", "package=bar"]).is(0, "OK", &[]);
    packages.call(&["purge", "package=bar"]).is(0, "OK", &[]);
}

fn figures_are_those_of_the_original(packages: &Packages) {
    let printed = |line: &str| Value::from(packages.shell(line).trim());
    let count = printed("dpkg --list | grep -c ^ii");
    packages.call(&["count"]).is(
        0,
        "OK",
        &[("output", count.clone()), ("exitcode", json!(0))],
    );
    let sum =
        printed("list=$(dpkg --list | grep ^ii); printf %s \"$list\" | md5sum | cut -d' ' -f1");
    packages.call(&["md5"]).is(0, "OK", &[("output", sum)]);
    let row = format!("   a1: {}\n", count.as_str().unwrap());
    packages.mco(&["count"], 0, &[&row]);
}

fn a_lock_is_waited_for(packages: &Packages) {
    packages.shell(HOLD);
    let reply = packages.call(&["install", "package=bar"]).is(
        5,
        "(perl) holds the lock; apt-get ended with exit code 100: ",
        &[("ensure", json!("purged")), ("changed", json!(false))],
    );
    assert!(
        reply.message.contains("Could not install 'bar': process "),
        "{reply:#?}"
    );
    // That was not begun, and is nothing to be told of.
    let reply = packages.call(&["status", "package=bar"]);
    assert_eq!(reply.data["run"], json!(null), "{reply:#?}");
    packages.shell("systemctl stop holder");
    packages.call(&["install", "package=bar"]).is(0, "OK", &[]);
}

fn a_run_outlives_the_agent(packages: &Packages) {
    configure(&packages.fleet, NODE, "plugin.package.wait = 2\n");
    packages.call(&["install", "package=slow"]).is(
        5,
        "still running: install of 'slow': apt-get goes on",
        &[("ensure", json!("purged"))],
    );
    let running = |packages: &Packages| {
        let reply = packages.call(&["status", "package=slow"]);
        assert_eq!(reply.data["run"]["what"], "install slow", "{reply:#?}");
        reply.data["run"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(running(packages), "running");
    // All that belongs to the unit is ended with it.
    packages.shell(&format!("systemctl restart {}", unit(NODE)));
    assert_eq!(running(packages), "running");
    packages.mco(
        &["slow", "status"],
        0,
        &[
            "\n       | `install slow`, begun ",
            " ago, is still running\n",
        ],
    );
    packages
        .call(&["install", "package=slow"])
        .is(5, "still running: install of 'slow'", &[]);
    packages
        .call(&["purge", "package=foo"])
        .is(5, "`install slow` is still running, since ", &[]);
    packages.shell("touch /run/go");
    crate::clock::wait_for("the end of the installation", PATIENCE, || {
        (running(packages) == "ended").then_some(())
    });
    let reply = packages.call(&["status", "package=slow"]);
    assert_eq!(reply.data["ensure"], "1.0", "{reply:#?}");
    assert_eq!(reply.data["run"]["exitcode"], 0, "{reply:#?}");
    let notes = packages
        .fleet
        .file(NODE, "/var/lib/mcollective/package-run.out");
    assert!(fs::read_to_string(notes).unwrap().contains("slow"));
}
