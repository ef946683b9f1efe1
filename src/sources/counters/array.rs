//! Reads the array that `PdhGetFormattedCounterArrayW` fills in: structures with pointers to names that lie behind them in the same
//! buffer (`PDH_FMT_COUNTERVALUE_ITEM_W` of pdh.h). Nothing that it says is trusted.

/// Where the fields of an item lie. A double lies at a multiple of eight on both, so the sizes are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Pointers of eight bytes.
    X64,
    /// Pointers of four bytes.
    X86,
}

impl Layout {
    /// That of this program.
    pub const HERE: Self = if size_of::<usize>() == 4 { Self::X86 } else { Self::X64 };
    /// Bytes of an item.
    pub const SIZE: usize = 24;
    const STATUS: usize = 8;
    const VALUE: usize = 16;

    fn pointer(self, item: &[u8]) -> Option<u64> {
        match self {
            Self::X64 => bytes(item, 0).map(u64::from_le_bytes),
            Self::X86 => bytes(item, 0).map(u32::from_le_bytes).map(u64::from),
        }
    }
}

/// One instance of a counter.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its name; what is no UTF-16 is marked.
    pub name: String,
    /// Whether it has a value.
    pub status: u32,
    /// The value, if the status says that there is one.
    pub value: f64,
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> Option<[u8; N]> {
    from.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// The instances in `buffer`, which lies at the address `base` and holds `count` items. An item whose name lies elsewhere is left out.
#[must_use]
pub fn instances(buffer: &[u8], base: u64, count: usize, layout: Layout) -> Vec<Instance> {
    let instance = |item: &[u8]| {
        let at = usize::try_from(layout.pointer(item)?.checked_sub(base)?).ok()?;
        let units = buffer.get(at..)?.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        let name: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        Some(Instance {
            name: String::from_utf16_lossy(&name),
            status: bytes(item, Layout::STATUS).map(u32::from_le_bytes)?,
            value: bytes(item, Layout::VALUE).map(f64::from_le_bytes)?,
        })
    };
    buffer.chunks_exact(Layout::SIZE).take(count).filter_map(instance).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Such a buffer: the items, then the names.
    fn buffer(base: u64, layout: Layout, instances: &[(&[u16], u32, f64)]) -> Vec<u8> {
        let (mut items, mut names) = (Vec::new(), Vec::<u8>::new());
        for (name, status, value) in instances {
            let pointer = base + (instances.len() * Layout::SIZE + names.len()) as u64;
            match layout {
                Layout::X64 => items.extend(pointer.to_le_bytes()),
                // What is between the pointer and the status is padding, with whatever was there before.
                Layout::X86 => items.extend(u32::try_from(pointer).unwrap().to_le_bytes().into_iter().chain([0xCC; 4])),
            }
            items.extend(status.to_le_bytes().into_iter().chain([0xCC; 4]).chain(value.to_le_bytes()));
            names.extend(name.iter().chain([&0]).flat_map(|unit| unit.to_le_bytes()));
        }
        [items, names].concat()
    }

    #[test]
    fn names_and_values_are_read_from_both_layouts() {
        let name: Vec<u16> = "4711_Größe (a)".encode_utf16().chain([0xD800]).collect();
        for (base, layout) in [(0x1FF_DEAD_BEE8, Layout::X64), (0xFFFF_0008, Layout::X86)] {
            let buffer = buffer(base, layout, &[(&name, 0, 12.5), (&[], 0x8000_07D1, f64::NAN), (&name[..4], 1, -1.0)]);
            let read = instances(&buffer, base, 3, layout);
            let told: Vec<(&str, u32)> = read.iter().map(|i| (i.name.as_str(), i.status)).collect();
            assert_eq!(told, [("4711_Größe (a)\u{FFFD}", 0), ("", 0x8000_07D1), ("4711", 1)], "{layout:?}");
            assert_eq!((read[0].value.to_bits(), read[2].value.to_bits()), (12.5f64.to_bits(), (-1.0f64).to_bits()));
        }
    }

    #[test]
    fn a_pointer_out_of_the_buffer_and_a_count_that_is_too_high_cost_their_items_only() {
        let mut bytes = buffer(1000, Layout::X64, &[(&[65], 0, 1.0), (&[66], 0, 2.0)]);
        bytes[..8].copy_from_slice(&999u64.to_le_bytes());
        // What lies behind the items is read as items when the count says so; their pointers lead nowhere.
        let read = instances(&bytes, 1000, 4_000_000_000, Layout::X64);
        assert_eq!(read.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["B"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200), base: u64, count: usize) {
            for layout in [Layout::X64, Layout::X86] {
                prop_assert!(instances(&bytes, base, count, layout).len() <= bytes.len() / Layout::SIZE);
            }
        }
    }
}
