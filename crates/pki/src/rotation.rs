//! Replacing a key in three stages, each of which can be taken back.
//!
//! ```text
//!            prepare              promote              retire
//! settled ───────────▶ prepared ───────────▶ promoted ───────────▶ settled
//!         ◀─────────── (new one ◀─────────── (new one ◀───────────
//!              back    is trusted)  back   issues)      back
//! ```
//!
//! Between the stages every control plane and node has to learn what is new: whoever checks has to trust a key before
//! anybody proves themselves by it, and nobody may prove themselves by it any longer when it is trusted no more.

use jiff::Timestamp;
use thiserror::Error;

use crate::keyset::{Item, ItemId, ItemState, Keyset};

/// Whether a stage is done or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It is done.
    Forward,
    /// It is taken back.
    Back,
}

/// Why a stage cannot be done or taken back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RotationError {
    /// A new one waits already.
    #[error("{0} is prepared already: promote it, or take the preparation back")]
    AlreadyPrepared(ItemId),
    /// The old one is still trusted.
    #[error("{0}, which was in use before, is still trusted: retire it first, or take the promotion back")]
    NotRetired(ItemId),
    /// Nothing waits.
    #[error("no new one is prepared")]
    NothingPrepared,
    /// Nothing was promoted, or it was long ago.
    #[error("no promotion can be taken back: none was made since the last preparation")]
    NothingPromoted,
    /// The old one was retired already.
    #[error("{0}, which was in use before, is retired: take that back first")]
    Retired(ItemId),
    /// There is nothing to retire.
    #[error("nothing is left to retire: only the one in use is trusted")]
    NothingToRetire,
    /// Nothing was retired, or it was long ago.
    #[error("no retirement can be taken back: none was made since the last preparation")]
    NothingRetired,
}

impl Keyset {
    /// The item that waits to become the primary one.
    #[must_use]
    pub fn prepared(&self) -> Option<&Item> {
        self.items.iter().find(|item| self.state(item) == ItemState::Prepared)
    }

    fn former(&self) -> Option<&Item> {
        self.former.and_then(|id| self.item(id))
    }

    /// Whether a new item may be prepared now.
    ///
    /// # Errors
    /// Why not.
    pub fn may_prepare(&self) -> Result<(), RotationError> {
        if let Some(waiting) = self.prepared() {
            return Err(RotationError::AlreadyPrepared(waiting.id));
        }
        match self.former().filter(|former| former.retired.is_none()) {
            Some(former) => Err(RotationError::NotRetired(former.id)),
            None => Ok(()),
        }
    }

    /// Adds a new item that is trusted, and not used yet.
    ///
    /// # Errors
    /// Another replacement is not at its end.
    pub fn prepare(&mut self, new: Item) -> Result<(), RotationError> {
        self.may_prepare()?;
        self.former = None;
        self.items.push(new);
        Ok(())
    }

    /// Takes the item out again that waits; returns its id, so that its private half can be removed too.
    ///
    /// # Errors
    /// Nothing waits.
    pub fn unprepare(&mut self) -> Result<ItemId, RotationError> {
        let id = match (self.prepared(), self.former()) {
            (Some(waiting), _) => waiting.id,
            (None, Some(former)) if former.retired.is_none() => return Err(RotationError::NotRetired(former.id)),
            (None, _) => return Err(RotationError::NothingPrepared),
        };
        self.items.retain(|item| item.id != id);
        Ok(id)
    }

    /// Makes the item primary that waits, or the former one again.
    ///
    /// # Errors
    /// Nothing waits, or nothing can be taken back.
    pub fn promote(&mut self, direction: Direction) -> Result<(), RotationError> {
        match direction {
            Direction::Forward => {
                let new = self.prepared().ok_or(RotationError::NothingPrepared)?.id;
                self.former = Some(std::mem::replace(&mut self.primary, new));
            }
            Direction::Back => {
                let former = self.former().ok_or(RotationError::NothingPromoted)?;
                if former.retired.is_some() {
                    return Err(RotationError::Retired(former.id));
                }
                self.primary = former.id;
                self.former = None;
            }
        }
        Ok(())
    }

