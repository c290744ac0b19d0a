//! What is written as a frame is read as it was, and nothing in a value becomes a header or a frame
//! of its own.
//!
//! The first three bytes choose version, command and the body's length; the rest are names and
//! values, with 0xff between them, and the body.

use mcollective::stomp::{Command, Encoder, Frame, Version};

/// Checks one frame.
pub fn check(data: &[u8]) {
    let mut rest = data;
    let [version, command, body] = super::take(&mut rest);
    let version = [Version::V1_0, Version::V1_1, Version::V1_2][usize::from(version) % 3];
    let command = Command::ALL[usize::from(command) % Command::ALL.len()];
    let (body, texts) = rest.split_at(usize::from(body).min(rest.len()));
    let texts: Vec<String> = texts
        .split(|byte| *byte == 0xff)
        .take(60)
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect();
    let pairs: Vec<(&str, &str)> = texts
        .chunks_exact(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str()))
        // What is left out of a name must not make it the one that the encoder writes itself.
        .filter(|(name, _)| !name.replace(['\0', '\r', '\n'], "").contains("content"))
        .collect();
    if pairs.iter().map(|(a, b)| a.len() + b.len()).sum::<usize>() > 8000 {
        return;
    }
    let mut encoder = Encoder::new(command, version);
    for (name, value) in &pairs {
        encoder = encoder.header(name, value);
    }
    let bytes = encoder.body(body);
    let escapes =
        version != Version::V1_0 && !matches!(command, Command::Connect | Command::Connected);
    let frame = match Frame::parse(&bytes) {
        Ok(frame) => frame,
        // Without escapes a colon in a name, or nothing but what is left out, changes the header's
        // meaning; it still must not end the frame.
        Err(error) => panic!("{error}: {:?}", String::from_utf8_lossy(&bytes)),
    };
    assert_eq!(frame.command, command);
    assert_eq!(
        frame.headers.len(),
        pairs.len() + 1,
        "a header more or less"
    );
    if escapes {
        assert_eq!(frame.body, body);
        let sent = |text: &str| match version {
            Version::V1_1 => text.replace(['\0', '\r'], ""),
            _ => text.replace('\0', ""),
        };
        for (name, _) in &pairs {
            let name = sent(name);
            // A name is looked for as it was sent.
            if name.contains(['\n', '\r', ':', '\\']) {
                continue;
            }
            let first = pairs.iter().find(|(other, _)| sent(other) == name);
            let read = frame.headers.get(&name).unwrap().unwrap();
            assert_eq!(
                Some(read.as_ref()),
                first.map(|(_, value)| sent(value)).as_deref()
            );
        }
    }
}
