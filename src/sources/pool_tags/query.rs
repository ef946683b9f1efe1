//! `NtQuerySystemInformation`, but for the call itself: how large a buffer it wants, which class there is, what a status means.

use super::buffer::{self, Held, Layout, Memory};
use crate::inventory::{Item, Topic};

/// The system's answer: its NTSTATUS, and the bytes that it wrote or would write.
pub type Answer = (u32, u32);
/// Asks for a class of information. What is written lies in the buffer from its first byte on.
pub type Ask = Box<dyn FnMut(u32, &mut [u64]) -> Answer + Send>;

/// `SystemPerformanceInformation`.
const PERFORMANCE: u32 = 2;
/// `SystemPoolTagInformation`.
const POOL_TAGS: u32 = 22;
/// `SystemPoolTagInformation2`: Windows 11 26H1 and later.
const POOL_TAGS_2: u32 = 255;

const STATUS_NOT_IMPLEMENTED: u32 = 0xC000_0002;
const STATUS_INVALID_INFO_CLASS: u32 = 0xC000_0003;
const STATUS_INFO_LENGTH_MISMATCH: u32 = 0xC000_0004;
const STATUS_NO_MEMORY: u32 = 0xC000_0017;
const STATUS_ACCESS_DENIED: u32 = 0xC000_0022;
const STATUS_PRIVILEGE_NOT_HELD: u32 = 0xC000_0061;
const STATUS_INSUFFICIENT_RESOURCES: u32 = 0xC000_009A;

/// The first buffer, in bytes: servers have one to three thousand tags.
const FIRST: usize = 128 * 1024;
/// No table of tags is larger.
const MOST: usize = 16 << 20;

/// Why there is no answer: an NTSTATUS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(u32);

impl Refusal {
    /// This system has no such information, and will not have it later.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self.0, STATUS_NOT_IMPLEMENTED | STATUS_INVALID_INFO_CLASS)
    }

    /// What its reader should know, and do.
    #[must_use]
    pub fn told(self) -> Item {
        let remark = match self.0 {
            _ if self.is_final() => {
                let looked = [POOL_TAGS, POOL_TAGS_2].map(|class| format!("NtQuerySystemInformation, class {class}"));
                return Item::missing(Topic::PoolTags, "pool tags", looked);
            }
            STATUS_ACCESS_DENIED | STATUS_PRIVILEGE_NOT_HELD => String::from(
                "Windows tells them to administrators only: start why503 with \"Run as administrator\", \
                 or have poolmon -b -n FILE write a listing there and give FILE to why503",
            ),
            STATUS_NO_MEMORY | STATUS_INSUFFICIENT_RESOURCES => {
                String::from("the system has no memory to list them in: it is asked again every 10 s")
            }
            STATUS_INFO_LENGTH_MISMATCH => String::from("their table is larger than 16 MB: poolmon may list them"),
            status => format!("the system answers with status 0x{status:08X}: it is asked again every 10 s"),
        };
        Item::remark(Topic::PoolTags, "pool tags", remark)
    }
}

/// Asks until the buffer is large enough.
fn query(ask: &mut Ask, class: u32) -> Result<Vec<u8>, Refusal> {
    let mut size = FIRST;
    loop {
        // The system wants its structures at even addresses.
        let mut buffer = vec![0u64; size.div_ceil(8)];
        let (status, told) = ask(class, &mut buffer);
        let told = usize::try_from(told).unwrap_or(usize::MAX);
        match status {
            // NT_SUCCESS: all that is no warning and no error.
            0..0x8000_0000 => {
                let mut bytes: Vec<u8> = buffer.iter().flat_map(|eight| eight.to_le_bytes()).collect();
                bytes.truncate(told);
                return Ok(bytes);
            }
            // The table may have grown since its size was told, and some systems tell too little.
            STATUS_INFO_LENGTH_MISMATCH if size < MOST => size = told.max(size * 2).min(MOST),
            status => return Err(Refusal(status)),
        }
    }
}

/// All pool tags of the system.
///
/// # Errors
/// What the system said to it; where it knows neither class, that of the first.
pub fn pool_tags(ask: &mut Ask) -> Result<Vec<([u8; 4], Held)>, Refusal> {
    match query(ask, POOL_TAGS) {
        Ok(bytes) => Ok(buffer::tags(&bytes, Layout::NATIVE).collect()),
        Err(refusal) if refusal.is_final() => match query(ask, POOL_TAGS_2) {
            Ok(bytes) => Ok(buffer::tags(&bytes, Layout::Wide).collect()),
            Err(second) if second.is_final() => Err(refusal),
            Err(second) => Err(second),
        },
        Err(refusal) => Err(refusal),
    }
}