    /// Trusts the former item no longer, or again.
    ///
    /// # Errors
    /// There is none.
    pub fn retire(&mut self, direction: Direction, now: Timestamp) -> Result<(), RotationError> {
        let forward = direction == Direction::Forward;
        let none = if forward { RotationError::NothingToRetire } else { RotationError::NothingRetired };
        let former = self.former;
        let item = self.items.iter_mut().find(|item| Some(item.id) == former && item.retired.is_none() == forward);
        item.ok_or(none)?.retired = forward.then_some(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyset::{Made, Purpose};
    use crate::testing::{now, random};
    use Direction::{Back, Forward};

    fn item() -> Item {
        Made::generate(Purpose::ServiceAccount, now(), &random()).unwrap().item
    }

    fn states(keyset: &Keyset) -> Vec<&'static str> {
        keyset.items.iter().map(|item| keyset.state(item).as_str()).collect()
    }

    #[test]
    fn the_whole_way_and_back() {
        let mut keyset = Keyset::new(Purpose::ServiceAccount, item());
        let settled = keyset.clone();
        keyset.prepare(item()).unwrap();
        let prepared = keyset.clone();
        assert_eq!(states(&keyset), ["primary", "prepared"]);
        keyset.promote(Forward).unwrap();
        let promoted = keyset.clone();
        assert_eq!(states(&keyset), ["former", "primary"]);
        assert_eq!(keyset.trusted()[0].id, keyset.primary);
        keyset.retire(Forward, now()).unwrap();
        assert_eq!(states(&keyset), ["retired", "primary"]);
        assert_eq!(keyset.trusted().len(), 1);

        keyset.retire(Back, now()).unwrap();
        assert_eq!(keyset, promoted);
        keyset.promote(Back).unwrap();
        assert_eq!(keyset, prepared);
        keyset.unprepare().unwrap();
        assert_eq!(keyset, settled);
    }

    #[test]
    fn no_stage_out_of_turn() {
        let mut keyset = Keyset::new(Purpose::ServiceAccount, item());
        let first = keyset.primary;
        assert_eq!(keyset.promote(Forward), Err(RotationError::NothingPrepared));
        assert_eq!(keyset.promote(Back), Err(RotationError::NothingPromoted));
        assert_eq!(keyset.retire(Forward, now()), Err(RotationError::NothingToRetire));
        assert_eq!(keyset.retire(Back, now()), Err(RotationError::NothingRetired));
        assert_eq!(keyset.unprepare(), Err(RotationError::NothingPrepared));
        keyset.prepare(item()).unwrap();
        let second = keyset.items[1].id;
        assert_eq!(keyset.prepare(item()), Err(RotationError::AlreadyPrepared(second)));
        assert_eq!(keyset.retire(Forward, now()), Err(RotationError::NothingToRetire));
        keyset.promote(Forward).unwrap();
        assert_eq!(keyset.promote(Forward), Err(RotationError::NothingPrepared));
        assert_eq!(keyset.prepare(item()), Err(RotationError::NotRetired(first)));
        assert_eq!(keyset.unprepare(), Err(RotationError::NotRetired(first)));
        keyset.retire(Forward, now()).unwrap();
        assert_eq!(keyset.retire(Forward, now()), Err(RotationError::NothingToRetire));
        assert_eq!(keyset.promote(Back), Err(RotationError::Retired(first)));
        // a second replacement ends what could be taken back of the first
        keyset.prepare(item()).unwrap();
        assert_eq!(keyset.retire(Back, now()), Err(RotationError::NothingRetired));
        assert_eq!(states(&keyset), ["retired", "primary", "prepared"]);
    }
}
