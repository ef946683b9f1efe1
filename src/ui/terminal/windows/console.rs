//! A console as it was before Windows 10 (Server 2008 R2 to 2012 R2): a screen of its own, drawn cell by cell.
//!
//! crossterm can do this, too, but makes the new screen the active one and goes on writing to the old. Here each row that changed is
//! one call, not one for each change of colour, and the old screen comes back with its text, colours and cursor whatever happens:
//! when the last handle of a screen is closed, as at the end of a program that was killed, the console shows the one before.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::sync::{Mutex, PoisonError};

use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Console as api;
use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW;

use super::super::canvas::Frame;
use super::super::picture::{Mark, Picture};

/// A screen buffer of the console that belongs to the program.
pub(super) struct Console {
    own: Screen,
    /// The one that was shown before.
    before: Screen,
    picture: Mutex<Picture>,
}

impl Console {
    /// Makes a screen like the one that is shown. It is not shown yet.
    pub(super) fn open() -> io::Result<Self> {
        let before = Screen::shown()?;
        let own = Screen::new()?;
        let picture = Mutex::new(Picture::new(before.info()?.wAttributes));
        Ok(Self { own, before, picture })
    }

    /// Draws a frame.
    pub(super) fn draw(&self, frame: &Frame) -> io::Result<()> {
        if frame.enter {
            self.own.hide_cursor()?;
            self.own.show()?;
        }
        let window = self.own.info()?.srWindow;
        let mut picture = self.picture.lock().unwrap_or_else(PoisonError::into_inner);
        if frame.enter || frame.clear {
            picture.clear((extent(window.Left, window.Right), extent(window.Top, window.Bottom)));
        }
        picture.take(frame);
        // A console before Windows 10 has no clipboard that could be written to from here: frame.copy is left.
        for (y, x, cells) in picture.changes() {
            self.own.write(coordinate(window.Left, x), coordinate(window.Top, y), cells)?;
        }
        Ok(())
    }

    /// Shows the screen from before.
    pub(super) fn leave(&self) -> io::Result<()> {
        self.before.show()
    }
}

fn extent(first: i16, last: i16) -> u16 {
    u16::try_from(i32::from(last) - i32::from(first) + 1).unwrap_or(0)
}

fn coordinate(first: i16, offset: u16) -> i16 {
    i16::try_from(i32::from(first) + i32::from(offset)).unwrap_or(i16::MAX)
}

/// A screen buffer.
struct Screen(OwnedHandle);

impl Screen {
    /// The one that is shown, whatever stdout is.
    fn shown() -> io::Result<Self> {
        let file: File = OpenOptions::new().read(true).write(true).open("CONOUT$")?;
        Ok(Self(file.into()))
    }

    /// A new one: font, window and colours are those of the one that is shown, and it is as large as the window.
    fn new() -> io::Result<Self> {
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps as it is needed")]
        // SAFETY: there are no security attributes and no data, for which null is allowed; the handle belongs to nobody else.
        let screen = unsafe {
            let handle = api::CreateConsoleScreenBuffer(
                GENERIC_READ | GENERIC_WRITE,
                0,
                std::ptr::null(),
                api::CONSOLE_TEXTMODE_BUFFER,
                std::ptr::null(),
            );
            if handle == INVALID_HANDLE_VALUE {
                return Err(io::Error::last_os_error());
            }
            OwnedHandle::from_raw_handle(handle)
        };
        Ok(Self(screen))
    }

    fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    fn show(&self) -> io::Result<()> {
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps as it is needed")]
        // SAFETY: the handle is open as long as self is.
        done(unsafe { api::SetConsoleActiveScreenBuffer(self.handle()) })
    }

    fn hide_cursor(&self) -> io::Result<()> {
        let hidden = api::CONSOLE_CURSOR_INFO { dwSize: 25, bVisible: 0 };
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps as it is needed")]
        // SAFETY: the handle is open as long as self is; the structure is only read.
        done(unsafe { api::SetConsoleCursorInfo(self.handle(), &raw const hidden) })
    }

    fn info(&self) -> io::Result<api::CONSOLE_SCREEN_BUFFER_INFO> {
        let mut info = api::CONSOLE_SCREEN_BUFFER_INFO::default();
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps as it is needed")]
        // SAFETY: the handle is open as long as self is; one structure of the right type is written.
        done(unsafe { api::GetConsoleScreenBufferInfo(self.handle(), &raw mut info) })?;
        Ok(info)
    }

