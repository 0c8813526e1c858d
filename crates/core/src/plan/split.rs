//! Which share of a class a conversation falls into: always the same for the same client and first
//! message, so that a conversation stays with its model (product.md §9.2).

use sha2::{Digest, Sha256};

use super::Asked;
use crate::chat::{Part, Role};
use crate::policy::Share;

/// The share of a conversation; `None` where nothing is split.
pub(super) fn share<'p>(shares: &'p [Share], asked: Asked<'_>) -> Option<&'p Share> {
    let mut point = point(asked);
    shares.iter().find(|share| {
        let within = point < share.percent;
        point = point.saturating_sub(share.percent);
        within
    })
}

/// From 0 to 99, evenly.
fn point(asked: Asked<'_>) -> u8 {
    let mut hash = Sha256::new();
    hash.update(asked.client.map_or("", |client| client.as_str()));
    // No name has a zero byte, so a client cannot run into a message.
    hash.update([0]);
    let first = asked.chat.messages.iter().find(|message| message.role == Role::User);
    for part in first.iter().flat_map(|message| &message.parts) {
        match part {
            Part::Text(text) => hash.update(text),
            Part::Image(image) => hash.update(&image.base64),
        }
        hash.update([0]);
    }
    let digest = hash.finalize();
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    u8::try_from(number % 100).unwrap_or_default()
}
