//! The calls to pdh.dll, which Windows has had with all of these functions since Vista and Server 2008.

use std::ptr::null;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Performance::{
    PDH_FMT_COUNTERVALUE, PDH_FMT_DOUBLE, PDH_INVALID_ARGUMENT, PDH_MORE_DATA, PERF_DETAIL_WIZARD, PdhAddEnglishCounterW,
    PdhCloseQuery, PdhCollectQueryData, PdhEnumObjectsW, PdhGetFormattedCounterArrayW, PdhGetFormattedCounterValue,
    PdhOpenQueryW, PdhRemoveCounter,
};

use super::Calls;
use crate::sources::clock;
use crate::sources::counters::array::{Instance, Layout, instances};
use crate::time::Time;

/// A double that is not cut off at 100 (`PDH_FMT_NOCAP100` of pdh.h).
const FORMAT: u32 = PDH_FMT_DOUBLE | 0x8000;
/// Instances may come between the call that tells the size of the buffer and the one that fills it.
const TRIES: usize = 4;

/// A query of PDH. Its handles are kept as numbers, since any thread may use them.
#[derive(Debug, Default)]
pub struct System {
    query: usize,
    /// Room for instances, at an address that doubles may lie at.
    buffer: Vec<u64>,
}

/// A text of UTF-16 with a zero at its end.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect()
}

fn checked(code: u32) -> Result<(), u32> {
    if code == ERROR_SUCCESS { Ok(()) } else { Err(code) }
}

/// A handle as windows-sys has it.
fn handle(number: usize) -> *mut core::ffi::c_void {
    std::ptr::with_exposed_provenance_mut(number)
}

impl System {
    /// Asks for the instances with a buffer of so many bytes; gives the bytes needed and the count of items.
    #[expect(unsafe_code, reason = "a call of the system")]
    fn fill(&mut self, counter: usize, size: u32) -> (u32, u32, u32) {
        let (mut size, mut count) = (size, 0);
        let buffer = if size == 0 { std::ptr::null_mut() } else { self.buffer.as_mut_ptr().cast() };
        // SAFETY: the buffer has at least `size` bytes, or is null where `size` is 0, as the function asks.
        let code = unsafe { PdhGetFormattedCounterArrayW(handle(counter), FORMAT, &raw mut size, &raw mut count, buffer) };
        (code, size, count)
    }

    /// The first bytes of the buffer.
    #[expect(unsafe_code, reason = "a view of numbers as bytes")]
    fn bytes(&self) -> &[u8] {
        // SAFETY: all bytes of the vector are initialised, and any byte is a valid u8.
        unsafe { std::slice::from_raw_parts(self.buffer.as_ptr().cast(), self.buffer.len() * size_of::<u64>()) }
    }
}

impl Calls for System {
    #[expect(unsafe_code, reason = "a call of the system")]
    fn open(&mut self) -> Result<(), u32> {
        let mut query = std::ptr::null_mut();
        // SAFETY: no data source, and a place for the handle.
        checked(unsafe { PdhOpenQueryW(null(), 0, &raw mut query) })?;
        self.query = query.expose_provenance();
        Ok(())
    }

    #[expect(unsafe_code, reason = "a call of the system")]
    fn close(&mut self) {
        // SAFETY: the handle is one of a query that was opened, and is not used again.
        unsafe { PdhCloseQuery(handle(std::mem::take(&mut self.query))) };
    }

    #[expect(unsafe_code, reason = "a call of the system")]
    fn add(&mut self, path: &str) -> Result<usize, u32> {
        let (path, mut counter) = (wide(path), std::ptr::null_mut());
        // SAFETY: the path ends with a zero and outlives the call.
        checked(unsafe { PdhAddEnglishCounterW(handle(self.query), path.as_ptr(), 0, &raw mut counter) })?;
        Ok(counter.expose_provenance())
    }

    #[expect(unsafe_code, reason = "a call of the system")]
    fn remove(&mut self, counter: usize) {
        // SAFETY: the handle is one of a counter of this query, and is not used again.
        unsafe { PdhRemoveCounter(handle(counter)) };
    }

    #[expect(unsafe_code, reason = "a call of the system")]
    fn refresh(&mut self, machine: Option<&str>) {
        let machine = machine.map(wide);
        let machine = machine.as_ref().map_or(null(), Vec::as_ptr);
        let mut size = 0;
        // SAFETY: the machine is null or ends with a zero; without a buffer only the size is told.
        unsafe { PdhEnumObjectsW(null(), machine, std::ptr::null_mut(), &raw mut size, PERF_DETAIL_WIZARD, 1) };
    }

    #[expect(unsafe_code, reason = "a call of the system")]
    fn collect(&mut self) -> Result<Time, u32> {
        // SAFETY: the handle is one of a query that is open.
        checked(unsafe { PdhCollectQueryData(handle(self.query)) })?;
        Ok(clock::now())
    }

    #[expect(unsafe_code, reason = "a call of the system")]
    fn value(&mut self, counter: usize) -> Result<(u32, f64), u32> {
        let mut value = PDH_FMT_COUNTERVALUE::default();
        // SAFETY: the handle is one of a counter of this query; the type of the counter is not asked for.
        let code = unsafe { PdhGetFormattedCounterValue(handle(counter), FORMAT, std::ptr::null_mut(), &raw mut value) };
        // What the counter says is more telling than that there is no value.
        if code != ERROR_SUCCESS && value.CStatus > 1 {
            return Err(value.CStatus);
        }
        checked(code)?;
        // SAFETY: a double was asked for; without one, its bytes are still those of some double.
        Ok((value.CStatus, unsafe { value.Anonymous.doubleValue }))
    }

    fn instances(&mut self, counter: usize) -> Result<Vec<Instance>, u32> {
        for _ in 0..TRIES {
            let (code, size, _) = self.fill(counter, 0);
            if code != PDH_MORE_DATA || size == 0 {
                return checked(code).map(|()| Vec::new());
            }
            self.buffer.clear();
            self.buffer.resize((size as usize).div_ceil(size_of::<u64>()), 0);
            match self.fill(counter, size) {
                (ERROR_SUCCESS, _, count) => {
                    let base = self.buffer.as_ptr().expose_provenance() as u64;
                    return Ok(instances(self.bytes(), base, count as usize, Layout::HERE));
                }
                // Some releases say so when the buffer has become too small (Microsoft, "PdhGetFormattedCounterArrayW").
                (PDH_MORE_DATA | PDH_INVALID_ARGUMENT, ..) => {}
                (code, ..) => return Err(code),
            }
        }
        Err(PDH_MORE_DATA)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if self.query != 0 {
            self.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use windows_sys::Win32::System::Performance::PDH_FMT_COUNTERVALUE_ITEM_W;

    use super::*;

    #[test]
    fn the_fields_of_an_item_lie_where_they_are_read() {
        let value = offset_of!(PDH_FMT_COUNTERVALUE_ITEM_W, FmtValue);
        let status = value + offset_of!(PDH_FMT_COUNTERVALUE, CStatus);
        let double = value + offset_of!(PDH_FMT_COUNTERVALUE, Anonymous);
        assert_eq!((size_of::<PDH_FMT_COUNTERVALUE_ITEM_W>(), status, double), (Layout::SIZE, 8, 16));
    }
}
