//! Buffers as Windows writes them, for tests.

use super::buffer::Layout;

/// A tag, its allocations, frees and bytes, all of the non-paged pool.
pub type Row = ([u8; 4], u64, u64, u64);

/// A buffer with these tags. What belongs to the paged pool, and the padding, is there to be mistaken.
pub fn buffer(rows: &[Row], layout: Layout) -> Vec<u8> {
    let low = |number: u64| u32::try_from(number & 0xFFFF_FFFF).unwrap().to_le_bytes();
    let mut buffer = u32::try_from(rows.len()).unwrap().to_le_bytes().to_vec();
    if layout != Layout::X86 {
        buffer.extend([0xEE; 4]);
    }
    for (tag, allocs, frees, bytes) in rows {
        buffer.extend(tag);
        match layout {
            Layout::X86 => {
                buffer.extend([[0xEE; 4]; 3].concat());
                buffer.extend([low(*allocs), low(*frees), low(*bytes)].concat());
            }
            Layout::X64 => {
                buffer.extend([[0xEE; 4]; 5].concat());
                buffer.extend([low(*allocs), low(*frees)].concat());
                buffer.extend(bytes.to_le_bytes());
            }
            Layout::Wide => {
                buffer.extend([[0xEE; 4]; 7].concat());
                buffer.extend([allocs, frees, bytes].map(|number| number.to_le_bytes()).concat());
            }
        }
    }
    buffer
}

/// `SYSTEM_PERFORMANCE_INFORMATION` with so many pages of each pool.
pub fn performance(nonpaged: u32, paged: u32) -> Vec<u8> {
    let mut buffer = vec![0xEE; 312];
    for (at, pages) in [(0x30, 1), (0x34, 2), (0x38, 3), (0x70, paged), (0x74, nonpaged)] {
        buffer[at..at + 4].copy_from_slice(&u32::to_le_bytes(pages));
    }
    buffer
}
