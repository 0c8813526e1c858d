//! A question that only a person can answer, and the rules by which an answer counts: the one-time word
//! that was shown with it, not before the person can have read it, and not after its time. Pure: instants
//! are durations on the clock of whoever asks, so a page's clock decides nothing.
//!
//! An answer that is refused changes nothing; the question stands until it is answered, closed or over.

use std::time::Duration;

/// How long a person has: product.md §5.6.
pub const TIME: Duration = Duration::from_secs(45);
/// How long the buttons rest after the question was painted: a click that was meant for something else
/// must not answer it (architecture.md, Seams).
pub const REST: Duration = Duration::from_millis(700);

/// What the person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, this time.
    AllowOnce,
    /// Yes, and the same without asking for as long as was offered.
    AllowAlways,
    /// No.
    Deny,
}

/// How a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has answered.
    Asked,
    /// Yes, this time.
    AllowedOnce,
    /// Yes, from now on.
    AllowedAlways,
    /// No; also where its window was closed.
    Denied,
    /// Nobody answered in time, which is a no.
    Expired,
}

impl State {
    /// Whether the call may go on.
    pub const fn allows(self) -> bool {
        match self {
            Self::AllowedOnce | Self::AllowedAlways => true,
            Self::Asked | Self::Denied | Self::Expired => false,
        }
    }
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The word with it is not the one that was shown.
    OtherWord,
    /// The question was not painted yet, or too short a time ago.
    TooSoon,
    /// No such answer was offered.
    NotOffered,
    /// It is over, like this.
    Over(State),
}

/// What "always" means, where it may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Only this once.
    Once,
    /// Once, or from now on for a while.
    Always,
}

/// One question before a person.
#[derive(Clone, Debug)]
pub struct Question {
    word: String,
    offer: Offer,
    put: Duration,
    shown: Option<Duration>,
    state: State,
}

impl Question {
    /// A question that is put before the person now. `word` is used for nothing else and cannot be guessed.
    pub fn put(word: String, offer: Offer, now: Duration) -> Self {
        Self { word, offer, put: now, shown: None, state: State::Asked }
    }

    /// When it is over without an answer.
    pub fn ends(&self) -> Duration {
        self.put.saturating_add(TIME)
    }

    /// It was painted now. Only the first time counts: painting again begins no new rest and ends none.
    pub fn shown(&mut self, now: Duration) {
        self.shown.get_or_insert(now);
    }

