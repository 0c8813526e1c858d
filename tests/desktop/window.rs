//! The window under WebDriver: the driver starts the app as a browser and speaks to its web view.
//! What a person finds by its name is found here by its name.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::screen::{Screen, wait};

/// How long a page may take for what it was asked.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the app may take until its window takes orders.
const START: Duration = Duration::from_secs(60);

/// The app's window.
pub(crate) struct Window {
    client: Client,
}

impl Window {
    /// Starts the app with its window.
    pub(crate) async fn open(screen: &mut Screen) -> Self {
        // The driver takes no port 0; between asking for a free one and its use another may take it,
        // in which case the driver ends and another is asked for.
        let app = env!("CARGO_BIN_EXE_pointsman-app");
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = screen.command("WebKitWebDriver");
            command.args([format!("--port={port}"), "--host=127.0.0.1".to_owned()]);
            // Read by the app's runtime: without it a web view takes no orders.
            command.env("TAURI_WEBVIEW_AUTOMATION", "true");
            let driver = screen.run("webdriver", &mut command);
            let listens = wait("the driver", || match std::net::TcpStream::connect(("127.0.0.1", port)) {
                Ok(_) => Some(true),
                Err(_) => screen.ended(driver).map(|_| false),
            });
            if !listens {
                continue;
            }
            let capabilities = json!({"webkitgtk:browserOptions": {"binary": app, "args": ["--show"]}});
            let Value::Object(capabilities) = capabilities else { unreachable!("an object") };
            let address = format!("http://127.0.0.1:{port}");
            let mut builder = ClientBuilder::new(HttpConnector::new());
            let starting = builder.capabilities(capabilities).connect(&address);
            let logs = || std::fs::read_to_string(screen.log("webdriver")).unwrap_or_default();
            let started = tokio::time::timeout(START, starting).await;
            let Ok(client) = started else { panic!("the window did not come: {}", logs()) };
            let client = client.unwrap_or_else(|error| panic!("{error}: {}", logs()));
            return Self { client };
        }
        panic!("the driver found no free port");
    }

    /// Ends the app.
    pub(crate) async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// Waits for an element.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Opens a page by the name in the sidebar and waits for its heading.
    pub(crate) async fn page(&self, title: &str) {
        self.press("nav a", title).await;
        self.says("h1", title).await;
    }

    /// Presses the first element of this kind that says this and can be pressed.
    pub(crate) async fn press(&self, css: &str, label: &str) {
        let script = "return [...document.querySelectorAll(arguments[0])].find(one => \
                      one.innerText.trim().split('\\n')[0] === arguments[1] && !one.disabled && one.checkVisibility())";
        let found = self.until(&format!("{css} {label}"), script, &[css, label]).await;
        // An element comes as an object with one entry: its reference.
        let reference = found.as_object().and_then(|of| of.values().next()?.as_str()).expect("an element");
        let element = Element::from_element_id(self.client.clone(), reference.to_owned().into());
        element.click().await.unwrap_or_else(|error| panic!("press {css} {label}: {error}"));
    }

    /// Waits until an element of this kind says this.
    pub(crate) async fn says(&self, css: &str, text: &str) {
        let script = "return [...document.querySelectorAll(arguments[0])].some(one => \
                      one.checkVisibility() && one.innerText.includes(arguments[1])) || null";
        self.until(&format!("{css} says {text}"), script, &[css, text]).await;
    }

    /// Waits until no element of this kind is there.
    pub(crate) async fn gone(&self, css: &str) {
        self.until(&format!("{css} is gone"), "return !document.querySelector(arguments[0]) || null", &[css]).await;
    }

    /// Runs a script until it gives something.
    async fn until(&self, what: &str, script: &str, arguments: &[&str]) -> Value {
        let arguments: Vec<Value> = arguments.iter().map(|text| Value::from(*text)).collect();
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let found = self.client.execute(script, arguments.clone()).await;
            match found {
                Ok(found) if !found.is_null() => return found,
                found if tokio::time::Instant::now() > end => {
                    let page = self.client.execute("return document.body.innerText", Vec::new()).await;
                    panic!("waited in vain: {what} ({found:?}); the page says: {page:?}");
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Runs a script in the page; a promise is waited for. Gives `{"ok": …}` or `{"error": …}`.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let wrapped = format!(
            "const done = arguments[arguments.length - 1]; \
             Promise.resolve().then(() => {{ {script} }}).then(ok => done({{ok: ok ?? null}}), \
             error => done({{error: String(error?.sentence ?? error?.message ?? error)}}))"
        );
        self.client.execute_async(&wrapped, Vec::new()).await.unwrap()
    }

    /// Everything the page holds: its markup and what stands in its fields.
    pub(crate) async fn all_text(&self) -> String {
        let fields = "return [...document.querySelectorAll('input, textarea')].map(one => one.value).join('\\n')";
        let fields = self.client.execute(fields, Vec::new()).await.unwrap();
        format!("{}\n{fields}", self.client.source().await.unwrap())
    }

    /// Where the page is.
    pub(crate) async fn address(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// A picture of the page, after it was painted with all that happened so far. The driver takes it at
    /// the next frame, and a page at rest has none: something unseen moves meanwhile.
    pub(crate) async fn picture(&self, name: &str) -> PathBuf {
        let painted = "const done = arguments[0]; let turn = 0; \
             window.unrest = setInterval(() => { document.body.style.outline = `${turn++ % 2}px solid transparent` }, 30); \
             requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
        self.client.execute_async(painted, Vec::new()).await.unwrap();
        let taken = tokio::time::timeout(PATIENCE, self.client.screenshot()).await;
        let bytes = taken.expect("the driver takes a picture in time").unwrap();
        let rest = "clearInterval(window.unrest); document.body.removeAttribute('style')";
        self.client.execute(rest, Vec::new()).await.unwrap();
        super::pictures::keep(name, &bytes)
    }
}
