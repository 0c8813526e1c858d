//! The journey of one request, in one screen: [`Gateway::journey`]. Straight code, not a tower of
//! middleware; each step is below it.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use pointsman_core::budget::Counted;
use pointsman_core::chat::{Chat, Message, Params, Role};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{FlowId, ModelId, RequestId, TaskClass};
use pointsman_core::money::MicroUsd;
use pointsman_core::plan::{Plan, Wanted};

use crate::cache::{Again, Slot};
use crate::decide::decide;
use crate::dispatch::{self, Ran, Run};
use crate::ledger::request;
use crate::ledger::reservation::Limits;
use crate::ledger::trace::{Kept, Trace};
use crate::policy_file::ActivePolicy;
use crate::reply::{self, Envelope};
use crate::secrets::Secret;
use crate::{CallContext, Caller, ChatCall, Gateway, Inner, Progress, RouteCall, fresh_id, pause};

mod hold;
pub(crate) mod no_room;
pub(crate) mod resting;

pub(crate) use hold::{Hold, Moved, Step};

impl Gateway {
    /// Answers a prompt by its task class.
    pub async fn route(&self, call: RouteCall, ctx: CallContext) -> Envelope {
        let system = call.system.map(|text| Message::text(Role::System, text));
        let messages = system.into_iter().chain([Message::text(Role::User, call.prompt)]).collect();
        let chat = Chat { messages, params: Params { max_tokens: call.max_tokens, ..Params::default() } };
        self.journey(Wanted::Class { class: call.task_class, override_model: call.override_model }, chat, ctx).await
    }

    /// Answers a conversation with a named model, or with the class of `chat_default`.
    pub async fn chat(&self, call: ChatCall, ctx: CallContext) -> Envelope {
        self.journey(call.model.map_or(Wanted::Default, Wanted::Model), call.chat, ctx).await
    }

    async fn journey(&self, wanted: Wanted, mut chat: Chat, ctx: CallContext) -> Envelope {
        let inner = self.inner();
        let mut call = Call::begin(inner, &wanted, &ctx);
        // 1 snapshot
        let active = match inner.policy.snapshot(inner).await {
            Ok(active) => active,
            Err(denial) => return call.denied(denial).await,
        };
        let policy = &active.policy;
        // 2 plan
        let (plan, keys, limits, slot) = match prepare(inner, &active, &wanted, &mut chat, &mut call).await {
            Ok(prepared) => prepared,
            Err(denial) => return call.denied(denial).await,
        };
        if ctx.cancel.is_cancelled() {
            return call.denied(Denial::new(Code::Cancelled, "The caller cancelled the call.")).await;
        }
        // 3 cache
        if let Some(slot) = &slot
            && let Some(again) = slot.look(inner, &call.start).await
        {
            return call.again(&plan, again, &ctx);
        }
        // 4 reserve
        let (deadline, plan) = (call.begun + plan.deadline, Arc::new(plan));
        let (timeouts, retry, concurrency) = (policy.timeouts, &policy.retry, policy.concurrency);
        let (plan, limits, ctx) = (&plan, &limits, &ctx);
        let run = Run { plan, chat: &chat, keys: &keys, limits, timeouts, retry, concurrency, deadline, ctx };
        let mut hold = match Hold::reserve(inner, &call, &run).await {
            Ok(hold) => hold,
            Err((denial, checked)) => {
                call.start.checked = checked;
                return call.denied(denial).await;
            }
        };
        // 5 dispatch
        let ran = dispatch::run(inner, &mut hold, &run).await;
        // 6 settle
        let settled = hold.settle(&call, &ran, limits, slot).await;
        // 7 reply
        call.reply(plan, ran, settled, &mut hold)
    }
}

/// What is known of a call from its beginning to its reply.
pub(crate) struct Call<'a> {
    inner: &'a Inner,
    begun: Instant,
    /// The class it counts under, once that is known.
    class: TaskClass,
    pub(crate) start: request::Start,
}

impl<'a> Call<'a> {
    fn begin(inner: &'a Inner, wanted: &Wanted, ctx: &CallContext) -> Self {
        let class = match wanted {
            Wanted::Class { class, .. } => class.chars().filter(|c| !c.is_control()).take(64).collect(),
            Wanted::Model(_) | Wanted::Default => TaskClass::chat().to_string(),
        };
        let id = id("r", RequestId::parse);
        let start = request::Start {
            flow: FlowId::of_one(&id),
            id,
            caller: inner.caller.clone(),
            tool: ctx.tool,
            class,
            target: None,
            reason: String::new(),
            trace: None,
            checked: Vec::new(),
            at: Timestamp::now(),
        };
        Self { inner, begun: Instant::now(), class: TaskClass::chat(), start }
    }

    /// Whose an attempt at a model is.
    fn counted(&self, model: &ModelId) -> Counted {
        let Caller { client, project, .. } = &self.inner.caller;
        Counted { model: model.clone(), client: client.clone(), class: self.class.clone(), project: project.clone() }
    }

    /// Records the denial, so that Activity shows it, and answers with it.
    async fn denied(&self, denial: Denial) -> Envelope {
        let (mut start, code) = (self.start.clone(), denial.code);
        start.reason.clone_from(&denial.sentence);
        if let Err(error) = self.inner.ledger.write(move |tx| request::denied(tx, &start, code)).await {
            tracing::warn!(%error, "a denial could not be recorded");
        }
        let mut meta = self.meta();
        meta.warnings.extend(self.inner.policy.notices());
        Envelope::error(denial, meta)
    }

    fn meta(&self) -> reply::Meta {
        reply::Meta {
            task_class: Some(self.start.class.clone()),
            latency_ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            simulated: self.inner.home.is_practice(),
            request_id: Some(self.start.id.to_string()),
            ..reply::Meta::default()
        }
    }

