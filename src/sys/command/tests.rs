//! Real programs that end, that don't, and that try not to.

use std::{
    fs,
    io::Write as _,
    sync::mpsc::{Receiver, Sender, channel},
    time::Instant,
};

use super::*;
use crate::sys::{
    file::make_fifo,
    process::{Force, end, is_alive, session_groups, wait_gone},
};

fn shell(script: &str) -> Command {
    Launcher::new().command("/bin/sh").arg("-c").arg(script)
}

/// Says when it is dropped.
struct Told(Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        // The test may have given up.
        self.0.send(()).ok();
    }
}

fn hold() -> (Arc<Told>, Receiver<()>) {
    let (sender, dropped) = channel();
    (Arc::new(Told(sender)), dropped)
}

async fn wait_for(dropped: Receiver<()>) {
    tokio::task::spawn_blocking(move || dropped.recv_timeout(PATIENCE).unwrap())
        .await
        .unwrap();
}

const PATIENCE: Duration = Duration::from_mins(1);

/// Reads a line that a command writes into a FIFO.
async fn line(fifo: PathBuf) -> String {
    let read = tokio::task::spawn_blocking(move || fs::read_to_string(fifo).unwrap());
    read.await.unwrap().trim().to_owned()
}

#[tokio::test]
async fn arguments_and_environment_arrive_as_they_are() {
    let ended = Launcher::new()
        .env("LC_ALL", "C")
        .command("sh")
        .args(["-c", "printf '%s|' \"$0\" \"$@\"; env >&2; cat; pwd", "a b"])
        .args(["$HOME", ";", ""])
        .env("ANSWER", "42")
        .env("ANSWER", "4 3")
        .directory("/usr")
        .run()
        .await
        .unwrap();
    assert!(ended.is_success(), "{ended:?}");
    assert_eq!(ended.stdout.text(), "a b|$HOME|;||/usr\n");
    let environment = ended.stderr.text();
    let mut lines: Vec<&str> = environment
        .lines()
        // What the shell itself adds.
        .filter(|line| {
            !line.starts_with("PWD=") && !line.starts_with("_=") && !line.starts_with("SHLVL=")
        })
        .collect();
    lines.sort_unstable();
    let path = format!("PATH={USUAL_PATH}");
    assert_eq!(lines, ["ANSWER=4 3", "LC_ALL=C", path.as_str()]);
}

#[tokio::test]
async fn a_command_leads_a_session_without_a_terminal() {
    let running = shell("cut -d' ' -f1,5-7 /proc/$$/stat").start().unwrap();
    let pid = running.pid();
    let ended = running.ended().await;
    // Its id, group, session, and no terminal.
    assert_eq!(ended.stdout.text(), format!("{pid} {pid} {pid} 0\n"));
    assert!(
        !Path::new(&format!("/proc/{pid}")).exists(),
        "no zombie is left"
    );
}

#[tokio::test]
async fn ends_are_told_apart() {
    let status = |script| async move { shell(script).run().await.unwrap().status };
    assert_eq!(status("exit 3").await, Status::Exited(3));
    assert_eq!(status("kill -9 $$").await, Status::Signalled(9));
    assert!(!shell("exit 1").run().await.unwrap().is_success());
    let error = Launcher::new().command("/no/such").run().await.unwrap_err();
    assert!(error.is_not_found());
    assert!(
        error.to_string().starts_with("can't run /no/such: "),
        "{error}"
    );
    assert!(shell("true").directory("/no/such").run().await.is_err());
}

#[tokio::test]
async fn the_end_of_the_output_is_kept_either_way() {
    // 600,000 bytes: pipes hold 64 KiB.
    let script = "i=0; while [ $i -lt 600 ]; do printf '%01000d' $i; i=$((i+1)); done; printf end; printf fault >&2";
    for command in [shell(script), shell(script).spool()] {
        let ended = command.keep(10).run().await.unwrap();
        assert_eq!(ended.stdout.text(), "0000599end");
        assert_eq!(ended.stdout.dropped, 600_003 - 10);
        assert_eq!(ended.stderr.text(), "fault");
        assert_eq!(ended.stderr.dropped, 0);
    }
}

/// A shell, children in its group, and one in a group of its own, which `timeout` makes. None of
/// them minds TERM.
const STUBBORN: &str = "trap '' TERM; sleep 600 & sh -c 'sleep 600; sleep 600' & \
                        timeout 600 sh -c 'trap \"\" TERM; echo up > $FIFO; sleep 600; sleep 600' & \
                        wait; sleep 600";

