//! A streamed answer, bit by bit, in any format: bytes may be cut anywhere, also inside a character.
//! What an event means is the codec's; what all formats share is here: the end mark, what an empty or
//! broken answer becomes, and that a server which ignores `stream` and sends one JSON body is understood.
//!
//! An answer has ended where the provider's own end mark says so and nowhere else: a connection that
//! closes without it has cut the answer. A format without a mark (Gemini) says when a close is the end.

use serde_json::Value;

use super::sse::{self, Event};
use super::{Wire, anthropic_messages, fault, gemini, openai_chat, openai_responses};
use crate::chat::{Answer, FinishReason, StreamEvent};
use crate::failure::{Failure, FailureKind};
use crate::money::Usage;

/// The most bytes of a body that is not a stream.
const LONGEST_BODY: usize = 16 << 20;

/// Reads one streamed response. After an error or the end it takes nothing more.
#[derive(Debug)]
pub struct StreamDecoder {
    wire: Wire,
    form: Form,
    talk: Talk,
}

/// What the first byte says the response is.
#[derive(Debug, Default)]
enum Form {
    #[default]
    Unknown,
    Stream(sse::Reader),
    Body(Body),
    /// Gemini without `alt=sse` (a proxy that loses the query): a JSON list whose objects come one by one.
    List(Body),
}

impl StreamDecoder {
    /// A decoder for one response.
    pub fn new(wire: Wire) -> Self {
        Self { wire, form: Form::Unknown, talk: Talk::default() }
    }

    /// Takes the next bytes; appends what they say to `events`.
    ///
    /// # Errors
    /// A malformed chunk, an error object inside the stream, an event over 1 MiB, a web page, or an
    /// end without a word.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        if self.talk.ended {
            return Ok(());
        }
        let result = self.take(bytes, events);
        self.talk.ended |= result.is_err();
        result
    }

    /// Says that the connection has closed.
    ///
    /// # Errors
    /// Where the provider's own end mark was missing: the stream was cut.
    pub fn close(&mut self) -> Result<(), Failure> {
        if self.talk.ended {
            return Ok(());
        }
        let last = match &self.form {
            Form::Stream(reader) => reader.unfinished(),
            Form::List(body) if !body.closed => Some(String::new()),
            Form::Unknown | Form::Body(_) | Form::List(_) => None,
        };
        if self.closes_properly(last.as_deref().map(str::trim)) {
            return self.talk.end(&mut Vec::new());
        }
        self.talk.ended = true;
        let sentence = "The provider's stream was cut before its end.";
        Err(self.talk.broken(Failure { status: Some(200), ..Failure::new(FailureKind::NetworkAfterSend, sentence) }))
    }

    /// Whether a connection that closes now has said all: `last` is an event without its blank line.
    fn closes_properly(&self, last: Option<&str>) -> bool {
        match self.wire {
            Wire::OpenAiChat => last == Some("[DONE]"),
            // The event that ends it carries the usage, so it must have come whole.
            Wire::OpenAiResponses => false,
            Wire::AnthropicMessages => last.is_some_and(anthropic_messages::is_end),
            Wire::Gemini => gemini::has_ended(&self.talk, last),
        }
    }

    fn take(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        let mut bytes = bytes;
        if matches!(self.form, Form::Unknown) {
            bytes = bytes.trim_ascii_start();
            self.form = match bytes.first() {
                None => return Ok(()),
                Some(b'<') => return Err(fault::unusable("it is a web page, not an answer of a model")),
                Some(b'{') => Form::Body(Body::default()),
                Some(b'[') if self.wire == Wire::Gemini => Form::List(Body::default()),
                Some(_) => Form::Stream(sse::Reader::default()),
            };
        }
        let mut seen = Vec::new();
        let read = match &mut self.form {
            Form::Unknown => Ok(()),
            Form::Stream(reader) => {
                reader.push(bytes, &mut seen).map_err(|sse::TooLong| fault::unusable("one event is longer than 1 MiB"))
            }
            Form::Body(body) => match body.push(&mut bytes)? {
                Some(whole) => {
                    self.talk = Talk::of_whole(self.wire, &whole, events)?;
                    events.push(StreamEvent::End);
                    return Ok(());
                }
                None => Ok(()),
            },
            Form::List(body) => body.each(bytes, &mut seen),
        };
        for event in seen {
            match event {
                Event::Comment => events.push(StreamEvent::Alive),
                Event::Data(data) => self.event(data.trim(), events)?,
            }
            if self.talk.ended {
                return Ok(());
            }
        }
        read.map_err(|failure| self.talk.broken(failure))
    }

    /// One event. An event that says nothing of the answer is a sign of life all the same.
    fn event(&mut self, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        if data.is_empty() {
            events.push(StreamEvent::Alive);
            return Ok(());
        }
        let before = events.len();
        match self.wire {
            Wire::OpenAiChat => openai_chat::event(&mut self.talk, data, events)?,
            Wire::OpenAiResponses => openai_responses::event(&mut self.talk, data, events)?,
            Wire::AnthropicMessages => anthropic_messages::event(&mut self.talk, data, events)?,
            Wire::Gemini => gemini::event(&mut self.talk, data, events)?,
        }
        if events.len() == before {
            events.push(StreamEvent::Alive);
        }
        Ok(())
    }
}

