//! The progress bar: on standard error, on a terminal only, never in a pipe.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how many of the addressed nodes have answered.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar if `wanted` and standard error is a terminal; otherwise nothing is ever drawn.
    pub(crate) fn new(wanted: bool) -> Self {
        let bar = if wanted && std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            // A template that indicatif itself defines can't be wrong; without it the default is used.
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} [{wide_bar}] {pos} / {len}  {msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        } else {
            ProgressBar::hidden()
        };
        Self { bar }
    }

    /// Says how many are waited for.
    pub(crate) fn expect(&self, nodes: usize) {
        self.bar.set_length(nodes as u64);
    }

    /// Says how many have spoken, and names the last that have not.
    pub(crate) fn advance(&self, spoken: usize, missing: &[impl AsRef<str>]) {
        self.bar.set_position(spoken as u64);
        if self.bar.elapsed() > Duration::from_secs(1) && missing.len() <= 5 {
            let names: Vec<&str> = missing.iter().map(AsRef::as_ref).collect();
            self.bar.set_message(names.join(" "));
        }
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
