//! Reading a stream whole and cut anywhere: bytes come as the network likes, and must say the same.

use crate::chat::StreamEvent;
use crate::failure::Failure;
use crate::wire::{StreamDecoder, Wire};

pub(in crate::wire) type Read = (Vec<StreamEvent>, Result<(), Failure>);

/// Reads a stream that comes in these pieces, to its end or its failure.
pub(in crate::wire) fn read<'a>(wire: Wire, parts: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut decoder = StreamDecoder::new(wire);
    let mut events = Vec::new();
    for part in parts {
        if let Err(failure) = decoder.push(part, &mut events) {
            return (events, Err(failure));
        }
    }
    let closed = decoder.close();
    (events, closed)
}

/// Reads the stream whole, cut in two at every byte, and byte by byte: all must say the same.
pub(in crate::wire) fn read_cut_everywhere(wire: Wire, stream: &[u8]) -> Read {
    let whole = read(wire, [stream]);
    for at in 0..=stream.len() {
        let (a, b) = stream.split_at(at);
        assert_eq!(read(wire, [a, b]), whole, "cut at byte {at}");
    }
    assert_eq!(read(wire, stream.chunks(1)), whole, "byte by byte");
    whole
}
