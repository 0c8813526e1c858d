//! The commands of the approval window, and of no other.

use pointsman_core::code::Denial;
use pointsman_engine::view::{ApprovalAnswer, ApprovalAsk};

use crate::approval as asking;
use crate::desk::Desk;
use crate::rpc::Said;

pub(crate) async fn approval(desk: &Desk) -> Result<Option<ApprovalAsk>, Denial> {
    Ok(desk.asks.front())
}

pub(crate) async fn approval_shown(desk: &Desk, id: String) -> Result<(), Denial> {
    desk.asks.shown(&id);
    Ok(())
}

pub(crate) async fn approval_answer(
    desk: &Desk,
    id: String,
    nonce: String,
    answer: ApprovalAnswer,
) -> Result<Said, Denial> {
    Ok(asking::answer(&desk.app, &id, &nonce, answer))
}
