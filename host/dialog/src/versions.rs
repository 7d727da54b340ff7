//! How many dialogs are pinned to each version of a plugin.
//!
//! In: versions that are pinned and released. Out: counts; at 0 nobody holds a version any more. Few versions live
//! at a time, so that a short list does. Loading and dropping versions is `strowger-plugin`'s.

/// Version and count.
#[derive(Debug, Default)]
pub(crate) struct Versions(Vec<(u32, u32)>);

impl Versions {
    pub(crate) fn pin(&mut self, version: u32) {
        match self.0.iter_mut().find(|(known, _)| *known == version) {
            Some((_, count)) => *count += 1,
            None => self.0.push((version, 1)),
        }
    }

    pub(crate) fn release(&mut self, version: u32) {
        let Some(place) = self.0.iter().position(|(known, _)| *known == version) else { return };
        self.0[place].1 -= 1;
        if self.0[place].1 == 0 {
            self.0.swap_remove(place);
        }
    }

    pub(crate) fn count(&self, version: u32) -> usize {
        self.0.iter().find(|(known, _)| *known == version).map_or(0, |(_, count)| *count as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_nobody_holds_is_gone() {
        let mut versions = Versions::default();
        versions.pin(7);
        versions.pin(7);
        versions.pin(8);
        versions.release(7);
        versions.release(9);
        assert_eq!((versions.count(7), versions.count(8), versions.count(9)), (1, 1, 0));
        versions.release(7);
        assert_eq!((versions.count(7), versions.0.len()), (0, 1));
    }
}