#[tokio::test]
async fn what_ignores_term_is_killed_with_all_its_groups() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    let (hold, dropped) = hold();
    let command = Launcher::new()
        .env("FIFO", &fifo)
        .holding(hold)
        .command("/bin/sh")
        .args(["-c", STUBBORN])
        .grace(Duration::from_millis(50));
    let running = command.start().unwrap();
    let pid = running.pid();
    assert_eq!(line(fifo).await, "up");
    assert!(
        session_groups(pid).unwrap().len() >= 2,
        "there are groups of their own"
    );
    assert!(dropped.try_recv().is_err());
    let ended = running.stop().await;
    assert_eq!((ended.status, ended.stopped), (Status::Signalled(9), true));
    assert_eq!(session_groups(pid).unwrap(), Vec::<u32>::new());
    assert!(!is_alive(pid), "not even a zombie");
    wait_for(dropped).await;
}

#[tokio::test]
async fn who_minds_term_may_clean_up() {
    let dir = tempfile::tempdir().unwrap();
    let (fifo, note) = (dir.path().join("fifo"), dir.path().join("note"));
    make_fifo(&fifo);
    let running =
        shell("trap 'echo clean > $NOTE; exit 7' TERM; echo up > $FIFO; while :; do sleep 1; done")
            .env("FIFO", &fifo)
            .env("NOTE", &note)
            .grace(PATIENCE)
            .start()
            .unwrap();
    line(fifo).await;
    let ended = running.stop().await;
    assert_eq!((ended.status, ended.stopped), (Status::Exited(7), true));
    assert_eq!(fs::read_to_string(note).unwrap(), "clean\n");
}

#[tokio::test]
async fn what_nobody_waits_for_is_stopped() {
    let (hold, dropped) = hold();
    let launcher = Launcher::new().holding(hold);
    let running = launcher.command("sleep").arg("600").start().unwrap();
    let pid = running.pid();
    drop((running, launcher));
    wait_for(dropped).await;
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_command_that_is_left_goes_on_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let (fifo, note) = (dir.path().join("fifo"), dir.path().join("note"));
    make_fifo(&fifo);
    let (hold, dropped) = hold();
    let launcher = Launcher::new().holding(hold).leaving();
    let running = launcher
        .command("/bin/sh")
        .args(["-c", "read go < $FIFO; echo output; echo $go > $NOTE"])
        .env("FIFO", &fifo)
        .env("NOTE", &note)
        .start()
        .unwrap();
    let pid = running.pid();
    drop((running, launcher));
    assert!(is_alive(pid));
    fs::OpenOptions::new()
        .write(true)
        .open(&fifo)
        .unwrap()
        .write_all(b"on\n")
        .unwrap();
    wait_for(dropped).await;
    assert_eq!(fs::read_to_string(note).unwrap(), "on\n");
    assert!(!is_alive(pid), "it was reaped");
}

#[tokio::test]
async fn a_command_that_is_left_can_be_stopped_all_the_same() {
    let running = Launcher::new()
        .leaving()
        .command("sleep")
        .arg("600")
        .start()
        .unwrap();
    let ended = running.stop().await;
    assert_eq!((ended.status, ended.stopped), (Status::Signalled(15), true));
}

#[tokio::test]
async fn who_made_a_session_of_its_own_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    // It holds the pipe open.
    let script = "setsid sh -c 'echo $$ > $FIFO; exec sleep 600' & read pid < $FIFO; echo $pid";
    let ended = shell(script).env("FIFO", &fifo).run().await.unwrap();
    assert!(ended.is_success(), "{ended:?}");
    let daemon: u32 = ended.stdout.text().trim().parse().unwrap();
    assert!(is_alive(daemon));
    end(daemon, Force::Kill).unwrap();
    assert!(wait_gone(daemon, Instant::now() + PATIENCE));
}

#[test]
fn commands_end_with_the_runtime_unless_they_are_to_be_left() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let start = |launcher: Launcher| {
        let _inside = runtime.enter();
        launcher.command("sleep").arg("600").start().unwrap()
    };
    let (killed, left) = (start(Launcher::new()), start(Launcher::new().leaving()));
    let (killed_pid, left_pid) = (killed.pid(), left.pid());
    drop(runtime);
    assert!(wait_gone(killed_pid, Instant::now() + PATIENCE));
    assert!(is_alive(left_pid));
    end(left_pid, Force::Kill).unwrap();
    assert!(wait_gone(left_pid, Instant::now() + PATIENCE));
}
