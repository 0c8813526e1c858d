//! `policy explain` and the dry run of the window: which model would answer a prompt and why, what that
//! could cost, and which caps would count it. Decides by the same way as a call (`decide`), and ends
//! there: nothing is sent, held or recorded as a request.

use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::budget::{self, Balance, Counted, Place, Scope};
use pointsman_core::chat::Chat;
use pointsman_core::code::Denial;
use pointsman_core::estimate;
use pointsman_core::id::{ClientId, ModelId, ProjectName};
use pointsman_core::plan::{self, Wanted, Weighed};
use pointsman_core::policy::{ClassRule, Policy};
use pointsman_core::wire::Wire;
use rusqlite::Connection;

use crate::chat::no_room;
use crate::decide::{Decided, decide};
use crate::ledger::reservation::{Limits, Went};
use crate::ledger::{LedgerError, account, setting};
use crate::trial::{self, Trial};
use crate::view::{CapRoom, Explanation, ModelStanding, Money};
use crate::{Caller, Gateway, Inner, dispatch, pause};

/// A call that is only thought through.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainCall {
    /// A class, a model, or neither.
    pub wanted: Wanted,
    /// The conversation.
    pub chat: Chat,
    /// As which client it would be asked.
    pub client: Option<ClientId>,
    /// For which project it would be asked.
    pub project: Option<ProjectName>,
}

impl Gateway {
    /// What would happen to a call now. A call that would be refused is explained, too.
    ///
    /// # Errors
    /// Where there is no active policy, or the ledger cannot be read.
    pub async fn explain(&self, call: ExplainCall) -> Result<Explanation, Denial> {
        let inner = self.inner();
        let active = inner.policy.snapshot(inner).await?;
        self.explain_by(&active.policy, call).await
    }

    /// The same by a policy that need not rule.
    pub(crate) async fn explain_by(&self, policy: &Policy, call: ExplainCall) -> Result<Explanation, Denial> {
        let inner = self.inner();
        let mut said = blank(policy, &call);
        said.warnings = inner.policy.notices();
        match decide(inner, policy, &call.wanted, call.client.as_ref(), call.chat).await {
            Err(denial) => said.refuse(denial),
            Ok(decided) => {
                said.decided(policy, &decided);
                match decided.plan {
                    Err(denial) => said.refuse(denial),
                    Ok(plan) => {
                        said.warnings.splice(0..0, plan.warnings.iter().cloned());
                        let caller = Caller { client: call.client, project: call.project, ..inner.caller.clone() };
                        let trial = Trial { plan: Arc::new(plan), caller, class: decided.found.class_name() };
                        said.tried(inner, policy, trial).await?;
                    }
                }
            }
        }
        if let Some(denial) = pause::denial(inner).await? {
            said.refuse(denial);
        }
        Ok(said)
    }
}

/// What can be said before anything is decided.
fn blank(policy: &Policy, call: &ExplainCall) -> Explanation {
    let class = match &call.wanted {
        Wanted::Class { class, .. } => class.chars().filter(|c| !c.is_control()).take(64).collect(),
        Wanted::Model(_) | Wanted::Default => "chat".to_owned(),
    };
    Explanation {
        answers: None,
        reason: String::new(),
        code: None,
        class,
        rule: "model".to_owned(),
        line: None,
        policy_version: policy.version.clone(),
        profile: policy.bounds.profile.as_ref().map(ToString::to_string),
        models: Vec::new(),
        caps: Vec::new(),
        most_input_tokens: most_input_tokens(policy, None, &call.chat),
        data_policy: "No data policy is set.".to_owned(),
        cache: "No answer is kept.".to_owned(),
        warnings: Vec::new(),
    }
}

/// The bound by the format of the first choice; where there is none, the largest of all formats.
fn most_input_tokens(policy: &Policy, first: Option<&ModelId>, chat: &Chat) -> u64 {
    let wire = first.and_then(|model| policy.providers.get(&model.provider)).map(|provider| provider.wire);
    let of = |wire: &Wire| estimate::most_input_tokens(*wire, chat);
    wire.as_ref().map_or_else(|| Wire::ALL.iter().map(of).max().unwrap_or_default(), of)
}

impl Explanation {
    fn refuse(&mut self, denial: Denial) {
        self.answers = None;
        self.code = Some(denial.code);
        self.reason = denial.sentence;
    }

    fn decided(&mut self, policy: &Policy, decided: &Decided<'_>) {
        let (found, chat) = (&decided.found, &decided.chat);
        self.class = found.class_name().to_string();
        self.most_input_tokens = most_input_tokens(policy, found.models.first(), chat);
        if let Some(rule) = found.class {
            self.rule = format!("defaults.{}", rule.class);
            self.line = u32::try_from(rule.line).ok();
            self.cache = cache(policy, rule);
        }
        let (weighed, _) = plan::weigh(policy, found, chat, &decided.now);
        let mut place = 0;
        self.models = weighed
            .iter()
            .map(|one| {
                let able = one.able().is_some();
                place += u32::from(able);
                standing(policy, one, able.then_some(place))
            })
            .collect();
    }

