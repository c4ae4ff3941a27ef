//! The page of a comparison: error over depth, the finding, values, memory and graph, in one file that needs nothing else.

use crate::compare::{Report, Segments};
use crate::diagnostic::Result;
use crate::plan::{Placement, Plan};

/// The build whose memory and graph are shown.
pub struct Build<'a> {
    pub label: String,
    pub plan: &'a Plan,
    pub place: Placement,
    pub segments: Option<&'a Segments<'a>>,
}

pub fn page(_report: &Report, _build: Option<&Build>) -> Result<String> {
    Ok(String::new())
}