    fn set_mode(&self, mode: u32) -> io::Result<()> {
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps as it is needed")]
        // SAFETY: the handle is open as long as self is.
        done(unsafe { api::SetConsoleMode(self.handle(), mode) })
    }

    /// Writes text where the cursor is.
    fn say(&self, text: &str) -> io::Result<()> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut written = 0;
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps as it is needed")]
        // SAFETY: the handle is open as long as self is; no more units are read than there are; the last argument must be null.
        done(unsafe {
            let length = u32::try_from(units.len()).unwrap_or(0);
            api::WriteConsoleW(self.handle(), units.as_ptr(), length, &raw mut written, std::ptr::null())
        })
    }

    /// Writes cells of one row.
    fn write(&self, x: i16, y: i16, cells: &[Mark]) -> io::Result<()> {
        let info =
            |&(unit, attributes): &Mark| api::CHAR_INFO { Char: api::CHAR_INFO_0 { UnicodeChar: unit }, Attributes: attributes };
        let row: Vec<api::CHAR_INFO> = cells.iter().map(info).collect();
        let width = i16::try_from(row.len()).unwrap_or(i16::MAX);
        let (size, start) = (api::COORD { X: width, Y: 1 }, api::COORD { X: 0, Y: 0 });
        let mut place = api::SMALL_RECT { Left: x, Top: y, Right: x.saturating_add(width - 1), Bottom: y };
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps as it is needed")]
        // SAFETY: the handle is open as long as self is; the row has as many cells as the size says; the place is one structure
        // that may be written to.
        done(unsafe { api::WriteConsoleOutputW(self.handle(), row.as_ptr(), size, start, &raw mut place) })
    }
}

fn done(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether the console heeds escape sequences: told to, it must not show one as text.
pub(super) fn heeds_sequences() -> bool {
    let mode = api::ENABLE_PROCESSED_OUTPUT | api::ENABLE_WRAP_AT_EOL_OUTPUT | api::ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    let heeds = || -> io::Result<bool> {
        let hidden = Screen::new()?;
        hidden.set_mode(mode)?;
        let before = hidden.info()?.dwCursorPosition;
        // It shows the cursor, which is shown.
        hidden.say("\u{1b}[?25h")?;
        let after = hidden.info()?.dwCursorPosition;
        Ok((before.X, before.Y) == (after.X, after.Y))
    };
    heeds().unwrap_or(false)
}

/// The console's font, as far as it matters for characters.
pub(super) struct Font {
    /// It is no raster font.
    pub(super) true_type: bool,
    /// The code page of output, whose characters a raster font has.
    pub(super) code_page: u32,
}

/// The font that the console is drawn with.
pub(super) fn font() -> Font {
    let size = u32::try_from(size_of::<api::CONSOLE_FONT_INFOEX>()).unwrap_or(0);
    let mut info = api::CONSOLE_FONT_INFOEX { cbSize: size, ..Default::default() };
    #[expect(unsafe_code, reason = "a call of the system that no crate here wraps")]
    // SAFETY: nothing is passed.
    let code_page = unsafe { api::GetConsoleOutputCP() };
    let told = Screen::shown().is_ok_and(|screen| {
        #[expect(unsafe_code, reason = "a call of the system that no crate here wraps")]
        // SAFETY: the handle is open as long as the screen is; one structure is written, whose size it carries.
        done(unsafe { api::GetCurrentConsoleFontEx(screen.handle(), 0, &raw mut info) }).is_ok()
    });
    // TMPF_TRUETYPE and TMPF_VECTOR; a font that nobody tells of is taken for the poorer kind.
    Font { true_type: told && info.FontFamily & 0b110 != 0, code_page }
}

/// The build of Windows: 7601 is Server 2008 R2, 9600 Server 2012 R2. `GetVersionEx` would tell a program without a manifest less.
pub(super) fn build() -> u32 {
    let size = u32::try_from(size_of::<OSVERSIONINFOW>()).unwrap_or(0);
    let mut version = OSVERSIONINFOW { dwOSVersionInfoSize: size, ..Default::default() };
    #[expect(unsafe_code, reason = "a call of the system that no crate here wraps")]
    // SAFETY: one structure is written, whose size it carries.
    let status = unsafe { RtlGetVersion(&raw mut version) };
    if status == 0 { version.dwBuildNumber } else { 0 }
}
