//! The gateway behind a door that may not open: the server answers `initialize` and `tools/list`
//! before the ledger is open, and also where it cannot be opened at all. A door that did not open is
//! tried again by the next call, so a repaired home works without a restart.

use std::sync::Arc;

use pointsman_core::code::{Code, Denial};
use pointsman_engine::Gateway;
use tokio::sync::OnceCell;

type Open = dyn Fn() -> Result<Gateway, Denial> + Send + Sync;

/// Opens the gateway once, when it is first needed.
pub(crate) struct Door {
    open: Arc<Open>,
    gateway: OnceCell<Gateway>,
}

impl Door {
    pub(crate) fn new(open: impl Fn() -> Result<Gateway, Denial> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), gateway: OnceCell::new() }
    }

    /// The gateway. Opening reads files, so it runs on a thread that may block.
    pub(crate) async fn gateway(&self) -> Result<&Gateway, Denial> {
        self.gateway
            .get_or_try_init(|| async {
                let open = Arc::clone(&self.open);
                tokio::task::spawn_blocking(move || open()).await.unwrap_or_else(|_| {
                    Err(Denial::new(Code::Internal, "Pointsman failed while it opened its home. Call again."))
                })
            })
            .await
    }

    /// The gateway, where it is open already.
    pub(crate) fn opened(&self) -> Option<&Gateway> {
        self.gateway.get()
    }
}
