//! The fixture of the approval window: the question that a practice home shows. See `written`.
//! To renew: `POINTSMAN_UPDATE=1 cargo test -p pointsman-engine --test screens_approval`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod written;

use jiff::Timestamp;
use pointsman_engine::view::ApprovalAsk;
use written::written;

#[test]
fn a_question_is_put_with_words_of_its_own_and_its_time() {
    let (one, two) = (ApprovalAsk::practice().put().unwrap(), ApprovalAsk::practice().put().unwrap());
    written("approval", &one, &[]);
    let words = [&one.id, &one.nonce, &two.id, &two.nonce];
    for (at, word) in words.iter().enumerate() {
        assert_eq!(word.len(), 32);
        assert!(!words[..at].contains(word), "{words:?}");
    }
    let left = one.expires_ms - Timestamp::now().as_millisecond();
    assert!((40_000..=45_000).contains(&left), "{left} ms are left of 45 s");
}
