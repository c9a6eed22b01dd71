//! The lexer gives out what the parser does, in smaller pieces.

extern crate std;

use core::cmp::Ordering;

use proptest::prelude::*;

use super::generate::{Dice, damage, stream};
use super::oracle::{choices, cuts};
use super::*;
use crate::xml::builder::ElementBuilder;

/// A token in owned form, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    token: Kind,
    raw: String,
    span: Range<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Start { name: [String; 3], attrs: Vec<[String; 3]>, depth: usize },
    Text(String),
    End { name: [String; 2], depth: usize },
}

fn own(token: Token<'_>) -> Kind {
    match token {
        Token::Start(tag) => {
            let name = [tag.prefix(), tag.name(), tag.ns()].map(String::from);
            assert!(tag.is(&name[1], &name[2]));
            let attrs = tag.attrs().map(|attr| {
                assert_eq!(tag.attr_ns(attr.name(), attr.ns()), Some(attr.value()));
                [attr.ns().into(), attr.name().into(), attr.value().into()]
            });
            Kind::Start { name, attrs: attrs.collect(), depth: tag.depth() }
        }
        Token::Text(text) => {
            assert_eq!(text.value(), text.to_string());
            Kind::Text(text.to_string())
        }
        Token::End(tag) => {
            Kind::End { name: [tag.prefix(), tag.name()].map(String::from), depth: tag.depth() }
        }
    }
}

/// All tokens up to the error, if any.
fn lex(
    mut lexer: Lexer,
    mut rest: &[u8],
    mut cuts: impl FnMut() -> usize,
) -> (Vec<Owned>, Option<Error>) {
    let mut tokens: Vec<Owned> = Vec::new();
    loop {
        loop {
            match lexer.next() {
                Ok(Some(token)) => {
                    let (raw, token) = (token.raw().to_string(), own(token));
                    let (span, depth) = (lexer.span(), lexer.depth());
                    assert_eq!(span.end, lexer.position());
                    match token {
                        Kind::Start { depth: outer, .. } => assert_eq!(depth, outer + 1),
                        Kind::End { depth: outer, .. } => assert_eq!(depth, outer),
                        Kind::Text(_) => {}
                    }
                    tokens.push(Owned { token, raw, span });
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(lexer.next().unwrap_err(), error, "errors are latched");
                    return (tokens, Some(error));
                }
            }
        }
        if rest.is_empty() {
            return (tokens, None);
        }
        let (chunk, after) = rest.split_at(cuts().clamp(1, rest.len()));
        lexer.push(chunk);
        rest = after;
    }
}

/// The elements that the tokens make: the children of the root, or a whole document.
fn build(tokens: &[Owned], level: usize) -> Vec<super::Owned> {
    let mut items = Vec::new();
    let mut builder: Option<ElementBuilder> = None;
    let mut names = Vec::new();
    for Owned { token, .. } in tokens {
        match token {
            Kind::Start { name: [prefix, name, ns], attrs, depth } => {
                assert_eq!(*depth, names.len());
                names.push([prefix.clone(), name.clone()]);
                match &mut builder {
                    Some(builder) => builder.open(name, ns),
                    None => builder = Some(Element::builder(name, ns)),
                }
                let open = builder.as_mut().expect("set above");
                for [ns, name, value] in attrs {
                    open.set_attr(name, ns, value);
                }
                if *depth < level {
                    let header = builder.take().expect("open").build().expect("legal");
                    items.push(super::Owned::Header(header, prefix.clone(), None));
                }
            }
            Kind::Text(text) => builder.as_mut().expect("within a stanza").push_text(text),
            Kind::End { name, depth } => {
                assert_eq!((Some(name), *depth), (names.pop().as_ref(), names.len()));
                match depth.cmp(&level) {
                    Ordering::Less => items.push(super::Owned::End),
                    Ordering::Greater => builder.as_mut().expect("open").close(),
                    Ordering::Equal => {
                        let element = builder.take().expect("open").build().expect("legal");
                        items.push(super::Owned::Element(element));
                    }
                }
            }
        }
    }
    items
}

/// Tokens stand where they say, and nothing else stands between them.
fn nothing_is_lost(input: &[u8], tokens: &[Owned]) {
    let mut at = 0;
    for Owned { token, raw, span } in tokens {
        let (start, end) =
            (usize::try_from(span.start).unwrap(), usize::try_from(span.end).unwrap());
        assert_eq!(&input[start..end], raw.as_bytes());
        let between = core::str::from_utf8(&input[at..start]).unwrap();
        let prolog = at == 0 && between.trim_start_matches('\u{FEFF}').starts_with("<?xml");
        let void = between.replace("<![CDATA[]]>", "");
        assert!(prolog || void.trim_start_matches('\u{FEFF}').trim().is_empty(), "{between:?}");
        if let Kind::Text(_) = token {
            assert!(!raw.is_empty());
        }
        at = end;
    }
}

