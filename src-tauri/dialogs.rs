//! Native dialogs, opened from Rust for what a page must not be able to decide: no script can press
//! their buttons. Each waits for the person and blocks nothing else.

use std::path::PathBuf;

use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind, MessageDialogResult};
use tokio::sync::oneshot;

use crate::windows::MAIN;

/// What is asked.
pub(crate) struct Question {
    /// In the title bar.
    pub(crate) title: &'static str,
    /// What would happen.
    pub(crate) text: String,
    /// The button that does it.
    pub(crate) yes: &'static str,
    /// The button that does not; closing the dialog is the same.
    pub(crate) no: &'static str,
}

/// Asks, and waits for the answer. A dialog that could not be shown or was closed means no.
pub(crate) async fn ask(app: &AppHandle, question: Question) -> bool {
    let buttons = MessageDialogButtons::OkCancelCustom(question.yes.to_owned(), question.no.to_owned());
    let answer = show(app, question.title, question.text, MessageDialogKind::Warning, buttons).await;
    answer == MessageDialogResult::Ok || answer == MessageDialogResult::Custom(question.yes.to_owned())
}

/// The answer to a question with a third way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The first button.
    First,
    /// The second button.
    Second,
    /// The third button, or the dialog was closed.
    Neither,
}

/// Asks for one of two things or neither.
pub(crate) async fn choose(app: &AppHandle, title: &'static str, text: String, buttons: [&'static str; 3]) -> Choice {
    let [first, second, neither] = buttons.map(str::to_owned);
    let three = MessageDialogButtons::YesNoCancelCustom(first.clone(), second.clone(), neither);
    match show(app, title, text, MessageDialogKind::Warning, three).await {
        MessageDialogResult::Yes => Choice::First,
        MessageDialogResult::No => Choice::Second,
        MessageDialogResult::Custom(label) if label == first => Choice::First,
        MessageDialogResult::Custom(label) if label == second => Choice::Second,
        MessageDialogResult::Ok | MessageDialogResult::Cancel | MessageDialogResult::Custom(_) => Choice::Neither,
    }
}

/// Asks where a file is to be written. `None` where the person chose no place.
pub(crate) async fn save_as(app: &AppHandle, title: &str, name: String, ending: &str) -> Option<PathBuf> {
    let (answered, answer) = oneshot::channel();
    let kind = ending.to_uppercase();
    let mut dialog = app.dialog().file().set_title(title).set_file_name(name).add_filter(kind, &[ending]);
    if let Some(window) = app.get_webview_window(MAIN) {
        dialog = dialog.set_parent(&window);
    }
    dialog.save_file(move |path| drop(answered.send(path)));
    answer.await.ok().flatten()?.into_path().ok()
}

/// Says what is wrong and waits until it was read.
pub(crate) async fn tell(app: &AppHandle, text: String) {
    show(app, "Pointsman", text, MessageDialogKind::Error, MessageDialogButtons::Ok).await;
}

async fn show(
    app: &AppHandle,
    title: &str,
    text: String,
    kind: MessageDialogKind,
    buttons: MessageDialogButtons,
) -> MessageDialogResult {
    let (answered, answer) = oneshot::channel();
    let mut dialog = app.dialog().message(text).title(title).kind(kind).buttons(buttons);
    if let Some(window) = app.get_webview_window(MAIN) {
        dialog = dialog.parent(&window);
    }
    dialog.show_with_result(move |result| drop(answered.send(result)));
    answer.await.unwrap_or(MessageDialogResult::Cancel)
}