    fn reply(&self, plan: &Plan, ran: Ran, settled: Result<(MicroUsd, bool), Denial>, hold: &mut Hold) -> Envelope {
        let target = &plan.targets[ran.target];
        let mut meta = self.meta();
        meta.provider = Some(target.model.provider.to_string());
        meta.model = Some(target.model.model.to_string());
        meta.tokens = ran.usage.map(reply::Tokens::from);
        meta.retries = ran.retries;
        let notes = plan.warnings.iter().chain(&ran.notes).cloned();
        let of_hold = hold.rests.iter().cloned().chain(std::mem::take(&mut hold.warnings));
        meta.warnings.extend(notes.chain(of_hold).chain(self.inner.policy.notices()));
        let fallback_from = (ran.target > 0).then(|| plan.targets[0].model.to_string());
        let (reason, rule) = (self.reason(plan, &ran, &hold.rests), plan.rule.clone());
        meta.route = Some(reply::Route { reason, fallback_from, tier: target.tier.as_str().to_owned(), rule });
        match settled {
            Ok((charged, assumed)) => {
                meta.set_cost(charged);
                meta.cost_assumed = assumed;
            }
            Err(denial) => {
                // The hold's lease charges it later; what is said now is the most it can be.
                meta.set_cost(plan.dearest_from(0));
                meta.cost_assumed = true;
                meta.warnings.push(format!(
                    "What this call cost could not be recorded; the most it can be stays held. {}",
                    denial.sentence
                ));
            }
        }
        match ran.result {
            Ok(answer) => {
                meta.finish_reason = answer.finish.map(|reason| reason.as_str().to_owned());
                if let Some(model) = answer.model {
                    meta.warnings.push(format!("The provider says that {model} answered."));
                }
                Envelope::success(answer.text, meta)
            }
            Err(denial) => Envelope::error(denial, meta),
        }
    }

    /// The reply with an answer kept from before.
    fn again(&self, plan: &Plan, again: Again, ctx: &CallContext) -> Envelope {
        let target = &plan.targets[0];
        ctx.tell(Progress::Text(again.answer.text.clone()));
        let mut meta = self.meta();
        meta.provider = Some(target.model.provider.to_string());
        meta.model = Some(target.model.model.to_string());
        meta.cached = true;
        meta.finish_reason = again.answer.finish.map(|reason| reason.as_str().to_owned());
        meta.warnings.extend(plan.warnings.iter().cloned().chain(self.inner.policy.notices()));
        let since = again.since.strftime("%Y-%m-%d %H:%M UTC");
        let reason = format!("{} The very same call was answered at {since}; that answer is given again.", plan.reason);
        meta.route = Some(reply::Route {
            reason,
            fallback_from: None,
            tier: target.tier.as_str().to_owned(),
            rule: plan.rule.clone(),
        });
        Envelope::success(again.answer.text, meta)
    }

    /// Why the model that was asked last was asked, with what was passed over because it rests.
    fn reason(&self, plan: &Plan, ran: &Ran, rests: &[String]) -> String {
        let name = |at: usize| &plan.targets[at].model;
        let model = name(ran.target);
        let rested: String = rests.iter().map(|sentence| format!(" {sentence}")).collect();
        // The reason before is about the first choice, unless another was asked first.
        let who =
            if rests.is_empty() && plan.stepped_back.is_empty() { "It".into() } else { name(ran.first).to_string() };
        let what = match ran.target {
            0 => return plan.reason.clone(),
            at if at != ran.first => format!("{who} did not answer; {model} did."),
            _ if rests.is_empty() => format!("A cap leaves only models of this machine; {model} was asked."),
            _ => format!("{model} was asked."),
        };
        format!("{}{rested} {what}", plan.reason)
    }
}

fn id<T, E>(kind: &str, parse: impl Fn(&str) -> Result<T, E>) -> T {
    loop {
        // Every id that is made here is a valid one; the loop is what the types ask for.
        if let Ok(id) = parse(&fresh_id(kind)) {
            return id;
        }
    }
}

/// Step 2: pause, then what is tried.
async fn prepare(
    inner: &Inner,
    active: &ActivePolicy,
    wanted: &Wanted,
    chat: &mut Chat,
    call: &mut Call<'_>,
) -> Result<(Plan, Vec<Option<Secret>>, Limits, Option<Slot>), Denial> {
    let policy = &active.policy;
    let pause::Clearance { resumed, raises } = pause::clearance(inner).await?;
    let limits = Limits { caps: policy.caps.clone(), resumed, raises, breaker: policy.breaker };
    let client = inner.caller.client.as_ref();
    let decided = decide(inner, policy, wanted, client, std::mem::take(chat)).await?;
    call.class = decided.found.class_name();
    call.start.class = call.class.to_string();
    call.start.target = decided.found.models.first().cloned();
    let keys = decided.plan.as_ref().map(|plan| decided.keys_of(plan)).unwrap_or_default();
    *chat = decided.chat;
    let plan = decided.plan?;
    for sentence in &plan.stepped_back {
        tracing::info!(class = %call.class, "{sentence}");
    }
    let keeps = decided.found.class.is_some_and(|rule| rule.cache);
    let slot = if keeps { Slot::of(call.start.tool, &call.start.class, policy.cache, &plan, chat) } else { None };
    call.start.trace = Some(Trace::of(&plan, &active.hash, if slot.is_some() { Kept::Missed } else { Kept::Off }));
    call.start.reason.clone_from(&plan.reason);
    call.start.target = plan.targets.first().map(|target| target.model.clone());
    Ok((plan, keys, limits, slot))
}
