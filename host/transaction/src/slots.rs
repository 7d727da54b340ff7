//! Where transactions lie: places in pages, each with a count of how often it was taken.
//!
//! In: values. Out: [`Id`]s. Pages are never moved, so growing costs the same however many transactions
//! there are; a place that was left last is taken first, while it is still in the cache. Pages are kept once
//! made: the limits of the table bound them.

use std::num::NonZeroU32;

use crate::id::Id;

/// Places of a page.
const PAGE: usize = 256;
/// No place.
const NONE: u32 = u32::MAX;
/// Generations stay below this, so that an id needs 63 bits and leaves one to its user.
const GENERATIONS: u32 = 1 << 31;

struct Slot<T> {
    generation: NonZeroU32,
    next_free: u32,
    value: Option<T>,
}

/// Values by id.
pub(crate) struct Slots<T> {
    pages: Vec<Box<[Slot<T>]>>,
    free: u32,
    len: u32,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { pages: Vec::new(), free: NONE, len: 0 }
    }
}

impl<T> Slots<T> {
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn insert(&mut self, value: T) -> Id {
        if self.free == NONE {
            self.add_page();
        }
        let slot = self.free;
        let place = &mut self.pages[slot as usize / PAGE][slot as usize % PAGE];
        self.free = place.next_free;
        place.value = Some(value);
        self.len += 1;
        Id { slot, generation: place.generation }
    }

    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        self.place(id.slot).filter(|place| place.generation == id.generation)?.value.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.place_mut(id.slot).filter(|place| place.generation == id.generation)?.value.as_mut()
    }

    /// Whatever lies at a place now.
    pub(crate) fn at(&self, slot: u32) -> Option<&T> {
        self.place(slot)?.value.as_ref()
    }

    /// The id of whatever lies at a place now.
    pub(crate) fn id_at(&self, slot: u32) -> Option<Id> {
        let place = self.place(slot)?;
        place.value.as_ref().map(|_| Id { slot, generation: place.generation })
    }

    /// Takes the value out; its place stays empty until [`Slots::release`].
    pub(crate) fn retire(&mut self, id: Id) -> Option<T> {
        let place = self.place_mut(id.slot).filter(|place| place.generation == id.generation)?;
        let value = place.value.take()?;
        place.generation = after(place.generation);
        self.len -= 1;
        Some(value)
    }

    /// The place of a value that was retired may be taken again. To be said once.
    pub(crate) fn release(&mut self, id: Id) {
        let free = self.free;
        let retired =
            |place: &&mut Slot<T>| place.value.is_none() && place.generation == after(id.generation);
        if let Some(place) = self.place_mut(id.slot).filter(retired) {
            place.next_free = free;
            self.free = id.slot;
        }
    }

    fn place(&self, slot: u32) -> Option<&Slot<T>> {
        self.pages.get(slot as usize / PAGE)?.get(slot as usize % PAGE)
    }

    fn place_mut(&mut self, slot: u32) -> Option<&mut Slot<T>> {
        self.pages.get_mut(slot as usize / PAGE)?.get_mut(slot as usize % PAGE)
    }

    fn add_page(&mut self) {
        let first = (self.pages.len() * PAGE) as u32;
        let last = first + PAGE as u32 - 1;
        let empty = |slot| Slot {
            generation: NonZeroU32::MIN,
            next_free: if slot == last { NONE } else { slot + 1 },
            value: None,
        };
        self.pages.push((first..=last).map(empty).collect());
        self.free = first;
    }
}

fn after(generation: NonZeroU32) -> NonZeroU32 {
    NonZeroU32::new((generation.get() + 1) % GENERATIONS).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remove<T>(slots: &mut Slots<T>, id: Id) -> Option<T> {
        let value = slots.retire(id);
        slots.release(id);
        value
    }

    #[test]
    fn an_id_never_names_a_later_value() {
        let mut slots = Slots::default();
        let first = slots.insert("first");
        assert_eq!(remove(&mut slots, first), Some("first"));
        let second = slots.insert("second");
        assert_eq!(second.slot, first.slot);
        assert_eq!(slots.get(first), None);
        assert_eq!(remove(&mut slots, first), None);
        assert_eq!((slots.get(second), slots.len()), (Some(&"second"), 1));
        assert_eq!((slots.id_at(second.slot), slots.at(second.slot)), (Some(second), Some(&"second")));
        assert_eq!(slots.id_at(second.slot + 1), None);
        assert_eq!(slots.id_at(NONE), None);
    }

    #[test]
    fn a_retired_place_is_taken_again_only_when_it_is_released() {
        let mut slots = Slots::default();
        let first = slots.insert("first");
        assert_eq!((slots.retire(first), slots.retire(first)), (Some("first"), None));
        assert_eq!((slots.get(first), slots.at(first.slot), slots.len()), (None, None, 0));
        assert_ne!(slots.insert("second").slot, first.slot);
        slots.release(first);
        let third = slots.insert("third");
        assert_eq!(third.slot, first.slot);
        slots.release(first);
        assert_eq!(slots.get(third), Some(&"third"));
    }

    #[test]
    fn places_are_reused_over_pages() {
        let mut slots = Slots::default();
        let ids: Vec<Id> = (0..3 * PAGE).map(|value| slots.insert(value)).collect();
        for (value, id) in ids.iter().enumerate() {
            assert_eq!(slots.get_mut(*id), Some(&mut { value }));
        }
        for id in &ids {
            remove(&mut slots, *id);
        }
        let pages = slots.pages.len();
        for value in 0..3 * PAGE {
            slots.insert(value);
        }
        assert_eq!((slots.len(), slots.pages.len()), (3 * PAGE as u32, pages));
    }

    #[test]
    fn generations_start_again_before_the_last_bit() {
        let mut slots = Slots::default();
        let id = slots.insert(());
        slots.pages[0][id.slot as usize].generation = NonZeroU32::new(GENERATIONS - 1).unwrap();
        let id = slots.id_at(id.slot).unwrap();
        remove(&mut slots, id);
        assert_eq!(slots.insert(()).generation, NonZeroU32::MIN);
    }
}
