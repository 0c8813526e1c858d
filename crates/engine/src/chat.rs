//! The journey of one request, in one screen: [`Gateway::journey`]. Straight code, not a tower of
//! middleware; each step is below it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use pointsman_core::budget::Counted;
use pointsman_core::chat::{Chat, Message, Params, Role};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{FlowId, ModelId, RequestId, TaskClass};
use pointsman_core::money::MicroUsd;
use pointsman_core::plan::{Plan, Wanted};
use pointsman_core::policy::Policy;

use crate::cache::{Again, Slot};
use crate::decide::decide;
use crate::dispatch::{self, Ran, Run};
use crate::ledger::reservation::{self, Advance, Limits, Next, Went};
use crate::ledger::{Ledger, attempt, key_check, request};
use crate::reply::{self, Envelope};
use crate::secrets::Secret;
use crate::view::RequestState;
use crate::{CallContext, Caller, ChatCall, Gateway, Inner, Progress, RouteCall, fresh_id, pause};

pub(crate) mod no_room;

use no_room::warned;

/// How long after its deadline a call's hold lasts, should its process be gone: room for a slow
/// ledger, so that a living call never loses its lease.
const LEASE_GRACE: Duration = Duration::from_secs(15);

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
        let (plan, keys, limits, slot) = match prepare(inner, policy, &wanted, &mut chat, &mut call).await {
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
        let deadline = call.begun + plan.deadline;
        let mut hold = match Hold::reserve(inner, &call, &limits, &plan).await {
            Ok(hold) => hold,
            Err(denial) => return call.denied(denial).await,
        };
        // 5 dispatch
        let (timeouts, retry) = (policy.timeouts, &policy.retry);
        let run = Run { plan: &plan, chat: &chat, keys: &keys, limits: &limits, timeouts, retry, deadline, ctx: &ctx };
        let ran = dispatch::run(inner, &mut hold, &run).await;
        // 6 settle
        let settled = hold.settle(&call, &plan, &ran, &limits, slot).await;
        // 7 reply
        call.reply(&plan, ran, settled, std::mem::take(&mut hold.warnings))
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

    fn reply(&self, plan: &Plan, ran: Ran, settled: Result<(MicroUsd, bool), Denial>, caps: Vec<String>) -> Envelope {
        let target = &plan.targets[ran.target];
        let mut meta = self.meta();
        meta.provider = Some(target.model.provider.to_string());
        meta.model = Some(target.model.model.to_string());
        meta.tokens = ran.usage.map(reply::Tokens::from);
        meta.retries = ran.retries;
        let notes = plan.warnings.iter().chain(&ran.notes).cloned();
        meta.warnings.extend(notes.chain(caps).chain(self.inner.policy.notices()));
        let fallback_from = (ran.target > 0).then(|| plan.targets[0].model.to_string());
        let (reason, rule) = (self.reason(plan, &ran), plan.rule.clone());
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

    fn reason(&self, plan: &Plan, ran: &Ran) -> String {
        match ran.target {
            0 => plan.reason.clone(),
            at if at == ran.first => {
                format!(
                    "{} A cap leaves only models of this machine; {} was asked.",
                    plan.reason, plan.targets[at].model
                )
            }
            at => format!("{} It did not answer; {} did.", plan.reason, plan.targets[at].model),
        }
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
    policy: &Policy,
    wanted: &Wanted,
    chat: &mut Chat,
    call: &mut Call<'_>,
) -> Result<(Plan, Vec<Option<Secret>>, Limits, Option<Slot>), Denial> {
    let pause::Clearance { resumed, raises } = pause::clearance(inner).await?;
    let limits = Limits { caps: policy.caps.clone(), resumed, raises };
    let client = inner.caller.client.as_ref();
    let decided = decide(inner, policy, wanted, client, std::mem::take(chat)).await?;
    call.class = decided.found.class_name();
    call.start.class = call.class.to_string();
    call.start.target = decided.found.models.first().cloned();
    let keys = decided.plan.as_ref().map(|plan| decided.keys_of(plan)).unwrap_or_default();
    *chat = decided.chat;
    let plan = decided.plan?;
    let keeps = decided.found.class.is_some_and(|rule| rule.cache);
    let slot = if keeps { Slot::of(call.start.tool, &call.start.class, policy.cache, &plan, chat) } else { None };
    call.start.reason.clone_from(&plan.reason);
    call.start.target = plan.targets.first().map(|target| target.model.clone());
    Ok((plan, keys, limits, slot))
}

/// Money held in the ledger. Ends once: settled here, or lapsed by the drop or by its lease.
pub(crate) struct Hold {
    ledger: Ledger,
    id: RequestId,
    /// Whose the attempt under way is.
    counted: Counted,
    /// The target of the plan that was covered first: not the first one where a cap leaves only models
    /// of this machine.
    pub(crate) first: usize,
    /// What caps have to say of the call, each once.
    pub(crate) warnings: Vec<String>,
    open: bool,
}

impl Hold {
    /// Step 4: checks every cap, holds, and writes the first attempt, in one transaction.
    async fn reserve(inner: &Inner, call: &Call<'_>, limits: &Limits, plan: &Plan) -> Result<Self, Denial> {
        let counted = call.counted(&plan.targets[0].model);
        let (start, limits, next) = (call.start.clone(), limits.clone(), dispatch::next(plan, &counted, 0, 1));
        let lease = start.at.checked_add(plan.deadline + LEASE_GRACE).unwrap_or(Timestamp::MAX);
        let id = start.id.clone();
        match inner.ledger.write(move |tx| reservation::reserve(tx, &start, &limits, &next, lease)).await? {
            Ok(covered) => {
                let ledger = inner.ledger.clone();
                let mut hold = Self { ledger, id, counted, first: 0, warnings: Vec::new(), open: true };
                hold.first = hold.went(plan, 0, &covered);
                Ok(hold)
            }
            Err(stopped) => Err(dispatch::why_stopped(inner, stopped).await),
        }
    }

    /// Ends an attempt and covers the next one anew: at `target`, or where a cap leaves only models of this
    /// machine, at the next one that runs here. [`Hold::went`] says at which. `grown` is the worst case of
    /// a conversation that is longer than the plan's.
    pub(crate) async fn advance(
        &self,
        ended: &attempt::End,
        limits: &Limits,
        plan: &Plan,
        (target, nth): (usize, u32),
        grown: Option<MicroUsd>,
    ) -> Result<Advance, Denial> {
        let mut next: Next = dispatch::next(plan, &self.counted, target, nth);
        if let Some(worst) = grown {
            next.first.attempt.worst = worst;
            next.first.dearest = next.first.dearest.max(worst);
        }
        let (id, ended, limits) = (self.id.clone(), ended.clone(), limits.clone());
        Ok(self.ledger.write(move |tx| reservation::advance(tx, &id, &ended, &limits, &next)).await?)
    }

    /// The target that was covered, and what caps had to say of it.
    pub(crate) fn went(&mut self, plan: &Plan, target: usize, covered: &reservation::Covered) -> usize {
        let target = match covered.went {
            Went::First => target,
            Went::Local => dispatch::local_after(plan, target).unwrap_or(target),
        };
        for hit in &covered.warnings {
            let warning = warned(hit, &plan.targets[target].model);
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        target
    }

    /// Step 6: the last attempt's charge, the reservation, the accounts and the request, in one
    /// transaction. Gives what the whole call was charged.
    async fn settle(
        &mut self,
        call: &Call<'_>,
        plan: &Plan,
        ran: &Ran,
        limits: &Limits,
        slot: Option<Slot>,
    ) -> Result<(MicroUsd, bool), Denial> {
        self.open = false;
        let (state, code) = match &ran.result {
            Ok(_) if ran.target == 0 => (RequestState::Answered, None),
            Ok(_) => (RequestState::Fallback, None),
            Err(denial) if ran.cancelled => (RequestState::Cancelled, Some(denial.code)),
            Err(denial) => (RequestState::Failed, Some(denial.code)),
        };
        let reason = match &ran.result {
            Ok(_) => call.reason(plan, ran),
            Err(denial) => denial.sentence.clone(),
        };
        let end = request::End { state, code, reason, usage: ran.usage, at: Timestamp::now() };
        let (id, last, caps) = (self.id.clone(), ran.last.clone(), limits.caps.clone());
        let answered = ran.result.is_ok().then(|| plan.targets[ran.target].provider.id.to_string());
        // What another model said in place of the first choice is not its answer.
        let kept = slot.zip(ran.result.as_ref().ok().filter(|_| ran.target == 0).cloned());
        let settle = move |tx: &rusqlite::Transaction<'_>| {
            if let Some(provider) = &answered {
                key_check::works(tx, provider, end.at.as_millisecond())?;
            }
            let closed = reservation::close(tx, &id, last.as_ref(), &end, &caps)?;
            if let Some((slot, answer)) = &kept {
                slot.keep(tx, answer, end.at)?;
            }
            Ok(closed)
        };
        Ok(self.ledger.write(settle).await?)
    }
}

impl Drop for Hold {
    /// A call whose future was dropped: what may have been sent is charged as assumed.
    fn drop(&mut self) {
        if self.open {
            let id = self.id.clone();
            self.ledger.post(move |tx| reservation::lapse(tx, &id, Timestamp::now(), &[]));
        }
    }
}