/// The memory of the whole system; `None` where it is not told.
pub fn memory(ask: &mut Ask) -> Option<Memory> {
    query(ask, PERFORMANCE).ok().and_then(|bytes| buffer::memory(&bytes))
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::inventory::Outcome;

    /// Writes as the system does: all of it, or nothing.
    fn write(bytes: &[u8], into: &mut [u64]) -> Answer {
        let told = u32::try_from(bytes.len()).unwrap();
        if bytes.len() > into.len() * 8 {
            return (STATUS_INFO_LENGTH_MISMATCH, told);
        }
        for (eight, chunk) in into.iter_mut().zip(bytes.chunks(8)) {
            let mut whole = [0; 8];
            whole[..chunk.len()].copy_from_slice(chunk);
            *eight = u64::from_le_bytes(whole);
        }
        (0, told)
    }

    fn many() -> Vec<testing::Row> {
        (0..5000u32).map(|n| (n.to_le_bytes(), 9, 4, u64::from(n))).collect()
    }

    #[test]
    fn the_buffer_grows_even_where_the_system_tells_too_little() {
        let buffer = testing::buffer(&many(), Layout::NATIVE);
        let mut asked = Vec::new();
        let (heard, sizes) = std::sync::mpsc::channel();
        let mut ask: Ask = Box::new(move |class, into| {
            heard.send((class, into.len() * 8)).unwrap();
            let (status, told) = write(&buffer, into);
            (status, if status == 0 { told } else { 0 })
        });
        assert_eq!(pool_tags(&mut ask).unwrap().len(), 5000);
        drop(ask);
        asked.extend(sizes);
        assert_eq!(asked, [(22, FIRST), (22, 2 * FIRST)]);
    }

    #[test]
    fn a_system_that_never_has_enough_is_given_up() {
        let mut ask: Ask = Box::new(|_, _| (STATUS_INFO_LENGTH_MISMATCH, u32::MAX));
        let refusal = pool_tags(&mut ask).unwrap_err();
        assert!(matches!(refusal.told().outcome, Outcome::Remark(why) if why.contains("16 MB")));
    }

    #[test]
    fn where_the_first_class_is_not_there_the_second_is_asked() {
        let buffer = testing::buffer(&many(), Layout::Wide);
        let mut ask: Ask =
            Box::new(move |class, into| if class == 255 { write(&buffer, into) } else { (STATUS_INVALID_INFO_CLASS, 0) });
        assert_eq!(pool_tags(&mut ask).unwrap().len(), 5000);
        let mut ask: Ask = Box::new(|class, _| (if class == 22 { STATUS_NOT_IMPLEMENTED } else { STATUS_ACCESS_DENIED }, 0));
        assert_eq!(pool_tags(&mut ask), Err(Refusal(STATUS_ACCESS_DENIED)));
    }

    #[test]
    fn every_status_is_told_in_words() {
        let told = |status| match Refusal(status).told().outcome {
            Outcome::Remark(why) => why,
            Outcome::Missing { looked } => looked.join(", "),
            other => panic!("{other:?}"),
        };
        assert!(told(STATUS_ACCESS_DENIED).contains("Run as administrator"));
        assert!(told(STATUS_PRIVILEGE_NOT_HELD).contains("Run as administrator"));
        assert!(told(STATUS_INSUFFICIENT_RESOURCES).contains("no memory"));
        assert!(told(0xC000_0001).contains("0xC0000001"));
        assert_eq!(told(STATUS_NOT_IMPLEMENTED), "NtQuerySystemInformation, class 22, NtQuerySystemInformation, class 255");
        assert!(Refusal(STATUS_INVALID_INFO_CLASS).is_final() && !Refusal(STATUS_ACCESS_DENIED).is_final());
    }

    #[test]
    fn what_the_system_claims_to_have_written_is_bounded_by_the_buffer() {
        let mut ask: Ask = Box::new(|_, into| {
            into.fill(u64::MAX);
            (0, u32::MAX)
        });
        assert!(pool_tags(&mut ask).unwrap().len() <= FIRST / 28);
        assert!(memory(&mut ask).is_some());
        let mut ask: Ask = Box::new(|_, _| (0, 0));
        assert_eq!((pool_tags(&mut ask), memory(&mut ask)), (Ok(Vec::new()), None));
    }
}
