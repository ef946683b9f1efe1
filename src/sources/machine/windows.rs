//! Windows: the registry in both views, the true version, memory and addresses. All functions are there since Windows XP.

use std::io;

use windows_registry::{LOCAL_MACHINE, Type};
use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::System::SystemInformation::{
    GetNativeSystemInfo, GlobalMemoryStatusEx, MEMORYSTATUSEX, OSVERSIONINFOEXW, PROCESSOR_ARCHITECTURE_INTEL, SYSTEM_INFO,
};

use super::{RegistryValue, System, View};

/// `KEY_READ`, and which view of the registry ("Registry Key Security and Access Rights"). A 32-bit Windows has but one view.
const READ: u32 = 0x2_0019;
const OF_64: u32 = 0x100;
const OF_32: u32 = 0x200;
/// `VER_NT_WORKSTATION` of `wProductType`.
const WORKSTATION: u8 = 1;

pub(super) fn registry(view: View, key: &str, value: &str) -> io::Result<Option<RegistryValue>> {
    let access = READ | if view == View::Bits64 { OF_64 } else { OF_32 };
    let found = LOCAL_MACHINE.options().access(access).open(key).and_then(|key| key.get_value(value));
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let error = io::Error::from_raw_os_error(error.code().0 & 0xFFFF);
            return if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) };
        }
    };
    Ok(match found.ty() {
        Type::U32 | Type::U64 => u64::try_from(found).ok().map(RegistryValue::Number),
        Type::String | Type::ExpandString => String::try_from(found).ok().map(RegistryValue::Text),
        // Values of other types are none of those that are asked for.
        _ => None,
    })
}

pub(super) fn system() -> System {
    let (windows, server) = version();
    let (system_64, user_range) = processor();
    System { windows, server, system_64, process_64: cfg!(target_pointer_width = "64"), memory: memory(), user_range }
}

/// The version, which `GetVersionEx` keeps from programs without a manifest, and whether it is a server.
#[expect(unsafe_code, reason = "asks Windows for its version")]
fn version() -> (Option<(u32, u32, u32)>, bool) {
    let mut info = OSVERSIONINFOEXW { dwOSVersionInfoSize: size::<OSVERSIONINFOEXW>(), ..OSVERSIONINFOEXW::default() };
    // SAFETY: the structure is ours and says its size; the longer form begins like the shorter one that the function is declared with.
    let status = unsafe { RtlGetVersion((&raw mut info).cast()) };
    let version = (info.dwMajorVersion, info.dwMinorVersion, info.dwBuildNumber);
    ((status >= 0).then_some(version), info.wProductType != WORKSTATION)
}

/// Whether the system is a 64-bit one, and the bytes of addresses that a program has.
#[expect(unsafe_code, reason = "asks Windows for its processor and addresses")]
fn processor() -> (bool, u64) {
    let mut info = SYSTEM_INFO::default();
    // SAFETY: the structure is ours and as long as its type says.
    unsafe { GetNativeSystemInfo(&raw mut info) };
    // SAFETY: both members of the union are plain numbers, and the function fills this one.
    let architecture = unsafe { info.Anonymous.Anonymous.wProcessorArchitecture };
    (architecture != PROCESSOR_ARCHITECTURE_INTEL, info.lpMaximumApplicationAddress as u64)
}

#[expect(unsafe_code, reason = "asks Windows for its memory")]
fn memory() -> u64 {
    let mut status = MEMORYSTATUSEX { dwLength: size::<MEMORYSTATUSEX>(), ..MEMORYSTATUSEX::default() };
    // SAFETY: the structure is ours and says its size.
    let done = unsafe { GlobalMemoryStatusEx(&raw mut status) };
    if done == 0 { 0 } else { status.ullTotalPhys }
}

/// A structure's size, as it says it itself.
fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or_default()
}
