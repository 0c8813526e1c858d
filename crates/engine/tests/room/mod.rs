//! A home and a practice server for one test.
#![allow(dead_code, unreachable_pub)]

use std::path::Path;

use pointsman_engine::view::ActivityQuery;
use pointsman_engine::{CallContext, Caller, Envelope, Gateway, Home, RouteCall};
use pointsman_practice::{Options, Practice};

pub struct Room {
    _folder: tempfile::TempDir,
    pub server: Practice,
    pub gateway: Gateway,
}

/// A home whose class `ask` goes to `small` and then to `big`, both on one practice server.
pub async fn room(more: &str) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let server = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    write(home.path(), &server.base_url(), more);
    let gateway = Gateway::open(home, Caller::cli()).unwrap();
    Room { _folder: folder, server, gateway }
}

/// Writes the policy; `more` is added at its end.
pub fn write(home: &Path, base_url: &str, more: &str) {
    let text = format!(
        r#"version: "1"
defaults:
  ask: {{ provider: here, model: practice-small, max_tokens: 100 }}
  free: {{ provider: here, model: practice-unpriced }}
fallback:
  ask: [{{ provider: here, model: practice-large }}]
providers:
  here: {{ wire: openai_chat, base_url: "{base_url}", local: true }}
models:
  here/practice-small: {{ price: {{ input: 1, output: 2 }} }}
  here/practice-large: {{ price: {{ input: 10, output: 20 }} }}
retry: {{ delays_s: [0.01, 0.01], jitter: 0 }}
{more}"#
    );
    std::fs::write(home.join("routing.yaml"), text).unwrap();
}

pub fn ask(prompt: &str) -> RouteCall {
    RouteCall { task_class: "ask".into(), prompt: prompt.into(), ..RouteCall::default() }
}

impl Room {
    /// What of this run does not belong into a fixture, and what stands for it.
    pub fn swaps(&self) -> Vec<(String, &'static str)> {
        let home = self.gateway.home().path().display().to_string();
        vec![(home, "/home/ada/.local/share/pointsman"), (self.server.base_url(), "http://127.0.0.1:11434/v1")]
    }

    pub async fn route(&self, call: RouteCall) -> Envelope {
        self.gateway.route(call, CallContext::quiet("llm_route")).await
    }

    pub async fn last(&self) -> pointsman_engine::view::RequestRow {
        self.gateway.activity(ActivityQuery::default()).await.unwrap().rows.remove(0)
    }

    pub async fn books_are_right(&self) {
        assert_eq!(self.gateway.audit().await.unwrap(), Vec::<String>::new());
        assert_eq!(self.gateway.overview().await.unwrap().today.held.micros, 0, "nothing stays held");
    }
}
