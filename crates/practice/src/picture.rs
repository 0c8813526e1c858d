//! Pictures in a request: base64 that decodes to bytes which begin as their kind begins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What is wrong with a picture. Each API has its own words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is not base64 with padding.
    Base64,
    /// There is not one byte.
    Empty,
    /// Its first bytes are those of no kind known here.
    Unknown,
}

/// The kind and size of a picture by its bytes.
pub(crate) fn look(base64: &str) -> Result<(&'static str, usize), Flaw> {
    let bytes = STANDARD.decode(base64).map_err(|_| Flaw::Base64)?;
    if bytes.is_empty() {
        return Err(Flaw::Empty);
    }
    let kinds: [(&'static str, &[u8]); 4] =
        [("PNG", b"\x89PNG\r\n\x1a\n"), ("JPEG", b"\xff\xd8\xff"), ("GIF", b"GIF8"), ("WebP", b"RIFF")];
    let kind = kinds.iter().find(|(_, start)| bytes.starts_with(start)).map(|(name, _)| *name);
    kind.map(|kind| (kind, bytes.len())).ok_or(Flaw::Unknown)
}

/// The media type of a kind.
pub(crate) fn media_type(kind: &str) -> &'static str {
    match kind {
        "PNG" => "image/png",
        "JPEG" => "image/jpeg",
        "GIF" => "image/gif",
        "WebP" => "image/webp",
        _ => "application/octet-stream",
    }
}

/// The bytes of all pictures in a body of any format, in order: data URLs, and the `data` beside a
/// media type.
pub(crate) fn all(body: &Value) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    collect(body, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => {
            let data = text.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
            found.extend(data.and_then(|(_, data)| STANDARD.decode(data).ok()));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            let media = fields.get("media_type").or(fields.get("mimeType")).and_then(Value::as_str);
            match fields.get("data") {
                Some(Value::String(data)) if media.is_some() => found.extend(STANDARD.decode(data).ok()),
                _ => fields.values().for_each(|field| collect(field, found)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
