//! The progress bar: on standard error, on a terminal only, never in a pipe.

use std::{
    fmt,
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Up to so many missing nodes are named.
pub(crate) const NAMED: usize = 5;

/// How long the last nodes may keep one waiting before they are named.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the bar is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Shows how many of the addressed nodes have answered.
pub(crate) struct Progress {
    bar: ProgressBar,
    missing: Arc<Mutex<String>>,
}

impl Progress {
    /// A bar if `wanted` and standard error is a terminal; otherwise nothing is ever drawn.
    pub(crate) fn new(wanted: bool) -> Self {
        let missing = Arc::new(Mutex::new(String::new()));
        let bar = if wanted && std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let shown = Arc::clone(&missing);
            let names = move |state: &ProgressState, out: &mut dyn fmt::Write| {
                if state.elapsed() > PATIENCE {
                    let names = shown.lock().unwrap_or_else(PoisonError::into_inner);
                    // Writing to memory can't fail.
                    let _infallible = out.write_str(&names);
                }
            };
            // A template that names only what indicatif and we define can't be wrong; without it
            // the default is used.
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} [{wide_bar}] {pos} / {len}  {missing}")
            {
                bar.set_style(style.progress_chars("=> ").with_key("missing", names));
            }
            bar.enable_steady_tick(TICK);
            bar
        } else {
            ProgressBar::hidden()
        };
        Self { bar, missing }
    }

    /// Says how many are waited for.
    pub(crate) fn expect(&self, nodes: usize) {
        self.bar.set_length(nodes as u64);
    }

    /// Says how many have spoken.
    pub(crate) fn advance(&self, spoken: usize) {
        self.bar.set_position(spoken as u64);
    }

    /// Says who has not, where they are few.
    pub(crate) fn name(&self, missing: &[impl AsRef<str>]) {
        let names: Vec<&str> = missing.iter().map(AsRef::as_ref).collect();
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = names.join(" ");
    }

    /// Writes something else while the bar is out of the way.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
