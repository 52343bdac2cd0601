//! Dossier: an open, self-hosted server for KYB/KYC case intake.
//!
//! The rooms of this crate, from the bottom up:
//! - [`validation`]: pure; how a JSON body is read so that every fault is found at once.
//! - [`values`]: validated values, one per file; `parse` is their only constructor.
//! - [`custom_properties`], [`relations`], [`companies`], [`individuals`], [`cases`]: the features.

pub mod cases;
pub mod companies;
pub mod custom_properties;
pub mod individuals;
pub mod relations;
pub mod validation;
pub mod values;