/// That a lexer says of this input what a parser says.
pub(super) fn agrees(
    limits: Limits,
    input: &[u8],
    parsed: &(Vec<super::Owned>, Option<Error>),
    cuts: impl FnMut() -> usize,
) {
    let text = input.escape_ascii();
    let (tokens, error) = lex(Lexer::new(limits), input, cuts);
    assert_eq!(error, parsed.1, "{text}");
    nothing_is_lost(input, &tokens);
    let items = parsed.0.iter().cloned().map(|item| match item {
        super::Owned::Header(element, prefix, _) => super::Owned::Header(element, prefix, None),
        other => other,
    });
    assert_eq!(build(&tokens, 1), items.collect::<Vec<_>>(), "{text}");
}

fn tokens(input: &str) -> Vec<String> {
    let (tokens, error) = lex(Lexer::document(Limits::default()), input.as_bytes(), || 1);
    assert_eq!(error, None, "{input}");
    tokens.into_iter().map(|token| std::format!("{:?}", token.token)).collect()
}

#[test]
fn every_cut_gives_the_same_tokens() {
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for (input, _) in accepted::STANZAS {
        inputs.push(format!("<s xmlns:stream='s' xmlns='d'>{input} </s>").into_bytes());
    }
    for (input, ..) in refused::STANZAS {
        inputs.push([b"<s xmlns:stream='s' xmlns='d'>", *input, b" </s>"].concat());
    }
    for (input, ..) in refused::HEADERS {
        inputs.push(input.to_vec());
    }
    for limit in [8, 1000] {
        let limits = Limits::default().with_stanza_bytes(limit);
        for input in &inputs {
            let parsed = run(limits, input);
            let whole = lex(Lexer::new(limits), input, || usize::MAX);
            for cut in 1..input.len() {
                let mut sizes = [cut].into_iter();
                let halves = lex(Lexer::new(limits), input, || sizes.next().unwrap_or(usize::MAX));
                assert_eq!(halves, whole, "{cut}: {}", input.escape_ascii());
            }
            assert_eq!(whole.1, parsed.1);
        }
    }
}

/// Which tokens come before a limit is met does not depend on how much is at hand.
#[test]
fn every_limit_is_met_behind_the_same_token() {
    let stanzas = ["<a>text<b/>", "<a>x&amp;y</a>", "<a>x<![CDATA[y]]></a>", "<a>x<!--", "<a>x<?"];
    for stanza in stanzas {
        let input = format!("<s>{stanza}<c d='1' d='2'/></s>");
        for limit in 0..input.len() {
            let limits = Limits::default().with_stanza_bytes(limit);
            let whole = lex(Lexer::new(limits), input.as_bytes(), || usize::MAX);
            assert_eq!(lex(Lexer::new(limits), input.as_bytes(), || 1), whole, "{limit}: {input}");
            assert_eq!(lex(Lexer::new(limits), input.as_bytes(), || 2), whole, "{limit}: {input}");
        }
    }
}

#[test]
fn tokens_come_before_their_stanza_is_complete() {
    let mut lexer = Lexer::new(Limits::default());
    lexer.push(b"<s><a>text</a><b/><c d='1");
    let mut seen = String::new();
    while let Ok(Some(token)) = lexer.next() {
        seen += token.raw();
        seen += "|";
    }
    assert_eq!(seen, "<s>|<a>|text|</a>|<b/>||");
    assert_eq!(lexer.unread(), "<c d='1".len());
}

