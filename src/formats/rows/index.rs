//! Where the spaces and line feeds of a log stand: 64 bytes are looked at together.

use fearless_simd::{Level, Simd, SimdBase, SimdMask, u8x64};

use super::{PLACES, place};

/// Bytes that are looked at together, as many as a mask has bits.
const BLOCK: usize = 64;
/// Bytes that are looked at before their lines are handed out.
pub(super) const WINDOW: usize = 2048;
/// Places that are noted together, and line feeds.
const FEW: usize = 12;
const FEW_FEEDS: usize = 1;
/// Room for the places of a block, and a few more.
const ROOM: usize = BLOCK + FEW;

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
    /// Which of them ends the line before the next.
    pub(super) before: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { level: Level::new(), places: Vec::new(), count: 0, feeds: Vec::new(), fed: 0, passed: 0, before: 0 }
    }
}

impl Index {
    /// Nothing is known but that a line begins at the beginning.
    pub(super) fn begin(&mut self) {
        self.places.clear();
        self.places.push(u32::MAX);
        (self.count, self.fed, self.passed, self.before) = (1, 0, 0, 0);
    }

    /// Forgets the lines that have been passed.
    pub(super) fn forget(&mut self) {
        self.places.copy_within(self.before..self.count, 0);
        self.count -= self.before;
        (self.fed, self.passed, self.before) = (0, 0, 0);
    }

    /// Notes the places in a window that begins at `begin`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is compiled for each kind of processor, in the function that tells them apart")]
    pub(super) fn note<S: Simd>(&mut self, simd: S, window: &[u8], begin: usize) {
        self.places.resize(self.count + WINDOW + ROOM.max(PLACES), 0);
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
    /// Notes the places in a block, and which of them are line feeds. Most blocks have few: as many are noted as a few are, whether they
    /// are there or not, since no processor can foretell how many there are.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn block<S: Simd>(&mut self, simd: S, block: &[u8; BLOCK], begin: u32) {
        let bytes = u8x64::from_slice(simd, block);
        let mut fed = bytes.simd_eq(b'\n').to_bitmask();
        let mut all = bytes.simd_eq(b' ').to_bitmask() | fed;
        let (first, first_fed) = (self.count, self.fed);
        (self.count, self.fed) = (first + all.count_ones(), first_fed + fed.count_ones());
        let Some(feeds) = self.feeds.get_mut(first_fed as usize..first_fed as usize + ROOM) else { return };
        for few in feeds.as_chunks_mut::<FEW_FEEDS>().0 {
            for to in few {
                *to = first.wrapping_add((all & (fed ^ fed.wrapping_sub(1)) >> 1).count_ones());
                fed &= fed.wrapping_sub(1);
            }
            if fed == 0 {
                break;
            }
        }
        let Some(places) = self.places.get_mut(first as usize..first as usize + ROOM) else { return };
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
}
