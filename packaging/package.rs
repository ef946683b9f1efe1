//! Writes what the package managers want, and the release's notes: winget, Scoop, Chocolatey, checksums.
//!
//! `cargo run --example package -- --exe FILE --exe-win7 FILE -o DIR`. Everything comes from `packaging/package.toml`, `Cargo.toml`,
//! `CHANGELOG.md` and the two files themselves; nothing of it is kept in the project.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde::Deserialize;
use sha2::{Digest, Sha256};

const CHANGELOG: &str = include_str!("../CHANGELOG.md");
const PACKAGE: &str = include_str!("package.toml");
/// The winget schema that the manifests keep to.
const WINGET_SCHEMA: &str = "1.6.0";

#[derive(Parser)]
#[command(name = "package")]
struct Args {
    /// The build for Windows 10, Server 2016 and later.
    #[arg(long, value_name = "FILE")]
    exe: PathBuf,
    /// The build for Server 2008 R2 to 2012 R2.
    #[arg(long, value_name = "FILE")]
    exe_win7: PathBuf,
    /// The folder to write to.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    identifier: String,
    publisher: String,
    name: String,
    command: String,
    release: String,
    notes: String,
    exe: String,
    exe_win7: String,
    tags: Vec<String>,
}

/// A file of the release.
struct Built {
    name: String,
    url: String,
    sha256: String,
}

/// A release: what all of its files say.
struct Release {
    package: Package,
    version: &'static str,
    /// For Windows 10 and later.
    new: Built,
    /// For Server 2008 R2 to 2012 R2.
    old: Built,
}

fn main() -> Result<()> {
    write(&Args::parse())
}

fn write(args: &Args) -> Result<()> {
    let release = Release::new(args)?;
    for (name, text) in release.files()? {
        let path = args.output.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&args.output)).with_context(|| path.display().to_string())?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    for (built, from) in [(&release.new, &args.exe), (&release.old, &args.exe_win7)] {
        fs::copy(from, args.output.join(&built.name)).with_context(|| from.display().to_string())?;
    }
    Ok(())
}

impl Release {
    fn new(args: &Args) -> Result<Self> {
        let package: Package = toml::from_str(PACKAGE).context("packaging/package.toml")?;
        let version = env!("CARGO_PKG_VERSION");
        let filled = |text: &str| text.replace("{version}", version);
        let built = |path: &Path, name: &str| -> Result<Built> {
            let bytes = fs::read(path).with_context(|| path.display().to_string())?;
            if !bytes.starts_with(b"MZ") {
                bail!("{}: it is no Windows program", path.display());
            }
            let sha256 = Sha256::digest(&bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            Ok(Built { name: filled(name), url: filled(&package.release) + &filled(name), sha256 })
        };
        let (new, old) = (built(&args.exe, &package.exe)?, built(&args.exe_win7, &package.exe_win7)?);
        if new.sha256 == old.sha256 {
            bail!("--exe and --exe-win7 are the same program: build one for each target");
        }
        Ok(Self { package, version, new, old })
    }

    /// Names and texts.
    fn files(&self) -> Result<Vec<(String, String)>> {
        let winget = |part: &str| format!("winget/{}{part}.yaml", self.package.identifier);
        Ok(vec![
            (winget(""), self.winget_version()),
            (winget(".installer"), self.winget_installer()),
            (winget(".locale.en-US"), self.winget_locale()),
            (String::from("scoop/why503.json"), self.scoop()?),
            (String::from("chocolatey/why503.nuspec"), self.nuspec()),
            (String::from("chocolatey/tools/chocolateyinstall.ps1"), self.chocolatey_install()),
            (String::from("SHA256SUMS"), self.sums()),
            (String::from("RELEASE.md"), self.notes()?),
        ])
    }

    fn winget_head(&self, kind: &str) -> String {
        format!(
            "# yaml-language-server: $schema=https://aka.ms/winget-manifest.{kind}.{WINGET_SCHEMA}.schema.json\n\
             PackageIdentifier: {}\nPackageVersion: {}\n",
            self.package.identifier, self.version
        )
    }

    fn winget_version(&self) -> String {
        let head = self.winget_head("version");
        format!("{head}DefaultLocale: en-US\nManifestType: version\nManifestVersion: {WINGET_SCHEMA}\n")
    }

    /// winget itself needs Windows 10 1809.
    fn winget_installer(&self) -> String {
        let head = self.winget_head("installer");
        let Built { url, sha256, .. } = &self.new;
        let command = &self.package.command;
        format!(
            "{head}InstallerType: portable\nCommands:\n- {command}\nInstallers:\n- Architecture: x64\n  InstallerUrl: {url}\n  \
             InstallerSha256: {}\nManifestType: installer\nManifestVersion: {WINGET_SCHEMA}\n",
            sha256.to_uppercase()
        )
    }

    fn winget_locale(&self) -> String {
        let head = self.winget_head("defaultLocale");
        let Package { publisher, name, tags, .. } = &self.package;
        let tags = tags.join("\n- ");
        format!(
            "{head}PackageLocale: en-US\nPublisher: {publisher}\nPackageName: {name}\nPackageUrl: {}\nLicense: {}\n\
             ShortDescription: {}\nTags:\n- {tags}\nReleaseNotesUrl: {}\nManifestType: defaultLocale\nManifestVersion: {WINGET_SCHEMA}\n",
            env!("CARGO_PKG_REPOSITORY"),
            env!("CARGO_PKG_LICENSE"),
            Self::description(),
            self.notes_url(),
        )
    }

    fn scoop(&self) -> Result<String> {
        let Built { url, sha256, .. } = &self.new;
        let manifest = serde_json::json!({
            "version": self.version,
            "description": Self::description(),
            "homepage": env!("CARGO_PKG_REPOSITORY"),
            // Scoop takes one of the two with |.
            "license": env!("CARGO_PKG_LICENSE").replace(" OR ", "|"),
            "architecture": { "64bit": { "url": format!("{url}#/{}.exe", self.package.command), "hash": sha256 } },
            "bin": format!("{}.exe", self.package.command),
        });
        Ok(serde_json::to_string_pretty(&manifest)? + "\n")
    }

    fn nuspec(&self) -> String {
        let Package { name, publisher, tags, .. } = &self.package;
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <package xmlns=\"http://schemas.microsoft.com/packaging/2015/06/nuspec.xsd\">\n  <metadata>\n    <id>{name}</id>\n    \
             <version>{}</version>\n    <title>{name}</title>\n    <authors>{publisher}</authors>\n    <projectUrl>{1}</projectUrl>\n    \
             <packageSourceUrl>{1}</packageSourceUrl>\n    <tags>{2}</tags>\n    <summary>{3}</summary>\n    \
             <description>{3}</description>\n    <releaseNotes>{4}</releaseNotes>\n  </metadata>\n  <files>\n    \
             <file src=\"tools\\**\" target=\"tools\" />\n  </files>\n</package>\n",
            self.version,
            env!("CARGO_PKG_REPOSITORY"),
            tags.join(" "),
            Self::description(),
            self.notes_url(),
        )
    }

