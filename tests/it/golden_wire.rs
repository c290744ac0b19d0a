//! The original's recorded frames against our codec: each is read, its headers are what the file
//! says, and it is written again as it was.

use std::{fs, path::PathBuf};

use mcollective::stomp::{Command, Encoder, Frame, Version};

/// Every recorded frame.
fn frames() -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wire")];
    let mut frames = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "frame")
            {
                let bytes = fs::read(&path).unwrap();
                frames.push((path, bytes));
            }
        }
    }
    frames
}

/// Header names and values, read off the text in the plainest way.
fn header_lines(bytes: &[u8]) -> Vec<(String, String)> {
    let head = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let head = std::str::from_utf8(&bytes[..head]).unwrap();
    let lines = head.lines().skip(1);
    lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// As STOMP 1.1 and 1.2 undo them.
fn unescape(text: &str) -> String {
    // The backslash last, by way of a character that no frame has.
    let text = text.replace("\\\\", "\u{1}").replace("\\c", ":");
    text.replace("\\n", "\n")
        .replace("\\r", "\r")
        .replace('\u{1}', "\\")
}

#[test]
fn every_recorded_frame_is_read_as_it_is_written() {
    let frames = frames();
    assert_eq!(frames.len(), 1203, "the recordings are complete");
    for (path, bytes) in frames {
        let shown = path.display();
        let frame = Frame::parse(&bytes).unwrap_or_else(|error| panic!("{shown}: {error}"));
        let named = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            named.ends_with(frame.command.as_str()),
            "{shown}: {:?}",
            frame.command
        );
        let lines = header_lines(&bytes);
        assert_eq!(frame.headers.len(), lines.len(), "{shown}");
        for (name, value) in &lines {
            let first = &lines.iter().find(|(other, _)| other == name).unwrap().1;
            assert_eq!(
                frame.headers.raw(name),
                Some(first.as_bytes()),
                "{shown}: {name}"
            );
            let read = frame.headers.get(name).unwrap().unwrap();
            assert_eq!(read, unescape(first), "{shown}: {name}: {value}");
        }
        let body_at = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
        assert_eq!(&frame.body[..], &bytes[body_at..bytes.len() - 1], "{shown}");
    }
}

#[test]
fn every_recorded_frame_is_written_again_as_it_was() {
    for (path, bytes) in frames() {
        let shown = path.display();
        let frame = Frame::parse(&bytes).unwrap();
        // Ours is always written with `content-length`, at the end.
        let mut encoder = Encoder::new(frame.command, version(&path));
        let mut had_length = false;
        for (name, _) in frame.headers.iter_raw() {
            let name = std::str::from_utf8(name).unwrap();
            if name == "content-length" {
                had_length = true;
            } else {
                encoder = encoder.header(name, &frame.headers.get(name).unwrap().unwrap());
            }
        }
        let written = if had_length || !frame.body.is_empty() {
            encoder.body(&frame.body)
        } else {
            encoder.end()
        };
        let again = Frame::parse(&written).unwrap_or_else(|error| panic!("{shown}: {error}"));
        assert_eq!(again.command, frame.command, "{shown}");
        assert_eq!(again.body, frame.body, "{shown}");
        assert_eq!(pairs(&again), pairs(&frame), "{shown}");
    }
}

/// Which version the session of a recording had agreed on.
fn version(path: &std::path::Path) -> Version {
    if path.components().any(|part| part.as_os_str() == "amq-hb") {
        Version::V1_1
    } else {
        Version::V1_0
    }
}

/// Headers with their escapes undone, sorted, without the length.
fn pairs(frame: &Frame) -> Vec<(String, String)> {
    let names = frame
        .headers
        .iter_raw()
        .map(|(name, _)| std::str::from_utf8(name).unwrap());
    let mut pairs: Vec<_> = names
        .filter(|name| *name != "content-length")
        .map(|name| {
            (
                name.to_owned(),
                frame.headers.get(name).unwrap().unwrap().into_owned(),
            )
        })
        .collect();
    pairs.sort();
    pairs
}

#[test]
fn the_recordings_hold_each_command_of_a_session() {
    let frames = frames();
    for command in [
        Command::Connect,
        Command::Connected,
        Command::Disconnect,
        Command::Error,
        Command::Message,
        Command::Send,
        Command::Subscribe,
        Command::Unsubscribe,
    ] {
        let start = [command.as_str().as_bytes(), b"\n"].concat();
        assert!(
            frames.iter().any(|(_, bytes)| bytes.starts_with(&start)),
            "{command:?}"
        );
    }
}
