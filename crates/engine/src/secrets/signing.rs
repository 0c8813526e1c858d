//! Signatures of the person's own answers: HMAC-SHA256 under a random key in the keychain item
//! `pointsman-signing` of the home. What is not signed under it was not said in the app.

use hmac::{Hmac, KeyInit as _, Mac as _};
use pointsman_core::code::{Code, Denial};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::place::Place;
use super::store::Store;
use super::{LIMIT, Secrets, Trouble};
use crate::Gateway;

const ITEM: &str = "pointsman-signing";
const KEY: usize = 32;

type Key = Zeroizing<[u8; KEY]>;

impl Secrets {
    /// Signs a message for one purpose; a signature for another purpose does not verify. The key is
    /// made at the first signature.
    ///
    /// # Errors
    /// Where the keychain is locked, missing or does not answer: nothing can be signed then.
    pub async fn sign(&self, purpose: &'static str, message: &[u8]) -> Result<[u8; 32], Denial> {
        let place = self.0.place.clone();
        let signing = self.ask(LIMIT, move |store, _| Ok((made(store, &place)?, store.address().map(str::to_owned))));
        let (key, address) = signing.await?;
        // Servers with a bare environment must look for the same item.
        if !self.0.place.is_written() {
            self.0.place.remember(address)?;
        }
        Ok(mac(&key, purpose, message)?.finalize().into_bytes().into())
    }

    /// Whether a signature is ours for this purpose and message. `false` where nothing was ever signed.
    /// The comparison takes the same time for every wrong signature.
    ///
    /// # Errors
    /// Where the keychain is locked, missing or does not answer: it cannot be told then.
    pub async fn verify(&self, purpose: &'static str, message: &[u8], signature: &[u8]) -> Result<bool, Denial> {
        let place = self.0.place.clone();
        let Some(key) = self.ask(LIMIT, move |store, _| existing(store, &place)).await? else { return Ok(false) };
        Ok(mac(&key, purpose, message)?.verify_slice(signature).is_ok())
    }
}

impl Gateway {
    /// Whether an answer of the person could be signed now. Signs nothing and makes no key; up to 5 s.
    ///
    /// # Errors
    /// `no_key` where there is no keychain at all, `keychain_locked` where there is one that is locked
    /// or cannot be used: with what to do.
    pub async fn can_sign(&self) -> Result<(), Denial> {
        let secrets = &self.inner().secrets;
        let place = secrets.0.place.clone();
        Ok(secrets.ask(LIMIT, move |store, _| existing(store, &place).map(drop)).await?)
    }
}

fn mac(key: &Key, purpose: &str, message: &[u8]) -> Result<Hmac<Sha256>, Denial> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice())
        .map_err(|_| Denial::new(Code::Internal, "The signing key has a wrong length."))?;
    // The length first: no purpose and message read as another pair.
    mac.update(&(purpose.len() as u64).to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(message);
    Ok(mac)
}

fn existing(store: &Store, place: &Place) -> Result<Option<Key>, Trouble> {
    let Some(bytes) = store.get(&place.item(ITEM))? else { return Ok(None) };
    let key = <[u8; KEY]>::try_from(bytes.as_slice())
        .map_err(|_| Trouble::Failed(format!("its item {ITEM} is not the one Pointsman wrote")))?;
    Ok(Some(Zeroizing::new(key)))
}

/// The key, made where there is none. Two processes that sign for the first time at once would make two
/// keys and one of them would not verify, so a file lock comes before the second look.
fn made(store: &Store, place: &Place) -> Result<Key, Trouble> {
    if let Some(key) = existing(store, place)? {
        return Ok(key);
    }
    let failed = |why: String| Trouble::Failed(why);
    let _held = place.lock().map_err(|error| failed(error.to_string()))?;
    if let Some(key) = existing(store, place)? {
        return Ok(key);
    }
    let mut key: Key = Zeroizing::new([0; KEY]);
    getrandom::fill(key.as_mut_slice()).map_err(|error| failed(error.to_string()))?;
    store.set(&place.item(ITEM), key.as_slice())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(key: &Key, purpose: &str, message: &[u8]) -> [u8; 32] {
        mac(key, purpose, message).unwrap().finalize().into_bytes().into()
    }

    #[test]
    fn a_signature_holds_for_its_key_purpose_and_message_only() {
        let (key, other): (Key, Key) = (Zeroizing::new([7; KEY]), Zeroizing::new([8; KEY]));
        let signature = signed(&key, "resume", b"message");
        let verifies = |key, purpose, message: &[u8], signature: &[u8]| {
            mac(key, purpose, message).unwrap().verify_slice(signature).is_ok()
        };
        assert!(verifies(&key, "resume", b"message", &signature));
        assert!(!verifies(&other, "resume", b"message", &signature));
        assert!(!verifies(&key, "activate", b"message", &signature));
        assert!(!verifies(&key, "resume", b"other", &signature));
        assert!(!verifies(&key, "resum", b"emessage", &signature), "purpose and message must not run together");
        for cut in [0, 16, 31] {
            assert!(!verifies(&key, "resume", b"message", &signature[..cut]), "a part of it is no signature");
        }
    }
}