/// Each tag numbers the namespaces that it uses, wherever their names stand.
#[test]
fn namespaces_of_one_tag() {
    let (tokens, error) = lex(
        Lexer::new(Limits::default()),
        b"<s xmlns='urn:d' xmlns:h='urn:&amp;h'><a xmlns:p='urn:p' xmlns:q='urn:&#113;'>\
          <b/><p:c q:d='1' h:e='2' p:f='3' q:g='4' i='5' xml:lang='en'/><h:j xmlns='urn:j' \
          p:k=''><l/></h:j></a><q/></s>",
        || 3,
    );
    assert_eq!(error, None);
    let names: Vec<String> = tokens
        .into_iter()
        .filter_map(|token| match token.token {
            Kind::Start { name, attrs, .. } => {
                let attrs: Vec<String> =
                    attrs.iter().map(|[ns, name, _]| format!("{{{ns}}}{name}")).collect();
                Some(format!("{{{}}}{} {}", name[2], name[1], attrs.join(" ")))
            }
            _ => None,
        })
        .collect();
    let expected = [
        "{urn:d}s ",
        "{urn:d}a ",
        "{urn:d}b ",
        "{urn:p}c {urn:q}d {urn:&h}e {urn:p}f {urn:q}g {}i {http://www.w3.org/XML/1998/namespace}lang",
        "{urn:&h}j {urn:p}k",
        "{urn:j}l ",
        "{urn:d}q ",
    ];
    assert_eq!(names, expected);
}

#[test]
fn documents_may_have_text_in_the_root() {
    let expected = [
        "Start { name: [\"\", \"a\", \"\"], attrs: [[\"\", \"k\", \"&\"]], depth: 0 }",
        "Text(\"1<2\")",
        "Start { name: [\"\", \"b\", \"\"], attrs: [], depth: 1 }",
        "End { name: [\"\", \"b\"], depth: 1 }",
        "Text(\"\\n\")",
        "End { name: [\"\", \"a\"], depth: 0 }",
    ];
    for start in ["", "\u{FEFF}", "<?xml version='1.0'?>\n", "\u{FEFF}<?xml version='1.0'?>", " "] {
        let input = format!("{start}<a k='&amp;'>1&lt;<![CDATA[2]]><b/>\r\n</a>\n");
        assert_eq!(tokens(&input), expected);
    }
}

#[test]
fn documents_are_judged_as_elements_are() {
    use super::Owned::Element as Item;
    let inputs = [
        "",
        " ",
        "<a>",
        "<a",
        "<a/>",
        "<a/> ",
        "<a/><b/>",
        "<a/>x",
        "<a></b>",
        "<a>x</a>",
        "<p:a/>",
        "\u{FEFF}\u{FEFF}<a/>",
        "<!DOCTYPE a><a/>",
        "<p:a xmlns:p='p'><p:b p:c=''/></p:a>",
    ];
    for input in inputs {
        for size in CHUNKS {
            let lexer = Lexer::document(Limits::default());
            let (tokens, error) = lex(lexer, input.as_bytes(), || size);
            let items = build(&tokens, 0);
            match input.parse::<Element>() {
                Ok(element) => assert_eq!((items, error), ([Item(element)].to_vec(), None)),
                // Who parses a string knows where it ends, a lexer does not.
                Err(e) if e.kind() == ErrorKind::UnexpectedEnd => {
                    assert_eq!((items.len(), error), (0, None), "{input}");
                }
                Err(e) => assert_eq!(error, Some(e), "{input}"),
            }
        }
    }
}

/// The end of an empty-element tag is a token of its own, whatever happens before it is asked for.
#[test]
fn the_end_of_an_empty_element_keeps_its_name() {
    for root in [true, false] {
        let mut lexer = Lexer::new(Limits::default());
        if !root {
            lexer.push(b"<s xmlns:p='p'>");
            assert!(matches!(lexer.next(), Ok(Some(Token::Start(_)))));
        }
        lexer.push(b"<p:abc\txmlns:p='q'/> ");
        let Ok(Some(Token::Start(tag))) = lexer.next() else { panic!("a start tag") };
        assert_eq!((tag.ns(), tag.depth()), ("q", usize::from(!root)));
        lexer.shrink();
        lexer.push(b"\n");
        lexer.shrink();
        lexer.push(&[b' '; 1000]);
        assert_eq!(lexer.depth(), 1 + usize::from(!root));
        let Ok(Some(Token::End(tag))) = lexer.next() else { panic!("an end tag") };
        assert_eq!((tag.prefix(), tag.name(), tag.raw()), ("p", "abc", ""));
        assert_eq!(tag.depth(), usize::from(!root));
        assert!(lexer.span().is_empty());
        assert_eq!(lexer.unread(), 1002);
    }
}

