//! The windows. The main one: made when it is first opened, hidden when it is closed, and its web view destroyed
//! half a minute later, so that an app nobody looks at costs no browser. The approval window: there only
//! while a question is. Both show the app's own pages and go nowhere else; what a page may ask for is in
//! `capabilities/` and in `rpc`.

use std::time::Duration;

use pointsman_engine::view::Place;
use tauri::webview::{Color, NewWindowResponse};
use tauri::{AppHandle, Emitter, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};

use crate::desk::Desk;
use crate::{approval, feed, marks, quit};

/// The label of the main window.
pub(crate) const MAIN: &str = "main";

/// The label of the approval window.
pub(crate) const APPROVAL: &str = "approval";

/// How long a hidden window keeps its web view.
const KEEP_HIDDEN: Duration = Duration::from_secs(30);

/// How long a page may take until it is drawn.
const DRAWN_WITHIN: Duration = Duration::from_secs(8);

/// Shows the main window, in front and with the focus.
pub(crate) fn show(app: &AppHandle) {
    // A second launch may ask before this one has opened its home; it shows its window by itself then.
    let Some(desk) = app.try_state::<Desk>() else { return };
    desk.moved();
    let shown = match app.get_webview_window(MAIN) {
        Some(window) => window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus()),
        None => {
            let page = desk.page_made();
            make(app).map(|_| watch_for_blank(app, page))
        }
    };
    if let Err(error) = shown {
        tracing::error!("the window could not be shown: {error}");
    }
}

/// Shows the main window with its page at a place. A page that is not drawn yet asks for it when it is.
pub(crate) fn show_at(app: &AppHandle, place: Place) {
    let Some(desk) = app.try_state::<Desk>() else { return };
    desk.want(place);
    show(app);
    if desk.is_drawn()
        && let Some(place) = desk.wanted()
        && let Err(error) = app.emit_to(MAIN, "go", place)
    {
        tracing::warn!("the window could not be led to a place: {error}");
    }
}

/// Hides the window where it has the focus, else shows it: a click on the tray icon.
pub(crate) fn toggle(app: &AppHandle) {
    match app.get_webview_window(MAIN) {
        Some(window) if window.is_visible().unwrap_or(false) && window.is_focused().unwrap_or(false) => hide(&window),
        _ => show(app),
    }
}

/// Hides the window, and destroys its web view where it stays hidden.
fn hide(window: &WebviewWindow) {
    let app = window.app_handle().clone();
    let at = app.state::<Desk>().moved();
    if let Err(error) = window.hide() {
        tracing::error!("the window could not be hidden: {error}");
    }
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(KEEP_HIDDEN).await;
        if app.state::<Desk>().still_at(at) {
            give_back(&app, at).await;
        }
    });
}

/// Destroys the hidden window. Whoever asks for it while it goes away asks one that is no more: they
/// get a new one.
async fn give_back(app: &AppHandle, at: u64) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Err(error) = window.destroy() {
        return tracing::error!("the hidden window could not be destroyed: {error}");
    }
    gone(app, MAIN).await;
    if !app.state::<Desk>().still_at(at) && app.get_webview_window(MAIN).is_none() {
        show(app);
    }
}

/// Waits until a window that was destroyed is gone, for two seconds at most.
async fn gone(app: &AppHandle, label: &str) {
    for _ in 0..100 {
        if app.get_webview_window(label).is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Shows the approval window above all others. Closing it is an answer, so it is never hidden.
pub(crate) fn show_approval(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(APPROVAL) {
        return window.show().and_then(|()| window.set_focus());
    }
    let window = own_pages(app, APPROVAL, "approval.html")
        .title("Pointsman asks")
        .inner_size(440.0, 380.0)
        .resizable(false)
        .minimizable(false)
        .maximizable(false)
        .always_on_top(true)
        .center()
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            approval::closed(&handle);
        }
    });
    Ok(())
}

