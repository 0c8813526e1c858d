//! Server-sent events, read from bytes that may be cut anywhere: inside a line end, inside a UTF-8
//! character, inside the byte order mark. Follows the HTML standard's event stream, except that
//! comments are reported, because they are a sign of life.
//!
//! Worst case: one event holds 1 MiB; a longer one is an error, so a hostile stream cannot fill memory.

/// The most bytes one event may have, unfinished line included.
pub const LONGEST_EVENT: usize = 1 << 20;

/// One thing a stream of events says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line that begins with `:`. Servers send it to keep the connection open.
    Comment,
    /// An event with its data, the lines joined by `\n`.
    Data(String),
}

/// An event was longer than [`LONGEST_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Reads events from bytes.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    past_first_line: bool,
    after_cr: bool,
}

impl Reader {
    /// Takes the next bytes and appends what they complete to `events`.
    ///
    /// # Errors
    /// [`TooLong`]; the reader must not be used after it.
    pub fn push(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLong> {
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (text, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + self.data.len() + text.len() > LONGEST_EVENT {
                return Err(TooLong);
            }
            self.line.extend_from_slice(text);
            let Some(line_end) = rest.first() else { return Ok(()) };
            self.after_cr = *line_end == b'\r';
            bytes = &rest[1..];
            self.end_line(events);
        }
        Ok(())
    }

    /// The data of an event that was not ended by a blank line, last line included. Only to be asked
    /// when the connection has closed.
    pub fn unfinished(&self) -> Option<String> {
        let mut rest = self.clone();
        if !rest.line.is_empty() {
            rest.end_line(&mut Vec::new());
        }
        rest.has_data.then(|| text(&rest.data))
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            if std::mem::take(&mut self.has_data) {
                events.push(Event::Data(text(&data)));
            }
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = match colon {
            Some(0) => return events.push(Event::Comment),
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[line.len()..]),
        };
        if field == b"data" {
            if std::mem::replace(&mut self.has_data, true) {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
        // `event`, `id`, `retry` and unknown fields say nothing a chat completion needs.
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