/// A restart counts from the last token, be it within a stanza or not.
#[test]
fn restart_goes_on_behind_the_last_token() {
    let old = "<s><a><b>text</b></a> ";
    let new = "<?xml version='1.0'?><t xmlns='u'><c/>";
    let stream = format!("{old}{new}");
    let count = 7;
    for taken in 1..=count {
        for looks in 0..2 {
            let mut lexer = Lexer::new(Limits::default());
            lexer.push(old.as_bytes());
            for _ in 0..taken {
                lexer.next().unwrap();
            }
            for _ in 0..looks {
                if taken == count {
                    assert!(matches!(lexer.next(), Ok(None)));
                }
            }
            let unread = lexer.unread();
            assert_eq!(lexer.position() + unread as u64, old.len() as u64);
            lexer.restart();
            assert_eq!((lexer.unread(), lexer.depth()), (unread, 0));
            lexer.push(new.as_bytes());
            // What was left of the old stream is now the beginning of the new one.
            let rest = &stream[old.len() - unread..];
            let (expected, error) = lex(Lexer::new(Limits::default()), rest.as_bytes(), || 9);
            for owned in expected {
                let token = lexer.next().unwrap().expect("the same tokens");
                assert_eq!(own(token), owned.token, "{rest}");
            }
            let shifted = |e: Error| Error::new(e.kind(), e.offset() + (old.len() - unread) as u64);
            assert_eq!(lexer.next().map(|_| ()).err(), error.map(shifted), "{rest}");
        }
    }
}

#[test]
fn reset_forgets_everything() {
    let inputs = ["<s:s xmlns:s='s'><a/><b", "<s>\u{1}", "x", "<s/>", "<s></s>", "<s><a>x"];
    for (index, input) in inputs.iter().enumerate() {
        for document in [false, true] {
            let limits = Limits::default();
            let mut lexer = if document { Lexer::document(limits) } else { Lexer::new(limits) };
            lexer.push(input.as_bytes());
            for _ in 0..index {
                let _ = lexer.next();
            }
            lexer.reset();
            assert_eq!((lexer.unread(), lexer.span(), lexer.depth()), (0, 0..0, 0));
            if document {
                lexer.push("\u{FEFF}".as_bytes());
            }
            lexer.push(b"<?xml version='1.0'?><s>");
            let Ok(Some(Token::Start(tag))) = lexer.next() else { panic!("{input}") };
            assert_eq!((tag.name(), tag.ns(), tag.depth()), ("s", "", 0));
        }
    }
}

/// What is bounded for the parser is for the lexer: only the stanza is kept.
#[test]
fn memory_is_bounded() {
    let mut lexer = Lexer::new(Limits::default().with_stanza_bytes(1000));
    lexer.push(b"<s>");
    for _ in 0..1000 {
        lexer.push(b"<a b='c'><d/>text</a> <a><b>");
        while let Ok(Some(_)) = lexer.next() {}
        assert!(lexer.reader.input.len() < 400);
        lexer.push(b"</b></a>");
        while let Ok(Some(_)) = lexer.next() {}
    }
    assert_eq!(lexer.depth(), 1);
    lexer.push(b"<a>");
    let mut error = None;
    for _ in 0..1000 {
        lexer.push(b"<b/>");
        while let Ok(Some(_)) = lexer.next() {}
        error = lexer.next().map(|_| ()).err();
        assert!(lexer.reader.input.len() < 2000);
    }
    assert_eq!(error.map(|e| e.kind()), Some(ErrorKind::StanzaTooLong));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..Default::default() })]

    /// Whatever the input, its cuts and the limits.
    #[test]
    fn a_lexer_agrees_with_a_parser(
        choices in choices(),
        hits in any::<[u8; 24]>(),
        damaged in any::<bool>(),
        limits in prop::option::of(any::<[u8; 4]>()),
        splits in prop::collection::vec(any::<u8>(), 32),
    ) {
        let mut input = stream(&mut Dice::new(&choices)).into_bytes();
        if damaged {
            damage(&mut Dice::new(&hits), &mut input);
        }
        let limits = limits.map_or_else(Limits::default, oracle::tight);
        let parsed = run_with(limits, &input, || usize::MAX);
        agrees(limits, &input, &parsed, || usize::MAX);
        agrees(limits, &input, &parsed, cuts(&mut Dice::new(&splits)));
        agrees(limits, &input, &parsed, || 1);
        let whole = lex(Lexer::new(limits), &input, || usize::MAX);
        prop_assert_eq!(&lex(Lexer::new(limits), &input, || 1), &whole);
        let cut = lex(Lexer::new(limits), &input, cuts(&mut Dice::new(&splits)));
        prop_assert_eq!(&cut, &whole);
    }

    #[test]
    fn any_bytes(input in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..70) {
        let parsed = run_with(Limits::default(), &input, || usize::MAX);
        agrees(Limits::default(), &input, &parsed, || size);
    }
}
