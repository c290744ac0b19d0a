//! A Puppet server of the test's own, below a directory of the test's own.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const JAR: &str = "/usr/share/puppetserver/puppetserver.jar";

/// What keeps it from running here, in words.
pub(crate) fn missing() -> Option<String> {
    if !mcollective::sys::process::is_root() {
        return Some("it needs root".into());
    }
    let needed = [
        JAR,
        "/usr/bin/puppet",
        "/usr/bin/java",
        "/usr/bin/puppetserver",
    ];
    let missing: Vec<&str> = needed
        .into_iter()
        .filter(|file| !Path::new(file).exists())
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "there is no {}; `apt-get install puppetserver puppet-agent`",
            missing.join(", ")
        )
    })
}

/// It lives for a minute: what compiles most thoroughly would only be done when it ends.
const JAVA: [&str; 5] = [
    "-Xmx700m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djruby.compile.invokedynamic=false",
    "-Djruby.lib=/usr/share/jruby/lib",
];

pub(crate) struct Server {
    child: Child,
    dir: PathBuf,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server with this manifest, and waits until it answers.
    pub(crate) fn start(dir: &Path, manifest: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let at = dir.display();
        for name in [
            "conf.d",
            "server/code/environments/production/manifests",
            "var",
            "run",
            "log",
        ] {
            fs::create_dir_all(dir.join(name)).unwrap();
        }
        let write = |name: &str, text: &str| fs::write(dir.join(name), text).unwrap();
        write(
            "server/puppet.conf",
            &format!(
                "[main]\ncertname = puppet.test\nkeylength = 2048\nssldir = {at}/ssl\ncadir = {at}/ca\nuser = root\ngroup = root\n\
                 [server]\nautosign = true\n"
            ),
        );
        write(
            "conf.d/all.conf",
            &format!(
                "jruby-puppet: {{ ruby-load-path: [/usr/lib/puppetserver/ruby/vendor_ruby], gem-home: {at}/gems,\n\
                 gem-path: [{at}/gems, \"/usr/lib/puppetserver/vendored-jruby-gems\"], server-conf-dir: {at}/server,\n\
                 server-code-dir: {at}/server/code, server-var-dir: {at}/var, server-run-dir: {at}/run,\n\
                 server-log-dir: {at}/log, max-active-instances: 1 }}\n\
                 webserver: {{ client-auth: want, ssl-host: 127.0.0.1, ssl-port: {port} }}\n\
                 global: {{ logging-config: {at}/logback.xml }}\n"
            ),
        );
        write(
            "logback.xml",
            "<configuration><appender name=\"S\" class=\"ch.qos.logback.core.ConsoleAppender\"><encoder>\
             <pattern>%p %m%n</pattern></encoder></appender><root level=\"warn\"><appender-ref ref=\"S\"/></root></configuration>",
        );
        for name in ["auth.conf", "ca.conf", "web-routes.conf", "metrics.conf"] {
            let from = Path::new("/etc/puppet/puppetserver/conf.d").join(name);
            fs::copy(from, dir.join("conf.d").join(name)).unwrap();
        }
        write(
            "server/code/environments/production/manifests/site.pp",
            manifest,
        );
        let made = Command::new("puppetserver")
            .args([
                "ca",
                "setup",
                "--certname",
                "puppet.test",
                "--subject-alt-names",
                "puppet,localhost",
            ])
            .arg("--config")
            .arg(dir.join("server/puppet.conf"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let log = File::create(dir.join("server.log")).unwrap();
        let child = Command::new("java")
            .args(JAVA)
            .args(["-jar", JAR])
            .arg("--config")
            .arg(dir.join("conf.d"))
            .args([
                "--bootstrap-config",
                "/etc/puppet/puppetserver/services.d",
                "--restart-file",
            ])
            .arg(dir.join("ready"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            dir: dir.to_owned(),
            port,
        };
        server.wait();
        server
    }

    fn wait(&mut self) {
        let until = Instant::now() + Duration::from_mins(3);
        let ready =
            || fs::read(self.dir.join("ready")).is_ok_and(|text| text.first() == Some(&b'1'));
        while !ready() {
            let ended = self.child.try_wait().unwrap();
            let log = || fs::read_to_string(self.dir.join("server.log")).unwrap_or_default();
            assert!(
                ended.is_none(),
                "the server ended with {ended:?}:\n{}",
                log()
            );
            assert!(
                Instant::now() < until,
                "the server does not start:\n{}",
                log()
            );
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
