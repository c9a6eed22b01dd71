//! Parsers written in C, as far as they are needed here: one file for each library, with what is
//! unsafe inside and a safe function around it.

#![allow(unsafe_code)] // Foreign functions.

mod callbacks;
pub mod expat;
pub mod libxml2;
mod memory;
