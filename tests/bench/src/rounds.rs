//! Rounds of requests, and what they say about the broker.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Result,
    client::Client,
    fleet::share,
    tally::{Asked, Tally},
};

/// What the rounds look like.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Shape {
    /// Bytes of a request's body
    #[arg(long, default_value_t = 600)]
    request_bytes: usize,
    /// Bytes of a reply's body
    #[arg(long, default_value_t = 500)]
    pub(crate) reply_bytes: usize,
    /// Broadcast rounds before those that count
    #[arg(long, default_value_t = 2)]
    warm_up: usize,
    /// Milliseconds between two rounds
    #[arg(long, default_value_t = 200)]
    pause: u64,
    /// Seconds after which a round's missing replies are lost
    #[arg(long, default_value_t = 60)]
    round_timeout: u64,
}

/// Whom rounds ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// All nodes, by one request.
    Broadcast { nodes: usize },
    /// Nodes chosen at random, by so many requests at once.
    Directed { requests: usize, nodes: usize },
}

impl Kind {
    fn asked(self) -> Asked {
        match self {
            Self::Broadcast { nodes } => Asked::All(nodes),
            Self::Directed { requests, nodes } => {
                let choose = |_| random(nodes);
                Asked::Some((0..requests).map(choose).collect())
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below the number of nodes
fn random(nodes: usize) -> u32 {
    (share() * nodes as f64) as u32
}

/// Asks the rounds that warm up, as broadcasts.
pub(crate) async fn warm_up(client: &mut Client, shape: Shape, nodes: usize) -> Result<()> {
    for _ in 0..shape.warm_up {
        one(client, shape, Kind::Broadcast { nodes }).await?;
        client.rest(Duration::from_millis(shape.pause)).await?;
    }
    Ok(())
}

/// One round that is not measured.
pub(crate) async fn one(client: &mut Client, shape: Shape, kind: Kind) -> Result<Tally> {
    let limit = Duration::from_secs(shape.round_timeout);
    client.round(kind.asked(), shape.request_bytes, limit).await
}

/// Asks so many rounds. `cpu` tells what the broker has used so far.
pub(crate) async fn measure(
    client: &mut Client,
    shape: Shape,
    kind: Kind,
    count: usize,
    cpu: impl Fn() -> Duration,
) -> Result<Value> {
    let (mut tallies, mut used, mut late) = (Vec::new(), Vec::new(), 0);
    let start = cpu();
    for _ in 0..count {
        let before = cpu();
        let tally = one(client, shape, kind).await?;
        used.push(ms(cpu().saturating_sub(before)));
        tallies.push(tally);
        late += client.rest(Duration::from_millis(shape.pause)).await?;
    }
    let with_pauses = cpu().saturating_sub(start);
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let time = |of: fn(&Tally) -> Option<Duration>| {
        spread(tallies.iter().filter_map(of).map(ms).collect())
    };
    let rates = tallies
        .iter()
        .filter_map(|tally| Some(tally.expected() as f64 / tally.last()?.as_secs_f64()));
    Ok(json!({
        "rounds": count,
        "replies_awaited": sum(Tally::expected),
        "exact": late == 0 && tallies.iter().all(Tally::is_exact),
        "lost": sum(Tally::lost),
        "twice": sum(|tally| tally.twice),
        "stray": sum(|tally| tally.stray) + late,
        "misdirected": sum(|tally| tally.misdirected),
        "first_ms": time(Tally::first),
        "half_ms": time(Tally::half),
        "last_ms": time(Tally::last),
        "replies_per_s": spread(rates.collect()),
        "broker_cpu_ms": spread(used),
        "broker_cpu_ms_with_pause": round(ms(with_pauses) / count.max(1) as f64),
    }))
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// To a thousandth: more digits would be noise.
pub(crate) fn round(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// Median, least and most; nothing where there is nothing.
pub(crate) fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    match (median(&values), values.first(), values.last()) {
        (Some(median), Some(min), Some(max)) => json!({
            "median": round(median),
            "min": round(*min),
            "max": round(*max),
        }),
        _ => Value::Null,
    }
}

/// Of values in order.
pub(crate) fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_even_and_nothing() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
        assert_eq!(
            spread(vec![3.0, 1.0, 2.0]),
            json!({"median": 2.0, "min": 1.0, "max": 3.0})
        );
        assert_eq!(spread(Vec::new()), Value::Null);
    }
}
