//! From an answer in a format's words and a script to what is sent, step by step. Pure: the steps are
//! done in `serve`, so what a script means can be read (and tested) here without a socket.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::answer::{self, Finish};
use crate::asked::Asked;
use crate::script::{Counts, Script};

/// One step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Waits.
    Wait(Duration),
    /// Waits for `release`.
    Hold,
    /// Sends.
    Send(Bytes),
    /// Says nothing more and keeps the connection open.
    Stall,
    /// Closes the connection; hard: with a reset.
    Cut { reset: bool },
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) before_head: Vec<Step>,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<Step>,
}

/// Which call this is, for ids and times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) nth: u64,
    pub(crate) unix_s: u64,
}

/// What is answered, before a format has words for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) finish: Finish,
    /// None where the script says nothing of usage.
    pub(crate) usage: Option<Counts>,
}

/// A stream in a format's words, each piece as it is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Events {
    /// What comes first of all, before any wait.
    pub(crate) head: Vec<Bytes>,
    /// A sign of life without content.
    pub(crate) ping: Bytes,
    /// What stands before the text: its start, and reasoning.
    pub(crate) opening: Vec<Bytes>,
    /// The text, one word each.
    pub(crate) pieces: Vec<Bytes>,
    /// What follows the text: the reason it ended, and usage.
    pub(crate) closing: Vec<Bytes>,
    /// What marks the end of a complete stream.
    pub(crate) last: Vec<Bytes>,
    /// A piece that is no JSON.
    pub(crate) malformed: Bytes,
    /// An error in the middle of a stream.
    pub(crate) failed: Vec<Bytes>,
}

impl Reply {
    /// A body that is sent in one piece.
    pub(crate) fn whole(script: &Script, status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("content-length".to_owned(), body.len().to_string()),
        ];
        Self { before_head: before_head(script), status, headers, body: vec![Step::Send(body.into())] }.trimmed(script)
    }

    /// JSON that is sent in one piece.
    pub(crate) fn json(script: &Script, status: u16, body: &Value) -> Self {
        Self::whole(script, status, "application/json", body.to_string().into())
    }

    /// JSON that no script can change, such as a refusal.
    pub(crate) fn plain(status: u16, body: &Value) -> Self {
        Self::json(&Script::default(), status, body)
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The script's headers, and its limit of bytes.
    fn trimmed(mut self, script: &Script) -> Self {
        self.headers.extend(script.headers.iter().cloned());
        if let Some(mut left) = script.cut_after_bytes {
            let mut kept = Vec::new();
            for step in self.body {
                match step {
                    Step::Send(bytes) if bytes.len() >= left => {
                        kept.extend([Step::Send(bytes.slice(..left)), Step::Cut { reset: script.reset }]);
                        break;
                    }
                    Step::Send(bytes) => {
                        left -= bytes.len();
                        kept.push(Step::Send(bytes));
                    }
                    Step::Wait(_) | Step::Hold | Step::Stall | Step::Cut { .. } => kept.push(step),
                }
            }
            self.body = kept;
        }
        self
    }
}

fn before_head(script: &Script) -> Vec<Step> {
    let mut steps = Vec::new();
    if script.hold {
        steps.push(Step::Hold);
    }
    if script.head_delay_ms > 0 {
        steps.push(Step::Wait(Duration::from_millis(script.head_delay_ms)));
    }
    if script.hang_up {
        steps.push(Step::Cut { reset: script.reset });
    }
    steps
}

/// What a script says instead of an answer. `error` makes the body of a status; an account without
/// credit gets the status `no_credit`.
pub(crate) fn scripted(script: &Script, no_credit: u16, error: impl FnOnce(u16) -> Value) -> Option<Reply> {
    if let Some(body) = &script.body {
        let content_type = script.content_type.as_deref().unwrap_or("application/json");
        return Some(Reply::whole(script, script.status.unwrap_or(200), content_type, body.clone().into()));
    }
    let status = script.status.or(script.no_credit.then_some(no_credit)).filter(|status| *status != 200)?;
    Some(Reply::json(script, status, &error(status)))
}

