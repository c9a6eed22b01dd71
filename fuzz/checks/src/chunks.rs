//! However a stream is cut into chunks, the parser gives out the same items and the same error at
//! the same offset, keeps within its limits and does not panic.
//!
//! The choices behind the last NUL are limits, what the caller does behind the first items and
//! errors (nothing, restart, reset), and the lengths of the chunks.

use xmpp_proto::xml::{Element, Error, Item, Limits, Parser};

use crate::choices::{self, Choices};
use crate::meaning::is_space;

/// How many items and errors the caller may act upon: more would cost time and find no more.
const ACTIONS: usize = 12;

/// How many bytes of small chunks the parser may hold back.
const HELD_BACK: usize = 1024 + 512;

/// The check of this module.
///
/// # Panics
/// If the parser's answers depend on the chunks, or it keeps more than its limits allow.
pub fn check(data: &[u8]) {
    let (stream, mut choices) = choices::split(data);
    let limits = limits(&mut choices);
    let actions: Vec<Action> = (0..choices.below(ACTIONS)).map(|_| action(&mut choices)).collect();
    let lengths = lengths(choices);

    let whole = Run::new(stream, limits, &actions, &[stream.len().max(1)]).log();
    let bytes = Run::new(stream, limits, &actions, &[1]).log();
    assert_eq!(bytes, whole, "chunks of one byte: {}", stream.escape_ascii());
    let chunks = Run::new(stream, limits, &actions, &lengths).log();
    assert_eq!(chunks, whole, "chunks of {lengths:?} bytes: {}", stream.escape_ascii());
}

/// What the caller does behind an item or an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Nothing,
    /// Begins a new stream on the same transport.
    Restart,
    /// Begins a new stream on a new transport, which brings all that is unread once more.
    Reset,
    /// Gives memory back. Where this happens depends on the chunks.
    Shrink,
}

/// What the parser gave out, and the position behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Record {
    Header { element: Element, prefix: String, content_namespace: Option<String>, end: u64 },
    Element { element: Element, end: u64 },
    End { end: u64 },
    Error(Error),
}

/// A parser that gets a stream in chunks.
struct Run<'a> {
    parser: Parser,
    limits: Limits,
    /// What the current transport brings, and how much of it was pushed.
    stream: &'a [u8],
    pushed: usize,
    /// How much had been pushed before the last chunk.
    pushed_before: usize,
    actions: &'a [Action],
    lengths: core::iter::Cycle<core::slice::Iter<'a, usize>>,
    log: Vec<Record>,
}

impl<'a> Run<'a> {
    fn new(stream: &'a [u8], limits: Limits, actions: &'a [Action], lengths: &'a [usize]) -> Self {
        let (parser, lengths) = (Parser::new(limits), lengths.iter().cycle());
        Self {
            parser,
            limits,
            stream,
            pushed: 0,
            pushed_before: 0,
            actions,
            lengths,
            log: Vec::new(),
        }
    }

    /// All that the parser gives out, up to the end of the stream or an error that stays.
    fn log(mut self) -> Vec<Record> {
        let mut flushed = false;
        loop {
            while let Some(record) = next(&mut self.parser) {
                let failed = matches!(record, Record::Error(_));
                if failed {
                    assert_eq!(next(&mut self.parser).as_ref(), Some(&record), "errors stay");
                }
                self.log.push(record);
                self.check_position();
                self.check_delay();
                let action = self.actions.get(self.log.len() - 1).copied();
                self.act(action.unwrap_or(Action::Nothing));
                if failed && !matches!(action, Some(Action::Restart | Action::Reset)) {
                    return self.log;
                }
            }
            self.check_position();
            self.check_memory();
            let rest = &self.stream[self.pushed..];
            if rest.is_empty() {
                if flushed {
                    return self.log;
                }
                // Small chunks may have been held back with a fault in them.
                self.parser.flush();
                flushed = true;
                continue;
            }
            flushed = false;
            let length = self.lengths.next().map_or(1, |&length| length.clamp(1, rest.len()));
            self.parser.push(&rest[..length]);
            self.pushed_before = self.pushed;
            self.pushed += length;
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Nothing => {}
            Action::Restart => self.parser.restart(),
            Action::Reset => {
                self.stream = &self.stream[self.position()..];
                (self.pushed, self.pushed_before) = (0, 0);
                self.parser.reset();
            }
            Action::Shrink => self.parser.shrink(),
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.parser.position()).expect("a stream in memory")
    }

