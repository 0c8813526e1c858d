//! The approval window: one question at a time before the person, the next one after it. It opens, closes
//! and times them; by which rules an answer counts is `core::approval`'s. Closing the window is a no, and
//! so is no answer.
//!
//! Whoever asks gets how it ended, and nothing else goes on from here. No call asks yet: the only question
//! is the one of [`show_practice`], which a real home refuses and whose answer nobody uses.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pointsman_core::approval::{Answer, Offer, Question, Refused, State, TIME};
use pointsman_core::code::{Code, Denial};
use pointsman_engine::view::{ApprovalAnswer, ApprovalAsk};
use tauri::{AppHandle, Emitter, Manager};
use tokio::sync::oneshot;

use crate::desk::Desk;
use crate::rpc::{Changed, Said};
use crate::windows::{self, APPROVAL};

/// How long the window still says how it ended.
const SAID_FOR: Duration = Duration::from_millis(1_200);

/// All questions that are not over.
pub(crate) struct Asks {
    began: Instant,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    front: Option<Front>,
    waiting: VecDeque<Asked>,
}

/// A question and who waits for its answer.
struct Asked {
    ask: ApprovalAsk,
    told: oneshot::Sender<State>,
}

/// The question that is before the person.
struct Front {
    asked: Asked,
    question: Question,
}

impl Asks {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), line: Mutex::default() }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question at the end of the line.
    fn add(&self, ask: ApprovalAsk) -> oneshot::Receiver<State> {
        let (told, tells) = oneshot::channel();
        self.line().waiting.push_back(Asked { ask, told });
        tells
    }

    /// Puts the next question before the person where none is. Gives its id, where there is one now that
    /// was not there before. Its time begins now, not while it waited.
    fn next(&self) -> Result<Option<String>, Denial> {
        let mut line = self.line();
        if line.front.is_some() {
            return Ok(None);
        }
        let Some(Asked { ask, told }) = line.waiting.pop_front() else { return Ok(None) };
        let asked = Asked { ask: ask.put()?, told };
        let offer = if asked.ask.grant.is_some() { Offer::Always } else { Offer::Once };
        let question = Question::put(asked.ask.nonce.clone(), offer, self.now());
        let id = asked.ask.id.clone();
        line.front = Some(Front { asked, question });
        Ok(Some(id))
    }

    /// What the window shows.
    pub(crate) fn front(&self) -> Option<ApprovalAsk> {
        let line = self.line();
        let waiting = u32::try_from(line.waiting.len()).unwrap_or(u32::MAX);
        line.front.as_ref().map(|front| ApprovalAsk { waiting, ..front.asked.ask.clone() })
    }

    /// The window says that it has painted this question.
    pub(crate) fn shown(&self, id: &str) {
        let now = self.now();
        if let Some(front) = self.line().front.as_mut().filter(|front| front.asked.ask.id == id) {
            front.question.shown(now);
        }
    }

    /// Takes an answer, by the rules.
    fn answer(&self, id: &str, nonce: &str, answer: Answer) -> Result<State, Refused> {
        let now = self.now();
        let mut line = self.line();
        let Some(front) = line.front.as_mut().filter(|front| front.asked.ask.id == id) else {
            return Err(Refused::OtherWord);
        };
        let state = front.question.answer(nonce, answer, now)?;
        finish(&mut line, state);
        Ok(state)
    }

    /// The window of the question was closed.
    fn closed(&self) {
        let now = self.now();
        let mut line = self.line();
        if let Some(state) = line.front.as_mut().map(|front| front.question.closed(now)) {
            finish(&mut line, state);
        }
    }

    /// Ends the question with this id where its time is over.
    fn over(&self, id: &str) -> bool {
        let now = self.now();
        let mut line = self.line();
        let state = line.front.as_mut().filter(|front| front.asked.ask.id == id).map(|front| front.question.at(now));
        match state {
            Some(State::Expired) => {
                finish(&mut line, State::Expired);
                true
            }
            Some(State::Asked | State::AllowedOnce | State::AllowedAlways | State::Denied) | None => false,
        }
    }
}

/// Tells whoever asked; the place before the person is free then.
fn finish(line: &mut Line, state: State) {
    if let Some(front) = line.front.take() {
        // Whoever asked may be gone; the answer counts for nothing then.
        if front.asked.told.send(state).is_err() {
            tracing::info!(?state, "nobody waits for this answer any more");
        }
    }
}

/// Asks the person, and waits until it is over.
pub(crate) async fn ask(app: &AppHandle, ask: ApprovalAsk) -> State {
    let tells = app.state::<Desk>().asks.add(ask);
    step(app);
    tells.await.unwrap_or(State::Denied)
}

/// Shows the next question where none is shown; without one the window goes.
fn step(app: &AppHandle) {
    let asks = &app.state::<Desk>().asks;
    match asks.next() {
        Ok(Some(id)) => {
            if let Err(error) = windows::show_approval(app) {
                tracing::error!("the approval window could not be shown: {error}");
            }
            tell(app);
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                tokio::time::sleep(TIME).await;
                if app.state::<Desk>().asks.over(&id) {
                    settled(&app).await;
                }
            });
        }
        Ok(None) if asks.front().is_none() => windows::close_approval(app),
        Ok(None) => {}
        Err(denial) => tracing::error!("a question could not be asked: {denial}"),
    }
}

/// The window looks again what it should show.
fn tell(app: &AppHandle) {
    if let Err(error) = app.emit_to(APPROVAL, "changed", Changed { topics: Vec::new() }) {
        tracing::warn!("the approval window could not be told: {error}");
    }
}

/// One is over: the person sees how, then comes the next.
async fn settled(app: &AppHandle) {
    tokio::time::sleep(SAID_FOR).await;
    step(app);
}

