//! All tests that need no program of their own, as one program: it is compiled
//! and linked once.

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod autosave;
mod codec;
mod codec_model;
mod coming_back;
mod completing;
mod contending;
mod document_model;
mod documents;
mod dropping;
mod ending;
mod entering;
mod error_texts;
mod exactly_once_misuse;
mod first_loads;
mod giving_up;
mod hooks;
mod invariants;
mod keeping;
mod late_acquisition;
mod layers;
mod lifetimes;
mod loading;
mod mail;
mod monitoring;
mod once;
mod operating;
mod orphans;
mod outages;
mod recovering;
mod runtimes;
mod saving;
mod settings;
mod settings_model;
mod settings_sample;
mod shutdown;
mod slot_revision;
mod starting;
mod trades;
mod transfers;
mod typed;
mod unsavable;
mod unsaved;
mod versions;