    /// How it stands now.
    pub fn at(&mut self, now: Duration) -> State {
        if self.state == State::Asked && now >= self.ends() {
            self.state = State::Expired;
        }
        self.state
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// Why it does not count; nothing has changed then, but that the time may be over.
    pub fn answer(&mut self, word: &str, answer: Answer, now: Duration) -> Result<State, Refused> {
        match self.at(now) {
            State::Asked => {}
            over @ (State::AllowedOnce | State::AllowedAlways | State::Denied | State::Expired) => {
                return Err(Refused::Over(over));
            }
        }
        if self.word.is_empty() || word != self.word {
            return Err(Refused::OtherWord);
        }
        if self.shown.is_none_or(|shown| now < shown.saturating_add(REST)) {
            return Err(Refused::TooSoon);
        }
        self.state = match (answer, self.offer) {
            (Answer::AllowOnce, _) => State::AllowedOnce,
            (Answer::AllowAlways, Offer::Always) => State::AllowedAlways,
            (Answer::AllowAlways, Offer::Once) => return Err(Refused::NotOffered),
            (Answer::Deny, _) => State::Denied,
        };
        Ok(self.state)
    }

    /// Its window was closed: a no, at any moment.
    pub fn closed(&mut self, now: Duration) -> State {
        if self.at(now) == State::Asked {
            self.state = State::Denied;
        }
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: &str = "5d1f";

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Put at 1 s and painted at 2 s.
    fn painted(offer: Offer) -> Question {
        let mut question = Question::put(WORD.to_owned(), offer, ms(1_000));
        question.shown(ms(2_000));
        question
    }

    #[test]
    fn an_answer_counts_by_its_word_its_time_and_its_offer() {
        use Answer::{AllowAlways, AllowOnce, Deny};
        let (offered, once) = (Offer::Always, Offer::Once);
        let over = Err(Refused::Over(State::Expired));
        let table = [
            // offer, word, answer, at, expected
            (once, WORD, AllowOnce, 2_700, Ok(State::AllowedOnce)),
            (once, WORD, Deny, 2_700, Ok(State::Denied)),
            (offered, WORD, AllowAlways, 2_700, Ok(State::AllowedAlways)),
            (offered, WORD, AllowOnce, 45_999, Ok(State::AllowedOnce)),
            (once, WORD, AllowAlways, 2_700, Err(Refused::NotOffered)),
            (once, WORD, AllowOnce, 2_699, Err(Refused::TooSoon)),
            (once, WORD, Deny, 2_000, Err(Refused::TooSoon)),
            (once, WORD, AllowOnce, 0, Err(Refused::TooSoon)),
            (once, "5d1e", AllowOnce, 2_700, Err(Refused::OtherWord)),
            (once, "", AllowOnce, 2_700, Err(Refused::OtherWord)),
            (once, "5d1f ", Deny, 2_700, Err(Refused::OtherWord)),
            (once, WORD, AllowOnce, 46_000, over),
            (offered, WORD, AllowAlways, 900_000, over),
            (once, "5d1e", Deny, 46_000, over),
        ];
        for (offer, word, answer, at, expected) in table {
            let mut question = painted(offer);
            assert_eq!(question.answer(word, answer, ms(at)), expected, "{answer:?} with {word:?} at {at}");
            let stands = question.at(ms(at));
            match expected {
                Ok(state) => assert_eq!(stands, state),
                Err(Refused::Over(state)) => assert_eq!(stands, state),
                Err(_) => assert_eq!(stands, State::Asked, "a refused answer changes nothing"),
            }
        }
    }

    #[test]
    fn what_was_never_painted_is_never_answered() {
        let mut question = Question::put(WORD.to_owned(), Offer::Always, ms(0));
        for at in [0, 700, 44_999] {
            assert_eq!(question.answer(WORD, Answer::AllowOnce, ms(at)), Err(Refused::TooSoon));
        }
        assert_eq!(question.at(TIME), State::Expired);
    }

    #[test]
    fn a_word_is_good_once() {
        for first in [Answer::AllowOnce, Answer::AllowAlways, Answer::Deny] {
            let mut question = painted(Offer::Always);
            let state = question.answer(WORD, first, ms(3_000)).unwrap();
            for again in [Answer::AllowOnce, Answer::AllowAlways, Answer::Deny] {
                assert_eq!(question.answer(WORD, again, ms(3_001)), Err(Refused::Over(state)));
            }
            assert_eq!(question.at(ms(90_000)), state, "an answer that was given does not expire");
            assert_eq!(question.closed(ms(90_000)), state, "and closing the window does not take it back");
        }
    }

    #[test]
    fn painting_again_moves_nothing() {
        let mut question = painted(Offer::Once);
        question.shown(ms(2_650));
        assert_eq!(question.answer(WORD, Answer::AllowOnce, ms(2_700)), Ok(State::AllowedOnce));
        let mut late = painted(Offer::Once);
        late.shown(ms(0));
        assert_eq!(late.answer(WORD, Answer::AllowOnce, ms(2_699)), Err(Refused::TooSoon));
    }

    #[test]
    fn closing_is_a_no_at_any_moment() {
        assert_eq!(Question::put(WORD.to_owned(), Offer::Always, ms(0)).closed(ms(0)), State::Denied);
        assert_eq!(painted(Offer::Once).closed(ms(2_001)), State::Denied);
        assert_eq!(painted(Offer::Once).closed(ms(46_000)), State::Expired);
    }

    #[test]
    fn only_a_yes_lets_the_call_go_on() {
        let states = [State::Asked, State::AllowedOnce, State::AllowedAlways, State::Denied, State::Expired];
        assert_eq!(states.map(State::allows), [false, true, true, false, false]);
    }
}