/// The window was closed by the person.
pub(crate) fn closed(app: &AppHandle) {
    app.state::<Desk>().asks.closed();
    let app = app.clone();
    tauri::async_runtime::spawn(async move { step(&app) });
}

/// Takes the answer of the window.
pub(crate) fn answer(app: &AppHandle, id: &str, nonce: &str, answer: ApprovalAnswer) -> Said {
    let answer = match answer {
        ApprovalAnswer::AllowOnce => Answer::AllowOnce,
        ApprovalAnswer::AllowAlways => Answer::AllowAlways,
        ApprovalAnswer::Deny => Answer::Deny,
    };
    let said = said(app.state::<Desk>().asks.answer(id, nonce, answer));
    if said.done {
        let app = app.clone();
        tauri::async_runtime::spawn(async move { settled(&app).await });
    }
    said
}

fn said(answered: Result<State, Refused>) -> Said {
    let sentence = match &answered {
        Ok(State::AllowedOnce) => "Allowed once.",
        Ok(State::AllowedAlways) => "Allowed, and not asked again for as long as it says.",
        Ok(State::Denied | State::Asked | State::Expired) => "Denied.",
        Err(Refused::OtherWord | Refused::NotOffered) => "This is no answer to the question that was asked.",
        Err(Refused::TooSoon) => "The question was not shown long enough. Answer it again.",
        Err(Refused::Over(_)) => "The question is over: no answer in 45 seconds is a no.",
    };
    Said { done: answered.is_ok(), sentence: sentence.to_owned() }
}

/// Shows the window with a question nobody waits for, so that it can be seen and tried.
///
/// # Errors
/// In a home that is not for practice: there a question is only ever a call's.
pub(crate) fn show_practice(app: &AppHandle) -> Result<(), Denial> {
    may_practise(app.state::<Desk>().gateway.home().is_practice())?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let state = ask(&app, ApprovalAsk::practice()).await;
        tracing::info!(?state, allows = state.allows(), "the practice question is over; nothing waited for it");
    });
    Ok(())
}

fn may_practise(is_practice: bool) -> Result<(), Denial> {
    if is_practice {
        return Ok(());
    }
    Err(Denial::new(Code::InvalidRequest, "A question can be practised in a practice home only. See `pointsman demo`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(class: &str) -> ApprovalAsk {
        ApprovalAsk { class: class.to_owned(), ..ApprovalAsk::practice() }
    }

    /// A clock that began long enough ago that what was painted at its beginning may be answered.
    fn rested(asks: &mut Asks, id: &str) {
        asks.shown(id);
        asks.began = asks.began.checked_sub(Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn one_question_stands_at_a_time_and_the_next_follows() {
        let mut asks = Asks::new();
        let (mut first, mut second) = (asks.add(ask("one")), asks.add(ask("two")));
        let id = asks.next().unwrap().unwrap();
        assert_eq!(asks.next(), Ok(None), "one is before the person");
        let shown = asks.front().unwrap();
        assert_eq!((shown.class.as_str(), shown.waiting), ("one", 1));
        assert_eq!(asks.answer(&id, &shown.nonce, Answer::AllowOnce), Err(Refused::TooSoon), "not painted");
        rested(&mut asks, &id);
        assert_eq!(asks.answer(&id, &shown.nonce, Answer::AllowOnce), Ok(State::AllowedOnce));
        assert_eq!(first.try_recv(), Ok(State::AllowedOnce));
        assert_eq!(asks.answer(&id, &shown.nonce, Answer::AllowOnce), Err(Refused::OtherWord), "it is gone");
        let other = asks.next().unwrap().unwrap();
        let next = asks.front().unwrap();
        assert_eq!((next.class.as_str(), next.waiting), ("two", 0));
        assert!(other != id && next.nonce != shown.nonce, "each has its own words");
        rested(&mut asks, &other);
        for (id, nonce) in [(&id, &next.nonce), (&other, &shown.nonce), (&other, &String::new())] {
            assert_eq!(asks.answer(id, nonce, Answer::AllowOnce), Err(Refused::OtherWord), "of another question");
        }
        assert!(second.try_recv().is_err(), "it still waits");
        asks.closed();
        assert_eq!(second.try_recv(), Ok(State::Denied), "closing the window is a no");
        assert_eq!(asks.front(), None);
    }

    #[test]
    fn a_question_that_nobody_answers_is_over() {
        let mut asks = Asks::new();
        let mut tells = asks.add(ask("one"));
        let id = asks.next().unwrap().unwrap();
        let nonce = asks.front().unwrap().nonce;
        rested(&mut asks, &id);
        assert!(!asks.over(&id), "its time is not over");
        asks.began = asks.began.checked_sub(TIME).unwrap();
        assert_eq!(asks.answer(&id, &nonce, Answer::AllowOnce), Err(Refused::Over(State::Expired)));
        assert!(asks.over(&id));
        assert_eq!(tells.try_recv(), Ok(State::Expired));
        assert!(!asks.over(&id), "once");
    }

    #[test]
    fn a_no_or_no_word_at_all_lets_nothing_through() {
        let asks = Asks::new();
        let tells = asks.add(ask("one"));
        drop(asks);
        assert!(tells.blocking_recv().is_err(), "the app is gone");
        for refused in [Refused::OtherWord, Refused::TooSoon, Refused::NotOffered, Refused::Over(State::Expired)] {
            assert!(!said(Err(refused)).done);
        }
    }

    #[test]
    fn a_real_home_practises_no_question() {
        assert_eq!(may_practise(true), Ok(()));
        assert_eq!(may_practise(false).map_err(|denial| denial.code), Err(Code::InvalidRequest));
    }
}
