//! The views of plans: what a reviewer sees of an edit, what fits into a comment, what no view shows.

#[cfg(test)]
mod common;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod secrets;
