//! Dry runs of the window, and the prompts a person saved with the model each should go to. Both end where
//! `explain` ends: nothing is sent, held or charged.

use jiff::Timestamp;
use pointsman_core::chat::{Chat, Image, Message, Part, Role};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{ClientId, ModelId};
use pointsman_core::plan::Wanted;
use pointsman_core::policy;

use crate::explain::ExplainCall;
use crate::ledger::prompt_check::{self as rows, Row};
use crate::view::{CheckResult, DryRun, Explanation, PromptCheck};
use crate::{Gateway, Surface, fresh_id};

/// The most pictures of a dry run.
const MOST_IMAGES: u32 = 20;
/// The most saved prompts: each is decided anew at each save.
const MOST_CHECKS: usize = 200;
/// The longest saved prompt, in bytes.
const LONGEST_PROMPT: usize = 100_000;
/// The beginning of a PNG of 1024 × 1024 pixels (the PNG specification, 5.2 and 11.2.2): enough to be counted.
const MEGAPIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAB/HSuD";

impl Gateway {
    /// Which model would answer, without sending anything: by the version that rules, or by a text.
    ///
    /// # Errors
    /// Where nothing rules, the text is not valid, or the client or the number of pictures cannot be.
    pub async fn dry_run(&self, ask: DryRun) -> Result<Explanation, Denial> {
        let inner = self.inner();
        let call = call(&ask)?;
        let Some(text) = ask.text else { return self.explain(call).await };
        let Some(policy) = policy::read(&text).policy else {
            let sentence = "The text has errors. Mend them, or run it on the version that is active.";
            return Err(Denial::new(Code::PolicyInvalid, sentence));
        };
        let policy = inner.policy.as_it_would_rule(inner, policy).await?;
        self.explain_by(&policy, call).await
    }

    /// The saved prompts, run on a text or on the version that rules.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn prompt_checks(&self, text: Option<&str>) -> Result<Vec<PromptCheck>, Denial> {
        let mut checks = Vec::new();
        for row in self.inner().ledger.read(rows::all).await? {
            let Ok(ask) = serde_json::from_str::<DryRun>(&row.ask) else { continue };
            let run = self.dry_run(DryRun { text: text.map(str::to_owned), ..ask.clone() }).await;
            let result = match run {
                Ok(said) => CheckResult {
                    passed: said.answers.as_ref() == Some(&row.expects),
                    answers: said.answers,
                    reason: said.reason,
                },
                Err(denial) => CheckResult { passed: false, answers: None, reason: denial.sentence },
            };
            checks.push(PromptCheck { id: row.id, ask, expects: row.expects, result: Some(result) });
        }
        Ok(checks)
    }

    /// Saves a prompt, or changes a saved one, and runs all.
    ///
    /// # Errors
    /// From a server; where it is not whole; where the ledger cannot be written.
    pub async fn prompt_check_put(&self, check: PromptCheck) -> Result<Vec<PromptCheck>, Denial> {
        self.person_only()?;
        let PromptCheck { id, ask, expects, result: _ } = check;
        let wrong = |sentence: &str| Err(Denial::new(Code::InvalidRequest, sentence.to_owned()));
        if ask.prompt.trim().is_empty() {
            return wrong("Write a prompt to save.");
        }
        if ask.prompt.len() > LONGEST_PROMPT {
            return wrong("The prompt is longer than 100,000 bytes. Save a shorter one.");
        }
        if policy::holds_key(&ask.prompt) {
            return wrong("The prompt holds what looks like an API key, so it is not saved.");
        }
        if ModelId::parse(&expects).is_err() {
            return wrong("Say which model should answer, as provider/model.");
        }
        call(&ask)?;
        let saved = self.inner().ledger.read(rows::all).await?;
        let is_new = saved.iter().all(|row| row.id != id);
        if is_new && !id.is_empty() {
            return Err(Denial::new(Code::NotFound, "This saved prompt was deleted meanwhile. Save it as a new one."));
        }
        if is_new && saved.len() >= MOST_CHECKS {
            return wrong("There are 200 saved prompts already. Delete one first.");
        }
        let ask = serde_json::to_string(&DryRun { text: None, ..ask })
            .map_err(|_| Denial::new(Code::Internal, "The prompt cannot be saved."))?;
        let row = Row { id: if is_new { fresh_id("p") } else { id }, ask, expects };
        let now_ms = Timestamp::now().as_millisecond();
        self.inner().ledger.write(move |tx| rows::put(tx, &row, now_ms)).await?;
        self.prompt_checks(None).await
    }

    /// Deletes a saved prompt, and runs the others.
    ///
    /// # Errors
    /// From a server; where there is none of this id; where the ledger cannot be written.
    pub async fn prompt_check_delete(&self, id: &str) -> Result<Vec<PromptCheck>, Denial> {
        self.person_only()?;
        let id = id.to_owned();
        if !self.inner().ledger.write(move |tx| rows::delete(tx, &id)).await? {
            return Err(Denial::new(Code::NotFound, "This saved prompt is deleted already."));
        }
        self.prompt_checks(None).await
    }

    fn person_only(&self) -> Result<(), Denial> {
        match self.inner().caller.surface {
            Surface::App | Surface::Cli => Ok(()),
            Surface::Mcp => Err(Denial::new(Code::NeedsApproval, "Prompts are saved in the Pointsman app.")),
        }
    }
}

fn call(ask: &DryRun) -> Result<ExplainCall, Denial> {
    let wrong = |sentence: String| Denial::new(Code::InvalidRequest, sentence);
    if ask.images > MOST_IMAGES {
        return Err(wrong(format!("At most {MOST_IMAGES} pictures go with a dry run.")));
    }
    let client = ask.client.as_deref().map(ClientId::parse).transpose();
    let client = client.map_err(|why| wrong(format!("The client {:?} {}.", why.text, why.why)))?;
    let picture = || Part::Image(Image { media_type: "image/png".to_owned(), base64: MEGAPIXEL.to_owned() });
    let pictures = std::iter::repeat_with(picture).take(usize::try_from(ask.images).unwrap_or_default());
    let parts = std::iter::once(Part::Text(ask.prompt.clone())).chain(pictures).collect();
    let wanted = match (&ask.model, &ask.class) {
        (Some(model), _) => Wanted::Model(model.clone()),
        (None, Some(class)) => Wanted::Class { class: class.clone(), override_model: None },
        (None, None) => Wanted::Default,
    };
    let chat = Chat { messages: vec![Message { role: Role::User, parts }], ..Chat::default() };
    Ok(ExplainCall { wanted, chat, client, project: None })
}