    /// Chocolatey runs on Server 2008 R2, too: the script takes the build that is for the machine, and makes a shim for it.
    fn chocolatey_install(&self) -> String {
        let (new, old, command) = (&self.new, &self.old, &self.package.command);
        format!(
            "$ErrorActionPreference = 'Stop'\n\
             $tools = Split-Path -Parent $MyInvocation.MyCommand.Definition\n\
             if ([Environment]::OSVersion.Version.Major -ge 10) {{\n  $url = '{}'\n  $checksum = '{}'\n}} else {{\n  $url = '{}'\n  \
             $checksum = '{}'\n}}\n\
             Get-ChocolateyWebFile -PackageName $env:ChocolateyPackageName -FileFullPath (Join-Path $tools '{command}.exe') `\n  \
             -Url64bit $url -Checksum64 $checksum -ChecksumType64 'sha256'\n",
            new.url, new.sha256, old.url, old.sha256
        )
    }

    /// As `sha256sum -c` reads it.
    fn sums(&self) -> String {
        [&self.new, &self.old].map(|built| format!("{}  {}\n", built.sha256, built.name)).concat()
    }

    /// The changelog's section of this version, then the files.
    fn notes(&self) -> Result<String> {
        let heading = format!("## {}", self.version);
        let (_, after) = CHANGELOG.split_once(&heading).with_context(|| format!("CHANGELOG.md has no section {heading:?}"))?;
        let section = after.split("\n## ").next().unwrap_or_default();
        let section = section.split_once('\n').map_or("", |(_, text)| text).trim();
        if section.is_empty() {
            bail!("CHANGELOG.md: the section {heading:?} is empty");
        }
        let (new, old) = (&self.new, &self.old);
        Ok(format!(
            "{section}\n\n| Windows | file | SHA-256 |\n|---|---|---|\n| 10, Server 2016 and later | `{}` | `{}` |\n\
             | Server 2008 R2 to 2012 R2 | `{}` | `{}` |\n",
            new.name, new.sha256, old.name, old.sha256
        ))
    }

    fn notes_url(&self) -> String {
        self.package.notes.replace("{version}", self.version)
    }

    /// Without what YAML or XML would read otherwise.
    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").replace(": ", ", ").replace(['<', '>', '&'], " ")
    }
}
