//! What a keychain item holds: `{"key": …, "origins": [ … ]}`. The origins are the only places the
//! key may be sent to; an item without them is of no use and is refused.

use pointsman_core::catalog::Origin;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Secret;

#[derive(Serialize)]
struct Written<'a> {
    key: &'a str,
    origins: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Read {
    key: String,
    origins: Vec<String>,
}

/// A key with the origins it was entered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) key: Secret,
    pub(super) origins: Vec<Origin>,
}

impl Bound {
    /// The bytes of the item; wiped when dropped.
    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        let origins = self.origins.iter().map(Origin::as_str).collect();
        let written = Written { key: self.key.expose(), origins };
        Zeroizing::new(serde_json::to_vec(&written).unwrap_or_default())
    }

    /// Reads an item. `None` where somebody else wrote it: a key without its origins, or no JSON.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let read: Read = serde_json::from_slice(bytes).ok()?;
        let key = Secret::new(read.key);
        let origins = read.origins.iter().map(|text| Origin::parse(text)).collect::<Result<Vec<_>, _>>().ok()?;
        (!origins.is_empty() && !key.expose().is_empty()).then_some(Self { key, origins })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_reads_back_and_foreign_ones_do_not_pass() {
        let origin = Origin::parse("https://api.openai.com").expect("valid");
        let bound = Bound { key: Secret::new("sk-\"quoted\\".into()), origins: vec![origin] };
        assert_eq!(Bound::read(&bound.write()), Some(bound));
        for foreign in [
            "sk-plain",
            "{}",
            r#"{"key":"sk","origins":[]}"#,
            r#"{"key":"","origins":["https://a.example"]}"#,
            r#"{"key":"sk","origins":["https://a.example","nonsense"]}"#,
        ] {
            assert_eq!(Bound::read(foreign.as_bytes()), None, "{foreign}");
        }
    }
}