    fn check_position(&self) {
        assert_eq!(self.position() + self.parser.unread(), self.pushed, "bytes are counted");
    }

    /// An item comes with the chunk that completes it. Where a new stream has begun behind an error,
    /// that may have been long ago.
    fn check_delay(&self) {
        let failed = self.log.iter().any(|record| matches!(record, Record::Error(_)));
        assert!(failed || self.position() > self.pushed_before, "delayed: {:?}", self.log);
    }

    /// A parser that asks for more has kept no more than one header or stanza, and the beginning
    /// of one character, and what it holds back of small chunks. White space outside of stanzas is
    /// counted as unread, but not kept.
    fn check_memory(&self) {
        let most = self.limits.stanza_bytes.max(2 * self.limits.header_bytes) + 3 + HELD_BACK;
        let unread = &self.stream[self.position()..self.pushed];
        if unread.len() > most {
            let kept = unread.iter().filter(|&&byte| !is_space(byte)).count();
            assert!(kept <= most, "{kept} bytes kept: {}", self.stream.escape_ascii());
        }
    }
}

fn next(parser: &mut Parser) -> Option<Record> {
    let record = match parser.next() {
        Ok(None) => return None,
        Ok(Some(Item::Header(header))) => Record::Header {
            element: header.element().to_element(),
            prefix: header.prefix().to_owned(),
            content_namespace: header.content_namespace().map(str::to_owned),
            end: 0,
        },
        Ok(Some(Item::Element(element))) => {
            Record::Element { element: element.to_element(), end: 0 }
        }
        Ok(Some(Item::End)) => Record::End { end: 0 },
        Err(error) => Record::Error(error),
    };
    Some(record.ending_at(parser.position()))
}

impl Record {
    fn ending_at(mut self, position: u64) -> Self {
        match &mut self {
            Self::Header { end, .. } | Self::Element { end, .. } | Self::End { end } => {
                *end = position;
            }
            Self::Error(_) => {}
        }
        self
    }
}

fn action(choices: &mut Choices<'_>) -> Action {
    const ACTIONS: [Action; 4] = [Action::Nothing, Action::Restart, Action::Reset, Action::Shrink];
    ACTIONS[choices.below(ACTIONS.len())]
}

/// Limits of which some are so tight that small inputs meet them.
pub(crate) fn limits(choices: &mut Choices<'_>) -> Limits {
    let tight = choices.byte();
    let mut limits = Limits::default();
    if tight & 1 != 0 {
        limits.stanza_bytes = usize::from(choices.byte());
    }
    if tight & 2 != 0 {
        limits.header_bytes = usize::from(choices.byte());
    }
    if tight & 4 != 0 {
        limits.depth = choices.below(6);
    }
    if tight & 8 != 0 {
        limits.attributes = choices.below(8);
    }
    if tight & 16 != 0 {
        limits.name_bytes = choices.below(20);
    }
    if tight & 32 != 0 {
        limits.namespaces = choices.below(5);
    }
    if tight & 64 != 0 {
        limits.foreign_namespaces = choices.below(3);
    }
    limits
}

/// The lengths of the chunks, which repeat. Those at which the parser's blocks end are likely.
pub(crate) fn lengths(choices: Choices<'_>) -> Vec<usize> {
    let length = |&byte: &u8| match usize::from(byte) {
        byte @ 0..=127 => 1 + byte,
        byte => (byte - 127) * 64,
    };
    let lengths: Vec<usize> = choices.rest().iter().map(length).collect();
    if lengths.is_empty() { vec![64] } else { lengths }
}
