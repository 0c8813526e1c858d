//! The profile switch of the header.

use pointsman_core::code::Denial;
use pointsman_engine::view::Status;

use crate::desk::Desk;

pub(crate) async fn profile_set(desk: &Desk, name: Option<String>) -> Result<Status, Denial> {
    desk.gateway.set_profile(name.as_deref()).await?;
    super::status(desk).await
}
