//! Bytes on their way out: one buffer per transport, counted from its first byte.

use alloc::vec::Vec;

use zeroize::Zeroize;

use crate::ns;
use crate::sasl::Mechanism;
use crate::xml::{Element, ElementRef, Writer};

/// Bytes already written are cut off in front once this many have piled up.
const COMPACT_AT: usize = 4096;

/// An empty buffer that is larger than this is given back, down to this.
const KEPT: usize = 64 * 1024;

/// What is still to be written to the transport.
pub(crate) struct Outbox {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that are written already.
    done: usize,
    /// Bytes written since the transport was opened.
    written: u64,
    /// Whether the buffer holds, or held, a login: then it is wiped, not only emptied.
    secret: bool,
    writer: Writer,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        let writer = Writer::new(ns::CLIENT, true);
        Self { buffer: Vec::new(), done: 0, written: 0, secret: false, writer }
    }

    /// Forgets everything: a new transport.
    pub(crate) fn reset(&mut self) {
        self.clear();
        self.written = 0;
    }

    /// Appends a SASL element. Its data is kept nowhere else and wiped here once it is written.
    pub(crate) fn write_sasl(&mut self, name: &str, mechanism: Option<Mechanism>, base64: &str) {
        self.write_secret(name, ns::SASL, mechanism, base64);
    }

    /// Appends `<response/>` of SASL2 (XEP-0388 §2.5), as [`Outbox::write_sasl`] does.
    pub(crate) fn write_response(&mut self, base64: &str) {
        self.write_secret("response", ns::SASL2, None, base64);
    }

    /// Appends `<authenticate/>` (XEP-0388 §2.3), with the same care for the initial response. What
    /// is negotiated within the login follows it.
    pub(crate) fn write_authenticate(
        &mut self,
        mechanism: Mechanism,
        base64: Option<&str>,
        inline: &[Element],
    ) {
        self.buffer.reserve(base64.map_or(0, str::len) + 256);
        self.secret = true;
        let out = &mut self.buffer;
        for part in ["<authenticate xmlns='", ns::SASL2, "' mechanism='", mechanism.name(), "'>"] {
            out.extend_from_slice(part.as_bytes());
        }
        // XEP-0388 §2.2: an empty response is an empty element, none is no element.
        for part in
            base64.iter().flat_map(|text| ["<initial-response>", text, "</initial-response>"])
        {
            out.extend_from_slice(part.as_bytes());
        }
        crate::trace::sent_sasl("authenticate", Some(mechanism));
        for element in inline {
            self.write(element.as_ref());
        }
        self.buffer.extend_from_slice(b"</authenticate>");
    }

    fn write_secret(
        &mut self,
        name: &str,
        namespace: &str,
        mechanism: Option<Mechanism>,
        base64: &str,
    ) {
        // Growing a buffer leaves its old copy in memory, so a secret never makes it grow twice.
        self.buffer.reserve(base64.len() + 128);
        self.secret = true;
        let out = &mut self.buffer;
        out.push(b'<');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b" xmlns='");
        out.extend_from_slice(namespace.as_bytes());
        out.push(b'\'');
        if let Some(mechanism) = mechanism {
            out.extend_from_slice(b" mechanism='");
            out.extend_from_slice(mechanism.name().as_bytes());
            out.push(b'\'');
        }
        out.push(b'>');
        out.extend_from_slice(base64.as_bytes());
        out.extend_from_slice(b"</");
        out.extend_from_slice(name.as_bytes());
        out.push(b'>');
        crate::trace::sent_sasl(name, mechanism);
    }

    /// Appends an element in the context of the stream header.
    pub(crate) fn write(&mut self, element: ElementRef<'_>) {
        crate::trace::sent(element);
        self.writer.write(element, &mut self.buffer);
    }

    /// Appends raw bytes: headers and closing tags only.
    pub(crate) fn write_raw(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.buffer.len();
        write(&mut self.buffer);
        crate::trace::sent_raw(&self.buffer[from..]);
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.buffer[self.done..]
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len() - self.done
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes handed to this outbox since the transport was opened: the position behind the last.
    pub(crate) fn end(&self) -> u64 {
        self.written + self.len() as u64
    }

    /// Bytes written since the transport was opened.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// The transport took `n` bytes; more than there are count as all.
    pub(crate) fn consume(&mut self, n: usize) {
        let n = n.min(self.len());
        self.done += n;
        self.written += n as u64;
        if self.done == self.buffer.len() {
            self.clear();
        } else if !self.secret && self.done >= COMPACT_AT && self.done >= self.buffer.len() / 2 {
            self.buffer.drain(..self.done);
            self.done = 0;
        }
    }

    fn clear(&mut self) {
        if self.secret {
            self.buffer.zeroize();
            self.secret = false;
        }
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        self.done = 0;
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.clear();
    }
}
