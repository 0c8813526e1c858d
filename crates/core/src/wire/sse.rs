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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&[u8]]) -> Result<Vec<Event>, TooLong> {
        let mut reader = Reader::default();
        let mut events = Vec::new();
        for part in parts {
            reader.push(part, &mut events)?;
        }
        Ok(events)
    }

    fn data(text: &str) -> Event {
        Event::Data(text.to_owned())
    }

    #[test]
    fn reads_what_the_standard_says() {
        for (stream, events) in [
            ("data: one\n\n", vec![data("one")]),
            ("data: one\r\rdata: two\r\r", vec![data("one"), data("two")]),
            ("data: one\r\ndata: more\r\n\r\n", vec![data("one\nmore")]),
            ("data:one\ndata:  two\ndata\n\n", vec![data("one\n two\n")]),
            (": a comment\n\n:\n", vec![Event::Comment, Event::Comment]),
            ("event: ping\nid: 7\nretry: 10\nunknown: x\ndata: y\n\n", vec![data("y")]),
            ("event: only\n\n\n\n", vec![]),
            ("data:\n\n", vec![data("")]),
            ("data: not ended\n", vec![]),
            ("\u{feff}data: after the mark\n\n", vec![data("after the mark")]),
            ("data: a\n\n\u{feff}data: not a mark here\n\n", vec![data("a")]),
            (" data: x\n\ndatax: y\n\n", vec![]),
            ("data: 🧵 ü\u{2028}\n\n", vec![data("🧵 ü\u{2028}")]),
        ] {
            assert_eq!(read(&[stream.as_bytes()]), Ok(events.clone()), "{stream:?}");
            for at in 0..=stream.len() {
                let (a, b) = stream.as_bytes().split_at(at);
                assert_eq!(read(&[a, b]), Ok(events.clone()), "{stream:?} cut at {at}");
            }
            let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            assert_eq!(read(&bytes), Ok(events), "{stream:?} byte by byte");
        }
    }

    #[test]
    fn what_is_not_utf8_is_replaced_and_nothing_is_lost() {
        assert_eq!(read(&[b"data: a\xffb\n\n"]), Ok(vec![data("a\u{fffd}b")]));
    }

    #[test]
    fn an_event_may_have_a_mebibyte_and_not_a_byte_more() {
        let fits = [b"data:".as_slice(), &vec![b'x'; LONGEST_EVENT - 5], b"\n\n"].concat();
        assert_eq!(read(&[&fits]).map(|events| events.len()), Ok(1));
        let over = [b"data:".as_slice(), &vec![b'x'; LONGEST_EVENT - 4], b"\n\n"].concat();
        for parts in [vec![over.as_slice()], over.chunks(4096).collect()] {
            assert_eq!(read(&parts), Err(TooLong));
        }
        let lines = b"data:aaaaaaaa\n".repeat(LONGEST_EVENT / 8);
        assert_eq!(read(&[&lines]), Err(TooLong), "many short lines of one event are one long event");
        let comment = vec![b':'; LONGEST_EVENT + 1];
        assert_eq!(read(&[&comment]), Err(TooLong), "a comment without end may not fill memory either");
    }

    #[test]
    fn what_was_not_ended_can_be_asked_for() {
        for (stream, rest) in [
            ("data: [DONE]", Some("[DONE]")),
            ("data: [DONE]\n", Some("[DONE]")),
            ("data: x\n\n", None),
            (": c", None),
            ("", None),
        ] {
            let mut reader = Reader::default();
            reader.push(stream.as_bytes(), &mut Vec::new()).expect("short");
            assert_eq!(reader.unfinished().as_deref(), rest, "{stream:?}");
        }
    }
}
