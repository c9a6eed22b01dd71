//! Reads a recorded XML stream from standard input and prints one line for each stanza: where it
//! stands, its size, its name and its namespace. On an error it prints what is wrong and at which
//! byte, and ends with exit code 1.
//!
//! ```sh
//! printf '%s' "<s xmlns='jabber:client'>" "<presence/> <message to='a@b'><body>hi" \
//!     "</body></message>" "<iq><oops></iq>" "</s>" | cargo run -p xmpp-proto --example parse
//! ```
//!
//! With `--tokens` it prints tags and text instead, each as it was written. With `--document` the
//! input is one XML document of any structure, and `--tokens` is implied:
//!
//! ```sh
//! printf '%s' "<?xml version='1.0'?><p>some <em>text</em></p>" |
//!     cargo run -p xmpp-proto --example parse -- --document
//! ```
//!
//! The recorded traffic of the benchmarks has no stream header, which is easily put before it:
//!
//! ```sh
//! { printf '%s' "<s xmlns='jabber:client'>"; gzip -dc benches/corpus/chat.gz; } |
//!     cargo run --release -p xmpp-proto --example parse | tail
//! ```

use std::env;
use std::error::Error;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;

use xmpp_proto::xml::{Item, Lexer, Limits, Parser};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = run(&mut out).and_then(|()| Ok(out.flush()?));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = out.flush();
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(out: &mut impl Write) -> Outcome {
    let (mut tokens, mut document) = (false, false);
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--tokens" => tokens = true,
            "--document" => document = true,
            other => return Err(format!("{other} is neither --tokens nor --document").into()),
        }
    }
    match (tokens, document) {
        (_, true) => print_tokens(Lexer::document(Limits::default()), out),
        (true, false) => print_tokens(Lexer::new(Limits::default()), out),
        (false, false) => print_stanzas(out),
    }
}

fn print_stanzas(out: &mut impl Write) -> Outcome {
    let mut parser = Parser::new(Limits::default());
    let mut ended = false;
    each_chunk(|chunk| {
        parser.push(chunk);
        ended |= print_items(&mut parser, out)?;
        Ok(())
    })?;
    // No more will come: a fault in the last few bytes is to be told too.
    parser.flush();
    ended |= print_items(&mut parser, out)?;
    report_end(ended, parser.unread());
    Ok(())
}

/// Prints what is complete. True if the stream has ended.
fn print_items(parser: &mut Parser, out: &mut impl Write) -> Result<bool, Box<dyn Error>> {
    let mut ended = false;
    while let Some(item) = parser.next()? {
        // An item borrows from the parser, so its line is made before the parser is asked where
        // it stands.
        let what = match item {
            Item::Header(header) => {
                let root = header.element();
                format!("header {} of {:?}", root.name(), root.ns())
            }
            Item::Element(stanza) => format!("stanza {} of {:?}", stanza.name(), stanza.ns()),
            Item::End => {
                ended = true;
                "end".to_owned()
            }
        };
        let span = parser.span();
        writeln!(out, "{:>10} {:>8} bytes  {what}", span.start, span.end - span.start)?;
    }
    Ok(ended)
}

fn print_tokens(mut lexer: Lexer, out: &mut impl Write) -> Outcome {
    let mut ended = false;
    each_chunk(|chunk| {
        lexer.push(chunk);
        while let Some(token) = lexer.next()? {
            let what = format!("{token:?}");
            ended = lexer.depth() == 0;
            writeln!(out, "{:>10}  {what}", lexer.span().start)?;
        }
        Ok(())
    })?;
    report_end(ended, lexer.unread());
    Ok(())
}

/// A recording may end anywhere; that is worth a word, but no error.
fn report_end(ended: bool, unread: usize) {
    if !ended {
        eprintln!(
            "the input ends within the root element, with {unread} bytes that make no whole line"
        );
    }
}

/// Standard input in chunks that end anywhere.
fn each_chunk(mut f: impl FnMut(&[u8]) -> Outcome) -> Outcome {
    let mut buffer = [0; 4096];
    let mut input = io::stdin().lock();
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(()),
            n => f(&buffer[..n])?,
        }
    }
}
