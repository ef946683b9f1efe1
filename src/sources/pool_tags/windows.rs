//! Windows: the two calls. What is asked, and what the answers mean, is decided elsewhere.

use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;
use windows_sys::Win32::System::Threading::{GetCurrentThread, SetThreadPriority, THREAD_MODE_BACKGROUND_BEGIN};

use super::query::Answer;

/// Has the system write a class of information.
#[expect(unsafe_code, reason = "a call into ntdll")]
pub(super) fn ask(class: u32, buffer: &mut [u64]) -> Answer {
    let mut told = 0;
    let len = u32::try_from(size_of_val(buffer)).unwrap_or(0);
    // SAFETY: the buffer is ours alone for the call, aligned to 8 bytes, and at least `len` bytes long; `told` outlives the call.
    // Whatever class is asked for, the system writes within `len` bytes, and any bytes are a valid u64.
    let status = unsafe { NtQuerySystemInformation(class.cast_signed(), buffer.as_mut_ptr().cast(), len, &raw mut told) };
    (status.cast_unsigned(), told)
}

/// Has this thread give way to all others in processor time and in reading from disks (Vista and later).
#[expect(unsafe_code, reason = "calls into kernel32")]
pub(super) fn in_background() {
    // SAFETY: the handle is a constant that stands for this thread and needs no closing; the mode is one that the call knows. Where
    // it fails, the thread goes on as it was.
    unsafe { SetThreadPriority(GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN) };
}

#[cfg(test)]
mod tests {
    use super::super::query::{self, Ask};
    use super::*;

    #[test]
    fn the_system_writes_into_the_buffer_and_says_what_it_does_not_have() {
        let mut small = [0; 1];
        assert_eq!(ask(2, &mut small).0, 0xC000_0004, "STATUS_INFO_LENGTH_MISMATCH");
        let mut buffer = vec![0; 1024];
        let (status, told) = ask(2, &mut buffer);
        assert_eq!((status, buffer.iter().any(|eight| *eight != 0)), (0, true));
        assert!((312..8192).contains(&told), "{told}");
        assert_eq!(ask(9999, &mut buffer).0, 0xC000_0003, "STATUS_INVALID_INFO_CLASS");
    }

    #[test]
    fn the_system_lists_its_pool_tags_or_says_why_not() {
        let mut ask: Ask = Box::new(ask);
        println!("memory: {:?}", query::memory(&mut ask));
        match query::pool_tags(&mut ask) {
            // Every Windows has threads.
            Ok(tags) => assert!(tags.iter().any(|(tag, held)| tag == b"Thre" && held.bytes > 0)),
            Err(refusal) => println!("{:?}", refusal.told()),
        }
        in_background();
    }
}
