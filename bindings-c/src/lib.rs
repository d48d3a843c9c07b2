//! The C library: opaque handles and status codes over the crate `streamgauge`.
//!
//! Every exported body parses its arguments, makes one call into the core and converts the result;
//! [`guard`] turns errors and panics into statuses. The header is generated from these files.
#![allow(non_camel_case_types)] // The names are those of the C header.

mod audience;
mod buf;
mod capture;
mod counter;
mod error;
mod guard;
mod handle;
mod packet;
mod quantile;
mod ring;
mod rtcp;
mod rtp;
mod run;
mod series;
mod sized;
mod status;
mod telemetry;
mod version;

pub use audience::*;
pub use buf::*;
pub use capture::*;
pub use counter::*;
pub use error::*;
pub use packet::*;
pub use quantile::*;
pub use ring::*;
pub use rtcp::*;
pub use rtp::*;
pub use run::*;
pub use series::*;
pub use status::*;
pub use telemetry::*;
pub use version::*;
