//! The fuzz targets without a fuzzer: the committed corpora, and some thousands of mutations of
//! them that are the same in every run. The search for more is `cargo fuzz`'s (`tests/fuzz`).

use std::{fs, path::Path};

#[allow(unreachable_pub)] // a library of its own to `cargo fuzz`
#[path = "../fuzz/targets/mod.rs"]
mod targets;

/// A target, and how many mutations a normal test run can spend on it.
type Target = (&'static str, fn(&[u8]), u64);

#[test]
fn configurations_survive() {
    run(("config", targets::config::check, 3000));
}

#[test]
fn what_puppet_leaves_survives() {
    run(("state", targets::state::check, 1500));
}

#[test]
fn yaml_survives() {
    run(("yaml", targets::yaml::check, 6000));
}

#[test]
fn ddls_survive() {
    run(("ddl", targets::ddl::check, 1500));
}

#[test]
fn frames_survive() {
    run(("frames", targets::frames::check, 15_000));
}

#[test]
fn headers_survive() {
    run(("headers", targets::headers::check, 15_000));
}

#[test]
fn signatures_survive() {
    run(("jws", targets::jws::check, 3000));
}

#[test]
fn filters_survive() {
    run(("filter", targets::filter::check, 6000));
}

#[test]
fn pe_confs_survive() {
    run(("hocon", targets::hocon::check, 6000));
}

#[test]
fn policies_survive() {
    run(("policy", targets::policy::check, 4000));
}

fn run((name, check, mutations): Target) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 3, "{name} has a corpus");
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for (file, seed) in files.iter().zip(&seeds) {
        show_on_panic(seed, &file.display().to_string(), check);
    }
    let mut random = SplitMix64(0x6d63_6f6c);
    for round in 0..mutations {
        let mut data = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut data, &seeds, &mut random);
        }
        show_on_panic(&data, &format!("{name}, mutation {round}"), check);
    }
}

/// Runs a check; where it panics, the test says for which input.
fn show_on_panic(data: &[u8], what: &str, check: fn(&[u8])) {
    let held = std::panic::catch_unwind(|| check(data)).is_ok();
    assert!(held, "{what}: the input was b\"{}\"", data.escape_ascii());
}

fn mutate(data: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut SplitMix64) {
    let at = random.below(data.len() + 1);
    match random.below(7) {
        0 => data.insert(at, random.byte()),
        1 => data.truncate(at),
        2 => {
            let end = (at + random.below(8)).min(data.len());
            data.drain(at..end);
        }
        3 => {
            // A piece of this or of another seed.
            let other = &seeds[random.below(seeds.len())];
            let start = random.below(other.len() + 1);
            let end = (start + random.below(24)).min(other.len());
            data.splice(at..at, other[start..end].iter().copied());
        }
        4 => {
            const ODD: [&[u8]; 12] = [
                b"\0",
                b"\n\n",
                b"\r\n",
                b":",
                b"\\",
                b"\xff",
                b"'",
                b"(",
                b"\xc3\xa9",
                b"99999999999999999999",
                b"\t",
                b"/",
            ];
            data.splice(at..at, ODD[random.below(ODD.len())].iter().copied());
        }
        _ => {
            if let Some(byte) = data.get_mut(at) {
                *byte = random.byte();
            }
        }
    }
}

/// Steele, Lea and Flood's generator: small, and the same everywhere.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
