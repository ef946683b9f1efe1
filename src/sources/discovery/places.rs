//! Windows paths: variables, the folders of Windows, and what a 32-bit program sees of them.

use super::Search;

/// Folders of System32 that a 32-bit program sees as they are ("File System Redirector").
const NOT_REDIRECTED: [&str; 5] = [r"\LogFiles", r"\catroot", r"\drivers\etc", r"\spool", r"\driverstore"];

impl Search<'_> {
    /// `C:`
    pub(super) fn drive(&self) -> String {
        self.machine.env("SystemDrive").unwrap_or_else(|| String::from("C:"))
    }

    /// `C:\Windows`
    pub(super) fn windows(&self) -> String {
        let env = |name: &str| self.machine.env(name);
        env("SystemRoot").or_else(|| env("windir")).unwrap_or_else(|| format!(r"{}\Windows", self.drive()))
    }

    /// The folders of programs: those of the system's own width, then those of 32-bit programs.
    pub(super) fn programs(&self) -> Vec<String> {
        let env = |name: &str| self.machine.env(name);
        let own =
            env("ProgramW6432").or_else(|| env("ProgramFiles")).unwrap_or_else(|| format!(r"{}\Program Files", self.drive()));
        let mut folders = vec![own];
        if self.system.system_64 {
            folders.push(env("ProgramFiles(x86)").unwrap_or_else(|| format!(r"{}\Program Files (x86)", self.drive())));
        }
        folders
    }

    /// A path with its `%variables%` filled in; one that nobody knows stays as it stands.
    pub(super) fn expand(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('%') else {
                out.push('%');
                rest = after;
                continue;
            };
            // Where nobody knows the name, the second percent sign may be the first one of the next variable.
            rest = if let Some(value) = self.variable(name) {
                out.push_str(&value);
                behind
            } else {
                out.push('%');
                after
            };
        }
        out + rest
    }

    fn variable(&self, name: &str) -> Option<String> {
        match name.to_ascii_lowercase().as_str() {
            "systemdrive" => Some(self.drive()),
            "systemroot" | "windir" => Some(self.windows()),
            _ => self.machine.env(name).filter(|value| !value.is_empty()),
        }
    }

    /// The path by which this program reaches what `path` means to the system: for a 32-bit one on 64-bit Windows, System32 is
    /// Sysnative.
    pub(super) fn native(&self, path: &str) -> String {
        let system32 = format!(r"{}\System32", self.windows());
        let rest =
            path.split_at_checked(system32.len()).filter(|(head, _)| head.eq_ignore_ascii_case(&system32)).map(|(_, rest)| rest);
        let starts = |rest: &str, folder: &str| {
            let head = rest.get(..folder.len()).is_some_and(|head| head.eq_ignore_ascii_case(folder));
            head && matches!(rest.as_bytes().get(folder.len()), None | Some(b'\\'))
        };
        match rest {
            Some(rest)
                if self.system.system_64
                    && !self.system.process_64
                    && (rest.is_empty() || rest.starts_with('\\'))
                    && !NOT_REDIRECTED.iter().any(|folder| starts(rest, folder)) =>
            {
                format!(r"{}\Sysnative{rest}", self.windows())
            }
            _ => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::Discovery;
    use super::*;
    use crate::sources::machine::{Machine, RegistryValue, System, View};

    struct Bare;

    impl Machine for Bare {
        fn env(&self, name: &str) -> Option<String> {
            (name == "Logs").then(|| String::from(r"D:\Logs"))
        }
        fn read(&self, _: &str) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::NotFound.into())
        }
        fn list(&self, _: &str) -> io::Result<Vec<String>> {
            Err(io::ErrorKind::NotFound.into())
        }
        fn registry_of(&self, _: View, _: &str, _: &str) -> io::Result<Option<RegistryValue>> {
            Ok(None)
        }
        fn system(&self) -> System {
            System { system_64: true, ..System::default() }
        }
    }

    fn with_search(test: impl Fn(&Search<'_>)) {
        test(&Search { machine: &Bare, system: Bare.system(), out: Discovery::default() });
    }

    #[test]
    fn variables_are_filled_in_and_strangers_stay() {
        with_search(|search| {
            assert_eq!(search.expand(r"%SystemDrive%\inetpub"), r"C:\inetpub");
            assert_eq!(search.expand(r"%WINDIR%\%Logs%\a"), r"C:\Windows\D:\Logs\a");
            assert_eq!(search.expand(r"100%\%Nobody%Logs%\%"), r"100%\%NobodyD:\Logs\%");
        });
    }

    #[test]
    fn a_32_bit_program_goes_through_sysnative_but_for_the_logs() {
        with_search(|search| {
            assert_eq!(search.native(r"c:\windows\system32\inetsrv\config"), r"C:\Windows\Sysnative\inetsrv\config");
            assert_eq!(search.native(r"C:\Windows\System32\LogFiles\HTTPERR"), r"C:\Windows\System32\LogFiles\HTTPERR");
            assert_eq!(search.native(r"C:\Windows\System32\LogFiles2"), r"C:\Windows\Sysnative\LogFiles2");
            assert_eq!(search.native(r"C:\Windows\System32x"), r"C:\Windows\System32x");
        });
    }
}