/// Takes the approval window away. A question that comes while it goes gets a new one.
pub(crate) fn close_approval(app: &AppHandle) {
    let Some(window) = app.get_webview_window(APPROVAL) else { return };
    if let Err(error) = window.destroy() {
        return tracing::error!("the approval window could not be destroyed: {error}");
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        gone(&app, APPROVAL).await;
        if app.state::<Desk>().asks.front().is_some()
            && let Err(error) = show_approval(&app)
        {
            tracing::error!("the approval window could not be shown: {error}");
        }
    });
}

/// A window that shows our own pages and goes nowhere else.
fn own_pages<'a>(app: &'a AppHandle, label: &str, page: &str) -> WebviewWindowBuilder<'a, tauri::Wry, AppHandle> {
    WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.into()))
        .background_color(ground(app))
        .disable_drag_drop_handler()
        .devtools(cfg!(debug_assertions))
        .on_navigation(is_own)
        .on_new_window(|url, _| {
            tracing::warn!(%url, "a page asked for a new window; denied");
            NewWindowResponse::Deny
        })
}

fn make(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    let window = own_pages(app, MAIN, "index.html")
        .title("Pointsman")
        .inner_size(1080.0, 720.0)
        .min_inner_size(720.0, 480.0)
        .center()
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            closed(&handle);
        }
        // Who comes back may have just changed a client's file.
        WindowEvent::Focused(true) => feed::watch_clients(&handle),
        _ => {}
    });
    Ok(window)
}

/// The ground of the pages (`--canvas` in the tokens), so that the window does not flash while it loads.
fn ground(app: &AppHandle) -> Color {
    if marks::theme_is_dark(app) { Color(0x13, 0x16, 0x17, 0xff) } else { Color(0xf6, 0xf7, 0xf7, 0xff) }
}

/// The person closed the window: with a tray it hides, without one that is quitting.
fn closed(app: &AppHandle) {
    if !app.state::<Desk>().has_tray() {
        quit::ask(app);
    } else if let Some(window) = app.get_webview_window(MAIN) {
        hide(&window);
    }
}

/// Whether a page may go there: only the app's own pages, whose address differs by system.
fn is_own(url: &Url) -> bool {
    let own = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    };
    if !own {
        tracing::warn!(%url, "a page asked to go elsewhere; denied");
    }
    own
}

/// Where the page does not say within eight seconds that it is drawn, the graphics of this machine are
/// at fault more often than not: offers to start once more without them.
fn watch_for_blank(app: &AppHandle, page: u64) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(DRAWN_WITHIN).await;
        let seen = app.get_webview_window(MAIN).is_some_and(|window| window.is_visible().unwrap_or(false));
        if !seen || !app.state::<Desk>().is_blank(page) {
            return;
        }
        tracing::error!("the window is still blank after {} s", DRAWN_WITHIN.as_secs());
        #[cfg(target_os = "linux")]
        offer_safe_graphics(&app).await;
    });
}

#[cfg(target_os = "linux")]
async fn offer_safe_graphics(app: &AppHandle) {
    use crate::dialogs::{Question, ask};
    const SAFE: &[(&str, &str)] = &[
        ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
        ("WEBKIT_DISABLE_COMPOSITING_MODE", "1"),
        ("LIBGL_ALWAYS_SOFTWARE", "1"),
    ];
    if SAFE.iter().all(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let question = Question {
        title: "Pointsman",
        text: "The window stayed blank. Start with safe graphics?\n\nConnected clients keep working meanwhile."
            .to_owned(),
        yes: "Start with safe graphics",
        no: "Leave it",
    };
    if ask(app, question).await {
        tauri_plugin_single_instance::destroy(app);
        let error = crate::launch::again(SAFE, &["--show"]);
        tracing::error!("could not start again: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_nowhere_but_to_the_apps_own() {
        let own = if cfg!(windows) { "http://tauri.localhost/index.html" } else { "tauri://localhost/index.html" };
        assert!(is_own(&own.parse().unwrap()));
        for elsewhere in [
            "https://example.com/",
            "http://localhost/",
            "http://127.0.0.1:1420/",
            "tauri://elsewhere/",
            "https://tauri.localhost:8443/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:blank",
        ] {
            assert!(!is_own(&elsewhere.parse().unwrap()), "{elsewhere}");
        }
    }
}