    /// What would be held for the plan: the caps that count it, and which model would be asked or why none.
    async fn tried(&mut self, inner: &Inner, policy: &Policy, trial: Trial) -> Result<(), Denial> {
        let clearance = match pause::clearance(inner).await {
            Ok(clearance) => clearance,
            Err(denial) => {
                self.refuse(denial);
                return Ok(());
            }
        };
        let limits = Limits { caps: policy.caps.clone(), resumed: clearance.resumed, raises: clearance.raises };
        let plan = Arc::clone(&trial.plan);
        let now = Timestamp::now();
        let found = inner.ledger.write(move |tx| {
            let rooms = rooms(tx, &limits, &trial, now)?;
            Ok((rooms, trial::held(tx, &trial, &limits)?))
        });
        let (rooms, held) = found.await?;
        self.caps = rooms;
        match held {
            Err(stopped) => self.refuse(dispatch::why_stopped(inner, stopped).await),
            Ok(covered) => {
                let local = dispatch::local_after(&plan, 0).filter(|_| covered.went == Went::Local);
                let model = &plan.targets[local.unwrap_or(0)].model;
                self.reason.clone_from(&plan.reason);
                if local.is_some() {
                    self.reason
                        .push_str(&format!(" A cap leaves only models of this machine; {model} would be asked."));
                }
                self.warnings.extend(covered.warnings.iter().map(|hit| no_room::warned(hit, model)));
                self.answers = Some(model.to_string());
            }
        }
        Ok(())
    }
}

fn cache(policy: &Policy, rule: &ClassRule) -> String {
    if rule.cache {
        let seconds = policy.cache.ttl.as_secs();
        format!(
            "The very same call is answered from kept answers for {seconds} s; whether this one is kept is not looked up."
        )
    } else {
        format!("Class {} keeps no answers.", rule.class)
    }
}

fn standing(policy: &Policy, one: &Weighed, place: Option<u32>) -> ModelStanding {
    let target = one.target.as_ref();
    ModelStanding {
        model: one.model.to_string(),
        place,
        tier: one.tier.as_str().to_owned(),
        tier_reason: one.tier_reason.clone(),
        likely: target.map(|target| Money::row(target.likely)),
        worst: target.map(|target| Money::row(target.worst)),
        max_tokens: target.map(|target| target.max_tokens),
        price_source: policy
            .priced(&one.model)
            .map_or_else(|| "no price is known".to_owned(), |p| p.source.to_string()),
        why_not: one.why_not.as_ref().map(|denial| denial.sentence.clone()),
    }
}

/// Every cap that would count a target of the plan, with what the first such target would hold. A cap of a
/// call or a flow begins empty.
fn rooms(connection: &Connection, limits: &Limits, trial: &Trial, now: Timestamp) -> Result<Vec<CapRoom>, LedgerError> {
    let (zone, plan) = (setting::zone(connection)?, &trial.plan);
    let mut rooms = Vec::<CapRoom>::new();
    for (at, target) in plan.targets.iter().enumerate() {
        let counted = Counted {
            model: target.model.clone(),
            client: trial.caller.client.clone(),
            class: trial.class.clone(),
            project: trial.caller.project.clone(),
        };
        let place = if target.provider.local { Place::Here } else { Place::Away };
        for (cap, account) in limits.caps.iter().filter_map(|cap| Some((cap, cap.account_of(&counted)?))) {
            let needed = match cap.scope {
                Scope::Provider(_) | Scope::Model(_) => target.worst,
                Scope::All | Scope::Client(_) | Scope::Class(_) | Scope::Project(_) => plan.dearest_from(at),
            };
            let title = cap.title(&account);
            let line = u32::try_from(cap.line).unwrap_or(u32::MAX);
            if rooms.iter().any(|room| (&room.title, room.line) == (&title, line)) {
                continue;
            }
            let found = account::standing(connection, &cap.scope, &account, cap.window, now, &zone)?;
            let (resets_ms, balance, limit) = match found {
                Some((span, balance)) => {
                    (Some(span.end.as_millisecond()), balance, budget::raised(cap, &account, &span.key, &limits.raises))
                }
                None => (None, Balance::default(), cap.limit),
            };
            let fits = balance.admits(limit, needed);
            rooms.push(CapRoom {
                title,
                line,
                limit: Money::total(limit),
                used: Money::row(balance.charged),
                held: Money::row(balance.held),
                left: Money::row(balance.left(limit)),
                needed: Money::row(needed),
                fits,
                stops: !fits && cap.stops(place),
                resets_ms,
            });
        }
    }
    Ok(rooms)
}
