//! Which stream has an SSRC.

use super::Receiver;

/// A hash table of places in a list of streams. The key is looked up in the stream itself, which the
/// caller needs next anyway, so an entry is four bytes, and there are four places or more for each:
/// nine lookups in ten hit at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// 0: free; else the place of a stream, plus one.
    entries: Vec<u32>,
    len: usize,
    /// Odd and made of what a sender cannot know, so that nobody can choose SSRCs that collide.
    multiplier: u64,
    shift: u32,
}

const MIN_ENTRIES: usize = 16;

impl Index {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(super) fn find(&self, streams: &[Receiver], ssrc: u32) -> Option<u32> {
        let mut at = self.start(ssrc);
        loop {
            // Of a free entry this is no place either.
            let place = self.entries.get(at)?.wrapping_sub(1);
            if streams.get(place as usize)?.ssrc == ssrc {
                return Some(place);
            }
            at = (at + 1) & (self.entries.len() - 1);
        }
    }

    /// Adds a stream that is in `streams` and not yet in the index. `salt` is taken from the first.
    pub(super) fn insert(&mut self, streams: &[Receiver], place: u32, salt: u64) {
        if self.entries.is_empty() {
            self.multiplier = mixed(salt) | 1;
            self.grow(streams, MIN_ENTRIES);
        } else if self.len >= self.entries.len() / 4 {
            self.grow(streams, self.entries.len() * 2);
        }
        self.put(streams[place as usize].ssrc, place);
        self.len += 1;
    }

    pub(super) fn remove(&mut self, streams: &[Receiver], place: u32) {
        let mask = self.entries.len() - 1;
        let mut hole = self.start(streams[place as usize].ssrc);
        while self.entries[hole] != place + 1 {
            hole = (hole + 1) & mask;
        }
        // What comes after moves up, so that no lookup ends at the hole before it has reached it.
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(next) = self.entries[at].checked_sub(1) else { break };
            let start = self.start(streams[next as usize].ssrc);
            if at.wrapping_sub(start) & mask >= at.wrapping_sub(hole) & mask {
                self.entries[hole] = next + 1;
                hole = at;
            }
        }
        self.entries[hole] = 0;
        self.len -= 1;
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<u32>()
    }

    fn grow(&mut self, streams: &[Receiver], entries: usize) {
        let old = std::mem::replace(&mut self.entries, vec![0; entries]);
        self.shift = 64 - entries.trailing_zeros();
        for place in old.into_iter().filter_map(|entry| entry.checked_sub(1)) {
            self.put(streams[place as usize].ssrc, place);
        }
    }

    fn put(&mut self, ssrc: u32, place: u32) {
        let mut at = self.start(ssrc);
        while self.entries[at] != 0 {
            at = (at + 1) & (self.entries.len() - 1);
        }
        self.entries[at] = place + 1;
    }

    /// Where the search for an SSRC begins: the high bits of a product.
    #[inline]
    fn start(&self, ssrc: u32) -> usize {
        (u64::from(ssrc).wrapping_mul(self.multiplier) >> (self.shift & 63)) as usize
    }
}

/// Spreads few unknown bits over all (the finaliser of SplitMix64).
const fn mixed(salt: u64) -> u64 {
    let salt = salt.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let salt = (salt ^ (salt >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let salt = (salt ^ (salt >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    salt ^ (salt >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_inserted_and_not_removed() {
        // The last few SSRCs fall on the same place whatever the multiplier is not.
        let ssrc = |n: u32| if n < 900 { n.wrapping_mul(0x9e37_79b1) } else { n };
        let streams: Vec<Receiver> = (0..1000).map(|n| Receiver::new(ssrc(n), 0)).collect();
        let mut index = Index::default();
        assert_eq!(index.find(&streams, 0), None);
        for place in 0..1000 {
            index.insert(&streams, place, 77);
        }
        for gone in (0..1000).step_by(3) {
            index.remove(&streams, gone);
        }
        assert_eq!(index.len(), 666);
        for place in 0..1000 {
            let found = index.find(&streams, ssrc(place));
            assert_eq!(found, (place % 3 != 0).then_some(place), "{place}");
        }
        for place in (0..1000).filter(|place| place % 3 != 0) {
            index.remove(&streams, place);
        }
        assert!(index.entries.iter().all(|entry| *entry == 0));
    }

    #[test]
    fn ssrcs_on_one_place_are_told_apart() {
        let streams: Vec<Receiver> = (0..1 << 12).map(|n| Receiver::new(n << 20, 0)).collect();
        // With a multiplier of 1 all begin at the first place.
        let mut index = Index { multiplier: 1, ..Index::default() };
        index.grow(&streams, 1 << 15);
        for place in 0..500 {
            index.insert(&streams, place, 0);
        }
        assert_eq!(index.start(499 << 20), 0);
        (0..500).step_by(2).for_each(|place| index.remove(&streams, place));
        for place in 0..500 {
            assert_eq!(index.find(&streams, place << 20), (place % 2 == 1).then_some(place));
        }
    }
}
