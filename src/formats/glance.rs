//! What is in a piece of a log, at a glance: who hands out its parts must know it before anyone reads them.

use fearless_simd::{Level, Simd, SimdBase, SimdMask, dispatch, u8x64};
use memchr::memchr2_iter;

/// Bytes that are looked at together, as many as a mask has bits.
const BLOCK: usize = 64;
/// Bytes that are looked at more closely if they hold what few logs do.
const WINDOW: usize = 4096;

/// What is in some text without NULs that begins where a line does.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Its line feeds.
    pub feeds: u64,
    /// Where lines begin with `#`.
    pub directives: Vec<usize>,
}

impl Glance {
    /// Looks at some text; `None` if it holds a NUL.
    #[must_use]
    pub fn at(text: &[u8]) -> Option<Self> {
        let level = Level::new();
        let mut found = Self::default();
        for (begin, window) in (0..).step_by(WINDOW).zip(text.chunks(WINDOW)) {
            let (feeds, is_plain) = dispatch!(level, simd => look(simd, window));
            found.feeds += feeds;
            if is_plain {
                continue;
            }
            for at in memchr2_iter(0, b'#', window).map(|at| begin + at) {
                if text.get(at) == Some(&0) {
                    return None;
                }
                if at.checked_sub(1).is_none_or(|before| text.get(before) == Some(&b'\n')) {
                    found.directives.push(at);
                }
            }
        }
        Some(found)
    }
}

/// How many line feeds there are, and whether there is neither a NUL nor a `#`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for each kind of processor, in the function that tells them apart")]
fn look<S: Simd>(simd: S, window: &[u8]) -> (u64, bool) {
    let (blocks, rest) = window.as_chunks::<BLOCK>();
    let mut last = [b' '; BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    let (mut feeds, mut others) = (0, 0);
    for block in blocks.iter().chain([&last]) {
        let bytes = u8x64::from_slice(simd, block);
        feeds += u64::from(bytes.simd_eq(b'\n').to_bitmask().count_ones());
        others |= (bytes.simd_eq(0) | bytes.simd_eq(b'#')).to_bitmask();
    }
    (feeds, others == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_glance_sees_what_a_look_at_each_byte_does(lines in proptest::collection::vec("#?[ab#]{0,300}", 0..60), nul in any::<Option<u16>>()) {
            let mut text = lines.join("\n").into_bytes();
            let directives = (0..text.len()).filter(|at| text[*at] == b'#' && (*at == 0 || text[*at - 1] == b'\n')).collect();
            let want = Glance { feeds: lines.len().saturating_sub(1) as u64, directives };
            prop_assert_eq!(Glance::at(&text), Some(want));
            if let Some(nul) = nul.map(usize::from).filter(|nul| *nul < text.len()) {
                text[nul] = 0;
                prop_assert_eq!(Glance::at(&text), None);
            }
        }
    }
}
