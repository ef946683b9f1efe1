//! What `NtQuerySystemInformation` writes: `SYSTEM_POOLTAG_INFORMATION`, `SYSTEM_POOLTAG_INFORMATION2` and the beginning of
//! `SYSTEM_PERFORMANCE_INFORMATION`, as the headers of System Informer (phnt) describe them.
//!
//! The bytes are the system's, and are read as if they were anybody's: whatever lies outside of them is not there.

/// Bytes of a page of memory on x86, x64 and ARM64.
const PAGE: u64 = 4096;

/// Where the fields of a pool tag stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `SYSTEM_POOLTAG` of a 32-bit process.
    X86,
    /// `SYSTEM_POOLTAG` of a 64-bit process.
    X64,
    /// `SYSTEM_POOLTAG2`, with counts of 64 bits: Windows 11 26H1 and later.
    Wide,
}

impl Layout {
    /// What class 22 gives to this process.
    pub const NATIVE: Self = if cfg!(target_pointer_width = "64") { Self::X64 } else { Self::X86 };

    /// Bytes before the first row, and of a row.
    const fn sizes(self) -> (usize, usize) {
        match self {
            Self::X86 => (4, 28),
            Self::X64 => (8, 40),
            Self::Wide => (8, 56),
        }
    }
}

/// What a pool tag holds of the non-paged pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Allocations that were freed. A count of 32 bits wraps.
    pub frees: u64,
    /// Allocations less frees.
    pub outstanding: u64,
    /// Bytes in use.
    pub bytes: u64,
}

/// The pool tags of a buffer, as far as it holds them whole.
pub fn tags(buffer: &[u8], layout: Layout) -> impl Iterator<Item = ([u8; 4], Held)> {
    let (head, size) = layout.sizes();
    let count = u32_at(buffer, 0).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let rows = buffer.get(head..).unwrap_or_default().chunks_exact(size).take(count);
    rows.filter_map(move |row| Some((*row.first_chunk()?, held(row, layout)?)))
}

fn held(row: &[u8], layout: Layout) -> Option<Held> {
    let counts = |allocs: usize, frees: usize| {
        let (allocs, frees) = (u32_at(row, allocs)?, u32_at(row, frees)?);
        Some((u64::from(frees), u64::from(allocs.wrapping_sub(frees))))
    };
    let ((frees, outstanding), bytes) = match layout {
        Layout::X86 => (counts(16, 20)?, u64::from(u32_at(row, 24)?)),
        Layout::X64 => (counts(24, 28)?, u64_at(row, 32)?),
        Layout::Wide => {
            let frees = u64_at(row, 40)?;
            ((frees, u64_at(row, 32)?.wrapping_sub(frees)), u64_at(row, 48)?)
        }
    };
    Some(Held { frees, outstanding, bytes })
}

/// Memory of the whole system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Committed, the limit of that, and the most there was.
    pub commit: [u64; 3],
    /// Paged pool.
    pub paged: u64,
    /// Non-paged pool.
    pub nonpaged: u64,
}

