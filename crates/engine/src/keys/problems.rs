//! What is wrong with keys, for Overview and the tray. From the ledger, the policy and what this
//! process last saw of the keychain: asked several times a minute, so the keychain is looked at twice
//! a minute, and asked only about a provider of which the ledger knows nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use pointsman_core::catalog::{KeyRef, Provider};
use pointsman_core::policy::Policy;

use crate::Gateway;
use crate::ledger::key_check::{self, KeyCheck};
use crate::view::{Action, ActionKind, KeyState, KeyStoreState, Lamp, ProblemRow};

/// How old what is known of the keychain may be.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

impl Gateway {
    /// Sees whether the keychain can be used now, for the status and Overview. Never asks the person
    /// anything. Up to 5 s.
    pub async fn keychain_look(&self) {
        self.inner().secrets.look(Duration::ZERO).await;
    }

    /// Keys that keep the policy from working, worst first. Up to 5 s where the keychain hangs.
    pub(crate) async fn key_problems(&self) -> Vec<ProblemRow> {
        let secrets = &self.inner().secrets;
        // Without a policy nothing is routed, and that is the problem to show.
        let Ok(active) = self.inner().policy.snapshot(self.inner()).await else { return Vec::new() };
        // An unreadable ledger has its own, louder sentence.
        let Ok(checks) = self.inner().ledger.read(key_check::all).await else { return Vec::new() };
        let checks: BTreeMap<_, _> = checks.into_iter().map(|check| (check.provider.clone(), check)).collect();
        let used = used(&active.policy);
        let mut trouble = None;
        if used.iter().any(|(provider, _)| is_kept(provider)) {
            secrets.look(LOOK_AGAIN).await;
            trouble = secrets.last_trouble();
        }
        let unreadable = trouble.is_some();
        let lamp = if needs_keychain(&active.policy) { Lamp::Stop } else { Lamp::Caution };
        let mut problems: Vec<_> = trouble.map(|(state, why)| store_problem(lamp, state, why)).into_iter().collect();
        // Of a key that cannot be read nothing else is worth saying.
        for (provider, classes) in used.into_iter().filter(|(provider, _)| !(unreadable && is_kept(provider))) {
            let check = checks.get(provider.id.as_str());
            // A ledger that was lost says nothing about the keychain.
            let unknown = check.is_none() && self.has_key(provider).await;
            problems.extend(key_problem(provider, &classes, check).filter(|_| !unknown));
        }
        problems
    }

    async fn has_key(&self, provider: &Provider) -> bool {
        match &provider.key {
            KeyRef::Keychain(item) => matches!(self.inner().secrets.stored(item).await, Ok(Some(_))),
            KeyRef::Env(_) | KeyRef::None => true,
        }
    }
}

fn is_kept(provider: &Provider) -> bool {
    matches!(provider.key, KeyRef::Keychain(_))
}

/// Whether no model of the policy can be called without the keychain.
fn needs_keychain(policy: &Policy) -> bool {
    policy.callable().iter().all(|model| policy.providers.get(&model.provider).is_some_and(is_kept))
}

/// Each provider that is some class's first choice, with those classes.
fn used(policy: &Policy) -> Vec<(&Provider, Vec<&str>)> {
    let classes = |provider: &Provider| -> Vec<&str> {
        let rules = policy.classes.iter();
        let rules = rules.filter(|rule| rule.first_choices().any(|model| model.provider == provider.id));
        rules.map(|rule| rule.class.as_str()).collect()
    };
    policy.providers.values().map(|provider| (provider, classes(provider))).filter(|(_, c)| !c.is_empty()).collect()
}

fn store_problem(lamp: Lamp, state: KeyStoreState, detail: String) -> ProblemRow {
    let (title, action) = match state {
        KeyStoreState::Locked | KeyStoreState::Ready => (
            "The keychain is locked",
            Action { kind: ActionKind::UnlockKeychain, label: "Unlock".into(), target: None },
        ),
        KeyStoreState::Missing => (
            "No password store is running",
            Action { kind: ActionKind::OpenKeys, label: "Open Keys".into(), target: None },
        ),
    };
    ProblemRow { id: "keychain".into(), lamp, title: title.into(), detail, action: Some(action) }
}

fn key_problem(provider: &Provider, classes: &[&str], check: Option<&KeyCheck>) -> Option<ProblemRow> {
    let (id, title) = (provider.id.as_str(), &provider.title);
    let effect = format!("First choice of {}.", classes.join(", "));
    let row = |what: String, detail: String, label: &str| {
        let action = Action { kind: ActionKind::OpenKeys, label: label.to_owned(), target: Some(id.to_owned()) };
        Some(ProblemRow { id: format!("key-{id}"), lamp: Lamp::Caution, title: what, detail, action: Some(action) })
    };
    let said = |check: &KeyCheck| match &check.message {
        Some(words) => format!("{words} {effect}"),
        None => effect.clone(),
    };
    match (&provider.key, check) {
        (KeyRef::Keychain(_), None) => row(format!("There is no key for {title}"), effect, "Add a key"),
        (KeyRef::None | KeyRef::Env(_), None) => None,
        (_, Some(check)) => match check.state {
            KeyState::Refused => row(format!("{title} refuses the key"), said(check), "Replace the key"),
            KeyState::NoCredit => row(format!("The account at {title} has no credit"), said(check), "Open Keys"),
            KeyState::Unreachable if provider.key == KeyRef::None => {
                row(format!("{title} is not running"), effect, "Open Keys")
            }
            KeyState::Valid
            | KeyState::RateLimited
            | KeyState::Unreachable
            | KeyState::NotChecked
            | KeyState::Missing
            | KeyState::Locked
            | KeyState::OtherOrigin => None,
        },
    }
}
