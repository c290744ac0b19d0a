//! The broker's figures as an operator sees them: a log line, and the answer at `/broker/metrics`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::presence::About;

/// Names and values, as they are shown.
pub(crate) type Figures = Vec<(&'static str, u64)>;

/// All figures in one line.
pub(crate) fn line(figures: &Figures) -> String {
    let words: Vec<String> = figures
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    words.join(" ")
}

#[derive(Serialize)]
struct Answer<'a> {
    version: u32,
    broker: About<'a>,
    metrics: Map<String, Value>,
}

/// The answer to a request for the figures.
pub(crate) fn answer(broker: &str, figures: &Figures) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Answer {
        version: 1,
        broker: About::new(broker),
        metrics: figures
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_a_line_or_an_object() {
        let figures = vec![("connections", 3), ("sends", 70)];
        assert_eq!(line(&figures), "connections=3 sends=70");
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            String::from_utf8(answer("hub", &figures).unwrap()).unwrap(),
            format!(
                "{{\"version\":1,\"broker\":{{\"name\":\"hub\",\"version\":\"{version}\"}},\
                 \"metrics\":{{\"connections\":3,\"sends\":70}}}}"
            )
        );
    }
}