/// What `SYSTEM_PERFORMANCE_INFORMATION` says of memory; its fields stand at the same places in 32 and 64 bits up to there.
#[must_use]
pub fn memory(buffer: &[u8]) -> Option<Memory> {
    let pages = |at: usize| Some(u64::from(u32_at(buffer, at)?) * PAGE);
    let commit = [pages(0x30)?, pages(0x34)?, pages(0x38)?];
    Some(Memory { commit, paged: pages(0x70)?, nonpaged: pages(0x74)? }).filter(|memory| memory.nonpaged > 0)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|eight| u64::from_le_bytes(*eight))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{self, Row};
    use super::*;

    const ALL: [Layout; 3] = [Layout::X86, Layout::X64, Layout::Wide];

    #[test]
    fn each_layout_has_its_fields_at_their_places() {
        let rows: [Row; 2] = [(*b"Abcd", 397, 390, 8456), (*b"Irp ", 10, 10, 0)];
        for layout in ALL {
            let told: Vec<_> = tags(&testing::buffer(&rows, layout), layout).collect();
            let abcd = Held { frees: 390, outstanding: 7, bytes: 8456 };
            assert_eq!(told, [(*b"Abcd", abcd), (*b"Irp ", Held { frees: 10, ..Held::default() })], "{layout:?}");
        }
    }

    #[test]
    fn the_rows_of_the_documented_sizes_are_read_by_hand() {
        // SYSTEM_POOLTAG of x64: count, padding, then tag, paged counts and bytes, non-paged counts and bytes.
        let mut x64 = vec![1, 0, 0, 0, 0xEE, 0xEE, 0xEE, 0xEE];
        x64.extend(b"Abcd\x01\0\0\0\x02\0\0\0\xEE\xEE\xEE\xEE\x03\0\0\0\0\0\0\0\x09\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0");
        let held = Held { frees: 4, outstanding: 5, bytes: 1 << 32 };
        assert_eq!(tags(&x64, Layout::X64).collect::<Vec<_>>(), [(*b"Abcd", held)]);
        // Of x86: no padding.
        let x86 = b"\x01\0\0\0Abcd\x01\0\0\0\x02\0\0\0\x03\0\0\0\x09\0\0\0\x04\0\0\0\0\0\x01\0";
        assert_eq!(tags(x86, Layout::X86).collect::<Vec<_>>(), [(*b"Abcd", Held { bytes: 1 << 16, ..held })]);
    }

    #[test]
    fn counts_of_32_bits_wrap_and_those_of_64_go_on() {
        let wrapped: [Row; 1] = [(*b"Abcd", 5, 0xFFFF_FFF0, 64)];
        for layout in [Layout::X86, Layout::X64] {
            let (_, held) = tags(&testing::buffer(&wrapped, layout), layout).next().unwrap();
            assert_eq!(held.outstanding, 21, "{layout:?}");
        }
        let wide: [Row; 1] = [(*b"Abcd", 0x1_0000_0005, 0xFFFF_FFF0, 64)];
        assert_eq!(tags(&testing::buffer(&wide, Layout::Wide), Layout::Wide).next().unwrap().1.outstanding, 21);
    }

    #[test]
    fn memory_is_told_in_bytes_and_of_no_pool_nothing_is() {
        let buffer = testing::performance(27_904, 6805);
        let told = memory(&buffer).unwrap();
        assert_eq!((told.nonpaged, told.paged), (27_904 * 4096, 6805 * 4096));
        assert_eq!(told.commit, [4096, 8192, 12288]);
        assert_eq!(memory(&testing::performance(0, 6805)), None);
        assert_eq!(memory(buffer.get(..0x77).unwrap()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_give_at_most_the_rows_that_they_can_hold(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for layout in ALL {
                let (head, size) = layout.sizes();
                prop_assert!(tags(&bytes, layout).count() <= bytes.len().saturating_sub(head) / size);
            }
            let _ = memory(&bytes);
        }

        #[test]
        fn a_cut_buffer_gives_the_first_of_its_rows(len in 0usize..300, count in any::<u32>()) {
            let rows: Vec<Row> = (0..5).map(|n| ([b'a' + n, b'b', b'c', b'd'], 9, 4, 160)).collect();
            for layout in ALL {
                let mut buffer = testing::buffer(&rows, layout);
                let whole: Vec<_> = tags(&buffer, layout).collect();
                buffer.truncate(len);
                let cut: Vec<_> = tags(&buffer, layout).collect();
                prop_assert!(whole.starts_with(&cut));
                // A count that is a lie adds no row.
                if let Some(head) = buffer.get_mut(..4) {
                    head.copy_from_slice(&count.to_le_bytes());
                }
                prop_assert!(tags(&buffer, layout).count() <= rows.len());
            }
        }
    }
}
