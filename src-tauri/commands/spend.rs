//! The commands of the Spend page. What lets more be spent is asked in a native dialog that no page can
//! answer; a file is written only where the person said in the system's own dialog.

use pointsman_core::code::{Code, Denial};
use pointsman_core::money::MicroUsd;
use pointsman_engine::view::{
    CapEdited, CapForm, Comparison, ExportFormat, LedgerFilter, LedgerPage, SpendBy, SpendPage, SpendPeriod,
};

use super::policy::answered;
use crate::desk::Desk;
use crate::dialogs::{Question, ask, save_as};
use crate::rpc::Said;

pub(crate) async fn spend(desk: &Desk, period: SpendPeriod, by: SpendBy) -> Result<SpendPage, Denial> {
    desk.gateway.spend_page(period, by).await
}

pub(crate) async fn ledger(desk: &Desk, filter: LedgerFilter, after: Option<String>) -> Result<LedgerPage, Denial> {
    desk.gateway.ledger_page(filter, after).await
}

pub(crate) async fn spend_compare(desk: &Desk, period: SpendPeriod, model: String) -> Result<Comparison, Denial> {
    desk.gateway.spend_compared(period, &model).await
}

pub(crate) async fn cap_put(desk: &Desk, identity: Option<String>, cap: CapForm) -> Result<CapEdited, Denial> {
    let edited = desk.gateway.cap_put(identity.as_deref(), &cap).await?;
    asked(desk, edited).await
}

pub(crate) async fn cap_remove(desk: &Desk, identity: String) -> Result<CapEdited, Denial> {
    let edited = desk.gateway.cap_remove(&identity).await?;
    asked(desk, edited).await
}

async fn asked(desk: &Desk, edited: CapEdited) -> Result<CapEdited, Denial> {
    Ok(match edited.saved {
        Some(saved) => CapEdited { saved: Some(answered(desk, saved).await?), ..edited },
        None => edited,
    })
}

pub(crate) async fn cap_raise(desk: &Desk, identity: String, account: String, amount: String) -> Result<Said, Denial> {
    let typed = amount.trim().trim_start_matches('$').trim();
    let amount =
        MicroUsd::parse(typed).map_err(|why| Denial::new(Code::InvalidRequest, format!("The amount {why}.")))?;
    let question = Question {
        title: "Raise a cap once",
        text: desk.gateway.raise_question(&identity, &account, amount).await?,
        yes: "Raise once",
        no: "Do not raise",
    };
    if !ask(&desk.app, question).await {
        return Ok(Said { done: false, sentence: "Nothing changed. The cap was not raised.".to_owned() });
    }
    Ok(Said { done: true, sentence: desk.gateway.raise_once(&identity, &account, amount).await? })
}

pub(crate) async fn ledger_export(desk: &Desk, filter: LedgerFilter, format: ExportFormat) -> Result<Said, Denial> {
    let name = desk.gateway.ledger_file_name(&filter, format).await?;
    let Some(path) = save_as(&desk.app, "Export the ledger", name, format.ending()).await else {
        return Ok(Said { done: false, sentence: "Nothing was written.".to_owned() });
    };
    let done = desk.gateway.ledger_export(filter, format, &path).await?;
    let rows = if done.rows == 1 { "1 row".to_owned() } else { format!("{} rows", done.rows) };
    let sentence = format!("Wrote {rows}, {} in all, to {}.", done.charged.text, path.display());
    Ok(Said { done: true, sentence })
}
