//! What is left of an output when everything that differs from run to run is taken out of it.

use regex::Regex;

/// Without colours, frames of the progress bar, and the line ends of a terminal.
pub(super) fn plain(text: &str) -> String {
    let colours = Regex::new("\x1b\\[[0-9;]*m").unwrap();
    let text = text.replace("\r\n", "\n");
    let lines = text.lines().filter(|line| !line.contains('\r'));
    let lines: Vec<&str> = lines
        .filter(|line| !line.starts_with("Discovering hosts using "))
        .collect();
    colours.replace_all(&lines.join("\n"), "").into_owned()
}

/// Times, dates, process and request ids, each as a word for it. Columns that such a value was in
/// keep their width where the value has a fixed one.
pub(super) fn masked(text: &str) -> String {
    let masks = [
        (r"time=[0-9.]+ ms", "time=MS ms"),
        (
            r"max: [0-9.]+ min: [0-9.]+ avg: [0-9.]+ .*",
            "max: MS min: MS avg: MS",
        ),
        (r" in [0-9.]+ ms\b", " in MS ms"),
        (r"\b[0-9.]+ms\b", "MS"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( [+-]\d{4})?", "DATE"),
        (r"\b[0-9a-f]{32}\b", "ID"),
        (r"\b1[78]\d{8}\b", "SECONDS"),
        (r"[0-9.]+ seconds\b", "N seconds"),
        (r"\d+ days \d+ hours \d+ minutes N seconds ago", "AGO"),
        (
            r"min: [0-9.]+m avg: [0-9.]+m max: [0-9.]+m",
            "min: AGO avg: AGO max: AGO",
        ),
        (r"(_age: )\d+", "${1}N"),
    ];
    masks.iter().fold(text.to_owned(), |text, (pattern, mask)| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.replace_all(&text, *mask).into_owned()
    })
}

/// The blocks between blank lines, with what nodes said in the order of their names, and what has
/// an equal count in that of the words: neither order is promised.
pub(super) fn blocks(text: &str) -> Vec<String> {
    let row = Regex::new(r"(?m)^ *node\d+\.example\.net\b").unwrap();
    let count = Regex::new(r"^ *.* = \d+$").unwrap();
    let mut blocks: Vec<String> = Vec::new();
    let mut open = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            open.push(line.trim_end());
        } else if !open.is_empty() {
            if open
                .iter()
                .all(|line| row.is_match(line) || count.is_match(line))
            {
                open.sort_unstable();
            }
            blocks.push(open.join("\n"));
            open.clear();
        }
    }
    let mut places: Vec<usize> = (0..blocks.len()).collect();
    places.retain(|at| row.is_match(&blocks[*at]));
    let mut nodes: Vec<String> = places.iter().map(|at| blocks[*at].clone()).collect();
    nodes.sort();
    for (at, node) in places.into_iter().zip(nodes) {
        blocks[at] = node;
    }
    blocks
}

/// All of it.
pub(super) fn normal(text: &str) -> Vec<String> {
    blocks(&masked(&plain(text)))
}

/// Keeps the values of some labels out, be they on the label's line or on those below it that are
/// further in.
pub(super) fn without(text: &str, labels: &[&str]) -> String {
    let mut kept = Vec::new();
    // How far in the label stood whose value goes on.
    let mut within: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let labelled = line.contains(": ") || line.ends_with(':');
        if within.is_some_and(|label| indent > label) && !labelled {
            continue;
        }
        let label = line.split_once(':').map(|(label, _)| label);
        let label = label.filter(|label| labels.contains(&label.trim_start()));
        within = label.map(|_| indent);
        kept.push(label.map_or_else(|| line.to_owned(), |label| format!("{label}: *")));
    }
    kept.join("\n")
}
