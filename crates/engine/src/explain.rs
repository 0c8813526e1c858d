//! `policy explain` and the dry run of the window: which model would answer a prompt and why, what that
//! could cost, and which caps would count it. Decides by the same way as a call (`decide`), and ends
//! there: nothing is sent, held or recorded as a request.

use jiff::Timestamp;
use pointsman_core::budget::{self, Balance, Cap, Counted, Place, Raise, Scope};
use pointsman_core::chat::Chat;
use pointsman_core::code::{Code, Denial};
use pointsman_core::estimate;
use pointsman_core::id::{ClientId, ModelId, ProjectName};
use pointsman_core::plan::{self, Plan, Wanted, Weighed};
use pointsman_core::policy::{ClassRule, Policy};
use pointsman_core::wire::Wire;
use rusqlite::Connection;

use crate::decide::{Decided, decide};
use crate::ledger::{LedgerError, account, setting};
use crate::view::{CapRoom, Explanation, ModelStanding, Money};
use crate::{Gateway, pause};

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
        let policy = &active.policy;
        let mut said = blank(policy, &call);
        said.warnings = inner.policy.notices();
        match decide(inner, policy, &call.wanted, call.client.as_ref(), call.chat).await {
            Err(denial) => said.refuse(denial),
            Ok(decided) => {
                said.decided(policy, &decided);
                match decided.plan {
                    Err(denial) => said.refuse(denial),
                    Ok(plan) => {
                        said.answers = plan.targets.first().map(|target| target.model.to_string());
                        said.reason.clone_from(&plan.reason);
                        said.warnings.splice(0..0, plan.warnings.iter().cloned());
                        let caps = policy.caps.clone();
                        // Where spending is paused nothing is raised either; the pause is said below.
                        let raises = pause::clearance(inner).await.map(|found| found.raises).unwrap_or_default();
                        let whose = Counted {
                            model: plan.targets[0].model.clone(),
                            client: call.client,
                            class: decided.found.class_name(),
                            project: call.project,
                        };
                        let now = Timestamp::now();
                        let rooms = inner.ledger.read(move |c| rooms(c, &caps, &raises, &plan, &whose, now)).await?;
                        let (of_first, rooms) = rooms;
                        said.caps = rooms;
                        said.denied_by_caps(of_first);
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

    /// A cap that counts the first target and has no room denies the call before anything is sent; the one
    /// with the least left is named. The others are looked at when it comes to their targets.
    fn denied_by_caps(&mut self, of_first: usize) {
        let tightest = self.caps.iter().take(of_first).filter(|cap| cap.stops).min_by_key(|cap| cap.left.micros);
        if let Some(cap) = tightest {
            let title = cap.title.strip_prefix("the ").unwrap_or(&cap.title);
            let sentence = format!(
                "The {title} has no room: {} is left, and this call may need {}.",
                cap.left.text, cap.needed.text
            );
            self.refuse(Denial::new(Code::CapExceeded, sentence));
        }
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

/// Every cap that would count a target of the plan, with what the first such target would hold, and how
/// many of them count the first target of all. A cap of a call or a flow begins empty.
fn rooms(
    connection: &Connection,
    caps: &[Cap],
    raises: &[Raise],
    plan: &Plan,
    whose: &Counted,
    now: Timestamp,
) -> Result<(usize, Vec<CapRoom>), LedgerError> {
    let zone = setting::zone(connection)?;
    let (mut of_first, mut rooms) = (0, Vec::<CapRoom>::new());
    for (at, target) in plan.targets.iter().enumerate() {
        let counted = Counted { model: target.model.clone(), ..whose.clone() };
        let place = if target.provider.local { Place::Here } else { Place::Away };
        for (cap, account) in caps.iter().filter_map(|cap| Some((cap, cap.account_of(&counted)?))) {
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
                    (Some(span.end.as_millisecond()), balance, budget::raised(cap, &account, &span.key, raises))
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
        if at == 0 {
            of_first = rooms.len();
        }
    }
    Ok((of_first, rooms))
}
