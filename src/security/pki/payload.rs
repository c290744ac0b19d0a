//! What the messages say, in JSON: the fields of request and reply, the version of the format, and
//! in a reply the request that it answers.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::json;
use crate::mcorpc::{names::Identity, reply::Reply, request::Request};

/// The version of the format that is written, and the newest that is read.
const VERSION: u64 = 1;

/// What a node tells of itself unasked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The node.
    pub sender: Identity,
    /// When it was made, in milliseconds since the epoch.
    pub time_ms: u64,
    /// What it tells.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

/// A message with what is said about it.
#[derive(Serialize)]
struct Envelope<'a, T> {
    v: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(flatten)]
    message: &'a T,
}

pub(super) fn request(request: &Request) -> Result<Vec<u8>, String> {
    write(request, &request.data, None)
}

pub(super) fn reply(reply: &Reply, request_digest: &[u8; 32]) -> Result<Vec<u8>, String> {
    write(reply, &reply.data, Some(hex(request_digest)))
}

pub(super) fn registration(registration: &Registration) -> Result<Vec<u8>, String> {
    write(registration, &registration.data, None)
}

fn write(
    message: &impl Serialize,
    data: &Map<String, Value>,
    request: Option<String>,
) -> Result<Vec<u8>, String> {
    // Better told here, where something can be done about it, than refused by everybody.
    if !json::fits(data, 1) {
        let (depth, values) = (json::MAX_DEPTH, json::MAX_VALUES);
        return Err(format!(
            "its data is nested deeper than {depth} or has more than {values} values"
        ));
    }
    let envelope = Envelope {
        v: VERSION,
        request,
        message,
    };
    serde_json::to_vec(&envelope).map_err(|error| error.to_string())
}

pub(super) fn read_request(payload: &[u8]) -> Result<Request, String> {
    message(open(payload)?)
}

/// The reply, and the digest of the request that it answers.
pub(super) fn read_reply(payload: &[u8]) -> Result<(Reply, [u8; 32]), String> {
    let mut fields = open(payload)?;
    let digest = match fields.remove("request") {
        Some(Value::String(text)) => unhex(&text),
        _ => None,
    };
    let digest = digest.ok_or("`request` is not the SHA-256 of a request")?;
    Ok((message(fields)?, digest))
}

pub(super) fn read_registration(payload: &[u8]) -> Result<Registration, String> {
    message(open(payload)?)
}

/// The fields, once it is clear that they are in a version that is understood.
fn open(payload: &[u8]) -> Result<Map<String, Value>, String> {
    let value = json::read(payload).map_err(|error| error.to_string())?;
    let Value::Object(mut fields) = value else {
        return Err("the payload is not a JSON object".into());
    };
    match fields.remove("v").and_then(|version| version.as_u64()) {
        Some(VERSION) => Ok(fields),
        Some(version) if version > VERSION => Err(format!(
            "it is in version {version} of the format, and this program reads up to {VERSION}: \
             upgrade it"
        )),
        _ => Err("it names no version of the format".into()),
    }
}

fn message<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Lower case only: one digest has one spelling.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}