/// What has been said so far. Codecs tell it what they read; it makes the events.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// A word of the answer that is not blank has come.
    worded: bool,
    /// Anything that costs money has come: a word, or thought.
    begun: bool,
    pub(super) finish: Option<FinishReason>,
    pub(super) usage: Option<Usage>,
    /// The usage came with the reason to finish or after it.
    counted_last: bool,
    model: Option<String>,
    ended: bool,
}

impl Talk {
    /// Reads one whole body.
    pub(super) fn of_whole(wire: Wire, body: &[u8], events: &mut Vec<StreamEvent>) -> Result<Self, Failure> {
        let body: Value = serde_json::from_slice(body).map_err(|_| fault::unusable("it is not valid JSON"))?;
        if let Some(failure) = fault::inside(&body) {
            return Err(failure);
        }
        let mut talk = Self::default();
        match wire {
            Wire::OpenAiChat => openai_chat::whole(&mut talk, &body, events)?,
            Wire::OpenAiResponses => openai_responses::whole(&mut talk, &body, events)?,
            Wire::AnthropicMessages => anthropic_messages::whole(&mut talk, &body, events)?,
            Wire::Gemini => gemini::whole(&mut talk, &body, events)?,
        }
        talk.ended = true;
        if talk.worded { Ok(talk) } else { Err(fault::empty(talk.finish.as_ref(), talk.usage)) }
    }

    /// The answer that a whole body's events make.
    pub(super) fn answer(self, events: Vec<StreamEvent>) -> Answer {
        let text = events
            .into_iter()
            .filter_map(|event| match event {
                StreamEvent::Text(text) => Some(text),
                StreamEvent::Alive
                | StreamEvent::Usage(_)
                | StreamEvent::Finish(_)
                | StreamEvent::Model(_)
                | StreamEvent::End => None,
            })
            .collect();
        Answer { text, finish: self.finish, usage: self.usage, model: self.model }
    }

    /// Whether a word of the answer has come: an answer without output tokens is then not believed.
    pub(super) fn worded(&self) -> bool {
        self.worded
    }

    /// More of the answer.
    pub(super) fn text(&mut self, text: String, events: &mut Vec<StreamEvent>) {
        if text.is_empty() {
            return;
        }
        self.begun = true;
        self.worded |= !text.trim().is_empty();
        events.push(StreamEvent::Text(text));
    }

    /// Thought costs money too, though it is no part of the answer.
    pub(super) fn thought(&mut self) {
        self.begun = true;
    }

    /// Why it ends. An empty reason is none.
    pub(super) fn finish(&mut self, finish: Option<FinishReason>, events: &mut Vec<StreamEvent>) {
        if let Some(finish) = finish {
            self.finish = Some(finish.clone());
            events.push(StreamEvent::Finish(finish));
        }
    }

    /// What was counted so far.
    pub(super) fn usage(&mut self, usage: Option<Usage>, events: &mut Vec<StreamEvent>) {
        if let Some(usage) = usage {
            self.usage = Some(usage);
            self.counted_last = self.finish.is_some();
            events.push(StreamEvent::Usage(usage));
        }
    }

    /// The model that says it answers; told once.
    pub(super) fn model(&mut self, name: &Value, events: &mut Vec<StreamEvent>) {
        self.model_name(name.as_str(), events);
    }

    /// The same by name.
    pub(super) fn model_name(&mut self, name: Option<&str>, events: &mut Vec<StreamEvent>) {
        // Each piece repeats it.
        let new = name.filter(|name| !name.is_empty() && self.model.as_deref() != Some(name));
        let name = new.map(|name| fault::clean(name, 200));
        if let Some(name) = name.filter(|name| self.model.as_ref() != Some(name)) {
            self.model = Some(name.clone());
            events.push(StreamEvent::Model(name));
        }
    }

    /// The provider's own end mark.
    pub(super) fn end(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        self.ended = true;
        if !self.worded {
            let failure = fault::empty(self.finish.as_ref(), self.usage);
            return Err(Failure { begun: self.begun || failure.begun, ..failure });
        }
        events.push(StreamEvent::End);
        Ok(())
    }

    /// A failure in the midst of an answer. A usage is final only where it came with the reason to
    /// finish or after it: some servers count along, and what they said before is too little.
    pub(super) fn broken(&self, failure: Failure) -> Failure {
        Failure { begun: self.begun, usage: self.usage.filter(|_| self.counted_last), ..failure }
    }
}

/// JSON objects whose ends are found by counting braces, so that each is parsed once. What stands between
/// two objects says nothing.
#[derive(Debug, Default)]
struct Body {
    bytes: Vec<u8>,
    depth: u32,
    quoted: bool,
    escaped: bool,
    /// A bracket outside of all objects has ended the list of them.
    closed: bool,
}

impl Body {
    /// The next whole object, once its last brace has come; leaves the bytes after it.
    fn push(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        if self.bytes.len() + bytes.len() > LONGEST_BODY {
            return Err(fault::unusable("it is longer than 16 MiB"));
        }
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if self.bytes.is_empty() && *byte != b'{' {
                self.closed |= *byte == b']';
                continue;
            }
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

    /// Every whole object, as the data of an event.
    fn each(&mut self, bytes: &[u8], seen: &mut Vec<Event>) -> Result<(), Failure> {
        let mut rest = bytes;
        while let Some(object) = self.push(&mut rest)? {
            seen.push(Event::Data(String::from_utf8_lossy(&object).into_owned()));
        }
        Ok(())
    }
}
