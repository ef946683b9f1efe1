//! Where the spaces and line feeds of a log stand: 64 bytes are looked at together.

use fearless_simd::{Level, Simd, SimdBase, SimdMask, SimdWiden, mask8x64, u8x64, u32x16};

use super::{PLACES, place};

/// Bytes that are looked at together, as many as a mask has bits.
const BLOCK: usize = 64;
/// Bytes that are looked at before their lines are handed out.
pub(super) const WINDOW: usize = 2048;
/// Places that are noted together.
const FEW: usize = 12;
/// Line feeds that are.
const FEW_FEEDS: usize = 1;
/// Places that are written together where the processor packs them.
const PACKED: usize = 16;
/// Room for the places of a block, and a few more.
const ROOM: usize = BLOCK + FEW;
/// The places in a block.
const EACH: [u8; BLOCK] = {
    let mut each = [0; BLOCK];
    let mut at = 0;
    while at < each.len() {
        each[at] = at.to_le_bytes()[0];
        at += 1;
    }
    each
};

/// Where the spaces and line feeds of some text stand. Whoever reads a log keeps one: it is written over, not made anew.
#[derive(Debug, Clone)]
pub struct Index {
    /// What the processor can do.
    pub(super) level: Level,
    /// The places, as many as are counted; what comes after them is nothing.
    pub(super) places: Vec<u32>,
    pub(super) count: usize,
    /// Which of them are line feeds, as many as are counted, and how many of these have been passed.
    pub(super) feeds: Vec<u32>,
    pub(super) fed: usize,
    pub(super) passed: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { level: Level::new(), places: Vec::new(), count: 0, feeds: Vec::new(), fed: 0, passed: 0 }
    }
}

impl Index {
    /// Nothing is known but that a line begins at the beginning.
    pub(super) fn begin(&mut self) {
        self.places.clear();
        self.places.push(u32::MAX);
        (self.count, self.fed, self.passed) = (1, 0, 0);
    }

    /// Forgets the lines that have been passed: the next one begins after a place that becomes the first.
    pub(super) fn forget(&mut self, place: usize) {
        self.places.copy_within(place..self.count, 0);
        self.count -= place;
        (self.fed, self.passed) = (0, 0);
    }

    /// Notes the places in a window that begins at `begin`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is compiled for each kind of processor, in the function that tells them apart")]
    pub(super) fn note<S: Simd>(&mut self, simd: S, window: &[u8], begin: usize) {
        let room = self.count + WINDOW + ROOM.max(PLACES);
        if self.places.len() < room {
            self.places.resize(room, 0);
        }
        self.feeds.resize(WINDOW + ROOM, 0);
        let mut noted =
            Noted { places: &mut self.places, feeds: &mut self.feeds, count: place(self.count), fed: place(self.fed) };
        let mut begin = place(begin);
        let (blocks, rest) = window.as_chunks::<BLOCK>();
        for block in blocks {
            noted.block(simd, block, begin);
            begin += place(BLOCK);
        }
        if !rest.is_empty() {
            let mut last = [0; BLOCK];
            last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            noted.block(simd, &last, begin);
        }
        (self.count, self.fed) = (noted.count as usize, noted.fed as usize);
    }
}

/// What is noted of a window: its numbers stay in the processor's registers.
struct Noted<'a> {
    places: &'a mut [u32],
    feeds: &'a mut [u32],
    count: u32,
    fed: u32,
}

impl Noted<'_> {
    /// Notes the places in a block, and which of them are line feeds.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn block<S: Simd>(&mut self, simd: S, block: &[u8; BLOCK], begin: u32) {
        let bytes = u8x64::from_slice(simd, block);
        let are_feeds = bytes.simd_eq(b'\n');
        let are_places = bytes.simd_eq(b' ') | are_feeds;
        let (mut fed, all) = (are_feeds.to_bitmask(), are_places.to_bitmask());
        let (first, first_fed) = (self.count, self.fed);
        (self.count, self.fed) = (first + all.count_ones(), first_fed + fed.count_ones());
        if let Some(feeds) = self.feeds.get_mut(first_fed as usize..first_fed as usize + ROOM) {
            for few in feeds.as_chunks_mut::<FEW_FEEDS>().0 {
                for to in few {
                    *to = first.wrapping_add((all & (fed ^ fed.wrapping_sub(1)) >> 1).count_ones());
                    fed &= fed.wrapping_sub(1);
                }
                if fed == 0 {
                    break;
                }
            }
        }
        if let Some(places) = self.places.get_mut(first as usize..first as usize + ROOM) {
            if can_pack(simd) { pack(simd, are_places, places, begin) } else { list(all, places, begin) }
        }
    }
}

/// Writes the places of a block one by one. Most blocks have few: as many are written as a few are, whether they are there or not, since
/// no processor can foretell how many there are.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn list(mut all: u64, places: &mut [u32], begin: u32) {
    for few in places.as_chunks_mut::<FEW>().0 {
        for to in few {
            *to = begin.wrapping_add(all.trailing_zeros());
            all &= all.wrapping_sub(1);
        }
        if all == 0 {
            break;
        }
    }
}

/// Writes the places of a block many at once, as only processors with AVX-512 can.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn pack<S: Simd>(simd: S, are_places: mask8x64<S>, places: &mut [u32], begin: u32) {
    let count = are_places.to_bitmask().count_ones() as usize;
    let mut quarters = places.as_chunks_mut::<PACKED>().0.iter_mut();
    let mut written = 0;
    let mut write = |quarter: u32x16<S>| {
        quarters.next().into_iter().for_each(|places| *places = (quarter + begin).into());
        written += PACKED;
        written < count
    };
    let (first, second) = u8x64::from_slice(simd, &EACH).compress(are_places).widen();
    let (low, high) = first.widen();
    // Hardly any block has more places than that.
    if write(low) && write(high) {
        let (low, high) = second.widen();
        _ = write(low) && write(high);
    }
}

/// Whether the processor has an instruction for what [`pack`] does.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn can_pack<S: Simd>(simd: S) -> bool {
    cfg_select! {
        any(target_arch = "x86", target_arch = "x86_64") => simd.level().as_avx512().is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_kind_of_processor_finds_the_same_places(text in "([a-z ]{0,9}|[ \n]{60}|[a-z]{80}|[a-z ]{30}\n){0,40}") {
            let text = text.as_bytes().get(..WINDOW.min(text.len())).unwrap();
            let are = |wanted: &[u8]| (0..).zip(text).filter(|(_, byte)| wanted.contains(byte)).map(|(at, _)| at).collect::<Vec<u32>>();
            for level in [Level::new(), Level::baseline()] {
                let mut index = Index { level, ..Index::default() };
                index.begin();
                dispatch!(level, simd => index.note(simd, text, 7));
                let places: Vec<u32> = index.places[1..index.count].iter().map(|at| at - 7).collect();
                let feeds: Vec<u32> = index.feeds[..index.fed].iter().map(|at| index.places[*at as usize] - 7).collect();
                prop_assert_eq!((places, feeds), (are(b" \n"), are(b"\n")));
            }
        }
    }
}