/// What a script, or else the practice answer, says to a request.
pub(crate) fn said(asked: &Asked, script: &Script) -> Said {
    let (text, finish) = match &script.text {
        Some(text) => (text.clone(), Finish::Stop),
        None => answer::answer(asked),
    };
    let finish = script.finish_reason.as_deref().map_or(finish, Finish::scripted);
    Said {
        usage: (!script.no_usage).then(|| script.usage.unwrap_or_else(|| answer::usage(asked, &text))),
        text,
        finish,
    }
}

/// An answer that is not streamed.
pub(crate) fn whole(script: &Script, body: &Value) -> Reply {
    let mut bytes = body.to_string().into_bytes();
    if script.malformed_after.is_some() {
        bytes.truncate(bytes.len() / 2);
    }
    let mut reply = Reply::whole(script, 200, "application/json", bytes);
    let ends = [(script.stall_after, Step::Stall), (script.cut_after, Step::Cut { reset: script.reset })];
    for (at, end) in ends {
        match at {
            None => {}
            Some(0) => reply.before_head.push(end),
            Some(_) => {
                if let Some(Step::Send(bytes)) = reply.body.first_mut() {
                    bytes.truncate(bytes.len() / 2);
                }
                reply.body.push(end);
            }
        }
    }
    reply
}

/// An answer that is streamed.
pub(crate) fn streamed(script: &Script, events: Events) -> Reply {
    let pace = || (script.pace_ms > 0).then(|| Step::Wait(Duration::from_millis(script.pace_ms)));
    let mut steps: Vec<Step> = events.head.iter().cloned().map(Step::Send).collect();
    if script.first_token_delay_ms > 0 {
        steps.push(Step::Wait(Duration::from_millis(script.first_token_delay_ms)));
    }
    for _ in 0..script.pings {
        steps.push(Step::Send(events.ping.clone()));
        steps.extend(pace());
    }
    for at in 0..=events.pieces.len() {
        if mishap(script, at, &events, &mut steps) {
            return event_stream(script, steps);
        }
        if at == 0 {
            for event in &events.opening {
                steps.push(Step::Send(event.clone()));
                steps.extend(pace());
            }
        }
        if let Some(piece) = events.pieces.get(at) {
            steps.push(Step::Send(piece.clone()));
            steps.extend(pace());
        }
    }
    steps.extend(events.closing.into_iter().map(Step::Send));
    if !script.no_done {
        steps.extend(events.last.into_iter().map(Step::Send));
    }
    event_stream(script, steps)
}

/// Does what the script wants at this position. True where the stream ends with it.
fn mishap(script: &Script, at: usize, events: &Events, steps: &mut Vec<Step>) -> bool {
    let due = |position: Option<usize>| position.is_some_and(|position| position.min(events.pieces.len()) == at);
    if due(script.malformed_after) {
        steps.push(Step::Send(events.malformed.clone()));
    }
    if due(script.error_after) {
        steps.extend(events.failed.iter().cloned().map(Step::Send));
        return true;
    }
    if due(script.stall_after) {
        steps.push(Step::Stall);
        return true;
    }
    if due(script.cut_after) {
        steps.push(Step::Cut { reset: script.reset });
        return true;
    }
    false
}

fn event_stream(script: &Script, body: Vec<Step>) -> Reply {
    let headers = vec![("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned())];
    Reply { before_head: before_head(script), status: 200, headers, body }.trimmed(script)
}

/// A comment, which every reader of event streams passes over.
pub(crate) const COMMENT: Bytes = Bytes::from_static(b": PRACTICE PROCESSING\n\n");

/// An event with a name.
pub(crate) fn named(data: &Value) -> Bytes {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or("message")).into()
}

/// An event without one.
pub(crate) fn nameless(data: &Value) -> Bytes {
    format!("data: {data}\n\n").into()
}

/// Text in pieces as a model makes them: each word with the space before it.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if in_word {
                cuts.push(at);
            }
            in_word = false;
        } else {
            in_word = true;
        }
    }
    cuts.push(text.len());
    cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).filter(|piece| !piece.is_empty()).collect()
}
