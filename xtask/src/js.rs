//! The npm package.
use crate::shell::Result;
use crate::stages::Outcome;
pub(crate) fn lint() -> Result<Outcome> {
    Ok(Outcome::default())
}
pub(crate) fn build() -> Result<Outcome> {
    Ok(Outcome::default())
}
pub(crate) fn test_node() -> Result<Outcome> {
    Ok(Outcome::default())
}
pub(crate) fn test_browser() -> Result<Outcome> {
    Ok(Outcome::default())
}
