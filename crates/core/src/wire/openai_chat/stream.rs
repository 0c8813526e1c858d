//! A streamed answer, chunk by chunk. The end is `data: [DONE]` and nothing else: a connection that
//! closes without it has cut the answer, also after a finish reason.
//!
//! A server that ignores `stream: true` and sends one JSON body is understood too.

use serde_json::Value;

use super::{empty, fault, finish, first_choice, model, text_of, usage};
use crate::chat::{FinishReason, StreamEvent};
use crate::failure::{Failure, FailureKind};
use crate::money::Usage;
use crate::wire::sse::{self, Event};

/// The most bytes of a body that is not a stream.
const LONGEST_BODY: usize = 16 << 20;

/// Reads one streamed response. After an error or the end it takes nothing more.
#[derive(Debug, Default)]
pub struct Decoder {
    form: Form,
    worded: bool,
    begun: bool,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    model: Option<String>,
    ended: bool,
}

/// What the first byte says the response is.
#[derive(Debug, Default)]
enum Form {
    #[default]
    Unknown,
    Stream(sse::Reader),
    Body(Body),
}

impl Decoder {
    /// Takes the next bytes; appends what they say to `events`.
    ///
    /// # Errors
    /// A malformed chunk, an error object inside the stream, an event over 1 MiB, a web page, or an
    /// end without a word.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        if self.ended {
            return Ok(());
        }
        let result = self.take(bytes, events);
        self.ended |= result.is_err();
        result
    }

    /// Says that the connection has closed.
    ///
    /// # Errors
    /// Where the end mark was missing: the stream was cut.
    pub fn close(&mut self) -> Result<(), Failure> {
        if self.ended {
            return Ok(());
        }
        self.ended = true;
        let last = match &self.form {
            Form::Stream(reader) => reader.unfinished(),
            Form::Unknown | Form::Body(_) => None,
        };
        if last.is_some_and(|data| data.trim() == "[DONE]") {
            return self.end(&mut Vec::new());
        }
        let sentence = "The provider's stream was cut before its end.";
        Err(self.broken(Failure { status: Some(200), ..Failure::new(FailureKind::NetworkAfterSend, sentence) }))
    }

    fn take(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        let mut bytes = bytes;
        if matches!(self.form, Form::Unknown) {
            bytes = bytes.trim_ascii_start();
            self.form = match bytes.first() {
                None => return Ok(()),
                Some(b'<') => return Err(bad("it is a web page, not an answer of a model")),
                Some(b'{') => Form::Body(Body::default()),
                Some(_) => Form::Stream(sse::Reader::default()),
            };
        }
        let mut seen = Vec::new();
        let read = match &mut self.form {
            Form::Unknown => Ok(()),
            Form::Stream(reader) => {
                reader.push(bytes, &mut seen).map_err(|sse::TooLong| bad("one event is longer than 1 MiB"))
            }
            Form::Body(body) => match body.push(bytes)? {
                Some(whole) => return self.whole(&whole, events),
                None => Ok(()),
            },
        };
        for event in seen {
            match event {
                Event::Comment => events.push(StreamEvent::Alive),
                Event::Data(data) => self.chunk(data.trim(), events)?,
            }
            if self.ended {
                return Ok(());
            }
        }
        read.map_err(|failure| self.broken(failure))
    }

    fn chunk(&mut self, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        match data {
            "[DONE]" => return self.end(events),
            "" => {
                events.push(StreamEvent::Alive);
                return Ok(());
            }
            _ => {}
        }
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            return Err(self.broken(bad("a piece of the stream is not valid JSON")));
        };
        let choice = first_choice(&chunk).unwrap_or(&Value::Null);
        if let Some(failure) = fault::inside(&chunk).or_else(|| fault::inside(choice)) {
            return Err(self.broken(failure));
        }
        let before = events.len();
        let delta = &choice["delta"];
        // A delta of reasoning costs money too, though it is no part of the answer.
        self.begun |= ["reasoning", "reasoning_content"].iter().any(|name| !delta[name].is_null());
        self.say(&chunk, choice, delta, events);
        if events.len() == before {
            events.push(StreamEvent::Alive);
        }
        Ok(())
    }

    /// What a chunk, or a whole body, says.
    fn say(&mut self, body: &Value, choice: &Value, message: &Value, events: &mut Vec<StreamEvent>) {
        if let Some(model) = model(body).filter(|model| self.model.as_ref() != Some(model)) {
            self.model = Some(model.clone());
            events.push(StreamEvent::Model(model));
        }
        let text = text_of(message);
        if !text.is_empty() {
            self.begun = true;
            self.worded |= !text.trim().is_empty();
            events.push(StreamEvent::Text(text));
        }
        if let Some(finish) = finish(choice) {
            self.finish = Some(finish.clone());
            events.push(StreamEvent::Finish(finish));
        }
        if let Some(usage) = usage::read(&body["usage"], self.worded) {
            self.usage = Some(usage);
            events.push(StreamEvent::Usage(usage));
        }
    }

    fn whole(&mut self, body: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        let body: Value = serde_json::from_slice(body).map_err(|_| bad("it is not valid JSON"))?;
        if let Some(failure) = fault::inside(&body) {
            return Err(failure);
        }
        let choice = first_choice(&body).ok_or_else(|| bad("it holds no answer"))?;
        self.say(&body, choice, &choice["message"], events);
        self.end(events)
    }

    fn end(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        self.ended = true;
        if !self.worded {
            return Err(Failure { begun: self.begun, ..empty(self.finish.as_ref(), self.usage) });
        }
        events.push(StreamEvent::End);
        Ok(())
    }

    /// A failure in the midst of an answer. A usage is final only once the answer has finished:
    /// some servers count along, and what they said last is then too little.
    fn broken(&self, failure: Failure) -> Failure {
        Failure { begun: self.begun, usage: self.finish.as_ref().and(self.usage), ..failure }
    }
}

fn bad(why: &str) -> Failure {
    fault::bad_answer(format!("The provider's answer could not be used: {why}."))
}

/// One JSON object whose end is found by counting braces, so that it is parsed once.
#[derive(Debug, Default)]
struct Body {
    bytes: Vec<u8>,
    depth: u32,
    quoted: bool,
    escaped: bool,
}

impl Body {
    /// The whole body, once its last brace has come.
    fn push(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        if self.bytes.len() + bytes.len() > LONGEST_BODY {
            return Err(bad("it is longer than 16 MiB"));
        }
        for byte in bytes {
            self.bytes.push(*byte);
            if std::mem::take(&mut self.escaped) {
                continue;
            }
            match byte {
                b'\\' if self.quoted => self.escaped = true,
                b'"' => self.quoted = !self.quoted,
                b'{' if !self.quoted => self.depth += 1,
                b'}' if !self.quoted => self.depth = self.depth.saturating_sub(1),
                _ => continue,
            }
            if self.depth == 0 && !self.quoted && *byte == b'}' {
                return Ok(Some(std::mem::take(&mut self.bytes)));
            }
        }
        Ok(None)
    }
}
