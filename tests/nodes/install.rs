//! `install.sh`, piped into sh on a machine that has never seen it.

use std::fs;

use crate::{
    fleet,
    lab::{Lab, PROGRAM},
};

const URL: &str = "http://release:8000";

/// Fetches, installs, runs, replaces and removes it.
pub(crate) fn a_fresh_machine_installs_runs_replaces_and_removes_it() {
    let program = fleet::program();
    let lab = Lab::open(&program);
    lab.up(&["release", "fresh"]);
    let on = |line: &str| lab.shell("fresh", line);

    // A release, and its server.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
    let release = lab.disk("release").join("srv/release");
    fs::create_dir_all(&release).unwrap();
    fs::copy(script, release.join("install.sh")).unwrap();
    let publish = "cd /srv/release && sha256sum mcollective-linux-* >SHA256SUMS";
    lab.shell(
        "release",
        &format!("cp {PROGRAM} /srv/release/mcollective-linux-x86_64 && {publish}"),
    );
    lab.shell(
        "release",
        "systemd-run -q --unit=release python3 -m http.server -d /srv/release 8000 && \
         for i in $(seq 100); do curl -fs -o /dev/null http://localhost:8000/SHA256SUMS && exit 0; sleep 0.1; done; exit 1",
    );
    // The lab puts the program under test on every node; this one has none.
    on(&format!("umount {PROGRAM} && rm -f {PROGRAM}"));
    let install = format!("curl -fsSL {URL}/install.sh | sh -s -- --url {URL} 2>&1");

    let said = on(&install);
    assert!(said.contains("is installed in /usr/local"), "{said}");
    on("mcollective --version && mco --version && test -L /usr/local/bin/mco");
    let found = on(
        "man -w mco-ping mcollective-enable; bash -c 'test -s /usr/local/share/bash-completion/completions/mco'",
    );
    assert!(
        found.contains("/man/man1/mco-ping.1") && found.contains("man8"),
        "{found}"
    );
    let said = on(&install);
    assert!(said.contains("already; nothing was changed"), "{said}");

    // A fleet of it, which a newer program does not disturb, and a broken one never replaces.
    on("mcollective enable --demo /srv/demo --nodes 1 >/srv/said 2>&1");
    let pids = "pgrep -xf '/usr/local/bin/mcollective (broker|agent) .*' | sort";
    let before = on(pids);
    assert_eq!(before.lines().count(), 2, "{before}");
    lab.shell(
        "release",
        &format!(
            "cd /srv/release && printf newer >>mcollective-linux-x86_64 && {publish} && printf broken >>mcollective-linux-x86_64"
        ),
    );
    let said = on(&format!("{install} || true"));
    assert!(said.contains("nothing was installed"), "{said}");
    on("/srv/demo/mco ping");
    lab.shell("release", publish);
    let said = on(&install);
    assert!(said.contains("until it is restarted"), "{said}");
    assert_eq!(on(pids), before);
    on("/srv/demo/mco ping && tail -c 6 /usr/local/bin/mcollective | grep -qx broken");

    // Puppet Enterprise's switch, on a real machine.
    on("mkdir -p /etc/puppetlabs/enterprise/conf.d");
    let pe_conf = "/etc/puppetlabs/enterprise/conf.d/pe.conf";
    on(&format!(
        "printf '{{\\n  \"pe_install::disable_mco\": true\\n}}\\n' >{pe_conf}"
    ));
    let said = on(
        "for role in 'mco ping' broker agent; do mcollective $role 2>&1 && exit 1; echo $?; done",
    );
    assert_eq!(said.matches("pe.conf:2:3: ").count(), 3, "{said}");
    assert_eq!(said.matches("\n78").count(), 3, "{said}");
    on(&format!(
        "mcollective enable --pe-conf {pe_conf} && /srv/demo/mco ping && mcollective enable --demo /srv/demo --stop"
    ));

    let said = on(&format!(
        "curl -fsSL {URL}/install.sh | sh -s -- --uninstall 2>&1; ls -A /usr/local/bin; ls /srv/demo"
    ));
    assert!(
        said.starts_with("removed from /usr/local") && said.contains("client.cfg"),
        "{said}"
    );
    on(
        "test -d /usr/local/bin && test ! -e /usr/local/share/fish && test ! -e /usr/local/share/mcollective",
    );
    on("! command -v mcollective && ! command -v mco && ! man -w mco-ping");
}
